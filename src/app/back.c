/* SPDX-License-Identifier: MIT */
/* The way back, step by step: after a failed apply, for an undo, after a crash. */
#include <string.h>
#include <vnuma/buf.h>

#include "app/run.h"

bool vn_run_can_go_back(const struct vn_journal_step *step, bool memory)
{
    if (step->step.kind == VN_STEP_MOVE_MEMORY && !memory)
        return false;
    switch (step->state) {
    case VN_STEP_BEGUN:
    case VN_STEP_DONE:
    case VN_STEP_UNDOING:
    case VN_STEP_STUCK:
    case VN_STEP_KEPT:
        return true;
    case VN_STEP_PENDING:
    case VN_STEP_FAILED:
    case VN_STEP_UNDONE:
        break;
    }
    return false;
}

/* After a crash or a failure the stored XML may be there as the host wrote it, which nobody recorded
 * yet: recorded before the way back begins, so that a second crash finds it. */
static int set_undoing(struct vn_run *run, size_t i, const struct vn_snapshot *now, struct vn_err *err)
{
    struct vn_journal_step *at = &run->steps[i];
    const struct vn_vm *vm = now ? vn_snapshot_vm(now, at->step.vm) : NULL;

    if (at->step.kind != VN_STEP_DEFINE || !vm || !vm->stored_xml || !at->step.xml_after ||
        !strcmp(vm->stored_xml, at->step.xml_after))
        return vn_run_set(run, i, VN_STEP_UNDOING, "", err);
    at->state = VN_STEP_UNDOING;
    at->step.xml_after = vn_arena_strdup(run->arena, vm->stored_xml);
    if (!at->step.xml_after)
        return vn_nomem(err);
    return run->app->store->ops->set_step_as(run->app->store->self, run->id, i, VN_STEP_UNDOING, &at->step, err);
}

/* Why there is nothing to take back; of the host it is a setting that another kernel may not have. */
static const char *gone(const struct vn_step *step)
{
    return *step->vm ? "the VM is gone" : "the host has no such setting now";
}

static int invert(struct vn_run *run, size_t i, const struct vn_snapshot *now, const struct vn_host *host,
                  struct vn_err *err)
{
    struct vn_err why = {0}, ignored = {0};
    char text[1024];
    int written = set_undoing(run, i, now, err), r;

    vn_run_at_step(run->app, "undoing", i);
    r = vn_act_back(run->app, host, &run->steps[i].step, &run->sums, &why);
    vn_run_at_step(run->app, "took", i);
    if (r == 0)
        r = vn_run_set(run, i, VN_STEP_UNDONE, "", written == 0 ? err : &ignored);
    else if (r == -VN_E_ABSENT)
        r = vn_run_set(run, i, VN_STEP_UNDONE, gone(&run->steps[i].step), written == 0 ? err : &ignored);
    else
        r = vn_run_set(run, i, VN_STEP_STUCK, vn_err_text(&why, text, sizeof text), written == 0 ? err : &ignored);
    vn_run_at_step(run->app, "undone", i);
    return written < 0 ? written : r;
}

/* The host cannot be looked at: at least the VM of that name must be the one that was changed. */
static enum vn_look look_at_name(struct vn_run *run, const struct vn_step *step, char **ret_now)
{
    VN_AUTO(vn_buf) uuid = {0};
    int r;

    if (!step->vm[0] || !step->uuid || !step->uuid[0]) /* the host's, or a plan from elsewhere */
        return VN_LOOK_AFTER;
    r = run->app->hv->ops->uuid(run->app->hv->self, step->vm, &uuid, NULL);
    if (r == -VN_E_ABSENT)
        return VN_LOOK_GONE;
    if (r == 0 && !strcmp(vn_buf_text(&uuid), step->uuid))
        return VN_LOOK_AFTER;
    *ret_now = vn_arena_strdup(run->arena, r == 0 ? "the VM is gone; another one has its name now"
                                                  : "the host cannot be asked whether this is the same VM");
    return r == 0 ? VN_LOOK_GONE : VN_LOOK_UNKNOWN;
}

