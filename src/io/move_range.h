/* SPDX-License-Identifier: MIT */
#ifndef VN_IO_MOVE_RANGE_H
#define VN_IO_MOVE_RANGE_H

#include <stdatomic.h>
#include <stddef.h>
#include <sys/types.h>
#include <vnuma/set.h>

/*
 * Moving a range of another process's pages with move_pages(2), batch by batch. The kernel is
 * asked where each page is before and after: what counts as moved is what it says then.
 */

/** The calls, so that a test can stand in for the kernel. They return as system calls do, errno set. */
struct vn_move_sys {
    long (*move_pages)(void *self, pid_t pid, unsigned long count, void **pages, const int *nodes, int *status,
                       int flags);
    long (*migrate_pages)(void *self, pid_t pid, unsigned long bits, const unsigned long *from,
                          const unsigned long *to);
    /* makes pages accessible that the kernel hides from move_pages(); returns how many. May be NULL */
    size_t (*wake)(void *self, pid_t pid, void *const *pages, const int *status, size_t count);
    void *self;
};
extern const struct vn_move_sys vn_move_linux;

/**
 * vn_move_wake() - reads a byte of each page that is there (pagemap) though move_pages() says it is
 * not (@status -ENOENT or -EFAULT): automatic NUMA balancing hides pages so.
 */
size_t vn_move_wake(void *self, pid_t pid, void *const *pages, const int *status, size_t count);

/** vn_move_fail() - what errno @number says, for moves of @pid's pages to node @to. */
VN_NODISCARD int vn_move_fail(pid_t pid, int to, int number, struct vn_err *err);

struct vn_range {
    uint64_t start, end;   /* addresses */
    uint64_t page_kib;     /* 4, or a huge page's size */
};

struct vn_range_move {
    const struct vn_move_sys *sys;
    pid_t pid;
    const struct vn_nodeset *from; /* pages elsewhere stay */
    int to;
    uint64_t limit_kib;            /* 0: none; counts over all calls */
    atomic_uint_fast64_t moved_kib, left_kib; /* moved; and tried, but still where they were */
};

/**
 * vn_range_run() - moves one range; call it for as many as there are. Stops at the limit.
 * Errors: -VN_E_ENV no permission, -VN_E_ABSENT the process is gone, -VN_E_REFUSED the node takes
 *         no pages (not among those this process may use), -VN_E_NOMEM, -VN_E_IO
 */
VN_NODISCARD int vn_range_run(struct vn_range_move *move, const struct vn_range *range, struct vn_err *err);

#endif
