/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/session.h"
#include "codec/capture.h"

int cmd_capture(struct cli *cli, struct vn_err *err)
{
    struct cli_session session;
    VN_AUTO(vn_snapshot) snapshot = {0};
    VN_AUTO(vn_buf) text = {0};
    int r;

    if (!cli->n_names)
        return VN_FAIL(err, VN_E_USAGE, .cause = "capture needs a file",
                       .fix = "Write 'vnuma capture host.vnuma', or '-' for stdout.");
    r = cli_session_open(cli, 0, &session, err);
    if (r < 0)
        return r;
    r = cli_observe(&session, NULL, 0, &snapshot, err);
    cli_session_drop(&session);
    if (r == 0 && cli_has(cli, "anonymize"))
        r = vn_capture_anonymize(&snapshot, err);
    if (r == 0)
        r = vn_capture_format(&snapshot, &text, err);
    if (r == 0)
        r = cli_write_file(cli->names[0], vn_buf_text(&text), text.len, err);
    if (r == 0 && strcmp(cli->names[0], "-"))
        cli_note(cli, "%zu VM%s and their host are in %s", snapshot.n_vms, snapshot.n_vms == 1 ? "" : "s",
                 cli->names[0]);
    return r;
}
