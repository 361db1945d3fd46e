/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "planner/place.h"

/* Memory is split in whole huge pages, else in MiB where the VM's memory is whole MiB. */
static uint64_t grain(const struct vn_request *vm)
{
    if (vm->policy.hugepage_kib)
        return vm->policy.hugepage_kib;
    return vm->memory_kib % 1024 == 0 ? 1024 : 1;
}

uint64_t split_grains(const struct vn_request *vm)
{
    return vm->memory_kib / grain(vm) + (vm->memory_kib % grain(vm) != 0);
}

/* Grains to KiB; what is over a whole number of grains is taken from the last cell. */
static void set_memory(const struct vn_request *vm, size_t k, const uint64_t *grains, struct vn_cell_size *ret)
{
    uint64_t left = vm->memory_kib;

    for (size_t j = 0; j < k; j++) {
        uint64_t kib = grains[j] * grain(vm);

        ret[j].memory_kib = kib < left ? kib : left;
        left -= ret[j].memory_kib;
    }
}

void split_equal(const struct vn_request *vm, size_t k, unsigned unit, struct vn_cell_size *ret)
{
    uint64_t grains = split_grains(vm), left = vm->memory_kib;
    uint64_t groups = vm->vcpus / unit + (vm->vcpus % unit != 0);
    unsigned vcpus = vm->vcpus;

    for (size_t j = 0; j < k; j++) {
        uint64_t share = groups / k + (j < groups % k), kib = (grains / k + (j < grains % k)) * grain(vm);

        ret[j].vcpus = share * unit < vcpus ? (unsigned)(share * unit) : vcpus;
        ret[j].memory_kib = kib < left ? kib : left;
        vcpus -= ret[j].vcpus;
        left -= ret[j].memory_kib;
    }
}

struct uneven {
    size_t n, k;
    uint64_t vcpus, grains;
    bool memory;            /* each cell's memory comes from its node */
    uint64_t *cpu, *cpu0;   /* capacity of a node; as cell 0 */
    uint64_t *mem;
    uint64_t *order;        /* scratch for the sums of the best nodes to come */
    size_t *pick, *best;    /* chosen nodes */
    bool found;
    uint64_t best_distance;
    const struct topo *topo;
    uint64_t left;          /* budget */
};

static int descending(const void *a, const void *b)
{
    uint64_t x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? 1 : x > y ? -1 : 0;
}

/* The most that @count of the nodes from @first on can add. */
static uint64_t best_sum(const struct uneven *u, const uint64_t *what, size_t first, size_t count)
{
    uint64_t sum = 0;
    size_t n = 0;

    for (size_t i = first; i < u->n; i++)
        if (u->cpu[i] && (!u->memory || u->mem[i]))
            u->order[n++] = what[i];
    qsort(u->order, n, sizeof *u->order, descending);
    for (size_t i = 0; i < n && i < count; i++)
        sum += u->order[i];
    return sum;
}

/* The chosen node that loses least as cell 0; u->k when none can be. */
static size_t cell_zero(const struct uneven *u, const size_t *pick)
{
    size_t best = u->k;
    uint64_t sum = 0;

    for (size_t i = 0; i < u->k; i++)
        sum += u->cpu[pick[i]];
    for (size_t i = 0; i < u->k; i++) {
        uint64_t loss = u->cpu[pick[i]] - u->cpu0[pick[i]];

        if (!u->cpu0[pick[i]] || sum - loss < u->vcpus)
            continue;
        if (best == u->k || loss < u->cpu[pick[best]] - u->cpu0[pick[best]])
            best = i;
    }
    return best;
}

static void offer_nodes(struct uneven *u)
{
    uint64_t distance = 0;

    if (cell_zero(u, u->pick) == u->k)
        return;
    for (size_t i = 0; i < u->k; i++)
        for (size_t j = 0; j < i; j++)
            distance += vn_host_distance(u->topo->host, u->pick[j], u->pick[i]);
    if (u->found && distance >= u->best_distance)
        return;
    u->found = true;
    u->best_distance = distance;
    memcpy(u->best, u->pick, u->k * sizeof *u->best);
}

