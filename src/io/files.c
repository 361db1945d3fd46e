/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vnuma/units.h>

#include "io/files.h"

/* ESRCH: the process ended between the opening of its file and the reading. */
static int code_of(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
    case ESRCH:
    case ENODEV:
        return VN_E_ABSENT;
    case EACCES:
    case EPERM:
        return VN_E_ENV;
    case ENOMEM:
        return VN_E_NOMEM;
    default:
        return VN_E_IO;
    }
}

static int fail_at(struct vn_err *err, int number, const char *path)
{
    int code = code_of(number);

    return VN_FAIL(err, code, .where = path, .cause = strerror(number),
                   .fix = code == VN_E_ENV ? "Run vnuma as root." : NULL);
}

static int path_of(char *out, size_t size, const char *root, const char *rel, struct vn_err *err)
{
    int len = snprintf(out, size, "%s/%s", root, rel);

    if (len < 0 || (size_t)len >= size)
        return VN_FAIL(err, VN_E_RANGE, .got = rel, .cause = "a path that is too long");
    return 0;
}

/* Kernel files tell no size: read until the end. */
static int drain(int fd, const char *path, size_t max, bool one_piece, struct vn_buf *ret, struct vn_err *err)
{
    char chunk[16384];

    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_at(err, errno, path);
        if (n == 0)
            break;
        if (ret->len + (size_t)n > max)
            return vn_failf(err, VN_E_FORMAT, NULL, "'%s' is larger than %zu bytes", path, max);
        vn_buf_add(ret, chunk, (size_t)n);
        if (one_piece && (size_t)n < sizeof chunk)
            break;
    }
    vn_buf_str(ret, "");
    return ret->failed ? vn_nomem(err) : 0;
}

static int read_file(const char *root, const char *rel, size_t max, bool one_piece, struct vn_buf *ret_text,
                     struct vn_err *err)
{
    char path[PATH_MAX];
    int fd, r = path_of(path, sizeof path, root, rel, err);

    if (r < 0)
        return r;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return fail_at(err, errno, path);
    ret_text->len = 0;
    r = drain(fd, path, max, one_piece, ret_text, err);
    (void)close(fd);
    return r;
}

int vn_file_put(const char *root, const char *rel, const char *text, struct vn_err *err)
{
    char path[PATH_MAX];
    int fd, r = path_of(path, sizeof path, root, rel, err);
    ssize_t n;

    if (r < 0)
        return r;
    fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return fail_at(err, errno, path);
    do
        n = write(fd, text, strlen(text));
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EINVAL || errno == ERANGE || errno == EBUSY))
        r = VN_FAIL(err, VN_E_REFUSED, .where = path, .got = text, .cause = "the kernel does not take the value");
    else if (n < 0)
        r = fail_at(err, errno, path);
    if (close(fd) < 0 && r == 0)
        r = fail_at(err, errno, path);
    return r;
}

int vn_file_read(const char *root, const char *rel, size_t max, struct vn_buf *ret_text, struct vn_err *err)
{
    return read_file(root, rel, max, false, ret_text, err);
}

static int VN_PRINTF(3, 0) format_path(char *out, size_t size, const char *fmt, va_list args, struct vn_err *err)
{
    int len = vsnprintf(out, size, fmt, args);

    if (len < 0 || (size_t)len >= size)
        return VN_FAIL(err, VN_E_RANGE, .cause = "a path that is too long");
    return 0;
}

int vn_file_glance(struct vn_buf *ret_text, struct vn_err *err, const char *fmt, ...)
{
    char rel[PATH_MAX];
    va_list args;
    int r;

    va_start(args, fmt);
    r = format_path(rel, sizeof rel, fmt, args, err);
    va_end(args);
    return r < 0 ? r : read_file("", rel, VN_FILE_MAX, true, ret_text, err);
}

int vn_file_readf(const char *root, struct vn_buf *ret_text, struct vn_err *err, const char *fmt, ...)
{
    char rel[PATH_MAX];
    va_list args;
    int r;

    va_start(args, fmt);
    r = format_path(rel, sizeof rel, fmt, args, err);
    va_end(args);
    return r < 0 ? r : vn_file_read(root, rel, VN_FILE_MAX, ret_text, err);
}

static int by_number(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

    return (x > y) - (x < y);
}

static bool number_between(const char *name, const char *prefix, const char *suffix, unsigned *ret)
{
    size_t skip = strlen(prefix), digits;
    char number[16];
    uint64_t value;

    if (strncmp(name, prefix, skip))
        return false;
    digits = strspn(name + skip, "0123456789");
    if (!digits || digits >= sizeof number || strcmp(name + skip + digits, suffix))
        return false;
    memcpy(number, name + skip, digits);
    number[digits] = '\0';
    if (vn_uint_parse(number, UINT_MAX, &value, NULL) < 0)
        return false;
    *ret = (unsigned)value;
    return true;
}

static int collect(DIR *dir, const char *prefix, const char *suffix, struct vn_arena *arena, unsigned **ret,
                   size_t *ret_count, struct vn_err *err)
{
    const struct dirent *entry;
    unsigned *items = NULL;
    size_t count = 0;

    while ((entry = readdir(dir))) {
        unsigned number, *item;

        if (!number_between(entry->d_name, prefix, suffix, &number))
            continue;
        item = vn_arena_grow(arena, &items, &count, sizeof *item);
        if (!item)
            return vn_nomem(err);
        *item = number;
    }
    if (count)
        qsort(items, count, sizeof *items, by_number);
    *ret = items;
    *ret_count = count;
    return 0;
}

int vn_dir_numbers(const char *root, const char *rel, const char *prefix, const char *suffix, struct vn_arena *arena,
                   unsigned **ret, size_t *ret_count, struct vn_err *err)
{
    char path[PATH_MAX];
    int r = path_of(path, sizeof path, root, rel, err);
    DIR *dir;

    if (r < 0)
        return r;
    dir = opendir(path);
    if (!dir)
        return fail_at(err, errno, path);
    r = collect(dir, prefix, suffix, arena, ret, ret_count, err);
    (void)closedir(dir);
    return r;
}

char *vn_text_trim(char *text)
{
    size_t len;

    text += strspn(text, " \t\r\n");
    len = strlen(text);
    while (len && strchr(" \t\r\n", text[len - 1]))
        text[--len] = '\0';
    return text;
}
