#!/bin/bash
# A bare QEMU in a cpuset cgroup that does not have the CPUs: its own is widened, a shared one is left, one above it is
# named. Seen in cgroup files and /proc; an undo leaves every file and mask as it was.
# shellcheck source=lib.sh
source "$HERE/lib.sh"
# shellcheck source=bare.sh
source "$HERE/bare.sh"
need_cpus 2

prefix=${VNUMA_TEST_PREFIX}qc
vm=${prefix}boxed

if [[ -d /run/systemd/system && -e /sys/fs/cgroup/cgroup.controllers ]]; then
    say "systemd's unit is systemd's: named, with the command, and not overruled"
    systemd-run -q --scope --unit="vnuma-qc$$" -p AllowedCPUs="$one" bash -c "$(declare -f bare)
        accel=$accel stopped=-S; bare boxed -name $vm,debug-threads=on -smp 2"
    before=$(masks "$(pid_of boxed)")
    expect 4 "${door[@]}" apply "$vm"
    has err "cannot run on .*cpuset.cpus.* allows $one only"
    has err "systemctl set-property --runtime vnuma-qc$$.scope AllowedCPUs="
    same "$(masks "$(pid_of boxed)")" "$before" 'masks of a boxed guest'
    expect 0 "${door[@]}" plan "$vm" --json
    jq -e '.notes | any(test("would be refused"))' out >/dev/null || die 'the plan does not say what forbids it'
    stop boxed
    exit 0
fi

root=/sys/fs/cgroup/cpuset
[[ -e $root/cpuset.cpus ]] || { echo "no cpuset cgroups that a test may make" >&2; exit 77; }
outer=$root/${prefix}outer inner=$root/${prefix}outer/inner
remove() {
    local file
    for file in *.pid; do
        [[ ! -e $file ]] || kill "$(cat "$file")" 2>/dev/null
    done
    [[ -z ${sleeper-} ]] || kill "$sleeper" 2>/dev/null
    sleep 0.5
    rmdir "$inner" "$outer"/vnuma.* "$outer"
}
trap '{ remove; } 2>/dev/null || true' EXIT

# box DIR CPUS: a cpuset
box() {
    mkdir "$1"
    cat "$root/cpuset.mems" >"$1/cpuset.mems"
    echo "$2" >"$1/cpuset.cpus"
}
cgroup_of() { sed -n 's/.*:cpuset://p' "/proc/$1/cgroup"; }

box "$outer" "$(cat $root/cpuset.cpus)"
box "$inner" "$one"
bare boxed -name "$vm,debug-threads=on" -smp 2 -object iothread,id=disk
pid=$(pid_of boxed)
echo "$pid" >"$inner/cgroup.procs"
before=$(masks "$pid")
inside=/${prefix}outer/inner

say "a cpuset of its own is widened first, and is as it was after the undo"
expect 0 "${door[@]}" plan "$vm" --json
same "$(jq -r '.steps[0] | "\(.kind) \(.key) \(.before)"' out)" "setting cpuset.cpus:$inner $one" 'the first step'
cp out plan.json
expect 0 "${door[@]}" apply "$vm" --dry-run
has out "cpuset.cpus:$inner = .* .was $one"
same "$(cat "$inner/cpuset.cpus")" "$one" 'CPUs of the cpuset after a dry run'
expect 0 "${door[@]}" apply plan.json
for vcpu in 0 1; do
    same "$(vcpu_allowed "$pid" "$vcpu")" "$(jq -r ".vms[0].vcpupin[\"$vcpu\"]" plan.json)" "vCPU $vcpu"
done
same "$(cgroup_of "$pid")" "$inside" 'cgroup of a guest that has one of its own'
expect 0 "${door[@]}" verify "$vm"
expect 0 "${door[@]}" plan "$vm" --json
same "$(jq -c .steps out)" '[]' 'steps after apply'
expect 0 "${door[@]}" undo
same "$(cat "$inner/cpuset.cpus")" "$one" 'CPUs of the cpuset after undo'
same "$(masks "$pid")" "$before" 'masks after undo'

