/* SPDX-License-Identifier: MIT */
#include "app/change.h"

#include <string.h>
#include <vnuma/buf.h>

#include "app/act.h"

/* A step with what all kinds have. */
static int add(struct vn_plan *plan, const struct vn_vm *vm, const struct vn_step *like, const char *reason,
               struct vn_step **ret, struct vn_err *err)
{
    struct vn_step *step = vn_arena_grow(&plan->arena, &plan->steps, &plan->n_steps, sizeof *step);

    if (!step)
        return vn_nomem(err);
    *step = *like;
    step->cell = -1;
    step->vm = vn_arena_strdup(&plan->arena, vm ? vm->name : "");
    step->uuid = vn_arena_strdup(&plan->arena, vm ? vm->uuid : "");
    step->reason = vn_arena_strdup(&plan->arena, reason);
    *ret = step;
    return step->vm && step->uuid && step->reason ? 0 : vn_nomem(err);
}

int vn_change_setting(struct vn_app *app, struct vn_plan *plan, const struct vn_vm *vm, const char *key,
                      const char *value, const char *reason, struct vn_err *err)
{
    VN_AUTO(vn_buf) now = {0};
    struct vn_step like = {.kind = VN_STEP_SETTING, .when = VN_WHEN_LIVE}, *step;
    int r = app->hv->ops->setting(app->hv->self, vm ? vm->name : "", key, &now, err);

    if (r == 0 && !strcmp(vn_buf_text(&now), value))
        return 0;
    if (r == 0)
        r = add(plan, vm, &like, reason, &step, err);
    if (r < 0)
        return r;
    step->key = vn_arena_strdup(&plan->arena, key);
    step->value_before = vn_arena_strdup(&plan->arena, vn_buf_text(&now));
    step->value_after = vn_arena_strdup(&plan->arena, value);
    return step->key && step->value_before && step->value_after ? 0 : vn_nomem(err);
}

int vn_change_define(struct vn_plan *plan, const struct vn_vm *vm, const char *xml_after, const char *reason,
                     struct vn_err *err)
{
    struct vn_step like = {.kind = VN_STEP_DEFINE, .when = VN_WHEN_NEXT_START}, *step;
    bool same = false;
    int r = vn_same_xml(vm->stored_xml, xml_after, &same, err);

    if (r == 0 && !same)
        r = add(plan, vm, &like, reason, &step, err);
    if (r < 0 || same)
        return r;
    step->xml_before = vn_arena_strdup(&plan->arena, vm->stored_xml);
    step->xml_after = vn_arena_strdup(&plan->arena, xml_after);
    return step->xml_before && step->xml_after ? 0 : vn_nomem(err);
}

int vn_change_pin(struct vn_plan *plan, const struct vn_host *host, const struct vn_vm *vm, enum vn_step_kind kind,
                  unsigned index, const struct vn_cpuset *cpus, const char *reason, struct vn_err *err)
{
    struct vn_step like = {.kind = kind, .when = VN_WHEN_LIVE, .index = index, .cpus_after = *cpus}, *step;
    struct vn_cpuset online;

    vn_host_online(host, &online);
    vn_act_pin_now(host, vm, &like, &like.cpus_before);
    return vn_act_same_pin(&like.cpus_before, cpus, &online) ? 0 : add(plan, vm, &like, reason, &step, err);
}

int vn_change_move(struct vn_plan *plan, const struct vn_host *host, const struct vn_vm *vm, int cell, int node,
                   const char *reason, struct vn_err *err)
{
    const uint64_t *resident = cell < 0 ? vm->node_kib : vm->cell_kib + (size_t)cell * host->n_nodes;
    struct vn_step like = {.kind = VN_STEP_MOVE_MEMORY, .when = VN_WHEN_LIVE, .n_kib = host->n_nodes}, *step;
    int r;

    like.kib_before = vn_arena_array(&plan->arena, host->n_nodes, sizeof *like.kib_before);
    like.kib_nodes = vn_arena_array(&plan->arena, host->n_nodes, sizeof *like.kib_nodes);
    if (!like.kib_before || !like.kib_nodes)
        return vn_nomem(err);
    for (size_t i = 0; i < host->n_nodes; i++) {
        like.kib_before[i] = resident[i];
        like.kib_nodes[i] = host->nodes[i].id;
        like.move_kib += host->nodes[i].id == node ? 0 : resident[i];
    }
    if (!like.move_kib)
        return 0;
    r = add(plan, vm, &like, reason, &step, err);
    if (r < 0)
        return r;
    step->cell = cell;
    step->node_to = node;
    return 0;
}

int vn_change_nodeset(struct vn_plan *plan, const struct vn_vm *vm, const struct vn_nodeset *nodes, const char *reason,
                      struct vn_err *err)
{
    struct vn_step like = {.kind = VN_STEP_NODESET, .when = VN_WHEN_LIVE, .nodes_after = *nodes}, *step;

    like.nodes_before = vm->live->mem_nodes;
    return vn_nodeset_equal(&like.nodes_before, nodes) ? 0 : add(plan, vm, &like, reason, &step, err);
}
