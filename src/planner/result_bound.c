/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "planner/joint.h"

/*
 * What is proved about the best possible plan, a figure after the other: of each only as long as
 * the plan has all before it.
 */

/* The most dedicated vCPUs that subsets of the VMs which fit alone can add up to on the free CPUs. */
static uint64_t most_vcpus(const struct solver *s, const struct room *base)
{
    unsigned free_cpus = vn_cpuset_count(&base->avail);
    uint64_t best = 0;
    bool sums[VN_CPU_MAX + 1] = {true};

    for (size_t i = 0; i < s->n_movable; i++) {
        const struct vn_request *vm = &s->problem->vms[s->order[i]];

        if (!solver_dedicated(vm) || !s->alone[s->order[i]].placed)
            continue;
        for (unsigned sum = free_cpus; sum >= vm->vcpus; sum--)
            sums[sum] = sums[sum] || sums[sum - vm->vcpus];
    }
    for (unsigned sum = 0; sum <= free_cpus; sum++)
        if (sums[sum])
            best = sum;
    return best;
}

static int ascending(const void *a, const void *b)
{
    double x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

/* What a VM has at least: of each figure by itself, or what it has in the order of the objective. */
static double figure(const struct solver *s, size_t vm, unsigned what, bool in_order)
{
    const struct spot *alone = &s->alone[vm];
    const struct score *score = in_order ? &alone->bound : &alone->floor;

    return what == SC_DISTANCE ? solver_distance(&s->problem->vms[vm], score) : (double)score->s[what];
}

/* The VMs that have a place alone: all of them, or those that float. */
struct group {
    bool floating;
    size_t count; /* how many of them have to be placed, whichever */
};

/* Whichever of the group are placed, their figures come to no less in all. */
static int least_of(const struct solver *s, struct group of, unsigned what, bool in_order, double *ret)
{
    VN_AUTO(vn_arena) scratch = {0};
    double *figures = vn_arena_array(&scratch, s->n_movable, sizeof *figures);
    size_t n = 0;

    if (!figures)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < s->n_movable; i++)
        if (s->alone[s->order[i]].placed && !(of.floating && solver_dedicated(&s->problem->vms[s->order[i]])))
            figures[n++] = figure(s, s->order[i], what, in_order);
    qsort(figures, n, sizeof *figures, ascending);
    *ret = 0;
    for (size_t i = 0; i < n && i < of.count; i++)
        *ret += figures[i];
    return 0;
}

static size_t fit_alone(const struct solver *s, bool floating)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n_movable; i++)
        n += s->alone[s->order[i]].placed && !(floating && solver_dedicated(&s->problem->vms[s->order[i]]));
    return n;
}

/* The CPUs that are left to those that float, when so many dedicated vCPUs are placed. */
static double left_to_float(const struct room *base, uint64_t vcpus)
{
    struct vn_cpuset floating = base->floating, others = base->avail;
    unsigned elsewhere;
    double left;

    vn_cpuset_sub(&floating, &base->gone);
    vn_cpuset_sub(&others, &floating);
    elsewhere = vn_cpuset_count(&others);
    left = vn_cpuset_count(&floating) - (vcpus > elsewhere ? (double)(vcpus - elsewhere) : 0);
    for (size_t n = 0; n < base->topo->n; n++)
        left -= base->demand[n];
    return left;
}

/* The most VMs that float beside so many dedicated vCPUs. */
static int most_floating(const struct solver *s, const struct room *base, size_t *ret)
{
    VN_AUTO(vn_arena) scratch = {0};
    double *needs = vn_arena_array(&scratch, s->n_movable, sizeof *needs), left = left_to_float(base, s->best.vcpus);
    size_t n = 0;

    if (!needs)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < s->n_movable; i++) {
        const struct vn_request *vm = &s->problem->vms[s->order[i]];

        if (s->alone[s->order[i]].placed && !solver_dedicated(vm))
            needs[n++] = vm->vcpus / vm_overcommit(vm);
    }
    qsort(needs, n, sizeof *needs, ascending);
    for (*ret = 0; *ret < n && needs[*ret] <= left + 1e-6; ++*ret)
        left -= needs[*ret];
    return 0;
}

/* Each VM by itself: holds of plans that place all which can be placed at all. */
static int bound_each(const struct solver *s, struct vn_cost *bound)
{
    struct group all = {false, fit_alone(s, false)};
    double l3, moved;

    if (least_of(s, all, SC_DISTANCE, true, &bound->distance) < 0 ||
        least_of(s, all, SC_DEVICE, true, &bound->device) < 0 || least_of(s, all, SC_L3, true, &l3) < 0 ||
        least_of(s, all, SC_MOVED, true, &moved) < 0)
        return -VN_E_NOMEM;
    bound->l3 = (uint64_t)l3;
    bound->moved_kib = (uint64_t)moved;
    return 0;
}

