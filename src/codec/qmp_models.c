/* SPDX-License-Identifier: MIT */
#include "codec/qmp.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

static const char command[] = "query-cpu-definitions";

static int read_model(const json_t *item, struct vn_arena *arena, struct vn_qmp_model *ret, struct vn_err *err)
{
    const json_t *features = json_object_get(item, "unavailable-features");
    size_t count = json_array_size(features);

    ret->name = vn_arena_strdup(arena, json_string_value(json_object_get(item, "name")));
    ret->unavailable = vn_arena_array(arena, count, sizeof *ret->unavailable);
    if (!ret->name || !ret->unavailable)
        return vn_nomem(err);
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(features, i));

        if (!name)
            return VN_FAIL(err, VN_E_FORMAT, .where = command, .cause = "a feature without a name", .got = ret->name);
        ret->unavailable[i] = vn_arena_strdup(arena, name);
        if (!ret->unavailable[i])
            return vn_nomem(err);
        ret->n_unavailable++;
    }
    return 0;
}

static int read_models(const json_t *items, struct vn_arena *arena, struct vn_qmp_model **ret, size_t *ret_count,
                       struct vn_err *err)
{
    enum { MODELS_MAX = 4096 };
    size_t count = json_array_size(items), kept = 0;
    struct vn_qmp_model *models = count <= MODELS_MAX ? vn_arena_array(arena, count, sizeof *models) : NULL;

    if (count > MODELS_MAX)
        return VN_FAIL(err, VN_E_FORMAT, .where = command, .cause = "too many CPU models");
    if (!models)
        return vn_nomem(err);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(items, i);
        int r;

        if (!json_is_string(json_object_get(item, "name")))
            return VN_FAIL(err, VN_E_FORMAT, .where = command, .cause = "a CPU model without a name");
        if (!json_is_array(json_object_get(item, "unavailable-features")))
            continue;
        r = read_model(item, arena, &models[kept++], err);
        if (r < 0)
            return r;
    }
    *ret = models;
    *ret_count = kept;
    return 0;
}

/* 1: this line was the reply, and is read. */
static int read_line(const char *line, size_t len, struct vn_arena *arena, struct vn_qmp_model **ret,
                     size_t *ret_count, struct vn_err *err)
{
    json_error_t why;
    json_t *message = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
    const json_t *items = json_object_get(message, "return"), *error = json_object_get(message, "error");
    bool found = json_is_array(items);
    int r = 0;

    if (error)
        r = VN_FAIL(err, VN_E_IO, .where = command, .cause = "QEMU's monitor refuses",
                    .got = json_string_value(json_object_get(error, "desc")));
    else if (found)
        r = read_models(items, arena, ret, ret_count, err);
    json_decref(message);
    return r < 0 ? r : found;
}

int vn_qmp_models_parse(const char *text, size_t len, struct vn_arena *arena, struct vn_qmp_model **ret,
                        size_t *ret_count, struct vn_err *err)
{
    for (const char *at = text, *end = text + len; at < end;) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t line = (size_t)((line_end ? line_end : end) - at);
        int r = read_line(at, line, arena, ret, ret_count, err);

        if (r != 0)
            return r < 0 ? r : 0;
        at += line + 1;
    }
    return VN_FAIL(err, VN_E_FORMAT, .where = command, .cause = "QEMU's monitor did not list its CPU models");
}
