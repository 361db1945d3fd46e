/* SPDX-License-Identifier: MIT */
#ifndef TEST_PROPERTY_BLOCKING_H
#define TEST_PROPERTY_BLOCKING_H

#include "../unit/planner/paper.h"

/**
 * check_blocking() - the host is given what the items say, and has the planner place the VM: each
 * item does alone, or all do together and none is to spare; and with one less of it none does.
 * @problem: with one movable VM, that of @out
 */
void check_blocking(const struct vn_problem *problem, const struct vn_unplaced *out);

#endif
