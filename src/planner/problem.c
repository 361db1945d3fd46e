/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <vnuma/planner.h>
#include <vnuma/units.h>

#include "planner/solve.h"

struct maker {
    const struct vn_snapshot *snapshot;
    const struct vn_plan_query *query;
    struct vn_problem *out;
    struct vn_err *err;
};

static void *copy_array(struct vn_arena *arena, const void *from, size_t n, size_t size)
{
    void *to = vn_arena_array(arena, n, size);

    if (to && n && from)
        memcpy(to, from, n * size);
    return to;
}

static int copy_nodes(struct maker *m)
{
    struct vn_host *host = &m->out->host;
    const struct vn_host *from = &m->snapshot->host;

    host->nodes = copy_array(&m->out->arena, from->nodes, from->n_nodes, sizeof *host->nodes);
    if (!host->nodes)
        return -VN_E_NOMEM;
    for (size_t n = 0; n < host->n_nodes; n++) {
        struct vn_node *node = &host->nodes[n];

        node->pools = copy_array(&m->out->arena, from->nodes[n].pools, node->n_pools, sizeof *node->pools);
        if (!node->pools)
            return -VN_E_NOMEM;
        if (m->query->count_cache) {
            node->free_kib += node->cache_kib;
            if (node->free_kib > node->memory_kib)
                node->free_kib = node->memory_kib;
            node->cache_kib = 0;
        }
    }
    return 0;
}

static int copy_names(struct maker *m)
{
    struct vn_arena *arena = &m->out->arena;
    const struct vn_host *from = &m->snapshot->host;
    struct vn_host *host = &m->out->host;

    host->hostname = vn_arena_strdup(arena, from->hostname ? from->hostname : "");
    host->kernel = vn_arena_strdup(arena, from->kernel ? from->kernel : "");
    host->arch = vn_arena_strdup(arena, from->arch ? from->arch : "");
    host->devices = vn_arena_array(arena, from->n_devices, sizeof *host->devices);
    if (!host->hostname || !host->kernel || !host->arch || !host->devices)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < from->n_devices; i++) {
        host->devices[i].name = vn_arena_strdup(arena, from->devices[i].name);
        host->devices[i].what = vn_arena_strdup(arena, from->devices[i].what ? from->devices[i].what : "");
        host->devices[i].node = from->devices[i].node;
        if (!host->devices[i].name || !host->devices[i].what)
            return -VN_E_NOMEM;
    }
    host->settings = NULL;
    host->n_settings = 0;
    for (size_t i = 0; i < from->n_settings; i++)
        if (vn_host_add_setting(arena, host, from->settings[i].key, from->settings[i].value) < 0)
            return -VN_E_NOMEM;
    return 0;
}

/* -VN_E_NOMEM, or *table is a copy. */
static int copy_table(struct vn_arena *arena, size_t n, uint32_t **table)
{
    if (!*table)
        return 0;
    *table = copy_array(arena, *table, n * n, sizeof **table);
    return *table ? 0 : -VN_E_NOMEM;
}

static int copy_access(struct vn_arena *arena, size_t n, struct vn_access *access)
{
    int r = copy_table(arena, n, &access->latency_ns);

    return r < 0 ? r : copy_table(arena, n, &access->bandwidth_mbps);
}

static int copy_host(struct maker *m)
{
    struct vn_arena *arena = &m->out->arena;
    const struct vn_host *from = &m->snapshot->host;
    struct vn_host *host = &m->out->host;

    *host = *from;
    if (from->distances)
        host->distances = copy_array(arena, from->distances, from->n_nodes * from->n_nodes, sizeof *host->distances);
    host->cores = copy_array(arena, from->cores, from->n_cores, sizeof *host->cores);
    host->l3 = copy_array(arena, from->l3, from->n_l3, sizeof *host->l3);
    if ((from->distances && !host->distances) || !host->cores || !host->l3 ||
        copy_access(arena, from->n_nodes, &host->hmat) < 0 || copy_access(arena, from->n_nodes, &host->measured) < 0)
        return -VN_E_NOMEM;
    if (m->query->reserve)
        host->reserved = *m->query->reserve;
    if (m->query->shared)
        host->shared = *m->query->shared;
    return copy_nodes(m) < 0 || copy_names(m) < 0 ? -VN_E_NOMEM : 0;
}

static uint64_t default_hugepage(const struct vn_host *host)
{
    const char *text = vn_host_setting(host, "hugepages.default_kib");
    uint64_t kib;

    return text && vn_uint_parse(text, UINT64_C(1) << 40, &kib, NULL) == 0 && kib ? kib : 2048;
}

static uint64_t domain_hugepage(const struct maker *m, const struct vn_domain *domain)
{
    return domain->hugepage_kib == 1 ? default_hugepage(&m->out->host) : domain->hugepage_kib;
}

