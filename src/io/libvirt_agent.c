/* SPDX-License-Identifier: MIT */
/* Into a guest, through its agent. libvirt passes the agent's own commands on, and marks the domain for it. */
#include <libvirt/libvirt-qemu.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec/agent.h"
#include "io/libvirt_priv.h"

enum {
    CHUNK = 48 * 1024, /* an agent hangs in much larger ones */
    ALL_S = 5,         /* for a whole file; a guest may answer as slowly as it likes */
    CLOSE_S = 2,       /* what is open is closed, however late it is */
};

struct agent {
    virDomainPtr domain;
    const char *vm;
    time_t until; /* CLOCK_MONOTONIC, seconds */
};

static time_t now(void)
{
    struct timespec time = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &time); /* cannot fail */
    return time.tv_sec;
}

/* libvirt has no codes for what an agent says; QEMU's words for a command that is switched off or not known. */
static bool lacks_command(const char *message)
{
    return strstr(message, "has been disabled") || strstr(message, "has not been found") ||
           strstr(message, "is not allowed");
}

static int refused(const struct agent *agent, struct vn_err *err)
{
    const virError *last = virGetLastError();
    int number = last ? (int)last->code : VIR_ERR_INTERNAL_ERROR;
    int r = vn_virt_fail(err, "cannot ask the agent of '%s'", agent->vm);

    if (number == VIR_ERR_OPERATION_DENIED)
        return r;
    if (last && last->message && lacks_command(last->message))
        return vn_failf(err, VN_E_REFUSED,
                        "Allow guest-file-open, guest-file-read and guest-file-close in the guest, in the settings of "
                        "qemu-guest-agent.",
                        "the agent of '%s' may not read files", agent->vm);
    return r;
}

/* One command and its reply, which the caller frees. */
static int ask(const struct agent *agent, const struct vn_buf *command, time_t seconds, char **ret, struct vn_err *err)
{
    if (seconds < 1)
        return vn_failf(err, VN_E_REFUSED, "Is the guest busy, or its agent stopped? Try again.",
                        "the agent of '%s' took more than %d s", agent->vm, ALL_S);
    *ret = virDomainQemuAgentCommand(agent->domain, command->ptr, (int)seconds, 0);
    return *ret ? 0 : refused(agent, err);
}

static int open_file(const struct agent *agent, const char *path, int64_t *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) command = {0};
    char *reply = NULL;
    int r = vn_agent_open(path, "r", &command, err);

    if (r == 0)
        r = ask(agent, &command, agent->until - now(), &reply, err);
    if (r == 0)
        r = vn_agent_handle_parse(reply, strlen(reply), ret, err);
    free(reply);
    return r;
}

static int read_chunk(const struct agent *agent, int64_t handle, struct vn_buf *ret, bool *ret_eof, struct vn_err *err)
{
    VN_AUTO(vn_buf) command = {0};
    char *reply = NULL;
    int r = vn_agent_read(handle, CHUNK, &command, err);

    if (r == 0)
        r = ask(agent, &command, agent->until - now(), &reply, err);
    if (r == 0)
        r = vn_agent_bytes_parse(reply, strlen(reply), ret, ret_eof, err);
    free(reply);
    return r;
}

static int close_file(const struct agent *agent, int64_t handle, struct vn_err *err)
{
    VN_AUTO(vn_buf) command = {0};
    char *reply = NULL;
    int r = vn_agent_close(handle, &command, err);

    if (r == 0)
        r = ask(agent, &command, CLOSE_S, &reply, err);
    if (r == 0)
        r = vn_agent_done_parse(reply, strlen(reply), "guest-file-close", err);
    free(reply);
    return r;
}

static int read_all(const struct agent *agent, int64_t handle, size_t max, struct vn_buf *ret, struct vn_err *err)
{
    bool eof = false;
    int r = 0;

    while (r == 0 && !eof && ret->len <= max)
        r = read_chunk(agent, handle, ret, &eof, err);
    if (r == 0 && ret->len > max)
        r = vn_failf(err, VN_E_RANGE, NULL, "the file has more than %zu bytes", max);
    return r;
}

static int read_file(void *self, const char *vm, const char *path, size_t max, struct vn_buf *ret, struct vn_err *err)
{
    struct agent agent = {.vm = vm, .until = now() + ALL_S};
    int64_t handle;
    int r = vn_virt_domain(self, vm, &agent.domain, err), closed;

    ret->len = 0;
    if (r == 0)
        r = open_file(&agent, path, &handle, err);
    if (r == 0) {
        r = read_all(&agent, handle, max, ret, err);
        closed = close_file(&agent, handle, r < 0 ? NULL : err); /* the first error is the one to tell */
        r = r < 0 ? r : closed;
    }
    if (r < 0)
        ret->len = 0;
    return vn_err_ctx(err, r, "cannot read '%s' in the guest '%s'", path, vm);
}

const struct vn_guest_ops vn_virt_guest_ops = {.read_file = read_file};
