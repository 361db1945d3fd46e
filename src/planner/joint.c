/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "planner/floats.h"
#include "planner/joint.h"

/*
 * What the nodes have, at most, and whether all whole cores are of one size (0: they are not). Where CPUs have to stay
 * for floating VMs that is as many whole cores as can be had, whichever those are.
 */
static unsigned survey(struct joint *j, const struct room *base)
{
    static const struct pick_want most_cores = {.threads = VN_THREADS_ISOLATE};
    unsigned size = j->topo->threads;

    for (size_t n = 0; n < j->n; n++) {
        struct vn_cpuset usable;
        struct pick_room has;

        room_usable(base, n, &usable);
        j->now.room.cpus[n] = vn_cpuset_count(&usable);
        room_free(base, n, &usable);
        pick_room(j->topo, n, &usable, &has);
        j->now.room.cores[n] = has.whole_cores;
        if (room_holds_back(base, n))
            j->now.room.cores[n] = (unsigned)floats_capacity(base, n, &most_cores, 0, 0);
        if (has.whole_cores && (has.min_core != size || has.max_core != size))
            size = 0;
        for (size_t kind = 0; kind < j->n_kinds; kind++)
            j->now.room.mem[kind * j->n + n] = *room_mem_at(base, kind, n);
    }
    return size;
}

/* What a cell takes at least; with cores of one size @size exactly that. */
static void cell_takes(const struct joint *j, const struct room *base, const struct vn_request *vm, unsigned size,
                       size_t cell, const struct vn_cell_size *what, struct joint_cell *ret)
{
    unsigned largest = j->topo->threads;

    ret->mem = vm->policy.memory_preferred ? 0 : room_mem(base, what->memory_kib, vm->policy.hugepage_kib).amount;
    ret->cpus = what->vcpus;
    if (vm->policy.threads == VN_THREADS_REQUIRE)
        ret->cores = (what->vcpus + largest - 1) / largest;
    if (vm->policy.threads == VN_THREADS_ISOLATE)
        ret->cores = what->vcpus;
    if (ret->cores && size)
        ret->cpus = ret->cores * size;
    ret->cpus += cell == 0 && vm->policy.emulator.kind == VN_EMULATOR_ISOLATE;
}

static int add_shape(struct joint *j, struct vn_arena *arena, const struct room *base, const struct vn_request *vm,
                     unsigned size, size_t k, struct joint_vm *out)
{
    struct joint_shape *shape = &out->shapes[out->n_shapes];
    bool groups = vm->policy.cells.kind == VN_CELLS_AUTO && vm->policy.threads != VN_THREADS_ISOLATE && k > 1;
    unsigned unit = groups && (vm->vcpus + j->topo->threads - 1) / j->topo->threads >= k ? j->topo->threads : 1;

    shape->k = k;
    shape->sizes = vn_arena_array(arena, k, sizeof *shape->sizes);
    shape->cells = vn_arena_array(arena, k, sizeof *shape->cells);
    if (!shape->sizes || !shape->cells)
        return -VN_E_NOMEM;
    if (vm->policy.cells.kind == VN_CELLS_LIST)
        memcpy(shape->sizes, vm->policy.cells.list, k * sizeof *shape->sizes);
    else
        split_equal(vm, k, unit, shape->sizes);
    for (size_t c = 0; c < k; c++)
        cell_takes(j, base, vm, size, c, &shape->sizes[c], &shape->cells[c]);
    out->n_shapes++;
    return 0;
}

static int descending(const void *a, const void *b)
{
    unsigned x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? 1 : x > y ? -1 : 0;
}

/* The least distance of a VM in several cells: as large as nodes have room for, on the nearest nodes. */
static uint64_t least_spread(const struct joint *j, unsigned vcpus)
{
    uint64_t left = vcpus, squares = 0, least = UINT64_MAX, all = (uint64_t)vcpus * vcpus;

    memcpy(j->scratch, j->now.room.cpus, j->n * sizeof *j->scratch);
    qsort(j->scratch, j->n, sizeof *j->scratch, descending);
    for (size_t n = 0; n < j->n && left; n++) {
        uint64_t has = j->scratch[n] < left ? j->scratch[n] : left;

        has -= has == vcpus; /* there is another cell */
        squares += has * has;
        left -= has;
    }
    for (size_t a = 0; a < j->n; a++)
        for (size_t b = 0; b < j->n; b++)
            if (a != b && vn_host_distance(j->topo->host, a, b) - 10 < least)
                least = vn_host_distance(j->topo->host, a, b) - 10;
    return joint_distance(vcpus, (all - squares) / 2 * least);
}

static int add_shapes(struct joint *j, struct vn_arena *arena, const struct room *base, const struct vn_request *vm,
                      unsigned size, struct joint_vm *out)
{
    const struct vn_cells_spec *spec = &vm->policy.cells;
    int r = 0;

    if (spec->kind == VN_CELLS_LIST)
        return add_shape(j, arena, base, vm, size, spec->n_list, out);
    if (spec->kind == VN_CELLS_NUMBER)
        return add_shape(j, arena, base, vm, size, spec->number, out);
    for (size_t k = 1; r == 0 && k <= JOINT_SHAPES && k <= j->n && k <= vm->vcpus && (k == 1 || k <= split_grains(vm));
         k++)
        r = add_shape(j, arena, base, vm, size, k, out);
    out->divides = true;
    if (out->n_shapes > 1)
        out->spread = least_spread(j, vm->vcpus);
    return r;
}

