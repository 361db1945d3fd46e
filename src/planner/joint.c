/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "planner/joint.h"

/* What the nodes have, and whether all whole cores are of one size (0: they are not). */
static unsigned survey(struct joint *j, const struct room *base)
{
    unsigned size = j->topo->threads;

    for (size_t n = 0; n < j->n; n++) {
        struct vn_cpuset usable;
        struct pick_room has;

        room_usable(base, n, &usable);
        pick_room(j->topo, n, &usable, &has);
        j->now.room.cpus[n] = has.free;
        j->now.room.cores[n] = has.whole_cores;
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
    j->whole = j->whole && out->n_shapes == 1;
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
    if (a->vcpus != b->vcpus || a->kind != b->kind || a->n_shapes != b->n_shapes || a->n_devices != b->n_devices ||
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

/* Those that fit nowhere even alone are left out for good. */
static int add_vms(struct solver *s, const struct room *base, const bool *keep, struct vn_arena *arena, unsigned size,
                   struct joint *j)
{
    for (size_t i = 0; i < s->n_movable; i++) {
        const struct vn_request *vm = &s->problem->vms[s->order[i]];
        struct joint_vm *out = &j->vms[j->n_vms];

        j->whole = j->whole && solver_dedicated(vm) && !keep[s->order[i]];
        if (!solver_dedicated(vm) || keep[s->order[i]] || !s->alone[s->order[i]].placed)
            continue;
        out->vm = s->order[i];
        out->vcpus = vm->vcpus;
        out->kind = room_mem(base, vm->memory_kib, vm->policy.hugepage_kib).kind;
        out->least = joint_cost(out->vcpus, s->alone[out->vm].bound.s[SC_DISTANCE]);
        if (add_shapes(j, arena, base, vm, size, out) < 0 || add_devices(j, arena, vm, out) < 0)
            return -VN_E_NOMEM;
        for (out->like = 0; !same_request(&j->vms[out->like], out); out->like++)
            ;
        j->n_vms++;
    }
    return 0;
}

int joint_new(struct solver *s, const struct room *base, const bool *keep, struct vn_arena *arena, struct joint *ret)
{
    unsigned size;

    memset(ret, 0, sizeof *ret);
    ret->topo = s->place.topo;
    ret->n = ret->topo->n;
    ret->n_kinds = base->n_kinds;
    ret->whole = true;
    ret->dice = 1;
    ret->n_vms = s->n_movable; /* at most */
    ret->vms = vn_arena_array(arena, s->n_movable, sizeof *ret->vms);
    ret->used = vn_arena_array(arena, ret->n, sizeof *ret->used);
    ret->pick = vn_arena_array(arena, ret->n, sizeof *ret->pick);
    ret->found = vn_arena_array(arena, ret->n, sizeof *ret->found);
    if (!ret->vms || !ret->used || !ret->pick || !ret->found || joint_state_new(ret, arena, &ret->now) < 0 ||
        joint_state_new(ret, arena, &ret->best) < 0)
        return -VN_E_NOMEM;
    ret->n_vms = 0;
    size = survey(ret, base);
    if (add_vms(s, base, keep, arena, size, ret) < 0)
        return -VN_E_NOMEM;
    ret->most_vcpus = joint_most_vcpus(ret, arena);
    return ret->most_vcpus == UINT64_MAX ? -VN_E_NOMEM : 0;
}
