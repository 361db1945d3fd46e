#!/bin/bash
# What goes wrong on real hosts: a clear sentence, the right exit status, nothing changed.
# shellcheck source=lib.sh
source "$HERE/lib.sh"
need_cpus 2

vm=$(guest_name bad)
guest_xml "$vm" 2 128 | guest_define
guest_start "$vm"
before=$(state_of "$vm")

say "no libvirtd"
expect 3 -c 'qemu+unix:///system?socket=/nonexistent/sock' vm
has err libvirt
[[ ! -s out ]] || die 'something on stdout'

say "no permission: a look through the read-only socket, and no change"
unprivileged() {
    local status=0
    setpriv --reuid 65534 --regid 65534 --clear-groups "$VNUMA" --state "$PWD/nobody" "$@" >out 2>err || status=$?
    echo "$status"
}
mkdir -m 777 nobody
chmod 755 "$VNUMA_TEST_DIR" .
same "$(unprivileged vm)" 0 'a look without permission'
same "$(unprivileged apply "$vm")" 3 'a change without permission'
same "$(state_of "$vm")" "$before" 'changed without permission'
has err 'permission|read-only|root'

say "a VM that is not there, and the one that was meant"
expect 2 plan "${vm}x"
has err "$vm"

say "more vCPUs than the host has"
huge=$(guest_name huge)
guest_xml "$huge" 64 128 | guest_define
expect 4 plan "$huge"
has out 'cpus|CPUs'
expect 4 apply "$huge"

say "unknown attributes and elements are left as they are"
virsh dumpxml --inactive "$vm" | sed 's|<memory |<memory vnt="1" |' | virsh -q define /dev/stdin >/dev/null
expect 0 plan "$vm"

say "a VM that vanishes between plan and apply"
gone=$(guest_name gone)
guest_xml "$gone" 1 64 | guest_define
guest_start "$gone"
expect 0 plan "$gone" -o gone.json
guest_remove "$gone"
expect 4 apply ./gone.json
has err "$gone"

say "a remote host whose /proc can't be read: verify says what it could not check"
# libvirt's test driver is such a host: no processes at all.
expect 0 -c test:///default host --json
same "$(jq -r .schema out)" vnuma.host/1
expect 0 -c test:///default verify --json
jq -e '.findings[] | select(.rule == "unchecked")' out >/dev/null || die 'verify claims to have checked'

say "two applies at once: the second is refused by name of the first"
( VNUMA_TEST_STOP_AT='begun 1' "$VNUMA" --state "$STATE" apply "$vm" >hold.out 2>hold.err ) &
holder=$!
for ((i = 0; i < 100; i++)); do
    ! compgen -G "$STATE/lock*" >/dev/null || break
    sleep 0.1
done
sleep 0.5
expect 4 apply "$vm" --wait 0
has err 'pid|process'
pkill -CONT -P "$holder" || kill -CONT "$holder" || true
wait "$holder" || die 'the first apply failed'
expect 0 undo
same "$(state_of "$vm" | tail -n 8)" "$(tail -n 8 <<<"$before")" 'pins'
