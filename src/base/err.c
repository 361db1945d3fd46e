/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <vnuma/err.h>

static void put(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text ? text : "");
}

int vn_err_set(struct vn_err *err, int code, struct vn_err_parts parts)
{
    if (!err)
        return -code;
    memset(err, 0, sizeof *err);
    err->code = code;
    put(err->where, sizeof err->where, parts.where);
    put(err->got, sizeof err->got, parts.got);
    put(err->cause, sizeof err->cause, parts.cause);
    put(err->fix, sizeof err->fix, parts.fix);
    return -code;
}

int vn_failf(struct vn_err *err, int code, const char *fix, const char *fmt, ...)
{
    char cause[sizeof err->cause];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(cause, sizeof cause, fmt, args);
    va_end(args);
    return vn_err_set(err, code, (struct vn_err_parts){.cause = cause, .fix = fix});
}

int vn_err_ctx(struct vn_err *err, int r, const char *fmt, ...)
{
    char inner[sizeof err->context], outer[sizeof err->context];
    va_list args;

    if (!err)
        return r;
    va_start(args, fmt);
    (void)vsnprintf(outer, sizeof outer, fmt, args);
    va_end(args);
    put(inner, sizeof inner, err->context);
    put(err->context, sizeof err->context, outer);
    if (inner[0] && strlen(outer) + 2 < sizeof err->context) {
        size_t at = strlen(err->context);
        (void)snprintf(err->context + at, sizeof err->context - at, ": %s", inner);
    }
    return r;
}

int vn_nomem(struct vn_err *err)
{
    return VN_FAIL(err, VN_E_NOMEM, .cause = "out of memory");
}

char *vn_err_text(const struct vn_err *err, char *out, unsigned long size)
{
    size_t at = 0;
#define ADD(...)                                                                                   \
    do {                                                                                           \
        if (at < size)                                                                             \
            at += (size_t)snprintf(out + at, size - at, __VA_ARGS__);                              \
    } while (0)
    if (size)
        out[0] = '\0';
    if (err->context[0])
        ADD("%s: ", err->context);
    ADD("%s", err->cause[0] ? err->cause : vn_code_name(err->code));
    if (err->where[0])
        ADD(" in %s", err->where);
    if (err->got[0])
        ADD(", got '%s'", err->got);
    if (err->fix[0])
        ADD(". %s", err->fix);
#undef ADD
    return out;
}

const char *vn_code_name(int code)
{
    static const char *const names[] = {
        [VN_OK] = "ok",           [VN_E_NOMEM] = "out of memory", [VN_E_SYNTAX] = "syntax",
        [VN_E_RANGE] = "range",   [VN_E_FORMAT] = "format",       [VN_E_USAGE] = "usage",
        [VN_E_ENV] = "environment", [VN_E_ABSENT] = "absent",     [VN_E_REFUSED] = "refused",
        [VN_E_STALE] = "stale",   [VN_E_BUSY] = "busy",           [VN_E_IO] = "input/output",
        [VN_E_UNDONE] = "undone", [VN_E_PARTIAL] = "partly undone",
    };
    return code >= 0 && (size_t)code < VN_COUNT(names) && names[code] ? names[code] : "unknown";
}
