/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "planner/joint_exact.h"

/*
 * Small problems solved exactly: what is on a few nodes is taken out, and put back, with some of
 * those left out, in the best way there is. So VMs change places with others of as many vCPUs,
 * placed or left out, several at a time, which putting them back one by one hardly ever does.
 *
 * What no few nodes can mend is where the VMs of several cells are on the host as a whole. So the
 * contents of nodes change places, whatever that costs, and are mended briefly; then again from
 * the best of these.
 */

enum { ITEMS = 14, LEFT_OUT = 10, LEAST_STEPS = 1000 };
enum { QUIET_EACH = 30, LEAST_QUIET = 300, SHORTER = 6, QUIET_TURNS = 200 };

struct local {
    struct exact e;
    struct joint_state before; /* as j->now, where nothing is being tried */
    bool *chosen, *seeds;      /* by node */
    size_t *turned;            /* by node: where what is on it goes */
    size_t taken;              /* items that were placed; the others were left out */
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
    for (size_t i = 0; i < l->e.n_items; i++)
        joint_copy_vm(l->e.j, to, from, l->e.items[i]);
}

/* One such problem, of at most 1000 << @doublings steps; true when something was gained. */
static bool mend(struct local *l, uint32_t doublings)
{
    struct exact *e = &l->e;
    struct joint *j = e->j;
    uint64_t steps = (uint64_t)LEAST_STEPS << joint_dice(j, doublings + 1);

    e->goal = j->now.sum;
    choose_nodes(j, l->seeds);
    take_out(l);
    add_left_out(e);
    set_extent(l);
    e->left = steps;
    exact_run(e);
    steps = steps - e->left + e->n_items * e->width / 4 + j->n_vms;
    j->left -= j->left < steps ? j->left : steps;
    copy_items(l, e->found ? &l->before : &j->now, e->found ? &j->now : &l->before);
    return e->found;
}

/* From j->now, until nothing is gained @most times in a row or the steps are spent down to @until. */
static void mend_all(struct local *l, uint64_t most, uint32_t doublings, uint64_t until)
{
    struct joint *j = l->e.j;

    joint_state_copy(j, &l->before, &j->now);
    for (uint64_t quiet = 0; quiet < most && j->left > until; quiet++)
        if (mend(l, doublings))
            quiet = 0;
    if (joint_cmp(&j->now.sum, &j->best.sum) < 0)
        joint_state_copy(j, &j->best, &j->now);
}

static uint64_t quiet_of(const struct joint *j)
{
    return j->n_vms * QUIET_EACH < LEAST_QUIET ? LEAST_QUIET : j->n_vms * QUIET_EACH;
}

static int local_new(struct local *l, struct joint *j, struct vn_arena *arena)
{
    uint64_t cpus = 1;

    *l = (struct local){0};
    for (size_t v = 0; v < j->n_vms; v++)
        cpus += j->vms[v].vcpus;
    l->chosen = vn_arena_array(arena, j->n, sizeof *l->chosen);
    l->seeds = vn_arena_array(arena, j->n, sizeof *l->seeds);
    l->turned = vn_arena_array(arena, j->n, sizeof *l->turned);
    if (!l->chosen || !l->seeds || !l->turned || joint_state_new(j, arena, &l->before) < 0 ||
        exact_new(&l->e, j, arena, ITEMS + LEFT_OUT, cpus) < 0)
        return -VN_E_NOMEM;
    return 0;
}

int joint_local(struct joint *j, struct vn_arena *arena, uint64_t until)
{
    struct local l;

    if (local_new(&l, j, arena) < 0)
        return -VN_E_NOMEM;
    joint_state_copy(j, &j->now, &j->best);
    mend_all(&l, quiet_of(j), 4, until);
    return 0;
}

/* One or two pairs of nodes change places. */
static void turn_nodes(struct joint *j, size_t *turned)
{
    size_t pairs = 1 + joint_dice(j, 2);

    for (size_t n = 0; n < j->n; n++)
        turned[n] = n;
    for (size_t i = 0; i < pairs; i++) {
        size_t a = joint_dice(j, (uint32_t)j->n), b = joint_dice(j, (uint32_t)j->n), at = turned[a];

        turned[a] = turned[b];
        turned[b] = at;
    }
}

static bool turns(const struct joint *j, size_t vm, const size_t *turned)
{
    const size_t *node = &j->now.node[vm * j->n];

    if (j->now.shape[vm] != 0)
        return false;
    for (size_t c = 0; c < j->vms[vm].shapes[0].k; c++)
        if (turned[node[c]] != node[c])
            return true;
    return false;
}

/* Where the VM was, but for the nodes that changed places; if it fits there. */
static void put_turned(struct local *l, size_t v)
{
    struct joint *j = l->e.j;
    const struct joint_vm *vm = &j->vms[v];

    for (size_t c = 0; c < vm->shapes[0].k; c++) {
        j->pick[c] = l->turned[l->before.node[v * j->n + c]];
        if (!joint_holds(j, vm, &vm->shapes[0].cells[c], j->pick[c]))
            return;
    }
    joint_put(j, v, j->pick);
}

/* What is on some nodes changes places with what is on others, as far as it fits; the rest goes anywhere. */
static void turn(struct local *l)
{
    struct joint *j = l->e.j;
    size_t from = joint_dice(j, (uint32_t)j->n_vms);

    turn_nodes(j, l->turned);
    joint_state_copy(j, &l->before, &j->now);
    j->left -= j->left < j->n_vms * j->n ? j->left : j->n_vms * j->n;
    for (size_t v = 0; v < j->n_vms; v++)
        if (turns(j, v, l->turned))
            joint_remove(j, v);
    for (size_t i = 0; i < j->n_vms; i++) {
        size_t vm = (from + i) % j->n_vms;

        if (l->before.shape[vm] == 0 && j->now.shape[vm] < 0)
            put_turned(l, vm);
    }
    for (size_t i = 0; i < j->n_vms; i++) {
        size_t vm = (from + i) % j->n_vms;

        if (j->now.shape[vm] < 0)
            (void)joint_insert(j, vm);
    }
}

int joint_turn(struct joint *j, struct vn_arena *arena, uint64_t until)
{
    struct joint_state kept;
    struct local l;

    if (local_new(&l, j, arena) < 0 || joint_state_new(j, arena, &kept) < 0)
        return -VN_E_NOMEM;
    joint_state_copy(j, &kept, &j->best);
    for (int quiet = 0; quiet < QUIET_TURNS && j->left > until; quiet++) {
        joint_state_copy(j, &j->now, &kept);
        turn(&l);
        mend_all(&l, quiet_of(j) / SHORTER, 2, until);
        if (joint_cmp(&j->now.sum, &kept.sum) < 0)
            quiet = 0;
        if (joint_cmp(&j->now.sum, &kept.sum) <= 0)
            joint_state_copy(j, &kept, &j->now);
    }
    return 0;
}
