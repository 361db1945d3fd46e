/* SPDX-License-Identifier: MIT */
#ifndef VN_PLANNER_FLOATS_H
#define VN_PLANNER_FLOATS_H

#include "planner/pick.h"
#include "planner/room.h"

/*
 * Dedicated vCPUs beside floating ones. Where the host names no shared set they may have CPUs that others float over,
 * as long as enough stay for what those were promised. A core that is taken whole costs all its CPUs that float, which
 * may be fewer than it has, or none: so which cores are taken decides how many vCPUs there is room for.
 */

/**
 * floats_capacity() - the most vCPUs that a cell with that want can have on @node, were there @more cores of @size
 * CPUs each; -1 when not even the spare one fits. Exact.
 */
long floats_capacity(const struct room *room, size_t node, const struct pick_want *want, unsigned more, unsigned size);
/** floats_usable() - CPUs that hold as many vCPUs as can be; floating ones can do without all of them. */
void floats_usable(const struct room *room, size_t node, const struct pick_want *want, struct vn_cpuset *ret);
/**
 * floats_pick() - as pick_cpus(), and what the choice is worth. No more is taken than floating vCPUs can do without;
 * the L3 domains are the fewest, or ret_worth->open says that this is not known.
 */
bool floats_pick(struct picker *picker, const struct room *room, size_t node, const struct pick_want *want,
                 uint16_t *ret_cpus, int *ret_spare, struct pick_worth *ret_worth);
/** floats_valid() - could these CPUs be the choice? */
bool floats_valid(const struct room *room, size_t node, const struct pick_want *want, const uint16_t *cpus, int spare);

#endif
