/* SPDX-License-Identifier: MIT */
#include "cli/session.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/doors.h"

#define STATE_DIR "/var/lib/vnuma"

/* A name that was mistyped is a matter of the command line, and not of the machine. */
static int must_exist(const char *path, struct vn_err *err)
{
    if (access(path, F_OK) < 0 && errno == ENOENT)
        return VN_FAIL(err, VN_E_ABSENT, .cause = "no such file", .got = path);
    return 0;
}

static int open_door(struct cli *cli, struct vn_hypervisor *ret, struct vn_err *err)
{
    const char *uri = cli->uri ? cli->uri : getenv("LIBVIRT_DEFAULT_URI");
    int r;

    if (cli_has(cli, "write") && (cli->sysroot || !uri || strncmp(uri, "replay:", 7)))
        return VN_FAIL(err, VN_E_USAGE, .cause = "--write is for replay:FILE", .got = uri ? uri : "libvirt",
                       .fix = "Changes to a real host are kept anyway, those to demo: never.");
    if (cli->sysroot)
        return vn_sysroot_open(cli->sysroot, ret, err);
    if (uri && !*uri)
        uri = NULL;
    if (uri && !strcmp(uri, "demo:"))
        return vn_demo_open(ret, err);
    if (uri && !strncmp(uri, "qemu-proc:", 10))
        return vn_qemu_open(uri, ret, err);
    if (uri && !strncmp(uri, "replay:", 7)) {
        if (!uri[7])
            return VN_FAIL(err, VN_E_USAGE, .cause = "replay: needs a file", .got = uri,
                           .fix = "Make one with 'vnuma capture FILE'.");
        r = must_exist(uri + 7, err);
        if (r < 0)
            return r;
        cli->given = true;
        r = vn_replay_open(uri + 7, cli_has(cli, "write"), ret, err);
        if (r == 0)
            cli->given = false;
        return r;
    }
    return vn_libvirt_open(uri, ret, err);
}

static int read_policy(struct cli *cli, struct vn_policy *ret, struct vn_err *err)
{
    int r;

    if (cli->config && (r = must_exist(cli->config, err)) < 0)
        return r;
    cli->given = cli->config != NULL;
    r = vn_config_read(cli->config, ret, err);
    if (r == 0)
        cli->given = false;
    return r;
}

/* What a host that forgets was changed to is nobody's way back. */
static int open_store(struct cli *cli, unsigned flags, const struct vn_hypervisor *hv, struct vn_store *ret,
                      struct vn_err *err)
{
    const char *dir = cli->state ? cli->state : STATE_DIR;
    bool written = (flags & CLI_WITH_HISTORY) && !strncmp(hv->uri, "replay:", 7);

    return vn_sqlite_open(hv->forgets && !written ? NULL : dir, ret, err);
}

/* Is there a journal? Looking makes none. */
static bool has_journal(const struct cli *cli)
{
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/journal.db", cli->state ? cli->state : STATE_DIR);

    return len > 0 && (size_t)len < sizeof path && access(path, R_OK | W_OK) == 0;
}

static bool wants_store(const struct cli *cli, unsigned flags, const struct vn_hypervisor *hv)
{
    return flags & ~(unsigned)CLI_WITH_PINS || (flags && hv->ops->keep && has_journal(cli));
}

/* For tests: die, or stop, at a point of an apply. */
static void at_point(void *self, const char *point)
{
    const char *kill_at = getenv("VNUMA_TEST_KILL_AT"), *stop_at = getenv("VNUMA_TEST_STOP_AT");

    (void)self;
    if (kill_at && !strcmp(kill_at, point))
        (void)raise(SIGKILL);
    if (stop_at && !strcmp(stop_at, point))
        (void)raise(SIGSTOP);
}

int cli_session_open(struct cli *cli, unsigned flags, struct cli_session *ret, struct vn_err *err)
{
    int r;

    memset(ret, 0, sizeof *ret);
    ret->cli = cli;
    r = read_policy(cli, &ret->policy, err);
    if (r < 0)
        return r;
    r = open_door(cli, &ret->hv, err);
    if (r == 0 && wants_store(cli, flags, &ret->hv))
        r = open_store(cli, flags, &ret->hv, &ret->store, err);
    if (r < 0) {
        cli_session_drop(ret);
        return r;
    }
    if (cli->err_tty && !cli->quiet)
        ret->progress = cli_progress_port(&ret->bar);
    ret->app = (struct vn_app){
        .hv = &ret->hv,
        .store = ret->store.ops ? &ret->store : NULL,
        .policy = &ret->policy,
        .progress = ret->progress.update ? &ret->progress : NULL,
        .clock = vn_system_clock(),
        .at = at_point,
    };
    return 0;
}

void cli_session_drop(struct cli_session *session)
{
    cli_progress_clear(&session->bar);
    vn_store_drop(&session->store);
    vn_hypervisor_drop(&session->hv);
    vn_policy_drop(&session->policy);
}

int cli_nearest_vm(struct cli_session *session, const char *const *names, size_t n_names, int r, struct vn_err *err)
{
    VN_AUTO(vn_snapshot) all = {0};
    VN_AUTO(vn_arena) arena = {0};
    const char **known, *missing = NULL, *nearest;

    if (r != -VN_E_ABSENT || !err || vn_app_observe(&session->app, NULL, 0, &all, NULL) < 0)
        return r;
    for (size_t i = 0; i < n_names && !missing; i++)
        if (!vn_snapshot_vm(&all, names[i]))
            missing = names[i];
    known = vn_arena_array(&arena, all.n_vms, sizeof *known);
    if (!missing || !known)
        return r;
    for (size_t i = 0; i < all.n_vms; i++)
        known[i] = all.vms[i].name;
    nearest = cli_nearest(missing, known, all.n_vms);
    (void)VN_FAIL(err, VN_E_ABSENT, .cause = "no such VM", .got = missing,
                  .fix = all.n_vms ? "'vnuma vm' lists those that are there." : "This host has none.");
    if (nearest)
        (void)snprintf(err->fix, sizeof err->fix, "Did you mean '%.200s'? 'vnuma vm' lists all of them.", nearest);
    return r;
}

int cli_observe(struct cli_session *session, const char *const *names, size_t n_names, struct vn_snapshot *ret,
                struct vn_err *err)
{
    int r = vn_app_observe(&session->app, names, n_names, ret, err);

    cli_progress_clear(&session->bar);
    return r < 0 ? cli_nearest_vm(session, names, n_names, r, err) : 0;
}

void cli_say_recovered(const struct cli *cli, const struct vn_recovered *recovered)
{
    for (size_t i = 0; i < recovered->n_entries; i++) {
        const struct vn_journal_entry *entry = &recovered->entries[i];

        cli_note(cli, "vnuma: '%s' (number %" PRId64 ") was interrupted; it is %s now%s%s", entry->what, entry->id,
                 vn_apply_state_name(entry->state), entry->note && *entry->note ? ": " : "",
                 entry->note ? entry->note : "");
    }
}
