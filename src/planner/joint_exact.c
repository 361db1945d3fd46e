/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "planner/joint_exact.h"

/*
 * Depth-first branch and bound, VMs of several cells or with devices first: on each node in turn,
 * then left out. A branch ends where what is placed and the best that the rest could add is no
 * better than the best so far.
 *
 * Nodes that are the same, VMs that are and cells that are, are tried once: always the one that
 * gives the lowest row of nodes, VM after VM. All three rules keep the lowest of the best rows.
 *
 * A VM that may be divided in any way is tried in one piece, and then as if several cells of it
 * could have any CPUs and memory, at the least distance there is. What is found so is no plan; but
 * nothing is better.
 */

enum { TABLE_MAX = 1 << 21 };

static const struct joint_vm *item(const struct exact *e, size_t depth)
{
    return &e->j->vms[e->items[depth]];
}

static bool is_located(const struct joint_vm *vm)
{
    return vm->shapes[0].k > 1 || vm->n_devices > 0;
}

/* ---- branches ---- */

static bool nodes_equal(const struct exact *e, size_t depth, size_t a, size_t b)
{
    const struct joint *j = e->j;
    const struct joint_room *room = &j->now.room;

    if (room->cpus[a] != room->cpus[b] || room->cores[a] != room->cores[b])
        return false;
    for (size_t kind = 0; kind < j->n_kinds; kind++)
        if (room->mem[kind * j->n + a] != room->mem[kind * j->n + b])
            return false;
    return depth >= e->n_located || e->alike[a * j->n + b];
}

static bool lower_is_equal(const struct exact *e, size_t depth, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (!e->j->used[e->nodes[i]] && nodes_equal(e, depth, e->nodes[i], e->nodes[at]))
            return true;
    return false;
}

static void descend(struct exact *e, size_t depth);

static void go_on(struct exact *e, size_t depth, int shape, struct joint_cost cost)
{
    struct joint *j = e->j;
    size_t at = e->items[depth];

    j->now.shape[at] = shape;
    j->now.cost[at] = cost;
    joint_count(j, at, false);
    if (exact_can_gain(e, depth + 1))
        descend(e, depth + 1);
    joint_count(j, at, true);
    j->now.shape[at] = -1;
}

static void commit(struct exact *e, size_t depth, uint64_t distance)
{
    struct joint *j = e->j;
    const struct joint_vm *vm = item(e, depth);
    const size_t *node = &j->now.node[e->items[depth] * j->n];
    size_t k = vm->shapes[0].k;

    for (size_t c = 0; c < k; c++)
        j->used[node[c]] = false;
    go_on(e, depth, 0, (struct joint_cost){joint_distance(vm->vcpus, distance), joint_device(j, vm, node, k)});
    for (size_t c = 0; c < k; c++)
        j->used[node[c]] = true;
}

static size_t first_node(const struct exact *e, size_t depth, size_t cell)
{
    const struct joint *j = e->j;
    const size_t *node = &j->now.node[e->items[depth] * j->n];

    if (cell)
        return j->topo->symmetric && joint_same_cell(&item(e, depth)->shapes[0], cell, cell - 1) ? node[cell - 1] + 1
                                                                                                : 0;
    if (!depth || item(e, depth - 1)->like != item(e, depth)->like)
        return 0;
    return j->now.node[e->items[depth - 1] * j->n]; /* placed: descend() sees to it */
}

