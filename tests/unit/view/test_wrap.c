/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "view/wrap.h"

static void wraps_to(const char *text, size_t width, const char *expected)
{
    VN_AUTO(vn_buf) out = {0};

    vn_wrap_lines(text, width, &out);
    assert_string_equal(vn_buf_text(&out), expected);
}

static void breaks_at_spaces_then_commas(void **state)
{
    (void)state;
    wraps_to("one two three", 8, "one two\nthree");
    wraps_to("2,22,3,23,4,24", 6, "2,22,\n3,23,\n4,24");
    wraps_to("fits", 4, "fits");
    wraps_to("unbreakable", 4, "unbr\neaka\nble");
    wraps_to("", 4, "");
    wraps_to("a b", 0, "a\nb");
}

static void characters_are_not_bytes(void **state)
{
    (void)state;
    assert_int_equal(vn_text_width("h\xc3\xa9h\xc3\xa9"), 4);
    wraps_to("\xc3\xa9\xc3\xa9\xc3\xa9", 2, "\xc3\xa9\xc3\xa9\n\xc3\xa9");
}

static void the_widest_gives_way(void **state)
{
    size_t widths[] = {10, 50, 30};
    const bool shrinks[] = {false, true, true};

    (void)state;
    vn_wrap_widths(widths, shrinks, 3, 2, 74, 12);
    assert_int_equal(widths[0], 10);
    assert_int_equal(widths[1], 30);
    assert_int_equal(widths[2], 30);
    vn_wrap_widths(widths, shrinks, 3, 2, 1, 12);
    assert_int_equal(widths[1], 12);
    assert_int_equal(widths[2], 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(breaks_at_spaces_then_commas),
        cmocka_unit_test(characters_are_not_bytes),
        cmocka_unit_test(the_widest_gives_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
