#!/bin/bash
# vCPUs plugged and unplugged: pinned before they run, brought online by the agent or said how; stored; the way back.
# shellcheck source=lib.sh
source "$HERE/lib.sh"
need_cpus 2

stored_vcpu() { virsh dumpxml --inactive "$vm" | sed -n 's/.*\(<vcpu .*<\/vcpu>\).*/\1/p'; }
plugged() { virsh vcpucount "$vm" --live --active; }

vm=$(guest_name plug)
GUEST_MAX_VCPUS=4 guest_xml "$vm" 2 128 | guest_define
guest_start "$vm"
pid=$(guest_pid "$vm")
first=$(virsh dumpxml --inactive --security-info "$vm")
expect 0 pin "$vm" 0-1 1

say "it is pinned where the others are, before it is plugged; without an agent the person is told what to type"
expect 0 vcpus "$vm" 3
has err 'for c in 2; do echo 1 >/sys/devices/system/cpu/cpu\$c/online; done'
same "$(plugged)" 3 'plugged'
has <(stored_vcpu) "current='3'>4<"
expect 4 vcpus "$vm" 4 --guest
has err 'needs an agent'
same "$(plugged)" 3 'after a refusal'
expect 2 vcpus "$vm" 5
has err 'at most 4 vCPUs'
expect 2 vcpus "$vm" 5 --live
expect 2 vcpus "$vm" 0
expect 0 vcpus "$vm" 3
has out 'Nothing to do'
expect 0 vcpus "$vm" --json
same "$(jq -c '[.live.vcpus, .live.max, .stored.vcpus, .guest_online]' out)" '[3,4,3,null]' 'what vcpus shows'

say "the reserve, for the next start"
expect 0 vcpus "$vm" --max 6
has <(stored_vcpu) "current='3'>6<"
same "$(virsh vcpucount "$vm" --live --maximum)" 4 'the maximum of what runs'
expect 0 undo
has <(stored_vcpu) "current='3'>4<"

say "a guest that does not let go: what is there is said, and nothing pretended"
status=0
vnuma vcpus "$vm" 2 --live >out 2>err || status=$?
case $status in
0) same "$(plugged)" 2 'after an unplug that was said to have worked' ;;
5 | 6) [[ -s err ]] || die 'a failed unplug says nothing' ;;
*) die "unplugging ended with $status" ;;
esac
virsh -q destroy "$vm" >/dev/null

say "with an agent: plugged, and online in the guest"
vm=$(guest_name agent)
GUEST_IMAGE=$VNUMA_GUEST_IMAGE GUEST_MAX_VCPUS=2 guest_xml "$vm" 1 256 | guest_define
guest_start "$vm"
end=$((SECONDS + 60))
until virsh guestvcpus "$vm" >/dev/null 2>&1; do # for a ping of the agent libvirt would mark the guest
    ((SECONDS < end)) || die 'the agent does not answer'
    sleep 0.2
done
pid=$(guest_pid "$vm")
expect 0 vcpus "$vm" --json
same "$(jq .guest_online out)" 1 'online in the guest, before'
same "$(jq -c '[.vcpus[] | [.guest_online, .guest_interrupts]]' out)" '[[true,null],[null,null]]' 'CPUs, before'
same "$(virsh dominfo "$vm" | grep -c 'guest agent')" 0 'marks that a look leaves'
expect 0 vcpus "$vm" 2 --guest --json
has <(virsh dominfo "$vm") 'guest agent' # marked now: the check above can fail
same "$(guest_exec "$vm" /bin/busybox cat /sys/devices/system/cpu/online)" 0-1 "the guest's own word"
same "$(jq -c '[.new_vcpus[] | [.vcpu, .guest_online, .guest_interrupts > 0]]' out)" '[[1,true,true]]' 'the new CPU'
expect 0 vcpus "$vm" --json
same "$(jq -c '[.live.vcpus, .guest_online]' out)" '[2,2]' 'after'

# interrupts CPU: the sum of its column, as the guest itself counts
interrupts() {
    guest_exec "$vm" /bin/busybox cat /proc/interrupts |
        awk -v at=$(($1 + 2)) 'NR > 1 && NF > 3 && $1 != "ERR:" && $1 != "MIS:" { sum += $at } END { print sum }'
}
say "interrupts of each CPU lie between what the guest says before and after"
for cpu in 0 1; do
    before=$(interrupts $cpu)
    expect 0 vcpus "$vm" --guest --json
    shown=$(jq ".vcpus[$cpu].guest_interrupts" out)
    after=$(interrupts $cpu)
    ((before > 0 && before <= shown && shown <= after)) || die "CPU $cpu: $shown interrupts, not $before to $after"
done
expect 0 vcpus "$vm" --guest
has out 'ONLINE *INTERRUPTS'

say "a CPU that the guest takes offline is said to be so; it has no interrupts of its own then"
guest_exec "$vm" /bin/busybox sh -c 'echo 0 >/sys/devices/system/cpu/cpu1/online'
expect 0 vcpus "$vm" --guest --json
same "$(jq -c '[.vcpus[] | [.guest_online, .guest_interrupts > 0]]' out)" '[[true,true],[false,false]]' 'taken offline'

guest_exec "$vm" /bin/busybox sh -c '/bin/busybox ls -l /proc/$(/bin/busybox pidof qemu-ga)/fd' >open.txt
has open.txt /dev/
same "$(grep -c interrupts open.txt)" 0 'files left open in the guest'

say "plugged already, but offline in the guest"
guest_exec "$vm" /bin/busybox sh -c 'echo 0 >/sys/devices/system/cpu/cpu1/online'
expect 0 vcpus "$vm" 2 --dry-run --guest
has out 'guest.vcpus = 2 \(was 1\)'
expect 0 vcpus "$vm" 2 --guest
same "$(guest_exec "$vm" /bin/busybox cat /sys/devices/system/cpu/online)" 0-1 "the guest's own word"

say "an agent that hangs: it ends in time, and says so"
virsh -q qemu-agent-command "$vm" '{"execute":"guest-exec","arguments":{"path":"/bin/busybox",
    "arg":["sh","-c","/bin/busybox sleep 1; kill -STOP $(/bin/busybox pidof qemu-ga)"]}}' >/dev/null
sleep 3
start=$SECONDS
expect 4 vcpus "$vm" --guest
((SECONDS - start < 30)) || die "a hanging agent held it for $((SECONDS - start)) s"
has err 'needs an agent that answers'
expect 0 vcpus "$vm" --json
same "$(jq -c '[.guest_online, .vcpus[0].guest_online]' out)" '[null,null]' 'with a hanging agent'
virsh -q destroy "$vm" >/dev/null
expect 4 vcpus "$vm" 2 --guest
has err 'does not run'
