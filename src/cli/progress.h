/* SPDX-License-Identifier: MIT */
#ifndef VN_CLI_PROGRESS_H
#define VN_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "port/progress.h"

/* One line on a terminal that is drawn anew: bar, amount, rate, time left. */
struct cli_progress {
    bool shown;           /* a line stands there now */
    char what[64];
    int64_t began, drawn; /* msec of a steady clock */
};

/** cli_progress_port() - draws on stderr once an operation has taken a second; @self must outlive it. */
struct vn_progress cli_progress_port(struct cli_progress *self);
/** cli_progress_clear() - take the line away; before anything else is written. */
void cli_progress_clear(struct cli_progress *self);

#endif
