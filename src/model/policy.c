/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vnuma/policy.h>
#include <vnuma/units.h>

enum { CELLS_MAX = 1024 };

static int bad(struct vn_err *err, const char *key, const char *value, const char *fix)
{
    return VN_FAIL(err, VN_E_SYNTAX, .where = key, .got = value, .cause = "a value that does not fit", .fix = fix);
}

/* One of the words in @words (NULL-terminated); -1 when none. */
static int word_of(const char *const *words, const char *value)
{
    for (int i = 0; words[i]; i++)
        if (!strcmp(words[i], value))
            return i;
    return -1;
}

static const char *const policy_words[] = {"dedicated", "shared", NULL};
static const char *const threads_words[] = {"prefer", "require", "isolate", NULL};
static const char *const memory_words[] = {"strict", "preferred", NULL};
static const char *const emulator_words[] = {"share", "isolate", NULL};

/* "8x16G" */
static int parse_cell(const char *text, size_t len, struct vn_cell_size *ret)
{
    char item[64], *x;
    uint64_t vcpus;

    if (len >= sizeof item)
        return -VN_E_SYNTAX;
    memcpy(item, text, len);
    item[len] = '\0';
    x = strchr(item, 'x');
    if (!x)
        return -VN_E_SYNTAX;
    *x = '\0';
    if (vn_uint_parse(item, VN_CPU_MAX, &vcpus, NULL) < 0 || vn_size_parse(x + 1, &ret->memory_kib, NULL) < 0 ||
        !ret->memory_kib) /* a cell may have no vCPU, but not no memory */
        return -VN_E_SYNTAX;
    ret->vcpus = (unsigned)vcpus;
    return 0;
}

static int set_cells(struct vn_arena *arena, struct vn_cells_spec *cells, const char *value, struct vn_err *err)
{
    static const char fix[] = "Use 'auto', a number of cells, or a list as in '8x16G,24x48G'.";
    struct vn_cells_spec spec = {0};
    uint64_t number;

    if (!strcmp(value, "auto")) {
        spec.kind = VN_CELLS_AUTO;
    } else if (vn_uint_parse(value, CELLS_MAX, &number, NULL) == 0 && number) {
        spec.kind = VN_CELLS_NUMBER;
        spec.number = (unsigned)number;
    } else {
        const char *at = value;
        spec.kind = VN_CELLS_LIST;
        for (;;) {
            size_t len = strcspn(at, ",");
            struct vn_cell_size *cell = vn_arena_grow(arena, &spec.list, &spec.n_list, sizeof *cell);
            if (!cell)
                return vn_nomem(err);
            if (spec.n_list > CELLS_MAX || parse_cell(at, len, cell) < 0)
                return bad(err, "cells", value, fix);
            if (!at[len])
                break;
            at += len + 1;
        }
    }
    *cells = spec;
    return 0;
}

static int set_emulator(struct vn_emulator_spec *emulator, const char *value, struct vn_err *err)
{
    int word = word_of(emulator_words, value);
    struct vn_emulator_spec spec = {0};

    spec.kind = word < 0 ? VN_EMULATOR_CPUSET : (enum vn_emulator_kind)word;
    if (word < 0 && (vn_cpuset_parse(value, &spec.cpus, NULL) < 0 || vn_cpuset_empty(&spec.cpus)))
        return bad(err, "emulator", value, "Use 'share', 'isolate' or CPUs as in '0-1,20'.");
    *emulator = spec;
    return 0;
}

static int set_overcommit(double *ret, const char *value, struct vn_err *err)
{
    char *end;
    double ratio = strtod(value, &end);

    if (end == value || *end || !(ratio > 0 && ratio <= 1000))
        return bad(err, "overcommit", value, "Use a ratio above 0, as in '4.0'.");
    *ret = ratio;
    return 0;
}

static int set_word(const char *const *words, const char *key, const char *value, int *ret, struct vn_err *err)
{
    char fix[128] = "Use one of:";
    int word = word_of(words, value);

    if (word >= 0) {
        *ret = word;
        return 0;
    }
    for (int i = 0; words[i]; i++) {
        size_t at = strlen(fix);
        (void)snprintf(fix + at, sizeof fix - at, "%s %s", i ? "," : "", words[i]);
    }
    return bad(err, key, value, fix);
}

static const char *const keys[] = {"cells", "policy", "threads", "emulator", "hugepages", "overcommit", "memory", NULL};

const char *const *vn_vm_policy_keys(void)
{
    return keys;
}

int vn_vm_policy_set(struct vn_arena *arena, struct vn_vm_policy *policy, const char *key, const char *value,
                     struct vn_err *err)
{
    int key_index = word_of(keys, key), word = 0, r;

