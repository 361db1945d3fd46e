# shellcheck shell=bash
# What every integration test says and checks; sourced first. Also has domains.sh.
set -euo pipefail
# shellcheck source=domains.sh
source "$HERE/domains.sh"

STATE=$PWD/state

say() { printf '# %s\n' "$*"; }

die() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

trap 'printf "FAILED at %s line %s: %s\n" "${BASH_SOURCE[0]##*/}" "$LINENO" "$BASH_COMMAND" >&2' ERR

# vnuma ARGS...: the program, with a journal of the test's own.
vnuma() {
    "$VNUMA" --state "$STATE" "$@"
}

# expect STATUS ARGS...: runs vnuma, fails unless it ends so; output goes to ./out and ./err.
expect() {
    local status=0 wanted=$1
    shift
    "$VNUMA" --state "$STATE" "$@" >out 2>err || status=$?
    ((status == wanted)) && return
    cat out err >&2
    die "'vnuma $*' ended with $status, expected $wanted"
}

# killed POINT ARGS...: vnuma, which is killed at that point. (Bash's own word about it is left out.)
killed() {
    local status=0
    { VNUMA_TEST_KILL_AT=$1 "$VNUMA" --state "$STATE" "${@:2}" >out 2>err || status=$?; } 2>/dev/null
    ((status == 137)) || die "'${*:2}' was not killed at '$1' but ended with $status"
}

# has FILE PATTERN: an extended regular expression must match in the file.
has() {
    grep -Eq -- "$2" "$1" && return
    cat "$1" >&2
    die "'$2' is not in '$1'"
}

same() {
    [[ $1 == "$2" ]] || die "${3:-values differ}: '$1' is not '$2'"
}

# The thread of a vCPU: 'CPU 0/KVM', or 'CPU 0/TCG' where it is emulated.
vcpu_tid() {
    local pid=$1 vcpu=$2 task
    for task in /proc/"$pid"/task/*; do
        [[ $(cat "$task/comm") == "CPU $vcpu/"* ]] || continue
        basename "$task"
        return
    done
    die "process $pid has no thread of vCPU $vcpu"
}

# What others than vnuma say of a thread: the kernel's list of CPUs it may run on.
allowed_of() {
    awk '$1 == "Cpus_allowed_list:" { print $2 }' "/proc/$1/task/$2/status"
}

vcpu_allowed() { allowed_of "$1" "$(vcpu_tid "$1" "$2")"; }

# The directory of a vCPU's cpuset cgroup.
vcpu_cpuset() {
    local file=/proc/$1/task/$(vcpu_tid "$1" "$2")/cgroup v1
    v1=$(awk -F: '$2 ~ /(^|,)cpuset(,|$)/ { print $3 }' "$file")
    if [[ -n $v1 ]]; then
        echo "/sys/fs/cgroup/cpuset$v1"
    else
        echo "/sys/fs/cgroup$(awk -F: '$1 == 0 { print $3 }' "$file")"
    fi
}

# Everything apply may change of a guest, as virsh and the kernel have it.
state_of() {
    local domain=$1 pid task
    virsh dumpxml --inactive --security-info "$domain"
    virsh -q vcpupin "$domain"
    virsh -q emulatorpin "$domain"
    virsh -q iothreadinfo "$domain"
    pid=$(guest_pid "$domain")
    for task in /proc/"$pid"/task/*; do
        case $(cat "$task/comm") in
        CPU* | IO\ iothread*) printf '%s %s\n' "$(cat "$task/comm")" "$(awk '$1 == "Cpus_allowed_list:" { print $2 }' "$task/status")" ;;
        esac
    done | sort
}

online_cpus() { cat /sys/devices/system/cpu/online; }

# The ids of the nodes that have CPUs and memory, one a line.
full_nodes() {
    comm -12 <(list_of /sys/devices/system/node/has_cpu) <(list_of /sys/devices/system/node/has_memory) | sort -n
}

# The kernel's list format, one number a line, in the order that comm wants.
list_of() {
    tr ',' '\n' <"$1" | while IFS=- read -r from to; do seq "$from" "${to:-$from}"; done | sort
}

node_cpus() { cat "/sys/devices/system/node/node$1/cpulist"; }

need_nodes() {
    (($(full_nodes | wc -l) >= $1)) || {
        echo "skipped: needs $1 nodes with CPUs and memory" >&2
        exit 77
    }
}

# anon_kib PID [NODE]: what numa_maps says of anonymous memory, on one node or all.
anon_kib() {
    awk -v node="${2-}" '!/ file=/ { size = 4
        for (i = 3; i <= NF; i++) if (split($i, p, "=") == 2 && p[1] == "kernelpagesize_kB") size = p[2]
        for (i = 3; i <= NF; i++) if ($i ~ /^N[0-9]+=/) {
            split(substr($i, 2), p, "=")
            if (node == "" || p[1] == node) sum += p[2] * size
        } } END { print sum + 0 }' "/proc/$1/numa_maps"
}

# anon_share PID NODE: how much of the anonymous memory is on that node, in hundredths of a per cent.
anon_share() { echo $((10000 * $(anon_kib "$1" "$2") / $(anon_kib "$1"))); }

# all_to_node PID NODE: by migratepages, which leaves what is in use just then: again until it is there.
all_to_node() {
    local tries
    for ((tries = 0; tries < 50; tries++)); do
        migratepages "$1" all "$2" || true # its own status says nothing
        (($(anon_share "$1" "$2") < 9990)) || return 0
        sleep 0.2
    done
    die "migratepages brings only $(anon_share "$1" "$2") of 10000 to node $2"
}

# numastat_mib PID NODE: numastat's own total for a process on a node, in whole MiB.
numastat_mib() {
    numastat -p "$1" | awk -v node="$2" '
        /Node [0-9]+/ { for (i = 1; i <= NF; i++) if ($i == "Node") column[$(i + 1)] = ++n }
        /^Total/ { if (node in column) printf "%d", $(1 + column[node]) }'
}

need_cpus() {
    (($(nproc) >= $1)) || {
        echo "skipped: needs $1 CPUs" >&2
        exit 77
    }
}
