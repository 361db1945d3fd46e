/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/findings.h"
#include "cli/session.h"

int cmd_verify(struct cli *cli, struct vn_err *err)
{
    struct cli_session session;
    struct vn_drift_opts opts = {0};
    VN_AUTO(vn_findings) findings = {0};
    VN_AUTO(vn_doc) doc = {0};
    int r;

    r = cli_percent(cli, "min-local", &opts.min_local_pct, err);
    if (r < 0)
        return r;
    r = cli_session_open(cli, CLI_WITH_PINS, &session, err);
    if (r < 0)
        return r;
    r = vn_app_verify(&session.app, cli->names, cli->n_names, &opts, &findings, err);
    cli_progress_clear(&session.bar);
    if (r < 0)
        r = cli_nearest_vm(&session, cli->names, cli->n_names, r, err);
    cli_session_drop(&session);
    if (r < 0)
        return r;
    vn_doc_init(&doc, cli->command->schema);
    cli_list_findings(&doc, "findings", &findings);
    cli_show_findings(&doc, &findings);
    if (!cli_has_drift(&findings))
        vn_doc_say(&doc, NULL, findings.count ? "No drift in what could be checked."
                                              : "Everything is where the configuration says it is.");
    r = cli_show(cli, &doc, err);
    return r < 0 ? r : cli_has_drift(&findings) ? CLI_FINDINGS : CLI_OK;
}
