/* SPDX-License-Identifier: MIT */
#include "view/value.h"

#include <inttypes.h>
#include <string.h>
#include <vnuma/units.h>

/* Paragraphs wider than this are hard to read, however wide the terminal is. */
#define PARAGRAPH_MAX 100u
#define PARAGRAPH_DEFAULT 80u

static bool control(const unsigned char *at)
{
    return at[0] < 0x20 || at[0] == 0x7f || (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0);
}

void vn_text_clean(const char *text, bool lines, struct vn_buf *ret)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (!control(at) || (lines && (*at == '\n' || *at == '\t'))) {
            vn_buf_add(ret, at, 1);
            continue;
        }
        vn_buf_str(ret, "?");
        if (*at == 0xc2)
            at++;
    }
}

void vn_val_format(const struct vn_val *val, struct vn_buf *ret)
{
    char size[32];

    switch (val->type) {
    case VN_VAL_BOOL:
        vn_buf_str(ret, val->u.truth ? "yes" : "no");
        break;
    case VN_VAL_INT:
        vn_buf_fmt(ret, "%" PRId64, val->u.number);
        break;
    case VN_VAL_REAL:
        vn_buf_fmt(ret, "%.4g", val->u.real);
        break;
    case VN_VAL_PCT:
        vn_buf_fmt(ret, "%.1f %%", val->u.real);
        break;
    case VN_VAL_KIB:
        vn_buf_str(ret, vn_size_format(val->u.amount, size, sizeof size));
        break;
    case VN_VAL_MSEC:
        if (val->u.amount < 1000)
            vn_buf_fmt(ret, "%" PRIu64 " ms", val->u.amount);
        else
            vn_buf_fmt(ret, "%.1f s", (double)val->u.amount / 1000);
        break;
    case VN_VAL_TEXT:
    case VN_VAL_SEVERITY:
        vn_text_clean(val->u.text, false, ret);
        break;
    case VN_VAL_NULL:
    case VN_VAL_OBJECT:
    case VN_VAL_ARRAY:
        vn_buf_str(ret, "-");
        break;
    }
}

struct writer {
    FILE *out;
    const struct vn_view *view;
    struct vn_err *err;
    int r;
};

static void coloured(struct writer *w, const char *name, const char *text)
{
    const char *code = name && !strcmp(name, "red") ? "31" : name && !strcmp(name, "brown") ? "33" : "36";

    if (w->view->colour && name)
        (void)fprintf(w->out, "\033[%sm%s\033[0m", code, text);
    else
        (void)fputs(text, w->out);
}

static bool labelled(const struct vn_val *val)
{
    return val->label && val->type != VN_VAL_OBJECT && val->type != VN_VAL_ARRAY;
}

static size_t label_width(const struct vn_val *object)
{
    size_t width = 0;

    for (const struct vn_val *it = object->first; it; it = it->next)
        if (labelled(it) && strlen(it->label) > width)
            width = strlen(it->label);
    return width;
}

/* Words up to the margin; a line that follows the first starts at @hang. */
static void wrapped(struct writer *w, const char *text, size_t at, size_t hang)
{
    size_t margin = w->view->width ? w->view->width : PARAGRAPH_DEFAULT, column = at;

    if (margin > PARAGRAPH_MAX)
        margin = PARAGRAPH_MAX;
    while (*text) {
        size_t len = strcspn(text, " ");

        if (column > hang && column + 1 + len > margin) {
            (void)fprintf(w->out, "\n%*s", (int)hang, "");
            column = hang;
        } else if (column > hang) {
            (void)fputc(' ', w->out);
            column++;
        }
        (void)fwrite(text, 1, len, w->out);
        column += len;
        text += len;
        if (*text == ' ')
            text++;
    }
    (void)fputc('\n', w->out);
}

static void paragraph(struct writer *w, const char *text, size_t indent)
{
    VN_AUTO(vn_buf) clean = {0};
    size_t lead = strspn(text, " "); /* a paragraph's own indentation holds for all its lines */

    vn_text_clean(text + lead, false, &clean);
    if (!clean.len) {
        (void)fputc('\n', w->out);
        return;
    }
    (void)fprintf(w->out, "%*s", (int)(indent + lead), "");
    wrapped(w, vn_buf_text(&clean), indent + lead, indent + lead);
}

