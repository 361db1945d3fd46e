/* SPDX-License-Identifier: MIT */
#ifndef VN_PORT_CPU_H
#define VN_PORT_CPU_H

#include <vnuma/arena.h>
#include <vnuma/buf.h>
#include <vnuma/err.h>

/* What a host knows of CPU models. Ops only; documents are libvirt's XML, which codec reads. */

/** struct vn_cpu_target - the kind of VM asked about; NULL: what the host would take. */
struct vn_cpu_target {
    const char *emulator, *arch, *machine, *virttype;
};

enum vn_cpu_verdict { VN_CPU_INCOMPATIBLE, VN_CPU_IDENTICAL, VN_CPU_SUPERSET };

/* Every ret_ buffer is replaced. */
struct vn_cpu_ops {
    /* the models that libvirt there has names for */
    int (*names)(void *self, const char *arch, struct vn_arena *arena, char ***ret, size_t *ret_count,
                 struct vn_err *err);
    int (*capabilities)(void *self, struct vn_buf *ret_xml, struct vn_err *err);
    int (*domcaps)(void *self, const struct vn_cpu_target *target, struct vn_buf *ret_xml, struct vn_err *err);
    /* can the host give this <cpu>? ret_why: libvirt's sentence when it cannot, else "" */
    int (*compare)(void *self, const struct vn_cpu_target *target, const char *cpu_xml, enum vn_cpu_verdict *ret,
                   struct vn_buf *ret_why, struct vn_err *err);
    /* the richest <cpu> that each of @count hosts can give, without what keeps a guest from migrating */
    int (*baseline)(void *self, const struct vn_cpu_target *target, const char *const *cpu_xmls, size_t count,
                    struct vn_buf *ret_xml, struct vn_err *err);
    /* a file of libvirt's cpu_map on the machine this runs on; -VN_E_ABSENT where it is not installed */
    int (*map_file)(void *self, const char *name, struct vn_buf *ret_xml, struct vn_err *err);
    /* what the emulator's own monitor says to query-cpu-definitions; -VN_E_REFUSED on another machine */
    int (*definitions)(void *self, const char *emulator, const char *virttype, struct vn_buf *ret_text,
                       struct vn_err *err);
};

#endif
