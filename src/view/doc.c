/* SPDX-License-Identifier: MIT */
#include "view/value.h"

#include <stdarg.h>
#include <string.h>

static struct vn_val *add(struct vn_doc *doc, struct vn_val *parent, enum vn_val_type type, const char *key,
                          const char *label)
{
    struct vn_val *val;

    if (!parent)
        parent = doc->root;
    if (!parent) { /* an earlier allocation failed */
        doc->failed = true;
        return NULL;
    }
    val = vn_arena_alloc(&doc->arena, sizeof *val);
    if (!val) {
        doc->failed = true;
        return NULL;
    }
    val->type = type;
    val->key = key;
    val->label = label;
    if (parent->last)
        parent->last->next = val;
    else
        parent->first = val;
    parent->last = val;
    return val;
}

static const char *keep(struct vn_doc *doc, const char *text)
{
    const char *copy = vn_arena_strdup(&doc->arena, text ? text : "");

    if (!copy)
        doc->failed = true;
    return copy ? copy : "";
}

void vn_doc_init(struct vn_doc *doc, const char *schema)
{
    memset(doc, 0, sizeof *doc);
    doc->root = vn_arena_alloc(&doc->arena, sizeof *doc->root);
    if (!doc->root) {
        doc->failed = true;
        return;
    }
    doc->root->type = VN_VAL_OBJECT;
    vn_doc_text(doc, NULL, "schema", NULL, schema);
}

void vn_doc_drop(struct vn_doc *doc)
{
    vn_arena_drop(&doc->arena);
    memset(doc, 0, sizeof *doc);
}

void vn_doc_bool(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label, bool value)
{
    struct vn_val *val = add(doc, parent, VN_VAL_BOOL, key, label);

    if (val)
        val->u.truth = value;
}

void vn_doc_int(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label, int64_t value)
{
    struct vn_val *val = add(doc, parent, VN_VAL_INT, key, label);

    if (val)
        val->u.number = value;
}

void vn_doc_real(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label, double value)
{
    struct vn_val *val = add(doc, parent, VN_VAL_REAL, key, label);

    if (val)
        val->u.real = value;
}

void vn_doc_kib(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label, uint64_t kib)
{
    struct vn_val *val = add(doc, parent, VN_VAL_KIB, key, label);

    if (val)
        val->u.amount = kib;
}

void vn_doc_pct(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label, double pct)
{
    struct vn_val *val = add(doc, parent, VN_VAL_PCT, key, label);

    if (val)
        val->u.real = pct;
}

void vn_doc_msec(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label, uint64_t msec)
{
    struct vn_val *val = add(doc, parent, VN_VAL_MSEC, key, label);

    if (val)
        val->u.amount = msec;
}

void vn_doc_text(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label, const char *text)
{
    struct vn_val *val = add(doc, parent, VN_VAL_TEXT, key, label);

    if (val)
        val->u.text = keep(doc, text);
}

void vn_doc_severity(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label, const char *text)
{
    struct vn_val *val = add(doc, parent, VN_VAL_SEVERITY, key, label);

    if (val)
        val->u.text = keep(doc, text);
}

void vn_doc_cpus(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label,
                 const struct vn_cpuset *set)
{
    struct vn_val *val = add(doc, parent, VN_VAL_TEXT, key, label);

    if (val && !(val->u.text = vn_cpuset_text(&doc->arena, set))) {
        val->u.text = "";
        doc->failed = true;
    }
}

void vn_doc_nodes(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label,
                  const struct vn_nodeset *set)
{
    struct vn_val *val = add(doc, parent, VN_VAL_TEXT, key, label);

    if (val && !(val->u.text = vn_nodeset_text(&doc->arena, set))) {
        val->u.text = "";
        doc->failed = true;
    }
}

void vn_doc_null(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label)
{
    (void)add(doc, parent, VN_VAL_NULL, key, label);
}

struct vn_val *vn_doc_object(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label)
{
    return add(doc, parent, VN_VAL_OBJECT, key, label);
}

struct vn_val *vn_doc_array(struct vn_doc *doc, struct vn_val *parent, const char *key, const struct vn_table *table)
{
    struct vn_val *val = add(doc, parent, VN_VAL_ARRAY, key, NULL);

    if (val)
        val->table = table;
    return val;
}

void vn_doc_say(struct vn_doc *doc, struct vn_val *parent, const char *fmt, ...)
{
    struct vn_val *val = add(doc, parent, VN_VAL_TEXT, NULL, NULL);
    char text[4096];
    va_list args;

    if (!val || !fmt)
        return;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    val->paragraph = true;
    val->u.text = keep(doc, text);
}

void vn_doc_block(struct vn_doc *doc, struct vn_val *parent, enum vn_block kind, const char *text)
{
    struct vn_val *val = add(doc, parent, VN_VAL_TEXT, NULL, NULL);

    if (!val)
        return;
    val->verbatim = true;
    val->block = kind;
    val->u.text = keep(doc, text);
}
