/* SPDX-License-Identifier: MIT */
#ifndef VN_PLANNER_REPAIR_H
#define VN_PLANNER_REPAIR_H

#include "planner/solver.h"

/* Of lists up to the first length the cheapest is found; longer ones are looked for where there is none. */
enum { REPAIR_EXACT = 3, REPAIR_MOVES = 6 };

/* What a VM has that is free again when it leaves. */
struct held {
    struct vn_cpuset cpus;
    double *demand; /* of floating vCPUs, by node */
    size_t kind;
    uint64_t *mem;  /* in the units of its kind, by node */
};

/* A VM that stays and could be moved to make room. */
struct mover {
    size_t vm, node;
    const char *name;
    struct vn_cell_size cell;
    struct held held;
    uint64_t need;           /* memory of its kind that the target must have beside what lies there already */
    uint64_t *moved_kib;     /* by target */
    uint64_t least_kib;      /* of moved_kib */
    uint64_t *gain_cpus;     /* by node: no more vCPUs than this has the goal room for when it leaves */
    uint64_t *gain_mem;      /* by node, in the goal's units; 0 of another kind */
    size_t like;             /* number of those that want their CPUs in the same way */
    bool moved;
};

/* The host after some moves. */
struct stage {
    struct room *room;
    long *cap0, *cap;  /* vCPUs the goal could have on each node: of cell 0, of another */
    long *fits;        /* [mover->like * nodes + node]: vCPUs a mover could have there; UNKNOWN */
    uint64_t moved_kib;
};

struct repair_move {
    size_t mover, to; /* position of the node */
};

struct repair {
    struct solver *s;
    struct place place;      /* that looks no further than whether it fits */
    struct vn_arena *arena;
    size_t goal;             /* the VM that found no place */
    const struct vn_cell_size *cells; /* of the goal; NULL: as few as can be */
    size_t k;
    size_t kind;             /* of the goal's memory */
    struct held self;        /* of the goal, if it runs */
    bool runs;
    struct vn_cpuset may;    /* CPUs that dedicated vCPUs could have at all */
    struct vn_cpuset doubled; /* CPUs that two of the goal and the movers have */
    struct room *scratch;
    struct mover *movers;    /* by name */
    size_t n_movers, n_likes;
    size_t **here, *n_here;  /* by node: movers that have something there, by name */
    size_t **by_cpus, **by_mem; /* the same, those that would set most free first */
    bool spread;             /* a mover has something on several nodes */
    uint64_t *least_moves, *least_kib; /* scratch, for each cell */
    struct stage stage[REPAIR_MOVES + 1]; /* after so many moves of the list now tried */
    uint16_t *cpus;          /* scratch: of one mover */
    uint64_t left;           /* steps */
    size_t depth;            /* moves of the lists now looked at */
    struct repair_move list[REPAIR_MOVES], best[REPAIR_MOVES];
    size_t n_best;
    uint64_t best_kib;       /* UINT64_MAX: none yet */
};

/* repair_vms.c */
/** repair_vms() - the goal, the VMs that might move and the first stage. 0 or -VN_E_NOMEM. */
int repair_vms(struct repair *r, const struct room *room);
/** repair_give() - what @held had is free in @room; those that moved, and it, are marked so. */
void repair_give(const struct repair *r, struct room *room, const struct held *held);

/* repair_bound.c */
/**
 * repair_bound() - no list of at most @moves more makes room with less memory moved than this;
 * UINT64_MAX: none makes room. @first: the mover that goes first, and is not counted; NULL: any.
 */
uint64_t repair_bound(struct repair *r, const struct stage *stage, const struct mover *first, size_t moves);

#endif
