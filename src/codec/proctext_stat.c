/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "codec/proctext.h"
#include "codec/textline.h"

int vn_counters_parse(const char *text, struct vn_counters *ret, struct vn_err *err)
{
    unsigned found = 0;

    for (const char *line = *text ? text : NULL; line; line = vn_line_next(line)) {
        size_t len = strcspn(line, " \n");
        int which = vn_counter_parse(line, len);
        const char *at = line + len + strspn(line + len, " ");

        if (which < 0)
            continue;
        if (vn_line_number(&at, 10, &ret->pages[which]) < 0 || (*at && *at != '\n'))
            return VN_FAIL(err, VN_E_FORMAT, .where = "numastat", .got = line, .cause = "a counter that is no number");
        found |= 1u << which;
    }
    if (found != (1u << VN_COUNTERS) - 1)
        return VN_FAIL(err, VN_E_FORMAT, .where = "numastat", .got = text, .cause = "not all of the six counters");
    return 0;
}

void vn_vmas_by_kind(const struct vn_vmas *vmas, size_t n_nodes, struct vn_stat_node *ret)
{
    for (size_t v = 0; v < vmas->count; v++) {
        const struct vn_vma *vma = &vmas->items[v];

        for (size_t n = 0; n < n_nodes; n++) {
            uint64_t kib = vma->node_pages[n] * vma->page_kib;

            ret[n].total_kib += kib;
            if (vma->huge)
                ret[n].huge_kib += kib;
            else if (vma->heap)
                ret[n].heap_kib += kib;
            else if (vma->stack)
                ret[n].stack_kib += kib;
            else
                ret[n].private_kib += kib;
        }
    }
}

/* ---- maps ---- */

/* What stands behind "address perms offset dev inode": a path, a name in brackets, or nothing. */
static const char *name_of(const char *at, size_t *ret_len)
{
    for (int field = 0; field < 4; field++) {
        at += strspn(at, " ");
        at += strcspn(at, " \n");
    }
    at += strspn(at, " ");
    *ret_len = strcspn(at, "\n");
    return at;
}

static bool is_name(const char *at, size_t len, const char *name)
{
    return strlen(name) == len && !strncmp(at, name, len);
}

/* "7f00-7f10 rw-p 00000000 00:01 42    /memfd:ram-node0 (deleted)"; @at is behind the addresses. */
static int describe(const char *at, struct vn_arena *arena, struct vn_vma *vma)
{
    size_t len;
    const char *name = name_of(at, &len);

    vma->page_kib = 4;
    vma->heap = is_name(name, len, "[heap]");
    vma->stack = len >= 6 && !strncmp(name, "[stack", 6);
    vma->file = vn_arena_strndup(arena, name, len && *name == '/' ? len : 0);
    vma->policy = vn_arena_strdup(arena, "");
    vma->program = vma->file && *vma->file && strncmp(at, " rw", 3) != 0;
    return vma->file && vma->policy ? 0 : -VN_E_NOMEM;
}

int vn_maps_parse(const char *maps, struct vn_arena *arena, struct vn_vmas *ret, struct vn_err *err)
{
    struct vn_vmas vmas = {0};

    for (const char *line = *maps ? maps : NULL; line; line = vn_line_next(line)) {
        const char *at = line;
        struct vn_vma *vma;
        uint64_t start, end;

        if (vn_line_number(&at, 16, &start) < 0 || *at++ != '-' || vn_line_number(&at, 16, &end) < 0 || end <= start ||
            *at != ' ')
            return VN_FAIL(err, VN_E_FORMAT, .where = "/proc/PID/maps", .got = line,
                           .cause = "a line without addresses");
        if (!strncmp(at, " ---", 4))
            continue;
        vma = vn_arena_grow(arena, &vmas.items, &vmas.count, sizeof *vma);
        if (!vma)
            return vn_nomem(err);
        vma->start = start;
        vma->end = end;
        if (describe(at, arena, vma) < 0)
            return vn_nomem(err);
    }
    *ret = vmas;
    return 0;
}

/* ---- a QEMU's arguments ---- */

/* The next argument, or NULL; an unfinished last one counts. */
static const char *next_word(const char *word, const char *end)
{
    const char *nul = memchr(word, '\0', (size_t)(end - word));

    return nul && nul + 1 < end ? nul + 1 : NULL;
}

static bool is_qemu(const char *program, const char *end)
{
    size_t len = strnlen(program, (size_t)(end - program));
    const char *base = memrchr(program, '/', len);

    base = base ? base + 1 : program;
    len -= (size_t)(base - program);
    return memmem(base, len, "qemu", 4) || is_name(base, len, "kvm");
}

char *vn_cmdline_program(const char *cmdline, struct vn_arena *arena)
{
    const char *slash = strrchr(cmdline, '/');

    return vn_arena_strdup(arena, slash ? slash + 1 : cmdline);
}

/* "guest=a,,b,debug-threads=on" or "a,,b,process=x": a comma within the name is written twice. */
static char *take_guest(const char *word, const char *end, struct vn_arena *arena)
{
    size_t len = strnlen(word, (size_t)(end - word)), n = 0;
    char *out;

    if (len > 6 && !strncmp(word, "guest=", 6)) {
        word += 6;
        len -= 6;
    }
    out = vn_arena_alloc(arena, len + 1);
    for (size_t i = 0; out && i < len; i++) {
        if (word[i] == ',' && (i + 1 == len || word[i + 1] != ','))
            break;
        i += word[i] == ',';
        out[n++] = word[i];
    }
    return out;
}

int vn_cmdline_vm(const char *cmdline, size_t len, struct vn_arena *arena, char **ret)
{
    const char *end = cmdline + len;

    if (!len || !is_qemu(cmdline, end))
        return -VN_E_ABSENT;
    for (const char *word = next_word(cmdline, end); word; word = next_word(word, end)) {
        const char *value = next_word(word, end);

        if (!value || (strncmp(word, "-name", 6) && strncmp(word, "--name", 7)))
            continue;
        *ret = take_guest(value, end, arena);
        return *ret ? 0 : -VN_E_NOMEM;
    }
    return -VN_E_ABSENT;
}
