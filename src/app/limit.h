/* SPDX-License-Identifier: MIT */
#ifndef VN_APP_LIMIT_H
#define VN_APP_LIMIT_H

#include "app/app.h"
#include "codec/vmlimits.h"

/** struct vn_limit_row - a limit as it is now and as it is stored. */
struct vn_limit_row {
    enum vn_limit_kind kind;
    char *key, *title;
    char *live, *stored; /* values; NULL: not running or could not be read; nothing stored */
    char *unread;        /* why live could not be read; NULL: it was */
};

/** vn_app_limits() - every limit of a VM, what runs as the host has it and not as its XML says. */
VN_NODISCARD int vn_app_limits(struct vn_app *app, const struct vn_vm *vm, struct vn_arena *arena,
                               struct vn_limit_row **ret, size_t *ret_count, struct vn_err *err);

/** struct vn_limit_wish - one limit to change. */
struct vn_limit_wish {
    const char *option; /* for messages: "--disk" */
    const char *key;    /* "cpu.quota"; of a device "disk." or "net." */
    const char *device; /* a disk's target, an interface's name or MAC; NULL for the VM's own */
    const char *text;   /* as typed */
};
struct vn_limit_order {
    const struct vn_limit_wish *wishes;
    size_t n_wishes;
    bool force; /* also where the guest would be killed */
};

/**
 * vn_app_limit() - the steps: what runs first, then what is stored.
 * Errors: -VN_E_USAGE a value or a device that makes no sense; the devices that are there are named
 *         -VN_E_REFUSED less memory than the guest and QEMU need, with the figures; a limit of an interface where the
 *         kernel has not the modules, with their names: a stored one would keep the VM from starting
 */
VN_NODISCARD int vn_app_limit(struct vn_app *app, const struct vn_snapshot *snapshot, const struct vn_vm *vm,
                              const struct vn_limit_order *order, const struct vn_apply_opts *opts,
                              struct vn_plan *plan, struct vn_err *err);

/** What vn_limit_check() looks at; private to the app room. */
struct vn_limit_trial {
    const struct vn_snapshot *snapshot;
    const struct vn_vm *vm;
    const struct vn_limit *limits; /* all that the VM has, as they would be */
    const bool *touched;           /* one for each */
    size_t count;
    bool live;                     /* of what runs */
    bool force;
};
/** vn_limit_check() - would a value that is touched do harm? */
VN_NODISCARD int vn_limit_check(struct vn_app *app, const struct vn_limit_trial *trial, struct vn_err *err);

#endif
