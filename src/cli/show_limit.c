/* SPDX-License-Identifier: MIT */
#include "cli/show_limit.h"

#include <string.h>
#include <vnuma/units.h>

/* For a program: a number, an object of numbers, or "none". */
static void add_value(struct vn_doc *doc, struct vn_val *row, const char *key, enum vn_limit_kind kind,
                      const char *value)
{
    uint64_t numbers[VN_LIMIT_FIELDS] = {0}, period = 0;
    const struct vn_limit_field *fields;
    struct vn_val *object;
    size_t count;

    if (!value) {
        vn_doc_null(doc, row, key, NULL);
    } else if (kind == VN_LIMIT_QUOTA && vn_limit_quota_split(value, &numbers[0], &period, NULL) == 0 && numbers[0]) {
        object = vn_doc_object(doc, row, key, NULL);
        vn_doc_int(doc, object, "quota_us", NULL, (int64_t)numbers[0]);
        vn_doc_int(doc, object, "period_us", NULL, (int64_t)period);
    } else if (!*value || kind == VN_LIMIT_QUOTA) {
        vn_doc_text(doc, row, key, NULL, "none");
    } else if (vn_uint_parse(value, INT64_MAX, &numbers[0], NULL) == 0) {
        vn_doc_int(doc, row, key, NULL, (int64_t)numbers[0]);
    } else if (vn_limit_split(kind, value, numbers, NULL) == 0) {
        object = vn_doc_object(doc, row, key, NULL);
        fields = vn_limit_fields(kind, &count);
        for (size_t i = 0; i < count; i++)
            if (numbers[i])
                vn_doc_int(doc, object, fields[i].name, NULL, (int64_t)numbers[i]);
    } else {
        vn_doc_text(doc, row, key, NULL, value);
    }
}

static void list_rows(struct vn_doc *doc, const struct vn_limit_row *rows, size_t n_rows)
{
    static const char *const units[] = {"weight", "us", "kib", "disk", "net"};
    struct vn_val *list = vn_doc_array(doc, NULL, "limits", NULL);

    for (size_t i = 0; i < n_rows; i++) {
        struct vn_val *row = vn_doc_object(doc, list, NULL, NULL);

        vn_doc_text(doc, row, "key", NULL, rows[i].key);
        vn_doc_text(doc, row, "what", NULL, rows[i].title);
        vn_doc_text(doc, row, "unit", NULL, units[rows[i].kind]);
        add_value(doc, row, "live", rows[i].kind, rows[i].live);
        add_value(doc, row, "stored", rows[i].kind, rows[i].stored);
        if (rows[i].unread)
            vn_doc_text(doc, row, "unread", NULL, rows[i].unread);
    }
}

static void add_words(struct vn_doc *doc, struct vn_val *row, const char *key, enum vn_limit_kind kind,
                      const char *value, const char *otherwise)
{
    VN_AUTO(vn_buf) words = {0};

    if (value)
        vn_limit_words(kind, value, &words);
    doc->failed |= words.failed != 0;
    vn_doc_text(doc, row, key, NULL, value ? vn_buf_text(&words) : otherwise);
}

static void add_used(struct vn_doc *doc, struct vn_val *row, const char *key, const struct cli_used *used)
{
    if (!strcmp(key, "cpu.quota") && used->cpu_pct >= 0)
        vn_doc_pct(doc, row, "used", NULL, used->cpu_pct);
    else if (!strcmp(key, "memory.hard") && used->memory_kib >= 0)
        vn_doc_kib(doc, row, "used", NULL, (uint64_t)used->memory_kib);
    else
        vn_doc_text(doc, row, "used", NULL, "");
}

static void add_usage(struct vn_doc *doc, const struct cli_used *used)
{
    struct vn_val *object = vn_doc_object(doc, NULL, "used", NULL);

    if (used->cpu_pct >= 0)
        vn_doc_pct(doc, object, "cpu_pct", NULL, used->cpu_pct);
    else
        vn_doc_null(doc, object, "cpu_pct", NULL);
    if (used->memory_kib >= 0)
        vn_doc_kib(doc, object, "memory_kib", NULL, (uint64_t)used->memory_kib);
    else
        vn_doc_null(doc, object, "memory_kib", NULL);
}

void cli_show_limits(struct vn_doc *doc, const struct vn_vm *vm, const struct vn_limit_row *rows, size_t n_rows,
                     const struct cli_used *used)
{
    static const struct vn_column columns[] = {{"limit", "LIMIT", 0},
                                               {"live", "NOW", VN_COL_WRAP},
                                               {"stored", "AT NEXT START", VN_COL_WRAP},
                                               {"used", "USED", VN_COL_RIGHT}};
    static const struct vn_table table = {NULL, columns, VN_COUNT(columns)};
    struct vn_val *list, *row;

    vn_doc_text(doc, NULL, "name", NULL, vm->name);
    vn_doc_text(doc, NULL, "state", NULL, vn_vm_state_name(vm->state));
    vn_doc_say(doc, NULL, "%s, %s", vm->name, vn_vm_state_name(vm->state));
    list_rows(doc, rows, n_rows);
    add_usage(doc, used);
    list = vn_doc_array(doc, NULL, NULL, &table);
    for (size_t i = 0; i < n_rows; i++) {
        row = vn_doc_object(doc, list, NULL, NULL);
        vn_doc_text(doc, row, "limit", NULL, rows[i].title);
        add_words(doc, row, "live", rows[i].kind, rows[i].live, rows[i].unread ? "not known" : "-");
        add_words(doc, row, "stored", rows[i].kind, rows[i].stored, "-");
        add_used(doc, row, rows[i].key, used);
    }
    for (size_t i = 0; i < n_rows; i++)
        if (rows[i].unread)
            vn_doc_say(doc, NULL, "%s could not be read: %s", rows[i].title, rows[i].unread);
}
