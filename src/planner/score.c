/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "planner/place.h"

int score_cmp(const struct score *a, const struct score *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a->s[i] != b->s[i])
            return a->s[i] < b->s[i] ? -1 : 1;
    return 0;
}

static uint64_t device_distance(const struct topo *topo, const struct grid *grid, const size_t *node)
{
    uint64_t sum = 0;

    for (size_t d = 0; d < grid->n_devices; d++) {
        unsigned least = UINT16_MAX;

        for (size_t j = 0; j < grid->k; j++) {
            unsigned distance = vn_host_distance(topo->host, node[j], grid->devices[d]);
            least = distance < least ? distance : least;
        }
        sum += least - 10;
    }
    return sum;
}

void score_of(const struct topo *topo, const struct grid *grid, const size_t *node, struct score *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->s[SC_MOVED] = grid->moved_base;
    for (size_t j = 0; j < grid->k; j++) {
        for (size_t i = 0; i < j; i++)
            ret->s[SC_DISTANCE] += (uint64_t)grid->cells[i].vcpus * grid->cells[j].vcpus *
                                   (vn_host_distance(topo->host, node[i], node[j]) - 10);
        for (size_t c = SC_L3; c < SC_N; c++)
            ret->s[c] += grid->unit[j * grid->n + node[j]].s[c];
    }
    ret->s[SC_MOVED] -= grid->moved_less;
    ret->s[SC_DEVICE] = device_distance(topo, grid, node);
}

struct kuhn {
    const struct grid *grid;
    int *cell_of; /* by node */
    bool *seen;
};

/* Finds the cell a node, moving others along. Depth is at most the number of cells. */
static bool augment(const struct kuhn *kuhn, size_t cell)
{
    for (size_t n = 0; n < kuhn->grid->n; n++) {
        if (!kuhn->grid->fits[cell * kuhn->grid->n + n] || kuhn->seen[n])
            continue;
        kuhn->seen[n] = true;
        if (kuhn->cell_of[n] < 0 || augment(kuhn, (size_t)kuhn->cell_of[n])) {
            kuhn->cell_of[n] = (int)cell;
            return true;
        }
    }
    return false;
}

int matching(const struct grid *grid, struct vn_arena *scratch, size_t *ret_node)
{
    struct kuhn kuhn = {.grid = grid};
    int found = 0;

    kuhn.cell_of = vn_arena_array(scratch, grid->n, sizeof *kuhn.cell_of);
    kuhn.seen = vn_arena_array(scratch, grid->n, sizeof *kuhn.seen);
    if (!kuhn.cell_of || !kuhn.seen)
        return -VN_E_NOMEM;
    for (size_t n = 0; n < grid->n; n++)
        kuhn.cell_of[n] = -1;
    for (size_t j = 0; j < grid->k; j++) {
        memset(kuhn.seen, 0, grid->n * sizeof *kuhn.seen);
        found += augment(&kuhn, j);
    }
    for (size_t n = 0; n < grid->n; n++)
        if (kuhn.cell_of[n] >= 0)
            ret_node[kuhn.cell_of[n]] = n;
    return found;
}
