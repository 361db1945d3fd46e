/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "planner/solve.h"

/* From a node to all of the VM's devices whose node is known. */
static uint64_t way_to_devices(const struct vn_host *host, const struct vn_request *vm, size_t node)
{
    uint64_t sum = 0;

    for (size_t d = 0; d < vm->n_devices; d++) {
        const struct vn_device *device = vn_host_device(host, vm->devices[d]);
        int at = device && device->node >= 0 ? vn_host_node_index(host, device->node) : -1;

        sum += at < 0 ? 0 : vn_host_distance(host, node, (size_t)at);
    }
    return sum;
}

/* CPUs of the VM's cells nearest to its devices; of all its cells where none is nearer than another. */
static void near_cpus(const struct place *place, const struct vn_request *vm, const struct spot *spot,
                      const struct vn_placement *at, struct vn_cpuset *ret)
{
    uint64_t least = UINT64_MAX;

    for (size_t j = 0; j < spot->k; j++) {
        uint64_t way = way_to_devices(place->topo->host, vm, spot->node[j]);

        if (way > least || vn_cpuset_empty(&at->cells[j].vcpus))
            continue;
        if (way < least)
            memset(ret, 0, sizeof *ret);
        least = way;
        VN_CPUSET_EACH(vcpu, &at->cells[j].vcpus)
            vn_cpuset_or(ret, &at->vcpupin[vcpu]);
    }
}

/* The emulator shares CPUs of the VM, near its devices, unless it was told otherwise. */
static void set_emulator(const struct place *place, const struct vn_request *vm, const struct spot *spot,
                         struct vn_placement *ret)
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
        near_cpus(place, vm, spot, ret, &ret->emulatorpin);
        break;
    }
}

/* IOThreads are where the emulator is. */
static int set_iothreads(const struct vn_request *vm, struct vn_arena *arena, struct vn_placement *ret)
{
    ret->iothreadpins = vn_arena_array(arena, vm->n_iothreads, sizeof *ret->iothreadpins);
    if (!ret->iothreadpins)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < vm->n_iothreads; i++)
        ret->iothreadpins[ret->n_iothreadpins++] = (struct vn_pin){vm->iothread_ids[i], ret->emulatorpin};
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
    set_emulator(place, vm, spot, ret);
    if (vm->policy.policy == VN_CPU_DEDICATED)
        set_topology(place->topo, ret);
    return set_iothreads(vm, arena, ret);
}
