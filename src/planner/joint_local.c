/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "planner/joint_exact.h"

/*
 * Small problems solved exactly: what is on a few nodes is taken out, and put back, with some of
 * those left out, in the best way there is. So VMs change places with others of as many vCPUs,
 * placed or left out, several at a time, which putting them back one by one hardly ever does.
 */

enum { ITEMS = 14, LEFT_OUT = 10, LEAST_STEPS = 1000, QUIET_EACH = 30, LEAST_QUIET = 300, HEATED = 8 };

struct local {
    struct exact e;
    struct joint_state before; /* as j->now, where nothing is being tried */
    bool *chosen, *seeds;      /* by node */
    size_t taken;              /* items that were placed; the others were left out */
    size_t banned;             /* items after the last that may not be put back: none or one */
};

static bool is_item(const struct exact *e, size_t vm)
{
    for (size_t i = 0; i < e->n_items; i++)
        if (e->items[i] == vm)
            return true;
    return false;
}

/* The VM that is looked at first: of some, the one that costs most. */
static size_t costly(struct joint *j)
{
    size_t best = joint_dice(j, (uint32_t)j->n_vms);

    for (int i = 0; i < 3; i++) {
        size_t vm = joint_dice(j, (uint32_t)j->n_vms);

        if (j->now.shape[vm] >= 0 &&
            (j->now.shape[best] < 0 || j->now.cost[vm].distance > j->now.cost[best].distance))
            best = vm;
    }
    return best;
}

/* Two to four nodes: those of a VM, and any. */
static void choose_nodes(struct joint *j, bool *chosen)
{
    size_t vm = costly(j), most = 2 + joint_dice(j, 3), n = 0;

    memset(chosen, 0, j->n * sizeof *chosen);
    for (size_t c = 0; j->now.shape[vm] >= 0 && c < j->vms[vm].shapes[j->now.shape[vm]].k && n < most; c++, n++)
        chosen[j->now.node[vm * j->n + c]] = true;
    for (; n < most; n++)
        chosen[joint_dice(j, (uint32_t)j->n)] = true;
}

static bool touches(const struct joint *j, size_t vm, const bool *chosen)
{
    for (size_t c = 0; c < j->vms[vm].shapes[j->now.shape[vm]].k; c++)
        if (chosen[j->now.node[vm * j->n + c]])
            return true;
    return false;
}

/* Takes out what is on these nodes, and adds the nodes where it is besides. */
static void take_out(struct local *l)
{
    struct exact *e = &l->e;
    struct joint *j = e->j;
    size_t from = joint_dice(j, (uint32_t)j->n_vms), most = 4 + joint_dice(j, ITEMS - 3);

    memcpy(l->chosen, l->seeds, j->n * sizeof *l->chosen);
    e->n_items = 0;
    for (size_t i = 0; i < j->n_vms && e->n_items < most; i++) {
        size_t vm = (from + i) % j->n_vms;

        if (j->now.shape[vm] != 0 || j->vms[vm].divides || !touches(j, vm, l->seeds))
            continue;
        for (size_t c = 0; c < j->vms[vm].shapes[0].k; c++)
            l->chosen[j->now.node[vm * j->n + c]] = true;
        joint_remove(j, vm);
        e->items[e->n_items++] = vm;
    }
    l->taken = e->n_items;
}

static void add_left_out(struct exact *e)
{
    struct joint *j = e->j;
    size_t from = joint_dice(j, (uint32_t)j->n_vms), most = e->n_items + 1 + joint_dice(j, LEFT_OUT);

    for (size_t i = 0; i < j->n_vms && e->n_items < most; i++) {
        size_t vm = (from + i) % j->n_vms;

        if (j->now.shape[vm] < 0 && !j->vms[vm].divides && !is_item(e, vm))
            e->items[e->n_items++] = vm;
    }
}

/* One of those taken out has to stay out: others may come instead, at a little more cost too. */
static void ban(struct local *l, uint64_t heat)
{
    struct exact *e = &l->e;
    const struct joint_worth *best = &e->j->best.sum;
    uint64_t slack = best->cost.distance * 3 / (best->placed + 1) / 1024 * heat;
    size_t at = joint_dice(e->j, (uint32_t)l->taken), vm = e->items[at];

    e->items[at] = e->items[--e->n_items];
    e->items[e->n_items] = vm;
    l->banned = 1;
    e->goal.cost.distance += slack / 1024 * joint_dice(e->j, 1024) + 1;
}

static void set_extent(struct local *l)
{
    struct exact *e = &l->e;
    uint64_t cpus = 0, vcpus = 0;

    e->n_nodes = 0;
    for (size_t n = 0; n < e->j->n; n++)
        if (l->chosen[n]) {
            e->nodes[e->n_nodes++] = n;
            cpus += e->j->now.room.cpus[n];
        }
    for (size_t i = 0; i < e->n_items; i++)
        vcpus += e->j->vms[e->items[i]].vcpus;
    e->width = (vcpus < cpus ? vcpus : cpus) + 1;
}

static void copy_items(const struct local *l, struct joint_state *to, const struct joint_state *from)
{
    joint_copy_room(l->e.j, to, from);
    for (size_t i = 0; i < l->e.n_items + l->banned; i++)
        joint_copy_vm(l->e.j, to, from, l->e.items[i]);
}

/* One such problem; true when something was gained, or with heat changed. */
static bool mend(struct local *l, uint64_t heat)
{
    struct exact *e = &l->e;
    struct joint *j = e->j;
    uint64_t steps = (uint64_t)LEAST_STEPS << joint_dice(j, 5);

    l->banned = 0;
    e->goal = j->now.sum;
    choose_nodes(j, l->seeds);
    take_out(l);
    add_left_out(e);
    if (heat && l->taken && joint_dice(j, 2))
        ban(l, heat);
    set_extent(l);
    e->left = steps;
    exact_run(e);
    steps = steps - e->left + e->n_items * e->width / 4 + j->n_vms;
    j->left -= j->left < steps ? j->left : steps;
    copy_items(l, e->found ? &l->before : &j->now, e->found ? &j->now : &l->before);
    return e->found;
}

int joint_local(struct joint *j, struct vn_arena *arena, bool heated, uint64_t until)
{
    uint64_t quiet = 0, all = j->n_vms * QUIET_EACH, cpus = 1, first = j->left;
    struct local l = {0};

    for (size_t v = 0; v < j->n_vms; v++)
        cpus += j->vms[v].vcpus;
    l.chosen = vn_arena_array(arena, j->n, sizeof *l.chosen);
    l.seeds = vn_arena_array(arena, j->n, sizeof *l.seeds);
    if (!l.chosen || !l.seeds || joint_state_new(j, arena, &l.before) < 0 ||
        exact_new(&l.e, j, arena, ITEMS + LEFT_OUT, cpus) < 0)
        return -VN_E_NOMEM;
    joint_state_copy(j, &j->now, &j->best);
    joint_state_copy(j, &l.before, &j->now);
    all = (all < LEAST_QUIET ? LEAST_QUIET : all) * (heated ? HEATED : 1);
    for (; quiet < all && j->left > until; quiet++) {
        uint64_t by_steps = (j->left - until) * 1024 / (first - until), by_quiet = 1024 - quiet * 1024 / all;

        if (!mend(&l, heated ? by_steps < by_quiet ? by_steps : by_quiet : 0) ||
            joint_cmp(&j->now.sum, &j->best.sum) >= 0)
            continue;
        joint_state_copy(j, &j->best, &j->now);
        quiet = heated ? quiet : 0;
    }
    return 0;
}
