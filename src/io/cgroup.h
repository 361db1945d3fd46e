/* SPDX-License-Identifier: MIT */
#ifndef VN_IO_CGROUP_H
#define VN_IO_CGROUP_H

#include <stddef.h>
#include <vnuma/arena.h>
#include <vnuma/err.h>
#include <vnuma/set.h>

/* Where cgroup hierarchies are mounted, and what a thread's cgroup says. Source: cgroups(7). */

/** vn_cgroup_version() - "v2", "v1" or "none": which one has the cpuset controller under @root. */
const char *vn_cgroup_version(const char *root);

/** struct vn_cgroup_mounts - this process's view; path and root "" where not mounted. */
struct vn_cgroup_mount {
    char path[256]; /* with no leading slash, as vn_file_read() wants it */
    char root[256]; /* the part of the hierarchy that is mounted there */
    bool v2;
};
struct vn_cgroup_mounts {
    struct vn_cgroup_mount cpuset, memory;
};

/** vn_cgroup_find() - from /proc/self/mountinfo. None mounted is no error. */
VN_NODISCARD int vn_cgroup_find(struct vn_cgroup_mounts *ret, struct vn_err *err);

/**
 * vn_cgroup_cpus() - the effective CPUs of the cpuset cgroup that a thread is in.
 * @cgroup_text: /proc/PID/task/TID/cgroup
 * Errors: -VN_E_ABSENT no cpuset cgroups here, or the thread's is gone
 */
VN_NODISCARD int vn_cgroup_cpus(const struct vn_cgroup_mounts *mounts, const char *cgroup_text, struct vn_cpuset *ret,
                                struct vn_err *err);

/**
 * vn_cgroup_forbids() - the highest cgroup above a thread, or its own, that does not have all of @cpus.
 * @ret: its directory, with no leading slash, at least PATH_MAX bytes; "" where every one has them
 * @ret_cpus: those it has
 * Errors: as vn_cgroup_cpus()
 */
VN_NODISCARD int vn_cgroup_forbids(const struct vn_cgroup_mounts *mounts, const char *cgroup_text,
                                   const struct vn_cpuset *cpus, char *ret, struct vn_cpuset *ret_cpus,
                                   struct vn_err *err);

/**
 * vn_cgroup_own() - the cgroup whose cpuset a thread goes by: its own; in v2 the nearest one that has the controller.
 * @ret: its directory, with no leading slash, at least PATH_MAX bytes
 * @ret_cpus: its effective CPUs
 * Errors: as vn_cgroup_cpus()
 */
VN_NODISCARD int vn_cgroup_own(const struct vn_cgroup_mounts *mounts, const char *cgroup_text, char *ret,
                               struct vn_cpuset *ret_cpus, struct vn_err *err);

/**
 * vn_cgroup_numa_stat() - memory.numa_stat of the VM that has this process: KiB of anonymous and shared memory a node.
 * @cgroup_text: /proc/PID/cgroup
 * Errors: -VN_E_ABSENT no memory cgroups here, or the VM has none of its own
 */
VN_NODISCARD int vn_cgroup_numa_stat(const struct vn_cgroup_mounts *mounts, const char *cgroup_text,
                                     const int *node_ids, size_t n_nodes, uint64_t *ret_kib, struct vn_err *err);

/** vn_cgroup_memory() - the same of whatever cgroup the process is in, which other processes may be in, too. */
VN_NODISCARD int vn_cgroup_memory(const struct vn_cgroup_mounts *mounts, const char *cgroup_text, bool of_vm,
                                  const int *node_ids, size_t n_nodes, uint64_t *ret_kib, struct vn_err *err);

#endif
