/* SPDX-License-Identifier: MIT */
#ifndef VN_APP_BALANCING_H
#define VN_APP_BALANCING_H

#include "app/app.h"

/* Automatic NUMA balancing: the kernel unmaps pages, sees by the fault who uses them, and moves pages and tasks. */

#define VN_BALANCING_KEY "kernel.numa_balancing"
#define VN_BALANCING_STORED "sysctl.d:kernel.numa_balancing" /* at the next boot */

/* Bits of the value. Source: the kernel's admin-guide/sysctl/kernel.rst, "numa_balancing". */
enum { VN_BALANCING_NORMAL = 1u << 0, VN_BALANCING_TIERING = 1u << 1 };

/** What balancing can do for a VM that runs. */
enum vn_balancing_use {
    VN_BALANCING_BOUND,    /* nothing: its memory may not leave its nodes, and its vCPUs are there */
    VN_BALANCING_PINNED,   /* it moves the memory to the nodes that its vCPUs are pinned to */
    VN_BALANCING_HUGE,     /* nothing: pages of hugetlbfs are not scanned */
    VN_BALANCING_FLOATING, /* it alone keeps memory and vCPUs together */
};
/** vn_balancing_use_text() - in words, for a person. */
const char *vn_balancing_use_text(enum vn_balancing_use use);
const char *vn_balancing_use_name(enum vn_balancing_use use);

/** vn_balancing_use() - @vm runs and its live XML is known. */
enum vn_balancing_use vn_balancing_use(const struct vn_host *host, const struct vn_vm *vm);

/**
 * vn_app_balancing() - the steps that switch it on or off now, and with @persist for every boot. On keeps tiering as it
 * is; off is 0. What is so already adds none.
 * Errors: -VN_E_REFUSED the kernel has no automatic balancing
 */
VN_NODISCARD int vn_app_balancing(struct vn_app *app, bool on, bool persist, struct vn_plan *plan, struct vn_err *err);

/** vn_balancing_read() - the value now, and what is stored for the next boot ("": nothing by vnuma). */
VN_NODISCARD int vn_balancing_read(struct vn_app *app, unsigned *ret, struct vn_buf *ret_stored, struct vn_err *err);

#endif
