#!/bin/bash
# QEMU that no libvirt manages: found in /proc, its threads known by QMP, by names or not at all, pinned, verified and
# taken back; seen with taskset and /proc. Two of one name, one that was started again, a QMP socket that is in use.
# shellcheck source=lib.sh
source "$HERE/lib.sh"
# shellcheck source=bare.sh
source "$HERE/bare.sh"
need_cpus 2

# Does KVM's debugfs tell which threads are a process's vCPUs?
in_debugfs() { grep -qsx '[1-9][0-9]*' /sys/kernel/debug/kvm/"$1"-*/vcpu0/pid; }

# What QMP says of vCPU N's thread; a client of ours, and not vnuma's.
qmp_tid() {
    python3 - "$1" "$2" <<'PY'
import json, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); f = s.makefile("rw")
f.readline()
for command in "qmp_capabilities", "query-cpus-fast":
    f.write(json.dumps({"execute": command}) + "\n"); f.flush()
    reply = json.loads(f.readline())
print(next(c["thread-id"] for c in reply["return"] if c["cpu-index"] == int(sys.argv[2])))
PY
}

# The plan's pins of FILE's guest are what the kernel has: names or QMP told which thread is which.
check_pins() {
    local vm=$1 pid=$2 vcpu tid
    for vcpu in 0 1; do
        if [[ -n ${3-} ]]; then tid=$(qmp_tid "$3" "$vcpu"); else tid=$(vcpu_tid "$pid" "$vcpu"); fi
        same "$(taskset -cp "$tid" | sed 's/.*: //')" "$(jq -r ".vms[0].vcpupin[\"$vcpu\"]" plan.json)" "$vm, vCPU $vcpu"
    done
}

apply_and_undo() {
    local vm=$1 pid=$2 socket=${3-} before
    before=$(masks "$pid")
    expect 0 "${door[@]}" plan "$vm" --json
    cp out plan.json
    same "$(jq '.steps | map(select(.kind == "define")) | length' plan.json)" 0 'steps that store something'
    jq -e '.notes | any(test("no stored configuration"))' plan.json >/dev/null || die 'the plan does not say what holds'
    expect 0 "${door[@]}" apply "$vm"
    check_pins "$vm" "$pid" "$socket"
    expect 0 "${door[@]}" verify "$vm"
    expect 0 "${door[@]}" plan "$vm" --json
    same "$(jq -c .steps out)" '[]' 'steps after apply'
    expect 0 "${door[@]}" undo
    same "$(masks "$pid")" "$before" 'masks after undo'
}

prefix=${VNUMA_TEST_PREFIX}qp
both=${prefix}both

say "with names and QMP, a cell and an IOThread: found, planned, applied, verified, undone"
bare both -name "$both,debug-threads=on" -uuid 5ca1ab1e-0000-4000-8000-000000000001 -smp 2 \
    -qmp "unix:$PWD/both.sock,server=on,wait=off" -object iothread,id=disk \
    -object memory-backend-ram,id=m0,size=64M,prealloc=on -numa node,memdev=m0
expect 0 "${door[@]}" vm "$both" --json
same "$(jq -r .state out)" paused 'state, which QMP knows'
same "$(jq '.cells[0].memory_kib' out)" 65536 'memory of the cell'
same "$(jq '[.cells[0].by_node[].memory_kib] | add' out)" 65536 'resident memory of the cell'
same "$(jq -r '.vcpus[1].allowed' out)" "$(vcpu_allowed "$(pid_of both)" 1)" 'mask of vCPU 1'
same "$(jq '.iothreads | length' out)" 1 'IOThreads'
expect 0 "${door[@]}" vm 5ca1ab1e-0000-4000-8000-000000000001
has out "^$both:"
apply_and_undo "$both" "$(pid_of both)"
expect 0 "${door[@]}" plan "$both"
has out 'host-nodes=[0-9]+,policy=bind'

say "a socket by -chardev and -mon, and no names: threads by QMP"
bare mon -name "${prefix}mon" -smp 2 -chardev "socket,id=q,path=$PWD/mon.sock,server=on,wait=off" -mon chardev=q,mode=control
apply_and_undo "${prefix}mon" "$(pid_of mon)" "$PWD/mon.sock"

say "names and no QMP"
bare names -name "guest=${prefix}names,debug-threads=on" -smp 2
apply_and_undo "${prefix}names" "$(pid_of names)"

say "the QMP socket is another client's: names still tell, and where there are none that is said"
python3 -c '
import socket, sys, time
held = []
for path in sys.argv[1:]:
    s = socket.socket(socket.AF_UNIX); s.connect(path); s.recv(4096); held.append(s)
