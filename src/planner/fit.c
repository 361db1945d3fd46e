/* SPDX-License-Identifier: MIT */
/*
 * What keeps a VM out: things of which more would do, each alone; where none does alone, a set of
 * them of which none is to spare.
 */
#include <string.h>

#include "planner/solve.h"
#include "planner/whatif.h"

struct report {
    struct whatif what, empty; /* as it is; without the other VMs that are planned */
    struct vn_arena *scratch, *arena;
    struct vn_unplaced *out;
};

/* Node -1, the whole host, is the node itself where there is only one. */
static int add(struct report *r, enum vn_resource resource, int at, uint64_t need, uint64_t has, uint64_t empty)
{
    const struct vn_host *host = r->what.place->topo->host;
    struct vn_blocking *item = vn_arena_grow(r->arena, &r->out->blocking, &r->out->n_blocking, sizeof *item);

    if (!item)
        return -VN_E_NOMEM;
    if (at < 0 && host->n_nodes == 1 && resource != VN_RES_NODES && resource != VN_RES_MOVED)
        at = 0;
    *item = (struct vn_blocking){resource, at < 0 ? -1 : host->nodes[at].id, need, has, empty > has ? empty - has : 0};
    return 0;
}

static enum vn_resource memory_of(const struct vn_request *vm)
{
    return vm->policy.hugepage_kib ? VN_RES_HUGEPAGES : VN_RES_MEMORY;
}

/* vCPUs that all nodes together could have; in cells that are given that is not what decides. */
static bool too_few_cpus(const struct whatif *w)
{
    uint64_t sum = 0;

    for (size_t n = 0; n < w->n; n++)
        sum += w->nodes[n].cap[1] > 0 ? (uint64_t)w->nodes[n].cap[1] : 0;
    return sum < w->vm->vcpus + (w->vm->policy.emulator.kind == VN_EMULATOR_ISOLATE);
}

/* Nodes without a CPU are given none, but where there are more cells with vCPUs than other nodes. */
static bool cpus_everywhere(const struct whatif *w)
{
    const struct topo *topo = w->place->topo;
    size_t nodes = 0, cells = 0;

    for (size_t n = 0; n < w->n; n++)
        nodes += !vn_cpuset_empty(&topo->host->nodes[n].cpus);
    for (size_t j = 0; w->cells && j < w->k; j++)
        cells += w->cells[j].vcpus > 0;
    return !nodes || cells > nodes;
}

/* More CPUs than this are of no use on a node: all vCPUs, the emulator, and what was promised to others. */
static uint64_t most_cpus(const struct whatif *w, size_t n)
{
    const struct whatif_node *node = &w->nodes[n];
    bool shared = w->vm->policy.policy == VN_CPU_SHARED;
    double most = w->vm->vcpus / (shared ? vm_overcommit(w->vm) : 1) + 2 + node->promised;

    return (uint64_t)(shared && node->floating < 0 ? most - node->floating : most) + 1;
}

/* What one node could have more of. */
static int list_node(struct report *r, size_t n, bool cpus, bool memory)
{
    struct whatif *w = &r->what;
    const struct topo *topo = w->place->topo;
    bool has = cpus_everywhere(w) || !vn_cpuset_empty(&topo->host->nodes[n].cpus);
    bool emulator = w->vm->policy.emulator.kind == VN_EMULATOR_ISOLATE && w->vm->policy.policy == VN_CPU_SHARED;

    if (has && cpus && whatif_add(w, r->scratch, whatif_cpus(w->vm), (int)n, most_cpus(w, n)) < 0)
        return -VN_E_NOMEM;
    if (has && emulator && !w->nodes[n].for_emulator && whatif_add(w, r->scratch, VN_RES_CPUS, (int)n, 1) < 0)
        return -VN_E_NOMEM;
    if (memory && whatif_add(w, r->scratch, memory_of(w->vm), (int)n, w->amount) < 0)
        return -VN_E_NOMEM;
    return 0;
}

