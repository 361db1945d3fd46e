#!/bin/bash
# kill -9 at every point of an apply, then recovery: the guest is as before or as planned, and the
# journal says which. Where there are two nodes the guest has two cells, and one's memory lies wrong.
# shellcheck source=lib.sh
source "$HERE/lib.sh"
need_cpus 2

mapfile -t nodes < <(full_nodes)
vm=$(guest_name kill)
if ((${#nodes[@]} > 1)); then
    guest_xml "$vm" 2 128 2 | guest_define
    guest_start "$vm"
    sysctl -q kernel.numa_balancing=0 # it would move what the floating guest uses, at any time
    all_to_node "$(guest_pid "$vm")" "${nodes[1]}"
else
    guest_xml "$vm" 2 128 | guest_define
    guest_start "$vm"
fi
pid=$(guest_pid "$vm")
before=$(state_of "$vm")

# Where the two cells' memory is: all of it on the second node, or half.
memory_is() {
    local kib
    ((${#nodes[@]} > 1)) || return 0
    kib=$(awk -v node="N${nodes[1]}=" '/anon=16384 / { for (i = 3; i <= NF; i++)
        if (index($i, node) == 1) sum += 4 * substr($i, length(node) + 1) } END { print sum }' "/proc/$pid/numa_maps")
    # the way back is content with what was there but for a hundredth and a huge page a node
    case $1 in
    before) ((kib >= 131072 * 99 / 100 - 4096)) ;;
    after) ((kib >= 65536 * 99 / 100 && kib <= 65536 * 101 / 100)) ;;
    esac || die "$2: $kib of 131072 KiB of the memory are on node ${nodes[1]}"
}

is_before() {
    same "$(state_of "$vm")" "$before" "$1"
    memory_is before "$1"
}

is_after() {
    same "$(state_of "$vm")" "$after" "$1"
    memory_is after "$1"
}

expect 0 plan "$vm" --json
steps=$(jq '.steps | length' out)
((steps >= 3)) || die "only $steps steps to kill at"
((${#nodes[@]} < 2)) || has out '"move-memory"'
memory_is before 'at first'

expect 0 apply "$vm"
after=$(state_of "$vm")
[[ $after != "$before" ]] || die 'apply changed nothing'
memory_is after 'applied'
expect 0 undo --memory
is_before 'undone'

points=(begin)
for ((n = 0; n < steps; n++)); do points+=("begun $n" "did $n" "done $n"); done
points+=(end)
for point in "${points[@]}"; do
    killed "$point" apply "$vm"
    expect 0 history --json
    case $(jq -r '.applies[0].state' out) in
    undone) is_before "killed at '$point', said to be undone" ;;
    done)
        is_after "killed at '$point', said to be done"
        expect 0 undo --memory
        is_before "undone after '$point'"
        ;;
    *) die "killed at '$point': history says $(jq -c '.applies[0]' out)" ;;
    esac
done
say "killed ${#points[@]} times, found the way back each time"

say "kill -9 in the middle of an undo"
for point in recorded 'undoing 1' 'took 1' 'undone 1' end; do
    expect 0 apply "$vm"
    killed "$point" undo --memory
    expect 0 history
    is_before "undo killed at '$point'"
done

say "a power cut may lose the last marks: what is stored is looked at all the same"
killed 'did 0' apply "$vm"
[[ $(state_of "$vm") != "$before" ]] || die 'the stored configuration was not changed yet'
python3 - "$STATE/journal.db" <<'PY'
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    changed = db.execute("UPDATE step SET state = 'pending' WHERE state = 'begun'").rowcount
assert changed == 1, f"{changed} marks were there to lose"
PY
expect 0 history --json
same "$(jq -r '.applies[0].state' out)" undone
is_before 'a stored change whose mark was lost'
