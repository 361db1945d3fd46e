/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <vnuma/buf.h>
#include <vnuma/units.h>

#include "planner/floats.h"
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
    struct pick_want want = cell_want(vm, 1, 0);
    struct vn_cpuset cpus;

    if (vm->policy.policy == VN_CPU_SHARED) {
        room_floating(room, node, &cpus);
        return (long)floor(fmax(0, vn_cpuset_count(&cpus) - room->demand[node]));
    }
    floats_usable(room, node, &want, &cpus);
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
            vn_buf_str(out, "the same, but leaves less room for other VMs");
            return;
        }
    }
    vn_buf_str(out, "the same; the lower id wins");
}

/* What the sentences and the table of a VM's cells are made of. */
struct explainer {
    const struct place *place;
    const struct room *room;
    const struct vn_request *vm;
    const struct spot *spot;
    struct grid grid;
    struct vn_arena *arena; /* of the choices and their words */
    size_t *node;           /* a scratch assignment; between two looks it is the spot's */
    struct score now;
    double square;
};
/* A node, looked at for one cell. */
struct option {
    struct vn_choice choice;
    struct score score; /* of those that the cell could have, if only by changing places */
    bool can;
    size_t cell;        /* the VM's cell that is there; the cell itself on its own node; k: none */
};

static bool fits(const struct explainer *e, size_t cell, size_t node)
{
    return e->grid.fits[cell * e->grid.n + node];
}

/* The VM's cost with the cell on that node, and the cell that is there (if any) on the cell's. */
static void score_there(struct explainer *e, size_t cell, size_t node, struct option *ret)
{
    size_t home = e->spot->node[cell];

    e->node[cell] = node;
    if (ret->cell < e->spot->k)
        e->node[ret->cell] = home;
    score_of(e->place->topo, &e->grid, e->node, &ret->score);
    if (ret->cell < e->spot->k)
        e->node[ret->cell] = node;
    e->node[cell] = home;
    ret->can = true;
}

static void look_at(struct explainer *e, size_t cell, size_t node, struct option *ret, struct vn_buf *out)
{
    const struct vn_node *host_node = &e->place->topo->host->nodes[node];
    const struct vn_cell_size *size = &e->spot->cells[cell];

    ret->choice.node = host_node->id;
    ret->choice.verdict = VN_VERDICT_RULED_OUT;
    for (ret->cell = 0; ret->cell < e->spot->k && e->spot->node[ret->cell] != node; ret->cell++)
        ;
    if (ret->cell == cell) {
        ret->choice.verdict = VN_VERDICT_CHOSEN;
        put_room(out, e->room, e->vm, node, size);
    } else if (ret->cell < e->spot->k) {
        ret->choice.verdict = VN_VERDICT_OTHER_CELL;
        vn_buf_str(out, "another cell is there");
        if (!fits(e, cell, node) || !fits(e, ret->cell, e->spot->node[cell]))
            return;
        score_there(e, cell, node, ret);
        vn_buf_str(out, "; changing places: ");
        put_difference(out, &e->now, &ret->score, e->square);
    } else if (vn_cpuset_empty(&host_node->cpus) && size->vcpus) {
        vn_buf_str(out, "no CPUs");
    } else if (fits(e, cell, node)) {
        ret->choice.verdict = VN_VERDICT_POSSIBLE;
        score_there(e, cell, node, ret);
        put_difference(out, &e->now, &ret->score, e->square);
    } else {
        put_ruled_out(out, e->room, e->vm, node, e->grid.cells, cell);
    }
}

/* The best of a verdict, or NULL. */
static struct option *best_of(struct option *options, size_t n, enum vn_verdict verdict)
{
    struct option *best = NULL;

    for (size_t i = 0; i < n; i++)
        if (options[i].can && options[i].choice.verdict == verdict &&
            (!best || score_cmp(&options[i].score, &best->score, SC_N) < 0))
            best = &options[i];
    return best;
}

