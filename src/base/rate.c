/* SPDX-License-Identifier: MIT */
#include <vnuma/rate.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <vnuma/units.h>

#define RATE_MAX UINT64_C(1000000000000000)

struct unit {
    const char *name;
    uint64_t times, by; /* number * times / by */
};

/* A number and one of @units (ended by a NULL name); the case of letters does not matter. */
static int scaled(const char *text, const struct unit *units, uint64_t *ret)
{
    uint64_t value = 0;
    const char *at = text;

    for (; isdigit((unsigned char)*at); at++) {
        if (value > RATE_MAX * 8) /* a bit is an eighth of a byte */
            return -VN_E_RANGE;
        value = value * 10 + (uint64_t)(*at - '0');
    }
    if (at == text)
        return -VN_E_SYNTAX;
    for (; units->name; units++)
        if (!strcasecmp(at, units->name)) {
            if (value / units->by > RATE_MAX / units->times)
                return -VN_E_RANGE;
            *ret = value * units->times / units->by;
            return *ret > RATE_MAX ? -VN_E_RANGE : 0;
        }
    return -VN_E_SYNTAX;
}

/* "/s" says nothing new. */
static const char *without_second(const char *text, char *out, size_t size)
{
    size_t len = strlen(text);

    (void)snprintf(out, size, "%s", text);
    if (len < size && len > 2 && !strcasecmp(out + len - 2, "/s"))
        out[len - 2] = '\0';
    return out;
}

static int complain(int r, const char *text, const char *cause, const char *fix, struct vn_err *err)
{
    if (r == -VN_E_SYNTAX)
        return VN_FAIL(err, VN_E_SYNTAX, .got = text, .cause = cause, .fix = fix);
    return r < 0 ? VN_FAIL(err, VN_E_RANGE, .got = text, .cause = "a limit that is too large",
                           .fix = "'none' takes a limit away.")
                 : 0;
}

int vn_rate_parse(const char *text, uint64_t *ret_bytes, struct vn_err *err)
{
    static const struct unit units[] = {
        {"", 1, 1}, {"b", 1, 1}, {"k", 1u << 10, 1}, {"kib", 1u << 10, 1}, {"m", 1u << 20, 1}, {"mib", 1u << 20, 1},
        {"g", 1u << 30, 1}, {"gib", 1u << 30, 1}, {"kb", 1000, 1}, {"mb", 1000000, 1}, {"gb", 1000000000, 1},
        {"bit", 1, 8}, {"kbit", 1000, 8}, {"mbit", 1000000, 8}, {"gbit", 1000000000, 8}, {NULL, 0, 1}};
    char plain[64];

    return complain(scaled(without_second(text, plain, sizeof plain), units, ret_bytes), text, "not a rate",
                    "Write it as in '200M/s' (bytes, of 1024), '200MB/s' (of 1000) or '1Gbit'.", err);
}

int vn_iops_parse(const char *text, uint64_t *ret, struct vn_err *err)
{
    static const struct unit units[] = {{"", 1, 1}, {"iops", 1, 1}, {"k", 1000, 1}, {"kiops", 1000, 1},
                                        {"m", 1000000, 1}, {NULL, 0, 1}};
    char plain[64];

    return complain(scaled(without_second(text, plain, sizeof plain), units, ret), text,
                    "not a number of operations a second", "Write it as in '5000' or '5000iops'.", err);
}

int vn_seconds_parse(const char *text, uint64_t *ret, struct vn_err *err)
{
    static const struct unit units[] = {{"", 1, 1}, {"s", 1, 1}, {NULL, 0, 1}};
    int r = scaled(text, units, ret);

    if (r == 0 && *ret > 1000000)
        r = -VN_E_RANGE;
    return complain(r, text, "not a number of seconds", "Write it as in '10s'.", err);
}

static int percent(const char *text, uint64_t *ret)
{
    static const struct unit units[] = {{"%", VN_PERIOD_USEC / 100, 1}, {NULL, 0, 1}};

    return scaled(text, units, ret);
}

static int in_usec(const char *text, uint64_t *ret_quota, uint64_t *ret_period)
{
    static const struct unit units[] = {{"", 1, 1}, {"us", 1, 1}, {NULL, 0, 1}};
    const char *slash = strchr(text, '/');
    char quota[32];

    if (!slash || (size_t)(slash - text) >= sizeof quota)
        return -VN_E_SYNTAX;
    (void)snprintf(quota, sizeof quota, "%.*s", (int)(slash - text), text);
    if (scaled(quota, units, ret_quota) < 0)
        return scaled(quota, units, ret_quota);
    return scaled(slash + 1, units, ret_period);
}

int vn_quota_parse(const char *text, uint64_t *ret_quota, uint64_t *ret_period, struct vn_err *err)
{
    uint64_t quota = 0, period = VN_PERIOD_USEC;
    int r = strchr(text, '%') ? percent(text, &quota) : in_usec(text, &quota, &period);

    r = complain(r, text, "not a share of CPU time",
                 "Write it as in '250%' (of one CPU), or as QUOTA/PERIOD in microseconds, '250000/100000'.", err);
    if (r < 0)
        return r;
    if (quota < 1000 || quota >= UINT64_C(17592186044415) || period < 1000 || period > 1000000)
        return VN_FAIL(err, VN_E_RANGE, .got = text, .cause = "a share of CPU time that the kernel does not take",
                       .fix = "At least 1000 microseconds (1%) in a period of 1000 to 1000000.");
    *ret_quota = quota;
    *ret_period = period;
    return 0;
}

char *vn_rate_format(uint64_t bytes, char *out, size_t size)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {{"GiB", 1u << 30}, {"GB", 1000000000}, {"MiB", 1u << 20}, {"MB", 1000000}, {"KiB", 1u << 10},
                 {"kB", 1000}, {"B", 1}};

    for (size_t i = 0; i < VN_COUNT(units); i++)
        if (bytes >= units[i].bytes && bytes % units[i].bytes == 0) {
            (void)snprintf(out, size, "%" PRIu64 " %s/s", bytes / units[i].bytes, units[i].name);
            return out;
        }
    (void)snprintf(out, size, "0");
    return out;
}