open("held", "w").close()
time.sleep(600)' "$PWD/both.sock" "$PWD/mon.sock" &
holder=$!
while [[ ! -e held ]]; do sleep 0.05; done
apply_and_undo "$both" "$(pid_of both)"
expect 0 "${door[@]}" vm "${prefix}mon" --json
if ! in_debugfs "$(pid_of mon)"; then
    same "$(jq -r '.unread | test("serves one client")' out)" true 'a busy socket is named'
    before=$(masks "$(pid_of mon)")
    expect 4 "${door[@]}" apply "${prefix}mon"
    has err 'vCPU 0 of .* cannot be pinned'
    same "$(masks "$(pid_of mon)")" "$before" 'masks after a refusal'
    expect 0 "${door[@]}" verify "${prefix}mon"
    has out unchecked
fi
kill "$holder"
wait "$holder" 2>/dev/null || true
apply_and_undo "${prefix}mon" "$(pid_of mon)" "$PWD/mon.sock"

say "neither: vCPUs are known by KVM's debugfs, or not at all"
[[ $accel != kvm ]] || stopped= # KVM knows the thread of a vCPU once it has run
bare none -name "${prefix}none" -smp 2
stopped=-S
before=$(masks "$(pid_of none)")
if in_debugfs "$(pid_of none)"; then
    expect 0 "${door[@]}" apply "${prefix}none"
    expect 0 "${door[@]}" undo
else
    expect 4 "${door[@]}" apply "${prefix}none"
    has err 'debug-threads=on'
fi
same "$(masks "$(pid_of none)")" "$before" 'masks of a guest without names'

say "two of one name have their pids"
bare twin1 -name "${prefix}twin,debug-threads=on" -smp 1
bare twin2 -name "${prefix}twin,debug-threads=on" -smp 1
expect 2 "${door[@]}" vm "${prefix}twin"
expect 2 "${door[@]}" plan "${prefix}twin"
has err "${prefix}twin@"
taskset -acp "$one" "$(pid_of twin2)" >/dev/null
before=$(masks "$(pid_of twin1)")
expect 0 "${door[@]}" apply "${prefix}twin@$(pid_of twin1)" --reserve "$one"
same "$(vcpu_allowed "$(pid_of twin1)" 0 | grep -cx "$one")" 0 'vCPU 0 of the first twin'
same "$(vcpu_allowed "$(pid_of twin2)" 0)" "$one" 'vCPU 0 of the second twin'
stop twin2
expect 0 "${door[@]}" undo # it has its name for itself now; the journal knows it by the other
same "$(masks "$(pid_of twin1)")" "$before" 'masks of the first twin'

say "an undo leaves alone what was started since under the same name"
bare again -name "${prefix}again,debug-threads=on" -smp 2
expect 0 "${door[@]}" apply "${prefix}again"
stop again
bare again -name "${prefix}again,debug-threads=on" -smp 2
taskset -acp "$two" "$(pid_of again)" >/dev/null
before=$(masks "$(pid_of again)")
expect 0 "${door[@]}" undo
has out 'gone'
same "$(masks "$(pid_of again)")" "$before" 'masks of a guest that was started again'
stop again # it has a CPU for itself

say "what somebody changed since is left alone, but for --force"
expect 0 "${door[@]}" apply "$both"
tid=$(vcpu_tid "$(pid_of both)" 0)
now=$(allowed_of "$(pid_of both)" "$tid")
other=$one
[[ $now != "$one" ]] || other=$two
taskset -cp "$other" "$tid" >/dev/null
expect 4 "${door[@]}" undo
expect 1 "${door[@]}" verify "$both" --json
jq -e --arg pin "$now" --arg is "$other" '.findings[] | select(.rule == "pin-kernel") | [.evidence[].value] == [$pin, $is]' \
    out >/dev/null || die 'verify does not see what was changed since'
expect 0 "${door[@]}" vm "$both" --json
same "$(jq -r '.vcpus[0] | "\(.configured) \(.allowed)"' out)" "$now $other" 'what was applied and what is'
eval "$(jq -r '.findings[] | select(.rule == "pin-kernel") | .fix' <("$VNUMA" --state "$STATE" "${door[@]}" verify "$both" --json || true))" >/dev/null
expect 0 "${door[@]}" verify "$both"
taskset -cp "$other" "$tid" >/dev/null
expect 0 "${door[@]}" undo --force
expect 0 "${door[@]}" verify "$both"

say "libvirt's guests are libvirt's"
vm=$(guest_name qplv)
guest_xml "$vm" 1 64 | guest_define
guest_start "$vm"
expect 0 "${door[@]}" vm --json
same "$(jq --arg vm "$vm" '[.vms[] | select(.name == $vm)] | length' out)" 0 "libvirt's guest among the bare ones"
same "$(jq --arg vm "$both" '[.vms[] | select(.name == $vm)] | length' out)" 1 'the bare guest'
expect 0 vm --json
same "$(jq --arg vm "$both" '[.vms[] | select(.name == $vm)] | length' out)" 0 "the bare guest among libvirt's"

