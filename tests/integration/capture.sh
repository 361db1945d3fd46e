#!/bin/bash
# A captured host, replayed: the same plan, byte for byte; anonymised: the same but for the names.
# shellcheck source=lib.sh
source "$HERE/lib.sh"

vm=$(guest_name cap)
guest_xml "$vm" 2 128 | guest_define
guest_start "$vm"
other=$(guest_name off)
guest_xml "$other" 1 64 | guest_define

expect 0 capture host.vnuma
expect 0 plan "$vm" --json
cp out live.json
expect 0 -c replay:host.vnuma plan "$vm" --json
# Free memory moves between the two looks; it may stand in the reasons only.
diff <(jq -S 'del(.vms[].why, .vms[].cells[].why, .notes) | del(.steps[].kib, .steps[].from)' live.json) \
    <(jq -S 'del(.vms[].why, .vms[].cells[].why, .notes) | del(.steps[].kib, .steps[].from)' out)
cp out replayed.json
expect 0 -c replay:host.vnuma plan "$vm" --json
cmp out replayed.json

say "for whoever has another machine to replay it on"
mkdir outside
cp host.vnuma outside/
echo "plan $vm --json" >outside/command
cp replayed.json outside/expected

expect 0 capture --anonymize anonymous.vnuma
uuid=$(virsh -q domuuid "$vm")
for secret in "$vm" "$uuid" "$(hostname)" "$VNUMA_TEST_DIR"; do
    ((${#secret} > 4)) || continue # a host named 'vm' would be found in every line
    ! grep -qF -- "$secret" anonymous.vnuma || die "'$secret' is in the anonymised capture"
done
expect 0 -c replay:anonymous.vnuma vm --json
same "$(jq '.vms | length' out)" "$(virsh -q list --all --name | grep -c .)" 'VMs'

say "acting on the replayed host, in the file"
expect 0 -c replay:host.vnuma apply --write "$vm"
expect 0 -c replay:host.vnuma verify "$vm"
expect 0 -c replay:host.vnuma undo --write
