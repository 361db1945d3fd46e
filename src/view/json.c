/* SPDX-License-Identifier: MIT */
#include "view/value.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

/* Digits that print 33.3 as 33.3 and still tell any percentage or distance apart. */
#define REAL_DIGITS 10

static json_t *text_of(const char *text)
{
    json_t *json = json_string(text);
    char *copy, *at;

    if (json)
        return json;
    copy = strdup(text); /* not UTF-8: keep what is readable of it */
    if (!copy)
        return NULL;
    for (at = copy; *at; at++)
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    json = json_string(copy);
    free(copy);
    return json;
}

static json_t *value_of(const struct vn_val *val);

static json_t *object_of(const struct vn_val *val)
{
    json_t *json = json_object();

    for (const struct vn_val *it = val->first; json && it; it = it->next) {
        if (!it->key)
            continue; /* for people only */
        if (json_object_set_new(json, it->key, value_of(it)) < 0) {
            json_decref(json);
            return NULL;
        }
    }
    return json;
}

static json_t *array_of(const struct vn_val *val)
{
    json_t *json = json_array();

    for (const struct vn_val *it = val->first; json && it; it = it->next) {
        if (it->paragraph || it->verbatim)
            continue;
        if (json_array_append_new(json, value_of(it)) < 0) {
            json_decref(json);
            return NULL;
        }
    }
    return json;
}

static json_t *value_of(const struct vn_val *val)
{
    switch (val->type) {
    case VN_VAL_NULL:
        return json_null();
    case VN_VAL_BOOL:
        return json_boolean(val->u.truth);
    case VN_VAL_INT:
        return json_integer(val->u.number);
    case VN_VAL_KIB:
    case VN_VAL_MSEC:
        return json_integer((json_int_t)val->u.amount);
    case VN_VAL_REAL:
    case VN_VAL_PCT:
        return isfinite(val->u.real) ? json_real(val->u.real) : json_null();
    case VN_VAL_TEXT:
    case VN_VAL_SEVERITY:
        return text_of(val->u.text);
    case VN_VAL_OBJECT:
        return object_of(val);
    case VN_VAL_ARRAY:
        return array_of(val);
    }
    return NULL;
}

int vn_view_flush(FILE *out, struct vn_err *err)
{
    if (fflush(out) == 0 && !ferror(out))
        return 0;
    return vn_failf(err, VN_E_IO, "Look at where the output goes: its disk may be full, or its reader gone.",
                    "the output could not be written: %s", strerror(errno));
}

int vn_view_bytes(const char *bytes, size_t len, FILE *out, struct vn_err *err)
{
    (void)fwrite(bytes, 1, len, out); /* flush reports it */
    if (len && bytes[len - 1] != '\n')
        (void)fputc('\n', out);
    return vn_view_flush(out, err);
}

int vn_view_json(const struct vn_doc *doc, FILE *out, struct vn_err *err)
{
    json_t *json;
    char *text;
    int r;

    if (doc->failed || !(json = value_of(doc->root)))
        return vn_nomem(err);
    text = json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(REAL_DIGITS));
    json_decref(json);
    if (!text)
        return vn_nomem(err);
    r = vn_view_bytes(text, strlen(text), out, err);
    free(text);
    return r;
}
