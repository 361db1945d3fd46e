/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <string.h>
#include <vnuma/units.h>

#include "io/cgroup.h"
#include "io/files.h"
#include "io/local.h"
#include "io/move_range.h"
#include "io/proc_memory.h"
#include "io/worker.h"

enum { POLL_MS = 250, WORD = sizeof(unsigned long) * CHAR_BIT };

/* One move_memory: what is to move, and how far it is. The worker moves, the caller's thread shows. */
struct job {
    const struct vn_guest *guest;
    const struct vn_move *move;
    const struct vn_progress *progress;
    const struct vn_move_sys *sys;
    struct vn_nodeset from;
    struct vn_vmas vmas;
    size_t first, count;      /* the mappings to move: vmas.items[first .. first + count) */
    uint64_t total_kib;       /* movable when it began, under the limit */
    struct vn_range_move range;
    struct vn_cgroup_mounts mounts;
    char what[160];
    uint64_t target_kib;      /* the guest's memory at the target before */
    int r;
    struct vn_err err;
};

static int target_index(const struct job *job)
{
    for (size_t n = 0; n < job->guest->n_nodes; n++)
        if (job->guest->node_ids[n] == job->move->node_to)
            return (int)n;
    return -1;
}

/* ---- what there is to move, and the room for it ---- */

static uint64_t movable_kib(const struct job *job, const struct vn_vma *vma)
{
    uint64_t kib = 0;

    for (size_t n = 0; n < job->guest->n_nodes; n++)
        if (vn_nodeset_has(&job->from, (unsigned)job->guest->node_ids[n]))
            kib += vn_vma_kib(vma, n);
    return kib;
}

/* KiB to move in pages of that size; 0: in ordinary ones. */
static uint64_t needed_kib(const struct job *job, uint64_t huge_kib)
{
    uint64_t sum = 0;

    for (size_t v = job->first; v < job->first + job->count; v++) {
        const struct vn_vma *vma = &job->vmas.items[v];

        if ((vma->huge ? vma->page_kib : 0) == huge_kib)
            sum += movable_kib(job, vma);
    }
    return job->move->limit_kib && sum > job->move->limit_kib ? job->move->limit_kib : sum;
}

static int check_pools(const struct job *job, const struct vn_node *node, struct vn_err *err)
{
    for (size_t v = job->first; v < job->first + job->count; v++) {
        const struct vn_vma *vma = &job->vmas.items[v];
        const struct vn_hugepool *pool;
        uint64_t need;

        if (!vma->huge || !vma->page_kib || !movable_kib(job, vma))
            continue;
        need = (needed_kib(job, vma->page_kib) + vma->page_kib - 1) / vma->page_kib;
        pool = vn_node_pool(node, vma->page_kib);
        if (!pool || pool->free < need)
            return vn_failf(err, VN_E_REFUSED, "Give the node more huge pages, or plan for another one.",
                            "node %d has %" PRIu64 " free huge pages of %" PRIu64 " KiB, and %" PRIu64
                            " are to move there", node->id, pool ? pool->free : 0, vma->page_kib, need);
    }
    return 0;
}

/* Page cache counts as room: the kernel drops it for pages that come in. */
static int check_memory(const struct job *job, const struct vn_node *node, struct vn_err *err)
{
    uint64_t need = needed_kib(job, 0), room = node->free_kib + node->cache_kib;
    uint64_t margin = need < 64 * 1024 ? need / 4 : 16 * 1024;
    char need_text[32], free_text[32], cache_text[32];

    if (need + margin <= room)
        return 0;
    (void)vn_size_format(need, need_text, sizeof need_text);
    (void)vn_size_format(node->free_kib, free_text, sizeof free_text);
    (void)vn_size_format(node->cache_kib, cache_text, sizeof cache_text);
    return vn_failf(err, VN_E_REFUSED, "Free memory on that node, or plan for another one.",
                    "%s are to move to node %d, which has %s free and %s of page cache", need_text, node->id, free_text,
                    cache_text);
}

