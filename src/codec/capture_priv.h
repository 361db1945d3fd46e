/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_CAPTURE_PRIV_H
#define VN_CODEC_CAPTURE_PRIV_H

#include "codec/capture.h"

/* Inside the capture codec only: lines, keys and sections. docs/capture.md describes the format. */

#define VN_CAPTURE_SCHEMA "vnuma.snapshot/1"
#define VN_CAPTURE_VMS_MAX 16384u
/** A thread takes 3 KiB: this many in one file and no more. */
#define VN_CAPTURE_THREADS_MAX 65536u

/** struct vn_lines - a text read line by line. */
struct vn_lines {
    const char *at, *end;
    unsigned long number;   /* of the line in hand */
    struct vn_arena *arena; /* what values belong to */
    struct vn_err *err;
    size_t threads;
    struct vn_row *rows;    /* of nodes so far */
    size_t n_rows;
};
/** Rows of a node in the host's tables, in the order in which a node's section has them. */
enum { VN_ROW_DISTANCES, VN_ROW_HMAT_LATENCY, VN_ROW_HMAT_BANDWIDTH, VN_ROW_LATENCY, VN_ROW_BANDWIDTH, VN_ROWS };
extern const char *const vn_capture_rows[VN_ROWS];
struct vn_row {
    uint64_t *figures[VN_ROWS]; /* NULL: none given */
    size_t count[VN_ROWS];
};

/** What a line of a section is. */
enum vn_line_kind { VN_LINE_END, VN_LINE_SECTION, VN_LINE_KEY, VN_LINE_BLOCK };
struct vn_line {
    enum vn_line_kind kind;
    char *key;   /* "vcpu.3"; of a section its kind, "vm" */
    char *value; /* after '='; of a section its name; escapes undone */
};

/**
 * vn_lines_next() - the next line that says something; comments and empty lines are passed over.
 * A line "key:" begins a block (VN_LINE_BLOCK), whose text is the value.
 */
VN_NODISCARD int vn_lines_next(struct vn_lines *lines, struct vn_line *ret);
/** vn_lines_section_ends() - is the next line that says something a section's, or the end? */
bool vn_lines_section_ends(struct vn_lines *lines);
/** -VN_E_FORMAT with the line's number. */
int vn_lines_fail(const struct vn_lines *lines, const char *got, const char *fix, const char *fmt, ...)
    VN_PRINTF(4, 5);

/* Values; each fails with the line. */
VN_NODISCARD int vn_lines_uint(const struct vn_lines *lines, const char *text, uint64_t max, uint64_t *ret);
VN_NODISCARD int vn_lines_int(const struct vn_lines *lines, const char *text, int64_t min, int64_t max, int64_t *ret);
VN_NODISCARD int vn_lines_cpus(const struct vn_lines *lines, const char *text, struct vn_cpuset *ret);
/** Numbers parted by single blanks; "" is none. */
VN_NODISCARD int vn_lines_list(const struct vn_lines *lines, char *text, uint64_t max, size_t limit, uint64_t **ret,
                               size_t *ret_count);

/** Which of a section's keys were there: each may stand once, but for those that make a list. */
struct vn_seen {
    const char *const *keys; /* NULL-terminated; at most 32 */
    uint32_t set;
};
/** Position of the key; -1 where it is none of them. A second one is -VN_E_FORMAT by *ret_r. */
int vn_seen_key(struct vn_seen *seen, const struct vn_lines *lines, const char *key, int *ret_r);
/** Were the first @n keys all there? */
VN_NODISCARD int vn_seen_all(const struct vn_seen *seen, const struct vn_lines *lines, size_t n, const char *section);

/* Sections: each reads up to the next section. */
VN_NODISCARD int vn_capture_read_host(struct vn_lines *lines, struct vn_host *host);
VN_NODISCARD int vn_capture_read_node(struct vn_lines *lines, const char *id, struct vn_host *host);
VN_NODISCARD int vn_capture_read_device(struct vn_lines *lines, char *name, struct vn_host *host);
/** Once every node is there. */
VN_NODISCARD int vn_capture_join_rows(struct vn_lines *lines, struct vn_host *host);
VN_NODISCARD int vn_capture_read_settings(struct vn_lines *lines, struct vn_host *host);
VN_NODISCARD int vn_capture_read_vm(struct vn_lines *lines, char *name, const struct vn_host *host,
                                    struct vn_snapshot *snapshot);

/** Names of enum vn_mem_method. */
enum { VN_CAPTURE_METHODS = VN_MEM_NUMA_MAPS + 1 };
extern const char *const vn_capture_methods[VN_CAPTURE_METHODS];

void vn_capture_write_host(struct vn_buf *out, const struct vn_host *host);
void vn_capture_write_vm(struct vn_buf *out, const struct vn_vm *vm, size_t n_nodes);
/** key=value with escapes. */
void vn_capture_put(struct vn_buf *out, const char *key, const char *value);
void vn_capture_put_cpus(struct vn_buf *out, const char *key, const struct vn_cpuset *set);
void vn_capture_escape(struct vn_buf *out, const char *text, const char *also);

#endif
