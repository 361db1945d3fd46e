/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "planner/place.h"

/*
 * Depth-first branch and bound over the nodes of a VM's cells, cell 0 first, nodes ascending, so
 * that of equal assignments the one with the lowest ids stays.
 */
struct state {
    const struct topo *topo;
    const struct grid *grid;
    uint64_t max_move_kib;
    uint64_t left;        /* budget */
    bool capped;
    size_t *node;         /* by cell, of the prefix in hand */
    bool *used;           /* by node */
    uint64_t *reach;      /* [depth * n + node]: distance a vCPU there adds to the cells placed so far */
    uint64_t *tail_pairs; /* [depth]: least distance among the cells from depth on */
    struct score *tail;   /* [depth]: least unit costs of the cells from depth on */
    struct score *sum;    /* [depth]: distance and unit costs of the cells before depth */
    uint64_t device_least;
    size_t *alike;        /* [node]: the lowest node that can stand for it */
    bool found;
    size_t *best;
    struct score best_score;
};

static uint64_t clamp_moved(const struct grid *grid, uint64_t units)
{
    uint64_t all = grid->moved_base + units;

    return all > grid->moved_less ? all - grid->moved_less : 0;
}

/* No assignment that begins with the prefix costs less. */
static void bound_at(struct state *s, size_t depth, struct score *ret)
{
    const struct grid *grid = s->grid;
    const uint64_t *reach = &s->reach[depth * grid->n];

    *ret = s->sum[depth];
    ret->s[SC_DISTANCE] += s->tail_pairs[depth];
    for (size_t j = depth; j < grid->k; j++) {
        uint64_t least = UINT64_MAX;

        for (size_t n = 0; n < grid->n; n++)
            if (grid->fits[j * grid->n + n] && !s->used[n] && reach[n] < least)
                least = reach[n];
        ret->s[SC_DISTANCE] += least == UINT64_MAX ? 0 : least * grid->cells[j].vcpus;
    }
    s->left -= s->left < (grid->k - depth) * grid->n ? s->left : (grid->k - depth) * grid->n;
    ret->s[SC_DEVICE] = s->device_least;
    for (size_t c = SC_L3; c < SC_N; c++)
        ret->s[c] += s->tail[depth].s[c];
    ret->s[SC_MOVED] = clamp_moved(grid, ret->s[SC_MOVED]);
}

