/* SPDX-License-Identifier: MIT */
/* Limits as text: taken apart, put together, changed as a person asks. */
#include "codec/vmlimits.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <vnuma/rate.h>
#include <vnuma/units.h>

/* A burst and its length stand 6 and 12 behind their limit. */
static const struct vn_limit_field disk_fields[] = {
    {"total_bytes_sec", "total", VN_LIMIT_BYTES},
    {"read_bytes_sec", "read", VN_LIMIT_BYTES},
    {"write_bytes_sec", "write", VN_LIMIT_BYTES},
    {"total_iops_sec", "total-iops", VN_LIMIT_OPERATIONS},
    {"read_iops_sec", "read-iops", VN_LIMIT_OPERATIONS},
    {"write_iops_sec", "write-iops", VN_LIMIT_OPERATIONS},
    {"total_bytes_sec_max", "total-max", VN_LIMIT_BYTES},
    {"read_bytes_sec_max", "read-max", VN_LIMIT_BYTES},
    {"write_bytes_sec_max", "write-max", VN_LIMIT_BYTES},
    {"total_iops_sec_max", "total-iops-max", VN_LIMIT_OPERATIONS},
    {"read_iops_sec_max", "read-iops-max", VN_LIMIT_OPERATIONS},
    {"write_iops_sec_max", "write-iops-max", VN_LIMIT_OPERATIONS},
    {"total_bytes_sec_max_length", "total-max-length", VN_LIMIT_SECONDS},
    {"read_bytes_sec_max_length", "read-max-length", VN_LIMIT_SECONDS},
    {"write_bytes_sec_max_length", "write-max-length", VN_LIMIT_SECONDS},
    {"total_iops_sec_max_length", "total-iops-max-length", VN_LIMIT_SECONDS},
    {"read_iops_sec_max_length", "read-iops-max-length", VN_LIMIT_SECONDS},
    {"write_iops_sec_max_length", "write-iops-max-length", VN_LIMIT_SECONDS},
    {"size_iops_sec", "iops-size", VN_LIMIT_BYTES},
};
enum { GROUPS = 6, BURST = 6, LENGTH = 12 };

static const struct vn_limit_field net_fields[] = {
    {"inbound.average", "in", VN_LIMIT_KBYTES},   {"inbound.peak", "in-peak", VN_LIMIT_KBYTES},
    {"inbound.burst", "in-burst", VN_LIMIT_KIB},  {"outbound.average", "out", VN_LIMIT_KBYTES},
    {"outbound.peak", "out-peak", VN_LIMIT_KBYTES}, {"outbound.burst", "out-burst", VN_LIMIT_KIB},
};
enum { PEAK = 1, NET_BURST = 2, WAY = 3 };

const struct vn_limit_field *vn_limit_fields(enum vn_limit_kind kind, size_t *ret_count)
{
    *ret_count = kind == VN_LIMIT_DISK ? VN_COUNT(disk_fields) : kind == VN_LIMIT_NET ? VN_COUNT(net_fields) : 0;
    return kind == VN_LIMIT_DISK ? disk_fields : kind == VN_LIMIT_NET ? net_fields : NULL;
}

static int no_value(const char *value, struct vn_err *err)
{
    return VN_FAIL(err, VN_E_FORMAT, .got = value, .cause = "not the value of a limit");
}

/* "NAME=TEXT" up to a comma; the next one, or NULL. */
static int next_pair(struct vn_arena *arena, const char **at, char **ret_name, char **ret_text, struct vn_err *err)
{
    size_t len = strcspn(*at, ",");
    char *pair = vn_arena_strndup(arena, *at, len), *equals = pair ? strchr(pair, '=') : NULL;

    if (!pair)
        return vn_nomem(err);
    *at += len + ((*at)[len] == ',');
    *ret_name = pair;
    *ret_text = equals ? equals + 1 : NULL;
    if (equals)
        *equals = '\0';
    return 0;
}

