#!/bin/bash
# Drift that others make behind vnuma's back is found by verify, with evidence, and its remedy mends it.
# shellcheck source=lib.sh
source "$HERE/lib.sh"
need_cpus 2

# Finding of a rule about a thread, and what the kernel was seen to say.
found() {
    expect 1 verify "$vm" --json
    jq -e --arg rule "$1" --arg subject "$vm $2" --arg value "$3" '.findings[] |
        select(.rule == $rule and .subject == $subject) | .evidence[] |
        select(.value == $value and (.source | length > 0))' out >/dev/null && return
    cat out >&2
    die "no finding '$1' about '$vm $2' with '$3' as evidence"
}

vm=$(guest_name drift)
guest_xml "$vm" 2 128 | guest_define
guest_start "$vm"
pid=$(guest_pid "$vm")
expect 0 apply "$vm"
expect 0 verify "$vm"
pin0=$(vcpu_allowed "$pid" 0)
emulator=$(allowed_of "$pid" "$pid")

if [[ -d /run/systemd/system ]]; then
    say "systemctl set-property of the slice: libvirt does not notice"
    other=$(online_cpus)
    other=${other##*[-,]}
    ((other != pin0)) || other=0
    systemctl set-property --runtime machine.slice AllowedCPUs="$other"
    same "$(virsh -q vcpupin "$vm" 0 | awk '{ print $2 }')" "$pin0" 'libvirt notices after all'
    found pin-kernel 'vCPU 0' "$other"
    found pin-cpuset 'vCPU 0' "$other"
    remedy=$(jq -r --arg subject "$vm vCPU 0" '.findings[] | select(.rule == "pin-kernel" and .subject == $subject) | .fix' out)
    eval "$remedy"
    expect 0 verify "$vm"
fi

if [[ $emulator != "$(online_cpus)" ]]; then # where that is all there is, it is no pin
    say "taskset of the emulator"
    narrow=${emulator##*[-,]}
    taskset -cp "$narrow" "$pid" >/dev/null
    found emulator-kernel emulator "$narrow"
    eval "$(jq -r '.findings[] | select(.rule == "emulator-kernel") | .fix' out)"
    expect 0 verify "$vm"
fi

say "taskset of a vCPU, where its cpuset lets it"
cpuset=$(vcpu_cpuset "$pid" 1)
pin1=$(cat "$cpuset/cpuset.cpus")
echo "$pin0,$pin1" >"$cpuset/cpuset.cpus"
taskset -cp "$pin0" "$(vcpu_tid "$pid" 1)" >/dev/null
found pin-kernel 'vCPU 1' "$pin0"
virsh -q vcpupin "$vm" 1 "$pin1" --live
expect 0 verify "$vm"

say "a vCPU that is plugged runs where vnuma put it, before it was there"
virsh -q destroy "$vm" >/dev/null
virsh -q undefine "$vm" >/dev/null
plug=$(guest_name plug)
vm=$plug
GUEST_MAX_VCPUS=3 guest_xml "$vm" 2 128 | guest_define
guest_start "$vm"
pid=$(guest_pid "$vm")
if (($(nproc) >= 3)); then
    expect 0 apply "$vm"
    virsh -q setvcpus "$vm" 3 --live
    same "$(vcpu_allowed "$pid" 2)" "$(virsh -q vcpupin "$vm" 2 | awk '{ print $2 }')" 'kernel, vCPU 2'
    expect 0 verify "$vm"
    expect 0 undo
    virsh -q destroy "$vm" >/dev/null
    guest_start "$vm"
    pid=$(guest_pid "$vm")
fi

say "one that is plugged into a guest pinned by hand floats"
for vcpu in 0 1; do virsh -q vcpupin "$vm" "$vcpu" 0 --live --config; done
expect 0 verify "$vm"
virsh -q setvcpus "$vm" 3 --live
found vcpu-floats 'vCPU 2' "$(vcpu_allowed "$pid" 2)"
