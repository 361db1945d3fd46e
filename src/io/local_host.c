/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "io/doors.h"
#include "io/files.h"
#include "io/local.h"

/* The CPU sets of every object of a type, as an array. */
static int read_sets(hwloc_topology_t topology, hwloc_obj_type_t type, struct vn_arena *arena, struct vn_cpuset **ret,
                     size_t *ret_count, struct vn_err *err)
{
    int count = hwloc_get_nbobjs_by_type(topology, type);
    int r;

    if (count <= 0)
        return 0;
    *ret = vn_arena_array(arena, (size_t)count, sizeof **ret);
    if (!*ret)
        return vn_nomem(err);
    for (int i = 0; i < count; i++) {
        r = vn_cpuset_from_hwloc(hwloc_get_obj_by_type(topology, type, (unsigned)i)->cpuset, &(*ret)[i], err);
        if (r < 0)
            return r;
    }
    *ret_count = (size_t)count;
    return 0;
}

/* A list of CPUs in sysfs; -VN_E_ABSENT without that file. */
static int read_list(const char *root, const char *rel, struct vn_cpuset *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    int r = vn_file_read(root, rel, VN_FILE_MAX, &text, err);

    if (r == 0)
        r = vn_err_ctx(err, vn_cpuset_parse(vn_text_trim(text.ptr), ret, err), "cannot read '%s/%s'", root, rel);
    return r;
}

/* Present and switched off. Old kernels do not say what is present: hwloc's complete set does. */
static int read_offline(const char *root, hwloc_topology_t topology, struct vn_host *ret, struct vn_err *err)
{
    struct vn_cpuset online;
    int r = read_list(root, "sys/devices/system/cpu/present", &ret->offline, err);

    if (r == -VN_E_ABSENT)
        r = vn_cpuset_from_hwloc(hwloc_topology_get_complete_cpuset(topology), &ret->offline, err);
    if (r < 0)
        return r;
    r = vn_cpuset_from_hwloc(hwloc_topology_get_topology_cpuset(topology), &online, err);
    if (r == 0)
        vn_cpuset_sub(&ret->offline, &online);
    return r;
}

static int read_isolated(const char *root, struct vn_host *ret, struct vn_err *err)
{
    int r = read_list(root, "sys/devices/system/cpu/isolated", &ret->isolated, err);

    return r == -VN_E_ABSENT ? 0 : r; /* kernels before 4.12 have no such file */
}

static int read_names(hwloc_topology_t topology, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err)
{
    static const char *const keys[] = {"HostName", "OSRelease", "Architecture"};
    char **const to[] = {&ret->hostname, &ret->kernel, &ret->arch};
    hwloc_obj_t machine = hwloc_get_root_obj(topology);

    for (size_t i = 0; i < VN_COUNT(keys); i++) {
        const char *value = hwloc_obj_get_info_by_name(machine, keys[i]);

        *to[i] = vn_arena_strdup(arena, value ? value : "");
        if (!*to[i])
            return vn_nomem(err);
    }
    return 0;
}

static int fill(const char *root, hwloc_topology_t topology, struct vn_arena *arena, struct vn_host *ret,
                struct vn_err *err)
{
    int r = read_names(topology, arena, ret, err);

    if (r == 0)
        r = vn_local_nodes(root, topology, arena, ret, err);
    if (r == 0)
        r = vn_local_hmat(root, arena, ret, err);
    if (r == 0)
        r = read_sets(topology, HWLOC_OBJ_CORE, arena, &ret->cores, &ret->n_cores, err);
    if (r == 0)
        r = read_sets(topology, HWLOC_OBJ_L3CACHE, arena, &ret->l3, &ret->n_l3, err);
    if (r == 0)
        r = read_offline(root, topology, ret, err);
    if (r == 0)
        r = read_isolated(root, ret, err);
    if (r == 0)
        r = vn_local_memory(root, arena, ret, err);
    if (r == 0)
        r = vn_local_devices(root, topology, arena, ret, err);
    if (r == 0)
        r = vn_local_settings(root, arena, ret, err);
    return r < 0 ? r : vn_host_check(ret, err);
}

int vn_local_host(const char *root, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err)
{
    hwloc_topology_t topology;
    struct vn_host host = {0};
    int r = vn_topology_load(root, &topology, err);

    if (r < 0)
        return r;
    r = fill(root, topology, arena, &host, err);
    hwloc_topology_destroy(topology);
    if (r < 0)
        return vn_err_ctx(err, r, "cannot read the topology of %s%s", root[0] ? "the machine under " : "this machine",
                          root);
    *ret = host;
    return 0;
}
