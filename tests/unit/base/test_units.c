/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <vnuma/units.h>

static void sizes_as_people_write_them(void **state)
{
    static const struct {
        const char *text;
        uint64_t kib;
    } cases[] = {
        {"0", 0},         {"2048", 2048},      {"2048K", 2048},      {"2048k", 2048},
        {"512M", 524288}, {"32G", 33554432},   {"32GiB", 33554432},  {"1T", 1073741824},
        {"1GB", 1048576}, {"9007199254740992", UINT64_C(1) << 53},   {"8388608T", UINT64_C(1) << 53},
    };

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++) {
        uint64_t kib = 1;
        assert_int_equal(vn_size_parse(cases[i].text, &kib, NULL), 0);
        assert_int_equal(kib, cases[i].kib);
    }
}

static void sizes_that_are_none(void **state)
{
    static const char *const syntax[] = {"", "G", "-1G", "1.5G", "1X", "1Gi", "1GiBs", " 1G", "1 G", "0x10"};
    static const char *const range[] = {"9007199254740993", "8388609T", "99999999999999999999"};
    uint64_t kib = 7;
    struct vn_err err;

    (void)state;
    for (size_t i = 0; i < VN_COUNT(syntax); i++) {
        assert_int_equal(vn_size_parse(syntax[i], &kib, &err), -VN_E_SYNTAX);
        assert_string_equal(err.got, syntax[i]);
    }
    for (size_t i = 0; i < VN_COUNT(range); i++)
        assert_int_equal(vn_size_parse(range[i], &kib, &err), -VN_E_RANGE);
    assert_int_equal(kib, 7);
}

static void sizes_for_people(void **state)
{
    static const struct {
        uint64_t kib;
        const char *text;
    } cases[] = {
        {0, "0"},
        {1, "1 KiB"},
        {1023, "1023 KiB"},
        {1024, "1 MiB"},
        {524288, "512 MiB"},
        {1048576, "1 GiB"},
        {33449574, "31.9 GiB"},
        {33554432, "32 GiB"},
        {33554431, "32 GiB"},   /* never "32.0" */
        {1048575, "1 GiB"},     /* never "1024 MiB" */
        {UINT64_C(1) << 40, "1 PiB"},
    };
    char text[32];

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++)
        assert_string_equal(vn_size_format(cases[i].kib, text, sizeof text), cases[i].text);
}

static void numbers_have_nothing_around_them(void **state)
{
    uint64_t value = 5;
    struct vn_err err;

    (void)state;
    assert_int_equal(vn_uint_parse("18446744073709551615", UINT64_MAX, &value, NULL), 0);
    assert_true(value == UINT64_MAX);
    assert_int_equal(vn_uint_parse("18446744073709551616", UINT64_MAX, &value, &err), -VN_E_RANGE);
    assert_int_equal(vn_uint_parse("8", 7, &value, &err), -VN_E_RANGE);
    assert_string_equal(err.got, "8");
    assert_int_equal(vn_uint_parse("9", 7, &value, NULL), -VN_E_RANGE);
    assert_int_equal(vn_uint_parse("7", 7, &value, NULL), 0);
    assert_int_equal(value, 7);
    assert_int_equal(vn_uint_parse("007", 7, &value, NULL), 0);
    assert_int_equal(vn_uint_parse("", 7, &value, NULL), -VN_E_SYNTAX);
    assert_int_equal(vn_uint_parse("+1", 7, &value, NULL), -VN_E_SYNTAX);
    assert_int_equal(vn_uint_parse("1 ", 7, &value, NULL), -VN_E_SYNTAX);
    assert_int_equal(vn_uint_parse("0", 0, &value, NULL), 0);
    assert_int_equal(vn_uint_parse("1", 0, &value, NULL), -VN_E_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_as_people_write_them),
        cmocka_unit_test(sizes_that_are_none),
        cmocka_unit_test(sizes_for_people),
        cmocka_unit_test(numbers_have_nothing_around_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
