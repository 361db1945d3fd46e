/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "app/run.h"

/* The entry to take back: the newest that stands. What recovery has just taken back is enough for one undo. */
static int newest(struct vn_app *app, const struct vn_recovered *recovered, int64_t *ret_id, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_journal_entry *entries = NULL;
    size_t n = 0;
    int r;

    if (recovered->n_entries) {
        *ret_id = recovered->entries[0].id;
        return 0;
    }
    r = app->store->ops->list(app->store->self, app->hv->uri, &arena, &entries, &n, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        if (entries[i].state == VN_APPLY_DONE || entries[i].state == VN_APPLY_PARTIAL) {
            *ret_id = entries[i].id;
            return 0;
        }
    return VN_FAIL(err, VN_E_ABSENT, .got = app->hv->uri,
                   .cause = "there is nothing to undo: no apply of this host stands",
                   .fix = "'vnuma history' lists what was done.");
}

static int read_entry(struct vn_app *app, int64_t id, struct vn_applied *ret, struct vn_err *err)
{
    struct vn_journal_entry entry = {0};
    int r = app->store->ops->read(app->store->self, id, &ret->arena, &entry, err);

    if (r < 0)
        return r;
    if (strcmp(entry.uri, app->hv->uri) != 0)
        return vn_failf(err, VN_E_USAGE, "Connect to that host with -c and undo it there.",
                        "apply %lld was made on another host, %s", (long long)id, entry.uri);
    ret->id = id;
    ret->state = entry.state;
    ret->steps = entry.steps;
    ret->n_steps = entry.n_steps;
    return 0;
}

static size_t to_take_back(const struct vn_applied *ret, bool memory)
{
    size_t n = 0;

    for (size_t i = 0; i < ret->n_steps; i++)
        n += vn_run_can_go_back(&ret->steps[i], memory);
    return n;
}

/* Has anybody changed since what the apply left? Then an undo would undo that, too. */
static int check_unchanged(struct vn_app *app, const struct vn_snapshot *now, const struct vn_applied *ret, bool memory,
                           struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};

    for (size_t i = 0; i < ret->n_steps; i++) {
        enum vn_look found;
        char *there;
        int r;

        if (!vn_run_can_go_back(&ret->steps[i], memory))
            continue;
        r = vn_act_look(app, now, &ret->steps[i].step, true, &arena, &found, &there, err);
        if (r < 0)
            return r;
        if (found == VN_LOOK_NEITHER ||
            (found == VN_LOOK_BETWEEN && !vn_run_is_half(&ret->steps[i], found)))
            return vn_failf(err, VN_E_STALE,
                            "Look at 'vnuma history'; 'vnuma undo --force' takes it back all the same. "
                            "Nothing was changed.",
                            "somebody changed %s since apply %lld: step %zu was to %s, and it is %s now",
                            *ret->steps[i].step.vm ? ret->steps[i].step.vm : "the host", (long long)ret->id, i + 1,
                            vn_act_name(&arena, &ret->steps[i].step), there);
    }
    return 0;
}

/* Marks what stays, and opens the entry: from here on a crash makes recovery go on with the undo. */
static int open_entry(struct vn_run *run, bool memory, struct vn_err *err)
{
    struct vn_app *app = run->app;
    int r = 0;

    vn_run_at(app, "begin");
    for (size_t i = 0; r == 0 && !memory && i < run->n_steps; i++)
        if (run->steps[i].step.kind == VN_STEP_MOVE_MEMORY && run->steps[i].state == VN_STEP_DONE)
            r = vn_run_set(run, i, VN_STEP_KEPT, "left where it is; 'undo --memory' moves it back", err);
    for (size_t i = 0; r == 0 && memory && i < run->n_steps; i++)
        if (run->steps[i].state == VN_STEP_KEPT)
            r = vn_run_set(run, i, VN_STEP_DONE, "", err);
    if (r == 0)
        r = app->store->ops->end(app->store->self, run->id, VN_APPLY_UNDOING, "undo", 0, err);
    if (r == 0)
        vn_run_at(app, "recorded");
    return r;
}

