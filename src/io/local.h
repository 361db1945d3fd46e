/* SPDX-License-Identifier: MIT */
#ifndef VN_IO_LOCAL_H
#define VN_IO_LOCAL_H

#include <hwloc.h>
#include <vnuma/buf.h>
#include <vnuma/host.h>

/*
 * The parts of a local host's model: each fills its own fields of @ret. @root is "" for the
 * machine itself, or a captured file tree. What a kernel does not have is left out; a file that
 * is there and cannot be understood is an error.
 */

/**
 * vn_topology_load() - hwloc's view with only the objects that matter here: PUs, cores, L3 caches,
 * NUMA nodes and the PCI devices that move data. CPUs that this process may not use are included.
 * Errors: -VN_E_ENV hwloc fails, or its environment variables show it another machine
 * Memory: hwloc_topology_destroy() it. Not to be called from two threads at once: hwloc takes the
 *         root of a file tree from its environment only, which is set and put back meanwhile.
 */
VN_NODISCARD int vn_topology_load(const char *root, hwloc_topology_t *ret, struct vn_err *err);

/** vn_cpuset_from_hwloc() - -VN_E_RANGE above VN_CPU_MAX - 1. */
VN_NODISCARD int vn_cpuset_from_hwloc(hwloc_const_bitmap_t from, struct vn_cpuset *ret, struct vn_err *err);

/** Nodes with their CPUs, and the distances between them. */
VN_NODISCARD int vn_local_nodes(const char *root, hwloc_topology_t topology, struct vn_arena *arena,
                                struct vn_host *ret, struct vn_err *err);
/** The firmware's latencies and bandwidths between ret's nodes, and the setting "hmat" that says how much of them. */
VN_NODISCARD int vn_local_hmat(const char *root, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err);
/** What is free, reclaimable and in huge pages on each of ret's nodes. */
VN_NODISCARD int vn_local_memory(const char *root, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err);
VN_NODISCARD int vn_local_devices(const char *root, hwloc_topology_t topology, struct vn_arena *arena,
                                  struct vn_host *ret, struct vn_err *err);
/** vn_local_setting_path() - the file whose whole text is that setting, with no leading slash; NULL: there is none. */
const char *vn_local_setting_path(const char *key);
/**
 * vn_local_setting(), vn_local_set_setting() - one of the host's settings, as it is now: "kernel.numa_balancing" and
 * what else is a file's whole text; "sysctl.d:kernel.numa_balancing" is what VN_SYSCTL_FILE says for the next boot
 * ("": nothing).
 * Errors: -VN_E_ABSENT this host has no such setting
 */
VN_NODISCARD int vn_local_setting(const char *root, const char *key, struct vn_buf *ret, struct vn_err *err);
VN_NODISCARD int vn_local_set_setting(const char *root, const char *key, const char *value, struct vn_err *err);

/** VN_SHAPING_KEY: the kernel modules, by name, that limits of interfaces need and that this kernel has not, as
 *  modules or built in. -VN_E_ABSENT: nothing there says which it has. */
#define VN_SHAPING_KEY "net.shaping.missing"
VN_NODISCARD int vn_local_shaping(const char *root, struct vn_buf *ret, struct vn_err *err);

/** What sysctl.d(5) reads at boot; the file is vnuma's own, a line each. */
#define VN_SYSCTL_FILE "etc/sysctl.d/90-vnuma.conf"
#define VN_SYSCTL_PREFIX "sysctl.d:"
VN_NODISCARD int vn_sysctl_get(const char *root, const char *name, struct vn_buf *ret, struct vn_err *err);
VN_NODISCARD int vn_sysctl_set(const char *root, const char *name, const char *value, struct vn_err *err);

VN_NODISCARD int vn_local_settings(const char *root, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err);

#endif
