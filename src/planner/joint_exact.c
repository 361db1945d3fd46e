/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "planner/joint.h"

/*
 * Depth-first branch and bound over all VMs, those of several cells first: on each node in turn,
 * then left out. A branch ends where what is placed and the best that the rest could add is no
 * better than the best so far.
 *
 * Nodes that are the same, VMs that are and cells that are, are tried once: always the one that
 * gives the lowest row of nodes, VM after VM. All three rules keep the lowest of the best rows.
 */

enum { TABLE_MAX = 1 << 22 };

struct item {
    const struct joint_vm *vm;
    size_t at; /* in j->vms */
};

struct exact {
    struct joint *j;
    uint64_t left;         /* steps */
    bool capped;
    struct item *items;    /* by depth */
    size_t n_spread;       /* those of several cells */
    bool *alike;           /* [a * n + b]: as far from everything else */
    uint64_t width;        /* free CPUs + 1 */
    uint64_t *least;       /* [depth * width + vCPUs]: least memory of items from there on with that many in all */
    uint64_t *small;       /* [depth * (n_vms + 1) + count]: fewest vCPUs of so many items from there on */
    uint64_t *cheap;       /* the same for cost */
    struct joint_cell *min; /* [depth]: the least of any cell from there on */
};

/* ---- what the rest could add ---- */

/* The most vCPUs: as many as the CPUs, on nodes that can hold any cell at all, with the memory there. */
static uint64_t most_more(struct exact *e, size_t depth)
{
    const struct joint *j = e->j;
    const uint64_t *least = &e->least[depth * e->width];
    const struct joint_cell *min = &e->min[depth];
    uint64_t cpus = 0, mem = 0, c, from;

    for (size_t n = 0; n < j->n; n++) {
        if (j->now.room.cpus[n] < min->cpus || j->now.room.mem[n] < min->mem)
            continue;
        cpus += j->now.room.cpus[n];
        mem += j->now.room.mem[n];
    }
    from = cpus < e->width - 1 ? cpus : e->width - 1;
    for (c = from; c > 0 && least[c] > mem; c--)
        ;
    e->left -= e->left < (from - c) / 16 ? e->left : (from - c) / 16;
    return c;
}

static bool can_gain(struct exact *e, size_t depth)
{
    const struct joint *j = e->j;
    size_t row = depth * (j->n_vms + 1), more = j->n_vms - depth;
    uint64_t add = most_more(e, depth), lacking;

    if (j->now.vcpus + add != j->best.vcpus)
        return j->now.vcpus + add > j->best.vcpus;
    while (more && e->small[row + more] > add)
        more--;
    if (j->now.placed + more != j->best.placed)
        return j->now.placed + more > j->best.placed;
    lacking = j->best.placed - j->now.placed;
    return j->now.sum + e->cheap[row + lacking] < j->best.sum;
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
    return depth >= e->n_spread || e->alike[a * j->n + b]; /* single cells have no distance */
}

static bool lower_is_equal(const struct exact *e, size_t depth, size_t node)
{
    for (size_t n = 0; n < node; n++)
        if (!e->j->used[n] && nodes_equal(e, depth, n, node))
            return true;
    return false;
}

static void descend(struct exact *e, size_t depth);

static void commit(struct exact *e, size_t depth, uint64_t distance)
{
    struct joint *j = e->j;
    const struct joint_vm *vm = e->items[depth].vm;
    size_t at = e->items[depth].at;
    uint64_t cost = joint_cost(vm->vcpus, distance);

    j->now.shape[at] = 0;
    j->now.cost[at] = cost;
    j->now.sum += cost;
    j->now.vcpus += vm->vcpus;
    j->now.placed++;
    for (size_t c = 0; c < vm->shapes[0].k; c++)
        j->used[j->now.node[at * j->n + c]] = false;
    if (can_gain(e, depth + 1))
        descend(e, depth + 1);
    for (size_t c = 0; c < vm->shapes[0].k; c++)
        j->used[j->now.node[at * j->n + c]] = true;
    j->now.shape[at] = -1;
    j->now.sum -= cost;
    j->now.vcpus -= vm->vcpus;
    j->now.placed--;
}

