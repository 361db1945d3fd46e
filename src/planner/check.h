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
    struct vn_err *err;
};

#define BROKEN(c, ...) vn_failf((c)->err, VN_E_REFUSED, "This is a fault of the plan: make it again.", __VA_ARGS__)

const struct vn_request *checker_request(const struct checker *c, const struct vn_placement *at);
/** checker_cost() - the plan's figures are those of its placements; -VN_E_REFUSED when not. */
int checker_cost(const struct checker *c);

#endif
