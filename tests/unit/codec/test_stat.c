/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/proctext.h"

static const int nodes[] = {0, 1, 4};

static void counters(void **state)
{
    static const char text[] = "numa_hit 330224597\nnuma_miss 1\nnuma_foreign 2\ninterleave_hit 1134\nlocal_node 5\n"
                               "other_node 18446744073709551615\nnuma_new 9\n";
    struct vn_counters got = {0};

    (void)state;
    assert_int_equal(vn_counters_parse(text, &got, NULL), 0);
    assert_true(got.pages[VN_COUNTER_HIT] == 330224597 && got.pages[VN_COUNTER_MISS] == 1);
    assert_true(got.pages[VN_COUNTER_FOREIGN] == 2 && got.pages[VN_COUNTER_INTERLEAVE] == 1134);
    assert_true(got.pages[VN_COUNTER_LOCAL] == 5 && got.pages[VN_COUNTER_OTHER] == UINT64_MAX);
}

static void counters_that_are_none(void **state)
{
    static const char *const bad[] = {
        "", "numa_hit 1\n", "numa_hit 1\nnuma_miss 1\nnuma_foreign 2\ninterleave_hit 4\nlocal_node 5\n",
        "numa_hit x\nnuma_miss 1\nnuma_foreign 2\ninterleave_hit 4\nlocal_node 5\nother_node 6\n",
        "numa_hit 1k\nnuma_miss 1\nnuma_foreign 2\ninterleave_hit 4\nlocal_node 5\nother_node 6\n",
        "numa_hit 99999999999999999999\nnuma_miss 1\nnuma_foreign 2\ninterleave_hit 4\nlocal_node 5\nother_node 6\n"};
    struct vn_counters got = {0};

    (void)state;
    for (size_t i = 0; i < VN_COUNT(bad); i++)
        if (vn_counters_parse(bad[i], &got, NULL) != -VN_E_FORMAT)
            fail_msg("taken: %s", bad[i]);
}

static void a_program_with_a_nasty_name(void **state)
{
    static const char text[] = "24694 (vm) S 1 (x) S 1 2 3 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 99 2400256 261 "
                               "18446744073709551615 1 1\n";
    char name[32];
    uint64_t pages = 0;

    (void)state;
    assert_int_equal(vn_stat_program(text, name, sizeof name, &pages, NULL), 0);
    assert_string_equal(name, "vm) S 1 (x");
    assert_int_equal(pages, 261);
    assert_int_equal(vn_stat_program("1 (a) S 1 2\n", name, sizeof name, &pages, NULL), -VN_E_FORMAT);
    assert_int_equal(vn_stat_program(")", name, sizeof name, &pages, NULL), -VN_E_FORMAT);
    assert_int_equal(vn_statm_resident("13051 12886 71 122 0 12876 0\n", &pages, NULL), 0);
    assert_int_equal(pages, 12886);
    assert_int_equal(vn_statm_resident("13051 x", &pages, NULL), -VN_E_FORMAT);
    assert_int_equal(vn_statm_resident("", &pages, NULL), -VN_E_FORMAT);
    assert_int_equal(vn_stat_program("", name, sizeof name, &pages, NULL), -VN_E_FORMAT);
}

/* As numastat(8) sorts them; huge pages by their own size, not by the host's default. */
static void kinds(void **state)
{
    static const char text[] = "1000 default file=/bin/x mapped=3 N0=3 kernelpagesize_kB=4\n"
                               "2000 default heap anon=5 N0=2 N1=3 kernelpagesize_kB=4\n"
                               "3000 bind:1 file=/anon_hugepage huge anon=2 N4=2 kernelpagesize_kB=1048576\n"
                               "4000 default stack anon=7 N1=7 kernelpagesize_kB=4\n"
                               "5000 default anon=11 N0=11 kernelpagesize_kB=4\n";
    struct vn_stat_node got[3] = {{0}};
    VN_AUTO(vn_arena) arena = {0};
    struct vn_vmas vmas;

    (void)state;
    assert_int_equal(vn_numamaps_parse(text, NULL, nodes, 3, &arena, &vmas, NULL), 0);
    vn_vmas_by_kind(&vmas, 3, got);
    assert_true(got[0].private_kib == 56 && got[0].heap_kib == 8 && got[0].total_kib == 64);
    assert_true(got[1].heap_kib == 12 && got[1].stack_kib == 28 && got[1].total_kib == 40);
    assert_true(got[2].huge_kib == 2097152 && got[2].total_kib == 2097152 && !got[2].private_kib);
}