int vn_limit_split(enum vn_limit_kind kind, const char *value, uint64_t ret[VN_LIMIT_FIELDS], struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    size_t count;
    const struct vn_limit_field *fields = vn_limit_fields(kind, &count);
    uint64_t numbers[VN_LIMIT_FIELDS] = {0};

    for (const char *at = value; *at;) {
        char *name = NULL, *text = NULL;
        size_t i = 0;
        int r = next_pair(&arena, &at, &name, &text, err);

        if (r < 0)
            return r;
        while (i < count && strcmp(fields[i].name, name))
            i++;
        if (i == count || !text || vn_uint_parse(text, UINT64_MAX, &numbers[i], NULL) < 0)
            return no_value(value, err);
    }
    memcpy(ret, numbers, sizeof numbers);
    return 0;
}

void vn_limit_join(enum vn_limit_kind kind, const uint64_t numbers[VN_LIMIT_FIELDS], struct vn_buf *ret)
{
    size_t count;
    const struct vn_limit_field *fields = vn_limit_fields(kind, &count);
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        if (!numbers[i] || (fields[i].unit == VN_LIMIT_SECONDS && numbers[i] == 1)) /* QEMU's own length */
            continue;
        vn_buf_fmt(ret, "%s%s=%" PRIu64, any ? "," : "", fields[i].name, numbers[i]);
        any = true;
    }
}

void vn_limit_quota(uint64_t quota, uint64_t period, struct vn_buf *ret)
{
    if (quota)
        vn_buf_fmt(ret, "%" PRIu64 "/%" PRIu64, quota, period);
    else if (period && period != VN_PERIOD_USEC)
        vn_buf_fmt(ret, "none/%" PRIu64, period);
}

int vn_limit_quota_split(const char *value, uint64_t *ret_quota, uint64_t *ret_period, struct vn_err *err)
{
    int r = 0;

    *ret_quota = 0;
    *ret_period = VN_PERIOD_USEC;
    if (!*value)
        return 0;
    if (!strncmp(value, "none/", 5))
        r = vn_uint_parse(value + 5, 1000000, ret_period, NULL);
    else
        r = vn_quota_parse(value, ret_quota, ret_period, NULL);
    return r < 0 ? no_value(value, err) : 0;
}

static bool is_none(const char *text)
{
    return !strcmp(text, "none") || !strcmp(text, "unlimited");
}

/* One number of a disk's or an interface's limit. */
static int read_number(const struct vn_limit_field *field, const char *text, uint64_t *ret, struct vn_err *err)
{
    uint64_t bytes = 0;
    int r;

    if (is_none(text)) {
        *ret = 0;
        return 0;
    }
    if (field->unit == VN_LIMIT_SECONDS)
        r = vn_seconds_parse(text, ret, err);
    else if (field->unit == VN_LIMIT_OPERATIONS)
        r = vn_iops_parse(text, ret, err);
    else if (field->unit == VN_LIMIT_KIB)
        r = vn_size_parse(text, ret, err);
    else
        r = vn_rate_parse(text, field->unit == VN_LIMIT_BYTES ? ret : &bytes, err);
    if (r == 0 && field->unit == VN_LIMIT_KBYTES)
        *ret = bytes / 1000;
    if (r == 0 && (field->unit == VN_LIMIT_KBYTES || field->unit == VN_LIMIT_KIB) && *ret > UINT32_MAX)
        r = VN_FAIL(err, VN_E_RANGE, .got = text, .cause = "a limit that is too large",
                    .fix = "'none' takes a limit away.");
    if (r == 0 && !*ret)
        r = VN_FAIL(err, VN_E_USAGE, .got = text, .cause = "a limit of nothing",
                    .fix = field->unit == VN_LIMIT_KBYTES ? "1000 bytes a second is the least; 'none' takes it away."
                                                          : "'none' takes a limit away.");
    return r;
}

static int unknown_word(const struct vn_limit_field *fields, size_t count, const char *word, struct vn_err *err)
{
    VN_AUTO(vn_buf) fix = {0};

    vn_buf_str(&fix, "These are known:");
    for (size_t i = 0; i < count; i++)
        vn_buf_fmt(&fix, "%s %s", i ? "," : "", fields[i].word);
    vn_buf_str(&fix, ".");
    return VN_FAIL(err, VN_E_USAGE, .got = word, .cause = "no such limit", .fix = vn_buf_text(&fix));
}

