/* SPDX-License-Identifier: MIT */
#include "io/qemu_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 10000, REPLY_MAX = 8 << 20 };

static const char question[] = "{\"execute\": \"qmp_capabilities\"}\n{\"execute\": \"query-cpu-definitions\"}\n"
                               "{\"execute\": \"quit\"}\n";

/* The monitor is QEMU's standard input and output; what it has to complain of is told by its silence. */
static int start(const char *emulator, const char *accel, int end, pid_t *ret_pid)
{
    char machine[32], program[] = "qemu", s[] = "-S", user[] = "-no-user-config", nodefaults[] = "-nodefaults",
         display[] = "-display", none[] = "none", machine_opt[] = "-machine", qmp[] = "-qmp", stdio[] = "stdio";
    char *const argv[] = {program, s,       user,        nodefaults, display,
                          none,    machine_opt, machine, qmp,        stdio, NULL};
    char *const env[] = {NULL};
    posix_spawn_file_actions_t files;
    int r = posix_spawn_file_actions_init(&files);

    if (r)
        return r;
    (void)snprintf(machine, sizeof machine, "none,accel=%s", accel);
    if ((r = posix_spawn_file_actions_adddup2(&files, end, STDIN_FILENO)) == 0 &&
        (r = posix_spawn_file_actions_adddup2(&files, end, STDOUT_FILENO)) == 0 &&
        (r = posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0)) == 0)
        r = posix_spawn(ret_pid, emulator, &files, NULL, argv, env);
    (void)posix_spawn_file_actions_destroy(&files);
    return r;
}

static long long now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Everything until it closes its end, which is what 'quit' makes it do. */
static int listen_to(int fd, struct vn_buf *ret, struct vn_err *err)
{
    long long until = now_ms() + WAIT_MS, left;
    char bytes[16384];

    while ((left = until - now_ms()) > 0) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        ssize_t n;

        if (poll(&ready, 1, (int)left) <= 0)
            continue;
        n = read(fd, bytes, sizeof bytes);
        if (n == 0 || (n < 0 && errno != EINTR))
            return 0;
        if (n > 0)
            vn_buf_add(ret, bytes, (size_t)n);
        if (ret->len > REPLY_MAX)
            break;
    }
    return VN_FAIL(err, VN_E_IO, .cause = "it does not come to an end of what its monitor says");
}

static int ask(int fd, struct vn_buf *ret, struct vn_err *err)
{
    int r = 0;

    ret->len = 0;
    /* shorter than any socket's buffer: it is taken whole */
    if (send(fd, question, strlen(question), MSG_NOSIGNAL) == (ssize_t)strlen(question))
        r = listen_to(fd, ret, err);
    if (r == 0 && ret->failed)
        r = vn_nomem(err);
    if (r == 0 && !ret->len)
        r = VN_FAIL(err, VN_E_IO, .cause = "it ended without a word",
                    .fix = "For KVM, /dev/kvm must be there and open to who runs vnuma.");
    return r;
}

static void end_it(pid_t pid)
{
    (void)kill(pid, SIGKILL); /* by its id; it has nothing to lose */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

int vn_qemu_ask_models(const char *emulator, const char *accel, struct vn_buf *ret_text, struct vn_err *err)
{
    int ends[2], r;
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return vn_failf(err, VN_E_ENV, NULL, "cannot make a socket: %s", strerror(errno));
    r = start(emulator, accel, ends[1], &pid);
    (void)close(ends[1]);
    if (r) {
        (void)close(ends[0]);
        return vn_failf(err, VN_E_ENV, "Is it installed, and may it be run?", "cannot start '%s': %s", emulator,
                        strerror(r));
    }
    r = ask(ends[0], ret_text, err);
    (void)close(ends[0]);
    end_it(pid);
    return r < 0 ? vn_err_ctx(err, r, "cannot ask '%s' for its CPU models", emulator) : 0;
}
