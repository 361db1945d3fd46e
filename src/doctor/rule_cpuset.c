/* SPDX-License-Identifier: MIT */
/* pin-cpuset: the cpuset cgroup takes CPUs of the pin away. */
#include "doctor/rules.h"

int vn_rule_cpuset(const struct vn_exam *exam, const struct vn_patient *patient)
{
    static const char *const rules[] = {"pin-cpuset", "emulator-cpuset", "iothread-cpuset"};
    const struct vn_thread *thread = patient->thread;
    struct vn_cpuset pin = thread->configured;
    struct vn_finding *finding;
    const char *subject, *source, *fix;

    vn_cpuset_and(&pin, &exam->online);
    if (!(thread->known & VN_THREAD_CGROUP) || !vn_patient_pinned(exam, patient) ||
        vn_cpuset_subset(&pin, &thread->cgroup))
        return 0;
    subject = vn_patient_subject(exam, patient);
    source = vn_arena_printf(&exam->findings->arena, "effective CPUs of the cpuset cgroup in /proc/%d/task/%d/cgroup",
                             exam->vm->pid, thread->tid);
    fix = vn_snapshot_is_bare(exam->snapshot) ? vn_exam_apply_cmd(exam) : vn_exam_slice_cmd(exam);
    if (!subject || !source || !fix)
        return -VN_E_NOMEM;
    finding = vn_findings_add(exam->findings, vn_patient_rule(patient, rules), VN_SEV_ERROR, subject,
                              "the thread's cpuset cgroup does not have the CPUs it is pinned to; a slice above it "
                              "restricts it",
                              fix);
    if (!finding || vn_exam_pin(exam, finding, thread) < 0)
        return -VN_E_NOMEM;
    return vn_exam_cpus(exam, finding, "CPUs of its cpuset", &thread->cgroup, source);
}
