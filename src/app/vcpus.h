/* SPDX-License-Identifier: MIT */
#ifndef VN_APP_VCPUS_H
#define VN_APP_VCPUS_H

#include "app/app.h"

/** struct vn_vcpus_order - other numbers of vCPUs; 0: as it is. */
struct vn_vcpus_order {
    unsigned count; /* plugged */
    unsigned max;   /* possible, from the next start */
    bool guest;     /* the guest's agent brings the new ones online */
};

/** struct vn_new_vcpu - a vCPU that is to be plugged, and where it goes. */
struct vn_new_vcpu {
    unsigned vcpu;
    int cell;  /* of the guest; -1: it has none */
    int node;  /* of the host; -1: any */
    struct vn_cpuset cpus;
    bool pinned_already;
};

/** struct vn_new_vcpus - the vCPUs that a plan plugs into a guest that runs. */
struct vn_new_vcpus {
    struct vn_new_vcpu *items;
    size_t count;
};

/**
 * vn_new_vcpus() - PURE: which vCPUs libvirt would plug (the lowest that are not there) to make it @count, and where
 * each belongs: its own pin where it has one; else, where the others are pinned one to a CPU, a CPU that nobody has on
 * the node of its cell, beside a sibling of the guest's own first; else where the others of its cell float. A vCPU among
 * others that float over the whole host has all CPUs.
 * Memory: of @arena
 */
VN_NODISCARD int vn_new_vcpus(const struct vn_snapshot *snapshot, const struct vn_vm *vm, unsigned count,
                              struct vn_arena *arena, struct vn_new_vcpu **ret, size_t *ret_count, struct vn_err *err);

/**
 * vn_app_vcpus() - the steps: first the pins of the vCPUs that come, then the plugging, then the guest; and what is
 * stored. Fewer vCPUs are taken away by the guest's leave.
 * @ret_new: those that will be plugged; of @plan's arena
 * Errors: -VN_E_USAGE more than possible; -VN_E_REFUSED --guest without an agent that answers
 */
VN_NODISCARD int vn_app_vcpus(struct vn_app *app, const struct vn_snapshot *snapshot, const struct vn_vm *vm,
                              const struct vn_vcpus_order *order, const struct vn_apply_opts *opts,
                              struct vn_plan *plan, struct vn_new_vcpus *ret_new, struct vn_err *err);

#endif
