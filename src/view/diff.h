/* SPDX-License-Identifier: MIT */
#ifndef VN_VIEW_DIFF_H
#define VN_VIEW_DIFF_H

#include <vnuma/buf.h>
#include <vnuma/err.h>

/**
 * vn_diff() - PURE: a unified diff of two texts by lines, 3 lines of context; "" when equal.
 * @name: what the headers call the two ("db32.xml" -> "--- a/db32.xml"); NULL: no headers
 * Texts that differ in more than some thousand lines are shown as one whole replacement.
 */
VN_NODISCARD int vn_diff(const char *before, const char *after, const char *name, struct vn_buf *ret,
                         struct vn_err *err);

#endif
