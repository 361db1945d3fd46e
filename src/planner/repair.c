/* SPDX-License-Identifier: MIT */
/*
 * Moves of VMs that stay, one after the other, that make room for one that found no place: lists of
 * one move, then of two, and so on, by name and node; whatever cannot do better than the best so
 * far is left out. Steps are counted, so that the answer does not depend on the machine.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "planner/repair.h"

/* A step is some nanoseconds; what takes longer counts for more of them. A host of more nodes gets more. */
enum { STEPS = 600000, STEPS_NODE = 40000, STEPS_CAPACITY = 300, STEPS_MOVE = 2000, STEPS_PLACE = 5000, UNKNOWN = -2 };

static void spend(struct repair *r, uint64_t steps)
{
    r->left -= r->left > steps ? steps : r->left;
}

/* A room as it is for the goal: what it has itself is its own. */
static const struct room *goal_room(struct repair *r, const struct stage *stage)
{
    if (!r->runs)
        return stage->room;
    room_assign(r->scratch, stage->room);
    repair_give(r, r->scratch, &r->self);
    return r->scratch;
}

static void set_capacity(struct repair *r, struct stage *stage, const struct room *room, size_t node)
{
    const struct vn_request *goal = &r->s->problem->vms[r->goal];

    stage->cap0[node] = stage->cap[node] = node_capacity(room, goal, 0, node);
    if (goal->policy.emulator.kind == VN_EMULATOR_ISOLATE && r->k != 1)
        stage->cap[node] = node_capacity(room, goal, 1, node);
    for (size_t i = 0; i < r->n_likes; i++)
        stage->fits[i * r->place.topo->n + node] = UNKNOWN;
    spend(r, STEPS_CAPACITY);
}

/* Memory that the target has to have. */
static uint64_t beyond(const struct mover *m, size_t to)
{
    return m->need > m->held.mem[to] ? m->need - m->held.mem[to] : 0;
}

/* Has the node the CPUs and the memory, with what is there now still there? */
static bool can_move(struct repair *r, struct stage *stage, const struct mover *m, size_t to)
{
    const struct vn_request *vm = &r->s->problem->vms[m->vm];
    long *fits = &stage->fits[m->like * r->place.topo->n + to];
    uint64_t has = *room_mem_at(stage->room, m->held.kind, to);

    if (to == m->node || beyond(m, to) > has || beyond(m, to) > room_mem_total(stage->room, m->held.kind))
        return false;
    if (*fits == UNKNOWN) {
        *fits = node_capacity(stage->room, vm, 0, to);
        spend(r, STEPS_CAPACITY);
    }
    return *fits >= (long)m->cell.vcpus;
}

/* The mover goes there: its CPUs are chosen as for any VM, then what it had is free. */
static bool move(struct repair *r, const struct stage *from, const struct mover *m, size_t to, struct stage *ret)
{
    const struct vn_request *vm = &r->s->problem->vms[m->vm];
    const struct topo *topo = r->place.topo;
    struct vn_cpuset own = {{0}}, spare_cpu = {{0}};
    uint16_t *cpus = r->cpus;
    struct pick_worth worth;
    const struct room *room;
    int spare;

    spend(r, STEPS_MOVE);
    if (!cell_pick(&r->place, from->room, m->vm, &m->cell, 1, 0, to, cpus, &spare, &worth))
        return false;
    room_assign(ret->room, from->room);
    repair_give(r, ret->room, &m->held);
    *room_mem_at(ret->room, m->held.kind, to) -= beyond(m, to) + m->held.mem[to];
    for (unsigned i = 0; i < vm->vcpus && vm->policy.policy == VN_CPU_DEDICATED; i++)
        vn_cpuset_add(&own, cpus[i]);
    if (spare >= 0)
        vn_cpuset_add(&spare_cpu, (unsigned)spare);
    room_take(ret->room, &own, vm->policy.threads != VN_THREADS_PREFER);
    room_take(ret->room, &spare_cpu, false);
    if (vm->policy.policy == VN_CPU_SHARED)
        ret->room->demand[to] += vm->vcpus / vm_overcommit(vm);
    ret->moved_kib = from->moved_kib + m->moved_kib[to];
    memcpy(ret->cap0, from->cap0, topo->n * sizeof *ret->cap0);
    memcpy(ret->cap, from->cap, topo->n * sizeof *ret->cap);
    memcpy(ret->fits, from->fits, r->n_likes * topo->n * sizeof *ret->fits);
    room = goal_room(r, ret);
    for (size_t n = 0; n < topo->n; n++)
        if (n == to || m->gain_cpus[n])
            set_capacity(r, ret, room, n);
    return true;
}

