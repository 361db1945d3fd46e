#!/bin/bash
# The main job on a running guest: plan, apply, verify, undo, each checked with virsh and /proc.
# shellcheck source=lib.sh
source "$HERE/lib.sh"
need_cpus 2

GUEST_IMAGE=$VNUMA_GUEST_IMAGE
vm=$(guest_name main)
guest_xml "$vm" 2 256 | guest_define
guest_start "$vm"
pid=$(guest_pid "$vm")
guest_wait_agent "$vm"
before=$(state_of "$vm")

say "plan changes nothing, and what it prints is accepted by libvirt"
expect 0 plan "$vm"
has out 'vcpupin'
same "$(state_of "$vm")" "$before" 'the plan changed the guest'
expect 0 plan "$vm" --xml
virt-xml-validate out domain >/dev/null
expect 0 plan "$vm" --json
same "$(jq -r .schema out)" vnuma.plan/1
pin0=$(jq -r '.vms[0].vcpupin["0"]' out)
pin1=$(jq -r '.vms[0].vcpupin["1"]' out)
[[ $pin0 != "$pin1" ]] || die "two dedicated vCPUs on CPU $pin0"
cp out plan.json

say "a dry run changes nothing"
expect 0 apply "$vm" --dry-run
same "$(state_of "$vm")" "$before" 'the dry run changed the guest'

say "apply pins every thread, live and stored"
expect 0 apply "$vm"
same "$(vcpu_allowed "$pid" 0)" "$pin0" 'kernel, vCPU 0'
same "$(vcpu_allowed "$pid" 1)" "$pin1" 'kernel, vCPU 1'
same "$(virsh -q vcpupin "$vm" 0 | awk '{ print $2 }')" "$pin0" 'libvirt, vCPU 0'
same "$(virsh -q vcpupin "$vm" 1 --config | awk '{ print $2 }')" "$pin1" 'stored, vCPU 1'
virsh dumpxml --inactive "$vm" >stored.xml
has stored.xml "<memory mode='strict' nodeset='$(jq '.vms[0].cells[0].node' plan.json)'/>"
guest_exec "$vm" /bin/busybox nproc >/dev/null || die 'the guest stopped answering'

say "applied is in place: verify finds nothing, a second plan has no steps"
expect 0 verify "$vm" --json
same "$(jq -r .schema out)" vnuma.drift/1
expect 0 plan "$vm" --json
same "$(jq '.steps | length' out)" 0 'steps after apply'
applied=$(state_of "$vm")
expect 0 apply "$vm"
same "$(state_of "$vm")" "$applied" 'a second apply changed something'

say "drift made behind its back is found, with evidence"
# What a slice's AllowedCPUs= does: the cpuset of the thread changes, and libvirt does not notice.
cpuset=$(vcpu_cpuset "$pid" 0)
echo "$pin1" >"$cpuset/cpuset.cpus"
same "$(virsh -q vcpupin "$vm" 0 | awk '{ print $2 }')" "$pin0" 'libvirt notices after all'
expect 1 verify "$vm" --json
jq -e '.findings[] | select(.rule == "pin-kernel") | .evidence[0]' out >/dev/null || die 'the drift was not found'
echo "$pin0" >"$cpuset/cpuset.cpus"
expect 0 verify "$vm"
virsh -q vcpupin "$vm" 0 "$pin1" --live
expect 1 verify "$vm"
has out "$vm"
virsh -q vcpupin "$vm" 0 "$pin0" --live
expect 0 verify "$vm"

say "a plan made for another state is refused, nothing changed"
sed "s/\"before\": \"[^\"]*\"/\"before\": \"$pin1\"/" plan.json >stale.json
expect 4 apply ./stale.json
same "$(state_of "$vm")" "$applied" 'a stale plan changed the guest'

say "undo gives back every byte"
expect 0 history --json
same "$(jq -r .schema out)" vnuma.history/1
expect 0 undo
same "$(state_of "$vm")" "$before" 'undo left a difference'
expect 0 history
has out undone

say "a saved plan is carried out"
expect 0 apply ./plan.json
same "$(vcpu_allowed "$pid" 0)" "$pin0" 'kernel, vCPU 0'
expect 0 undo
same "$(state_of "$vm")" "$before" 'undo left a difference'
