/* SPDX-License-Identifier: MIT */
#ifndef VNUMA_DOCTOR_H
#define VNUMA_DOCTOR_H

#include <vnuma/finding.h>
#include <vnuma/snapshot.h>

struct vn_drift_opts {
    double min_local_pct; /* 0 means 95 */
    bool told_only;       /* only whether libvirt and the kernel do what they were told about threads: not whether the
                             stored and the live agree, who floats, or where memory lies */
};

/**
 * vn_doctor_drift() - PURE: every difference between what a VM's configuration says, what libvirt
 * says, what the kernel says and where its pages are. Adds to @findings; none is a good answer.
 * What could not be checked is a finding of severity info, rule "unchecked".
 */
VN_NODISCARD int vn_doctor_drift(const struct vn_snapshot *snapshot, const struct vn_vm *vm,
                                 const struct vn_drift_opts *opts, struct vn_findings *findings, struct vn_err *err);

/**
 * vn_vm_local_pct() - PURE: how much of the VM's resident memory is on the nodes where it should
 * be: each cell's on its memnode (else the node of its vCPUs' pins). -1.0 when not known.
 */
double vn_vm_local_pct(const struct vn_snapshot *snapshot, const struct vn_vm *vm);

/** vn_cell_home() - PURE: the node where a cell (0 for a guest without cells) should be: memnode, numatune, else the one node all its vCPUs are pinned to; -1: none. */
int vn_cell_home(const struct vn_snapshot *snapshot, const struct vn_vm *vm, unsigned cell);

#endif
