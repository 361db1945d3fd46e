/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <string.h>

#include "planner/floats.h"
#include "planner/keep.h"
#include "planner/place.h"

struct pick_want cell_want(const struct vn_request *vm, size_t cell, unsigned vcpus)
{
    return (struct pick_want){.vcpus = vcpus,
                              .threads = vm->policy.threads,
                              .spare = cell == 0 && vm->policy.emulator.kind == VN_EMULATOR_ISOLATE};
}

unsigned cell_vcpu(const struct vn_request *vm, const struct vn_cell_size *cells, size_t k, size_t cell, unsigned i)
{
    unsigned first = 0;

    if (vm->cell_vcpus && vm->policy.cells.kind == VN_CELLS_LIST && k == vm->policy.cells.n_list) {
        int at = vn_cpuset_next(&vm->cell_vcpus[cell], 0);

        while (i-- > 0 && at >= 0)
            at = vn_cpuset_next(&vm->cell_vcpus[cell], (unsigned)at + 1);
        return at < 0 ? 0 : (unsigned)at;
    }
    for (size_t c = 0; c < cell; c++)
        first += cells[c].vcpus;
    return first + i;
}

/* CPUs for floating vCPUs that nobody was promised yet. */
static double floating_left(const struct room *room, size_t node, bool spare)
{
    struct vn_cpuset floating, other = room->topo->host->nodes[node].cpus;
    double left;

    room_floating(room, node, &floating);
    left = (double)vn_cpuset_count(&floating) - room->demand[node];
    vn_cpuset_and(&other, &room->avail);
    vn_cpuset_sub(&other, &floating);
    return left - (spare && vn_cpuset_empty(&other) ? 1 : 0);
}

static long shared_capacity(const struct room *room, const struct vn_request *vm, size_t cell, size_t node)
{
    bool spare = cell_want(vm, cell, 0).spare;
    struct vn_cpuset avail = room->topo->host->nodes[node].cpus;
    double left;

    vn_cpuset_and(&avail, &room->avail);
    if (spare && vn_cpuset_empty(&avail))
        return -1;
    left = floating_left(room, node, spare);
    return left < 0 ? -1 : (long)(left * vm_overcommit(vm) + 1e-6);
}

long node_capacity(const struct room *room, const struct vn_request *vm, size_t cell, size_t node)
{
    struct vn_cpuset usable;
    struct pick_want want = cell_want(vm, cell, 0);
    struct pick_room has;

    if (vm->policy.policy == VN_CPU_SHARED)
        return shared_capacity(room, vm, cell, node);
    if (room_holds_back(room, node))
        return floats_capacity(room, node, &want, 0, 0);
    room_free(room, node, &usable);
    pick_room(room->topo, node, &usable, &has);
    return pick_capacity(&has, &want);
}

/* The CPU each vCPU of the cell is pinned to alone; false when one is not. */
static bool current_cpus(const struct vn_request *vm, const struct vn_cell_size *cells, size_t k, size_t cell,
                         uint16_t *ret)
{
    const struct vn_placement *at = vm->placed;

    for (unsigned i = 0; i < cells[cell].vcpus; i++) {
        unsigned vcpu = cell_vcpu(vm, cells, k, cell, i);
        int cpu = at && vcpu < at->n_vcpus ? vn_cpuset_only(&at->vcpupin[vcpu]) : -1;

        if (cpu < 0)
            return false;
        ret[i] = (uint16_t)cpu;
    }
    return true;
}

static int current_spare(const struct vn_request *vm)
{
    const struct vn_placement *at = vm->placed;

    return at && at->has_emulatorpin ? vn_cpuset_only(&at->emulatorpin) : -1;
}

static unsigned set_l3(const struct topo *topo, const struct vn_cpuset *cpus)
{
    unsigned n = 0;

    for (size_t i = 0; i < topo->host->n_l3; i++)
        n += vn_cpuset_intersects(&topo->host->l3[i], cpus);
    return n;
}

/* A CPU of @from that is the only one floating vCPUs have in its L3 domain: without it they touch one less. */
static int lone_cpu(const struct topo *topo, const struct vn_cpuset *from, const struct vn_cpuset *floating)
{
    VN_CPUSET_EACH(cpu, from) {
        bool alone = vn_cpuset_has(floating, (unsigned)cpu) && topo->l3_of[cpu] >= 0;

        VN_CPUSET_EACH(other, floating) {
            alone = alone && (other == cpu || topo->l3_of[other] != topo->l3_of[cpu]);
            if (!alone)
                break;
        }
        if (alone)
            return cpu;
    }
    return -1;
}

