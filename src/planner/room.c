/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "planner/room.h"

static size_t kind_of(const struct room *room, uint64_t hugepage_kib)
{
    for (size_t i = 0; i < room->n_kinds; i++)
        if (room->kinds[i] == hugepage_kib)
            return i;
    return 0;
}

uint64_t *room_mem_at(const struct room *room, size_t kind, size_t node)
{
    return &room->mem[kind * room->topo->n + node];
}

struct mem_need room_mem(const struct room *room, uint64_t memory_kib, uint64_t hugepage_kib)
{
    struct mem_need need = {kind_of(room, hugepage_kib), memory_kib};

    if (hugepage_kib)
        need.amount = memory_kib / hugepage_kib + (memory_kib % hugepage_kib != 0);
    return need;
}

uint64_t room_mem_total(const struct room *room, size_t kind)
{
    uint64_t sum = 0;

    for (size_t n = 0; n < room->topo->n; n++)
        sum += *room_mem_at(room, kind, n);
    return sum > room->preferred[kind] ? sum - room->preferred[kind] : 0;
}

double vm_overcommit(const struct vn_request *vm)
{
    return vm->policy.overcommit > 0 ? vm->policy.overcommit : 1.0;
}

void vm_resident(const struct topo *topo, const struct vn_request *vm, uint64_t *ret)
{
    if (vm->resident_kib) {
        memcpy(ret, vm->resident_kib, topo->n * sizeof *ret);
        return;
    }
    for (size_t c = 0; vm->placed && c < vm->placed->n_cells; c++) {
        int node = vn_host_node_index(topo->host, vm->placed->cells[c].node);

        if (node >= 0)
            ret[node] += vm->placed->cells[c].memory_kib;
    }
}

void room_take(struct room *room, const struct vn_cpuset *cpus, bool whole_cores)
{
    const struct topo *topo = room->topo;
    struct vn_cpuset all = *cpus;

    if (whole_cores)
        VN_CPUSET_EACH(cpu, cpus)
            if (topo->core_of[cpu] >= 0)
                for (uint32_t i = topo->core_at[topo->core_of[cpu]]; i < topo->core_at[topo->core_of[cpu] + 1]; i++)
                    vn_cpuset_add(&all, topo->core_cpus[i]);
    vn_cpuset_or(&room->gone, &all);
    vn_cpuset_sub(&room->avail, &all);
}

void room_floating(const struct room *room, size_t node, struct vn_cpuset *ret)
{
    *ret = room->topo->host->nodes[node].cpus;
    vn_cpuset_and(ret, &room->floating);
    vn_cpuset_sub(ret, &room->gone);
}

/* Adds a core's CPUs of @from to @ret, at most *@spare of those that floating vCPUs would lose. */
static void add_core(const struct room *room, unsigned core, const struct vn_cpuset *from, unsigned *spare,
                     struct vn_cpuset *ret)
{
    const struct topo *topo = room->topo;

    for (uint32_t i = topo->core_at[core]; i < topo->core_at[core + 1]; i++) {
        unsigned cpu = topo->core_cpus[i];
        bool costs = vn_cpuset_has(&room->floating, cpu);

        if (!vn_cpuset_has(from, cpu) || (costs && !*spare))
            continue;
        *spare -= costs;
        vn_cpuset_add(ret, cpu);
    }
}

void room_free(const struct room *room, size_t node, struct vn_cpuset *ret)
{
    *ret = room->topo->host->nodes[node].cpus;
    vn_cpuset_and(ret, &room->avail);
}

bool room_holds_back(const struct room *room, size_t node)
{
    return !room->named && room->demand[node] > 0;
}

unsigned room_spare(const struct room *room, size_t node, unsigned more)
{
    struct vn_cpuset floating;
    unsigned have;

    room_floating(room, node, &floating);
    have = vn_cpuset_count(&floating) + more;
    return have >= room->demand[node] ? have - (unsigned)ceil(room->demand[node] - 1e-9) : 0;
}

/*
 * Without a shared set of their own, floating vCPUs live on what dedicated ones leave: whole cores
 * are offered first, as long as enough stays for what is promised.
 */
