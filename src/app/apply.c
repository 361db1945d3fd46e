/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "app/run.h"

void vn_applied_drop(struct vn_applied *applied)
{
    vn_recovered_drop(&applied->recovered);
    vn_findings_drop(&applied->drift);
    vn_arena_drop(&applied->arena);
    memset(applied, 0, sizeof *applied);
}

static int refuse(const struct vn_plan *plan, struct vn_err *err)
{
    if (plan->n_unplaced)
        return VN_FAIL(err, VN_E_REFUSED, .got = plan->unplaced[0].name,
                       .cause = "the plan leaves a VM out, so that it is not carried out",
                       .fix = "'vnuma plan' says what is missing; name the VMs that fit. Nothing was changed.");
    for (size_t i = 0; i < plan->n_steps; i++)
        if (plan->steps[i].kind == VN_STEP_DEFINE && !plan->steps[i].xml_before)
            return VN_FAIL(err, VN_E_REFUSED, .got = plan->steps[i].vm, .cause = "the VM does not exist yet",
                           .fix = "Define it with 'virsh define' from the XML the plan shows. Nothing was changed.");
    return 0;
}

static int take_step(const struct vn_step *step, struct vn_applied *ret, struct vn_err *err)
{
    struct vn_journal_step *at = vn_arena_grow(&ret->arena, &ret->steps, &ret->n_steps, sizeof *at);

    if (!at)
        return vn_nomem(err);
    at->state = VN_STEP_PENDING;
    at->note = vn_arena_strdup(&ret->arena, "");
    return vn_step_copy(&ret->arena, step, &at->step, err);
}

/* The steps within the scope, as they will be recorded; before them what the host wants set for the pins. */
static int take_steps(struct vn_app *app, const struct vn_plan *plan, const struct vn_apply_opts *opts, struct vn_applied *ret,
                      struct vn_err *err)
{
    struct vn_step *first;
    size_t count;
    int r = vn_prepare_pins(app, plan->steps, plan->n_steps, &ret->arena, &first, &count, err);

    for (size_t i = 0; r == 0 && i < count; i++)
        if (vn_scope_has(opts, &first[i]))
            r = take_step(&first[i], ret, err);
    for (size_t i = 0; r == 0 && i < plan->n_steps; i++)
        if (vn_scope_has(opts, &plan->steps[i]))
            r = take_step(&plan->steps[i], ret, err);
    return r;
}

static int check(struct vn_app *app, struct vn_applied *ret, struct vn_snapshot *now, struct vn_err *err)
{
    int r = vn_run_observe(app, ret->steps, ret->n_steps, now, err);

    if (r == 0)
        r = vn_check_steps(app, now, ret->steps, ret->n_steps, err);
    return r == 0 ? vn_check_room(now, ret->steps, ret->n_steps, err) : r;
}

static int begin(struct vn_run *run, const char *what, struct vn_err *err)
{
    struct vn_app *app = run->app;
    struct vn_step *steps = vn_arena_array(run->arena, run->n_steps, sizeof *steps);
    int r;

    if (!steps)
        return vn_nomem(err);
    for (size_t i = 0; i < run->n_steps; i++)
        steps[i] = run->steps[i].step;
    vn_run_at(app, "begin");
    r = app->store->ops->begin(app->store->self, app->hv->uri, what, steps, run->n_steps,
                               app->clock.now_usec(app->clock.self), &run->id, err);
    if (r == 0)
        vn_run_at(app, "recorded");
    return r;
}

/* A define is recorded with what the host made of it: an undo wants to know it again byte for byte. */
static int set_done(struct vn_run *run, size_t i, struct vn_err *err)
{
    struct vn_journal_step *at = &run->steps[i];

    if (at->step.kind != VN_STEP_DEFINE)
        return vn_run_set(run, i, VN_STEP_DONE, NULL, err);
    at->state = VN_STEP_DONE;
    return run->app->store->ops->set_step_as(run->app->store->self, run->id, i, VN_STEP_DONE, &at->step, err);
}

/* It stays "begun": the way back finds out whether it changed anything. That this cannot be written
 * either changes nothing: the record says "begun" already. */
static void note_failure(struct vn_run *run, size_t i, const struct vn_err *why)
{
    struct vn_err ignored;
    char text[1024];
    int r = vn_run_set(run, i, VN_STEP_BEGUN, vn_err_text(why, text, sizeof text), &ignored);

    (void)r;
}

/* @err is not NULL here and below. */
static int run_step(struct vn_run *run, size_t i, struct vn_err *err)
{
    int r = vn_run_set(run, i, VN_STEP_BEGUN, NULL, err);

    if (r < 0) {
        run->steps[i].state = VN_STEP_PENDING; /* nothing was begun; recovery sees that too */
        return r;
    }
    vn_run_at_step(run->app, "begun", i);
    r = vn_act_do(run->app, &run->steps[i].step, run->arena, &run->sums, err);
    if (r < 0) {
        note_failure(run, i, err);
        return r;
    }
    vn_run_at_step(run->app, "did", i);
    r = set_done(run, i, err);
    if (r == 0)
        vn_run_at_step(run->app, "done", i);
    return r;
}

static int run_steps(struct vn_run *run, size_t *ret_failed, struct vn_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < run->n_steps; i++) {
        vn_progress_say(run->app->progress, "applying", i, run->n_steps, "steps");
        r = run_step(run, i, err);
        *ret_failed = i;
    }
    if (r == 0)
        vn_progress_say(run->app->progress, "applying", run->n_steps, run->n_steps, "steps");
    return r;
}

