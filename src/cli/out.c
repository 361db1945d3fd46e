/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vnuma/buf.h>

#include "cli/cli.h"

int cli_show(const struct cli *cli, const struct vn_doc *doc, struct vn_err *err)
{
    return cli->json ? vn_view_json(doc, stdout, err) : vn_view_text(doc, stdout, &cli->view, err);
}

void cli_note(const struct cli *cli, const char *fmt, ...)
{
    va_list args;

    if (cli->quiet)
        return;
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

void cli_complain(const struct vn_err *err)
{
    char text[2048];

    (void)vn_err_text(err, text, sizeof text);
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = ' ';
    (void)fprintf(stderr, "vnuma: %s\n", text);
}

int cli_exit_of(const struct cli *cli, int r)
{
    switch ((enum vn_code)-r) {
    case VN_OK:
        return CLI_OK;
    case VN_E_SYNTAX:
    case VN_E_RANGE:
    case VN_E_USAGE:
    case VN_E_ABSENT:
        return CLI_USAGE;
    case VN_E_FORMAT:
        return cli->given ? CLI_USAGE : CLI_ENVIRONMENT;
    case VN_E_NOMEM:
    case VN_E_ENV:
    case VN_E_IO:
        return CLI_ENVIRONMENT;
    case VN_E_REFUSED:
    case VN_E_STALE:
    case VN_E_BUSY:
        return CLI_REFUSED;
    case VN_E_UNDONE:
        return CLI_UNDONE;
    case VN_E_PARTIAL:
        return CLI_PARTIAL;
    }
    return CLI_ENVIRONMENT;
}

static int file_error(struct vn_err *err, const char *path, const char *what, const char *fix)
{
    int r = vn_failf(err, VN_E_IO, fix, "cannot %s: %s", what, strerror(errno));

    if (err)
        (void)snprintf(err->got, sizeof err->got, "%s", path);
    return r;
}

int cli_read_file(const char *path, size_t max, struct vn_buf *ret, struct vn_err *err)
{
    FILE *in = strcmp(path, "-") ? fopen(path, "re") : stdin;
    char part[65536];
    size_t n;
    int bad;

    if (!in && errno == ENOENT)
        return VN_FAIL(err, VN_E_ABSENT, .cause = "no such file", .got = path);
    if (!in)
        return file_error(err, path, "open the file", "Look at its permissions.");
    while ((n = fread(part, 1, sizeof part, in)) > 0 && ret->len <= max)
        vn_buf_add(ret, part, n);
    bad = ferror(in);
    if (bad)
        (void)file_error(err, path, "read the file", "Give an ordinary file.");
    if (in != stdin)
        (void)fclose(in);
    if (bad)
        return -VN_E_IO;
    if (ret->failed)
        return vn_nomem(err);
    if (ret->len > max)
        return VN_FAIL(err, VN_E_RANGE, .cause = "the file is too large", .got = path);
    return 0;
}

static int write_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(fd, bytes, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

/* A device or a pipe is written to as it is; only an ordinary file can be replaced. */
static bool replaceable(const char *path)
{
    struct stat st;

    return lstat(path, &st) < 0 || S_ISREG(st.st_mode);
}

static int write_direct(const char *path, const char *bytes, size_t len, struct vn_err *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC | O_CREAT, 0666);
    int r = 0;

    if (fd < 0)
        return file_error(err, path, "open the file", "Look at its permissions.");
    if (write_all(fd, bytes, len) < 0)
        r = file_error(err, path, "write the file", "Its disk may be full.");
    if (close(fd) < 0 && r == 0)
        r = file_error(err, path, "write the file", "Its disk may be full.");
    return r;
}

int cli_write_file(const char *path, const char *bytes, size_t len, struct vn_err *err)
{
    char temporary[4096];
    mode_t mask;
    int fd, r = 0;

    if (!strcmp(path, "-"))
        return vn_view_bytes(bytes, len, stdout, err);
    if (!replaceable(path))
        return write_direct(path, bytes, len, err);
    if ((size_t)snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= sizeof temporary)
        return VN_FAIL(err, VN_E_USAGE, .cause = "a file name that is too long", .got = path);
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return file_error(err, path, "make the file", "Its folder must exist and be writable.");
    mask = umask(0);
    (void)umask(mask);
    if (write_all(fd, bytes, len) < 0 || fchmod(fd, 0666 & ~mask) < 0 || fsync(fd) < 0)
        r = file_error(err, path, "write the file", "Its disk may be full.");
    if (close(fd) < 0 && r == 0)
        r = file_error(err, path, "write the file", "Its disk may be full.");
    if (r == 0 && rename(temporary, path) < 0)
        r = file_error(err, path, "put the file in place", "Look at the permissions of its folder.");
    if (r < 0)
        (void)unlink(temporary);
    return r;
}
