/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_QMP_H
#define VN_CODEC_QMP_H

#include <vnuma/arena.h>
#include <vnuma/err.h>

/* PURE: what QEMU's monitor answers. Source: QEMU QMP Reference Manual. */

struct vn_qmp_cpu {
    unsigned index; /* cpu-index: the vCPU's number */
    int tid;        /* thread-id */
};

/** vn_qmp_cpus_parse() - the reply to query-cpus-fast. Errors: -VN_E_SYNTAX, -VN_E_FORMAT, -VN_E_IO (an error reply) */
VN_NODISCARD int vn_qmp_cpus_parse(const char *json, size_t len, struct vn_arena *arena, struct vn_qmp_cpu **ret,
                                   size_t *ret_count, struct vn_err *err);

#endif
