#!/bin/bash
# A host of any shape: what vnuma says of it is what the kernel and others say, and a guest is placed,
# verified and taken back there, as the shape demands.
# shellcheck source=lib.sh
source "$HERE/lib.sh"
need_cpus 2

expect 0 host --json
cp out host.json

say "nodes, CPUs, memory and distances, against the kernel and numactl"
node_ids() { list_of /sys/devices/system/node/online | sort -n; }
same "$(jq -c '[.nodes[].id]' host.json)" "$(node_ids | jq -cs .)" 'nodes'
for node in $(node_ids); do
    same "$(jq -r ".nodes[] | select(.id == $node) | .cpus" host.json)" "$(node_cpus "$node")" "CPUs of node $node"
    same "$(jq -r ".nodes[] | select(.id == $node) | .memory_kib" host.json)" \
        "$(awk '/MemTotal/ { print $4 }' "/sys/devices/system/node/node$node/meminfo")" "memory of node $node"
done
same "$(jq -c .distances host.json)" \
    "$(numactl --hardware | awk '/^ *[0-9]+:/ { $1 = ""; print }' | jq -R 'split(" ") | map(select(. != "") | tonumber)' | jq -cs .)" \
    'distances'

say "thread siblings, against lscpu"
expand() { while read -r list; do list_of <(echo "$list") | sort -n | paste -sd,; done | sort; }
same "$(jq -r '.siblings[]' host.json | expand)" "$(lscpu -p=CORE,CPU | grep -v '^#' | sort -t, -n |
    awk -F, '{ list[$1] = list[$1] (list[$1] == "" ? "" : ",") $2 } END { for (core in list) print list[core] }' | sort)" 'siblings'

say "a guest of one cell"
vm=$(guest_name one)
guest_xml "$vm" 2 128 | guest_define
guest_start "$vm"
pid=$(guest_pid "$vm")
before=$(state_of "$vm")
expect 0 apply "$vm"
expect 0 verify "$vm"
expect 0 vm "$vm" --json
node=$(jq '.cells[0].node' out)
full_nodes | grep -qx "$node" || die "the guest is on node $node, which lacks CPUs or memory"
(($(anon_share "$pid" "$node") >= 9900)) || die "memory is elsewhere than on node $node"
for vcpu in 0 1; do
    list_of "/sys/devices/system/node/node$node/cpulist" | grep -qx "$(vcpu_allowed "$pid" "$vcpu")" || die "vCPU $vcpu is off node $node"
done
if [[ $(cat /sys/devices/system/cpu/smt/active 2>/dev/null) == 1 ]]; then
    say "on sibling threads, and the guest is told so"
    same "$(cat "/sys/devices/system/cpu/cpu$(vcpu_allowed "$pid" 0)/topology/core_id")" \
        "$(cat "/sys/devices/system/cpu/cpu$(vcpu_allowed "$pid" 1)/topology/core_id")" 'cores of the two vCPUs'
    virsh dumpxml --inactive "$vm" >stored.xml
    has stored.xml "cores='1' threads='2'"
fi
expect 0 undo --memory
same "$(state_of "$vm")" "$before" 'undo left a difference'
guest_remove "$vm"

(($(full_nodes | wc -l) > 1)) || exit 0
say "a guest of two cells is on the two nodes that are nearest to each other"
vm=$(guest_name two)
guest_xml "$vm" 2 256 2 | guest_define
expect 0 plan "$vm" --json
chosen=$(jq '.vms[0].cells | map(.node)' out)
jq -e --argjson chosen "$chosen" --argjson full "$(full_nodes | jq -s .)" '
    . as $h | ($h.nodes | map(.id)) as $ids |
    def far(a; b): $h.distances[$ids | index(a)][$ids | index(b)];
    far($chosen[0]; $chosen[1]) == ([$full[] as $a | $full[] as $b | select($a != $b) | far($a; $b)] | min)' host.json >/dev/null ||
    die "nodes $chosen are not the nearest"
expect 0 apply "$vm"
guest_start "$vm"
expect 0 verify "$vm"
expect 0 vm "$vm" --json
same "$(jq -c '[.cells[].node]' out)" "$(jq -c . <<<"$chosen")" 'nodes of the cells'
same "$(jq .local_pct out)" 100 'local_pct'
