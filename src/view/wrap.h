/* SPDX-License-Identifier: MIT */
#ifndef VN_VIEW_WRAP_H
#define VN_VIEW_WRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <vnuma/buf.h>

/* Private to the view. libsmartcols wraps a cell in the middle of a word; we break before it does. */

/** vn_text_width() - columns a UTF-8 text takes (a character is one). */
size_t vn_text_width(const char *text);

/** vn_wrap_lines() - @text with newlines so that no line is wider than @width: at spaces, else after commas. */
void vn_wrap_lines(const char *text, size_t width, struct vn_buf *ret);

/**
 * vn_wrap_widths() - how wide each column may be for the whole to fit into @width: the widest of
 * those that may shrink gives way first.
 * @widths: in: what each needs; out: what it gets (a column that may not shrink keeps its own)
 * @shrinks: which may; none gets under @least
 */
void vn_wrap_widths(size_t *widths, const bool *shrinks, size_t n, size_t gap, size_t width, size_t least);

#endif
