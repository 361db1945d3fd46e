/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <vnuma/buf.h>

static void empty_is_a_string_too(void **state)
{
    VN_AUTO(vn_buf) buf = {0};

    (void)state;
    assert_string_equal(vn_buf_text(&buf), "");
    vn_buf_add(&buf, NULL, 0);
    assert_string_equal(vn_buf_text(&buf), "");
    assert_int_equal(buf.len, 0);
}

static void appends(void **state)
{
    VN_AUTO(vn_buf) buf = {0};

    (void)state;
    vn_buf_str(&buf, "vCPU");
    vn_buf_fmt(&buf, " %d of %s", 3, "db32");
    vn_buf_add(&buf, "!\0!", 3);
    assert_int_equal(buf.len, 17);
    assert_memory_equal(buf.ptr, "vCPU 3 of db32!\0!", 18);
    for (int i = 0; i < 10000; i++)
        vn_buf_fmt(&buf, "%04d", i);
    assert_int_equal(buf.failed, 0);
    assert_int_equal(buf.len, 17 + 40000);
    assert_string_equal(buf.ptr + buf.len - 8, "99989999");
}

static void a_failure_is_remembered(void **state)
{
    VN_AUTO(vn_buf) buf = {0};

    (void)state;
    vn_buf_str(&buf, "x");
    vn_buf_add(&buf, "y", SIZE_MAX / 2);
    assert_true(buf.failed);
    vn_buf_str(&buf, "z");
    assert_string_equal(vn_buf_text(&buf), "x");
    vn_buf_drop(&buf);
    assert_false(buf.failed);
    vn_buf_drop(&buf); /* twice is fine */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_is_a_string_too),
        cmocka_unit_test(appends),
        cmocka_unit_test(a_failure_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
