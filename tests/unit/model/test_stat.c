/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <vnuma/stat.h>

/* Wilson's interval, as tables have it: 0 of 10 is 0 to 27.75 %, 5 of 10 is 23.66 to 76.34 %. */
static void bounds_of_parts(void **state)
{
    (void)state;
    assert_float_equal(vn_part_bound_pct(0, 10), 27.75, 0.01);
    assert_float_equal(vn_part_bound_pct(10, 10), 27.75, 0.01);
    assert_float_equal(vn_part_bound_pct(5, 10), 26.34, 0.01);
    assert_float_equal(vn_part_bound_pct(1200, 2400), 2.0, 0.01);
    assert_float_equal(vn_part_bound_pct(0, 0), 100, 0);
}

static void names(void **state)
{
    (void)state;
    for (int i = 0; i < VN_COUNTERS; i++) {
        const char *name = vn_counter_name((enum vn_counter)i);

        assert_int_equal(vn_counter_parse(name, strlen(name)), i);
    }
    assert_int_equal(vn_counter_parse("numa_hits", 9), -1);
    assert_int_equal(vn_counter_parse("numa_hit", 7), -1);
    assert_string_equal(vn_stat_method_name(VN_STAT_SAMPLE), "sample");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bounds_of_parts), cmocka_unit_test(names)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