static bool same_cell(const struct joint_shape *shape, size_t a, size_t b)
{
    const struct joint_cell *x = &shape->cells[a], *y = &shape->cells[b];

    return x->cpus == y->cpus && x->cores == y->cores && x->mem == y->mem &&
           shape->sizes[a].vcpus == shape->sizes[b].vcpus;
}

static size_t first_node(const struct exact *e, size_t depth, size_t cell)
{
    const struct joint *j = e->j;
    const struct item *item = &e->items[depth];
    const size_t *node = &j->now.node[item->at * j->n];

    if (cell)
        return j->topo->symmetric && same_cell(&item->vm->shapes[0], cell, cell - 1) ? node[cell - 1] + 1 : 0;
    if (!depth || e->items[depth - 1].vm->like != item->vm->like)
        return 0;
    return j->now.node[e->items[depth - 1].at * j->n]; /* placed: descend() sees to it */
}

static void place_cell(struct exact *e, size_t depth, size_t cell, uint64_t distance)
{
    struct joint *j = e->j;
    const struct item *item = &e->items[depth];
    const struct joint_shape *shape = &item->vm->shapes[0];
    size_t *node = &j->now.node[item->at * j->n];

    if (cell == shape->k) {
        commit(e, depth, distance);
        return;
    }
    for (size_t n = first_node(e, depth, cell); n < j->n; n++) {
        uint64_t more = distance;

        if (j->used[n] || !joint_holds(j, item->vm, &shape->cells[cell], n) || lower_is_equal(e, depth, n))
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
        joint_take(j, item->vm, &shape->cells[cell], n, false);
        place_cell(e, depth, cell + 1, more);
        joint_take(j, item->vm, &shape->cells[cell], n, true);
        j->used[n] = false;
    }
}

static void descend(struct exact *e, size_t depth)
{
    struct joint *j = e->j;
    bool like_left_out;

    if (depth == j->n_vms) {
        if (joint_better(&j->now, &j->best))
            joint_state_copy(j, &j->best, &j->now);
        return;
    }
    like_left_out = depth && e->items[depth - 1].vm->like == e->items[depth].vm->like &&
                    j->now.shape[e->items[depth - 1].at] < 0;
    if (!like_left_out)
        place_cell(e, depth, 0, 0);
    if (!e->capped && can_gain(e, depth + 1))
        descend(e, depth + 1);
}

/* ---- tables ---- */

