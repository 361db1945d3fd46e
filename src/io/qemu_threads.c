/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vnuma/units.h>

#include "codec/qmp.h"
#include "io/cgroup.h"
#include "io/files.h"
#include "io/qemu_priv.h"

/* Which thread is which vCPU: QEMU's monitor knows, its threads' names say, or KVM's debugfs. */

/* Somebody's look at one guest: all its threads, and what comes out. */
struct look {
    struct vn_task *tasks;
    size_t n_tasks;
    struct vn_qemu_who who;
};

static bool has_task(const struct look *look, int tid)
{
    for (size_t i = 0; i < look->n_tasks; i++)
        if (look->tasks[i].tid == tid)
            return true;
    return false;
}

/* ---- the monitor ---- */

static int grow_vcpus(struct vn_qemu_guest *guest, const struct vn_qemu_answer *answer, struct vn_arena *arena,
                      struct look *look, struct vn_err *err)
{
    unsigned max = guest->cmd.vcpus_max;
    int *vcpus;

    for (size_t i = 0; i < answer->n_cpus; i++)
        max = answer->cpus[i].index >= max ? answer->cpus[i].index + 1 : max;
    if (max == guest->cmd.vcpus_max)
        return 0;
    vcpus = vn_arena_array(arena, max, sizeof *vcpus);
    if (!vcpus)
        return vn_nomem(err);
    look->who.vcpus = vcpus;
    guest->cmd.vcpus_max = max; /* of a file that -readconfig names, say */
    guest->cmd.vcpus = (unsigned)answer->n_cpus;
    guest->cmd.has_topology = false;
    return 0;
}

/* Thread ids of a QEMU in another PID namespace are not those here: all of them must be the process's. */
static bool fits_here(const struct look *look, const struct vn_qemu_answer *answer)
{
    for (size_t i = 0; i < answer->n_cpus; i++)
        if (!has_task(look, answer->cpus[i].tid))
            return false;
    return answer->n_cpus > 0;
}

static int take_answer(struct vn_qemu_guest *guest, const struct vn_qemu_answer *answer, struct vn_arena *arena,
                       struct look *look, struct vn_err *err)
{
    int r = grow_vcpus(guest, answer, arena, look, err);

    for (size_t i = 0; r == 0 && i < answer->n_cpus; i++)
        look->who.vcpus[answer->cpus[i].index] = answer->cpus[i].tid;
    for (size_t i = 0; r == 0 && i < answer->n_iothreads; i++)
        for (size_t t = 0; t < guest->cmd.n_iothreads; t++)
            if (!strcmp(guest->cmd.iothreads[t], answer->iothreads[i].id) && has_task(look, answer->iothreads[i].tid))
                look->who.iothreads[t] = answer->iothreads[i].tid;
    return r;
}

enum { SOCKETS_MAX = 4 }; /* each may take its seconds */

/* 1: it told; 0: no socket, or none that answers, and @ret_why says why. */
static int by_monitor(struct vn_qemu_guest *guest, struct vn_arena *arena, struct look *look, char **ret_why,
                      struct vn_err *err)
{
    char text[1024];

    *ret_why = vn_arena_strdup(arena, "it has no QMP socket");
    for (size_t i = 0; i < guest->cmd.n_sockets && i < SOCKETS_MAX; i++) {
        struct vn_qemu_answer answer;
        struct vn_err why = {0};
        int r = vn_qemu_ask(guest->pid, guest->cmd.sockets[i], arena, &answer, &why);

        if (r == -VN_E_NOMEM)
            return vn_nomem(err);
        if (r == 0) {
            look->who.paused = !answer.running;
            if (fits_here(look, &answer))
                return take_answer(guest, &answer, arena, look, err) < 0 ? -VN_E_NOMEM : 1;
            (void)vn_failf(&why, VN_E_FORMAT, NULL, "its monitor names threads that it does not have here");
        }
        *ret_why = vn_arena_strdup(arena, vn_err_text(&why, text, sizeof text));
    }
    return *ret_why ? 0 : vn_nomem(err);
}

/* ---- names ---- */

