/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <vnuma/buf.h>
#include <vnuma/units.h>

#include "planner/solve.h"

enum { MOST_NAMED = 6 }; /* nodes named one by one in a sentence */

static const char *plural(long n)
{
    return n == 1 ? "" : "s";
}

static void put_amount(struct vn_buf *out, const struct vn_request *vm, uint64_t amount)
{
    char size[32];

    if (vm->policy.hugepage_kib)
        vn_buf_fmt(out, "%" PRIu64 " huge pages of %" PRIu64 " KiB", amount, vm->policy.hugepage_kib);
    else
        vn_buf_str(out, vn_size_format(amount, size, sizeof size));
}

static long node_cpus(const struct room *room, const struct vn_request *vm, size_t node)
{
    struct vn_cpuset cpus;

    if (vm->policy.policy == VN_CPU_SHARED) {
        room_floating(room, node, &cpus);
        return (long)floor(fmax(0, vn_cpuset_count(&cpus) - room->demand[node]));
    }
    room_usable(room, node, &cpus);
    return (long)vn_cpuset_count(&cpus);
}

/* What a node has for the cell, against what the cell needs. */
static void put_room(struct vn_buf *out, const struct room *room, const struct vn_request *vm, size_t node,
                     const struct vn_cell_size *cell)
{
    struct mem_need need = room_mem(room, cell->memory_kib, vm->policy.hugepage_kib);

    long cpus = node_cpus(room, vm, node);

    vn_buf_fmt(out, "%ld %s CPU%s for %u vCPU%s, ", cpus, vm->policy.policy == VN_CPU_SHARED ? "shared" : "free",
               plural(cpus), cell->vcpus, plural((long)cell->vcpus));
    put_amount(out, vm, *room_mem_at(room, need.kind, node));
    vn_buf_str(out, " free for ");
    put_amount(out, vm, need.amount);
}

static void put_ruled_out(struct vn_buf *out, const struct room *room, const struct vn_request *vm, size_t node,
                          const struct vn_cell_size *cells, size_t cell)
{
    struct mem_need need = room_mem(room, cells[cell].memory_kib, vm->policy.hugepage_kib);
    uint64_t has = *room_mem_at(room, need.kind, node);
    struct pick_want want = cell_want(vm, cell, cells[cell].vcpus);
    long cap = node_capacity(room, vm, cell, node);

    if (cap < (long)cells[cell].vcpus) {
        vn_buf_fmt(out, "room for %ld of %u vCPU%s", cap < 0 ? 0 : cap, cells[cell].vcpus,
                   plural((long)cells[cell].vcpus));
        if (vm->policy.policy == VN_CPU_DEDICATED && want.threads != VN_THREADS_PREFER)
            vn_buf_str(out, " on whole cores");
        if (want.spare)
            vn_buf_str(out, " beside the emulator's CPU");
        return;
    }
    put_amount(out, vm, has);
    vn_buf_str(out, " free of ");
    put_amount(out, vm, need.amount);
}

static bool used_by_vm(const struct spot *spot, size_t node)
{
    for (size_t j = 0; j < spot->k; j++)
        if (spot->node[j] == node)
            return true;
    return false;
}

/* In what the next best assignment is worse, the first difference that decided. */
static void put_difference(struct vn_buf *out, const struct score *a, const struct score *b, double square)
{
    char size[32];

    for (size_t c = 0; c < SC_N; c++) {
        if (a->s[c] == b->s[c])
            continue;
        switch (c) {
        case SC_DISTANCE:
            vn_buf_fmt(out, "distance %.3g instead of %.3g", (double)b->s[c] / square, (double)a->s[c] / square);
            return;
        case SC_DEVICE:
            vn_buf_fmt(out, "device distance %" PRIu64 " instead of %" PRIu64, b->s[c], a->s[c]);
            return;
        case SC_L3:
            vn_buf_fmt(out, "%" PRIu64 " L3 domains instead of %" PRIu64, b->s[c], a->s[c]);
            return;
        case SC_MOVED:
            vn_buf_fmt(out, "%s to move", vn_size_format(b->s[c], size, sizeof size));
            vn_buf_fmt(out, " instead of %s", vn_size_format(a->s[c], size, sizeof size));
            return;
        case SC_SPILL:
            vn_buf_str(out, "more memory from other nodes");
            return;
        case SC_UNKEPT:
            vn_buf_str(out, "the same, but the cell is here now");
            return;
        default:
            vn_buf_str(out, "the same, but leaves less room in one piece");
            return;
        }
    }
    vn_buf_str(out, "the same; the lower id wins");
}

