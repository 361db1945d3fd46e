/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/capture.h"
#include "io/replay.h"

static int file_error(struct vn_err *err, const char *path, const char *what, const char *fix)
{
    char cause[160];

    (void)snprintf(cause, sizeof cause, "%s: %s", what, strerror(errno));
    return VN_FAIL(err, VN_E_ENV, .where = path, .cause = cause, .fix = fix);
}

static int read_whole(int fd, const char *path, struct vn_buf *text, struct vn_err *err)
{
    char chunk[65536];
    ssize_t n;

    for (;;) {
        n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return file_error(err, path, "cannot read the captured host", NULL);
        if (n == 0)
            return text->failed ? vn_nomem(err) : 0;
        if (text->len + (size_t)n > VN_CAPTURE_MAX)
            return VN_FAIL(err, VN_E_FORMAT, .where = path, .cause = "a captured host that is too large",
                           .fix = "Give a file that 'vnuma capture' wrote.");
        vn_buf_add(text, chunk, (size_t)n);
    }
}

int vn_replay_load(const char *path, struct vn_snapshot *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    int r, fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return file_error(err, path, "cannot open the captured host", "Name a file that 'vnuma capture' wrote.");
    r = read_whole(fd, path, &text, err);
    (void)close(fd); /* only read from: nothing is lost */
    if (r < 0)
        return r;
    r = vn_capture_parse(vn_buf_text(&text), text.len, ret, err);
    return r < 0 ? vn_err_ctx(err, r, "%s", path) : 0;
}

static int write_whole(int fd, const char *at, size_t len)
{
    while (len) {
        ssize_t n = write(fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

/* So that the new name itself is on the disk. */
static int sync_directory(const char *dir)
{
    int r, saved, fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return -1;
    r = fsync(fd);
    saved = errno;
    (void)close(fd);
    errno = saved;
    return r;
}

/* The owner stays where this process may see to that; the mode always. */
static int keep_permissions(int fd, const char *path)
{
    struct stat old;

    if (stat(path, &old) < 0)
        return errno == ENOENT ? fchmod(fd, 0600) : -1;
    if (fchown(fd, old.st_uid, old.st_gid) < 0 && errno != EPERM)
        return -1;
    return fchmod(fd, old.st_mode & 07777);
}

static int replace(const char *path, const char *dir, char *temp, const struct vn_buf *text, struct vn_err *err)
{
    static const char fix[] = "See that the directory can be written and has room; the file is as it was.";
    int fd = mkostemp(temp, O_CLOEXEC); /* O_EXCL: never a file of another process */
    bool ok;

    if (fd < 0)
        return file_error(err, temp, "cannot create a file beside the captured host", fix);
    ok = keep_permissions(fd, path) == 0 && write_whole(fd, vn_buf_text(text), text->len) == 0 && fsync(fd) == 0;
    if (close(fd) < 0)
        ok = false;
    if (ok && rename(temp, path) == 0) {
        if (sync_directory(dir) == 0)
            return 0;
        return file_error(err, path, "the captured host is written, but perhaps not yet on the disk", NULL);
    }
    (void)file_error(err, path, "cannot write the captured host", fix);
    (void)unlink(temp); /* what is left of a failure that is reported */
    return -VN_E_ENV;
}

int vn_replay_save(const char *path, const struct vn_snapshot *snapshot, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    VN_AUTO(vn_buf) text = {0};
    char *copy = vn_arena_strdup(&arena, path), *dir, *temp;
    int r = vn_capture_format(snapshot, &text, err);

    if (r < 0)
        return r;
    dir = copy ? dirname(copy) : NULL;
    temp = dir ? vn_arena_printf(&arena, "%s/.vnuma.XXXXXX", dir) : NULL;
    return temp ? replace(path, dir, temp, &text, err) : vn_nomem(err);
}
