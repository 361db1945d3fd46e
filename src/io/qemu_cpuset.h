/* SPDX-License-Identifier: MIT */
#ifndef VN_IO_QEMU_CPUSET_H
#define VN_IO_QEMU_CPUSET_H

#include "io/cgroup.h"
#include "io/qemu_priv.h"

/*
 * The cpuset of a bare QEMU, as two settings of the guest, so that the journal has what was there before:
 *   cpuset.cpus:DIR  the CPUs of a cgroup that nobody but this guest is in. Of the one that vnuma makes beside a shared
 *                    one ("" is: not there), too
 *   cpuset.dir       the cgroup with all threads of the process (cgroup v1 only)
 */
#define VN_CPUSET_CPUS "cpuset.cpus:"
#define VN_CPUSET_DIR "cpuset.dir"

/** How a cpuset that forbids CPUs can be made to allow them. */
enum vn_cpuset_way {
    VN_CPUSET_FIXED,   /* not by vnuma: it is systemd's, or others' too */
    VN_CPUSET_WIDENED, /* nobody but the guest is in it */
    VN_CPUSET_APART,   /* shared; all of the guest is in it, and can have one of its own beside it */
};

/** vn_cpuset_way_of() - @dir: the guest's cpuset cgroup, with no leading slash; the cgroups above have the CPUs. */
VN_NODISCARD int vn_cpuset_way_of(const struct vn_cgroup_mounts *mounts, int pid, const char *dir,
                                  enum vn_cpuset_way *ret, struct vn_err *err);

/** vn_cpuset_threads() - how many threads of the process go by the cpuset of @dir, and how many by others. */
VN_NODISCARD int vn_cpuset_threads(const struct vn_cgroup_mounts *mounts, const char *dir, int pid, size_t *ret_in,
                                   size_t *ret_out, struct vn_err *err);

/** vn_cpuset_is_unit() - a cgroup that systemd made: its CPUs are its unit's AllowedCPUs. */
bool vn_cpuset_is_unit(const struct vn_cgroup_mounts *mounts, const char *dir);

/** vn_cpuset_apart() - where the guest's own cpuset would be, beside @dir; with no leading slash, PATH_MAX bytes. */
void vn_cpuset_apart(const char *dir, int pid, char *ret);

#endif
