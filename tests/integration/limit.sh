#!/bin/bash
# Limits by hand: what runs and what is stored, as virsh and the cgroups have them; what would do harm is refused; the
# way back.
# shellcheck source=lib.sh
source "$HERE/lib.sh"

vm=$(guest_name limit)
mac=52:54:00:4c:49:4d
disk=$VNUMA_TEST_DIR/$vm.raw

# with_device XML: guest_xml has none of its own.
with_device() { sed "s|<devices>|&$1|"; }

sched() { virsh schedinfo "$vm" --live | awk -v name="$1" '$1 == name { print $3 }'; }
mem() { virsh -q memtune "$vm" --live | awk -v name="$1" '$1 == name { print $3 }'; }
io() { virsh -q blkdeviotune "$vm" vda --live | awk -F ' *: *' -v name="$1" '$1 == name { print $2 }'; }
stored() { virsh dumpxml --inactive --security-info "$vm"; }
limit_of() { jq -c --arg key "$1" --arg at "$2" '.limits[] | select(.key == $key)[$at]' out; }

# cgroup CONTROLLER: the domain's directory, above its threads'.
cgroup() {
    local at
    at=$(awk -F: -v c="$1" '$2 ~ "(^|,)" c "(,|$)" { print $3 }' "/proc/$pid/cgroup")
    if [[ -n $at ]]; then
        echo "/sys/fs/cgroup/$1${at%/emulator}"
    else
        at=$(awk -F: '$1 == 0 { print $3 }' "/proc/$pid/cgroup")
        echo "/sys/fs/cgroup${at%/emulator}"
    fi
}
# The kernel's own quota for all of it: v1 has two files, v2 one.
kernel_quota() {
    local at
    at=$(cgroup cpu)
    if [[ -e $at/cpu.cfs_quota_us ]]; then
        echo "$(cat "$at/cpu.cfs_quota_us") $(cat "$at/cpu.cfs_period_us")"
    else
        sed 's/^max /-1 /' "$at/cpu.max"
    fi
}
kernel_memory() {
    local at
    at=$(cgroup memory)
    cat "$at/memory.limit_in_bytes" 2>/dev/null || cat "$at/memory.max"
}

truncate -s 16M "$disk"
guest_xml "$vm" 2 128 | with_device "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='$disk'/><target dev='vda' bus='virtio'/></disk>" | guest_define
guest_start "$vm"
pid=$(guest_pid "$vm")
before=$(stored)
live_before=$(virsh schedinfo "$vm" --live; virsh memtune "$vm" --live; virsh blkdeviotune "$vm" vda --live)
quota_before=$(kernel_quota) memory_before=$(kernel_memory)

say "nothing is limited"
expect 0 limit "$vm" --json
same "$(limit_of cpu.quota live) $(limit_of cpu.quota stored) $(limit_of disk.vda live)" '"none" "none" "none"' 'at first'
(($(jq .used.memory_kib out) >= 131072)) || die "memory used: $(jq .used.memory_kib out) KiB of a guest of 128 MiB, touched"
[[ $(jq '.used.cpu_pct | type' out) == '"number"' ]] || die 'CPU time used is not known'

say "CPU: all of it, each vCPU, the emulator, the IOThreads; the weight"
expect 0 limit "$vm" --cpu 150% --vcpu 40000/50000 --emulator 50% --iothread 25% --shares 300
same "$(sched global_quota) $(sched global_period)" '150000 100000' 'virsh, global'
same "$(sched vcpu_quota) $(sched vcpu_period)" '40000 50000' 'virsh, vCPU'
same "$(sched emulator_quota) $(sched iothread_quota) $(sched cpu_shares)" '50000 25000 300' 'virsh'
same "$(kernel_quota)" '150000 100000' 'the cgroup'
has <(stored) '<global_quota>150000</global_quota>'
has <(stored) '<shares>300</shares>'
expect 0 limit "$vm" --json
same "$(limit_of cpu.vcpu_quota live)" '{"quota_us":40000,"period_us":50000}' 'JSON'
same "$(limit_of cpu.shares stored)" 300 'JSON'
expect 0 limit "$vm" --cpu 150%
has out 'Nothing to do'
expect 0 undo
same "$(kernel_quota)" "$quota_before" 'the cgroup, after undo'
same "$(stored)" "$before" 'stored, after undo'

