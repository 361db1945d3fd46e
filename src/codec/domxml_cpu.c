/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "codec/domxml_parts.h"

/* <cpu>: the topology and the NUMA cells that the guest sees. */

int vn_domxml_read_topology(const xmlNode *node, struct vn_guest_topology *topology, struct vn_err *err)
{
    unsigned clusters = 1;
    int r = vn_xml_uint(node, "sockets", VN_CPU_MAX, &topology->sockets, err);

    topology->dies = 1;
    if (r == 0 && vn_xml_attr(node, "dies"))
        r = vn_xml_uint(node, "dies", VN_CPU_MAX, &topology->dies, err);
    if (r == 0 && vn_xml_attr(node, "clusters"))
        r = vn_xml_uint(node, "clusters", VN_CPU_MAX, &clusters, err);
    if (r == 0)
        r = vn_xml_uint(node, "cores", VN_CPU_MAX, &topology->cores, err);
    if (r == 0)
        r = vn_xml_uint(node, "threads", VN_CPU_MAX, &topology->threads, err);
    if (r < 0)
        return r;
    if (!topology->sockets || !topology->dies || !clusters || !topology->cores || !topology->threads)
        return vn_xml_bad(node, NULL, "0", "a topology with a part of 0", NULL, err);
    topology->cores *= clusters; /* both at most 8192 */
    return 0;
}

static int check_vcpus(const xmlNode *node, const struct vn_domain *domain, const struct vn_cell *cell,
                       struct vn_cpuset *seen, struct vn_err *err)
{
    const char *text = vn_xml_attr(node, "cpus");

    if (vn_cpuset_intersects(&cell->vcpus, seen))
        return vn_xml_bad(node, "cpus", text, "a vCPU in two cells", NULL, err);
    if (vn_cpuset_last(&cell->vcpus) >= (int)domain->vcpus_max)
        return vn_xml_bad(node, "cpus", text, "a vCPU that the guest does not have", NULL, err);
    vn_cpuset_or(seen, &cell->vcpus);
    return 0;
}

/* A cell without an id has its position; a cell without cpus has memory only. */
static int read_cell(const xmlNode *node, unsigned position, struct vn_cell *ret, struct vn_err *err)
{
    const char *memory = vn_xml_attr(node, "memory");
    int r = 0;

    ret->id = position;
    if (vn_xml_attr(node, "id"))
        r = vn_xml_uint(node, "id", VN_NODE_MAX - 1, &ret->id, err);
    if (r == 0 && vn_xml_attr(node, "cpus"))
        r = vn_xml_cpuset(node, "cpus", &ret->vcpus, err);
    if (r < 0)
        return r;
    if (!memory)
        return vn_xml_bad(node, "memory", NULL, "a missing attribute", NULL, err);
    return vn_xml_kib(node, "memory", memory, vn_xml_attr(node, "unit"), &ret->memory_kib, err);
}

static int read_cells(const xmlNode *numa, struct vn_arena *arena, struct vn_domain *domain, struct vn_err *err)
{
    struct vn_nodeset ids = {{0}};
    struct vn_cpuset seen = {{0}};
    unsigned count = 0, position = 0;
    int r;

    for (const xmlNode *at = vn_xml_child(numa, "cell"); at; at = vn_xml_next(at, "cell"))
        count++;
    if (count > VN_NODE_MAX)
        return vn_xml_bad(numa, NULL, NULL, "too many cells", NULL, err);
    domain->cells = vn_arena_array(arena, count, sizeof *domain->cells);
    if (!domain->cells)
        return vn_nomem(err);
    domain->n_cells = count;
    for (const xmlNode *at = vn_xml_child(numa, "cell"); at; at = vn_xml_next(at, "cell"), position++) {
        struct vn_cell cell = {0};

        r = read_cell(at, position, &cell, err);
        if (r == 0)
            r = check_vcpus(at, domain, &cell, &seen, err);
        if (r < 0)
            return r;
        if (cell.id >= count || vn_nodeset_has(&ids, cell.id))
            return vn_xml_bad(at, "id", vn_xml_attr(at, "id"), "cell ids that are not 0, 1, 2 ..., each once", NULL,
                              err);
        vn_nodeset_add(&ids, cell.id);
        domain->cells[cell.id] = cell;
    }
    return 0;
}

int vn_domxml_read_cpu(const xmlNode *root, struct vn_arena *arena, struct vn_domain *domain, struct vn_err *err)
{
    const xmlNode *topology = vn_xml_path(root, "cpu/topology"), *numa = vn_xml_path(root, "cpu/numa");
    int r = topology ? vn_domxml_read_topology(topology, &domain->topology, err) : 0;

    if (r == 0 && vn_xml_child(numa, "cell"))
        r = read_cells(numa, arena, domain, err);
    return r;
}
