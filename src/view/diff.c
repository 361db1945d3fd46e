/* SPDX-License-Identifier: MIT */
#include "view/diff.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <vnuma/arena.h>

#define CONTEXT 3u
/* Above this many single edits the quadratic memory of the search costs more than it tells. */
#define EDITS_MAX 1500u

struct line {
    const char *text;
    size_t len;
};
struct side {
    struct line *lines;
    size_t count;
    bool *changed; /* deleted (before) or inserted (after) */
};

static int split(struct vn_arena *arena, const char *text, struct side *ret)
{
    size_t count = 0;

    for (const char *at = text; *at; at++)
        count += *at == '\n' || !at[1];
    ret->count = count;
    ret->lines = vn_arena_array(arena, count, sizeof *ret->lines);
    ret->changed = vn_arena_array(arena, count, sizeof *ret->changed);
    if (!ret->lines || !ret->changed)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < count; i++) {
        ret->lines[i].text = text;
        ret->lines[i].len = strcspn(text, "\n");
        text += ret->lines[i].len + 1;
    }
    return 0;
}

static bool same(const struct side *a, size_t i, const struct side *b, size_t j)
{
    return a->lines[i].len == b->lines[j].len && !memcmp(a->lines[i].text, b->lines[j].text, a->lines[i].len);
}

/* The part where two texts differ, and the furthest-reaching rows of Myers' search over it. */
struct search {
    const struct side *a, *b;
    size_t from, n, m; /* lines [from, from + n) of a against [from, from + m) of b */
    int32_t **rows;    /* rows[d][k + d]: how far diagonal k gets with d edits */
};

static int32_t reach(const struct search *s, const int32_t *prev, int32_t d, int32_t k)
{
    int32_t x, y;

    if (d == 0)
        x = 0;
    else if (k == -d || (k != d && prev[k - 1 + d - 1] < prev[k + 1 + d - 1]))
        x = prev[k + 1 + d - 1];
    else
        x = prev[k - 1 + d - 1] + 1;
    y = x - k;
    while (x >= 0 && y >= 0 && (size_t)x < s->n && (size_t)y < s->m &&
           same(s->a, s->from + (size_t)x, s->b, s->from + (size_t)y)) {
        x++;
        y++;
    }
    return x;
}

/* Least number of edits, or -1 when above the limit, -2 out of memory. */
static int32_t shortest(struct search *s, struct vn_arena *arena)
{
    for (int32_t d = 0; (size_t)d <= s->n + s->m; d++) {
        if (d > (int32_t)EDITS_MAX)
            return -1;
        s->rows[d] = vn_arena_array(arena, (size_t)(2 * d + 1), sizeof **s->rows);
        if (!s->rows[d])
            return -2;
        for (int32_t k = -d; k <= d; k += 2) {
            int32_t x = reach(s, d ? s->rows[d - 1] : NULL, d, k);

            s->rows[d][k + d] = x;
            if (x >= (int32_t)s->n && x - k >= (int32_t)s->m)
                return d;
        }
    }
    return -1;
}

/* Walk back from the end: each edit is one line deleted or inserted. */
static void mark(const struct search *s, int32_t d)
{
    int32_t k = (int32_t)s->n - (int32_t)s->m;

    for (; d > 0; d--) {
        const int32_t *prev = s->rows[d - 1];
        bool down = k == -d || (k != d && prev[k - 1 + d - 1] < prev[k + 1 + d - 1]);
        int32_t before = down ? k + 1 : k - 1, x = prev[before + d - 1];

        if (down)
            s->b->changed[s->from + (size_t)(x - before)] = true;
        else
            s->a->changed[s->from + (size_t)x] = true;
        k = before;
    }
}

