#!/bin/bash
# Memory statistics beside numastat's, on real processes and guests.
# shellcheck source=lib.sh
source "$HERE/lib.sh"
command -v numastat >/dev/null || {
    echo "skipped: numastat is missing: run scripts/deps test" >&2
    exit 77
}

nodes=$(list_of /sys/devices/system/node/has_memory | sort -n)
first=$(head -n 1 <<<"$nodes")

# near OURS THEIRS WHAT: KiB against MiB, to 1 %.
near() {
    awk -v a="$1" -v b="$2" 'BEGIN { a /= 1024; d = a > b ? a - b : b - a; exit d > 0.01 * b + 0.02 }' ||
        die "$3: $1 KiB, numastat says $2 MiB"
}

# numastat_row PID KIND: numastat's MiB of a row, for each node and in all.
numastat_row() { numastat -p "$1" | awk -v kind="$2" '$1 == kind { for (i = 2; i <= NF; i++) print $i }'; }

# rest PID: waits until numastat says the same twice; a guest that starts takes memory, and gives some back.
rest() {
    local tries was='' now
    for ((tries = 0; tries < 100; tries++)); do
        now=$(numastat -p "$1")
        [[ $now != "$was" ]] || return 0
        was=$now
        sleep 0.3
    done
    die "process $1 never rests"
}

