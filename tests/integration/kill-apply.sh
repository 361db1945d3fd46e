#!/bin/bash
# kill -9 at every point of an apply, then recovery: the guest is as before or as planned, and the
# journal says which.
# shellcheck source=lib.sh
source "$HERE/lib.sh"
need_cpus 2

vm=$(guest_name kill)
guest_xml "$vm" 2 128 2 | guest_define
guest_start "$vm"
before=$(state_of "$vm")

expect 0 plan "$vm" --cells 1 --json
# The guest has two cells and the machine perhaps one node: a guest without cells then.
if (($(find /sys/devices/system/node -maxdepth 1 -name 'node[0-9]*' | wc -l) < 2)); then
    guest_remove "$vm"
    guest_xml "$vm" 2 128 | guest_define
    guest_start "$vm"
    before=$(state_of "$vm")
    expect 0 plan "$vm" --json
fi
steps=$(jq '.steps | length' out)
((steps >= 3)) || die "only $steps steps to kill at"

expect 0 apply "$vm"
after=$(state_of "$vm")
[[ $after != "$before" ]] || die 'apply changed nothing'
expect 0 undo
same "$(state_of "$vm")" "$before" 'undo left a difference'

points=(begin)
for ((n = 0; n < steps; n++)); do points+=("begun $n" "did $n" "done $n"); done
points+=(end)
killed=0
for point in "${points[@]}"; do
    status=0
    VNUMA_TEST_KILL_AT=$point "$VNUMA" --state "$STATE" apply "$vm" >out 2>err || status=$?
    ((status == 137)) || die "apply was not killed at '$point' but ended with $status"
    ((killed += 1))
    expect 0 history --json
    now=$(state_of "$vm")
    case $(jq -r '.applies[0].state' out) in
    undone) same "$now" "$before" "killed at '$point', said to be undone" ;;
    done)
        same "$now" "$after" "killed at '$point', said to be done"
        expect 0 undo
        same "$(state_of "$vm")" "$before" "undone after '$point'"
        ;;
    *) die "killed at '$point': history says $(jq -c '.applies[0]' out)" ;;
    esac
done
say "killed $killed times, found the way back each time"

say "kill -9 in the middle of an undo"
for point in recorded 'undoing 1' 'took 1' 'undone 1' end; do
    expect 0 apply "$vm"
    status=0
    VNUMA_TEST_KILL_AT=$point "$VNUMA" --state "$STATE" undo >out 2>err || status=$?
    ((status == 137)) || die "undo was not killed at '$point' but ended with $status"
    expect 0 history
    same "$(state_of "$vm")" "$before" "undo killed at '$point'"
done

say "a power cut may lose the last marks: what is stored is looked at all the same"
status=0
VNUMA_TEST_KILL_AT='did 0' "$VNUMA" --state "$STATE" apply "$vm" >out 2>err || status=$?
((status == 137)) || die "apply was not killed but ended with $status"
[[ $(state_of "$vm") != "$before" ]] || die 'the stored configuration was not changed yet'
python3 - "$STATE/journal.db" <<'PY'
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    changed = db.execute("UPDATE step SET state = 'pending' WHERE state = 'begun'").rowcount
assert changed == 1, f"{changed} marks were there to lose"
PY
expect 0 history --json
same "$(jq -r '.applies[0].state' out)" undone
same "$(state_of "$vm")" "$before" 'a stored change whose mark was lost was not taken back'
