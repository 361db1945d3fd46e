/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "codec/planjson_priv.h"

/* Where a problem's VM is now, checked against the VM and the host. */

static int check_placed_cells(struct vn_jin *in, const struct vn_request *vm)
{
    const struct vn_placement *placed = vm->placed;
    uint64_t memory_kib = 0;

    for (size_t i = 0; i < placed->n_cells; i++) {
        const struct vn_placed_cell *cell = &placed->cells[i];

        if (vn_host_node_index(in->host, cell->node) < 0)
            return vn_jin_fail(in, "cells", NULL, NULL, "cell %zu is on node %d, which the host does not have", i,
                               cell->node);
        if (vn_cpuset_last(&cell->vcpus) >= (int)vm->vcpus)
            return vn_jin_fail(in, "cells", NULL, NULL, "cell %zu has vCPU %d, and the VM has %u vCPUs", i,
                               vn_cpuset_last(&cell->vcpus), vm->vcpus);
        memory_kib += cell->memory_kib;
    }
    if (memory_kib > vm->memory_kib)
        return vn_jin_fail(in, "cells", NULL, NULL, "the cells have %" PRIu64 " KiB, and the VM has %" PRIu64 " KiB",
                           memory_kib, vm->memory_kib);
    return 0;
}

static int check_placed_pins(struct vn_jin *in, const struct vn_placement *placed)
{
    int r = vn_jin_known_cpus(in, "emulatorpin", &placed->emulatorpin);

    for (size_t i = 0; i < placed->n_vcpus && r == 0; i++)
        r = vn_jin_known_cpus(in, "vcpupin", &placed->vcpupin[i]);
    for (size_t i = 0; i < placed->n_iothreadpins && r == 0; i++)
        r = vn_jin_known_cpus(in, "iothreadpin", &placed->iothreadpins[i].cpus);
    return r;
}

/* A vCPU that placed does not name is not pinned: an empty set. */
static int complete_pins(struct vn_jin *in, const struct vn_request *vm)
{
    struct vn_placement *placed = vm->placed;
    struct vn_cpuset *pins;
    int r;

    if (placed->n_vcpus > vm->vcpus)
        return vn_jin_fail(in, "vcpupin", NULL, NULL, "%zu pins for %u vCPUs", placed->n_vcpus, vm->vcpus);
    if (placed->n_vcpus == vm->vcpus)
        return 0;
    r = vn_jin_pins(in, vm->vcpus, &pins);
    if (r < 0)
        return r;
    for (size_t i = 0; i < placed->n_vcpus; i++)
        pins[i] = placed->vcpupin[i];
    placed->vcpupin = pins;
    placed->n_vcpus = vm->vcpus;
    return 0;
}

int vn_jin_placed(struct vn_jin *in, json_t *object, struct vn_request *vm)
{
    json_t *value = json_object_get(object, "placed");
    struct vn_placement *placed;
    size_t mark;
    int r;

    if (!value || json_is_null(value))
        return 0;
    placed = vm->placed = vn_arena_alloc(in->arena, sizeof *placed);
    if (!placed)
        return vn_nomem(in->err);
    mark = vn_jin_enter(in, "placed");
    r = vn_jin_placement(in, value, VN_OPTIONAL, placed);
    if (r == 0 && placed->name[0] && strcmp(placed->name, vm->name) != 0)
        r = vn_jin_fail(in, "name", placed->name, NULL, "the place of another VM than '%s'", vm->name);
    if (r == 0)
        r = check_placed_cells(in, vm);
    if (r == 0)
        r = check_placed_pins(in, placed);
    if (r == 0)
        r = complete_pins(in, vm);
    vn_jin_leave(in, mark);
    placed->name = vm->name;
    placed->uuid = vm->uuid;
    if (!json_object_get(value, "policy"))
        placed->policy = vm->policy.policy;
    if (!json_object_get(value, "memory"))
        placed->memory_preferred = vm->policy.memory_preferred;
    if (!json_object_get(value, "hugepage_kib"))
        placed->hugepage_kib = vm->policy.hugepage_kib;
    return r;
}
