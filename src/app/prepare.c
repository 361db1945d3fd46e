/* SPDX-License-Identifier: MIT */
/* What has to be set before pins can be: steps of their own, so that an undo takes them back too. */
#include <string.h>

#include "app/act.h"

bool vn_act_is_pin(const struct vn_step *step)
{
    return step->kind == VN_STEP_VCPUPIN || step->kind == VN_STEP_EMULATORPIN || step->kind == VN_STEP_IOTHREADPIN;
}

/* The pins of one VM. */
static int pins_of(const struct vn_step *steps, size_t n_steps, const char *vm, struct vn_arena *arena,
                   struct vn_step **ret, size_t *ret_count, struct vn_err *err)
{
    *ret = vn_arena_array(arena, n_steps, sizeof **ret);
    *ret_count = 0;
    if (!*ret)
        return vn_nomem(err);
    for (size_t i = 0; i < n_steps; i++)
        if (vn_act_is_pin(&steps[i]) && !strcmp(steps[i].vm, vm))
            (*ret)[(*ret_count)++] = steps[i];
    return 0;
}

/* A plan that was saved brings its own. */
static bool has_setting(const struct vn_step *steps, size_t n_steps, const char *vm, const char *key)
{
    for (size_t i = 0; i < n_steps; i++)
        if (steps[i].kind == VN_STEP_SETTING && !strcmp(steps[i].vm, vm) && !strcmp(steps[i].key, key))
            return true;
    return false;
}

static int add_step(struct vn_arena *arena, const struct vn_step *pin, const struct vn_setting_change *change,
                    struct vn_step **ret, size_t *ret_count, struct vn_err *err)
{
    struct vn_step *step = vn_arena_grow(arena, ret, ret_count, sizeof *step);

    if (!step)
        return vn_nomem(err);
    *step = (struct vn_step){.kind = VN_STEP_SETTING, .when = VN_WHEN_LIVE, .cell = -1};
    step->vm = vn_arena_strdup(arena, pin->vm);
    step->uuid = vn_arena_strdup(arena, pin->uuid ? pin->uuid : "");
    step->reason = vn_arena_strdup(arena, "its cpuset does not have the CPUs that it is pinned to next");
    step->key = vn_arena_strdup(arena, change->key);
    step->value_before = vn_arena_strdup(arena, change->before);
    step->value_after = vn_arena_strdup(arena, change->after);
    return step->vm && step->uuid && step->reason && step->key && step->value_before && step->value_after
               ? 0
               : vn_nomem(err);
}

static int prepare_vm(struct vn_app *app, const struct vn_step *steps, size_t n_steps, const struct vn_step *first,
                      struct vn_arena *arena, struct vn_step **ret, size_t *ret_count, struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct vn_setting_change *changes = NULL;
    struct vn_step *pins = NULL;
    size_t n_pins = 0, n_changes = 0;
    int r = pins_of(steps, n_steps, first->vm, &scratch, &pins, &n_pins, err);

    if (r == 0)
        r = app->hv->ops->prepare_pins(app->hv->self, first->vm, pins, n_pins, &scratch, &changes, &n_changes, err);
    if (r == -VN_E_ABSENT) /* the check before the apply says so */
        return 0;
    for (size_t i = 0; r == 0 && i < n_changes; i++)
        if (!has_setting(steps, n_steps, first->vm, changes[i].key))
            r = add_step(arena, first, &changes[i], ret, ret_count, err);
    return r;
}

static bool is_first_of_vm(const struct vn_step *steps, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (vn_act_is_pin(&steps[j]) && !strcmp(steps[j].vm, steps[i].vm))
            return false;
    return vn_act_is_pin(&steps[i]);
}

int vn_prepare_pins(struct vn_app *app, const struct vn_step *steps, size_t n_steps, struct vn_arena *arena,
                    struct vn_step **ret, size_t *ret_count, struct vn_err *err)
{
    int r = 0;

    *ret = NULL;
    *ret_count = 0;
    for (size_t i = 0; r == 0 && app->hv->ops->prepare_pins && i < n_steps; i++)
        if (is_first_of_vm(steps, i))
            r = prepare_vm(app, steps, n_steps, &steps[i], arena, ret, ret_count, err);
    return r;
}
