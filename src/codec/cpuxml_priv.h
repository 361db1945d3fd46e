/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_CPUXML_PRIV_H
#define VN_CODEC_CPUXML_PRIV_H

#include "codec/cpuxml.h"
#include "codec/xmltree.h"

/* Inside this room: pieces that every document about CPUs is read with. A NULL node has "". */

VN_NODISCARD int vn_cpuxml_attr(const xmlNode *node, const char *attr, struct vn_arena *arena, char **ret,
                                struct vn_err *err);
VN_NODISCARD int vn_cpuxml_text(const xmlNode *node, struct vn_arena *arena, char **ret, struct vn_err *err);
VN_NODISCARD int vn_cpuxml_signature(const xmlNode *node, struct vn_arena *arena, struct vn_cpu_signature *ret,
                                     struct vn_err *err);
/** vn_cpuxml_read() - a <cpu>, or what has its children. */
VN_NODISCARD int vn_cpuxml_read(const xmlNode *node, struct vn_arena *arena, struct vn_cpu *ret, struct vn_err *err);
/** vn_cpuxml_add() - a copy of @name at the end of a list. */
VN_NODISCARD int vn_cpuxml_add(struct vn_arena *arena, char ***names, size_t *count, const char *name,
                               struct vn_err *err);

#endif
