/* SPDX-License-Identifier: MIT */
/* A file that is there whole, the old or the new, whatever happens. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/files.h"

static int file_error(struct vn_err *err, const char *path, const char *what, const char *fix)
{
    char cause[160];

    (void)snprintf(cause, sizeof cause, "%s: %s", what, strerror(errno));
    return VN_FAIL(err, VN_E_ENV, .where = path, .cause = cause, .fix = fix);
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
static int keep_permissions(int fd, const char *path, unsigned mode)
{
    struct stat old;

    if (stat(path, &old) < 0)
        return errno == ENOENT ? fchmod(fd, (mode_t)mode) : -1;
    if (fchown(fd, old.st_uid, old.st_gid) < 0 && errno != EPERM)
        return -1;
    return fchmod(fd, old.st_mode & 07777);
}

static int replace(const char *path, const char *dir, char *temp, unsigned mode, const char *bytes, size_t len,
                   struct vn_err *err)
{
    static const char fix[] = "See that the directory can be written and has room; the file is as it was.";
    int fd = mkostemp(temp, O_CLOEXEC); /* O_EXCL: never a file of another process */
    bool ok;

    if (fd < 0)
        return file_error(err, temp, "cannot create a file beside the old one", fix);
    ok = keep_permissions(fd, path, mode) == 0 && write_whole(fd, bytes, len) == 0 && fsync(fd) == 0;
    if (close(fd) < 0)
        ok = false;
    if (ok && rename(temp, path) == 0) {
        if (sync_directory(dir) == 0)
            return 0;
        return file_error(err, path, "the file is written, but perhaps not yet on the disk", NULL);
    }
    (void)file_error(err, path, "cannot write the file", fix);
    (void)unlink(temp); /* what is left of a failure that is reported */
    return -VN_E_ENV;
}

int vn_file_replace(const char *path, unsigned mode, const char *bytes, size_t len, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    char *copy = vn_arena_strdup(&arena, path), *dir = copy ? dirname(copy) : NULL;
    char *temp = dir ? vn_arena_printf(&arena, "%s/.vnuma.XXXXXX", dir) : NULL;

    return temp ? replace(path, dir, temp, mode, bytes, len, err) : vn_nomem(err);
}