static bool named(const struct vn_vm *vm, const char *name)
{
    return !strcmp(vm->name, name) || (vm->uuid && vm->uuid[0] && !strcmp(vm->uuid, name));
}

static bool asked_for(const struct vn_plan_query *query, const struct vn_vm *vm)
{
    /* only --new: the VMs that are there stay */
    if (!query->n_names)
        return query->all || !query->fresh;
    for (size_t i = 0; i < query->n_names; i++)
        if (named(vm, query->names[i]))
            return true;
    return query->all;
}

/* The cells the domain has; vCPUs in none belong to its first cell, as QEMU has it. */
static int cells_of_domain(struct maker *m, const struct vn_domain *domain, struct vn_request *vm)
{
    struct vn_arena *arena = &m->out->arena;
    struct vn_cells_spec *spec = &vm->policy.cells;
    struct vn_cpuset rest = {{0}};
    uint64_t memory_kib = 0;

    spec->kind = VN_CELLS_LIST;
    spec->n_list = domain->n_cells;
    spec->list = vn_arena_array(arena, domain->n_cells, sizeof *spec->list);
    vm->cell_vcpus = vn_arena_array(arena, domain->n_cells, sizeof *vm->cell_vcpus);
    if (!spec->list || !vm->cell_vcpus)
        return vn_nomem(m->err);
    vn_cpuset_add_range(&rest, 0, vm->vcpus - 1);
    for (size_t c = 0; c < domain->n_cells; c++) {
        vm->cell_vcpus[c] = domain->cells[c].vcpus;
        vn_cpuset_and(&vm->cell_vcpus[c], &rest);
        vn_cpuset_sub(&rest, &vm->cell_vcpus[c]);
    }
    vn_cpuset_or(&vm->cell_vcpus[0], &rest);
    for (size_t c = 0; c < domain->n_cells; c++) {
        spec->list[c].vcpus = vn_cpuset_count(&vm->cell_vcpus[c]);
        spec->list[c].memory_kib = domain->cells[c].memory_kib;
        memory_kib += domain->cells[c].memory_kib;
    }
    vm->memory_kib = memory_kib;
    return 0;
}

static void apply_overrides(const struct maker *m, const char *name, const char *uuid, bool movable,
                            struct vn_vm_policy *policy)
{
    for (size_t i = 0; i < m->query->n_overrides; i++) {
        const struct vn_vm_override *over = &m->query->overrides[i];
        bool mine = over->name && (!strcmp(over->name, name) || (uuid && uuid[0] && !strcmp(over->name, uuid)));

        if (mine || (!over->name && movable))
            vn_vm_policy_merge(policy, &over->policy);
    }
}

/* The pin of a vCPU: as libvirt says of the running guest, else of the XML; all CPUs where there is none. */
static void pin_of(const struct maker *m, const struct vn_vm *vm, unsigned vcpu, struct vn_cpuset *ret)
{
    const struct vn_domain *domain = vn_vm_domain(vm);
    const struct vn_cpuset *pin = domain ? vn_domain_pin(domain, vcpu) : NULL;

    for (size_t i = 0; i < vm->n_vcpus; i++)
        if (vm->vcpus[i].id == vcpu && (vm->vcpus[i].known & VN_THREAD_CONFIGURED))
            pin = &vm->vcpus[i].configured;
    if (pin && !vn_cpuset_empty(pin))
        *ret = *pin;
    else
        vn_host_online(&m->out->host, ret);
}

/* Where a cell is: the node its memory is bound to, else the one its vCPUs are pinned to; -1. */
static int cell_node(const struct maker *m, const struct vn_domain *domain, const struct vn_placement *at,
                     unsigned cell, const struct vn_cpuset *vcpus)
{
    const struct vn_memnode *memnode = vn_domain_memnode(domain, cell);
    const struct vn_nodeset *bound = memnode ? &memnode->nodes : domain->has_numatune ? &domain->mem_nodes : NULL;
    struct vn_cpuset cpus = {{0}};
    struct vn_nodeset nodes;

    if (bound && vn_nodeset_count(bound) == 1)
        return vn_nodeset_next(bound, 0);
    VN_CPUSET_EACH(vcpu, vcpus)
        if ((size_t)vcpu < at->n_vcpus)
            vn_cpuset_or(&cpus, &at->vcpupin[vcpu]);
    vn_host_nodes_of(&m->out->host, &cpus, &nodes);
    return vn_nodeset_count(&nodes) == 1 ? vn_nodeset_next(&nodes, 0) : -1;
}

static int placed_cells(struct maker *m, const struct vn_domain *domain, const struct vn_request *vm,
                        struct vn_placement *at)
{
    size_t n = domain->n_cells ? domain->n_cells : 1;

