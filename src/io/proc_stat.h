/* SPDX-License-Identifier: MIT */
#ifndef VN_IO_PROC_STAT_H
#define VN_IO_PROC_STAT_H

#include "codec/proctext.h"
#include "io/move_range.h"
#include "port/statistics.h"

/* The memory statistics of this machine: processes from /proc, cgroups and move_pages(2). */

/** struct vn_stat_reading - one process being read: what is asked, and where its figures go. */
struct vn_stat_reading {
    const struct vn_process *process;
    const struct vn_stat_opts *opts;
    const int *node_ids;
    size_t n_nodes;
    uint64_t rss_kib;         /* resident, without huge pages of hugetlbfs */
    struct vn_memstat *stat;  /* nodes is there, n_nodes of them */
    uint64_t *cell_kib;       /* [cell * nodes + node], zeroed; used where the cells can be told apart */
};

/** struct vn_sampling - how a sample asks; a test stands in for the kernel. */
struct vn_sampling {
    const struct vn_move_sys *sys;
    const char *maps; /* /proc/PID/maps */
    bool balancing; /* the kernel hides pages at times (kernel.numa_balancing) */
};

/**
 * vn_stat_sample() - an estimate: asks where pages are that were chosen by chance, one of each of equally long
 * stretches of the process's mappings. Each node gets its part of rss_kib. error_pct is the 95 % confidence bound of
 * the worst node's part (Wilson's interval, which the stratification can only better), plus the part of pages that
 * the kernel hid.
 * Errors: -VN_E_ABSENT it ended, -VN_E_ENV no permission, -VN_E_REFUSED nothing of it was found
 */
VN_NODISCARD int vn_stat_sample(const struct vn_stat_reading *in, const struct vn_sampling *how, struct vn_err *err);

#endif
