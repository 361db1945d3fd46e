/* SPDX-License-Identifier: MIT */
/* None of the libraries that vnuma is linked with decodes base64. */
#include "codec/agent.h"

#include <string.h>

static int value_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Four characters, @n of them digits -> n - 1 bytes; -1: no digits, or bits that the padding leaves over. */
static int decode_four(const char *text, size_t n, unsigned char ret[3])
{
    uint32_t bits = 0;

    for (size_t i = 0; i < 4; i++) {
        int value = i < n ? value_of(text[i]) : 0;

        if (value < 0)
            return -1;
        bits = bits << 6 | (uint32_t)value;
    }
    ret[0] = (unsigned char)(bits >> 16);
    ret[1] = (unsigned char)(bits >> 8);
    ret[2] = (unsigned char)bits;
    return (n < 4 && ret[2]) || (n < 3 && ret[1]) ? -1 : 0;
}

static size_t padding_of(const char *text, size_t len)
{
    return len < 4 || text[len - 1] != '=' ? 0 : text[len - 2] == '=' ? 2 : 1;
}

int vn_base64_decode(const char *text, size_t len, struct vn_buf *ret, struct vn_err *err)
{
    size_t before = ret->len, pad = padding_of(text, len);
    bool good = len % 4 == 0;

    for (size_t i = 0; good && i < len; i += 4) {
        size_t digits = i + 4 == len ? 4 - pad : 4;
        unsigned char bytes[3];

        good = decode_four(text + i, digits, bytes) == 0;
        if (good)
            vn_buf_add(ret, bytes, digits - 1);
    }
    if (good && !ret->failed)
        return 0;
    ret->len = before;
    return good ? vn_nomem(err) : VN_FAIL(err, VN_E_FORMAT, .cause = "bytes that are no base64");
}
