/* SPDX-License-Identifier: MIT */
/* Would a VM fit if there were more of this or that? By counting, as matching cells to nodes does. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "planner/floats.h"
#include "planner/whatif.h"

/* A node for one of the cells of a VM that is divided as its nodes allow. */
struct whatif_share {
    uint64_t cap0, cap, grains;
    uint64_t key; /* what the VM's nodes are chosen for */
};

static bool is_memory(enum vn_resource resource)
{
    return resource == VN_RES_MEMORY || resource == VN_RES_HUGEPAGES;
}

enum vn_resource whatif_cpus(const struct vn_request *vm)
{
    if (vm->policy.policy == VN_CPU_SHARED)
        return VN_RES_SHARED_CPUS;
    return vm->policy.threads == VN_THREADS_PREFER ? VN_RES_CPUS : VN_RES_CORES;
}

/* ---- a node ---- */

static long floating_capacity(const struct whatif *w, const struct whatif_node *node, bool spare,
                              const struct whatif_given *given)
{
    bool named = w->room->named;
    bool has = node->for_emulator || given->emulator || (!named && given->cpus);
    bool beside = node->beside || (named && given->emulator);
    double left = node->floating + (double)given->cpus + (named ? 0 : (double)given->emulator) - (spare && !beside);

    if ((spare && !has) || left < 0)
        return -1;
    return (long)(left * vm_overcommit(w->vm) + 1e-6);
}

/* CPUs of one whole core that is given. */
static unsigned core_size(const struct whatif *w)
{
    return whatif_cpus(w->vm) == VN_RES_CORES ? w->place->topo->threads : 1;
}

/* vCPUs of a dedicated cell on a node with that many more cores. */
static long dedicated_capacity(const struct whatif *w, size_t n, const struct pick_want *want, uint64_t cores)
{
    struct pick_room has = w->nodes[n].has;
    unsigned size = core_size(w);

    if (room_holds_back(w->room, n))
        return floats_capacity(w->room, n, want, (unsigned)cores, size);
    has.free += (unsigned)cores * size;
    has.whole_cores += (unsigned)cores;
    has.whole_cpus += (unsigned)cores * size;
    if (cores && (!has.min_core || size < has.min_core))
        has.min_core = size;
    return pick_capacity(&has, want);
}

static void find_capacity(const struct whatif *w, size_t n, const struct whatif_given *given, long cap[2])
{
    const struct whatif_node *node = &w->nodes[n];

    for (size_t cell = 0; cell < 2; cell++) {
        struct pick_want want = cell_want(w->vm, cell, 0);

        cap[cell] = w->vm->policy.policy == VN_CPU_SHARED ? floating_capacity(w, node, want.spare, given)
                                                          : dedicated_capacity(w, n, &want, given->cpus);
    }
}

static void look_at(struct whatif *w, size_t n)
{
    const struct room *room = w->room;
    const struct topo *topo = room->topo;
    struct whatif_node *node = &w->nodes[n];
    struct pick_want want = cell_want(w->vm, 1, 0);
    struct vn_cpuset usable, floating, avail;
    unsigned floats, promised = (unsigned)ceil(room->demand[n] - 1e-9);

    node->mem = *room_mem_at(room, w->kind, n);
    floats_usable(room, n, &want, &usable);
    pick_room(topo, n, &usable, &node->has);
    room_floating(room, n, &floating);
    floats = vn_cpuset_count(&floating);
    node->floating = floats - room->demand[n];
    if (!room->named && room->demand[n] > 0 && promised > floats)
        node->promised = promised - floats;
    room_free(room, n, &avail);
    node->for_emulator = !vn_cpuset_empty(&avail);
    vn_cpuset_sub(&avail, &floating);
    node->beside = !vn_cpuset_empty(&avail);
    find_capacity(w, n, &node->given, node->cap);
}

int whatif_new(struct whatif *w, struct vn_arena *scratch)
{
    struct mem_need all = room_mem(w->room, w->vm->memory_kib, w->vm->policy.hugepage_kib);

    w->n = w->place->topo->n;
    w->kind = all.kind;
    w->amount = w->cells ? 0 : all.amount;
    w->grains = split_grains(w->vm);
    w->unit = w->vm->policy.hugepage_kib || !w->grains ? 1 : all.amount / w->grains;
    w->need = vn_arena_array(scratch, w->k + 1, sizeof *w->need);
    w->nodes = vn_arena_array(scratch, w->n, sizeof *w->nodes);
    w->shares = vn_arena_array(scratch, w->n, sizeof *w->shares);
    w->fits = vn_arena_array(scratch, (w->k + 1) * w->n, sizeof *w->fits);
    w->spot = vn_arena_array(scratch, w->k + 1, sizeof *w->spot);
    if (!w->need || !w->nodes || !w->shares || !w->fits || !w->spot)
        return -VN_E_NOMEM;
    for (size_t j = 0; w->cells && j < w->k; j++) {
        w->need[j] = room_mem(w->room, w->cells[j].memory_kib, w->vm->policy.hugepage_kib).amount;
        w->amount += w->need[j];
    }
    for (size_t n = 0; n < w->n; n++)
        look_at(w, n);
    return 0;
}

