/* SPDX-License-Identifier: MIT */
/* What is said to a guest's agent, and what it answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/agent.h"

static void commands(void **state)
{
    VN_AUTO(vn_buf) json = {0};

    (void)state;
    assert_int_equal(vn_agent_open("/proc/a \"b\"\n", "r", &json, NULL), 0);
    assert_string_equal(json.ptr, "{\"execute\":\"guest-file-open\",\"arguments\":{\"path\":\"/proc/a \\\"b\\\"\\n\","
                                  "\"mode\":\"r\"}}");
    assert_int_equal(vn_agent_read(1000, 49152, &json, NULL), 0);
    assert_string_equal(json.ptr, "{\"execute\":\"guest-file-read\",\"arguments\":{\"handle\":1000,\"count\":49152}}");
    assert_int_equal(vn_agent_close(INT64_MAX, &json, NULL), 0);
    assert_string_equal(json.ptr, "{\"execute\":\"guest-file-close\",\"arguments\":{\"handle\":9223372036854775807}}");
    assert_int_equal(vn_agent_open("\xff", "r", &json, NULL), -VN_E_USAGE);
}

static int parse_bytes(const char *json, struct vn_buf *ret, bool *eof, struct vn_err *err)
{
    return vn_agent_bytes_parse(json, strlen(json), ret, eof, err);
}

static void bytes_are_appended(void **state)
{
    VN_AUTO(vn_buf) got = {0};
    bool eof = true;

    (void)state;
    assert_int_equal(parse_bytes("{\"return\":{\"count\":3,\"buf-b64\":\"AGEK\",\"eof\":false}}", &got, &eof, NULL), 0);
    assert_false(eof);
    assert_int_equal(parse_bytes("{\"return\":{\"count\":2,\"buf-b64\":\"YmM=\",\"eof\":true}}", &got, &eof, NULL), 0);
    assert_true(eof);
    assert_int_equal(got.len, 5);
    assert_memory_equal(got.ptr, "\0a\nbc", 5);
    assert_int_equal(parse_bytes("{\"return\":{\"count\":0,\"buf-b64\":\"\",\"eof\":true}}", &got, &eof, NULL), 0);
    assert_int_equal(got.len, 5);
}

static void replies_that_are_none(void **state)
{
    static const struct {
        const char *json;
        int want;
    } bad[] = {
        {"", -VN_E_SYNTAX},
        {"{\"return\":", -VN_E_SYNTAX},
        {"[]", -VN_E_FORMAT},
        {"{}", -VN_E_FORMAT},
        {"{\"return\":{}}", -VN_E_FORMAT},
        {"{\"return\":{\"count\":2,\"buf-b64\":\"YmM=\"}}", -VN_E_FORMAT},
        {"{\"return\":{\"count\":2,\"buf-b64\":7,\"eof\":true}}", -VN_E_FORMAT},
        {"{\"return\":{\"count\":3,\"buf-b64\":\"YmM=\",\"eof\":true}}", -VN_E_FORMAT}, /* says more than it sends */
        {"{\"return\":{\"count\":-1,\"buf-b64\":\"\",\"eof\":true}}", -VN_E_FORMAT},
        {"{\"return\":{\"count\":2,\"buf-b64\":\"Ym\\u0000=\",\"eof\":true}}", -VN_E_SYNTAX},
        {"{\"error\":{\"class\":\"GenericError\",\"desc\":\"no\"}}", -VN_E_IO},
        {"{\"return\":{\"count\":0,\"buf-b64\":\"\",\"eof\":true},\"error\":{\"desc\":\"no\"}}", -VN_E_IO},
    };
    VN_AUTO(vn_buf) got = {0};
    bool eof = false;

    (void)state;
    vn_buf_str(&got, "kept");
    for (size_t i = 0; i < VN_COUNT(bad); i++) {
        struct vn_err err = {0};

        if (parse_bytes(bad[i].json, &got, &eof, &err) != bad[i].want)
            fail_msg("%s: %s", bad[i].json, err.cause);
        assert_true(err.cause[0] && !eof);
        assert_int_equal(got.len, 4);
    }
}

static void handles_and_ends(void **state)
{
    static const char error[] = "{\"error\":{\"class\":\"GenericError\",\"desc\":\"failed to open file '/x'\"}}";
    struct vn_err err = {0};
    int64_t handle = 0;

    (void)state;
    assert_int_equal(vn_agent_handle_parse("{\"return\":1000}", 15, &handle, NULL), 0);
    assert_int_equal(handle, 1000);
    assert_int_equal(vn_agent_handle_parse("{\"return\":\"1000\"}", 17, &handle, NULL), -VN_E_FORMAT);
    assert_int_equal(vn_agent_handle_parse("{\"return\":1.5}", 14, &handle, NULL), -VN_E_FORMAT);
    assert_int_equal(vn_agent_handle_parse(error, strlen(error), &handle, &err), -VN_E_IO);
    assert_string_equal(err.got, "failed to open file '/x'");
    assert_int_equal(vn_agent_done_parse("{\"return\":{}}", 13, "guest-file-close", NULL), 0);
    assert_int_equal(vn_agent_done_parse(error, strlen(error), "guest-file-close", &err), -VN_E_IO);
    assert_string_equal(err.where, "guest-file-close");
}

static void base64(void **state)
{
    /* the first four are of RFC 4648, section 10 */
    static const struct {
        const char *text, *bytes; /* bytes NULL: none */
    } cases[] = {{"", ""},         {"Zg==", "f"},   {"Zm8=", "fo"},   {"Zm9vYmE=", "fooba"},
                 {"//79+A==", "\xff\xfe\xfd\xf8"},
                 {"Zg=", NULL},    {"Zg", NULL},    {"Z===", NULL},   {"====", NULL},        {"Zg==Zg==", NULL},
                 {"Zm9=", NULL},   {"Zh==", NULL},  {"Zm9v\n", NULL}, {"Zm9-", NULL},        {"Zm 9", NULL}};

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++) {
        VN_AUTO(vn_buf) got = {0};
        int r = vn_base64_decode(cases[i].text, strlen(cases[i].text), &got, NULL);

        if (r != (cases[i].bytes ? 0 : -VN_E_FORMAT))
            fail_msg("'%s' gives %d", cases[i].text, r);
        assert_int_equal(got.len, cases[i].bytes ? strlen(cases[i].bytes) : 0);
        if (got.len)
            assert_memory_equal(got.ptr, cases[i].bytes, got.len);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands),
        cmocka_unit_test(bytes_are_appended),
        cmocka_unit_test(replies_that_are_none),
        cmocka_unit_test(handles_and_ends),
        cmocka_unit_test(base64),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
