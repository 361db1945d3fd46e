#!/bin/bash
# Automatic NUMA balancing: read, switched for now and for every boot, and taken back.
# shellcheck source=lib.sh
source "$HERE/lib.sh"

setting=/proc/sys/kernel/numa_balancing file=/etc/sysctl.d/90-vnuma.conf
if [[ ! -w $setting ]]; then
    expect 4 balancing
    has err 'no automatic NUMA balancing'
    echo "skipped: this kernel has no automatic NUMA balancing" >&2
    exit 77
fi
first=$(cat "$setting")
trap 'echo "$first" >"$setting"' EXIT
[[ ! -e $file ]] || die "$file is there already"

expect 0 balancing
[[ $(uniq -d out | grep -c '^$') == 0 ]] || die 'two empty lines where no VM runs'

vm=$(guest_name balancing)
guest_xml "$vm" 1 64 | guest_define
guest_start "$vm"
echo 1 >"$setting"
expect 0 balancing --json
same "$(jq -r '.value, .stored' out | paste -sd' ')" '1 null' 'value and stored'
same "$(jq -r --arg vm "$vm" '.vms[] | select(.name == $vm) | .use' out)" \
    "$([[ $(full_nodes | wc -l) == 1 ]] && echo pinned || echo floating)" 'what it does for the guest'

expect 0 balancing off --dry-run
same "$(cat "$setting")" 1 'after a dry run'
expect 0 balancing off
same "$(cat "$setting")" 0 'off'
[[ ! -e $file ]] || die 'off without --persist wrote a file'
expect 0 balancing off
has out 'Nothing to do'
expect 0 undo
same "$(cat "$setting")" 1 'after undo'

if [[ -d ${file%/*} ]]; then
    expect 0 balancing off --persist
    same "$(sed -n 's/^kernel.numa_balancing = //p' "$file")" 0 'what holds at the next boot'
    # the line is one that sysctl(8) takes
    if command -v sysctl >/dev/null; then
        echo 1 >"$setting"
        sysctl -q -p "$file"
        same "$(cat "$setting")" 0 'as sysctl reads it'
    fi
    expect 0 undo
    same "$(cat "$setting")" 1 'after undo'
    [[ ! -e $file ]] || die 'undo left the file'

    say "killed between the two"
    killed 'did 0' balancing off --persist
    expect 0 history
    has err 'interrupted'
    same "$(cat "$setting")" 1 'after recovery'
    [[ ! -e $file ]] || die 'recovery left the file'
fi
expect 2 balancing sometimes
