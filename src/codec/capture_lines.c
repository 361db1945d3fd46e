/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <vnuma/units.h>

#include "codec/capture_priv.h"

int vn_lines_fail(const struct vn_lines *lines, const char *got, const char *fix, const char *fmt, ...)
{
    char cause[sizeof lines->err->cause], where[48];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(cause, sizeof cause, fmt, args);
    va_end(args);
    (void)snprintf(where, sizeof where, "line %lu", lines->number);
    return VN_FAIL(lines->err, VN_E_FORMAT, .where = where, .got = got, .cause = cause, .fix = fix);
}

static int hex(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Undoes \\, \n, \r, \t and \xHH in place. */
static int unescape(const struct vn_lines *lines, char *text)
{
    static const char names[] = "\\nrt", values[] = "\\\n\r\t";
    char *out = text;

    for (const char *at = text; *at; at++) {
        const char *name;

        if (*at != '\\') {
            *out++ = *at;
            continue;
        }
        at++;
        name = *at ? strchr(names, *at) : NULL;
        if (name) {
            *out++ = values[name - names];
        } else if (*at == 'x' && hex(at[1]) >= 0 && hex(at[2]) >= 0 && (at[1] != '0' || at[2] != '0')) {
            *out++ = (char)(hex(at[1]) * 16 + hex(at[2]));
            at += 2;
        } else {
            return vn_lines_fail(lines, NULL, "Write a backslash as two.", "an unknown escape after a backslash");
        }
    }
    *out = '\0';
    return 0;
}

void vn_capture_escape(struct vn_buf *out, const char *text, const char *also)
{
    for (const char *at = text ? text : ""; *at; at++) {
        unsigned char c = (unsigned char)*at;

        if (c == '\\')
            vn_buf_str(out, "\\\\");
        else if (c == '\n')
            vn_buf_str(out, "\\n");
        else if (c == '\r')
            vn_buf_str(out, "\\r");
        else if (c == '\t')
            vn_buf_str(out, "\\t");
        else if (c < 0x20 || c == 0x7f || strchr(also, *at))
            vn_buf_fmt(out, "\\x%02x", c);
        else
            vn_buf_add(out, at, 1);
    }
}

/* The raw line at lines->at: its end, without the newline; *ret_next where the one after it begins. */
static const char *line_end(const struct vn_lines *lines, const char **ret_next)
{
    const char *end = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));

    *ret_next = end ? end + 1 : lines->end;
    return end ? end : lines->end;
}

static bool says_nothing(const char *at, const char *end)
{
    return at == end || *at == '#';
}

bool vn_lines_section_ends(struct vn_lines *lines)
{
    while (lines->at < lines->end) {
        const char *next, *end = line_end(lines, &next);

        if (!says_nothing(lines->at, end))
            return *lines->at == '[';
        lines->at = next;
        lines->number++;
    }
    return true;
}

static int read_section(struct vn_lines *lines, char *text, size_t len, struct vn_line *ret)
{
    char *blank;

    if (text[len - 1] != ']')
        return vn_lines_fail(lines, text, "Write it as in '[node 0]'.", "a section without its end");
    text[len - 1] = '\0';
    ret->kind = VN_LINE_SECTION;
    ret->key = text + 1;
    blank = strchr(ret->key, ' ');
    ret->value = blank ? blank + 1 : text + len - 1;
    if (blank)
        *blank = '\0';
    return unescape(lines, ret->value);
}

/* The lines "| text" and at the end, where the text has no final newline, "\ no newline at end". */
static int read_block(struct vn_lines *lines, struct vn_line *ret)
{
    static const char no_newline[] = "\\ no newline at end";
    struct vn_buf text = {0};
    bool open = true;

    while (open && lines->at < lines->end && (*lines->at == '|' || *lines->at == '\\')) {
        const char *next, *end = line_end(lines, &next);

        lines->number++;
        if (*lines->at == '|') {
            const char *from = lines->at + (end - lines->at > 1 && lines->at[1] == ' ' ? 2 : 1);

            vn_buf_add(&text, from, (size_t)(end - from));
            vn_buf_str(&text, "\n");
        } else if ((size_t)(end - lines->at) != strlen(no_newline) || !text.len ||
                   memcmp(lines->at, no_newline, strlen(no_newline)) != 0) {
            vn_buf_drop(&text);
            return vn_lines_fail(lines, NULL, NULL, "neither a line of text nor its end");
        } else {
            text.ptr[--text.len] = '\0';
            open = false;
        }
        lines->at = next;
    }
    ret->kind = VN_LINE_BLOCK;
    ret->value = text.failed ? NULL : vn_arena_strdup(lines->arena, vn_buf_text(&text));
    vn_buf_drop(&text);
    return ret->value ? 0 : vn_nomem(lines->err);
}

