/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "port/store.h"

static const char *const apply_states[] = {
    [VN_APPLY_RUNNING] = "running", [VN_APPLY_DONE] = "done",       [VN_APPLY_UNDONE] = "undone",
    [VN_APPLY_PARTIAL] = "partial", [VN_APPLY_UNDOING] = "undoing",
};
static const char *const step_states[] = {
    [VN_STEP_PENDING] = "pending", [VN_STEP_BEGUN] = "begun",   [VN_STEP_DONE] = "done",   [VN_STEP_FAILED] = "failed",
    [VN_STEP_UNDOING] = "undoing", [VN_STEP_UNDONE] = "undone", [VN_STEP_STUCK] = "stuck", [VN_STEP_KEPT] = "kept",
};

static int find(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(names[i], name))
            return (int)i;
    return -1;
}

const char *vn_apply_state_name(enum vn_apply_state state)
{
    return apply_states[state];
}

const char *vn_step_state_name(enum vn_step_state state)
{
    return step_states[state];
}

int vn_apply_state_parse(const char *name)
{
    return find(apply_states, VN_COUNT(apply_states), name);
}

int vn_step_state_parse(const char *name)
{
    return find(step_states, VN_COUNT(step_states), name);
}