static void place_cell(struct exact *e, size_t depth, size_t cell, uint64_t distance)
{
    struct joint *j = e->j;
    const struct joint_vm *vm = item(e, depth);
    const struct joint_shape *shape = &vm->shapes[0];
    size_t *node = &j->now.node[e->items[depth] * j->n], first;

    if (cell == shape->k) {
        commit(e, depth, distance);
        return;
    }
    first = first_node(e, depth, cell);
    for (size_t i = 0; i < e->n_nodes; i++) {
        uint64_t more = distance;
        size_t n = e->nodes[i];

        if (n < first || j->used[n] || !joint_holds(j, vm, &shape->cells[cell], n) || lower_is_equal(e, depth, i))
            continue;
        if (!e->left) {
            e->capped = true;
            return;
        }
        e->left--;
        for (size_t c = 0; c < cell; c++)
            more += (uint64_t)shape->sizes[c].vcpus * shape->sizes[cell].vcpus *
                    (vn_host_distance(j->topo->host, node[c], n) - 10);
        node[cell] = n;
        j->used[n] = true;
        joint_take(j, vm, &shape->cells[cell], n, false);
        place_cell(e, depth, cell + 1, more);
        joint_take(j, vm, &shape->cells[cell], n, true);
        j->used[n] = false;
    }
}

static void divide(struct exact *e, size_t depth)
{
    const struct joint_vm *vm = item(e, depth);
    uint64_t mem = vm->kind ? 0 : vm->shapes[0].cells[0].mem;

    e->fluid++;
    e->fluid_cpus += vm->vcpus;
    e->fluid_mem += mem;
    go_on(e, depth, EXACT_FLUID, (struct joint_cost){vm->spread, 0});
    e->fluid--;
    e->fluid_cpus -= vm->vcpus;
    e->fluid_mem -= mem;
}

/* The best so far: as a plan where no VM is divided. */
static void offer(struct exact *e)
{
    const struct joint *j = e->j;

    if (joint_cmp(&j->now.sum, &e->goal) >= 0)
        return;
    e->goal = j->now.sum;
    e->open = e->fluid > 0;
    if (e->open)
        return;
    e->found = true;
    for (size_t i = 0; i < e->n_items; i++) {
        e->shape[i] = j->now.shape[e->items[i]];
        memcpy(&e->node[i * j->n], &j->now.node[e->items[i] * j->n], j->n * sizeof *e->node);
    }
}

/* The VM before is the same: those in one piece come before those divided, and these before those left out. */
static int shape_before(const struct exact *e, size_t depth)
{
    return depth && item(e, depth - 1)->like == item(e, depth)->like ? e->j->now.shape[e->items[depth - 1]] : 0;
}

static void descend(struct exact *e, size_t depth)
{
    int before = depth < e->n_items ? shape_before(e, depth) : -1;

    if (depth == e->n_items) {
        offer(e);
        return;
    }
    if (before == 0)
        place_cell(e, depth, 0, 0);
    if (!e->capped && before >= 0 && item(e, depth)->spread != UINT64_MAX)
        divide(e, depth);
    if (!e->capped && exact_can_gain(e, depth + 1))
        descend(e, depth + 1);
}

/* ---- setting up ---- */

static int item_cmp(const struct joint_vm *x, const struct joint_vm *y)
{
    if (is_located(x) != is_located(y))
        return is_located(x) ? -1 : 1;
    if (x->vcpus != y->vcpus)
        return x->vcpus > y->vcpus ? -1 : 1;
    if (x->like != y->like)
        return x->like < y->like ? -1 : 1;
    return x->vm < y->vm ? -1 : x->vm > y->vm;
}

/* By insertion: often they are few, and in order. */
static void sort_items(struct exact *e)
{
    for (size_t i = 1; i < e->n_items; i++) {
        size_t vm = e->items[i], at = i;

        for (; at > 0 && item_cmp(&e->j->vms[e->items[at - 1]], &e->j->vms[vm]) > 0; at--)
            e->items[at] = e->items[at - 1];
        e->items[at] = vm;
    }
    e->n_located = 0;
    while (e->n_located < e->n_items && is_located(item(e, e->n_located)))
        e->n_located++;
}