static int check_room(const struct job *job, struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct vn_host host = {.n_nodes = job->guest->n_nodes};
    int r;

    host.nodes = vn_arena_array(&scratch, host.n_nodes, sizeof *host.nodes);
    if (!host.nodes)
        return vn_nomem(err);
    for (size_t n = 0; n < host.n_nodes; n++) {
        host.nodes[n].id = job->guest->node_ids[n];
        host.nodes[n].memory_kib = UINT64_MAX / 2; /* not asked for here: no bound on what is free */
    }
    r = vn_local_memory("", &scratch, &host, err);
    if (r == 0)
        r = check_pools(job, &host.nodes[target_index(job)], err);
    return r < 0 ? r : check_memory(job, &host.nodes[target_index(job)], err);
}

/* ---- the moving itself, in the worker ---- */

/*
 * A page that a vCPU or a device touches just then stays behind: another round a little later takes
 * it along, and on a busy host a later one. What did not move in four rounds is held, and stays.
 */
enum { ROUNDS = 12, IDLE_ROUNDS = 4, PAUSE_MS = 20, PAUSE_MAX_MS = 320 };

static void pause_before(int round)
{
    long ms = round < 5 ? PAUSE_MS << round : PAUSE_MAX_MS;
    struct timespec wait = {.tv_nsec = ms * 1000000L};

    if (round)
        (void)nanosleep(&wait, NULL); /* cut short by a signal: the round comes a little earlier */
}

static void move_once(struct job *job)
{
    job->range.left_kib = 0;
    for (size_t v = job->first; v < job->first + job->count && job->r == 0; v++) {
        const struct vn_vma *vma = &job->vmas.items[v];
        struct vn_range range = {vma->start, vma->end, vma->page_kib};

        if (vma->end && movable_kib(job, vma))
            job->r = vn_range_run(&job->range, &range, &job->err);
    }
}

static void move_ranges(void *self)
{
    struct job *job = self;
    int idle = 0;

    for (int round = 0; round < ROUNDS && idle < IDLE_ROUNDS; round++) {
        uint64_t before = job->range.moved_kib;

        pause_before(round);
        move_once(job);
        if (job->r < 0 || !job->range.left_kib)
            return;
        idle = job->range.moved_kib == before ? idle + 1 : 0;
    }
}

/* One call for each node to move from: a list of several would be mapped pairwise. Returns pages that stayed. */
static long migrate_once(struct job *job)
{
    unsigned long from[VN_NODE_MAX / WORD], to[VN_NODE_MAX / WORD] = {0};
    unsigned target = (unsigned)job->move->node_to;
    long stayed = 0;

    to[target / WORD] |= 1ul << target % WORD;
    VN_NODESET_EACH (node, &job->from) {
        long r;

        memset(from, 0, sizeof from);
        from[(unsigned)node / WORD] |= 1ul << (unsigned)node % WORD;
        /* the kernel takes one bit less than it is told */
        r = job->sys->migrate_pages(job->sys->self, job->guest->pid, VN_NODE_MAX + 1, from, to);
        if (r < 0) {
            job->r = vn_move_fail(job->guest->pid, job->move->node_to, errno == EINVAL ? EACCES : errno, &job->err);
            return -1;
        }
        stayed += r;
    }
    return stayed;
}

/* What is on the sources still, as the page tables have it. */
static uint64_t left_kib(struct job *job)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct vn_vmas now;
    uint64_t sum = 0;

    job->r = vn_proc_vmas(job->guest, &scratch, &now, &job->err);
    for (size_t v = 0; job->r == 0 && v < now.count; v++)
        sum += movable_kib(job, &now.items[v]);
    return sum;
}

/*
 * What migrate_pages() counts as left is not all that is left: a page that it cannot take off its list just
 * then, as one that automatic balancing handles, it passes over in silence. So the page tables are asked,
 * and what no round brought goes range by range, where pages are woken first.
 */
