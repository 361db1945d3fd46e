/* SPDX-License-Identifier: MIT */
/* vcpu-floats: a vCPU without a pin among pinned ones, as one has that was plugged into a running guest. */
#include "doctor/rules.h"

static bool is_pinned(const struct vn_exam *exam, unsigned vcpu)
{
    return !vn_exam_same(exam, vn_domain_pin(exam->vm->live, vcpu), NULL);
}

static void pinned_others(const struct vn_exam *exam, unsigned vcpu, struct vn_cpuset *ret)
{
    *ret = (struct vn_cpuset){{0}};
    for (size_t i = 0; i < exam->vm->n_vcpus; i++) {
        const struct vn_thread *other = &exam->vm->vcpus[i];

        if (other->online && other->id != vcpu && is_pinned(exam, other->id))
            vn_cpuset_add(ret, other->id);
    }
}

int vn_rule_floats(const struct vn_exam *exam, const struct vn_patient *patient)
{
    const struct vn_thread *thread = patient->thread;
    struct vn_finding *finding;
    struct vn_cpuset others;
    const char *subject, *fix;

    if (patient->who != VN_WHO_VCPU || !exam->vm->live || is_pinned(exam, thread->id))
        return 0;
    pinned_others(exam, thread->id, &others);
    if (vn_cpuset_empty(&others))
        return 0;
    subject = vn_patient_subject(exam, patient);
    fix = vn_exam_apply_cmd(exam);
    if (!subject || !fix)
        return -VN_E_NOMEM;
    finding = vn_findings_add(exam->findings, "vcpu-floats", VN_SEV_WARNING, subject,
                              "it has no pin, while other vCPUs of the guest have: it runs on any node, and on the "
                              "CPUs of others",
                              fix);
    if (!finding || vn_exam_cpus(exam, finding, "live pin", patient->live, vn_exam_live(exam)) < 0 ||
        vn_exam_cpus(exam, finding, "pinned vCPUs", &others, vn_exam_live(exam)) < 0)
        return -VN_E_NOMEM;
    return vn_exam_allowed(exam, finding, thread);
}