void room_usable(const struct room *room, size_t node, struct vn_cpuset *ret)
{
    const struct topo *topo = room->topo;
    struct vn_cpuset all;
    unsigned spare;

    room_free(room, node, &all);
    if (!room_holds_back(room, node)) {
        *ret = all;
        return;
    }
    spare = room_spare(room, node, 0);
    memset(ret, 0, sizeof *ret);
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = topo->node_at[node]; i < topo->node_at[node + 1]; i++) {
            unsigned core = topo->node_cores[i];
            bool whole = topo_core_free(topo, core, &all) == topo_core_size(topo, core);

            if (whole == (pass == 0))
                add_core(room, core, &all, &spare, ret);
        }
}

/* The CPUs that a VM which stays has for its own: vCPUs of a dedicated VM pinned to one CPU each. */
static void own_cpus(const struct vn_request *vm, struct vn_cpuset *ret)
{
    memset(ret, 0, sizeof *ret);
    if (!vm->placed || vm->policy.policy != VN_CPU_DEDICATED)
        return;
    for (size_t v = 0; v < vm->placed->n_vcpus; v++) {
        int cpu = vn_cpuset_only(&vm->placed->vcpupin[v]);

        if (cpu >= 0)
            vn_cpuset_add(ret, (unsigned)cpu);
    }
}

/* A floating VM that stays counts where it floats, in equal parts for each node. */
static void add_demand(struct room *room, const struct vn_request *vm)
{
    const struct topo *topo = room->topo;
    const struct vn_placement *at = vm->placed;

    for (size_t c = 0; at && !at->n_vcpus && c < at->n_cells; c++) { /* no pins: by cell */
        int node = vn_host_node_index(topo->host, at->cells[c].node);

        if (node >= 0)
            room->demand[node] += vn_cpuset_count(&at->cells[c].vcpus) / vm_overcommit(vm);
    }
    for (size_t v = 0; at && v < at->n_vcpus; v++) {
        struct vn_nodeset nodes;
        struct vn_cpuset on = at->vcpupin[v];
        double share;

        vn_cpuset_and(&on, &room->floating);
        if (vn_cpuset_empty(&on))
            on = at->vcpupin[v];
        vn_host_nodes_of(topo->host, &on, &nodes);
        if (vn_nodeset_empty(&nodes))
            continue;
        share = 1.0 / vm_overcommit(vm) / vn_nodeset_count(&nodes);
        VN_NODESET_EACH(id, &nodes)
            room->demand[vn_host_node_index(topo->host, id)] += share;
    }
}

void room_keep(struct room *room, const struct vn_request *vm)
{
    struct vn_cpuset own;

    own_cpus(vm, &own);
    room_take(room, &own, vm->policy.threads != VN_THREADS_PREFER);
    if (vm->placed && vm->policy.emulator.kind == VN_EMULATOR_ISOLATE && vm->placed->has_emulatorpin &&
        vn_cpuset_only(&vm->placed->emulatorpin) >= 0)
        room_take(room, &vm->placed->emulatorpin, false);
    if (vm->policy.policy == VN_CPU_SHARED)
        add_demand(room, vm);
}

/* What the VM has now becomes room: of the pages it uses, no more than are in use. */
int room_release(struct room *room, struct vn_arena *arena, const struct vn_request *vm)
{
    const struct topo *topo = room->topo;
    uint64_t *resident = vn_arena_array(arena, topo->n, sizeof *resident);
    uint64_t page = vm->placed ? vm->placed->hugepage_kib : 0, left;
    size_t kind = kind_of(room, page);

    if (!resident)
        return -VN_E_NOMEM;
    vm_resident(topo, vm, resident);
    left = page ? vm->memory_kib / page : 0;
    for (size_t n = 0; n < topo->n; n++) {
        const struct vn_hugepool *pool = vn_node_pool(&topo->host->nodes[n], page);
        uint64_t *mem = room_mem_at(room, kind, n), pages;

        if (!page) {
            *mem += resident[n];
        } else if (kind && pool) {
            pages = resident[n] / page;
            pages = pages > left ? left : pages;
            pages = pages > pool->total - *mem ? pool->total - *mem : pages;
            left -= pages;
            *mem += pages;
        }
    }
    return 0;
}

