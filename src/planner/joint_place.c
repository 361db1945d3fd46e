/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "planner/joint.h"

static uint64_t least_sum(const struct joint *j)
{
    uint64_t sum = 0;

    for (size_t v = 0; v < j->n_vms; v++)
        sum += j->vms[v].least;
    return sum;
}

/* Distance of what is placed, in the joint search's units. */
static uint64_t distance_of(const struct joint *j, const struct attempt *attempt)
{
    uint64_t sum = 0;

    for (size_t v = 0; v < j->n_vms; v++)
        if (attempt->spots[j->vms[v].vm].placed)
            sum += joint_cost(j->vms[v].vcpus, attempt->spots[j->vms[v].vm].score.s[SC_DISTANCE]);
    return sum;
}

static bool is_best(const struct joint *j, const struct attempt *attempt)
{
    for (size_t v = 0; v < j->n_vms; v++)
        if (!attempt->spots[j->vms[v].vm].placed)
            return false;
    return distance_of(j, attempt) <= least_sum(j);
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

int joint_place(struct solver *s, const struct room *base, const struct attempt *best, struct attempt *ret)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct joint j;
    uint64_t steps;

    memset(&s->proof, 0, sizeof s->proof);
    if (joint_new(s, base, s->keep, &scratch, &j) < 0)
        return -VN_E_NOMEM;
    if (j.n_vms < 2 || is_best(&j, best))
        return 0;
    j.left = steps = s->joint_steps;
    s->joint_steps /= 2; /* planning again around a VM that stays must not take as long each time */
    joint_first(&j);
    if (joint_exact(&j, &scratch, steps / 200) < 0)
        return -VN_E_NOMEM;
    if (!j.exact && (joint_search(&j, &scratch) < 0 || joint_exact(&j, &scratch, steps / 20) < 0))
        return -VN_E_NOMEM;
    if (j.exact)
        s->proof = (struct proof){true, j.best.vcpus, j.best.placed, j.best.sum};
    return settle(s, &j, base, ret);
}

bool joint_proved(const struct solver *s)
{
    uint64_t sum = 0;

    if (!s->proof.exact || s->best.vcpus != s->proof.vcpus || s->best.placed != s->proof.placed)
        return false;
    for (size_t i = 0; i < s->n_movable; i++) {
        const struct spot *spot = &s->best.spots[s->order[i]];

        if (spot->placed)
            sum += joint_cost(s->problem->vms[s->order[i]].vcpus, spot->score.s[SC_DISTANCE]);
    }
    return sum == s->proof.distance;
}

uint64_t joint_bound(struct solver *s, const struct room *base, const bool *keep)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct joint j;

    if (joint_new(s, base, keep, &scratch, &j) < 0)
        return UINT64_MAX;
    return s->proof.exact && s->proof.vcpus < j.most_vcpus ? s->proof.vcpus : j.most_vcpus;
}
