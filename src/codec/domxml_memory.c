/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "codec/domxml_parts.h"

/* <numatune> and <memoryBacking>: where the guest's memory comes from. */

static int check_nodes(const struct vn_placement *placement, struct vn_err *err)
{
    if (!placement->n_cells)
        return VN_FAIL(err, VN_E_FORMAT, .cause = "a placement without cells", .got = placement->name);
    for (size_t i = 0; i < placement->n_cells; i++)
        if (placement->cells[i].node < 0 || placement->cells[i].node >= VN_NODE_MAX)
            return vn_failf(err, VN_E_FORMAT, NULL, "the placement has node %d for cell %u", placement->cells[i].node,
                            placement->cells[i].cell);
    return 0;
}

/*
 * The nodeset of <memory>. Strict: all the cells' nodes. Preferred: libvirt 9.0 hands it to
 * set_mempolicy(2), which prefers one node only; so cell 0's, and each memnode has its own.
 */
static void memory_nodes(const struct vn_placement *placement, struct vn_nodeset *ret)
{
    memset(ret, 0, sizeof *ret);
    for (size_t i = 0; i < placement->n_cells && !(i && placement->memory_preferred); i++)
        vn_nodeset_add(ret, (unsigned)placement->cells[i].node);
}

static int put_memory(xmlNode *numatune, const char *mode, const struct vn_nodeset *nodes)
{
    xmlNode *memory = vn_edit_child(numatune, "memory");

    if (!memory)
        return -VN_E_NOMEM;
    vn_edit_drop_attrs(memory); /* placement='auto' above all */
    if (vn_edit_attr(memory, "mode", mode) < 0)
        return -VN_E_NOMEM;
    return vn_edit_attr_nodes(memory, "nodeset", nodes);
}

static int put_memnodes(xmlNode *numatune, const char *mode, const struct vn_placement *placement)
{
    xmlNode *last = NULL;

    for (size_t i = 0; i < placement->n_cells; i++) {
        xmlNode *memnode = vn_edit_insert(numatune, last, "memnode");

        if (!memnode || vn_edit_attr_uint(memnode, "cellid", placement->cells[i].cell) < 0 ||
            vn_edit_attr(memnode, "mode", mode) < 0 ||
            vn_edit_attr_uint(memnode, "nodeset", (uint64_t)placement->cells[i].node) < 0)
            return -VN_E_NOMEM;
        last = memnode;
    }
    return 0;
}

int vn_place_numatune(xmlNode *root, const struct vn_placement *placement, bool has_cells, struct vn_err *err)
{
    const char *mode = vn_mem_mode_name(placement->memory_preferred ? VN_MEM_PREFERRED : VN_MEM_STRICT);
    struct vn_nodeset nodes;
    xmlNode *numatune;
    int r = check_nodes(placement, err);

    if (r < 0)
        return r;
    memory_nodes(placement, &nodes);
    numatune = vn_edit_child(root, "numatune");
    if (!numatune)
        return vn_nomem(err);
    vn_edit_remove_all(numatune, "memnode");
    r = put_memory(numatune, mode, &nodes);
    if (r == 0 && has_cells)
        r = put_memnodes(numatune, mode, placement);
    return r < 0 ? vn_nomem(err) : 0;
}

/* Are all the guest's pages of that size already? 1 stands for the host's default, which <hugepages/> says. */
static bool has_hugepages(const xmlNode *root, const struct vn_domain *domain, uint64_t kib)
{
    const xmlNode *page = vn_xml_path(root, "memoryBacking/hugepages/page");

    for (; page; page = vn_xml_next(page, "page"))
        if (vn_xml_attr(page, "nodeset")) /* some cells have another size */
            return false;
    return domain->hugepage_kib == kib;
}

int vn_place_hugepages(xmlNode *root, const struct vn_domain *domain, const struct vn_placement *placement,
                       struct vn_err *err)
{
    xmlNode *backing, *hugepages, *page;

    if (has_hugepages(root, domain, placement->hugepage_kib))
        return 0;
    if (!placement->hugepage_kib) { /* ordinary pages: the planner carries a domain's own huge pages over */
        backing = vn_xml_child(root, "memoryBacking");
        vn_edit_remove_all(backing, "hugepages");
        vn_edit_prune(backing);
        return 0;
    }
    backing = vn_edit_child(root, "memoryBacking");
    hugepages = backing ? vn_edit_child(backing, "hugepages") : NULL;
    if (!hugepages)
        return vn_nomem(err);
    vn_edit_remove_all(hugepages, "page");
    if (placement->hugepage_kib == 1)
        return 0;
    page = vn_edit_insert(hugepages, NULL, "page");
    if (!page || vn_edit_attr_uint(page, "size", placement->hugepage_kib) < 0 || vn_edit_attr(page, "unit", "KiB") < 0)
        return vn_nomem(err);
    return 0;
}

int vn_domxml_set_nodeset(const char *xml, size_t len, const struct vn_nodeset *nodes, struct vn_buf *ret_xml,
                          struct vn_err *err)
{
    VN_AUTO(vn_xml) tree = {0};
    xmlNode *numatune, *memory;
    int r = vn_xml_read(xml, len, VN_DOMXML_MAX, "domain", &tree, err);

    if (r < 0)
        return r;
    if (vn_nodeset_empty(nodes))
        return VN_FAIL(err, VN_E_USAGE, .cause = "memory on no node at all", .fix = "Name one node or more.");
    numatune = vn_edit_child(vn_xml_root(&tree), "numatune");
    if (!numatune)
        return vn_nomem(err);
    memory = vn_xml_child(numatune, "memory");
    if (!memory) {
        r = put_memory(numatune, vn_mem_mode_name(VN_MEM_STRICT), nodes); /* as libvirt does */
    } else {
        vn_edit_drop_attr(memory, "placement");
        r = vn_edit_attr_nodes(memory, "nodeset", nodes);
    }
    return r < 0 ? vn_nomem(err) : vn_xml_write(&tree, false, ret_xml, err);
}