static int nodes_cmp(const size_t *a, const size_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

static void offer_best(struct state *s, const size_t *node)
{
    struct score score;
    int cmp;

    score_of(s->topo, s->grid, node, &score);
    if (score.s[SC_MOVED] > s->max_move_kib)
        return;
    cmp = s->found ? score_cmp(&score, &s->best_score, SC_N) : -1;
    if (cmp < 0 || (cmp == 0 && nodes_cmp(node, s->best, s->grid->k) < 0)) {
        s->found = true;
        s->best_score = score;
        memcpy(s->best, node, s->grid->k * sizeof *node);
    }
}

static bool worth_trying(struct state *s, size_t depth)
{
    struct score bound;
    int cmp;

    bound_at(s, depth, &bound);
    if (bound.s[SC_MOVED] > s->max_move_kib)
        return false;
    cmp = s->found ? score_cmp(&bound, &s->best_score, SC_N) : -1;
    return cmp < 0 || (cmp == 0 && nodes_cmp(s->node, s->best, depth) <= 0);
}

/* Puts the cell at @depth on @n: the sums of the next depth. */
static void extend(struct state *s, size_t depth, size_t n)
{
    const struct grid *grid = s->grid;
    const uint64_t *from = &s->reach[depth * grid->n];
    uint64_t *to = &s->reach[(depth + 1) * grid->n];

    s->node[depth] = n;
    s->sum[depth + 1] = s->sum[depth];
    s->sum[depth + 1].s[SC_DISTANCE] += from[n] * grid->cells[depth].vcpus;
    for (size_t c = SC_L3; c < SC_N; c++)
        s->sum[depth + 1].s[c] += grid->unit[depth * grid->n + n].s[c];
    for (size_t x = 0; x < grid->n && depth + 1 < grid->k; x++) /* past the last cell nothing is reached for */
        to[x] = from[x] + (uint64_t)grid->cells[depth].vcpus * (vn_host_distance(s->topo->host, n, x) - 10);
}

static bool stand_in_unused(const struct state *s, size_t n)
{
    for (size_t m = s->alike[n]; m < n; m++)
        if (s->alike[m] == s->alike[n] && !s->used[m])
            return true;
    return false;
}

static void descend(struct state *s, size_t depth)
{
    const struct grid *grid = s->grid;
    size_t first = depth && grid->same[depth] ? s->node[depth - 1] + 1 : 0;

    if (depth == grid->k) {
        offer_best(s, s->node);
        return;
    }
    for (size_t n = first; n < grid->n; n++) {
        if (!grid->fits[depth * grid->n + n] || s->used[n] || stand_in_unused(s, n))
            continue;
        if (!s->left) {
            s->capped = true;
            return;
        }
        extend(s, depth, n);
        s->used[n] = true;
        if (worth_trying(s, depth + 1))
            descend(s, depth + 1);
        s->used[n] = false;
    }
}

static bool alike(const struct state *s, size_t a, size_t b)
{
    const struct grid *grid = s->grid;
    const struct vn_host *host = s->topo->host;

    for (size_t j = 0; j < grid->k; j++)
        if (grid->fits[j * grid->n + a] != grid->fits[j * grid->n + b] ||
            score_cmp(&grid->unit[j * grid->n + a], &grid->unit[j * grid->n + b], SC_N))
            return false;
    for (size_t x = 0; x < grid->n; x++) {
        if (x == a || x == b)
            continue;
        if (vn_host_distance(host, a, x) != vn_host_distance(host, b, x) ||
            vn_host_distance(host, x, a) != vn_host_distance(host, x, b))
            return false;
    }
    for (size_t d = 0; d < grid->n_devices; d++)
        if (vn_host_distance(host, a, grid->devices[d]) != vn_host_distance(host, b, grid->devices[d]))
            return false;
    return vn_host_distance(host, a, b) == vn_host_distance(host, b, a);
}

static void find_alike(struct state *s)
{
    for (size_t n = 0; n < s->grid->n; n++) {
        s->alike[n] = n;
        for (size_t m = 0; m < n && s->grid->n <= 128 && s->alike[n] == n; m++)
            if (s->alike[m] == m && alike(s, m, n))
                s->alike[n] = m;
    }
}

static uint64_t least_pair(const struct state *s)
{
    uint64_t least = UINT64_MAX;

    for (size_t a = 0; a < s->grid->n; a++)
        for (size_t b = 0; b < s->grid->n; b++)
            if (a != b && vn_host_distance(s->topo->host, a, b) - 10 < least)
                least = vn_host_distance(s->topo->host, a, b) - 10;
    return least == UINT64_MAX ? 0 : least;
}

static void find_tails(struct state *s)
{
    const struct grid *grid = s->grid;
    uint64_t least = least_pair(s), vcpus = 0;

    for (size_t j = grid->k; j-- > 0;) {
        s->tail[j] = s->tail[j + 1];
        for (size_t c = SC_L3; c < SC_N; c++) {
            uint64_t low = UINT64_MAX;

            for (size_t n = 0; n < grid->n; n++)
                if (grid->fits[j * grid->n + n] && grid->unit[j * grid->n + n].s[c] < low)
                    low = grid->unit[j * grid->n + n].s[c];
            s->tail[j].s[c] += low == UINT64_MAX ? 0 : low;
        }
        s->tail_pairs[j] = s->tail_pairs[j + 1] + vcpus * grid->cells[j].vcpus * least;
        vcpus += grid->cells[j].vcpus;
    }
    for (size_t d = 0; d < grid->n_devices; d++) {
        uint64_t low = UINT64_MAX;

        for (size_t j = 0; j < grid->k; j++)
            for (size_t n = 0; n < grid->n; n++)
                if (grid->fits[j * grid->n + n] && vn_host_distance(s->topo->host, n, grid->devices[d]) - 10 < low)
                    low = vn_host_distance(s->topo->host, n, grid->devices[d]) - 10;
        s->device_least += low == UINT64_MAX ? 0 : low;
    }
}

/* From each first node the nearest next one: good assignments to begin with. */
static void try_greedy(struct state *s, size_t first)
{
    const struct grid *grid = s->grid;
    size_t depth = 0, next = first;

    if (!grid->fits[first])
        return;
    memset(s->used, 0, grid->n * sizeof *s->used);
    for (;;) {
        extend(s, depth++, next);
        s->used[next] = true;
        if (depth == grid->k)
            break;
        next = grid->n;
        for (size_t n = 0; n < grid->n; n++) {
            const uint64_t *reach = &s->reach[depth * grid->n];
            const struct score *unit = &grid->unit[depth * grid->n];

            if (s->used[n] || !grid->fits[depth * grid->n + n])
                continue;
            if (next == grid->n || reach[n] < reach[next] ||
                (reach[n] == reach[next] && score_cmp(&unit[n], &unit[next], SC_N) < 0))
                next = n;
        }
        if (next == grid->n)
            break;
    }
    if (depth == grid->k)
        offer_best(s, s->node);
    memset(s->used, 0, grid->n * sizeof *s->used);
}

/* Where the VM is now, if it can stay. */
static void try_current(struct state *s)
{
    const struct grid *grid = s->grid;
    bool ok = true;

    for (size_t j = 0; j < grid->k && ok; j++) {
        int now = grid->current[j];

        ok = now >= 0 && grid->fits[j * grid->n + (size_t)now] && !s->used[now];
        if (ok) {
            s->used[now] = true;
            s->node[j] = (size_t)now;
        }
    }
    if (ok)
        offer_best(s, s->node);
    memset(s->used, 0, grid->n * sizeof *s->used);
}

static int state_new(struct state *s, struct vn_arena *scratch)
{
    size_t k = s->grid->k, n = s->grid->n;

    s->node = vn_arena_array(scratch, k, sizeof *s->node);
    s->best = vn_arena_array(scratch, k, sizeof *s->best);
    s->used = vn_arena_array(scratch, n, sizeof *s->used);
    s->reach = vn_arena_array(scratch, (k + 1) * n, sizeof *s->reach);
    s->tail_pairs = vn_arena_array(scratch, k + 1, sizeof *s->tail_pairs);
    s->tail = vn_arena_array(scratch, k + 1, sizeof *s->tail);
    s->sum = vn_arena_array(scratch, k + 1, sizeof *s->sum);
    s->alike = vn_arena_array(scratch, n, sizeof *s->alike);
    return s->node && s->best && s->used && s->reach && s->tail_pairs && s->tail && s->sum && s->alike ? 0
                                                                                                       : -VN_E_NOMEM;
}

int search(const struct place *place, const struct grid *grid, struct vn_arena *scratch, struct search_result *ret)
{
    struct state s = {.topo = place->topo, .grid = grid, .max_move_kib = place->max_move_kib, .left = place->budget};
    int r;

    if (state_new(&s, scratch) < 0)
        return -VN_E_NOMEM;
    r = matching(grid, scratch, s.node);
    if (r < (int)grid->k)
        return r < 0 ? r : 0;
    offer_best(&s, s.node);
    find_tails(&s);
    find_alike(&s);
    try_current(&s);
    for (size_t n = 0; n < grid->n && grid->k > 1; n++)
        try_greedy(&s, n);
    bound_at(&s, 0, &ret->floor);
    ret->bound = ret->floor;
    descend(&s, 0);
    if (!s.found)
        return 0;
    ret->node = s.best;
    ret->score = s.best_score;
    ret->exact = !s.capped || score_cmp(&ret->bound, &ret->score, SC_COST_N) == 0;
    if (ret->exact)
        ret->bound = ret->score;
    return 1;
}
