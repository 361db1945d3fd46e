/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "codec/domxml_parts.h"

/* <cpu>: the cells and the topology that the guest is to see. Its CPU model is not ours to change. */

bool vn_place_same_cells(const struct vn_domain *domain, const struct vn_placement *placement)
{
    if (!domain->n_cells)
        return placement->n_cells <= 1;
    if (domain->n_cells != placement->n_cells)
        return false;
    for (size_t i = 0; i < placement->n_cells; i++) {
        const struct vn_placed_cell *placed = &placement->cells[i];
        const struct vn_cell *cell = placed->cell < domain->n_cells ? &domain->cells[placed->cell] : NULL;

        if (!cell || cell->memory_kib != placed->memory_kib || !vn_cpuset_equal(&cell->vcpus, &placed->vcpus))
            return false;
    }
    return true;
}

static int check_cells(const struct vn_domain *domain, const struct vn_placement *placement, struct vn_err *err)
{
    struct vn_cpuset seen = {{0}};

    for (size_t i = 0; i < placement->n_cells; i++) {
        const struct vn_placed_cell *cell = &placement->cells[i];

        if (cell->cell != i)
            return vn_failf(err, VN_E_FORMAT, NULL, "the placement of '%s' has cell %u in place %zu", domain->name,
                            cell->cell, i);
        if (vn_cpuset_last(&cell->vcpus) >= (int)domain->vcpus_max)
            return vn_failf(err, VN_E_STALE, "Make a new plan.", "cell %zu has vCPU %d, but '%s' has %u vCPUs", i,
                            vn_cpuset_last(&cell->vcpus), domain->name, domain->vcpus_max);
        if (vn_cpuset_intersects(&cell->vcpus, &seen))
            return vn_failf(err, VN_E_FORMAT, NULL, "the placement of '%s' has a vCPU in two cells", domain->name);
        vn_cpuset_or(&seen, &cell->vcpus);
    }
    return 0;
}

static int fill_cell(xmlNode *node, const struct vn_placed_cell *cell)
{
    int r = vn_edit_attr_uint(node, "id", cell->cell);

    if (vn_cpuset_empty(&cell->vcpus))
        vn_edit_drop_attr(node, "cpus");
    else if (r == 0)
        r = vn_edit_attr_cpus(node, "cpus", &cell->vcpus);
    if (r == 0)
        r = vn_edit_attr_uint(node, "memory", cell->memory_kib);
    return r < 0 ? r : vn_edit_attr(node, "unit", "KiB");
}

/* What a cell says besides its size (memAccess, discard) holds for a new cell too. */
static int copy_attrs(xmlNode *to, const xmlNode *from)
{
    for (const xmlAttr *attr = from ? from->properties : NULL; attr; attr = attr->next) {
        const char *name = (const char *)attr->name;
        if (!attr->ns && vn_edit_attr(to, name, vn_xml_attr(from, name)) < 0)
            return -VN_E_NOMEM;
    }
    return 0;
}

/* The cells that are there are changed in their order; distances and latencies were of the old ones. */
static int write_cells(xmlNode *numa, const struct vn_placement *placement)
{
    xmlNode *at = vn_xml_child(numa, "cell"), *first = at, *last = NULL;

    vn_edit_remove_all(numa, "interconnects");
    for (size_t i = 0; i < placement->n_cells; i++) {
        xmlNode *cell = at ? at : vn_edit_insert(numa, last, "cell");

        if (!cell || (!at && copy_attrs(cell, first) < 0) || fill_cell(cell, &placement->cells[i]) < 0)
            return -VN_E_NOMEM;
        vn_edit_remove_all(cell, "distances");
        at = vn_xml_next(cell, "cell");
        last = cell;
    }
    while (at) {
        xmlNode *next = vn_xml_next(at, "cell");
        vn_edit_remove(at);
        at = next;
    }
    return 0;
}

int vn_place_cells(xmlNode *root, const struct vn_domain *domain, const struct vn_placement *placement,
                   struct vn_err *err)
{
    xmlNode *cpu, *numa;
    int r;

    if (vn_place_same_cells(domain, placement)) {
        numa = vn_xml_path(root, "cpu/numa");
        return numa && vn_place_distances(numa, placement) < 0 ? vn_nomem(err) : 0;
    }
    r = check_cells(domain, placement, err);
    if (r < 0)
        return r;
    cpu = vn_edit_child(root, "cpu");
    numa = cpu ? vn_edit_child(cpu, "numa") : NULL;
    if (!numa || write_cells(numa, placement) < 0 || vn_place_distances(numa, placement) < 0)
        return vn_nomem(err);
    return 0;
}

int vn_place_topology(xmlNode *root, const struct vn_domain *domain, const struct vn_guest_topology *topology,
                      struct vn_err *err)
{
    unsigned dies = topology->dies ? topology->dies : 1;
    xmlNode *cpu, *node;
    uint64_t product;

    if (!topology->sockets && !topology->cores && !topology->threads)
        return 0;
    product = (uint64_t)topology->sockets * dies;
    if (product > VN_CPU_MAX || (product *= topology->cores) > VN_CPU_MAX ||
        (product *= topology->threads) != domain->vcpus_max)
        return vn_failf(err, VN_E_FORMAT, "Their product must be the number of vCPUs.",
                        "a topology of %u sockets, %u dies, %u cores and %u threads does not suit the %u vCPUs of '%s'",
                        topology->sockets, dies, topology->cores, topology->threads, domain->vcpus_max, domain->name);
    cpu = vn_edit_child(root, "cpu");
    node = cpu ? vn_edit_child(cpu, "topology") : NULL;
    if (!node)
        return vn_nomem(err);
    vn_edit_drop_attr(node, "clusters"); /* they would multiply the product */
    if (vn_edit_attr_uint(node, "sockets", topology->sockets) < 0 || vn_edit_attr_uint(node, "dies", dies) < 0 ||
        vn_edit_attr_uint(node, "cores", topology->cores) < 0 ||
        vn_edit_attr_uint(node, "threads", topology->threads) < 0)
        return vn_nomem(err);
    return 0;
}
