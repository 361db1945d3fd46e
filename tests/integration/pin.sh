#!/bin/bash
# Pins by hand: live and stored, also of a vCPU that is not there yet; what virsh and the kernel say of it; the way back.
# shellcheck source=lib.sh
source "$HERE/lib.sh"
need_cpus 2

stored_pin() { virsh dumpxml --inactive "$vm" | sed -n "s/.*<vcpupin vcpu='$1' cpuset='\([^']*\)'.*/\1/p"; }
live_pin() { virsh -q vcpupin "$vm" "$1" --live | awk '{ print $2 }'; }

vm=$(guest_name pin)
GUEST_MAX_VCPUS=3 guest_xml "$vm" 2 128 | guest_define
guest_start "$vm"
pid=$(guest_pid "$vm")
before=$(state_of "$vm")

say "a dry run changes nothing"
expect 0 pin "$vm" 0 1 --dry-run
same "$(state_of "$vm")" "$before" 'after a dry run'

say "all vCPUs in one call, one CPU each; the last one is not plugged yet"
expect 0 pin "$vm" 0-1 0-1 --each
has out 'Verified: everything is as asked'
for vcpu in 0 1; do
    same "$(vcpu_allowed "$pid" "$vcpu")" "$vcpu" "kernel, vCPU $vcpu"
    same "$(live_pin "$vcpu")" "$vcpu" "virsh, vCPU $vcpu"
    same "$(stored_pin "$vcpu")" "$vcpu" "stored, vCPU $vcpu"
done
expect 0 pin "$vm" 2 1
same "$(live_pin 2)" 1 'virsh, a vCPU that is not plugged'
virsh -q setvcpus "$vm" 3 --live
same "$(vcpu_allowed "$pid" 2)" 1 'kernel, the vCPU once plugged'

say "what is so already is no change"
expect 0 pin "$vm" 2 1
has out 'Nothing to do'

say "one scope alone"
expect 0 pin "$vm" 0 1 --live
same "$(stored_pin 0)" 0 'stored, after --live'
same "$(vcpu_allowed "$pid" 0)" 1 'kernel, after --live'
expect 0 undo
same "$(vcpu_allowed "$pid" 0)" 0 'kernel, after undo'
expect 0 pin "$vm" 1 0 --config
same "$(stored_pin 1)" 0 'stored, after --config'
same "$(vcpu_allowed "$pid" 1)" 1 'kernel, after --config'
expect 0 undo

say "the emulator and an IOThread"
expect 0 pin "$vm" --emulator 1
same "$(virsh -q emulatorpin "$vm" | awk '{ print $NF }')" 1 'virsh, emulator'
same "$(allowed_of "$pid" "$pid")" 1 'kernel, emulator'
expect 2 pin "$vm" --iothread 99 1
has err 'has no IOThread 99'

say "what makes no sense is named, and changes nothing"
now=$(state_of "$vm")
expect 2 pin "$vm" 0 4000
expect 2 pin "$vm" 9 0
has err "has no vCPU 9; it has vCPUs 0 to 2"
expect 2 pin "$vm" 0-1 0 --each
expect 2 pin nobody 0 0
expect 2 pin "$vm" 0
same "$(state_of "$vm")" "$now" 'after refusals'

say "back to the first state, byte for byte"
expect 0 history
while [[ $(jq -r '[.applies[] | select(.state == "done")] | length' <("$VNUMA" --state "$STATE" history --json)) != 0 ]]; do
    expect 0 undo
done
virsh -q setvcpus "$vm" 2 --live >/dev/null 2>&1 || true # under emulation the guest need not give it back
same "$(virsh dumpxml --inactive --security-info "$vm")" "$(sed '/<\/domain>/q' <<<"$before")" 'stored XML'
for vcpu in 0 1; do same "$(vcpu_allowed "$pid" "$vcpu")" "$(online_cpus)" "kernel, vCPU $vcpu"; done

say "a VM that is off has its stored pins changed"
virsh -q destroy "$vm" >/dev/null
expect 0 pin "$vm" all 0
for vcpu in 0 1 2; do same "$(stored_pin "$vcpu")" 0 "stored, vCPU $vcpu"; done
expect 4 pin "$vm" 0 1 --live
has err 'does not run'

say "from a plan: the pins alone"
virsh -q undefine "$vm" >/dev/null
guest_xml "$vm" 2 128 | guest_define
guest_start "$vm"
pid=$(guest_pid "$vm")
expect 0 plan "$vm" --json
cp out planned
expect 0 pin "$vm" --from-plan
for vcpu in 0 1; do
    want=$(jq -r --arg v "$vcpu" '.vms[0].vcpupin[$v]' planned)
    same "$(vcpu_allowed "$pid" "$vcpu")" "$want" "kernel, vCPU $vcpu"
    same "$(stored_pin "$vcpu")" "$want" "stored, vCPU $vcpu"
done
virsh dumpxml --inactive "$vm" >stored.xml
! grep -q '<numatune>' stored.xml || die 'pins alone changed the memory too'
