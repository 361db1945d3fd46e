/* SPDX-License-Identifier: MIT */
/* What the rules share: names, commands, comparisons. */
#include <string.h>
#include <vnuma/shell.h>

#include "doctor/rules.h"

char *vn_exam_name(const struct vn_exam *exam)
{
    return vn_shell_word(&exam->findings->arena, exam->vm->name);
}

const char *vn_exam_live(const struct vn_exam *exam)
{
    return vn_snapshot_is_bare(exam->snapshot) ? "Cpus_allowed_list of its threads" : "live XML";
}

char *vn_exam_apply_cmd(const struct vn_exam *exam)
{
    const char *name = vn_exam_name(exam);

    return name ? vn_arena_printf(&exam->findings->arena, "vnuma %sapply %s",
                                  vn_snapshot_is_bare(exam->snapshot) ? "-c qemu-proc: " : "", name)
                : NULL;
}

char *vn_exam_slice_cmd(const struct vn_exam *exam)
{
    struct vn_arena *arena = &exam->findings->arena;
    const char *all = vn_cpuset_text(arena, &exam->online);

    return all ? vn_arena_printf(arena, "systemctl set-property --runtime machine.slice AllowedCPUs=%s", all) : NULL;
}

char *vn_patient_subject(const struct vn_exam *exam, const struct vn_patient *patient)
{
    struct vn_arena *arena = &exam->findings->arena;

    if (patient->who == VN_WHO_VCPU)
        return vn_arena_printf(arena, "%s vCPU %u", exam->vm->name, patient->thread->id);
    if (patient->who == VN_WHO_IOTHREAD)
        return vn_arena_printf(arena, "%s IOThread %u", exam->vm->name, patient->thread->id);
    return vn_arena_printf(arena, "%s emulator", exam->vm->name);
}

const char *vn_patient_rule(const struct vn_patient *patient, const char *const names[3])
{
    return names[patient->who];
}

char *vn_patient_pin_cmd(const struct vn_exam *exam, const struct vn_patient *patient, const struct vn_cpuset *cpus)
{
    struct vn_arena *arena = &exam->findings->arena;
    const char *name = vn_exam_name(exam), *set = vn_cpuset_text(arena, cpus ? cpus : &exam->online);

    if (!name || !set)
        return NULL;
    if (vn_snapshot_is_bare(exam->snapshot))
        return vn_arena_printf(arena, "taskset -cp %s %d", set, patient->thread->tid);
    if (patient->who == VN_WHO_VCPU)
        return vn_arena_printf(arena, "virsh vcpupin %s %u %s --live", name, patient->thread->id, set);
    if (patient->who == VN_WHO_IOTHREAD)
        return vn_arena_printf(arena, "virsh iothreadpin %s %u %s --live", name, patient->thread->id, set);
    return vn_arena_printf(arena, "virsh emulatorpin %s %s --live", name, set);
}

bool vn_exam_same(const struct vn_exam *exam, const struct vn_cpuset *a, const struct vn_cpuset *b)
{
    struct vn_cpuset x = a ? *a : exam->online, y = b ? *b : exam->online;

    vn_cpuset_and(&x, &exam->online);
    vn_cpuset_and(&y, &exam->online);
    return vn_cpuset_equal(&x, &y);
}

bool vn_patient_pinned(const struct vn_exam *exam, const struct vn_patient *patient)
{
    return patient->thread->known & VN_THREAD_CONFIGURED &&
           !vn_exam_same(exam, &patient->thread->configured, NULL);
}

int vn_exam_cpus(const struct vn_exam *exam, struct vn_finding *finding, const char *what,
                 const struct vn_cpuset *cpus, const char *source)
{
    const char *text = cpus ? vn_cpuset_text(&exam->findings->arena, cpus) : "no pin";

    return text ? vn_finding_evidence(exam->findings, finding, what, text, source) : -VN_E_NOMEM;
}

int vn_exam_pin(const struct vn_exam *exam, struct vn_finding *finding, const struct vn_thread *thread)
{
    if (vn_snapshot_is_bare(exam->snapshot))
        return vn_exam_cpus(exam, finding, "pin that was applied", &thread->configured, "vnuma's journal");
    return vn_exam_cpus(exam, finding, "pin libvirt reports", &thread->configured, "libvirt, live pin");
}

int vn_exam_allowed(const struct vn_exam *exam, struct vn_finding *finding, const struct vn_thread *thread)
{
    const char *source;

    if (!(thread->known & VN_THREAD_ALLOWED))
        return 0;
    source = vn_arena_printf(&exam->findings->arena, "/proc/%d/task/%d/status", exam->vm->pid, thread->tid);
    return source ? vn_exam_cpus(exam, finding, "Cpus_allowed_list", &thread->allowed, source) : -VN_E_NOMEM;
}
