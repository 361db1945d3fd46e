/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "codec/planjson_priv.h"

int vn_jin_load(const char *json, size_t len, json_t **ret, struct vn_err *err)
{
    json_error_t at;
    char where[64];

    if (len > VN_JSON_MAX)
        return vn_failf(err, VN_E_RANGE, NULL, "a JSON document of %zu bytes; %u is the limit", len, VN_JSON_MAX);
    *ret = json_loadb(json, len, JSON_REJECT_DUPLICATES, &at);
    if (*ret)
        return 0;
    if (json_error_code(&at) == json_error_out_of_memory)
        return vn_nomem(err);
    (void)snprintf(where, sizeof where, "line %d, column %d", at.line, at.column);
    return VN_FAIL(err, VN_E_SYNTAX, .where = where, .cause = at.text, .fix = "Mend the JSON text there.");
}

size_t vn_jin_enter(struct vn_jin *in, const char *key)
{
    size_t mark = strlen(in->path);

    (void)snprintf(in->path + mark, sizeof in->path - mark, "%s%s", mark ? "." : "", key);
    return mark;
}

size_t vn_jin_enter_at(struct vn_jin *in, size_t index)
{
    size_t mark = strlen(in->path);

    (void)snprintf(in->path + mark, sizeof in->path - mark, "[%zu]", index);
    return mark;
}

void vn_jin_leave(struct vn_jin *in, size_t mark)
{
    in->path[mark] = '\0';
}

int vn_jin_fail(struct vn_jin *in, const char *key, const char *got, const char *fix, const char *fmt, ...)
{
    char cause[sizeof in->err->cause];
    size_t mark = strlen(in->path);
    va_list args;
    int r;

    va_start(args, fmt);
    (void)vsnprintf(cause, sizeof cause, fmt, args);
    va_end(args);
    if (key)
        mark = vn_jin_enter(in, key);
    r = VN_FAIL(in->err, VN_E_FORMAT, .where = in->path[0] ? in->path : "the document", .got = got, .cause = cause,
                .fix = fix);
    vn_jin_leave(in, mark);
    return r;
}

/* Edit distance (insert, delete, replace) of two short words; anything long is far. */
static size_t edit_distance(const char *a, const char *b)
{
    enum { WORD = 32 };
    size_t la = strlen(a), lb = strlen(b), row[WORD + 1];

    if (la > WORD || lb > WORD)
        return WORD;
    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);

            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[lb];
}

static int unknown_key(struct vn_jin *in, const char *key, const char *const *known)
{
    char fix[sizeof in->err->fix] = "Known are:";
    const char *close = NULL;
    size_t least = strlen(key) > 4 ? 3 : 2; /* closer than this is a slip of the pen */

    for (size_t i = 0; known[i]; i++) {
        size_t distance = edit_distance(key, known[i]), at = strlen(fix);

        if (distance < least) {
            least = distance;
            close = known[i];
        }
        (void)snprintf(fix + at, sizeof fix - at, "%s %s", i ? "," : "", known[i]);
    }
    if (close)
        (void)snprintf(fix, sizeof fix, "Did you mean '%s'?", close);
    return vn_jin_fail(in, key, key, fix, "an unknown key");
}

static const char *type_name(json_type type)
{
    switch (type) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "a whole number";
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        return "null";
    }
    return "a value";
}

static int wrong_type(struct vn_jin *in, const char *key, json_t *value, json_type type)
{
    return vn_jin_fail(in, key, type_name(json_typeof(value)), NULL, "not %s", type_name(type));
}

int vn_jin_keys(struct vn_jin *in, json_t *object, const char *const *known)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object))
        return wrong_type(in, NULL, object, JSON_OBJECT);
    json_object_foreach(object, key, value) {
        size_t i = 0;

        while (known[i] && strcmp(known[i], key) != 0)
            i++;
        if (!known[i])
            return unknown_key(in, key, known);
    }
    return 0;
}

