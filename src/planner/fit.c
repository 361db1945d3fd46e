/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "planner/solve.h"

struct report {
    struct place *place;
    const struct room *room;
    const struct vn_request *vm;
    size_t index;
    struct vn_arena *arena;
    struct vn_unplaced *out;
    bool nomem;
};

/* Node -1, the whole host, is the node itself where there is only one. */
static void add(struct report *r, enum vn_resource resource, int node, uint64_t need, uint64_t has)
{
    struct vn_blocking *item;

    if (need <= has)
        return;
    item = vn_arena_grow(r->arena, &r->out->blocking, &r->out->n_blocking, sizeof *item);
    if (!item) {
        r->nomem = true;
        return;
    }
    if (node < 0 && r->place->topo->n == 1)
        node = r->place->topo->host->nodes[0].id;
    *item = (struct vn_blocking){resource, node, need, has};
}

static enum vn_resource memory_resource(const struct vn_request *vm)
{
    return vm->policy.hugepage_kib ? VN_RES_HUGEPAGES : VN_RES_MEMORY;
}

static void add_shared(struct report *r, size_t node, const struct vn_cell_size *cell, const struct pick_want *want)
{
    int id = r->place->topo->host->nodes[node].id;
    double need = cell->vcpus / vm_overcommit(r->vm), left;
    struct vn_cpuset avail = r->place->topo->host->nodes[node].cpus, floating;

    vn_cpuset_and(&avail, &r->room->avail);
    if (want->spare && vn_cpuset_empty(&avail))
        add(r, VN_RES_CPUS, id, 1, 0);
    room_floating(r->room, node, &floating);
    left = vn_cpuset_count(&floating) - r->room->demand[node];
    add(r, VN_RES_SHARED_CPUS, id, (uint64_t)ceil(need - 1e-9) + (want->spare && !r->room->named),
        left > 0 ? (uint64_t)(left + 1e-9) : 0);
}

static void add_dedicated(struct report *r, size_t node, const struct vn_cell_size *cell, const struct pick_want *want)
{
    const struct topo *topo = r->place->topo;
    struct vn_cpuset usable;
    struct pick_room has;
    uint64_t lacking;
    int cap;

    room_usable(r->room, node, &usable);
    pick_room(topo, node, &usable, &has);
    cap = pick_capacity(&has, want);
    if (has.free < cell->vcpus + want->spare) {
        add(r, VN_RES_CPUS, topo->host->nodes[node].id, cell->vcpus + want->spare, has.free);
    } else if (cap < (int)cell->vcpus) {
        unsigned size = want->threads == VN_THREADS_REQUIRE ? topo->threads : 1;

        lacking = (cell->vcpus - (uint64_t)cap + size - 1) / size;
        add(r, VN_RES_CORES, topo->host->nodes[node].id, has.whole_cores + lacking, has.whole_cores);
    }
}

/* Everything that one node lacks for one cell. */
static void add_node(struct report *r, size_t node, const struct vn_cell_size *cells, size_t cell)
{
    struct pick_want want = cell_want(r->vm, cell, cells[cell].vcpus);
    struct mem_need need = room_mem(r->room, cells[cell].memory_kib, r->vm->policy.hugepage_kib);

    if (r->vm->policy.policy == VN_CPU_SHARED)
        add_shared(r, node, &cells[cell], &want);
    else
        add_dedicated(r, node, &cells[cell], &want);
    if (!r->vm->policy.memory_preferred)
        add(r, memory_resource(r->vm), r->place->topo->host->nodes[node].id, need.amount,
            *room_mem_at(r->room, need.kind, node));
}

static void add_nodes(struct report *r, const struct vn_cell_size *cells, size_t cell)
{
    const struct vn_host *host = r->place->topo->host;
    bool any_cpus = !vn_cpuset_empty(&r->place->topo->online);

    for (size_t n = 0; n < host->n_nodes; n++)
        if (!any_cpus || !cells[cell].vcpus || vn_cpuset_intersects(&host->nodes[n].cpus, &r->place->topo->online))
            add_node(r, n, cells, cell);
}

/* Memory of the host as a whole. */
static void add_memory_total(struct report *r, const struct vn_cell_size *cells, size_t k)
{
    struct mem_need need = {0, 0};
    uint64_t sum = 0;

    for (size_t j = 0; j < k; j++) {
        need = room_mem(r->room, cells[j].memory_kib, r->vm->policy.hugepage_kib);
        sum += need.amount;
    }
    add(r, memory_resource(r->vm), -1, sum, room_mem_total(r->room, need.kind));
}

