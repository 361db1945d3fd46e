/* SPDX-License-Identifier: MIT */
/* What a crash left: finished where every step was done, taken back otherwise. */
#include <stdio.h>
#include <string.h>

#include "app/run.h"

void vn_recovered_drop(struct vn_recovered *recovered)
{
    vn_arena_drop(&recovered->arena);
    memset(recovered, 0, sizeof *recovered);
}

/* A step that had begun when the process ended: recorded as done where it is seen to be. */
static int settle(struct vn_run *run, size_t i, const struct vn_snapshot *now, struct vn_err *err)
{
    struct vn_journal_step *at = &run->steps[i];
    const struct vn_vm *vm = vn_snapshot_vm(now, at->step.vm);
    enum vn_look found;
    char *there;
    int r;

    /* after a power cut the journal may lack the last records: what is kept on a disk is looked at all the same */
    bool lasts = at->step.kind == VN_STEP_DEFINE || (at->step.kind == VN_STEP_SETTING && !at->step.vm[0]);
    bool lost = at->state == VN_STEP_PENDING && lasts;

    /* how much of a memory move is enough cannot be told: it goes back */
    if ((at->state != VN_STEP_BEGUN && !lost) || at->step.kind == VN_STEP_MOVE_MEMORY)
        return 0;
    r = vn_act_look(run->app, now, &at->step, false, run->arena, &found, &there, err);
    if (r < 0 || found != VN_LOOK_AFTER)
        return r;
    if (at->step.kind != VN_STEP_DEFINE || !vm || !vm->stored_xml)
        return vn_run_set(run, i, VN_STEP_DONE, "found done after an interruption", err);
    at->step.xml_after = vn_arena_strdup(run->arena, vm->stored_xml);
    if (!at->step.xml_after)
        return vn_nomem(err);
    at->state = VN_STEP_DONE;
    return run->app->store->ops->set_step_as(run->app->store->self, run->id, i, VN_STEP_DONE, &at->step, err);
}

static size_t count(const struct vn_run *run, enum vn_step_state state)
{
    size_t n = 0;

    for (size_t i = 0; i < run->n_steps; i++)
        n += run->steps[i].state == state;
    return n;
}

static int close_entry(struct vn_run *run, struct vn_journal_entry *entry, enum vn_apply_state state, const char *found,
                       struct vn_err *err)
{
    struct vn_app *app = run->app;
    static const char *const done[] = {
        [VN_APPLY_DONE] = "every step was done", [VN_APPLY_UNDONE] = "undone", [VN_APPLY_PARTIAL] = "partly undone"};
    char note[256];
    int r;

    if (state == VN_APPLY_PARTIAL)
        (void)snprintf(note, sizeof note, "%s; %zu steps could not be undone", found, vn_run_stuck(run));
    else
        (void)snprintf(note, sizeof note, "%s; %s", found, done[state]);
    vn_run_at(app, "end");
    entry->state = state;
    entry->ended_usec = app->clock.now_usec(app->clock.self);
    entry->note = vn_arena_strdup(run->arena, note);
    if (!entry->note)
        return vn_nomem(err);
    r = app->store->ops->end(app->store->self, entry->id, state, note, entry->ended_usec, err);
    if (r == 0)
        vn_run_at(app, "ended");
    return r;
}

static void describe(const struct vn_run *run, bool undoing, char *out, size_t size)
{
    size_t done = count(run, VN_STEP_DONE), begun = count(run, VN_STEP_BEGUN);
    size_t undone = count(run, VN_STEP_UNDONE) + count(run, VN_STEP_UNDOING);

    if (undoing || undone)
        (void)snprintf(out, size, "interrupted while undoing, %zu of %zu steps were undone",
                       count(run, VN_STEP_UNDONE), run->n_steps);
    else if (begun)
        (void)snprintf(out, size, "interrupted in step %zu of %zu", done + 1, run->n_steps);
    else
        (void)snprintf(out, size, "interrupted after step %zu of %zu", done, run->n_steps);
}

static int recover_one(struct vn_app *app, struct vn_arena *arena, struct vn_journal_entry *entry, struct vn_err *err)
{
    VN_AUTO(vn_snapshot) now = {0};
    struct vn_run run = {
        .app = app, .arena = arena, .id = entry->id, .steps = entry->steps, .n_steps = entry->n_steps};
    bool undoing = entry->state == VN_APPLY_UNDOING;
    /* an undo said by its KEPT steps whether memory goes back; an apply takes everything back */
    struct vn_back_opts opts = {.memory = !count(&run, VN_STEP_KEPT)};
    char found[128];
    int r = vn_run_observe(app, run.steps, run.n_steps, &now, err);

    describe(&run, undoing, found, sizeof found);
    for (size_t i = 0; r == 0 && i < run.n_steps; i++)
        r = undoing ? 0 : settle(&run, i, &now, err);
    if (r < 0)
        return r;
    if (!undoing && count(&run, VN_STEP_DONE) == run.n_steps)
        return close_entry(&run, entry, VN_APPLY_DONE, found, err);
    r = vn_run_back(&run, &now, &now.host, &opts, err);
    if (r < 0)
        return r;
    return close_entry(&run, entry, vn_run_stuck(&run) ? VN_APPLY_PARTIAL : VN_APPLY_UNDONE, found, err);
}

static int recover_id(struct vn_app *app, int64_t id, struct vn_recovered *ret, struct vn_err *err)
{
    struct vn_journal_entry entry = {0}, *at;
    int r = app->store->ops->read(app->store->self, id, &ret->arena, &entry, err);

    if (r == 0)
        r = recover_one(app, &ret->arena, &entry, err);
    if (r < 0)
        return vn_err_ctx(err, r, "cannot mend apply %lld, which was interrupted", (long long)id);
    at = vn_arena_grow(&ret->arena, &ret->entries, &ret->n_entries, sizeof *at);
    if (!at)
        return vn_nomem(err);
    *at = entry;
    return 0;
}

int vn_recover_locked(struct vn_app *app, struct vn_recovered *ret, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_journal_entry *entries = NULL;
    size_t n = 0;
    int r = app->store->ops->list(app->store->self, app->hv->uri, &arena, &entries, &n, err);

    for (size_t i = 0; r == 0 && i < n; i++) /* the newest first: the later change is taken back first */
        if (entries[i].state == VN_APPLY_RUNNING || entries[i].state == VN_APPLY_UNDOING)
            r = recover_id(app, entries[i].id, ret, err);
    return r;
}

int vn_app_recover(struct vn_app *app, unsigned lock_wait_ms, struct vn_recovered *ret, struct vn_err *err)
{
    int r;

    *ret = (struct vn_recovered){0};
    r = app->store->ops->lock(app->store->self, app->hv->uri, lock_wait_ms, err);
    if (r < 0)
        return r;
    r = vn_recover_locked(app, ret, err);
    app->store->ops->unlock(app->store->self);
    return r;
}
