/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include "codec/domxml_parts.h"

static int place(struct vn_xml *tree, const struct vn_domain *domain, const struct vn_placement *placement,
                 struct vn_err *err)
{
    xmlNode *root = vn_xml_root(tree);
    int r = vn_place_pins(root, domain, placement, err);

    if (r == 0)
        r = vn_place_numatune(root, placement, domain->n_cells || placement->n_cells > 1, err);
    if (r == 0)
        r = vn_place_cells(root, domain, placement, err);
    if (r == 0)
        r = vn_place_topology(root, domain, &placement->topology, err);
    if (r == 0)
        r = vn_place_hugepages(root, domain, placement, err);
    return r;
}

/* Over save and restore the guest must find the machine it knows: its cells stay. */
static int replace(struct vn_xml *tree, const struct vn_domain *domain, const struct vn_placement *placement,
                   struct vn_err *err)
{
    xmlNode *root = vn_xml_root(tree);
    int r;

    if (!vn_place_same_cells(domain, placement))
        return vn_failf(err, VN_E_REFUSED, "Put the placement into the stored configuration, for the next start.",
                        "'%s' cannot get other NUMA cells while it is saved and restored", domain->name);
    r = vn_place_pins(root, domain, placement, err);
    return r < 0 ? r : vn_place_numatune(root, placement, domain->n_cells > 0, err);
}

typedef int edit_fn(struct vn_xml *tree, const struct vn_domain *domain, const struct vn_placement *placement,
                    struct vn_err *err);

static int edit(const char *xml, size_t len, edit_fn *fn, const struct vn_placement *placement,
                struct vn_buf *ret_xml, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    VN_AUTO(vn_xml) tree = {0};
    struct vn_domain domain;
    int r = vn_domxml_open(xml, len, &tree, &arena, &domain, err);

    if (r == 0)
        r = fn(&tree, &domain, placement, err);
    if (r == 0)
        r = vn_xml_write(&tree, false, ret_xml, err);
    return r < 0 ? vn_err_ctx(err, r, "cannot put the placement into the domain XML") : 0;
}

int vn_domxml_place(const char *xml, size_t len, const struct vn_placement *placement, struct vn_buf *ret_xml,
                    struct vn_err *err)
{
    return edit(xml, len, place, placement, ret_xml, err);
}

int vn_domxml_replace(const char *xml, size_t len, const struct vn_placement *placement, struct vn_buf *ret_xml,
                      struct vn_err *err)
{
    return edit(xml, len, replace, placement, ret_xml, err);
}

int vn_domxml_canonical(const char *xml, size_t len, struct vn_buf *ret_xml, struct vn_err *err)
{
    VN_AUTO(vn_xml) tree = {0};
    int r = vn_xml_read(xml, len, VN_DOMXML_MAX, "domain", &tree, err);

    return r < 0 ? r : vn_xml_write(&tree, true, ret_xml, err);
}

/* What libvirt takes as a name: no slash, no line break, more than blanks. */
static int check_name(const char *name, struct vn_err *err)
{
    bool blank = true;

    if (!xmlCheckUTF8((const xmlChar *)name))
        return VN_FAIL(err, VN_E_USAGE, .cause = "a name for a VM that is not UTF-8", .got = name);
    for (const char *at = name; *at; at++) {
        if (*at == '/' || (unsigned char)*at < ' ')
            return VN_FAIL(err, VN_E_USAGE, .cause = "not a name for a VM", .got = name,
                           .fix = "Use a name without slashes and control characters.");
        blank = blank && isspace((unsigned char)*at);
    }
    if (blank)
        return VN_FAIL(err, VN_E_USAGE, .cause = "an empty name for a VM", .fix = "Give it a name.");
    return 0;
}

int vn_domxml_new(const char *name, unsigned vcpus, uint64_t memory_kib, struct vn_buf *ret_xml, struct vn_err *err)
{
    VN_AUTO(vn_xml) tree = {0};
    VN_AUTO(vn_buf) text = {0};
    int r = check_name(name, err);

    if (r < 0)
        return r;
    if (!vcpus || vcpus > VN_CPU_MAX || !memory_kib)
        return VN_FAIL(err, VN_E_USAGE, .cause = "a VM without vCPUs or memory, or with too many vCPUs", .got = name);
    vn_buf_str(&text, "<domain type='kvm'><name/>");
    vn_buf_fmt(&text, "<memory unit='KiB'>%" PRIu64 "</memory><vcpu placement='static'>%u</vcpu>", memory_kib, vcpus);
    vn_buf_str(&text, "<os><type>hvm</type></os><features><acpi/><apic/></features>"
                      "<devices><memballoon model='virtio'/></devices></domain>");
    if (text.failed)
        return vn_nomem(err);
    r = vn_xml_read(text.ptr, text.len, VN_DOMXML_MAX, "domain", &tree, err);
    if (r < 0)
        return r;
    xmlNodeAddContent(vn_xml_child(vn_xml_root(&tree), "name"), (const xmlChar *)name);
    return vn_xml_write(&tree, true, ret_xml, err);
}
