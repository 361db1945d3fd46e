/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "codec/proctext.h"
#include "codec/textline.h"

/*
 * Which mapping is which cell's RAM. A wrong answer would move the wrong memory, so the evidence
 * must account for every cell, or there is no answer.
 */

/* QEMU rounds a backend up to its page size. */
static bool has_size(const struct vn_vma *vma, uint64_t kib)
{
    uint64_t page = vma->page_kib, size;

    if (vma->end <= vma->start || !kib)
        return false;
    size = (vma->end - vma->start) / 1024;
    return size == kib || (size > kib && size - kib < page && size % page == 0);
}

/* "ram-node1" in a path, not "ram-node10"; libvirt calls its backends so. */
static bool names_cell(const char *file, size_t cell)
{
    static const char word[] = "ram-node";

    for (const char *at = strstr(file, word); at; at = strstr(at, word)) {
        uint64_t number;
        at += sizeof word - 1;
        if (vn_line_number(&at, 10, &number) == 0 && number == cell)
            return true;
    }
    return false;
}

/* The one mapping that bears the cell's name; -1: none, or several. */
static int by_name(const struct vn_vmas *vmas, size_t cell, uint64_t kib)
{
    int found = -1;

    for (size_t i = 0; i < vmas->count; i++) {
        const struct vn_vma *vma = &vmas->items[i];
        if (!names_cell(vma->file, cell) || (vma->end && !has_size(vma, kib)))
            continue;
        if (found >= 0)
            return -1;
        found = (int)i;
    }
    return found;
}

/* Can it be a guest's RAM without a name? Anonymous memory and memfds; no heap, stack or file. */
static bool may_be_ram(const struct vn_vma *vma)
{
    return !vma->heap && !vma->stack &&
           (!*vma->file || !strncmp(vma->file, "/memfd:", 7) || !strncmp(vma->file, "/anon_hugepage", 14));
}

/* The @nth mapping of that size from the top; -1 when there are not exactly @count of them. */
static int by_size(const struct vn_vmas *vmas, uint64_t kib, size_t nth, size_t count, bool any_file)
{
    size_t seen = 0;
    int found = -1;

    for (size_t i = vmas->count; i-- > 0;) { /* ascending addresses: the last is the highest */
        const struct vn_vma *vma = &vmas->items[i];
        if (vma->heap || vma->stack || !has_size(vma, kib) || !(any_file || may_be_ram(vma)))
            continue;
        if (seen++ == nth)
            found = (int)i;
    }
    return seen == count ? found : -1;
}

static int one_by_size(const struct vn_vmas *vmas, const uint64_t *cell_kib, size_t n_cells, size_t cell)
{
    size_t same = 0, before = 0;

    for (size_t i = 0; i < n_cells; i++) {
        same += cell_kib[i] == cell_kib[cell];
        before += i < cell && cell_kib[i] == cell_kib[cell];
    }
    return by_size(vmas, cell_kib[cell], before, same, n_cells == 1);
}

/* Every cell has a mapping, and no two have the same. */
static bool is_complete(const int *ret, size_t n_cells)
{
    for (size_t i = 0; i < n_cells; i++) {
        if (ret[i] < 0)
            return false;
        for (size_t j = 0; j < i; j++)
            if (ret[i] == ret[j])
                return false;
    }
    return true;
}

void vn_vmas_cells(const struct vn_vmas *vmas, const uint64_t *cell_kib, size_t n_cells, int *ret)
{
    for (size_t i = 0; i < n_cells; i++)
        ret[i] = by_name(vmas, i, cell_kib[i]);
    if (is_complete(ret, n_cells))
        return;
    for (size_t i = 0; i < n_cells; i++)
        ret[i] = one_by_size(vmas, cell_kib, n_cells, i);
    if (is_complete(ret, n_cells))
        return;
    for (size_t i = 0; i < n_cells; i++)
        ret[i] = -1;
}
