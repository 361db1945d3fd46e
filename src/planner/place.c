/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "planner/place.h"

/* The nodes are chosen: now the CPUs, and copies that outlive the search. */
static int settle(struct place *place, const struct room *room, size_t vm, const struct grid *grid,
                  const struct search_result *found, struct spot *ret)
{
    const struct vn_request *request = &place->problem->vms[vm];
    size_t at = 0;

    *ret = (struct spot){.placed = true, .k = grid->k, .spare = -1, .score = found->score, .bound = found->bound};
    ret->floor = found->floor;
    ret->exact = found->exact;
    ret->cells = vn_arena_array(place->arena, grid->k, sizeof *ret->cells);
    ret->node = vn_arena_array(place->arena, grid->k, sizeof *ret->node);
    ret->cpus = vn_arena_array(place->arena, request->vcpus, sizeof *ret->cpus);
    if (!ret->cells || !ret->node || !ret->cpus)
        return -VN_E_NOMEM;
    memcpy(ret->cells, grid->cells, grid->k * sizeof *ret->cells);
    memcpy(ret->node, found->node, grid->k * sizeof *ret->node);
    for (size_t j = 0; j < grid->k; j++) {
        struct pick_worth worth;
        int spare;

        if (!cell_pick(place, room, vm, grid->cells, grid->k, j, found->node[j], ret->cpus + at, &spare, &worth))
            return 0;
        ret->spare = j ? ret->spare : spare;
        at += grid->cells[j].vcpus;
    }
    return 1;
}

static void only_current(struct grid *grid)
{
    for (size_t j = 0; j < grid->k; j++)
        for (size_t n = 0; n < grid->n; n++)
            if (grid->current[j] != (int)n)
                grid->fits[j * grid->n + n] = false;
}

/* Fewer L3 domains may do: of them nothing is proved, nor of what comes after them. */
static void loosen_l3(struct spot *spot)
{
    spot->exact = false;
    spot->floor.s[SC_L3] = 0;
    for (size_t c = SC_L3; c < SC_N; c++)
        spot->bound.s[c] = 0;
}

static int try_cells(struct place *place, const struct room *room, size_t vm, const struct vn_cell_size *cells,
                     size_t k, bool stay, struct spot *ret)
{
    const struct vn_request *request = &place->problem->vms[vm];
    VN_AUTO(vn_arena) scratch = {0};
    struct search_result found;
    struct mem_need need = {0, 0};
    uint64_t sum = 0;
    struct grid grid;
    int r;

    for (size_t j = 0; j < k; j++) {
        need = room_mem(room, cells[j].memory_kib, request->policy.hugepage_kib);
        sum += need.amount;
    }
    if (sum > room_mem_total(room, need.kind) || k > place->topo->n)
        return 0;
    r = grid_new(place, room, vm, cells, k, &scratch, &grid);
    if (r < 0)
        return r;
    if (stay)
        only_current(&grid);
    r = search(place, &grid, &scratch, &found);
    if (r > 0)
        r = settle(place, room, vm, &grid, &found, ret);
    if (r > 0 && grid.l3_open)
        loosen_l3(ret);
    return r;
}

static int descending(const void *a, const void *b)
{
    uint64_t x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? 1 : x > y ? -1 : 0;
}

static size_t fewest_of(uint64_t *has, size_t n, uint64_t need)
{
    uint64_t sum = 0;

    qsort(has, n, sizeof *has, descending);
    for (size_t i = 0; i < n; i++) {
        sum += has[i];
        if (sum >= need)
            return i + 1;
    }
    return n + 1;
}

/* No fewer nodes than this can hold the VM; more than there are when none can. */
static int least_nodes(const struct place *place, const struct room *room, const struct vn_request *vm, size_t *ret)
{
    VN_AUTO(vn_arena) scratch = {0};
    size_t n = place->topo->n, by_memory;
    uint64_t *has = vn_arena_array(&scratch, n, sizeof *has);
    struct mem_need need = room_mem(room, vm->memory_kib, vm->policy.hugepage_kib);

    if (!has)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < n; i++) {
        long cap = node_capacity(room, vm, 1, i);
        has[i] = cap > 0 ? (uint64_t)cap : 0;
    }
    *ret = fewest_of(has, n, vm->vcpus);
    for (size_t i = 0; i < n; i++)
        has[i] = *room_mem_at(room, need.kind, i);
    by_memory = fewest_of(has, n, need.amount);
    if (!vm->policy.memory_preferred && by_memory > *ret)
        *ret = by_memory;
    return 0;
}

