/* SPDX-License-Identifier: MIT */
#include "view/value.h"

#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "view/wrap.h"

#define SEPARATOR "  "
#define LEAST 12u /* a column narrower than that is no longer read */

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
        struct libscols_column *cl;
        int flags = 0;

        if (column->flags & VN_COL_RIGHT)
            flags |= SCOLS_FL_RIGHT;
        if (column->flags & VN_COL_WRAP)
            flags |= SCOLS_FL_WRAP;
        if (column->flags & VN_COL_TRUNC)
            flags |= SCOLS_FL_TRUNC;
        cl = scols_table_new_column(tb, column->header, 0, flags);
        if (!cl || ((column->flags & VN_COL_WRAP) &&
                    scols_column_set_wrapfunc(cl, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL)))
            return -1;
    }
    return 0;
}

static void cell_text(const struct vn_val *val, struct vn_buf *ret)
{
    if (has_text(val))
        vn_val_format(val, ret);
    else
        vn_buf_str(ret, "-");
}

/* What each column needs, and what it gets where the terminal is narrower. */
static size_t *column_widths(const struct vn_val *array, const struct vn_view *view, struct vn_arena *arena)
{
    const struct vn_table *table = array->table;
    size_t *widths = vn_arena_array(arena, table->n_columns, sizeof *widths);
    bool *shrinks = vn_arena_array(arena, table->n_columns, sizeof *shrinks);

    if (!widths || !shrinks)
        return NULL;
    for (size_t i = 0; i < table->n_columns; i++) {
        widths[i] = vn_text_width(table->columns[i].header);
        shrinks[i] = table->columns[i].flags & VN_COL_WRAP;
        for (const struct vn_val *row = array->first; row; row = row->next) {
            const struct vn_val *val = member(row, table->columns[i].key);
            VN_AUTO(vn_buf) text = {0};

            if (val)
                cell_text(val, &text);
            if (vn_text_width(vn_buf_text(&text)) > widths[i])
                widths[i] = vn_text_width(vn_buf_text(&text));
        }
    }
    if (view->width)
        vn_wrap_widths(widths, shrinks, table->n_columns, strlen(SEPARATOR), view->width, LEAST);
    return widths;
}

static int set_cell(struct libscols_line *line, size_t column, const struct vn_val *val, size_t width, bool wrap)
{
    VN_AUTO(vn_buf) text = {0};
    VN_AUTO(vn_buf) lines = {0};
    const char *colour;

    if (!val)
        return 0;
    cell_text(val, &text);
    if (wrap)
        vn_wrap_lines(vn_buf_text(&text), width, &lines);
    if (text.failed || lines.failed || scols_line_set_data(line, column, vn_buf_text(wrap ? &lines : &text)))
        return -1;
    if (val->type != VN_VAL_SEVERITY || !(colour = vn_severity_colour(val->u.text)))
        return 0;
    return scols_cell_set_color(scols_line_get_cell(line, column), colour);
}

static int add_rows(struct libscols_table *tb, const struct vn_val *array, const struct vn_view *view)
{
    VN_AUTO(vn_arena) arena = {0};
    const struct vn_table *table = array->table;
    const size_t *widths = column_widths(array, view, &arena);

    for (const struct vn_val *row = array->first; row; row = row->next) {
        struct libscols_line *line = widths ? scols_table_new_line(tb, NULL) : NULL;

        if (!line)
            return -1;
        for (size_t i = 0; i < table->n_columns; i++)
            if (set_cell(line, i, member(row, table->columns[i].key), widths[i], table->columns[i].flags & VN_COL_WRAP))
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
          scols_table_set_column_separator(tb, SEPARATOR) ||
          scols_table_set_termforce(tb, view->width ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER) ||
          (view->width && scols_table_set_termwidth(tb, view->width)) || add_columns(tb, array->table) ||
          add_rows(tb, array, view) || scols_print_table_to_string(tb, &text);
    if (!bad && text) {
        vn_buf_str(ret, text);
        if (ret->len && ret->ptr[ret->len - 1] != '\n')
            vn_buf_str(ret, "\n");
    }
    free(text);
    scols_unref_table(tb);
    return bad || ret->failed ? vn_nomem(err) : 0;
}
