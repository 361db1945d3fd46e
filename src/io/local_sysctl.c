/* SPDX-License-Identifier: MIT */
/*
 * What holds from the next boot on: a file of vnuma's own among those that sysctl.d(5) names. A last setting gone takes
 * the file with it.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/files.h"
#include "io/local.h"

static const char heading[] = "# Written by vnuma; 'vnuma undo' takes back what it changed.\n";

/* The next line of @at, without blanks around it; NULL at the end. */
static char *next_line(char **at)
{
    char *line = *at, *end;

    if (!line || !*line)
        return NULL;
    end = strchr(line, '\n');
    *at = end ? end + 1 : NULL;
    if (end)
        *end = '\0';
    while (isspace((unsigned char)*line))
        line++;
    return vn_text_trim(line);
}

/* The value of "name = value" (a '-' before the name lets errors pass); NULL: the line says another thing. */
static const char *value_of(const char *line, const char *name)
{
    size_t len = strlen(name);

    line += *line == '-';
    if (strncmp(line, name, len))
        return NULL;
    line += len;
    line += strspn(line, " \t");
    if (*line != '=')
        return NULL;
    return line + 1 + strspn(line + 1, " \t");
}

static int read_file(const char *root, struct vn_buf *ret, struct vn_err *err)
{
    int r = vn_file_read(root, VN_SYSCTL_FILE, VN_FILE_MAX, ret, err);

    if (r != -VN_E_ABSENT)
        return r;
    ret->len = 0;
    vn_buf_str(ret, "");
    return ret->failed ? vn_nomem(err) : 0;
}

int vn_sysctl_get(const char *root, const char *name, struct vn_buf *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    int r = read_file(root, &text, err);
    char *at = text.ptr, *line;

    ret->len = 0;
    vn_buf_str(ret, "");
    while (r == 0 && (line = next_line(&at))) {
        const char *value = value_of(line, name);

        if (value) { /* of several the last one counts */
            ret->len = 0;
            vn_buf_str(ret, value);
        }
    }
    return r == 0 && ret->failed ? vn_nomem(err) : r;
}

static int remove_file(const char *path, struct vn_err *err)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return 0;
    return VN_FAIL(err, VN_E_ENV, .where = path, .cause = strerror(errno), .fix = "Run vnuma as root.");
}

int vn_sysctl_set(const char *root, const char *name, const char *value, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    VN_AUTO(vn_buf) next = {0};
    char path[PATH_MAX], *at, *line;
    int len = snprintf(path, sizeof path, "%s/%s", root, VN_SYSCTL_FILE), r = read_file(root, &text, err);
    bool any = *value;

    if (r == 0 && (len < 0 || (size_t)len >= sizeof path))
        r = VN_FAIL(err, VN_E_RANGE, .got = root, .cause = "a path that is too long");
    if (r < 0)
        return r;
    if (!text.len)
        vn_buf_str(&next, heading);
    for (at = text.ptr; (line = next_line(&at));)
        if (!value_of(line, name)) {
            any = any || (*line && *line != '#');
            vn_buf_fmt(&next, "%s\n", line);
        }
    if (!any)
        return remove_file(path, err);
    if (*value)
        vn_buf_fmt(&next, "%s = %s\n", name, value);
    return next.failed ? vn_nomem(err) : vn_file_replace(path, 0644, next.ptr, next.len, err);
}
