/* SPDX-License-Identifier: MIT */
#include "io/proc_threads.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <vnuma/units.h>

#include "codec/proctext.h"
#include "io/files.h"

/* A number and then exactly @suffix (either of two). */
static bool number_then(const char *text, const char *suffix, const char *other, unsigned *ret)
{
    size_t digits = strspn(text, "0123456789");
    char number[16];
    uint64_t value;

    if (!digits || digits >= sizeof number || (strcmp(text + digits, suffix) && strcmp(text + digits, other)))
        return false;
    memcpy(number, text, digits);
    number[digits] = '\0';
    if (vn_uint_parse(number, UINT_MAX, &value, NULL) < 0)
        return false;
    *ret = (unsigned)value;
    return true;
}

enum vn_task_kind vn_task_kind_of(const char *comm, unsigned *ret_id)
{
    *ret_id = 0;
    if (!strncmp(comm, "CPU ", 4) && number_then(comm + 4, "/KVM", "/TCG", ret_id))
        return VN_TASK_VCPU;
    if (!strncmp(comm, "IO iothread", 11) && number_then(comm + 11, "", "", ret_id))
        return VN_TASK_IOTHREAD;
    return VN_TASK_OTHER; /* workers, and "IO mon_iothread", which is QEMU's own */
}

int vn_proc_tasks(int pid, struct vn_arena *arena, struct vn_task **ret, size_t *ret_count, struct vn_err *err)
{
    VN_AUTO(vn_buf) comm = {0};
    unsigned *tids = NULL;
    size_t count = 0;
    char dir[64];
    int r;

    (void)snprintf(dir, sizeof dir, "proc/%d/task", pid);
    r = vn_dir_numbers("", dir, "", "", arena, &tids, &count, err);
    if (r < 0)
        return r;
    *ret_count = 0;
    *ret = vn_arena_array(arena, count, sizeof **ret);
    if (!*ret)
        return vn_nomem(err);
    for (size_t i = 0; i < count; i++) {
        struct vn_task *task = &(*ret)[*ret_count];

        r = vn_file_readf("", &comm, err, "%s/%u/comm", dir, tids[i]);
        if (r == -VN_E_ABSENT) /* QEMU's workers come and go */
            continue;
        if (r < 0)
            return r;
        task->tid = (int)tids[i];
        task->kind = vn_task_kind_of(vn_text_trim(comm.ptr), &task->id);
        if (task->tid == pid)
            task->kind = VN_TASK_EMULATOR;
        ++*ret_count;
    }
    return 0;
}

int vn_proc_thread(int pid, int tid, const struct vn_cgroup_mounts *mounts, struct vn_thread *thread,
                   struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    char list[VN_SET_TEXT];
    int r = vn_file_readf("", &text, err, "proc/%d/task/%d/stat", pid, tid);

    if (r == 0)
        r = vn_stat_processor(text.ptr, &thread->cpu, err);
    if (r == 0)
        r = vn_file_readf("", &text, err, "proc/%d/task/%d/status", pid, tid);
    if (r == 0)
        r = vn_status_field(text.ptr, "Cpus_allowed_list", list, sizeof list, err);
    if (r == 0)
        r = vn_cpuset_parse(list, &thread->allowed, err);
    if (r < 0)
        return r;
    thread->tid = tid;
    thread->known |= VN_THREAD_ALLOWED;
    if (vn_file_readf("", &text, NULL, "proc/%d/task/%d/cgroup", pid, tid) == 0 &&
        vn_cgroup_cpus(mounts, text.ptr, &thread->cgroup, NULL) == 0)
        thread->known |= VN_THREAD_CGROUP;
    return 0;
}

int vn_proc_pin(int tid, const struct vn_cpuset *cpus, const char *what, struct vn_err *err)
{
    size_t size = CPU_ALLOC_SIZE(VN_CPU_MAX);
    cpu_set_t *set = CPU_ALLOC(VN_CPU_MAX);
    int r, number;

    if (!set)
        return vn_nomem(err);
    CPU_ZERO_S(size, set);
    VN_CPUSET_EACH (cpu, cpus)
        CPU_SET_S((size_t)cpu, size, set);
    r = sched_setaffinity(tid, size, set);
    number = errno;
    CPU_FREE(set);
    if (r == 0)
        return 0;
    return vn_failf(err, number == ESRCH ? VN_E_ABSENT : number == EPERM ? VN_E_ENV : VN_E_IO,
                    number == EPERM ? "Run vnuma as root." : NULL, "cannot pin %s: %s", what, strerror(number));
}

/* Is "-uuid UUID" among the process's arguments? They are divided by NULs. */
static int runs_uuid(int pid, const char *uuid, struct vn_buf *text, struct vn_err *err)
{
    char want[64];
    size_t len;
    int r = vn_file_readf("", text, err, "proc/%d/cmdline", pid);

    if (r < 0)
        return r;
    len = (size_t)snprintf(want, sizeof want, "-uuid%c%s", '\0', uuid);
    return len < sizeof want && memmem(text->ptr, text->len, want, len + 1) ? 1 : 0;
}

int vn_proc_find_uuid(const char *uuid, const char *pid_file, int *ret_pid, struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    VN_AUTO(vn_buf) text = {0};
    unsigned *pids = NULL;
    size_t count = 0;
    uint64_t pid;
    int r;

    if (pid_file && vn_file_read("", pid_file, 64, &text, NULL) == 0 &&
        vn_uint_parse(vn_text_trim(text.ptr), INT_MAX, &pid, NULL) == 0 && pid &&
        runs_uuid((int)pid, uuid, &text, NULL) == 1) {
        *ret_pid = (int)pid;
        return 0;
    }
    r = vn_dir_numbers("", "proc", "", "", &scratch, &pids, &count, err);
    for (size_t i = 0; r == 0 && i < count; i++) {
        if (pids[i] && pids[i] <= INT_MAX && runs_uuid((int)pids[i], uuid, &text, NULL) == 1) {
            *ret_pid = (int)pids[i];
            return 0;
        }
    }
    return r < 0 ? r : VN_FAIL(err, VN_E_ABSENT, .got = uuid, .cause = "no QEMU process in /proc runs this VM");
}
