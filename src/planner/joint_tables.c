/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "planner/joint_exact.h"

/* What the VMs that are not decided yet could add at most. */

static const struct joint_vm *item(const struct exact *e, size_t depth)
{
    return &e->j->vms[e->items[depth]];
}

static uint64_t memory_of(const struct joint_vm *vm)
{
    uint64_t mem = 0;

    for (size_t c = 0; c < vm->shapes[0].k && vm->kind == 0; c++)
        mem += vm->shapes[0].cells[c].mem;
    return mem;
}

/* Is @a, with @vm added, more items or cheaper ones than @b? */
static bool is_cheaper(const struct exact_rest *a, const struct joint_vm *vm, const struct exact_rest *b)
{
    struct joint_cost cost = a->cost;

    joint_cost_add(&cost, &vm->least);
    return a->count + 1 != b->count ? a->count + 1 > b->count : joint_cost_cmp(&cost, &b->cost) < 0;
}

static void add_rest(struct exact *e, size_t depth)
{
    const struct joint_vm *vm = item(e, depth);
    const struct exact_rest *after = &e->rest[(depth + 1) * e->width];
    struct exact_rest *ret = &e->rest[depth * e->width];
    uint64_t mem = memory_of(vm);

    memcpy(ret, after, e->width * sizeof *ret);
    for (uint64_t c = vm->vcpus; c < e->width; c++) {
        const struct exact_rest *with = &after[c - vm->vcpus];

        if (with->mem == UINT64_MAX)
            continue;
        if (ret[c].mem == UINT64_MAX || is_cheaper(with, vm, &ret[c])) {
            ret[c].count = with->count + 1;
            ret[c].cost = with->cost;
            joint_cost_add(&ret[c].cost, &vm->least);
        }
        if (with->mem + mem < ret[c].mem)
            ret[c].mem = with->mem + mem;
    }
}

static void add_least(struct exact *e, size_t depth)
{
    const struct joint_vm *vm = item(e, depth);
    struct exact_least *least = &e->least[depth];

    *least = e->least[depth + 1];
    for (size_t c = 0; c < vm->shapes[0].k; c++) {
        const struct joint_cell *cell = &vm->shapes[0].cells[c];

        least->cpus = cell->cpus < least->cpus ? cell->cpus : least->cpus;
        least->mem = vm->kind ? 0 : cell->mem < least->mem ? cell->mem : least->mem;
    }
    if (vm->divides)
        *least = (struct exact_least){0, 0};
}

void exact_tables(struct exact *e)
{
    struct exact_rest *none = &e->rest[e->n_items * e->width];

    memset(none, 0, e->width * sizeof *none);
    for (uint64_t c = 1; c < e->width; c++)
        none[c].mem = UINT64_MAX;
    e->least[e->n_items] = (struct exact_least){UINT32_MAX, UINT64_MAX};
    for (size_t depth = e->n_items; depth-- > 0;) {
        add_rest(e, depth);
        add_least(e, depth);
    }
}

/* The most vCPUs: as many as the CPUs, on nodes that can hold any cell at all, with the memory there. */
static uint64_t most_more(struct exact *e, size_t depth)
{
    const struct joint *j = e->j;
    const struct exact_rest *rest = &e->rest[depth * e->width];
    const struct exact_least *least = &e->least[depth];
    uint64_t cpus = 0, mem = 0, all_cpus = 0, all_mem = 0, c, from;

    for (size_t i = 0; i < e->n_nodes; i++) {
        size_t n = e->nodes[i];

        all_cpus += j->now.room.cpus[n];
        all_mem += j->now.room.mem[n];
        if (j->now.room.cpus[n] < least->cpus || j->now.room.mem[n] < least->mem)
            continue;
        cpus += j->now.room.cpus[n];
        mem += j->now.room.mem[n];
    }
    if (all_cpus < e->fluid_cpus || all_mem < e->fluid_mem)
        return UINT64_MAX;
    cpus = cpus < all_cpus - e->fluid_cpus ? cpus : all_cpus - e->fluid_cpus;
    mem = mem < all_mem - e->fluid_mem ? mem : all_mem - e->fluid_mem;
    from = cpus < e->width - 1 ? cpus : e->width - 1;
    if (j->now.sum.vcpus + from > j->most_vcpus)
        from = j->most_vcpus > j->now.sum.vcpus ? j->most_vcpus - j->now.sum.vcpus : 0;
    for (c = from; c > 0 && (rest[c].mem == UINT64_MAX || rest[c].mem > mem); c--)
        ;
    e->left -= e->left < (from - c) / 16 ? e->left : (from - c) / 16;
    return c;
}

bool exact_can_gain(struct exact *e, size_t depth)
{
    const struct joint_worth *now = &e->j->now.sum;
    uint64_t add = most_more(e, depth);
    const struct exact_rest *rest;
    struct joint_worth most;

    if (add == UINT64_MAX)
        return false;
    rest = &e->rest[depth * e->width + add];
    most = (struct joint_worth){now->vcpus + add, now->placed + rest->count, now->cost};
    joint_cost_add(&most.cost, &rest->cost);
    return joint_cmp(&most, &e->goal) < 0;
}
