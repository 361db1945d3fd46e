/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <vnuma/policy.h>

static void every_key_reads_what_it_writes(void **state)
{
    static const char *const pairs[][3] = {
        {"cells", "auto", "auto"},         {"cells", "4", "4"},
        {"cells", "8x16G,24x48G", "8x16777216K,24x50331648K"},
        {"policy", "shared", "shared"},    {"policy", "dedicated", "dedicated"},
        {"threads", "require", "require"}, {"threads", "isolate", "isolate"},
        {"emulator", "isolate", "isolate"}, {"emulator", "0-1,20", "0-1,20"}, {"emulator", "share", "share"},
        {"hugepages", "1G", "1048576K"},   {"hugepages", "none", "none"},
        {"overcommit", "4.5", "4.5"},      {"memory", "preferred", "preferred"}, {"memory", "strict", "strict"},
    };

    (void)state;
    for (size_t i = 0; i < VN_COUNT(pairs); i++) {
        VN_AUTO(vn_arena) arena = {0};
        struct vn_vm_policy policy = {0}, again = {0};
        char *text;

        assert_int_equal(vn_vm_policy_set(&arena, &policy, pairs[i][0], pairs[i][1], NULL), 0);
        text = vn_vm_policy_get(&arena, &policy, pairs[i][0]);
        assert_string_equal(text, pairs[i][2]);
        assert_int_equal(vn_vm_policy_set(&arena, &again, pairs[i][0], text, NULL), 0);
        assert_string_equal(vn_vm_policy_get(&arena, &again, pairs[i][0]), text);
    }
}

static void bad_values_change_nothing(void **state)
{
    static const char *const pairs[][2] = {
        {"cells", "0"},       {"cells", "1025"},      {"cells", "-1"},     {"cells", "8x"},     {"cells", "8x16G,"},
        {"cells", "x16G"},    {"cells", ""},          {"cells", "0x0"},    {"cells", "4x0"},
        {"policy", "Shared"}, {"policy", ""},         {"threads", "yes"},  {"emulator", ""},    {"emulator", "3-1"},
        {"hugepages", "2X"},  {"hugepages", "-2M"},   {"overcommit", "0"}, {"overcommit", "-1"},
        {"overcommit", "nan"}, {"overcommit", "inf"}, {"overcommit", "2x"}, {"overcommit", ""}, {"memory", "interleave"},
    };
    static const struct vn_vm_policy zero;

    (void)state;
    for (size_t i = 0; i < VN_COUNT(pairs); i++) {
        VN_AUTO(vn_arena) arena = {0};
        struct vn_vm_policy policy = {0};
        struct vn_err err;
        int r = vn_vm_policy_set(&arena, &policy, pairs[i][0], pairs[i][1], &err);

        if (r != -VN_E_SYNTAX && r != -VN_E_RANGE)
            fail_msg("%s='%s' was taken", pairs[i][0], pairs[i][1]);
        assert_string_equal(err.got, pairs[i][1]);
        assert_memory_equal(&policy, &zero, sizeof policy);
    }
}

static void unknown_keys_are_told_apart(void **state)
{
    struct vn_vm_policy policy = {0};
    struct vn_err err;

    (void)state;
    assert_int_equal(vn_vm_policy_set(NULL, &policy, "polcy", "shared", &err), -VN_E_ABSENT);
    assert_string_equal(err.got, "polcy");
    for (const char *const *key = vn_vm_policy_keys(); *key; key++)
        assert_non_null(strstr(err.fix, *key)); /* the remedy names every key */
}

static void what_is_said_later_wins(void **state)
{
    VN_AUTO(vn_policy) policy = {0};
    struct vn_vm_policy got;

    (void)state;
    policy.n_rules = 2;
    policy.rules = vn_arena_array(&policy.arena, 2, sizeof *policy.rules);
    assert_non_null(policy.rules);
    assert_int_equal(vn_vm_policy_set(&policy.arena, &policy.defaults, "policy", "shared", NULL), 0);
    assert_int_equal(vn_vm_policy_set(&policy.arena, &policy.defaults, "overcommit", "2", NULL), 0);
    policy.rules[0].pattern = vn_arena_strdup(&policy.arena, "db*");
    assert_int_equal(vn_vm_policy_set(&policy.arena, &policy.rules[0].policy, "policy", "dedicated", NULL), 0);
    assert_int_equal(vn_vm_policy_set(&policy.arena, &policy.rules[0].policy, "threads", "isolate", NULL), 0);
    policy.rules[1].pattern = vn_arena_strdup(&policy.arena, "db32");
    assert_int_equal(vn_vm_policy_set(&policy.arena, &policy.rules[1].policy, "threads", "prefer", NULL), 0);

    vn_policy_for(&policy, "web", &got);
    assert_int_equal(got.policy, VN_CPU_SHARED);
    assert_int_equal(got.set, VN_POL_POLICY | VN_POL_OVERCOMMIT);
    vn_policy_for(&policy, "db1", &got);
    assert_int_equal(got.policy, VN_CPU_DEDICATED);
    assert_int_equal(got.threads, VN_THREADS_ISOLATE);
    assert_true(got.overcommit > 1.9);
    vn_policy_for(&policy, "db32", &got);
    assert_int_equal(got.threads, VN_THREADS_PREFER); /* a default that was said aloud */
    assert_int_equal(got.set, VN_POL_POLICY | VN_POL_OVERCOMMIT | VN_POL_THREADS);
}

static void merge_takes_all_that_is_set(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    static const char *const pairs[][2] = {{"cells", "2"},      {"policy", "shared"},  {"threads", "require"},
                                           {"emulator", "3"},   {"hugepages", "2M"},   {"overcommit", "3"},
                                           {"memory", "preferred"}};
    struct vn_vm_policy base = {0}, over = {0};

    (void)state;
    for (size_t i = 0; i < VN_COUNT(pairs); i++)
        assert_int_equal(vn_vm_policy_set(&arena, &over, pairs[i][0], pairs[i][1], NULL), 0);
    vn_vm_policy_merge(&base, &over);
    for (const char *const *key = vn_vm_policy_keys(); *key; key++)
        assert_string_equal(vn_vm_policy_get(&arena, &base, *key), vn_vm_policy_get(&arena, &over, *key));
    over = (struct vn_vm_policy){0};
    vn_vm_policy_merge(&base, &over); /* says nothing, changes nothing */
    assert_string_equal(vn_vm_policy_get(&arena, &base, "cells"), "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_reads_what_it_writes), cmocka_unit_test(bad_values_change_nothing),
        cmocka_unit_test(unknown_keys_are_told_apart),    cmocka_unit_test(what_is_said_later_wins),
        cmocka_unit_test(merge_takes_all_that_is_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
