/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "planner/solve.h"

static void cell_cpus(const struct vn_placement *placement, size_t cell, struct vn_cpuset *ret)
{
    memset(ret, 0, sizeof *ret);
    VN_CPUSET_EACH(vcpu, &placement->cells[cell].vcpus)
        vn_cpuset_or(ret, &placement->vcpupin[vcpu]);
}

/* The emulator shares the CPUs of the VM unless it was told otherwise. */
static void set_emulator(const struct vn_request *vm, const struct spot *spot, struct vn_placement *ret)
{
    ret->has_emulatorpin = true;
    switch (vm->policy.emulator.kind) {
    case VN_EMULATOR_ISOLATE:
        vn_cpuset_add(&ret->emulatorpin, (unsigned)spot->spare);
        break;
    case VN_EMULATOR_CPUSET:
        ret->emulatorpin = vm->policy.emulator.cpus;
        break;
    case VN_EMULATOR_SHARE:
        for (size_t v = 0; v < ret->n_vcpus; v++)
            vn_cpuset_or(&ret->emulatorpin, &ret->vcpupin[v]);
        break;
    }
}

/* With a shared emulator, IOThreads go to the cell whose node has a device of the VM. */
static int set_iothreads(const struct place *place, const struct vn_request *vm, const struct spot *spot,
                         struct vn_arena *arena, struct vn_placement *ret)
{
    struct vn_cpuset cpus = ret->emulatorpin;
    bool found = vm->policy.emulator.kind != VN_EMULATOR_SHARE;

    for (size_t d = 0; d < vm->n_devices && !found; d++) {
        const struct vn_device *device = vn_host_device(place->topo->host, vm->devices[d]);

        for (size_t j = 0; device && j < spot->k && !found; j++) {
            found = ret->cells[j].node == device->node && !vn_cpuset_empty(&ret->cells[j].vcpus);
            if (found)
                cell_cpus(ret, j, &cpus);
        }
    }
    ret->iothreadpins = vn_arena_array(arena, vm->n_iothreads, sizeof *ret->iothreadpins);
    if (!ret->iothreadpins)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < vm->n_iothreads; i++)
        ret->iothreadpins[ret->n_iothreadpins++] = (struct vn_pin){.id = vm->iothread_ids[i], .cpus = cpus};
    return 0;
}

/* Does every group of @threads vCPUs in a row sit on siblings of one core? */
static bool groups_hold(const struct topo *topo, const struct vn_placement *at, unsigned threads)
{
    for (size_t v = 0; v < at->n_vcpus; v++) {
        int cpu = vn_cpuset_next(&at->vcpupin[v], 0), first = vn_cpuset_next(&at->vcpupin[v - v % threads], 0);

        if (topo->core_of[cpu] != topo->core_of[first])
            return false;
    }
    return true;
}

static void set_topology(const struct topo *topo, struct vn_placement *ret)
{
    unsigned each = (unsigned)(ret->n_vcpus / ret->n_cells), threads = topo->threads;

    for (size_t j = 0; j < ret->n_cells; j++) /* a socket for each cell, its vCPUs in a row */
        if (vn_cpuset_count(&ret->cells[j].vcpus) != each || vn_cpuset_next(&ret->cells[j].vcpus, 0) != (int)(j * each))
            return;
    while (threads > 1 && (each % threads || !groups_hold(topo, ret, threads)))
        threads--;
    if (threads > 1)
        ret->topology = (struct vn_guest_topology){(unsigned)ret->n_cells, 1, each / threads, threads};
}

static void set_cells(const struct place *place, const struct room *room, const struct vn_request *vm,
                      const struct spot *spot, struct vn_placement *ret)
{
    size_t at = 0;

    for (size_t j = 0; j < spot->k; j++) {
        struct vn_placed_cell *cell = &ret->cells[j];

        cell->cell = (unsigned)j;
        cell->node = place->topo->host->nodes[spot->node[j]].id;
        cell->memory_kib = spot->cells[j].memory_kib;
        for (unsigned i = 0; i < spot->cells[j].vcpus; i++, at++) {
            unsigned vcpu = cell_vcpu(vm, spot->cells, spot->k, j, i);

            vn_cpuset_add(&cell->vcpus, vcpu);
            if (vm->policy.policy == VN_CPU_SHARED)
                room_floating(room, spot->node[j], &ret->vcpupin[vcpu]);
            else
                vn_cpuset_add(&ret->vcpupin[vcpu], spot->cpus[at]);
        }
    }
}

/* A guest's distances are 10 within a cell and more between two; where the host's are not so, it gets none. */
static int set_distances(const struct place *place, const struct spot *spot, struct vn_arena *arena,
                         struct vn_placement *ret)
{
    const struct vn_host *host = place->topo->host;
    uint16_t *to;

    if (spot->k < 2 || !host->distances)
        return 0;
    to = vn_arena_array(arena, spot->k * spot->k, sizeof *to);
    if (!to)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < spot->k; i++)
        for (size_t j = 0; j < spot->k; j++) {
            uint16_t distance = host->distances[spot->node[i] * host->n_nodes + spot->node[j]];

            if ((distance == 10) != (i == j) || distance > 254)
                return 0;
            to[i * spot->k + j] = distance;
        }
    ret->distances = to;
    return 0;
}

int build_placement(struct place *place, const struct room *room, size_t vm_index, const struct spot *spot,
                    struct vn_arena *arena, struct vn_placement *ret)
{
    const struct vn_request *vm = &place->problem->vms[vm_index];

    memset(ret, 0, sizeof *ret);
    ret->name = vn_arena_strdup(arena, vm->name);
    ret->uuid = vn_arena_strdup(arena, vm->uuid ? vm->uuid : "");
    ret->policy = vm->policy.policy;
    ret->n_cells = spot->k;
    ret->cells = vn_arena_array(arena, spot->k, sizeof *ret->cells);
    ret->n_vcpus = vm->vcpus;
    ret->vcpupin = vn_arena_array(arena, vm->vcpus, sizeof *ret->vcpupin);
    ret->hugepage_kib = vm->policy.hugepage_kib;
    ret->memory_preferred = vm->policy.memory_preferred;
    if (!ret->name || !ret->uuid || !ret->cells || !ret->vcpupin)
        return -VN_E_NOMEM;
    if (set_distances(place, spot, arena, ret) < 0)
        return -VN_E_NOMEM;
    set_cells(place, room, vm, spot, ret);
    set_emulator(vm, spot, ret);
    if (vm->policy.policy == VN_CPU_DEDICATED)
        set_topology(place->topo, ret);
    return set_iothreads(place, vm, spot, arena, ret);
}