static void migrate(void *self)
{
    struct job *job = self;
    uint64_t before = UINT64_MAX, left = UINT64_MAX;
    int idle = 0;

    for (int round = 0; round < ROUNDS && idle < IDLE_ROUNDS && left > 0; round++) {
        pause_before(round);
        if (migrate_once(job) < 0)
            return;
        left = left_kib(job);
        if (job->r < 0)
            return;
        idle = left >= before ? idle + 1 : 0;
        before = left;
    }
    if (left > job->total_kib / 200)
        move_ranges(job);
}

/* ---- progress, in the caller's thread ---- */

static void show_ranges(void *self)
{
    const struct job *job = self;
    uint64_t moved = job->range.moved_kib;

    vn_progress_say(job->progress, job->what, moved < job->total_kib ? moved : job->total_kib, job->total_kib, "KiB");
}

/* How much the target gained. The cgroup's figure is cheap; the page tables' is not, while pages move. */
static void show_migrate(void *self)
{
    const struct job *job = self;
    VN_AUTO(vn_buf) text = {0};
    VN_AUTO(vn_arena) scratch = {0};
    uint64_t *kib = vn_arena_array(&scratch, job->guest->n_nodes, sizeof *kib), now;

    if (!kib || !job->progress || vn_file_readf("", &text, NULL, "proc/%d/cgroup", job->guest->pid) < 0 ||
        vn_cgroup_numa_stat(&job->mounts, text.ptr, job->guest->node_ids, job->guest->n_nodes, kib, NULL) < 0)
        return;
    now = kib[target_index(job)];
    now = now > job->target_kib ? now - job->target_kib : 0;
    vn_progress_say(job->progress, job->what, now < job->total_kib ? now : job->total_kib, job->total_kib, "KiB");
}

/* ---- the operation ---- */

static int find_cell(struct job *job, struct vn_arena *arena, struct vn_err *err)
{
    const struct vn_guest *guest = job->guest;
    int *which = vn_arena_array(arena, guest->n_cells, sizeof *which);

    if (!which)
        return vn_nomem(err);
    if (job->move->cell >= guest->n_cells)
        return vn_failf(err, VN_E_USAGE, "See 'vnuma vm NAME' for its cells.", "VM '%s' has no cell %u", guest->name,
                        job->move->cell);
    vn_vmas_cells(&job->vmas, guest->cell_kib, guest->n_cells, which);
    if (which[job->move->cell] < 0 || !job->vmas.items[which[job->move->cell]].end)
        return vn_failf(err, VN_E_REFUSED,
                        "Move the whole guest, or re-place it with 'vnuma apply --via save-restore'.",
                        "the mappings of VM '%s' do not tell which memory is that of cell %u", guest->name,
                        job->move->cell);
    job->first = (size_t)which[job->move->cell];
    job->count = 1;
    return 0;
}

static int prepare(struct job *job, struct vn_arena *arena, struct vn_err *err)
{
    const struct vn_move *move = job->move;
    int r;

    if (target_index(job) < 0)
        return vn_failf(err, VN_E_USAGE, "See 'vnuma host' for its nodes.", "the host has no node %d", move->node_to);
    for (size_t n = 0; n < job->guest->n_nodes; n++) {
        unsigned node = (unsigned)job->guest->node_ids[n];

        if ((int)node != move->node_to && (!move->nodes_from || vn_nodeset_has(move->nodes_from, node)))
            vn_nodeset_add(&job->from, node);
    }
    r = vn_proc_vmas(job->guest, arena, &job->vmas, err);
    if (r < 0)
        return r;
    job->count = job->vmas.count;
    if (!move->all) {
        r = find_cell(job, arena, err);
        if (r < 0)
            return r;
    }
    for (size_t v = job->first; v < job->first + job->count; v++)
        job->total_kib += movable_kib(job, &job->vmas.items[v]);
    if (move->limit_kib && job->total_kib > move->limit_kib)
        job->total_kib = move->limit_kib;
    return job->total_kib ? check_room(job, err) : 0;
}