static int add_devices(const struct joint *j, struct vn_arena *arena, const struct vn_request *vm,
                       struct joint_vm *out)
{
    out->devices = vn_arena_array(arena, vm->n_devices, sizeof *out->devices);
    if (!out->devices)
        return -VN_E_NOMEM;
    for (size_t d = 0; d < vm->n_devices; d++) {
        const struct vn_device *device = vn_host_device(j->topo->host, vm->devices[d]);
        int node = device && device->node >= 0 ? vn_host_node_index(j->topo->host, device->node) : -1;

        if (node >= 0)
            out->devices[out->n_devices++] = (size_t)node;
    }
    return 0;
}

static bool same_request(const struct joint_vm *a, const struct joint_vm *b)
{
    if (a->vcpus != b->vcpus || a->kind != b->kind || a->divides != b->divides || a->spread != b->spread ||
        a->n_shapes != b->n_shapes || a->n_devices != b->n_devices ||
        memcmp(a->devices, b->devices, a->n_devices * sizeof *a->devices))
        return false;
    for (size_t s = 0; s < a->n_shapes; s++) {
        const struct joint_shape *x = &a->shapes[s], *y = &b->shapes[s];

        if (x->k != y->k)
            return false;
        for (size_t c = 0; c < x->k; c++)
            if (x->cells[c].cpus != y->cells[c].cpus || x->cells[c].cores != y->cells[c].cores ||
                x->cells[c].mem != y->cells[c].mem || x->sizes[c].vcpus != y->sizes[c].vcpus)
                return false;
    }
    return true;
}

/* What it costs alone; in several cells, where it is divided in the best way and has no devices nearby. */
static void set_least(const struct solver *s, struct joint_vm *vm)
{
    const struct spot *alone = &s->alone[vm->vm];

    vm->least.distance = joint_distance(vm->vcpus, alone->bound.s[SC_DISTANCE]);
    vm->least.device = alone->bound.s[SC_DEVICE];
    if (!vm->divides || (alone->k == 1 && vm->spread > 0))
        return;
    vm->least = (struct joint_cost){alone->k == 1 ? 0 : vm->spread, 0};
}

/* Where CPUs stay for those that float, whole cores might be had by other choices of them. */
static bool sums_hold(const struct room *base, const struct joint_vm *vm)
{
    for (size_t n = 0; n < base->topo->n && vm->shapes[0].cells[0].cores && !base->named; n++)
        if (base->demand[n] > 0)
            return false;
    return true;
}

/* Those that fit nowhere even alone are left out for good. */
static int add_vms(struct solver *s, const struct room *base, const bool *keep, struct vn_arena *arena, unsigned size,
                   struct joint *j)
{
    for (size_t i = 0; i < s->n_movable; i++) {
        const struct vn_request *vm = &s->problem->vms[s->order[i]];
        struct joint_vm *out = &j->vms[j->n_vms];

        if (!solver_dedicated(vm) || keep[s->order[i]] || !s->alone[s->order[i]].placed)
            continue;
        out->vm = s->order[i];
        out->vcpus = vm->vcpus;
        out->kind = room_mem(base, vm->memory_kib, vm->policy.hugepage_kib).kind;
        out->spread = UINT64_MAX;
        if (add_shapes(j, arena, base, vm, size, out) < 0 || add_devices(j, arena, vm, out) < 0)
            return -VN_E_NOMEM;
        set_least(s, out);
        j->sums = j->sums && sums_hold(base, out);
        for (out->like = 0; !same_request(&j->vms[out->like], out); out->like++)
            ;
        j->n_vms++;
    }
    return 0;
}

void joint_least(const struct joint *j, struct joint_cost *ret)
{
    *ret = (struct joint_cost){0, 0};
    for (size_t v = 0; v < j->n_vms; v++)
        joint_cost_add(ret, &j->vms[v].least);
}

int joint_new(struct solver *s, const struct room *base, const bool *keep, struct vn_arena *arena, struct joint *ret)
{
    unsigned size;

    memset(ret, 0, sizeof *ret);
    ret->topo = s->place.topo;
    ret->n = ret->topo->n;
    ret->n_kinds = base->n_kinds;
    ret->sums = true;
    ret->dice = 1;
    ret->n_vms = s->n_movable; /* at most */
    ret->vms = vn_arena_array(arena, s->n_movable, sizeof *ret->vms);
    ret->used = vn_arena_array(arena, ret->n, sizeof *ret->used);
    ret->pick = vn_arena_array(arena, ret->n, sizeof *ret->pick);
    ret->found = vn_arena_array(arena, ret->n, sizeof *ret->found);
    ret->scratch = vn_arena_array(arena, ret->n, sizeof *ret->scratch);
    if (!ret->vms || !ret->used || !ret->pick || !ret->found || !ret->scratch)
        return -VN_E_NOMEM;
    if (joint_state_new(ret, arena, &ret->now) < 0 || joint_state_new(ret, arena, &ret->best) < 0)
        return -VN_E_NOMEM;
    ret->n_vms = 0;
    size = survey(ret, base);
    if (add_vms(s, base, keep, arena, size, ret) < 0)
        return -VN_E_NOMEM;
    ret->most_vcpus = joint_most_vcpus(ret, arena);
    ret->most_placed = ret->n_vms;
    return ret->most_vcpus == UINT64_MAX ? -VN_E_NOMEM : 0;
}
