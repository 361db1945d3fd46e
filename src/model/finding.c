/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <vnuma/err.h>
#include <vnuma/finding.h>

const char *vn_severity_name(enum vn_severity severity)
{
    static const char *const names[] = {"info", "warning", "error"};
    return names[severity];
}

void vn_findings_drop(struct vn_findings *findings)
{
    vn_arena_drop(&findings->arena);
    memset(findings, 0, sizeof *findings);
}

struct vn_finding *vn_findings_add(struct vn_findings *findings, const char *rule, enum vn_severity severity,
                                   const char *subject, const char *why, const char *fix)
{
    struct vn_finding item = {.rule = rule, .severity = severity};
    struct vn_finding *at;

    item.subject = vn_arena_strdup(&findings->arena, subject);
    item.why = vn_arena_strdup(&findings->arena, why);
    item.fix = vn_arena_strdup(&findings->arena, fix ? fix : "");
    if (!item.subject || !item.why || !item.fix)
        return NULL;
    at = vn_arena_grow(&findings->arena, &findings->items, &findings->count, sizeof *at);
    if (at)
        *at = item;
    return at;
}

int vn_finding_evidence(struct vn_findings *findings, struct vn_finding *finding, const char *what, const char *value,
                        const char *source)
{
    struct vn_evidence *at = vn_arena_grow(&findings->arena, &finding->evidence, &finding->n_evidence, sizeof *at);

    if (!at)
        return -VN_E_NOMEM;
    at->what = vn_arena_strdup(&findings->arena, what);
    at->value = vn_arena_strdup(&findings->arena, value);
    at->source = vn_arena_strdup(&findings->arena, source);
    return at->what && at->value && at->source ? 0 : -VN_E_NOMEM;
}
