/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/diff.h"

static void check(const char *before, const char *after, const char *expected)
{
    VN_AUTO(vn_buf) out = {0};

    assert_int_equal(vn_diff(before, after, NULL, &out, NULL), 0);
    assert_string_equal(vn_buf_text(&out), expected);
}

static void equal_texts_have_no_diff(void **state)
{
    (void)state;
    check("a\nb\n", "a\nb\n", "");
    check("", "", "");
}

static void one_line_changes(void **state)
{
    (void)state;
    check("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nX\n6\n7\n8\n9\n",
          "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+X\n 6\n 7\n 8\n");
}

static void ends_of_the_text(void **state)
{
    (void)state;
    check("", "new\n", "@@ -0,0 +1,1 @@\n+new\n");
    check("old\n", "", "@@ -1,1 +0,0 @@\n-old\n");
    check("a\nb", "a\nb\nc", "@@ -1,2 +1,3 @@\n a\n b\n+c\n");
}

static void far_changes_are_two_hunks(void **state)
{
    (void)state;
    check("x\n1\n2\n3\n4\n5\n6\n7\ny\n", "X\n1\n2\n3\n4\n5\n6\n7\nY\n",
          "@@ -1,4 +1,4 @@\n-x\n+X\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-y\n+Y\n");
}

static void near_changes_are_one_hunk(void **state)
{
    (void)state;
    check("x\n1\n2\n3\n4\n5\n6\ny\n", "X\n1\n2\n3\n4\n5\n6\nY\n",
          "@@ -1,8 +1,8 @@\n-x\n+X\n 1\n 2\n 3\n 4\n 5\n 6\n-y\n+Y\n");
}

/* Follow the diff by hand: lines with ' ' or '-' must be before's, with ' ' or '+' after's. */
static void rebuild(const char *before, const char *diff, struct vn_buf *ret)
{
    const char *at = before;
    unsigned line = 1, from;

    while (*diff) {
        size_t len = strcspn(diff, "\n");

        if (*diff == '@') {
            assert_int_equal(sscanf(diff, "@@ -%u", &from), 1);
            for (; line < from; line++) {
                vn_buf_add(ret, at, strcspn(at, "\n") + 1);
                at += strcspn(at, "\n") + 1;
            }
        } else if (*diff == '+') {
            vn_buf_add(ret, diff + 1, len);
        } else {
            assert_memory_equal(at, diff + 1, len - 1);
            if (*diff == ' ')
                vn_buf_add(ret, at, len);
            at += len;
            line++;
        }
        diff += len + 1;
    }
    vn_buf_str(ret, at);
}

static void a_diff_leads_from_before_to_after(void **state)
{
    unsigned seed = 7;

    (void)state;
    for (int round = 0; round < 500; round++) {
        VN_AUTO(vn_buf) a = {0};
        VN_AUTO(vn_buf) b = {0};
        VN_AUTO(vn_buf) diff = {0};
        VN_AUTO(vn_buf) got = {0};

        for (unsigned i = 0; i < 40; i++) {
            seed = seed * 1103515245u + 12345u;
            if ((seed >> 16) % 8 != 0)
                vn_buf_fmt(&a, "%u\n", (seed >> 20) % 5);
            if ((seed >> 16) % 8 > 1)
                vn_buf_fmt(&b, "%u\n", (seed >> 16) % 8 == 2 ? 9 : (seed >> 20) % 5);
        }
        assert_int_equal(vn_diff(vn_buf_text(&a), vn_buf_text(&b), NULL, &diff, NULL), 0);
        rebuild(vn_buf_text(&a), vn_buf_text(&diff), &got);
        assert_string_equal(vn_buf_text(&got), vn_buf_text(&b));
    }
}

static void thousands_of_differences_stay_cheap(void **state)
{
    VN_AUTO(vn_buf) a = {0};
    VN_AUTO(vn_buf) b = {0};
    VN_AUTO(vn_buf) diff = {0};

    (void)state;
    for (unsigned i = 0; i < 4000; i++) {
        vn_buf_fmt(&a, "a%u\n", i);
        vn_buf_fmt(&b, "b%u\n", i);
    }
    assert_int_equal(vn_diff(vn_buf_text(&a), vn_buf_text(&b), "x", &diff, NULL), 0);
    assert_int_equal(strncmp(vn_buf_text(&diff), "--- x\n+++ x\n@@ -1,4000 +1,4000 @@\n-a0\n", 37), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_have_no_diff),
        cmocka_unit_test(one_line_changes),
        cmocka_unit_test(ends_of_the_text),
        cmocka_unit_test(far_changes_are_two_hunks),
        cmocka_unit_test(near_changes_are_one_hunk),
        cmocka_unit_test(a_diff_leads_from_before_to_after),
        cmocka_unit_test(thousands_of_differences_stay_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
