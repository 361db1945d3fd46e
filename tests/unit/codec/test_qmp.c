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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_of_vcpus),
        cmocka_unit_test(what_is_no_reply_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