/* The emulator's CPU beside a floating cell: rather one that nobody floats over, else the fewest L3 domains. */
static int shared_spare(const struct place *place, const struct room *room, const struct vn_request *vm, size_t node,
                        const struct vn_cpuset *floating)
{
    struct pick_want want = cell_want(vm, 0, 0);
    struct vn_cpuset usable = place->topo->host->nodes[node].cpus, apart;
    int now = current_spare(vm), lone, spare = -1;
    const struct vn_cpuset *from;
    uint16_t none;

    vn_cpuset_and(&usable, &room->avail);
    apart = usable;
    vn_cpuset_sub(&apart, floating);
    from = vn_cpuset_empty(&apart) ? &usable : &apart;
    lone = lone_cpu(place->topo, from, floating);
    if (now >= 0 && vn_cpuset_has(from, (unsigned)now)) {
        struct vn_cpuset only = {{0}};

        vn_cpuset_add(&only, (unsigned)now);
        if (place->stay || lone < 0 || lone_cpu(place->topo, &only, floating) >= 0)
            return now;
    }
    if (lone >= 0)
        return lone;
    (void)pick_cpus(place->picker, node, from, &want, &none, &spare);
    return spare;
}

/* Floating cells take no CPU but the emulator's own. */
static bool shared_pick(struct place *place, const struct room *room, const struct vn_request *vm,
                        const struct vn_cell_size *cells, size_t cell, size_t node, int *ret_spare,
                        struct pick_worth *ret_worth)
{
    bool wants_spare = cell_want(vm, cell, 0).spare;
    struct vn_cpuset floating;

    if (shared_capacity(room, vm, cell, node) < (long)cells[cell].vcpus)
        return false;
    room_floating(room, node, &floating);
    *ret_spare = wants_spare ? shared_spare(place, room, vm, node, &floating) : -1;
    if (*ret_spare >= 0)
        vn_cpuset_del(&floating, (unsigned)*ret_spare);
    memset(ret_worth, 0, sizeof *ret_worth);
    if (cells[cell].vcpus)
        ret_worth->l3 = set_l3(place->topo, &floating);
    return !wants_spare || *ret_spare >= 0;
}

bool cell_pick(struct place *place, const struct room *room, size_t vm_index, const struct vn_cell_size *cells,
               size_t k, size_t cell, size_t node, uint16_t *ret_cpus, int *ret_spare, struct pick_worth *ret_worth)
{
    const struct vn_request *vm = &place->problem->vms[vm_index];
    struct pick_want want = cell_want(vm, cell, cells[cell].vcpus);
    uint16_t now[VN_CPU_MAX];
    struct pick_worth worth;
    struct vn_cpuset usable;
    int spare = want.spare ? current_spare(vm) : -1;

    if (vm->policy.policy == VN_CPU_SHARED)
        return shared_pick(place, room, vm, cells, cell, node, ret_spare, ret_worth);
    if (!floats_pick(place->picker, room, node, &want, ret_cpus, ret_spare, ret_worth))
        return false;
    if (!current_cpus(vm, cells, k, cell, now) || !floats_valid(room, node, &want, now, spare))
        return true;
    room_free(room, node, &usable);
    pick_worth(place->topo, &usable, now, want.vcpus, spare, &worth);
    worth.open = ret_worth->open;
    if (place->stay || (worth.l3 <= ret_worth->l3 && worth.aligned >= ret_worth->aligned &&
                        worth.broken <= ret_worth->broken)) {
        memcpy(ret_cpus, now, want.vcpus * sizeof *now); /* as good: it stays where it is */
        *ret_spare = spare;
        *ret_worth = worth;
    }
    return true;
}

/* The node a cell is on: of its vCPUs' pins, else of its memory. */
static int current_node(const struct topo *topo, const struct vn_request *vm, const struct vn_cell_size *cells,
                        size_t k, size_t cell)
{
    const struct vn_placement *at = vm->placed;
    struct vn_cpuset cpus = {{0}};

    if (!at)
        return -1;
    for (unsigned i = 0; i < cells[cell].vcpus; i++) {
        unsigned vcpu = cell_vcpu(vm, cells, k, cell, i);

        if (vcpu < at->n_vcpus)
            vn_cpuset_or(&cpus, &at->vcpupin[vcpu]);
    }
    for (size_t n = 0; n < topo->n && !vn_cpuset_empty(&cpus); n++)
        if (vn_cpuset_subset(&cpus, &topo->host->nodes[n].cpus))
            return (int)n;
    for (size_t c = 0; c < at->n_cells && vn_cpuset_empty(&cpus); c++)
        if (at->cells[c].cell == cell)
            return vn_host_node_index(topo->host, at->cells[c].node);
    return -1;
}

