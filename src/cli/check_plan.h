/* SPDX-License-Identifier: MIT */
#ifndef VN_CLI_CHECK_PLAN_H
#define VN_CLI_CHECK_PLAN_H

#include <vnuma/problem.h>

#include "cli/cli.h"

/** cli_check_plan() - 'plan --check FILE': CLI_OK where the plan there keeps every rule of @problem, CLI_FINDINGS
 *  where not; or -VN_E_* */
VN_NODISCARD int cli_check_plan(struct cli *cli, const char *path, const struct vn_problem *problem,
                                struct vn_err *err);

#endif