static int read_line(struct vn_lines *lines, char *text, size_t len, struct vn_line *ret)
{
    char *equals = strchr(text, '=');
    int r;

    if (text[0] == '[')
        return read_section(lines, text, len, ret);
    ret->key = text;
    if (!equals && text[len - 1] == ':') {
        text[len - 1] = '\0';
        return read_block(lines, ret);
    }
    if (!equals)
        return vn_lines_fail(lines, text, "Write it as in 'key=value'.", "a line that is no key and value");
    *equals = '\0';
    ret->kind = VN_LINE_KEY;
    ret->value = equals + 1;
    r = unescape(lines, ret->key);
    return r < 0 ? r : unescape(lines, ret->value);
}

int vn_lines_next(struct vn_lines *lines, struct vn_line *ret)
{
    while (lines->at < lines->end) {
        const char *from = lines->at, *next, *end = line_end(lines, &next);
        char *text;

        lines->at = next;
        lines->number++;
        if (says_nothing(from, end))
            continue;
        text = vn_arena_strndup(lines->arena, from, (size_t)(end - from));
        if (!text)
            return vn_nomem(lines->err);
        return read_line(lines, text, (size_t)(end - from), ret);
    }
    *ret = (struct vn_line){.kind = VN_LINE_END};
    return 0;
}

/* ---- values ---- */

int vn_lines_uint(const struct vn_lines *lines, const char *text, uint64_t max, uint64_t *ret)
{
    if (vn_uint_parse(text, max, ret, NULL) < 0)
        return vn_lines_fail(lines, text, NULL, "not a whole number of 0-%" PRIu64, max);
    return 0;
}

int vn_lines_int(const struct vn_lines *lines, const char *text, int64_t min, int64_t max, int64_t *ret)
{
    uint64_t number;
    bool minus = text[0] == '-';

    if (vn_uint_parse(text + minus, INT64_MAX, &number, NULL) < 0 || (minus && !number))
        return vn_lines_fail(lines, text, NULL, "not a whole number");
    *ret = minus ? -(int64_t)number : (int64_t)number;
    if (*ret < min || *ret > max)
        return vn_lines_fail(lines, text, NULL, "a number outside %" PRId64 " to %" PRId64, min, max);
    return 0;
}

int vn_lines_cpus(const struct vn_lines *lines, const char *text, struct vn_cpuset *ret)
{
    struct vn_err inner;

    if (vn_cpuset_parse(text, ret, &inner) < 0)
        return vn_lines_fail(lines, text, "Write CPUs as in '0-3,8'.", "%s", inner.cause);
    return 0;
}

int vn_lines_list(const struct vn_lines *lines, char *text, uint64_t max, size_t limit, uint64_t **ret,
                  size_t *ret_count)
{
    char *at = text, *blank;
    uint64_t *items = NULL;
    size_t count = 0;
    int r;

    while (*at) {
        uint64_t *item = count < limit ? vn_arena_grow(lines->arena, &items, &count, sizeof *item) : NULL;

        if (!item)
            return count < limit ? vn_nomem(lines->err)
                                 : vn_lines_fail(lines, NULL, NULL, "more than %zu numbers", limit);
        blank = strchr(at, ' ');
        if (blank)
            *blank = '\0';
        r = vn_lines_uint(lines, at, max, item);
        if (r < 0)
            return r;
        at = blank ? blank + 1 : strchr(at, '\0');
    }
    if (!items)
        items = vn_arena_array(lines->arena, 0, sizeof *items);
    *ret = items;
    *ret_count = count;
    return items ? 0 : vn_nomem(lines->err);
}

/* ---- which keys were there ---- */

int vn_seen_key(struct vn_seen *seen, const struct vn_lines *lines, const char *key, int *ret_r)
{
    *ret_r = 0;
    for (int i = 0; seen->keys[i]; i++) {
        if (strcmp(seen->keys[i], key) != 0)
            continue;
        if (seen->set & UINT32_C(1) << i)
            *ret_r = vn_lines_fail(lines, key, "Keep one of them.", "a key that is there twice");
        seen->set |= UINT32_C(1) << i;
        return i;
    }
    return -1;
}

int vn_seen_all(const struct vn_seen *seen, const struct vn_lines *lines, size_t n, const char *section)
{
    for (size_t i = 0; i < n; i++)
        if (!(seen->set & UINT32_C(1) << i))
            return vn_lines_fail(lines, NULL, NULL, "no '%s' in the section [%s] that ends", seen->keys[i], section);
    return 0;
}

void vn_capture_put(struct vn_buf *out, const char *key, const char *value)
{
    vn_capture_escape(out, key, "=#[");
    vn_buf_str(out, "=");
    vn_capture_escape(out, value, "");
    vn_buf_str(out, "\n");
}

void vn_capture_put_cpus(struct vn_buf *out, const char *key, const struct vn_cpuset *set)
{
    char text[VN_SET_TEXT];

    vn_buf_fmt(out, "%s=%s\n", key, vn_cpuset_format(set, text, sizeof text));
}
