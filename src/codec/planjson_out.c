/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/planjson_priv.h"

/* What stands before every value: a comma, a new line where the layout has one, the key. */
static void before(struct vn_jout *out, const char *key)
{
    if (out->depth) {
        if (!out->first)
            vn_buf_str(out->buf, out->flat ? ", " : ",");
        if (!out->flat) {
            vn_buf_str(out->buf, "\n");
            for (unsigned i = 0; i < out->depth; i++)
                vn_buf_str(out->buf, "  ");
        }
    }
    out->first = false;
    if (key) {
        vn_jout_text(&(struct vn_jout){.buf = out->buf}, NULL, key);
        vn_buf_str(out->buf, ": ");
    }
}

void vn_jout_open(struct vn_jout *out, const char *key, char bracket, bool flat)
{
    before(out, key);
    vn_buf_add(out->buf, &bracket, 1);
    out->depth++;
    if (flat && !out->flat)
        out->flat = out->depth;
    out->first = true;
}

void vn_jout_close(struct vn_jout *out, char bracket)
{
    bool flat = out->flat != 0;

    if (out->flat == out->depth)
        out->flat = 0;
    out->depth--;
    if (!out->first && !flat) {
        vn_buf_str(out->buf, "\n");
        for (unsigned i = 0; i < out->depth; i++)
            vn_buf_str(out->buf, "  ");
    }
    vn_buf_add(out->buf, &bracket, 1);
    out->first = false;
}

/* Length of the well-formed UTF-8 sequence at @at, or 0 (RFC 3629, section 4). */
static size_t utf8_len(const unsigned char *at)
{
    size_t n = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;

    for (size_t i = 1; i < n; i++)
        if ((at[i] & 0xc0) != 0x80) /* also stops at the terminator */
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) ||
        (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return n;
}

void vn_jout_text(struct vn_jout *out, const char *key, const char *text)
{
    const unsigned char *at = (const unsigned char *)(text ? text : "");

    before(out, key);
    vn_buf_str(out->buf, "\"");
    while (*at) {
        size_t n = utf8_len(at);

        if (*at == '"' || *at == '\\')
            vn_buf_fmt(out->buf, "\\%c", *at);
        else if (*at == '\n')
            vn_buf_str(out->buf, "\\n");
        else if (*at < 0x20 || *at == 0x7f)
            vn_buf_fmt(out->buf, "\\u%04x", *at);
        else if (!n)
            vn_buf_str(out->buf, "\xef\xbf\xbd"); /* U+FFFD: JSON has no way to write a stray byte */
        else
            vn_buf_add(out->buf, at, n);
        at += n ? n : 1;
    }
    vn_buf_str(out->buf, "\"");
}

void vn_jout_uint(struct vn_jout *out, const char *key, uint64_t value)
{
    before(out, key);
    vn_buf_fmt(out->buf, "%" PRIu64, value);
}

void vn_jout_int(struct vn_jout *out, const char *key, int64_t value)
{
    before(out, key);
    vn_buf_fmt(out->buf, "%" PRId64, value);
}

/* The shortest text that reads back as the same number. Whatever the process's locale has for a
 * decimal point (which may be several bytes) becomes '.'. */
static void shortest(double value, char *out, size_t size)
{
    char text[64];
    size_t n = 0;

    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    for (const char *at = text; *at && n + 1 < size; at++) {
        if (strchr("0123456789+-e", *at))
            out[n++] = *at;
        else if (n && out[n - 1] != '.')
            out[n++] = '.';
    }
    out[n] = '\0';
}

void vn_jout_real(struct vn_jout *out, const char *key, double value)
{
    char text[64] = "null";

    if (!isfinite(value))
        out->not_finite = true;
    else if (fabs(value) < (double)VN_JSON_KIB_MAX && value == (double)(int64_t)value)
        (void)snprintf(text, sizeof text, "%" PRId64, (int64_t)value);
    else
        shortest(value, text, sizeof text);
    before(out, key);
    vn_buf_str(out->buf, text);
}

void vn_jout_bool(struct vn_jout *out, const char *key, bool value)
{
    before(out, key);
    vn_buf_str(out->buf, value ? "true" : "false");
}

void vn_jout_null(struct vn_jout *out, const char *key)
{
    before(out, key);
    vn_buf_str(out->buf, "null");
}

void vn_jout_cpus(struct vn_jout *out, const char *key, const struct vn_cpuset *set)
{
    char text[VN_SET_TEXT];

    vn_jout_text(out, key, vn_cpuset_format(set, text, sizeof text));
}

void vn_jout_nodes(struct vn_jout *out, const char *key, const struct vn_nodeset *set)
{
    char text[VN_NODE_MAX / 2 * 5 + 1];

    vn_jout_text(out, key, vn_nodeset_format(set, text, sizeof text));
}

int vn_jout_end(struct vn_jout *out, struct vn_err *err)
{
    vn_buf_str(out->buf, "\n");
    if (out->buf->failed)
        return vn_nomem(err);
    if (out->not_finite)
        return vn_failf(err, VN_E_FORMAT, NULL, "a number of the plan is not finite, and JSON has no such number");
    return 0;
}
