/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <vnuma/arena.h>
#include <vnuma/set.h>

/* One implementation over words; the two public types are thin wrappers of it. */

/* Words come in lines of eight, and most lines of most sets are empty: those are passed over at once. */
enum { LINE = 8 };
_Static_assert(VN_CPU_MAX % (LINE * 64) == 0 && VN_NODE_MAX % (LINE * 64) == 0, "sets are whole lines");

static bool line_empty(const uint64_t *w)
{
    uint64_t all = 0;

    for (size_t i = 0; i < LINE; i++)
        all |= w[i];
    return !all;
}

static int next_member(const uint64_t *w, size_t n, unsigned from)
{
    size_t i = from / 64;
    uint64_t word;

    if (i >= n)
        return -1;
    word = w[i] & (~UINT64_C(0) << (from % 64));
    while (!word) {
        i++;
        while (i % LINE == 0 && i < n && line_empty(w + i))
            i += LINE;
        if (i == n)
            return -1;
        word = w[i];
    }
    return (int)(i * 64 + (size_t)__builtin_ctzll(word));
}

static int last_member(const uint64_t *w, size_t n)
{
    while (n--)
        if (w[n])
            return (int)(n * 64 + 63 - (size_t)__builtin_clzll(w[n]));
    return -1;
}

static int only_member(const uint64_t *w, size_t n)
{
    int first = next_member(w, n, 0);
    size_t i = first < 0 ? n : (size_t)first / 64;
    uint64_t more = first < 0 ? 1 : w[i] & (w[i] - 1);

    while (++i < n) /* no way out before the end: the whole rest is taken many words at a time */
        more |= w[i];
    return more ? -1 : first;
}

static unsigned count(const uint64_t *w, size_t n)
{
    unsigned sum = 0;

    for (size_t line = 0; line < n; line += LINE) {
        if (line_empty(w + line))
            continue;
        for (size_t i = line; i < line + LINE; i++)
            sum += w[i] ? (unsigned)__builtin_popcountll(w[i]) : 0;
    }
    return sum;
}

static bool intersects(const uint64_t *a, const uint64_t *b, size_t n)
{
    for (size_t line = 0; line < n; line += LINE) {
        uint64_t both = 0;

        for (size_t i = line; i < line + LINE; i++)
            both |= a[i] & b[i];
        if (both)
            return true;
    }
    return false;
}

static int compare(const uint64_t *a, const uint64_t *b, size_t n)
{
    /* the set with the lowest member that the other lacks comes first */
    for (size_t i = 0; i < n; i++) {
        uint64_t differ = a[i] ^ b[i];
        if (differ)
            return a[i] & (differ & -differ) ? -1 : 1;
    }
    return 0;
}

static int parse_number(const char **at, unsigned limit, unsigned *ret, const char *text, struct vn_err *err)
{
    unsigned value = 0;

    if (!isdigit((unsigned char)**at))
        return VN_FAIL(err, VN_E_SYNTAX, .got = text, .cause = "not a list of numbers",
                       .fix = "Write it as in '0-3,8'.");
    while (isdigit((unsigned char)**at)) {
        value = value * 10 + (unsigned)(**at - '0');
        if (value >= limit)
            return VN_FAIL(err, VN_E_RANGE, .got = text, .cause = "a number that is too large in a list");
        ++*at;
    }
    *ret = value;
    return 0;
}

static int parse(const char *text, uint64_t *w, size_t n, struct vn_err *err)
{
    const char *at = text;
    unsigned limit = (unsigned)n * 64;

    memset(w, 0, n * sizeof *w);
    while (*at && *at != '\n') {
        unsigned lo, hi;
        int out = *at == '^', r;

        at += out;
        r = parse_number(&at, limit, &lo, text, err);
        if (r < 0)
            return r;
        hi = lo;
        if (*at == '-') {
            at++;
            r = parse_number(&at, limit, &hi, text, err);
            if (r < 0)
                return r;
        }
        if (hi < lo)
            return VN_FAIL(err, VN_E_SYNTAX, .got = text, .cause = "a backward range in a list",
                           .fix = "Write the lower number first, as in '1-3'.");
        for (unsigned m = lo; m <= hi; m++) {
            if (out)
                w[m / 64] &= ~(UINT64_C(1) << m % 64);
            else
                w[m / 64] |= UINT64_C(1) << m % 64;
        }
        if (*at == ',') {
            at++;
            if (*at && *at != '\n')
                continue;
        } else if (!*at || *at == '\n') {
            continue;
        }
        return VN_FAIL(err, VN_E_SYNTAX, .got = text, .cause = "not a list of numbers",
                       .fix = "Write it as in '0-3,8'.");
    }
    if (*at == '\n' && at[1])
        return VN_FAIL(err, VN_E_SYNTAX, .got = text, .cause = "more than one line in a list");
    return 0;
}

static char *format(const uint64_t *w, size_t n, char *out, size_t size)
{
    size_t at = 0;
    int lo = next_member(w, n, 0);

    if (size)
        out[0] = '\0';
    while (lo >= 0) {
        int hi = lo, len;
        char item[32];

        while (next_member(w, n, (unsigned)hi + 1) == hi + 1)
            hi++;
        if (hi == lo)
            len = snprintf(item, sizeof item, "%s%d", at ? "," : "", lo);
        else
            len = snprintf(item, sizeof item, "%s%d-%d", at ? "," : "", lo, hi);
        if (at + (size_t)len + 4 > size && next_member(w, n, (unsigned)hi + 1) >= 0) {
            (void)snprintf(out + at, size - at, "...");
            break;
        }
        (void)snprintf(out + at, size - at, "%s", item);
        at += (size_t)len;
        if (at >= size)
            break;
        lo = next_member(w, n, (unsigned)hi + 1);
    }
    return out;
}

