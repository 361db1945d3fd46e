/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "codec/qmp.h"
#include "io/qemu_priv.h"

/* A short talk with QEMU's monitor. Source: QEMU QMP protocol specification. */

enum { GREETING_MS = 1000, ALL_MS = 3000, LINE_MAX_BYTES = 8 << 20 };

struct talk {
    int fd;
    const char *path;
    int64_t deadline_ms;
    struct vn_buf in;   /* received and not yet taken */
    struct vn_buf line; /* the last one taken */
    struct vn_err *err;
};

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int fail(struct talk *talk, int code, const char *cause)
{
    return VN_FAIL(talk->err, code, .where = talk->path, .cause = cause);
}

static int busy(struct talk *talk)
{
    return fail(talk, VN_E_BUSY, "the QMP socket does not answer: it serves one client, and another one has it, or "
                                 "QEMU is stuck");
}

/* ---- the socket ---- */

/* By a descriptor of its file: the path is the process's own, and may be longer than an address holds. */
static int file_of(int pid, const char *path)
{
    char full[PATH_MAX];
    int len = snprintf(full, sizeof full, "/proc/%d/%s/%s", pid, *path == '/' ? "root" : "cwd", path);

    if (len < 0 || (size_t)len >= sizeof full) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(full, O_PATH | O_CLOEXEC);
}

static int connect_to(int file)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), number;

    (void)snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", file);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    number = errno;
    (void)close(fd);
    errno = number;
    return -1;
}

static int open_talk(struct talk *talk, int pid)
{
    int file = file_of(pid, talk->path), number;

    talk->fd = file < 0 ? -1 : connect_to(file);
    number = errno;
    if (file >= 0)
        (void)close(file);
    if (talk->fd >= 0)
        return 0;
    if (number == EAGAIN) /* others wait for it already */
        return busy(talk);
    return fail(talk, number == EACCES || number == EPERM ? VN_E_ENV : VN_E_ABSENT, strerror(number));
}

/* ---- lines ---- */

static int wait_for(struct talk *talk, short events)
{
    struct pollfd at = {.fd = talk->fd, .events = events};
    int64_t left = talk->deadline_ms - now_ms();
    int r = left > 0 ? poll(&at, 1, (int)left) : 0;

    if (r < 0 && errno != EINTR)
        return fail(talk, VN_E_IO, strerror(errno));
    return r == 0 ? busy(talk) : 0;
}

static int receive(struct talk *talk)
{
    char chunk[16384];
    int r = wait_for(talk, POLLIN);
    ssize_t n;

    if (r < 0)
        return r;
    n = recv(talk->fd, chunk, sizeof chunk, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n < 0)
        return fail(talk, VN_E_IO, strerror(errno));
    if (n == 0)
        return fail(talk, VN_E_BUSY, "QEMU closed the connection");
    if (talk->in.len + (size_t)n > LINE_MAX_BYTES)
        return fail(talk, VN_E_FORMAT, "a line of more than 8 MiB");
    vn_buf_add(&talk->in, chunk, (size_t)n);
    return talk->in.failed ? vn_nomem(talk->err) : 0;
}

static int take_line(struct talk *talk)
{
    char *end;
    size_t len;
    int r = 0;

    while (r == 0 && !(talk->in.len && memchr(talk->in.ptr, '\n', talk->in.len)))
        r = receive(talk);
    if (r < 0)
        return r;
    end = memchr(talk->in.ptr, '\n', talk->in.len);
    len = (size_t)(end - talk->in.ptr);
    talk->line.len = 0;
    vn_buf_add(&talk->line, talk->in.ptr, len);
    talk->in.len -= len + 1;
    memmove(talk->in.ptr, end + 1, talk->in.len);
    return talk->line.failed ? vn_nomem(talk->err) : 0;
}

/* The next line of that kind; events come at any time. */
static int take(struct talk *talk, enum vn_qmp_kind wanted)
{
    for (;;) {
        enum vn_qmp_kind kind;
        int r = take_line(talk);

        if (r < 0)
            return r;
        kind = vn_qmp_kind_of(talk->line.ptr, talk->line.len);
        if (kind == wanted)
            return 0;
        if (kind != VN_QMP_EVENT)
            return fail(talk, VN_E_FORMAT, "what answers there is not QMP");
    }
}

/* A command is far shorter than what a socket takes at once. */
static int ask(struct talk *talk, const char *command)
{
    char text[96];
    int len = snprintf(text, sizeof text, "{\"execute\":\"%s\"}\n", command), r = wait_for(talk, POLLOUT);

    if (r == 0 && send(talk->fd, text, (size_t)len, MSG_NOSIGNAL) != len)
        r = fail(talk, VN_E_IO, "the command could not be sent");
    return r < 0 ? r : take(talk, VN_QMP_REPLY);
}

static int converse(struct talk *talk, struct vn_arena *arena, struct vn_qemu_answer *ret)
{
    int64_t began = now_ms();
    int r;

    talk->deadline_ms = began + GREETING_MS;
    r = take(talk, VN_QMP_GREETING);
    talk->deadline_ms = began + ALL_MS;
    if (r == 0)
        r = ask(talk, "qmp_capabilities");
    if (r == 0)
        r = ask(talk, "query-status");
    if (r == 0)
        r = vn_qmp_running_parse(talk->line.ptr, talk->line.len, &ret->running, talk->err);
    if (r == 0)
        r = ask(talk, "query-cpus-fast");
    if (r == 0)
        r = vn_qmp_cpus_parse(talk->line.ptr, talk->line.len, arena, &ret->cpus, &ret->n_cpus, talk->err);
    if (r == 0)
        r = ask(talk, "query-iothreads");
    if (r == 0)
        r = vn_qmp_iothreads_parse(talk->line.ptr, talk->line.len, arena, &ret->iothreads, &ret->n_iothreads,
                                   talk->err);
    return r;
}

int vn_qemu_ask(int pid, const char *path, struct vn_arena *arena, struct vn_qemu_answer *ret, struct vn_err *err)
{
    struct talk talk = {.fd = -1, .path = path, .err = err};
    int r = open_talk(&talk, pid);

    *ret = (struct vn_qemu_answer){0};
    if (r == 0)
        r = converse(&talk, arena, ret);
    if (talk.fd >= 0)
        (void)close(talk.fd);
    vn_buf_drop(&talk.in);
    vn_buf_drop(&talk.line);
    return r;
}
