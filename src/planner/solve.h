/* SPDX-License-Identifier: MIT */
#ifndef VN_PLANNER_SOLVE_H
#define VN_PLANNER_SOLVE_H

#include "planner/place.h"

/**
 * fit_blocking() - what keeps the VM out of that room: things that each do alone, else together.
 * @empty: the room as it would be without the other VMs that are planned. 0 or -VN_E_NOMEM.
 */
int fit_blocking(struct place *place, const struct room *room, const struct room *empty, size_t vm,
                 struct vn_arena *arena, struct vn_unplaced *ret);

/**
 * build_placement() - a spot as the plan shows it. @room: with every VM of the plan in it, for the
 * CPUs that floating vCPUs get. 0 or -VN_E_NOMEM.
 */
int build_placement(struct place *place, const struct room *room, size_t vm, const struct spot *spot,
                    struct vn_arena *arena, struct vn_placement *ret);

/** explain() - the sentences of a placement. @room: without the VM itself. 0 or -VN_E_NOMEM. */
int explain(struct place *place, const struct room *room, size_t vm, const struct spot *spot, struct vn_arena *arena,
            struct vn_placement *placement);

/** plan_note() - one more sentence for the reader; 0 or -VN_E_NOMEM. */
int plan_note(struct vn_plan *plan, const char *fmt, ...) VN_PRINTF(2, 3);

/** request_check() - a request that contradicts itself: -VN_E_USAGE. */
int request_check(const struct vn_problem *problem, const struct vn_request *vm, struct vn_err *err);

#endif
