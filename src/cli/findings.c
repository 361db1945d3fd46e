/* SPDX-License-Identifier: MIT */
#include "cli/findings.h"

#include <string.h>

/* Of a run of like findings, as many are told with their evidence. */
#define TOLD 3u

bool cli_has_drift(const struct vn_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].severity != VN_SEV_INFO)
            return true;
    return false;
}

static void list_evidence(struct vn_doc *doc, struct vn_val *parent, const struct vn_finding *finding)
{
    struct vn_val *rows = vn_doc_array(doc, parent, "evidence", NULL);

    for (size_t i = 0; i < finding->n_evidence; i++) {
        struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);

        vn_doc_text(doc, row, "what", NULL, finding->evidence[i].what);
        vn_doc_text(doc, row, "value", NULL, finding->evidence[i].value);
        vn_doc_text(doc, row, "source", NULL, finding->evidence[i].source);
    }
}

void cli_list_findings(struct vn_doc *doc, const char *key, const struct vn_findings *findings)
{
    struct vn_val *rows = vn_doc_array(doc, NULL, key, NULL);

    for (size_t i = 0; i < findings->count; i++) {
        const struct vn_finding *finding = &findings->items[i];
        struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);

        vn_doc_text(doc, row, "rule", NULL, finding->rule);
        vn_doc_text(doc, row, "severity", NULL, vn_severity_name(finding->severity));
        vn_doc_text(doc, row, "subject", NULL, finding->subject);
        list_evidence(doc, row, finding);
        vn_doc_text(doc, row, "why", NULL, finding->why);
        vn_doc_text(doc, row, "fix", NULL, finding->fix);
    }
}

static void show_evidence(struct vn_doc *doc, struct vn_val *parent, const struct vn_finding *finding)
{
    static const struct vn_column columns[] = {
        {"what", "EVIDENCE", 0}, {"value", "VALUE", VN_COL_WRAP}, {"source", "SOURCE", VN_COL_WRAP}};
    static const struct vn_table table = {NULL, columns, VN_COUNT(columns)};
    struct vn_val *rows;

    if (!finding->n_evidence)
        return;
    rows = vn_doc_array(doc, parent, NULL, &table);
    for (size_t i = 0; i < finding->n_evidence; i++) {
        struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);

        vn_doc_text(doc, row, "what", NULL, finding->evidence[i].what);
        vn_doc_text(doc, row, "value", NULL, finding->evidence[i].value);
        vn_doc_text(doc, row, "source", NULL, finding->evidence[i].source);
    }
}

/* The same said of another thread of the same kind. */
static bool alike(const struct vn_finding *a, const struct vn_finding *b)
{
    return !strcmp(a->rule, b->rule) && a->severity == b->severity && !strcmp(a->why, b->why);
}

static void show_one(struct vn_doc *doc, const struct vn_finding *finding, size_t more)
{
    struct vn_val *object =
        vn_doc_object(doc, NULL, NULL, vn_arena_printf(&doc->arena, "%s: %s", finding->subject, finding->rule));

    vn_doc_severity(doc, object, NULL, "Severity", vn_severity_name(finding->severity));
    if (finding->why && *finding->why)
        vn_doc_text(doc, object, NULL, "Why", finding->why);
    if (finding->fix && *finding->fix)
        vn_doc_text(doc, object, NULL, "Fix", finding->fix);
    show_evidence(doc, object, finding);
    if (more)
        vn_doc_say(doc, object, "and the same of %zu more; --json has them all", more);
    vn_doc_say(doc, NULL, "%s", "");
}

static void show_severity(struct vn_doc *doc, const struct vn_findings *findings, enum vn_severity severity)
{
    size_t end;

    for (size_t i = 0; i < findings->count; i = end) {
        const struct vn_finding *first = &findings->items[i];

        for (end = i + 1; end < findings->count && alike(first, &findings->items[end]); end++)
            ;
        if (first->severity != severity)
            continue;
        for (size_t k = i; k < end && k < i + TOLD; k++)
            show_one(doc, &findings->items[k], k + 1 == i + TOLD ? end - k - 1 : 0);
    }
}

void cli_show_findings(struct vn_doc *doc, const struct vn_findings *findings)
{
    show_severity(doc, findings, VN_SEV_ERROR);
    show_severity(doc, findings, VN_SEV_WARNING);
    show_severity(doc, findings, VN_SEV_INFO);
}
