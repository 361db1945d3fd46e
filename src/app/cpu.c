/* SPDX-License-Identifier: MIT */
#include "app/cpu.h"

#include <stdlib.h>
#include <string.h>
#include <vnuma/buf.h>

#include "codec/qmp.h"

/* What a host can give: libvirt's names, the emulator's offers and libvirt's cpu_map in one list. */

void vn_cpu_host_drop(struct vn_cpu_host *host)
{
    vn_arena_drop(&host->arena);
    memset(host, 0, sizeof *host);
}

const struct vn_cpu_row *vn_cpu_host_row(const struct vn_cpu_host *host, const char *name)
{
    for (size_t i = 0; i < host->n_rows; i++)
        if (!strcmp(host->rows[i].name, name))
            return &host->rows[i];
    return NULL;
}

static int must_know(const struct vn_app *app, struct vn_err *err)
{
    if (app->hv->cpu)
        return 0;
    return VN_FAIL(err, VN_E_REFUSED, .got = app->hv->uri,
                   .cause = "a captured host does not know which CPU models it can give",
                   .fix = "Ask the host itself, as with '-c qemu:///system'.");
}

/* What is not known here is said, and is no error. */
static int unknown(struct vn_cpu_host *host, const struct vn_err *why, char **ret, struct vn_err *err)
{
    char text[1024];

    *ret = vn_arena_strdup(&host->arena, vn_err_text(why, text, sizeof text));
    return *ret ? 0 : vn_nomem(err);
}

static int add_map_files(const struct vn_app *app, char **files, size_t n, struct vn_cpu_host *host, struct vn_err *err)
{
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++) {
        VN_AUTO(vn_buf) text = {0};

        r = app->hv->cpu->map_file(app->hv->self, files[i], &text, err);
        if (r == 0)
            r = vn_err_ctx(err, vn_cpumap_add(vn_buf_text(&text), text.len, &host->arena, &host->map, err), "%s",
                           files[i]);
    }
    return r;
}

static int read_map(const struct vn_app *app, struct vn_cpu_host *host, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    char **files = NULL;
    size_t n = 0;
    int r = app->hv->cpu->map_file(app->hv->self, "index.xml", &text, err);

    if (r == 0)
        r = vn_cpumap_index(vn_buf_text(&text), text.len, host->caps.arch, &host->arena, &files, &n, err);
    if (r == 0)
        r = add_map_files(app, files, n, host, err);
    return r;
}

static int read_domcaps(const struct vn_app *app, const struct vn_cpu_target *target, struct vn_cpu_host *host,
                        struct vn_err *err)
{
    VN_AUTO(vn_buf) xml = {0};
    int r = app->hv->cpu->domcaps(app->hv->self, target, &xml, err);

    return r < 0 ? r : vn_domcaps_parse(vn_buf_text(&xml), xml.len, &host->arena, &host->caps, err);
}

static int add_row(struct vn_cpu_host *host, const char *name, struct vn_err *err)
{
    const struct vn_cpu_offer *offer = vn_domcaps_offer(&host->caps, name);
    const struct vn_cpu_model *model = vn_cpumap_model(&host->map, name);
    struct vn_cpu_row *row;

    if (vn_cpu_host_row(host, name))
        return 0;
    row = vn_arena_grow(&host->arena, &host->rows, &host->n_rows, sizeof *row);
    if (!row)
        return vn_nomem(err);
    *row = (struct vn_cpu_row){.name = name, .vendor = model ? model->vendor : "", .model = model};
    if (!offer) { /* libvirt has a name for it, and this emulator has not */
        row->usable = VN_CPU_UNUSABLE;
        return 0;
    }
    row->offered = true;
    row->deprecated = offer->deprecated;
    row->usable = offer->usable;
    row->blockers = offer->blockers;
    row->n_blockers = offer->n_blockers;
    if (!*row->vendor)
        row->vendor = offer->vendor;
    return 0;
}

