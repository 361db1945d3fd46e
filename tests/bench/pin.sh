#!/bin/bash
# pin.sh VNUMA BENCH-PIN RUNS: pinning every vCPU of a guest: N virsh calls, one virsh with a batch,
# one connection of ours, and a whole 'vnuma apply' (with its plan, journal and verification).
# Run by libvirtd-private. Medians of interleaved runs.
set -euo pipefail
vnuma=$1 bench_pin=$2 runs=$3
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../integration/domains.sh
source "$here/../integration/domains.sh"

median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }
now() { date +%s%N; }

timed() { # FILE COMMAND...: appends milliseconds
    local file=$1 start
    shift
    start=$(now)
    "$@" >/dev/null
    awk -v a="$start" -v b="$(now)" 'BEGIN { printf "%.2f\n", (b - a) / 1e6 }' >>"$file"
}

each_virsh() { for ((v = 0; v < n; v++)); do virsh -q vcpupin "$vm" "$v" "$1" --live; done; }
# A pin that is live only is drift from what is stored: exit status 1.
apply() {
    "$vnuma" --state "$out/state" apply "$vm" --policy shared --shared 1 --overcommit 1000 --live --no-move ||
        (($? == 1))
}
one_virsh() { for ((v = 0; v < n; v++)); do echo "vcpupin $vm $v $1 --live"; done | virsh -q; }

for n in 32 128; do
    vm=$(guest_name "pin$n")
    GUEST_MACHINE=q35 GUEST_TOUCH=no guest_xml "$vm" "$n" 128 |
        sed '/<currentMemory/d' | guest_define
    guest_start "$vm"
    out=$(mktemp -d)
    for ((i = 0; i < runs; i++)); do
        timed "$out/each" each_virsh 0
        timed "$out/batch" one_virsh 1
        timed "$out/ours" "$bench_pin" "$vm" "$n" 0
        timed "$out/apply" apply
    done
    each=$(median <"$out/each")
    printf '%-44s %d x virsh vcpupin %9.1f ms\n' "pin $n vCPUs" "$n" "$each"
    for what in batch ours apply; do
        case $what in
        batch) label='one virsh, a batch' ;;
        ours) label='vnuma, one connection' ;;
        apply) label='vnuma apply, whole' ;;
        esac
        median <"$out/$what" | awk -v each="$each" -v label="$label" \
            '{ printf "%-44s %-22s %9.1f ms  %6.1f times faster than one by one\n", "", label, $1, each / $1 }'
    done
    guest_remove "$vm"
    rm -rf "$out"
done
