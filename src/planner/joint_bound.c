/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "planner/joint.h"

/*
 * Upper bounds on the vCPUs placed, each true by itself; the least of them counts. The VMs are
 * those of struct joint, whose cells say the least that they take.
 */

enum { LEFT_OUT_STEPS = 50000000 };

static uint64_t sum_of(const struct joint_shape *shape, bool memory)
{
    uint64_t sum = 0;

    for (size_t c = 0; c < shape->k; c++)
        sum += memory ? shape->cells[c].mem : shape->cells[c].cpus;
    return sum;
}

/* The most vCPUs of which the least memory fits into all nodes together, at most @limit. */
static uint64_t by_memory(const struct joint *j, size_t kind, uint64_t limit, uint64_t *least)
{
    uint64_t has = 0, top = 0;

    for (size_t n = 0; n < j->n; n++)
        has += j->now.room.mem[kind * j->n + n];
    for (uint64_t c = 1; c <= limit; c++)
        least[c] = UINT64_MAX;
    least[0] = 0;
    for (size_t v = 0; v < j->n_vms; v++) {
        uint64_t mem = j->vms[v].kind == kind ? sum_of(&j->vms[v].shapes[0], true) : 0, vcpus = j->vms[v].vcpus;

        top = top + vcpus < limit ? top + vcpus : limit;
        for (uint64_t c = top; c >= vcpus; c--)
            if (least[c - vcpus] != UINT64_MAX && least[c - vcpus] + mem < least[c])
                least[c] = least[c - vcpus] + mem;
    }
    while (top > 0 && least[top] > has)
        top--;
    return top;
}

/* The most vCPUs whose CPUs, an emulator's and those left unused counted, fit into all nodes together. */
static uint64_t by_cpus(const struct joint *j, uint64_t cpus, uint64_t *most)
{
    memset(most, 0, (cpus + 1) * sizeof *most);
    for (size_t v = 0; v < j->n_vms; v++) {
        uint64_t takes = sum_of(&j->vms[v].shapes[0], false);

        for (uint64_t c = cpus; c >= takes; c--)
            if (most[c - takes] + j->vms[v].vcpus > most[c])
                most[c] = most[c - takes] + j->vms[v].vcpus;
    }
    return most[cpus];
}

/* One node for itself: the most vCPUs of any cells whose least memory it has. */
static uint64_t by_node(const struct joint *j, size_t node, uint64_t *least)
{
    uint64_t cpus = j->now.room.cpus[node], top = cpus;

    for (uint64_t c = 1; c <= cpus; c++)
        least[c] = UINT64_MAX;
    least[0] = 0;
    for (size_t v = 0; v < j->n_vms; v++) {
        const struct joint_vm *vm = &j->vms[v];

        if (vm->n_shapes > 1)
            return cpus; /* cells of any size */
        for (size_t i = 0; i < vm->shapes[0].k; i++) {
            uint64_t mem = vm->kind ? 0 : vm->shapes[0].cells[i].mem, vcpus = vm->shapes[0].sizes[i].vcpus;

            for (uint64_t c = cpus; vcpus && joint_holds(j, vm, &vm->shapes[0].cells[i], node) && c >= vcpus; c--)
                if (least[c - vcpus] != UINT64_MAX && least[c - vcpus] + mem < least[c])
                    least[c] = least[c - vcpus] + mem;
        }
    }
    while (top > 0 && least[top] > j->now.room.mem[node])
        top--;
    return top;
}

uint64_t joint_most_vcpus(const struct joint *j, struct vn_arena *arena)
{
    uint64_t cpus = 0, nodes = 0, bound, other;
    uint64_t *scratch;

    for (size_t n = 0; n < j->n; n++)
        cpus += j->now.room.cpus[n];
    scratch = vn_arena_array(arena, cpus + 1, sizeof *scratch);
    if (!scratch)
        return UINT64_MAX;
    for (size_t n = 0; n < j->n; n++)
        nodes += by_node(j, n, scratch);
    bound = by_cpus(j, cpus, scratch);
    bound = nodes < bound ? nodes : bound;
    for (size_t kind = 0; kind < j->n_kinds; kind++) {
        other = by_memory(j, kind, bound, scratch);
        bound = other < bound ? other : bound;
    }
    return bound;
}

/*
 * Seen from those left out, which are few: the most distance that at most @most of them with @vcpus
 * vCPUs in all can have. With @most as large as it likes one row is enough.
 */
static uint64_t most_left_out(const struct joint *j, struct vn_arena *arena, uint64_t vcpus, uint64_t most)
{
    bool counted = most < j->n_vms && j->n_vms * (most + 1) * (vcpus + 1) <= LEFT_OUT_STEPS;
    size_t rows = counted ? most + 1 : 1, width = vcpus + 1;
    uint64_t *top = vn_arena_array(arena, rows * width, sizeof *top), best = 0;

    if (!top)
        return UINT64_MAX;
    for (size_t i = 0; i < rows * width; i++)
        top[i] = i ? UINT64_MAX : 0;
    for (size_t v = 0; v < j->n_vms; v++)
        for (size_t row = rows; row-- > (counted ? 1 : 0);)
            for (uint64_t c = vcpus; c >= j->vms[v].vcpus; c--) {
                uint64_t from = top[(row - counted) * width + c - j->vms[v].vcpus], *to = &top[row * width + c];

                if (from != UINT64_MAX && (*to == UINT64_MAX || from + j->vms[v].least.distance > *to))
                    *to = from + j->vms[v].least.distance;
            }
    for (size_t row = 0; row < rows; row++)
        if (top[row * width + vcpus] != UINT64_MAX && top[row * width + vcpus] > best)
            best = top[row * width + vcpus];
    return best;
}

uint64_t joint_least_distance(const struct joint *j, struct vn_arena *arena, uint64_t vcpus, uint64_t count)
{
    struct joint_cost all;
    uint64_t has = 0, out;

    joint_least(j, &all);
    for (size_t v = 0; v < j->n_vms; v++)
        has += j->vms[v].vcpus;
    out = most_left_out(j, arena, has > vcpus ? has - vcpus : 0, j->n_vms > count ? j->n_vms - count : 0);
    return out == UINT64_MAX ? out : all.distance - out;
}