/* All of it in one sentence. Nodes without CPUs were never in question. */
static void put_sentence(struct vn_buf *out, const struct explainer *e, size_t cell, struct option *options)
{
    const struct vn_node *nodes = e->place->topo->host->nodes;
    const struct option *next = best_of(options, e->grid.n, VN_VERDICT_NEXT_BEST);
    const struct option *swap = best_of(options, e->grid.n, VN_VERDICT_OTHER_CELL);
    unsigned named = 0;

    vn_buf_fmt(out, "node %d: %s", nodes[e->spot->node[cell]].id, options[e->spot->node[cell]].choice.why);
    for (size_t n = 0; n < e->grid.n; n++) {
        if (options[n].choice.verdict != VN_VERDICT_RULED_OUT ||
            (vn_cpuset_empty(&nodes[n].cpus) && e->spot->cells[cell].vcpus))
            continue;
        if (named++ < MOST_NAMED)
            vn_buf_fmt(out, "; node %d is ruled out: %s", nodes[n].id, options[n].choice.why);
    }
    if (named > MOST_NAMED)
        vn_buf_fmt(out, "; %u more nodes are ruled out", named - MOST_NAMED);
    if (next) {
        vn_buf_fmt(out, "; next best is node %d: %s", next->choice.node, next->choice.why);
    } else if (swap) {
        vn_buf_fmt(out, "; changing places with cell %zu: ", swap->cell);
        put_difference(out, &e->now, &swap->score, e->square);
    }
}

/* The choice first, then what it would cost elsewhere, the least first; ruled out by number. */
static int by_worth(const void *a, const void *b)
{
    const struct option *x = a, *y = b;
    int scores = x->can && y->can ? score_cmp(&x->score, &y->score, SC_N) : 0;

    if (x->choice.verdict != y->choice.verdict)
        return x->choice.verdict < y->choice.verdict ? -1 : 1;
    return scores ? scores : (x->choice.node > y->choice.node) - (x->choice.node < y->choice.node);
}

static int keep_choices(const struct option *options, size_t n, struct vn_arena *arena, struct vn_placed_cell *cell)
{
    cell->choices = vn_arena_array(arena, n, sizeof *cell->choices);
    if (!cell->choices)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < n; i++)
        cell->choices[i] = options[i].choice;
    cell->n_choices = n;
    return 0;
}

/* @arena: of the plan */
static int explain_cell(struct explainer *e, size_t cell, struct option *options, struct vn_arena *arena,
                        struct vn_placed_cell *ret)
{
    VN_AUTO(vn_buf) out = {0};
    struct option *next;

    memset(options, 0, e->grid.n * sizeof *options);
    for (size_t n = 0; n < e->grid.n; n++) {
        out.len = 0;
        look_at(e, cell, n, &options[n], &out);
        options[n].choice.why = vn_arena_strdup(e->arena, vn_buf_text(&out));
        if (out.failed || !options[n].choice.why)
            return -VN_E_NOMEM;
    }
    next = best_of(options, e->grid.n, VN_VERDICT_POSSIBLE);
    if (next)
        next->choice.verdict = VN_VERDICT_NEXT_BEST;
    out.len = 0;
    put_sentence(&out, e, cell, options);
    ret->why = vn_arena_strdup(arena, vn_buf_text(&out));
    if (out.failed || !ret->why)
        return -VN_E_NOMEM;
    if (!e->place->choices)
        return 0;
    qsort(options, e->grid.n, sizeof *options, by_worth);
    return keep_choices(options, e->grid.n, arena, ret);
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
    struct explainer e = {.place = place, .room = room, .vm = vm, .spot = spot};
    struct option *options = vn_arena_array(&scratch, place->topo->n, sizeof *options);

    e.square = (double)vm->vcpus * vm->vcpus;
    e.arena = place->choices ? arena : &scratch;
    e.node = vn_arena_array(&scratch, spot->k, sizeof *e.node);
    if (!options || !e.node || grid_new(place, room, vm_index, spot->cells, spot->k, &scratch, &e.grid) < 0)
        return -VN_E_NOMEM;
    memcpy(e.node, spot->node, spot->k * sizeof *e.node);
    score_of(place->topo, &e.grid, e.node, &e.now);
    for (size_t j = 0; j < spot->k; j++)
        if (explain_cell(&e, j, options, arena, &placement->cells[j]) < 0)
            return -VN_E_NOMEM;
    put_summary(&out, place, vm, spot);
    placement->why = vn_arena_strdup(arena, vn_buf_text(&out));
    return out.failed || !placement->why ? -VN_E_NOMEM : 0;
}