static int end(struct vn_run *run, enum vn_apply_state state, const char *note, struct vn_err *err)
{
    struct vn_app *app = run->app;
    int r;

    vn_run_at(app, "end");
    r = app->store->ops->end(app->store->self, run->id, state, note, app->clock.now_usec(app->clock.self), err);
    if (r == 0)
        vn_run_at(app, "ended");
    return r;
}

/* What was still to be done to a VM that is gone will never be. */
static int note_gone(struct vn_run *run, const struct vn_snapshot *now, struct vn_err *err)
{
    int first = 0;

    for (size_t i = 0; i < run->n_steps; i++)
        if (run->steps[i].state == VN_STEP_PENDING && *run->steps[i].step.vm && /* the host itself stays */
            !vn_snapshot_vm(now, run->steps[i].step.vm)) {
            int r = vn_run_set(run, i, VN_STEP_PENDING, "the VM is gone", err);

            first = first ? first : r;
        }
    return first;
}

/* A step failed: everything before it is taken back, and the error tells of both. */
static int take_back(struct vn_run *run, const struct vn_snapshot *before, size_t failed, struct vn_applied *ret,
                     struct vn_err *err)
{
    VN_AUTO(vn_snapshot) now = {0};
    struct vn_err unread = {0}, unwritten = {0};
    struct vn_back_opts opts = {.memory = true};
    bool seen = vn_run_observe(run->app, run->steps, run->n_steps, &now, &unread) == 0;
    int written = vn_run_back(run, seen ? &now : NULL, &before->host, &opts, &unwritten), code;
    size_t stuck = vn_run_stuck(run);
    char note[640];

    if (written == 0 && seen)
        written = note_gone(run, &now, &unwritten);
    code = stuck ? VN_E_PARTIAL : VN_E_UNDONE;
    ret->state = stuck ? VN_APPLY_PARTIAL : VN_APPLY_UNDONE;
    (void)snprintf(note, sizeof note, "step %zu of %zu failed: %s", failed + 1, run->n_steps,
                   err->cause[0] ? err->cause : vn_code_name(err->code));
    if (end(run, ret->state, note, &unwritten) < 0 || written < 0)
        (void)vn_err_ctx(err, -code, "the journal could not be written to (%s)", unwritten.cause);
    err->code = code;
    if (stuck)
        return vn_err_ctx(err, -code, "step %zu of %zu (%s) failed, and %zu of the steps before could not be undone",
                          failed + 1, run->n_steps, vn_act_name(run->arena, &run->steps[failed].step), stuck);
    return vn_err_ctx(err, -code, "step %zu of %zu (%s) failed and everything was undone", failed + 1, run->n_steps,
                      vn_act_name(run->arena, &run->steps[failed].step));
}

static int carry_out(struct vn_app *app, const struct vn_snapshot *before, const char *what, struct vn_applied *ret,
                     struct vn_err *err)
{
    struct vn_run run = {.app = app, .arena = &ret->arena, .steps = ret->steps, .n_steps = ret->n_steps};
    struct vn_err local = {0}, *told = err ? err : &local;
    size_t failed = 0;
    int r = begin(&run, what, told);

    if (r < 0)
        return r;
    ret->id = run.id;
    r = run_steps(&run, &failed, told);
    if (r < 0)
        r = take_back(&run, before, failed, ret, told);
    else if ((r = end(&run, VN_APPLY_DONE, "", told)) < 0)
        r = vn_err_ctx(told, r, "every step was done, but that could not be recorded; the next vnuma does");
    ret->moved_kib = run.sums.moved_kib;
    ret->paused_ms = run.sums.paused_ms;
    return r;
}

static int apply_locked(struct vn_app *app, const struct vn_apply_opts *opts, const char *what,
                        struct vn_applied *ret, struct vn_err *err)
{
    VN_AUTO(vn_snapshot) before = {0};
    int r = vn_recover_locked(app, &ret->recovered, err);

    if (r == 0 && ret->n_steps)
        r = check(app, ret, &before, err);
    if (r == 0 && ret->n_steps)
        r = carry_out(app, &before, what, ret, err);
    if (r == 0)
        r = vn_verify_into(app, ret->steps, ret->n_steps, opts, &ret->drift, err);
    return r;
}

int vn_app_apply(struct vn_app *app, const struct vn_plan *plan, const struct vn_apply_opts *opts, const char *what,
                 struct vn_applied *ret, struct vn_err *err)
{
    VN_AUTO(vn_snapshot) now = {0};
    int r;

    *ret = (struct vn_applied){.state = VN_APPLY_DONE};
    r = opts->dry_run ? 0 : vn_run_may_change(app, err);
    if (r == 0)
        r = refuse(plan, err);
    if (r == 0)
        r = take_steps(app, plan, opts, ret, err);
    if (r < 0)
        return r;
    if (opts->dry_run)
        return ret->n_steps ? check(app, ret, &now, err) : 0;
    r = app->store->ops->lock(app->store->self, app->hv->uri, opts->lock_wait_ms, err);
    if (r < 0)
        return r;
    r = apply_locked(app, opts, what, ret, err);
    app->store->ops->unlock(app->store->self);
    return r;
}
