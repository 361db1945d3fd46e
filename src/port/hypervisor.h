/* SPDX-License-Identifier: MIT */
#ifndef VN_PORT_HYPERVISOR_H
#define VN_PORT_HYPERVISOR_H

#include <vnuma/snapshot.h>

#include "port/cpu.h"
#include "port/guest.h"
#include "port/progress.h"
#include "port/statistics.h"

/* A door to a host and its VMs: libvirt, bare QEMU, or a replayed snapshot. Ops only; io/ has the doors. */

enum { VN_SCOPE_LIVE = 1u << 0, VN_SCOPE_CONFIG = 1u << 1 };
enum vn_xml_kind { VN_XML_LIVE, VN_XML_STORED, VN_XML_MIGRATABLE };

struct vn_buf;
struct vn_placement;
struct vn_step;

/* What a memory move asks for: the pages of one cell (or of the whole guest) to one node. */
struct vn_move {
    unsigned cell; /* with all false */
    bool all;      /* the whole process */
    int node_to;
    const struct vn_nodeset *nodes_from; /* NULL: from every other node */
    uint64_t limit_kib;                  /* 0: everything; else stop after so much */
};

/* A setting, as set_setting() wants it, with what it is now. */
struct vn_setting_change {
    char *key, *before, *after;
};

struct vn_hypervisor_ops {
    /* what is there now; ret_snapshot is complete (host, VMs, XML, threads, memory).
     * names: read only these VMs in depth (NULL: all); a name that is absent is -VN_E_ABSENT */
    int (*observe)(void *self, const char *const *names, size_t n_names, const struct vn_progress *progress,
                   struct vn_snapshot *ret_snapshot, struct vn_err *err);
    int (*xml)(void *self, const char *vm, enum vn_xml_kind kind, struct vn_buf *ret_text, struct vn_err *err);
    /* the identity of the VM that has that name now, as a snapshot has it in uuid; also while observe() fails.
     * -VN_E_ABSENT: no such VM */
    int (*uuid)(void *self, const char *vm, struct vn_buf *ret_text, struct vn_err *err);
    /* one call, one scope bit set; config scope is done through define by the app, so LIVE is what
     * apply uses; the levers (pin, ...) use both */
    int (*pin_vcpu)(void *self, const char *vm, unsigned vcpu, const struct vn_cpuset *cpus, unsigned scope,
                    struct vn_err *err);
    int (*pin_emulator)(void *self, const char *vm, const struct vn_cpuset *cpus, unsigned scope, struct vn_err *err);
    int (*pin_iothread)(void *self, const char *vm, unsigned iothread, const struct vn_cpuset *cpus, unsigned scope,
                        struct vn_err *err);
    int (*set_nodeset)(void *self, const char *vm, const struct vn_nodeset *nodes, unsigned scope, struct vn_err *err);
    /* moves resident pages; ret_moved_kib also on failure; the pages that could not be moved stay */
    int (*move_memory)(void *self, const char *vm, const struct vn_move *move, const struct vn_progress *progress,
                       uint64_t *ret_moved_kib, struct vn_err *err);
    /* resident memory by cell and node, now: as in struct vn_vm; n_nodes in the order of the host */
    int (*memory)(void *self, const char *vm, struct vn_arena *arena, uint64_t **ret_node_kib, uint64_t **ret_cell_kib,
                  struct vn_err *err);
    /* the processes of VMs that run, by name, for their memory to be looked at: reads neither threads nor pages.
     * names: only these (n 0: all); -VN_E_ABSENT, -VN_E_REFUSED one that does not run. NULL: observe() has to do */
    int (*running)(void *self, const char *const *names, size_t n_names, struct vn_arena *arena,
                   struct vn_process **ret, size_t *ret_count, struct vn_err *err);
    int (*define)(void *self, const char *xml, struct vn_err *err);
    /* one named value of what runs now: of a VM ("vcpus"; as its agent says "guest.vcpus", how many, and
     * "guest.online", which, as a list that cannot be set; "cpu.time", ns used so far, nor that; a limit, by a key of
     * src/codec/vmlimits.h), or with vm "" of the host ("kernel.numa_balancing"; "net.shaping.missing", the kernel
     * modules that limits of interfaces need and that are not there).
     * "" where it has none. -VN_E_ABSENT: no such VM, or a setting that this host does not have */
    int (*setting)(void *self, const char *vm, const char *key, struct vn_buf *ret_value, struct vn_err *err);
    int (*set_setting)(void *self, const char *vm, const char *key, const char *value, struct vn_err *err);
    /* ret_paused_ms: how long the guest stood still */
    int (*save_restore)(void *self, const char *vm, const char *xml, const struct vn_progress *progress,
                        uint64_t *ret_paused_ms, struct vn_err *err);
    void (*close)(void *self);
    /* NULL where configurations are stored. Else nothing is: changes hold until the guest ends, and this tells what
     * would keep a placement over its next start, as notes of a plan */
    int (*keep)(void *self, const struct vn_placement *at, struct vn_arena *arena, char ***ret_notes, size_t *ret_count,
                struct vn_err *err);
    /* would the pin of a step be refused, after what prepare_pins() says? NULL where nothing is known beforehand. Changes nothing */
    int (*check_pin)(void *self, const struct vn_step *step, struct vn_err *err);
    /* what has to be set of a VM, in this order, before the pins among @steps (of that VM only) can be; -VN_E_ABSENT no
     * such VM. NULL where there is never anything. Changes nothing */
    int (*prepare_pins)(void *self, const char *vm, const struct vn_step *steps, size_t n_steps, struct vn_arena *arena,
                        struct vn_setting_change **ret, size_t *ret_count, struct vn_err *err);
};

struct vn_hypervisor {
    const struct vn_hypervisor_ops *ops;
    const struct vn_cpu_ops *cpu; /* NULL: knows nothing of CPU models (a replay) */
    const struct vn_guest_ops *guest; /* NULL: no way into guests */
    void *self;
    char uri[256];      /* what the journal files this host's changes under */
    bool read_only;     /* the connection allows looking only */
    bool forgets;       /* changes vanish with the process (a replay without --write) */
};

static inline void vn_hypervisor_drop(struct vn_hypervisor *hv)
{
    if (hv->ops && hv->ops->close)
        hv->ops->close(hv->self);
    hv->ops = 0;
}

#endif
