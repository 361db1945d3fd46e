/* SPDX-License-Identifier: MIT */
#ifndef VN_CLI_STEPS_H
#define VN_CLI_STEPS_H

#include "port/store.h"
#include "view/doc.h"

/* Steps of a plan, or of the journal with what became of them; one of the two is NULL. */
struct cli_steps {
    const struct vn_step *plan;
    const struct vn_journal_step *journal;
    size_t count;
};

/** cli_step_text() - one step in words: "pin vCPU 3 to CPU 23". NULL when out of memory. */
const char *cli_step_text(struct vn_arena *arena, const struct vn_step *step);

/** cli_show_steps() - for people: a table in which like steps are one row. */
void cli_show_steps(struct vn_doc *doc, const char *title, const struct cli_steps *steps);

/** cli_list_steps() - for programs: an array "steps" with every step. */
void cli_list_steps(struct vn_doc *doc, struct vn_val *parent, const struct cli_steps *steps);

#endif
