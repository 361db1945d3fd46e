/* SPDX-License-Identifier: MIT */
#include "cli/cpu.h"

#include <string.h>

int cli_cpu_open(struct cli *cli, struct cli_session *ret_session, struct vn_cpu_host *ret_host, struct vn_err *err)
{
    const struct vn_cpu_target target = {.virttype = cli_value(cli, "virttype")};
    int r = cli_session_open(cli, 0, ret_session, err);

    if (r < 0)
        return r;
    r = vn_app_cpu_host(&ret_session->app, &target, ret_host, err);
    if (r < 0)
        cli_session_drop(ret_session);
    return r;
}

const char *cli_cpu_kind(struct vn_arena *arena, const struct vn_domcaps *caps)
{
    bool kvm = !strcmp(caps->virttype, "kvm");
    const char *text = vn_arena_printf(arena, "type %s (%s), machine %s, %s", caps->virttype,
                                       kvm ? "hardware" : "software emulation", caps->machine, caps->emulator);

    return text ? text : "";
}

void cli_cpu_list_kind(struct vn_doc *doc, const struct vn_domcaps *caps)
{
    vn_doc_text(doc, NULL, "virttype", NULL, caps->virttype);
    vn_doc_text(doc, NULL, "machine", NULL, caps->machine);
    vn_doc_text(doc, NULL, "arch", NULL, caps->arch);
    vn_doc_text(doc, NULL, "emulator", NULL, caps->emulator);
}

const char *cli_cpu_join(struct vn_arena *arena, char *const *names, size_t count, size_t max)
{
    VN_AUTO(vn_buf) text = {0};
    const char *kept;

    for (size_t i = 0; i < count; i++) {
        if (i && text.len + strlen(names[i]) > max) {
            vn_buf_fmt(&text, " and %zu more", count - i);
            break;
        }
        vn_buf_fmt(&text, "%s%s", i ? ", " : "", names[i]);
    }
    kept = text.failed ? NULL : vn_arena_strdup(arena, count ? vn_buf_text(&text) : "none");
    return kept ? kept : "";
}

void cli_cpu_names(struct vn_doc *doc, struct vn_val *parent, const char *key, char *const *names, size_t count)
{
    struct vn_val *array = vn_doc_array(doc, parent, key, NULL);

    for (size_t i = 0; i < count; i++)
        vn_doc_text(doc, array, NULL, NULL, names[i]);
}

void cli_cpu_list_row(struct vn_doc *doc, struct vn_val *parent, const struct vn_cpu_row *row)
{
    vn_doc_text(doc, parent, "name", NULL, row->name);
    vn_doc_text(doc, parent, "vendor", NULL, row->vendor);
    vn_doc_text(doc, parent, "usable", NULL, cli_cpu_usable(row->usable));
    vn_doc_bool(doc, parent, "offered", NULL, row->offered);
    vn_doc_bool(doc, parent, "deprecated", NULL, row->deprecated);
    cli_cpu_names(doc, parent, "blockers", row->blockers, row->n_blockers);
}

void cli_cpu_features(struct vn_doc *doc, struct vn_val *parent, const char *key, const struct vn_cpu *cpu)
{
    struct vn_val *array = vn_doc_array(doc, parent, key, NULL);

    for (size_t i = 0; i < cpu->n_features; i++) {
        struct vn_val *row = vn_doc_object(doc, array, NULL, NULL);

        vn_doc_text(doc, row, "name", NULL, cpu->features[i].name);
        vn_doc_text(doc, row, "policy", NULL, cpu->features[i].policy);
    }
}

static void add_policy(struct vn_buf *text, const struct vn_cpu *cpu, const char *policy)
{
    bool first = true;

    for (size_t i = 0; i < cpu->n_features; i++) {
        if (strcmp(cpu->features[i].policy, policy))
            continue;
        if (first)
            vn_buf_fmt(text, "%s%s %s", text->len ? "; " : "", policy, cpu->features[i].name);
        else
            vn_buf_fmt(text, ", %s", cpu->features[i].name);
        first = false;
    }
}

const char *cli_cpu_policies(struct vn_arena *arena, const struct vn_cpu *cpu)
{
    static const char *const policies[] = {"force", "require", "optional", "disable", "forbid"};
    VN_AUTO(vn_buf) text = {0};
    const char *kept;

    for (size_t i = 0; i < VN_COUNT(policies); i++)
        add_policy(&text, cpu, policies[i]);
    kept = text.failed ? NULL : vn_arena_strdup(arena, text.len ? vn_buf_text(&text) : "none");
    return kept ? kept : "";
}

const char *cli_cpu_asks(struct vn_arena *arena, const struct vn_cpu *cpu)
{
    const char *text;

    if (!*cpu->mode && !*cpu->model)
        return "nothing: QEMU's own default";
    if (!*cpu->model)
        return cpu->mode;
    text = vn_arena_printf(arena, "%s %s", *cpu->mode ? cpu->mode : "custom", cpu->model);
    return text ? text : "";
}

const char *cli_cpu_signature(struct vn_arena *arena, const struct vn_cpu_signature *signature)
{
    const char *text = vn_arena_printf(arena, "family %u, model %u%s%s", signature->family, signature->model,
                                       *signature->stepping ? ", stepping " : "", signature->stepping);

    return text ? text : "";
}

const char *cli_cpu_usable(enum vn_cpu_usable usable)
{
    return usable == VN_CPU_USABLE ? "yes" : usable == VN_CPU_UNUSABLE ? "no" : "unknown";
}

const char *cli_cpu_mode_migration(const char *mode)
{
    if (!strcmp(mode, "host-passthrough"))
        return "only to hosts with the same CPU, microcode and QEMU: the guest sees this very CPU, and nobody checks "
               "that the other host has it";
    if (!strcmp(mode, "maximum"))
        return "only to hosts with the same QEMU and at least the same features";
    if (!strcmp(mode, "host-model"))
        return "to hosts that have every feature of this one's host-model; 'vnuma cpu baseline' finds what several "
               "hosts have in common";
    return "to every host that can give this model with these features";
}

const char *cli_cpu_migration(const struct vn_cpu *cpu)
{
    const char *invtsc = vn_cpu_policy(cpu, "invtsc");

    if (!strcmp(cpu->mode, "host-passthrough") && !strcmp(cpu->migratable, "off"))
        return "to no host: migratable='off' gives the guest features that cannot move";
    if (strcmp(cpu->mode, "host-passthrough") && invtsc && !strcmp(invtsc, "require"))
        return "only to hosts whose time stamp counter has the same frequency: invtsc is required";
    if (!*cpu->mode && !*cpu->model)
        return "to any host; the guest has few features, and is slow for it";
    return cli_cpu_mode_migration(cpu->mode);
}

int cli_cpu_no_model(const struct vn_cpu_host *host, const char *name, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    const char **known = vn_arena_array(&arena, host->n_rows, sizeof *known), *nearest;
    char fix[256];

    if (!known)
        return vn_nomem(err);
    for (size_t i = 0; i < host->n_rows; i++)
        known[i] = host->rows[i].name;
    nearest = cli_nearest(name, known, host->n_rows);
    (void)snprintf(fix, sizeof fix, "%s%.100s%s'vnuma cpu models --all' lists those that are known.",
                   nearest ? "Did you mean '" : "", nearest ? nearest : "", nearest ? "'? " : "");
    return VN_FAIL(err, VN_E_ABSENT, .cause = "no such CPU model", .got = name, .fix = fix);
}
