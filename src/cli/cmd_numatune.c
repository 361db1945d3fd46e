/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <vnuma/buf.h>
#include <vnuma/units.h>

#include "app/numatune.h"
#include "cli/carry.h"
#include "cli/show_numatune.h"

/* What the options say; everything of cli's arena. */
struct request {
    struct vn_numatune_order order;
    struct vn_nodeset nodes;
};

/* "0=1" or "0=2-3": the cell and its nodes. */
static int read_cell(struct cli *cli, const char *text, struct vn_memnode *ret, struct vn_err *err)
{
    const char *equals = strchr(text, '=');
    char *number = equals ? vn_arena_strndup(&cli->arena, text, (size_t)(equals - text)) : NULL;
    uint64_t cell = 0;
    int r;

    if (!equals)
        return VN_FAIL(err, VN_E_USAGE, .cause = "--cell takes CELL=NODES", .got = text, .fix = "Such as --cell 0=1.");
    if (!number)
        return vn_nomem(err);
    r = vn_uint_parse(number, VN_NODE_MAX - 1, &cell, err);
    if (r == 0)
        r = vn_nodeset_parse(equals + 1, &ret->nodes, err);
    if (r == 0 && vn_nodeset_empty(&ret->nodes))
        r = VN_FAIL(err, VN_E_USAGE, .cause = "a cell on no node at all", .got = text);
    ret->cell = (unsigned)cell;
    return vn_err_ctx(err, r, "--cell");
}

static int check_once(const struct vn_memnode *cells, size_t n, struct vn_err *err)
{
    for (size_t i = 0; i + 1 < n; i++)
        if (cells[i].cell == cells[n - 1].cell)
            return vn_failf(err, VN_E_USAGE, "Name all its nodes at once, such as --cell 0=0-1.",
                            "--cell: cell %u is named twice", cells[i].cell);
    return 0;
}

static int read_cells(struct cli *cli, struct vn_numatune_edit *edit, struct vn_err *err)
{
    struct vn_memnode *cells = NULL, *at;
    size_t n = 0;
    int r = 0;

    for (size_t i = 0; r == 0 && i < cli->n_values; i++) {
        if (strcmp(cli->values[i].option->name, "cell"))
            continue;
        at = vn_arena_grow(&cli->arena, &cells, &n, sizeof *at);
        r = at ? read_cell(cli, cli->values[i].value, at, err) : vn_nomem(err);
        if (r == 0)
            r = check_once(cells, n, err);
    }
    edit->cells = cells;
    edit->n_cells = n;
    return r;
}

static int read_mode(const char *text, struct vn_numatune_edit *edit, struct vn_err *err)
{
    edit->mode = -1;
    edit->none = text && !strcmp(text, "none");
    if (!text || edit->none)
        return 0;
    edit->mode = vn_mem_mode_parse(text);
    if (edit->mode > VN_MEM_DEFAULT)
        return 0;
    return VN_FAIL(err, VN_E_USAGE, .cause = "--mode is strict, preferred, interleave, restrictive or none", .got = text);
}

static int read_request(struct cli *cli, struct request *ret, struct vn_err *err)
{
    struct vn_numatune_edit *edit = &ret->order.edit;
    const char *nodes = cli_value(cli, "nodes");
    int r = read_mode(cli_value(cli, "mode"), edit, err);

    if (r == 0)
        r = read_cells(cli, edit, err);
    if (r == 0 && nodes)
        r = vn_err_ctx(err, vn_nodeset_parse(nodes, &ret->nodes, err), "--nodes");
    if (r == 0 && nodes && vn_nodeset_empty(&ret->nodes))
        r = VN_FAIL(err, VN_E_USAGE, .cause = "--nodes names no node", .fix = "--mode none takes the binding away.");
    edit->nodes = nodes ? &ret->nodes : NULL;
    ret->order.move = cli_has(cli, "move");
    ret->order.force = cli_has(cli, "force");
    if (r == 0 && edit->none && (nodes || edit->n_cells || ret->order.move))
        r = VN_FAIL(err, VN_E_USAGE, .cause = "--mode none binds to no nodes, and moves to none",
                    .fix = "Leave the other options out.");
    return r;
}

static bool changes(const struct cli *cli)
{
    return cli_has(cli, "mode") || cli_has(cli, "nodes") || cli_has(cli, "cell") || cli_has(cli, "move");
}

static int view(struct cli *cli, const struct vn_snapshot *snapshot, struct vn_err *err)
{
    VN_AUTO(vn_doc) doc = {0};

    vn_doc_init(&doc, cli->command->schema);
    cli_show_numatune(&doc, &snapshot->host, vn_snapshot_vm(snapshot, cli->names[0]));
    return cli_show(cli, &doc, err);
}

static int run(struct cli_session *session, struct cli *cli, const struct request *request, struct vn_err *err)
{
    VN_AUTO(vn_snapshot) snapshot = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_apply_opts opts = {0};
    int r = cli_change_opts(cli, &opts, err);

    if (r == 0)
        r = cli_observe(session, cli->names, 1, &snapshot, err);
    if (r == 0 && !changes(cli))
        return view(cli, &snapshot, err);
    if (r == 0)
        r = vn_app_numatune(&snapshot, vn_snapshot_vm(&snapshot, cli->names[0]), &request->order, &opts, &plan, err);
    return r < 0 ? r : cli_carry_out(session, cli, &plan, &opts, err);
}

int cmd_numatune(struct cli *cli, struct vn_err *err)
{
    struct cli_session session;
    struct request request = {0};
    int r = read_request(cli, &request, err);

    if (r == 0 && !cli->n_names)
        r = VN_FAIL(err, VN_E_USAGE, .cause = "numatune needs a VM", .fix = "'vnuma vm' lists them.");
    if (r == 0)
        r = cli_session_open(cli, changes(cli) ? CLI_WITH_STORE : 0, &session, err);
    if (r < 0)
        return r;
    r = run(&session, cli, &request, err);
    cli_session_drop(&session);
    return r;
}
