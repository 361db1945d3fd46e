/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <vnuma/units.h>

#include "codec/planjson_priv.h"

/* A placement: an entry of plan.vms, and a problem's "placed". */

enum { IOTHREADS_MAX = 1024 };

const char *const vn_json_policies[] = {"dedicated", "shared", NULL};
const char *const vn_json_memory[] = {"strict", "preferred", NULL};

int vn_jin_pins(struct vn_jin *in, size_t count, struct vn_cpuset **ret)
{
    if (in->pins > VN_JSON_PINS_MAX || count > VN_JSON_PINS_MAX - in->pins)
        return vn_jin_fail(in, NULL, NULL, "Split the document.", "more than %u vCPUs in one document",
                           VN_JSON_PINS_MAX);
    in->pins += count;
    *ret = vn_arena_array(in->arena, count, sizeof **ret);
    return *ret ? 0 : vn_nomem(in->err);
}

static int read_cell(struct vn_jin *in, json_t *value, void *item)
{
    static const char *const keys[] = {"cell", "node", "vcpus", "memory_kib", "why", NULL};
    struct vn_placed_cell *cell = item;
    int r = vn_jin_keys(in, value, keys);

    if (r == 0 && ++in->pins > VN_JSON_PINS_MAX)
        r = vn_jin_fail(in, NULL, NULL, "Split the document.", "more cells than a document may have");
    if (r == 0)
        r = vn_jin_unsigned(in, value, "cell", VN_NEEDED, VN_NODE_MAX - 1, &cell->cell);
    if (r == 0)
        r = vn_jin_node(in, value, "node", VN_NEEDED, &cell->node);
    if (r == 0)
        r = vn_jin_cpus(in, value, "vcpus", VN_NEEDED, &cell->vcpus);
    if (r == 0)
        r = vn_jin_uint(in, value, "memory_kib", VN_NEEDED, VN_JSON_KIB_MAX, &cell->memory_kib);
    if (r == 0)
        r = vn_jin_text(in, value, "why", VN_OPTIONAL, &cell->why);
    return r;
}

static int read_cells(struct vn_jin *in, json_t *value, struct vn_placement *place)
{
    struct vn_cpuset seen = {{0}};
    void *cells = NULL;
    int r = vn_jin_each(in, value, "cells", VN_OPTIONAL, VN_NODE_MAX, sizeof *place->cells, read_cell, &cells,
                        &place->n_cells);

    place->cells = cells;
    for (size_t i = 0; i < place->n_cells && r == 0; i++) {
        if (place->cells[i].cell != i)
            r = vn_jin_fail(in, "cells", NULL, "List the cells from 0, each once.", "cell %u at place %zu",
                            place->cells[i].cell, i);
        else if (vn_cpuset_intersects(&seen, &place->cells[i].vcpus))
            r = vn_jin_fail(in, "cells", NULL, "A vCPU belongs to one cell.",
                            "cell %zu has a vCPU of another cell", i);
        vn_cpuset_or(&seen, &place->cells[i].vcpus);
    }
    return r;
}

/* vCPU numbers 0 to n-1, each once: what has gaps is no placement. */
static int read_vcpupin(struct vn_jin *in, json_t *value, struct vn_placement *place)
{
    const char *key;
    json_t *object, *pin;
    size_t mark;
    struct vn_cpuset seen = {{0}};
    int r = vn_jin_get(in, value, "vcpupin", VN_OPTIONAL, JSON_OBJECT, &object);

    if (r < 0 || !object)
        return r;
    mark = vn_jin_enter(in, "vcpupin");
    place->n_vcpus = json_object_size(object);
    r = vn_jin_pins(in, place->n_vcpus, &place->vcpupin);
    json_object_foreach(object, key, pin) {
        size_t inner = vn_jin_enter(in, key);
        uint64_t vcpu = 0;

        if (r == 0 && (vn_uint_parse(key, VN_CPU_MAX - 1, &vcpu, NULL) < 0 || vcpu >= place->n_vcpus))
            r = vn_jin_fail(in, NULL, key, "Give every vCPU from 0 on.", "not a vCPU of 0-%zu", place->n_vcpus - 1);
        else if (r == 0 && vn_cpuset_has(&seen, (unsigned)vcpu))
            r = vn_jin_fail(in, NULL, key, NULL, "a vCPU that is there twice");
        else if (r == 0)
            r = vn_jin_cpus_of(in, pin, &place->vcpupin[vcpu]);
        vn_cpuset_add(&seen, (unsigned)vcpu);
        vn_jin_leave(in, inner);
    }
    vn_jin_leave(in, mark);
    return r;
}