int vn_jin_get(struct vn_jin *in, json_t *object, const char *key, enum vn_need need, json_type type,
               json_t **ret)
{
    json_t *value = json_object_get(object, key);
    json_type is;

    *ret = NULL;
    if (!value)
        return need == VN_NEEDED ? vn_jin_fail(in, key, NULL, NULL, "a missing key") : 0;
    is = json_typeof(value);
    if (is != type && !(type == JSON_REAL && is == JSON_INTEGER) && !(type == JSON_TRUE && is == JSON_FALSE))
        return wrong_type(in, key, value, type);
    *ret = value;
    return 0;
}

int vn_jin_uint_of(struct vn_jin *in, json_t *value, uint64_t max, uint64_t *ret)
{
    char got[32];
    json_int_t number;

    if (!json_is_integer(value))
        return wrong_type(in, NULL, value, JSON_INTEGER);
    number = json_integer_value(value);
    if (number < 0 || (uint64_t)number > max) {
        (void)snprintf(got, sizeof got, "%" JSON_INTEGER_FORMAT, number);
        return vn_jin_fail(in, NULL, got, NULL, "a number outside 0-%" PRIu64, max);
    }
    *ret = (uint64_t)number;
    return 0;
}

int vn_jin_uint(struct vn_jin *in, json_t *object, const char *key, enum vn_need need, uint64_t max,
                uint64_t *ret)
{
    json_t *value;
    size_t mark;
    int r = vn_jin_get(in, object, key, need, JSON_INTEGER, &value);

    if (r < 0 || !value)
        return r;
    mark = vn_jin_enter(in, key);
    r = vn_jin_uint_of(in, value, max, ret);
    vn_jin_leave(in, mark);
    return r;
}

int vn_jin_unsigned(struct vn_jin *in, json_t *object, const char *key, enum vn_need need, unsigned max,
                    unsigned *ret)
{
    uint64_t value = *ret;
    int r = vn_jin_uint(in, object, key, need, max, &value);

    if (r == 0)
        *ret = (unsigned)value;
    return r;
}

int vn_jin_node(struct vn_jin *in, json_t *object, const char *key, enum vn_need need, int *ret)
{
    json_t *value = json_object_get(object, key);
    uint64_t node = 0;
    int r;

    if (!value && need == VN_OPTIONAL)
        return 0;
    if (json_is_null(value) || (json_is_integer(value) && json_integer_value(value) == -1)) {
        *ret = -1;
        return 0;
    }
    r = vn_jin_uint(in, object, key, need, VN_NODE_MAX - 1, &node);
    if (r == 0)
        *ret = (int)node;
    return r;
}

int vn_jin_real(struct vn_jin *in, json_t *object, const char *key, enum vn_need need, double *ret)
{
    json_t *value;
    int r = vn_jin_get(in, object, key, need, JSON_REAL, &value);

    if (r == 0 && value)
        *ret = json_number_value(value);
    return r;
}

int vn_jin_bool(struct vn_jin *in, json_t *object, const char *key, enum vn_need need, bool *ret)
{
    json_t *value;
    int r = vn_jin_get(in, object, key, need, JSON_TRUE, &value);

    if (r == 0 && value)
        *ret = json_is_true(value);
    return r;
}

int vn_jin_text(struct vn_jin *in, json_t *object, const char *key, enum vn_need need, char **ret)
{
    json_t *value;
    int r = vn_jin_get(in, object, key, need, JSON_STRING, &value);

    if (r < 0 || !value)
        return r;
    *ret = vn_arena_strdup(in->arena, json_string_value(value));
    return *ret ? 0 : vn_nomem(in->err);
}