/* Nodes @a and @b could change places. */
static bool is_alike(const struct joint *j, size_t a, size_t b)
{
    const struct vn_host *host = j->topo->host;

    for (size_t x = 0; x < j->n; x++)
        if (x != a && x != b &&
            (vn_host_distance(host, a, x) != vn_host_distance(host, b, x) ||
             vn_host_distance(host, x, a) != vn_host_distance(host, x, b)))
            return false;
    return vn_host_distance(host, a, b) == vn_host_distance(host, b, a);
}

/* A device is on one of the two: they are not the same to whoever has it. */
static bool has_device(const struct joint *j, size_t a, size_t b)
{
    for (size_t v = 0; v < j->n_vms; v++)
        for (size_t d = 0; d < j->vms[v].n_devices; d++)
            if (j->vms[v].devices[d] == a || j->vms[v].devices[d] == b)
                return true;
    return false;
}

int exact_new(struct exact *e, struct joint *j, struct vn_arena *arena, size_t most, uint64_t vcpus)
{
    *e = (struct exact){.j = j};
    e->items = vn_arena_array(arena, most, sizeof *e->items);
    e->nodes = vn_arena_array(arena, j->n, sizeof *e->nodes);
    e->alike = vn_arena_array(arena, j->n * j->n, sizeof *e->alike);
    e->rest = vn_arena_array(arena, (most + 1) * (vcpus + 1), sizeof *e->rest);
    e->least = vn_arena_array(arena, most + 1, sizeof *e->least);
    e->shape = vn_arena_array(arena, most, sizeof *e->shape);
    e->node = vn_arena_array(arena, most * j->n, sizeof *e->node);
    if (!e->items || !e->nodes || !e->alike || !e->rest || !e->least || !e->shape || !e->node)
        return -VN_E_NOMEM;
    for (size_t a = 0; a < j->n; a++)
        for (size_t b = 0; b < j->n; b++)
            e->alike[a * j->n + b] = is_alike(j, a, b) && (a == b || !has_device(j, a, b));
    return 0;
}

/* What was found becomes the state. */
static void put(struct exact *e)
{
    for (size_t i = 0; i < e->n_items; i++)
        if (e->shape[i] >= 0)
            joint_put(e->j, e->items[i], &e->node[i * e->j->n]);
}

void exact_run(struct exact *e)
{
    e->capped = e->found = e->open = false;
    sort_items(e);
    exact_tables(e);
    if (exact_can_gain(e, 0))
        descend(e, 0);
    if (e->found)
        put(e);
}

int joint_exact(struct joint *j, struct vn_arena *arena, uint64_t steps)
{
    uint64_t cpus = 0, vcpus = 0;
    struct exact e;

    for (size_t v = 0; v < j->n_vms; v++) {
        if (j->now.shape[v] >= 0)
            joint_remove(j, v);
        vcpus += j->vms[v].vcpus;
    }
    for (size_t n = 0; n < j->n; n++)
        cpus += j->now.room.cpus[n];
    vcpus = vcpus < cpus ? vcpus : cpus;
    if (!j->sums || (j->n_vms + 1) * (vcpus + 1) > TABLE_MAX)
        return 0;
    if (exact_new(&e, j, arena, j->n_vms, vcpus) < 0)
        return -VN_E_NOMEM;
    e.width = vcpus + 1;
    e.left = steps;
    e.goal = j->best.sum;
    e.n_items = j->n_vms;
    e.n_nodes = j->n;
    for (size_t v = 0; v < j->n_vms; v++)
        e.items[v] = v;
    for (size_t n = 0; n < j->n; n++)
        e.nodes[n] = n;
    exact_run(&e);
    if (joint_cmp(&j->now.sum, &j->best.sum) < 0)
        joint_state_copy(j, &j->best, &j->now);
    if (j->most_vcpus < e.width && e.rest[j->most_vcpus].mem != UINT64_MAX)
        j->most_placed = e.rest[j->most_vcpus].count;
    j->exact = !e.capped;
    j->bound = e.goal;
    return 0;
}
