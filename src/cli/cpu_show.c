/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/cpu.h"

/* One model, or two of them against each other. */

static int must_have(const struct vn_cpu_host *host, const char *name, const struct vn_cpu_row **ret,
                     struct vn_err *err)
{
    *ret = vn_cpu_host_row(host, name);
    return *ret ? 0 : cli_cpu_no_model(host, name, err);
}

/* What blocks the model: the emulator's word, or why there is none. */
static const char *blocked_by(struct vn_doc *doc, const struct vn_cpu_host *host, const struct vn_cpu_row *row)
{
    if (!row->offered)
        return "this QEMU does not have it";
    if (row->n_blockers)
        return cli_cpu_join(&doc->arena, row->blockers, row->n_blockers, CLI_CPU_WHOLE);
    return host->no_blockers ? host->no_blockers : "QEMU does not say what";
}

static void show_signatures(struct vn_doc *doc, struct vn_val *text, const struct vn_cpu_model *model)
{
    struct vn_val *json = vn_doc_array(doc, NULL, "signatures", NULL);
    VN_AUTO(vn_buf) all = {0};

    for (size_t i = 0; i < model->n_signatures; i++) {
        const struct vn_cpu_signature *signature = &model->signatures[i];
        struct vn_val *row = vn_doc_object(doc, json, NULL, NULL);

        vn_doc_int(doc, row, "family", NULL, signature->family);
        vn_doc_int(doc, row, "model", NULL, signature->model);
        vn_doc_text(doc, row, "stepping", NULL, signature->stepping);
        vn_buf_fmt(&all, "%s%s", i ? "; " : "", cli_cpu_signature(&doc->arena, signature));
    }
    if (all.failed)
        doc->failed = true;
    vn_doc_text(doc, text, NULL, "Signature", all.len ? vn_buf_text(&all) : "none");
}

static int show_model(struct vn_doc *doc, struct vn_val *text, const struct vn_cpu_host *host,
                      const struct vn_cpu_model *model, struct vn_err *err)
{
    char **features;
    size_t n;
    int r = vn_cpumap_features(&host->map, model, &doc->arena, &features, &n, err);

    if (r < 0)
        return r;
    vn_doc_text(doc, NULL, "base", NULL, model->base);
    vn_doc_text(doc, text, NULL, "Adds to", *model->base ? model->base : "no other model");
    show_signatures(doc, text, model);
    cli_cpu_names(doc, NULL, "own_features", model->features, model->n_features);
    cli_cpu_names(doc, NULL, "features", features, n);
    if (*model->base)
        vn_doc_text(doc, text, NULL, "Own features",
                    cli_cpu_join(&doc->arena, model->features, model->n_features, CLI_CPU_WHOLE));
    vn_doc_text(doc, text, NULL, "Features",
                vn_arena_printf(&doc->arena, "%zu: %s", n, cli_cpu_join(&doc->arena, features, n, CLI_CPU_WHOLE)));
    return 0;
}

static int show(struct vn_doc *doc, const struct vn_cpu_host *host, const struct vn_cpu_row *row, struct vn_err *err)
{
    struct vn_val *text;

    cli_cpu_list_row(doc, NULL, row);
    cli_cpu_list_kind(doc, &host->caps);
    text = vn_doc_object(doc, NULL, NULL, row->name);
    vn_doc_text(doc, text, NULL, "Vendor", *row->vendor ? row->vendor : "any");
    vn_doc_text(doc, text, NULL, "Usable here", cli_cpu_usable(row->usable));
    if (row->usable == VN_CPU_UNUSABLE)
        vn_doc_text(doc, text, NULL, "Blocked by", blocked_by(doc, host, row));
    vn_doc_text(doc, text, NULL, "For VMs of", cli_cpu_kind(&doc->arena, &host->caps));
    if (row->deprecated)
        vn_doc_text(doc, text, NULL, "Deprecated", "QEMU is to drop this model");
    if (row->model)
        return show_model(doc, text, host, row->model, err);
    vn_doc_text(doc, text, NULL, "Features", host->no_map ? host->no_map : "libvirt here has no description of it");
    return 0;
}

/* The features of two models: of one only, or of both. */
struct split {
    char **only[2], **both;
    size_t n_only[2], n_both;
};

