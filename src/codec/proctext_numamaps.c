/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "codec/proctext.h"
#include "codec/textline.h"

struct reader {
    const int *node_ids;
    size_t n_nodes;
    struct vn_arena *arena;
    struct vn_err *err;
};

static bool starts(const char *word, const char *prefix)
{
    return !strncmp(word, prefix, strlen(prefix));
}

static bool is_word(const char *word, size_t len, const char *text)
{
    return strlen(text) == len && !strncmp(word, text, len);
}

/* The words that follow the policy; a policy may itself hold a blank: "prefer (many):0-1". */
static bool is_detail(const char *word, size_t len)
{
    static const char *const keys[] = {"file=",      "anon=",   "dirty=",     "mapped=",          "mapmax=",
                                       "swapcache=", "active=", "writeback=", "kernelpagesize_kB="};

    for (size_t i = 0; i < VN_COUNT(keys); i++)
        if (starts(word, keys[i]))
            return true;
    if (is_word(word, len, "heap") || is_word(word, len, "stack") || is_word(word, len, "huge"))
        return true;
    return word[0] == 'N' && isdigit((unsigned char)word[1]);
}

/* A path as the kernel writes it: blanks, tabs, line breaks and '=' are \ooo. */
static char *unescape(struct vn_arena *arena, const char *text, size_t len)
{
    char *out = vn_arena_alloc(arena, len + 1), *to = out;

    for (size_t i = 0; out && i < len; i++) {
        const char *at = text + i;
        if (*at == '\\' && i + 3 < len && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' && at[2] <= '7' &&
            at[3] >= '0' && at[3] <= '7') {
            *to++ = (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0'));
            i += 3;
        } else {
            *to++ = *at;
        }
    }
    return out;
}

static int read_word(const struct reader *in, const char *word, size_t len, struct vn_vma *vma)
{
    const char *at = word;
    size_t index;
    uint64_t value;
    int r;

    if (starts(word, "file=")) {
        vma->file = unescape(in->arena, word + 5, len - 5);
        return vma->file ? 0 : vn_nomem(in->err);
    }
    vma->heap = vma->heap || is_word(word, len, "heap");
    vma->stack = vma->stack || is_word(word, len, "stack");
    vma->huge = vma->huge || is_word(word, len, "huge");
    if (starts(word, "kernelpagesize_kB=")) {
        at += 18;
        if (vn_line_number(&at, 10, &value) < 0 || !value)
            return VN_FAIL(in->err, VN_E_FORMAT, .where = "numa_maps", .got = word, .cause = "not a page size");
        vma->page_kib = value;
        return 0;
    }
    r = vn_line_node(&at, in->node_ids, in->n_nodes, &index, &value, in->err);
    if (r > 0)
        vma->node_pages[index] = value;
    return r < 0 ? r : 0;
}

static int read_details(const struct reader *in, const char *at, struct vn_vma *vma)
{
    const char *policy = at, *policy_end = NULL;
    int r = 0;

    while (*at && *at != '\n' && r == 0) {
        size_t len = strcspn(at, " \n");

        if (!policy_end && at != policy && is_detail(at, len))
            policy_end = at;
        if (policy_end)
            r = read_word(in, at, len, vma);
        at += len;
        at += strspn(at, " ");
    }
    if (r < 0)
        return r;
    if (!policy_end)
        policy_end = at;
    while (policy_end > policy && policy_end[-1] == ' ')
        policy_end--;
    vma->policy = vn_arena_strndup(in->arena, policy, (size_t)(policy_end - policy));
    return vma->policy ? 0 : vn_nomem(in->err);
}

/* "7f0000000000 bind:0 anon=512 N0=512 kernelpagesize_kB=4" */
static int read_line(const struct reader *in, const char *line, struct vn_vma *ret)
{
    struct vn_vma vma = {.page_kib = 4};
    const char *at = line;
    int r;

    if (vn_line_number(&at, 16, &vma.start) < 0 || *at != ' ')
        return VN_FAIL(in->err, VN_E_FORMAT, .where = "numa_maps", .got = line, .cause = "a line without an address");
    vma.node_pages = vn_arena_array(in->arena, in->n_nodes, sizeof *vma.node_pages);
    if (!vma.node_pages)
        return vn_nomem(in->err);
    r = read_details(in, at + 1, &vma);
    if (r < 0)
        return r;
    if (!vma.file)
        vma.file = vn_arena_strdup(in->arena, "");
    if (!vma.file)
        return vn_nomem(in->err);
    *ret = vma;
    return 0;
}

/* "7f00-7f10 r-xp ...": the second letter after the addresses. */
static bool may_write(const char *at)
{
    return *at == ' ' && at[1] && at[1] != '\n' && at[2] == 'w';
}

/* Both files go by ascending address, so one walk through them finds what both have. */
static void join_maps(const char *maps, struct vn_vmas *vmas)
{
    size_t i = 0;

    for (const char *line = maps; line && i < vmas->count; line = vn_line_next(line)) {
        const char *at = line;
        uint64_t start, end;

        if (vn_line_number(&at, 16, &start) < 0 || *at++ != '-' || vn_line_number(&at, 16, &end) < 0 || end <= start)
            continue;
        while (i < vmas->count && vmas->items[i].start < start)
            i++;
        if (i == vmas->count || vmas->items[i].start != start)
            continue;
        vmas->items[i].end = end;
        vmas->items[i].program = *vmas->items[i].file && !may_write(at);
    }
}

uint64_t vn_vma_kib(const struct vn_vma *vma, size_t node)
{
    return vma->program ? 0 : vma->node_pages[node] * vma->page_kib;
}

int vn_numamaps_parse(const char *numa_maps, const char *maps, const int *node_ids, size_t n_nodes,
                      struct vn_arena *arena, struct vn_vmas *ret, struct vn_err *err)
{
    const struct reader in = {node_ids, n_nodes, arena, err};
    struct vn_vmas vmas = {0};

    for (const char *line = *numa_maps ? numa_maps : NULL; line; line = vn_line_next(line)) {
        struct vn_vma *vma = vn_arena_grow(arena, &vmas.items, &vmas.count, sizeof *vma);
        int r = vma ? read_line(&in, line, vma) : vn_nomem(err);
        if (r < 0)
            return r;
    }
    if (maps)
        join_maps(maps, &vmas);
    *ret = vmas;
    return 0;
}
