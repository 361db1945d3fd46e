/* SPDX-License-Identifier: MIT */
#include <vnuma/rate.h>

#include "codec/vmlimits.h"
#include "fuzz.h"

/* A wish as a person types it, for each kind of limit: refused with a reason, or a value that holds together. */

static void wish(enum vn_limit_kind kind, const char *now, const char *text)
{
    VN_AUTO(vn_buf) value = {0};
    VN_AUTO(vn_buf) again = {0};
    VN_AUTO(vn_buf) none = {0};
    VN_AUTO(vn_buf) words = {0};
    uint64_t numbers[VN_LIMIT_FIELDS], quota, period;
    struct vn_err err = {0};

    if (vn_limit_edit(kind, now, text, "--x", &value, &err) < 0) {
        MUST(err.code && err.cause[0]);
        return;
    }
    MUST(vn_limit_edit(kind, vn_buf_text(&value), text, "--x", &again, NULL) == 0);
    MUST(!strcmp(vn_buf_text(&value), vn_buf_text(&again))); /* asked twice is asked once */
    MUST(vn_limit_edit(kind, vn_buf_text(&value), "none", "--x", &none, NULL) == 0 && !none.len);
    vn_limit_words(kind, vn_buf_text(&value), &words);
    MUST(words.len);
    again.len = 0;
    if (kind == VN_LIMIT_DISK || kind == VN_LIMIT_NET) {
        MUST(vn_limit_split(kind, vn_buf_text(&value), numbers, NULL) == 0);
        vn_limit_join(kind, numbers, &again);
        MUST(again.len == value.len && (!value.len || !strcmp(again.ptr, value.ptr)));
    }
    if (kind == VN_LIMIT_QUOTA)
        MUST(vn_limit_quota_split(vn_buf_text(&value), &quota, &period, NULL) == 0 && period >= 1000);
}

static void rates(const char *text)
{
    uint64_t n = 0, again = 0;
    char out[40];

    if (vn_rate_parse(text, &n, NULL) < 0)
        return;
    MUST(n <= UINT64_C(1000000000000000));
    MUST(vn_rate_format(n, out, sizeof out)[0]);
    (void)snprintf(out, sizeof out, "%llu", (unsigned long long)n);
    MUST(vn_rate_parse(out, &again, NULL) == 0 && again == n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size), *bar = strchr(text, '|'); /* what is there before it */

    rates(text);
    if (bar)
        *bar = '\0';
    for (int kind = VN_LIMIT_WEIGHT; kind <= VN_LIMIT_NET; kind++)
        wish((enum vn_limit_kind)kind, bar ? text : "", bar ? bar + 1 : text);
    free(text);
    return 0;
}
