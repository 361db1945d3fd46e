/* SPDX-License-Identifier: MIT */
/* pin-stored: at the next start the thread will run elsewhere than now. */
#include "doctor/rules.h"

int vn_rule_stored(const struct vn_exam *exam, const struct vn_patient *patient)
{
    static const char *const rules[] = {"pin-stored", "emulator-stored", "iothread-stored"};
    const struct vn_thread *thread = patient->thread;
    bool asked = thread->known & VN_THREAD_CONFIGURED;
    const struct vn_cpuset *now = asked ? &thread->configured : patient->live;
    struct vn_finding *finding;
    const char *subject, *fix;

    if (!exam->vm->stored || !exam->vm->live || vn_exam_same(exam, patient->stored, now))
        return 0;
    subject = vn_patient_subject(exam, patient);
    fix = vn_exam_apply_cmd(exam);
    if (!subject || !fix)
        return -VN_E_NOMEM;
    finding = vn_findings_add(exam->findings, vn_patient_rule(patient, rules), VN_SEV_WARNING, subject,
                              "the stored configuration says otherwise than what runs: the next start puts the thread "
                              "there",
                              fix);
    if (!finding || vn_exam_cpus(exam, finding, "stored pin", patient->stored, "stored XML") < 0)
        return -VN_E_NOMEM;
    return vn_exam_cpus(exam, finding, "live pin", now, asked ? "libvirt, live pin" : "live XML");
}
