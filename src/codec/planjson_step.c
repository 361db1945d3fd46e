/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "codec/planjson_priv.h"

/* A step carries the keys of its kind and no others, so that a saved plan cannot ask for half a thing. */

#define COMMON "kind", "when", "vm", "uuid", "reason"

static const char *const whens[] = {"live", "next start", NULL};

static const char *const *keys_of(enum vn_step_kind kind)
{
    static const char *const xml[] = {COMMON, "xml_before", "xml_after", NULL};
    static const char *const vcpu[] = {COMMON, "vcpu", "before", "after", NULL};
    static const char *const iothread[] = {COMMON, "iothread", "before", "after", NULL};
    static const char *const sets[] = {COMMON, "before", "after", NULL};
    static const char *const memory[] = {COMMON, "cell", "node", "kib", "from", NULL};
    static const char *const setting[] = {COMMON, "key", "before", "after", NULL};

    switch (kind) {
    case VN_STEP_VCPUPIN:
        return vcpu;
    case VN_STEP_IOTHREADPIN:
        return iothread;
    case VN_STEP_EMULATORPIN:
    case VN_STEP_NODESET:
        return sets;
    case VN_STEP_MOVE_MEMORY:
        return memory;
    case VN_STEP_SETTING:
        return setting;
    case VN_STEP_DEFINE:
    case VN_STEP_SAVE_RESTORE:
        break;
    }
    return xml;
}

struct from {
    int node;
    uint64_t kib;
};

static int read_from(struct vn_jin *in, json_t *value, void *item)
{
    static const char *const keys[] = {"node", "kib", NULL};
    struct from *from = item;
    int r = vn_jin_keys(in, value, keys);

    if (r == 0)
        r = vn_jin_node(in, value, "node", VN_NEEDED, &from->node);
    if (r == 0)
        r = vn_jin_uint(in, value, "kib", VN_NEEDED, VN_JSON_KIB_MAX, &from->kib);
    return r;
}

static int read_memory(struct vn_jin *in, json_t *value, struct vn_step *step)
{
    const struct from *from;
    void *items = NULL;
    int r;

    step->cell = -1;
    r = vn_jin_node(in, value, "cell", VN_OPTIONAL, &step->cell); /* the same range, and null for none */
    if (r == 0)
        r = vn_jin_node(in, value, "node", VN_NEEDED, &step->node_to);
    if (r == 0 && step->node_to < 0)
        r = vn_jin_fail(in, "node", NULL, NULL, "no node to move to");
    if (r == 0)
        r = vn_jin_uint(in, value, "kib", VN_NEEDED, VN_JSON_KIB_MAX, &step->move_kib);
    if (r == 0)
        r = vn_jin_each(in, value, "from", VN_OPTIONAL, VN_NODE_MAX, sizeof *from, read_from, &items, &step->n_kib);
    if (r < 0 || !items)
        return r;
    step->kib_nodes = vn_arena_array(in->arena, step->n_kib, sizeof *step->kib_nodes);
    step->kib_before = vn_arena_array(in->arena, step->n_kib, sizeof *step->kib_before);
    if (!step->kib_nodes || !step->kib_before)
        return vn_nomem(in->err);
    from = items;
    for (size_t i = 0; i < step->n_kib; i++) {
        step->kib_nodes[i] = from[i].node;
        step->kib_before[i] = from[i].kib;
    }
    return 0;
}

static int read_pins(struct vn_jin *in, json_t *value, struct vn_step *step)
{
    int r = 0;

    if (step->kind == VN_STEP_VCPUPIN)
        r = vn_jin_unsigned(in, value, "vcpu", VN_NEEDED, VN_CPU_MAX - 1, &step->index);
    else if (step->kind == VN_STEP_IOTHREADPIN)
        r = vn_jin_unsigned(in, value, "iothread", VN_NEEDED, UINT32_MAX, &step->index);
    if (r == 0)
        r = vn_jin_cpus(in, value, "before", VN_NEEDED, &step->cpus_before);
    if (r == 0)
        r = vn_jin_cpus(in, value, "after", VN_NEEDED, &step->cpus_after);
    if (r == 0 && vn_cpuset_empty(&step->cpus_after))
        r = vn_jin_fail(in, "after", "", "Name at least one CPU.", "an empty set of CPUs");
    return r;
}

static int read_nodeset(struct vn_jin *in, json_t *value, struct vn_step *step)
{
    int r = vn_jin_nodes(in, value, "before", VN_NEEDED, &step->nodes_before);

    if (r == 0)
        r = vn_jin_nodes(in, value, "after", VN_NEEDED, &step->nodes_after);
    if (r == 0 && vn_nodeset_empty(&step->nodes_after))
        r = vn_jin_fail(in, "after", "", "Name at least one node.", "an empty set of nodes");
    return r;
}

static int read_setting(struct vn_jin *in, json_t *value, struct vn_step *step)
{
    int r = vn_jin_text(in, value, "key", VN_NEEDED, &step->key);

    if (r == 0 && !step->key[0])
        r = vn_jin_fail(in, "key", "", NULL, "an empty name");
    if (r == 0)
        r = vn_jin_text(in, value, "before", VN_NEEDED, &step->value_before);
    return r < 0 ? r : vn_jin_text(in, value, "after", VN_NEEDED, &step->value_after);
}

static int read_xml(struct vn_jin *in, json_t *value, struct vn_step *step)
{
    int r = vn_jin_text(in, value, "xml_before", VN_OPTIONAL, &step->xml_before);

    return r < 0 ? r : vn_jin_text(in, value, "xml_after", VN_OPTIONAL, &step->xml_after);
}

