/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <vnuma/units.h>

#define KIB_MAX (UINT64_C(1) << 53)

static int digits(const char *text, uint64_t max, uint64_t *ret, const char **ret_end)
{
    uint64_t value = 0;
    const char *at = text;

    for (; isdigit((unsigned char)*at); at++) {
        unsigned d = (unsigned)(*at - '0');
        if (value > (max - d) / 10 || d > max)
            return -VN_E_RANGE;
        value = value * 10 + d;
    }
    if (at == text)
        return -VN_E_SYNTAX;
    *ret = value;
    *ret_end = at;
    return 0;
}

int vn_uint_parse(const char *text, uint64_t max, uint64_t *ret, struct vn_err *err)
{
    const char *end;
    uint64_t value;
    int r = digits(text, max, &value, &end);

    if (r == 0 && *end)
        r = -VN_E_SYNTAX;
    if (r == -VN_E_SYNTAX)
        return VN_FAIL(err, VN_E_SYNTAX, .got = text, .cause = "not a whole number");
    if (r < 0) {
        r = vn_failf(err, VN_E_RANGE, NULL, "a number above %" PRIu64, max);
        if (err)
            (void)snprintf(err->got, sizeof err->got, "%s", text);
        return r;
    }
    *ret = value;
    return 0;
}

int vn_size_parse(const char *text, uint64_t *ret_kib, struct vn_err *err)
{
    static const char units[] = "KMGT";
    const char *end, *unit;
    uint64_t value;
    unsigned shift = 0;
    int r = digits(text, KIB_MAX, &value, &end);

    if (r == 0 && *end) {
        unit = memchr(units, toupper((unsigned char)*end), 4);
        if (!unit || (end[1] && strcmp(end + 1, "iB") && strcmp(end + 1, "B") && strcmp(end + 1, "b")))
            r = -VN_E_SYNTAX;
        else
            shift = 10 * (unsigned)(unit - units);
    }
    if (r == -VN_E_SYNTAX)
        return VN_FAIL(err, VN_E_SYNTAX, .got = text, .cause = "not a size",
                       .fix = "Write a whole number with K, M, G or T, as in '32G'.");
    if (r < 0 || value > KIB_MAX >> shift)
        return VN_FAIL(err, VN_E_RANGE, .got = text, .cause = "a size that is too large");
    *ret_kib = value << shift;
    return 0;
}

char *vn_size_format(uint64_t kib, char *out, size_t size)
{
    static const char *const names[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
    double value = (double)kib;
    size_t i = 0;

    while (value >= 1023.5 && i + 1 < VN_COUNT(names)) { /* 1023.5 would be written as 1024 */
        value /= 1024;
        i++;
    }
    if (!kib)
        (void)snprintf(out, size, "0");
    else if (value >= 100 || (uint64_t)(value * 10 + 0.5) % 10 == 0) /* "32 GiB", not "32.0 GiB" */
        (void)snprintf(out, size, "%.0f %s", value, names[i]);
    else
        (void)snprintf(out, size, "%.1f %s", value, names[i]);
    return out;
}