static int compare(struct vn_arena *arena, struct side *a, struct side *b)
{
    struct search s = {.a = a, .b = b};
    size_t end = 0;
    int32_t d;

    while (s.from < a->count && s.from < b->count && same(a, s.from, b, s.from))
        s.from++;
    while (end < a->count - s.from && end < b->count - s.from &&
           same(a, a->count - 1 - end, b, b->count - 1 - end))
        end++;
    s.n = a->count - s.from - end;
    s.m = b->count - s.from - end;
    s.rows = vn_arena_array(arena, EDITS_MAX + 1, sizeof *s.rows);
    if (!s.rows)
        return -VN_E_NOMEM;
    d = s.n < INT32_MAX / 4 && s.m < INT32_MAX / 4 ? shortest(&s, arena) : -1;
    if (d == -2)
        return -VN_E_NOMEM;
    if (d >= 0) {
        mark(&s, d);
        return 0;
    }
    memset(a->changed + s.from, 1, s.n * sizeof *a->changed);
    memset(b->changed + s.from, 1, s.m * sizeof *b->changed);
    return 0;
}

static void put(struct vn_buf *ret, char sign, const struct line *line)
{
    vn_buf_fmt(ret, "%c%.*s\n", sign, (int)line->len, line->text);
}

/* One hunk: from the first change up to where more than twice the context is unchanged. */
struct hunk {
    size_t a, b, a_end, b_end;
};

static struct hunk hunk_at(const struct side *a, const struct side *b, size_t i, size_t j)
{
    struct hunk h = {i, j, i, j};
    size_t quiet = 0;

    while ((i < a->count || j < b->count) && quiet <= 2 * CONTEXT) {
        if (i < a->count && a->changed[i]) {
            i++;
            quiet = 0;
        } else if (j < b->count && b->changed[j]) {
            j++;
            quiet = 0;
        } else {
            i++;
            j++;
            quiet++;
            continue;
        }
        h.a_end = i;
        h.b_end = j;
    }
    return h;
}

static void put_hunk(struct vn_buf *ret, const struct side *a, const struct side *b, const struct hunk *h)
{
    size_t lead = h->a < CONTEXT ? h->a : CONTEXT;
    size_t i, j, trail;

    if (lead > h->b)
        lead = h->b;
    trail = a->count - h->a_end < CONTEXT ? a->count - h->a_end : CONTEXT;
    i = h->a - lead;
    j = h->b - lead;
    vn_buf_fmt(ret, "@@ -%zu,%zu +%zu,%zu @@\n", h->a_end + trail == i ? i : i + 1, h->a_end + trail - i,
               h->b_end + trail == j ? j : j + 1, h->b_end + trail - j);
    while (i < h->a_end + trail || j < h->b_end + trail) {
        if (i < h->a_end && a->changed[i]) {
            put(ret, '-', &a->lines[i++]);
        } else if (j < h->b_end && b->changed[j]) {
            put(ret, '+', &b->lines[j++]);
        } else {
            put(ret, ' ', &a->lines[i++]);
            j++;
        }
    }
}

static void put_hunks(struct vn_buf *ret, const struct side *a, const struct side *b)
{
    size_t i = 0, j = 0;

    while (i < a->count || j < b->count) {
        struct hunk h;

        if (!(i < a->count && a->changed[i]) && !(j < b->count && b->changed[j])) {
            i++;
            j++;
            continue;
        }
        h = hunk_at(a, b, i, j);
        put_hunk(ret, a, b, &h);
        i = h.a_end;
        j = h.b_end;
    }
}

int vn_diff(const char *before, const char *after, const char *name, struct vn_buf *ret, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    struct side a = {0}, b = {0};

    if (!strcmp(before, after))
        return 0;
    if (split(&arena, before, &a) < 0 || split(&arena, after, &b) < 0 || compare(&arena, &a, &b) < 0)
        return vn_nomem(err);
    if (name)
        vn_buf_fmt(ret, "--- %s\n+++ %s\n", name, name);
    put_hunks(ret, &a, &b);
    return ret->failed ? vn_nomem(err) : 0;
}