static int close_entry(struct vn_run *run, struct vn_applied *ret, struct vn_err *err)
{
    struct vn_app *app = run->app;
    size_t stuck = vn_run_stuck(run);
    int r;

    ret->state = stuck ? VN_APPLY_PARTIAL : VN_APPLY_UNDONE;
    vn_run_at(app, "end");
    r = app->store->ops->end(app->store->self, run->id, ret->state, stuck ? "undone but for what is stuck" : "undone",
                             app->clock.now_usec(app->clock.self), err);
    if (r < 0)
        return r;
    vn_run_at(app, "ended");
    if (!stuck)
        return 0;
    return vn_failf(err, VN_E_PARTIAL, "They are listed; mend the cause, then 'vnuma undo' tries them again.",
                    "%zu of %zu steps could not be undone", stuck, run->n_steps);
}

static int take_back(struct vn_app *app, const struct vn_snapshot *now, const struct vn_apply_opts *opts,
                     struct vn_applied *ret, struct vn_err *err)
{
    struct vn_run run = {
        .app = app, .arena = &ret->arena, .id = ret->id, .steps = ret->steps, .n_steps = ret->n_steps};
    struct vn_back_opts back = {.memory = opts->move_memory, .force = opts->force};
    int r = open_entry(&run, back.memory, err);

    if (r < 0)
        return r;
    r = vn_run_back(&run, now, &now->host, &back, err);
    ret->moved_kib = run.sums.moved_kib;
    ret->paused_ms = run.sums.paused_ms;
    return r < 0 ? vn_err_ctx(err, r, "the undo was not recorded in full; the next vnuma goes on with it")
                 : close_entry(&run, ret, err);
}

static int undo_entry(struct vn_app *app, int64_t id, const struct vn_apply_opts *opts, struct vn_applied *ret,
                      struct vn_err *err)
{
    VN_AUTO(vn_snapshot) now = {0};
    int r = read_entry(app, id, ret, err);

    if (r < 0)
        return r;
    if (!to_take_back(ret, opts->move_memory)) {
        /* an interrupted apply that recovery took back just now is what was asked for */
        for (size_t i = 0; i < ret->recovered.n_entries; i++)
            if (ret->recovered.entries[i].id == id)
                return 0;
        if (ret->state == VN_APPLY_DONE && ret->n_steps && !opts->move_memory && to_take_back(ret, true))
            return vn_failf(err, VN_E_REFUSED, "'vnuma undo --memory' moves it back. Nothing was changed.",
                            "apply %lld only moved memory", (long long)id);
        return vn_failf(err, VN_E_REFUSED, "'vnuma history' lists what was done. Nothing was changed.",
                        "nothing of apply %lld is left to undo: it is %s", (long long)id,
                        vn_apply_state_name(ret->state));
    }
    r = vn_run_observe(app, ret->steps, ret->n_steps, &now, err);
    if (r == 0 && !opts->force)
        r = check_unchanged(app, &now, ret, opts->move_memory, err);
    if (r == 0 && !opts->dry_run)
        r = take_back(app, &now, opts, ret, err);
    return r;
}

static int undo_locked(struct vn_app *app, int64_t id, const struct vn_apply_opts *opts, struct vn_applied *ret,
                       struct vn_err *err)
{
    int r = opts->dry_run ? 0 : vn_recover_locked(app, &ret->recovered, err);

    if (r == 0 && !id)
        r = newest(app, &ret->recovered, &id, err);
    return r == 0 ? undo_entry(app, id, opts, ret, err) : r;
}

int vn_app_undo(struct vn_app *app, int64_t id, const struct vn_apply_opts *opts, struct vn_applied *ret,
                struct vn_err *err)
{
    int r;

    *ret = (struct vn_applied){0};
    if (opts->dry_run) /* reads only */
        return undo_locked(app, id, opts, ret, err);
    r = vn_run_may_change(app, err);
    if (r == 0)
        r = app->store->ops->lock(app->store->self, app->hv->uri, opts->lock_wait_ms, err);
    if (r < 0)
        return r;
    r = undo_locked(app, id, opts, ret, err);
    app->store->ops->unlock(app->store->self);
    return r;
}