/* Where the step's subject is; when that cannot be told, the inverse is tried on the VM that it was. */
static enum vn_look look(struct vn_run *run, size_t i, const struct vn_snapshot *now, char **ret_now)
{
    const struct vn_journal_step *at = &run->steps[i];
    enum vn_look found = VN_LOOK_AFTER;
    struct vn_err err = {0};
    int r;

    *ret_now = NULL;
    if (!now)
        return look_at_name(run, &at->step, ret_now);
    r = vn_act_look(run->app, now, &at->step, at->state != VN_STEP_BEGUN, run->arena, &found, ret_now, &err);
    if (r == -VN_E_ABSENT)
        return VN_LOOK_GONE;
    return r < 0 ? VN_LOOK_AFTER : found;
}

/* Off, or about to be, because of a save that nobody restored from yet. */
static bool was_saved(const struct vn_journal_step *at, const struct vn_snapshot *now)
{
    return at->step.kind == VN_STEP_SAVE_RESTORE && now && vn_snapshot_vm(now, at->step.vm) &&
           (at->state == VN_STEP_BEGUN || at->state == VN_STEP_UNDOING || at->state == VN_STEP_STUCK);
}

/*
 * Nothing to take back where the VM is gone or off. But one that was saved is restored, when somebody
 * asks for it: what is stuck already was reported; recovery starts no guest behind anybody's back.
 */
static int set_gone(struct vn_run *run, size_t i, const struct vn_snapshot *now, const char *there, struct vn_err *err)
{
    if (was_saved(&run->steps[i], now) && run->steps[i].state != VN_STEP_STUCK)
        return vn_run_set(run, i, VN_STEP_STUCK,
                          "interrupted between save and restore: the VM does not run; 'vnuma undo' restores it "
                          "from what was saved",
                          err);
    return vn_run_set(run, i, VN_STEP_UNDONE, there ? there : gone(&run->steps[i].step), err);
}

bool vn_run_is_half(const struct vn_journal_step *step, enum vn_look found)
{
    return found == VN_LOOK_BETWEEN && step->state != VN_STEP_DONE;
}

static int back_one(struct vn_run *run, size_t i, const struct vn_snapshot *now, const struct vn_host *host,
                    const struct vn_back_opts *opts, struct vn_err *err)
{
    struct vn_journal_step *at = &run->steps[i];
    char *there, *note;
    enum vn_look found = look(run, i, now, &there);

    switch (found) {
    case VN_LOOK_GONE:
        if (was_saved(at, now) && at->state == VN_STEP_STUCK)
            break;
        return set_gone(run, i, now, there, err);
    case VN_LOOK_BEFORE:
        if (at->state != VN_STEP_BEGUN)
            return vn_run_set(run, i, VN_STEP_UNDONE, "", err);
        return vn_run_set(run, i, VN_STEP_FAILED,
                          at->note && at->note[0] ? NULL : "interrupted before it changed anything", err);
    case VN_LOOK_UNKNOWN:
        note = vn_arena_printf(run->arena, "%s; left alone", there ? there : "the host cannot be asked");
        return vn_run_set(run, i, VN_STEP_STUCK, note ? note : "left alone", err);
    case VN_LOOK_BETWEEN:
    case VN_LOOK_NEITHER:
        if (opts->force || vn_run_is_half(at, found))
            break;
        note = vn_arena_printf(run->arena, "%s now: somebody changed it since; left alone", there);
        return vn_run_set(run, i, VN_STEP_STUCK, note ? note : "somebody changed it since; left alone", err);
    case VN_LOOK_AFTER:
        break;
    }
    return invert(run, i, now, host, err);
}

int vn_run_back(struct vn_run *run, const struct vn_snapshot *now, const struct vn_host *host,
                const struct vn_back_opts *opts, struct vn_err *err)
{
    struct vn_err ignored = {0};
    int first = 0;

    for (size_t i = run->n_steps; i-- > 0;) {
        int r;

        if (!vn_run_can_go_back(&run->steps[i], opts->memory))
            continue;
        vn_progress_say(run->app->progress, "undoing", run->n_steps - 1 - i, run->n_steps, "steps");
        r = back_one(run, i, now, host, opts, first ? &ignored : err);
        if (!first)
            first = r;
    }
    return first;
}
