/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "codec/planjson_priv.h"

enum { STEPS_MAX = 65536, NOTES_MAX = 4096, BLOCKING_MAX = 65536 };

/* ---- reading ---- */

static int read_cost(struct vn_jin *in, json_t *root, const char *key, struct vn_cost *ret)
{
    static const char *const keys[] = {"placed_vcpus", "distance", "device", "l3", "moved_kib", NULL};
    json_t *value;
    size_t mark;
    int r = vn_jin_get(in, root, key, in->problem ? VN_OPTIONAL : VN_NEEDED, JSON_OBJECT, &value);

    if (r < 0 || !value)
        return r;
    mark = vn_jin_enter(in, key);
    r = vn_jin_keys(in, value, keys);
    if (r == 0)
        r = vn_jin_uint(in, value, "placed_vcpus", VN_NEEDED, INT64_MAX, &ret->placed_vcpus);
    if (r == 0)
        r = vn_jin_real(in, value, "distance", VN_NEEDED, &ret->distance);
    if (r == 0)
        r = vn_jin_real(in, value, "device", VN_NEEDED, &ret->device);
    if (r == 0)
        r = vn_jin_uint(in, value, "l3", VN_NEEDED, INT64_MAX, &ret->l3);
    if (r == 0)
        r = vn_jin_uint(in, value, "moved_kib", VN_NEEDED, INT64_MAX, &ret->moved_kib);
    vn_jin_leave(in, mark);
    return r;
}

static int read_vm(struct vn_jin *in, json_t *value, void *item)
{
    return vn_jin_placement(in, value, VN_NEEDED, item);
}

static int read_blocking(struct vn_jin *in, json_t *value, void *item)
{
    static const char *const keys[] = {"resource", "node", "need", "free", "others", NULL};
    const char *words[VN_RES_N + 1] = {NULL};
    struct vn_blocking *blocking = item;
    int resource = 0, r = vn_jin_keys(in, value, keys);

    for (int i = 0; i < VN_RES_N; i++)
        words[i] = vn_resource_name((enum vn_resource)i);
    blocking->node = -1;
    if (r == 0)
        r = vn_jin_word(in, value, "resource", VN_NEEDED, words, &resource);
    blocking->resource = (enum vn_resource)resource;
    if (r == 0)
        r = vn_jin_node(in, value, "node", VN_OPTIONAL, &blocking->node);
    if (r == 0)
        r = vn_jin_uint(in, value, "need", VN_NEEDED, INT64_MAX, &blocking->need);
    if (r == 0)
        r = vn_jin_uint(in, value, "free", VN_NEEDED, INT64_MAX, &blocking->free);
    if (r == 0)
        r = vn_jin_uint(in, value, "others", VN_OPTIONAL, INT64_MAX, &blocking->others);
    return r;
}

static int read_repair(struct vn_jin *in, json_t *value, void *item)
{
    static const char *const keys[] = {"move", "to", "memory_kib", NULL};
    struct vn_repair *repair = item;
    int r = vn_jin_keys(in, value, keys);

    if (r == 0)
        r = vn_jin_text(in, value, "move", VN_NEEDED, &repair->name);
    if (r == 0)
        r = vn_jin_node(in, value, "to", VN_NEEDED, &repair->node);
    if (r == 0)
        r = vn_jin_uint(in, value, "memory_kib", VN_NEEDED, VN_JSON_KIB_MAX, &repair->memory_kib);
    return r;
}

static int read_unplaced(struct vn_jin *in, json_t *value, void *item)
{
    static const char *const keys[] = {"name", "fits_alone", "blocking", "together", "repair", NULL};
    struct vn_unplaced *unplaced = item;
    void *blocking = NULL, *repair = NULL;
    int r = vn_jin_keys(in, value, keys);

    if (r == 0)
        r = vn_jin_text(in, value, "name", VN_NEEDED, &unplaced->name);
    if (r == 0)
        r = vn_jin_bool(in, value, "fits_alone", VN_OPTIONAL, &unplaced->fits_alone);
    if (r == 0)
        r = vn_jin_each(in, value, "blocking", VN_OPTIONAL, BLOCKING_MAX, sizeof *unplaced->blocking, read_blocking,
                        &blocking, &unplaced->n_blocking);
    if (r == 0)
        r = vn_jin_bool(in, value, "together", VN_OPTIONAL, &unplaced->together);
    if (r == 0)
        r = vn_jin_each(in, value, "repair", VN_OPTIONAL, BLOCKING_MAX, sizeof *unplaced->repair, read_repair, &repair,
                        &unplaced->n_repair);
    unplaced->blocking = blocking;
    unplaced->repair = repair;
    return r;
}

