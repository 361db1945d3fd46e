/* SPDX-License-Identifier: MIT */
#ifndef VN_CLI_SHOW_PLAN_H
#define VN_CLI_SHOW_PLAN_H

#include <vnuma/planner.h>

#include "view/doc.h"

struct cli_show_plan {
    bool explain; /* what each node was to each cell */
    bool paper;   /* a problem: there are no steps to speak of */
    bool diff;    /* the change in the domain XML */
};

/** cli_show_plan() - a plan for people; @problem draws the nodes and may be NULL. */
void cli_show_plan(struct vn_doc *doc, const struct vn_problem *problem, const struct vn_plan *plan,
                   const struct cli_show_plan *how);

/** cli_show_unplaced() - which VMs do not fit, and what each lacks where. */
void cli_show_unplaced(struct vn_doc *doc, const struct vn_plan *plan);

#endif
