/* SPDX-License-Identifier: MIT */
/* One step carried out, and its inverse. */
#include <string.h>
#include <vnuma/buf.h>

#include "app/act.h"

static const char *pin_name(struct vn_arena *arena, const struct vn_step *step)
{
    char *cpus = vn_cpuset_text(arena, &step->cpus_after), *text = NULL;

    if (!cpus)
        return "";
    if (step->kind == VN_STEP_VCPUPIN)
        text = vn_arena_printf(arena, "pin vCPU %u of %s to %s", step->index, step->vm, cpus);
    else if (step->kind == VN_STEP_IOTHREADPIN)
        text = vn_arena_printf(arena, "pin IOThread %u of %s to %s", step->index, step->vm, cpus);
    else
        text = vn_arena_printf(arena, "pin the emulator of %s to %s", step->vm, cpus);
    return text ? text : "";
}

const char *vn_act_name(struct vn_arena *arena, const struct vn_step *step)
{
    char *text = NULL, *nodes;

    switch (step->kind) {
    case VN_STEP_VCPUPIN:
    case VN_STEP_EMULATORPIN:
    case VN_STEP_IOTHREADPIN:
        return pin_name(arena, step);
    case VN_STEP_DEFINE:
        text = vn_arena_printf(arena, "store the new XML of %s", step->vm);
        break;
    case VN_STEP_NODESET:
        nodes = vn_nodeset_text(arena, &step->nodes_after);
        text = vn_arena_printf(arena, "set the memory nodes of %s to %s", step->vm, nodes ? nodes : "?");
        break;
    case VN_STEP_MOVE_MEMORY:
        text = step->cell < 0
                   ? vn_arena_printf(arena, "move the memory of %s to node %d", step->vm, step->node_to)
                   : vn_arena_printf(arena, "move the memory of cell %d of %s to node %d", step->cell, step->vm,
                                     step->node_to);
        break;
    case VN_STEP_SAVE_RESTORE:
        text = vn_arena_printf(arena, "save %s and restore it in its new place", step->vm);
        break;
    case VN_STEP_SETTING:
        text = vn_arena_printf(arena, "set %s%s%s to %s", step->key, step->vm[0] ? " of " : "", step->vm,
                               step->value_after[0] ? step->value_after : "nothing");
        break;
    }
    return text ? text : "";
}

static int pin(struct vn_app *app, const struct vn_step *step, const struct vn_cpuset *cpus, struct vn_err *err)
{
    const struct vn_hypervisor_ops *ops = app->hv->ops;
    void *self = app->hv->self;

    if (step->kind == VN_STEP_VCPUPIN)
        return ops->pin_vcpu(self, step->vm, step->index, cpus, VN_SCOPE_LIVE, err);
    if (step->kind == VN_STEP_IOTHREADPIN)
        return ops->pin_iothread(self, step->vm, step->index, cpus, VN_SCOPE_LIVE, err);
    return ops->pin_emulator(self, step->vm, cpus, VN_SCOPE_LIVE, err);
}

static int need_xml(const struct vn_step *step, const char *xml, struct vn_err *err)
{
    return xml ? 0
               : VN_FAIL(err, VN_E_USAGE, .got = step->vm, .cause = "a step of the plan carries no XML",
                         .fix = "Make the plan again.");
}

/* Defines @xml and reads back what the host made of it. */
static int define(struct vn_app *app, const struct vn_step *step, const char *xml, struct vn_buf *ret_stored,
                  struct vn_err *err)
{
    int r = need_xml(step, xml, err);

    if (r == 0)
        r = app->hv->ops->define(app->hv->self, xml, err);
    if (r == 0)
        r = app->hv->ops->xml(app->hv->self, step->vm, VN_XML_STORED, ret_stored, err);
    if (r == 0 && ret_stored->failed)
        r = vn_nomem(err);
    return r;
}

