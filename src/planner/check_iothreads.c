/* SPDX-License-Identifier: MIT */
#include "planner/check.h"

/* From a cell's node to the VM's devices; one whose node is not known is as far from all. */
static uint64_t way_to_devices(const struct checker *c, const struct vn_request *vm, const struct vn_placed_cell *cell)
{
    int from = vn_host_node_index(c->host, cell->node);
    uint64_t sum = 0;

    for (size_t d = 0; d < vm->n_devices; d++) {
        const struct vn_device *device = vn_host_device(c->host, vm->devices[d]);
        int to = device ? vn_host_node_index(c->host, device->node) : -1;

        sum += to < 0 ? 0 : vn_host_distance(c->host, (size_t)from, (size_t)to);
    }
    return sum;
}

/* Is each of these CPUs that of a vCPU whose cell is as near to the devices as any? */
static bool are_near(const struct checker *c, const struct vn_request *vm, const struct vn_placement *at,
                     const struct vn_cpuset *cpus)
{
    struct vn_cpuset far = *cpus;
    uint64_t least = UINT64_MAX;

    for (size_t i = 0; i < at->n_cells; i++)
        if (!vn_cpuset_empty(&at->cells[i].vcpus) && way_to_devices(c, vm, &at->cells[i]) < least)
            least = way_to_devices(c, vm, &at->cells[i]);
    for (size_t i = 0; i < at->n_cells; i++)
        if (way_to_devices(c, vm, &at->cells[i]) == least)
            VN_CPUSET_EACH(vcpu, &at->cells[i].vcpus)
                vn_cpuset_sub(&far, &at->vcpupin[vcpu]);
    return vn_cpuset_empty(&far);
}

static bool has_iothread(const struct vn_request *vm, unsigned id)
{
    for (size_t i = 0; i < vm->n_iothreads; i++)
        if (vm->iothread_ids[i] == id)
            return true;
    return false;
}

int checker_iothreads(struct checker *c, const struct vn_request *vm, const struct vn_placement *at)
{
    for (size_t i = 0; i < at->n_iothreadpins; i++) {
        const struct vn_pin *pin = &at->iothreadpins[i];

        if (!has_iothread(vm, pin->id))
            return BROKEN(c, "VM '%s' has no IOThread %u", at->name, pin->id);
        if (vn_cpuset_empty(&pin->cpus))
            return BROKEN(c, "VM '%s': its IOThread %u has no CPUs", at->name, pin->id);
        if (vm->policy.emulator.kind != VN_EMULATOR_SHARE && !vn_cpuset_equal(&pin->cpus, &at->emulatorpin))
            return BROKEN(c, "VM '%s': its IOThread %u is on other CPUs than the emulator's", at->name, pin->id);
        if (vm->policy.emulator.kind == VN_EMULATOR_SHARE && !are_near(c, vm, at, &pin->cpus))
            return BROKEN(c, "VM '%s': its IOThread %u is on CPUs of other cells than the nearest to its devices",
                          at->name, pin->id);
    }
    return 0;
}
