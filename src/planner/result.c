/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <vnuma/units.h>

#include "planner/solver.h"

/* Is there so much page cache that the item would not be missing? */
static bool cache_would_do(const struct vn_host *host, const struct vn_blocking *item)
{
    uint64_t cache = 0;

    for (size_t n = 0; n < host->n_nodes; n++)
        if (item->node < 0 || host->nodes[n].id == item->node)
            cache += host->nodes[n].cache_kib;
    return item->resource == VN_RES_MEMORY && item->free + cache >= item->need;
}

/* Page cache is not counted as free; say so where it would have helped. */
static int note_cache(const struct solver *s, const struct vn_unplaced *out, struct vn_plan *plan)
{
    size_t n = 0;

    for (size_t i = 0; i < out->n_blocking; i++)
        n += cache_would_do(&s->problem->host, &out->blocking[i]);
    if (!n || (out->together && n < out->n_blocking))
        return 0;
    return plan_note(plan, "'%s': page cache could make room: plan with --count-cache", out->name);
}

/* How many of the emulator's CPUs are missing is said already; here which. */
static int note_emulator(const struct solver *s, const struct vn_request *vm, struct vn_plan *plan)
{
    struct vn_cpuset off = vm->policy.emulator.cpus;
    char text[256];

    vn_cpuset_sub(&off, &s->place.topo->online);
    if (vm->policy.emulator.kind != VN_EMULATOR_CPUSET || vn_cpuset_empty(&off))
        return 0;
    return plan_note(plan, "'%s': its emulator is to be on CPU%s %s, which %s not online", vm->name,
                     vn_cpuset_count(&off) == 1 ? "" : "s", vn_cpuset_format(&off, text, sizeof text),
                     vn_cpuset_count(&off) == 1 ? "is" : "are");
}

static size_t left_out(const struct solver *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n_movable; i++)
        n += !s->best.spots[s->order[i]].placed;
    return n;
}

static int report_unplaced(struct solver *s, size_t vm, struct vn_plan *plan)
{
    const struct vn_request *request = &s->problem->vms[vm];
    struct vn_unplaced *out = vn_arena_grow(&plan->arena, &plan->unplaced, &plan->n_unplaced, sizeof *out);
    VN_AUTO(vn_arena) scratch = {0};
    bool *keep = vn_arena_array(&scratch, s->problem->n_vms, sizeof *keep);
    struct room *room = solver_room(s, &scratch, vm);
    struct room *empty = keep ? room_new(&scratch, s->place.topo, s->problem, keep) : NULL;

    if (!out || !room || !empty)
        return -VN_E_NOMEM;
    out->fits_alone = s->alone[vm].placed;
    out->name = vn_arena_strdup(&plan->arena, request->name);
    if (!out->name)
        return -VN_E_NOMEM;
    if (s->place.max_move_kib != UINT64_MAX)
        s->place.max_move_kib -= s->best.moved;
    if (fit_blocking(&s->place, room, empty, vm, &plan->arena, out) < 0 ||
        advise_hugepages(s, room, vm, out, plan) < 0 ||
        repair_find(s, room, vm, left_out(s), plan, out) < 0)
        return -VN_E_NOMEM;
    if (s->place.max_move_kib != UINT64_MAX)
        s->place.max_move_kib += s->best.moved;
    if (s->keep[vm] &&
        plan_note(plan, "'%s' stays where it is: no place that keeps its policy was found", request->name) < 0)
        return -VN_E_NOMEM;
    return note_emulator(s, request, plan) < 0 ? -VN_E_NOMEM : note_cache(s, out, plan);
}

static int note_hugepages(const struct vn_request *vm, struct vn_plan *plan)
{
    char size[32];

    if (!vm->policy.hugepage_kib || (vm->placed && vm->placed->hugepage_kib == vm->policy.hugepage_kib))
        return 0;
    return plan_note(plan,
                     "'%s' takes %" PRIu64 " huge pages of %s; they are free now and have to be still when it starts",
                     vm->name, (vm->memory_kib + vm->policy.hugepage_kib - 1) / vm->policy.hugepage_kib,
                     vn_size_format(vm->policy.hugepage_kib, size, sizeof size));
}

int result_placements(struct solver *s, struct vn_plan *plan)
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
        room = solver_room(s, &scratch, vm);
        if (!room || build_placement(&s->place, s->best.room, vm, spot, &plan->arena, out) < 0 ||
            explain(&s->place, room, vm, spot, &plan->arena, out) < 0 || note_hugepages(&s->problem->vms[vm], plan) < 0)
            return -VN_E_NOMEM;
        plan->n_vms++;
    }
    return 0;
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
        if (solver_dedicated(&s->problem->vms[vm])) {
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

int result_cost(struct solver *s, struct vn_plan *plan)
{
    plan->cost = (struct vn_cost){.placed_vcpus = s->best.vcpus, .l3 = final_l3(s)};
    for (size_t vm = 0; vm < s->problem->n_vms; vm++) {
        const struct spot *spot = &s->best.spots[vm];

        if (!spot->placed)
            continue;
        plan->cost.distance += solver_distance(&s->problem->vms[vm], &spot->score);
        plan->cost.device += (double)spot->score.s[SC_DEVICE];
        plan->cost.moved_kib += spot->score.s[SC_MOVED];
    }
    return result_bound(s, plan);
}
