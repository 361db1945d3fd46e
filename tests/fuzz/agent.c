/* SPDX-License-Identifier: MIT */
#include "codec/agent.h"
#include "fuzz.h"

/* The input is what a guest's agent answers; and text that may be base64. */

static void bytes(const char *json, size_t size)
{
    VN_AUTO(vn_buf) got = {0};
    bool eof = false;

    vn_buf_str(&got, "so far");
    if (vn_agent_bytes_parse(json, size, &got, &eof, NULL) < 0)
        MUST(got.len == 6);
    MUST(got.len - 6 <= size && !memcmp(got.ptr, "so far", 6));
}

static void base64(const char *text, size_t size)
{
    VN_AUTO(vn_buf) got = {0};

    if (vn_base64_decode(text, size, &got, NULL) < 0)
        MUST(!got.len);
    else
        MUST(size % 4 == 0 && got.len <= size / 4 * 3 && got.len + 2 >= size / 4 * 3);
}

/* Whatever the path, the command is one line, or it is refused. */
static void command(const char *path)
{
    VN_AUTO(vn_buf) json = {0};

    if (vn_agent_open(path, "r", &json, NULL) == 0)
        MUST(json.len && json.ptr[0] == '{' && !memchr(json.ptr, '\n', json.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    int64_t handle;

    bytes(text, size);
    base64(text, size);
    command(text);
    if (vn_agent_handle_parse(text, size, &handle, NULL) == 0)
        MUST(strstr(text, "return"));
    (void)!vn_agent_done_parse(text, size, "guest-file-close", NULL);
    free(text);
    return 0;
}
