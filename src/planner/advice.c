/* SPDX-License-Identifier: MIT */
/* What to reserve, for a VM that lacks nothing but huge pages. */
#include <inttypes.h>
#include <vnuma/units.h>

#include "planner/solver.h"

static bool lacks_hugepages(const struct vn_unplaced *out)
{
    for (size_t i = 0; i < out->n_blocking; i++)
        if (out->blocking[i].resource == VN_RES_HUGEPAGES)
            return true;
    return false;
}

/* The room as it would be if all free memory were huge pages of that size. */
static struct room *all_huge(struct vn_arena *arena, const struct room *room, size_t kind)
{
    struct room *copy = room_copy(arena, room);

    for (size_t n = 0; copy && n < room->topo->n; n++)
        *room_mem_at(copy, kind, n) += *room_mem_at(room, 0, n) / room->kinds[kind];
    return copy;
}

static int advise_node(const struct room *room, const struct vn_request *vm, struct mem_need need, size_t at,
                       struct vn_plan *plan)
{
    uint64_t page_kib = room->kinds[need.kind], has = *room_mem_at(room, need.kind, at);
    int node = room->topo->host->nodes[at].id;
    char size[32];

    if (has >= need.amount)
        return 0;
    return plan_note(plan,
                     "'%s' fits with %" PRIu64 " more huge pages of %s on node %d:\n"
                     "virsh allocpages %" PRIu64 " %" PRIu64 " --cellno %d --add",
                     vm->name, need.amount - has, vn_size_format(page_kib, size, sizeof size), node, page_kib,
                     need.amount - has, node);
}

int advise_hugepages(struct solver *s, const struct room *room, size_t vm, const struct vn_unplaced *out,
                     struct vn_plan *plan)
{
    const struct vn_request *request = &s->problem->vms[vm];
    size_t kind = room_mem(room, 0, request->policy.hugepage_kib).kind;
    VN_AUTO(vn_arena) scratch = {0};
    struct room *more;
    struct spot spot;
    int r;

    if (!kind || !lacks_hugepages(out))
        return 0;
    more = all_huge(&scratch, room, kind);
    r = more ? place_vm(&s->place, more, vm, false, &spot) : -VN_E_NOMEM;
    if (r <= 0)
        return r;
    for (size_t j = 0; j < spot.k; j++) {
        struct mem_need need = room_mem(room, spot.cells[j].memory_kib, request->policy.hugepage_kib);

        if (advise_node(room, request, need, spot.node[j], plan) < 0)
            return -VN_E_NOMEM;
    }
    return 0;
}
