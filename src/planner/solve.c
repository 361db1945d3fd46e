/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <vnuma/planner.h>

#include "planner/solver.h"

enum { DEFAULT_LIMIT_MS = 2000, STEPS_PER_MS = 2000, LEAST_STEPS = 20000, RETRIES = 6, JOINT_STEPS_PER_MS = 50000 };

static void solver_drop(struct solver *s)
{
    vn_arena_drop(&s->arena);
}

bool solver_dedicated(const struct vn_request *vm)
{
    return vm->policy.policy == VN_CPU_DEDICATED;
}

double solver_distance(const struct vn_request *vm, const struct score *score)
{
    return (double)score->s[SC_DISTANCE] / ((double)vm->vcpus * vm->vcpus);
}

/* Dedicated before floating, strict memory before preferred, then the larger first. */
static bool goes_before(const struct vn_request *a, const struct vn_request *b)
{
    if (solver_dedicated(a) != solver_dedicated(b))
        return solver_dedicated(a);
    if (a->policy.memory_preferred != b->policy.memory_preferred)
        return b->policy.memory_preferred;
    if (a->vcpus != b->vcpus)
        return a->vcpus > b->vcpus;
    return a->memory_kib > b->memory_kib;
}

static void make_order(struct solver *s)
{
    for (size_t i = 0; i < s->problem->n_vms; i++) {
        size_t at = s->n_movable;

        if (!s->problem->vms[i].movable)
            continue;
        for (; at > 0 && goes_before(&s->problem->vms[i], &s->problem->vms[s->order[at - 1]]); at--)
            s->order[at] = s->order[at - 1];
        s->order[at] = i;
        s->n_movable++;
    }
}

/* The VMs that found no place go first among their like. @was: scratch. */
static void reorder(const struct solver *s, const struct attempt *attempt, size_t *order, size_t *was)
{
    size_t n = 0;

    memcpy(was, order, s->n_movable * sizeof *was);
    for (int pass = 0; pass < 4; pass++) {
        for (size_t i = 0; i < s->n_movable; i++) {
            size_t vm = was[i];
            bool want_dedicated = pass < 2, want_placed = pass % 2;

            if (solver_dedicated(&s->problem->vms[vm]) == want_dedicated && attempt->spots[vm].placed == want_placed)
                order[n++] = vm;
        }
    }
}

static void commit(struct solver *s, struct attempt *attempt, size_t vm)
{
    const struct vn_request *request = &s->problem->vms[vm];
    const struct spot *spot = &attempt->spots[vm];

    place_commit(&s->place, attempt->room, vm, spot);
    attempt->vcpus += solver_dedicated(request) ? request->vcpus : 0;
    attempt->placed++;
    attempt->distance += solver_distance(request, &spot->score);
    attempt->device += spot->score.s[SC_DEVICE];
    attempt->l3 += spot->score.s[SC_L3];
    attempt->moved += spot->score.s[SC_MOVED];
}

int solver_add(struct solver *s, struct attempt *attempt, size_t vm, bool stay)
{
    uint64_t max_move_kib = s->place.max_move_kib;
    struct spot *spot = &attempt->spots[vm];
    int r;

    s->place.max_move_kib = max_move_kib == UINT64_MAX ? max_move_kib : max_move_kib - attempt->moved;
    s->place.stay = stay;
    r = place_vm(&s->place, attempt->room, vm, stay, spot);
    s->place.stay = false;
    s->place.max_move_kib = max_move_kib;
    if (r <= 0) {
        spot->placed = false;
        return r;
    }
    commit(s, attempt, vm);
    return 1;
}

int solver_attempt_new(struct solver *s, const struct room *base, struct attempt *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->spots = vn_arena_array(&s->arena, s->problem->n_vms, sizeof *ret->spots);
    ret->room = room_copy(&s->arena, base);
    return ret->spots && ret->room ? 0 : -VN_E_NOMEM;
}

const struct room *solver_base(struct solver *s)
{
    size_t n = s->problem->n_vms;

    if (s->base && s->base_problem == s->problem && !memcmp(s->base_keep, s->keep, n * sizeof *s->keep))
        return s->base;
    s->base = room_new(&s->arena, s->place.topo, s->problem, s->keep);
    s->base_problem = s->problem;
    memcpy(s->base_keep, s->keep, n * sizeof *s->keep);
    return s->base;
}

static int try_order(struct solver *s, const struct room *base, const size_t *order, bool stay, struct attempt *ret)
{
    if (solver_attempt_new(s, base, ret) < 0)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < s->n_movable; i++) {
        int r = s->keep[order[i]] ? 0 : solver_add(s, ret, order[i], stay);

        if (r < 0)
            return r;
    }
    return 0;
}

