/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <vnuma/plan.h>

#include "io/cgroup.h"
#include "io/files.h"
#include "io/qemu_cpuset.h"
#include "io/qemu_priv.h"

/*
 * A pin of a bare QEMU's thread is its affinity: sched_setaffinity(2), within what its cpuset cgroup has. A cpuset of
 * the guest's own is widened before, as a step of its own (qemu_prepare.c). One above it was somebody's decision: it
 * is named, and not overruled.
 */

struct pin {
    char what[128]; /* for messages: "vCPU 3 of web" */
    int pid, tid;
    struct vn_cpuset cpus; /* those that are online */
    struct vn_cgroup_mounts mounts;
};

int vn_qemu_keep_online(struct vn_cpuset *cpus, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    struct vn_cpuset online;
    int r = vn_file_read("", "sys/devices/system/cpu/online", VN_FILE_MAX, &text, err);

    if (r == 0)
        r = vn_cpuset_parse(vn_text_trim(text.ptr), &online, err);
    if (r < 0)
        return r;
    vn_cpuset_and(cpus, &online);
    return vn_cpuset_empty(cpus) ? VN_FAIL(err, VN_E_REFUSED, .cause = "none of the CPUs is online",
                                           .fix = "Name at least one CPU that 'vnuma host' shows.")
                                 : 0;
}

/* The remedy for a cgroup: its unit's property where systemd has made it, else its file. */
static int forbidden(const struct pin *pin, const char *dir, const struct vn_cpuset *has, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    const char *unit = strrchr(dir, '/');
    bool by_unit = vn_cpuset_is_unit(&pin->mounts, dir);
    struct vn_cpuset all = *has;
    const char *wanted, *there, *both;
    char fix[sizeof err->fix];

    vn_cpuset_or(&all, &pin->cpus);
    wanted = vn_cpuset_text(&arena, &pin->cpus);
    there = vn_cpuset_text(&arena, has);
    both = vn_cpuset_text(&arena, &all);
    if (!wanted || !there || !both)
        return vn_nomem(err);
    if (by_unit)
        (void)snprintf(fix, sizeof fix,
                       "Give it the CPUs with 'systemctl set-property --runtime %.100s AllowedCPUs=%.100s'.", unit + 1,
                       both);
    else
        (void)snprintf(fix, sizeof fix, "Write %.60s into that file, and into those of the cgroups below it.", both);
    return vn_failf(err, VN_E_REFUSED, fix, "%s cannot run on %s: '/%s/cpuset.cpus' allows %s only", pin->what, wanted,
                    dir, there);
}

/* The highest cgroup that forbids the pin, in @dir; "": none does. */
static void find_forbidding(const struct pin *pin, char *dir, struct vn_cpuset *has, bool *ret_own)
{
    VN_AUTO(vn_buf) text = {0};
    struct vn_cpuset cpus;
    char own[PATH_MAX];

    *dir = '\0';
    *ret_own = false;
    if (vn_file_readf("", &text, NULL, "proc/%d/task/%d/cgroup", pin->pid, pin->tid) < 0 ||
        vn_cgroup_forbids(&pin->mounts, text.ptr, &pin->cpus, dir, has, NULL) < 0)
        *dir = '\0'; /* no cpusets here: the kernel decides */
    else
        *ret_own = *dir && vn_cgroup_own(&pin->mounts, text.ptr, own, &cpus, NULL) == 0 && !strcmp(own, dir);
}

/* @prepared: a step before the pin may have made its cpuset fit. */
static int check_cgroup(const struct pin *pin, bool prepared, struct vn_err *err)
{
    enum vn_cpuset_way way = VN_CPUSET_FIXED;
    char dir[PATH_MAX];
    struct vn_cpuset has;
    bool own;
    int r = 0;

    find_forbidding(pin, dir, &has, &own);
    if (*dir && own && prepared)
        r = vn_cpuset_way_of(&pin->mounts, pin->pid, dir, &way, err);
    if (r < 0 || !*dir || way != VN_CPUSET_FIXED)
        return r;
    return forbidden(pin, dir, &has, err);
}

