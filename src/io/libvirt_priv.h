/* SPDX-License-Identifier: MIT */
#ifndef VN_IO_LIBVIRT_PRIV_H
#define VN_IO_LIBVIRT_PRIV_H

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <vnuma/buf.h>

#include "port/hypervisor.h"

/* What the parts of the libvirt door share. One connection; not for two threads at once. */
struct vn_libvirt {
    virConnectPtr conn;
    bool local;             /* QEMU on this machine: /proc, sysfs and cgroups are its own */
    bool readonly;
    char *hostname;         /* as libvirt says, "" when it does not */
    virDomainPtr last;      /* the one used last: pinning 128 vCPUs looks it up once */
    int *node_ids;          /* the host's nodes, known after the first look at it */
    size_t n_nodes;
};

/**
 * vn_virt_fail() - what libvirt says went wrong in this thread's last call, with the code that fits
 * it. @fmt: what was being done.
 */
int vn_virt_fail(struct vn_err *err, const char *fmt, ...) VN_PRINTF(2, 3);

/** vn_virt_code() - the VN_E_* that fits a virErrorNumber. */
int vn_virt_code(int number);

/** vn_virt_domain() - by name, else by UUID. Borrowed: valid until the next call of it. */
VN_NODISCARD int vn_virt_domain(struct vn_libvirt *virt, const char *name, virDomainPtr *ret, struct vn_err *err);
/** vn_virt_forget() - drops the domain used last; after anything that failed. */
void vn_virt_forget(struct vn_libvirt *virt);

/** vn_virt_xml() - one of a domain's XML texts, with secrets where permitted. */
VN_NODISCARD int vn_virt_xml(struct vn_libvirt *virt, virDomainPtr domain, enum vn_xml_kind kind, struct vn_buf *ret,
                             struct vn_err *err);

/** vn_virt_host() - the host's model; keeps its node ids in @virt. */
VN_NODISCARD int vn_virt_host(struct vn_libvirt *virt, struct vn_arena *arena, struct vn_host *ret,
                              struct vn_err *err);
/** The same over the connection alone. */
VN_NODISCARD int vn_virt_remote_host(struct vn_libvirt *virt, struct vn_arena *arena, struct vn_host *ret,
                                     struct vn_err *err);

/** vn_virt_pid() - QEMU's process on this machine. Errors: -VN_E_ABSENT */
VN_NODISCARD int vn_virt_pid(virDomainPtr domain, int *ret_pid, struct vn_err *err);

/**
 * vn_virt_threads() - vm's vCPUs, emulator and IOThreads as libvirt has them: configured pins, and
 * on a remote host where they run, too.
 */
VN_NODISCARD int vn_virt_threads(struct vn_libvirt *virt, virDomainPtr domain, const struct vn_host *host,
                                 struct vn_arena *arena, struct vn_vm *vm, struct vn_err *err);
/** vn_virt_kernel_threads() - the kernel's view of the same; vm->pid is known. */
VN_NODISCARD int vn_virt_kernel_threads(virDomainPtr domain, struct vn_vm *vm, struct vn_err *err);

/** vn_virt_cells() - sizes of the guest's cells, in order; NULL and 0 where it has none. */
VN_NODISCARD int vn_virt_cells(const struct vn_domain *domain, struct vn_arena *arena, uint64_t **ret, size_t *ret_count,
                               struct vn_err *err);

/** vn_virt_cpu_ops - what the connection knows of CPU models. */
extern const struct vn_cpu_ops vn_virt_cpu_ops;
/** vn_virt_guest_ops - into a guest, through its agent. Ten seconds at most, and what waits for libvirt's own jobs. */
extern const struct vn_guest_ops vn_virt_guest_ops;

/* The ops, as the port has them. */
int vn_virt_observe(void *self, const char *const *names, size_t n_names, const struct vn_progress *progress,
                    struct vn_snapshot *ret, struct vn_err *err);
int vn_virt_pin_vcpu(void *self, const char *vm, unsigned vcpu, const struct vn_cpuset *cpus, unsigned scope,
                     struct vn_err *err);
int vn_virt_pin_emulator(void *self, const char *vm, const struct vn_cpuset *cpus, unsigned scope, struct vn_err *err);
int vn_virt_pin_iothread(void *self, const char *vm, unsigned iothread, const struct vn_cpuset *cpus, unsigned scope,
                         struct vn_err *err);
int vn_virt_set_nodeset(void *self, const char *vm, const struct vn_nodeset *nodes, unsigned scope,
                        struct vn_err *err);
int vn_virt_move_memory(void *self, const char *vm, const struct vn_move *move, const struct vn_progress *progress,
                        uint64_t *ret_moved_kib, struct vn_err *err);
int vn_virt_memory(void *self, const char *vm, struct vn_arena *arena, uint64_t **ret_node_kib,
                   uint64_t **ret_cell_kib, struct vn_err *err);
/* The settings "vcpus" and "guest.vcpus" (CPUs online in the guest, by its agent), numbers; "guest.online": which. */
int vn_virt_vcpus(virDomainPtr domain, const char *vm, struct vn_buf *ret, struct vn_err *err);
int vn_virt_set_vcpus(virDomainPtr domain, const char *vm, const char *value, struct vn_err *err);
int vn_virt_guest_vcpus(virDomainPtr domain, const char *vm, struct vn_buf *ret, struct vn_err *err);
int vn_virt_guest_online(virDomainPtr domain, const char *vm, struct vn_buf *ret, struct vn_err *err);
int vn_virt_set_guest_vcpus(virDomainPtr domain, const char *vm, const char *value, struct vn_err *err);
/* The limits of src/codec/vmlimits.h; @key is one of them. */
bool vn_virt_is_limit(const char *key);
int vn_virt_limit(virDomainPtr domain, const char *vm, const char *key, struct vn_buf *ret, struct vn_err *err);
int vn_virt_set_limit(virDomainPtr domain, const char *vm, const char *key, const char *value, struct vn_err *err);
int vn_virt_setting(void *self, const char *vm, const char *key, struct vn_buf *ret, struct vn_err *err);
int vn_virt_set_setting(void *self, const char *vm, const char *key, const char *value, struct vn_err *err);
int vn_virt_running(void *self, const char *const *names, size_t n_names, struct vn_arena *arena,
                    struct vn_process **ret, size_t *ret_count, struct vn_err *err);
int vn_virt_define(void *self, const char *xml, struct vn_err *err);
int vn_virt_save_restore(void *self, const char *vm, const char *xml, const struct vn_progress *progress,
                         uint64_t *ret_paused_ms, struct vn_err *err);

#endif
