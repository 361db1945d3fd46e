/* SPDX-License-Identifier: MIT */
#ifndef VN_PORT_STATISTICS_H
#define VN_PORT_STATISTICS_H

#include <stdbool.h>
#include <vnuma/err.h>
#include <vnuma/stat.h>

#include "port/progress.h"

/* Where memory statistics come from: a host's processes and its allocator's counters. Ops only; io/ has the door. */

/** struct vn_process - one process to look at. Borrowed pointers. */
struct vn_process {
    int pid;
    const char *name;         /* the program's; for a VM its own */
    const char *vm;           /* the guest that runs in it, or NULL */
    const uint64_t *cell_kib; /* sizes of the guest's cells; NULL: it has none, or they do not matter */
    size_t n_cells;
};

struct vn_stat_opts {
    bool kinds;       /* Huge, Heap, Stack, Private: numa_maps has them, nothing else does */
    bool sample;      /* an estimate for what would take a long walk */
    double within;    /* the sample: how far off a node's part may be, in points; it grows until it is so close */
    uint64_t seed;    /* of the sample */
};

struct vn_statistics_ops {
    /* each node's counters, by ascending id */
    int (*counters)(void *self, struct vn_arena *arena, struct vn_counters **ret, size_t *ret_count,
                    struct vn_err *err);
    /* every process whose command line has @text in it, this one excepted; by ascending id. None is no error */
    int (*find)(void *self, const char *text, struct vn_arena *arena, struct vn_process **ret, size_t *ret_count,
                struct vn_err *err);
    /* the one with that id. -VN_E_ABSENT */
    int (*process)(void *self, int pid, struct vn_arena *arena, struct vn_process *ret, struct vn_err *err);
    /* what they hold; a process that ended meanwhile, or may not be looked at, says so in unread. ret owns all */
    int (*memory)(void *self, const struct vn_process *processes, size_t count, const struct vn_stat_opts *opts,
                  struct vn_memstats *ret, struct vn_err *err);
    void (*close)(void *self);
};

struct vn_statistics {
    const struct vn_statistics_ops *ops;
    void *self;
};

static inline void vn_statistics_drop(struct vn_statistics *stats)
{
    if (stats->ops && stats->ops->close)
        stats->ops->close(stats->self);
    stats->ops = 0;
}

#endif
