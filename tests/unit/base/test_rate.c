/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <vnuma/rate.h>

static void rates(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {{"200M/s", 209715200}, {"200MiB/s", 209715200}, {"200MB/s", 200000000}, {"4096", 4096}, {"1k", 1024},
                 {"1Gbit", 125000000},  {"100Mbit/s", 12500000}, {"1gbit", 125000000},   {"9bit", 1},    {"0", 0},
                 {"1000000000000000", 1000000000000000},         {"8000000Gbit", 1000000000000000}};

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++) {
        uint64_t bytes = 7;
        assert_int_equal(vn_rate_parse(cases[i].text, &bytes, NULL), 0);
        assert_int_equal(bytes, cases[i].bytes);
    }
}

static void no_rates(void **state)
{
    static const char *const syntax[] = {"", "/s", "M/s", "200 M/s", "200M/h", "1.5G", "-1", "1Gb/s ", "200Mx", "1Gbps"};
    static const char *const range[] = {"1000000000000001", "99999999999999999999999", "9999999G", "8000001Gbit"};
    uint64_t bytes = 7;
    struct vn_err err;

    (void)state;
    for (size_t i = 0; i < VN_COUNT(syntax); i++) {
        assert_int_equal(vn_rate_parse(syntax[i], &bytes, &err), -VN_E_SYNTAX);
        assert_string_equal(err.got, syntax[i]);
    }
    for (size_t i = 0; i < VN_COUNT(range); i++)
        assert_int_equal(vn_rate_parse(range[i], &bytes, &err), -VN_E_RANGE);
}

static void operations_and_seconds(void **state)
{
    uint64_t n = 0;

    (void)state;
    assert_int_equal(vn_iops_parse("5000iops", &n, NULL), 0);
    assert_int_equal(n, 5000);
    assert_int_equal(vn_iops_parse("5k", &n, NULL), 0);
    assert_int_equal(n, 5000);
    assert_int_equal(vn_iops_parse("5000/s", &n, NULL), 0);
    assert_int_equal(vn_iops_parse("5000M/s", &n, NULL), 0);
    assert_int_equal(vn_iops_parse("5000KiB", &n, NULL), -VN_E_SYNTAX);
    assert_int_equal(vn_seconds_parse("10s", &n, NULL), 0);
    assert_int_equal(n, 10);
    assert_int_equal(vn_seconds_parse("10m", &n, NULL), -VN_E_SYNTAX);
    assert_int_equal(vn_seconds_parse("1000001", &n, NULL), -VN_E_RANGE);
}

static void quotas(void **state)
{
    uint64_t quota = 0, period = 0;

    (void)state;
    assert_int_equal(vn_quota_parse("250%", &quota, &period, NULL), 0);
    assert_int_equal(quota, 250000);
    assert_int_equal(period, 100000);
    assert_int_equal(vn_quota_parse("5000/20000us", &quota, &period, NULL), 0);
    assert_int_equal(quota, 5000);
    assert_int_equal(period, 20000);
    assert_int_equal(vn_quota_parse("0%", &quota, &period, NULL), -VN_E_RANGE);
    assert_int_equal(vn_quota_parse("999/1000", &quota, &period, NULL), -VN_E_RANGE);
    assert_int_equal(vn_quota_parse("5000/999", &quota, &period, NULL), -VN_E_RANGE);
    assert_int_equal(vn_quota_parse("5000/1000001", &quota, &period, NULL), -VN_E_RANGE);
    assert_int_equal(vn_quota_parse("17592186044415/100000", &quota, &period, NULL), -VN_E_RANGE); /* v2's "none" */
    assert_int_equal(vn_quota_parse("250", &quota, &period, NULL), -VN_E_SYNTAX);
    assert_int_equal(vn_quota_parse("%", &quota, &period, NULL), -VN_E_SYNTAX);
    assert_int_equal(vn_quota_parse("5000/", &quota, &period, NULL), -VN_E_SYNTAX);
    assert_int_equal(quota, 5000);
}

static void for_people(void **state)
{
    char out[32];

    (void)state;
    assert_string_equal(vn_rate_format(209715200, out, sizeof out), "200 MiB/s");
    assert_string_equal(vn_rate_format(125000000, out, sizeof out), "125 MB/s");
    assert_string_equal(vn_rate_format(777, out, sizeof out), "777 B/s");
    assert_string_equal(vn_rate_format(0, out, sizeof out), "0");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates),  cmocka_unit_test(no_rates),   cmocka_unit_test(operations_and_seconds),
        cmocka_unit_test(quotas), cmocka_unit_test(for_people),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
