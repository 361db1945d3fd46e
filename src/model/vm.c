/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <vnuma/vm.h>

static int find_name(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(names[i], name))
            return (int)i;
    return -1;
}

static const char *const states[] = {"shut off", "running", "paused", "saving", "other"};
static const char *const modes[] = {"default", "strict", "preferred", "interleave", "restrictive"};

const char *vn_vm_state_name(enum vn_vm_state state)
{
    return states[state];
}

int vn_vm_state_parse(const char *name)
{
    return find_name(states, VN_COUNT(states), name);
}

const char *vn_mem_mode_name(enum vn_mem_mode mode)
{
    return modes[mode];
}

int vn_mem_mode_parse(const char *name)
{
    return find_name(modes, VN_COUNT(modes), name);
}

bool vn_vm_runs(const struct vn_vm *vm)
{
    return vm->state == VN_VM_RUNNING || vm->state == VN_VM_PAUSED;
}

const struct vn_domain *vn_vm_domain(const struct vn_vm *vm)
{
    return vm->live ? vm->live : vm->stored;
}

const struct vn_cpuset *vn_domain_pin(const struct vn_domain *domain, unsigned vcpu)
{
    for (size_t i = 0; i < domain->n_vcpupins; i++)
        if (domain->vcpupins[i].id == vcpu)
            return &domain->vcpupins[i].cpus;
    return domain->has_vcpu_cpus ? &domain->vcpu_cpus : NULL;
}

const struct vn_memnode *vn_domain_memnode(const struct vn_domain *domain, unsigned cell)
{
    for (size_t i = 0; i < domain->n_memnodes; i++)
        if (domain->memnodes[i].cell == cell)
            return &domain->memnodes[i];
    return NULL;
}

int vn_domain_cell_of(const struct vn_domain *domain, unsigned vcpu)
{
    for (size_t c = 0; c < domain->n_cells; c++)
        if (vn_cpuset_has(&domain->cells[c].vcpus, vcpu))
            return (int)c;
    return -1;
}
