/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_PLANJSON_PRIV_H
#define VN_CODEC_PLANJSON_PRIV_H

#include <jansson.h>

#include "codec/planjson.h"

/* Inside the JSON codec only: a writer with the contract's layout, and a reader that names paths. */

/** Amounts of memory up to here: exact in every JSON reader's number, and sums do not overflow. */
#define VN_JSON_KIB_MAX (UINT64_C(1) << 53)
#define VN_JSON_VMS_MAX 16384u
/** A vCPU's CPU set takes 1 KiB: this many in one document and no more. */
#define VN_JSON_PINS_MAX 131072u

/* ---- writing: keys in the order of the calls, indent 2; a flat object or array is one line ---- */

struct vn_jout {
    struct vn_buf *buf;
    unsigned depth;
    unsigned flat;   /* depth at which a one-line value was opened; 0: none is open */
    bool first;      /* nothing stands in the innermost object or array yet */
    bool not_finite; /* a real that JSON cannot carry was met */
};

/** bracket: '{' or '['; key NULL inside an array or at the root. */
void vn_jout_open(struct vn_jout *out, const char *key, char bracket, bool flat);
void vn_jout_close(struct vn_jout *out, char bracket);
void vn_jout_text(struct vn_jout *out, const char *key, const char *text); /* NULL is "" */
void vn_jout_uint(struct vn_jout *out, const char *key, uint64_t value);
void vn_jout_int(struct vn_jout *out, const char *key, int64_t value);
void vn_jout_real(struct vn_jout *out, const char *key, double value); /* 2, not 2.0 */
void vn_jout_bool(struct vn_jout *out, const char *key, bool value);
void vn_jout_null(struct vn_jout *out, const char *key);
void vn_jout_cpus(struct vn_jout *out, const char *key, const struct vn_cpuset *set);
void vn_jout_nodes(struct vn_jout *out, const char *key, const struct vn_nodeset *set);
/** Final newline; 0 or the error that was met on the way. */
VN_NODISCARD int vn_jout_end(struct vn_jout *out, struct vn_err *err);

/* ---- reading ---- */

struct vn_jin {
    struct vn_arena *arena; /* what the strings belong to */
    struct vn_err *err;
    char path[160];         /* "vms[2].cells"; a deeper one is cut */
    const struct vn_problem *problem; /* what a plan by anyone is for, and may leave out; else NULL */
    const struct vn_host *host; /* what a problem's VMs are checked against */
    struct vn_cpuset online;    /* its CPUs */
    size_t pins;            /* CPU sets of vCPUs so far: bounded over the whole document */
};

enum vn_need { VN_OPTIONAL, VN_NEEDED };

/** Errors: -VN_E_SYNTAX with line and column. *ret is the caller's, to json_decref(). */
VN_NODISCARD int vn_jin_load(const char *json, size_t len, json_t **ret, struct vn_err *err);
/** Steps into a member or element; the mark goes back to vn_jin_leave(). */
size_t vn_jin_enter(struct vn_jin *in, const char *key);
size_t vn_jin_enter_at(struct vn_jin *in, size_t index);
void vn_jin_leave(struct vn_jin *in, size_t mark);
/** -VN_E_FORMAT at the path (with .key where not NULL). */
int vn_jin_fail(struct vn_jin *in, const char *key, const char *got, const char *fix, const char *fmt, ...)
    VN_PRINTF(5, 6);
/** Is this an object, and is every key in the NULL-terminated list? */
VN_NODISCARD int vn_jin_keys(struct vn_jin *in, json_t *object, const char *const *known);
/** The value of a key whose type the caller wants; *ret NULL where it is absent and optional. */
VN_NODISCARD int vn_jin_get(struct vn_jin *in, json_t *object, const char *key, enum vn_need need,
                            json_type type, json_t **ret);

/* Each of these leaves *ret as it is where the key is absent and optional. */
VN_NODISCARD int vn_jin_uint(struct vn_jin *in, json_t *object, const char *key, enum vn_need need,
                             uint64_t max, uint64_t *ret);
VN_NODISCARD int vn_jin_unsigned(struct vn_jin *in, json_t *object, const char *key, enum vn_need need,
                                 unsigned max, unsigned *ret);