/* ---- more ---- */

int whatif_add(struct whatif *w, struct vn_arena *scratch, enum vn_resource resource, int at, uint64_t most)
{
    struct whatif_more *item = vn_arena_grow(scratch, &w->list, &w->n_list, sizeof *item);

    if (!item)
        return -VN_E_NOMEM;
    *item = (struct whatif_more){resource, at, most, 0};
    return 0;
}

void whatif_set(struct whatif *w, struct whatif_more *item, uint64_t more)
{
    struct whatif_given *given = item->at < 0 ? &w->host : &w->nodes[item->at].given;
    uint64_t less = item->more;

    item->more = more;
    if (item->resource == VN_RES_NODES) {
        w->more_nodes = w->more_nodes - less + more;
        return;
    }
    if (is_memory(item->resource)) {
        w->more_mem = w->more_mem - less + more;
        given->mem = given->mem - less + more;
        return;
    }
    if (item->resource == whatif_cpus(w->vm))
        given->cpus = given->cpus - less + more;
    else
        given->emulator = given->emulator - less + more;
    if (item->at >= 0)
        find_capacity(w, (size_t)item->at, given, w->nodes[item->at].cap);
}

uint64_t whatif_free(const struct whatif *w, const struct whatif_more *item)
{
    uint64_t sum = 0;

    if (item->resource == VN_RES_NODES)
        return w->n;
    if (item->at < 0 && is_memory(item->resource))
        return room_mem_total(w->room, w->kind);
    for (size_t n = 0; n < w->n; n++) {
        const struct whatif_node *node = &w->nodes[n];

        if (item->at >= 0 && (size_t)item->at != n)
            continue;
        if (is_memory(item->resource))
            sum += node->mem;
        else if (item->resource == VN_RES_SHARED_CPUS)
            sum += node->floating > 0 ? (uint64_t)(node->floating + 1e-9) : 0;
        else if (item->resource == VN_RES_CORES)
            sum += node->has.whole_cores;
        else /* of a floating VM, the emulator's */
            sum += w->vm->policy.policy == VN_CPU_SHARED ? node->for_emulator : node->has.free;
    }
    return sum;
}

/* ---- does it fit? ---- */

/* A node with what is given to it, and @here with what is given to the host. */
static void see(const struct whatif *w, size_t n, bool here, long cap[2], uint64_t *ret_mem)
{
    const struct whatif_node *node = &w->nodes[n];
    struct whatif_given sum = node->given;

    cap[0] = node->cap[0];
    cap[1] = node->cap[1];
    *ret_mem = node->mem + sum.mem + (here ? w->host.mem : 0);
    if (!here || (!w->host.cpus && !w->host.emulator))
        return;
    sum.cpus += w->host.cpus;
    sum.emulator += w->host.emulator;
    find_capacity(w, n, &sum, cap);
}

/* Cells that are given: each to a node of its own. */
static int cells_fit(const struct whatif *w, size_t host)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct grid grid = {.k = w->k, .n = w->n, .cells = w->cells, .fits = w->fits};
    int found;

    for (size_t n = 0; n < w->n; n++) {
        uint64_t mem;
        long cap[2];

        see(w, n, n == host, cap, &mem);
        for (size_t j = 0; j < w->k; j++)
            w->fits[j * w->n + n] = cap[j > 0] >= (long)w->cells[j].vcpus &&
                                    (w->vm->policy.memory_preferred || w->need[j] <= mem);
    }
    found = matching(&grid, &scratch, w->spot);
    return found < 0 ? found : (uint64_t)found + w->more_nodes >= w->k;
}

static int descending(const void *a, const void *b)
{
    const struct whatif_share *x = a, *y = b;

    return x->key < y->key ? 1 : x->key > y->key ? -1 : 0;
}

