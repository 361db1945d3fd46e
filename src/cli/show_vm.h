/* SPDX-License-Identifier: MIT */
#ifndef VN_CLI_SHOW_VM_H
#define VN_CLI_SHOW_VM_H

#include <vnuma/doctor.h>

#include "view/doc.h"

/** cli_vm_object() - for programs: one VM as vnuma.vm/1 has it, into @object (NULL: the root). */
void cli_vm_object(struct vn_doc *doc, struct vn_val *object, const struct vn_snapshot *snapshot, const struct vn_vm *vm,
                   bool drift);

/** cli_vm_rows(), cli_vm_row() - for people: the list, a line a VM. */
struct vn_val *cli_vm_rows(struct vn_doc *doc);
void cli_vm_row(struct vn_doc *doc, struct vn_val *rows, const struct vn_snapshot *snapshot, const struct vn_vm *vm,
                bool drift);

/** cli_vm_text() - for people: one VM in full. */
void cli_vm_text(struct vn_doc *doc, const struct vn_snapshot *snapshot, const struct vn_vm *vm, bool drift);

/* vm_json.c and vm_text.c share: */

/** cli_vm_memory() - the guest's size. */
uint64_t cli_vm_memory(const struct vn_vm *vm);
/** cli_vm_cell_kib() - resident memory of a cell on a node, by position; the guest's for one without cells. */
uint64_t cli_vm_cell_kib(const struct vn_snapshot *snapshot, const struct vn_vm *vm, size_t cell, size_t node);
/** cli_vm_has_memory() - was it read where the pages are? */
bool cli_vm_has_memory(const struct vn_vm *vm);

#endif
