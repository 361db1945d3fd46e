/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "cli/cpu.h"

/* Longer lists of blockers are cut in the table; --json has all of them. */
#define BLOCKERS_SHOWN 60u

/* "Skylake" is in the name; "Sky*" is the whole of it. */
static bool matches(const char *name, const char *pattern)
{
    if (!pattern)
        return true;
    return strpbrk(pattern, "*?[") ? fnmatch(pattern, name, FNM_CASEFOLD) == 0 : strcasestr(name, pattern) != NULL;
}

static bool is_wanted(const struct cli *cli, const struct vn_cpu_row *row)
{
    const char *vendor = cli_value(cli, "vendor");

    return matches(row->name, cli->n_names > 1 ? cli->names[1] : NULL) && (!vendor || !strcasecmp(vendor, row->vendor));
}

static const char *blocked_by(struct vn_doc *doc, const struct vn_cpu_row *row)
{
    if (!row->offered)
        return "this QEMU does not have it";
    return row->n_blockers ? cli_cpu_join(&doc->arena, row->blockers, row->n_blockers, BLOCKERS_SHOWN) : "";
}

static void add(struct vn_doc *doc, struct vn_val *json, struct vn_val *rows, const struct vn_cpu_row *row)
{
    struct vn_val *object = vn_doc_object(doc, json, NULL, NULL), *line = vn_doc_object(doc, rows, NULL, NULL);

    cli_cpu_list_row(doc, object, row);
    vn_doc_text(doc, line, "name", NULL, row->name);
    vn_doc_text(doc, line, "vendor", NULL, *row->vendor ? row->vendor : "any");
    vn_doc_text(doc, line, "usable", NULL, cli_cpu_usable(row->usable));
    vn_doc_text(doc, line, "blockers", NULL, blocked_by(doc, row));
}

static void show(struct cli *cli, const struct vn_cpu_host *host, struct vn_doc *doc)
{
    static const struct vn_column columns[] = {
        {"name", "MODEL", 0}, {"vendor", "VENDOR", 0}, {"usable", "USABLE", 0},
        {"blockers", "BLOCKED BY", VN_COL_WRAP}};
    static const struct vn_table table = {NULL, columns, VN_COUNT(columns)};
    size_t shown = 0, hidden = 0;
    struct vn_val *json, *rows;

    cli_cpu_list_kind(doc, &host->caps);
    vn_doc_say(doc, NULL, "For VMs of %s", cli_cpu_kind(&doc->arena, &host->caps));
    json = vn_doc_array(doc, NULL, "models", NULL);
    rows = vn_doc_array(doc, NULL, NULL, &table);
    for (size_t i = 0; i < host->n_rows; i++) {
        const struct vn_cpu_row *row = &host->rows[i];

        if (!is_wanted(cli, row))
            continue;
        if (row->usable == VN_CPU_UNUSABLE && !cli_has(cli, "all")) {
            hidden++;
            continue;
        }
        add(doc, json, rows, row);
        shown++;
    }
    vn_doc_int(doc, NULL, "not_shown", NULL, (int64_t)hidden);
    if (hidden)
        vn_doc_say(doc, NULL, "%zu%s cannot be used here; --all lists them with what blocks them.", hidden,
                   shown ? " more" : "");
    else if (!shown)
        vn_doc_say(doc, NULL, "No model is like that; 'vnuma cpu models --all' lists all of them.");
}

int cli_cpu_models(struct cli *cli, struct vn_err *err)
{
    struct cli_session session;
    VN_AUTO(vn_cpu_host) host = {0};
    VN_AUTO(vn_doc) doc = {0};
    int r = cli_cpu_open(cli, &session, &host, err);

    if (r < 0)
        return r;
    cli_session_drop(&session);
    vn_doc_init(&doc, "vnuma.cpu-models/1");
    show(cli, &host, &doc);
    if (host.no_blockers && cli_has(cli, "all"))
        cli_note(cli, "vnuma: what blocks a model is not known: %s", host.no_blockers);
    return cli_show(cli, &doc, err);
}