static int edit_fields(enum vn_limit_kind kind, const char *wish, uint64_t numbers[VN_LIMIT_FIELDS],
                       struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    size_t count;
    const struct vn_limit_field *fields = vn_limit_fields(kind, &count);
    int r = 0;

    if (is_none(wish)) {
        memset(numbers, 0, VN_LIMIT_FIELDS * sizeof *numbers);
        return 0;
    }
    if (!*wish)
        return VN_FAIL(err, VN_E_USAGE, .cause = "no limit is named", .fix = "'none' takes all of them away.");
    for (const char *at = wish; r == 0 && *at;) {
        char *word = NULL, *text = NULL;
        size_t i = 0;

        r = next_pair(&arena, &at, &word, &text, err);
        if (r < 0)
            return r;
        while (i < count && strcmp(fields[i].word, word))
            i++;
        if (i == count)
            return unknown_word(fields, count, word, err);
        r = text ? read_number(&fields[i], text, &numbers[i], err)
                 : VN_FAIL(err, VN_E_USAGE, .got = word, .cause = "a limit without a value");
        r = vn_err_ctx(err, r, "%s", word);
    }
    return r;
}

/* QEMU's rules (throttle_is_valid) and libvirt's, said before anything is tried. */
static int check_disk(const uint64_t n[VN_LIMIT_FIELDS], struct vn_err *err)
{
    const struct vn_limit_field *f = disk_fields;

    for (int i = 0; i < GROUPS * 2; i += 3) /* bytes, operations; then their bursts */
        if (n[i] && (n[i + 1] || n[i + 2]))
            return vn_failf(err, VN_E_USAGE, "Take the other away in the same call, as in 'total=none'.",
                            "'%s' is for reads and writes together, and '%s' is set too", f[i].word,
                            n[i + 1] ? f[i + 1].word : f[i + 2].word);
    for (int i = 0; i < GROUPS; i++) {
        if (n[i + BURST] && !n[i])
            return vn_failf(err, VN_E_USAGE, "Set the limit too, or take both away.",
                            "'%s' is a burst above '%s', which is not set", f[i + BURST].word, f[i].word);
        if (n[i + BURST] && n[i + BURST] < n[i])
            return vn_failf(err, VN_E_USAGE, "A burst may be faster, not slower.",
                            "'%s' (%" PRIu64 ") is below '%s' (%" PRIu64 ")", f[i + BURST].word, n[i + BURST],
                            f[i].word, n[i]);
        if (n[i + LENGTH] && !n[i + BURST])
            return vn_failf(err, VN_E_USAGE, "Set the burst too, or take both away.",
                            "'%s' is how long '%s' may last, which is not set", f[i + LENGTH].word, f[i + BURST].word);
    }
    return 0;
}

static int check_net(const uint64_t n[VN_LIMIT_FIELDS], struct vn_err *err)
{
    for (int i = 0; i < 2 * WAY; i += WAY)
        if (!n[i] && (n[i + PEAK] || n[i + NET_BURST]))
            return vn_failf(err, VN_E_USAGE, "Set it too, or take all of them away.",
                            "'%s' goes with '%s', which is not set",
                            net_fields[n[i + PEAK] ? i + PEAK : i + NET_BURST].word, net_fields[i].word);
    return 0;
}

static int edit_list(enum vn_limit_kind kind, const char *now, const char *wish, struct vn_buf *ret,
                     struct vn_err *err)
{
    uint64_t numbers[VN_LIMIT_FIELDS] = {0};
    int r = vn_limit_split(kind, now, numbers, err);

    if (r == 0)
        r = edit_fields(kind, wish, numbers, err);
    if (r == 0)
        r = kind == VN_LIMIT_DISK ? check_disk(numbers, err) : check_net(numbers, err);
    if (r == 0)
        vn_limit_join(kind, numbers, ret);
    return r;
}