static bool by_names(const struct vn_qemu_guest *guest, struct look *look)
{
    bool any = false;

    for (size_t i = 0; i < look->n_tasks; i++)
        if (look->tasks[i].kind == VN_TASK_VCPU && look->tasks[i].id < guest->cmd.vcpus_max) {
            look->who.vcpus[look->tasks[i].id] = look->tasks[i].tid;
            any = true;
        }
    return any;
}

/* "IO" and the object's id, cut at 15 bytes: two may look alike then, and neither is known. */
static int iothread_by_name(const struct vn_qemu_guest *guest, const struct look *look, size_t at)
{
    char wanted[16], comm[32];
    int found = 0;

    (void)snprintf(wanted, sizeof wanted, "IO %.12s", guest->cmd.iothreads[at]);
    for (size_t i = 0; i < look->n_tasks; i++) {
        VN_AUTO(vn_buf) text = {0};

        if (vn_file_readf("", &text, NULL, "proc/%d/task/%d/comm", guest->pid, look->tasks[i].tid) < 0)
            continue;
        (void)snprintf(comm, sizeof comm, "%s", vn_text_trim(text.ptr));
        if (strcmp(comm, wanted) != 0)
            continue;
        if (found)
            return 0;
        found = look->tasks[i].tid;
    }
    return found;
}

/* ---- KVM ---- */

/* /sys/kernel/debug/kvm/PID-FD/vcpuN/pid, where debugfs is mounted. */
static bool by_debugfs(const struct vn_qemu_guest *guest, struct look *look)
{
    VN_AUTO(vn_arena) scratch = {0};
    VN_AUTO(vn_buf) text = {0};
    unsigned *fds = NULL;
    size_t n_fds = 0;
    char prefix[32];
    bool any = false;

    (void)snprintf(prefix, sizeof prefix, "%d-", guest->pid);
    if (vn_dir_numbers("", "sys/kernel/debug/kvm", prefix, "", &scratch, &fds, &n_fds, NULL) < 0)
        return false;
    for (size_t f = 0; f < n_fds; f++)
        for (unsigned v = 0; v < guest->cmd.vcpus_max; v++) {
            uint64_t tid;

            if (vn_file_readf("", &text, NULL, "sys/kernel/debug/kvm/%s%u/vcpu%u/pid", prefix, fds[f], v) < 0 ||
                vn_uint_parse(vn_text_trim(text.ptr), INT32_MAX, &tid, NULL) < 0 || !has_task(look, (int)tid))
                continue;
            look->who.vcpus[v] = (int)tid;
            any = true;
        }
    return any;
}

/* ---- all of it ---- */

static bool one_thread_for_two(const struct vn_qemu_guest *guest, const struct look *look)
{
    for (size_t i = 0; i < guest->cmd.vcpus_max; i++)
        for (size_t j = 0; look->who.vcpus[i] && j < i; j++)
            if (look->who.vcpus[i] == look->who.vcpus[j])
                return true;
    return false;
}

static int set_nameless(const struct vn_qemu_guest *guest, const char *why, struct vn_arena *arena,
                        struct look *look, struct vn_err *err)
{
    look->who.nameless =
        vn_arena_printf(arena, "which of its threads run vCPUs is not known: %s, and they bear no names (%s)", why,
                        guest->cmd.debug_threads ? "those of vCPUs are not there yet" : "-name ...,debug-threads=on");
    return look->who.nameless ? 0 : vn_nomem(err);
}

static int find_vcpus(struct vn_qemu_guest *guest, struct vn_arena *arena, struct look *look, struct vn_err *err)
{
    char *why = NULL;
    int r = by_monitor(guest, arena, look, &why, err);

    if (r == 0 && !by_names(guest, look) && !by_debugfs(guest, look))
        return set_nameless(guest, why, arena, look, err);
    if (r < 0 || !one_thread_for_two(guest, look))
        return r < 0 ? r : 0;
    memset(look->who.vcpus, 0, guest->cmd.vcpus_max * sizeof *look->who.vcpus);
    look->who.nameless = vn_arena_strdup(arena, "one thread runs several of its vCPUs (tcg,thread=single): they have "
                                                "no places of their own");
    return look->who.nameless ? 0 : vn_nomem(err);
}