static int features_of(struct vn_doc *doc, const struct vn_cpu_host *host, const struct vn_cpu_row *row, char ***ret,
                       size_t *ret_count, struct vn_err *err)
{
    if (!row->model)
        return VN_FAIL(err, VN_E_REFUSED, .got = row->name,
                       .cause = host->no_map ? host->no_map : "libvirt here has no description of that CPU model");
    return vn_cpumap_features(&host->map, row->model, &doc->arena, ret, ret_count, err);
}

/* Both lists are sorted. */
static int divide(struct vn_doc *doc, char **const lists[2], const size_t n[2], struct split *ret, struct vn_err *err)
{
    size_t a = 0, b = 0;

    ret->only[0] = vn_arena_array(&doc->arena, n[0], sizeof *ret->only[0]);
    ret->only[1] = vn_arena_array(&doc->arena, n[1], sizeof *ret->only[1]);
    ret->both = vn_arena_array(&doc->arena, n[0], sizeof *ret->both);
    if (!ret->only[0] || !ret->only[1] || !ret->both)
        return vn_nomem(err);
    while (a < n[0] || b < n[1]) {
        int order = a == n[0] ? 1 : b == n[1] ? -1 : strcmp(lists[0][a], lists[1][b]);

        if (order < 0)
            ret->only[0][ret->n_only[0]++] = lists[0][a];
        else if (order > 0)
            ret->only[1][ret->n_only[1]++] = lists[1][b];
        else
            ret->both[ret->n_both++] = lists[0][a];
        a += order <= 0;
        b += order >= 0;
    }
    return 0;
}

static int show_diff(struct vn_doc *doc, const struct vn_cpu_host *host, const struct vn_cpu_row *const pair[2],
                     struct vn_err *err)
{
    struct split split = {0};
    struct vn_val *text;
    char **lists[2];
    size_t n[2];
    int r = features_of(doc, host, pair[0], &lists[0], &n[0], err);

    if (r == 0)
        r = features_of(doc, host, pair[1], &lists[1], &n[1], err);
    if (r == 0)
        r = divide(doc, lists, n, &split, err);
    if (r < 0)
        return r;
    vn_doc_text(doc, NULL, "a", NULL, pair[0]->name);
    vn_doc_text(doc, NULL, "b", NULL, pair[1]->name);
    cli_cpu_names(doc, NULL, "only_a", split.only[0], split.n_only[0]);
    cli_cpu_names(doc, NULL, "only_b", split.only[1], split.n_only[1]);
    cli_cpu_names(doc, NULL, "both", split.both, split.n_both);
    text = vn_doc_object(doc, NULL, NULL, vn_arena_printf(&doc->arena, "%s and %s", pair[0]->name, pair[1]->name));
    for (size_t i = 0; i < 2; i++)
        vn_doc_text(doc, text, NULL, vn_arena_printf(&doc->arena, "Only in %s", pair[i]->name),
                    cli_cpu_join(&doc->arena, split.only[i], split.n_only[i], CLI_CPU_WHOLE));
    vn_doc_text(doc, text, NULL, "In both", vn_arena_printf(&doc->arena, "%zu features", split.n_both));
    return 0;
}

static int run(struct cli *cli, struct vn_doc *doc, struct vn_err *err)
{
    struct cli_session session;
    VN_AUTO(vn_cpu_host) host = {0};
    const struct vn_cpu_row *pair[2] = {NULL, NULL};
    int r = cli_cpu_open(cli, &session, &host, err);

    if (r < 0)
        return r;
    cli_session_drop(&session);
    r = must_have(&host, cli->names[1], &pair[0], err);
    if (r == 0 && cli->n_names > 2)
        r = must_have(&host, cli->names[2], &pair[1], err);
    if (r < 0)
        return r;
    vn_doc_init(doc, pair[1] ? "vnuma.cpu-diff/1" : "vnuma.cpu-show/1");
    r = pair[1] ? show_diff(doc, &host, pair, err) : show(doc, &host, pair[0], err);
    return r < 0 ? r : cli_show(cli, doc, err);
}

int cli_cpu_show(struct cli *cli, struct vn_err *err)
{
    VN_AUTO(vn_doc) doc = {0};

    return run(cli, &doc, err);
}

int cli_cpu_diff(struct cli *cli, struct vn_err *err)
{
    return cli_cpu_show(cli, err);
}
