/* SPDX-License-Identifier: MIT */
#ifndef VN_DOCTOR_RULES_H
#define VN_DOCTOR_RULES_H

#include <vnuma/doctor.h>
#include <vnuma/err.h>

/* What the rules share. Private to the doctor room. */

enum vn_who { VN_WHO_VCPU, VN_WHO_EMULATOR, VN_WHO_IOTHREAD };

/** struct vn_exam - one VM under examination. */
struct vn_exam {
    const struct vn_snapshot *snapshot;
    const struct vn_vm *vm;
    struct vn_cpuset online; /* of the host */
    bool told_only;
    double min_local_pct;
    struct vn_findings *findings;
};

/** struct vn_patient - one thread of that VM, and where everybody says it may run. */
struct vn_patient {
    enum vn_who who;
    const struct vn_thread *thread;
    const struct vn_cpuset *stored; /* pin in the stored XML; NULL: none there */
    const struct vn_cpuset *live;   /* pin in the live XML; NULL: none there */
};

/* A rule adds findings; 0 or -VN_E_NOMEM. */
typedef int vn_thread_rule(const struct vn_exam *exam, const struct vn_patient *patient);
typedef int vn_vm_rule(const struct vn_exam *exam);

vn_thread_rule vn_rule_stored, vn_rule_libvirt, vn_rule_kernel, vn_rule_cpuset, vn_rule_floats;
vn_vm_rule vn_rule_memory, vn_rule_unchecked;

/** vn_patient_subject() - "db32 vCPU 3"; NULL when out of memory. Strings here and below are @exam's findings'. */
char *vn_patient_subject(const struct vn_exam *exam, const struct vn_patient *patient);
/** vn_patient_rule() - the one of @names for this kind of thread, in the order of enum vn_who. */
const char *vn_patient_rule(const struct vn_patient *patient, const char *const names[3]);
/** vn_patient_pin_cmd() - the command that pins the thread to @cpus, live: virsh, or taskset. */
char *vn_patient_pin_cmd(const struct vn_exam *exam, const struct vn_patient *patient, const struct vn_cpuset *cpus);
/** vn_patient_pinned() - does its configuration restrict the thread at all? */
bool vn_patient_pinned(const struct vn_exam *exam, const struct vn_patient *patient);
/** vn_exam_apply_cmd() - "vnuma apply NAME". */
char *vn_exam_apply_cmd(const struct vn_exam *exam);
/**
 * vn_exam_slice_cmd() - gives the guests' slice all CPUs back. They are named, for systemd 252 takes an
 * empty AllowedCPUs= without telling the kernel.
 */
char *vn_exam_slice_cmd(const struct vn_exam *exam);
/** vn_exam_live() - where the live pins are known from, as the source of evidence. */
const char *vn_exam_live(const struct vn_exam *exam);
/** vn_exam_name() - the VM's name, quoted for a shell where it must be. */
char *vn_exam_name(const struct vn_exam *exam);

/** vn_exam_same() - the same CPUs, of those that are online? NULL: all. */
bool vn_exam_same(const struct vn_exam *exam, const struct vn_cpuset *a, const struct vn_cpuset *b);

/** vn_exam_cpus() - one piece of evidence that is a CPU set; NULL: "no pin". */
VN_NODISCARD int vn_exam_cpus(const struct vn_exam *exam, struct vn_finding *finding, const char *what,
                              const struct vn_cpuset *cpus, const char *source);

/** vn_exam_pin() - the thread's configured pin, as evidence: libvirt's word, or what vnuma applied to a bare QEMU. */
VN_NODISCARD int vn_exam_pin(const struct vn_exam *exam, struct vn_finding *finding, const struct vn_thread *thread);

/** vn_exam_allowed() - where the kernel lets a thread run, as evidence, if it is known. */
VN_NODISCARD int vn_exam_allowed(const struct vn_exam *exam, struct vn_finding *finding,
                                 const struct vn_thread *thread);

/** vn_cell_homes() - the nodes where a cell's memory should be; empty: nobody says. */
void vn_cell_homes(const struct vn_snapshot *snapshot, const struct vn_vm *vm, unsigned cell, struct vn_nodeset *ret);

/**
 * struct vn_local - how much of a guest's memory, or of one of its cells, is at home.
 * @at_most: cells are known by nodes only, so that local_kib is an upper bound
 */
struct vn_local {
    uint64_t local_kib, total_kib;
    bool known, at_most;
};
struct vn_local vn_local_of_cell(const struct vn_snapshot *snapshot, const struct vn_vm *vm, unsigned cell);
struct vn_local vn_local_of_vm(const struct vn_snapshot *snapshot, const struct vn_vm *vm);

#endif