int vn_qemu_who(struct vn_qemu *qemu, struct vn_qemu_guest *guest, struct vn_err *err)
{
    struct vn_arena *arena = &qemu->arena;
    struct look *look = guest->who ? NULL : vn_arena_alloc(arena, sizeof *look);
    int r;

    if (guest->who)
        return 0;
    r = look ? vn_proc_tasks(guest->pid, arena, &look->tasks, &look->n_tasks, err) : vn_nomem(err);
    if (r < 0)
        return r;
    look->who.vcpus = vn_arena_array(arena, guest->cmd.vcpus_max, sizeof *look->who.vcpus);
    look->who.iothreads = vn_arena_array(arena, guest->cmd.n_iothreads, sizeof *look->who.iothreads);
    if (!look->who.vcpus || !look->who.iothreads)
        return vn_nomem(err);
    r = find_vcpus(guest, arena, look, err);
    for (size_t i = 0; r == 0 && i < guest->cmd.n_iothreads; i++)
        if (!look->who.iothreads[i])
            look->who.iothreads[i] = iothread_by_name(guest, look, i);
    if (r == 0)
        guest->who = &look->who;
    return r;
}

/* ---- as a snapshot has them ---- */

static int read_thread(int pid, int tid, const struct vn_cgroup_mounts *mounts, struct vn_thread *thread,
                       struct vn_err *err)
{
    int r = tid ? vn_proc_thread(pid, tid, mounts, thread, err) : 0;

    if (!tid || r == -VN_E_ABSENT) /* it ended since */
        return 0;
    thread->online = true;
    thread->configured = thread->allowed;
    thread->known |= thread->known & VN_THREAD_ALLOWED ? (unsigned)VN_THREAD_CONFIGURED : 0;
    return r;
}

static int fill(const struct vn_qemu_guest *guest, struct vn_vm *vm, struct vn_err *err)
{
    const struct vn_qemu_who *who = guest->who;
    struct vn_cgroup_mounts mounts;
    int r = vn_cgroup_find(&mounts, err);

    for (size_t i = 0; r == 0 && i < vm->n_vcpus; i++) {
        vm->vcpus[i] = (struct vn_thread){.id = (unsigned)i, .cpu = -1};
        vm->vcpus[i].online = who->nameless && i < guest->cmd.vcpus;
        r = read_thread(guest->pid, who->vcpus[i], &mounts, &vm->vcpus[i], err);
    }
    for (size_t i = 0; r == 0 && i < vm->n_iothreads; i++) {
        vm->iothreads[i] = (struct vn_thread){.id = guest->cmd.iothread_numbers[i], .cpu = -1, .online = true};
        r = read_thread(guest->pid, who->iothreads[i], &mounts, &vm->iothreads[i], err);
    }
    vm->emulator = (struct vn_thread){.cpu = -1, .online = true};
    return r < 0 ? r : read_thread(guest->pid, guest->pid, &mounts, &vm->emulator, err);
}

static int by_number(const void *a, const void *b)
{
    const struct vn_thread *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

int vn_qemu_threads(struct vn_qemu *qemu, struct vn_qemu_guest *guest, struct vn_arena *arena, struct vn_vm *vm,
                    struct vn_err *err)
{
    int r = vn_qemu_who(qemu, guest, err);

    if (r < 0)
        return r;
    vm->state = guest->who->paused ? VN_VM_PAUSED : VN_VM_RUNNING;
    vm->n_vcpus = guest->cmd.vcpus_max;
    vm->vcpus = vn_arena_array(arena, vm->n_vcpus, sizeof *vm->vcpus);
    vm->n_iothreads = guest->cmd.n_iothreads;
    vm->iothreads = vn_arena_array(arena, vm->n_iothreads, sizeof *vm->iothreads);
    if (!vm->vcpus || !vm->iothreads)
        return vn_nomem(err);
    r = fill(guest, vm, err);
    if (r == 0 && vm->n_iothreads)
        qsort(vm->iothreads, vm->n_iothreads, sizeof *vm->iothreads, by_number);
    return r;
}