#define SET_DEFINE(X)                                                                              \
    void X##_add(struct X *set, unsigned m)                                                        \
    {                                                                                              \
        if (m < sizeof set->w * 8)                                                                 \
            set->w[m / 64] |= UINT64_C(1) << m % 64;                                               \
    }                                                                                              \
    void X##_del(struct X *set, unsigned m)                                                        \
    {                                                                                              \
        if (m < sizeof set->w * 8)                                                                 \
            set->w[m / 64] &= ~(UINT64_C(1) << m % 64);                                            \
    }                                                                                              \
    bool X##_has(const struct X *set, unsigned m)                                                  \
    {                                                                                              \
        return m < sizeof set->w * 8 && (set->w[m / 64] >> m % 64 & 1);                            \
    }                                                                                              \
    void X##_add_range(struct X *set, unsigned lo, unsigned hi)                                    \
    {                                                                                              \
        for (unsigned m = lo; m <= hi && m < sizeof set->w * 8; m++)                               \
            set->w[m / 64] |= UINT64_C(1) << m % 64;                                               \
    }                                                                                              \
    void X##_or(struct X *a, const struct X *b)                                                    \
    {                                                                                              \
        for (size_t i = 0; i < VN_COUNT(a->w); i++)                                                \
            a->w[i] |= b->w[i];                                                                    \
    }                                                                                              \
    void X##_and(struct X *a, const struct X *b)                                                   \
    {                                                                                              \
        for (size_t i = 0; i < VN_COUNT(a->w); i++)                                                \
            a->w[i] &= b->w[i];                                                                    \
    }                                                                                              \
    void X##_sub(struct X *a, const struct X *b)                                                   \
    {                                                                                              \
        for (size_t i = 0; i < VN_COUNT(a->w); i++)                                                \
            a->w[i] &= ~b->w[i];                                                                   \
    }                                                                                              \
    unsigned X##_count(const struct X *set)                                                        \
    {                                                                                              \
        return count(set->w, VN_COUNT(set->w));                                                    \
    }                                                                                              \
    bool X##_empty(const struct X *set)                                                            \
    {                                                                                              \
        return X##_next(set, 0) < 0;                                                               \
    }                                                                                              \
    bool X##_equal(const struct X *a, const struct X *b)                                           \
    {                                                                                              \
        return !memcmp(a->w, b->w, sizeof a->w);                                                   \
    }                                                                                              \
    bool X##_intersects(const struct X *a, const struct X *b)                                      \
    {                                                                                              \
        return intersects(a->w, b->w, VN_COUNT(a->w));                                             \
    }                                                                                              \
    bool X##_subset(const struct X *a, const struct X *b)                                          \
    {                                                                                              \
        for (size_t i = 0; i < VN_COUNT(a->w); i++)                                                \
            if (a->w[i] & ~b->w[i])                                                                \
                return false;                                                                      \
        return true;                                                                               \
    }                                                                                              \
    int X##_next(const struct X *set, unsigned from)                                               \
    {                                                                                              \
        return next_member(set->w, VN_COUNT(set->w), from);                                        \
    }                                                                                              \
    int X##_last(const struct X *set)                                                              \
    {                                                                                              \
        return last_member(set->w, VN_COUNT(set->w));                                              \
    }                                                                                              \
    int X##_only(const struct X *set)                                                              \
    {                                                                                              \
        return only_member(set->w, VN_COUNT(set->w));                                              \
    }                                                                                              \
    int X##_cmp(const struct X *a, const struct X *b)                                              \
    {                                                                                              \
        return compare(a->w, b->w, VN_COUNT(a->w));                                                \
    }

SET_DEFINE(vn_cpuset)
SET_DEFINE(vn_nodeset)

int vn_cpuset_parse(const char *text, struct vn_cpuset *ret_set, struct vn_err *err)
{
    struct vn_cpuset set;
    int r = parse(text, set.w, VN_COUNT(set.w), err);

    if (r == 0)
        *ret_set = set;
    return r;
}

int vn_nodeset_parse(const char *text, struct vn_nodeset *ret_set, struct vn_err *err)
{
    struct vn_nodeset set;
    int r = parse(text, set.w, VN_COUNT(set.w), err);

    if (r == 0)
        *ret_set = set;
    return r;
}

char *vn_cpuset_format(const struct vn_cpuset *set, char *out, size_t size)
{
    return format(set->w, VN_COUNT(set->w), out, size);
}

char *vn_nodeset_format(const struct vn_nodeset *set, char *out, size_t size)
{
    return format(set->w, VN_COUNT(set->w), out, size);
}

char *vn_cpuset_text(struct vn_arena *arena, const struct vn_cpuset *set)
{
    char text[VN_SET_TEXT];

    return vn_arena_strdup(arena, vn_cpuset_format(set, text, sizeof text));
}

char *vn_nodeset_text(struct vn_arena *arena, const struct vn_nodeset *set)
{
    char text[VN_SET_TEXT];

    return vn_arena_strdup(arena, vn_nodeset_format(set, text, sizeof text));
}
