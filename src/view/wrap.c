/* SPDX-License-Identifier: MIT */
#include "view/wrap.h"

#include <string.h>

size_t vn_text_width(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* Bytes of the first @columns characters. */
static size_t bytes_of(const char *text, size_t columns)
{
    size_t at = 0;

    while (text[at] && columns) {
        at++;
        while (((unsigned char)text[at] & 0xc0) == 0x80)
            at++;
        columns--;
    }
    return at;
}

/* Where the line that starts here ends, and how many bytes of a space are left out after it. */
static size_t line_end(const char *text, size_t width, size_t *ret_skip)
{
    size_t fits = bytes_of(text, width), space = 0, comma = 0;

    *ret_skip = 0;
    if (!text[fits])
        return fits;
    for (size_t i = 1; i <= fits; i++) {
        if (text[i] == ' ')
            space = i;
        if (text[i - 1] == ',' && text[i] != ' ')
            comma = i;
    }
    if (space && space * 2 >= comma) { /* a list deep in the line is better broken than a short line */
        *ret_skip = 1;
        return space;
    }
    return comma ? comma : fits ? fits : 1;
}

void vn_wrap_lines(const char *text, size_t width, struct vn_buf *ret)
{
    size_t skip;

    while (*text) {
        size_t end = line_end(text, width ? width : 1, &skip);

        vn_buf_add(ret, text, end);
        text += end + skip;
        if (*text)
            vn_buf_str(ret, "\n");
    }
}

void vn_wrap_widths(size_t *widths, const bool *shrinks, size_t n, size_t gap, size_t width, size_t least)
{
    for (;;) {
        size_t total = n ? gap * (n - 1) : 0, widest = n;

        for (size_t i = 0; i < n; i++) {
            total += widths[i];
            if (shrinks[i] && widths[i] > least && (widest == n || widths[i] > widths[widest]))
                widest = i;
        }
        if (total <= width || widest == n)
            return;
        widths[widest]--;
    }
}
