/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/session.h"
#include "cli/show_host.h"
#include "codec/planjson.h"
#include "view/svg.h"

static int draw(const struct vn_snapshot *snapshot, const char *path, struct vn_err *err)
{
    VN_AUTO(vn_buf) svg = {0};
    int r = vn_svg_host(snapshot, &svg, err);

    return r < 0 ? r : cli_write_file(path, vn_buf_text(&svg), svg.len, err);
}

int cmd_host(struct cli *cli, struct vn_err *err)
{
    struct cli_session session;
    VN_AUTO(vn_snapshot) snapshot = {0};
    VN_AUTO(vn_doc) doc = {0};
    VN_AUTO(vn_buf) json = {0};
    const char *svg = cli_value(cli, "svg");
    int r;

    r = cli_session_open(cli, 0, &session, err);
    if (r < 0)
        return r;
    r = cli_observe(&session, NULL, 0, &snapshot, err);
    cli_session_drop(&session);
    if (r == 0 && svg)
        r = draw(&snapshot, svg, err);
    if (r < 0 || (svg && !strcmp(svg, "-")))
        return r;
    if (cli->json) {
        r = vn_host_format(&snapshot.host, &json, err);
        return r < 0 ? r : vn_view_bytes(vn_buf_text(&json), json.len, stdout, err);
    }
    vn_doc_init(&doc, cli->command->schema);
    cli_show_host(&doc, &snapshot.host);
    return cli_show(cli, &doc, err);
}