/** null means -1. */
VN_NODISCARD int vn_jin_node(struct vn_jin *in, json_t *object, const char *key, enum vn_need need, int *ret);
VN_NODISCARD int vn_jin_real(struct vn_jin *in, json_t *object, const char *key, enum vn_need need, double *ret);
VN_NODISCARD int vn_jin_bool(struct vn_jin *in, json_t *object, const char *key, enum vn_need need, bool *ret);
VN_NODISCARD int vn_jin_text(struct vn_jin *in, json_t *object, const char *key, enum vn_need need, char **ret);
/** One of the words; *ret is its position. */
VN_NODISCARD int vn_jin_word(struct vn_jin *in, json_t *object, const char *key, enum vn_need need,
                             const char *const *words, int *ret);
VN_NODISCARD int vn_jin_cpus(struct vn_jin *in, json_t *object, const char *key, enum vn_need need,
                             struct vn_cpuset *ret);
VN_NODISCARD int vn_jin_nodes(struct vn_jin *in, json_t *object, const char *key, enum vn_need need,
                              struct vn_nodeset *ret);
/** An element, not a member: its path is in->path already. */
VN_NODISCARD int vn_jin_cpus_of(struct vn_jin *in, json_t *value, struct vn_cpuset *ret);
VN_NODISCARD int vn_jin_uint_of(struct vn_jin *in, json_t *value, uint64_t max, uint64_t *ret);

/**
 * vn_jin_each() - an array's elements, each at its own path. *ret is an array of @size bytes each
 * of the arena's; fewer than @max + 1 elements. Absent is none.
 */
VN_NODISCARD int vn_jin_each(struct vn_jin *in, json_t *object, const char *key, enum vn_need need, size_t max,
                             size_t size, int (*each)(struct vn_jin *in, json_t *value, void *item), void **ret,
                             size_t *ret_count);

/** The document's schema is @schema. */
VN_NODISCARD int vn_jin_schema(struct vn_jin *in, json_t *root, const char *schema);

/* ---- the parts of the documents ---- */

/** A node's free_kib or a pool's free that the document leaves out; only inside the codec. */
#define VN_JSON_UNSAID UINT64_MAX

VN_NODISCARD int vn_jin_host(struct vn_jin *in, json_t *value, struct vn_host *ret);
void vn_jout_host(struct vn_jout *out, const struct vn_host *host, bool document);
/** A table of @n rows of @n whole numbers up to @max; *ret stays where the key is absent. */
VN_NODISCARD int vn_jin_matrix(struct vn_jin *in, json_t *object, const char *key, size_t n, uint32_t max,
                               uint32_t **ret);
VN_NODISCARD int vn_jin_access(struct vn_jin *in, json_t *object, const char *key, size_t n, struct vn_access *ret);
void vn_jout_access(struct vn_jout *out, const char *key, const struct vn_access *access, size_t n);
VN_NODISCARD int vn_jin_placement(struct vn_jin *in, json_t *value, enum vn_need name, struct vn_placement *ret);
/** The CPU sets of @count vCPUs; -VN_E_FORMAT at the path when the document has too many. */
VN_NODISCARD int vn_jin_pins(struct vn_jin *in, size_t count, struct vn_cpuset **ret);
void vn_jout_placement(struct vn_jout *out, const char *key, const struct vn_placement *placement);
/** vn_jin_known_cpus() - -VN_E_FORMAT when in->host has not all of them. */
VN_NODISCARD int vn_jin_known_cpus(struct vn_jin *in, const char *key, const struct vn_cpuset *cpus);
VN_NODISCARD int vn_jin_policy(struct vn_jin *in, json_t *object, struct vn_request *vm);
VN_NODISCARD int vn_jin_placed(struct vn_jin *in, json_t *object, struct vn_request *vm);
/** An element of vms: @item is a struct vn_request. */
VN_NODISCARD int vn_jin_vm(struct vn_jin *in, json_t *value, void *item);
VN_NODISCARD int vn_jin_step(struct vn_jin *in, json_t *value, struct vn_step *ret);
void vn_jout_step(struct vn_jout *out, const struct vn_step *step);

extern const char *const vn_json_policies[], *const vn_json_memory[], *const vn_json_threads[];

#endif