/* The kernel cuts what it is asked for silently: what it has made of it is read back. */
static int check_kernel(const struct pin *pin, struct vn_err *err)
{
    struct vn_thread thread = {0};
    VN_AUTO(vn_arena) arena = {0};
    int r = vn_proc_thread(pin->pid, pin->tid, &pin->mounts, &thread, err);
    struct vn_cpuset now = thread.allowed;

    if (r == 0)
        r = vn_qemu_keep_online(&now, err);
    if (r < 0 || vn_cpuset_equal(&now, &pin->cpus))
        return r;
    return vn_failf(err, VN_E_IO, "Look at its cpuset cgroup.", "%s may run on %s now, and was pinned to %s", pin->what,
                    vn_cpuset_text(&arena, &now), vn_cpuset_text(&arena, &pin->cpus));
}

static int run(const struct pin *pin, struct vn_err *err)
{
    int r = check_cgroup(pin, false, err);

    if (r == 0)
        r = vn_proc_pin(pin->tid, &pin->cpus, pin->what, err);
    return r < 0 ? r : check_kernel(pin, err);
}

/* ---- whose pin ---- */

static int begin(struct vn_qemu *qemu, const char *vm, const struct vn_cpuset *cpus, struct pin *pin,
                 struct vn_qemu_guest **guest, struct vn_err *err)
{
    int r = vn_qemu_find(qemu, vm, guest, err);

    if (r < 0)
        return r;
    if ((*guest)->broken)
        return VN_FAIL(err, VN_E_REFUSED, .got = vm, .cause = "the command line of this QEMU cannot be understood");
    *pin = (struct pin){.pid = (*guest)->pid, .cpus = *cpus};
    r = vn_qemu_keep_online(&pin->cpus, err);
    if (r == 0)
        r = vn_cgroup_find(&pin->mounts, err);
    return r < 0 ? r : vn_qemu_who(qemu, *guest, err);
}

int vn_qemu_tid(const struct vn_qemu_guest *guest, enum vn_step_kind kind, unsigned id)
{
    if (kind == VN_STEP_EMULATORPIN)
        return guest->pid;
    if (kind == VN_STEP_VCPUPIN)
        return id < guest->cmd.vcpus_max ? guest->who->vcpus[id] : 0;
    for (size_t i = 0; i < guest->cmd.n_iothreads; i++)
        if (guest->cmd.iothread_numbers[i] == id)
            return guest->who->iothreads[i];
    return 0;
}

static int prepare(struct vn_qemu *qemu, const char *vm, enum vn_step_kind kind, unsigned id,
                   const struct vn_cpuset *cpus, struct pin *pin, struct vn_qemu_guest **guest, struct vn_err *err)
{
    const char *why;
    int r = begin(qemu, vm, cpus, pin, guest, err);

    if (r < 0)
        return r;
    if (kind == VN_STEP_EMULATORPIN)
        (void)snprintf(pin->what, sizeof pin->what, "the emulator of %s", vm);
    else
        (void)snprintf(pin->what, sizeof pin->what, "%s %u of %s", kind == VN_STEP_VCPUPIN ? "vCPU" : "IOThread", id,
                       vm);
    pin->tid = vn_qemu_tid(*guest, kind, id);
    if (pin->tid)
        return 0;
    why = kind == VN_STEP_VCPUPIN ? (*guest)->who->nameless : NULL;
    return vn_failf(err, VN_E_REFUSED, "Start it with '-name NAME,debug-threads=on', or with a QMP socket.",
                    "%s cannot be pinned: %s", pin->what, why ? why : "it has no thread that is known");
}

/* ---- the ops ---- */