static int read_iothreadpin(struct vn_jin *in, json_t *value, struct vn_placement *place)
{
    const char *key;
    json_t *object, *pin;
    int r = vn_jin_get(in, value, "iothreadpin", VN_OPTIONAL, JSON_OBJECT, &object);
    size_t mark = vn_jin_enter(in, "iothreadpin");

    if (r == 0 && json_object_size(object) > IOTHREADS_MAX)
        r = vn_jin_fail(in, NULL, NULL, NULL, "more than %d IOThreads", IOTHREADS_MAX);
    json_object_foreach(object, key, pin) {
        size_t inner = vn_jin_enter(in, key);
        struct vn_pin *at = NULL;
        uint64_t id = 0;

        if (r == 0 && vn_uint_parse(key, UINT32_MAX, &id, NULL) < 0)
            r = vn_jin_fail(in, NULL, key, NULL, "not the number of an IOThread");
        if (r == 0) {
            at = vn_arena_grow(in->arena, &place->iothreadpins, &place->n_iothreadpins, sizeof *at);
            r = at ? vn_jin_cpus_of(in, pin, &at->cpus) : vn_nomem(in->err);
        }
        if (at)
            at->id = (unsigned)id;
        vn_jin_leave(in, inner);
    }
    vn_jin_leave(in, mark);
    return r;
}

static int read_topology(struct vn_jin *in, json_t *value, struct vn_guest_topology *ret)
{
    static const char *const keys[] = {"sockets", "dies", "cores", "threads", NULL};
    json_t *object;
    size_t mark;
    int r = vn_jin_get(in, value, "topology", VN_OPTIONAL, JSON_OBJECT, &object);

    if (r < 0 || !object)
        return r;
    mark = vn_jin_enter(in, "topology");
    r = vn_jin_keys(in, object, keys);
    if (r == 0)
        r = vn_jin_unsigned(in, object, "sockets", VN_NEEDED, VN_CPU_MAX, &ret->sockets);
    if (r == 0)
        r = vn_jin_unsigned(in, object, "dies", VN_OPTIONAL, VN_CPU_MAX, &ret->dies);
    if (r == 0)
        r = vn_jin_unsigned(in, object, "cores", VN_NEEDED, VN_CPU_MAX, &ret->cores);
    if (r == 0)
        r = vn_jin_unsigned(in, object, "threads", VN_NEEDED, VN_CPU_MAX, &ret->threads);
    vn_jin_leave(in, mark);
    return r;
}

/* What a plan for a problem does not say of a VM is as the problem has it. */
static void take_wanted(const struct vn_jin *in, struct vn_placement *ret, int *policy, int *memory)
{
    for (size_t i = 0; in->problem && i < in->problem->n_vms; i++) {
        const struct vn_request *vm = &in->problem->vms[i];

        if (strcmp(vm->name, ret->name) != 0)
            continue;
        *policy = (int)vm->policy.policy;
        *memory = vm->policy.memory_preferred;
        ret->hugepage_kib = vm->policy.hugepage_kib;
    }
}

static int read_words(struct vn_jin *in, json_t *value, enum vn_need name, struct vn_placement *ret)
{
    int policy = 0, memory = 0, r;

    ret->name = ret->uuid = ret->why = vn_arena_strdup(in->arena, "");
    r = ret->name ? vn_jin_text(in, value, "name", name, &ret->name) : vn_nomem(in->err);
    if (r == 0 && name == VN_NEEDED && !ret->name[0])
        r = vn_jin_fail(in, "name", "", NULL, "an empty name");
    if (r == 0)
        take_wanted(in, ret, &policy, &memory);
    if (r == 0)
        r = vn_jin_text(in, value, "uuid", VN_OPTIONAL, &ret->uuid);
    if (r == 0)
        r = vn_jin_text(in, value, "why", VN_OPTIONAL, &ret->why);
    if (r == 0)
        r = vn_jin_word(in, value, "policy", VN_OPTIONAL, vn_json_policies, &policy);
    if (r == 0)
        r = vn_jin_word(in, value, "memory", VN_OPTIONAL, vn_json_memory, &memory);
    ret->policy = (enum vn_cpu_policy)policy;
    ret->memory_preferred = memory == 1;
    return r;
}

