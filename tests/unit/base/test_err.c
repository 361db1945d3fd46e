/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <vnuma/err.h>

static void a_message_reads_as_a_sentence(void **state)
{
    struct vn_err err;
    char text[1024];

    (void)state;
    assert_int_equal(VN_FAIL(&err, VN_E_FORMAT, .where = "<vcpu> on line 3", .got = "x", .cause = "not a number",
                             .fix = "Write a number."), -VN_E_FORMAT);
    assert_int_equal(vn_err_ctx(&err, -VN_E_FORMAT, "cannot read '%s'", "db32"), -VN_E_FORMAT);
    assert_int_equal(vn_err_ctx(&err, -VN_E_FORMAT, "cannot observe"), -VN_E_FORMAT);
    assert_string_equal(vn_err_text(&err, text, sizeof text),
                        "cannot observe: cannot read 'db32': not a number in <vcpu> on line 3, got 'x'. Write a number.");
}

static void nobody_has_to_ask(void **state)
{
    (void)state;
    assert_int_equal(VN_FAIL(NULL, VN_E_IO, .cause = "x"), -VN_E_IO);
    assert_int_equal(vn_failf(NULL, VN_E_IO, NULL, "%d", 1), -VN_E_IO);
    assert_int_equal(vn_err_ctx(NULL, -3, "x"), -3);
    assert_int_equal(vn_nomem(NULL), -VN_E_NOMEM);
}

static void long_texts_are_cut(void **state)
{
    static char long_text[4096];
    struct vn_err err;
    char small[10];

    (void)state;
    memset(long_text, 'a', sizeof long_text - 1);
    (void)VN_FAIL(&err, VN_E_IO, .where = long_text, .got = long_text, .cause = long_text, .fix = long_text);
    for (int i = 0; i < 5; i++)
        (void)vn_err_ctx(&err, -VN_E_IO, "%s", long_text);
    assert_true(strlen(err.context) < sizeof err.context && strlen(err.got) < sizeof err.got);
    assert_int_equal(strlen(vn_err_text(&err, small, sizeof small)), sizeof small - 1);
    small[0] = 'z';
    (void)vn_err_text(&err, small, 0);
    assert_int_equal(small[0], 'z');
}

static void a_new_error_forgets_the_old(void **state)
{
    struct vn_err err;

    (void)state;
    (void)VN_FAIL(&err, VN_E_IO, .where = "w", .got = "g", .cause = "c", .fix = "f");
    (void)vn_failf(&err, VN_E_RANGE, NULL, "only %s", "this");
    assert_string_equal(err.where, "");
    assert_string_equal(err.got, "");
    assert_string_equal(err.fix, "");
    assert_string_equal(err.cause, "only this");
    assert_int_equal(err.code, VN_E_RANGE);
}

static void codes_have_names(void **state)
{
    (void)state;
    assert_string_equal(vn_code_name(VN_E_REFUSED), "refused");
    assert_string_equal(vn_code_name(-1), "unknown");
    assert_string_equal(vn_code_name(999), "unknown");
    for (int code = VN_OK; code <= VN_E_PARTIAL; code++)
        assert_string_not_equal(vn_code_name(code), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_reads_as_a_sentence), cmocka_unit_test(nobody_has_to_ask),
        cmocka_unit_test(long_texts_are_cut),            cmocka_unit_test(a_new_error_forgets_the_old),
        cmocka_unit_test(codes_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
