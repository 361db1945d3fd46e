/* SPDX-License-Identifier: MIT */
/* The least memory that any short list of moves could make room with, wherever those VMs go. */
#include "planner/repair.h"

enum { STEPS_LOOK = 4 }; /* at a node */

struct lack {
    uint64_t cpus, mem;
};

static uint64_t less(uint64_t from, uint64_t what)
{
    return from > what ? from - what : 0;
}

static uint64_t cheapest(struct repair *r, size_t node, struct lack lack, size_t from, size_t moves, uint64_t limit)
{
    if (!lack.cpus && !lack.mem)
        return 0;
    if (!moves)
        return UINT64_MAX;
    for (size_t i = from; i < r->n_here[node]; i++) {
        const struct mover *m = &r->movers[r->here[node][i]];
        struct lack rest = {less(lack.cpus, m->gain_cpus[node]), less(lack.mem, m->gain_mem[node])};
        uint64_t more;

        r->left -= r->left > 0;
        if (m->moved || m->least_kib >= limit || (rest.cpus == lack.cpus && rest.mem == lack.mem))
            continue;
        more = cheapest(r, node, rest, i + 1, moves - 1, limit - m->least_kib);
        if (more < limit - m->least_kib)
            limit = m->least_kib + more;
    }
    return limit;
}

/* What a node lacks for a cell. */
static struct lack lack_of(const struct repair *r, const struct stage *stage, size_t cell, size_t node)
{
    const struct vn_request *goal = &r->s->problem->vms[r->goal];
    struct mem_need need = room_mem(stage->room, r->cells[cell].memory_kib, goal->policy.hugepage_kib);
    long cap = cell ? stage->cap[node] : stage->cap0[node];
    struct lack lack = {0};

    if (cap < (long)r->cells[cell].vcpus)
        lack.cpus = r->cells[cell].vcpus - (uint64_t)(cap < 0 ? 0 : cap);
    if (cap < 0 && !lack.cpus) /* the emulator alone has no CPU */
        lack.cpus = 1;
    if (goal->policy.memory_preferred)
        return lack;
    lack.mem = less(need.amount, *room_mem_at(stage->room, need.kind, node));
    if (r->self.kind == need.kind)
        lack.mem = less(lack.mem, r->self.mem[node]);
    return lack;
}

/* No fewer moves than this bring what a node lacks; more than @moves: as many do not. */
static size_t fewest(struct repair *r, size_t node, struct lack lack, size_t moves)
{
    size_t n_cpus = 0, n_mem = 0, spent;

    for (size_t i = 0; i < r->n_here[node] && lack.cpus && n_cpus <= moves; i++) {
        const struct mover *m = &r->movers[r->by_cpus[node][i]];

        if (m->moved)
            continue;
        lack.cpus = less(lack.cpus, m->gain_cpus[node]);
        n_cpus++;
    }
    for (size_t i = 0; i < r->n_here[node] && lack.mem && n_mem <= moves; i++) {
        const struct mover *m = &r->movers[r->by_mem[node][i]];

        if (m->moved)
            continue;
        lack.mem = less(lack.mem, m->gain_mem[node]);
        n_mem++;
    }
    spent = STEPS_LOOK + n_cpus + n_mem;
    r->left -= r->left > spent ? spent : r->left;
    if (lack.cpus || lack.mem)
        return moves + 1;
    return n_cpus > n_mem ? n_cpus : n_mem;
}

/* Cells that want the same of a node, from @cell on. */
static size_t alike(const struct repair *r, size_t cell)
{
    bool apart = r->s->problem->vms[r->goal].policy.emulator.kind == VN_EMULATOR_ISOLATE;
    size_t n = 1;

    while (cell + n < r->k && r->cells[cell + n].vcpus == r->cells[cell].vcpus &&
           r->cells[cell + n].memory_kib == r->cells[cell].memory_kib && (cell || !apart))
        n++;
    return n;
}

/* Puts @value among the @n least, ascending. */
static void keep_least(uint64_t *least, size_t n, uint64_t value)
{
    size_t at = n;

    for (; at > 0 && value < least[at - 1]; at--)
        if (at < n)
            least[at] = least[at - 1];
    if (at < n)
        least[at] = value;
}

/* What @n cells alike need on the nodes that are cheapest for them. */
static struct demand {
    uint64_t moves, kib;
} need_of(struct repair *r, const struct stage *stage, const struct mover *first, size_t moves, size_t cell, size_t n)
{
    struct demand sum = {0, 0};

    for (size_t i = 0; i < n; i++)
        r->least_moves[i] = r->least_kib[i] = UINT64_MAX;
    for (size_t node = 0; node < r->place.topo->n && (r->least_moves[n - 1] || r->least_kib[n - 1]); node++) {
        struct lack lack = lack_of(r, stage, cell, node);
        size_t count;

        if (first) {
            lack.cpus = less(lack.cpus, first->gain_cpus[node]);
            lack.mem = less(lack.mem, first->gain_mem[node]);
        }
        count = fewest(r, node, lack, moves);
        if (count > moves)
            continue;
        keep_least(r->least_moves, n, count);
        keep_least(r->least_kib, n, cheapest(r, node, lack, 0, moves, r->least_kib[n - 1]));
    }
    if (r->least_moves[n - 1] == UINT64_MAX || r->least_kib[n - 1] == UINT64_MAX)
        return (struct demand){UINT64_MAX, UINT64_MAX};
    for (size_t i = 0; i < n; i++) {
        sum.moves += r->least_moves[i];
        sum.kib += r->least_kib[i];
    }
    if (r->spread) /* a move might serve two cells */
        sum = (struct demand){r->least_moves[n - 1], r->least_kib[n - 1]};
    return sum;
}

/* Every cell needs a node of its own, and what it takes to make room there. */
uint64_t repair_bound(struct repair *r, const struct stage *stage, const struct mover *first, size_t moves)
{
    struct demand all = {0, 0};
    size_t n;

    for (size_t j = 0; r->cells && j < r->k; j += n) {
        struct demand need;

        n = alike(r, j);
        need = need_of(r, stage, first, moves, j, n);
        if (need.kib == UINT64_MAX)
            return UINT64_MAX;
        all.moves = !r->spread ? all.moves + need.moves : need.moves > all.moves ? need.moves : all.moves;
        all.kib = !r->spread ? all.kib + need.kib : need.kib > all.kib ? need.kib : all.kib;
    }
    return all.moves > moves ? UINT64_MAX : all.kib;
}
