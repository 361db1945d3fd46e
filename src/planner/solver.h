/* SPDX-License-Identifier: MIT */
#ifndef VN_PLANNER_SOLVER_H
#define VN_PLANNER_SOLVER_H

#include "planner/solve.h"

/* What is proved about the dedicated VMs together, distance in billionths: no plan is better. */
struct proof {
    bool exact;
    uint64_t vcpus, placed, distance, device;
};

/* One way to place all VMs, and what it comes to. */
struct attempt {
    struct spot *spots;
    struct room *room; /* with every placed VM in it */
    uint64_t vcpus;    /* dedicated ones placed */
    size_t placed;
    double distance;
    uint64_t device, l3, moved;
};

/* The nodes that the VMs got together, with these left out: made once, wherever they are now. */
struct memo {
    struct memo *next;
    bool *keep;
    unsigned round;
    int *shape;
    size_t *node;
};

struct solver {
    struct vn_arena arena;
    struct place place;
    const struct vn_problem *problem;
    size_t n_movable;
    size_t *order;       /* movable VMs, the hardest first */
    bool *keep;          /* VMs that found no better place and stay where they are */
    struct room *base;   /* with those that stay in it, of base_problem with base_keep: see solver_base() */
    const struct vn_problem *base_problem;
    bool *base_keep;
    struct spot *alone;  /* each VM with no other movable one about */
    struct attempt best;
    struct proof proof;
    uint64_t joint_steps; /* for the search over all VMs together */
    unsigned round;       /* how often it was made since the plan was begun */
    struct memo *memos;
};

/* solve.c */
bool solver_dedicated(const struct vn_request *vm);
double solver_distance(const struct vn_request *vm, const struct score *score);
/** solver_attempt_new() - nothing placed yet. 0 or -VN_E_NOMEM. */
int solver_attempt_new(struct solver *s, const struct room *base, struct attempt *ret);
/** solver_add() - one more VM, with @stay only where it is now. 1, 0 or -VN_E_NOMEM. */
int solver_add(struct solver *s, struct attempt *attempt, size_t vm, bool stay);
/** solver_base() - the room with nothing in it but what stays; made anew when that changes. NULL: no memory. */
const struct room *solver_base(struct solver *s);
/** solver_better() - is @a better than @b? */
bool solver_better(const struct attempt *a, const struct attempt *b);
/** solver_once() - the best plan from where the VMs are in the problem. 0 or -VN_E_NOMEM. */
int solver_once(struct solver *s);
#define SOLVER_NONE SIZE_MAX
/**
 * solver_room() - the room that VM @vm sees when everything else of the plan is in place; with
 * SOLVER_NONE all of the plan is. NULL: no memory.
 */
struct room *solver_room(struct solver *s, struct vn_arena *arena, size_t vm);

/* joint_place.c */
/**
 * joint_place() - searches over all VMs together, if @best may not be the best, and settles what it
 * found in @ret. 1, 0: there was nothing to gain, or -VN_E_NOMEM.
 */
int joint_place(struct solver *s, const struct room *base, const struct attempt *best, struct attempt *ret);
/**
 * joint_bounds() - no plan on @base, which nobody keeps, places more dedicated vCPUs than @ret_vcpus, nor has less
 * distance, in billionths, with @vcpus of them and @count dedicated VMs or more. 0 or -VN_E_NOMEM.
 */
int joint_bounds(struct solver *s, const struct room *base, uint64_t vcpus, uint64_t count, uint64_t *ret_vcpus,
                 uint64_t *ret_distance);
/** joint_settled() - what the dedicated VMs of the plan come to, in the figures of a proof. */
void joint_settled(const struct solver *s, struct proof *ret);

/* again.c */
/** again_until_same() - until the plan, carried out and made again, comes out the same. 0 or -VN_E_NOMEM. */
int again_until_same(struct solver *s);

/* advice.c */
/** advise_hugepages() - notes what to reserve where, if @out fits but for huge pages. 0 or -VN_E_NOMEM. */
int advise_hugepages(struct solver *s, const struct room *room, size_t vm, const struct vn_unplaced *out,
                     struct vn_plan *plan);

/* repair.c */
/**
 * repair_find() - the moves of VMs that stay which make room for @vm, the cheapest list that is found; @room: what it
 * sees now. @among: so many VMs are left out, and share the steps; a note of @plan says when they did not
 * reach. 0 or -VN_E_NOMEM.
 */
int repair_find(struct solver *s, const struct room *room, size_t vm, size_t among, struct vn_plan *plan,
                struct vn_unplaced *out);

/* result.c */
/** result_placements() - the placements, what was left out and why. 0 or -VN_E_NOMEM. */
int result_placements(struct solver *s, struct vn_plan *plan);
/** result_cost() - the cost, and what is proved about the best possible one. 0 or -VN_E_NOMEM. */
int result_cost(struct solver *s, struct vn_plan *plan);

/* result_bound.c */
/** result_bound() - what is proved about the best possible cost, and whether @plan's is it. 0 or -VN_E_NOMEM. */
int result_bound(struct solver *s, struct vn_plan *plan);

#endif
