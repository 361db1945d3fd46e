/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "planner/solve.h"

int plan_note(struct vn_plan *plan, const char *fmt, ...)
{
    char **note = vn_arena_grow(&plan->arena, &plan->notes, &plan->n_notes, sizeof *note);
    char text[512];
    va_list args;

    if (!note)
        return -VN_E_NOMEM;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    *note = vn_arena_strdup(&plan->arena, text);
    return *note ? 0 : -VN_E_NOMEM;
}

static int check_cell_vcpus(const struct vn_request *vm, struct vn_err *err)
{
    struct vn_cpuset seen = {{0}};

    for (size_t c = 0; c < vm->policy.cells.n_list; c++) {
        if (vn_cpuset_count(&vm->cell_vcpus[c]) != vm->policy.cells.list[c].vcpus)
            return vn_failf(err, VN_E_USAGE, NULL, "VM '%s': cell %zu names other than its %u vCPUs", vm->name, c,
                            vm->policy.cells.list[c].vcpus);
        if (vn_cpuset_intersects(&seen, &vm->cell_vcpus[c]) || vn_cpuset_last(&vm->cell_vcpus[c]) >= (int)vm->vcpus)
            return vn_failf(err, VN_E_USAGE, "Each vCPU belongs to one cell.",
                            "VM '%s': cell %zu has a vCPU that another has too, or that the VM has not", vm->name, c);
        vn_cpuset_or(&seen, &vm->cell_vcpus[c]);
    }
    return 0;
}

static int check_list(const struct vn_request *vm, struct vn_err *err)
{
    uint64_t vcpus = 0, memory_kib = 0;

    for (size_t c = 0; c < vm->policy.cells.n_list; c++) {
        vcpus += vm->policy.cells.list[c].vcpus;
        memory_kib += vm->policy.cells.list[c].memory_kib;
        if (!vm->policy.cells.list[c].vcpus && !vm->policy.cells.list[c].memory_kib)
            return vn_failf(err, VN_E_USAGE, "Leave the cell out.", "VM '%s': cell %zu is empty", vm->name, c);
    }
    if (vcpus != vm->vcpus)
        return vn_failf(err, VN_E_USAGE, "Make the cells' vCPUs add up to the VM's.",
                        "VM '%s' has %u vCPUs, its cells %" PRIu64, vm->name, vm->vcpus, vcpus);
    if (memory_kib != vm->memory_kib)
        return vn_failf(err, VN_E_USAGE, "Make the cells' memory add up to the VM's.",
                        "VM '%s' has %" PRIu64 " KiB of memory, its cells %" PRIu64, vm->name, vm->memory_kib,
                        memory_kib);
    return vm->cell_vcpus ? check_cell_vcpus(vm, err) : 0;
}

int request_check(const struct vn_problem *problem, const struct vn_request *vm, struct vn_err *err)
{
    const struct vn_cells_spec *cells = &vm->policy.cells;

    for (const struct vn_request *other = problem->vms; other < vm; other++)
        if (!strcmp(other->name, vm->name))
            return vn_failf(err, VN_E_USAGE, "Give each VM a name of its own.", "two VMs are called '%s'", vm->name);
    if (!vm->vcpus || vm->vcpus > VN_CPU_MAX)
        return vn_failf(err, VN_E_USAGE, NULL, "VM '%s' has %u vCPUs, outside 1-%d", vm->name, vm->vcpus, VN_CPU_MAX);
    if (vm->memory_kib > UINT64_C(1) << 53)
        return vn_failf(err, VN_E_USAGE, NULL, "VM '%s' has more memory than 2^53 KiB", vm->name);
    if (!isfinite(vm->policy.overcommit) || vm->policy.overcommit < 0)
        return vn_failf(err, VN_E_USAGE, NULL, "VM '%s': an overcommit ratio below 0", vm->name);
    if (cells->kind == VN_CELLS_NUMBER && (!cells->number || cells->number > vm->vcpus))
        return vn_failf(err, VN_E_USAGE, "Ask for as many cells as vCPUs at most.",
                        "VM '%s' has %u vCPUs and cannot be split into %u cells", vm->name, vm->vcpus, cells->number);
    if (cells->kind == VN_CELLS_LIST)
        return check_list(vm, err);
    return 0;
}
