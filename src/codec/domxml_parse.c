/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vnuma/units.h>
#include "codec/domxml_parts.h"

static int read_names(const xmlNode *root, struct vn_arena *arena, struct vn_domain *domain, struct vn_err *err)
{
    const char *type = vn_xml_attr(root, "type");
    const xmlNode *name = vn_xml_child(root, "name"), *uuid = vn_xml_child(root, "uuid");

    if (!name)
        return vn_xml_bad(root, NULL, NULL, "a domain without <name>", NULL, err);
    domain->type = vn_arena_strdup(arena, type ? type : "");
    domain->name = vn_xml_text(arena, name);
    domain->uuid = uuid ? vn_xml_text(arena, uuid) : vn_arena_strdup(arena, "");
    if (!domain->type || !domain->name || !domain->uuid)
        return vn_nomem(err);
    if (!*domain->name)
        return vn_xml_bad(name, NULL, "", "an empty domain name", NULL, err);
    return 0;
}

/* <vcpu placement='static' cpuset='0-3' current='2'>4</vcpu>; absent, the guest has one. */
static int read_vcpu(const xmlNode *root, struct vn_arena *arena, struct vn_domain *domain, struct vn_err *err)
{
    const xmlNode *node = vn_xml_child(root, "vcpu");
    const char *placement = vn_xml_attr(node, "placement");
    uint64_t count;
    char *text;

    domain->vcpus_max = domain->vcpus = 1;
    if (!node)
        return 0;
    text = vn_xml_text(arena, node);
    if (!text)
        return vn_nomem(err);
    if (vn_uint_parse(text, VN_CPU_MAX, &count, NULL) < 0 || !count)
        return vn_xml_bad(node, NULL, text, "not a number of vCPUs", NULL, err);
    domain->vcpus_max = domain->vcpus = (unsigned)count;
    if (vn_xml_attr(node, "current")) {
        int r = vn_xml_uint(node, "current", domain->vcpus_max, &domain->vcpus, err);
        if (r < 0)
            return r;
        if (!domain->vcpus)
            return vn_xml_bad(node, "current", "0", "no vCPU is plugged", NULL, err);
    }
    if (placement && strcmp(placement, "static") && strcmp(placement, "auto"))
        return vn_xml_bad(node, "placement", placement, "an unknown placement", "Use 'static' or 'auto'.", err);
    domain->vcpu_auto = placement && !strcmp(placement, "auto");
    domain->has_vcpu_cpus = !domain->vcpu_auto && vn_xml_attr(node, "cpuset");
    return domain->has_vcpu_cpus ? vn_xml_cpuset(node, "cpuset", &domain->vcpu_cpus, err) : 0;
}

static int read_memory(const xmlNode *root, struct vn_arena *arena, struct vn_domain *domain, struct vn_err *err)
{
    const xmlNode *node = vn_xml_child(root, "memory");
    char *text;

    if (!node) { /* libvirt then adds up the cells */
        for (size_t i = 0; i < domain->n_cells; i++)
            domain->memory_kib += domain->cells[i].memory_kib;
        return 0;
    }
    text = vn_xml_text(arena, node);
    if (!text)
        return vn_nomem(err);
    return vn_xml_kib(node, NULL, text, vn_xml_attr(node, "unit"), &domain->memory_kib, err);
}

/* The page size without a nodeset is the guest's; where each names guest nodes, the first. */
static int read_hugepages(const xmlNode *root, struct vn_domain *domain, struct vn_err *err)
{
    const xmlNode *hugepages = vn_xml_path(root, "memoryBacking/hugepages");
    const xmlNode *page = vn_xml_child(hugepages, "page"), *chosen = page;
    const char *size;
    int r;

    domain->hugepage_kib = hugepages ? 1 : 0;
    for (; page; page = vn_xml_next(page, "page"))
        if (!vn_xml_attr(page, "nodeset"))
            chosen = page;
    if (!chosen)
        return 0;
    size = vn_xml_attr(chosen, "size");
    if (!size)
        return vn_xml_bad(chosen, "size", NULL, "a missing attribute", NULL, err);
    r = vn_xml_kib(chosen, "size", size, vn_xml_attr(chosen, "unit"), &domain->hugepage_kib, err);
    if (r == 0 && domain->hugepage_kib < 4)
        return vn_xml_bad(chosen, "size", size, "not a page size", NULL, err);
    return r;
}

