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

# has FILE PATTERN: an extended regular expression must match in the file.
has() {
    grep -Eq -- "$2" "$1" && return
    cat "$1" >&2
    die "'$2' is not in '$1'"
}

same() {
    [[ $1 == "$2" ]] || die "${3:-values differ}: '$1' is not '$2'"
}

# What others than vnuma say of a thread: the kernel's list of CPUs it may run on.
allowed_of() {
    local pid=$1 name=$2 task
    for task in /proc/"$pid"/task/*; do
        [[ $(cat "$task/comm") == "$name" ]] || continue
        awk '$1 == "Cpus_allowed_list:" { print $2 }' "$task/status"
        return
    done
    die "process $pid has no thread '$name'"
}

tid_of() {
    local pid=$1 name=$2 task
    for task in /proc/"$pid"/task/*; do
        [[ $(cat "$task/comm") == "$name" ]] || continue
        basename "$task"
        return
    done
    die "process $pid has no thread '$name'"
}

# The directory of a thread's cpuset cgroup.
cpuset_of() {
    local file=/proc/$1/task/$(tid_of "$1" "$2")/cgroup v1
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

need_cpus() {
    (($(nproc) >= $1)) || {
        echo "skipped: needs $1 CPUs" >&2
        exit 77
    }
}
