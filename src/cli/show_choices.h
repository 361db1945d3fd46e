/* SPDX-License-Identifier: MIT */
#ifndef VN_CLI_SHOW_CHOICES_H
#define VN_CLI_SHOW_CHOICES_H

#include <vnuma/plan.h>

#include "view/doc.h"

/** cli_show_choices() - for people: what each node was to each cell, into @object; nothing if it was not asked for. */
void cli_show_choices(struct vn_doc *doc, struct vn_val *object, const struct vn_placement *vm);

#endif
