/* SPDX-License-Identifier: MIT */
#ifndef VN_IO_LOCKFILE_H
#define VN_IO_LOCKFILE_H

#include <stdbool.h>
#include <vnuma/err.h>

/** struct vn_lockfile - who may change a host. Starts as {.fd = -1}; fd is -1 while it is not held. */
struct vn_lockfile {
    int fd;
    bool held;
};

/**
 * vn_lockfile_take() - flock(2) on a file of @dir, one for each @uri, with the holder's pid in it;
 * the kernel gives it back when the process ends, however it ends.
 * @dir:     NULL: held within this object only (nothing outside the process can be changed)
 * @wait_ms: how long to wait for another holder; 0: not at all
 * Errors: -VN_E_BUSY names the holder's pid; -VN_E_ENV the file cannot be made
 */
VN_NODISCARD int vn_lockfile_take(struct vn_lockfile *lock, const char *dir, const char *uri, unsigned wait_ms,
                                  struct vn_err *err);
void vn_lockfile_give(struct vn_lockfile *lock);

#endif
