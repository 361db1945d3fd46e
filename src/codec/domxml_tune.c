/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "codec/domxml_parts.h"

/* <cputune> and <numatune>. */

static int compare_pins(const void *a, const void *b)
{
    const struct vn_pin *x = a, *y = b;

    return x->id < y->id ? -1 : x->id > y->id;
}

static size_t count_children(const xmlNode *parent, const char *name)
{
    size_t count = 0;

    for (const xmlNode *at = vn_xml_child(parent, name); at; at = vn_xml_next(at, name))
        count++;
    return count;
}

/* Every <name id_attr='N' cpuset='...'/> of <cputune>, by ascending id. */
static int read_pins(const xmlNode *cputune, const char *name, const char *id_attr, unsigned id_max,
                     struct vn_arena *arena, struct vn_pin **ret, size_t *ret_count, struct vn_err *err)
{
    size_t count = count_children(cputune, name), i = 0;
    struct vn_pin *pins;
    int r;

    if (!count)
        return 0;
    if (count > VN_CPU_MAX)
        return vn_xml_bad(cputune, name, NULL, "too many pins", NULL, err);
    pins = vn_arena_array(arena, count, sizeof *pins);
    if (!pins)
        return vn_nomem(err);
    for (const xmlNode *at = vn_xml_child(cputune, name); at; at = vn_xml_next(at, name), i++) {
        r = vn_xml_uint(at, id_attr, id_max, &pins[i].id, err);
        if (r == 0)
            r = vn_xml_cpuset(at, "cpuset", &pins[i].cpus, err);
        if (r < 0)
            return r;
    }
    qsort(pins, count, sizeof *pins, compare_pins);
    for (i = 1; i < count; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "%u", pins[i].id);
        if (pins[i].id == pins[i - 1].id)
            return vn_xml_bad(cputune, name, id, "two pins for one thread", "Keep one of them.", err);
    }
    *ret = pins;
    *ret_count = count;
    return 0;
}

int vn_domxml_read_cputune(const xmlNode *root, struct vn_arena *arena, struct vn_domain *domain, struct vn_err *err)
{
    const xmlNode *cputune = vn_xml_child(root, "cputune");
    const xmlNode *emulator = vn_xml_child(cputune, "emulatorpin");
    int r = read_pins(cputune, "vcpupin", "vcpu", VN_CPU_MAX - 1, arena, &domain->vcpupins, &domain->n_vcpupins, err);

    if (r == 0)
        r = read_pins(cputune, "iothreadpin", "iothread", INT32_MAX, arena, &domain->iothreadpins,
                      &domain->n_iothreadpins, err);
    if (r < 0 || !emulator)
        return r;
    domain->has_emulatorpin = true;
    return vn_xml_cpuset(emulator, "cpuset", &domain->emulatorpin, err);
}

/* The mode attribute; libvirt's default is strict. */
static int read_mode(const xmlNode *node, enum vn_mem_mode *ret, struct vn_err *err)
{
    const char *text = vn_xml_attr(node, "mode");
    int mode = text ? vn_mem_mode_parse(text) : VN_MEM_STRICT;

    if (mode < 0 || mode == VN_MEM_DEFAULT)
        return vn_xml_bad(node, "mode", text, "an unknown memory mode",
                          "Use 'strict', 'preferred', 'interleave' or 'restrictive'.", err);
    *ret = (enum vn_mem_mode)mode;
    return 0;
}

static int read_memory(const xmlNode *node, struct vn_domain *domain, struct vn_err *err)
{
    const char *placement = vn_xml_attr(node, "placement");
    int r = read_mode(node, &domain->mem_mode, err);

    if (r < 0)
        return r;
    if (placement && strcmp(placement, "static") && strcmp(placement, "auto"))
        return vn_xml_bad(node, "placement", placement, "an unknown placement", "Use 'static' or 'auto'.", err);
    domain->mem_auto = placement && !strcmp(placement, "auto");
    if (domain->mem_auto || !vn_xml_attr(node, "nodeset"))
        return 0;
    return vn_xml_nodeset(node, "nodeset", &domain->mem_nodes, err);
}

static int read_memnode(const xmlNode *node, struct vn_domain *domain, struct vn_memnode *ret, struct vn_err *err)
{
    struct vn_memnode item = {0};
    int r = vn_xml_uint(node, "cellid", VN_NODE_MAX - 1, &item.cell, err);

    if (r == 0)
        r = read_mode(node, &item.mode, err);
    if (r == 0)
        r = vn_xml_nodeset(node, "nodeset", &item.nodes, err);
    if (r < 0)
        return r;
    if (vn_domain_memnode(domain, item.cell))
        return vn_xml_bad(node, "cellid", vn_xml_attr(node, "cellid"), "two memnodes for one cell",
                          "Keep one of them.", err);
    if (item.cell >= domain->n_cells)
        return vn_xml_bad(node, "cellid", vn_xml_attr(node, "cellid"), "a memnode for a cell the guest does not have",
                          "Add the cell to <cpu><numa>, or remove the memnode.", err);
    *ret = item;
    return 0;
}

int vn_domxml_read_numatune(const xmlNode *root, struct vn_arena *arena, struct vn_domain *domain, struct vn_err *err)
{
    const xmlNode *numatune = vn_xml_child(root, "numatune");
    const xmlNode *memory = vn_xml_child(numatune, "memory"), *at = vn_xml_child(numatune, "memnode");
    int r;

    domain->has_numatune = memory || at;
    if (memory) {
        r = read_memory(memory, domain, err);
        if (r < 0)
            return r;
    }
    for (; at; at = vn_xml_next(at, "memnode")) {
        struct vn_memnode item, *place;

        r = read_memnode(at, domain, &item, err);
        if (r < 0)
            return r;
        place = vn_arena_grow(arena, &domain->memnodes, &domain->n_memnodes, sizeof *place);
        if (!place)
            return vn_nomem(err);
        *place = item;
    }
    return 0;
}