say "one pin by hand, and what was pinned before stays where it was"
expect 0 "${door[@]}" pin "$vm" 0 "$two"
command=$(tr '\n' ' ' <out | sed "s/.*'\(vnuma [^']*\)' takes it back.*/\1/")
[[ $command =~ ^vnuma\ -c\ qemu-proc:\ --state\ "$STATE"\ undo\ [0-9]+$ ]] || die "the way back is told as '$command'"
same "$(vcpu_allowed "$pid" 0)" "$two" 'vCPU 0'
tid=$(vcpu_tid "$pid" 0)
expect 0 "${door[@]}" undo
same "$(cat "$inner/cpuset.cpus")" "$one" 'CPUs of the cpuset after undo'
same "$(allowed_of "$pid" "$tid")" "$one" 'vCPU 0 after undo'
same "$(masks "$pid")" "$before" 'masks after undo'

say "somebody changed the cpuset since: an undo leaves it alone"
expect 0 "${door[@]}" pin "$vm" 0 "$two"
if (($(nproc --all) >= 3)); then
    cat "$root/cpuset.cpus" >"$inner/cpuset.cpus"
    expect 4 "${door[@]}" undo
    has err 'somebody changed'
    echo "$one,$two" >"$inner/cpuset.cpus"
fi
expect 0 "${door[@]}" undo

say "an apply that dies after the first step is taken back"
status=0
VNUMA_TEST_KILL_AT='done 0' "$VNUMA" --state "$STATE" "${door[@]}" pin "$vm" 0 "$two" >out 2>err || status=$?
same "$status" 137 'a killed apply'
[[ $(cat "$inner/cpuset.cpus") != "$one" ]] || die 'the first step was not done'
expect 0 "${door[@]}" history
same "$(cat "$inner/cpuset.cpus")" "$one" 'CPUs of the cpuset after recovery'
same "$(masks "$pid")" "$before" 'masks after recovery'

say "a shared cpuset is left as it is: the guest gets one beside it, and goes back"
sleep 600 &
sleeper=$!
echo "$sleeper" >"$inner/cgroup.procs"
expect 0 "${door[@]}" apply "$vm"
same "$(cgroup_of "$pid")" "/${prefix}outer/vnuma.$pid" 'cgroup of a guest that shared one'
same "$(cgroup_of "$sleeper")" "$inside" 'cgroup of the other process'
same "$(cat "$inner/cpuset.cpus")" "$one" 'CPUs of the shared cpuset'
same "$(cat "$outer/vnuma.$pid/cpuset.mems")" "$(cat "$inner/cpuset.mems")" 'nodes of the new cpuset'
for vcpu in 0 1; do
    same "$(vcpu_allowed "$pid" "$vcpu")" "$(jq -r ".vms[0].vcpupin[\"$vcpu\"]" plan.json)" "vCPU $vcpu"
done
expect 0 "${door[@]}" verify "$vm"
expect 0 "${door[@]}" undo
same "$(cgroup_of "$pid")" "$inside" 'cgroup after undo'
[[ ! -e $outer/vnuma.$pid ]] || die 'the cpuset that vnuma made is still there'
same "$(masks "$pid")" "$before" 'masks after undo'

say "a cpuset above it that does not have the CPUs is named, and not overruled"
echo "$one" >"$outer/cpuset.cpus"
expect 0 "${door[@]}" plan "$vm" --json
jq -e --arg file "$outer/cpuset.cpus" '.notes | any(test("would be refused: .*" + $file))' out >/dev/null ||
    die 'the plan does not say what forbids it'
expect 4 "${door[@]}" apply "$vm"
has err "cannot run on .*'$outer/cpuset.cpus' allows $one only"
expect 4 "${door[@]}" pin "$vm" 0 "$two"
has err "cannot run on $two: '$outer/cpuset.cpus' allows $one only"
same "$(masks "$pid")" "$before" 'masks after a refusal'
same "$(cat "$inner/cpuset.cpus")" "$one" 'CPUs of the cpuset after a refusal'

say "a plan that names another file is refused"
jq --arg file /etc '.steps[0].key = "cpuset.cpus:" + $file' plan.json >bad.vnuma.json
cat "$root/cpuset.cpus" >"$outer/cpuset.cpus"
expect 4 "${door[@]}" apply bad.vnuma.json
has err 'no cpuset cgroup'
