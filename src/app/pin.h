/* SPDX-License-Identifier: MIT */
#ifndef VN_APP_PIN_H
#define VN_APP_PIN_H

#include "app/app.h"

/** struct vn_pin_order - one thread and where it is to run. */
struct vn_pin_order {
    enum vn_step_kind kind; /* VN_STEP_VCPUPIN, VN_STEP_EMULATORPIN or VN_STEP_IOTHREADPIN */
    unsigned index;         /* vCPU (also one that is not plugged) or IOThread */
    struct vn_cpuset cpus;
};

/**
 * vn_app_pin() - the steps that pin threads of @vm, live and stored as @opts says; what is there already adds none.
 * A VM that is off has its stored pins changed only.
 * Errors: -VN_E_USAGE a CPU that is not online, named; -VN_E_ABSENT no such vCPU or IOThread; -VN_E_REFUSED --live of
 *         a VM that is off, --config of one that is not stored
 */
VN_NODISCARD int vn_app_pin(const struct vn_snapshot *snapshot, const struct vn_vm *vm,
                            const struct vn_pin_order *orders, size_t n_orders, const struct vn_apply_opts *opts,
                            struct vn_plan *plan, struct vn_err *err);

/** vn_pin_of_placement() - the orders for what a plan gives a VM; of @arena. */
VN_NODISCARD int vn_pin_of_placement(struct vn_arena *arena, const struct vn_placement *placement,
                                     struct vn_pin_order **ret, size_t *ret_count, struct vn_err *err);

#endif