static int read_step(struct vn_jin *in, json_t *value, void *item)
{
    return vn_jin_step(in, value, item);
}

static int read_note(struct vn_jin *in, json_t *value, void *item)
{
    char **note = item;

    if (!json_is_string(value))
        return vn_jin_fail(in, NULL, NULL, NULL, "not a string");
    *note = vn_arena_strdup(in->arena, json_string_value(value));
    return *note ? 0 : vn_nomem(in->err);
}

static int read_lists(struct vn_jin *in, json_t *root, struct vn_plan *plan)
{
    void *vms = NULL, *unplaced = NULL, *steps = NULL, *notes = NULL;
    int r = vn_jin_each(in, root, "vms", VN_NEEDED, VN_JSON_VMS_MAX, sizeof *plan->vms, read_vm, &vms, &plan->n_vms);

    if (r == 0)
        r = vn_jin_each(in, root, "unplaced", VN_OPTIONAL, VN_JSON_VMS_MAX, sizeof *plan->unplaced, read_unplaced,
                        &unplaced, &plan->n_unplaced);
    if (r == 0)
        r = vn_jin_each(in, root, "steps", VN_OPTIONAL, STEPS_MAX, sizeof *plan->steps, read_step, &steps,
                        &plan->n_steps);
    if (r == 0)
        r = vn_jin_each(in, root, "notes", VN_OPTIONAL, NOTES_MAX, sizeof *plan->notes, read_note, &notes,
                        &plan->n_notes);
    plan->vms = vms;
    plan->unplaced = unplaced;
    plan->steps = steps;
    plan->notes = notes;
    return r;
}

static int read_plan(struct vn_jin *in, json_t *root, struct vn_plan *plan)
{
    static const char *const keys[] = {"schema", "optimal", "cost", "bound", "vms", "unplaced", "steps", "notes", NULL};
    int r = vn_jin_schema(in, root, "vnuma.plan/1");

    if (r == 0)
        r = vn_jin_keys(in, root, keys);
    if (r == 0)
        r = vn_jin_bool(in, root, "optimal", in->problem ? VN_OPTIONAL : VN_NEEDED, &plan->optimal);
    if (r == 0)
        r = read_cost(in, root, "cost", &plan->cost);
    if (r == 0)
        r = read_cost(in, root, "bound", &plan->bound);
    if (r == 0)
        r = read_lists(in, root, plan);
    for (size_t i = 0; i < plan->n_vms && r == 0; i++)
        if (vn_plan_vm(plan, plan->vms[i].name) != &plan->vms[i])
            r = vn_jin_fail(in, "vms", plan->vms[i].name, NULL, "a VM that is placed twice");
    return r;
}

static int parse(const char *json, size_t len, const struct vn_problem *problem, struct vn_plan *ret, bool *ret_costed,
                 struct vn_err *err)
{
    struct vn_plan plan = {.optimal = false};
    struct vn_jin in = {.arena = &plan.arena, .err = err, .problem = problem};
    json_t *root = NULL;
    int r = vn_jin_load(json, len, &root, err);

    if (r == 0)
        r = read_plan(&in, root, &plan);
    if (r == 0)
        *ret_costed = json_object_get(root, "cost") != NULL;
    json_decref(root);
    if (r < 0)
        vn_plan_drop(&plan);
    else
        *ret = plan;
    return r < 0 ? vn_err_ctx(err, r, "cannot read the plan") : 0;
}

