/* SPDX-License-Identifier: MIT */
/* The least memory that any short list of moves could make room with, wherever those VMs go. */
#include "planner/repair.h"

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

static bool same_cell(const struct repair *r, size_t cell)
{
    return cell > 1 && r->cells[cell].vcpus == r->cells[cell - 1].vcpus &&
           r->cells[cell].memory_kib == r->cells[cell - 1].memory_kib;
}

/* Every cell needs a node: the cell that is dearest on its cheapest node counts. */
uint64_t repair_bound(struct repair *r, const struct stage *stage, const struct mover *first, size_t moves)
{
    uint64_t all = 0;

    for (size_t j = 0; r->cells && j < r->k; j++) {
        uint64_t best = UINT64_MAX;

        for (size_t n = 0; n < r->place.topo->n && best && !same_cell(r, j); n++) {
            struct lack lack = lack_of(r, stage, j, n);
            uint64_t kib;

            if (first) {
                lack.cpus = less(lack.cpus, first->gain_cpus[n]);
                lack.mem = less(lack.mem, first->gain_mem[n]);
            }
            kib = cheapest(r, n, lack, 0, moves, best);
            best = kib < best ? kib : best;
        }
        if (!same_cell(r, j) && best > all)
            all = best;
    }
    return all;
}
