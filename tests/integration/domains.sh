# shellcheck shell=bash
# Guests for tests; to be sourced by what libvirtd-private runs.
#
#   domain=$(guest_name db)                the name to use; unique on this machine
#   guest_xml "$domain" 4 512 2 | guest_define    4 vCPUs, 512 MiB, 2 guest nodes
#   guest_start "$domain"
#   guest_wait_agent "$domain"             only with GUEST_IMAGE
#   guest_exec "$domain" /bin/nproc        prints its output; its status is returned
#   guest_pid "$domain"                    QEMU's process id
#   guest_remove "$domain"
#
# What guest_xml reads from the environment, beside its arguments:
#   GUEST_TYPE       qemu (default): emulated; kvm, in the lab
#   GUEST_IMAGE      the directory guest-image printed; unset: nothing is booted
#   GUEST_MACHINE    pc (default) or q35
#   GUEST_MAX_VCPUS  room for hot-plug; default: as many as VCPUS
#   GUEST_CELLS_MIB  the cells' sizes where they differ, "256 512"; the sum is MEM_MIB
#   GUEST_TOUCH      yes (default): QEMU touches all memory at the start; no
#   GUEST_EXTRA      more elements of <domain>, such as <numatune> or <cputune>
#   GUEST_BACKING    more elements of <memoryBacking>, such as <hugepages/>

guest_name() {
    printf '%s%s\n' "${VNUMA_TEST_PREFIX:?is not set: run this by libvirtd-private}" "$1"
}

# guest_xml NAME VCPUS MEM_MIB [CELLS]: the domain's XML. With CELLS, vCPUs and
# memory are spread over that many guest nodes, as equally as can be.
guest_xml() {
    local name=$1 vcpus=$2 mem_mib=$3 cells=${4:-0}
    local max=${GUEST_MAX_VCPUS:-$vcpus}
    cat <<EOF
<domain type='${GUEST_TYPE:-qemu}'>
  <name>$name</name>
  <memory unit='MiB'>$mem_mib</memory>
  <vcpu placement='static' current='$vcpus'>$max</vcpu>
  <iothreads>1</iothreads>
  <memoryBacking>
    ${GUEST_BACKING-}
$(guest_touch_xml)
  </memoryBacking>
  ${GUEST_EXTRA-}
  <os>
    <type arch='x86_64' machine='${GUEST_MACHINE:-pc}'>hvm</type>
$(guest_boot_xml)
  </os>
  <features><acpi/><apic/></features>
$(guest_cpu_xml "$max" "$mem_mib" "$cells")
  <on_reboot>destroy</on_reboot>
  <devices>
    <emulator>$(command -v qemu-system-x86_64)</emulator>
    <controller type='usb' model='none'/>
    <controller type='virtio-serial'/>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <serial type='file'><source path='$(guest_console "$name")'/></serial>
    <memballoon model='none'/>
  </devices>
</domain>
EOF
}

guest_touch_xml() {
    [[ ${GUEST_TOUCH:-yes} != yes ]] || echo "    <allocation mode='immediate'/>"
}

guest_boot_xml() {
    [[ -n ${GUEST_IMAGE-} ]] || return 0
    cat <<EOF
    <kernel>$GUEST_IMAGE/vmlinuz</kernel>
    <initrd>$GUEST_IMAGE/initrd.gz</initrd>
    <cmdline>console=ttyS0 quiet panic=-1</cmdline>
EOF
}

guest_cpu_xml() {
    local vcpus=$1 mem_mib=$2 cells=$3 cell first next
    local -a sizes
    read -ra sizes <<<"${GUEST_CELLS_MIB-}"
    ((cells > 0)) || return 0
    echo "  <cpu><numa>"
    for ((cell = 0; cell < cells; cell++)); do
        first=$((vcpus * cell / cells)) next=$((vcpus * (cell + 1) / cells))
        printf "    <cell id='%d' cpus='%d-%d' memory='%d' unit='MiB'/>\n" "$cell" \
            "$first" "$((next - 1))" \
            "${sizes[cell]:-$((mem_mib * (cell + 1) / cells - mem_mib * cell / cells))}"
    done
    echo "  </numa></cpu>"
}

# What the guest's serial console said.
guest_console() {
    printf '%s/%s.console\n' "${VNUMA_TEST_DIR:?}" "$1"
}

# guest_define [FILE]: from standard input where no file is named.
guest_define() {
    virsh -q define "${1:-/dev/stdin}" >/dev/null
}

guest_start() {
    virsh -q start "$1" >/dev/null
}

# Prints the process id, as this PID namespace has it.
guest_pid() {
    cat "/run/libvirt/qemu/$1.pid"
}

# guest_wait_agent NAME [SECONDS]
guest_wait_agent() {
    local end=$((SECONDS + ${2:-60}))
    until virsh -q qemu-agent-command "$1" '{"execute":"guest-ping"}' >/dev/null 2>&1; do
        if ((SECONDS >= end)); then
            printf "the agent of '%s' does not answer; its console ends with:\n" "$1" >&2
            tail -n 5 "$(guest_console "$1")" >&2
            return 1
        fi
        sleep 0.2
    done
}

# guest_exec NAME PROGRAM [ARG...]: runs a program (an absolute path) in the guest.
guest_exec() {
    local name=$1 path=$2 request id reply
    shift 2
    request=$(jq -cn '{execute: "guest-exec", arguments:
        {path: $ARGS.positional[0], arg: $ARGS.positional[1:], "capture-output": true}}' \
        --args -- "$path" "$@")
    id=$(virsh -q qemu-agent-command "$name" "$request" | jq .return.pid)
    request="{\"execute\":\"guest-exec-status\",\"arguments\":{\"pid\":$id}}"
    while :; do
        reply=$(virsh -q qemu-agent-command "$name" "$request") || return
        [[ $(jq .return.exited <<<"$reply") != true ]] || break
        sleep 0.1
    done
    jq -r '.return["out-data"] // empty' <<<"$reply" | base64 -d
    jq -r '.return["err-data"] // empty' <<<"$reply" | base64 -d >&2
    return "$(jq '.return.exitcode // 1' <<<"$reply")"
}

guest_remove() {
    virsh -q destroy "$1" >/dev/null 2>&1 || true
    virsh -q undefine "$1" >/dev/null
}