bool solver_better(const struct attempt *a, const struct attempt *b)
{
    if (a->vcpus != b->vcpus)
        return a->vcpus > b->vcpus;
    if (a->placed != b->placed)
        return a->placed > b->placed;
    if (a->distance < b->distance - 1e-9 || a->distance > b->distance + 1e-9)
        return a->distance < b->distance;
    if (a->device != b->device)
        return a->device < b->device;
    if (a->l3 != b->l3)
        return a->l3 < b->l3;
    return a->moved < b->moved;
}

/* Is a VM left out that fits the host when it comes first? */
static bool one_more_fits(const struct solver *s, const struct attempt *attempt)
{
    for (size_t i = 0; i < s->n_movable; i++)
        if (!s->keep[s->order[i]] && !attempt->spots[s->order[i]].placed && s->alone[s->order[i]].placed)
            return true;
    return false;
}

/* One VM has the room to itself, so its place is the one it has alone. */
static int try_only(struct solver *s, const struct room *base)
{
    size_t vm = s->order[0];

    if (solver_attempt_new(s, base, &s->best) < 0)
        return -VN_E_NOMEM;
    if (s->keep[vm] || !s->alone[vm].placed)
        return 0;
    s->best.spots[vm] = s->alone[vm];
    commit(s, &s->best, vm);
    return 0;
}

/* Orders in turn: as they are now, the hardest first, then those left out first; then all together. */
static int try_orders(struct solver *s, const struct room *base)
{
    size_t *order = vn_arena_array(&s->arena, s->n_movable, sizeof *order);
    size_t *was = vn_arena_array(&s->arena, s->n_movable, sizeof *was);
    struct attempt next;
    int r = order && was ? 0 : -VN_E_NOMEM;

    if (s->n_movable == 1)
        return try_only(s, base);
    if (r == 0)
        r = try_order(s, base, s->order, true, &s->best);
    if (r < 0)
        return r;
    memcpy(order, s->order, s->n_movable * sizeof *order);
    for (int i = 0; i < RETRIES; i++) {
        r = try_order(s, base, order, false, &next);
        if (r < 0)
            return r;
        if (solver_better(&next, &s->best))
            s->best = next;
        if (!one_more_fits(s, &next))
            break;
        reorder(s, &next, order, was);
    }
    r = joint_place(s, base, &s->best, &next);
    if (r > 0 && solver_better(&next, &s->best))
        s->best = next;
    return r < 0 ? r : 0;
}

static bool is_somewhere(const struct solver *s, const struct vn_request *vm)
{
    for (size_t n = 0; vm->resident_kib && n < s->place.topo->n; n++)
        if (vm->resident_kib[n])
            return true;
    return vm->placed != NULL;
}

/* A VM that runs and found no place stays where it is and takes its room there: plan again around it. */
static int solve_all(struct solver *s)
{
    for (bool again = true; again;) {
        const struct room *base = solver_base(s);
        int r = base ? try_orders(s, base) : -VN_E_NOMEM;

        if (r < 0)
            return r;
        again = false;
        for (size_t i = 0; i < s->n_movable; i++) {
            size_t vm = s->order[i];

            if (s->best.spots[vm].placed || s->keep[vm] || !is_somewhere(s, &s->problem->vms[vm]))
                continue;
            s->keep[vm] = true;
            again = true;
        }
    }
    return 0;
}

/* Among others an auto VM may get cells of other sizes, or keep those it has: of several nothing is proved. */
static void loosen_auto(struct solver *s)
{
    for (size_t i = 0; i < s->n_movable && s->n_movable > 1; i++) {
        struct spot *spot = &s->alone[s->order[i]];

        if (s->problem->vms[s->order[i]].policy.cells.kind != VN_CELLS_AUTO)
            continue;
        memset(&spot->floor, 0, sizeof spot->floor);
        if (spot->k > 1)
            memset(&spot->bound, 0, sizeof spot->bound);
    }
}

static int solve_alone(struct solver *s)
{
    const struct room *base = solver_base(s);

    s->alone = vn_arena_array(&s->arena, s->problem->n_vms, sizeof *s->alone);
    if (!base || !s->alone)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < s->n_movable; i++) {
        struct spot *spot = &s->alone[s->order[i]];
        int r = place_vm(&s->place, base, s->order[i], false, spot);

        if (r < 0)
            return r;
        spot->placed = r > 0;
        if (s->n_movable > 1 && !solver_dedicated(&s->problem->vms[s->order[i]]) && !base->named)
            spot->bound.s[SC_L3] = spot->floor.s[SC_L3] = 0; /* what they share shrinks as others are placed */
    }
    loosen_auto(s);
    return 0;
}

