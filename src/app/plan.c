/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <vnuma/buf.h>

#include "app/run.h"
#include "codec/domxml.h"

static int keep_text(struct vn_plan *plan, const struct vn_buf *buf, char **ret, struct vn_err *err)
{
    *ret = buf->failed ? NULL : vn_arena_strdup(&plan->arena, vn_buf_text(buf));
    return *ret ? 0 : vn_nomem(err);
}

static int fill_define(struct vn_plan *plan, const struct vn_placement *placement, struct vn_step *step, bool *ret_drop,
                       struct vn_err *err)
{
    VN_AUTO(vn_buf) xml = {0};
    int r;

    if (!step->xml_before) {
        *ret_drop = true; /* transient: there is nothing stored to change */
        return 0;
    }
    r = vn_domxml_place(step->xml_before, strlen(step->xml_before), placement, &xml, err);
    if (r == 0)
        r = keep_text(plan, &xml, &step->xml_after, err);
    if (r == 0)
        r = vn_same_xml(step->xml_before, step->xml_after, ret_drop, err);
    return r < 0 ? vn_err_ctx(err, r, "cannot put the placement into the XML of %s", step->vm) : 0;
}

static int fill_saved(struct vn_app *app, struct vn_plan *plan, const struct vn_placement *placement,
                      struct vn_step *step, struct vn_err *err)
{
    VN_AUTO(vn_buf) before = {0};
    VN_AUTO(vn_buf) after = {0};
    int r = app->hv->ops->xml(app->hv->self, step->vm, VN_XML_MIGRATABLE, &before, err);

    if (r == 0)
        r = keep_text(plan, &before, &step->xml_before, err);
    if (r == 0)
        r = vn_domxml_replace(step->xml_before, strlen(step->xml_before), placement, &after, err);
    if (r == 0)
        r = keep_text(plan, &after, &step->xml_after, err);
    return r < 0 ? vn_err_ctx(err, r, "cannot put the placement into the XML that %s runs with", step->vm) : 0;
}

/* A guest without <numatune> takes one live nodeset and is strict from then on, which refuses the way
 * back: a step without an inverse is left to the next start. */
static bool has_inverse(const struct vn_snapshot *snapshot, const struct vn_step *step)
{
    const struct vn_vm *vm = vn_snapshot_vm(snapshot, step->vm);

    return step->kind != VN_STEP_NODESET || !vm || !vm->live ||
           (vm->live->has_numatune && vm->live->mem_mode == VN_MEM_RESTRICTIVE);
}

/* Fills the XML in and leaves out what is not within the scope or would change nothing. */
static int fill_steps(struct vn_app *app, const struct vn_snapshot *snapshot, const struct vn_apply_opts *opts,
                      struct vn_plan *plan, struct vn_err *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < plan->n_steps; i++) {
        struct vn_step *step = &plan->steps[i];
        const struct vn_placement *placement = vn_plan_vm(plan, step->vm);
        bool drop = !vn_scope_has(opts, step) || !has_inverse(snapshot, step);
        int r = 0;

        if (!drop && placement && step->kind == VN_STEP_DEFINE)
            r = fill_define(plan, placement, step, &drop, err);
        else if (!drop && placement && step->kind == VN_STEP_SAVE_RESTORE)
            r = fill_saved(app, plan, placement, step, err);
        if (r < 0)
            return r;
        if (!drop)
            plan->steps[kept++] = *step;
    }
    plan->n_steps = kept;
    return 0;
}

/* --new: the XML of a VM that is not there yet, as a step that only its reader carries out. */
static int add_fresh(const struct vn_request *fresh, const struct vn_apply_opts *opts, struct vn_plan *plan,
                     struct vn_err *err)
{
    VN_AUTO(vn_buf) bare = {0};
    VN_AUTO(vn_buf) placed = {0};
    const struct vn_placement *placement = vn_plan_vm(plan, fresh->name);
    struct vn_step step = {.kind = VN_STEP_DEFINE, .when = VN_WHEN_NEXT_START, .cell = -1}, *steps;
    int r;

    if (!placement || !vn_scope_has(opts, &step))
        return 0;
    r = vn_domxml_new(fresh->name, fresh->vcpus, fresh->memory_kib, &bare, err);
    if (r == 0)
        r = vn_domxml_place(vn_buf_text(&bare), bare.len, placement, &placed, err);
    if (r == 0)
        r = keep_text(plan, &placed, &step.xml_after, err);
    if (r < 0)
        return vn_err_ctx(err, r, "cannot write the XML of the new VM %s", fresh->name);
    step.vm = vn_arena_strdup(&plan->arena, fresh->name);
    step.uuid = vn_arena_strdup(&plan->arena, "");
    step.reason = vn_arena_strdup(&plan->arena, "the VM does not exist yet; 'virsh define' makes it of this XML");
    /* not vn_arena_grow(): the planner's array may be of any size */
    steps = vn_arena_array(&plan->arena, plan->n_steps + 1, sizeof *steps);
    if (!step.vm || !step.uuid || !step.reason || !steps)
        return vn_nomem(err);
    if (plan->n_steps)
        memcpy(steps, plan->steps, plan->n_steps * sizeof *steps);
    steps[plan->n_steps++] = step;
    plan->steps = steps;
    return 0;
}

/* ---- a host where nothing is stored ---- */