/*
 * All dedicated VMs together, as it was proved, and the most that float beside them. Holds of plans
 * with as many VMs. Cells that are not on the nearest nodes may touch fewer L3 domains.
 */
static int bound_jointly(const struct solver *s, const struct vn_cost *cost, size_t floating, struct vn_cost *bound)
{
    struct group floats = {true, floating}, all = {false, s->best.placed};
    bool every = floating == fit_alone(s, true); /* then each is in its own order */
    double distance, device, l3, moved;
    struct proof has;

    if (least_of(s, floats, SC_DISTANCE, false, &distance) < 0 || least_of(s, floats, SC_DEVICE, every, &device) < 0 ||
        least_of(s, all, SC_L3, false, &l3) < 0 || least_of(s, all, SC_MOVED, false, &moved) < 0)
        return -VN_E_NOMEM;
    if (every && least_of(s, floats, SC_DISTANCE, true, &distance) < 0)
        return -VN_E_NOMEM;
    joint_settled(s, &has);
    bound->distance = (double)s->proof.distance / JOINT_UNIT + distance;
    if (has.distance == s->proof.distance && cost->distance < bound->distance + 1e-6)
        bound->distance = cost->distance; /* but for the rounding */
    bound->device = (double)s->proof.device + device;
    bound->l3 = (uint64_t)l3;
    bound->moved_kib = (uint64_t)moved;
    return 0;
}

static struct vn_cost higher(const struct vn_cost *a, const struct vn_cost *b)
{
    struct vn_cost ret = a->distance > b->distance ? *a : *b;

    if (fabs(a->distance - b->distance) > 1e-9)
        return ret;
    if (a->device < b->device || a->device > b->device)
        return a->device > b->device ? *a : *b;
    ret.l3 = a->l3 > b->l3 ? a->l3 : b->l3;
    ret.moved_kib = a->moved_kib > b->moved_kib ? a->moved_kib : b->moved_kib;
    return ret;
}

/* Nothing is proved beyond the first figure in which the plan misses the bound. True: it misses none. */
static bool cut_bound(const struct vn_cost *cost, struct vn_cost *bound)
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
    return met && bound->moved_kib == cost->moved_kib;
}

/* How many are placed is proved: all, or as many as can be. */
static int bound_figures(struct solver *s, const struct room *base, struct vn_plan *plan, bool *ret_count)
{
    bool all = s->best.placed == fit_alone(s, false), jointly;
    struct vn_cost each = {0}, together = {0};
    size_t floating;

    if (most_floating(s, base, &floating) < 0)
        return -VN_E_NOMEM;
    jointly = s->proof.exact && s->best.vcpus == s->proof.vcpus && s->best.placed == s->proof.placed + floating;
    if ((all && bound_each(s, &each) < 0) || (jointly && bound_jointly(s, &plan->cost, floating, &together) < 0))
        return -VN_E_NOMEM;
    each = higher(&each, &together);
    each.placed_vcpus = plan->bound.placed_vcpus;
    each.distance = each.distance > plan->bound.distance ? each.distance : plan->bound.distance;
    plan->bound = each;
    *ret_count = all || jointly;
    return 0;
}

int result_bound(struct solver *s, struct vn_plan *plan)
{
    VN_AUTO(vn_arena) scratch = {0};
    bool *nobody = vn_arena_array(&scratch, s->problem->n_vms, sizeof *nobody), count;
    struct room *base = nobody ? room_new(&scratch, s->place.topo, s->problem, nobody) : NULL;
    size_t floating = fit_alone(s, true);
    uint64_t most, distance;

    if (!base)
        return -VN_E_NOMEM;
    plan->bound = (struct vn_cost){.placed_vcpus = most_vcpus(s, base)};
    if (joint_bounds(s, base, s->best.vcpus, s->best.placed > floating ? s->best.placed - floating : 0, &most,
                     &distance) < 0)
        return -VN_E_NOMEM;
    plan->bound.placed_vcpus = most < plan->bound.placed_vcpus ? most : plan->bound.placed_vcpus;
    plan->bound.distance = (double)distance / JOINT_UNIT;
    if (bound_figures(s, base, plan, &count) < 0)
        return -VN_E_NOMEM;
    if (!count)
        plan->bound = (struct vn_cost){.placed_vcpus = plan->bound.placed_vcpus, .distance = plan->bound.distance};
    plan->optimal = cut_bound(&plan->cost, &plan->bound) && count;
    return 0;
}
