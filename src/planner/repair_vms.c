/* SPDX-License-Identifier: MIT */
/* Who might move for another VM, and what that would set free. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "planner/repair.h"

static int held_new(struct repair *r, struct held *ret)
{
    size_t n = r->place.topo->n;

    memset(ret, 0, sizeof *ret);
    ret->demand = vn_arena_array(r->arena, n, sizeof *ret->demand);
    ret->mem = vn_arena_array(r->arena, n, sizeof *ret->mem);
    return ret->demand && ret->mem ? 0 : -VN_E_NOMEM;
}

/* What the VM has: what it changes in a room. */
static int held_of(struct repair *r, const struct room *room, const struct vn_request *vm, struct held *ret)
{
    size_t n = r->place.topo->n;

    if (held_new(r, ret) < 0)
        return -VN_E_NOMEM;
    room_assign(r->scratch, room);
    memset(&r->scratch->gone, 0, sizeof r->scratch->gone);
    memset(r->scratch->demand, 0, n * sizeof *r->scratch->demand);
    room_keep(r->scratch, vm);
    ret->cpus = r->scratch->gone;
    memcpy(ret->demand, r->scratch->demand, n * sizeof *ret->demand);
    if (room_release(r->scratch, r->arena, vm) < 0)
        return -VN_E_NOMEM;
    ret->kind = room_mem(room, 0, vm->placed ? vm->placed->hugepage_kib : 0).kind;
    for (size_t i = 0; i < n; i++)
        ret->mem[i] = *room_mem_at(r->scratch, ret->kind, i) - *room_mem_at(room, ret->kind, i);
    return 0;
}

/* CPUs that someone else has too who is still there come free when that one leaves. */
static void leave_shared(const struct repair *r, const struct held *held, struct vn_cpuset *cpus)
{
    if (!vn_cpuset_intersects(cpus, &r->doubled))
        return;
    for (size_t i = 0; i < r->n_movers; i++)
        if (!r->movers[i].moved && &r->movers[i].held != held)
            vn_cpuset_sub(cpus, &r->movers[i].held.cpus);
    if (held != &r->self)
        vn_cpuset_sub(cpus, &r->self.cpus);
}

void repair_give(const struct repair *r, struct room *room, const struct held *held)
{
    struct vn_cpuset back = held->cpus;

    leave_shared(r, held, &back);
    vn_cpuset_sub(&room->gone, &back);
    vn_cpuset_and(&back, &r->may);
    vn_cpuset_or(&room->avail, &back);
    for (size_t n = 0; n < room->topo->n; n++) {
        room->demand[n] = fmax(0, room->demand[n] - held->demand[n]);
        *room_mem_at(room, held->kind, n) += held->mem[n];
    }
}

/* The node of a VM with one cell; -1 for others. */
static int node_of(const struct topo *topo, const struct vn_request *vm)
{
    const struct vn_cells_spec *spec = &vm->policy.cells;
    const struct vn_placement *at = vm->placed;
    struct vn_cpuset cpus = {{0}};

    if (vm->movable || !at || (spec->kind == VN_CELLS_LIST && spec->n_list != 1) ||
        (spec->kind == VN_CELLS_NUMBER && spec->number != 1) || at->n_cells > 1)
        return -1;
    if (at->n_cells)
        return vn_host_node_index(topo->host, at->cells[0].node);
    for (size_t v = 0; v < at->n_vcpus; v++)
        vn_cpuset_or(&cpus, &at->vcpupin[v]);
    for (size_t n = 0; n < topo->n && !vn_cpuset_empty(&cpus); n++)
        if (vn_cpuset_subset(&cpus, &topo->host->nodes[n].cpus))
            return (int)n;
    return -1;
}

static bool same_wants(const struct vn_request *a, const struct vn_request *b)
{
    return a->policy.policy == b->policy.policy && a->policy.threads == b->policy.threads &&
           a->policy.emulator.kind == b->policy.emulator.kind && !(vm_overcommit(a) < vm_overcommit(b)) &&
           !(vm_overcommit(a) > vm_overcommit(b));
}

/*
 * How much more the goal could have on a node at most, when @cpus come free there. A CPU that comes free makes no more
 * than one core whole; what floats there keeps back no more CPUs than it was promised, rounded up.
 */
static uint64_t gain_at(const struct repair *r, uint64_t cpus, double demand)
{
    const struct vn_request *goal = &r->s->problem->vms[r->goal];
    double gain = (double)cpus + ceil(demand);

    if (gain > 0 && goal->policy.emulator.kind == VN_EMULATOR_ISOLATE)
        gain++; /* a CPU apart for the emulator gives back the one it had of the others' */
    if (goal->policy.policy == VN_CPU_SHARED)
        return (uint64_t)ceil(gain * vm_overcommit(goal));
    return (uint64_t)gain * (goal->policy.threads == VN_THREADS_PREFER ? 1 : r->place.topo->threads);
}

