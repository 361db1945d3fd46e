/* SPDX-License-Identifier: MIT */
#include "app/numatune.h"

#include <inttypes.h>
#include <string.h>
#include <vnuma/buf.h>
#include <vnuma/units.h>

#include "app/change.h"

static const char reason[] = "asked for by hand";

static int check_nodes(const struct vn_host *host, const struct vn_nodeset *nodes, struct vn_err *err)
{
    VN_NODESET_EACH (node, nodes) {
        int at = vn_host_node_index(host, node);

        if (at < 0 || !host->nodes[at].memory_kib)
            return vn_failf(err, VN_E_USAGE, "'vnuma host' shows those that have memory. Nothing was changed.",
                            at < 0 ? "the host has no node %d" : "node %d has no memory", node);
    }
    return 0;
}

/* What a node can give: of the page size that the guest uses. */
static uint64_t free_on(const struct vn_node *node, uint64_t hugepage_kib)
{
    uint64_t size = hugepage_kib;
    const struct vn_hugepool *pool;

    if (!size)
        return node->free_kib + node->cache_kib;
    for (size_t i = 0; size == 1 && i < node->n_pools; i++) /* the host's default size: its smallest */
        if (!i || node->pools[i].size_kib < size)
            size = node->pools[i].size_kib;
    pool = vn_node_pool(node, size);
    return pool ? pool->free * pool->size_kib : 0;
}

/*
 * Strict memory that does not fit is an OOM kill, with other nodes nearly empty. What the guest itself has there counts
 * as room: it gives it back.
 */
static int check_room(const struct vn_snapshot *snapshot, const struct vn_vm *vm, const char *what, uint64_t need,
                      const struct vn_nodeset *nodes, struct vn_err *err)
{
    const struct vn_host *host = &snapshot->host;
    uint64_t there = 0;
    char need_text[32], there_text[32], set[VN_SET_TEXT];

    for (size_t i = 0; i < host->n_nodes; i++)
        if (vn_nodeset_has(nodes, (unsigned)host->nodes[i].id))
            there += free_on(&host->nodes[i], vn_vm_domain(vm)->hugepage_kib) + (vm->node_kib ? vm->node_kib[i] : 0);
    if (need <= there)
        return 0;
    return vn_failf(err, VN_E_REFUSED,
                    "The kernel would end the guest. Free memory there, name more nodes, or use --mode preferred; "
                    "--force does it all the same. Nothing was changed.",
                    "%s of %s needs %s, and node %s has room for %s", what, vm->name,
                    vn_size_format(need, need_text, sizeof need_text), vn_nodeset_format(nodes, set, sizeof set),
                    vn_size_format(there, there_text, sizeof there_text));
}

static bool binds(enum vn_mem_mode mode)
{
    return mode == VN_MEM_STRICT || mode == VN_MEM_RESTRICTIVE;
}

/* Of the cells that may lie nowhere else than on @nodes: what they need together, and which they are. */
static uint64_t bound_within(const struct vn_domain *next, const struct vn_nodeset *nodes, struct vn_nodeset *ret_cells)
{
    uint64_t need = 0;

    *ret_cells = (struct vn_nodeset){{0}};
    for (size_t i = 0; i < next->n_memnodes; i++) {
        const struct vn_memnode *memnode = &next->memnodes[i];
        struct vn_nodeset outside = memnode->nodes;

        vn_nodeset_sub(&outside, nodes);
        if (!binds(memnode->mode) || !vn_nodeset_empty(&outside))
            continue;
        need += next->cells[memnode->cell].memory_kib;
        vn_nodeset_add(ret_cells, memnode->cell);
    }
    return need;
}

static int check_fits(const struct vn_snapshot *snapshot, const struct vn_vm *vm, const struct vn_domain *next,
                      struct vn_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < next->n_memnodes; i++) {
        VN_AUTO(vn_arena) arena = {0};
        const struct vn_memnode *memnode = &next->memnodes[i];
        struct vn_nodeset cells;
        uint64_t need = bound_within(next, &memnode->nodes, &cells);
        char *set = vn_nodeset_text(&arena, &cells), *what = NULL;

        if (!binds(memnode->mode))
            continue;
        what = vn_arena_printf(&arena, vn_nodeset_count(&cells) > 1 ? "the memory of cells %s" : "cell %s",
                               set ? set : "?");
        r = what ? check_room(snapshot, vm, what, need, &memnode->nodes, err) : vn_nomem(err);
    }
    if (r == 0 && next->has_numatune && binds(next->mem_mode) && !vn_nodeset_empty(&next->mem_nodes))
        r = check_room(snapshot, vm, "the memory", next->memory_kib, &next->mem_nodes, err);
    return r;
}

/* The XML as it will be, checked; @ret_next is of @arena. */
static int edit(const struct vn_snapshot *snapshot, const struct vn_vm *vm, const char *xml,
                const struct vn_numatune_order *order, struct vn_arena *arena, struct vn_buf *ret_xml,
                struct vn_domain *ret_next, struct vn_err *err)
{
    int r = vn_domxml_set_numatune(xml, strlen(xml), &order->edit, ret_xml, err);

    if (r == 0)
        r = vn_domxml_parse(vn_buf_text(ret_xml), ret_xml->len, arena, ret_next, err);
    return r < 0 || order->force ? r : check_fits(snapshot, vm, ret_next, err);
}

