/* SPDX-License-Identifier: MIT */
/* <numatune> changed by hand. */
#include <string.h>

#include "codec/domxml_parts.h"

/* What <numatune> is to say; cells without a memnode have no nodes. */
struct numatune {
    enum vn_mem_mode mode;
    struct vn_nodeset nodes;
    struct vn_memnode *cells; /* by cell number, one for each cell of the guest */
    size_t n_cells, n_bound;
};

static int read_now(const struct vn_domain *domain, struct vn_arena *arena, struct numatune *ret, struct vn_err *err)
{
    ret->mode = domain->has_numatune && domain->mem_mode != VN_MEM_DEFAULT ? domain->mem_mode : VN_MEM_STRICT;
    ret->nodes = domain->mem_nodes;
    ret->n_cells = domain->n_cells;
    ret->cells = vn_arena_array(arena, domain->n_cells, sizeof *ret->cells);
    if (!ret->cells)
        return vn_nomem(err);
    for (size_t i = 0; i < domain->n_memnodes; i++)
        ret->cells[domain->memnodes[i].cell] = domain->memnodes[i];
    return 0;
}

static int take_cells(const struct vn_domain *domain, const struct vn_numatune_edit *edit, struct numatune *next,
                      struct vn_err *err)
{
    for (size_t i = 0; i < edit->n_cells; i++) {
        if (edit->cells[i].cell >= next->n_cells)
            return next->n_cells
                       ? vn_failf(err, VN_E_USAGE, NULL, "'%s' has no cell %u; its cells are 0 to %zu", domain->name,
                                  edit->cells[i].cell, next->n_cells - 1)
                       : vn_failf(err, VN_E_USAGE, "Name the nodes of the whole guest.", "'%s' has no cells",
                                  domain->name);
        next->cells[edit->cells[i].cell].nodes = edit->cells[i].nodes;
    }
    return 0;
}

/* All nodes that any cell is bound to. */
static struct vn_nodeset of_cells(struct numatune *next)
{
    struct vn_nodeset all = {{0}};

    for (size_t i = 0; i < next->n_cells; i++) {
        vn_nodeset_or(&all, &next->cells[i].nodes);
        next->n_bound += !vn_nodeset_empty(&next->cells[i].nodes);
    }
    return all;
}

static int settle(const struct vn_domain *domain, const struct vn_numatune_edit *edit, struct numatune *next,
                  struct vn_err *err)
{
    struct vn_nodeset bound = of_cells(next), outside = bound;

    if (edit->mode >= 0)
        next->mode = (enum vn_mem_mode)edit->mode;
    if (edit->nodes)
        next->nodes = *edit->nodes;
    else if (edit->n_cells)
        vn_nodeset_or(&next->nodes, &bound);
    if (edit->n_cells && !edit->nodes && next->n_bound == next->n_cells)
        next->nodes = bound;
    vn_nodeset_sub(&outside, &next->nodes);
    if (edit->nodes && !vn_nodeset_empty(&outside))
        return vn_failf(err, VN_E_USAGE, "Say with --cell where the cells go.",
                        "a cell of '%s' is bound to node %d, which is not among those named", domain->name,
                        vn_nodeset_next(&outside, 0));
    if (vn_nodeset_empty(&next->nodes))
        return VN_FAIL(err, VN_E_USAGE, .got = domain->name, .cause = "the mode is for no nodes: none are stored",
                       .fix = "Name them with --nodes.");
    if (next->mode == VN_MEM_RESTRICTIVE && next->n_bound)
        return VN_FAIL(err, VN_E_REFUSED, .got = domain->name,
                       .cause = "mode restrictive with cells bound each by itself moves the whole guest to one node",
                       .fix = "Use mode strict.");
    return 0;
}

static int write_memnodes(xmlNode *numatune, const struct numatune *next, const char *mode)
{
    xmlNode *last = NULL;

    vn_edit_remove_all(numatune, "memnode");
    for (size_t i = 0; i < next->n_cells; i++) {
        xmlNode *memnode;

        if (vn_nodeset_empty(&next->cells[i].nodes))
            continue;
        memnode = vn_edit_insert(numatune, last, "memnode");
        if (!memnode || vn_edit_attr_uint(memnode, "cellid", i) < 0 || vn_edit_attr(memnode, "mode", mode) < 0 ||
            vn_edit_attr_nodes(memnode, "nodeset", &next->cells[i].nodes) < 0)
            return -VN_E_NOMEM;
        last = memnode;
    }
    return 0;
}

static int write(xmlNode *root, const struct numatune *next, struct vn_err *err)
{
    const char *mode = vn_mem_mode_name(next->mode);
    xmlNode *numatune = vn_edit_child(root, "numatune"), *memory = numatune ? vn_edit_child(numatune, "memory") : NULL;

    if (!memory)
        return vn_nomem(err);
    vn_edit_drop_attrs(memory); /* placement='auto' above all */
    if (vn_edit_attr(memory, "mode", mode) < 0 || vn_edit_attr_nodes(memory, "nodeset", &next->nodes) < 0)
        return vn_nomem(err);
    return write_memnodes(numatune, next, mode) < 0 ? vn_nomem(err) : 0;
}

static int edit_tree(xmlNode *root, const struct vn_domain *domain, const struct vn_numatune_edit *edit,
                     struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    struct numatune next = {0};
    int r;

    if (edit->none) {
        vn_edit_remove_all(root, "numatune");
        return 0;
    }
    r = read_now(domain, &arena, &next, err);
    if (r == 0)
        r = take_cells(domain, edit, &next, err);
    if (r == 0)
        r = settle(domain, edit, &next, err);
    return r < 0 ? r : write(root, &next, err);
}

int vn_domxml_set_numatune(const char *xml, size_t len, const struct vn_numatune_edit *edit, struct vn_buf *ret_xml,
                           struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    VN_AUTO(vn_xml) tree = {0};
    struct vn_domain domain;
    int r = vn_domxml_open(xml, len, &tree, &arena, &domain, err);

    if (r == 0)
        r = edit_tree(vn_xml_root(&tree), &domain, edit, err);
    return r < 0 ? r : vn_xml_write(&tree, false, ret_xml, err);
}
