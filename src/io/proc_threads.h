/* SPDX-License-Identifier: MIT */
#ifndef VN_IO_PROC_THREADS_H
#define VN_IO_PROC_THREADS_H

#include <vnuma/vm.h>

#include "io/cgroup.h"

/* The threads of a QEMU process, by the names it gives them. Source: QEMU, -name debug-threads=on. */

enum vn_task_kind { VN_TASK_EMULATOR, VN_TASK_VCPU, VN_TASK_IOTHREAD, VN_TASK_OTHER };
struct vn_task {
    int tid;
    enum vn_task_kind kind;
    unsigned id; /* vCPU or IOThread */
};

/** vn_task_kind_of() - from a thread's name: "CPU 3/KVM", "CPU 3/TCG", "IO iothread1". */
enum vn_task_kind vn_task_kind_of(const char *comm, unsigned *ret_id);

/** vn_proc_tasks() - every thread of the process; the main one is the emulator. */
VN_NODISCARD int vn_proc_tasks(int pid, struct vn_arena *arena, struct vn_task **ret, size_t *ret_count,
                               struct vn_err *err);

/**
 * vn_proc_thread() - what the kernel says of a thread: the CPU it ran on last, where it may run,
 * its cpuset. What cannot be read stays unknown.
 * Errors: -VN_E_ABSENT the thread is gone, -VN_E_ENV no permission
 */
VN_NODISCARD int vn_proc_thread(int pid, int tid, const struct vn_cgroup_mounts *mounts, struct vn_thread *thread,
                                struct vn_err *err);

/**
 * vn_proc_pin() - the thread's affinity. @what: whose, for messages: "vCPU 3 of web".
 * Errors: -VN_E_ABSENT the thread is gone, -VN_E_ENV no permission, -VN_E_IO
 */
VN_NODISCARD int vn_proc_pin(int tid, const struct vn_cpuset *cpus, const char *what, struct vn_err *err);

/**
 * vn_proc_find_uuid() - the QEMU process of the VM with that UUID. @pid_file: where its pid should
 * be, relative to "/", or NULL; what stands there is believed only if its command line agrees.
 * Errors: -VN_E_ABSENT no such process here
 */
VN_NODISCARD int vn_proc_find_uuid(const char *uuid, const char *pid_file, int *ret_pid, struct vn_err *err);

#endif
