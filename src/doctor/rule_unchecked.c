/* SPDX-License-Identifier: MIT */
/* unchecked: what could not be looked at, so that silence is not taken for health. */
#include <string.h>

#include "doctor/rules.h"

static int say(const struct vn_exam *exam, const char *what, const char *value, const char *source, const char *why,
               const char *fix)
{
    struct vn_finding *finding =
        vn_findings_add(exam->findings, "unchecked", VN_SEV_INFO, exam->vm->name, why, fix);

    return finding ? vn_finding_evidence(exam->findings, finding, what, value, source) : -VN_E_NOMEM;
}

/* Which of a guest's threads lack @flag, as "vCPUs 0-3, emulator"; "" when none does. */
static char *lacking(const struct vn_exam *exam, unsigned flag)
{
    const struct vn_vm *vm = exam->vm;
    struct vn_arena *arena = &exam->findings->arena;
    struct vn_cpuset vcpus = {0}, iothreads = {0};
    const char *v, *i;

    for (size_t k = 0; k < vm->n_vcpus; k++)
        if (vm->vcpus[k].online && !(vm->vcpus[k].known & flag))
            vn_cpuset_add(&vcpus, vm->vcpus[k].id);
    for (size_t k = 0; k < vm->n_iothreads; k++)
        if (!(vm->iothreads[k].known & flag))
            vn_cpuset_add(&iothreads, vm->iothreads[k].id);
    v = vn_cpuset_text(arena, &vcpus);
    i = vn_cpuset_text(arena, &iothreads);
    if (!v || !i)
        return NULL;
    return vn_arena_printf(arena, "%s%s%s%s%s%s", *v ? "vCPUs " : "", v, *v && *i ? ", " : "", *i ? "IOThreads " : "",
                           i, vm->emulator.known & flag ? "" : *v || *i ? ", emulator" : "emulator");
}

static int say_lacking(const struct vn_exam *exam, unsigned flag, const char *source, const char *why)
{
    const char *who = lacking(exam, flag);

    if (!who)
        return -VN_E_NOMEM;
    return *who ? say(exam, "not read", who, source, why, "Run vnuma as root on the host itself") : 0;
}

static bool has_cgroup(const struct vn_exam *exam)
{
    const char *kind = vn_host_setting(&exam->snapshot->host, "cgroup");

    return !kind || strcmp(kind, "none") != 0;
}

int vn_rule_unchecked(const struct vn_exam *exam)
{
    const struct vn_vm *vm = exam->vm;
    int r;

    if (!vn_vm_runs(vm))
        return say(exam, "state", vn_vm_state_name(vm->state), "libvirt",
                   "the VM does not run: there is nothing to compare its configuration with", "");
    if (vm->unread && vn_snapshot_is_bare(exam->snapshot))
        return say(exam, "not read", vm->unread, "/proc and QMP",
                   "a part of this guest could not be looked at; the rest was", "");
    if (vm->unread)
        return say(exam, "not read", vm->unread, "/proc and cgroups",
                   "only the configuration and libvirt's view were compared; the kernel's could not be read",
                   "Run vnuma as root on the host itself");
    r = say_lacking(exam, VN_THREAD_CONFIGURED, "libvirt, live pin", "libvirt did not say where these may run");
    if (r == 0)
        r = say_lacking(exam, VN_THREAD_ALLOWED, "/proc/PID/task/TID/status",
                        "where the kernel lets these run could not be read");
    if (r == 0 && has_cgroup(exam))
        r = say_lacking(exam, VN_THREAD_CGROUP, "cpuset cgroup", "the cpusets of these could not be read");
    if (r == 0 && vm->mem_method == VN_MEM_UNREAD)
        r = say(exam, "not read", "memory", "/proc/PID/numa_maps, memory.numa_stat",
                "where the guest's memory lies could not be read", "Run vnuma as root on the host itself");
    return r;
}
