/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "cli/cli.h"

static const char *const names[] = {"host", "vm", "plan", "apply", "verify", "undo", "history", "capture"};

static void nearest_is(const char *word, const char *expected)
{
    const char *got = cli_nearest(word, names, VN_COUNT(names));

    if (expected)
        assert_string_equal(got ? got : "(none)", expected);
    else
        assert_null(got);
}

static void a_slip_is_recognised(void **state)
{
    (void)state;
    nearest_is("hots", "host");      /* swapped */
    nearest_is("aply", "apply");     /* one missing */
    nearest_is("verifyy", "verify"); /* one too many */
    nearest_is("pkan", "plan");      /* another key */
}

static void a_beginning_is_recognised(void **state)
{
    (void)state;
    nearest_is("hist", "history");
    nearest_is("cap", "capture");
}

static void another_word_is_not(void **state)
{
    char longest[300];

    (void)state;
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    nearest_is("migrate", NULL);
    nearest_is("", NULL);
    nearest_is(longest, NULL);
    assert_null(cli_nearest("host", NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slip_is_recognised),
        cmocka_unit_test(a_beginning_is_recognised),
        cmocka_unit_test(another_word_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
