/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "codec/proctext.h"
#include "codec/textline.h"

/* The part of a line behind "key:", or NULL. */
static const char *after_key(const char *line, const char *key)
{
    size_t len = strlen(key);

    return !strncmp(line, key, len) && line[len] == ':' ? line + len + 1 : NULL;
}

/* "Node 0 MemFree:" in a node's file, "MemFree:" in the host's. */
static const char *skip_node(const char *line)
{
    const char *at = line;

    if (strncmp(at, "Node ", 5))
        return line;
    at += 5;
    while (isdigit((unsigned char)*at))
        at++;
    return *at == ' ' ? at + 1 : line;
}

int vn_meminfo_kib(const char *text, const char *key, uint64_t *ret_kib, struct vn_err *err)
{
    for (const char *line = text; line; line = vn_line_next(line)) {
        const char *at = after_key(skip_node(line), key);
        uint64_t value;

        if (!at)
            continue;
        while (*at == ' ' || *at == '\t')
            at++;
        if (vn_line_number(&at, 10, &value) < 0 || strncmp(at, " kB", 3) || (at[3] && at[3] != '\n'))
            break;
        *ret_kib = value;
        return 0;
    }
    return VN_FAIL(err, VN_E_FORMAT, .where = "meminfo", .got = key, .cause = "no line of that name in kB");
}

int vn_status_field(const char *text, const char *key, char *ret, size_t size, struct vn_err *err)
{
    for (const char *line = text; line; line = vn_line_next(line)) {
        const char *at = after_key(line, key);
        size_t len;

        if (!at)
            continue;
        while (*at == ' ' || *at == '\t')
            at++;
        len = strcspn(at, "\n");
        while (len && isspace((unsigned char)at[len - 1]))
            len--;
        if (len >= size)
            return VN_FAIL(err, VN_E_RANGE, .where = "/proc/PID/status", .got = key, .cause = "a field that is too long");
        memcpy(ret, at, len);
        ret[len] = '\0';
        return 0;
    }
    return VN_FAIL(err, VN_E_ABSENT, .where = "/proc/PID/status", .got = key, .cause = "no field of that name");
}

/* A field of /proc/PID/stat by its number, from the third on; NULL: there is none. */
static const char *stat_field(const char *text, int number)
{
    enum { STATE = 3 };
    const char *at = strrchr(text, ')'); /* the name before it may hold blanks and parentheses */

    for (int field = STATE; at && field <= number; field++) {
        at = strchr(at, ' ');
        at = at ? at + 1 : NULL;
    }
    return at;
}

static bool stat_number(const char *text, int field, uint64_t *ret)
{
    const char *at = stat_field(text, field);

    return at && vn_line_number(&at, 10, ret) == 0 && (!*at || isspace((unsigned char)*at));
}

int vn_stat_processor(const char *text, int *ret_cpu, struct vn_err *err)
{
    uint64_t cpu;

    if (!stat_number(text, 39, &cpu) || cpu >= VN_CPU_MAX)
        return VN_FAIL(err, VN_E_FORMAT, .where = "/proc/PID/task/TID/stat", .got = text,
                       .cause = "no processor in field 39");
    *ret_cpu = (int)cpu;
    return 0;
}

/* "size resident shared text lib data dt" */
int vn_statm_resident(const char *text, uint64_t *ret_pages, struct vn_err *err)
{
    const char *at = text;
    uint64_t size;

    if (vn_line_number(&at, 10, &size) < 0 || *at++ != ' ' || vn_line_number(&at, 10, ret_pages) < 0 || *at != ' ')
        return VN_FAIL(err, VN_E_FORMAT, .where = "/proc/PID/statm", .got = text, .cause = "no resident pages in field 2");
    return 0;
}

int vn_stat_program(const char *text, char *ret_name, size_t size, uint64_t *ret_pages, struct vn_err *err)
{
    const char *name = strchr(text, '('), *end = strrchr(text, ')');

    if (!name || name > end || !stat_number(text, 24, ret_pages))
        return VN_FAIL(err, VN_E_FORMAT, .where = "/proc/PID/stat", .got = text,
                       .cause = "no resident pages in field 24");
    (void)snprintf(ret_name, size, "%.*s", (int)(end - name - 1), name + 1);
    return 0;
}

int vn_stat_start(const char *text, uint64_t *ret_ticks, struct vn_err *err)
{
    if (stat_number(text, 22, ret_ticks))
        return 0;
    return VN_FAIL(err, VN_E_FORMAT, .where = "/proc/PID/stat", .got = text, .cause = "no start time in field 22");
}
