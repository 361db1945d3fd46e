/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "codec/planjson_priv.h"

/* A VM of a problem. */

enum { IOTHREADS_MAX = 1024, DEVICES_MAX = 4096, CELLS_MAX = VN_NODE_MAX };

static int read_device(struct vn_jin *in, json_t *value, void *item)
{
    char **name = item;

    if (!json_is_string(value))
        return vn_jin_fail(in, NULL, NULL, NULL, "not the name of a device");
    if (!vn_host_device(in->host, json_string_value(value)))
        return vn_jin_fail(in, NULL, json_string_value(value), "List it in host.devices.",
                           "a device that the host does not have");
    *name = vn_arena_strdup(in->arena, json_string_value(value));
    return *name ? 0 : vn_nomem(in->err);
}

static int read_iothread(struct vn_jin *in, json_t *value, void *item)
{
    unsigned *id = item;
    uint64_t number = 0;
    int r = vn_jin_uint_of(in, value, UINT32_MAX, &number);

    *id = (unsigned)number;
    return r;
}

/* A list of ids, or how many there are (then 1 to n, as libvirt numbers them). */
static int read_iothreads(struct vn_jin *in, json_t *object, struct vn_request *vm)
{
    json_t *value = json_object_get(object, "iothreads");
    uint64_t count = 0;
    void *ids = NULL;
    int r;

    if (json_is_array(value)) {
        r = vn_jin_each(in, object, "iothreads", VN_NEEDED, IOTHREADS_MAX, sizeof *vm->iothread_ids, read_iothread,
                        &ids, &vm->n_iothreads);
        vm->iothread_ids = ids;
        return r;
    }
    r = vn_jin_uint(in, object, "iothreads", VN_OPTIONAL, IOTHREADS_MAX, &count);
    if (r < 0 || !count)
        return r;
    vm->iothread_ids = vn_arena_array(in->arena, (size_t)count, sizeof *vm->iothread_ids);
    if (!vm->iothread_ids)
        return vn_nomem(in->err);
    vm->n_iothreads = (size_t)count;
    for (unsigned i = 0; i < count; i++)
        vm->iothread_ids[i] = i + 1;
    return 0;
}

static int read_set(struct vn_jin *in, json_t *value, void *item)
{
    return vn_jin_cpus_of(in, value, item);
}

/* Which vCPUs each cell of the list has, where it is not simply in order. */
static int read_cell_vcpus(struct vn_jin *in, json_t *object, struct vn_request *vm)
{
    struct vn_cpuset seen = {{0}};
    void *sets = NULL;
    size_t count = 0;
    int r = vn_jin_each(in, object, "cell_vcpus", VN_OPTIONAL, CELLS_MAX, sizeof *vm->cell_vcpus, read_set, &sets,
                        &count);

    vm->cell_vcpus = sets;
    if (r < 0 || !sets)
        return r;
    if (count != vm->policy.cells.n_list)
        return vn_jin_fail(in, "cell_vcpus", NULL, "Give one set for each cell of a list of cells.",
                           "%zu sets for %zu listed cells", count, vm->policy.cells.n_list);
    for (size_t i = 0; i < count; i++) {
        if (vn_cpuset_count(&vm->cell_vcpus[i]) != vm->policy.cells.list[i].vcpus ||
            vn_cpuset_last(&vm->cell_vcpus[i]) >= (int)vm->vcpus || vn_cpuset_intersects(&seen, &vm->cell_vcpus[i]))
            return vn_jin_fail(in, "cell_vcpus", NULL, "Every vCPU belongs to one cell.",
                               "the vCPUs of cell %zu do not fit its size or another cell", i);
        vn_cpuset_or(&seen, &vm->cell_vcpus[i]);
    }
    return 0;
}

static int read_kib(struct vn_jin *in, json_t *value, void *item)
{
    return vn_jin_uint_of(in, value, VN_JSON_KIB_MAX, item);
}

static int read_resident(struct vn_jin *in, json_t *object, struct vn_request *vm)
{
    size_t count = 0, n_nodes = in->host->n_nodes;
    void *list = NULL;
    int r = vn_jin_each(in, object, "resident_kib", VN_OPTIONAL, VN_NODE_MAX, sizeof *vm->resident_kib, read_kib,
                        &list, &count);

    vm->resident_kib = list;
    if (r == 0 && list && count != n_nodes)
        r = vn_jin_fail(in, "resident_kib", NULL, "Give one number for each node, in their order.",
                        "%zu numbers for %zu nodes", count, n_nodes);
    return r;
}

static int read_movable(struct vn_jin *in, json_t *object, struct vn_request *vm)
{
    int r;

    vm->movable = !vm->placed;
    r = vn_jin_bool(in, object, "movable", VN_OPTIONAL, &vm->movable);
    if (r == 0 && !vm->movable && !vm->placed)
        r = vn_jin_fail(in, "movable", NULL, "Say where it is in 'placed'.", "a VM that stays, and is nowhere");
    return r;
}

static int read_vm_head(struct vn_jin *in, json_t *value, struct vn_request *vm)
{
    static const char *const keys[] = {"name",         "uuid",     "vcpus",      "memory_kib", "cells",   "cell_vcpus",
                                       "policy",       "threads",  "hugepage_kib", "emulator", "overcommit",
                                       "memory",       "devices",  "iothreads",  "placed",     "movable",
                                       "resident_kib", NULL};
    int r = vn_jin_keys(in, value, keys);

    vm->uuid = vn_arena_strdup(in->arena, "");
    if (!vm->uuid)
        return vn_nomem(in->err);
    if (r == 0)
        r = vn_jin_text(in, value, "name", VN_NEEDED, &vm->name);
    if (r == 0 && !vm->name[0])
        r = vn_jin_fail(in, "name", "", NULL, "an empty name");
    if (r == 0)
        r = vn_jin_text(in, value, "uuid", VN_OPTIONAL, &vm->uuid);
    if (r == 0)
        r = vn_jin_unsigned(in, value, "vcpus", VN_NEEDED, VN_CPU_MAX, &vm->vcpus);
    if (r == 0)
        r = vn_jin_uint(in, value, "memory_kib", VN_NEEDED, VN_JSON_KIB_MAX, &vm->memory_kib);
    if (r == 0 && (!vm->vcpus || !vm->memory_kib))
        r = vn_jin_fail(in, vm->vcpus ? "memory_kib" : "vcpus", "0", NULL, "a VM without %s",
                        vm->vcpus ? "memory" : "vCPUs");
    return r;
}

int vn_jin_vm(struct vn_jin *in, json_t *value, void *item)
{
    struct vn_request *vm = item;
    void *devices = NULL;
    int r = read_vm_head(in, value, vm);

    if (r == 0)
        r = vn_jin_policy(in, value, vm);
    if (r == 0)
        r = read_cell_vcpus(in, value, vm);
    if (r == 0)
        r = vn_jin_each(in, value, "devices", VN_OPTIONAL, DEVICES_MAX, sizeof *vm->devices, read_device, &devices,
                        &vm->n_devices);
    vm->devices = devices;
    if (r == 0)
        r = read_iothreads(in, value, vm);
    if (r == 0)
        r = read_resident(in, value, vm);
    if (r == 0)
        r = vn_jin_placed(in, value, vm);
    return r < 0 ? r : read_movable(in, value, vm);
}
