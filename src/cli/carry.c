/* SPDX-License-Identifier: MIT */
#include "cli/carry.h"

#include <string.h>
#include <vnuma/buf.h>

#include "cli/findings.h"
#include "cli/request.h"
#include "cli/show_plan.h"

/* The plan does not hold all it should: shown on stdout, as 'plan' does. */
static int show_refusal(struct cli *cli, const struct vn_plan *plan, struct vn_err *err)
{
    VN_AUTO(vn_doc) doc = {0};

    if (cli->json)
        return vn_failf(err, VN_E_REFUSED, "'vnuma plan' says what is missing. Nothing was changed.", "%s does not fit",
                        plan->unplaced[0].name);
    vn_doc_init(&doc, "vnuma.applied/1");
    cli_show_unplaced(&doc, plan);
    vn_doc_say(&doc, NULL, "Nothing was changed.");
    return vn_view_text(&doc, stdout, &cli->view, err) < 0 ? -VN_E_IO : CLI_REFUSED;
}

static void announce_pause(const struct cli *cli, const struct vn_plan *plan)
{
    for (size_t i = 0; i < plan->n_steps; i++)
        if (plan->steps[i].kind == VN_STEP_SAVE_RESTORE)
            cli_note(cli, "vnuma: %s pauses now, while its memory is written and read again", plan->steps[i].vm);
}

/* Is the option about how to carry out, and not about what? */
static bool is_about_how(const char *name)
{
    static const char *const names[] = {"dry-run", "write", "wait", "min-local"};

    for (size_t i = 0; i < VN_COUNT(names); i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

/* What was typed, as the history shows it. */
static const char *title(struct cli *cli)
{
    VN_AUTO(vn_buf) text = {0};

    vn_buf_str(&text, cli->command->name);
    for (size_t i = 0; i < cli->n_names; i++)
        vn_buf_fmt(&text, " %s", cli->names[i]);
    for (size_t i = 0; i < cli->n_values; i++)
        if (!is_about_how(cli->values[i].option->name))
            vn_buf_fmt(&text, " --%s%s%s", cli->values[i].option->name, *cli->values[i].value ? " " : "",
                       cli->values[i].value);
    return vn_arena_strdup(&cli->arena, vn_buf_text(&text));
}

int cli_carry_out_more(struct cli_session *session, struct cli *cli, const struct vn_plan *plan,
                       const struct vn_apply_opts *opts, const struct cli_more *more, struct vn_err *err)
{
    VN_AUTO(vn_applied) applied = {0};
    const char *what = title(cli);
    int r, shown;

    if (plan->n_unplaced)
        return show_refusal(cli, plan, err);
    if (!what)
        return vn_nomem(err);
    if (!opts->dry_run)
        announce_pause(cli, plan);
    r = vn_app_apply(&session->app, plan, opts, what, &applied, err);
    cli_progress_clear(&session->bar);
    cli_say_recovered(cli, &applied.recovered);
    if (r < 0) {
        if (r == -VN_E_PARTIAL || r == -VN_E_UNDONE)
            cli_say_left(&applied);
        return r == -VN_E_ABSENT ? -VN_E_STALE : r; /* it was there when the plan was made */
    }
    shown = cli_show_applied(cli, &applied, false, &session->hv, more, err);
    if (shown < 0)
        return shown;
    return !opts->dry_run && cli_has_drift(&applied.drift) ? CLI_FINDINGS : CLI_OK;
}

int cli_carry_out(struct cli_session *session, struct cli *cli, const struct vn_plan *plan,
                  const struct vn_apply_opts *opts, struct vn_err *err)
{
    return cli_carry_out_more(session, cli, plan, opts, NULL, err);
}

int cli_change_opts(const struct cli *cli, struct vn_apply_opts *ret, struct vn_err *err)
{
    int r = cli_wait_ms(cli, CLI_WAIT_MS, &ret->lock_wait_ms, err);

    ret->live = cli_has(cli, "live") || !cli_has(cli, "config");
    ret->config = cli_has(cli, "config") || !cli_has(cli, "live");
    ret->move_memory = true;
    ret->by_hand = true;
    ret->dry_run = cli_has(cli, "dry-run");
    return r < 0 ? r : cli_percent(cli, "min-local", &ret->min_local_pct, err);
}