int vn_plan_parse(const char *json, size_t len, struct vn_plan *ret, struct vn_err *err)
{
    bool costed;

    return parse(json, len, NULL, ret, &costed, err);
}

int vn_plan_parse_for(const char *json, size_t len, const struct vn_problem *problem, struct vn_plan *ret,
                      bool *ret_costed, struct vn_err *err)
{
    return parse(json, len, problem, ret, ret_costed, err);
}

/* ---- writing ---- */

static void write_cost(struct vn_jout *out, const char *key, const struct vn_cost *cost)
{
    vn_jout_open(out, key, '{', true);
    vn_jout_uint(out, "placed_vcpus", cost->placed_vcpus);
    vn_jout_real(out, "distance", cost->distance);
    vn_jout_real(out, "device", cost->device);
    vn_jout_uint(out, "l3", cost->l3);
    vn_jout_uint(out, "moved_kib", cost->moved_kib);
    vn_jout_close(out, '}');
}

static void write_blocking(struct vn_jout *out, const struct vn_blocking *blocking)
{
    vn_jout_open(out, NULL, '{', true);
    vn_jout_text(out, "resource", vn_resource_name(blocking->resource));
    if (blocking->node < 0)
        vn_jout_null(out, "node");
    else
        vn_jout_int(out, "node", blocking->node);
    vn_jout_uint(out, "need", blocking->need);
    vn_jout_uint(out, "free", blocking->free);
    vn_jout_uint(out, "others", blocking->others);
    vn_jout_close(out, '}');
}

static void write_unplaced(struct vn_jout *out, const struct vn_unplaced *unplaced)
{
    vn_jout_open(out, NULL, '{', false);
    vn_jout_text(out, "name", unplaced->name);
    vn_jout_bool(out, "fits_alone", unplaced->fits_alone);
    vn_jout_open(out, "blocking", '[', false);
    for (size_t i = 0; i < unplaced->n_blocking; i++)
        write_blocking(out, &unplaced->blocking[i]);
    vn_jout_close(out, ']');
    vn_jout_bool(out, "together", unplaced->together);
    vn_jout_open(out, "repair", '[', false);
    for (size_t i = 0; i < unplaced->n_repair; i++) {
        vn_jout_open(out, NULL, '{', true);
        vn_jout_text(out, "move", unplaced->repair[i].name);
        vn_jout_int(out, "to", unplaced->repair[i].node);
        vn_jout_uint(out, "memory_kib", unplaced->repair[i].memory_kib);
        vn_jout_close(out, '}');
    }
    vn_jout_close(out, ']');
    vn_jout_close(out, '}');
}

static void write_lists(struct vn_jout *out, const struct vn_plan *plan)
{
    vn_jout_open(out, "vms", '[', false);
    for (size_t i = 0; i < plan->n_vms; i++)
        vn_jout_placement(out, NULL, &plan->vms[i]);
    vn_jout_close(out, ']');
    vn_jout_open(out, "unplaced", '[', false);
    for (size_t i = 0; i < plan->n_unplaced; i++)
        write_unplaced(out, &plan->unplaced[i]);
    vn_jout_close(out, ']');
    vn_jout_open(out, "steps", '[', false);
    for (size_t i = 0; i < plan->n_steps; i++)
        vn_jout_step(out, &plan->steps[i]);
    vn_jout_close(out, ']');
    vn_jout_open(out, "notes", '[', false);
    for (size_t i = 0; i < plan->n_notes; i++)
        vn_jout_text(out, NULL, plan->notes[i]);
    vn_jout_close(out, ']');
}

int vn_plan_format(const struct vn_plan *plan, struct vn_buf *ret, struct vn_err *err)
{
    struct vn_jout out = {.buf = ret};

    vn_jout_open(&out, NULL, '{', false);
    vn_jout_text(&out, "schema", "vnuma.plan/1");
    vn_jout_bool(&out, "optimal", plan->optimal);
    write_cost(&out, "cost", &plan->cost);
    write_cost(&out, "bound", &plan->bound);
    write_lists(&out, plan);
    vn_jout_close(&out, '}');
    return vn_jout_end(&out, err);
}
