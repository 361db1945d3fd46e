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

/** What a placement costs: less distance is better, then less to devices. */
struct joint_cost {
    uint64_t distance; /* in JOINT_UNITs, so that sums have no rounding */
    uint64_t device;
};

struct joint_vm {
    size_t vm;       /* in the problem */
    unsigned vcpus;
    size_t kind;     /* of its memory */
    size_t n_shapes; /* the fewest cells first; those of an auto VM are not all there are */
    struct joint_shape shapes[JOINT_SHAPES];
    size_t like;     /* the first VM that asks for the same */
    struct joint_cost least; /* no placement costs less */
    bool divides;    /* into cells of any number and size: */
    uint64_t spread; /* the least distance of several */
    size_t n_devices;
    size_t *devices; /* nodes */
};

/** What is left of the nodes. */
struct joint_room {
    unsigned *cpus, *cores;
    uint64_t *mem; /* [kind * n + node] */
};

/** How good a state is: more vCPUs, then more VMs, then less cost. */
struct joint_worth {
    uint64_t vcpus, placed;
    struct joint_cost cost;
};

/** Where the VMs are, and what that comes to. */
struct joint_state {
    struct joint_room room;
    int *shape;              /* by VM; -1: left out */
    size_t *node;            /* [VM * n + cell] */
    struct joint_cost *cost; /* by VM */
    struct joint_worth sum;
};

struct joint {
    const struct topo *topo;
    size_t n, n_kinds, n_vms;
    struct joint_vm *vms;
    struct joint_state now, best;
    uint64_t left;        /* steps: nodes looked at */
    uint64_t most_vcpus;  /* nothing places more */
    uint64_t most_placed; /* nor, with so many, more VMs */
    bool sums;            /* sums say what fits: on these nodes nothing is lost by them */
    bool exact;           /* no state is worth more than: */
    struct joint_worth bound;
    uint32_t dice;        /* a sequence that is always the same */
    unsigned blink;       /* passes over a node once in so many times; 0: never */
    bool by_fit;          /* closest fit before least cost */
    bool *used;           /* scratch, by node */
    size_t *pick, *found; /* scratch, by cell */
    unsigned *scratch;    /* by node */
};

/* Distance is in billionths; where one number has to do, the way to devices counts a little. */
enum { JOINT_UNIT = 1000000000, JOINT_DEVICE = 1000 };

/* joint_state.c */
int joint_state_new(struct joint *j, struct vn_arena *arena, struct joint_state *ret);
void joint_state_copy(const struct joint *j, struct joint_state *to, const struct joint_state *from);
bool joint_holds(const struct joint *j, const struct joint_vm *vm, const struct joint_cell *cell, size_t node);
void joint_take(struct joint *j, const struct joint_vm *vm, const struct joint_cell *cell, size_t node, bool back);
/** joint_insert() - puts the VM where it costs least now, then where it fits closest. False: nowhere. */
bool joint_insert(struct joint *j, size_t vm);
void joint_remove(struct joint *j, size_t vm);
/** joint_put() - puts the VM, divided in the first way, on these nodes, by cell: they have room. */
void joint_put(struct joint *j, size_t vm, const size_t *node);
/** joint_copy_room() - all but the VMs; joint_copy_vm() - where one VM is. */
void joint_copy_room(const struct joint *j, struct joint_state *to, const struct joint_state *from);
void joint_copy_vm(const struct joint *j, struct joint_state *to, const struct joint_state *from, size_t vm);
/** joint_cmp() - below 0: @a is worth more than @b; joint_cost_cmp() - below 0: @a is less. */
int joint_cmp(const struct joint_worth *a, const struct joint_worth *b);
int joint_cost_cmp(const struct joint_cost *a, const struct joint_cost *b);
void joint_cost_add(struct joint_cost *to, const struct joint_cost *more);
/** joint_count() - the VM's vCPUs, itself and its cost, in or out of what the state comes to. */
void joint_count(struct joint *j, size_t vm, bool back);
bool joint_same_cell(const struct joint_shape *shape, size_t a, size_t b);
/** joint_device() - from the nearest of @k nodes to each of the VM's devices. */
uint64_t joint_device(const struct joint *j, const struct joint_vm *vm, const size_t *node, size_t k);
uint64_t joint_distance(unsigned vcpus, uint64_t distance);
uint32_t joint_dice(struct joint *j, uint32_t below);

/* joint_search.c */
/** joint_first() - one after another, the largest first: something to begin with. */
void joint_first(struct joint *j);
/** joint_search() - from the best on: takes some out and puts them back in other orders. 0 or -VN_E_NOMEM. */
int joint_search(struct joint *j, struct vn_arena *arena);

/* joint_local.c */
/**
 * joint_local() - small parts of the best, solved exactly, until nothing is gained for long or the steps are spent
 * down to @until. 0 or -VN_E_NOMEM.
 */
int joint_local(struct joint *j, struct vn_arena *arena, uint64_t until);
/**
 * joint_turn() - lets what is on some nodes change places with what is on others, and mends what comes of that as
 * joint_local() does, until nothing is gained for long or the steps are spent down to @until. 0 or -VN_E_NOMEM.
 */
int joint_turn(struct joint *j, struct vn_arena *arena, uint64_t until);

/* joint_bound.c */
/** joint_most_vcpus() - an upper bound on the vCPUs that can be placed; UINT64_MAX: out of memory. */
uint64_t joint_most_vcpus(const struct joint *j, struct vn_arena *arena);
/**
 * joint_least_distance() - no @count or more VMs of @vcpus vCPUs in all have less, in JOINT_UNITs. There are such.
 * UINT64_MAX: out of memory.
 */
uint64_t joint_least_distance(const struct joint *j, struct vn_arena *arena, uint64_t vcpus, uint64_t count);

/* joint_exact.c */
/** joint_exact() - branch and bound; j->exact when it came to its end. 0 or -VN_E_NOMEM. */
int joint_exact(struct joint *j, struct vn_arena *arena, uint64_t steps);

/* joint.c */
/** joint_new() - the movable VMs, those that @keep names left out, against @base. 0 or -VN_E_NOMEM. */
int joint_new(struct solver *s, const struct room *base, const bool *keep, struct vn_arena *arena, struct joint *ret);
/** joint_least() - what all VMs cost at least. */
void joint_least(const struct joint *j, struct joint_cost *ret);

#endif
