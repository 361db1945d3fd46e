/* SPDX-License-Identifier: MIT */
#ifndef VN_PORT_GUEST_H
#define VN_PORT_GUEST_H

#include <vnuma/buf.h>
#include <vnuma/err.h>

/* What is done inside a running guest, through an agent of its own. Ops only; io/ has the doors. */

/*
 * Every op: -VN_E_REFUSED where no agent answers, in time, or where it may not do that. What comes out of a guest is
 * the guest's word: nothing in it is trusted.
 */
struct vn_guest_ops {
    /* a file of the guest's, replacing ret_bytes. -VN_E_RANGE: it has more than @max bytes.
     * -VN_E_IO: the guest's system refuses (no such file, ...), in the agent's words */
    int (*read_file)(void *self, const char *vm, const char *path, size_t max, struct vn_buf *ret_bytes,
                     struct vn_err *err);
};

#endif
