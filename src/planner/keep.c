/* SPDX-License-Identifier: MIT */
#include "planner/keep.h"

enum { SIZES = 8, RATIOS = 3, ORDINARY_WEIGHT = 3, HUGE_WEIGHT = 1, SINGLE_WEIGHT = 1, PAIR_WEIGHT = 4 };

struct has {
    unsigned cpus, whole; /* free ones, and those of whole cores */
};

/* How many cells of one size and memory the nodes can hold. */
struct count {
    uint64_t sum, most, second; /* of all nodes, and of the two that hold most */
};

struct keep {
    const struct room *room;
    const struct vn_request *vm;
    struct has *has;         /* by node */
    uint64_t *per_cpu;       /* by kind of memory: KiB for a CPU, half of what the host has */
    struct count *counts;    /* [kind][size][ratio] */
};

static uint64_t kind_kib(const struct keep *keep, size_t kind, size_t node)
{
    uint64_t page = keep->room->kinds[kind];

    return *room_mem_at(keep->room, kind, node) * (page ? page : 1);
}

static uint64_t half_per_cpu(const struct room *room, size_t kind)
{
    const struct vn_host *host = room->topo->host;
    uint64_t page = room->kinds[kind], sum = 0, cpus = vn_cpuset_count(&room->topo->online);

    for (size_t n = 0; n < host->n_nodes; n++) {
        const struct vn_hugepool *pool = vn_node_pool(&host->nodes[n], page);

        sum += page ? (pool ? pool->total * page : 0) : host->nodes[n].memory_kib;
    }
    sum /= 2 * (cpus ? cpus : 1);
    return sum ? sum : 1;
}

/* Cells of 2^size CPUs that fit what a node has. */
static uint64_t cells_in(const struct keep *keep, const struct has *has, uint64_t kib, size_t kind, unsigned size,
                         unsigned ratio)
{
    unsigned cpus = 1u << size;
    uint64_t by_cpus = (cpus >= keep->room->topo->threads ? has->whole : has->cpus) / cpus;
    uint64_t by_memory = kib / ((uint64_t)cpus * (keep->per_cpu[kind] << ratio));

    return by_cpus < by_memory ? by_cpus : by_memory;
}

static struct count *count_at(const struct keep *keep, size_t kind, unsigned size, unsigned ratio)
{
    return &keep->counts[(kind * SIZES + size) * RATIOS + ratio];
}

static void count_kind(const struct keep *keep, size_t kind)
{
    for (unsigned size = 0; size < SIZES; size++)
        for (unsigned ratio = 0; ratio < RATIOS; ratio++) {
            struct count *count = count_at(keep, kind, size, ratio);

            for (size_t n = 0; n < keep->room->topo->n; n++) {
                uint64_t fit = cells_in(keep, &keep->has[n], kind_kib(keep, kind, n), kind, size, ratio);

                count->sum += fit;
                if (fit >= count->most) {
                    count->second = count->most;
                    count->most = fit;
                } else if (fit > count->second) {
                    count->second = fit;
                }
            }
        }
}

struct keep *keep_new(struct vn_arena *arena, const struct room *room, const struct vn_request *vm)
{
    struct keep *keep = vn_arena_alloc(arena, sizeof *keep);
    size_t n = room->topo->n;

    if (!keep)
        return NULL;
    keep->room = room;
    keep->vm = vm;
    keep->has = vn_arena_array(arena, n, sizeof *keep->has);
    keep->per_cpu = vn_arena_array(arena, room->n_kinds, sizeof *keep->per_cpu);
    keep->counts = vn_arena_array(arena, room->n_kinds * SIZES * RATIOS, sizeof *keep->counts);
    if (!keep->has || !keep->per_cpu || !keep->counts)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        struct vn_cpuset usable;
        struct pick_room has;

        room_usable(room, i, &usable);
        pick_room(room->topo, i, &usable, &has);
        keep->has[i] = (struct has){has.free, has.whole_cpus};
    }
    for (size_t kind = 0; kind < room->n_kinds; kind++) {
        keep->per_cpu[kind] = half_per_cpu(room, kind);
        count_kind(keep, kind);
    }
    return keep;
}

/* CPUs that cells one by one, and pairs of cells on two nodes, could have. */
static uint64_t worth(uint64_t sum, uint64_t most, unsigned size)
{
    uint64_t pairs = sum / 2 < sum - most ? sum / 2 : sum - most;

    return (SINGLE_WEIGHT * sum + PAIR_WEIGHT * 2 * pairs) << size;
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

uint64_t keep_lost(const struct keep *keep, size_t node, const struct keep_taken *taken)
{
    const struct has *had = &keep->has[node];
    unsigned cores = taken->cores * keep->room->topo->threads;
    struct has left = {(unsigned)less(had->cpus, taken->cpus), (unsigned)less(had->whole, cores)};
    uint64_t lost = 0;

    for (size_t kind = 0; kind < keep->room->n_kinds; kind++) {
        uint64_t kib = kind_kib(keep, kind, node);
        uint64_t after = keep->room->kinds[kind] == keep->vm->policy.hugepage_kib ? less(kib, taken->memory_kib) : kib;

        for (unsigned size = 0; size < SIZES; size++)
            for (unsigned ratio = 0; ratio < RATIOS; ratio++) {
                const struct count *count = count_at(keep, kind, size, ratio);
                uint64_t was = cells_in(keep, had, kib, kind, size, ratio);
                uint64_t is = cells_in(keep, &left, after, kind, size, ratio);
                uint64_t others = was == count->most ? count->second : count->most;

                lost += (kind ? HUGE_WEIGHT : ORDINARY_WEIGHT) *
                        (worth(count->sum, count->most, size) -
                         worth(count->sum - was + is, others > is ? others : is, size));
            }
    }
    return lost;
}
