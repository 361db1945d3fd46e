/* SPDX-License-Identifier: MIT */
#ifndef VN_VIEW_VALUE_H
#define VN_VIEW_VALUE_H

#include "view/doc.h"

#include <vnuma/buf.h>

/* Private to the view: the tree behind a document, and what its writers share. */

struct vn_val {
    enum vn_val_type type;
    const char *key, *label;
    union {
        bool truth;
        int64_t number;
        uint64_t amount; /* KIB, MSEC */
        double real;     /* REAL, PCT */
        const char *text;
    } u;
    bool verbatim;       /* a block: lines as they are */
    enum vn_block block;
    bool paragraph;      /* vn_doc_say() */
    const struct vn_table *table;
    struct vn_val *first, *last, *next;
};

/** vn_val_format() - a scalar for a person, without control characters. */
void vn_val_format(const struct vn_val *val, struct vn_buf *ret);
/** vn_text_clean() - @text with control characters as '?'; @lines: newline and tab stay. */
void vn_text_clean(const char *text, bool lines, struct vn_buf *ret);
/** vn_table_format() - an array that has a table, as lines; "" when it has no rows. */
VN_NODISCARD int vn_table_format(const struct vn_val *array, const struct vn_view *view, struct vn_buf *ret,
                                 struct vn_err *err);
/** vn_severity_colour() - the name libsmartcols knows, or NULL. */
const char *vn_severity_colour(const char *severity);
/** vn_view_flush() - did all of it leave? */
VN_NODISCARD int vn_view_flush(FILE *out, struct vn_err *err);

#endif
