/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "codec/planjson_priv.h"

/* How a problem's VM wants to be placed. */

enum { CELLS_MAX = VN_NODE_MAX };

const char *const vn_json_threads[] = {"prefer", "require", "isolate", NULL};

int vn_jin_known_cpus(struct vn_jin *in, const char *key, const struct vn_cpuset *cpus)
{
    struct vn_cpuset unknown = *cpus;

    vn_cpuset_sub(&unknown, &in->online);
    if (vn_cpuset_empty(&unknown))
        return 0;
    return vn_jin_fail(in, key, NULL, "Name only CPUs that a node of the host has.", "CPU %d is of no node",
                       vn_cpuset_next(&unknown, 0));
}

static int read_cell_size(struct vn_jin *in, json_t *value, void *item)
{
    static const char *const keys[] = {"vcpus", "memory_kib", NULL};
    struct vn_cell_size *cell = item;
    int r = vn_jin_keys(in, value, keys);

    if (r == 0)
        r = vn_jin_unsigned(in, value, "vcpus", VN_NEEDED, VN_CPU_MAX, &cell->vcpus);
    if (r == 0)
        r = vn_jin_uint(in, value, "memory_kib", VN_NEEDED, VN_JSON_KIB_MAX, &cell->memory_kib);
    if (r == 0 && (!cell->vcpus || !cell->memory_kib))
        r = vn_jin_fail(in, NULL, NULL, NULL, "a cell without %s", cell->vcpus ? "memory" : "vCPUs");
    return r;
}

static int read_cell_list(struct vn_jin *in, json_t *value, const struct vn_request *vm, struct vn_cells_spec *cells)
{
    uint64_t vcpus = 0, memory_kib = 0;
    void *list = NULL;
    int r = vn_jin_each(in, value, "cells", VN_NEEDED, CELLS_MAX, sizeof *cells->list, read_cell_size, &list,
                        &cells->n_list);

    cells->kind = VN_CELLS_LIST;
    cells->list = list;
    if (r < 0)
        return r;
    for (size_t i = 0; i < cells->n_list; i++) {
        vcpus += cells->list[i].vcpus;
        memory_kib += cells->list[i].memory_kib;
    }
    if (vcpus != vm->vcpus)
        return vn_jin_fail(in, "cells", NULL, "Spread all vCPUs over the cells.",
                           "the cells have %" PRIu64 " vCPUs, and the VM has %u", vcpus, vm->vcpus);
    if (memory_kib != vm->memory_kib)
        return vn_jin_fail(in, "cells", NULL, "Spread all memory over the cells.",
                           "the cells have %" PRIu64 " KiB, and the VM has %" PRIu64 " KiB", memory_kib,
                           vm->memory_kib);
    return 0;
}

static int read_cells(struct vn_jin *in, json_t *object, const struct vn_request *vm, struct vn_cells_spec *cells)
{
    json_t *value = json_object_get(object, "cells");

    if (json_is_array(value))
        return read_cell_list(in, object, vm, cells);
    if (json_is_string(value) && !strcmp(json_string_value(value), "auto"))
        return 0;
    if (json_is_integer(value)) {
        json_int_t number = json_integer_value(value);
        char got[32];

        (void)snprintf(got, sizeof got, "%" JSON_INTEGER_FORMAT, number);
        if (number < 1 || number > CELLS_MAX || (uint64_t)number > vm->vcpus)
            return vn_jin_fail(in, "cells", got, "Each cell has at least one vCPU.",
                               "not a number of cells for %u vCPUs", vm->vcpus);
        cells->kind = VN_CELLS_NUMBER;
        cells->number = (unsigned)number;
        return 0;
    }
    return vn_jin_fail(in, "cells", json_is_string(value) ? json_string_value(value) : NULL,
                       "Use \"auto\", a number, or a list of {\"vcpus\": n, \"memory_kib\": m}.",
                       "not a way to cut cells");
}

static int read_emulator(struct vn_jin *in, json_t *object, struct vn_emulator_spec *emulator)
{
    json_t *value;
    int r = vn_jin_get(in, object, "emulator", VN_OPTIONAL, JSON_STRING, &value);
    const char *text = json_string_value(value);

    if (r < 0 || !value || !strcmp(text, "share"))
        return r;
    if (!strcmp(text, "isolate")) {
        emulator->kind = VN_EMULATOR_ISOLATE;
        return 0;
    }
    emulator->kind = VN_EMULATOR_CPUSET;
    if (vn_cpuset_parse(text, &emulator->cpus, NULL) < 0 || vn_cpuset_empty(&emulator->cpus))
        return vn_jin_fail(in, "emulator", text, "Use \"share\", \"isolate\" or CPUs as in \"0-1,20\".",
                           "not a place for the emulator");
    return vn_jin_known_cpus(in, "emulator", &emulator->cpus);
}

static int read_overcommit(struct vn_jin *in, json_t *object, double *ret)
{
    int r = vn_jin_real(in, object, "overcommit", VN_OPTIONAL, ret);

    if (r == 0 && json_object_get(object, "overcommit") && !(*ret > 0 && *ret <= 1000))
        r = vn_jin_fail(in, "overcommit", NULL, "Use a ratio above 0, as in 4.0.", "a ratio outside 0-1000");
    return r;
}

int vn_jin_policy(struct vn_jin *in, json_t *object, struct vn_request *vm)
{
    static const struct {
        const char *key;
        unsigned bit;
    } said[] = {{"cells", VN_POL_CELLS},        {"policy", VN_POL_POLICY},         {"threads", VN_POL_THREADS},
                {"emulator", VN_POL_EMULATOR},  {"hugepage_kib", VN_POL_HUGEPAGES}, {"overcommit", VN_POL_OVERCOMMIT},
                {"memory", VN_POL_MEMORY}};
    struct vn_vm_policy *policy = &vm->policy;
    int word = 0, threads = 0, memory = 0, r = 0;

    if (json_object_get(object, "cells"))
        r = read_cells(in, object, vm, &policy->cells);
    if (r == 0)
        r = vn_jin_word(in, object, "policy", VN_OPTIONAL, vn_json_policies, &word);
    if (r == 0)
        r = vn_jin_word(in, object, "threads", VN_OPTIONAL, vn_json_threads, &threads);
    if (r == 0)
        r = vn_jin_word(in, object, "memory", VN_OPTIONAL, vn_json_memory, &memory);
    if (r == 0)
        r = vn_jin_uint(in, object, "hugepage_kib", VN_OPTIONAL, UINT64_C(1) << 30, &policy->hugepage_kib);
    if (r == 0)
        r = read_emulator(in, object, &policy->emulator);
    if (r == 0)
        r = read_overcommit(in, object, &policy->overcommit);
    policy->policy = (enum vn_cpu_policy)word;
    policy->threads = (enum vn_threads_policy)threads;
    policy->memory_preferred = memory == 1;
    for (size_t i = 0; i < VN_COUNT(said); i++)
        if (json_object_get(object, said[i].key))
            policy->set |= said[i].bit;
    return r;
}