static int edit_one(enum vn_limit_kind kind, const char *wish, struct vn_buf *ret, struct vn_err *err)
{
    uint64_t number = 0, period = 0;
    int r;

    if (is_none(wish))
        return 0;
    if (kind == VN_LIMIT_QUOTA) {
        r = vn_quota_parse(wish, &number, &period, err);
        if (r == 0)
            vn_limit_quota(number, period, ret);
        return r;
    }
    r = kind == VN_LIMIT_WEIGHT ? vn_uint_parse(wish, 262144, &number, err) : vn_size_parse(wish, &number, err);
    if (r == 0 && !number)
        r = VN_FAIL(err, VN_E_USAGE, .got = wish, .cause = "a limit of nothing", .fix = "'none' takes a limit away.");
    if (r == 0)
        vn_buf_fmt(ret, "%" PRIu64, number);
    return r;
}

int vn_limit_edit(enum vn_limit_kind kind, const char *now, const char *wish, const char *what, struct vn_buf *ret,
                  struct vn_err *err)
{
    bool list = kind == VN_LIMIT_DISK || kind == VN_LIMIT_NET;
    int r = list ? edit_list(kind, now, wish, ret, err) : edit_one(kind, wish, ret, err);

    if (r == 0 && ret->failed)
        r = vn_nomem(err);
    return vn_err_ctx(err, r, "%s", what);
}

static void add_number(const struct vn_limit_field *field, uint64_t number, struct vn_buf *ret)
{
    char text[40];

    switch (field->unit) {
    case VN_LIMIT_BYTES:
        vn_buf_str(ret, vn_rate_format(number, text, sizeof text));
        break;
    case VN_LIMIT_OPERATIONS:
        vn_buf_fmt(ret, "%" PRIu64, number);
        break;
    case VN_LIMIT_SECONDS:
        vn_buf_fmt(ret, "%" PRIu64 " s", number);
        break;
    case VN_LIMIT_KBYTES:
        if (number * 8 % 1000)
            vn_buf_fmt(ret, "%" PRIu64 " kB/s", number);
        else if (number * 8 % 1000000)
            vn_buf_fmt(ret, "%" PRIu64 " Mbit/s", number * 8 / 1000);
        else
            vn_buf_fmt(ret, "%" PRIu64 " Gbit/s", number * 8 / 1000000);
        break;
    case VN_LIMIT_KIB:
        vn_buf_str(ret, vn_size_format(number, text, sizeof text));
        break;
    }
}

static void add_quota(const char *value, struct vn_buf *ret)
{
    uint64_t quota = 0, period = 0;

    if (vn_limit_quota_split(value, &quota, &period, NULL) < 0 || !quota) {
        vn_buf_str(ret, quota ? value : "none");
        return;
    }
    if (quota * 100 % period)
        vn_buf_fmt(ret, "%" PRIu64 " of %" PRIu64 " us", quota, period);
    else
        vn_buf_fmt(ret, "%" PRIu64 "%%", quota * 100 / period);
    if (quota * 100 % period == 0 && period != VN_PERIOD_USEC)
        vn_buf_fmt(ret, " in %" PRIu64 " us", period);
}

void vn_limit_words(enum vn_limit_kind kind, const char *value, struct vn_buf *ret)
{
    uint64_t numbers[VN_LIMIT_FIELDS] = {0};
    const struct vn_limit_field *fields;
    bool any = false;
    char text[32];
    size_t count;

    if (!*value)
        vn_buf_str(ret, "none");
    else if (kind == VN_LIMIT_QUOTA)
        add_quota(value, ret);
    else if (kind == VN_LIMIT_MEMORY && vn_uint_parse(value, UINT64_MAX, &numbers[0], NULL) == 0)
        vn_buf_str(ret, vn_size_format(numbers[0], text, sizeof text));
    else if (kind == VN_LIMIT_WEIGHT || kind == VN_LIMIT_MEMORY || vn_limit_split(kind, value, numbers, NULL) < 0)
        vn_buf_str(ret, value);
    else {
        fields = vn_limit_fields(kind, &count);
        for (size_t i = 0; i < count; i++) {
            if (!numbers[i])
                continue;
            vn_buf_fmt(ret, "%s%s ", any ? ", " : "", fields[i].word);
            add_number(&fields[i], numbers[i], ret);
            any = true;
        }
    }
}

const struct vn_limit *vn_limit_find(const struct vn_limit *limits, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(limits[i].key, key))
            return &limits[i];
    return NULL;
}
