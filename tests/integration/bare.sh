# What the tests of bare QEMU share: sourced after lib.sh.
# shellcheck shell=bash disable=SC2034
accel=tcg,thread=multi
[[ ${GUEST_TYPE:-qemu} != kvm ]] || accel=kvm
door=(-c qemu-proc:)
one=0 two=1 # CPUs of the first node
mapfile -t first < <(list_of "/sys/devices/system/node/node$(full_nodes | head -n 1)/cpulist" | sort -n)
((${#first[@]} < 2)) || one=${first[0]} two=${first[1]}

stopped=-S
# bare FILE ARGS...: a QEMU in the background, whose pid goes to FILE.pid. It boots nothing.
under=() # a command that QEMU is started by
bare() {
    local file=$1
    shift
    "${under[@]}" qemu-system-x86_64 $stopped -display none -nodefaults -M q35 -accel "$accel" -m 64 -pidfile "$file.pid" -daemonize "$@"
}
pid_of() { cat "$1.pid"; }

stop() {
    local pid
    pid=$(pid_of "$1") # QEMU takes its file along
    kill "$pid"
    while [[ -e /proc/$pid ]]; do sleep 0.05; done
}

# Every thread's mask, by its number.
masks() {
    local task
    for task in /proc/"$1"/task/*; do
        printf '%s %s\n' "${task##*/}" "$(allowed_of "$1" "${task##*/}")"
    done
}