static int add_rows(const struct vn_app *app, struct vn_cpu_host *host, struct vn_err *err)
{
    char **names = NULL;
    size_t n = 0;
    int r = app->hv->cpu->names(app->hv->self, host->caps.arch, &host->arena, &names, &n, err);

    for (size_t i = 0; i < n && r == 0; i++)
        r = add_row(host, names[i], err);
    for (size_t i = 0; i < host->caps.n_offers && r == 0; i++)
        r = add_row(host, host->caps.offers[i].name, err);
    return r;
}

static bool wants_blockers(const struct vn_cpu_host *host)
{
    for (size_t i = 0; i < host->n_rows; i++)
        if (host->rows[i].offered && host->rows[i].usable == VN_CPU_UNUSABLE && !host->rows[i].n_blockers)
            return true;
    return false;
}

static bool is_blocker(const struct vn_cpu_row *row, const char *name)
{
    for (size_t i = 0; i < row->n_blockers; i++)
        if (!strcmp(row->blockers[i], name))
            return true;
    return false;
}

static int take_blockers(struct vn_cpu_host *host, const struct vn_qmp_model *model, struct vn_err *err)
{
    for (size_t i = 0; i < host->n_rows; i++) {
        struct vn_cpu_row *row = &host->rows[i];

        if (strcmp(row->name, model->name) || row->usable != VN_CPU_UNUSABLE || row->n_blockers)
            continue;
        for (size_t k = 0; k < model->n_unavailable; k++) {
            const char *name = vn_cpumap_name(&host->map, model->unavailable[k]);
            char *copy, **slot;

            if (is_blocker(row, name)) /* QEMU names one twice where two of its words lack it */
                continue;
            copy = vn_arena_strdup(&host->arena, name);
            slot = copy ? vn_arena_grow(&host->arena, &row->blockers, &row->n_blockers, sizeof *slot) : NULL;
            if (!slot)
                return vn_nomem(err);
            *slot = copy;
        }
    }
    return 0;
}

static int ask_qemu(const struct vn_app *app, struct vn_cpu_host *host, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    struct vn_qmp_model *models = NULL;
    size_t n = 0;
    int r = app->hv->cpu->definitions(app->hv->self, host->caps.emulator, host->caps.virttype, &text, err);

    if (r == 0)
        r = vn_qmp_models_parse(vn_buf_text(&text), text.len, &host->arena, &models, &n, err);
    for (size_t i = 0; i < n && r == 0; i++)
        r = take_blockers(host, &models[i], err);
    return r;
}

static int compare_rows(const void *a, const void *b)
{
    return strcmp(((const struct vn_cpu_row *)a)->name, ((const struct vn_cpu_row *)b)->name);
}

static int read_host(const struct vn_app *app, const struct vn_cpu_target *target, struct vn_cpu_host *host,
                     struct vn_err *err)
{
    struct vn_err why = {0};
    int r = read_domcaps(app, target, host, err);

    if (r == 0 && read_map(app, host, &why) < 0) {
        host->map = (struct vn_cpu_map){0};
        r = unknown(host, &why, &host->no_map, err);
    }
    if (r == 0)
        r = add_rows(app, host, err);
    if (r == 0 && wants_blockers(host) && ask_qemu(app, host, &why) < 0)
        r = unknown(host, &why, &host->no_blockers, err);
    if (r == 0 && host->n_rows)
        qsort(host->rows, host->n_rows, sizeof *host->rows, compare_rows);
    return r;
}

int vn_app_cpu_host(struct vn_app *app, const struct vn_cpu_target *target, struct vn_cpu_host *ret, struct vn_err *err)
{
    struct vn_cpu_host host = {0};
    int r = must_know(app, err);

    if (r == 0)
        r = read_host(app, target, &host, err);
    if (r < 0) {
        vn_cpu_host_drop(&host);
        return r;
    }
    *ret = host;
    return 0;
}

