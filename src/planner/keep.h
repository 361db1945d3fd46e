/* SPDX-License-Identifier: MIT */
#ifndef VN_PLANNER_KEEP_H
#define VN_PLANNER_KEEP_H

#include "planner/pick.h"
#include "planner/room.h"

/*
 * The measure of what may still come (docs/planner.md, "Most room"): for cells of 1, 2, 4 ... CPUs
 * with half, once and twice the host's memory a CPU, how many CPUs such cells could have, one by one
 * and in pairs on two nodes.
 */
struct keep;

/** What a cell takes of a node. */
struct keep_taken {
    unsigned cpus, cores; /* cores that are whole no more */
    uint64_t memory_kib;
};

/** keep_new() - the room as it is, measured; it and the VM must outlive it. NULL: no memory. */
struct keep *keep_new(struct vn_arena *arena, const struct room *room, const struct vn_request *vm);
/** keep_lost() - how much of the measure goes with a cell of the VM on @node. */
uint64_t keep_lost(const struct keep *keep, size_t node, const struct keep_taken *taken);

#endif
