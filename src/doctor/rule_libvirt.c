/* SPDX-License-Identifier: MIT */
/* pin-libvirt: libvirt contradicts itself about a thread. */
#include "doctor/rules.h"

int vn_rule_libvirt(const struct vn_exam *exam, const struct vn_patient *patient)
{
    static const char *const rules[] = {"pin-libvirt", "emulator-libvirt", "iothread-libvirt"};
    const struct vn_thread *thread = patient->thread;
    struct vn_finding *finding;
    const char *subject, *fix;

    if (vn_snapshot_is_bare(exam->snapshot)) /* what stands for its live XML is made of the kernel's own masks */
        return 0;
    if (!exam->vm->live || !(thread->known & VN_THREAD_CONFIGURED) ||
        vn_exam_same(exam, patient->live, &thread->configured))
        return 0;
    subject = vn_patient_subject(exam, patient);
    fix = vn_patient_pin_cmd(exam, patient, patient->live);
    if (!subject || !fix)
        return -VN_E_NOMEM;
    finding = vn_findings_add(exam->findings, vn_patient_rule(patient, rules), VN_SEV_ERROR, subject,
                              "libvirt's answer about the pin differs from the XML the guest runs with", fix);
    if (!finding || vn_exam_cpus(exam, finding, "pin in the live XML", patient->live, "live XML") < 0)
        return -VN_E_NOMEM;
    return vn_exam_cpus(exam, finding, "pin libvirt reports", &thread->configured, "libvirt, live pin");
}