/* A cell's share of what is resident, where QEMU's own memory makes that more than the guest's. */
static uint64_t share_of(const struct vn_request *vm, uint64_t cell_kib, uint64_t resident_kib)
{
    if (resident_kib <= vm->memory_kib || !vm->memory_kib)
        return cell_kib;
    return (uint64_t)((double)cell_kib / (double)vm->memory_kib * (double)resident_kib) + 1;
}

/* Memory that would have to move for each cell and node, as far as it is known by cell. */
static int grid_moved(struct place *place, const struct vn_request *vm, struct vn_arena *scratch, struct grid *grid)
{
    const struct topo *topo = place->topo;
    uint64_t *resident = vn_arena_array(scratch, topo->n, sizeof *resident), total = 0;
    bool by_cell = vm->cell_kib && vm->policy.cells.kind == VN_CELLS_LIST && grid->k == vm->n_cell_kib;
    bool placed_cells = !vm->resident_kib && vm->placed && vm->placed->n_cells == grid->k;

    if (!resident)
        return -VN_E_NOMEM;
    vm_resident(topo, vm, resident);
    for (size_t n = 0; n < topo->n; n++)
        total += resident[n];
    if (!by_cell && !placed_cells)
        grid->moved_base += total;
    for (size_t j = 0; j < grid->k; j++) {
        uint64_t all = 0, need = share_of(vm, grid->cells[j].memory_kib, total);

        for (size_t n = 0; by_cell && n < topo->n; n++)
            all += vm->cell_kib[j * topo->n + n];
        for (size_t n = 0; n < topo->n; n++) {
            uint64_t *moved = &grid->unit[j * grid->n + n].s[SC_MOVED];

            if (by_cell)
                *moved = all - vm->cell_kib[j * topo->n + n];
            else if (placed_cells)
                *moved = vm->placed->cells[j].node == topo->host->nodes[n].id ? 0 : vm->placed->cells[j].memory_kib;
            else /* what the cell needs beyond what is there already */
                *moved = need - (resident[n] < need ? resident[n] : need);
        }
        if (!by_cell && !placed_cells)
            grid->moved_less += need;
    }
    return 0;
}

int place_moved(struct place *place, size_t vm, const struct spot *spot, uint64_t *ret)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct grid grid = {.k = spot->k, .n = place->topo->n, .cells = spot->cells};
    uint64_t sum;

    grid.unit = vn_arena_array(&scratch, grid.k * grid.n, sizeof *grid.unit);
    if (!grid.unit || grid_moved(place, &place->problem->vms[vm], &scratch, &grid) < 0)
        return -VN_E_NOMEM;
    sum = grid.moved_base;
    for (size_t j = 0; j < grid.k; j++)
        sum += grid.unit[j * grid.n + spot->node[j]].s[SC_MOVED];
    *ret = sum > grid.moved_less ? sum - grid.moved_less : 0;
    return 0;
}

static int grid_devices(struct place *place, const struct vn_request *vm, struct vn_arena *scratch, struct grid *grid)
{
    size_t *nodes = vn_arena_array(scratch, vm->n_devices, sizeof *nodes);

    if (!nodes)
        return -VN_E_NOMEM;
    for (size_t d = 0; d < vm->n_devices; d++) {
        const struct vn_device *device = vn_host_device(place->topo->host, vm->devices[d]);
        int node = device && device->node >= 0 ? vn_host_node_index(place->topo->host, device->node) : -1;

        if (node >= 0)
            nodes[grid->n_devices++] = (size_t)node;
    }
    grid->devices = nodes;
    return 0;
}

static bool same_rows(const struct grid *grid, size_t a, size_t b)
{
    return !memcmp(grid->fits + a * grid->n, grid->fits + b * grid->n, grid->n * sizeof *grid->fits) &&
           !memcmp(grid->unit + a * grid->n, grid->unit + b * grid->n, grid->n * sizeof *grid->unit) &&
           grid->cells[a].vcpus == grid->cells[b].vcpus;
}

