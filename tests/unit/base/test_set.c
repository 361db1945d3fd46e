/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <vnuma/arena.h>
#include <vnuma/set.h>

static void parse_reads_what_the_kernel_writes(void **state)
{
    static const struct {
        const char *text, *again;
        unsigned count;
    } cases[] = {
        {"", "", 0},           {"\n", "", 0},         {"0", "0", 1},          {"0-3,8\n", "0-3,8", 5},
        {"8,0-3", "0-3,8", 5}, {"0,1,2", "0-2", 3},   {"0-7,^4", "0-3,5-7", 7}, {"^4,0-7", "0-7", 8},
        {"63-64", "63-64", 2}, {"8191", "8191", 1},   {"0-8191", "0-8191", 8192}, {"3,3,3", "3", 1},
    };

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++) {
        struct vn_cpuset set;
        char text[VN_SET_TEXT];

        assert_int_equal(vn_cpuset_parse(cases[i].text, &set, NULL), 0);
        assert_int_equal(vn_cpuset_count(&set), cases[i].count);
        assert_string_equal(vn_cpuset_format(&set, text, sizeof text), cases[i].again);
    }
}

static void parse_refuses_the_rest(void **state)
{
    static const struct {
        const char *text;
        int code;
    } cases[] = {
        {"a", VN_E_SYNTAX},   {"1,", VN_E_SYNTAX},  {",1", VN_E_SYNTAX},      {"1,,2", VN_E_SYNTAX}, {"3-1", VN_E_SYNTAX},
        {"1-", VN_E_SYNTAX},  {"-1", VN_E_SYNTAX},  {"1 2", VN_E_SYNTAX},     {" 1", VN_E_SYNTAX},   {"^", VN_E_SYNTAX},
        {"1\n2", VN_E_SYNTAX}, {"8192", VN_E_RANGE}, {"0-8192", VN_E_RANGE},  {"1\n\n", VN_E_SYNTAX},
        {"99999999999999999999999", VN_E_RANGE},
    };

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++) {
        struct vn_cpuset set = {{42}}, before = set;
        struct vn_err err;

        assert_int_equal(vn_cpuset_parse(cases[i].text, &set, &err), -cases[i].code);
        assert_true(vn_cpuset_equal(&set, &before)); /* untouched */
        assert_int_equal(err.code, cases[i].code);
        assert_string_equal(err.got, cases[i].text);
    }
}

static void nodes_have_a_limit_of_their_own(void **state)
{
    struct vn_nodeset set;

    (void)state;
    assert_int_equal(vn_nodeset_parse("0-1023", &set, NULL), 0);
    assert_int_equal(vn_nodeset_count(&set), 1024);
    assert_int_equal(vn_nodeset_parse("1024", &set, NULL), -VN_E_RANGE);
}

static void members_and_ranges(void **state)
{
    struct vn_cpuset set = {{0}};

    (void)state;
    assert_int_equal(vn_cpuset_next(&set, 0), -1);
    assert_int_equal(vn_cpuset_last(&set), -1);
    vn_cpuset_add_range(&set, 62, 65);
    vn_cpuset_add(&set, 8191);
    vn_cpuset_add(&set, 8192); /* ignored */
    assert_int_equal(vn_cpuset_count(&set), 5);
    assert_false(vn_cpuset_has(&set, 8192));
    assert_int_equal(vn_cpuset_next(&set, 0), 62);
    assert_int_equal(vn_cpuset_next(&set, 64), 64);
    assert_int_equal(vn_cpuset_next(&set, 66), 8191);
    assert_int_equal(vn_cpuset_next(&set, 8192), -1);
    assert_int_equal(vn_cpuset_last(&set), 8191);
    vn_cpuset_del(&set, 8191);
    vn_cpuset_del(&set, 9000);
    assert_int_equal(vn_cpuset_last(&set), 65);
    vn_cpuset_add_range(&set, 8190, UINT32_MAX); /* cut, and it ends */
    assert_int_equal(vn_cpuset_count(&set), 6);
}

static void only_member(void **state)
{
    struct vn_cpuset set = {{0}};

    (void)state;
    assert_int_equal(vn_cpuset_only(&set), -1);
    vn_cpuset_add(&set, 8191);
    assert_int_equal(vn_cpuset_only(&set), 8191);
    vn_cpuset_add(&set, 64);
    assert_int_equal(vn_cpuset_only(&set), -1); /* two, in words far apart */
    vn_cpuset_del(&set, 8191);
    assert_int_equal(vn_cpuset_only(&set), 64);
    vn_cpuset_add(&set, 127);
    assert_int_equal(vn_cpuset_only(&set), -1); /* two in one word */
}

static void algebra(void **state)
{
    struct vn_cpuset a, b, c;

    (void)state;
    assert_int_equal(vn_cpuset_parse("0-3,100", &a, NULL), 0);
    assert_int_equal(vn_cpuset_parse("2-5", &b, NULL), 0);
    assert_true(vn_cpuset_intersects(&a, &b));
    assert_false(vn_cpuset_subset(&a, &b));
    c = a;
    vn_cpuset_and(&c, &b);
    assert_int_equal(vn_cpuset_count(&c), 2);
    assert_true(vn_cpuset_subset(&c, &a) && vn_cpuset_subset(&c, &b));
    c = a;
    vn_cpuset_sub(&c, &b);
    assert_false(vn_cpuset_intersects(&c, &b));
    assert_int_equal(vn_cpuset_count(&c), 3);
    vn_cpuset_or(&c, &b);
    assert_int_equal(vn_cpuset_count(&c), 7);
    assert_true(vn_cpuset_cmp(&a, &b) < 0 && vn_cpuset_cmp(&b, &a) > 0); /* a has 0, b has not */
    assert_int_equal(vn_cpuset_cmp(&a, &a), 0);
}

static void a_text_too_long_is_cut_and_says_so(void **state)
{
    struct vn_cpuset set = {{0}};
    char all[VN_SET_TEXT], some[16];

    (void)state;
    for (unsigned i = 0; i < VN_CPU_MAX; i += 2)
        vn_cpuset_add(&set, i);
    (void)vn_cpuset_format(&set, all, sizeof all);
    assert_null(strstr(all, "..."));
    assert_string_equal(all + strlen(all) - 5, ",8190");
    (void)vn_cpuset_format(&set, some, sizeof some);
    assert_true(strlen(some) < sizeof some);
    assert_non_null(strstr(some, "..."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_reads_what_the_kernel_writes), cmocka_unit_test(parse_refuses_the_rest),
        cmocka_unit_test(nodes_have_a_limit_of_their_own),    cmocka_unit_test(members_and_ranges),
        cmocka_unit_test(only_member),                        cmocka_unit_test(algebra),
        cmocka_unit_test(a_text_too_long_is_cut_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
