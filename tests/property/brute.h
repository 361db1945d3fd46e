/* SPDX-License-Identifier: MIT */
#ifndef TEST_PROPERTY_BRUTE_H
#define TEST_PROPERTY_BRUTE_H

#include "../unit/planner/paper.h"

/* One VM by rules that only count: every assignment of its cells to nodes is tried. */

struct brute {
    const struct vn_problem *problem;
    const struct vn_request *vm;
    struct vn_cpuset online;
    struct vn_cpuset free;
    struct vn_cpuset floating;
    unsigned demand[VN_NODE_MAX]; /* CPUs promised to VMs that float and stay, by position of the node */
};

struct brute_best {
    bool found;
    double distance, device;
    uint64_t l3, moved_kib;
};

/** brute_best() - the best there is for cells of these sizes. */
void brute_best(const struct vn_problem *problem, const struct vn_request *vm, const struct vn_cell_size *cells,
                size_t k, struct brute_best *ret);
/** brute_fewest() - the fewest nodes among which the VM can be divided somehow; 0: none. */
unsigned brute_fewest(const struct vn_problem *problem, const struct vn_request *vm);

#endif
