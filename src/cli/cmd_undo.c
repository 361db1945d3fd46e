/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <vnuma/units.h>

#include "cli/request.h"
#include "cli/session.h"
#include "cli/show_applied.h"

#define WAIT_MS 10000u

static int run(struct cli_session *session, struct cli *cli, int64_t id, const struct vn_apply_opts *opts,
               struct vn_err *err)
{
    VN_AUTO(vn_applied) applied = {0};
    int r = vn_app_undo(&session->app, id, opts, &applied, err);

    cli_progress_clear(&session->bar);
    cli_say_recovered(cli, &applied.recovered);
    if (r == -VN_E_PARTIAL)
        cli_say_left(&applied);
    return r < 0 ? r : cli_show_applied(cli, &applied, true, &session->hv, NULL, err);
}

int cmd_undo(struct cli *cli, struct vn_err *err)
{
    struct cli_session session;
    struct vn_apply_opts opts = {.live = true, .config = true};
    uint64_t id = 0;
    int r;

    if (cli->n_names) {
        r = vn_uint_parse(cli->names[0], INT64_MAX, &id, err);
        if (r == 0 && !id)
            r = VN_FAIL(err, VN_E_USAGE, .cause = "applies are counted from 1", .got = cli->names[0]);
        if (r < 0)
            return vn_err_ctx(err, r, "undo takes a number of 'vnuma history'");
    }
    opts.move_memory = cli_has(cli, "memory");
    opts.force = cli_has(cli, "force");
    opts.dry_run = cli_has(cli, "dry-run");
    r = cli_wait_ms(cli, WAIT_MS, &opts.lock_wait_ms, err);
    if (r == 0)
        r = cli_session_open(cli, CLI_WITH_STORE, &session, err);
    if (r < 0)
        return r;
    if (session.hv.forgets && !strncmp(session.hv.uri, "replay:", 7))
        r = VN_FAIL(err, VN_E_USAGE, .cause = "a replayed host remembers an apply in its file only",
                    .got = session.hv.uri, .fix = "Add --write.");
    else
        r = run(&session, cli, (int64_t)id, &opts, err);
    cli_session_drop(&session);
    return r;
}
