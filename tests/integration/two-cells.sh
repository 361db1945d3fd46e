#!/bin/bash
# A guest of two cells, started from the XML that plan prints: each cell's memory lies on its node, and
# the guest itself sees two nodes, as far apart as the host's.
# shellcheck source=lib.sh
source "$HERE/lib.sh"
need_nodes 2

GUEST_IMAGE=$VNUMA_GUEST_IMAGE
vm=$(guest_name cells)
guest_xml "$vm" 4 512 | guest_define
expect 0 plan "$vm" --cells 2 --json
cp out plan.json
mapfile -t nodes < <(jq '.vms[0].cells[].node' plan.json)
same "${#nodes[@]}" 2 'cells of the plan'
expect 0 plan "$vm" --cells 2 --xml
virt-xml-validate out domain >/dev/null
guest_define out
guest_start "$vm"
guest_wait_agent "$vm"
pid=$(guest_pid "$vm")

say "QEMU bound each cell's memory to its node, and there it lies"
for cell in 0 1; do
    node=${nodes[cell]}
    awk -v policy="bind:$node" -v on="N$node=" '$2 == policy { for (i = 3; i <= NF; i++) {
            if ($i ~ /^anon=/) anon = substr($i, 6)
            if (index($i, on) == 1) here = substr($i, length(on) + 1)
        } if (anon == 65536 && here == anon) found = 1 } END { exit !found }' "/proc/$pid/numa_maps" ||
        die "no 256 MiB of cell $cell bound to node $node, all on it"
    (($(numastat_mib "$pid" "$node") >= 256)) || die "numastat: node $node has less than the cell"
done
expect 0 verify "$vm"
expect 0 vm "$vm" --json
same "$(jq -c '[.cells[] | [.cell, .node]]' out)" "[[0,${nodes[0]}],[1,${nodes[1]}]]" 'cells and nodes of vm'
same "$(jq -c '.local_pct == 100' out)" true 'local_pct'

say "each vCPU runs on the node of its cell's memory"
for vcpu in 0 1 2 3; do
    node=${nodes[vcpu / 2]}
    pin=$(vcpu_allowed "$pid" "$vcpu")
    list_of "/sys/devices/system/node/node$node/cpulist" | grep -qx "$pin" || die "vCPU $vcpu is on CPU $pin, off node $node"
done

say "the guest sees it"
inside() { guest_exec "$vm" /bin/busybox cat "$@"; }
same "$(inside /sys/devices/system/node/online)" 0-1 "the guest's nodes"
same "$(inside /sys/devices/system/node/node0/cpulist)" 0-1 "the CPUs of the guest's node 0"
same "$(inside /sys/devices/system/node/node1/cpulist)" 2-3 "the CPUs of the guest's node 1"
# The host's distances between the two nodes: cat prints a row for each node, a column for each online node.
distance() {
    local column
    column=$(list_of /sys/devices/system/node/online | sort -n | grep -nx "$2" | cut -d: -f1)
    cut -d' ' -f"$column" "/sys/devices/system/node/node$1/distance"
}
for cell in 0 1; do
    same "$(inside "/sys/devices/system/node/node$cell/distance")" \
        "$(distance "${nodes[cell]}" "${nodes[0]}") $(distance "${nodes[cell]}" "${nodes[1]}")" "distances of the guest's node $cell"
done