/* Cells one by one where each has a node of its own, else the whole guest to its one node. */
static int move(const struct vn_snapshot *snapshot, const struct vn_vm *vm, const struct vn_domain *next,
                struct vn_plan *plan, struct vn_err *err)
{
    const struct vn_host *host = &snapshot->host;
    int r = 0;

    if (!vm->node_kib || (next->n_memnodes && !vm->cell_kib))
        return vn_failf(err, VN_E_REFUSED, NULL, "where the memory of %s lies could not be read%s%s", vm->name,
                        vm->unread ? ": " : "", vm->unread ? vm->unread : "");
    for (size_t i = 0; r == 0 && i < next->n_memnodes; i++) {
        const struct vn_memnode *memnode = &next->memnodes[i];

        if (vn_nodeset_count(&memnode->nodes) == 1)
            r = vn_change_move(plan, host, vm, (int)memnode->cell, vn_nodeset_next(&memnode->nodes, 0), reason, err);
    }
    if (next->n_memnodes || r < 0)
        return r;
    if (vn_nodeset_count(&next->mem_nodes) != 1)
        return vn_failf(err, VN_E_USAGE, "Name one node, or with --cell one for each cell.",
                        "--move needs to know which node the memory of %s is to go to", vm->name);
    return vn_change_move(plan, host, vm, -1, vn_nodeset_next(&next->mem_nodes, 0), reason, err);
}

/* libvirt takes other nodes for what runs in one mode only; restrictive, then, moves the pages itself. */
static bool takes_live_nodes(const struct vn_vm *vm, const struct vn_numatune_order *order)
{
    return order->edit.nodes && vm->live->has_numatune && vm->live->mem_mode == VN_MEM_RESTRICTIVE &&
           !vm->live->n_memnodes && (order->edit.mode < 0 || order->edit.mode == VN_MEM_RESTRICTIVE);
}

/* --move by itself leaves what is stored and bound as it is. */
static bool edits(const struct vn_numatune_edit *edit)
{
    return edit->none || edit->mode >= 0 || edit->nodes || edit->n_cells;
}

static int change_live(const struct vn_snapshot *snapshot, const struct vn_vm *vm,
                       const struct vn_numatune_order *order, struct vn_plan *plan, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    VN_AUTO(vn_buf) xml = {0};
    struct vn_domain next;
    int r;

    if (!edits(&order->edit))
        return move(snapshot, vm, vm->live, plan, err);
    r = edit(snapshot, vm, vm->live_xml, order, &arena, &xml, &next, err);
    if (r == 0 && takes_live_nodes(vm, order))
        r = vn_change_nodeset(plan, vm, order->edit.nodes, reason, err);
    return r == 0 && order->move ? move(snapshot, vm, &next, plan, err) : r;
}

static int change_stored(const struct vn_snapshot *snapshot, const struct vn_vm *vm,
                         const struct vn_numatune_order *order, struct vn_plan *plan, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    VN_AUTO(vn_buf) xml = {0};
    struct vn_domain next;
    int r = edit(snapshot, vm, vm->stored_xml, order, &arena, &xml, &next, err);

    return r < 0 ? r : vn_change_define(plan, vm, xml.ptr, reason, err);
}

static int check_all_nodes(const struct vn_host *host, const struct vn_numatune_edit *edit, struct vn_err *err)
{
    int r = edit->nodes ? check_nodes(host, edit->nodes, err) : 0;

    for (size_t i = 0; r == 0 && i < edit->n_cells; i++)
        r = check_nodes(host, &edit->cells[i].nodes, err);
    return r;
}

int vn_app_numatune(const struct vn_snapshot *snapshot, const struct vn_vm *vm, const struct vn_numatune_order *order,
                    const struct vn_apply_opts *opts, struct vn_plan *plan, struct vn_err *err)
{
    bool live = opts->live && vm->live && vn_vm_runs(vm), stored = opts->config && vm->stored_xml;
    int r = check_all_nodes(&snapshot->host, &order->edit, err);

    if (r == 0 && !live && (order->move || !opts->config))
        return vn_failf(err, VN_E_REFUSED, "Change what is stored, for the next start. Nothing was changed.",
                        "%s does not run", vm->name);
    if (r == 0 && !stored && !live)
        return vn_failf(err, VN_E_REFUSED, "Leave --config out. Nothing was changed.", "nothing is stored of %s",
                        vm->name);
    if (r == 0 && !order->move && vn_snapshot_is_bare(snapshot))
        return vn_failf(err, VN_E_REFUSED, "Start it with other options; --move moves what is resident meanwhile. "
                        "Nothing was changed.", "the memory policy of a bare QEMU is its own, and that of %s cannot be "
                        "changed from outside", vm->name);
    if (r == 0 && live && !stored && !order->move && !takes_live_nodes(vm, order))
        return vn_failf(err, VN_E_REFUSED,
                        "Change what is stored, for the next start; --move moves what is resident. Nothing was changed.",
                        "libvirt changes the memory of what runs in mode restrictive only, and %s is %s", vm->name,
                        vm->live->has_numatune ? vn_mem_mode_name(vm->live->mem_mode) : "not bound at all");
    if (r == 0 && stored && edits(&order->edit))
        r = change_stored(snapshot, vm, order, plan, err);
    return r == 0 && live ? change_live(snapshot, vm, order, plan, err) : r;
}
