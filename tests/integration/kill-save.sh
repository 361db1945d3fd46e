#!/bin/bash
# kill -9 around and in the middle of --via save-restore: the guest runs as before or as planned, or the
# journal says that it does not, and how it comes back; nothing of it is lost.
# shellcheck source=lib.sh
source "$HERE/lib.sh"
need_cpus 2

GUEST_IMAGE=$VNUMA_GUEST_IMAGE
vm=$(guest_name save)
guest_xml "$vm" 2 192 | guest_define
guest_start "$vm"
guest_wait_agent "$vm"
boot_id() { guest_exec "$vm" /bin/busybox cat /proc/sys/kernel/random/boot_id; }
stored() { virsh dumpxml --inactive --security-info "$vm"; }
bound() { virsh dumpxml "$vm" | grep -c "<memory mode='strict'" || true; }
id=$(boot_id)
before=$(stored)
state() { jq -r '.applies[0].state' out; }

expect 0 plan "$vm" --via save-restore --json
say "what an earlier one left behind is put aside"
left=/var/lib/libvirt/qemu/save/vnuma-$(virsh -q domuuid "$vm").save
echo old >"$left"
step=$(jq '.steps | map(.kind) | index("save-restore")' out)
((step >= 0)) || die 'no step saves and restores'

for point in "begun $step" "did $step" "done $step"; do
    killed "$point" apply "$vm" --via save-restore
    expect 0 history --json
    case $(state) in
    undone) ;;
    done) expect 0 undo ;;
    *) die "killed at '$point': history says $(jq -c '.applies[0]' out)" ;;
    esac
    same "$(stored)" "$before" "killed at '$point': the stored XML"
    same "$(bound)" 0 "killed at '$point': what runs is bound"
    guest_wait_agent "$vm"
    same "$(boot_id)" "$id" "killed at '$point': the guest was restarted"
done

same "$(cat "$left.old")" old 'what an earlier one left behind'

say "in the middle: the guest is being saved, or is off and saved"
for pause in 0 0.3 0.6; do
    "$VNUMA" --state "$STATE" apply "$vm" --via save-restore >out 2>err &
    vnuma=$!
    for ((tries = 0; tries < 600; tries++)); do
        [[ $(virsh -q domstate "$vm") == running ]] || break
        kill -0 "$vnuma" 2>/dev/null || die "apply ended before it could be killed: $(cat err)"
        sleep 0.05
    done
    sleep "$pause"
    kill -KILL "$vnuma" 2>/dev/null || true # at the end already
    wait "$vnuma" 2>/dev/null || true
    say "killed while the guest was '$(virsh -q domstate "$vm")'"
    status=0
    "$VNUMA" --state "$STATE" history --json >out 2>err || status=$?
    say "history: $(state), $(jq -r '.applies[0].note' out)"
    case $(state) in
    undone) ;;
    done) expect 0 undo ;; # libvirtd had gone on to the end of the restore
    partial)
        has err "$vm"
        expect 0 undo # tries what is stuck again
        ;;
    *) die "history says $(jq -c '.applies[0]' out)" ;;
    esac
    [[ $(virsh -q domstate "$vm") == running ]] || die "the guest is left '$(virsh -q domstate "$vm")': $(cat err out)"
    same "$(stored)" "$before" 'the stored XML'
    guest_wait_agent "$vm"
    same "$(boot_id)" "$id" 'the guest was restarted'
done
