/* SPDX-License-Identifier: MIT */
#ifndef VN_CLI_REQUEST_H
#define VN_CLI_REQUEST_H

#include <vnuma/planner.h>

#include "app/app.h"
#include "cli/cli.h"

/* What plan and apply have in common: their options as a query. Everything is of cli's arena. */
struct cli_request {
    struct vn_plan_query query;
    struct vn_apply_opts opts;
    struct vn_cpuset reserve, shared;
    struct vn_request fresh;
};

/** cli_request_read() - policy options, scope, search limits, --new; @policy is for the new VM. */
VN_NODISCARD int cli_request_read(struct cli *cli, const struct vn_policy *policy, struct cli_request *ret,
                                  struct vn_err *err);

/** cli_request_apply() - the options that override what a problem on paper says; -VN_E_REFUSED: it lacks the metric. */
VN_NODISCARD int cli_request_apply(const struct cli_request *request, struct vn_problem *problem,
                                   struct vn_err *err);

/** cli_new_vm() - "name=web,vcpus=4,memory=8G,cells=2,...". */
VN_NODISCARD int cli_new_vm(struct cli *cli, const char *spec, const struct vn_policy *policy, struct vn_request *ret,
                            struct vn_err *err);

/** cli_wait_ms() - --wait in seconds; @standard where it is not given. */
VN_NODISCARD int cli_wait_ms(const struct cli *cli, unsigned standard, unsigned *ret, struct vn_err *err);

#endif