static void choose_nodes(struct uneven *u, size_t depth, size_t first, uint64_t cpus, uint64_t mem)
{
    if (depth == u->k) {
        if (cpus >= u->vcpus && (!u->memory || mem >= u->grains))
            offer_nodes(u);
        return;
    }
    if (cpus + best_sum(u, u->cpu, first, u->k - depth) < u->vcpus ||
        (u->memory && mem + best_sum(u, u->mem, first, u->k - depth) < u->grains))
        return;
    for (size_t n = first; n + (u->k - depth) <= u->n; n++) {
        if (!u->cpu[n] || (u->memory && !u->mem[n]))
            continue;
        if (u->left < u->n && u->found)
            return;
        u->left -= u->left < u->n ? u->left : u->n;
        u->pick[depth] = n;
        choose_nodes(u, depth + 1, n + 1, cpus + u->cpu[n], mem + u->mem[n]);
    }
}

/* @total over cells that hold @cap[cell] each, as equal as can be and at least one each. */
static void fill(size_t k, uint64_t total, const uint64_t *cap, uint64_t *ret, bool *done)
{
    memset(done, 0, k * sizeof *done);
    for (size_t step = 0; step < k; step++) {
        size_t least = k;
        uint64_t share = total / (k - step);

        for (size_t i = 0; i < k; i++)
            if (!done[i] && (least == k || cap[i] < cap[least]))
                least = i;
        done[least] = true;
        ret[least] = cap[least] < share ? cap[least] : share;
        total -= ret[least];
    }
}

static int set_cells(const struct uneven *u, const struct vn_request *vm, struct vn_arena *scratch,
                     struct vn_cell_size *ret)
{
    uint64_t *cap = vn_arena_array(scratch, u->k, sizeof *cap), *out = vn_arena_array(scratch, u->k, sizeof *out);
    uint64_t *mem = vn_arena_array(scratch, u->k, sizeof *mem);
    bool *done = vn_arena_array(scratch, u->k, sizeof *done);
    size_t zero = cell_zero(u, u->best);

    if (!cap || !out || !mem || !done)
        return -VN_E_NOMEM;
    for (size_t j = 0; j < u->k; j++) { /* cell 0's node first, the others ascending */
        size_t i = j == 0 ? zero : j <= zero ? j - 1 : j;

        cap[j] = j ? u->cpu[u->best[i]] : u->cpu0[u->best[i]];
        mem[j] = u->memory ? u->mem[u->best[i]] : u->grains;
    }
    fill(u->k, u->vcpus, cap, out, done);
    for (size_t j = 0; j < u->k; j++)
        ret[j].vcpus = (unsigned)out[j];
    fill(u->k, u->grains, mem, out, done);
    set_memory(vm, u->k, out, ret);
    return 1;
}

int split_uneven(struct place *place, const struct room *room, size_t vm_index, size_t k, struct vn_cell_size *ret)
{
    const struct vn_request *vm = &place->problem->vms[vm_index];
    struct mem_need unit = room_mem(room, grain(vm), vm->policy.hugepage_kib);
    VN_AUTO(vn_arena) scratch = {0};
    struct uneven u = {.n = place->topo->n, .k = k, .vcpus = vm->vcpus, .topo = place->topo, .left = place->budget};

    u.grains = split_grains(vm);
    u.memory = !vm->policy.memory_preferred;
    u.cpu = vn_arena_array(&scratch, u.n, sizeof *u.cpu);
    u.cpu0 = vn_arena_array(&scratch, u.n, sizeof *u.cpu0);
    u.mem = vn_arena_array(&scratch, u.n, sizeof *u.mem);
    u.order = vn_arena_array(&scratch, u.n, sizeof *u.order);
    u.pick = vn_arena_array(&scratch, k, sizeof *u.pick);
    u.best = vn_arena_array(&scratch, k, sizeof *u.best);
    if (!u.cpu || !u.cpu0 || !u.mem || !u.order || !u.pick || !u.best)
        return -VN_E_NOMEM;
    for (size_t n = 0; n < u.n; n++) {
        long cap = node_capacity(room, vm, 1, n), cap0 = node_capacity(room, vm, 0, n);

        u.cpu[n] = cap > 0 ? (uint64_t)cap : 0;
        u.cpu0[n] = cap0 > 0 ? (uint64_t)cap0 : 0;
        u.mem[n] = *room_mem_at(room, unit.kind, n) / (unit.amount ? unit.amount : 1);
    }
    choose_nodes(&u, 0, 0, 0, 0);
    return u.found ? set_cells(&u, vm, &scratch, ret) : 0;
}
