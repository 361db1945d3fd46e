/* SPDX-License-Identifier: MIT */
#ifndef VN_CLI_CARRY_H
#define VN_CLI_CARRY_H

#include "cli/session.h"
#include "cli/show_applied.h"

/* What apply and the levers have in common: a plan carried out, verified, and shown. */

enum { CLI_WAIT_MS = 10000 }; /* for another apply to end, where --wait is not given */

/** cli_change_opts() - scope, --dry-run, --wait and --min-local of a lever. */
VN_NODISCARD int cli_change_opts(const struct cli *cli, struct vn_apply_opts *ret, struct vn_err *err);

/**
 * cli_carry_out() - apply @plan and show what was done (vnuma.applied/1).
 * Returns an exit status: CLI_FINDINGS where it drifts; or -VN_E_*
 */
VN_NODISCARD int cli_carry_out(struct cli_session *session, struct cli *cli, const struct vn_plan *plan,
                               const struct vn_apply_opts *opts, struct vn_err *err);
/** cli_carry_out_more() - the same; @more adds to what is shown, and may be NULL. */
VN_NODISCARD int cli_carry_out_more(struct cli_session *session, struct cli *cli, const struct vn_plan *plan,
                                    const struct vn_apply_opts *opts, const struct cli_more *more, struct vn_err *err);

#endif