/* What the choice takes of the room for what may come; floating cells only from each other's. */
static uint64_t room_cost(const struct room *room, const struct vn_request *vm, const struct grid *grid, size_t cell,
                          size_t node, const struct pick_worth *worth)
{
    unsigned vcpus = grid->cells[cell].vcpus, threads = room->topo->threads;
    struct keep_taken taken = {vcpus, worth->broken, grid->cells[cell].memory_kib};
    double left;

    if (vm->policy.policy == VN_CPU_SHARED) {
        left = floating_left(room, node, false) * vm_overcommit(vm);
        return left < vcpus ? 0 : (uint64_t)(vcpus * (2 * left - vcpus));
    }
    if (vm->policy.threads != VN_THREADS_PREFER)
        taken.cpus = worth->broken * threads; /* the siblings go too */
    return keep_lost(grid->keep, node, &taken);
}

static void grid_cell(struct place *place, const struct room *room, size_t vm_index, struct grid *grid, size_t cell,
                      size_t node, size_t like)
{
    const struct vn_request *vm = &place->problem->vms[vm_index];
    const struct vn_cell_size *size = &grid->cells[cell];
    struct mem_need need = room_mem(room, size->memory_kib, vm->policy.hugepage_kib);
    struct score *unit = &grid->unit[cell * grid->n + node];
    uint64_t has = *room_mem_at(room, need.kind, node);
    bool *fits = &grid->fits[cell * grid->n + node], here = grid->current[cell] == (int)node;
    uint16_t cpus[VN_CPU_MAX];
    struct pick_worth worth;
    int spare;

    unit->s[SC_UNKEPT] = grid->current[cell] >= 0 && !here;
    if (place->hint && place->hint->node[cell] != node)
        return; /* fits is false */
    if (like != cell && !here && grid->current[like] != (int)node) {
        const struct score *other = &grid->unit[like * grid->n + node];

        *fits = grid->fits[like * grid->n + node];
        unit->s[SC_L3] = other->s[SC_L3];
        unit->s[SC_ROOM] = other->s[SC_ROOM];
        unit->s[SC_SPILL] = other->s[SC_SPILL];
        return;
    }
    *fits = false;
    if (need.amount > has && !vm->policy.memory_preferred)
        return;
    if (node_capacity(room, vm, cell, node) < (long)size->vcpus)
        return;
    *fits = cell_pick(place, room, vm_index, grid->cells, grid->k, cell, node, cpus, &spare, &worth);
    unit->s[SC_SPILL] = need.amount > has ? need.amount - has : 0;
    unit->s[SC_L3] = *fits ? worth.l3 : 0;
    grid->l3_open = grid->l3_open || (*fits && worth.open);
    unit->s[SC_ROOM] = *fits && grid->keep ? room_cost(room, vm, grid, cell, node, &worth) : 0;
}

int grid_new(struct place *place, const struct room *room, size_t vm_index, const struct vn_cell_size *cells, size_t k,
             struct vn_arena *scratch, struct grid *ret)
{
    const struct vn_request *vm = &place->problem->vms[vm_index];
    size_t n = place->topo->n;

    *ret = (struct grid){.k = k, .n = n, .cells = cells};
    ret->fits = vn_arena_array(scratch, k * n, sizeof *ret->fits);
    ret->unit = vn_arena_array(scratch, k * n, sizeof *ret->unit);
    ret->same = vn_arena_array(scratch, k, sizeof *ret->same);
    ret->current = vn_arena_array(scratch, k, sizeof *ret->current);
    ret->keep = place->fit_only ? NULL : keep_new(scratch, room, vm);
    if (!ret->fits || !ret->unit || !ret->same || !ret->current || !(ret->keep || place->fit_only))
        return -VN_E_NOMEM;
    for (size_t j = 0; j < k; j++)
        ret->current[j] = current_node(place->topo, vm, cells, k, j);
    for (size_t j = 0; j < k; j++) {
        size_t like = j;

        if (j && !place->hint && cells[j].vcpus == cells[j - 1].vcpus &&
            cells[j].memory_kib == cells[j - 1].memory_kib && (j > 1 || vm->policy.emulator.kind != VN_EMULATOR_ISOLATE))
            like = j - 1;
        for (size_t node = 0; node < n; node++)
            grid_cell(place, room, vm_index, ret, j, node, like);
    }
    if (grid_moved(place, vm, scratch, ret) < 0 || grid_devices(place, vm, scratch, ret) < 0)
        return -VN_E_NOMEM;
    for (size_t j = 1; j < k; j++)
        ret->same[j] = place->topo->symmetric && same_rows(ret, j, j - 1);
    return 0;
}
