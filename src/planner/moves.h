/* SPDX-License-Identifier: MIT */
#ifndef VN_PLANNER_MOVES_H
#define VN_PLANNER_MOVES_H

#include <vnuma/planner.h>

/** Memory that is to move: one cell (-1: the whole guest) of one VM. */
struct move {
    int cell, node_to;
    size_t to; /* node_to's position */
    const uint64_t *resident; /* by node */
    uint64_t elsewhere;
};
struct moves {
    struct move *items;
    size_t n;
    const char *cannot; /* why memory that is elsewhere cannot move while the guest runs; NULL */
};

/** moves_of() - what a running VM's memory has to do; 0 or -VN_E_NOMEM. */
int moves_of(const struct vn_snapshot *snapshot, const struct vn_vm *vm, const struct vn_placement *placement,
             struct vn_arena *arena, struct moves *ret);
/**
 * moves_order() - those whose target has most room first; @free_kib is changed as they are done.
 * Returns false when one of them found no room on the way: then the order is the best there is.
 */
bool moves_order(struct moves *moves, uint64_t *free_kib, size_t n_nodes);

#endif
