/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <vnuma/planner.h>
#include <vnuma/units.h>

#include "planner/solve.h"

enum { DEFAULT_LIMIT_MS = 2000, STEPS_PER_MS = 2000, LEAST_STEPS = 20000, RETRIES = 6 };

/* One way to place all VMs, and what it comes to. */
struct attempt {
    struct spot *spots;
    struct room *room; /* with every placed VM in it */
    uint64_t vcpus;    /* dedicated ones placed */
    size_t placed;
    double distance;
    uint64_t device, l3, moved;
};

struct solver {
    struct vn_arena arena;
    struct place place;
    const struct vn_problem *problem;
    size_t n_movable;
    size_t *order;       /* movable VMs, the hardest first */
    bool *keep;          /* VMs that found no better place and stay where they are */
    struct spot *alone;  /* each VM with no other movable one about */
    struct attempt best;
};

static void solver_drop(struct solver *s)
{
    vn_arena_drop(&s->arena);
}

static bool dedicated(const struct vn_request *vm)
{
    return vm->policy.policy == VN_CPU_DEDICATED;
}

static double distance_of(const struct vn_request *vm, const struct score *score)
{
    return (double)score->s[SC_DISTANCE] / ((double)vm->vcpus * vm->vcpus);
}

/* Dedicated before floating, strict memory before preferred, then the larger first. */
static bool goes_before(const struct vn_request *a, const struct vn_request *b)
{
    if (dedicated(a) != dedicated(b))
        return dedicated(a);
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

/* The VMs that found no place go first among their like. */
static void reorder(struct solver *s, const struct attempt *attempt, size_t *order)
{
    size_t n = 0;

    for (int pass = 0; pass < 4; pass++) {
        for (size_t i = 0; i < s->n_movable; i++) {
            size_t vm = order[i];
            bool want_dedicated = pass < 2, want_placed = pass % 2;

            if (dedicated(&s->problem->vms[vm]) == want_dedicated && attempt->spots[vm].placed == want_placed)
                s->order[n++] = vm;
        }
    }
    memcpy(order, s->order, s->n_movable * sizeof *order);
}

static int add_spot(struct solver *s, struct attempt *attempt, size_t vm, bool stay, uint64_t max_move_kib)
{
    struct spot *spot = &attempt->spots[vm];
    const struct vn_request *request = &s->problem->vms[vm];
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
    place_commit(&s->place, attempt->room, vm, spot);
    attempt->vcpus += dedicated(request) ? request->vcpus : 0;
    attempt->placed++;
    attempt->distance += distance_of(request, &spot->score);
    attempt->device += spot->score.s[SC_DEVICE];
    attempt->l3 += spot->score.s[SC_L3];
    attempt->moved += spot->score.s[SC_MOVED];
    return 1;
}

static int try_order(struct solver *s, const struct room *base, const size_t *order, bool stay, struct attempt *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->spots = vn_arena_array(&s->arena, s->problem->n_vms, sizeof *ret->spots);
    ret->room = room_copy(&s->arena, base);
    if (!ret->spots || !ret->room)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < s->n_movable; i++) {
        int r = s->keep[order[i]] ? 0 : add_spot(s, ret, order[i], stay, s->place.max_move_kib);

        if (r < 0)
            return r;
    }
    return 0;
}

static bool better(const struct attempt *a, const struct attempt *b)
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