static int not_stored(const char *vm, struct vn_err *err)
{
    return VN_FAIL(err, VN_E_REFUSED, .got = vm, .cause = "a bare QEMU has no stored configuration to pin in",
                   .fix = "Its start script decides what holds after the next start.");
}

int vn_qemu_check_pin(void *self, const struct vn_step *step, struct vn_err *err)
{
    struct vn_qemu_guest *guest;
    struct pin pin;
    int r = prepare(self, step->vm, step->kind, step->index, &step->cpus_after, &pin, &guest, err);

    return r < 0 ? r : check_cgroup(&pin, true, err);
}

int vn_qemu_pin_vcpu(void *self, const char *vm, unsigned vcpu, const struct vn_cpuset *cpus, unsigned scope,
                     struct vn_err *err)
{
    struct vn_qemu_guest *guest;
    struct pin pin;
    int r = scope & VN_SCOPE_CONFIG ? not_stored(vm, err)
                                    : prepare(self, vm, VN_STEP_VCPUPIN, vcpu, cpus, &pin, &guest, err);

    return r < 0 ? r : run(&pin, err);
}

int vn_qemu_pin_iothread(void *self, const char *vm, unsigned iothread, const struct vn_cpuset *cpus, unsigned scope,
                         struct vn_err *err)
{
    struct vn_qemu_guest *guest;
    struct pin pin;
    int r = scope & VN_SCOPE_CONFIG ? not_stored(vm, err)
                                    : prepare(self, vm, VN_STEP_IOTHREADPIN, iothread, cpus, &pin, &guest, err);

    return r < 0 ? r : run(&pin, err);
}

static bool is_other(const struct vn_qemu_guest *guest, int tid)
{
    for (size_t i = 0; i < guest->cmd.vcpus_max; i++)
        if (guest->who->vcpus[i] == tid)
            return false;
    for (size_t i = 0; i < guest->cmd.n_iothreads; i++)
        if (guest->who->iothreads[i] == tid)
            return false;
    return tid != guest->pid;
}

static int pin_worker(const struct pin *main_pin, int tid, const struct vn_cpuset *before, struct vn_err *err)
{
    struct pin pin = *main_pin;
    struct vn_thread thread = {0};
    int r;

    pin.tid = tid;
    r = vn_proc_thread(pin.pid, tid, &pin.mounts, &thread, err);
    if (r == 0 && vn_cpuset_equal(&thread.allowed, before))
        r = run(&pin, err);
    return r == -VN_E_ABSENT ? 0 : r; /* they come and go */
}

/* Workers go where the main thread goes, as those in libvirt's cgroup of the emulator do; one that somebody has put
 * elsewhere stays there. Where vCPUs are not known, they may be among them. */
static int pin_workers(const struct pin *main_pin, const struct vn_cpuset *before, const struct vn_qemu_guest *guest,
                       struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct vn_task *tasks = NULL;
    size_t count = 0;
    int r = guest->who->nameless ? 0 : vn_proc_tasks(guest->pid, &scratch, &tasks, &count, err);

    for (size_t i = 0; r == 0 && i < count; i++)
        if (is_other(guest, tasks[i].tid))
            r = pin_worker(main_pin, tasks[i].tid, before, err);
    return r;
}

int vn_qemu_pin_emulator(void *self, const char *vm, const struct vn_cpuset *cpus, unsigned scope, struct vn_err *err)
{
    struct vn_thread before = {0};
    struct vn_qemu_guest *guest;
    struct pin pin;
    int r = scope & VN_SCOPE_CONFIG ? not_stored(vm, err)
                                    : prepare(self, vm, VN_STEP_EMULATORPIN, 0, cpus, &pin, &guest, err);

    if (r == 0)
        r = vn_proc_thread(pin.pid, pin.tid, &pin.mounts, &before, err);
    if (r == 0)
        r = run(&pin, err);
    return r < 0 ? r : pin_workers(&pin, &before.allowed, guest, err);
}
