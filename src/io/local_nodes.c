/* SPDX-License-Identifier: MIT */
#include <hwloc.h>
#include <hwloc/linux.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/files.h"
#include "io/local.h"

/*
 * hwloc gives a memory-only node the CPUs near it, for locality; which node a CPU belongs to is
 * in the kernel's cpumap. Without such a file (no NUMA in the kernel) hwloc's single node has all.
 */
static int node_cpus(const char *root, hwloc_topology_t topology, hwloc_obj_t obj, struct vn_cpuset *ret,
                     struct vn_err *err)
{
    char path[PATH_MAX];
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    int len, r;

    if (!cpus)
        return vn_nomem(err);
    len = snprintf(path, sizeof path, "%s/sys/devices/system/node/node%u/cpumap", root, obj->os_index);
    if (len < 0 || (size_t)len >= sizeof path || hwloc_linux_read_path_as_cpumask(path, cpus) < 0)
        r = hwloc_bitmap_copy(cpus, obj->cpuset);
    else
        r = hwloc_bitmap_and(cpus, cpus, hwloc_topology_get_topology_cpuset(topology));
    r = r < 0 ? vn_nomem(err) : vn_cpuset_from_hwloc(cpus, ret, err);
    hwloc_bitmap_free(cpus);
    return r;
}

static int by_id(const void *a, const void *b)
{
    const struct vn_node *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

static int read_nodes(const char *root, hwloc_topology_t topology, struct vn_arena *arena, struct vn_host *ret,
                      struct vn_err *err)
{
    int count = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_NUMANODE);
    int r;

    if (count <= 0 || count > VN_NODE_MAX)
        return vn_failf(err, VN_E_FORMAT, NULL, "hwloc found %d NUMA nodes", count);
    ret->nodes = vn_arena_array(arena, (size_t)count, sizeof *ret->nodes);
    if (!ret->nodes)
        return vn_nomem(err);
    for (int i = 0; i < count; i++) {
        hwloc_obj_t obj = hwloc_get_obj_by_type(topology, HWLOC_OBJ_NUMANODE, (unsigned)i);
        struct vn_node *node = &ret->nodes[i];

        node->id = obj->os_index < VN_NODE_MAX ? (int)obj->os_index : -1; /* vn_host_check() refuses -1 */
        node->memory_kib = obj->attr->numanode.local_memory / 1024;
        r = node_cpus(root, topology, obj, &node->cpus, err);
        if (r < 0)
            return r;
    }
    ret->n_nodes = (size_t)count;
    qsort(ret->nodes, ret->n_nodes, sizeof *ret->nodes, by_id);
    return 0;
}

/* hwloc's matrix into ours. False where it lacks a node of ours. */
static bool copy_matrix(const struct hwloc_distances_s *from, struct vn_host *ret)
{
    size_t n = ret->n_nodes, filled = 0;

    for (unsigned a = 0; a < from->nbobjs; a++) {
        int row = from->objs[a] ? vn_host_node_index(ret, (int)from->objs[a]->os_index) : -1;

        for (unsigned b = 0; row >= 0 && b < from->nbobjs; b++) {
            int column = from->objs[b] ? vn_host_node_index(ret, (int)from->objs[b]->os_index) : -1;
            uint64_t value = from->values[a * from->nbobjs + b];

            if (column < 0)
                continue;
            ret->distances[(size_t)row * n + (size_t)column] = value > UINT16_MAX ? UINT16_MAX : (uint16_t)value;
            filled++;
        }
    }
    return filled == n * n;
}

static bool distances_of_hwloc(hwloc_topology_t topology, struct vn_host *ret)
{
    struct hwloc_distances_s *found = NULL;
    unsigned count = 1;
    bool complete;

    if (hwloc_distances_get_by_name(topology, "NUMALatency", &count, &found, 0) < 0 || !count || !found)
        return false;
    complete = copy_matrix(found, ret);
    hwloc_distances_release(topology, found);
    return complete;
}

/* One line of numbers, in the order of the nodes. */
static bool parse_row(const char *text, size_t count, uint16_t *ret)
{
    for (size_t i = 0; i < count; i++) {
        char *end;
        unsigned long value = strtoul(text, &end, 10);

        if (end == text)
            return false;
        ret[i] = value > UINT16_MAX ? UINT16_MAX : (uint16_t)value;
        text = end;
    }
    return text[strspn(text, " \n")] == '\0';
}

/* hwloc drops a matrix that it finds odd; the kernel still goes by it. */
static bool distances_of_sysfs(const char *root, struct vn_host *ret)
{
    VN_AUTO(vn_buf) text = {0};

    for (size_t i = 0; i < ret->n_nodes; i++)
        if (vn_file_readf(root, &text, NULL, "sys/devices/system/node/node%d/distance", ret->nodes[i].id) < 0 ||
            !parse_row(text.ptr, ret->n_nodes, &ret->distances[i * ret->n_nodes]))
            return false;
    return true;
}

/* The firmware's table may hold nonsense; then it is as if there were none. */
static bool plausible(const struct vn_host *host)
{
    for (size_t i = 0; i < host->n_nodes * host->n_nodes; i++)
        if (host->distances[i] < 10)
            return false;
    return true;
}

int vn_local_nodes(const char *root, hwloc_topology_t topology, struct vn_arena *arena, struct vn_host *ret,
                   struct vn_err *err)
{
    int r = read_nodes(root, topology, arena, ret, err);

    if (r < 0)
        return r;
    ret->distances = vn_arena_array(arena, ret->n_nodes * ret->n_nodes, sizeof *ret->distances);
    if (!ret->distances)
        return vn_nomem(err);
    if (!distances_of_hwloc(topology, ret) && !distances_of_sysfs(root, ret))
        ret->distances = NULL;
    if (ret->distances && !plausible(ret))
        ret->distances = NULL;
    return 0;
}
