/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "planner/solver.h"

/*
 * A plan made again, when the VMs are where it put them, changes nothing. With several VMs that does
 * not come by itself: from their new places other orders are tried, and one may come out cheaper.
 * So it is made again here, on a problem in which it has been carried out, until nothing is gained.
 */

enum { MOST_SWAPS = 4 }; /* of CPUs, for nothing better */

/* Where preferred memory would come from is not known, and parts of huge pages are not given back as they are taken. */
static bool outcome_is_known(const struct solver *s)
{
    for (size_t i = 0; i < s->n_movable; i++) {
        const struct vn_request *vm = &s->problem->vms[s->order[i]];
        const struct spot *spot = &s->best.spots[s->order[i]];

        if (!spot->placed)
            continue;
        if (vm->policy.memory_preferred)
            return false;
        for (size_t j = 0; j < spot->k && vm->policy.hugepage_kib; j++)
            if (spot->cells[j].memory_kib % vm->policy.hugepage_kib)
                return false;
    }
    return true;
}

/* The VM is where the plan put it. */
static int put_vm(struct solver *s, size_t vm, struct vn_request *ret)
{
    struct vn_placement *at = vn_arena_alloc(&s->arena, sizeof *at);

    if (!at || build_placement(&s->place, s->best.room, vm, &s->best.spots[vm], &s->arena, at) < 0)
        return -VN_E_NOMEM;
    ret->placed = at;
    ret->resident_kib = ret->cell_kib = NULL;
    ret->n_cell_kib = 0;
    return 0;
}

/* What is free then is what the plan leaves. */
static int set_free(struct solver *s, struct vn_host *host)
{
    const struct room *room = s->best.room;
    struct vn_node *nodes = vn_arena_array(&s->arena, host->n_nodes, sizeof *nodes);

    if (!nodes)
        return -VN_E_NOMEM;
    memcpy(nodes, host->nodes, host->n_nodes * sizeof *nodes);
    host->nodes = nodes;
    for (size_t n = 0; n < host->n_nodes; n++) {
        struct vn_hugepool *pools = vn_arena_array(&s->arena, nodes[n].n_pools, sizeof *pools);

        if (!pools)
            return -VN_E_NOMEM;
        nodes[n].free_kib = *room_mem_at(room, 0, n);
        for (size_t i = 0; i < nodes[n].n_pools; i++) {
            pools[i] = nodes[n].pools[i];
            for (size_t kind = 1; kind < room->n_kinds; kind++)
                if (room->kinds[kind] == pools[i].size_kib)
                    pools[i].free = *room_mem_at(room, kind, n);
        }
        nodes[n].pools = pools;
    }
    return 0;
}

/* The problem that is there once the plan has been carried out, and a topo of its host. 0 or -VN_E_NOMEM. */
static int carry_out(struct solver *s, struct vn_problem *ret, struct topo *ret_topo)
{
    struct vn_request *vms = vn_arena_array(&s->arena, s->problem->n_vms, sizeof *vms);

    ret->host = s->problem->host;
    ret->vms = vms;
    ret->n_vms = s->problem->n_vms;
    if (!vms || set_free(s, &ret->host) < 0)
        return -VN_E_NOMEM;
    memcpy(vms, s->problem->vms, s->problem->n_vms * sizeof *vms);
    for (size_t i = 0; i < s->n_movable; i++)
        if (s->best.spots[s->order[i]].placed && put_vm(s, s->order[i], &vms[s->order[i]]) < 0)
            return -VN_E_NOMEM;
    *ret_topo = *s->place.topo;
    ret_topo->host = &ret->host;
    return 0;
}

static void on_problem(struct solver *s, const struct vn_problem *problem, const struct topo *topo)
{
    s->problem = s->place.problem = problem;
    s->place.topo = topo;
}

/* Better for all that does not depend on where the VMs are, and none of those placed is left out. */
static bool is_gain(const struct solver *s, const struct attempt *before)
{
    struct attempt now = s->best;

    for (size_t i = 0; i < s->n_movable; i++)
        if (before->spots[s->order[i]].placed && !now.spots[s->order[i]].placed)
            return false;
    now.moved = before->moved;
    return solver_better(&now, before);
}

static bool same_nodes(const struct spot *a, const struct spot *b)
{
    if (a->placed != b->placed || (a->placed && a->k != b->k))
        return false;
    for (size_t c = 0; a->placed && c < a->k; c++)
        if (a->node[c] != b->node[c] || a->cells[c].vcpus != b->cells[c].vcpus)
            return false;
    return true;
}

static bool same_cpus(const struct solver *s, size_t vm, const struct spot *a, const struct spot *b)
{
    const struct vn_request *request = &s->problem->vms[vm];

    if (!a->placed || a->spare != b->spare)
        return !a->placed;
    return !solver_dedicated(request) || !memcmp(a->cpus, b->cpus, request->vcpus * sizeof *a->cpus);
}

/*
 * No better and no worse, on the same nodes, but on other CPUs. It can be that where those left out went first: who
 * was placed later may have the CPUs that another would rather have.
 */
static bool is_swap(const struct solver *s, const struct attempt *before)
{
    struct attempt now = s->best;
    bool same = true;

    for (size_t i = 0; i < s->n_movable; i++) {
        const struct spot *a = &before->spots[s->order[i]], *b = &now.spots[s->order[i]];

        if (!same_nodes(a, b))
            return false;
        same = same && same_cpus(s, s->order[i], a, b);
    }
    now.moved = before->moved;
    return !same && !solver_better(before, &now);
}

/* What is moved, and what the room is, from where the VMs are in truth. */
static int settle_down(struct solver *s)
{
    s->best.moved = 0;
    for (size_t i = 0; i < s->n_movable; i++) {
        struct spot *spot = &s->best.spots[s->order[i]];

        if (!spot->placed)
            continue;
        if (place_moved(&s->place, s->order[i], spot, &spot->score.s[SC_MOVED]) < 0)
            return -VN_E_NOMEM;
        s->best.moved += spot->score.s[SC_MOVED];
    }
    s->best.room = solver_room(s, &s->arena, SOLVER_NONE);
    return s->best.room ? 0 : -VN_E_NOMEM;
}

int again_until_same(struct solver *s)
{
    const struct vn_problem *problem = s->problem;
    const struct topo *topo = s->place.topo;
    size_t n = problem->n_vms;
    bool *keep = vn_arena_array(&s->arena, n, sizeof *keep), go_on = s->n_movable > 1;
    int r = keep ? 0 : -VN_E_NOMEM;

    for (int swaps = 0; r == 0 && go_on && s->place.max_move_kib == UINT64_MAX && outcome_is_known(s);) {
        struct vn_problem *done = vn_arena_alloc(&s->arena, sizeof *done);
        struct topo *on = vn_arena_alloc(&s->arena, sizeof *on);
        struct attempt before = s->best;

        if (!done || !on || carry_out(s, done, on) < 0)
            return -VN_E_NOMEM;
        memcpy(keep, s->keep, n * sizeof *keep);
        on_problem(s, done, on);
        r = solver_once(s);
        on_problem(s, problem, topo);
        go_on = r == 0 && (is_gain(s, &before) || (is_swap(s, &before) && swaps++ < MOST_SWAPS));
        if (go_on) {
            r = settle_down(s);
        } else {
            s->best = before;
            memcpy(s->keep, keep, n * sizeof *keep);
        }
    }
    return r;
}
