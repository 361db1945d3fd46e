/* SPDX-License-Identifier: MIT */
#ifndef VNUMA_POLICY_H
#define VNUMA_POLICY_H

#include <vnuma/arena.h>
#include <vnuma/set.h>

enum vn_cells_kind { VN_CELLS_AUTO, VN_CELLS_NUMBER, VN_CELLS_LIST };
struct vn_cell_size {
    unsigned vcpus;
    uint64_t memory_kib;
};
struct vn_cells_spec {
    enum vn_cells_kind kind;
    unsigned number;           /* VN_CELLS_NUMBER: that many, as equal as can be */
    struct vn_cell_size *list; /* VN_CELLS_LIST */
    size_t n_list;
};

enum vn_cpu_policy { VN_CPU_DEDICATED, VN_CPU_SHARED };
enum vn_threads_policy { VN_THREADS_PREFER, VN_THREADS_REQUIRE, VN_THREADS_ISOLATE };
enum vn_emulator_kind { VN_EMULATOR_SHARE, VN_EMULATOR_ISOLATE, VN_EMULATOR_CPUSET };
struct vn_emulator_spec {
    enum vn_emulator_kind kind;
    struct vn_cpuset cpus; /* VN_EMULATOR_CPUSET */
};

/* Which fields of a policy somebody said; the others hold the defaults. */
enum {
    VN_POL_CELLS = 1u << 0,
    VN_POL_POLICY = 1u << 1,
    VN_POL_THREADS = 1u << 2,
    VN_POL_EMULATOR = 1u << 3,
    VN_POL_HUGEPAGES = 1u << 4,
    VN_POL_OVERCOMMIT = 1u << 5,
    VN_POL_MEMORY = 1u << 6,
};

/** struct vn_vm_policy - how one VM wants to be placed; {0} is all defaults but overcommit. */
struct vn_vm_policy {
    unsigned set; /* VN_POL_* */
    struct vn_cells_spec cells;
    enum vn_cpu_policy policy;
    enum vn_threads_policy threads;
    struct vn_emulator_spec emulator;
    uint64_t hugepage_kib;   /* 0: ordinary pages */
    double overcommit;       /* shared only: vCPUs for each CPU of the shared set; 0 means 1.0 */
    bool memory_preferred;   /* a cell's memory may come from other nodes */
};

/**
 * vn_vm_policy_set() - one key of the configuration file, the metadata or an option:
 * cells (auto | N | VCPUSxSIZE,...), policy (dedicated | shared), threads (prefer | require |
 * isolate), emulator (share | isolate | CPUS), hugepages (none | SIZE), overcommit (R),
 * memory (strict | preferred).
 * Errors: -VN_E_ABSENT for an unknown key, -VN_E_SYNTAX or -VN_E_RANGE for a bad value.
 */
VN_NODISCARD int vn_vm_policy_set(struct vn_arena *arena, struct vn_vm_policy *policy,
                                  const char *key, const char *value, struct vn_err *err);

/** vn_vm_policy_merge() - what @over says replaces what @base says. */
void vn_vm_policy_merge(struct vn_vm_policy *base, const struct vn_vm_policy *over);

/** vn_vm_policy_get() - the key's value as vn_vm_policy_set() reads it; NULL when not set or out of memory. */
char *vn_vm_policy_get(struct vn_arena *arena, const struct vn_vm_policy *policy, const char *key);

/** vn_vm_policy_keys() - the keys, NULL-terminated. */
const char *const *vn_vm_policy_keys(void);

/** A section "[vm NAME]" of the configuration file; NAME may be a fnmatch(3) pattern. */
struct vn_policy_rule {
    char *pattern;
    struct vn_vm_policy policy;
};

/** struct vn_policy - the whole configuration file. Owned by its arena. */
struct vn_policy {
    struct vn_arena arena;
    bool has_reserved, has_shared;
    struct vn_cpuset reserved, shared;
    struct vn_vm_policy defaults;
    struct vn_policy_rule *rules; /* in file order; a later one wins */
    size_t n_rules;
};
void vn_policy_drop(struct vn_policy *policy);

/** vn_policy_for() - defaults, then every matching rule in order. */
void vn_policy_for(const struct vn_policy *policy, const char *name, struct vn_vm_policy *ret);

#endif
