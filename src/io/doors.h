/* SPDX-License-Identifier: MIT */
#ifndef VN_IO_DOORS_H
#define VN_IO_DOORS_H

#include <vnuma/policy.h>

#include "port/clock.h"
#include "port/hypervisor.h"
#include "port/statistics.h"
#include "port/store.h"

/* How cli and daemon make io objects. Each opener fills @ret, which the caller drops. */

/** vn_libvirt_open() - @uri NULL: libvirt's own default. Errors: -VN_E_ENV with what to do. */
VN_NODISCARD int vn_libvirt_open(const char *uri, struct vn_hypervisor *ret, struct vn_err *err);

/**
 * vn_qemu_open() - QEMU processes of this machine that no libvirt manages. @uri: "qemu-proc:". Only root may change them.
 * Errors: -VN_E_USAGE something stands behind the colon
 */
VN_NODISCARD int vn_qemu_open(const char *uri, struct vn_hypervisor *ret, struct vn_err *err);

/** vn_replay_open() - a captured host that can be acted on. @write: changes go back into the file (atomically: temporary file, fsync, rename). */
VN_NODISCARD int vn_replay_open(const char *path, bool write, struct vn_hypervisor *ret, struct vn_err *err);

/** vn_demo_open() - the shipped example host, from the binary itself; forgets. */
VN_NODISCARD int vn_demo_open(struct vn_hypervisor *ret, struct vn_err *err);

/** vn_demo_text() - the capture file the demo is made of. */
const char *vn_demo_text(size_t *ret_len);

/** vn_sqlite_open() - the journal in @dir/journal.db (made, mode 0700); @dir NULL: in memory only. */
VN_NODISCARD int vn_sqlite_open(const char *dir, struct vn_store *ret, struct vn_err *err);

/** vn_config_read() - @path NULL: /etc/vnuma/vnuma.conf and vnuma.conf.d/ *.conf, absent is empty. Errors name file and line. */
VN_NODISCARD int vn_config_read(const char *path, struct vn_policy *ret, struct vn_err *err);

struct vn_clock vn_system_clock(void);

/** vn_local_host() - the machine this runs on (or the tree under VNUMA's --sysroot): hwloc and sysfs. @root "" or a captured file tree. */
VN_NODISCARD int vn_local_host(const char *root, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err);

/**
 * vn_sysroot_open() - a captured file tree (its "sys" and "proc") as a host without VMs: observe
 * only, everything that would change something is -VN_E_REFUSED.
 */
VN_NODISCARD int vn_sysroot_open(const char *root, struct vn_hypervisor *ret, struct vn_err *err);

/**
 * vn_statistics_open() - this machine's processes and counters; needs no libvirt. @root: "", or a captured file tree,
 * which has counters, and no processes.
 */
VN_NODISCARD int vn_statistics_open(const char *root, struct vn_statistics *ret, struct vn_err *err);

#endif