    switch (key_index < 0 ? 0u : 1u << key_index) {
    case VN_POL_CELLS:
        r = set_cells(arena, &policy->cells, value, err);
        break;
    case VN_POL_POLICY:
        r = set_word(policy_words, key, value, &word, err);
        policy->policy = r < 0 ? policy->policy : (enum vn_cpu_policy)word;
        break;
    case VN_POL_THREADS:
        r = set_word(threads_words, key, value, &word, err);
        policy->threads = r < 0 ? policy->threads : (enum vn_threads_policy)word;
        break;
    case VN_POL_EMULATOR:
        r = set_emulator(&policy->emulator, value, err);
        break;
    case VN_POL_HUGEPAGES:
        if (!strcmp(value, "none")) {
            policy->hugepage_kib = 0;
            r = 0;
        } else {
            r = vn_size_parse(value, &policy->hugepage_kib, err);
        }
        break;
    case VN_POL_OVERCOMMIT:
        r = set_overcommit(&policy->overcommit, value, err);
        break;
    case VN_POL_MEMORY:
        r = set_word(memory_words, key, value, &word, err);
        policy->memory_preferred = r < 0 ? policy->memory_preferred : word == 1;
        break;
    default:
        return VN_FAIL(err, VN_E_ABSENT, .got = key, .cause = "an unknown policy key",
                       .fix = "Known are cells, policy, threads, emulator, hugepages, overcommit and memory.");
    }
    if (r == 0)
        policy->set |= 1u << key_index;
    return r;
}

void vn_vm_policy_merge(struct vn_vm_policy *base, const struct vn_vm_policy *over)
{
    if (over->set & VN_POL_CELLS)
        base->cells = over->cells;
    if (over->set & VN_POL_POLICY)
        base->policy = over->policy;
    if (over->set & VN_POL_THREADS)
        base->threads = over->threads;
    if (over->set & VN_POL_EMULATOR)
        base->emulator = over->emulator;
    if (over->set & VN_POL_HUGEPAGES)
        base->hugepage_kib = over->hugepage_kib;
    if (over->set & VN_POL_OVERCOMMIT)
        base->overcommit = over->overcommit;
    if (over->set & VN_POL_MEMORY)
        base->memory_preferred = over->memory_preferred;
    base->set |= over->set;
}

static char *get_cells(struct vn_arena *arena, const struct vn_cells_spec *cells)
{
    char *text = vn_arena_strdup(arena, "auto");

    if (cells->kind == VN_CELLS_NUMBER)
        return vn_arena_printf(arena, "%u", cells->number);
    if (cells->kind == VN_CELLS_LIST)
        for (size_t i = 0; i < cells->n_list && text; i++)
            text = vn_arena_printf(arena, "%s%s%ux%" PRIu64 "K", i ? text : "", i ? "," : "", cells->list[i].vcpus,
                                   cells->list[i].memory_kib);
    return text;
}

char *vn_vm_policy_get(struct vn_arena *arena, const struct vn_vm_policy *policy, const char *key)
{
    int key_index = word_of(keys, key);

    if (key_index < 0 || !(policy->set & 1u << key_index))
        return NULL;
    switch (1u << key_index) {
    case VN_POL_CELLS:
        return get_cells(arena, &policy->cells);
    case VN_POL_POLICY:
        return vn_arena_strdup(arena, policy_words[policy->policy]);
    case VN_POL_THREADS:
        return vn_arena_strdup(arena, threads_words[policy->threads]);
    case VN_POL_EMULATOR:
        if (policy->emulator.kind == VN_EMULATOR_CPUSET)
            return vn_cpuset_text(arena, &policy->emulator.cpus);
        return vn_arena_strdup(arena, emulator_words[policy->emulator.kind]);
    case VN_POL_HUGEPAGES:
        return policy->hugepage_kib ? vn_arena_printf(arena, "%" PRIu64 "K", policy->hugepage_kib)
                                    : vn_arena_strdup(arena, "none");
    case VN_POL_OVERCOMMIT:
        return vn_arena_printf(arena, "%.10g", policy->overcommit);
    default:
        return vn_arena_strdup(arena, memory_words[policy->memory_preferred]);
    }
}

void vn_policy_drop(struct vn_policy *policy)
{
    vn_arena_drop(&policy->arena);
    memset(policy, 0, sizeof *policy);
}

void vn_policy_for(const struct vn_policy *policy, const char *name, struct vn_vm_policy *ret)
{
    *ret = policy->defaults;
    for (size_t i = 0; i < policy->n_rules; i++)
        if (!fnmatch(policy->rules[i].pattern, name, 0))
            vn_vm_policy_merge(ret, &policy->rules[i].policy);
}
