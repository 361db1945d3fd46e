/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <vnuma/units.h>

#include "cli/carry.h"
#include "cli/request.h"
#include "cli/session.h"
#include "codec/planjson.h"

static bool is_file(const char *name)
{
    size_t len = strlen(name);

    return strchr(name, '/') || (len > 5 && !strcmp(name + len - 5, ".json"));
}

/* What a saved plan leaves open is decided; options that would plan otherwise make no sense. */
static int read_plan(struct cli *cli, struct vn_plan *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    int r;

    if (cli->n_names > 1)
        return VN_FAIL(err, VN_E_USAGE, .cause = "a saved plan is applied alone", .got = cli->names[1],
                       .fix = "Apply the others afterwards.");
    for (size_t i = 0; i < cli->n_values; i++)
        if ((cli->values[i].option->flags & CLI_OPT_VM) || !strcmp(cli->values[i].option->name, "all"))
            return VN_FAIL(err, VN_E_USAGE, .cause = "a saved plan is carried out as it is",
                           .got = cli->values[i].option->name, .fix = "Give that option to 'vnuma plan -o FILE'.");
    cli->given = true;
    r = cli_read_file(cli->names[0], VN_JSON_MAX, &text, err);
    if (r == 0)
        r = vn_err_ctx(err, vn_plan_parse(vn_buf_text(&text), text.len, ret, err), "%s", cli->names[0]);
    if (r == 0)
        cli->given = false;
    return r;
}

static int make_plan(struct cli_session *session, struct cli *cli, const struct cli_request *request,
                     struct vn_problem *ret_problem, struct vn_plan *ret_plan, struct vn_err *err)
{
    VN_AUTO(vn_snapshot) snapshot = {0};
    bool all = request->query.all;
    int r = cli_observe(session, all ? NULL : cli->names, all ? 0 : cli->n_names, &snapshot, err);

    if (r < 0)
        return r;
    r = vn_app_plan(&session->app, &snapshot, &request->query, &request->opts, ret_problem, ret_plan, err);
    return cli_nearest_vm(session, cli->names, cli->n_names, r, err);
}

static int run(struct cli_session *session, struct cli *cli, bool file, struct vn_err *err)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct cli_request request = {0};
    int r = cli_request_read(cli, &session->policy, &request, err);

    if (r == 0)
        r = cli_wait_ms(cli, CLI_WAIT_MS, &request.opts.lock_wait_ms, err);
    if (r == 0)
        r = file ? read_plan(cli, &plan, err) : make_plan(session, cli, &request, &problem, &plan, err);
    return r < 0 ? r : cli_carry_out(session, cli, &plan, &request.opts, err);
}

int cmd_apply(struct cli *cli, struct vn_err *err)
{
    struct cli_session session;
    bool file = cli->n_names && is_file(cli->names[0]);
    int r;

    if (!cli->n_names && !cli_has(cli, "all"))
        return VN_FAIL(err, VN_E_USAGE, .cause = "apply needs a VM or a saved plan",
                       .fix = "Name the VMs, or write --all for every one.");
    r = cli_session_open(cli, CLI_WITH_STORE, &session, err);
    if (r < 0)
        return r;
    r = run(&session, cli, file, err);
    cli_session_drop(&session);
    return r;
}
