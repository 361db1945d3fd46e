/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "io/lockfile.h"

enum { POLL_MS = 20 };

/* A URI may hold anything; its FNV-1a hash makes a file name. A collision only makes two hosts take turns. */
static uint64_t hash(const char *text)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return h;
}

static int busy(int fd, const char *path, struct vn_err *err)
{
    char text[32];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    size_t digits;

    text[n > 0 ? n : 0] = '\0';
    digits = strspn(text, "0123456789");
    text[digits] = '\0';
    (void)vn_failf(err, VN_E_BUSY,
                   "Wait until it ends, or look at it with 'ps'; the lock goes with the process. Nothing was changed.",
                   "another vnuma, process %s, is changing this host", digits ? text : "(not known)");
    if (err)
        (void)snprintf(err->where, sizeof err->where, "%.*s", (int)sizeof err->where - 1, path);
    return -VN_E_BUSY;
}

static int64_t now_ms(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int fail_io(const char *path, const char *doing, struct vn_err *err)
{
    int why = errno;

    (void)vn_failf(err, VN_E_ENV, "Run vnuma as root, or give a directory that can be written with --state DIR.",
                   "cannot %s the lock file: %s", doing, strerror(why));
    if (err)
        (void)snprintf(err->where, sizeof err->where, "%.*s", (int)sizeof err->where - 1, path);
    return -VN_E_ENV;
}

static int wait_for(int fd, const char *path, unsigned wait_ms, struct vn_err *err)
{
    int64_t until = now_ms() + wait_ms;

    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};

        if (errno == EINTR)
            continue;
        if (errno != EWOULDBLOCK)
            return fail_io(path, "take", err);
        if (now_ms() >= until)
            return busy(fd, path, err);
        (void)nanosleep(&pause, NULL);
    }
    return 0;
}

static int sign(int fd, const char *path, const char *uri, struct vn_err *err)
{
    char text[320];
    int n = snprintf(text, sizeof text, "%ld\n%.255s\n", (long)getpid(), uri);

    if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) != n)
        return fail_io(path, "write to", err);
    return 0;
}

int vn_lockfile_take(struct vn_lockfile *lock, const char *dir, const char *uri, unsigned wait_ms, struct vn_err *err)
{
    char path[4096];
    int fd, r;

    if (lock->held)
        return VN_FAIL(err, VN_E_BUSY, .got = uri, .cause = "this vnuma holds the lock already",
                       .fix = "End what it is doing first.");
    if (!dir) {
        lock->held = true;
        return 0;
    }
    r = snprintf(path, sizeof path, "%s/lock-%016llx", dir, (unsigned long long)hash(uri));
    if (r < 0 || (size_t)r >= sizeof path)
        return VN_FAIL(err, VN_E_USAGE, .got = dir, .cause = "the name of the journal's directory is too long",
                       .fix = "Give a shorter one with --state DIR.");
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail_io(path, "make", err);
    r = wait_for(fd, path, wait_ms, err);
    if (r == 0)
        r = sign(fd, path, uri, err);
    if (r < 0) {
        (void)close(fd);
        return r;
    }
    *lock = (struct vn_lockfile){.fd = fd, .held = true};
    return 0;
}

void vn_lockfile_give(struct vn_lockfile *lock)
{
    /* the file stays: removing it would let a waiter lock a file that nobody else finds */
    if (lock->fd >= 0)
        (void)close(lock->fd);
    *lock = (struct vn_lockfile){.fd = -1};
}
