#!/bin/bash
# --via save-restore re-places a running guest with its uptime going on; where there are two nodes,
# away from the one where its memory lies.
# shellcheck source=lib.sh
source "$HERE/lib.sh"
need_cpus 2

GUEST_IMAGE=$VNUMA_GUEST_IMAGE
vm=$(guest_name save)
guest_xml "$vm" 2 256 | guest_define
guest_start "$vm"
guest_wait_agent "$vm"
boot_id=$(guest_exec "$vm" /bin/busybox cat /proc/sys/kernel/random/boot_id)
before=$(virsh dumpxml --inactive --security-info "$vm")
uptime_of() { guest_exec "$vm" /bin/busybox cut -d. -f1 /proc/uptime; }
mapfile -t nodes < <(full_nodes)
right=${nodes[0]} options=()
if ((${#nodes[@]} > 1)); then
    options=(--reserve "$(node_cpus "${nodes[1]}")")
    all_to_node "$(guest_pid "$vm")" "${nodes[1]}"
fi
up=$(uptime_of)

expect 0 plan "$vm" --via save-restore "${options[@]}"
has out 'save'
expect 0 apply "$vm" --via save-restore "${options[@]}" --json
same "$(jq '.paused_ms > 0' out)" true 'the pause was not measured'
guest_wait_agent "$vm"
same "$(guest_exec "$vm" /bin/busybox cat /proc/sys/kernel/random/boot_id)" "$boot_id" 'the guest was restarted'
virsh dumpxml "$vm" >live.xml
has live.xml "<memory mode='strict' nodeset='$right'/>"
expect 0 verify "$vm"
pid=$(guest_pid "$vm")
grep -q "bind:$right " "/proc/$pid/numa_maps" || die "the guest's memory is not bound to node $right"
(($(anon_share "$pid" "$right") >= 9900)) || die "memory is elsewhere than on node $right"
(($(uptime_of) >= up)) || die 'the uptime began anew'

expect 0 undo
guest_wait_agent "$vm"
same "$(virsh dumpxml --inactive --security-info "$vm")" "$before" 'undo left a difference in the stored XML'
same "$(guest_exec "$vm" /bin/busybox cat /proc/sys/kernel/random/boot_id)" "$boot_id" 'the guest was restarted'
virsh dumpxml "$vm" >live.xml
! grep -q "<memory mode='strict'" live.xml || die 'undo left the strict memory in the live XML'