/* The sizes that the VM's cells have now, where they are k and have its vCPUs in order. */
static bool sizes_now(const struct vn_request *vm, size_t k, struct vn_cell_size *ret)
{
    const struct vn_placement *at = vm->placed;
    uint64_t memory_kib = 0;
    unsigned first = 0;

    if (!at || at->n_cells != k)
        return false;
    for (size_t j = 0; j < k; j++) {
        const struct vn_placed_cell *cell = &at->cells[j];
        unsigned n = vn_cpuset_count(&cell->vcpus);

        if (cell->cell != j || !n || vn_cpuset_next(&cell->vcpus, 0) != (int)first ||
            vn_cpuset_last(&cell->vcpus) != (int)(first + n - 1))
            return false;
        ret[j] = (struct vn_cell_size){n, cell->memory_kib};
        memory_kib += cell->memory_kib;
        first += n;
    }
    return first == vm->vcpus && memory_kib == vm->memory_kib;
}

/* Other sizes might do better: nothing is proved. */
static int try_sizes(struct place *place, const struct room *room, size_t vm, const struct vn_cell_size *cells,
                     size_t k, bool stay, struct spot *ret)
{
    int r = try_cells(place, room, vm, cells, k, stay, ret);

    if (r > 0) {
        ret->exact = false;
        memset(&ret->bound, 0, sizeof ret->bound);
        memset(&ret->floor, 0, sizeof ret->floor);
    }
    return r;
}

/* k cells: whole sibling groups, else equal, else as equal as some k nodes allow. */
static int try_auto(struct place *place, const struct room *room, size_t vm, size_t k, bool stay,
                    struct vn_cell_size *cells, struct spot *ret)
{
    const struct vn_request *request = &place->problem->vms[vm];
    bool groups = request->policy.policy == VN_CPU_DEDICATED && request->policy.threads != VN_THREADS_ISOLATE;
    unsigned unit = groups ? place->topo->threads : 1;
    int r = 0;

    if (stay && k > 1 && sizes_now(request, k, cells))
        r = try_sizes(place, room, vm, cells, k, stay, ret);
    if (r)
        return r;
    if (unit > 1 && k > 1 && (request->vcpus + unit - 1) / unit >= k) {
        split_equal(request, k, unit, cells);
        r = try_cells(place, room, vm, cells, k, stay, ret);
        if (r)
            return r;
    }
    split_equal(request, k, 1, cells);
    r = try_cells(place, room, vm, cells, k, stay, ret);
    if (r || k == 1)
        return r;
    r = split_uneven(place, room, vm, k, cells);
    return r > 0 ? try_sizes(place, room, vm, cells, k, stay, ret) : r;
}

int place_vm(struct place *place, const struct room *room, size_t vm, bool stay, struct spot *ret)
{
    const struct vn_request *request = &place->problem->vms[vm];
    const struct vn_cells_spec *spec = &request->policy.cells;
    VN_AUTO(vn_arena) scratch = {0};
    size_t most = place->topo->n < request->vcpus ? place->topo->n : request->vcpus, first;
    struct vn_cell_size *cells;
    int r;

    memset(ret, 0, sizeof *ret);
    if (request->policy.emulator.kind == VN_EMULATOR_CPUSET &&
        !vn_cpuset_subset(&request->policy.emulator.cpus, &place->topo->online))
        return 0;
    if (place->hint)
        return try_cells(place, room, vm, place->hint->cells, place->hint->k, false, ret);
    if (spec->kind == VN_CELLS_LIST)
        return try_cells(place, room, vm, spec->list, spec->n_list, stay, ret);
    cells = vn_arena_array(&scratch, spec->number > most ? spec->number : most, sizeof *cells);
    if (!cells)
        return -VN_E_NOMEM;
    if (spec->kind == VN_CELLS_NUMBER) {
        split_equal(request, spec->number, 1, cells);
        return try_cells(place, room, vm, cells, spec->number, stay, ret);
    }
    if (split_grains(request) < most) /* no cell is without memory */
        most = split_grains(request) ? (size_t)split_grains(request) : 1;
    r = least_nodes(place, room, request, &first);
    for (size_t k = first; r == 0 && k <= most; k++)
        r = try_auto(place, room, vm, k, stay, cells, ret);
    return r;
}

void place_commit(struct place *place, struct room *room, size_t vm, const struct spot *spot)
{
    const struct vn_request *request = &place->problem->vms[vm];
    struct vn_cpuset own = {{0}}, spare = {{0}};

    for (unsigned i = 0; i < request->vcpus && request->policy.policy == VN_CPU_DEDICATED; i++)
        vn_cpuset_add(&own, spot->cpus[i]);
    if (spot->spare >= 0)
        vn_cpuset_add(&spare, (unsigned)spot->spare);
    room_take(room, &own, request->policy.threads != VN_THREADS_PREFER);
    room_take(room, &spare, false);
    for (size_t j = 0; j < spot->k; j++) {
        struct mem_need need = room_mem(room, spot->cells[j].memory_kib, request->policy.hugepage_kib);

        if (request->policy.memory_preferred)
            room->preferred[need.kind] += need.amount;
        else
            *room_mem_at(room, need.kind, spot->node[j]) -= need.amount;
        if (request->policy.policy == VN_CPU_SHARED)
            room->demand[spot->node[j]] += spot->cells[j].vcpus / vm_overcommit(request);
    }
}
