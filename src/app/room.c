/* SPDX-License-Identifier: MIT */
/* Is there room for the memory that the steps move? Walked through in their order, on a copy. */
#include <inttypes.h>
#include <string.h>

#include "app/run.h"

struct room {
    const struct vn_host *host;
    struct vn_node *nodes; /* a copy: free_kib and the pools change along the way */
};

static int copy_nodes(struct vn_arena *arena, const struct vn_host *host, struct room *ret)
{
    ret->host = host;
    ret->nodes = vn_arena_array(arena, host->n_nodes, sizeof *ret->nodes);
    if (!ret->nodes)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < host->n_nodes; i++) {
        struct vn_node *node = &ret->nodes[i];

        *node = host->nodes[i];
        /* what the kernel would reclaim is room too */
        node->free_kib += node->cache_kib;
        node->pools = vn_arena_array(arena, node->n_pools, sizeof *node->pools);
        if (!node->pools)
            return -VN_E_NOMEM;
        if (node->n_pools)
            memcpy(node->pools, host->nodes[i].pools, node->n_pools * sizeof *node->pools);
    }
    return 0;
}

/* The pool the guest's memory comes from; NULL: ordinary pages. 1 is "the host's default size", its smallest. */
static struct vn_hugepool *pool_of(struct vn_node *node, uint64_t hugepage_kib)
{
    struct vn_hugepool *smallest = NULL;

    for (size_t i = 0; hugepage_kib && i < node->n_pools; i++) {
        if (node->pools[i].size_kib == hugepage_kib)
            return &node->pools[i];
        if (!smallest || node->pools[i].size_kib < smallest->size_kib)
            smallest = &node->pools[i];
    }
    return hugepage_kib == 1 ? smallest : NULL;
}

static uint64_t resident(const struct room *room, const struct vn_vm *vm, const struct vn_step *step, size_t i)
{
    if (step->cell < 0)
        return vm->node_kib ? vm->node_kib[i] : 0;
    return vm->cell_kib ? vm->cell_kib[(size_t)step->cell * room->host->n_nodes + i] : 0;
}

static bool is_read(const struct vn_vm *vm, const struct vn_step *step)
{
    return step->cell < 0 ? vm->node_kib != NULL : vm->cell_kib != NULL;
}

static uint64_t free_of(struct vn_node *node, uint64_t hugepage_kib)
{
    const struct vn_hugepool *pool = pool_of(node, hugepage_kib);

    if (hugepage_kib)
        return pool ? pool->free * pool->size_kib : 0;
    return node->free_kib;
}

static void give(struct vn_node *node, uint64_t hugepage_kib, uint64_t kib)
{
    struct vn_hugepool *pool = pool_of(node, hugepage_kib);

    if (pool)
        pool->free += kib / pool->size_kib;
    else
        node->free_kib += kib;
}

static void take(struct vn_node *node, uint64_t hugepage_kib, uint64_t kib)
{
    struct vn_hugepool *pool = pool_of(node, hugepage_kib);

    if (pool)
        pool->free -= (kib + pool->size_kib - 1) / pool->size_kib;
    else
        node->free_kib -= kib;
}

static int move(struct room *room, const struct vn_vm *vm, const struct vn_step *step, struct vn_err *err)
{
    uint64_t huge = vm->live ? vm->live->hugepage_kib : 0, need = 0, there;
    int to = vn_host_node_index(room->host, step->node_to);

    if (to < 0)
        return vn_failf(err, VN_E_STALE, "Make the plan again; nothing was changed.",
                        "the memory of %s is to go to node %d, which the host does not have", step->vm, step->node_to);
    for (size_t i = 0; i < room->host->n_nodes; i++)
        if (i != (size_t)to)
            need += resident(room, vm, step, i);
    if (!is_read(vm, step))
        need = step->move_kib;
    there = free_of(&room->nodes[to], huge);
    if (need > there)
        return vn_failf(err, VN_E_REFUSED,
                        "Free memory there, or give --no-move to leave the memory where it is; nothing was changed.",
                        "node %d has no room for the memory of %s: %" PRIu64 " KiB%s needed, %" PRIu64 " KiB free",
                        step->node_to, step->vm, need, huge ? " of huge pages" : "", there);
    take(&room->nodes[to], huge, need);
    for (size_t i = 0; i < room->host->n_nodes; i++)
        if (i != (size_t)to)
            give(&room->nodes[i], huge, resident(room, vm, step, i));
    return 0;
}

int vn_check_room(const struct vn_snapshot *now, const struct vn_journal_step *steps, size_t n_steps,
                  struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    struct room room;
    int r = 0;

    if (copy_nodes(&arena, &now->host, &room) < 0)
        return vn_nomem(err);
    for (size_t i = 0; r == 0 && i < n_steps; i++) {
        const struct vn_vm *vm = vn_snapshot_vm(now, steps[i].step.vm);

        if (steps[i].step.kind == VN_STEP_MOVE_MEMORY && vm)
            r = move(&room, vm, &steps[i].step, err);
    }
    return r;
}
