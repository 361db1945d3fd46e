/* SPDX-License-Identifier: MIT */
#include <libvirt/libvirt-qemu.h>
#include <stdlib.h>
#include <string.h>

#include "codec/qmp.h"
#include "io/cgroup.h"
#include "io/libvirt_priv.h"
#include "io/proc_threads.h"

/* Bytes of a CPU map that holds every CPU of the host. */
static int map_length(const struct vn_host *host)
{
    struct vn_cpuset all;
    int last;

    vn_host_online(host, &all);
    vn_cpuset_or(&all, &host->offline);
    last = vn_cpuset_last(&all);
    return (last < 0 ? 0 : last) / 8 + 1;
}

static void from_map(const unsigned char *map, int len, struct vn_cpuset *ret)
{
    memset(ret, 0, sizeof *ret);
    for (int i = 0; i < len && i < VN_CPU_MAX / 8; i++)
        for (unsigned bit = 0; bit < 8; bit++)
            if (map[i] & (1u << bit))
                vn_cpuset_add(ret, (unsigned)i * 8 + bit);
}

static void set_configured(struct vn_thread *thread, const struct vn_cpuset *cpus)
{
    thread->configured = *cpus;
    thread->known |= VN_THREAD_CONFIGURED;
}

/* Drivers that know no live scope (the test driver) answer for the current one. */
static int vcpu_pins(virDomainPtr domain, int count, unsigned char *maps, int len)
{
    int r = virDomainGetVcpuPinInfo(domain, count, maps, len, VIR_DOMAIN_AFFECT_LIVE);

    return r < 0 ? virDomainGetVcpuPinInfo(domain, count, maps, len, VIR_DOMAIN_AFFECT_CURRENT) : r;
}

/* Maps stand by vCPU number; that of an unplugged one is empty, and its pin only in the XML. */
static void read_vcpu_pins(virDomainPtr domain, unsigned char *maps, int len, struct vn_vm *vm)
{
    int count = vcpu_pins(domain, (int)vm->n_vcpus, maps, len);
    struct vn_cpuset cpus;

    for (size_t i = 0; i < vm->n_vcpus; i++) {
        const struct vn_cpuset *pin = vn_domain_pin(vm->live, (unsigned)i);

        if ((int)i < count)
            from_map(maps + i * (size_t)len, len, &cpus);
        else
            memset(&cpus, 0, sizeof cpus);
        if (!vn_cpuset_empty(&cpus))
            vm->vcpus[i].online = true;
        else if (pin)
            cpus = *pin;
        if (!vn_cpuset_empty(&cpus))
            set_configured(&vm->vcpus[i], &cpus);
    }
}

/*
 * Where vCPUs run, as libvirtd reads it over there: the CPU and the kernel's affinity. After an
 * unplug that QEMU and libvirt see differently this fails for all of them; they stay unknown then.
 */
static int read_vcpus(virDomainPtr domain, unsigned char *maps, int len, struct vn_arena *scratch, struct vn_vm *vm,
                      struct vn_err *err)
{
    virVcpuInfo *infos = vn_arena_array(scratch, vm->n_vcpus, sizeof *infos);
    int count;

    if (!infos)
        return vn_nomem(err);
    memset(maps, 0, vm->n_vcpus * (size_t)len);
    count = virDomainGetVcpus(domain, infos, (int)vm->n_vcpus, maps, len);
    for (int i = 0; i < count; i++) {
        struct vn_thread *vcpu = infos[i].number < vm->n_vcpus ? &vm->vcpus[infos[i].number] : NULL;

        if (!vcpu)
            continue;
        vcpu->online = true;
        vcpu->cpu = infos[i].cpu >= 0 ? infos[i].cpu : -1;
        from_map(maps + i * len, len, &vcpu->allowed);
        if (!vn_cpuset_empty(&vcpu->allowed))
            vcpu->known |= VN_THREAD_ALLOWED;
    }
    return 0;
}

static void read_emulator(virDomainPtr domain, unsigned char *map, int len, struct vn_vm *vm)
{
    struct vn_cpuset cpus;

    vm->emulator.cpu = -1;
    vm->emulator.online = true;
    if (virDomainGetEmulatorPinInfo(domain, map, len, VIR_DOMAIN_AFFECT_LIVE) < 0)
        return;
    from_map(map, len, &cpus);
    set_configured(&vm->emulator, &cpus);
}

