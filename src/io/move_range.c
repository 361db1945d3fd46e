/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/move_range.h"

enum {
    BATCH_KIB = 16 * 1024,
    BATCH_PAGES = BATCH_KIB / 4,
    ROUGH_KIB = 2048, /* one page of each such piece moves a whole transparent huge page */
    TRIES = 4,
    MOVE = 1 << 1, MOVE_ALL = 1 << 2, /* MPOL_MF_*, linux/mempolicy.h */
};

static long sys_migrate_pages(void *self, pid_t pid, unsigned long bits, const unsigned long *from,
                              const unsigned long *to)
{
    (void)self;
    return syscall(SYS_migrate_pages, pid, bits, from, to);
}

static long sys_move_pages(void *self, pid_t pid, unsigned long count, void **pages, const int *nodes, int *status,
                           int flags)
{
    (void)self;
    return syscall(SYS_move_pages, pid, count, pages, nodes, status, flags);
}

const struct vn_move_sys vn_move_linux = {.move_pages = sys_move_pages, .migrate_pages = sys_migrate_pages, .wake = vn_move_wake};

struct batch {
    void *pages[BATCH_PAGES];
    int nodes[BATCH_PAGES], status[BATCH_PAGES];
    size_t count;
};

int vn_move_fail(pid_t pid, int to, int number, struct vn_err *err)
{
    switch (number) {
    case ESRCH:
        return vn_failf(err, VN_E_ABSENT, NULL, "process %d has ended", (int)pid);
    case EPERM:
        return vn_failf(err, VN_E_ENV, "Run vnuma as root.", "no permission to move the memory of process %d",
                        (int)pid);
    case EACCES:
    case ENODEV:
        return vn_failf(err, VN_E_REFUSED, "Look at cpuset.mems of the cgroup that vnuma runs in.",
                        "node %d has no memory that this process may use", to);
    case ENOMEM:
        return vn_failf(err, VN_E_REFUSED, "Free memory on that node first.", "node %d ran out of memory", to);
    default:
        return vn_failf(err, VN_E_IO, NULL, "the kernel did not move pages of process %d to node %d: %s",
                        (int)pid, to, strerror(number));
    }
}

static int query(const struct vn_range_move *move, struct batch *batch, struct vn_err *err)
{
    for (size_t i = 0; i < batch->count; i++)
        batch->status[i] = -ENOENT;
    if (batch->count && move->sys->move_pages(move->sys->self, move->pid, batch->count, batch->pages, NULL,
                                              batch->status, 0) < 0)
        return vn_move_fail(move->pid, move->to, errno, err);
    return 0;
}

/* Where the batch's pages are: status[] has nodes, or negative errors such as -ENOENT (untouched). */
static int locate(const struct vn_range_move *move, struct batch *batch, struct vn_err *err)
{
    int r = query(move, batch, err);

    if (r < 0 || !move->sys->wake ||
        !move->sys->wake(move->sys->self, move->pid, batch->pages, batch->status, batch->count))
        return r;
    return query(move, batch, err);
}

/* Keeps the pages that are to move: on a node of @from, and not at the target. Returns how many are there. */
static size_t select_movable(const struct vn_range_move *move, struct batch *batch)
{
    size_t kept = 0, arrived = 0;

    for (size_t i = 0; i < batch->count; i++) {
        int node = batch->status[i];

        arrived += node == move->to;
        if (node >= 0 && node != move->to && vn_nodeset_has(move->from, (unsigned)node))
            batch->pages[kept++] = batch->pages[i];
    }
    batch->count = kept;
    return arrived;
}

/*
 * One call for pages[0..count). A positive answer counts pages that stayed, for now. Only a
 * privileged caller may move pages that other processes share; any may move the rest.
 */
static int push(const struct vn_range_move *move, struct batch *batch, size_t count, struct vn_err *err)
{
    long r;

    for (size_t i = 0; i < count; i++)
        batch->nodes[i] = move->to;
    r = move->sys->move_pages(move->sys->self, move->pid, count, batch->pages, batch->nodes, batch->status, MOVE_ALL);
    if (r < 0 && errno == EPERM)
        r = move->sys->move_pages(move->sys->self, move->pid, count, batch->pages, batch->nodes, batch->status, MOVE);
    /* ENOENT: none of these is there any more; ENOMEM: the node is full, what stayed is counted */
    return r < 0 && errno != ENOENT && errno != ENOMEM ? vn_move_fail(move->pid, move->to, errno, err) : 0;
}

/* Puts one page of each 2 MiB piece to the front; returns how many. Pages are in ascending order. */
static size_t rough_first(struct batch *batch)
{
    uintptr_t piece = 0;
    size_t front = 0;

    for (size_t i = 0; i < batch->count; i++) {
        uintptr_t here = (uintptr_t)batch->pages[i] / (ROUGH_KIB * 1024u) + 1;

        if (here != piece) {
            void *page = batch->pages[i];

            batch->pages[i] = batch->pages[front];
            batch->pages[front++] = page;
            piece = here;
        }
    }
    return front;
}

/* How many pages the limit still lets through. */
static size_t allowed(const struct vn_range_move *move, uint64_t page_kib, size_t count)
{
    uint64_t moved = move->moved_kib, room;

    if (!move->limit_kib)
        return count;
    room = moved < move->limit_kib ? (move->limit_kib - moved + page_kib - 1) / page_kib : 0;
    return room < count ? (size_t)room : count;
}

/*
 * Pushes until nothing movable is left or nothing helps. A transparent huge page moves whole with
 * any of its 4 KiB pages, so the first push is of a few.
 */
static int push_all(struct vn_range_move *move, struct batch *batch, uint64_t page_kib, struct vn_err *err)
{
    for (int attempt = 0; attempt < TRIES && batch->count; attempt++) {
        bool rough = attempt == 0 && page_kib < ROUGH_KIB;
        size_t count = rough ? rough_first(batch) : batch->count;
        int r;

        count = allowed(move, rough ? ROUGH_KIB : page_kib, count);
        if (!count)
            return 0;
        r = push(move, batch, count, err);
        if (r == 0)
            r = locate(move, batch, err);
        if (r < 0)
            return r;
        move->moved_kib += select_movable(move, batch) * page_kib;
    }
    move->left_kib += batch->count * page_kib;
    return 0;
}

int vn_range_run(struct vn_range_move *move, const struct vn_range *range, struct vn_err *err)
{
    uint64_t stride = range->page_kib * 1024, at = range->start;
    struct batch *batch;
    int r = 0;

    if (!stride || range->end < range->start)
        return vn_failf(err, VN_E_RANGE, NULL, "a memory range that ends before it begins");
    batch = malloc(sizeof *batch);
    if (!batch)
        return vn_nomem(err);
    while (r == 0 && at < range->end && (!move->limit_kib || move->moved_kib < move->limit_kib)) {
        uint64_t stop = range->end - at > BATCH_KIB * 1024u ? at + BATCH_KIB * 1024u : range->end;

        for (batch->count = 0; at < stop && batch->count < BATCH_PAGES; at += stride)
            batch->pages[batch->count++] = (void *)(uintptr_t)at; /* an address over there; never read here */
        r = locate(move, batch, err);
        if (r == 0) {
            (void)select_movable(move, batch);
            r = push_all(move, batch, range->page_kib, err);
        }
    }
    free(batch);
    return r;
}
