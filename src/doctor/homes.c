/* SPDX-License-Identifier: MIT */
/* Where a cell's memory should be, and how much of it is there. */
#include "doctor/rules.h"

static const struct vn_cpuset *live_pin(const struct vn_vm *vm, unsigned vcpu)
{
    for (size_t i = 0; i < vm->n_vcpus; i++)
        if (vm->vcpus[i].id == vcpu && vm->vcpus[i].known & VN_THREAD_CONFIGURED)
            return &vm->vcpus[i].configured;
    return vm->live ? vn_domain_pin(vm->live, vcpu) : NULL;
}

static void vcpus_of(const struct vn_domain *domain, unsigned cell, struct vn_cpuset *ret)
{
    *ret = (struct vn_cpuset){0};
    if (!domain->n_cells && domain->vcpus_max)
        vn_cpuset_add_range(ret, 0, domain->vcpus_max - 1);
    for (size_t i = 0; i < domain->n_cells; i++)
        if (domain->cells[i].id == cell)
            *ret = domain->cells[i].vcpus;
}

/* Is the stored configuration the one in force? It is where the guest's vCPUs are pinned as it says. */
static bool in_force(const struct vn_snapshot *snapshot, const struct vn_vm *vm, unsigned cell)
{
    struct vn_cpuset vcpus, online;

    if (!vm->live)
        return true;
    vn_host_online(&snapshot->host, &online);
    vcpus_of(vm->live, cell, &vcpus);
    VN_CPUSET_EACH(vcpu, &vcpus) {
        const struct vn_cpuset *stored = vn_domain_pin(vm->stored, (unsigned)vcpu);
        const struct vn_cpuset *live = live_pin(vm, (unsigned)vcpu);
        struct vn_cpuset a = stored ? *stored : online, b = live ? *live : online;

        vn_cpuset_and(&a, &online);
        vn_cpuset_and(&b, &online);
        if (!vn_cpuset_equal(&a, &b))
            return false;
    }
    return true;
}

static bool homes_by_xml(const struct vn_domain *domain, unsigned cell, struct vn_nodeset *ret)
{
    const struct vn_memnode *memnode = vn_domain_memnode(domain, cell);

    if (memnode)
        *ret = memnode->nodes;
    else if (domain->has_numatune)
        *ret = domain->mem_nodes;
    return !vn_nodeset_empty(ret);
}

static void homes_by_pins(const struct vn_snapshot *snapshot, const struct vn_vm *vm, unsigned cell,
                          struct vn_nodeset *ret)
{
    const struct vn_domain *domain = vn_vm_domain(vm);
    struct vn_cpuset vcpus, all = {0};

    vcpus_of(domain, cell, &vcpus);
    VN_CPUSET_EACH(vcpu, &vcpus) {
        const struct vn_cpuset *pin = vm->live ? live_pin(vm, (unsigned)vcpu) : vn_domain_pin(domain, (unsigned)vcpu);

        if (!pin)
            return; /* it may run anywhere */
        vn_cpuset_or(&all, pin);
    }
    vn_host_nodes_of(&snapshot->host, &all, ret);
    if (vn_nodeset_count(ret) != 1)
        *ret = (struct vn_nodeset){0};
}

void vn_cell_homes(const struct vn_snapshot *snapshot, const struct vn_vm *vm, unsigned cell, struct vn_nodeset *ret)
{
    *ret = (struct vn_nodeset){0};
    if (!vn_vm_domain(vm))
        return;
    /* the stored XML names the nodes that an apply moved the memory to, though QEMU started elsewhere */
    if (vm->stored && in_force(snapshot, vm, cell) && homes_by_xml(vm->stored, cell, ret))
        return;
    if (vm->live && homes_by_xml(vm->live, cell, ret))
        return;
    homes_by_pins(snapshot, vm, cell, ret);
}

int vn_cell_home(const struct vn_snapshot *snapshot, const struct vn_vm *vm, unsigned cell)
{
    struct vn_nodeset homes;

    vn_cell_homes(snapshot, vm, cell, &homes);
    return vn_nodeset_count(&homes) == 1 ? vn_nodeset_next(&homes, 0) : -1;
}

static void add_nodes(const struct vn_host *host, const uint64_t *kib, const struct vn_nodeset *homes,
                      struct vn_local *ret)
{
    for (size_t i = 0; i < host->n_nodes; i++) {
        ret->total_kib += kib[i];
        if (vn_nodeset_has(homes, (unsigned)host->nodes[i].id))
            ret->local_kib += kib[i];
    }
    ret->known = ret->total_kib > 0;
}

struct vn_local vn_local_of_cell(const struct vn_snapshot *snapshot, const struct vn_vm *vm, unsigned cell)
{
    const struct vn_domain *domain = vm->live;
    struct vn_local ret = {0};
    struct vn_nodeset homes;

    vn_cell_homes(snapshot, vm, cell, &homes);
    if (!domain || vn_nodeset_empty(&homes))
        return ret;
    if (domain->n_cells > 1 || vm->cell_kib) {
        if (vm->cell_kib && cell < domain->n_cells)
            add_nodes(&snapshot->host, vm->cell_kib + (size_t)cell * snapshot->host.n_nodes, &homes, &ret);
    } else if (vm->node_kib) {
        add_nodes(&snapshot->host, vm->node_kib, &homes, &ret);
    }
    return ret;
}

/* By nodes only: each node can hold no more of the guest's own than the cells that belong there have. */
static struct vn_local by_nodes(const struct vn_snapshot *snapshot, const struct vn_vm *vm)
{
    const struct vn_host *host = &snapshot->host;
    struct vn_local ret = {.known = true, .at_most = true};
    struct vn_nodeset homes;

    for (size_t i = 0; i < host->n_nodes; i++) {
        uint64_t room = 0;

        for (size_t c = 0; c < vm->live->n_cells; c++) {
            vn_cell_homes(snapshot, vm, vm->live->cells[c].id, &homes);
            if (vn_nodeset_empty(&homes))
                return (struct vn_local){0};
            if (vn_nodeset_has(&homes, (unsigned)host->nodes[i].id))
                room += vm->live->cells[c].memory_kib;
        }
        ret.total_kib += vm->node_kib[i];
        ret.local_kib += vm->node_kib[i] < room ? vm->node_kib[i] : room;
    }
    ret.known = ret.total_kib > 0;
    return ret;
}

struct vn_local vn_local_of_vm(const struct vn_snapshot *snapshot, const struct vn_vm *vm)
{
    struct vn_local sum = {.known = true}, one;

    if (!vm->live)
        return (struct vn_local){0};
    if (vm->live->n_cells < 2 && !vm->cell_kib)
        return vn_local_of_cell(snapshot, vm, 0);
    if (!vm->cell_kib)
        return vm->node_kib ? by_nodes(snapshot, vm) : (struct vn_local){0};
    for (size_t c = 0; c < vm->live->n_cells; c++) {
        one = vn_local_of_cell(snapshot, vm, vm->live->cells[c].id);
        sum.local_kib += one.local_kib;
        sum.total_kib += one.total_kib;
        sum.known = sum.known && one.known;
    }
    sum.known = sum.known && sum.total_kib > 0;
    return sum;
}

double vn_vm_local_pct(const struct vn_snapshot *snapshot, const struct vn_vm *vm)
{
    struct vn_local local = vn_local_of_vm(snapshot, vm);

    if (!local.known || local.at_most)
        return -1.0;
    return 100.0 * (double)local.local_kib / (double)local.total_kib;
}
