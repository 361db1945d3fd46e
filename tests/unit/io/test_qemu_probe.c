/* SPDX-License-Identifier: MIT */
/* An emulator that is a script: it answers, says nothing, or is not there. */
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

#include "io/qemu_probe.h"

static char dir[] = "/tmp/vnuma-probe-XXXXXX", path[64];

static void write_emulator(const char *script)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fprintf(file, "#!/bin/sh\n%s\n", script) > 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0700), 0);
}

static void it_is_asked_and_ended(void **state)
{
    VN_AUTO(vn_buf) text = {0};

    (void)state;
    write_emulator("echo \"arguments $*\"\n"
                   "while read -r line; do echo \"got $line\"; case $line in *quit*) exit;; esac; done");
    assert_int_equal(vn_qemu_ask_models(path, "tcg", &text, NULL), 0);
    assert_non_null(strstr(vn_buf_text(&text), "arguments -S -no-user-config -nodefaults"));
    assert_non_null(strstr(vn_buf_text(&text), "-machine none,accel=tcg"));
    assert_non_null(strstr(vn_buf_text(&text), "got {\"execute\": \"query-cpu-definitions\"}"));
}

static void silence_is_an_error(void **state)
{
    VN_AUTO(vn_buf) text = {0};
    struct vn_err err = {0};

    (void)state;
    write_emulator("exit 1");
    assert_int_equal(vn_qemu_ask_models(path, "kvm", &text, &err), -VN_E_IO);
    assert_non_null(strstr(err.context, path));
}

static void what_is_not_there_cannot_be_asked(void **state)
{
    VN_AUTO(vn_buf) text = {0};
    struct vn_err err = {0};

    (void)state;
    assert_int_equal(vn_qemu_ask_models("/nonexistent/qemu", "tcg", &text, &err), -VN_E_ENV);
    assert_non_null(strstr(err.cause, "/nonexistent/qemu"));
}

static int begin(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    (void)snprintf(path, sizeof path, "%s/qemu", dir);
    return 0;
}

static int end(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_asked_and_ended),
        cmocka_unit_test(silence_is_an_error),
        cmocka_unit_test(what_is_not_there_cannot_be_asked),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
