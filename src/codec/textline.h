/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_TEXTLINE_H
#define VN_CODEC_TEXTLINE_H

#include <vnuma/set.h>

/* PURE: walking through the kernel's text files. */

/** vn_line_next() - the start of the next line, or NULL at the end. */
const char *vn_line_next(const char *line);

/** vn_line_number() - digits of @base (10 or 16) at *@at, which is moved behind them; -1: none, or too large. */
VN_NODISCARD int vn_line_number(const char **at, unsigned base, uint64_t *ret);

/**
 * vn_line_node() - "N3=512": the position of node 3 in @node_ids, and 512.
 * Returns 1 and moves *@word behind what was read; 0 for another word, or an unknown node with nothing on it;
 * -VN_E_FORMAT for memory on a node that is not among the ids.
 */
VN_NODISCARD int vn_line_node(const char **word, const int *node_ids, size_t n_nodes, size_t *ret_index,
                              uint64_t *ret_value, struct vn_err *err);

#endif
