/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "planner/joint.h"

/*
 * Take some VMs out, put them and those left out back in another order, keep what is no worse.
 * First for vCPUs and VMs placed, where a little worse is allowed and less and less so; then, with
 * those held, for distance.
 */

enum { LEFT_OUT_AT_ONCE = 48, ROUNDS_EACH = 4000, LEAST_ROUNDS = 40000 };

struct entry {
    uint64_t key;
    size_t vm;
};

struct round {
    struct joint *j;
    struct joint_state before;
    struct entry *pool;
    size_t n_pool;
    bool *failed; /* by VM: one like it found no place */
};

static int entry_cmp(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? 1 : -1;
    return x->vm < y->vm ? -1 : x->vm > y->vm;
}

static uint64_t shape_memory(const struct joint_vm *vm)
{
    uint64_t sum = 0;

    for (size_t c = 0; c < vm->shapes[0].k; c++)
        sum += vm->shapes[0].cells[c].mem;
    return sum;
}

/* What decides the order of this round: size, cells, memory, thrift, or nothing. */
static uint64_t key_of(struct joint *j, const struct joint_vm *vm, uint32_t by)
{
    uint64_t vcpus = vm->vcpus, noise = 64 + (by % 2 ? joint_dice(j, 64) : 0);

    switch (by / 2) {
    case 0:
        return vcpus * noise;
    case 1:
        return (vm->shapes[0].k * 65536 + vcpus) * noise;
    case 2:
        return shape_memory(vm) / 64 * noise;
    case 3: /* most vCPUs for its memory */
        return (vcpus << 32) / (shape_memory(vm) / 64 + 1) * noise / 64;
    case 4: /* in one piece */
        return vcpus * noise * 64 / (vm->shapes[0].k * vm->shapes[0].k);
    default:
        return joint_dice(j, 1 << 20);
    }
}

static void to_pool(struct round *r, size_t vm, uint32_t by)
{
    r->pool[r->n_pool++] = (struct entry){key_of(r->j, &r->j->vms[vm], by), vm};
}

static bool touches(const struct joint *j, size_t vm, size_t node)
{
    if (j->now.shape[vm] < 0)
        return false;
    for (size_t c = 0; c < j->vms[vm].shapes[j->now.shape[vm]].k; c++)
        if (j->now.node[vm * j->n + c] == node)
            return true;
    return false;
}

/* All or some of what is on one or two nodes, or some VMs from anywhere. */
static void ruin(struct round *r, uint32_t by)
{
    struct joint *j = r->j;
    uint32_t how = joint_dice(j, 4), share = how < 2 ? 1 : 2;
    size_t a = joint_dice(j, (uint32_t)j->n), b = how % 2 ? joint_dice(j, (uint32_t)j->n) : a;
    size_t from = joint_dice(j, (uint32_t)j->n_vms), some = 1 + joint_dice(j, 8);
    bool anywhere = !joint_dice(j, 4);

    if (j->now.shape[from] >= 0 && j->vms[from].shapes[j->now.shape[from]].k > 1 && joint_dice(j, 2)) {
        /* where one VM is that is torn apart */
        a = j->now.node[from * j->n];
        b = j->now.node[from * j->n + 1];
    }
    for (size_t i = 0; i < j->n_vms; i++) {
        size_t vm = (from + i) % j->n_vms;

        if (j->now.shape[vm] < 0)
            continue;
        if (anywhere ? !some || joint_dice(j, 3) : !(touches(j, vm, a) || touches(j, vm, b)) || joint_dice(j, share))
            continue;
        some -= some > 0;
        joint_remove(j, vm);
        to_pool(r, vm, by);
    }
}

static void add_left_out(struct round *r, uint32_t by)
{
    struct joint *j = r->j;
    size_t from = joint_dice(j, (uint32_t)j->n_vms), removed = r->n_pool, n = 0;

    for (size_t i = 0; i < j->n_vms && n < LEFT_OUT_AT_ONCE; i++) {
        size_t vm = (from + i) % j->n_vms;
        bool in_pool = false;

        if (j->now.shape[vm] >= 0)
            continue;
        for (size_t p = 0; p < removed && !in_pool; p++)
            in_pool = r->pool[p].vm == vm;
        if (in_pool)
            continue;
        to_pool(r, vm, by);
        n++;
    }
}

static void recreate(struct round *r)
{
    struct joint *j = r->j;

    qsort(r->pool, r->n_pool, sizeof *r->pool, entry_cmp);
    for (size_t i = 0; i < r->n_pool; i++)
        r->failed[j->vms[r->pool[i].vm].like] = false;
    for (size_t i = 0; i < r->n_pool; i++) {
        bool *failed = &r->failed[j->vms[r->pool[i].vm].like];

        *failed = *failed || !joint_insert(j, r->pool[i].vm);
    }
}

/* What this round can have changed: the VMs in the pool. */
static void copy_round(const struct round *r, struct joint_state *to, const struct joint_state *from)
{
    joint_copy_room(r->j, to, from);
    for (size_t i = 0; i < r->n_pool; i++)
        joint_copy_vm(r->j, to, from, r->pool[i].vm);
}

static uint64_t worth(const struct joint *j, const struct joint_worth *sum)
{
    return sum->vcpus * (j->n_vms + 1) + sum->placed;
}