static int compare_ids(const void *a, const void *b)
{
    const unsigned *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* libvirt fills up what <iothreads> promises beyond <iothreadids> with the lowest free ids. */
static int fill_iothreads(struct vn_arena *arena, struct vn_domain *domain, unsigned promised, struct vn_err *err)
{
    struct vn_cpuset used = {{0}}; /* only ids up to the number of IOThreads are given out: they fit */
    unsigned next = 1;

    for (size_t i = 0; i < domain->n_iothreads; i++)
        vn_cpuset_add(&used, domain->iothread_ids[i]);
    while (domain->n_iothreads < promised) {
        size_t count = domain->n_iothreads;
        unsigned *id = vn_arena_grow(arena, &domain->iothread_ids, &count, sizeof *id);
        if (!id)
            return vn_nomem(err);
        while (vn_cpuset_has(&used, next))
            next++;
        *id = next++;
        domain->n_iothreads = (unsigned)count;
    }
    if (domain->n_iothreads)
        qsort(domain->iothread_ids, domain->n_iothreads, sizeof *domain->iothread_ids, compare_ids);
    return 0;
}

static int read_iothreads(const xmlNode *root, struct vn_arena *arena, struct vn_domain *domain, struct vn_err *err)
{
    enum { IOTHREADS_MAX = 4096 };
    const xmlNode *node = vn_xml_child(root, "iothreads");
    const xmlNode *id_node = vn_xml_path(root, "iothreadids/iothread");
    uint64_t promised = 0;
    int r;

    if (node) {
        char *text = vn_xml_text(arena, node);
        if (!text)
            return vn_nomem(err);
        if (vn_uint_parse(text, IOTHREADS_MAX, &promised, NULL) < 0)
            return vn_xml_bad(node, NULL, text, "not a number of IOThreads", NULL, err);
    }
    for (; id_node; id_node = vn_xml_next(id_node, "iothread")) {
        size_t count = domain->n_iothreads;
        unsigned *id = vn_arena_grow(arena, &domain->iothread_ids, &count, sizeof *id);
        if (!id)
            return vn_nomem(err);
        r = vn_xml_uint(id_node, "id", INT32_MAX, id, err);
        if (r < 0)
            return r;
        for (size_t i = 0; i + 1 < count; i++)
            if (domain->iothread_ids[i] == *id)
                return vn_xml_bad(id_node, "id", vn_xml_attr(id_node, "id"), "an IOThread that is there twice", NULL,
                                  err);
        domain->n_iothreads = (unsigned)count;
        if (count > IOTHREADS_MAX)
            return vn_xml_bad(id_node, NULL, NULL, "too many IOThreads", NULL, err);
    }
    return fill_iothreads(arena, domain, (unsigned)promised, err);
}

int vn_domxml_read(const struct vn_xml *xml, struct vn_arena *arena, struct vn_domain *ret, struct vn_err *err)
{
    const xmlNode *root = vn_xml_root(xml);
    struct vn_domain domain = {0};
    int r = read_names(root, arena, &domain, err);

    if (r == 0)
        r = read_vcpu(root, arena, &domain, err);
    if (r == 0)
        r = vn_domxml_read_cpu(root, arena, &domain, err);
    if (r == 0)
        r = read_memory(root, arena, &domain, err);
    if (r == 0)
        r = read_iothreads(root, arena, &domain, err);
    if (r == 0)
        r = vn_domxml_read_cputune(root, arena, &domain, err);
    if (r == 0)
        r = vn_domxml_read_numatune(root, arena, &domain, err);
    if (r == 0)
        r = read_hugepages(root, &domain, err);
    if (r == 0)
        r = vn_domxml_read_devices(root, arena, &domain, err);
    if (r == 0)
        r = vn_domxml_read_policy(root, arena, &domain, err);
    if (r == 0)
        *ret = domain;
    return r;
}

int vn_domxml_open(const char *xml, size_t len, struct vn_xml *ret_tree, struct vn_arena *arena,
                   struct vn_domain *ret, struct vn_err *err)
{
    int r = vn_xml_read(xml, len, VN_DOMXML_MAX, "domain", ret_tree, err);

    return r < 0 ? r : vn_domxml_read(ret_tree, arena, ret, err);
}

int vn_domxml_parse(const char *xml, size_t len, struct vn_arena *arena, struct vn_domain *ret, struct vn_err *err)
{
    VN_AUTO(vn_xml) tree = {0};
    int r = vn_domxml_open(xml, len, &tree, arena, ret, err);

    return r < 0 ? vn_err_ctx(err, r, "cannot read the domain XML") : 0;
}