say "the whole and its parts: in an order that holds at every step, back too"
expect 0 limit "$vm" --cpu 200% --vcpu 100% --live
expect 0 limit "$vm" --cpu 60% --vcpu 50% --live
same "$(sched global_quota) $(sched vcpu_quota)" '60000 50000' 'virsh, lowered'
expect 2 limit "$vm" --cpu 40% --live
has err 'each vCPU may use 50% of a CPU, and all of the VM together only 40%'
expect 0 undo
same "$(sched global_quota) $(sched vcpu_quota)" '200000 100000' 'virsh, after undo'
expect 0 undo
same "$(kernel_quota)" "$quota_before" 'the cgroup, after undo'

say "what runs only; what is stored only"
expect 0 limit "$vm" --cpu 50% --live
same "$(sched global_quota)" 50000 'live'
same "$(stored)" "$before" 'stored'
expect 0 limit "$vm" --cpu none --live
same "$(kernel_quota)" "$quota_before" 'the cgroup, without a limit'
expect 0 limit "$vm" --cpu 75% --config
has <(stored) '<global_quota>75000<'
same "$(kernel_quota)" "$quota_before" 'live, with --config'
expect 0 undo
expect 4 limit "$vm" --shares none --live
has err 'always has a weight'
expect 2 limit "$vm" --cpu fast
expect 2 limit "$vm" --cpu 0%

say "memory: what the guest and QEMU need at least"
expect 4 limit "$vm" --memory-hard 256M
has err 'needs 386 MiB \(128 MiB of memory'
same "$(kernel_memory)" "$memory_before" 'after a refusal'
expect 0 limit "$vm" --memory-hard 1G --memory-soft 512M
same "$(mem hard_limit) $(mem soft_limit)" '1048576 524288' 'virsh'
same "$(kernel_memory)" 1073741824 'the cgroup'
expect 2 limit "$vm" --memory-swap 512M
has err 'memory and swap together are limited to 512 MiB, memory alone to 1 GiB'
expect 0 limit "$vm" --memory-hard none --memory-soft none
same "$(kernel_memory)" "$memory_before" 'the cgroup, without a limit'

say "a disk: rates, operations, bursts; what is not named stays"
expect 0 limit "$vm" --disk vda:read=200M/s,write=100MB/s,read-iops=5k,read-max=400M/s,read-max-length=10s
same "$(io read_bytes_sec) $(io write_bytes_sec) $(io read_iops_sec) $(io read_bytes_sec_max) $(io read_bytes_sec_max_length)" \
    '209715200 100000000 5000 419430400 10' 'virsh'
expect 0 limit "$vm" --disk vda:write=none
same "$(io read_bytes_sec) $(io write_bytes_sec)" '209715200 0' 'virsh, after one was taken away'
expect 0 limit "$vm" --json
same "$(limit_of disk.vda live)" "$(limit_of disk.vda stored)" 'live and stored'
expect 2 limit "$vm" --disk vda:total=1G
has err "'total' is for reads and writes together, and 'read' is set too"
expect 2 limit "$vm" --disk vdb:read=1M
has err 'There are: vda'
expect 0 undo
expect 0 undo
same "$(io read_bytes_sec) $(io write_bytes_sec)" '0 0' 'virsh, after undo'

say "the weight of its disks, where the kernel has one"
if (($(virsh -q blkiotune "$vm" | awk '$1 == "weight" { print $3 }') > 0)); then
    expect 0 limit "$vm" --blkio-weight 300
    same "$(virsh -q blkiotune "$vm" | awk '$1 == "weight" { print $3 }')" 300 'virsh'
    expect 0 undo
fi

say "killed in the middle: the next command finishes or takes back"
for point in 'begun 0' 'did 0' 'done 0' 'did 1' 'begun 2'; do
    killed "$point" limit "$vm" --cpu 150% --disk vda:read=1M/s
    expect 0 history
    same "$(kernel_quota) $(io read_bytes_sec)" "$quota_before 0" "after recovery from '$point'"
    same "$(stored)" "$before" "stored, after recovery from '$point'"