/* Does the goal fit now? 1, 0 or -VN_E_NOMEM. */
static int goal_fits(struct repair *r, const struct stage *stage)
{
    uint64_t limit = r->s->place.max_move_kib;
    struct spot spot;

    spend(r, STEPS_PLACE);
    r->place.max_move_kib = limit == UINT64_MAX ? limit : limit - stage->moved_kib;
    return place_vm(&r->place, goal_room(r, stage), r->goal, false, &spot);
}

/* The two moves do not meet: in the other order they were tried already. */
static bool other_order(struct repair *r, size_t depth, size_t mover, size_t to)
{
    const struct repair_move *last = depth ? &r->list[depth - 1] : NULL;

    return last && mover < last->mover && to != last->to && to != r->movers[last->mover].node &&
           can_move(r, &r->stage[depth - 1], &r->movers[mover], to);
}

static bool worth_it(const struct repair *r, uint64_t kib, uint64_t more)
{
    return more < r->best_kib && kib < r->best_kib - more && kib <= r->s->place.max_move_kib;
}

static int descend(struct repair *r, size_t depth);

/* The mover has moved: is there room, or will there be with @more moves? */
static int look_on(struct repair *r, size_t depth, struct stage *next, size_t more)
{
    if (!worth_it(r, next->moved_kib, repair_bound(r, next, NULL, more)))
        return 0;
    return more ? descend(r, depth + 1) : goal_fits(r, next);
}

static int try_move(struct repair *r, size_t depth, size_t mover, size_t to)
{
    struct stage *stage = &r->stage[depth], *next = &r->stage[depth + 1];
    struct mover *m = &r->movers[mover];
    size_t more = r->depth - depth - 1;
    int got = 0;

    if (!worth_it(r, stage->moved_kib + m->moved_kib[to], 0) || !can_move(r, stage, m, to) ||
        other_order(r, depth, mover, to))
        return 0;
    r->list[depth] = (struct repair_move){mover, to};
    m->moved = true;
    if (move(r, stage, m, to, next))
        got = look_on(r, depth, next, more);
    m->moved = false;
    if (got <= 0 || more)
        return got;
    r->n_best = r->depth;
    r->best_kib = next->moved_kib;
    memcpy(r->best, r->list, sizeof r->best);
    return 0;
}

static int descend(struct repair *r, size_t depth)
{
    const struct stage *stage = &r->stage[depth];

    for (size_t i = 0; i < r->n_movers; i++) {
        struct mover *m = &r->movers[i];
        bool hope;

        if (m->moved || !worth_it(r, stage->moved_kib + m->least_kib, 0))
            continue;
        m->moved = true;
        hope = worth_it(r, stage->moved_kib + m->least_kib, repair_bound(r, stage, m, r->depth - depth - 1));
        m->moved = false;
        for (size_t to = 0; hope && to < r->place.topo->n && r->left; to++) {
            int got = try_move(r, depth, i, to);

            if (got < 0)
                return got;
        }
        if (!r->left)
            return 0;
    }
    return 0;
}

