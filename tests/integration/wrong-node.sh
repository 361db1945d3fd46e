#!/bin/bash
# A running guest whose memory lies on the wrong node: plan, apply, verify, undo, each seen with tools
# that are not ours. Once with the kernel's automatic balancing, which hides pages from move_pages(2),
# and once without.
# shellcheck source=lib.sh
source "$HERE/lib.sh"
need_nodes 2

mapfile -t nodes < <(full_nodes)
right=${nodes[0]} wrong=${nodes[1]}
here=(--reserve "$(node_cpus "$wrong")") # so that the plan wants it away from where its memory is
GUEST_IMAGE=$VNUMA_GUEST_IMAGE
vm=$(guest_name wrong)
guest_xml "$vm" 2 256 | guest_define

# What taskset, virsh and numastat say of a guest that is where the plan puts it.
check_placed() {
    local vcpu tid pin mask
    for vcpu in 0 1; do
        pin=$(jq -r ".vms[0].vcpupin[\"$vcpu\"]" plan.json)
        same "$(taskset -cp "$(vcpu_tid "$pid" "$vcpu")" | sed 's/.*: //')" "$pin" "taskset, vCPU $vcpu"
        same "$(virsh -q vcpupin "$vm" "$vcpu" | awk '{ print $2 }')" "$pin" "virsh vcpupin, vCPU $vcpu"
        virsh -q vcpuinfo "$vm" --pretty | awk -v vcpu="$vcpu" '/^VCPU:/ { now = $2 }
            /^CPU Affinity:/ && now == vcpu { print $3 }' | grep -qx "$pin" || die "virsh vcpuinfo, vCPU $vcpu"
    done
    # Every thread of QEMU, whatever it is for, is on the node.
    for tid in /proc/"$pid"/task/*; do
        mask=$(allowed_of "$pid" "${tid##*/}")
        [[ -z $(comm -23 <(list_of <(echo "$mask")) <(list_of "/sys/devices/system/node/node$right/cpulist")) ]] ||
            die "thread ${tid##*/} ($(cat "$tid/comm")) may run on '$mask', not only on node $right"
    done
    share=$(anon_share "$pid" "$right")
    ((share >= 9900)) || die "numa_maps: only $share of 10000 of the anonymous memory is on node $right"
    ((wrong_mib - $(numastat_mib "$pid" "$wrong") >= 250)) || die "numastat: node $wrong still has its memory"
}

place_and_take_back() {
    say "kernel.numa_balancing=$1: the memory is on node $wrong"
    sysctl -q kernel.numa_balancing="$1"
    all_to_node "$pid" "$wrong"
    guest_exec "$vm" /bin/busybox dd if=/dev/zero of=/tmp/some bs=1M count=32 2>/dev/null # it is at work
    wrong_mib=$(numastat_mib "$pid" "$wrong")
    before=$(state_of "$vm")

    expect 0 plan "$vm" "${here[@]}" --json
    cp out plan.json
    same "$(jq '.vms[0].cells[0].node' plan.json)" "$right" 'node of the plan'
    expect 0 apply "$vm" "${here[@]}"
    check_placed
    expect 0 verify "$vm"
    expect 0 vm "$vm" --json
    same "$(jq '.local_pct >= 99' out)" true 'local_pct of vm'
    expect 0 plan "$vm" "${here[@]}" --json
    same "$(jq -c .steps out)" '[]' 'steps after apply'
    guest_exec "$vm" /bin/busybox true || die 'the guest stopped answering'

    say "undo gives everything back, memory too"
    # It stands still, or automatic balancing would bring pages to where its vCPUs are before they are counted.
    virsh -q suspend "$vm"
    expect 0 undo --memory
    same "$(state_of "$vm")" "$before" 'undo left a difference'
    # Undo is content with what was there but for a hundredth and a huge page a node.
    (($(anon_share "$pid" "$wrong") >= 9700)) || die "undo left $(anon_share "$pid" "$right") of 10000 on node $right"
    virsh -q resume "$vm"
}

guest_start "$vm"
guest_wait_agent "$vm"
pid=$(guest_pid "$vm")
place_and_take_back 1
place_and_take_back 0
