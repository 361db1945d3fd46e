/* SPDX-License-Identifier: MIT */
/* The tables of rules, and the round through a VM's threads. A new rule is a file and a line here. */
#include "doctor/rules.h"

#define DEFAULT_MIN_LOCAL_PCT 95.0

static const struct {
    vn_thread_rule *rule;
    bool told; /* does it do what it was told? */
} thread_rules[] = {
    {vn_rule_stored, false}, {vn_rule_libvirt, true}, {vn_rule_kernel, true}, {vn_rule_cpuset, true}, {vn_rule_floats, false},
};
static vn_vm_rule *const vm_rules[] = {vn_rule_memory, vn_rule_unchecked};

static int examine_thread(const struct vn_exam *exam, const struct vn_patient *patient)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < VN_COUNT(thread_rules); i++)
        if (thread_rules[i].told || !exam->told_only)
            r = thread_rules[i].rule(exam, patient);
    return r;
}

static const struct vn_cpuset *vcpu_pin(const struct vn_domain *domain, unsigned vcpu)
{
    return domain ? vn_domain_pin(domain, vcpu) : NULL;
}

static const struct vn_cpuset *emulator_pin(const struct vn_domain *domain)
{
    if (!domain)
        return NULL;
    if (domain->has_emulatorpin)
        return &domain->emulatorpin;
    return domain->has_vcpu_cpus ? &domain->vcpu_cpus : NULL;
}

static const struct vn_cpuset *iothread_pin(const struct vn_domain *domain, unsigned iothread)
{
    for (size_t i = 0; domain && i < domain->n_iothreadpins; i++)
        if (domain->iothreadpins[i].id == iothread)
            return &domain->iothreadpins[i].cpus;
    return domain && domain->has_vcpu_cpus ? &domain->vcpu_cpus : NULL;
}

static int examine_threads(const struct vn_exam *exam)
{
    const struct vn_vm *vm = exam->vm;
    int r = 0;

    for (size_t i = 0; r == 0 && i < vm->n_vcpus; i++) {
        const struct vn_thread *thread = &vm->vcpus[i];
        struct vn_patient patient = {VN_WHO_VCPU, thread, vcpu_pin(vm->stored, thread->id),
                                     vcpu_pin(vm->live, thread->id)};

        if (thread->online) /* an unplugged vCPU runs nowhere */
            r = examine_thread(exam, &patient);
    }
    for (size_t i = 0; r == 0 && i < vm->n_iothreads; i++) {
        const struct vn_thread *thread = &vm->iothreads[i];
        struct vn_patient patient = {VN_WHO_IOTHREAD, thread, iothread_pin(vm->stored, thread->id),
                                     iothread_pin(vm->live, thread->id)};

        r = examine_thread(exam, &patient);
    }
    if (r == 0) {
        struct vn_patient patient = {VN_WHO_EMULATOR, &vm->emulator, emulator_pin(vm->stored), emulator_pin(vm->live)};

        r = examine_thread(exam, &patient);
    }
    return r;
}

int vn_doctor_drift(const struct vn_snapshot *snapshot, const struct vn_vm *vm, const struct vn_drift_opts *opts,
                    struct vn_findings *findings, struct vn_err *err)
{
    struct vn_exam exam = {.snapshot = snapshot, .vm = vm, .findings = findings};
    int r = 0;

    exam.min_local_pct = opts && opts->min_local_pct > 0 ? opts->min_local_pct : DEFAULT_MIN_LOCAL_PCT;
    exam.told_only = opts && opts->told_only;
    vn_host_online(&snapshot->host, &exam.online);
    if (vm->live)
        r = examine_threads(&exam);
    for (size_t i = 0; r == 0 && !exam.told_only && i < VN_COUNT(vm_rules); i++)
        r = vm_rules[i](&exam);
    return r < 0 ? vn_nomem(err) : 0;
}
