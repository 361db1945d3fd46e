/* SPDX-License-Identifier: MIT */
#ifndef VN_IO_QEMU_PRIV_H
#define VN_IO_QEMU_PRIV_H

#include <vnuma/plan.h>

#include "codec/qemucmd.h"
#include "io/proc_memory.h"
#include "io/proc_threads.h"
#include "port/hypervisor.h"

/*
 * What the parts of the door to bare QEMU share: processes in /proc that no libvirt manages. A guest is one process:
 * its identity, as a snapshot has it in uuid, is made of the boot, the pid and the time it started.
 */

struct vn_qemu_guest {
    char *name;      /* unique here: "web", or "web@4711" where several are called so */
    char *own_name;  /* as -name has it, else "qemu-PID" */
    int pid;
    uint64_t start;  /* vn_stat_start() */
    char id[40];
    struct vn_qemu_cmd cmd;
    char *broken;    /* why the command line could not be understood; NULL: it was */
    struct vn_qemu_who *who; /* NULL: nobody has looked since it was found */
};

struct vn_qemu {
    struct vn_arena arena; /* of the guests, as found last */
    struct vn_qemu_guest *guests;
    size_t n_guests;
    int *node_ids;         /* the host's, once it was looked at */
    size_t n_nodes;
    bool read_only;
};

/**
 * vn_qemu_scan() - every bare QEMU process, anew.
 * @names: a guest that is asked for as NAME@PID has that name, also where NAME alone would do
 */
VN_NODISCARD int vn_qemu_scan(struct vn_qemu *qemu, const char *const *names, size_t n_names, struct vn_err *err);

/**
 * vn_qemu_find() - of those found last (or now, where none were yet), by name, identity or -uuid; it must run still.
 * Errors: -VN_E_ABSENT, with those that are meant where the name fits several
 */
VN_NODISCARD int vn_qemu_find(struct vn_qemu *qemu, const char *name, struct vn_qemu_guest **ret, struct vn_err *err);
/** vn_qemu_absent() - the error for a name that is nobody's, or several's. */
int vn_qemu_absent(const struct vn_qemu *qemu, const char *name, struct vn_err *err);

/** What a guest's monitor says. */
struct vn_qemu_answer {
    struct vn_qmp_cpu *cpus;
    size_t n_cpus;
    struct vn_qmp_iothread *iothreads;
    size_t n_iothreads;
    bool running;
};
/**
 * vn_qemu_ask() - over one QMP socket: connects, asks, closes; takes 3 s at most. A socket serves one client: while
 * another one is connected, it does not answer.
 * @path: as the process @pid sees it
 * Errors: -VN_E_BUSY no answer, -VN_E_ENV, -VN_E_ABSENT, -VN_E_FORMAT not QMP
 */
VN_NODISCARD int vn_qemu_ask(int pid, const char *path, struct vn_arena *arena, struct vn_qemu_answer *ret,
                             struct vn_err *err);

/** Which thread is what. A tid of 0: no such thread, or not known. */
struct vn_qemu_who {
    int *vcpus;     /* tids, cmd.vcpus_max of them */
    int *iothreads; /* tids, cmd.n_iothreads of them */
    char *nameless; /* why the threads of its vCPUs are not known; NULL: they are */
    bool paused;    /* its monitor says so */
};
/**
 * vn_qemu_who() - by its monitor, by the threads' names, by KVM's debugfs: once after each scan, in guest->who, for a
 * monitor that is in use costs a second. Enlarges cmd.vcpus_max where the monitor knows more vCPUs than the command
 * line.
 */
VN_NODISCARD int vn_qemu_who(struct vn_qemu *qemu, struct vn_qemu_guest *guest, struct vn_err *err);
/** vn_qemu_threads() - @vm's vCPUs, emulator and IOThreads. The kernel's mask is all the configuration there is. */
VN_NODISCARD int vn_qemu_threads(struct vn_qemu *qemu, struct vn_qemu_guest *guest, struct vn_arena *arena,
                                 struct vn_vm *vm, struct vn_err *err);

/** vn_qemu_memory_of() - the guest as proc_memory.h wants it; cells that cannot be told apart are left out. */
VN_NODISCARD int vn_qemu_memory_of(struct vn_qemu *qemu, const struct vn_qemu_guest *guest, struct vn_arena *arena,
                                   struct vn_guest *ret, struct vn_err *err);

/** vn_qemu_tid() - the thread that a pin of that kind is about; 0: not known. vn_qemu_who() was asked before. */
int vn_qemu_tid(const struct vn_qemu_guest *guest, enum vn_step_kind kind, unsigned id);
/** vn_qemu_keep_online() - leaves those that are. Errors: -VN_E_REFUSED none is */
VN_NODISCARD int vn_qemu_keep_online(struct vn_cpuset *cpus, struct vn_err *err);

/* The ops, as the port has them. */
int vn_qemu_observe(void *self, const char *const *names, size_t n_names, const struct vn_progress *progress,
                    struct vn_snapshot *ret, struct vn_err *err);
int vn_qemu_pin_vcpu(void *self, const char *vm, unsigned vcpu, const struct vn_cpuset *cpus, unsigned scope,
                     struct vn_err *err);
int vn_qemu_pin_emulator(void *self, const char *vm, const struct vn_cpuset *cpus, unsigned scope, struct vn_err *err);
int vn_qemu_pin_iothread(void *self, const char *vm, unsigned iothread, const struct vn_cpuset *cpus, unsigned scope,
                         struct vn_err *err);
int vn_qemu_setting(void *self, const char *vm, const char *key, struct vn_buf *ret, struct vn_err *err);
int vn_qemu_set_setting(void *self, const char *vm, const char *key, const char *value, struct vn_err *err);
int vn_qemu_prepare_pins(void *self, const char *vm, const struct vn_step *steps, size_t n_steps,
                         struct vn_arena *arena, struct vn_setting_change **ret, size_t *ret_count, struct vn_err *err);
int vn_qemu_check_pin(void *self, const struct vn_step *step, struct vn_err *err);
int vn_qemu_keep(void *self, const struct vn_placement *at, struct vn_arena *arena, char ***ret_notes,
                 size_t *ret_count, struct vn_err *err);

#endif
