#!/bin/bash
# CPU models: what the host gives, held against virsh; a baseline of two hosts; another model for a guest, that
# guest started with it, and undo byte for byte. All of it emulated: the answers are the same on every machine.
# shellcheck source=lib.sh
source "$HERE/lib.sh"

virsh domcapabilities --virttype qemu >host.xml

# usable WHICH: the models that libvirt says are so, one a line.
usable() { xmllint --xpath "//mode[@name='custom']/model[@usable='$1']/text()" host.xml | sort; }

say "models: libvirt's names, its word on each, and what blocks one"
expect 0 cpu models --virttype qemu --all --json
cp out models.json
same "$(jq -r .schema models.json)" vnuma.cpu-models/1
same "$(jq -r .virttype models.json)" qemu
same "$(jq -r '.models[] | select(.usable == "yes") | .name' models.json | sort)" "$(usable yes)" 'usable models'
same "$(jq -r '.models[] | select(.offered and .usable == "no") | .name' models.json | sort)" "$(usable no)" 'unusable models'
same "$(jq -r '.models[].name' models.json | sort)" "$( (virsh -q cpu-models x86_64; usable yes; usable no) | sort -u | sed '/^$/d')" 'names'
blocked=$(usable no | head -n 1)
jq -e --arg m "$blocked" '.models[] | select(.name == $m) | .blockers | length > 0' models.json >/dev/null ||
    die "what blocks $blocked is not told"
expect 0 cpu models --virttype qemu
has out "For VMs of type qemu"
[[ $(grep -c ' no ' out) == 0 ]] || die 'an unusable model without --all'
has out 'cannot be used here; --all'

say "blockers: as QEMU itself says, under libvirt's names; the QEMU that was asked is gone"
(
    printf '{"execute":"qmp_capabilities"}\n{"execute":"query-cpu-definitions"}\n{"execute":"quit"}\n'
) | qemu-system-x86_64 -S -nodefaults -display none -machine none,accel=tcg -qmp stdio >qmp.json
same "$(jq -r --arg m "$blocked" '.models[] | select(.name == $m) | .blockers | length' models.json)" \
    "$(jq -r --arg m "$blocked" 'select(.return | type == "array") | .return[] | select(.name == $m) | ."unavailable-features" | unique | length' qmp.json)" \
    'number of blockers'
! pgrep -f 'machine none' >/dev/null || die 'a QEMU was left behind'

say "show and diff: as libvirt's own description has it"
map=/usr/share/libvirt/cpu_map
expect 0 cpu show Westmere --virttype qemu --json
same "$(jq -r '.features[]' out)" "$(xmllint --xpath '//model/feature/@name' $map/x86_Westmere.xml | sed 's/.*"\(.*\)"/\1/' | LC_ALL=C sort)" 'features of Westmere'
same "$(jq -c '[.vendor, .usable, .signatures[0].family, .signatures[0].model]' out)" '["Intel","yes",6,44]'
expect 0 cpu diff Nehalem Westmere --json
same "$(jq -c '[.only_a, .only_b]' out)" '[[],["aes"]]'
expect 0 cpu show Nehalem Westmere
has out 'Only in Westmere +aes'
expect 2 cpu show Westmeer
has err "Did you mean 'Westmere'"