/* No other node can have the cell: what would it be to change places with another cell? */
static void put_swap(struct vn_buf *out, const struct place *place, const struct spot *spot, const struct grid *grid,
                     size_t cell, size_t *node, double square)
{
    struct score score, now, best = {{0}};
    size_t with = grid->k;

    score_of(place->topo, grid, node, &now);
    for (size_t j = 0; j < grid->k; j++) {
        if (j == cell || !grid->fits[cell * grid->n + spot->node[j]] || !grid->fits[j * grid->n + spot->node[cell]])
            continue;
        node[cell] = spot->node[j];
        node[j] = spot->node[cell];
        score_of(place->topo, grid, node, &score);
        node[cell] = spot->node[cell];
        node[j] = spot->node[j];
        if (with == grid->k || score_cmp(&score, &best, SC_N) < 0) {
            with = j;
            best = score;
        }
    }
    if (with == grid->k)
        return;
    vn_buf_fmt(out, "; changing places with cell %zu: ", with);
    put_difference(out, &now, &best, square);
}

static void put_others(struct vn_buf *out, const struct place *place, const struct room *room,
                       const struct vn_request *vm, const struct spot *spot, const struct grid *grid, size_t cell,
                       size_t *node)
{
    const struct vn_host *host = place->topo->host;
    double square = (double)vm->vcpus * vm->vcpus;
    unsigned named = 0, more = 0;
    struct score score, best = {{0}};
    size_t next = grid->n;

    for (size_t n = 0; n < grid->n; n++) {
        if (used_by_vm(spot, n) || (vn_cpuset_empty(&host->nodes[n].cpus) && grid->cells[cell].vcpus))
            continue;
        if (grid->fits[cell * grid->n + n]) {
            node[cell] = n;
            score_of(place->topo, grid, node, &score);
            if (next == grid->n || score_cmp(&score, &best, SC_N) < 0) {
                next = n;
                best = score;
            }
        } else if (named++ < MOST_NAMED) {
            vn_buf_fmt(out, "; node %d is ruled out: ", host->nodes[n].id);
            put_ruled_out(out, room, vm, n, grid->cells, cell);
        } else {
            more++;
        }
    }
    node[cell] = spot->node[cell];
    if (more)
        vn_buf_fmt(out, "; %u more nodes are ruled out", more);
    if (next == grid->n) {
        put_swap(out, place, spot, grid, cell, node, square);
        return;
    }
    score_of(place->topo, grid, node, &score);
    vn_buf_fmt(out, "; next best is node %d: ", host->nodes[next].id);
    put_difference(out, &score, &best, square);
}

static void put_summary(struct vn_buf *out, const struct place *place, const struct vn_request *vm,
                        const struct spot *spot)
{
    char size[32];

    vn_buf_fmt(out, "%u vCPU%s and %s in %zu cell%s on node%s ", vm->vcpus, plural((long)vm->vcpus),
               vn_size_format(vm->memory_kib, size, sizeof size), spot->k, plural((long)spot->k),
               plural((long)spot->k));
    for (size_t j = 0; j < spot->k; j++)
        vn_buf_fmt(out, "%s%d", j ? ", " : "", place->topo->host->nodes[spot->node[j]].id);
    if (vm->policy.cells.kind == VN_CELLS_AUTO)
        vn_buf_fmt(out, spot->k == 1 ? ": one node can hold it" : ": fewer nodes cannot hold it");
    vn_buf_fmt(out, "; distance %.3g", (double)spot->score.s[SC_DISTANCE] / ((double)vm->vcpus * vm->vcpus));
    if (vm->n_devices)
        vn_buf_fmt(out, ", device distance %" PRIu64, spot->score.s[SC_DEVICE]);
    vn_buf_fmt(out, ", L3 domains %" PRIu64, spot->score.s[SC_L3]);
    if (spot->score.s[SC_MOVED])
        vn_buf_fmt(out, ", %s to move", vn_size_format(spot->score.s[SC_MOVED], size, sizeof size));
    else if (vm->placed || vm->resident_kib)
        vn_buf_str(out, ", nothing to move");
}

int explain(struct place *place, const struct room *room, size_t vm_index, const struct spot *spot,
            struct vn_arena *arena, struct vn_placement *placement)
{
    const struct vn_request *vm = &place->problem->vms[vm_index];
    VN_AUTO(vn_arena) scratch = {0};
    VN_AUTO(vn_buf) out = {0};
    struct grid grid;
    size_t *node = vn_arena_array(&scratch, spot->k, sizeof *node);

    if (!node || grid_new(place, room, vm_index, spot->cells, spot->k, &scratch, &grid) < 0)
        return -VN_E_NOMEM;
    memcpy(node, spot->node, spot->k * sizeof *node);
    for (size_t j = 0; j < spot->k; j++) {
        out.len = 0;
        vn_buf_fmt(&out, "node %d: ", placement->cells[j].node);
        put_room(&out, room, vm, spot->node[j], &spot->cells[j]);
        put_others(&out, place, room, vm, spot, &grid, j, node);
        placement->cells[j].why = vn_arena_strdup(arena, vn_buf_text(&out));
        if (out.failed || !placement->cells[j].why)
            return -VN_E_NOMEM;
    }
    out.len = 0;
    put_summary(&out, place, vm, spot);
    placement->why = vn_arena_strdup(arena, vn_buf_text(&out));
    return out.failed || !placement->why ? -VN_E_NOMEM : 0;
}