static void diff_line(struct writer *w, const char *line, size_t len)
{
    const char *code = NULL;

    if (len >= 3 && (!strncmp(line, "---", 3) || !strncmp(line, "+++", 3)))
        code = "1";
    else if (len && *line == '-')
        code = "31";
    else if (len && *line == '+')
        code = "32";
    else if (len > 1 && !strncmp(line, "@@", 2))
        code = "36";
    if (code)
        (void)fprintf(w->out, "\033[%sm", code);
    (void)fwrite(line, 1, len, w->out);
    if (code)
        (void)fputs("\033[0m", w->out);
}

static void block(struct writer *w, const char *text, bool diff, size_t indent)
{
    VN_AUTO(vn_buf) clean = {0};
    const char *at;

    vn_text_clean(text, true, &clean);
    for (at = vn_buf_text(&clean); *at;) {
        size_t len = strcspn(at, "\n");

        if (len)
            (void)fprintf(w->out, "%*s", (int)indent, "");
        if (diff && w->view->colour)
            diff_line(w, at, len);
        else
            (void)fwrite(at, 1, len, w->out);
        (void)fputc('\n', w->out);
        at += len + (at[len] == '\n');
    }
}

static void table(struct writer *w, const struct vn_val *array, size_t indent)
{
    VN_AUTO(vn_buf) lines = {0};
    struct vn_view narrow = *w->view;

    if (!array->first)
        return;
    if (array->table->title)
        (void)fprintf(w->out, "%*s%s\n", (int)indent, "", array->table->title);
    indent += array->table->title ? 2 : 0;
    if (narrow.width)
        narrow.width = narrow.width > indent + 20 ? narrow.width - (unsigned)indent : 20;
    w->r = vn_table_format(array, &narrow, &lines, w->err);
    if (w->r < 0)
        return;
    for (const char *at = vn_buf_text(&lines); *at;) {
        size_t len = strcspn(at, "\n"), end = len;

        while (end && at[end - 1] == ' ')
            end--;
        (void)fprintf(w->out, "%*s%.*s\n", end ? (int)indent : 0, "", (int)end, at);
        at += len + (at[len] == '\n');
    }
}

static void scalar(struct writer *w, const struct vn_val *val, size_t indent, size_t width)
{
    VN_AUTO(vn_buf) text = {0};
    size_t at = indent + (width ? width + 2 : 0);

    vn_val_format(val, &text);
    (void)fprintf(w->out, "%*s%-*s", (int)indent, "", (int)(at - indent), val->label);
    if (val->type == VN_VAL_SEVERITY) {
        coloured(w, vn_severity_colour(val->u.text), vn_buf_text(&text));
        (void)fputc('\n', w->out);
    } else {
        wrapped(w, vn_buf_text(&text), at, at);
    }
}

static void object(struct writer *w, const struct vn_val *val, size_t indent)
{
    size_t width = label_width(val);

    for (const struct vn_val *it = val->first; it && w->r == 0; it = it->next) {
        if (it->paragraph)
            paragraph(w, it->u.text, indent);
        else if (it->verbatim)
            block(w, it->u.text, it->block == VN_BLOCK_DIFF, indent);
        else if (it->type == VN_VAL_ARRAY && it->table)
            table(w, it, indent);
        else if (it->type == VN_VAL_OBJECT && it->label) {
            (void)fprintf(w->out, "%*s%s\n", (int)indent, "", it->label);
            object(w, it, indent + 2);
        } else if (labelled(it))
            scalar(w, it, indent, width);
    }
}

int vn_view_text(const struct vn_doc *doc, FILE *out, const struct vn_view *view, struct vn_err *err)
{
    struct writer w = {.out = out, .view = view, .err = err};

    if (doc->failed || !doc->root)
        return vn_nomem(err);
    object(&w, doc->root, 0);
    return w.r < 0 ? w.r : vn_view_flush(out, err);
}