/* Orders in turn: as they are now, the hardest first, then those left out first. */
static int try_orders(struct solver *s, const struct room *base)
{
    size_t *order = vn_arena_array(&s->arena, s->n_movable, sizeof *order);
    struct attempt next;
    int r = order ? 0 : -VN_E_NOMEM;

    if (r == 0)
        r = try_order(s, base, s->order, s->n_movable > 1, &s->best);
    if (r < 0 || s->n_movable < 2)
        return r;
    memcpy(order, s->order, s->n_movable * sizeof *order);
    for (int i = 0; i < RETRIES; i++) {
        r = try_order(s, base, order, false, &next);
        if (r < 0)
            return r;
        if (better(&next, &s->best))
            s->best = next;
        if (!one_more_fits(s, &next))
            break;
        reorder(s, &next, order);
    }
    return 0;
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
        struct room *base = room_new(&s->arena, s->place.topo, s->problem, s->keep);
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

static int solve_alone(struct solver *s)
{
    struct room *base = room_new(&s->arena, s->place.topo, s->problem, s->keep);

    s->alone = vn_arena_array(&s->arena, s->problem->n_vms, sizeof *s->alone);
    if (!base || !s->alone)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < s->n_movable; i++) {
        struct spot *spot = &s->alone[s->order[i]];
        int r = place_vm(&s->place, base, s->order[i], false, spot);

        if (r < 0)
            return r;
        spot->placed = r > 0;
        if (s->n_movable > 1 && !dedicated(&s->problem->vms[s->order[i]]) && !base->named)
            spot->bound.s[SC_L3] = 0; /* what floating vCPUs share shrinks as others are placed */
    }
    return 0;
}

/* The room that VM @vm sees when everything else of the plan is in place. */
static struct room *room_without(struct solver *s, struct vn_arena *arena, size_t vm)
{
    bool kept = s->keep[vm];
    struct room *room;

    s->keep[vm] = false;
    room = room_new(arena, s->place.topo, s->problem, s->keep);
    s->keep[vm] = kept;
    for (size_t i = 0; room && i < s->n_movable; i++)
        if (s->order[i] != vm && s->best.spots[s->order[i]].placed)
            place_commit(&s->place, room, s->order[i], &s->best.spots[s->order[i]]);
    return room;
}

/* Those left out get a last look at what the others left. */
static int fill_in(struct solver *s)
{
    for (size_t i = 0; i < s->n_movable; i++) {
        size_t vm = s->order[i];
        VN_AUTO(vn_arena) scratch = {0};
        struct room *room;
        int r;

        if (s->best.spots[vm].placed)
            continue;
        room = room_without(s, &scratch, vm);
        if (!room)
            return -VN_E_NOMEM;
        s->best.room = room;
        r = add_spot(s, &s->best, vm, false, s->place.max_move_kib);
        if (r < 0)
            return r;
        s->keep[vm] = s->keep[vm] && r == 0;
    }
    s->best.room = room_without(s, &s->arena, s->order[0]);
    if (s->best.room && s->best.spots[s->order[0]].placed)
        place_commit(&s->place, s->best.room, s->order[0], &s->best.spots[s->order[0]]);
    return s->best.room ? 0 : -VN_E_NOMEM;
}

/* Page cache is not counted as free; say so where it would have helped. */
static int note_cache(struct solver *s, const struct vn_unplaced *out, struct vn_plan *plan)
{
    uint64_t all = 0;

    for (size_t n = 0; n < s->place.topo->n; n++)
        all += s->problem->host.nodes[n].cache_kib;
    for (size_t i = 0; i < out->n_blocking; i++) {
        const struct vn_blocking *item = &out->blocking[i];
        int node = vn_host_node_index(&s->problem->host, item->node);
        uint64_t cache = item->node < 0 ? all : node < 0 ? 0 : s->problem->host.nodes[node].cache_kib;

        if (item->resource == VN_RES_MEMORY && cache && item->free + cache >= item->need)
            return plan_note(plan, "'%s': page cache could make room: plan with --count-cache", out->name);
    }
    return 0;
}

static int report_unplaced(struct solver *s, size_t vm, struct vn_plan *plan)
{
    const struct vn_request *request = &s->problem->vms[vm];
    struct vn_unplaced *out = vn_arena_grow(&plan->arena, &plan->unplaced, &plan->n_unplaced, sizeof *out);
    VN_AUTO(vn_arena) scratch = {0};
    struct room *room = room_without(s, &scratch, vm);

    if (!out || !room)
        return -VN_E_NOMEM;
    out->name = vn_arena_strdup(&plan->arena, request->name);
    if (!out->name)
        return -VN_E_NOMEM;
    if (s->place.max_move_kib != UINT64_MAX)
        s->place.max_move_kib -= s->best.moved;
    if (fit_blocking(&s->place, room, vm, &plan->arena, out) < 0)
        return -VN_E_NOMEM;
    if (s->place.max_move_kib != UINT64_MAX)
        s->place.max_move_kib += s->best.moved;
    if (s->keep[vm] && plan_note(plan, "'%s' stays where it is: no place that keeps its policy was found", request->name) < 0)
        return -VN_E_NOMEM;
    return note_cache(s, out, plan);
}