static int define_after(struct vn_app *app, struct vn_step *step, struct vn_arena *arena, struct vn_err *err)
{
    VN_AUTO(vn_buf) stored = {0};
    int r = define(app, step, step->xml_after, &stored, err);
    char *text;

    if (r < 0)
        return r;
    text = vn_arena_strdup(arena, vn_buf_text(&stored));
    if (!text)
        return vn_nomem(err);
    step->xml_after = text;
    return 0;
}

static int define_before(struct vn_app *app, const struct vn_step *step, struct vn_err *err)
{
    VN_AUTO(vn_buf) stored = {0};
    int r = define(app, step, step->xml_before, &stored, err);

    if (r == 0 && strcmp(vn_buf_text(&stored), step->xml_before) != 0)
        return VN_FAIL(err, VN_E_IO, .got = step->vm,
                       .cause = "the old XML was stored again, but the host changed bytes of it",
                       .fix = "Compare 'virsh dumpxml --inactive' with the journal's copy.");
    return r;
}

static int move(struct vn_app *app, const struct vn_step *step, struct vn_act_sums *sums, struct vn_err *err)
{
    struct vn_move order = {
        .cell = step->cell < 0 ? 0 : (unsigned)step->cell, .all = step->cell < 0, .node_to = step->node_to};
    uint64_t moved = 0;
    int r = app->hv->ops->move_memory(app->hv->self, step->vm, &order, app->progress, &moved, err);

    sums->moved_kib += moved;
    return r;
}

static int save_restore(struct vn_app *app, const struct vn_step *step, const char *xml, struct vn_act_sums *sums,
                        struct vn_err *err)
{
    uint64_t paused = 0;
    int r = need_xml(step, xml, err);

    if (r == 0)
        r = app->hv->ops->save_restore(app->hv->self, step->vm, xml, app->progress, &paused, err);
    sums->paused_ms += paused;
    return r;
}

static int set_nodeset(struct vn_app *app, const struct vn_step *step, const struct vn_nodeset *nodes,
                       struct vn_err *err)
{
    return app->hv->ops->set_nodeset(app->hv->self, step->vm, nodes, VN_SCOPE_LIVE, err);
}

static int set(struct vn_app *app, const struct vn_step *step, const char *value, struct vn_err *err)
{
    return app->hv->ops->set_setting(app->hv->self, step->vm, step->key, value, err);
}

int vn_act_do(struct vn_app *app, struct vn_step *step, struct vn_arena *arena, struct vn_act_sums *sums,
              struct vn_err *err)
{
    switch (step->kind) {
    case VN_STEP_DEFINE:
        return define_after(app, step, arena, err);
    case VN_STEP_NODESET:
        return set_nodeset(app, step, &step->nodes_after, err);
    case VN_STEP_MOVE_MEMORY:
        return move(app, step, sums, err);
    case VN_STEP_SAVE_RESTORE:
        return save_restore(app, step, step->xml_after, sums, err);
    case VN_STEP_SETTING:
        return set(app, step, step->value_after, err);
    case VN_STEP_VCPUPIN:
    case VN_STEP_EMULATORPIN:
    case VN_STEP_IOTHREADPIN:
        break;
    }
    return pin(app, step, &step->cpus_after, err);
}

int vn_act_back(struct vn_app *app, const struct vn_host *host, const struct vn_step *step, struct vn_act_sums *sums,
                struct vn_err *err)
{
    switch (step->kind) {
    case VN_STEP_DEFINE:
        return define_before(app, step, err);
    case VN_STEP_NODESET:
        return set_nodeset(app, step, &step->nodes_before, err);
    case VN_STEP_MOVE_MEMORY:
        return vn_act_move_back(app, host, step, sums, err);
    case VN_STEP_SAVE_RESTORE:
        return save_restore(app, step, step->xml_before, sums, err);
    case VN_STEP_SETTING:
        return set(app, step, step->value_before, err);
    case VN_STEP_VCPUPIN:
    case VN_STEP_EMULATORPIN:
    case VN_STEP_IOTHREADPIN:
        break;
    }
    return pin(app, step, &step->cpus_before, err);
}
