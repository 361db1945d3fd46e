#!/bin/bash
# Memory by hand: what is stored, what runs, what is moved; what would end in an OOM kill is refused; the way back.
# shellcheck source=lib.sh
source "$HERE/lib.sh"

stored() { virsh dumpxml --inactive "$vm" | sed -n "/<numatune>/,/<\/numatune>/p"; }

mapfile -t nodes < <(full_nodes)
here=${nodes[0]}
vm=$(guest_name numatune)
guest_xml "$vm" 2 128 | guest_define
guest_start "$vm"
pid=$(guest_pid "$vm")
before=$(virsh dumpxml --inactive --security-info "$vm")

say "what is there"
expect 0 numatune "$vm" --json
same "$(jq -c '[.parts[] | [.cell, .live, .stored]]' out)" '[[null,null,null]]' 'a guest that is not bound'
kib=$(jq '[.parts[0].by_node[].kib] | add' out)
((kib >= 131072 && kib < 200000)) || die "resident: $kib KiB of a guest of 128 MiB, touched"

say "stored: for the next start, and it starts so"
expect 0 numatune "$vm" --nodes "$here" --mode strict
has out 'for the next start'
has <(stored) "<memory mode='strict' nodeset='$here'/>"
expect 0 numatune "$vm" --nodes "$here"
has out 'Nothing to do'
virsh -q destroy "$vm" >/dev/null
guest_start "$vm"
pid=$(guest_pid "$vm")
expect 0 numatune "$vm" --json
same "$(jq -r '.parts[0].live | .mode, .nodes' out | paste -sd' ')" "strict $here" 'live, after a start'
expect 0 verify "$vm"
expect 4 numatune "$vm" --live --nodes "$here" --mode preferred
has err 'mode restrictive only'

if ((${#nodes[@]} > 1)); then
    there=${nodes[1]}
    say "moved while it runs"
    expect 0 numatune "$vm" --nodes "$there" --move
    has out 'moved'
    (($(anon_share "$pid" "$there") >= 9500)) || die "only $(anon_share "$pid" "$there") of 10000 on node $there"
    (($(numastat_mib "$pid" "$there") >= 120)) || die 'numastat says otherwise'
    expect 0 undo --memory
    (($(anon_share "$pid" "$here") >= 9500)) || die "undo left $(anon_share "$pid" "$here") of 10000 on node $here"

    say "restrictive: libvirt itself takes other nodes, and moves"
    expect 0 numatune "$vm" --mode restrictive --nodes "$here"
    virsh -q destroy "$vm" >/dev/null
    guest_start "$vm"
    pid=$(guest_pid "$vm")
    expect 0 numatune "$vm" --live --nodes "$there"
    same "$(virsh numatune "$vm" --live | awk '$1 == "numa_nodeset" { print $3 }')" "$there" 'virsh, live nodeset'
    expect 0 undo
    same "$(virsh numatune "$vm" --live | awk '$1 == "numa_nodeset" { print $3 }')" "$here" 'virsh, after undo'
fi

say "what would be killed is refused, with the figures"
big=$(guest_name big)
GUEST_TOUCH=no guest_xml "$big" 1 $(($(awk '$1 == "MemTotal:" { print int($2 / 1024) }' /proc/meminfo) * 2)) | guest_define
now=$(virsh dumpxml --inactive --security-info "$big")
expect 4 numatune "$big" --nodes "$here" --mode strict
has err "needs [0-9.]+ [GT]iB, and node $here has room for"
same "$(virsh dumpxml --inactive --security-info "$big")" "$now" 'after a refusal'
expect 0 numatune "$big" --nodes "$here" --mode preferred
expect 0 undo
expect 2 numatune "$vm" --nodes 999
expect 2 numatune "$vm" --cell 0="$here"
has err 'has no cells'

say "back, byte for byte"
while [[ $("$VNUMA" --state "$STATE" history --json | jq '[.applies[] | select(.state == "done")] | length') != 0 ]]; do
    expect 0 undo
done
same "$(virsh dumpxml --inactive --security-info "$vm")" "$before" 'stored XML'