static int check_unstored(const struct vn_app *app, const struct vn_plan_query *query, const struct vn_apply_opts *opts,
                          struct vn_err *err)
{
    if (!app->hv->ops->keep)
        return 0;
    if (query->fresh)
        return VN_FAIL(err, VN_E_REFUSED, .got = query->fresh->name, .cause = "a new VM needs libvirt to define it",
                       .fix = "Use a libvirt URI.");
    if (opts->save_restore)
        return VN_FAIL(err, VN_E_REFUSED,
                       .cause = "a bare QEMU cannot be saved and restored: nobody but its start script can start it",
                       .fix = "Leave out --via save-restore.");
    if (opts->config && !opts->live)
        return VN_FAIL(err, VN_E_REFUSED,
                       .cause = "a bare QEMU has no stored configuration: its start script decides what holds after "
                                "the next start",
                       .fix = "Leave out --config; the plan then says what to put into the script.");
    return 0;
}

static int add_notes(struct vn_plan *plan, char *const *notes, size_t count, struct vn_err *err)
{
    /* not vn_arena_grow(): the planner's array may be of any size */
    char **all = vn_arena_array(&plan->arena, plan->n_notes + count, sizeof *all);

    if (!all)
        return vn_nomem(err);
    if (plan->n_notes)
        memcpy(all, plan->notes, plan->n_notes * sizeof *all);
    if (count)
        memcpy(all + plan->n_notes, notes, count * sizeof *all);
    plan->notes = all;
    plan->n_notes += count;
    return 0;
}

/* Nothing of the plan outlasts the guests: what would is for a person to write into their start scripts. */
static int add_keeping(const struct vn_app *app, struct vn_plan *plan, struct vn_err *err)
{
    char *first = vn_arena_strdup(&plan->arena, "a bare QEMU has no stored configuration: the steps hold until it "
                                                "ends, and its start script decides what holds after the next start");
    int r;

    if (!app->hv->ops->keep || !plan->n_vms)
        return 0;
    r = first ? add_notes(plan, &first, 1, err) : vn_nomem(err);
    for (size_t i = 0; r == 0 && i < plan->n_vms; i++) {
        char **notes = NULL;
        size_t count = 0;

        r = app->hv->ops->keep(app->hv->self, &plan->vms[i], &plan->arena, &notes, &count, err);
        if (r == 0)
            r = add_notes(plan, notes, count, err);
    }
    return r;
}

/* What has to be set before the pins goes first. */
static int add_preparation(struct vn_app *app, struct vn_plan *plan, struct vn_err *err)
{
    struct vn_step *first, *all;
    size_t count;
    int r = vn_prepare_pins(app, plan->steps, plan->n_steps, &plan->arena, &first, &count, err);

    if (r < 0 || !count)
        return r;
    all = vn_arena_array(&plan->arena, count + plan->n_steps, sizeof *all);
    if (!all)
        return vn_nomem(err);
    memcpy(all, first, count * sizeof *all);
    memcpy(all + count, plan->steps, plan->n_steps * sizeof *all);
    plan->steps = all;
    plan->n_steps += count;
    return 0;
}

/* A pin that would be refused, in words: once for each VM. */
static int add_forbidden(struct vn_app *app, struct vn_plan *plan, struct vn_err *err)
{
    const char *said = "";
    int r = 0;

    for (size_t i = 0; r == 0 && app->hv->ops->check_pin && i < plan->n_steps; i++) {
        const struct vn_step *step = &plan->steps[i];
        struct vn_err why = {0};
        char text[1024], *note;

        if (!vn_act_is_pin(step) || !strcmp(said, step->vm) ||
            app->hv->ops->check_pin(app->hv->self, step, &why) != -VN_E_REFUSED)
            continue;
        said = step->vm;
        note = vn_arena_printf(&plan->arena, "'%s': the steps would be refused: %s", step->vm,
                               vn_err_text(&why, text, sizeof text));
        r = note ? add_notes(plan, &note, 1, err) : vn_nomem(err);
    }
    return r;
}

int vn_app_plan(struct vn_app *app, const struct vn_snapshot *snapshot, const struct vn_plan_query *query,
                const struct vn_apply_opts *opts, struct vn_problem *ret_problem, struct vn_plan *ret_plan,
                struct vn_err *err)
{
    struct vn_problem problem = {0};
    struct vn_plan plan = {0};
    int r = check_unstored(app, query, opts, err);

    if (r == 0)
        r = vn_problem_from_snapshot(snapshot, query, &problem, err);
    if (r == 0)
        r = vn_planner_solve(&problem, &opts->planner, &plan, err);
    if (r == 0)
        r = vn_planner_steps(snapshot, opts->save_restore, &plan, err);
    if (r == 0)
        r = fill_steps(app, snapshot, opts, &plan, err);
    if (r == 0 && query->fresh)
        r = add_fresh(query->fresh, opts, &plan, err);
    if (r == 0)
        r = add_preparation(app, &plan, err);
    if (r == 0)
        r = add_forbidden(app, &plan, err);
    if (r == 0)
        r = add_keeping(app, &plan, err);
    if (r < 0) {
        vn_problem_drop(&problem);
        vn_plan_drop(&plan);
        return r;
    }
    if (ret_problem)
        *ret_problem = problem;
    else
        vn_problem_drop(&problem);
    *ret_plan = plan;
    return 0;
}