/* Everything there could be more of: of what all nodes together lack, anywhere; else node by node. */
static int list_all(struct report *r)
{
    struct whatif *w = &r->what;
    bool memory = !w->vm->policy.memory_preferred, short_memory = w->amount > room_mem_total(w->room, w->kind);
    bool any_cpus = !w->cells && too_few_cpus(w), any_memory = short_memory && (!w->cells || !memory);
    uint64_t most = 0;
    int got = 0;

    for (size_t n = 0; n < w->n; n++)
        most += most_cpus(w, n);
    if (any_memory)
        got = whatif_add(w, r->scratch, memory_of(w->vm), -1, w->amount);
    if (got == 0 && any_cpus)
        got = whatif_add(w, r->scratch, whatif_cpus(w->vm), -1, most);
    for (size_t n = 0; n < w->n && got == 0; n++)
        got = list_node(r, n, !any_cpus, memory && !any_memory);
    if (got == 0 && w->cells && w->k > w->n) /* no node can be more than one */
        got = whatif_add(w, r->scratch, VN_RES_NODES, -1, w->k - w->n);
    return got;
}

/* The least of it with which the VM fits, as it does with what is given now. */
static int reduce(struct report *r, struct whatif_more *item)
{
    uint64_t low = 0, high = item->more, guess;

    whatif_set(&r->what, item, 0);
    guess = whatif_guess(&r->what, item);
    for (int step = 0; high - low > 1; step++) {
        uint64_t more = step < 2 ? guess - (uint64_t)step : low + (high - low) / 2;
        int fits;

        if (more <= low || more >= high)
            continue;
        whatif_set(&r->what, item, more);
        fits = whatif_fits(&r->what);
        if (fits < 0)
            return fits;
        *(fits ? &high : &low) = more;
    }
    whatif_set(&r->what, item, high);
    return 0;
}

static int tell(struct report *r, const struct whatif_more *item)
{
    uint64_t has = whatif_free(&r->what, item);

    return add(r, item->resource, item->at, has + item->more, has, whatif_free(&r->empty, item));
}

/* Each that does alone. */
static int tell_single(struct report *r)
{
    for (size_t i = 0; i < r->what.n_list; i++) {
        struct whatif_more *item = &r->what.list[i];
        int fits;

        whatif_set(&r->what, item, item->most);
        fits = whatif_fits(&r->what);
        if (fits < 0 || (fits && (reduce(r, item) < 0 || tell(r, item) < 0)))
            return -VN_E_NOMEM;
        whatif_set(&r->what, item, 0);
    }
    return 0;
}

/* How far each node is from holding a cell: what it lacks in parts of what is of use; nothing is given now. */
static double *find_lacks(struct report *r)
{
    const struct whatif *w = &r->what;
    double *lacks = vn_arena_array(r->scratch, w->n, sizeof *lacks);

    for (size_t i = 0; lacks && i < w->n_list; i++)
        if (w->list[i].at >= 0 && w->list[i].most)
            lacks[w->list[i].at] += (double)whatif_guess(w, &w->list[i]) / (double)w->list[i].most;
    return lacks;
}

