/* SPDX-License-Identifier: MIT */
#ifndef TEST_PROPERTY_RENUMBER_H
#define TEST_PROPERTY_RENUMBER_H

#include "../unit/planner/paper.h"

/**
 * renumber() - the same problem under other numbers: nodes in another order with other ids, other
 * numbers for CPUs, VMs, cores and L3 domains in another order. Names are borrowed. It draws from pick().
 */
void renumber(const struct vn_problem *from, struct vn_problem *ret);

#endif
