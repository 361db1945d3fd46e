/* SPDX-License-Identifier: MIT */
/*
 * Automatic NUMA balancing (kernel.numa_balancing, on by default) makes pages inaccessible for a
 * while, to see who touches them. move_pages(2) then says of a page that is there that it is not,
 * and leaves it. Reading a byte of it makes it accessible again; an idle guest would not do so itself.
 * Sources: Documentation/admin-guide/mm/pagemap.rst; process_vm_readv(2); seen on Linux 6.1.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "io/move_range.h"

enum { PAGE = 4096, AT_ONCE = 512 };
#define PRESENT (UINT64_C(1) << 63)

static bool is_missing(int status)
{
    return status == -ENOENT || status == -EFAULT;
}

static bool is_present(int pagemap, const void *page)
{
    uint64_t entry = 0;
    off_t at = (off_t)((uintptr_t)page / PAGE * sizeof entry);

    return pread(pagemap, &entry, sizeof entry, at) == (ssize_t)sizeof entry && (entry & PRESENT);
}

/* Reads a byte of each; one that cannot be read ends the call early, and is left out the next time. */
static void touch(pid_t pid, struct iovec *pages, size_t count)
{
    char bytes[AT_ONCE];
    size_t at = 0;

    while (at < count) {
        struct iovec here = {.iov_base = bytes, .iov_len = count - at};
        ssize_t got = process_vm_readv(pid, &here, 1, pages + at, count - at, 0);

        at += got > 0 ? (size_t)got : 1;
    }
}

size_t vn_move_wake(void *self, pid_t pid, void *const *pages, const int *status, size_t count)
{
    struct iovec asleep[AT_ONCE];
    char path[48];
    size_t n = 0, all = 0;
    int pagemap;

    (void)self;
    (void)snprintf(path, sizeof path, "/proc/%d/pagemap", (int)pid);
    pagemap = open(path, O_RDONLY | O_CLOEXEC);
    if (pagemap < 0)
        return 0; /* what sleeps stays where it is; the count from numa_maps and verify show it */
    for (size_t i = 0; i < count; i++) {
        if (!is_missing(status[i]) || !is_present(pagemap, pages[i]))
            continue;
        asleep[n++] = (struct iovec){.iov_base = pages[i], .iov_len = 1};
        if (n == AT_ONCE) {
            touch(pid, asleep, n);
            all += n;
            n = 0;
        }
    }
    touch(pid, asleep, n);
    (void)close(pagemap);
    return all + n;
}