struct room *solver_room(struct solver *s, struct vn_arena *arena, size_t vm)
{
    bool kept = vm != SOLVER_NONE && s->keep[vm];
    const struct room *base = kept ? NULL : solver_base(s);
    struct room *room = base ? room_copy(arena, base) : NULL;

    if (kept) {
        s->keep[vm] = false;
        room = room_new(arena, s->place.topo, s->problem, s->keep);
        s->keep[vm] = true;
    }
    for (size_t i = 0; room && i < s->n_movable; i++)
        if (s->order[i] != vm && s->best.spots[s->order[i]].placed)
            place_commit(&s->place, room, s->order[i], &s->best.spots[s->order[i]]);
    return room;
}

/* One look at what the others left for those left out; 1 when one found a place. */
static int look_again(struct solver *s)
{
    bool found = false;

    for (size_t i = 0; i < s->n_movable; i++) {
        size_t vm = s->order[i];
        VN_AUTO(vn_arena) scratch = {0};
        struct room *room;
        int r;

        if (s->best.spots[vm].placed)
            continue;
        room = solver_room(s, &scratch, vm);
        if (!room)
            return -VN_E_NOMEM;
        s->best.room = room;
        r = solver_add(s, &s->best, vm, false);
        if (r < 0)
            return r;
        s->keep[vm] = s->keep[vm] && r == 0;
        found = found || r > 0;
    }
    return found;
}

/* What one of them leaves by finding a place may be room for the next: until nobody moves. */
static int fill_in(struct solver *s)
{
    int r;

    do
        r = look_again(s);
    while (r > 0);
    if (r < 0)
        return r;
    s->best.room = solver_room(s, &s->arena, SOLVER_NONE);
    return s->best.room ? 0 : -VN_E_NOMEM;
}

int solver_once(struct solver *s)
{
    int r;

    s->round = 0;
    memset(s->keep, 0, s->problem->n_vms * sizeof *s->keep);
    r = solve_all(s);
    return r < 0 ? r : fill_in(s);
}

static int solver_new(struct solver *s, const struct vn_problem *problem, const struct vn_planner_opts *opts)
{
    unsigned limit = opts && opts->time_limit_ms ? opts->time_limit_ms : DEFAULT_LIMIT_MS;
    uint64_t steps = (uint64_t)limit * STEPS_PER_MS;

    s->problem = problem;
    s->place.arena = &s->arena;
    s->place.problem = problem;
    s->place.choices = opts && opts->choices;
    s->place.max_move_kib = opts && opts->max_move_kib ? opts->max_move_kib : UINT64_MAX;
    s->place.topo = topo_new(&s->arena, &problem->host);
    s->place.picker = s->place.topo ? picker_new(&s->arena, s->place.topo) : NULL;
    s->order = vn_arena_array(&s->arena, problem->n_vms, sizeof *s->order);
    s->keep = vn_arena_array(&s->arena, problem->n_vms, sizeof *s->keep);
    s->base_keep = vn_arena_array(&s->arena, problem->n_vms, sizeof *s->base_keep);
    if (!s->place.picker || !s->order || !s->keep || !s->base_keep)
        return -VN_E_NOMEM;
    make_order(s);
    s->joint_steps = (uint64_t)limit * JOINT_STEPS_PER_MS;
    s->place.budget = s->n_movable ? steps / s->n_movable : steps;
    if (s->place.budget < LEAST_STEPS)
        s->place.budget = LEAST_STEPS;
    return 0;
}

int vn_planner_solve(const struct vn_problem *problem, const struct vn_planner_opts *opts, struct vn_plan *ret_plan,
                     struct vn_err *err)
{
    __attribute__((cleanup(solver_drop))) struct solver s = {0};
    struct vn_plan plan = {0};
    int r = vn_host_check(&problem->host, err);

    for (size_t i = 0; r == 0 && i < problem->n_vms; i++)
        if (problem->vms[i].movable)
            r = request_check(problem, &problem->vms[i], err);
    if (r < 0)
        return r;
    r = solver_new(&s, problem, opts);
    if (r == 0 && s.n_movable) {
        r = solve_alone(&s);
        if (r == 0)
            r = solver_once(&s);
        if (r == 0)
            r = again_until_same(&s);
        if (r == 0)
            r = result_placements(&s, &plan);
        if (r == 0)
            r = result_cost(&s, &plan);
    }
    plan.optimal = plan.optimal || !s.n_movable;
    if (r < 0) {
        vn_plan_drop(&plan);
        return vn_nomem(err);
    }
    *ret_plan = plan;
    return 0;
}