int vn_jin_word(struct vn_jin *in, json_t *object, const char *key, enum vn_need need,
                const char *const *words, int *ret)
{
    char fix[sizeof in->err->fix] = "Use one of:";
    json_t *value;
    int r = vn_jin_get(in, object, key, need, JSON_STRING, &value);

    if (r < 0 || !value)
        return r;
    for (int i = 0; words[i]; i++) {
        size_t at = strlen(fix);

        if (!strcmp(words[i], json_string_value(value))) {
            *ret = i;
            return 0;
        }
        (void)snprintf(fix + at, sizeof fix - at, "%s %s", i ? "," : "", words[i]);
    }
    return vn_jin_fail(in, key, json_string_value(value), fix, "an unknown word");
}

/* What a set's parser said, at the path. */
static int bad_set(struct vn_jin *in, const char *text, const struct vn_err *inner)
{
    return vn_jin_fail(in, NULL, text, "Write it as in '0-3,8'.", "%s", inner->cause);
}

int vn_jin_cpus_of(struct vn_jin *in, json_t *value, struct vn_cpuset *ret)
{
    struct vn_err inner;

    if (!json_is_string(value))
        return wrong_type(in, NULL, value, JSON_STRING);
    if (vn_cpuset_parse(json_string_value(value), ret, &inner) < 0)
        return bad_set(in, json_string_value(value), &inner);
    return 0;
}

int vn_jin_cpus(struct vn_jin *in, json_t *object, const char *key, enum vn_need need, struct vn_cpuset *ret)
{
    json_t *value;
    size_t mark;
    int r = vn_jin_get(in, object, key, need, JSON_STRING, &value);

    if (r < 0 || !value)
        return r;
    mark = vn_jin_enter(in, key);
    r = vn_jin_cpus_of(in, value, ret);
    vn_jin_leave(in, mark);
    return r;
}

int vn_jin_nodes(struct vn_jin *in, json_t *object, const char *key, enum vn_need need, struct vn_nodeset *ret)
{
    struct vn_err inner;
    json_t *value;
    size_t mark;
    int r = vn_jin_get(in, object, key, need, JSON_STRING, &value);

    if (r < 0 || !value)
        return r;
    mark = vn_jin_enter(in, key);
    if (vn_nodeset_parse(json_string_value(value), ret, &inner) < 0)
        r = bad_set(in, json_string_value(value), &inner);
    vn_jin_leave(in, mark);
    return r;
}

int vn_jin_each(struct vn_jin *in, json_t *object, const char *key, enum vn_need need, size_t max, size_t size,
                int (*each)(struct vn_jin *in, json_t *value, void *item), void **ret, size_t *ret_count)
{
    unsigned char *items;
    json_t *list;
    size_t count, mark;
    int r = vn_jin_get(in, object, key, need, JSON_ARRAY, &list);

    if (r < 0 || !list)
        return r;
    count = json_array_size(list);
    if (count > max)
        return vn_jin_fail(in, key, NULL, NULL, "a list of %zu; %zu is the limit", count, max);
    items = vn_arena_array(in->arena, count, size);
    if (!items)
        return vn_nomem(in->err);
    mark = vn_jin_enter(in, key);
    for (size_t i = 0; i < count && r == 0; i++) {
        size_t outer = vn_jin_enter_at(in, i);

        r = each(in, json_array_get(list, i), items + i * size);
        vn_jin_leave(in, outer);
    }
    vn_jin_leave(in, mark);
    *ret = items;
    *ret_count = count;
    return r;
}

int vn_jin_schema(struct vn_jin *in, json_t *root, const char *schema)
{
    char *text = NULL, fix[96];
    int r;

    if (!json_is_object(root))
        return wrong_type(in, NULL, root, JSON_OBJECT);
    r = vn_jin_text(in, root, "schema", VN_NEEDED, &text);
    if (r < 0 || !strcmp(text, schema))
        return r;
    (void)snprintf(fix, sizeof fix, "Give a document whose schema is '%s'.", schema);
    return vn_jin_fail(in, "schema", text, fix, "another kind of document");
}