static int note_hugepages(const struct vn_request *vm, struct vn_plan *plan)
{
    char size[32];

    if (!vm->policy.hugepage_kib || (vm->placed && vm->placed->hugepage_kib == vm->policy.hugepage_kib))
        return 0;
    return plan_note(plan, "'%s' takes %" PRIu64 " huge pages of %s; they are free now and have to be still when it starts",
                     vm->name, (vm->memory_kib + vm->policy.hugepage_kib - 1) / vm->policy.hugepage_kib,
                     vn_size_format(vm->policy.hugepage_kib, size, sizeof size));
}

static int write_placements(struct solver *s, struct vn_plan *plan)
{
    plan->vms = vn_arena_array(&plan->arena, s->n_movable, sizeof *plan->vms);
    if (!plan->vms)
        return -VN_E_NOMEM;
    for (size_t vm = 0; vm < s->problem->n_vms; vm++) {
        const struct spot *spot = &s->best.spots[vm];
        struct vn_placement *out = &plan->vms[plan->n_vms];
        VN_AUTO(vn_arena) scratch = {0};
        struct room *room;

        if (!s->problem->vms[vm].movable)
            continue;
        if (!spot->placed) {
            if (report_unplaced(s, vm, plan) < 0)
                return -VN_E_NOMEM;
            continue;
        }
        room = room_without(s, &scratch, vm);
        if (!room || build_placement(&s->place, s->best.room, vm, spot, &plan->arena, out) < 0 ||
            explain(&s->place, room, vm, spot, &plan->arena, out) < 0 || note_hugepages(&s->problem->vms[vm], plan) < 0)
            return -VN_E_NOMEM;
        plan->n_vms++;
    }
    return 0;
}

/* The most dedicated vCPUs that subsets of the VMs which fit alone can add up to on the free CPUs. */
static uint64_t most_vcpus(const struct solver *s, const struct room *base)
{
    unsigned free_cpus = vn_cpuset_count(&base->avail);
    uint64_t best = 0;
    bool sums[VN_CPU_MAX + 1] = {true};

    for (size_t i = 0; i < s->n_movable; i++) {
        const struct vn_request *vm = &s->problem->vms[s->order[i]];

        if (!dedicated(vm) || !s->alone[s->order[i]].placed)
            continue;
        for (unsigned sum = free_cpus; sum >= vm->vcpus; sum--)
            sums[sum] = sums[sum] || sums[sum - vm->vcpus];
    }
    for (unsigned sum = 0; sum <= free_cpus; sum++)
        if (sums[sum])
            best = sum;
    return best;
}

/* L3 domains of floating cells, now that it is known what they float over. */
static uint64_t final_l3(const struct solver *s)
{
    const struct vn_host *host = &s->problem->host;
    uint64_t sum = 0;

    for (size_t vm = 0; vm < s->problem->n_vms; vm++) {
        const struct spot *spot = &s->best.spots[vm];

        if (!spot->placed)
            continue;
        if (dedicated(&s->problem->vms[vm])) {
            sum += spot->score.s[SC_L3];
            continue;
        }
        for (size_t j = 0; j < spot->k; j++) {
            struct vn_cpuset cpus;

            room_floating(s->best.room, spot->node[j], &cpus);
            for (size_t i = 0; i < host->n_l3 && spot->cells[j].vcpus; i++)
                sum += vn_cpuset_intersects(&host->l3[i], &cpus);
        }
    }
    return sum;
}

