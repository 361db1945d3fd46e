/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vnuma/buf.h>

static int reserve(struct vn_buf *buf, size_t more)
{
    size_t need, cap;
    char *ptr;

    if (buf->failed || more > SIZE_MAX / 4 - buf->len)
        return buf->failed = 1;
    need = buf->len + more + 1;
    if (need <= buf->cap)
        return 0;
    cap = buf->cap ? buf->cap : 256;
    while (cap < need)
        cap *= 2;
    ptr = realloc(buf->ptr, cap);
    if (!ptr)
        return buf->failed = 1;
    buf->ptr = ptr;
    buf->cap = cap;
    return 0;
}

void vn_buf_add(struct vn_buf *buf, const void *bytes, size_t len)
{
    if (reserve(buf, len))
        return;
    if (len)
        memcpy(buf->ptr + buf->len, bytes, len);
    buf->len += len;
    buf->ptr[buf->len] = '\0';
}

void vn_buf_str(struct vn_buf *buf, const char *text)
{
    vn_buf_add(buf, text, strlen(text));
}

void vn_buf_fmt(struct vn_buf *buf, const char *fmt, ...)
{
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0 || reserve(buf, (size_t)len)) {
        buf->failed = 1;
        return;
    }
    va_start(args, fmt);
    (void)vsnprintf(buf->ptr + buf->len, (size_t)len + 1, fmt, args);
    va_end(args);
    buf->len += (size_t)len;
}

const char *vn_buf_text(const struct vn_buf *buf)
{
    return buf->ptr ? buf->ptr : "";
}

void vn_buf_drop(struct vn_buf *buf)
{
    free(buf->ptr);
    memset(buf, 0, sizeof *buf);
}
