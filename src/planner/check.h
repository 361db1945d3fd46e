/* SPDX-License-Identifier: MIT */
#ifndef VN_PLANNER_CHECK_H
#define VN_PLANNER_CHECK_H

#include <vnuma/planner.h>

struct checker {
    const struct vn_problem *problem;
    const struct vn_plan *plan;
    const struct vn_host *host;
    struct vn_cpuset online;
    struct vn_cpuset taken;   /* by dedicated vCPUs and isolated emulators */
    struct vn_cpuset blocked; /* siblings that have to stay unused */
    struct vn_check *found;
    const char *rule, *vm;    /* being looked at; vm NULL: the plan or host as a whole */
    bool no_memory;
};

/** checker_broken() - one more rule is broken; returns -VN_E_REFUSED. */
int checker_broken(struct checker *c, const char *fmt, ...) VN_PRINTF(2, 3);
#define BROKEN checker_broken

const struct vn_request *checker_request(const struct checker *c, const struct vn_placement *at);
/** checker_cost() - found->cost is that of the placements, and @said is the same; NULL: nothing is said. */
void checker_cost(struct checker *c, const struct vn_cost *said);
/** checker_iothreads() - where the emulator's policy has them, near the VM's devices; -VN_E_REFUSED when not. */
int checker_iothreads(struct checker *c, const struct vn_request *vm, const struct vn_placement *at);

#endif