static int item_cmp(const void *a, const void *b)
{
    const struct joint_vm *x = ((const struct item *)a)->vm, *y = ((const struct item *)b)->vm;
    bool spread_x = x->shapes[0].k > 1, spread_y = y->shapes[0].k > 1;

    if (spread_x != spread_y)
        return spread_x ? -1 : 1;
    if (x->vcpus != y->vcpus)
        return x->vcpus > y->vcpus ? -1 : 1;
    if (x->like != y->like)
        return x->like < y->like ? -1 : 1;
    return x->vm < y->vm ? -1 : x->vm > y->vm;
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

/* Inserts @value into the ascending sums' row: sums of the so many least. */
static void least_sums(const uint64_t *after, size_t count, uint64_t value, uint64_t *ret)
{
    size_t at = 0;

    while (at < count && after[at + 1] - after[at] <= value)
        at++;
    memcpy(ret, after, (at + 1) * sizeof *ret);
    for (size_t i = at; i <= count; i++)
        ret[i + 1] = after[i] + value;
}

static void add_memory(struct exact *e, size_t depth)
{
    const struct joint_vm *vm = e->items[depth].vm;
    const uint64_t *after = &e->least[(depth + 1) * e->width];
    uint64_t *ret = &e->least[depth * e->width], mem = 0;

    for (size_t c = 0; c < vm->shapes[0].k && vm->kind == 0; c++)
        mem += vm->shapes[0].cells[c].mem;
    for (uint64_t c = 0; c < e->width; c++) {
        ret[c] = after[c];
        if (c >= vm->vcpus && after[c - vm->vcpus] != UINT64_MAX && after[c - vm->vcpus] + mem < ret[c])
            ret[c] = after[c - vm->vcpus] + mem;
    }
}

static void add_min(struct exact *e, size_t depth)
{
    const struct joint_vm *vm = e->items[depth].vm;
    struct joint_cell *min = &e->min[depth];

    *min = e->min[depth + 1];
    for (size_t c = 0; c < vm->shapes[0].k; c++) {
        const struct joint_cell *cell = &vm->shapes[0].cells[c];

        min->cpus = cell->cpus < min->cpus ? cell->cpus : min->cpus;
        min->mem = vm->kind ? 0 : cell->mem < min->mem ? cell->mem : min->mem;
    }
}

static void fill_tables(struct exact *e)
{
    const struct joint *j = e->j;
    size_t row = j->n_vms + 1;

    for (uint64_t c = 1; c < e->width; c++)
        e->least[j->n_vms * e->width + c] = UINT64_MAX;
    e->min[j->n_vms] = (struct joint_cell){UINT32_MAX, 0, UINT64_MAX};
    for (size_t depth = j->n_vms; depth-- > 0;) {
        const struct joint_vm *vm = e->items[depth].vm;

        add_memory(e, depth);
        add_min(e, depth);
        least_sums(&e->small[(depth + 1) * row], j->n_vms - depth - 1, vm->vcpus, &e->small[depth * row]);
        least_sums(&e->cheap[(depth + 1) * row], j->n_vms - depth - 1, vm->least, &e->cheap[depth * row]);
        e->n_spread += vm->shapes[0].k > 1;
    }
    for (size_t a = 0; a < j->n; a++)
        for (size_t b = 0; b < j->n; b++)
            e->alike[a * j->n + b] = is_alike(j, a, b);
}

static int exact_new(struct exact *e, struct vn_arena *arena)
{
    struct joint *j = e->j;
    size_t rows = j->n_vms + 1;

    e->items = vn_arena_array(arena, j->n_vms, sizeof *e->items);
    e->alike = vn_arena_array(arena, j->n * j->n, sizeof *e->alike);
    e->least = vn_arena_array(arena, rows * e->width, sizeof *e->least);
    e->small = vn_arena_array(arena, rows * rows, sizeof *e->small);
    e->cheap = vn_arena_array(arena, rows * rows, sizeof *e->cheap);
    e->min = vn_arena_array(arena, rows, sizeof *e->min);
    if (!e->items || !e->alike || !e->least || !e->small || !e->cheap || !e->min)
        return -VN_E_NOMEM;
    for (size_t v = 0; v < j->n_vms; v++)
        e->items[v] = (struct item){&j->vms[v], v};
    qsort(e->items, j->n_vms, sizeof *e->items, item_cmp);
    fill_tables(e);
    return 0;
}

static bool has_devices(const struct joint *j)
{
    for (size_t v = 0; v < j->n_vms; v++)
        if (j->vms[v].n_devices)
            return true;
    return false;
}

int joint_exact(struct joint *j, struct vn_arena *arena, uint64_t steps)
{
    struct exact e = {.j = j, .left = steps, .width = 1};

    for (size_t v = 0; v < j->n_vms; v++)
        if (j->now.shape[v] >= 0)
            joint_remove(j, v);
    for (size_t n = 0; n < j->n; n++)
        e.width += j->now.room.cpus[n];
    if (!j->whole || has_devices(j) || j->n_vms * e.width > TABLE_MAX)
        return 0;
    if (exact_new(&e, arena) < 0)
        return -VN_E_NOMEM;
    if (can_gain(&e, 0))
        descend(&e, 0);
    j->exact = !e.capped;
    return 0;
}