/* On the first @most of the nodes, or with another one instead of the last of them: one has to be good for cell 0. */
static bool shares_fit(const struct whatif *w, size_t n, size_t most)
{
    const struct whatif_share *shares = w->shares;
    uint64_t cpus = 0, grains = 0;

    for (size_t i = 0; i < most; i++) {
        cpus += shares[i].cap;
        grains += shares[i].grains;
    }
    for (size_t zero = 0; zero < n; zero++) {
        const struct whatif_share *out = &shares[zero < most ? zero : most - 1];

        if (!shares[zero].cap0 || cpus - out->cap + shares[zero].cap0 < w->vm->vcpus)
            continue;
        if (w->vm->policy.memory_preferred || grains - out->grains + shares[zero].grains >= w->grains)
            return true;
    }
    return false;
}

/*
 * As many cells as may be, each with a vCPU and a piece of memory. Where that is fewer than there are
 * nodes, as many vCPUs as cells are on any of them, or as many pieces: the nodes are chosen for the other.
 */
static bool auto_fits(const struct whatif *w, size_t host)
{
    uint64_t most = w->grains && w->grains < w->vm->vcpus ? w->grains : w->vm->vcpus;
    size_t n_shares = 0;

    for (size_t n = 0; n < w->n; n++) {
        struct whatif_share *share = &w->shares[n_shares];
        uint64_t mem;
        long cap[2];

        see(w, n, n == host, cap, &mem);
        *share = (struct whatif_share){cap[0] > 0 ? (uint64_t)cap[0] : 0, cap[1] > 0 ? (uint64_t)cap[1] : 0,
                                       mem / w->unit, 0};
        share->key = most == w->vm->vcpus ? share->grains : share->cap;
        n_shares += share->cap && (share->grains || !w->grains || w->vm->policy.memory_preferred);
    }
    if (most < n_shares)
        qsort(w->shares, n_shares, sizeof *w->shares, descending);
    return shares_fit(w, n_shares, most < n_shares ? (size_t)most : n_shares);
}

int whatif_fits(struct whatif *w)
{
    bool anywhere = w->host.cpus || w->host.emulator || w->host.mem;
    int fits = 0;

    if (w->amount > room_mem_total(w->room, w->kind) + w->more_mem)
        return 0;
    for (size_t host = 0; host < w->n && fits == 0 && (anywhere || !host); host++)
        fits = w->cells ? cells_fit(w, host) : auto_fits(w, host);
    return fits;
}

/* ---- how much of it ---- */

/* What the largest cell asks of a node beyond what it has, or all cells beyond what the other nodes have. */
static uint64_t lacking_vcpus(const struct whatif *w, size_t at)
{
    long has = w->nodes[at].cap[0] > 0 ? w->nodes[at].cap[0] : 0, want = w->cells ? 0 : (long)w->vm->vcpus;

    for (size_t j = 0; w->cells && j < w->k; j++)
        want = (long)w->cells[j].vcpus > want ? (long)w->cells[j].vcpus : want;
    for (size_t n = 0; !w->cells && n < w->n; n++)
        want -= n != at && w->nodes[n].cap[1] > 0 ? w->nodes[n].cap[1] : 0;
    return want > has ? (uint64_t)(want - has) : 0;
}

static uint64_t lacking_memory(const struct whatif *w, size_t at)
{
    uint64_t has = w->nodes[at].mem, want = 0, others = 0;

    for (size_t j = 0; w->cells && j < w->k; j++)
        want = w->need[j] > want ? w->need[j] : want;
    for (size_t n = 0; !w->cells && n < w->n; n++)
        others += n != at && w->nodes[n].cap[1] > 0 ? (w->nodes[n].mem + w->nodes[n].given.mem) / w->unit : 0;
    if (!w->cells)
        want = (w->grains > others ? w->grains - others : 1) * w->unit;
    return want > has ? want - has : 0;
}

uint64_t whatif_guess(const struct whatif *w, const struct whatif_more *item)
{
    uint64_t total = room_mem_total(w->room, w->kind) + w->more_mem, lack = 0, here = 0;

    if (is_memory(item->resource)) {
        lack = w->amount > total ? w->amount - total : 0;
        here = item->at >= 0 ? lacking_memory(w, (size_t)item->at) : 0;
        return here > lack ? here : lack;
    }
    if (item->at < 0 || item->resource != whatif_cpus(w->vm))
        return 0;
    here = lacking_vcpus(w, (size_t)item->at);
    if (w->vm->policy.policy == VN_CPU_SHARED)
        return (uint64_t)ceil((double)here / vm_overcommit(w->vm));
    if (w->vm->policy.threads == VN_THREADS_REQUIRE)
        return (here + core_size(w) - 1) / core_size(w);
    return here;
}