static int mover_new(struct repair *r, const struct room *room, size_t vm, size_t node, struct mover *ret)
{
    const struct vn_request *request = &r->s->problem->vms[vm];
    size_t n = r->place.topo->n;
    uint64_t *kib = vn_arena_array(r->arena, n, sizeof *kib), all_kib = 0, all = 0;

    *ret = (struct mover){.vm = vm, .name = request->name, .node = node, .least_kib = UINT64_MAX};
    ret->cell = (struct vn_cell_size){request->vcpus, request->memory_kib};
    ret->moved_kib = vn_arena_array(r->arena, n, sizeof *ret->moved_kib);
    ret->gain_cpus = vn_arena_array(r->arena, n, sizeof *ret->gain_cpus);
    ret->gain_mem = vn_arena_array(r->arena, n, sizeof *ret->gain_mem);
    if (!kib || !ret->moved_kib || !ret->gain_cpus || !ret->gain_mem || held_of(r, room, request, &ret->held) < 0)
        return -VN_E_NOMEM;
    vm_resident(r->place.topo, request, kib);
    VN_CPUSET_EACH(cpu, &ret->held.cpus)
        if (r->place.topo->node_of[cpu] >= 0)
            ret->gain_cpus[r->place.topo->node_of[cpu]]++;
    for (size_t i = 0; i < n; i++) {
        all_kib += kib[i];
        all += ret->held.mem[i];
        ret->gain_cpus[i] = gain_at(r, ret->gain_cpus[i], ret->held.demand[i]);
        ret->gain_mem[i] = ret->held.kind == r->kind ? ret->held.mem[i] : 0;
    }
    for (size_t i = 0; i < n; i++) {
        ret->moved_kib[i] = all_kib - kib[i];
        if (i != node && ret->moved_kib[i] < ret->least_kib)
            ret->least_kib = ret->moved_kib[i];
    }
    ret->need = room_mem(room, request->memory_kib, request->policy.hugepage_kib).amount;
    ret->need = all > ret->need ? all : ret->need; /* what QEMU has beside the guest's comes along */
    return 0;
}

static bool is_mover(const struct repair *r, size_t vm)
{
    for (size_t i = 0; i < r->n_movers; i++)
        if (r->movers[i].vm == vm)
            return true;
    return false;
}

/* A CPU that two have, pinned alike or one as the other's idle sibling, never comes free when one of them stays. */
static void only_own(struct repair *r, const struct room *room)
{
    struct vn_cpuset others = {{0}};
    const struct vn_problem *problem = r->s->problem;

    for (size_t i = 0; i < problem->n_vms; i++) {
        const struct spot *spot = &r->s->best.spots[i];

        if (i == r->goal || is_mover(r, i))
            continue;
        room_assign(r->scratch, room);
        memset(&r->scratch->gone, 0, sizeof r->scratch->gone);
        if (!problem->vms[i].movable || r->s->keep[i])
            room_keep(r->scratch, &problem->vms[i]);
        else if (spot->placed)
            place_commit(&r->place, r->scratch, i, spot);
        vn_cpuset_or(&others, &r->scratch->gone);
    }
    vn_cpuset_sub(&r->self.cpus, &others);
    for (size_t i = 0; i < r->n_movers; i++)
        vn_cpuset_sub(&r->movers[i].held.cpus, &others);
}

static void find_doubled(struct repair *r)
{
    struct vn_cpuset once = r->self.cpus;

    for (size_t i = 0; i < r->n_movers; i++) {
        struct vn_cpuset both = once;

        vn_cpuset_and(&both, &r->movers[i].held.cpus);
        vn_cpuset_or(&r->doubled, &both);
        vn_cpuset_or(&once, &r->movers[i].held.cpus);
    }
}

static int by_name(const void *a, const void *b)
{
    const struct mover *x = a, *y = b;
    int names = strcmp(x->name, y->name);

    return names ? names : (x->vm > y->vm) - (x->vm < y->vm);
}

static void find_likes(struct repair *r)
{
    const struct vn_request *vms = r->s->problem->vms;

    for (size_t i = 0; i < r->n_movers; i++) {
        size_t j = 0;

        while (!same_wants(&vms[r->movers[j].vm], &vms[r->movers[i].vm])) /* at last its own */
            j++;
        r->movers[i].like = j < i ? r->movers[j].like : r->n_likes++;
    }
}

static int find_movers(struct repair *r, const struct room *room)
{
    const struct vn_problem *problem = r->s->problem;

    r->movers = vn_arena_array(r->arena, problem->n_vms, sizeof *r->movers);
    if (!r->movers)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < problem->n_vms; i++) {
        const struct vn_request *vm = &problem->vms[i];
        int node = i == r->goal ? -1 : node_of(r->place.topo, vm);
        if (node < 0 || vm->placed->hugepage_kib != vm->policy.hugepage_kib)
            continue;
        if (mover_new(r, room, i, (size_t)node, &r->movers[r->n_movers++]) < 0)
            return -VN_E_NOMEM;
    }
    qsort(r->movers, r->n_movers, sizeof *r->movers, by_name);
    find_likes(r);
    return 0;
}

