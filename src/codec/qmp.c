/* SPDX-License-Identifier: MIT */
#include "codec/qmp.h"

#include <jansson.h>
#include <limits.h>
#include <vnuma/set.h>

static int read_cpu(const json_t *item, struct vn_qmp_cpu *ret, struct vn_err *err)
{
    const json_t *index = json_object_get(item, "cpu-index"), *tid = json_object_get(item, "thread-id");
    json_int_t i = json_integer_value(index), t = json_integer_value(tid);

    if (!json_is_integer(index) || i < 0 || i >= VN_CPU_MAX || !json_is_integer(tid) || t <= 0 || t > INT_MAX)
        return VN_FAIL(err, VN_E_FORMAT, .where = "query-cpus-fast",
                       .cause = "a CPU without a fitting 'cpu-index' and 'thread-id'");
    ret->index = (unsigned)i;
    ret->tid = (int)t;
    return 0;
}

static int read_reply(const json_t *reply, struct vn_arena *arena, struct vn_qmp_cpu **ret, size_t *ret_count,
                      struct vn_err *err)
{
    const json_t *items = json_object_get(reply, "return"), *error = json_object_get(reply, "error");
    size_t count = json_array_size(items);
    struct vn_qmp_cpu *cpus;

    if (error)
        return VN_FAIL(err, VN_E_IO, .where = "query-cpus-fast", .cause = "QEMU's monitor refuses",
                       .got = json_string_value(json_object_get(error, "desc")));
    if (!json_is_array(items) || count > VN_CPU_MAX)
        return VN_FAIL(err, VN_E_FORMAT, .where = "query-cpus-fast", .cause = "the reply has no list of CPUs");
    cpus = vn_arena_array(arena, count, sizeof *cpus);
    if (!cpus)
        return vn_nomem(err);
    for (size_t i = 0; i < count; i++) {
        int r = read_cpu(json_array_get(items, i), &cpus[i], err);
        if (r < 0)
            return r;
    }
    *ret = cpus;
    *ret_count = count;
    return 0;
}

int vn_qmp_cpus_parse(const char *json, size_t len, struct vn_arena *arena, struct vn_qmp_cpu **ret, size_t *ret_count,
                      struct vn_err *err)
{
    json_error_t error;
    json_t *reply = json_loadb(json, len, JSON_REJECT_DUPLICATES, &error);
    int r;

    if (!reply)
        return VN_FAIL(err, VN_E_SYNTAX, .where = "query-cpus-fast", .cause = "the reply is not JSON",
                       .got = error.text);
    r = read_reply(reply, arena, ret, ret_count, err);
    json_decref(reply);
    return r;
}
