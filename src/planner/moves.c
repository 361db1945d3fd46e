/* SPDX-License-Identifier: MIT */
#include "planner/moves.h"

static int add_move(const struct vn_snapshot *snapshot, struct vn_arena *arena, struct moves *moves, int cell, int node,
                    const uint64_t *resident)
{
    int to = vn_host_node_index(&snapshot->host, node);
    uint64_t all = 0, elsewhere;
    struct move *move;

    for (size_t n = 0; n < snapshot->host.n_nodes; n++)
        all += resident[n];
    if (to < 0)
        return 0;
    elsewhere = all - resident[to];
    if (elsewhere <= VN_CHURN_KIB || elsewhere <= all / 100)
        return 0; /* the guest's own churn: not worth a move */
    move = vn_arena_grow(arena, &moves->items, &moves->n, sizeof *move);
    if (!move)
        return -VN_E_NOMEM;
    *move = (struct move){cell, node, (size_t)to, resident, elsewhere};
    return 0;
}

int moves_of(const struct vn_snapshot *snapshot, const struct vn_vm *vm, const struct vn_placement *placement,
             struct vn_arena *arena, struct moves *ret)
{
    size_t n_nodes = snapshot->host.n_nodes, cells = vm->live ? vm->live->n_cells : 0;

    *ret = (struct moves){0};
    if (!vm->live)
        return 0;
    if (placement->n_cells > 1 && cells != placement->n_cells) {
        ret->cannot = "it runs with other cells than planned, so its memory cannot be split between nodes before its "
                      "next start";
        return 0;
    }
    if (placement->n_cells == 1) /* whatever cells it has, they all go to one node */
        return vm->node_kib ? add_move(snapshot, arena, ret, -1, placement->cells[0].node, vm->node_kib) : 0;
    if (!vm->cell_kib) {
        ret->cannot = "where each of its cells' memory lies could not be read";
        return 0;
    }
    for (size_t c = 0; c < placement->n_cells; c++)
        if (add_move(snapshot, arena, ret, (int)c, placement->cells[c].node, vm->cell_kib + c * n_nodes) < 0)
            return -VN_E_NOMEM;
    return 0;
}

static void do_move(const struct move *move, uint64_t *free_kib, size_t n_nodes)
{
    for (size_t n = 0; n < n_nodes; n++)
        if (n != move->to)
            free_kib[n] += move->resident[n];
    free_kib[move->to] -= free_kib[move->to] < move->elsewhere ? free_kib[move->to] : move->elsewhere;
}

bool moves_order(struct moves *moves, uint64_t *free_kib, size_t n_nodes)
{
    bool room = true;

    for (size_t i = 0; i < moves->n; i++) {
        size_t best = i;
        struct move swap;

        for (size_t k = i + 1; k < moves->n; k++) {
            const struct move *a = &moves->items[k], *b = &moves->items[best];
            int64_t has_a = (int64_t)free_kib[a->to] - (int64_t)a->elsewhere;
            int64_t has_b = (int64_t)free_kib[b->to] - (int64_t)b->elsewhere;

            if (has_a > has_b)
                best = k;
        }
        swap = moves->items[i];
        moves->items[i] = moves->items[best];
        moves->items[best] = swap;
        room = room && free_kib[moves->items[i].to] >= moves->items[i].elsewhere;
        do_move(&moves->items[i], free_kib, n_nodes);
    }
    return room;
}
