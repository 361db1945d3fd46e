/* SPDX-License-Identifier: MIT */
#include "cli/show_applied.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <vnuma/buf.h>
#include <vnuma/units.h>

#include "cli/findings.h"
#include "cli/steps.h"

/* A lever does what it was asked; apply and undo do what a plan says. */
static const char *in_place(const struct cli *cli)
{
    return !strcmp(cli->command->name, "apply") ? "everything is where the plan puts it" : "everything is as asked";
}

static void list_numbers(struct vn_doc *doc, const struct cli *cli, const struct vn_applied *applied)
{
    vn_doc_int(doc, NULL, "id", NULL, applied->id);
    vn_doc_text(doc, NULL, "state", NULL, cli_has(cli, "dry-run") ? "dry-run" : vn_apply_state_name(applied->state));
    vn_doc_kib(doc, NULL, "moved_kib", NULL, applied->moved_kib);
    vn_doc_msec(doc, NULL, "paused_ms", NULL, applied->paused_ms);
}

static void say_numbers(struct vn_doc *doc, const struct vn_applied *applied, bool undo)
{
    VN_AUTO(vn_buf) text = {0};
    char size[32];

    vn_buf_fmt(&text, "%s, number %" PRId64, undo ? "Undone" : "Applied", applied->id);
    if (applied->moved_kib)
        vn_buf_fmt(&text, "; %s moved", vn_size_format(applied->moved_kib, size, sizeof size));
    if (applied->paused_ms)
        vn_buf_fmt(&text, "; the guest stood still for %.1f s", (double)applied->paused_ms / 1000);
    vn_doc_say(doc, NULL, "%s.", vn_buf_text(&text));
}

static bool any_kept(const struct vn_applied *applied)
{
    for (size_t i = 0; i < applied->n_steps; i++)
        if (applied->steps[i].state == VN_STEP_KEPT)
            return true;
    return false;
}

void cli_say_undo(struct vn_doc *doc, const struct cli *cli, const struct vn_applied *applied, const char *options,
                  const char *before, const char *after)
{
    char command[64], *typed;

    (void)snprintf(command, sizeof command, "undo %" PRId64 "%s", applied->id, options);
    typed = cli_typed(cli, &doc->arena, command);
    if (typed)
        vn_doc_say(doc, NULL, "%s'%s' %s", before, typed, after);
    doc->failed |= !typed;
}

static void show_end(struct vn_doc *doc, const struct cli *cli, const struct vn_applied *applied, bool undo,
                     const struct vn_hypervisor *hv)
{
    if (cli_has(cli, "dry-run")) {
        vn_doc_say(doc, NULL, "A dry run: nothing was changed.");
        return;
    }
    if (applied->n_steps && applied->id)
        say_numbers(doc, applied, undo);
    if (!undo && applied->n_steps) {
        if (applied->drift.count)
            vn_doc_say(doc, NULL, "%s", "");
        cli_show_findings(doc, &applied->drift);
        vn_doc_say(doc, NULL, "Verified: %s.", cli_has_drift(&applied->drift) ? "drift, see above" : in_place(cli));
    }
    if (undo && any_kept(applied))
        cli_say_undo(doc, cli, applied, " --memory", "The memory stays where it is; ", "moves it back.");
    if (hv->forgets && applied->n_steps)
        vn_doc_say(doc, NULL, !strncmp(hv->uri, "replay:", 7)
                                  ? "Nothing was kept: this host is a replay. With --write the file keeps the changes."
                                  : "Nothing was kept: this host is an example that forgets.");
    else if (!undo && applied->id)
        cli_say_undo(doc, cli, applied, "", "", "takes it back.");
}

int cli_show_applied(const struct cli *cli, const struct vn_applied *applied, bool undo,
                     const struct vn_hypervisor *hv, const struct cli_more *more, struct vn_err *err)
{
    struct cli_steps steps = {.journal = applied->steps, .count = applied->n_steps};
    VN_AUTO(vn_doc) doc = {0};

    vn_doc_init(&doc, "vnuma.applied/1");
    list_numbers(&doc, cli, applied);
    cli_list_steps(&doc, NULL, &steps);
    cli_list_findings(&doc, "drift", &applied->drift);
    if (applied->n_steps)
        cli_show_steps(&doc, cli_has(cli, "dry-run") ? "Would do" : "Steps", &steps);
    else if (undo)
        vn_doc_say(&doc, NULL, "Nothing was left to undo.");
    else
        vn_doc_say(&doc, NULL, "Nothing to do: %s.", in_place(cli));
    if (more && applied->n_steps && !cli_has(cli, "dry-run"))
        more->show(more->self, &doc);
    show_end(&doc, cli, applied, undo, hv);
    return cli_show(cli, &doc, err);
}

void cli_say_left(const struct vn_applied *applied)
{
    for (size_t i = 0; i < applied->n_steps; i++) {
        const struct vn_journal_step *at = &applied->steps[i];
        VN_AUTO(vn_arena) arena = {0};
        const char *text;

        if (at->state == VN_STEP_PENDING || at->state == VN_STEP_UNDONE)
            continue;
        text = cli_step_text(&arena, &at->step);
        (void)fprintf(stderr, "  step %zu, %s: %s, %s%s%s\n", i + 1, at->step.vm, text ? text : "",
                      vn_step_state_name(at->state), at->note && *at->note ? ": " : "", at->note ? at->note : "");
    }
}
