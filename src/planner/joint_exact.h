/* SPDX-License-Identifier: MIT */
#ifndef VN_PLANNER_JOINT_EXACT_H
#define VN_PLANNER_JOINT_EXACT_H

#include "planner/joint.h"

/* Branch and bound over some of the VMs on some of the nodes, the others being where they are. */

/** What items from a depth on come to, if their vCPUs are so many in all. */
struct exact_rest {
    uint64_t mem;           /* the least; UINT64_MAX: they never are so many */
    uint64_t count;         /* the most items that are */
    struct joint_cost cost; /* and the least of so many */
};

/** The least that any cell from a depth on takes. */
struct exact_least {
    unsigned cpus;
    uint64_t mem;
};

struct exact {
    struct joint *j;
    uint64_t left;            /* steps */
    bool capped;
    struct joint_worth goal;  /* what has to be beaten; the best found */
    bool found;               /* it was beaten, as shape and node say */
    bool open;                /* only by VMs divided in ways that are not looked at one by one */
    size_t n_items, n_nodes;
    size_t *items, *nodes;    /* the VMs by depth; nodes ascending */
    size_t n_located;         /* items for which it matters where on the host they are */
    bool *alike;              /* [a * n + b]: as far from everything else */
    uint64_t width;           /* vCPUs + 1 */
    struct exact_rest *rest;  /* [depth * width + vCPUs] */
    struct exact_least *least; /* [depth] */
    uint64_t fluid_cpus, fluid_mem; /* of VMs that are divided somehow */
    size_t fluid;             /* how many */
    int *shape;               /* by depth: what was found */
    size_t *node;             /* [depth * n + cell] */
};

enum { EXACT_FLUID = JOINT_SHAPES }; /* a shape: divided somehow */

/* joint_tables.c */
/** exact_tables() - what the rest could add, for the items and nodes that are set. */
void exact_tables(struct exact *e);
/** exact_can_gain() - could the items from @depth on make it better than the goal? */
bool exact_can_gain(struct exact *e, size_t depth);

/* joint_exact.c */
/** exact_new() - room for as many as @most items of so many vCPUs in all. 0 or -VN_E_NOMEM. */
int exact_new(struct exact *e, struct joint *j, struct vn_arena *arena, size_t most, uint64_t vcpus);
/** exact_run() - items, nodes, goal and steps are set, the items out of j->now: puts there what is found. */
void exact_run(struct exact *e);

#endif
