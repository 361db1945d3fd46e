/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_PLANJSON_H
#define VN_CODEC_PLANJSON_H

#include <vnuma/buf.h>
#include <vnuma/plan.h>
#include <vnuma/problem.h>

/* PURE: the documents vnuma.problem/1, vnuma.plan/1 and vnuma.host/1 <-> model. */

#define VN_JSON_MAX (64u << 20)

/**
 * vn_problem_parse() - an unknown key, a missing one, a wrong type or a contradiction (a CPU in
 * two nodes) is an error that names its path ("vms[2].vcpus").
 * Every problem that is read can be solved; a host document's body is a problem's host.
 * Errors: -VN_E_SYNTAX (line and column), -VN_E_FORMAT
 */
VN_NODISCARD int vn_problem_parse(const char *json, size_t len, struct vn_problem *ret, struct vn_err *err);
VN_NODISCARD int vn_problem_format(const struct vn_problem *problem, struct vn_buf *ret, struct vn_err *err);

VN_NODISCARD int vn_plan_parse(const char *json, size_t len, struct vn_plan *ret, struct vn_err *err);
/**
 * vn_plan_parse_for() - a plan that anyone made for @problem. It may leave out optimal, bound and cost, and in its
 * VMs what the problem says already: policy, memory, hugepage_kib.
 * @ret_costed: it says its cost
 */
VN_NODISCARD int vn_plan_parse_for(const char *json, size_t len, const struct vn_problem *problem, struct vn_plan *ret,
                                   bool *ret_costed, struct vn_err *err);
VN_NODISCARD int vn_plan_format(const struct vn_plan *plan, struct vn_buf *ret, struct vn_err *err);

VN_NODISCARD int vn_host_format(const struct vn_host *host, struct vn_buf *ret, struct vn_err *err);

/** Steps alone, as the journal keeps them: one JSON object. */
VN_NODISCARD int vn_step_parse(const char *json, size_t len, struct vn_arena *arena, struct vn_step *ret,
                               struct vn_err *err);
VN_NODISCARD int vn_step_format(const struct vn_step *step, struct vn_buf *ret, struct vn_err *err);

#endif