# like_numastat PID: every figure of one process.
like_numastat() {
    local kind key row ours theirs
    rest "$1"
    expect 0 stat -p "$1" --json
    same "$(jq -r .schema out)" vnuma.stat/1
    same "$(jq '.processes | length' out)" 1 'processes'
    same "$(jq -r '.processes[0].method' out)" numa_maps 'method'
    for row in Huge:huge Heap:heap Stack:stack Private:private Total:total; do
        kind=${row%:*} key=${row#*:}_kib
        jq ".processes[0].nodes[].$key, ([.processes[0].nodes[].$key] | add)" out >ours
        numastat_row "$1" "$kind" >theirs
        same "$(wc -l <ours)" "$(wc -l <theirs)" "columns of $kind"
        while read -r ours theirs; do near "$ours" "$theirs" "$kind"; done < <(paste ours theirs)
    done
}

# hold TAG MIB [COMMAND...]: a process with that much memory, which it says is there; its id is in $held.
hold() {
    local tag=$1 mib=$2
    shift 2
    rm -f ready
    "$@" python3 -c '
import mmap, sys, time
room = mmap.mmap(-1, int(sys.argv[2]) << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for at in range(0, len(room), 4096):
    room[at] = 1
open("ready", "w").close()
time.sleep(600)' "$tag" "$mib" &
    held=$!
    while [[ ! -e ready ]]; do
        kill -0 "$held" || die "the process '$tag' ended"
        sleep 0.05
    done
}

tag=${VNUMA_TEST_PREFIX}hold
say "one process, bound to a node, by kind and node"
hold "$tag-a" 100 numactl --membind="$first"
a=$held
like_numastat "$a"
on_first=$(jq ".processes[0].nodes[] | select(.node == $first).private_kib" out)
((on_first >= 100 * 1024)) || die "only $on_first KiB on node $first"
expect 0 stat -p "$a"
has out "^ *Private"

say "several, by a text of their command line"
hold "$tag-b" 50
b=$held
expect 0 stat -p "$tag" --json
same "$(jq -c '[.processes[].pid]' out)" "$(printf '[%d,%d]' $((a < b ? a : b)) $((a < b ? b : a)))" 'who was found'
for pid in "$a" "$b"; do
    near "$(jq ".processes[] | select(.pid == $pid).total_kib" out)" "$(numastat_row "$pid" Total | tail -n 1)" "process $pid"
done

expect 0 stat -p "$tag-b 50" --json # blanks stand for where an argument ends
same "$(jq -c '[.processes[].pid]' out)" "[$b]" 'found by two arguments'

say "a memory cgroup is believed where it counts what the process has, and only there"
controller=$(awk '/ - cgroup / && $NF ~ /(^|,)memory(,|$)/ { print $5 }' /proc/self/mountinfo | head -n 1)
[[ -n $controller ]] || controller=/sys/fs/cgroup
group=$controller/$tag
mkdir "$group"
clean() {
    kill "$a" "$b" "${inside[@]}" 2>/dev/null || true
    wait "$a" "$b" "${inside[@]}" 2>/dev/null || true
    rmdir "$group" 2>/dev/null || true
}
inside=()
trap clean EXIT
if [[ -e $group/memory.numa_stat ]]; then
    # shellcheck disable=SC2016
    into=(bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group")
    hold "$tag-c" 900 "${into[@]}"
    inside+=("$held")
    expect 0 stat -p "$tag" --json
    jq ".processes[] | select(.pid == $held)" out >one
    same "$(jq -r .method one)" cgroup 'a process alone in its cgroup'
    near "$(jq .total_kib one)" "$(numastat_row "$held" Total | tail -n 1)" 'by cgroup'
    jq -e '.error_pct <= 1 and .nodes[0].private_kib == null' one >/dev/null || die 'its bound, or kinds it cannot know'
    same "$(jq -r ".processes[] | select(.pid == $a).method" out)" numa_maps 'a process whose memory was charged elsewhere'
    hold "$tag-d" 100 "${into[@]}"
    inside+=("$held")
    expect 0 stat -p "$tag" --json
    same "$(jq -r ".processes[] | select(.pid == $held).method" out)" numa_maps 'two in one cgroup'
    near "$(jq ".processes[] | select(.pid == $held).total_kib" out)" "$(numastat_row "$held" Total | tail -n 1)" 'two in one'
else
    say "left out: no memory cgroups here"
fi

say "a sample says how far it may be off, and is not"
expect 0 stat -p "$a" --sample --json
jq -e '.processes[0] | .method == "sample" and .error_pct > 0 and .error_pct <= 2' out >/dev/null || die 'the bound'
share=$(jq ".processes[0] | 100 * (.nodes[] | select(.node == $first).total_kib) / .total_kib" out)
true_share=$(numastat_row "$a" Total | awk -v node="$(awk -v f="$first" '$1 == f { print NR }' <<<"$nodes")" \
    'NR == node { n = $1 } { all = $1 } END { print 100 * n / all }')
awk -v a="$share" -v b="$true_share" 'BEGIN { d = a - b; exit d > 3 || d < -3 }' ||
    die "the sample has $share % on node $first, numastat $true_share %"

say "a guest, with cells and without, beside numastat"
vm=$(guest_name cells)
guest_xml "$vm" 2 256 2 | guest_define
guest_start "$vm"
pid=$(guest_pid "$vm")
like_numastat "$pid"
same "$(jq -r '.processes[0].vm' out)" "$vm" 'the guest in the process'
expect 0 stat "$vm" --json
same "$(jq -r '.vms[0].pid' out)" "$pid" 'its process'
near "$(jq '.vms[0].total_kib' out)" "$(numastat_row "$pid" Total | tail -n 1)" 'the VM'
same "$(jq -c '[.vms[0].cells[] | [.nodes[].total_kib] | add]' out)" '[131072,131072]' 'the cells, touched whole'
expect 0 stat "$vm" --sample --json
jq -e '.vms[0] | .method == "sample" and ([.cells[].nodes[].total_kib] | add) > 0' out >/dev/null || die 'cells of the sample'
plain=$(guest_name plain)
guest_xml "$plain" 1 128 | guest_define
expect 4 stat "$plain"
has err "does not run"
guest_start "$plain"
expect 0 stat --vms --json
same "$(jq '.vms | length' out)" 2 'VMs that run'
pid=$(guest_pid "$plain")
rest "$pid"
expect 0 stat --vms --json
near "$(jq ".vms[] | select(.name == \"$plain\").total_kib" out)" "$(numastat_row "$pid" Total | tail -n 1)" 'without cells'
expect 2 stat "${vm}x"
has err "no such VM"

say "the nodes' counters only grow, and are the kernel's"
hits() { awk '$1 == "numa_hit" { print $2 }' "/sys/devices/system/node/node$first/numastat"; }
before=$(hits)
expect 0 stat --json
counted=$(jq ".counters[] | select(.node == $first).numa_hit" out)
((before <= counted && counted <= $(hits))) || die "numa_hit is $counted, not from $before to $(hits)"
expect 0 stat --watch=0.2 --count 2
same "$(grep -c NUMA_HIT out)" 2 'blocks'
"$VNUMA" stat --watch=0.1 --json >out 2>err &
watcher=$!
sleep 0.5
kill -INT "$watcher"
wait "$watcher" || die 'an interrupted watch is no failure'
has out numa_hit_per_s
guest_remove "$vm"
guest_remove "$plain"
