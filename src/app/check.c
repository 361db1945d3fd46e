/* SPDX-License-Identifier: MIT */
/* Before anything is changed: is the host still the one the plan was made for? */
#include <stdio.h>
#include <string.h>

#include "app/run.h"

static const char again[] = "Make the plan again; nothing was changed.";

static char *was(struct vn_arena *arena, const struct vn_step *step)
{
    char *set;

    switch (step->kind) {
    case VN_STEP_VCPUPIN:
    case VN_STEP_EMULATORPIN:
    case VN_STEP_IOTHREADPIN:
        set = vn_cpuset_text(arena, &step->cpus_before);
        return set ? vn_arena_printf(arena, "pinned to %s", set) : NULL;
    case VN_STEP_NODESET:
        set = vn_nodeset_text(arena, &step->nodes_before);
        return set ? vn_arena_printf(arena, "on nodeset '%s'", set) : NULL;
    case VN_STEP_DEFINE:
        return vn_arena_strdup(arena, step->xml_before ? "stored as the plan's xml_before has it" : "not stored");
    case VN_STEP_MOVE_MEMORY:
        return vn_arena_strdup(arena, "of the cells it had");
    case VN_STEP_SAVE_RESTORE:
        return vn_arena_strdup(arena, "running as the plan's xml_before has it");
    case VN_STEP_SETTING:
        return vn_arena_printf(arena, "set to %s", step->value_before[0] ? step->value_before : "nothing");
    }
    return NULL;
}

static const char *what(const struct vn_step *step, char *out, size_t size)
{
    switch (step->kind) {
    case VN_STEP_VCPUPIN:
        (void)snprintf(out, size, "vCPU %u of %s", step->index, step->vm);
        break;
    case VN_STEP_IOTHREADPIN:
        (void)snprintf(out, size, "IOThread %u of %s", step->index, step->vm);
        break;
    case VN_STEP_EMULATORPIN:
        (void)snprintf(out, size, "the emulator of %s", step->vm);
        break;
    case VN_STEP_NODESET:
    case VN_STEP_MOVE_MEMORY:
        (void)snprintf(out, size, "the memory of %s", step->vm);
        break;
    case VN_STEP_DEFINE:
    case VN_STEP_SAVE_RESTORE:
        (void)snprintf(out, size, "%s", step->vm);
        break;
    case VN_STEP_SETTING:
        (void)snprintf(out, size, "%s%s%s", step->key, step->vm[0] ? " of " : "", step->vm);
        break;
    }
    return out;
}

static int stale(const struct vn_step *step, const char *now, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    char subject[256];
    const char *then = was(&arena, step);

    return vn_failf(err, VN_E_STALE, again, "the host changed since it was observed: %s is %s now, it was %s",
                    what(step, subject, sizeof subject), now, then ? then : "something else");
}

static int gone(const struct vn_snapshot *snapshot, const struct vn_step *step, const char *now, struct vn_err *err)
{
    bool there = false;

    for (size_t i = 0; i < snapshot->n_vms; i++)
        there |= !strcmp(snapshot->vms[i].name, step->vm);
    if (there)
        return vn_failf(err, VN_E_STALE, again, "the host changed since %s was observed: %s", step->vm, now);
    return VN_FAIL(err, VN_E_ABSENT, .got = step->vm, .cause = "the VM is gone since it was observed",
                   .fix = "'vnuma vm' lists those that are there; nothing was changed.");
}

/* A pin that the host knows it would refuse: said now, and not when half of the steps are done. */
static int check_pin(const struct vn_app *app, const struct vn_step *step, struct vn_err *err)
{
    return vn_act_is_pin(step) && app->hv->ops->check_pin ? app->hv->ops->check_pin(app->hv->self, step, err) : 0;
}

int vn_check_steps(struct vn_app *app, const struct vn_snapshot *now, const struct vn_journal_step *steps,
                   size_t n_steps, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};

    for (size_t i = 0; i < n_steps; i++) {
        const struct vn_step *step = &steps[i].step;
        enum vn_look found;
        char *there;
        int r = vn_act_look(app, now, step, true, &arena, &found, &there, err);

        if (r < 0)
            return r;
        if (found == VN_LOOK_GONE)
            return gone(now, step, there, err);
        r = check_pin(app, step, err);
        if (r < 0)
            return r;
        /* memory moves by itself: no plan is stale for that */
        if (found != VN_LOOK_BEFORE && step->kind != VN_STEP_MOVE_MEMORY)
            return stale(step, there, err);
    }
    return 0;
}
