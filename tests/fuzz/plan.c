/* SPDX-License-Identifier: MIT */
#include "codec/planjson.h"
#include "fuzz.h"

/* A plan that is read is written and read again as the same, its steps one by one too. What is a plan for
 * itself is one for a problem, which asks for less. */

static void steps(const struct vn_plan *plan)
{
    for (size_t i = 0; i < plan->n_steps; i++) {
        struct vn_arena arena = {0};
        struct vn_buf text = {0};
        struct vn_step step;

        MUST(vn_step_format(&plan->steps[i], &text, NULL) == 0);
        MUST(vn_step_parse(text.ptr, text.len, &arena, &step, NULL) == 0);
        MUST(step.kind == plan->steps[i].kind);
        vn_arena_drop(&arena);
        vn_buf_drop(&text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vn_plan plan, again;
    struct vn_problem none = {.n_vms = 0};
    struct vn_buf text = {0}, second = {0};
    bool costed = false;
    int asked = vn_plan_parse_for((const char *)data, size, &none, &again, &costed, NULL);

    if (asked == 0)
        vn_plan_drop(&again);
    if (vn_plan_parse((const char *)data, size, &plan, NULL) < 0)
        return 0;
    MUST(asked == 0 && costed);
    steps(&plan);
    MUST(vn_plan_format(&plan, &text, NULL) == 0);
    MUST(vn_plan_parse(text.ptr, text.len, &again, NULL) == 0);
    MUST(vn_plan_format(&again, &second, NULL) == 0);
    MUST(!strcmp(text.ptr, second.ptr));
    vn_plan_drop(&plan);
    vn_plan_drop(&again);
    vn_buf_drop(&text);
    vn_buf_drop(&second);
    return 0;
}
