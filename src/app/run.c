/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "app/run.h"

int vn_run_may_change(const struct vn_app *app, struct vn_err *err)
{
    if (!app->hv->read_only)
        return 0;
    return VN_FAIL(err, VN_E_ENV, .where = app->hv->uri, .cause = "no permission to change anything",
                   .fix = app->hv->ops->keep ? "Run vnuma as root. Nothing was changed"
                                             : "Run vnuma as root, or as a member of the group libvirt. Nothing was "
                                               "changed");
}

void vn_run_at(const struct vn_app *app, const char *what)
{
    if (app->at)
        app->at(app->at_self, what);
}

void vn_run_at_step(const struct vn_app *app, const char *what, size_t step)
{
    char text[48];

    (void)snprintf(text, sizeof text, "%s %zu", what, step);
    vn_run_at(app, text);
}

int vn_run_set(struct vn_run *run, size_t step, enum vn_step_state state, const char *note, struct vn_err *err)
{
    struct vn_journal_step *at = &run->steps[step];

    at->state = state;
    if (note) {
        char *copy = vn_arena_strdup(run->arena, note);

        if (copy)
            at->note = copy;
    }
    return run->app->store->ops->set_step(run->app->store->self, run->id, step, state, note, err);
}

size_t vn_run_stuck(const struct vn_run *run)
{
    size_t n = 0;

    for (size_t i = 0; i < run->n_steps; i++)
        n += run->steps[i].state == VN_STEP_STUCK;
    return n;
}

static int add_name(struct vn_arena *arena, const char ***names, size_t *n, const char *name)
{
    const char **at;

    for (size_t i = 0; i < *n; i++)
        if (!strcmp((*names)[i], name))
            return 0;
    at = vn_arena_grow(arena, names, n, sizeof *at);
    if (at)
        *at = name;
    return at ? 0 : -VN_E_NOMEM;
}

int vn_run_observe(struct vn_app *app, const struct vn_journal_step *steps, size_t n_steps, struct vn_snapshot *ret,
                   struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    const char **names = NULL;
    size_t n = 0;
    int r;

    for (size_t i = 0; i < n_steps; i++)
        if (steps[i].step.vm[0] && add_name(&arena, &names, &n, steps[i].step.vm) < 0)
            return vn_nomem(err);
    r = vn_app_observe(app, names, n, ret, err);
    if (r == -VN_E_ABSENT) /* one of them is gone: whoever is left is among all */
        r = vn_app_observe(app, NULL, 0, ret, err);
    return r;
}

static int copy_text(struct vn_arena *arena, char *const *from, char **to)
{
    *to = vn_arena_strdup(arena, *from);
    return *from && !*to ? -VN_E_NOMEM : 0;
}

static int copy_kib(struct vn_arena *arena, const struct vn_step *from, struct vn_step *to)
{
    if (!from->n_kib)
        return 0;
    to->kib_before = vn_arena_array(arena, from->n_kib, sizeof *to->kib_before);
    to->kib_nodes = vn_arena_array(arena, from->n_kib, sizeof *to->kib_nodes);
    if (!to->kib_before || !to->kib_nodes)
        return -VN_E_NOMEM;
    memcpy(to->kib_before, from->kib_before, from->n_kib * sizeof *to->kib_before);
    memcpy(to->kib_nodes, from->kib_nodes, from->n_kib * sizeof *to->kib_nodes);
    return 0;
}

int vn_step_copy(struct vn_arena *arena, const struct vn_step *from, struct vn_step *ret, struct vn_err *err)
{
    *ret = *from;
    if (copy_text(arena, &from->vm, &ret->vm) < 0 || copy_text(arena, &from->uuid, &ret->uuid) < 0 ||
        copy_text(arena, &from->xml_before, &ret->xml_before) < 0 ||
        copy_text(arena, &from->xml_after, &ret->xml_after) < 0 ||
        copy_text(arena, &from->reason, &ret->reason) < 0 || copy_text(arena, &from->key, &ret->key) < 0 ||
        copy_text(arena, &from->value_before, &ret->value_before) < 0 ||
        copy_text(arena, &from->value_after, &ret->value_after) < 0 || copy_kib(arena, from, ret) < 0)
        return vn_nomem(err);
    return 0;
}

bool vn_scope_has(const struct vn_apply_opts *opts, const struct vn_step *step)
{
    bool both = opts->live == opts->config; /* neither said: both, as in virsh's default for what runs */

    if (step->kind == VN_STEP_MOVE_MEMORY && !opts->move_memory)
        return false;
    return both || (vn_act_is_live(step) ? opts->live : opts->config);
}