/* Moves change where room is, not how much there is in all. */
static bool enough_in_all(const struct repair *r, const struct room *room, const struct vn_request *vm)
{
    struct mem_need need = room_mem(room, vm->memory_kib, vm->policy.hugepage_kib);
    bool spare = vm->policy.emulator.kind == VN_EMULATOR_ISOLATE;
    double floating = 0;

    for (size_t n = 0; n < room->topo->n; n++) {
        struct vn_cpuset cpus;

        room_floating(room, n, &cpus);
        floating += fmax(0, vn_cpuset_count(&cpus) - room->demand[n]);
    }
    if (need.amount > room_mem_total(room, need.kind) || r->k > room->topo->n)
        return false;
    if (vm->policy.emulator.kind == VN_EMULATOR_CPUSET &&
        !vn_cpuset_subset(&vm->policy.emulator.cpus, &room->topo->online))
        return false;
    if (vm->policy.policy == VN_CPU_SHARED)
        return vm->vcpus <= floating * vm_overcommit(vm) + 1e-6;
    return vn_cpuset_count(&room->avail) >= vm->vcpus + spare;
}

static int set_goal(struct repair *r, const struct vn_request *vm)
{
    const struct vn_cells_spec *spec = &vm->policy.cells;
    struct vn_cell_size *cells;

    if (spec->kind == VN_CELLS_AUTO)
        return 0;
    r->k = spec->kind == VN_CELLS_LIST ? spec->n_list : spec->number;
    r->cells = spec->list;
    if (spec->kind == VN_CELLS_LIST)
        return 0;
    r->cells = cells = vn_arena_array(r->arena, r->k, sizeof *cells);
    if (cells)
        split_equal(vm, r->k, 1, cells);
    return cells ? 0 : -VN_E_NOMEM;
}

static int look(struct repair *r)
{
    const struct room *room = goal_room(r, &r->stage[0]);
    int got = 0;

    for (size_t n = 0; n < r->place.topo->n; n++)
        set_capacity(r, &r->stage[0], room, n);
    for (r->depth = 1; r->depth <= (r->n_best ? REPAIR_EXACT : REPAIR_MOVES) && r->left && got == 0; r->depth++)
        if (worth_it(r, 0, repair_bound(r, &r->stage[0], NULL, r->depth)))
            got = descend(r, 0);
    return got;
}

static int tell(const struct repair *r, struct vn_arena *arena, struct vn_unplaced *out)
{
    out->repair = vn_arena_array(arena, r->n_best, sizeof *out->repair);
    if (!out->repair)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < r->n_best; i++) {
        const struct mover *m = &r->movers[r->best[i].mover];
        struct vn_repair *item = &out->repair[i];

        item->name = vn_arena_strdup(arena, r->s->problem->vms[m->vm].name);
        item->node = r->place.topo->host->nodes[r->best[i].to].id;
        item->memory_kib = m->moved_kib[r->best[i].to];
        if (!item->name)
            return -VN_E_NOMEM;
    }
    out->n_repair = r->n_best;
    return 0;
}

/* The steps did not reach for all lists. */
static int tell_limit(const struct repair *r, uint64_t steps, struct vn_plan *plan)
{
    return plan_note(plan, "'%s': moves that make room were looked for only up to %" PRIu64 " steps; there may be %s",
                     r->s->problem->vms[r->goal].name, steps, r->n_best ? "cheaper ones" : "some");
}

int repair_find(struct solver *s, const struct room *room, size_t vm, size_t among, struct vn_plan *plan,
                struct vn_unplaced *out)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct repair r = {.s = s, .place = s->place, .arena = &scratch, .goal = vm, .best_kib = UINT64_MAX};
    uint64_t steps;

    steps = r.left = (STEPS + STEPS_NODE * s->place.topo->n) / among;
    r.place.arena = &scratch;
    r.place.budget = 0;
    r.place.fit_only = true;
    r.cpus = vn_arena_array(&scratch, VN_CPU_MAX, sizeof *r.cpus);
    if (!r.cpus || set_goal(&r, &s->problem->vms[vm]) < 0)
        return -VN_E_NOMEM;
    if (!enough_in_all(&r, room, &s->problem->vms[vm]))
        return 0;
    if (repair_vms(&r, room) < 0 || look(&r) < 0)
        return -VN_E_NOMEM;
    if (!r.left && tell_limit(&r, steps, plan) < 0)
        return -VN_E_NOMEM;
    return tell(&r, &plan->arena, out);
}