/* The most gained first; of equals the first by name. */
static void by_gain(const struct repair *r, size_t node, bool mem, size_t *ret)
{
    for (size_t i = 0; i < r->n_here[node]; i++) {
        size_t at = i;

        for (; at > 0; at--) {
            const struct mover *before = &r->movers[ret[at - 1]], *m = &r->movers[r->here[node][i]];

            if (mem ? before->gain_mem[node] >= m->gain_mem[node] : before->gain_cpus[node] >= m->gain_cpus[node])
                break;
            ret[at] = ret[at - 1];
        }
        ret[at] = r->here[node][i];
    }
}

static bool is_here(const struct mover *m, size_t node)
{
    return m->gain_cpus[node] || m->gain_mem[node];
}

static int find_here(struct repair *r)
{
    size_t n = r->place.topo->n;

    r->here = vn_arena_array(r->arena, n, sizeof *r->here);
    r->by_cpus = vn_arena_array(r->arena, n, sizeof *r->by_cpus);
    r->by_mem = vn_arena_array(r->arena, n, sizeof *r->by_mem);
    r->n_here = vn_arena_array(r->arena, n, sizeof *r->n_here);
    r->least_moves = vn_arena_array(r->arena, r->k, sizeof *r->least_moves);
    r->least_kib = vn_arena_array(r->arena, r->k, sizeof *r->least_kib);
    if (!r->here || !r->by_cpus || !r->by_mem || !r->n_here || !r->least_moves || !r->least_kib)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < r->n_movers; i++) {
        size_t nodes = 0;

        for (size_t node = 0; node < n; node++)
            nodes += is_here(&r->movers[i], node);
        r->spread = r->spread || nodes > 1;
    }
    for (size_t node = 0; node < n; node++) {
        size_t count = 0;

        for (size_t i = 0; i < r->n_movers; i++)
            count += is_here(&r->movers[i], node);
        r->here[node] = vn_arena_array(r->arena, count, sizeof **r->here);
        r->by_cpus[node] = vn_arena_array(r->arena, count, sizeof **r->by_cpus);
        r->by_mem[node] = vn_arena_array(r->arena, count, sizeof **r->by_mem);
        if (!r->here[node] || !r->by_cpus[node] || !r->by_mem[node])
            return -VN_E_NOMEM;
        for (size_t i = 0; i < r->n_movers; i++)
            if (is_here(&r->movers[i], node))
                r->here[node][r->n_here[node]++] = i;
        by_gain(r, node, false, r->by_cpus[node]);
        by_gain(r, node, true, r->by_mem[node]);
    }
    return 0;
}

static int find_self(struct repair *r, const struct room *room)
{
    const struct vn_request *vm = &r->s->problem->vms[r->goal];
    bool resident = vm->placed != NULL;

    for (size_t n = 0; vm->resident_kib && n < r->place.topo->n; n++)
        resident = resident || vm->resident_kib[n];
    r->runs = resident;
    if (!resident)
        return held_new(r, &r->self);
    return held_of(r, room, vm, &r->self);
}

static int stages_new(struct repair *r, const struct room *room)
{
    size_t n = r->place.topo->n;

    for (size_t d = 0; d <= REPAIR_MOVES; d++) {
        struct stage *stage = &r->stage[d];

        stage->room = room_copy(r->arena, room);
        stage->cap0 = vn_arena_array(r->arena, n, sizeof *stage->cap0);
        stage->cap = vn_arena_array(r->arena, n, sizeof *stage->cap);
        stage->fits = vn_arena_array(r->arena, r->n_likes * n, sizeof *stage->fits);
        if (!stage->room || !stage->cap0 || !stage->cap || !stage->fits)
            return -VN_E_NOMEM;
    }
    return 0;
}

int repair_vms(struct repair *r, const struct room *room)
{
    const struct vn_request *vm = &r->s->problem->vms[r->goal];
    struct room *first;

    r->may = r->place.topo->online;
    vn_cpuset_sub(&r->may, &r->place.topo->host->reserved);
    vn_cpuset_sub(&r->may, &r->place.topo->host->shared);
    r->kind = room_mem(room, 0, vm->policy.hugepage_kib).kind;
    r->scratch = room_copy(r->arena, room);
    if (!r->scratch || find_self(r, room) < 0 || find_movers(r, room) < 0 || find_here(r) < 0 ||
        stages_new(r, room) < 0)
        return -VN_E_NOMEM;
    only_own(r, room);
    find_doubled(r);
    first = r->stage[0].room;
    if (r->runs) { /* while the others move it is where it is */
        room_keep(first, vm);
        for (size_t n = 0; n < r->place.topo->n; n++)
            *room_mem_at(first, r->self.kind, n) -= r->self.mem[n];
    }
    return 0;
}