    at->cells = vn_arena_array(&m->out->arena, n, sizeof *at->cells);
    if (!at->cells)
        return vn_nomem(m->err);
    for (size_t c = 0; c < n; c++) { /* cells whose node is not known are left out */
        struct vn_placed_cell cell = {.cell = (unsigned)c, .memory_kib = vm->memory_kib};

        if (domain->n_cells) {
            cell.vcpus = domain->cells[c].vcpus;
            cell.memory_kib = domain->cells[c].memory_kib;
        } else {
            vn_cpuset_add_range(&cell.vcpus, 0, vm->vcpus - 1);
        }
        cell.node = cell_node(m, domain, at, (unsigned)c, &cell.vcpus);
        if (cell.node >= 0 && vn_host_node_index(&m->out->host, cell.node) >= 0)
            at->cells[at->n_cells++] = cell;
    }
    return 0;
}

/* Where the VM is now: its pins, wide ones too, and the nodes of its cells as far as they are known. */
static int make_placed(struct maker *m, const struct vn_vm *vm, const struct vn_domain *domain,
                       struct vn_request *request)
{
    struct vn_arena *arena = &m->out->arena;
    struct vn_placement *at = vn_arena_alloc(arena, sizeof *at);

    if (!at)
        return vn_nomem(m->err);
    at->name = request->name;
    at->uuid = request->uuid;
    at->policy = request->policy.policy;
    at->n_vcpus = request->vcpus;
    at->vcpupin = vn_arena_array(arena, at->n_vcpus, sizeof *at->vcpupin);
    if (!at->vcpupin)
        return vn_nomem(m->err);
    for (unsigned v = 0; v < request->vcpus; v++)
        pin_of(m, vm, v, &at->vcpupin[v]);
    at->has_emulatorpin = domain->has_emulatorpin;
    at->emulatorpin = domain->emulatorpin;
    if (vm->live && (vm->emulator.known & VN_THREAD_CONFIGURED)) {
        at->has_emulatorpin = true;
        at->emulatorpin = vm->emulator.configured;
    }
    at->hugepage_kib = domain_hugepage(m, domain);
    at->topology = domain->topology;
    request->placed = at;
    return placed_cells(m, domain, request, at);
}

static int make_resident(struct maker *m, const struct vn_vm *vm, const struct vn_domain *domain,
                         struct vn_request *request)
{
    struct vn_arena *arena = &m->out->arena;
    size_t n = m->out->host.n_nodes;

    if (vm->live && !vm->node_kib)
        return 0; /* not readable: what placed says */
    request->resident_kib = vm->live ? copy_array(arena, vm->node_kib, n, sizeof *vm->node_kib)
                                     : vn_arena_array(arena, n, sizeof *request->resident_kib);
    if (!request->resident_kib)
        return vn_nomem(m->err);
    if (!vm->live || !vm->cell_kib || !domain->n_cells)
        return 0;
    request->n_cell_kib = domain->n_cells;
    request->cell_kib = copy_array(arena, vm->cell_kib, n * domain->n_cells, sizeof *vm->cell_kib);
    return request->cell_kib ? 0 : vn_nomem(m->err);
}

static int copy_strings(struct vn_arena *arena, char *const *from, size_t n, char ***ret)
{
    char **to = vn_arena_array(arena, n, sizeof *to);

    for (size_t i = 0; to && i < n; i++) {
        to[i] = vn_arena_strdup(arena, from[i]);
        if (!to[i])
            return -VN_E_NOMEM;
    }
    *ret = to;
    return to ? 0 : -VN_E_NOMEM;
}

static int copy_policy_list(struct vn_arena *arena, struct vn_vm_policy *policy)
{
    if (policy->cells.kind != VN_CELLS_LIST)
        return 0;
    policy->cells.list = copy_array(arena, policy->cells.list, policy->cells.n_list, sizeof *policy->cells.list);
    return policy->cells.list ? 0 : -VN_E_NOMEM;
}

static int finish(struct maker *m, struct vn_request *request)
{
    if (!(request->policy.overcommit > 0))
        request->policy.overcommit = 1.0;
    if (copy_policy_list(&m->out->arena, &request->policy) < 0)
        return vn_nomem(m->err);
    return request->movable ? request_check(m->out, request, m->err) : 0;
}