static void mappings(void **state)
{
    static const char text[] = "00400000-00401000 r-xp 00000000 08:01 42     /bin/x y\n"
                               "01000000-01002000 rw-p 00000000 00:00 0      [heap]\n"
                               "7f0000000000-7f0000200000 rw-s 00000000 00:01 7    /memfd:ram-node0 (deleted)\n"
                               "7f0000200000-7f0000201000 ---p 00000000 00:00 0\n"
                               "7f0000400000-7f0000600000 rw-p 00000000 00:00 0 \n"
                               "7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0  [stack]\n";
    VN_AUTO(vn_arena) arena = {0};
    struct vn_vmas vmas;

    (void)state;
    assert_int_equal(vn_maps_parse(text, &arena, &vmas, NULL), 0);
    assert_int_equal(vmas.count, 5); /* the guard page is none */
    assert_string_equal(vmas.items[0].file, "/bin/x y");
    assert_true(vmas.items[0].program && vmas.items[1].heap && !vmas.items[1].program && vmas.items[4].stack);
    assert_string_equal(vmas.items[2].file, "/memfd:ram-node0 (deleted)");
    assert_false(vmas.items[2].program);
    assert_string_equal(vmas.items[3].file, "");
    assert_true(vmas.items[3].start == 0x7f0000400000 && vmas.items[3].end == 0x7f0000600000);
    assert_int_equal(vn_maps_parse("", &arena, &vmas, NULL), 0);
    assert_int_equal(vmas.count, 0);
    assert_int_equal(vn_maps_parse("10-10 rw-p\n", &arena, &vmas, NULL), -VN_E_FORMAT);
    assert_int_equal(vn_maps_parse("nonsense\n", &arena, &vmas, NULL), -VN_E_FORMAT);
}

static void a_guests_name(void **state)
{
    static const struct {
        const char *args;
        size_t len;
        const char *name; /* NULL: none */
    } cases[] = {
#define ARGS(text) text, sizeof text
        {ARGS("/usr/bin/qemu-system-x86_64\0-name\0guest=db,,32,debug-threads=on\0-S"), "db,32"},
        {ARGS("/usr/bin/kvm\0-id\0" "100\0-name\0web,debug-threads=on"), "web"},
        {ARGS("qemu-kvm\0-m\0" "1G\0--name\0plain"), "plain"},
        {ARGS("qemu-system-x86_64\0-name"), NULL},
        {ARGS("qemu-system-x86_64\0-m\0" "1G"), NULL},
        {ARGS("/opt/qemu/helper\0-name\0x"), NULL}, /* in a folder of that name */
        {ARGS("grep\0qemu\0-name\0x"), NULL},
        {"", 0, NULL},
#undef ARGS
    };
    VN_AUTO(vn_arena) arena = {0};

    (void)state;
    assert_string_equal(vn_cmdline_program("/usr/bin/qemu-system-x86_64\0-name\0a/b", &arena), "qemu-system-x86_64");
    assert_string_equal(vn_cmdline_program("init", &arena), "init");
    for (size_t i = 0; i < VN_COUNT(cases); i++) {
        char *name = NULL;

        assert_int_equal(vn_cmdline_vm(cases[i].args, cases[i].len, &arena, &name), cases[i].name ? 0 : -VN_E_ABSENT);
        if (cases[i].name)
            assert_string_equal(name, cases[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters), cmocka_unit_test(counters_that_are_none),
        cmocka_unit_test(a_program_with_a_nasty_name), cmocka_unit_test(kinds),
        cmocka_unit_test(mappings), cmocka_unit_test(a_guests_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