static int read_head(struct vn_jin *in, json_t *value, struct vn_step *ret)
{
    char *kind = NULL;
    int number, when = 0, r = 0;

    if (!json_is_object(value))
        return vn_jin_fail(in, NULL, NULL, NULL, "not an object");
    r = vn_jin_text(in, value, "kind", VN_NEEDED, &kind);
    number = r < 0 ? -1 : vn_step_kind_parse(kind);
    if (r == 0 && number < 0)
        r = vn_jin_fail(in, "kind", kind, NULL, "an unknown kind of step");
    if (r < 0)
        return r;
    ret->kind = (enum vn_step_kind)number;
    r = vn_jin_keys(in, value, keys_of(ret->kind));
    if (r == 0)
        r = vn_jin_word(in, value, "when", VN_NEEDED, whens, &when);
    ret->when = (enum vn_when)when;
    ret->uuid = ret->reason = vn_arena_strdup(in->arena, "");
    if (!ret->uuid)
        return vn_nomem(in->err);
    if (r == 0)
        r = vn_jin_text(in, value, "vm", VN_NEEDED, &ret->vm);
    if (r == 0 && !ret->vm[0] && ret->kind != VN_STEP_SETTING) /* "" is the host */
        r = vn_jin_fail(in, "vm", "", NULL, "an empty name");
    if (r == 0)
        r = vn_jin_text(in, value, "uuid", VN_OPTIONAL, &ret->uuid);
    return r < 0 ? r : vn_jin_text(in, value, "reason", VN_OPTIONAL, &ret->reason);
}

int vn_jin_step(struct vn_jin *in, json_t *value, struct vn_step *ret)
{
    int r = read_head(in, value, ret);

    if (r < 0)
        return r;
    switch (ret->kind) {
    case VN_STEP_VCPUPIN:
    case VN_STEP_EMULATORPIN:
    case VN_STEP_IOTHREADPIN:
        return read_pins(in, value, ret);
    case VN_STEP_NODESET:
        return read_nodeset(in, value, ret);
    case VN_STEP_MOVE_MEMORY:
        return read_memory(in, value, ret);
    case VN_STEP_SETTING:
        return read_setting(in, value, ret);
    case VN_STEP_DEFINE:
    case VN_STEP_SAVE_RESTORE:
        break;
    }
    return read_xml(in, value, ret);
}

/* ---- writing ---- */

static void write_memory(struct vn_jout *out, const struct vn_step *step)
{
    if (step->cell < 0)
        vn_jout_null(out, "cell");
    else
        vn_jout_int(out, "cell", step->cell);
    vn_jout_int(out, "node", step->node_to);
    vn_jout_uint(out, "kib", step->move_kib);
    vn_jout_open(out, "from", '[', true);
    for (size_t i = 0; i < step->n_kib; i++) {
        vn_jout_open(out, NULL, '{', true);
        vn_jout_int(out, "node", step->kib_nodes[i]);
        vn_jout_uint(out, "kib", step->kib_before[i]);
        vn_jout_close(out, '}');
    }
    vn_jout_close(out, ']');
}

static void write_body(struct vn_jout *out, const struct vn_step *step)
{
    switch (step->kind) {
    case VN_STEP_VCPUPIN:
    case VN_STEP_EMULATORPIN:
    case VN_STEP_IOTHREADPIN:
        if (step->kind != VN_STEP_EMULATORPIN)
            vn_jout_uint(out, step->kind == VN_STEP_VCPUPIN ? "vcpu" : "iothread", step->index);
        vn_jout_cpus(out, "before", &step->cpus_before);
        vn_jout_cpus(out, "after", &step->cpus_after);
        return;
    case VN_STEP_NODESET:
        vn_jout_nodes(out, "before", &step->nodes_before);
        vn_jout_nodes(out, "after", &step->nodes_after);
        return;
    case VN_STEP_MOVE_MEMORY:
        write_memory(out, step);
        return;
    case VN_STEP_SETTING:
        vn_jout_text(out, "key", step->key);
        vn_jout_text(out, "before", step->value_before);
        vn_jout_text(out, "after", step->value_after);
        return;
    case VN_STEP_DEFINE:
    case VN_STEP_SAVE_RESTORE:
        break;
    }
    if (step->xml_before)
        vn_jout_text(out, "xml_before", step->xml_before);
    if (step->xml_after)
        vn_jout_text(out, "xml_after", step->xml_after);
}

void vn_jout_step(struct vn_jout *out, const struct vn_step *step)
{
    vn_jout_open(out, NULL, '{', false);
    vn_jout_text(out, "kind", vn_step_kind_name(step->kind));
    vn_jout_text(out, "when", whens[step->when]);
    vn_jout_text(out, "vm", step->vm);
    if (step->uuid && step->uuid[0])
        vn_jout_text(out, "uuid", step->uuid);
    write_body(out, step);
    if (step->reason && step->reason[0])
        vn_jout_text(out, "reason", step->reason);
    vn_jout_close(out, '}');
}

int vn_step_format(const struct vn_step *step, struct vn_buf *ret, struct vn_err *err)
{
    struct vn_jout out = {.buf = ret};

    vn_jout_step(&out, step);
    return vn_jout_end(&out, err);
}

int vn_step_parse(const char *json, size_t len, struct vn_arena *arena, struct vn_step *ret, struct vn_err *err)
{
    struct vn_jin in = {.arena = arena, .err = err, .path = "step"};
    struct vn_step step = {.cell = 0};
    json_t *root = NULL;
    int r = vn_jin_load(json, len, &root, err);

    if (r == 0)
        r = vn_jin_step(&in, root, &step);
    json_decref(root);
    if (r == 0)
        *ret = step;
    return r;
}