static int by_id(const void *a, const void *b)
{
    const struct vn_thread *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

static int read_iothreads(virDomainPtr domain, struct vn_arena *arena, struct vn_vm *vm, struct vn_err *err)
{
    virDomainIOThreadInfoPtr *infos = NULL;
    int count = virDomainGetIOThreadInfo(domain, &infos, VIR_DOMAIN_AFFECT_LIVE), r = 0;

    if (count <= 0)
        return 0;
    vm->iothreads = vn_arena_array(arena, (size_t)count, sizeof *vm->iothreads);
    if (!vm->iothreads)
        r = vn_nomem(err);
    for (int i = 0; i < count; i++) {
        if (r == 0) {
            struct vn_thread *thread = &vm->iothreads[vm->n_iothreads++];
            struct vn_cpuset cpus;

            *thread = (struct vn_thread){.id = infos[i]->iothread_id, .online = true, .cpu = -1};
            from_map(infos[i]->cpumap, infos[i]->cpumaplen, &cpus);
            set_configured(thread, &cpus);
        }
        virDomainIOThreadInfoFree(infos[i]);
    }
    free(infos);
    if (r == 0)
        qsort(vm->iothreads, vm->n_iothreads, sizeof *vm->iothreads, by_id);
    return r;
}

int vn_virt_threads(struct vn_libvirt *virt, virDomainPtr domain, const struct vn_host *host, struct vn_arena *arena,
                    struct vn_vm *vm, struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    unsigned n = vm->live->vcpus_max < VN_CPU_MAX ? vm->live->vcpus_max : VN_CPU_MAX;
    int len = map_length(host), r;
    unsigned char *maps = vn_arena_array(&scratch, (size_t)n + 1, (size_t)len);

    vm->vcpus = vn_arena_array(arena, n, sizeof *vm->vcpus);
    if (!vm->vcpus || !maps)
        return vn_nomem(err);
    vm->n_vcpus = n;
    for (unsigned i = 0; i < n; i++) {
        vm->vcpus[i].id = i;
        vm->vcpus[i].cpu = -1;
    }
    read_vcpu_pins(domain, maps, len, vm);
    read_emulator(domain, maps, len, vm);
    r = read_iothreads(domain, arena, vm, err);
    if (r == 0 && !virt->local)
        r = read_vcpus(domain, maps, len, &scratch, vm, err);
    virResetLastError(); /* what a driver has no answer for is unknown */
    return r;
}

/* ---- the kernel's view ---- */

static struct vn_thread *thread_of(struct vn_vm *vm, const struct vn_task *task)
{
    switch (task->kind) {
    case VN_TASK_EMULATOR:
        return &vm->emulator;
    case VN_TASK_VCPU:
        return task->id < vm->n_vcpus ? &vm->vcpus[task->id] : NULL;
    case VN_TASK_IOTHREAD:
        for (size_t i = 0; i < vm->n_iothreads; i++)
            if (vm->iothreads[i].id == task->id)
                return &vm->iothreads[i];
        return NULL;
    case VN_TASK_OTHER:
        return NULL;
    }
    return NULL;
}

static bool has_vcpus(const struct vn_task *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (tasks[i].kind == VN_TASK_VCPU)
            return true;
    return false;
}

/*
 * QEMU started without debug-threads, or with one thread for all vCPUs, gives them no names: its
 * monitor knows which is which. This marks the domain as tainted, so it is the last resort.
 */
static int name_vcpus(virDomainPtr domain, struct vn_task *tasks, size_t count, struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct vn_qmp_cpu *cpus = NULL;
    size_t n_cpus = 0;
    char *reply = NULL;
    int r;

    if (virDomainQemuMonitorCommand(domain, "{\"execute\":\"query-cpus-fast\"}", &reply, 0) < 0)
        return 0; /* not permitted, or no such command: the threads stay unknown */
    r = vn_qmp_cpus_parse(reply, strlen(reply), &scratch, &cpus, &n_cpus, err);
    free(reply);
    for (size_t c = 0; r == 0 && c < n_cpus; c++)
        for (size_t t = 0; t < count; t++)
            if (tasks[t].tid == cpus[c].tid && tasks[t].kind == VN_TASK_OTHER) {
                tasks[t].kind = VN_TASK_VCPU;
                tasks[t].id = cpus[c].index;
            }
    return r == -VN_E_NOMEM ? r : 0;
}

int vn_virt_kernel_threads(virDomainPtr domain, struct vn_vm *vm, struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct vn_cgroup_mounts mounts;
    struct vn_task *tasks;
    size_t count;
    int r = vn_cgroup_find(&mounts, err);

    if (r == 0)
        r = vn_proc_tasks(vm->pid, &scratch, &tasks, &count, err);
    if (r == 0 && !has_vcpus(tasks, count))
        r = name_vcpus(domain, tasks, count, err);
    if (r < 0)
        return r;
    if (has_vcpus(tasks, count)) /* a thread is the proof that a vCPU is plugged */
        for (size_t i = 0; i < vm->n_vcpus; i++)
            vm->vcpus[i].online = false;
    for (size_t i = 0; i < count; i++) {
        struct vn_thread *thread = thread_of(vm, &tasks[i]);

        if (!thread)
            continue;
        r = vn_proc_thread(vm->pid, tasks[i].tid, &mounts, thread, err);
        if (r == 0)
            thread->online = true;
        else if (r != -VN_E_ABSENT) /* unplugged between the two looks */
            return r;
    }
    return 0;
}