static int init_memory(struct room *room, struct vn_arena *arena, const struct vn_problem *problem)
{
    const struct topo *topo = room->topo;

    room->kinds = vn_arena_array(arena, problem->n_vms * 2 + 1, sizeof *room->kinds);
    if (!room->kinds)
        return -VN_E_NOMEM;
    room->n_kinds = 1;
    for (size_t i = 0; i < problem->n_vms; i++) {
        const struct vn_request *vm = &problem->vms[i];
        uint64_t sizes[] = {vm->policy.hugepage_kib, vm->placed ? vm->placed->hugepage_kib : 0};

        for (size_t s = 0; s < VN_COUNT(sizes); s++)
            if (sizes[s] && !kind_of(room, sizes[s]))
                room->kinds[room->n_kinds++] = sizes[s];
    }
    room->mem = vn_arena_array(arena, room->n_kinds * topo->n, sizeof *room->mem);
    room->preferred = vn_arena_array(arena, room->n_kinds, sizeof *room->preferred);
    if (!room->mem || !room->preferred)
        return -VN_E_NOMEM;
    for (size_t n = 0; n < topo->n; n++) {
        *room_mem_at(room, 0, n) = topo->host->nodes[n].free_kib;
        for (size_t k = 1; k < room->n_kinds; k++) {
            const struct vn_hugepool *pool = vn_node_pool(&topo->host->nodes[n], room->kinds[k]);

            *room_mem_at(room, k, n) = pool ? pool->free : 0;
        }
    }
    return 0;
}

struct room *room_new(struct vn_arena *arena, const struct topo *topo, const struct vn_problem *problem,
                      const bool *keep)
{
    struct room *room = vn_arena_alloc(arena, sizeof *room);
    const struct vn_host *host = topo->host;

    if (!room)
        return NULL;
    room->topo = topo;
    room->named = !vn_cpuset_empty(&host->shared);
    room->demand = vn_arena_array(arena, topo->n, sizeof *room->demand);
    if (!room->demand || init_memory(room, arena, problem) < 0)
        return NULL;
    room->floating = room->avail = topo->online;
    vn_cpuset_sub(&room->avail, &host->reserved);
    vn_cpuset_sub(&room->avail, &host->shared);
    if (room->named)
        vn_cpuset_and(&room->floating, &host->shared);
    vn_cpuset_sub(&room->floating, &host->reserved);
    vn_cpuset_sub(&room->floating, &host->isolated);
    for (size_t i = 0; i < problem->n_vms; i++) {
        const struct vn_request *vm = &problem->vms[i];

        if (!vm->movable || keep[i])
            room_keep(room, vm);
        else if (room_release(room, arena, vm) < 0)
            return NULL;
    }
    return room;
}

void room_assign(struct room *to, const struct room *from)
{
    struct room keep = *to;
    size_t n = from->topo->n;

    *to = *from;
    to->demand = keep.demand;
    to->mem = keep.mem;
    to->preferred = keep.preferred;
    memcpy(to->demand, from->demand, n * sizeof *to->demand);
    memcpy(to->mem, from->mem, from->n_kinds * n * sizeof *to->mem);
    memcpy(to->preferred, from->preferred, from->n_kinds * sizeof *to->preferred);
}

struct room *room_copy(struct vn_arena *arena, const struct room *room)
{
    struct room *copy = vn_arena_alloc(arena, sizeof *copy);
    size_t n = room->topo->n;

    if (!copy)
        return NULL;
    copy->demand = vn_arena_array(arena, n, sizeof *copy->demand);
    copy->mem = vn_arena_array(arena, room->n_kinds * n, sizeof *copy->mem);
    copy->preferred = vn_arena_array(arena, room->n_kinds, sizeof *copy->preferred);
    if (!copy->demand || !copy->mem || !copy->preferred)
        return NULL;
    room_assign(copy, room);
    return copy;
}