/* CPUs of the host as a whole. */
static void add_cpu_total(struct report *r)
{
    const struct topo *topo = r->place->topo;
    bool shared = r->vm->policy.policy == VN_CPU_SHARED;
    bool spare = r->vm->policy.emulator.kind == VN_EMULATOR_ISOLATE;
    uint64_t sum = 0;
    double left = 0;

    for (size_t n = 0; n < topo->n; n++) {
        struct vn_cpuset cpus;
        double here;

        room_usable(r->room, n, &cpus);
        sum += vn_cpuset_count(&cpus);
        room_floating(r->room, n, &cpus);
        here = vn_cpuset_count(&cpus) - r->room->demand[n];
        left += here > 0 ? here : 0;
    }
    if (shared)
        add(r, VN_RES_SHARED_CPUS, -1, (uint64_t)ceil(r->vm->vcpus / vm_overcommit(r->vm) - 1e-9),
            (uint64_t)(left + 1e-9));
    else
        add(r, VN_RES_CPUS, -1, (uint64_t)r->vm->vcpus + spare, sum);
}

/* What the nodes lack that can hold none of the cells. */
static void add_useless(struct report *r, const struct vn_cell_size *cells, const struct grid *grid)
{
    for (size_t n = 0; n < grid->n; n++) {
        bool any = false;

        for (size_t j = 0; j < grid->k; j++)
            any = any || grid->fits[j * grid->n + n];
        if (!any)
            add_node(r, n, cells, 0);
    }
}

/* Cells that no node can hold; else fewer nodes than cells. */
static int add_cells(struct report *r, const struct vn_cell_size *cells, size_t k)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct grid grid;
    size_t *node = vn_arena_array(&scratch, k, sizeof *node);
    int found;

    if (k > r->place->topo->n) {
        add(r, VN_RES_NODES, -1, k, r->place->topo->n);
        return 0;
    }
    if (!node || grid_new(r->place, r->room, r->index, cells, k, &scratch, &grid) < 0)
        return -VN_E_NOMEM;
    for (size_t j = 0; j < k; j++) {
        bool any = false;

        for (size_t n = 0; n < grid.n; n++)
            any = any || grid.fits[j * grid.n + n];
        if (!any) {
            add_nodes(r, cells, j);
            return 0;
        }
    }
    found = matching(&grid, &scratch, node);
    if (found < 0)
        return found;
    add(r, VN_RES_NODES, -1, k, (uint64_t)found);
    if ((size_t)found < k)
        add_useless(r, cells, &grid);
    return 0;
}

/* It would fit, but for the limit on what may be moved. */
static int add_move(struct report *r)
{
    struct place free_move = *r->place;
    struct spot spot;
    int got;

    free_move.max_move_kib = UINT64_MAX;
    got = place_vm(&free_move, r->room, r->index, false, &spot);
    if (got > 0)
        add(r, VN_RES_MEMORY, -1, spot.score.s[SC_MOVED], r->place->max_move_kib);
    return got < 0 ? got : 0;
}

int fit_blocking(struct place *place, const struct room *room, size_t vm, struct vn_arena *arena,
                 struct vn_unplaced *ret)
{
    const struct vn_request *request = &place->problem->vms[vm];
    const struct vn_cells_spec *spec = &request->policy.cells;
    struct report r = {place, room, request, vm, arena, ret, false};
    VN_AUTO(vn_arena) scratch = {0};
    size_t k = spec->kind == VN_CELLS_LIST ? spec->n_list : spec->kind == VN_CELLS_NUMBER ? spec->number : 1;
    struct vn_cell_size *cells = vn_arena_array(&scratch, k, sizeof *cells);
    struct vn_cpuset emulator = request->policy.emulator.cpus;
    int got = 0;

    if (!cells)
        return -VN_E_NOMEM;
    if (spec->kind == VN_CELLS_LIST)
        memcpy(cells, spec->list, k * sizeof *cells);
    else
        split_equal(request, k, 1, cells);
    if (request->policy.emulator.kind == VN_EMULATOR_CPUSET) {
        unsigned named = vn_cpuset_count(&emulator);

        vn_cpuset_and(&emulator, &place->topo->online);
        add(&r, VN_RES_CPUS, -1, named, vn_cpuset_count(&emulator));
    }
    add_memory_total(&r, cells, k);
    if (!ret->n_blocking || spec->kind == VN_CELLS_AUTO)
        add_cpu_total(&r);
    if (!ret->n_blocking || spec->kind != VN_CELLS_AUTO) /* cells that are given are asked of each node */
        got = add_cells(&r, cells, k);
    if (got == 0 && !ret->n_blocking)
        got = add_move(&r);
    return got < 0 || r.nomem ? -VN_E_NOMEM : 0;
}