say "nothing is stored: what would store is refused"
expect 4 "${door[@]}" plan "$both" --config
has err 'start script'
expect 4 "${door[@]}" plan "$both" --xml
expect 4 "${door[@]}" apply "$both" --via save-restore
expect 4 "${door[@]}" plan --new "name=${prefix}new,vcpus=1,memory=64M"
expect 2 -c qemu-proc:x vm

say "the levers by hand: what works, and what is refused clearly"
pid=$(pid_of both)
before=$(masks "$pid")
expect 0 "${door[@]}" pin "$both" 0-1 "$one,$two" --each
same "$(vcpu_allowed "$pid" 0) $(vcpu_allowed "$pid" 1)" "$one $two" 'vCPUs pinned one by one'
expect 0 "${door[@]}" undo
same "$(masks "$pid")" "$before" 'masks after undo'
expect 0 "${door[@]}" pin "$both" --emulator "$two"
same "$(allowed_of "$pid" "$pid")" "$two" 'the emulator'
expect 0 "${door[@]}" undo
expect 0 "${door[@]}" pin "$both" --iothread 1 "$two"
expect 0 "${door[@]}" vm "$both" --json
same "$(jq -r '.iothreads[0].allowed' out)" "$two" 'the IOThread'
expect 0 "${door[@]}" undo
same "$(masks "$pid")" "$before" 'masks after undo'
expect 4 "${door[@]}" pin "$both" 0 "$one" --config
has err 'nothing is stored'
expect 0 "${door[@]}" numatune "$both" --json
expect 0 "${door[@]}" numatune "$both" --cell 0="$(full_nodes | head -n 1)" --move
expect 4 "${door[@]}" numatune "$both" --cell 0="$(full_nodes | head -n 1)"
has err 'memory policy of a bare QEMU is its own'
expect 0 "${door[@]}" vcpus "$both" --json
same "$(jq .live.vcpus out)" 2 'vCPUs that are plugged'
expect 4 "${door[@]}" vcpus "$both" 1
has err 'plugs no vCPUs of a bare QEMU'
expect 4 "${door[@]}" vcpus "$both" --max 4
has err 'plugs no vCPUs of a bare QEMU'
expect 0 "${door[@]}" balancing --json
expect 0 "${door[@]}" stat "$both"
same "$(masks "$pid")" "$before" 'masks after refusals'

say "without permission: a look, and no change"
mkdir -m 777 nobody
chmod 755 "$VNUMA_TEST_DIR" .
status=0
setpriv --reuid 65534 --regid 65534 --clear-groups "$VNUMA" --state "$PWD/nobody" "${door[@]}" apply "$both" >out 2>err || status=$?
same "$status" 3 'a change without permission'

say "a capture of it is the same host again"
expect 0 "${door[@]}" capture bare.host
expect 0 "${door[@]}" vm "$both" --json
jq 'del(.vcpus[].cpu, .vcpus[].node, .emulator.cpu, .emulator.node, .iothreads[].cpu, .iothreads[].node)' out >live.json
expect 0 -c replay:bare.host vm "$both" --json
jq 'del(.vcpus[].cpu, .vcpus[].node, .emulator.cpu, .emulator.node, .iothreads[].cpu, .iothreads[].node)' out | cmp - live.json
expect 0 "${door[@]}" capture --anonymize - >/dev/null

if (($(full_nodes | wc -l) >= 2)); then
    say "memory on the wrong node moves, and back"
    mapfile -t nodes < <(full_nodes)
    right=${nodes[0]} wrong=${nodes[1]}
    # the policy is the process's: one that QEMU's own backend had would go on saying where the memory belongs
    under=(numactl "--preferred=$wrong")
    bare far -name "${prefix}far,debug-threads=on" -smp 2 \
        -object "memory-backend-ram,id=m0,size=64M,prealloc=on" -machine memory-backend=m0
    under=()
    pid=$(pid_of far)
    before=$(masks "$pid")
    there=$(anon_kib "$pid" "$wrong")
    expect 0 "${door[@]}" apply "${prefix}far" --reserve "$(node_cpus "$wrong")"
    share=$(anon_share "$pid" "$right")
    ((share >= 9800)) || die "only $share of 10000 of the memory is on node $right"
    expect 0 "${door[@]}" undo --memory
    expect 0 "${door[@]}" numatune "${prefix}far" --nodes "$right" --move
    share=$(anon_share "$pid" "$right")
    ((share >= 9800)) || die "by hand only $share of 10000 of the memory went to node $right"
    expect 0 "${door[@]}" undo --memory
    same "$(masks "$pid")" "$before" 'masks after undo'
    (($(anon_kib "$pid" "$wrong") * 100 >= there * 98)) || die 'the memory did not come back'
fi