done
killed 'did 2' limit "$vm" --cpu 150% --disk vda:read=1M/s
expect 0 history
expect 0 limit "$vm" --json
same "$(limit_of disk.vda live)" "$(limit_of disk.vda stored)" 'live and stored, killed when all was done'

say "memory and swap together: in an order that holds at every step, back too"
if [[ $(mem swap_hard_limit) ]]; then
    expect 0 limit "$vm" --memory-hard 1G --memory-swap 2G
    same "$(mem hard_limit) $(mem swap_hard_limit)" '1048576 2097152' 'virsh'
    expect 0 limit "$vm" --memory-hard 3G --memory-swap 4G
    expect 0 limit "$vm" --memory-hard 1G --memory-swap 1G
    expect 0 undo
    same "$(mem hard_limit) $(mem swap_hard_limit)" '3145728 4194304' 'virsh, after undo'
fi

say "back, byte for byte"
while [[ $(vnuma history --json | jq '[.applies[] | select(.state == "done")] | length') != 0 ]]; do
    expect 0 undo
done
same "$(stored)" "$before" 'stored XML'
same "$(virsh schedinfo "$vm" --live; virsh memtune "$vm" --live; virsh blkdeviotune "$vm" vda --live)" "$live_before" 'live'

say "interfaces: what the kernel cannot do is refused, also when only stored; what it can is done"
vm=$(guest_name net)
guest_xml "$vm" 1 64 | with_device "<interface type='ethernet'><mac address='$mac'/><target dev='vlimit0' managed='yes'/></interface>" |
    guest_define
expect 2 limit "$vm" --net vnet7:in=1Gbit
has err "There are: vlimit0 = $mac"
expect 2 limit "$vm" --net "$mac:in-peak=1Gbit"
if ! vnuma limit "$vm" --net "$mac:in=80Mbit,out=8Mbit" --dry-run >out 2>err; then
    has err 'it has no ((sch|cls|act)_[a-z0-9]+(, )?)+, neither as a module nor built in'
    expect 4 limit "$vm" --net "$mac:in=80Mbit,out=8Mbit" --config
    ! grep -q '<bandwidth>' <(stored) || die 'stored all the same'
    expect 0 limit "$vm" --net "$mac:none"
    has out 'Nothing to do'

    say "this kernel cannot: a stand-in for it and for tc, in this mount namespace, takes libvirt's orders"
    {
        cat /proc/kallsyms
        printf '0 t %s\n' htb_enqueue sfq_enqueue fw_classify ingress_init u32_classify tcf_police_act
    } >kallsyms
    printf '#!/bin/sh\necho "$*" >>%q\n' "$PWD/tc.log" >tc
    chmod +x tc
    mount --bind tc "$(readlink -f "$(command -v tc)")"
    mount --bind kallsyms /proc/kallsyms
fi
ordered() { has <(cat tc.log 2>/dev/null || tc class show dev vlimit0) "rate ($1)"; }
expect 0 limit "$vm" --net "$mac:in=80Mbit,out=8Mbit"
has <(stored) "<inbound average='10000'/>"
before=$(stored)
guest_start "$vm"
ordered '10000kbps|80Mbit'
expect 0 limit "$vm" --net vlimit0:in=160Mbit,in-burst=512K --live
same "$(virsh -q domiftune "$vm" vlimit0 --live | tr -d ' ' | grep -v :0 | paste -sd' ')" \
    'inbound.average:20000 inbound.burst:512 outbound.average:1000' 'virsh'
ordered '20000kbps|160Mbit'
expect 0 limit "$vm" --json
same "$(limit_of "net.$mac" live)" '{"inbound.average":20000,"inbound.burst":512,"outbound.average":1000}' 'JSON'
expect 0 undo
same "$(virsh -q domiftune "$vm" vlimit0 --live | tr -d ' ' | grep -v :0 | paste -sd' ')" \
    'inbound.average:10000 outbound.average:1000' 'virsh, after undo'
expect 0 limit "$vm" --net vlimit0:none
same "$(virsh -q domiftune "$vm" vlimit0 --live | tr -d ' ' | grep -vc :0)" 0 'virsh, without a limit'
! grep -q '<bandwidth>' <(stored) || die 'a limit is still stored'
expect 0 undo
same "$(stored)" "$before" 'stored XML'
