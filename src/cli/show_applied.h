/* SPDX-License-Identifier: MIT */
#ifndef VN_CLI_SHOW_APPLIED_H
#define VN_CLI_SHOW_APPLIED_H

#include "app/app.h"
#include "cli/cli.h"

/** struct cli_more - what a command adds to the document of what it did; only where it did anything. */
struct cli_more {
    void (*show)(void *self, struct vn_doc *doc);
    void *self;
};

/**
 * cli_show_applied() - what an apply or undo did, as vnuma.applied/1. @undo: the words for the way back.
 * @more: may be NULL
 */
VN_NODISCARD int cli_show_applied(const struct cli *cli, const struct vn_applied *applied, bool undo,
                                  const struct vn_hypervisor *hv, const struct cli_more *more, struct vn_err *err);

/**
 * cli_say_undo() - "@before'vnuma undo N@options' @after": the command as it must be typed, with the host and the journal
 * that were given.
 */
void cli_say_undo(struct vn_doc *doc, const struct cli *cli, const struct vn_applied *applied, const char *options,
                  const char *before, const char *after);

/** cli_say_left() - on stderr, after a failure: which steps are done, failed or stuck. */
void cli_say_left(const struct vn_applied *applied);

#endif
