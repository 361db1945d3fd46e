#!/bin/bash
# Huge pages reserved by the line that plan itself prints; a guest bound to a node that has none is
# refused by plan, where libvirt would only fail to start it.
# shellcheck source=lib.sh
source "$HERE/lib.sh"
need_nodes 2

mapfile -t nodes < <(full_nodes)
free_on() { cat "/sys/devices/system/node/node$1/hugepages/hugepages-2048kB/free_hugepages"; }
same "$(free_on "${nodes[0]}") $(free_on "${nodes[1]}")" '0 0' 'free huge pages at first'
vm=$(guest_name huge)
GUEST_BACKING='<hugepages/>' guest_xml "$vm" 2 128 | guest_define

say "refused, with what to do"
expect 4 plan "$vm" --json
same "$(jq -c '.unplaced[0].blocking[0] | [.resource, .need, .free]' out)" '["hugepages",64,0]' 'what blocks'
advice=$(jq -r '.notes[] | select(contains("virsh allocpages")) | split("\n")[1]' out)
node=${advice##*--cellno }
node=${node%% *}
say "$advice"
eval "$advice" >/dev/null
same "$(free_on "$node")" 64 "free huge pages on node $node, after the plan's advice"

say "now it fits, starts, and lies there"
expect 0 apply "$vm"
guest_start "$vm"
pid=$(guest_pid "$vm")
same "$(awk '/ huge / { for (i = 3; i <= NF; i++) if ($i ~ /^N[0-9]+=/) print $i }' "/proc/$pid/numa_maps")" "N$node=64" \
    'huge pages of numa_maps'
numastat -p "$pid" | awk '/^Huge/ { exit $NF != 128 }' || die 'numastat knows other huge pages'
expect 0 verify "$vm"
same "$(free_on "$node")" 0 'free huge pages with the guest running'
virsh -q destroy "$vm" >/dev/null
same "$(free_on "$node")" 64 'free huge pages after the guest'

say "bound to the other node: libvirt fails at the start, plan refuses before"
other=${nodes[0]}
((other != node)) || other=${nodes[1]}
bound=$(guest_name bound)
GUEST_BACKING='<hugepages/>' GUEST_EXTRA="<numatune><memory mode='strict' nodeset='$other'/></numatune>" \
    guest_xml "$bound" 2 128 | guest_define
! guest_start "$bound" 2>start.err || die 'it starts: there is nothing to refuse'
expect 4 plan "$bound" --reserve "$(node_cpus "$node")"
has out 'huge pages on (the host|node [0-9]+): 64 needed'
has out "virsh allocpages 2048 64 --cellno $other --add"
expect 4 apply "$bound" --reserve "$(node_cpus "$node")"
