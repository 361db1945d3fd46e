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

/* "return" of a reply; NULL with err filled. */
static const json_t *returned(const json_t *reply, const char *command, struct vn_err *err)
{
    const json_t *value = json_object_get(reply, "return"), *error = json_object_get(reply, "error");

    if (value && !error)
        return value;
    if (error)
        (void)VN_FAIL(err, VN_E_IO, .where = command, .cause = "QEMU's monitor refuses",
                      .got = json_string_value(json_object_get(error, "desc")));
    else
        (void)VN_FAIL(err, VN_E_FORMAT, .where = command, .cause = "the reply returns nothing");
    return NULL;
}

static int no_return(const json_t *reply)
{
    return json_object_get(reply, "error") ? -VN_E_IO : -VN_E_FORMAT;
}

static int read_cpus(const json_t *reply, struct vn_arena *arena, struct vn_qmp_cpu **ret, size_t *ret_count,
                     struct vn_err *err)
{
    const json_t *items = returned(reply, "query-cpus-fast", err);
    size_t count = json_array_size(items);
    struct vn_qmp_cpu *cpus;

    if (!items)
        return no_return(reply);
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

static int read_iothread(const json_t *item, struct vn_arena *arena, struct vn_qmp_iothread *ret, struct vn_err *err)
{
    const char *id = json_string_value(json_object_get(item, "id"));
    const json_t *tid = json_object_get(item, "thread-id");
    json_int_t t = json_integer_value(tid);

    if (!id || !json_is_integer(tid) || t <= 0 || t > INT_MAX)
        return VN_FAIL(err, VN_E_FORMAT, .where = "query-iothreads",
                       .cause = "an IOThread without a fitting 'id' and 'thread-id'");
    ret->id = vn_arena_strdup(arena, id);
    ret->tid = (int)t;
    return ret->id ? 0 : vn_nomem(err);
}

static int read_iothreads(const json_t *reply, struct vn_arena *arena, struct vn_qmp_iothread **ret, size_t *ret_count,
                          struct vn_err *err)
{
    const json_t *items = returned(reply, "query-iothreads", err);
    size_t count = json_array_size(items);
    struct vn_qmp_iothread *threads;

    if (!items)
        return no_return(reply);
    if (!json_is_array(items))
        return VN_FAIL(err, VN_E_FORMAT, .where = "query-iothreads", .cause = "the reply has no list of IOThreads");
    threads = vn_arena_array(arena, count, sizeof *threads);
    if (!threads)
        return vn_nomem(err);
    for (size_t i = 0; i < count; i++) {
        int r = read_iothread(json_array_get(items, i), arena, &threads[i], err);
        if (r < 0)
            return r;
    }
    *ret = threads;
    *ret_count = count;
    return 0;
}

static int read_running(const json_t *reply, bool *ret, struct vn_err *err)
{
    const json_t *value = returned(reply, "query-status", err), *running = json_object_get(value, "running");

    if (!value)
        return no_return(reply);
    if (!json_is_boolean(running))
        return VN_FAIL(err, VN_E_FORMAT, .where = "query-status", .cause = "the reply has no 'running'");
    *ret = json_is_true(running);
    return 0;
}

static json_t *load(const char *json, size_t len, const char *command, struct vn_err *err)
{
    json_error_t error;
    json_t *reply = json_loadb(json, len, JSON_REJECT_DUPLICATES, &error);

    if (!reply)
        (void)VN_FAIL(err, VN_E_SYNTAX, .where = command, .cause = "the reply is not JSON", .got = error.text);
    return reply;
}

int vn_qmp_cpus_parse(const char *json, size_t len, struct vn_arena *arena, struct vn_qmp_cpu **ret, size_t *ret_count,
                      struct vn_err *err)
{
    json_t *reply = load(json, len, "query-cpus-fast", err);
    int r = reply ? read_cpus(reply, arena, ret, ret_count, err) : -VN_E_SYNTAX;

    json_decref(reply);
    return r;
}

int vn_qmp_iothreads_parse(const char *json, size_t len, struct vn_arena *arena, struct vn_qmp_iothread **ret,
                           size_t *ret_count, struct vn_err *err)
{
    json_t *reply = load(json, len, "query-iothreads", err);
    int r = reply ? read_iothreads(reply, arena, ret, ret_count, err) : -VN_E_SYNTAX;

    json_decref(reply);
    return r;
}

int vn_qmp_running_parse(const char *json, size_t len, bool *ret, struct vn_err *err)
{
    json_t *reply = load(json, len, "query-status", err);
    int r = reply ? read_running(reply, ret, err) : -VN_E_SYNTAX;

    json_decref(reply);
    return r;
}

enum vn_qmp_kind vn_qmp_kind_of(const char *json, size_t len)
{
    json_t *line = load(json, len, "QMP", NULL);
    enum vn_qmp_kind kind = json_object_get(line, "QMP")                                              ? VN_QMP_GREETING
                            : json_object_get(line, "event")                                          ? VN_QMP_EVENT
                            : json_object_get(line, "return") || json_object_get(line, "error") ? VN_QMP_REPLY
                                                                                                      : VN_QMP_ODD;

    json_decref(line);
    return kind;
}