static int add_vm(struct maker *m, const struct vn_vm *vm)
{
    struct vn_arena *arena = &m->out->arena;
    const struct vn_domain *domain = vn_vm_domain(vm);
    struct vn_request *request = &m->out->vms[m->out->n_vms];
    int r;

    request->movable = asked_for(m->query, vm);
    if (!domain || !domain->vcpus_max || domain->vcpus_max > VN_CPU_MAX) {
        if (request->movable && m->query->n_names)
            return vn_failf(m->err, VN_E_USAGE, "See what 'virsh dumpxml' says about it.",
                            "the configuration of VM '%s' could not be read", vm->name);
        return 0;
    }
    request->name = vn_arena_strdup(arena, vm->name);
    request->uuid = vn_arena_strdup(arena, vm->uuid ? vm->uuid : "");
    request->vcpus = domain->vcpus_max;
    request->memory_kib = domain->memory_kib;
    request->policy = vm->policy;
    apply_overrides(m, vm->name, vm->uuid, request->movable, &request->policy);
    request->iothread_ids = copy_array(arena, domain->iothread_ids, domain->n_iothreads, sizeof *domain->iothread_ids);
    request->n_iothreads = domain->iothread_ids ? domain->n_iothreads : 0;
    request->n_devices = domain->n_devices;
    if (!request->name || !request->uuid || !request->iothread_ids ||
        copy_strings(arena, domain->devices, domain->n_devices, &request->devices) < 0)
        return vn_nomem(m->err);
    if (!(request->policy.set & VN_POL_HUGEPAGES))
        request->policy.hugepage_kib = domain_hugepage(m, domain);
    r = !(request->policy.set & VN_POL_CELLS) && domain->n_cells ? cells_of_domain(m, domain, request) : 0;
    if (r == 0)
        r = make_placed(m, vm, domain, request);
    if (r == 0)
        r = make_resident(m, vm, domain, request);
    if (r == 0)
        r = finish(m, request);
    m->out->n_vms += r == 0;
    return r;
}

static int add_fresh(struct maker *m)
{
    const struct vn_request *fresh = m->query->fresh;
    struct vn_request *request = &m->out->vms[m->out->n_vms];
    struct vn_arena *arena = &m->out->arena;

    if (!fresh)
        return 0;
    if (vn_snapshot_vm(m->snapshot, fresh->name))
        return vn_failf(m->err, VN_E_USAGE, "Give the new VM another name.", "there is a VM '%s' already", fresh->name);
    *request = (struct vn_request){.vcpus = fresh->vcpus, .memory_kib = fresh->memory_kib, .policy = fresh->policy};
    request->movable = true;
    request->name = vn_arena_strdup(arena, fresh->name);
    request->uuid = vn_arena_strdup(arena, fresh->uuid ? fresh->uuid : "");
    request->n_devices = fresh->n_devices;
    request->n_iothreads = fresh->n_iothreads;
    request->iothread_ids = copy_array(arena, fresh->iothread_ids, fresh->n_iothreads, sizeof *fresh->iothread_ids);
    if (!request->name || !request->uuid || !request->iothread_ids ||
        copy_strings(arena, fresh->devices, fresh->n_devices, &request->devices) < 0)
        return vn_nomem(m->err);
    apply_overrides(m, request->name, NULL, true, &request->policy);
    m->out->n_vms++;
    return finish(m, request);
}

static bool known(const struct maker *m, const char *name)
{
    return vn_snapshot_vm(m->snapshot, name) || (m->query->fresh && !strcmp(m->query->fresh->name, name));
}

static int check_names(const struct maker *m)
{
    const struct vn_plan_query *query = m->query;

    for (size_t i = 0; i < query->n_names; i++)
        if (!vn_snapshot_vm(m->snapshot, query->names[i]))
            return vn_failf(m->err, VN_E_ABSENT, "'vnuma vm' lists the VMs that are there.", "there is no VM '%s'",
                            query->names[i]);
    for (size_t i = 0; i < query->n_overrides; i++)
        if (query->overrides[i].name && !known(m, query->overrides[i].name))
            return vn_failf(m->err, VN_E_ABSENT, "'vnuma vm' lists the VMs that are there.",
                            "an option is for VM '%s', which is not there", query->overrides[i].name);
    return 0;
}

int vn_problem_from_snapshot(const struct vn_snapshot *snapshot, const struct vn_plan_query *query,
                             struct vn_problem *ret_problem, struct vn_err *err)
{
    struct vn_problem out = {0};
    struct maker m = {snapshot, query, &out, err};
    int r = check_names(&m);

    if (r < 0)
        return r;
    out.vms = vn_arena_array(&out.arena, snapshot->n_vms + 1, sizeof *out.vms);
    r = !out.vms || copy_host(&m) < 0 ? vn_nomem(err) : 0;
    for (size_t i = 0; r == 0 && i < snapshot->n_vms; i++)
        r = add_vm(&m, &snapshot->vms[i]);
    if (r == 0)
        r = add_fresh(&m);
    if (r == 0)
        r = vn_problem_set_metric(&out, query->metric, err);
    if (r < 0)
        vn_problem_drop(&out);
    else
        *ret_problem = out;
    return r;
}
