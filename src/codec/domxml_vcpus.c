/* SPDX-License-Identifier: MIT */
/* The number of vCPUs: those at start and those that are possible. */
#include <stdio.h>
#include <string.h>

#include "codec/domxml_parts.h"

/* CPUs of one socket, by every level that the XML names. */
static unsigned per_socket(const xmlNode *topology)
{
    static const char *const levels[] = {"dies", "clusters", "cores", "threads"};
    unsigned product = 1;

    for (size_t i = 0; i < VN_COUNT(levels); i++) {
        unsigned number = 1;

        if (vn_xml_attr(topology, levels[i]) && vn_xml_uint(topology, levels[i], VN_CPU_MAX, &number, NULL) == 0)
            product *= number ? number : 1;
    }
    return product;
}

static int set_topology(xmlNode *root, const char *name, unsigned max, struct vn_err *err)
{
    xmlNode *topology = vn_xml_path(root, "cpu/topology");
    unsigned each;

    if (!topology)
        return 0;
    each = per_socket(topology);
    if (max % each)
        return vn_failf(err, VN_E_REFUSED, "Choose a multiple, or change the topology first. Nothing was changed.",
                        "the topology of '%s' has sockets of %u vCPUs, which %u is no multiple of", name, each, max);
    return vn_edit_attr_uint(topology, "sockets", max / each) < 0 ? vn_nomem(err) : 0;
}

/* New vCPUs go to the cells in blocks, as equal as can be, the first cells first; vCPUs that go are taken out. */
static void deal(const struct vn_domain *domain, unsigned max, size_t cell, struct vn_cpuset *ret)
{
    unsigned added = max > domain->vcpus_max ? max - domain->vcpus_max : 0, n = (unsigned)domain->n_cells;
    unsigned at = (unsigned)cell, from = domain->vcpus_max + at * (added / n) + (at < added % n ? at : added % n);
    unsigned count = added / n + (at < added % n);
    struct vn_cpuset kept = {{0}};

    vn_cpuset_add_range(&kept, 0, max - 1);
    *ret = domain->cells[cell].vcpus;
    vn_cpuset_and(ret, &kept);
    if (count)
        vn_cpuset_add_range(ret, from, from + count - 1);
}

static int set_cells(xmlNode *root, const struct vn_domain *domain, unsigned max, struct vn_err *err)
{
    unsigned position = 0;

    for (xmlNode *at = vn_xml_child(vn_xml_path(root, "cpu/numa"), "cell"); at; at = vn_xml_next(at, "cell")) {
        struct vn_cpuset vcpus;
        unsigned id = position++;

        if (vn_xml_attr(at, "id") && vn_xml_uint(at, "id", VN_NODE_MAX - 1, &id, err) < 0)
            return -VN_E_FORMAT;
        if (vn_cpuset_empty(&domain->cells[id].vcpus)) /* memory only */
            continue;
        deal(domain, max, id, &vcpus);
        if (vn_cpuset_empty(&vcpus))
            return vn_failf(err, VN_E_REFUSED, "Keep more vCPUs, or give the guest fewer cells. Nothing was changed.",
                            "cell %u of '%s' would have no vCPU left", id, domain->name);
        if (vn_edit_attr_cpus(at, "cpus", &vcpus) < 0)
            return vn_nomem(err);
    }
    return 0;
}

static void drop_pins(xmlNode *root, unsigned max)
{
    xmlNode *cputune = vn_xml_child(root, "cputune"), *at = vn_xml_child(cputune, "vcpupin"), *next;
    unsigned vcpu;

    for (; at; at = next) {
        next = vn_xml_next(at, "vcpupin");
        if (vn_xml_uint(at, "vcpu", VN_CPU_MAX - 1, &vcpu, NULL) == 0 && vcpu >= max)
            vn_edit_remove(at);
    }
    vn_edit_prune(cputune);
}

static int set_numbers(xmlNode *root, unsigned current, unsigned max, struct vn_err *err)
{
    xmlNode *vcpu = vn_edit_child(root, "vcpu");
    char text[16];

    if (!vcpu)
        return vn_nomem(err);
    (void)snprintf(text, sizeof text, "%u", max);
    xmlNodeSetContent(vcpu, (const xmlChar *)text);
    if (current == max)
        vn_edit_drop_attr(vcpu, "current");
    else if (vn_edit_attr_uint(vcpu, "current", current) < 0)
        return vn_nomem(err);
    vn_edit_remove_all(root, "vcpus");
    return 0;
}

static int edit(xmlNode *root, const struct vn_domain *domain, unsigned current, unsigned max, struct vn_err *err)
{
    int r = 0;

    if (!max)
        max = domain->vcpus_max;
    if (!current)
        current = domain->vcpus < max ? domain->vcpus : max;
    if (max > VN_CPU_MAX || current > max)
        return vn_failf(err, VN_E_USAGE, "Raise the maximum with --max; it holds from the next start.",
                        "'%s' can have at most %u vCPU%s, not %u", domain->name,
                        max < VN_CPU_MAX ? max : VN_CPU_MAX, max == 1 ? "" : "s", max > VN_CPU_MAX ? max : current);
    if (max != domain->vcpus_max) {
        r = set_topology(root, domain->name, max, err);
        if (r == 0)
            r = set_cells(root, domain, max, err);
        drop_pins(root, max);
    }
    if (r < 0 || (max == domain->vcpus_max && current == domain->vcpus))
        return r;
    return set_numbers(root, current, max, err);
}

int vn_domxml_set_vcpus(const char *xml, size_t len, unsigned current, unsigned max, struct vn_buf *ret_xml,
                        struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    VN_AUTO(vn_xml) tree = {0};
    struct vn_domain domain;
    int r = vn_domxml_open(xml, len, &tree, &arena, &domain, err);

    if (r == 0)
        r = edit(vn_xml_root(&tree), &domain, current, max, err);
    return r < 0 ? r : vn_xml_write(&tree, false, ret_xml, err);
}
