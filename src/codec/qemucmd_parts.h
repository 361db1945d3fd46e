/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_QEMUCMD_PARTS_H
#define VN_CODEC_QEMUCMD_PARTS_H

#include "codec/qemucmd.h"
#include "codec/qemuopts.h"

/* What the readers of a QEMU command line share. Private to the codec room. */

/* One -numa, kept until every option was read: it refers to objects and to the topology. */
struct vn_qemu_line {
    struct vn_arena *arena;
    struct vn_err *err;
    struct vn_qemu_cmd *cmd;
    struct vn_qemu_props *numa;
    size_t n_numa;
    struct vn_qemu_props machine, smp;
    struct vn_qemu_chardev {
        char *id, *path;
    } *chardevs;
    size_t n_chardevs;
    char **monitors; /* ids of the chardevs with a QMP monitor */
    size_t n_monitors;
};

/** -smp: vCPUs and topology. */
VN_NODISCARD int vn_qemucmd_smp(struct vn_qemu_line *line);
/** -object: memory backends and IOThreads. */
VN_NODISCARD int vn_qemucmd_object(struct vn_qemu_line *line, const char *text);
/** -numa, every one: cells, their vCPUs, memory and distances. */
VN_NODISCARD int vn_qemucmd_numa(struct vn_qemu_line *line);

#endif
