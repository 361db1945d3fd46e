/* SPDX-License-Identifier: MIT */
#include "codec/qemuopts.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <vnuma/units.h>

static int add(struct vn_arena *arena, struct vn_qemu_props *props, const char *key, size_t key_len, char *value)
{
    struct vn_qemu_prop *item = vn_arena_grow(arena, &props->items, &props->count, sizeof *item);

    if (!item)
        return -VN_E_NOMEM;
    item->key = vn_arena_strndup(arena, key, key_len);
    item->value = value;
    return item->key && value ? 0 : -VN_E_NOMEM;
}

/* ---- key=value ---- */

/* A value up to a single comma; *@at is moved behind that, or to the end. */
static char *take_value(const char **at, struct vn_arena *arena)
{
    char *out = vn_arena_alloc(arena, strlen(*at) + 1), *to = out;
    const char *from = *at;

    if (!out)
        return NULL;
    while (*from) {
        if (*from == ',' && from[1] != ',')
            break;
        from += *from == ',';
        *to++ = *from++;
    }
    *at = from + (*from == ',');
    return out;
}

static int take_item(const char **at, const char *implied, struct vn_arena *arena, struct vn_qemu_props *ret)
{
    size_t len = strcspn(*at, "=,");
    const char *key = *at;

    if (key[len] == '=') {
        *at = key + len + 1;
        return add(arena, ret, key, len, take_value(at, arena));
    }
    if (implied)
        return add(arena, ret, implied, strlen(implied), take_value(at, arena));
    *at = key + len + (key[len] == ',');
    return len ? add(arena, ret, key, len, vn_arena_strdup(arena, "on")) : 0;
}

/* ---- JSON ---- */

static char *scalar_text(const json_t *value, struct vn_arena *arena)
{
    if (json_is_string(value))
        return vn_arena_strdup(arena, json_string_value(value));
    if (json_is_integer(value))
        return vn_arena_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return vn_arena_strdup(arena, json_is_true(value) ? "on" : json_is_false(value) ? "off" : "");
}

static int add_json(const char *key, const json_t *value, struct vn_arena *arena, struct vn_qemu_props *ret)
{
    int r = 0;

    if (!json_is_array(value))
        return add(arena, ret, key, strlen(key), scalar_text(value, arena));
    for (size_t i = 0; r == 0 && i < json_array_size(value); i++)
        r = add(arena, ret, key, strlen(key), scalar_text(json_array_get(value, i), arena));
    return r;
}

static int parse_json(const char *text, struct vn_arena *arena, struct vn_qemu_props *ret, struct vn_err *err)
{
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error), *value;
    const char *key;
    int r = 0;

    if (!json_is_object(root)) {
        json_decref(root);
        return VN_FAIL(err, VN_E_FORMAT, .got = text, .cause = "an option that begins like JSON and is none");
    }
    json_object_foreach(root, key, value)
        if (r == 0)
            r = add_json(key, value, arena, ret);
    json_decref(root);
    return r < 0 ? vn_nomem(err) : 0;
}

int vn_qemu_props_parse(const char *text, const char *implied, struct vn_arena *arena, struct vn_qemu_props *ret,
                        struct vn_err *err)
{
    int r = 0;

    *ret = (struct vn_qemu_props){0};
    if (*text == '{')
        return parse_json(text, arena, ret, err);
    while (*text && r == 0) {
        r = take_item(&text, implied, arena, ret);
        implied = NULL;
    }
    return r < 0 ? vn_nomem(err) : 0;
}

/* ---- values ---- */

const char *vn_qemu_prop(const struct vn_qemu_props *props, const char *key)
{
    for (size_t i = props->count; i-- > 0;)
        if (!strcmp(props->items[i].key, key))
            return props->items[i].value;
    return NULL;
}

