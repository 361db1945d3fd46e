/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "cli/cpu.h"
#include "cli/findings.h"
#include "cli/request.h"
#include "cli/show_applied.h"
#include "cli/steps.h"
#include "view/diff.h"

/* Another CPU for a VM's next start, through the journal of apply. */

#define WAIT_MS 10000u
/* As many characters of missing features fit an error. */
#define MISSING_SHOWN 160u

struct set {
    const char *vm;
    struct vn_cpu_wish wish;
    struct vn_cpu_doc doc; /* the <cpu> as it would be stored */
    bool asked;            /* the host could be asked whether it gives that */
    struct vn_cpu_answer answer;
    bool runs;
};

static struct vn_cpu_wish wish_of(const struct cli *cli)
{
    const char *word = cli->names[2];
    bool mode = !strcmp(word, "host-passthrough") || !strcmp(word, "host-model");

    return (struct vn_cpu_wish){mode ? word : "custom", mode ? NULL : word, cli_has(cli, "drop-features")};
}

static const char *name_of(const struct vn_cpu_wish *wish)
{
    return wish->model ? wish->model : wish->mode;
}

static int refuse(const struct set *set, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    const char *lacks = cli_cpu_join(&arena, set->answer.missing, set->answer.n_missing, MISSING_SHOWN);

    return vn_failf(err, VN_E_REFUSED,
                    "'vnuma cpu models' lists what it can give; with --force it is stored all the same. "
                    "Nothing was changed.",
                    "this host cannot give '%s' the CPU %s: %s%s", set->vm, name_of(&set->wish),
                    set->answer.n_missing ? "it lacks " : set->answer.why, set->answer.n_missing ? lacks : "");
}

/* A name that nobody knows is a slip of the pen, and --force does not make it a model. */
static int ask_host(struct cli_session *session, struct cli *cli, struct set *set, struct vn_err *err)
{
    VN_AUTO(vn_cpu_host) host = {0};
    const struct vn_cpu_target target = vn_cpu_target_of(&set->doc);
    int r;

    if (!session->hv.cpu)
        return 0;
    r = vn_app_cpu_host(&session->app, &target, &host, err);
    if (r == 0 && set->wish.model && !vn_cpu_host_row(&host, set->wish.model))
        r = cli_cpu_no_model(&host, set->wish.model, err);
    if (r == 0)
        r = vn_app_cpu_can(&session->app, &host, &set->doc, &cli->arena, &set->answer, err);
    if (r < 0)
        return r;
    set->asked = true;
    return set->answer.can || cli_has(cli, "force") ? 0 : refuse(set, err);
}

/* The plan, and whether its CPU is one that the host gives. */
static int prepare(struct cli_session *session, struct cli *cli, struct set *set, struct vn_plan *ret,
                   struct vn_err *err)
{
    VN_AUTO(vn_snapshot) snapshot = {0};
    const struct vn_vm *vm;
    const char *xml;
    int r = cli_observe(session, &cli->names[1], 1, &snapshot, err);

    if (r < 0)
        return r;
    vm = vn_snapshot_vm(&snapshot, set->vm);
    if (!vm)
        return VN_FAIL(err, VN_E_ABSENT, .cause = "no such VM", .got = set->vm);
    set->runs = vm->live_xml != NULL;
    r = vn_app_cpu_plan(vm, &set->wish, ret, err);
    if (r < 0)
        return r;
    xml = ret->n_steps ? ret->steps[0].xml_after : vm->stored_xml;
    r = vn_cpuxml_domain(xml, strlen(xml), &cli->arena, &set->doc, err);
    return r < 0 ? r : ask_host(session, cli, set, err);
}

static void list(struct vn_doc *doc, const struct cli *cli, const struct set *set, const struct vn_applied *applied)
{
    struct cli_steps steps = {.journal = applied->steps, .count = applied->n_steps};

    vn_doc_int(doc, NULL, "id", NULL, applied->id);
    vn_doc_text(doc, NULL, "state", NULL, cli_has(cli, "dry-run") ? "dry-run" : vn_apply_state_name(applied->state));
    vn_doc_kib(doc, NULL, "moved_kib", NULL, applied->moved_kib);
    vn_doc_msec(doc, NULL, "paused_ms", NULL, applied->paused_ms);
    cli_list_steps(doc, NULL, &steps);
    cli_list_findings(doc, "drift", &applied->drift);
    vn_doc_text(doc, NULL, "vm", NULL, set->vm);
    vn_doc_text(doc, NULL, "mode", NULL, set->wish.mode);
    vn_doc_text(doc, NULL, "model", NULL, set->wish.model ? set->wish.model : "");
    cli_cpu_features(doc, NULL, "features", &set->doc.cpu);
    if (set->asked)
        vn_doc_bool(doc, NULL, "can", NULL, set->answer.can);
    else
        vn_doc_null(doc, NULL, "can", NULL);
    cli_cpu_names(doc, NULL, "missing", set->answer.missing, set->answer.n_missing);
    vn_doc_text(doc, NULL, "migration", NULL, cli_cpu_migration(&set->doc.cpu));
}

