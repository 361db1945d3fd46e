/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "planner/joint.h"

/* Nothing to gain: all are placed, for the least that each costs. */
static bool is_best(const struct joint *j, const struct attempt *attempt)
{
    struct joint_cost has = {0, 0}, least;

    for (size_t v = 0; v < j->n_vms; v++) {
        const struct spot *spot = &attempt->spots[j->vms[v].vm];

        if (!spot->placed)
            return false;
        has.distance += joint_distance(j->vms[v].vcpus, spot->score.s[SC_DISTANCE]);
        has.device += spot->score.s[SC_DEVICE];
    }
    joint_least(j, &least);
    return joint_cost_cmp(&has, &least) <= 0;
}

static int settle_one(struct solver *s, const struct joint *j, size_t v, struct attempt *ret)
{
    const struct joint_shape *shape = &j->vms[v].shapes[j->best.shape[v]];
    struct hint hint = {shape->k, shape->sizes, &j->best.node[v * j->n]};
    int r;

    s->place.hint = &hint;
    r = solver_add(s, ret, j->vms[v].vm, false);
    s->place.hint = NULL;
    return r;
}

/* What takes whole cores before what takes any CPU; then the rest wherever it fits. */
static int settle(struct solver *s, const struct joint *j, const struct room *base, struct attempt *ret)
{
    int r = solver_attempt_new(s, base, ret);

    for (int pass = 0; pass < 2; pass++)
        for (size_t v = 0; r >= 0 && v < j->n_vms; v++)
            if (j->best.shape[v] >= 0 && !j->vms[v].shapes[0].cells[0].cores == (pass == 1))
                r = settle_one(s, j, v, ret);
    for (size_t i = 0; r >= 0 && i < s->n_movable; i++)
        if (!s->keep[s->order[i]] && !ret->spots[s->order[i]].placed)
            r = solver_add(s, ret, s->order[i], false);
    return r < 0 ? r : 1;
}

/* Around a VM that stays less may fit than is possible: what is proved with room for all holds for that too. */
static bool nobody_stays(const struct solver *s)
{
    for (size_t i = 0; i < s->n_movable; i++)
        if (s->keep[s->order[i]])
            return false;
    return true;
}

static struct memo *find_memo(const struct solver *s)
{
    struct memo *memo = s->memos;

    while (memo && (memo->round != s->round || memcmp(memo->keep, s->keep, s->problem->n_vms * sizeof *memo->keep)))
        memo = memo->next;
    return memo;
}

static int remember(struct solver *s, const struct joint *j)
{
    struct memo *memo = vn_arena_alloc(&s->arena, sizeof *memo);
    size_t n = s->problem->n_vms;

    if (!memo)
        return -VN_E_NOMEM;
    *memo = (struct memo){s->memos, vn_arena_array(&s->arena, n, sizeof *memo->keep), s->round,
                          vn_arena_array(&s->arena, j->n_vms, sizeof *memo->shape),
                          vn_arena_array(&s->arena, j->n_vms * j->n, sizeof *memo->node)};
    if (!memo->keep || !memo->shape || !memo->node)
        return -VN_E_NOMEM;
    memcpy(memo->keep, s->keep, n * sizeof *memo->keep);
    memcpy(memo->shape, j->best.shape, j->n_vms * sizeof *memo->shape);
    memcpy(memo->node, j->best.node, j->n_vms * j->n * sizeof *memo->node);
    s->memos = memo;
    return 0;
}

static int find_best(struct solver *s, struct joint *j, struct vn_arena *scratch)
{
    uint64_t steps = s->joint_steps >> (s->round < 20 ? s->round : 20); /* around a VM that stays, less each time */

    j->left = steps;
    joint_first(j);
    if (joint_exact(j, scratch, steps / 200) < 0)
        return -VN_E_NOMEM;
    if (!j->exact && (joint_search(j, scratch) < 0 || joint_exact(j, scratch, steps / 20) < 0))
        return -VN_E_NOMEM;
    if (j->exact && nobody_stays(s))
        s->proof = (struct proof){true, j->bound.vcpus, j->bound.placed, j->bound.cost.distance,
                                  j->bound.cost.device};
    return remember(s, j);
}

int joint_place(struct solver *s, const struct room *base, const struct attempt *best, struct attempt *ret)
{
    VN_AUTO(vn_arena) scratch = {0};
    const struct memo *memo;
    struct joint j;
    int r = 0;

    if (joint_new(s, base, s->keep, &scratch, &j) < 0)
        return -VN_E_NOMEM;
    if (j.n_vms < 2 || is_best(&j, best))
        return 0;
    memo = find_memo(s);
    if (memo) {
        memcpy(j.best.shape, memo->shape, j.n_vms * sizeof *memo->shape);
        memcpy(j.best.node, memo->node, j.n_vms * j.n * sizeof *memo->node);
    } else {
        r = find_best(s, &j, &scratch);
    }
    s->round++;
    return r < 0 ? r : settle(s, &j, base, ret);
}

void joint_settled(const struct solver *s, struct proof *ret)
{
    *ret = (struct proof){.vcpus = s->best.vcpus};
    for (size_t i = 0; i < s->n_movable; i++) {
        const struct spot *spot = &s->best.spots[s->order[i]];
        const struct vn_request *vm = &s->problem->vms[s->order[i]];

        if (!spot->placed || !solver_dedicated(vm))
            continue;
        ret->placed++;
        ret->distance += joint_distance(vm->vcpus, spot->score.s[SC_DISTANCE]);
        ret->device += spot->score.s[SC_DEVICE];
    }
}

int joint_bounds(struct solver *s, const struct room *base, uint64_t vcpus, uint64_t count, uint64_t *ret_vcpus,
                 uint64_t *ret_distance)
{
    VN_AUTO(vn_arena) scratch = {0};
    bool *nobody = vn_arena_array(&scratch, s->problem->n_vms, sizeof *nobody);
    struct joint j;

    if (!nobody || joint_new(s, base, nobody, &scratch, &j) < 0)
        return -VN_E_NOMEM;
    *ret_vcpus = s->proof.exact && s->proof.vcpus < j.most_vcpus ? s->proof.vcpus : j.most_vcpus;
    *ret_distance = joint_least_distance(&j, &scratch, vcpus, count);
    return *ret_distance == UINT64_MAX ? -VN_E_NOMEM : 0;
}