bool vn_qemu_prop_on(const struct vn_qemu_props *props, const char *key)
{
    static const char *const words[] = {"on", "yes", "true", "y"};
    const char *value = vn_qemu_prop(props, key);

    for (size_t i = 0; value && i < VN_COUNT(words); i++)
        if (!strcmp(value, words[i]))
            return true;
    return false;
}

static int bad(const char *key, const char *value, const char *cause, struct vn_err *err)
{
    return VN_FAIL(err, VN_E_FORMAT, .where = key, .got = value, .cause = cause);
}

int vn_qemu_prop_uint(const struct vn_qemu_props *props, const char *key, unsigned max, unsigned *ret,
                      struct vn_err *err)
{
    const char *value = vn_qemu_prop(props, key);
    uint64_t number;

    if (!value)
        return 0;
    if (vn_uint_parse(value, max, &number, NULL) < 0)
        return bad(key, value, "not a number that fits", err);
    *ret = (unsigned)number;
    return 0;
}

#define SIZE_MAX_KIB (UINT64_C(1) << 53)

/* Bytes of a suffix; 0: unknown. */
static uint64_t suffix_bytes(const char *text, uint64_t bare)
{
    static const char letters[] = "bkmgtpe";
    const char *at;
    char low = (char)(*text | 0x20);

    if (!*text)
        return bare;
    at = text[1] ? NULL : strchr(letters, low);
    return at ? UINT64_C(1) << 10 * (at - letters) : 0;
}

/* The part behind a decimal point, in millionths; *@at is moved behind it. */
static uint64_t millionths(const char **at)
{
    uint64_t sum = 0, weight = 100000;

    if (**at != '.')
        return 0;
    for (++*at; **at >= '0' && **at <= '9'; ++*at, weight /= 10)
        sum += (uint64_t)(**at - '0') * weight;
    return sum;
}

/* Digits of the base; *@at is moved behind them. */
static int read_digits(const char **at, bool hex, uint64_t *ret)
{
    const char *from = *at;

    *ret = 0;
    for (; hex ? isxdigit((unsigned char)**at) : isdigit((unsigned char)**at); ++*at) {
        unsigned digit = **at <= '9' ? (unsigned)(**at - '0') : (unsigned)((**at | 0x20) - 'a' + 10);

        *ret = *ret * (hex ? 16 : 10) + digit;
        if (*ret > SIZE_MAX_KIB)
            return -1;
    }
    return *at == from ? -1 : 0;
}

static int read_size(const char *text, uint64_t bare, uint64_t *ret)
{
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *at = hex ? text + 2 : text;
    uint64_t number, part, unit, kib;

    if (read_digits(&at, hex, &number) < 0)
        return -1;
    part = hex ? 0 : millionths(&at);
    unit = suffix_bytes(at, bare);
    if (!unit || (part && unit > UINT64_C(1) << 50) || (unit > 1024 && number > SIZE_MAX_KIB / (unit / 1024)))
        return -1;
    kib = unit >= 1024 ? number * (unit / 1024) + part * (unit / 1024) / 1000000 : (number * unit + 1023) / 1024;
    if (kib > SIZE_MAX_KIB)
        return -1;
    *ret = kib;
    return 0;
}

int vn_qemu_prop_kib(const struct vn_qemu_props *props, const char *key, uint64_t bytes, uint64_t *ret,
                     struct vn_err *err)
{
    const char *value = vn_qemu_prop(props, key);

    return value && read_size(value, bytes, ret) < 0 ? bad(key, value, "not a size", err) : 0;
}

int vn_qemu_prop_set(const struct vn_qemu_props *props, const char *key, struct vn_cpuset *ret, struct vn_err *err)
{
    for (size_t i = 0; i < props->count; i++) {
        struct vn_cpuset set;

        if (strcmp(props->items[i].key, key) != 0)
            continue;
        if (vn_cpuset_parse(props->items[i].value, &set, NULL) < 0 || vn_cpuset_empty(&set))
            return bad(key, props->items[i].value, "not a number or a range", err);
        vn_cpuset_or(ret, &set);
    }
    return 0;
}
