/* SPDX-License-Identifier: MIT */
/* pin-kernel: the silent drift. libvirt says one thing, the scheduler does another. */
#include "doctor/rules.h"

/* Where the cpuset takes CPUs away, pinning again changes nothing: the slice has to give them back. */
static char *fix_of(const struct vn_exam *exam, const struct vn_patient *patient)
{
    const struct vn_thread *thread = patient->thread;

    if (!vn_snapshot_is_bare(exam->snapshot) && thread->known & VN_THREAD_CGROUP && !vn_cpuset_subset(&thread->configured, &thread->cgroup))
        return vn_exam_slice_cmd(exam);
    return vn_patient_pin_cmd(exam, patient, &thread->configured);
}

int vn_rule_kernel(const struct vn_exam *exam, const struct vn_patient *patient)
{
    static const char *const rules[] = {"pin-kernel", "emulator-kernel", "iothread-kernel"};
    const struct vn_thread *thread = patient->thread;
    struct vn_finding *finding;
    const char *subject, *fix;

    if (!(thread->known & VN_THREAD_ALLOWED) || !vn_patient_pinned(exam, patient) ||
        vn_exam_same(exam, &thread->configured, &thread->allowed))
        return 0;
    subject = vn_patient_subject(exam, patient);
    fix = fix_of(exam, patient);
    if (!subject || !fix)
        return -VN_E_NOMEM;
    finding = vn_findings_add(exam->findings, vn_patient_rule(patient, rules), VN_SEV_ERROR, subject,
                              vn_snapshot_is_bare(exam->snapshot)
                                  ? "the kernel lets the thread run on other CPUs than vnuma pinned it to"
                                  : "the kernel lets the thread run on other CPUs than libvirt says it is pinned to",
                              fix);
    if (!finding || vn_exam_pin(exam, finding, thread) < 0)
        return -VN_E_NOMEM;
    return vn_exam_allowed(exam, finding, thread);
}
