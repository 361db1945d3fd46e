/* SPDX-License-Identifier: MIT */
#ifndef VNUMA_BUF_H
#define VNUMA_BUF_H

#include <stddef.h>
#include <vnuma/defs.h>

/**
 * struct vn_buf - a growing string; always NUL-terminated once written to. {0} is empty.
 * A failed allocation is remembered in @failed, so that a run of appends is checked once.
 */
struct vn_buf {
    char *ptr;
    size_t len, cap;
    int failed;
};

void vn_buf_add(struct vn_buf *buf, const void *bytes, size_t len);
void vn_buf_str(struct vn_buf *buf, const char *text);
void vn_buf_fmt(struct vn_buf *buf, const char *fmt, ...) VN_PRINTF(2, 3);
/** vn_buf_text() - the contents, "" when empty; never NULL. */
const char *vn_buf_text(const struct vn_buf *buf);
void vn_buf_drop(struct vn_buf *buf);

#endif
