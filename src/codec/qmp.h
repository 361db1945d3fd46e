/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_QMP_H
#define VN_CODEC_QMP_H

#include <stdbool.h>
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

struct vn_qmp_iothread {
    char *id; /* the object's, as on the command line */
    int tid;
};

/** vn_qmp_iothreads_parse() - the reply to query-iothreads. Errors: as above */
VN_NODISCARD int vn_qmp_iothreads_parse(const char *json, size_t len, struct vn_arena *arena,
                                        struct vn_qmp_iothread **ret, size_t *ret_count, struct vn_err *err);

/** vn_qmp_running_parse() - the reply to query-status: do the vCPUs run? Errors: as above */
VN_NODISCARD int vn_qmp_running_parse(const char *json, size_t len, bool *ret, struct vn_err *err);

enum vn_qmp_kind { VN_QMP_GREETING, VN_QMP_EVENT, VN_QMP_REPLY, VN_QMP_ODD };

/** vn_qmp_kind_of() - what a line of the monitor is; an error reply is a reply. */
enum vn_qmp_kind vn_qmp_kind_of(const char *json, size_t len);

struct vn_qmp_model {
    char *name;
    char **unavailable; /* features, as QEMU spells them; of a model that is not usable at all it may name none */
    size_t n_unavailable;
};

/**
 * vn_qmp_models_parse() - the reply to query-cpu-definitions, found in all that a monitor said (a line a
 * message: greeting, replies, events). A model whose features QEMU does not tell is left out.
 * Errors: -VN_E_FORMAT no such reply in it, -VN_E_IO (an error reply)
 */
VN_NODISCARD int vn_qmp_models_parse(const char *text, size_t len, struct vn_arena *arena, struct vn_qmp_model **ret,
                                     size_t *ret_count, struct vn_err *err);

#endif