int vn_jin_placement(struct vn_jin *in, json_t *value, enum vn_need name, struct vn_placement *ret)
{
    static const char *const keys[] = {"name",        "uuid",     "policy",       "cells",  "vcpupin", "emulatorpin",
                                       "iothreadpin", "topology", "hugepage_kib", "memory", "why",     NULL};
    int r = vn_jin_keys(in, value, keys);

    if (r == 0)
        r = read_words(in, value, name, ret);
    if (r == 0)
        r = read_cells(in, value, ret);
    if (r == 0)
        r = read_vcpupin(in, value, ret);
    if (r == 0)
        r = vn_jin_cpus(in, value, "emulatorpin", VN_OPTIONAL, &ret->emulatorpin);
    ret->has_emulatorpin = json_object_get(value, "emulatorpin") != NULL;
    if (r == 0)
        r = read_iothreadpin(in, value, ret);
    if (r == 0)
        r = read_topology(in, value, &ret->topology);
    if (r == 0)
        r = vn_jin_uint(in, value, "hugepage_kib", VN_OPTIONAL, VN_JSON_KIB_MAX, &ret->hugepage_kib);
    return r;
}

/* ---- writing ---- */

static void write_cells(struct vn_jout *out, const struct vn_placement *place)
{
    vn_jout_open(out, "cells", '[', false);
    for (size_t i = 0; i < place->n_cells; i++) {
        const struct vn_placed_cell *cell = &place->cells[i];

        vn_jout_open(out, NULL, '{', true);
        vn_jout_uint(out, "cell", cell->cell);
        vn_jout_int(out, "node", cell->node);
        vn_jout_cpus(out, "vcpus", &cell->vcpus);
        vn_jout_uint(out, "memory_kib", cell->memory_kib);
        if (cell->why)
            vn_jout_text(out, "why", cell->why);
        vn_jout_close(out, '}');
    }
    vn_jout_close(out, ']');
}

static void write_pin(struct vn_jout *out, size_t id, const struct vn_cpuset *cpus)
{
    char key[24];

    (void)snprintf(key, sizeof key, "%zu", id);
    vn_jout_cpus(out, key, cpus);
}

static void write_pins(struct vn_jout *out, const struct vn_placement *place)
{
    vn_jout_open(out, "vcpupin", '{', false);
    for (size_t i = 0; i < place->n_vcpus; i++)
        write_pin(out, i, &place->vcpupin[i]);
    vn_jout_close(out, '}');
    if (place->has_emulatorpin)
        vn_jout_cpus(out, "emulatorpin", &place->emulatorpin);
    if (!place->n_iothreadpins)
        return;
    vn_jout_open(out, "iothreadpin", '{', false);
    for (size_t i = 0; i < place->n_iothreadpins; i++)
        write_pin(out, place->iothreadpins[i].id, &place->iothreadpins[i].cpus);
    vn_jout_close(out, '}');
}

static void write_topology(struct vn_jout *out, const struct vn_guest_topology *topology)
{
    if (!topology->sockets && !topology->dies && !topology->cores && !topology->threads)
        return;
    vn_jout_open(out, "topology", '{', true);
    vn_jout_uint(out, "sockets", topology->sockets);
    vn_jout_uint(out, "dies", topology->dies);
    vn_jout_uint(out, "cores", topology->cores);
    vn_jout_uint(out, "threads", topology->threads);
    vn_jout_close(out, '}');
}

void vn_jout_placement(struct vn_jout *out, const char *key, const struct vn_placement *place)
{
    vn_jout_open(out, key, '{', false);
    if (place->name && place->name[0])
        vn_jout_text(out, "name", place->name);
    if (place->uuid && place->uuid[0])
        vn_jout_text(out, "uuid", place->uuid);
    vn_jout_text(out, "policy", vn_json_policies[place->policy]);
    write_cells(out, place);
    write_pins(out, place);
    write_topology(out, &place->topology);
    vn_jout_uint(out, "hugepage_kib", place->hugepage_kib);
    vn_jout_text(out, "memory", vn_json_memory[place->memory_preferred]);
    if (place->why)
        vn_jout_text(out, "why", place->why);
    vn_jout_close(out, '}');
}
