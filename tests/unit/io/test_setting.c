/* SPDX-License-Identifier: MIT */
/* The host's settings, below a root of their own: what they are now, and at the next boot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/files.h"
#include "io/local.h"

#define KEY "kernel.numa_balancing"
#define STORED VN_SYSCTL_PREFIX KEY

static char root[64];

static void path_in(char *out, size_t size, const char *rel)
{
    (void)snprintf(out, size, "%s/%s", root, rel);
}

static void write_file(const char *rel, const char *text)
{
    char path[256];
    FILE *file;

    path_in(path, sizeof path, rel);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_file(const char *rel, const char *want)
{
    VN_AUTO(vn_buf) text = {0};

    assert_int_equal(vn_file_read(root, rel, 4096, &text, NULL), 0);
    assert_string_equal(vn_buf_text(&text), want);
}

static void assert_value(const char *key, const char *want)
{
    VN_AUTO(vn_buf) value = {0};

    assert_int_equal(vn_local_setting(root, key, &value, NULL), 0);
    assert_string_equal(vn_buf_text(&value), want);
}

static int make_root(void **state)
{
    static const char *const dirs[] = {"proc", "proc/sys", "proc/sys/kernel", "etc", "etc/sysctl.d"};
    char path[256];

    (void)state;
    (void)snprintf(root, sizeof root, "/tmp/vnuma-setting-XXXXXX");
    if (!mkdtemp(root))
        return -1;
    for (size_t i = 0; i < VN_COUNT(dirs); i++) {
        path_in(path, sizeof path, dirs[i]);
        if (mkdir(path, 0700) < 0)
            return -1;
    }
    write_file("proc/sys/kernel/numa_balancing", "1\n");
    return 0;
}

static int remove_root(void **state)
{
    static const char *const paths[] = {VN_SYSCTL_FILE, "proc/sys/kernel/numa_balancing", "proc/sys/kernel", "proc/sys",
                                        "proc", "etc/sysctl.d", "etc", ""};
    char path[256];

    (void)state;
    for (size_t i = 0; i < VN_COUNT(paths); i++) {
        path_in(path, sizeof path, paths[i]);
        (void)remove(path); /* what a test left, or did not */
    }
    return 0;
}

static void what_holds_now(void **state)
{
    struct vn_err err = {0};
    VN_AUTO(vn_buf) value = {0};

    (void)state;
    assert_value(KEY, "1");
    assert_int_equal(vn_local_set_setting(root, KEY, "0", &err), 0);
    assert_value(KEY, "0");
    assert_int_equal(vn_local_setting(root, "vm.swappiness", &value, &err), -VN_E_ABSENT); /* no such file */
    assert_string_equal(err.got, "vm.swappiness");
    assert_int_equal(vn_local_set_setting(root, "kernel.panic", "1", &err), -VN_E_ABSENT); /* none of ours */
}

static void what_holds_after_a_boot(void **state)
{
    char path[256];

    (void)state;
    assert_value(STORED, "");
    assert_int_equal(vn_local_set_setting(root, STORED, "0", NULL), 0);
    assert_value(STORED, "0");
    assert_file(VN_SYSCTL_FILE, "# Written by vnuma; 'vnuma undo' takes back what it changed.\n" KEY " = 0\n");
    assert_int_equal(vn_local_set_setting(root, STORED, "1", NULL), 0);
    assert_value(STORED, "1");
    assert_int_equal(vn_local_set_setting(root, STORED, "", NULL), 0);
    assert_value(STORED, "");
    path_in(path, sizeof path, VN_SYSCTL_FILE);
    assert_int_equal(access(path, F_OK), -1); /* nothing of vnuma's is left */
    assert_int_equal(vn_local_set_setting(root, STORED, "", NULL), 0); /* and nothing to take away */
}

static void other_lines_stay(void **state)
{
    (void)state;
    write_file(VN_SYSCTL_FILE, "# mine\nvm.swappiness=10\n" KEY "_scan = 7\n-" KEY "=3\n  " KEY " = 2");
    assert_value(STORED, "2"); /* the last one counts */
    assert_int_equal(vn_local_set_setting(root, STORED, "0", NULL), 0);
    assert_file(VN_SYSCTL_FILE, "# mine\nvm.swappiness=10\n" KEY "_scan = 7\n" KEY " = 0\n");
    assert_int_equal(vn_local_set_setting(root, STORED, "", NULL), 0);
    assert_file(VN_SYSCTL_FILE, "# mine\nvm.swappiness=10\n" KEY "_scan = 7\n");
}

static void a_directory_that_is_missing_is_named(void **state)
{
    struct vn_err err = {0};
    char path[256];

    (void)state;
    path_in(path, sizeof path, "etc/sysctl.d");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(vn_local_set_setting(root, STORED, "0", &err), -VN_E_ENV);
    assert_non_null(strstr(err.where, "etc/sysctl.d"));
}

static void make_dir(const char *rel)
{
    char path[256];

    path_in(path, sizeof path, rel);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void drop(const char *rel)
{
    char path[256];

    path_in(path, sizeof path, rel);
    assert_int_equal(remove(path), 0);
}

/* Loaded, a module that can be, built in by the list, built in by the symbols; else missing by name. */
static void what_limits_of_interfaces_need(void **state)
{
    VN_AUTO(vn_buf) value = {0};

    (void)state;
    write_file("proc/sys/kernel/osrelease", "6.1.0-test\n");
    assert_int_equal(vn_local_setting(root, VN_SHAPING_KEY, &value, NULL), -VN_E_ABSENT); /* nothing says anything */
    write_file("proc/kallsyms", "0000 T register_qdisc\n0000 t htb_enqueue\n0000 t not_sfq_enqueue\n"
                                "0000 t u32_classify.cold\n0000 t fw_classify_more\n0000 t ingress_init\n");
    assert_value(VN_SHAPING_KEY, "sch_sfq cls_fw act_police");
    write_file("proc/modules", "cls_fw 16384 0 - Live 0x0\n");
    assert_int_equal(vn_local_setting(root, VN_SHAPING_KEY, &value, NULL), -VN_E_ABSENT); /* which others can be loaded? */
    make_dir("lib");
    make_dir("lib/modules");
    make_dir("lib/modules/6.1.0-test");
    write_file("lib/modules/6.1.0-test/modules.builtin", "kernel/net/sched/sch_sfq.ko\n");
    write_file("lib/modules/6.1.0-test/modules.dep", "kernel/net/sched/my_act_police.ko:\n");
    assert_value(VN_SHAPING_KEY, "act_police");
    write_file("lib/modules/6.1.0-test/modules.dep", "kernel/net/sched/act_police.ko.xz: kernel/a.ko\n");
    assert_value(VN_SHAPING_KEY, "");
    drop("lib/modules/6.1.0-test/modules.dep");
    drop("lib/modules/6.1.0-test/modules.builtin");
    drop("lib/modules/6.1.0-test");
    drop("lib/modules");
    drop("lib");
    drop("proc/modules");
    drop("proc/kallsyms");
    drop("proc/sys/kernel/osrelease");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_holds_now, make_root, remove_root),
        cmocka_unit_test_setup_teardown(what_holds_after_a_boot, make_root, remove_root),
        cmocka_unit_test_setup_teardown(other_lines_stay, make_root, remove_root),
        cmocka_unit_test_setup_teardown(what_limits_of_interfaces_need, make_root, remove_root),
        cmocka_unit_test_setup_teardown(a_directory_that_is_missing_is_named, make_root, remove_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
