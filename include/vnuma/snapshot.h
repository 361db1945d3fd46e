/* SPDX-License-Identifier: MIT */
#ifndef VNUMA_SNAPSHOT_H
#define VNUMA_SNAPSHOT_H

#include <vnuma/host.h>
#include <vnuma/vm.h>

/**
 * struct vn_snapshot - everything a decision may depend on, at one time. Owns its arena.
 * The VMs are sorted by name.
 */
struct vn_snapshot {
    struct vn_arena arena;
    int64_t taken_usec; /* since the epoch, UTC */
    char *uri;          /* where it was read */
    struct vn_host host;
    struct vn_vm *vms;
    size_t n_vms;
};
void vn_snapshot_drop(struct vn_snapshot *snapshot);

/**
 * vn_snapshot_is_bare() - are its VMs QEMU processes that no libvirt manages (also where it is replayed)? Nothing is
 * stored of them, and a thread's mask in the kernel is all the pin there is.
 */
bool vn_snapshot_is_bare(const struct vn_snapshot *snapshot);

/** vn_snapshot_vm() - by name, else by UUID (its own, or the one in its live XML); NULL when absent. */
struct vn_vm *vn_snapshot_vm(const struct vn_snapshot *snapshot, const char *name);

/**
 * vn_snapshot_set_policy() - recompute every VM's policy (configuration file, then metadata) and,
 * where the configuration names them, the host's reserved and shared CPUs.
 */
void vn_snapshot_set_policy(struct vn_snapshot *snapshot, const struct vn_policy *policy);

#endif
