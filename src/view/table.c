/* SPDX-License-Identifier: MIT */
#include "view/value.h"

#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

const char *vn_severity_colour(const char *severity)
{
    if (!strcmp(severity, "error"))
        return "red";
    if (!strcmp(severity, "warning"))
        return "brown";
    return strcmp(severity, "info") ? NULL : "cyan";
}

static bool has_text(const struct vn_val *val)
{
    return val->type != VN_VAL_NULL;
}

static const struct vn_val *member(const struct vn_val *object, const char *key)
{
    for (const struct vn_val *it = object->first; it; it = it->next)
        if (it->key && !strcmp(it->key, key))
            return it;
    return NULL;
}

static int add_columns(struct libscols_table *tb, const struct vn_table *table)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        const struct vn_column *column = &table->columns[i];
        int flags = 0;

        if (column->flags & VN_COL_RIGHT)
            flags |= SCOLS_FL_RIGHT;
        if (column->flags & VN_COL_WRAP)
            flags |= SCOLS_FL_WRAP;
        if (column->flags & VN_COL_TRUNC)
            flags |= SCOLS_FL_TRUNC;
        if (!scols_table_new_column(tb, column->header, 0, flags))
            return -1;
    }
    return 0;
}

static int set_cell(struct libscols_line *line, size_t column, const struct vn_val *val)
{
    VN_AUTO(vn_buf) text = {0};
    const char *colour;

    if (!val)
        return 0;
    if (has_text(val))
        vn_val_format(val, &text);
    else
        vn_buf_str(&text, "-");
    if (text.failed || scols_line_set_data(line, column, vn_buf_text(&text)))
        return -1;
    if (val->type != VN_VAL_SEVERITY || !(colour = vn_severity_colour(val->u.text)))
        return 0;
    return scols_cell_set_color(scols_line_get_cell(line, column), colour);
}

static int add_rows(struct libscols_table *tb, const struct vn_val *array)
{
    const struct vn_table *table = array->table;

    for (const struct vn_val *row = array->first; row; row = row->next) {
        struct libscols_line *line = scols_table_new_line(tb, NULL);

        if (!line)
            return -1;
        for (size_t i = 0; i < table->n_columns; i++)
            if (set_cell(line, i, member(row, table->columns[i].key)))
                return -1;
    }
    return 0;
}

int vn_table_format(const struct vn_val *array, const struct vn_view *view, struct vn_buf *ret, struct vn_err *err)
{
    struct libscols_table *tb = scols_new_table();
    char *text = NULL;
    int bad;

    if (!tb)
        return vn_nomem(err);
    /* our own cleaning is done; libsmartcols' would write é as \xc3\xa9 in the C locale */
    bad = scols_table_enable_noencoding(tb, 1) || scols_table_enable_colors(tb, view->colour) ||
          scols_table_set_column_separator(tb, "  ") ||
          scols_table_set_termforce(tb, view->width ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER) ||
          (view->width && scols_table_set_termwidth(tb, view->width)) || add_columns(tb, array->table) ||
          add_rows(tb, array) || scols_print_table_to_string(tb, &text);
    if (!bad && text) {
        vn_buf_str(ret, text);
        if (ret->len && ret->ptr[ret->len - 1] != '\n')
            vn_buf_str(ret, "\n");
    }
    free(text);
    scols_unref_table(tb);
    return bad || ret->failed ? vn_nomem(err) : 0;
}
