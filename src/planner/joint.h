/* SPDX-License-Identifier: MIT */
#ifndef VN_PLANNER_JOINT_H
#define VN_PLANNER_JOINT_H

#include "planner/solver.h"

/*
 * Several VMs at once, by what each node has in sum: CPUs, whole cores, memory. Which CPUs a cell
 * gets is settled afterwards. On nodes whose cores are all of one size nothing is lost by that:
 * what takes whole cores is settled first, and the rest fits into whatever CPUs are left.
 */

enum { JOINT_SHAPES = 4 };

/** What a cell takes of its node. */
struct joint_cell {
    unsigned cpus, cores;
    uint64_t mem;
};

/** One way to divide a VM. */
struct joint_shape {
    size_t k;
    struct vn_cell_size *sizes;
    struct joint_cell *cells;
};

struct joint_vm {
    size_t vm;       /* in the problem */
    unsigned vcpus;
    size_t kind;     /* of its memory */
    size_t n_shapes; /* the fewest cells first; those of an auto VM are not all there are */
    struct joint_shape shapes[JOINT_SHAPES];
    size_t like;     /* the first VM that asks for the same */
    uint64_t least;  /* no placement costs less */
    size_t n_devices;
    size_t *devices; /* nodes */
};

/** What is left of the nodes. */
struct joint_room {
    unsigned *cpus, *cores;
    uint64_t *mem; /* [kind * n + node] */
};

/** Where the VMs are, and what that comes to. */
struct joint_state {
    struct joint_room room;
    int *shape;     /* by VM; -1: left out */
    size_t *node;   /* [VM * n + cell] */
    uint64_t *cost; /* by VM */
    uint64_t vcpus, placed, sum;
};

struct joint {
    const struct topo *topo;
    size_t n, n_kinds, n_vms;
    struct joint_vm *vms;
    struct joint_state now, best;
    uint64_t left;        /* steps: nodes looked at */
    uint64_t most_vcpus;  /* nothing places more */
    bool whole;           /* every VM is here, with all the shapes it can have */
    bool exact;           /* best is proved: vcpus, then placed, then sum */
    uint32_t dice;        /* a sequence that is always the same */
    unsigned blink;       /* passes over a node once in so many times; 0: never */
    bool by_fit;          /* closest fit before least cost */
    bool *used;           /* scratch, by node */
    size_t *pick, *found; /* scratch, by cell */
};

/* Costs are distance in billionths, so that sums have no rounding, and a little for devices. */
enum { JOINT_UNIT = 1000000000, JOINT_DEVICE = 1000 };

/* joint_state.c */
int joint_state_new(struct joint *j, struct vn_arena *arena, struct joint_state *ret);
void joint_state_copy(const struct joint *j, struct joint_state *to, const struct joint_state *from);
bool joint_holds(const struct joint *j, const struct joint_vm *vm, const struct joint_cell *cell, size_t node);
void joint_take(struct joint *j, const struct joint_vm *vm, const struct joint_cell *cell, size_t node, bool back);
/** joint_insert() - puts the VM where it costs least now, then where it fits closest. False: nowhere. */
bool joint_insert(struct joint *j, size_t vm);
void joint_remove(struct joint *j, size_t vm);
bool joint_better(const struct joint_state *a, const struct joint_state *b);
uint64_t joint_cost(unsigned vcpus, uint64_t distance);
uint32_t joint_dice(struct joint *j, uint32_t below);

/* joint_search.c */
/** joint_first() - one after another, the largest first: something to begin with. */
void joint_first(struct joint *j);
/** joint_search() - from the best on: takes some out and puts them back in other orders. 0 or -VN_E_NOMEM. */
int joint_search(struct joint *j, struct vn_arena *arena);

/* joint_bound.c */
/** joint_most_vcpus() - an upper bound on the vCPUs that can be placed; UINT64_MAX: out of memory. */
uint64_t joint_most_vcpus(const struct joint *j, struct vn_arena *arena);

/* joint_exact.c */
/** joint_exact() - branch and bound; j->exact when it came to its end. 0 or -VN_E_NOMEM. */
int joint_exact(struct joint *j, struct vn_arena *arena, uint64_t steps);

/* joint.c */
/** joint_new() - the movable VMs, those that @keep names left out, against @base. 0 or -VN_E_NOMEM. */
int joint_new(struct solver *s, const struct room *base, const bool *keep, struct vn_arena *arena, struct joint *ret);

#endif
