/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/qmp.h"

static int parse(const char *json, struct vn_arena *arena, struct vn_qmp_cpu **ret, size_t *ret_count)
{
    return vn_qmp_cpus_parse(json, strlen(json), arena, ret, ret_count, NULL);
}

static void threads_of_vcpus(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_qmp_cpu *cpus;
    size_t count;

    (void)state;
    assert_int_equal(parse("{\"return\": [{\"thread-id\": 25627, \"props\": {\"core-id\": 0}, \"cpu-index\": 0},"
                           " {\"thread-id\": 25628, \"cpu-index\": 3}], \"id\": \"libvirt-412\"}",
                           &arena, &cpus, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(cpus[0].tid, 25627);
    assert_int_equal(cpus[1].index, 3);
}

static void what_is_no_reply_is_an_error(void **state)
{
    static const struct {
        const char *json;
        int code;
    } cases[] = {
        {"", VN_E_SYNTAX},
        {"{\"return\": [", VN_E_SYNTAX},
        {"[]", VN_E_FORMAT},
        {"{}", VN_E_FORMAT},
        {"{\"return\": {}}", VN_E_FORMAT},
        {"{\"return\": [1]}", VN_E_FORMAT},
        {"{\"return\": [{\"cpu-index\": 0}]}", VN_E_FORMAT},
        {"{\"return\": [{\"cpu-index\": -1, \"thread-id\": 5}]}", VN_E_FORMAT},
        {"{\"return\": [{\"cpu-index\": 0, \"thread-id\": 99999999999}]}", VN_E_FORMAT},
        {"{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"no\"}}", VN_E_IO},
    };

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++) {
        VN_AUTO(vn_arena) arena = {0};
        struct vn_qmp_cpu *cpus;
        size_t count;

        assert_int_equal(parse(cases[i].json, &arena, &cpus, &count), -cases[i].code);
    }
}

static void threads_of_iothreads(void **state)
{
    static const char reply[] = "{\"return\": [{\"poll-max-ns\": 32768, \"thread-id\": 77, \"id\": \"io0\"}]}";
    static const char *const bad[] = {"{\"return\": {}}", "{\"return\": [{\"id\": \"a\"}]}", "{\"return\": [{\"thread-id\": 1}]}",
                                      "{\"return\": [{\"id\": \"a\", \"thread-id\": 0}]}"};
    VN_AUTO(vn_arena) arena = {0};
    struct vn_qmp_iothread *threads;
    size_t count;

    (void)state;
    assert_int_equal(vn_qmp_iothreads_parse(reply, strlen(reply), &arena, &threads, &count, NULL), 0);
    assert_int_equal(count, 1);
    assert_int_equal(threads[0].tid, 77);
    assert_string_equal(threads[0].id, "io0");
    for (size_t i = 0; i < VN_COUNT(bad); i++)
        assert_int_equal(vn_qmp_iothreads_parse(bad[i], strlen(bad[i]), &arena, &threads, &count, NULL), -VN_E_FORMAT);
}

static void whether_a_guest_runs(void **state)
{
    static const char paused[] = "{\"return\": {\"status\": \"prelaunch\", \"running\": false}}";
    static const char runs[] = "{\"return\": {\"status\": \"running\", \"running\": true}}";
    bool running = true;

    (void)state;
    assert_int_equal(vn_qmp_running_parse(paused, strlen(paused), &running, NULL), 0);
    assert_false(running);
    assert_int_equal(vn_qmp_running_parse(runs, strlen(runs), &running, NULL), 0);
    assert_true(running);
    assert_int_equal(vn_qmp_running_parse("{\"return\": {}}", 14, &running, NULL), -VN_E_FORMAT);
    assert_int_equal(vn_qmp_running_parse("nothing", 7, &running, NULL), -VN_E_SYNTAX);
}

static void kinds_of_lines(void **state)
{
    static const struct {
        const char *line;
        enum vn_qmp_kind kind;
    } cases[] = {{"{\"QMP\": {\"version\": {}}}", VN_QMP_GREETING}, {"{\"event\": \"STOP\"}", VN_QMP_EVENT},
                 {"{\"return\": {}}", VN_QMP_REPLY}, {"{\"error\": {}}", VN_QMP_REPLY}, {"{}", VN_QMP_ODD},
                 {"QEMU 7.2.0 monitor", VN_QMP_ODD}, {"[]", VN_QMP_ODD}};

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++)
        assert_int_equal(vn_qmp_kind_of(cases[i].line, strlen(cases[i].line)), cases[i].kind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_of_vcpus),
        cmocka_unit_test(what_is_no_reply_is_an_error),
        cmocka_unit_test(threads_of_iothreads),
        cmocka_unit_test(whether_a_guest_runs),
        cmocka_unit_test(kinds_of_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