static void show_change(struct vn_doc *doc, const struct vn_applied *applied)
{
    const struct vn_step *step = &applied->steps[0].step;
    VN_AUTO(vn_buf) diff = {0};

    if (vn_diff(step->xml_before, step->xml_after, NULL, &diff, NULL) < 0)
        doc->failed = true;
    vn_doc_say(doc, NULL, "Change in the stored configuration of %s", step->vm);
    vn_doc_block(doc, NULL, VN_BLOCK_DIFF, vn_buf_text(&diff));
    vn_doc_say(doc, NULL, "%s", "");
}

static void show_remarks(struct vn_doc *doc, const struct set *set)
{
    if (set->doc.cpu.n_features)
        vn_doc_say(doc, NULL, "Features that were named before are kept: %s. --drop-features leaves them out.",
                   cli_cpu_policies(&doc->arena, &set->doc.cpu));
    if (!set->asked)
        vn_doc_say(doc, NULL, "Whether that host can give this CPU is not known: it is a captured one.");
    else if (!set->answer.can)
        vn_doc_say(doc, NULL, "This host cannot give it, and will not start the VM: %s%s.",
                   set->answer.n_missing ? "it lacks " : set->answer.why,
                   set->answer.n_missing
                       ? cli_cpu_join(&doc->arena, set->answer.missing, set->answer.n_missing, CLI_CPU_WHOLE)
                       : "");
    vn_doc_say(doc, NULL, "The guest can migrate %s.", cli_cpu_migration(&set->doc.cpu));
}

static void show_end(struct vn_doc *doc, const struct cli *cli, const struct set *set, const struct vn_applied *applied,
                     const struct vn_hypervisor *hv)
{
    if (cli_has(cli, "dry-run")) {
        vn_doc_say(doc, NULL, "A dry run: nothing was changed.");
        return;
    }
    vn_doc_say(doc, NULL, "Stored, number %" PRId64 ", and verified; %s.", applied->id,
               set->runs ? "the VM runs on with the CPU it has, until it is shut down and started again"
                         : "it has that CPU when it is started");
    if (hv->forgets)
        vn_doc_say(doc, NULL, "Nothing was kept: this host forgets.%s",
                   strcmp(hv->uri, "demo:") ? " With --write the file keeps the changes." : "");
    else
        cli_say_undo(doc, cli, applied, "", "", "takes it back.");
}

static int show(struct cli *cli, const struct set *set, const struct vn_applied *applied,
                const struct vn_hypervisor *hv, struct vn_err *err)
{
    VN_AUTO(vn_doc) doc = {0};

    vn_doc_init(&doc, "vnuma.applied/1");
    list(&doc, cli, set, applied);
    if (!applied->n_steps) {
        vn_doc_say(&doc, NULL, "Nothing to do: %s is stored with that CPU already.", set->vm);
    } else {
        show_change(&doc, applied);
        show_remarks(&doc, set);
        show_end(&doc, cli, set, applied, hv);
    }
    return cli_show(cli, &doc, err);
}

static int carry_out(struct cli_session *session, struct cli *cli, const struct set *set, const struct vn_plan *plan,
                     const struct vn_apply_opts *opts, struct vn_err *err)
{
    VN_AUTO(vn_applied) applied = {0};
    const char *what = vn_arena_printf(&cli->arena, "cpu set %s %s", set->vm, name_of(&set->wish));
    int r;

    if (!what)
        return vn_nomem(err);
    r = vn_app_apply(&session->app, plan, opts, what, &applied, err);
    cli_progress_clear(&session->bar);
    cli_say_recovered(cli, &applied.recovered);
    if (r == -VN_E_PARTIAL || r == -VN_E_UNDONE)
        cli_say_left(&applied);
    if (r == 0 && applied.n_steps && !opts->dry_run)
        r = vn_app_cpu_verify(&session->app, set->vm, &set->wish, err);
    return r < 0 ? r : show(cli, set, &applied, &session->hv, err);
}

static int run(struct cli_session *session, struct cli *cli, struct vn_err *err)
{
    VN_AUTO(vn_plan) plan = {0};
    struct vn_apply_opts opts = {.config = true, .by_hand = true, .dry_run = cli_has(cli, "dry-run")};
    struct set set = {.vm = cli->names[1], .wish = wish_of(cli)};
    int r = cli_wait_ms(cli, WAIT_MS, &opts.lock_wait_ms, err);

    if (r == 0)
        r = prepare(session, cli, &set, &plan, err);
    return r < 0 ? r : carry_out(session, cli, &set, &plan, &opts, err);
}

int cli_cpu_set(struct cli *cli, struct vn_err *err)
{
    struct cli_session session;
    int r;

    if (!*cli->names[2])
        return VN_FAIL(err, VN_E_USAGE, .cause = "cpu set needs a model", .fix = "'vnuma cpu models' lists them.");
    r = cli_session_open(cli, CLI_WITH_STORE, &session, err);
    if (r < 0)
        return r;
    r = run(&session, cli, err);
    cli_session_drop(&session);
    return r;
}