/* Nothing is proved beyond the first figure in which the plan misses the bound. */
static void cut_bound(const struct vn_cost *cost, struct vn_cost *bound)
{
    bool met = cost->placed_vcpus == bound->placed_vcpus;

    if (!met)
        bound->distance = 0;
    else if (bound->distance > cost->distance - 1e-9)
        bound->distance = cost->distance;
    met = met && !(bound->distance < cost->distance);
    bound->device = met ? bound->device : 0;
    met = met && !(bound->device < cost->device);
    bound->l3 = met ? bound->l3 : 0;
    met = met && bound->l3 == cost->l3;
    bound->moved_kib = met ? bound->moved_kib : 0;
}

static int write_cost(struct solver *s, struct vn_plan *plan)
{
    static const struct vn_cost none;
    VN_AUTO(vn_arena) scratch = {0};
    bool *keep = vn_arena_array(&scratch, s->problem->n_vms, sizeof *keep);
    struct room *base = keep ? room_new(&scratch, s->place.topo, s->problem, keep) : NULL;
    bool all = true;

    if (!base)
        return -VN_E_NOMEM;
    plan->cost = plan->bound = none;
    plan->cost.placed_vcpus = s->best.vcpus;
    plan->bound.placed_vcpus = most_vcpus(s, base);
    for (size_t vm = 0; vm < s->problem->n_vms; vm++) {
        const struct spot *spot = &s->best.spots[vm], *alone = &s->alone[vm];

        all = all && (spot->placed || !alone->placed || !s->problem->vms[vm].movable);
        if (spot->placed) {
            plan->cost.distance += distance_of(&s->problem->vms[vm], &spot->score);
            plan->cost.device += (double)spot->score.s[SC_DEVICE];
            plan->cost.moved_kib += spot->score.s[SC_MOVED];
        }
        if (alone->placed) {
            plan->bound.distance += distance_of(&s->problem->vms[vm], &alone->bound);
            plan->bound.device += (double)alone->bound.s[SC_DEVICE];
            plan->bound.l3 += alone->bound.s[SC_L3];
            plan->bound.moved_kib += alone->bound.s[SC_MOVED];
        }
    }
    plan->cost.l3 = final_l3(s);
    if (!all)
        plan->bound = (struct vn_cost){.placed_vcpus = plan->bound.placed_vcpus};
    cut_bound(&plan->cost, &plan->bound);
    plan->optimal = all && plan->cost.placed_vcpus == plan->bound.placed_vcpus &&
                    !(plan->bound.distance < plan->cost.distance) && !(plan->bound.device < plan->cost.device) &&
                    plan->bound.l3 == plan->cost.l3 && plan->bound.moved_kib == plan->cost.moved_kib;
    return 0;
}

static int solver_new(struct solver *s, const struct vn_problem *problem, const struct vn_planner_opts *opts)
{
    unsigned limit = opts && opts->time_limit_ms ? opts->time_limit_ms : DEFAULT_LIMIT_MS;
    uint64_t steps = (uint64_t)limit * STEPS_PER_MS;

    s->problem = problem;
    s->place.arena = &s->arena;
    s->place.problem = problem;
    s->place.max_move_kib = opts && opts->max_move_kib ? opts->max_move_kib : UINT64_MAX;
    s->place.topo = topo_new(&s->arena, &problem->host);
    s->place.picker = s->place.topo ? picker_new(&s->arena, s->place.topo) : NULL;
    s->order = vn_arena_array(&s->arena, problem->n_vms, sizeof *s->order);
    s->keep = vn_arena_array(&s->arena, problem->n_vms, sizeof *s->keep);
    if (!s->place.picker || !s->order || !s->keep)
        return -VN_E_NOMEM;
    make_order(s);
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
            r = solve_all(&s);
        if (r == 0)
            r = fill_in(&s);
        if (r == 0)
            r = write_placements(&s, &plan);
        if (r == 0)
            r = write_cost(&s, &plan);
    }
    plan.optimal = plan.optimal || !s.n_movable;
    if (r < 0) {
        vn_plan_drop(&plan);
        return vn_nomem(err);
    }
    *ret_plan = plan;
    return 0;
}