int vn_app_cpu_machine(struct vn_app *app, struct vn_arena *arena, struct vn_cpu *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) xml = {0};
    struct vn_cpu_doc doc = {0};
    int r = must_know(app, err);

    if (r == 0)
        r = app->hv->cpu->capabilities(app->hv->self, &xml, err);
    if (r == 0)
        r = vn_cpuxml_parse(vn_buf_text(&xml), xml.len, arena, &doc, err);
    if (r == 0)
        *ret = doc.cpu;
    return r;
}

static const char *or_null(const char *text)
{
    return text && *text ? text : NULL;
}

struct vn_cpu_target vn_cpu_target_of(const struct vn_cpu_doc *doc)
{
    return (struct vn_cpu_target){or_null(doc->emulator), or_null(doc->arch), or_null(doc->machine),
                                  or_null(doc->virttype)};
}

static int cannot(struct vn_arena *arena, struct vn_cpu_answer *ret, struct vn_err *err, const char *why)
{
    ret->can = false;
    ret->why = vn_arena_strdup(arena, why);
    return ret->why ? 0 : vn_nomem(err);
}

/* Beyond its model, does it ask for anything? libvirt takes QEMU's word for a usable model only where not. */
static bool asks_for_features(const struct vn_cpu *cpu)
{
    for (size_t i = 0; i < cpu->n_features; i++)
        if (!strcmp(cpu->features[i].policy, "require") || !strcmp(cpu->features[i].policy, "forbid"))
            return true;
    return false;
}

static int compare(struct vn_app *app, const struct vn_cpu_host *host, const struct vn_cpu_doc *doc,
                   struct vn_arena *arena, struct vn_cpu_answer *ret, struct vn_err *err)
{
    const struct vn_cpu_target target = {host->caps.emulator, host->caps.arch, host->caps.machine, host->caps.virttype};
    VN_AUTO(vn_buf) why = {0};
    enum vn_cpu_verdict verdict;
    int r = app->hv->cpu->compare(app->hv->self, &target, doc->xml, &verdict, &why, err);

    if (r < 0 || verdict != VN_CPU_INCOMPATIBLE)
        return r;
    r = vn_cpu_missing(vn_buf_text(&why), arena, &ret->missing, &ret->n_missing, err);
    return r < 0 ? r : cannot(arena, ret, err, vn_buf_text(&why));
}

static int can_model(struct vn_app *app, const struct vn_cpu_host *host, const struct vn_cpu_doc *doc,
                     struct vn_arena *arena, struct vn_cpu_answer *ret, struct vn_err *err)
{
    const struct vn_cpu_row *row = vn_cpu_host_row(host, doc->cpu.model);

    if (!row)
        return cannot(arena, ret, err, "no such CPU model");
    if (!row->offered)
        return cannot(arena, ret, err, "this QEMU does not have that model");
    if (row->usable == VN_CPU_USABLE && !asks_for_features(&doc->cpu))
        return 0;
    return compare(app, host, doc, arena, ret, err);
}

int vn_app_cpu_can(struct vn_app *app, const struct vn_cpu_host *host, const struct vn_cpu_doc *doc,
                   struct vn_arena *arena, struct vn_cpu_answer *ret, struct vn_err *err)
{
    const char *mode = doc->cpu.mode;
    int r = 0;

    *ret = (struct vn_cpu_answer){.can = true, .why = vn_arena_strdup(arena, "")};
    if (!ret->why)
        return vn_nomem(err);
    if (!strcmp(mode, "host-passthrough"))
        r = host->caps.passthrough ? 0 : cannot(arena, ret, err, "it needs KVM, and this VM is not to use that");
    else if (!strcmp(mode, "host-model"))
        r = host->caps.host_model ? 0 : cannot(arena, ret, err, "libvirt knows no model near to this host's CPU");
    else if (strcmp(mode, "maximum") && *doc->cpu.model)
        r = can_model(app, host, doc, arena, ret, err);
    return r;
}
