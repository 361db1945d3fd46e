/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cli/check_plan.h"
#include "cli/request.h"
#include "cli/session.h"
#include "cli/show_plan.h"
#include "codec/domxml.h"
#include "codec/planjson.h"

static int show(struct cli *cli, const struct vn_problem *problem, const struct vn_plan *plan, bool paper,
                struct vn_err *err)
{
    struct cli_show_plan how = {.explain = cli_has(cli, "explain"), .paper = paper, .diff = true};
    const char *output = cli_value(cli, "output");
    VN_AUTO(vn_doc) doc = {0};
    VN_AUTO(vn_buf) json = {0};
    int r = 0;

    if (output || cli->json)
        r = vn_plan_format(plan, &json, err);
    if (r == 0 && output)
        r = cli_write_file(output, vn_buf_text(&json), json.len, err);
    if (r < 0 || (output && !strcmp(output, "-")))
        return r;
    if (cli->json)
        return vn_view_bytes(vn_buf_text(&json), json.len, stdout, err);
    vn_doc_init(&doc, cli->command->schema);
    cli_show_plan(&doc, problem, plan, &how);
    if (output)
        vn_doc_say(&doc, NULL, "Saved: 'vnuma apply %s%s' carries it out.", strchr(output, '/') ? "" : "./", output);
    return cli_show(cli, &doc, err);
}

static int check_usage(const struct cli *cli, struct vn_err *err)
{
    const char *check = cli_value(cli, "check"), *problem = cli_value(cli, "problem");
    static const char *const makes[] = {"output", "xml", "explain", "new"};

    if (!problem)
        return VN_FAIL(err, VN_E_USAGE, .cause = "--check needs the problem that the plan was made for",
                       .fix = "Add --problem FILE.");
    if (!strcmp(check, "-") && !strcmp(problem, "-"))
        return VN_FAIL(err, VN_E_USAGE, .cause = "the plan and the problem cannot both be standard input",
                       .fix = "Put one of them into a file.");
    for (size_t i = 0; i < VN_COUNT(makes); i++)
        if (cli_has(cli, makes[i]))
            return vn_failf(err, VN_E_USAGE, "Leave one of the two out.", "--check makes no plan, and --%s is for one",
                            makes[i]);
    return 0;
}

/* A plan on paper: no host, no door. */
static int plan_problem(struct cli *cli, const char *path, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_policy none = {0};
    struct cli_request request = {0};
    int r;

    if (cli->n_names || cli_has(cli, "new") || cli_has(cli, "xml"))
        return VN_FAIL(err, VN_E_USAGE, .cause = "--problem has its VMs in the file",
                       .fix = "Leave out VM names, --new and --xml.");
    r = cli_request_read(cli, &none, &request, err);
    if (r < 0)
        return r;
    cli->given = true;
    r = cli_read_file(path, VN_JSON_MAX, &text, err);
    if (r == 0)
        r = vn_err_ctx(err, vn_problem_parse(vn_buf_text(&text), text.len, &problem, err), "%s", path);
    if (r < 0)
        return r;
    r = cli_request_apply(&request, &problem, err);
    if (r < 0)
        return r;
    if (cli_has(cli, "check"))
        return cli_check_plan(cli, cli_value(cli, "check"), &problem, err);
    r = vn_planner_solve(&problem, &request.opts.planner, &plan, err);
    if (r == 0)
        r = show(cli, &problem, &plan, true, err);
    return r < 0 ? r : plan.n_unplaced ? CLI_REFUSED : CLI_OK;
}

/* The stored XML of the one VM of the plan, with its placement in it. */
static int print_xml(const struct vn_snapshot *snapshot, const struct cli_request *request, const struct vn_plan *plan,
                     struct vn_err *err)
{
    const struct vn_placement *placement = plan->vms;
    const struct vn_vm *vm;
    const char *base;
    VN_AUTO(vn_buf) fresh = {0};
    VN_AUTO(vn_buf) xml = {0};
    int r = 0;

    if (plan->n_vms + plan->n_unplaced != 1)
        return vn_failf(err, VN_E_USAGE, "Name one VM: 'vnuma plan NAME --xml'.", "--xml prints one VM, and the plan has %zu",
                        plan->n_vms + plan->n_unplaced);
    if (plan->n_unplaced)
        return vn_failf(err, VN_E_REFUSED, "The same command without --xml says what is missing.", "%s does not fit",
                        plan->unplaced[0].name);
    vm = vn_snapshot_vm(snapshot, placement->name);
    base = vm ? (vm->stored_xml ? vm->stored_xml : vm->live_xml) : NULL;
    if (!base && request->query.fresh) {
        const struct vn_request *wanted = request->query.fresh;

        r = vn_domxml_new(wanted->name, wanted->vcpus, wanted->memory_kib, &fresh, err);
        base = vn_buf_text(&fresh);
    }
    if (r == 0 && !base)
        return VN_FAIL(err, VN_E_ENV, .cause = "the configuration could not be read", .got = placement->name);
    if (r == 0)
        r = vn_domxml_place(base, strlen(base), placement, &xml, err);
    return r < 0 ? r : vn_view_bytes(vn_buf_text(&xml), xml.len, stdout, err);
}

static int plan_host(struct cli *cli, struct vn_err *err)
{
    struct cli_session session;
    VN_AUTO(vn_snapshot) snapshot = {0};
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct cli_request request = {0};
    int r;

    r = cli_session_open(cli, 0, &session, err);
    if (r < 0)
        return r;
    r = cli_request_read(cli, &session.policy, &request, err);
    if (r == 0 && cli_has(cli, "xml") && session.hv.ops->keep)
        r = VN_FAIL(err, VN_E_REFUSED, .cause = "a bare QEMU has no XML to print",
                    .fix = "Leave out --xml; the plan says what to put into its start script.");
    if (r == 0)
        r = cli_observe(&session, request.query.all ? NULL : cli->names, request.query.all ? 0 : cli->n_names, &snapshot,
                        err);
    if (r == 0)
        r = cli_nearest_vm(&session, cli->names, cli->n_names,
                           vn_app_plan(&session.app, &snapshot, &request.query, &request.opts, &problem, &plan, err), err);
    cli_session_drop(&session);
    if (r < 0)
        return r;
    r = cli_has(cli, "xml") ? print_xml(&snapshot, &request, &plan, err) : show(cli, &problem, &plan, false, err);
    return r < 0 ? r : plan.n_unplaced ? CLI_REFUSED : CLI_OK;
}

int cmd_plan(struct cli *cli, struct vn_err *err)
{
    const char *problem = cli_value(cli, "problem");

    if (cli_has(cli, "xml") && (cli->json || cli_has(cli, "output")))
        return VN_FAIL(err, VN_E_USAGE, .cause = "--xml prints nothing but XML",
                       .fix = "Leave out --json and --output, or --xml.");
    if (cli_has(cli, "check") && check_usage(cli, err) < 0)
        return -VN_E_USAGE;
    return problem ? plan_problem(cli, problem, err) : plan_host(cli, err);
}
