/* SPDX-License-Identifier: MIT */
#ifndef VN_APP_CHANGE_H
#define VN_APP_CHANGE_H

#include "app/app.h"

/*
 * What a lever changes by hand: a plan that has steps only, for vn_app_apply(). A change that would change nothing
 * adds no step. Strings are copied into the plan's arena.
 */

/**
 * vn_change_setting() - a named value of the host (@vm NULL) or of a running VM, whatever it is now.
 * Errors: those of the door's setting(); -VN_E_ABSENT the host has no such setting
 */
VN_NODISCARD int vn_change_setting(struct vn_app *app, struct vn_plan *plan, const struct vn_vm *vm, const char *key,
                                   const char *value, const char *reason, struct vn_err *err);

/** vn_change_define() - another stored XML, for the next start; @vm has a stored one. */
VN_NODISCARD int vn_change_define(struct vn_plan *plan, const struct vn_vm *vm, const char *xml_after,
                                  const char *reason, struct vn_err *err);

/**
 * vn_change_pin() - the live pin of a thread: @kind VCPUPIN, IOTHREADPIN (@index is its number) or EMULATORPIN.
 * @host: what a thread without a pin may use
 */
VN_NODISCARD int vn_change_pin(struct vn_plan *plan, const struct vn_host *host, const struct vn_vm *vm,
                               enum vn_step_kind kind, unsigned index, const struct vn_cpuset *cpus,
                               const char *reason, struct vn_err *err);

/**
 * vn_change_move() - the resident pages of @cell (-1: of the whole guest) to @node; none where nothing lies elsewhere.
 * @vm: runs, and its memory was read
 */
VN_NODISCARD int vn_change_move(struct vn_plan *plan, const struct vn_host *host, const struct vn_vm *vm, int cell,
                                int node, const char *reason, struct vn_err *err);

/** vn_change_nodeset() - the live nodes of a guest whose live mode is restrictive; no other mode takes any. */
VN_NODISCARD int vn_change_nodeset(struct vn_plan *plan, const struct vn_vm *vm, const struct vn_nodeset *nodes,
                                   const char *reason, struct vn_err *err);

#endif