say "host: as virsh capabilities has it"
virsh capabilities >caps.xml
expect 0 cpu host --json
same "$(jq -r .cpu.model out)" "$(xmllint --xpath 'string(/capabilities/host/cpu/model)' caps.xml)"
same "$(jq -r '.cpu.features | length' out)" "$(xmllint --xpath 'count(/capabilities/host/cpu/feature)' caps.xml)"
expect 0 cpu host --virttype qemu
has out "host-model +$(xmllint --xpath "string(//mode[@name='host-model']/model)" host.xml)"
has out 'host-passthrough +not here: it needs KVM'

say "baseline: of two hosts with different features, as virsh finds it, and what each of them lacks"
sed -e "/name='la57'/d" -e "/name='clwb'/d" host.xml >old.xml
sed -e "/name='pku'/d" host.xml >new.xml
expect 0 cpu baseline old.xml new.xml --json
same "$(jq -c '[.hosts[] | .lacks]' out)" '[["clwb","la57"],["pku"]]'
same "$(jq -c '[.hosts[] | .beyond]' out)" '[["pku"],["clwb","la57"]]'
same "$(jq -r .virttype out)" qemu
jq -r .baseline.xml out | sed '/^$/d' >ours.xml
cat old.xml new.xml | sed '/<?xml/d' >both.xml
virsh hypervisor-cpu-baseline --virttype qemu --migratable both.xml | sed '/^$/d' >theirs.xml
diff theirs.xml ours.xml || die "another baseline than virsh's"
virsh hypervisor-cpu-compare --virttype qemu --error ours.xml >/dev/null # and this host can give it
expect 0 cpu baseline old.xml new.xml
has out 'old.xml +[^ ]+ +clwb, la57 +pku'
sed "s|<domain>qemu</domain>|<domain>kvm</domain>|" host.xml >other.xml
expect 2 cpu baseline host.xml other.xml
has err 'type qemu, and other.xml about type kvm'
expect 0 cpu baseline "$LIBVIRT_DEFAULT_URI" --virttype qemu --json
same "$(jq -r '.hosts[0].model' out)" "$(xmllint --xpath "string(//mode[@name='host-model']/model)" host.xml)"
echo '<pool/>' >pool.xml
expect 2 cpu baseline pool.xml
has err 'pool.xml: .*not about a CPU'

echo "<cpu><model>Westmere</model><vendor>Intel</vendor></cpu>" >intel.xml
echo "<cpu><model>EPYC</model><vendor>AMD</vendor></cpu>" >amd.xml
expect 4 cpu baseline intel.xml amd.xml --virttype qemu
has err 'intel.xml \(Intel\) and amd.xml \(AMD\)'
echo "<cpu mode='host-model'/>" >mode.xml
expect 2 cpu baseline mode.xml
has err 'mode.xml: its <cpu> names no model'

say "set: the guest's next start, and only that"
vm=$(guest_name cpu)
guest_xml "$vm" 4 128 2 | guest_define
virsh dumpxml --inactive --security-info "$vm" >before.xml
expect 0 cpu set "$vm" Westmere --dry-run
has out "\+    <model fallback='forbid'>Westmere</model>"
virsh dumpxml --inactive --security-info "$vm" | cmp - before.xml || die 'a dry run changed something'
expect 0 cpu set "$vm" Westmere
virsh dumpxml --inactive --security-info "$vm" >after.xml
same "$(diff before.xml after.xml | grep -c '^[<>]')" 4 'lines changed'
has after.xml "<cpu mode='custom' match='exact' check='partial'>"
has after.xml "<cell id='1' cpus='2-3'"
expect 0 cpu set "$vm" Westmere
has out 'Nothing to do'

say "the guest starts with it, and check says what it got"
guest_start "$vm"
tr '\0' ' ' <"/proc/$(guest_pid "$vm")/cmdline" | grep -q -- '-cpu Westmere' || die 'QEMU runs with another model'
expect 0 cpu check "$vm" --json
same "$(jq -c '[.asks.model, .can, .runs.model, .runs.other, .runs.refused]' out)" '["Westmere",true,"Westmere",false,[]]'
virsh dumpxml "$vm" | xmllint --xpath "//cpu/feature[@policy='require']/@name" - | sed 's/.*"\(.*\)"/\1/' | LC_ALL=C sort >more.txt
same "$(jq -r '.runs.more[]' out)" "$(cat more.txt)" 'what it got besides'

say "another one while it runs: for the next start; check tells of both"
expect 0 cpu set "$vm" host-model
has out 'runs on with the CPU it has'
expect 1 cpu check "$vm"
has out 'Runs with +custom Westmere'
has out 'At the next start +host-model'

say "undo, twice: every byte of the stored XML"
expect 0 undo
virsh dumpxml --inactive --security-info "$vm" | cmp - after.xml || die 'undo left something of host-model'
expect 0 undo
virsh dumpxml --inactive --security-info "$vm" | cmp - before.xml || die 'undo left something of Westmere'
virsh -q destroy "$vm" >/dev/null

say "killed between libvirt's doing it and the journal's knowing: it is found to be done, and can be undone"
killed 'did 0' cpu set "$vm" Westmere
has <(virsh dumpxml --inactive "$vm") 'Westmere'
expect 0 history
has err "cpu set $vm Westmere.*was interrupted; it is done now"
expect 0 undo
virsh dumpxml --inactive --security-info "$vm" | cmp - before.xml || die 'not taken back'

say "what the host cannot give is refused, with what is missing; by force it is stored, and does not start"
expect 4 cpu set "$vm" "$blocked"
has err "lacks .*Nothing was changed"
xmllint --xpath '//cpu' - >asked.xml <<EOF
<r><cpu mode='custom' match='exact'><model>$blocked</model></cpu></r>
EOF
virsh hypervisor-cpu-compare --virttype qemu --error asked.xml >/dev/null 2>virsh.err && die 'virsh finds it possible'
missing=$(sed -n 's/.*required features: //p' virsh.err)
has err "lacks ${missing%%, *}"
expect 4 cpu set "$vm" host-passthrough
has err 'needs KVM'
expect 2 cpu set "$vm" Westmere2
expect 2 cpu set "${vm}x" Westmere
virsh dumpxml --inactive --security-info "$vm" | cmp - before.xml || die 'a refusal changed something'
expect 0 cpu set "$vm" "$blocked" --force
has out 'will not start the VM: it lacks'
expect 1 cpu check "$vm" --json
same "$(jq -r '.missing | join(", ")' out)" "$missing" 'what is missing'
! virsh -q start "$vm" 2>start.err || die 'it started all the same'
has start.err 'CPU'
expect 0 undo

say "a guest that started without what it asked for: check lists it"
virsh dumpxml --inactive "$vm" | sed "s|<cpu .*|<cpu mode='custom' match='exact' check='none'>|; s|>qemu64<|>$blocked<|" |
    virsh -q define /dev/stdin >/dev/null
guest_start "$vm"
expect 1 cpu check "$vm" --json
same "$(jq -r '.runs.refused[]' out)" \
    "$(virsh dumpxml "$vm" | xmllint --xpath "//cpu/feature[@policy='disable']/@name" - | sed 's/.*"\(.*\)"/\1/' | LC_ALL=C sort)" 'what it did not get'
expect 1 cpu check "$vm"
has out 'It did not get +[a-z0-9]'

say "features stay, unless they are to go"
virsh -q destroy "$vm" >/dev/null
virsh dumpxml --inactive "$vm" | sed "s|^\( *\)<numa>|\1<feature policy='disable' name='aes'/>\n&|; s|>$blocked<|>Nehalem<|" |
    virsh -q define /dev/stdin >/dev/null
expect 0 cpu set "$vm" Westmere
has out 'kept: disable aes'
has <(virsh dumpxml --inactive "$vm") "<feature policy='disable' name='aes'/>"
guest_start "$vm"
tr '\0' ' ' <"/proc/$(guest_pid "$vm")/cmdline" | grep -q -- '-cpu Westmere.*aes=off' || die 'QEMU was not told'
expect 0 cpu set "$vm" Nehalem --drop-features
! virsh dumpxml --inactive "$vm" | grep -q '<feature policy' || die 'a feature is left'

say "who may only look: the VM's part of check, and why the host's is missing"
mkdir -m 777 nobody
chmod 755 "$VNUMA_TEST_DIR" .
status=0
setpriv --reuid 65534 --regid 65534 --clear-groups "$VNUMA" --state "$PWD/nobody" cpu check "$vm" --json >out || status=$?
same "$status" 1 'a look without permission, at a guest that runs with another CPU than the stored one'
same "$(jq -c '[.can, .runs.model]' out)" '[null,"Westmere"]'
has out '"why": ".*read only'

say "a transient guest has nothing stored"
transient=$(guest_name transient)
guest_xml "$transient" 1 64 | virsh -q create /dev/stdin >/dev/null
expect 4 cpu set "$transient" Westmere
has err 'transient'
expect 0 cpu check "$transient"
