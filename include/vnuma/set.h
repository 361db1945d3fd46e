/* SPDX-License-Identifier: MIT */
#ifndef VNUMA_SET_H
#define VNUMA_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vnuma/err.h>

/*
 * Sets of host CPUs (or of guest vCPUs) and of host nodes: two types, so that one is not
 * passed for the other. Fixed size, plain values: assign, compare and embed them.
 * Limits: the kernel's largest NR_CPUS (8192) and MAX_NUMNODES (1024) on x86.
 */
#define VN_CPU_MAX 8192
#define VN_NODE_MAX 1024

struct vn_cpuset {
    uint64_t w[VN_CPU_MAX / 64];
};
struct vn_nodeset {
    uint64_t w[VN_NODE_MAX / 64];
};

/*
 * For each type (vn_cpuset, vn_nodeset; X below):
 *   X_add, X_del, X_has         one member; out of range is ignored, or false
 *   X_add_range(set, lo, hi)    inclusive
 *   X_or, X_and, X_sub          a = a op b
 *   X_count, X_empty, X_equal, X_intersects, X_subset(a, b) = a within b
 *   X_next(set, from)           lowest member >= from, or -1; X_next(set, 0) is the first
 *   X_last(set)                 highest member or -1
 *   X_only(set)                 the member of a set that has just one, or -1
 *   X_cmp(a, b)                 a total order, for sorting
 */
#define VN_SET_DECLARE(X)                                                                          \
    void X##_add(struct X *set, unsigned member);                                                  \
    void X##_del(struct X *set, unsigned member);                                                  \
    bool X##_has(const struct X *set, unsigned member);                                            \
    void X##_add_range(struct X *set, unsigned lo, unsigned hi);                                   \
    void X##_or(struct X *a, const struct X *b);                                                   \
    void X##_and(struct X *a, const struct X *b);                                                  \
    void X##_sub(struct X *a, const struct X *b);                                                  \
    unsigned X##_count(const struct X *set);                                                       \
    bool X##_empty(const struct X *set);                                                           \
    bool X##_equal(const struct X *a, const struct X *b);                                          \
    bool X##_intersects(const struct X *a, const struct X *b);                                     \
    bool X##_subset(const struct X *a, const struct X *b);                                         \
    int X##_next(const struct X *set, unsigned from);                                              \
    int X##_last(const struct X *set);                                                             \
    int X##_only(const struct X *set);                                                             \
    int X##_cmp(const struct X *a, const struct X *b);

VN_SET_DECLARE(vn_cpuset)
VN_SET_DECLARE(vn_nodeset)

#define VN_CPUSET_EACH(cpu, set) \
    for (int cpu = vn_cpuset_next((set), 0); cpu >= 0; cpu = vn_cpuset_next((set), (unsigned)cpu + 1))
#define VN_NODESET_EACH(node, set) \
    for (int node = vn_nodeset_next((set), 0); node >= 0; node = vn_nodeset_next((set), (unsigned)node + 1))

/**
 * vn_cpuset_parse() - read the kernel's list format, such as "0-3,8\n"; "^4" takes 4 out.
 * @text:    NUL-terminated; one final newline allowed; "" means the empty set
 * @ret_set: written on success only
 * @err:     filled on failure; may be NULL
 *
 * Units:  CPU (or node) numbers, inclusive ranges
 * Errors: -VN_E_SYNTAX  not the list format, or a backward range ("3-1")
 *         -VN_E_RANGE   a number above VN_CPU_MAX - 1 (VN_NODE_MAX - 1)
 * Memory: allocates nothing; safe from any thread
 * Source: cpuset(7), "List format"; '^' as libvirt's formatdomain, element <vcpu cpuset>
 */
VN_NODISCARD int vn_cpuset_parse(const char *text, struct vn_cpuset *ret_set, struct vn_err *err);
VN_NODISCARD int vn_nodeset_parse(const char *text, struct vn_nodeset *ret_set, struct vn_err *err);

/**
 * vn_cpuset_format() - write the kernel's list format, such as "0-3,8".
 * @out, @size: written NUL-terminated, cut at @size; VN_SET_TEXT holds every CPU set of
 *              ordinary shape (a longer one is cut with "..." at the end)
 * Returns @out.
 */
char *vn_cpuset_format(const struct vn_cpuset *set, char *out, size_t size);
char *vn_nodeset_format(const struct vn_nodeset *set, char *out, size_t size);
/** Bytes that hold any set at all: every other one of VN_CPU_MAX CPUs. */
#define VN_SET_TEXT (VN_CPU_MAX / 2 * 5 + 1)

struct vn_arena;
/** vn_cpuset_text() - the list format as a string of the arena's; NULL when out of memory. */
char *vn_cpuset_text(struct vn_arena *arena, const struct vn_cpuset *set);
char *vn_nodeset_text(struct vn_arena *arena, const struct vn_nodeset *set);

#endif