/* What is on a node of all that this job is to move: the whole process, or the mapping of one cell. */
static uint64_t sum_kib(const struct job *job, const struct vn_vmas *vmas, size_t node)
{
    uint64_t sum = 0;

    for (size_t v = 0; v < vmas->count; v++)
        if (job->move->all || vmas->items[v].start == job->vmas.items[job->first].start)
            sum += vn_vma_kib(&vmas->items[v], node);
    return sum;
}

/*
 * migrate_pages() tells what stayed, not what moved, and of a cell's pages some move by being woken:
 * what left the sources and came to the target.
 */
static int count_migrated(const struct job *job, uint64_t *ret_kib, struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    uint64_t left = 0, arrived = 0;
    struct vn_vmas now;
    int r = vn_proc_vmas(job->guest, &scratch, &now, err);

    if (r < 0)
        return r;
    for (size_t n = 0; n < job->guest->n_nodes; n++) {
        uint64_t before = sum_kib(job, &job->vmas, n), after = sum_kib(job, &now, n);

        if (job->guest->node_ids[n] == job->move->node_to)
            arrived = after > before ? after - before : 0;
        else if (vn_nodeset_has(&job->from, (unsigned)job->guest->node_ids[n]))
            left += before > after ? before - after : 0;
    }
    *ret_kib = left < arrived ? left : arrived;
    return 0;
}

/* A few pages stay whatever is done (the kernel or KVM holds them): less than a hundredth is as good as nothing. */
static bool is_crumb(const struct job *job)
{
    uint64_t whole = 0;

    for (size_t n = 0; n < job->guest->n_nodes; n++)
        whole += sum_kib(job, &job->vmas, n);
    return job->total_kib < whole / 100;
}

static int run(struct job *job, uint64_t *ret_moved_kib, struct vn_err *err)
{
    int r;

    /* migrate_pages() knows no limit */
    if (job->move->all && !job->move->limit_kib) {
        job->target_kib = sum_kib(job, &job->vmas, (size_t)target_index(job));
        vn_worker_run(migrate, job, show_migrate, job, POLL_MS);
        r = count_migrated(job, ret_moved_kib, job->r < 0 ? NULL : err);
    } else {
        vn_worker_run(move_ranges, job, show_ranges, job, POLL_MS);
        *ret_moved_kib = job->range.moved_kib;
        r = job->move->limit_kib ? 0 : count_migrated(job, ret_moved_kib, job->r < 0 ? NULL : err);
    }
    if (job->r < 0 && err)
        *err = job->err;
    if (job->r < 0 || r < 0)
        return job->r < 0 ? job->r : r;
    if (!*ret_moved_kib && !is_crumb(job))
        return vn_failf(err, VN_E_REFUSED, "Re-place it with 'vnuma apply --via save-restore', or at its next start.",
                        "none of the %" PRIu64 " KiB could be moved: a device passed through to the guest, or "
                        "locked memory, holds them", job->total_kib);
    vn_progress_say(job->progress, job->what, job->total_kib, job->total_kib, "KiB");
    return 0;
}

int vn_proc_move(const struct vn_guest *guest, const struct vn_move *move, const struct vn_progress *progress,
                 uint64_t *ret_moved_kib, struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct job job = {.guest = guest, .move = move, .progress = progress, .sys = &vn_move_linux};
    char cell[32] = "";
    int r;

    *ret_moved_kib = 0;
    if (!move->all)
        (void)snprintf(cell, sizeof cell, " cell %u", move->cell);
    (void)snprintf(job.what, sizeof job.what, "moving the memory of %.64s%s to node %d", guest->name, cell,
                   move->node_to);
    r = prepare(&job, &scratch, err);
    if (r == 0 && job.total_kib) {
        job.range.sys = job.sys;
        job.range.pid = guest->pid;
        job.range.from = &job.from;
        job.range.to = move->node_to;
        job.range.limit_kib = move->limit_kib;
        if (vn_cgroup_find(&job.mounts, NULL) < 0)
            memset(&job.mounts, 0, sizeof job.mounts); /* no progress shown then */
        r = run(&job, ret_moved_kib, err);
    }
    return vn_err_ctx(err, r, "cannot move the memory of VM '%s'%s to node %d", guest->name, cell, move->node_to);
}