/* The order to do without items in: nodes that lack most, of equal ones the last; what is for the host at the end. */
static size_t *order_of(struct report *r)
{
    const struct whatif_more *list = r->what.list;
    size_t *order = vn_arena_array(r->scratch, r->what.n_list, sizeof *order);
    const double *lacks = find_lacks(r);

    for (size_t i = 0; order && lacks && i < r->what.n_list; i++) {
        size_t at = i;

        for (; at > 0; at--) {
            const struct whatif_more *before = &list[order[at - 1]], *item = &list[i];

            if (item->at < 0 || (before->at >= 0 && lacks[before->at] > lacks[item->at]))
                break;
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
    return lacks ? order : NULL;
}

/* All there could be more of, less whatever it does without. */
static int tell_together(struct report *r)
{
    struct whatif *w = &r->what;
    const size_t *order = order_of(r);

    if (!order)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < w->n_list; i++)
        whatif_set(w, &w->list[i], w->list[i].most);
    for (size_t i = 0; i < w->n_list; i++) {
        struct whatif_more *item = &w->list[order[i]];
        int fits;

        whatif_set(w, item, 0);
        fits = whatif_fits(w);
        if (fits < 0)
            return fits;
        whatif_set(w, item, fits ? 0 : item->most);
    }
    for (size_t i = 0; i < w->n_list; i++)
        if (w->list[i].more && (reduce(r, &w->list[i]) < 0 || tell(r, &w->list[i]) < 0))
            return -VN_E_NOMEM;
    return 0;
}

/* CPUs that are named for the emulator have to be there, whatever else is. */
static int tell_emulator(struct report *r)
{
    const struct vn_emulator_spec *emulator = &r->what.vm->policy.emulator;
    struct vn_cpuset there = emulator->cpus;
    unsigned named = vn_cpuset_count(&there);

    vn_cpuset_and(&there, &r->what.place->topo->online);
    if (emulator->kind != VN_EMULATOR_CPUSET || vn_cpuset_count(&there) == named)
        return 0;
    return add(r, VN_RES_CPUS, -1, named, vn_cpuset_count(&there), 0);
}

/* It would fit, but for the limit on what may be moved: the least that would do. */
static int tell_move(struct report *r, size_t vm)
{
    struct place more = *r->what.place;
    uint64_t low = more.max_move_kib, high;
    struct spot spot;
    int got;

    more.max_move_kib = UINT64_MAX;
    got = place_vm(&more, r->what.room, vm, false, &spot);
    if (got <= 0 || spot.score.s[SC_MOVED] <= low)
        return got < 0 ? got : 0;
    for (high = spot.score.s[SC_MOVED]; got >= 0 && high - low > 1;) {
        more.max_move_kib = low + (high - low) / 2;
        got = place_vm(&more, r->what.room, vm, false, &spot);
        if (got > 0)
            high = spot.score.s[SC_MOVED];
        else
            low = more.max_move_kib;
    }
    return got < 0 ? got : add(r, VN_RES_MOVED, -1, high, r->what.place->max_move_kib, 0);
}

static int set_cells(struct report *r)
{
    struct whatif *w = &r->what;
    const struct vn_cells_spec *spec = &w->vm->policy.cells;
    struct vn_cell_size *cells;

    if (spec->kind == VN_CELLS_AUTO)
        return 0;
    w->k = spec->kind == VN_CELLS_LIST ? spec->n_list : spec->number;
    w->cells = cells = vn_arena_array(r->scratch, w->k, sizeof *cells);
    if (!cells)
        return -VN_E_NOMEM;
    if (spec->kind == VN_CELLS_LIST)
        memcpy(cells, spec->list, w->k * sizeof *cells);
    else
        split_equal(w->vm, w->k, 1, cells);
    return 0;
}

int fit_blocking(struct place *place, const struct room *room, const struct room *empty, size_t vm,
                 struct vn_arena *arena, struct vn_unplaced *ret)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct report r = {.scratch = &scratch, .arena = arena, .out = ret};
    bool emulator;
    int got;

    r.what = (struct whatif){.place = place, .room = room, .vm = &place->problem->vms[vm]};
    got = set_cells(&r);
    if (got == 0)
        got = whatif_new(&r.what, &scratch);
    r.empty = r.what;
    r.empty.room = empty;
    if (got == 0)
        got = whatif_new(&r.empty, &scratch);
    if (got == 0)
        got = tell_emulator(&r);
    emulator = ret->n_blocking > 0;
    if (got == 0)
        got = whatif_fits(&r.what);
    if (got > 0)
        return ret->n_blocking ? 0 : tell_move(&r, vm);
    if (got == 0)
        got = list_all(&r);
    if (got < 0)
        return got;
    if (!ret->n_blocking && tell_single(&r) < 0)
        return -VN_E_NOMEM;
    if (ret->n_blocking && !emulator)
        return 0;
    got = tell_together(&r);
    ret->together = ret->n_blocking > 1;
    return got;
}
