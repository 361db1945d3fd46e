/* SPDX-License-Identifier: MIT */
#ifndef VN_VIEW_DOC_H
#define VN_VIEW_DOC_H

#include <stdio.h>
#include <vnuma/arena.h>
#include <vnuma/set.h>

/*
 * A document of typed values under stable names: command handlers build one and never print;
 * vn_doc_json() writes raw numbers, vn_doc_text() what a person wants to read.
 * Everything belongs to the document's arena. A failed allocation is remembered in failed and
 * reported by the writers, so that building needs no check a line.
 */
enum vn_val_type {
    VN_VAL_NULL, VN_VAL_BOOL, VN_VAL_INT, VN_VAL_REAL, VN_VAL_KIB, VN_VAL_PCT, VN_VAL_MSEC,
    VN_VAL_TEXT,      /* also CPU and node sets, in the list format */
    VN_VAL_SEVERITY,  /* text, coloured */
    VN_VAL_OBJECT, VN_VAL_ARRAY,
};

/* How an array of objects is shown as a table; columns name members. */
struct vn_column {
    const char *key, *header;
    unsigned flags; /* VN_COL_* */
};
enum { VN_COL_RIGHT = 1u << 0, VN_COL_WRAP = 1u << 1, VN_COL_TRUNC = 1u << 2 };
struct vn_table {
    const char *title; /* printed above; NULL: none */
    const struct vn_column *columns;
    size_t n_columns;
};

struct vn_val;
struct vn_doc {
    struct vn_arena arena;
    struct vn_val *root; /* an object whose first member is schema */
    bool failed;
};

/** vn_doc_init() - @schema such as "vnuma.vm/1". */
void vn_doc_init(struct vn_doc *doc, const char *schema);
void vn_doc_drop(struct vn_doc *doc);

/* Members of an object (parent NULL: the root); with @key NULL an element of an array parent, or a
 * member for people only (it is not in the JSON).
 * @label: what a person reads before the value ("Memory"); NULL: not shown in text (in a table it
 * is the column that decides). */
void vn_doc_bool(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label, bool value);
void vn_doc_int(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label, int64_t value);
void vn_doc_real(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label, double value);
void vn_doc_kib(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label, uint64_t kib);
void vn_doc_pct(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label, double pct);
void vn_doc_msec(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label, uint64_t msec);
void vn_doc_text(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label, const char *text);
void vn_doc_severity(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label, const char *text);
void vn_doc_cpus(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label, const struct vn_cpuset *set);
void vn_doc_nodes(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label, const struct vn_nodeset *set);
void vn_doc_null(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label);
struct vn_val *vn_doc_object(struct vn_doc *doc, struct vn_val *parent, const char *key, const char *label);
/** @table NULL: not shown in text. */
struct vn_val *vn_doc_array(struct vn_doc *doc, struct vn_val *parent, const char *key, const struct vn_table *table);
/** A paragraph for people only, where it stands among the members. "" is an empty line. */
void vn_doc_say(struct vn_doc *doc, struct vn_val *parent, const char *fmt, ...) VN_PRINTF(3, 4);

enum vn_block { VN_BLOCK_PLAIN, VN_BLOCK_DIFF };
/** Lines for people only, shown as they are: a drawing, a diff, XML. */
void vn_doc_block(struct vn_doc *doc, struct vn_val *parent, enum vn_block kind, const char *text);

/** struct vn_view - how a document is shown. Colour: for severities and diffs only. */
struct vn_view {
    bool colour;
    unsigned width; /* columns; 0: paragraphs at 80, tables as wide as they need */
};

/** All return 0 or -VN_E_NOMEM / -VN_E_IO; what was written has left the process then. */
VN_NODISCARD int vn_view_json(const struct vn_doc *doc, FILE *out, struct vn_err *err);
VN_NODISCARD int vn_view_text(const struct vn_doc *doc, FILE *out, const struct vn_view *view, struct vn_err *err);
/** vn_view_bytes() - text that is a document already. */
VN_NODISCARD int vn_view_bytes(const char *bytes, size_t len, FILE *out, struct vn_err *err);

#endif