static uint64_t weigh(const struct joint_cost *cost)
{
    return cost->distance + cost->device * JOINT_DEVICE;
}

/* Distance, and for each vCPU and VM short of the best more than it can save. */
static uint64_t penalty(const struct joint *j, const struct joint_worth *sum)
{
    const struct joint_worth *top = &j->best.sum;
    uint64_t each = weigh(&top->cost) / (top->placed + 1) + 1, mean = top->vcpus / (top->placed + 1) + 1;
    uint64_t best = worth(j, top), has = worth(j, sum), row = j->n_vms + 1;

    return weigh(&sum->cost) + (has < best ? (best - has) * each / (mean * row) : 0);
}

/* Falls from 1024 to 0 with the steps, and with rounds that gained nothing. */
static uint64_t heat_of(uint64_t steps, uint64_t all_steps, uint64_t quiet, uint64_t all_quiet)
{
    uint64_t by_steps = steps * 1024 / all_steps, by_quiet = 1024 - quiet * 1024 / all_quiet;
    uint64_t heat = by_steps < by_quiet ? by_steps : by_quiet;

    return heat * heat / 1024;
}

static bool accept(struct joint *j, const struct joint_worth *old, bool for_distance, uint64_t heat)
{
    const struct joint_worth *now = &j->now.sum, *best = &j->best.sum;
    uint64_t had = worth(j, old), has = worth(j, now), slack;

    if (for_distance) {
        slack = weigh(&best->cost) * 3 / (best->placed + 1) / 1024 * heat;
        slack = slack / 1024 * joint_dice(j, 1024);
        return has > worth(j, best) || penalty(j, now) <= penalty(j, old) + slack;
    }
    slack = (now->vcpus / (now->placed + 1) + 1) * (j->n_vms + 1) * heat / 1024;
    slack = slack * joint_dice(j, 1024) / 1024;
    return has + slack >= had;
}

static bool all_done(const struct joint *j, bool for_distance)
{
    struct joint_cost least;

    if (j->best.sum.placed < j->n_vms)
        return !for_distance && j->best.sum.vcpus == j->most_vcpus && j->best.sum.placed >= j->most_placed;
    joint_least(j, &least);
    return !for_distance || joint_cost_cmp(&j->best.sum.cost, &least) <= 0;
}

/* Rounds until nothing was gained for long, or the steps are spent down to @until. */
static void rounds(struct round *r, bool for_distance, bool warm, uint64_t until)
{
    static const unsigned blinks[] = {0, 50, 10, 4};
    struct joint *j = r->j;
    uint64_t all = (warm ? 4u : 1u) * (uint64_t)ROUNDS_EACH * j->n_vms, quiet = 0, steps = j->left - until + 1;

    all = all < LEAST_ROUNDS ? LEAST_ROUNDS : all;
    r->n_pool = 0;
    joint_state_copy(j, &j->now, &j->best);
    joint_state_copy(j, &r->before, &j->now);
    for (; quiet < all && j->left > until && !all_done(j, for_distance); quiet++) {
        uint32_t by = joint_dice(j, 12);

        r->n_pool = 0;
        j->left -= j->left < j->n_vms ? j->left : j->n_vms;
        ruin(r, by);
        add_left_out(r, by);
        j->blink = blinks[joint_dice(j, VN_COUNT(blinks))];
        j->by_fit = !joint_dice(j, for_distance ? 8 : 2);
        recreate(r);
        j->blink = 0;
        j->by_fit = false;
        if (!accept(j, &r->before.sum, for_distance, warm ? heat_of(j->left - until, steps, quiet, all) : 0)) {
            copy_round(r, &j->now, &r->before);
            continue;
        }
        copy_round(r, &r->before, &j->now);
        if (joint_cmp(&j->now.sum, &j->best.sum) < 0) {
            if (worth(j, &j->now.sum) > worth(j, &j->best.sum) || for_distance)
                quiet = 0;
            joint_state_copy(j, &j->best, &j->now);
        }
    }
}

void joint_first(struct joint *j)
{
    for (size_t v = 0; v < j->n_vms; v++)
        (void)joint_insert(j, v);
    joint_state_copy(j, &j->best, &j->now);
}

int joint_search(struct joint *j, struct vn_arena *arena)
{
    struct round r = {.j = j};
    uint64_t steps = j->left;

    r.pool = vn_arena_array(arena, j->n_vms, sizeof *r.pool);
    r.failed = vn_arena_array(arena, j->n_vms, sizeof *r.failed);
    if (!r.pool || !r.failed || joint_state_new(j, arena, &r.before) < 0)
        return -VN_E_NOMEM;
    joint_state_copy(j, &j->now, &j->best);
    rounds(&r, false, false, steps / 10 * 8);
    rounds(&r, false, true, steps / 10 * 6);
    rounds(&r, true, false, steps / 10 * 5);
    rounds(&r, true, true, steps / 10 * 4);
    if (joint_local(j, arena, steps / 10 * 3) < 0 || joint_turn(j, arena, steps / 20) < 0 ||
        joint_local(j, arena, 0) < 0)
        return -VN_E_NOMEM;
    joint_state_copy(j, &j->now, &j->best);
    return 0;
}
