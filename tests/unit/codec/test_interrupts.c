/* SPDX-License-Identifier: MIT */
/* /proc/interrupts: which CPU has taken how many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/proctext.h"

static void columns(void **state)
{
    static const char text[] =
        "           CPU0       CPU2       \n"
        "  0:         44          1   IO-APIC   2-edge      timer\n"
        " 24:          0          7   PCI-MSI 65536-edge      virtio0-config\n"
        "LOC:     100000      20000   Local timer interrupts\n"
        "ERR:          5\n"
        "MIS:          6\n";
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cpu_interrupts *got = NULL;
    size_t n = 0;

    (void)state;
    assert_int_equal(vn_interrupts_parse(text, &arena, &got, &n, NULL), 0);
    assert_int_equal(n, 2);
    assert_true(got[0].cpu == 0 && got[0].count == 100044);
    assert_true(got[1].cpu == 2 && got[1].count == 20008);
}

/* With one CPU the machine's errors stand in its column; they are nobody's interrupts. */
static void one_cpu(void **state)
{
    static const char text[] = "           CPU0\nIPI0:  3  Rescheduling interrupts\nERR: 5\nErr: 5\nMIS: 6\n";
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cpu_interrupts *got = NULL;
    size_t n = 0;

    (void)state;
    assert_int_equal(vn_interrupts_parse(text, &arena, &got, &n, NULL), 0);
    assert_true(n == 1 && got[0].count == 3);
}

static void what_is_none(void **state)
{
    static const char *const bad[] = {
        "", "\n", "  0: 1 x\n", "  CPU\n", "  CPU0 CPU0\n", "  CPU1 CPU0\n", "  CPU0x\n", "  CPU8192\n",
        "  CPU0\nno name here\n", "  CPU0\n  0: 9223372036854775807 a\n  1: 1 b\n",
        "  CPU0\n  0: 9223372036854775808 a\n", "  CPU0\n  0: 99999999999999999999 a\n"};

    (void)state;
    for (size_t i = 0; i < VN_COUNT(bad); i++) {
        VN_AUTO(vn_arena) arena = {0};
        struct vn_cpu_interrupts *got = NULL;
        size_t n = 0;

        if (vn_interrupts_parse(bad[i], &arena, &got, &n, NULL) != -VN_E_FORMAT)
            fail_msg("taken: %s", bad[i]);
        assert_null(got);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns),
        cmocka_unit_test(one_cpu),
        cmocka_unit_test(what_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
