/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/cli.h"

int cmd_help(struct cli *cli, struct vn_err *err)
{
    const struct cli_command *all, *command = NULL;
    const char *names[32];
    size_t n, i;

    if (cli_has(cli, "man")) {
        cli_help_man(stdout);
        return vn_view_bytes("", 0, stdout, err);
    }
    if (cli->n_names && !(command = cli_command(cli->names[0]))) {
        const char *nearest;
        int r = VN_FAIL(err, VN_E_USAGE, .cause = "unknown command", .got = cli->names[0],
                        .fix = "'vnuma help' lists them.");

        all = cli_commands(&n);
        for (i = 0; i < n && i < VN_COUNT(names); i++)
            names[i] = all[i].name;
        nearest = cli_nearest(cli->names[0], names, i);
        if (nearest && err)
            (void)snprintf(err->fix, sizeof err->fix, "Did you mean '%s'?", nearest);
        return r;
    }
    if (command)
        cli_help_command(command, stdout);
    else
        cli_help(stdout);
    return vn_view_bytes("", 0, stdout, err);
}

int cmd_version(struct cli *cli, struct vn_err *err)
{
    VN_AUTO(vn_doc) doc = {0};

    vn_doc_init(&doc, "vnuma.version/1");
    vn_doc_text(&doc, NULL, "version", NULL, VNUMA_VERSION);
    vn_doc_say(&doc, NULL, "vnuma %s", VNUMA_VERSION);
    return cli_show(cli, &doc, err);
}
