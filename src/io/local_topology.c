/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/local.h"

/* hwloc's own switches, set while a topology is loaded. */
struct env_switch {
    const char *name, *value; /* value NULL: unset */
    char *before;
};

/* Sets them all; what was there is kept for env_restore(). */
static int env_set(struct env_switch *switches, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *before = getenv(switches[i].name);

        switches[i].before = before ? strdup(before) : NULL;
        if (before && !switches[i].before)
            return -VN_E_NOMEM;
        if ((switches[i].value ? setenv(switches[i].name, switches[i].value, 1) : unsetenv(switches[i].name)) < 0)
            return -VN_E_NOMEM;
    }
    return 0;
}

static void env_restore(struct env_switch *switches, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (switches[i].before)
            (void)setenv(switches[i].name, switches[i].before, 1);
        else
            (void)unsetenv(switches[i].name);
        free(switches[i].before);
    }
}

static int set_filters(hwloc_topology_t topology)
{
    static const hwloc_obj_type_t whole[] = {HWLOC_OBJ_NUMANODE, HWLOC_OBJ_CORE, HWLOC_OBJ_L3CACHE};

    if (hwloc_topology_set_all_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_NONE) < 0)
        return -1;
    for (size_t i = 0; i < VN_COUNT(whole); i++)
        if (hwloc_topology_set_type_filter(topology, whole[i], HWLOC_TYPE_FILTER_KEEP_ALL) < 0)
            return -1;
    if (hwloc_topology_set_type_filter(topology, HWLOC_OBJ_PCI_DEVICE, HWLOC_TYPE_FILTER_KEEP_IMPORTANT) < 0)
        return -1;
    return hwloc_topology_set_type_filter(topology, HWLOC_OBJ_OS_DEVICE, HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
}

/*
 * x86 would bind this thread to each CPU in turn, those of pinned guests included, only to learn
 * what Linux says anyway; the others start vendors' run-time libraries.
 */
static void leave_out(hwloc_topology_t topology)
{
    static const char *const components[] = {"x86", "gl", "cuda", "nvml", "opencl", "rsmi", "levelzero"};

    for (size_t i = 0; i < VN_COUNT(components); i++) /* one that hwloc was built without fails, which is as good */
        (void)hwloc_topology_set_components(topology, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, components[i]);
}

static int load(hwloc_topology_t *ret)
{
    unsigned long flags = HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED | HWLOC_TOPOLOGY_FLAG_NO_MEMATTRS |
                          HWLOC_TOPOLOGY_FLAG_NO_CPUKINDS;

    if (hwloc_topology_init(ret) < 0)
        return -1;
    leave_out(*ret);
    if (hwloc_topology_set_flags(*ret, flags) == 0 && set_filters(*ret) == 0 && hwloc_topology_load(*ret) == 0)
        return 0;
    hwloc_topology_destroy(*ret);
    return -1;
}

int vn_topology_load(const char *root, hwloc_topology_t *ret, struct vn_err *err)
{
    struct env_switch tree[] = {
        {"HWLOC_HIDE_ERRORS", "2", NULL},          {"HWLOC_FSROOT", root, NULL},    {"HWLOC_THISSYSTEM", "0", NULL},
        {"HWLOC_COMPONENTS", "linux,stop", NULL}, {"HWLOC_XMLFILE", NULL, NULL},   {"HWLOC_SYNTHETIC", NULL, NULL},
    };
    size_t count = root[0] ? VN_COUNT(tree) : 1; /* only the first is for the machine itself */
    int saved, r = env_set(tree, count);

    if (r == 0)
        r = load(ret) < 0 ? -VN_E_ENV : 0;
    saved = errno;
    env_restore(tree, count);
    if (r == -VN_E_NOMEM)
        return vn_nomem(err);
    if (r < 0)
        return VN_FAIL(err, VN_E_ENV, .where = root[0] ? root : "/sys", .got = strerror(saved),
                       .cause = "hwloc cannot discover the topology",
                       .fix = root[0] ? "Name the folder that holds 'sys' and 'proc'." : "Is /sys mounted?");
    if (!root[0] && !hwloc_topology_is_thissystem(*ret)) {
        hwloc_topology_destroy(*ret);
        return VN_FAIL(err, VN_E_ENV, .cause = "hwloc was told to show another machine than this one",
                       .fix = "Unset HWLOC_XMLFILE, HWLOC_SYNTHETIC, HWLOC_FSROOT and HWLOC_THISSYSTEM.");
    }
    return 0;
}

int vn_cpuset_from_hwloc(hwloc_const_bitmap_t from, struct vn_cpuset *ret, struct vn_err *err)
{
    int last = hwloc_bitmap_last(from);

    memset(ret, 0, sizeof *ret);
    if (hwloc_bitmap_iszero(from))
        return 0;
    if (last < 0 || last >= VN_CPU_MAX)
        return vn_failf(err, VN_E_RANGE, "Report it: no kernel was known to have as many.",
                        "CPU %d is outside 0-%d", last, VN_CPU_MAX - 1);
    for (int cpu = hwloc_bitmap_first(from); cpu >= 0; cpu = hwloc_bitmap_next(from, cpu))
        vn_cpuset_add(ret, (unsigned)cpu);
    return 0;
}
