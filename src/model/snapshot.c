/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <vnuma/problem.h>
#include <vnuma/snapshot.h>

void vn_snapshot_drop(struct vn_snapshot *snapshot)
{
    vn_arena_drop(&snapshot->arena);
    memset(snapshot, 0, sizeof *snapshot);
}

bool vn_snapshot_is_bare(const struct vn_snapshot *snapshot)
{
    return snapshot->uri && !strcmp(snapshot->uri, "qemu-proc:");
}

/* Of a bare QEMU, whose own is made of its process; nothing keeps two from having one. */
static struct vn_vm *by_live_uuid(const struct vn_snapshot *snapshot, const char *name)
{
    struct vn_vm *found = NULL;

    for (size_t i = 0; *name && i < snapshot->n_vms; i++) {
        struct vn_vm *vm = &snapshot->vms[i];

        if (!vm->live || !vm->live->uuid || strcmp(vm->live->uuid, name) != 0)
            continue;
        if (found)
            return NULL;
        found = vm;
    }
    return found;
}

struct vn_vm *vn_snapshot_vm(const struct vn_snapshot *snapshot, const char *name)
{
    for (size_t i = 0; i < snapshot->n_vms; i++)
        if (!strcmp(snapshot->vms[i].name, name))
            return &snapshot->vms[i];
    for (size_t i = 0; i < snapshot->n_vms; i++)
        if (!strcmp(snapshot->vms[i].uuid, name))
            return &snapshot->vms[i];
    return by_live_uuid(snapshot, name);
}

void vn_snapshot_set_policy(struct vn_snapshot *snapshot, const struct vn_policy *policy)
{
    if (policy->has_reserved)
        snapshot->host.reserved = policy->reserved;
    if (policy->has_shared)
        snapshot->host.shared = policy->shared;
    for (size_t i = 0; i < snapshot->n_vms; i++) {
        struct vn_vm *vm = &snapshot->vms[i];
        const struct vn_domain *domain = vn_vm_domain(vm);

        vn_policy_for(policy, vm->name, &vm->policy);
        if (domain)
            vn_vm_policy_merge(&vm->policy, &domain->policy);
    }
}

void vn_problem_drop(struct vn_problem *problem)
{
    vn_arena_drop(&problem->arena);
    memset(problem, 0, sizeof *problem);
}
