/* SPDX-License-Identifier: MIT */
#include "io/proc_memory.h"

#include <stdio.h>

#include "io/cgroup.h"
#include "io/files.h"

enum { MAPS_MAX = 64 << 20 };

static int read_text(int pid, const char *name, struct vn_buf *ret, struct vn_err *err)
{
    char rel[64];

    (void)snprintf(rel, sizeof rel, "proc/%d/%s", pid, name);
    return vn_file_read("", rel, MAPS_MAX, ret, err);
}

int vn_proc_vmas(const struct vn_guest *guest, struct vn_arena *arena, struct vn_vmas *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) numa_maps = {0};
    VN_AUTO(vn_buf) maps = {0};
    int r = read_text(guest->pid, "numa_maps", &numa_maps, err);

    if (r == 0)
        r = read_text(guest->pid, "maps", &maps, err);
    if (r < 0)
        return r;
    if (!numa_maps.len) /* a zombie's are empty */
        return vn_failf(err, VN_E_ABSENT, NULL, "process %d has no memory: it is ending", guest->pid);
    return vn_numamaps_parse(numa_maps.ptr, maps.ptr, guest->node_ids, guest->n_nodes, arena, ret, err);
}

static uint64_t *sum_nodes(const struct vn_guest *guest, const struct vn_vmas *vmas, struct vn_arena *arena)
{
    uint64_t *kib = vn_arena_array(arena, guest->n_nodes, sizeof *kib);

    for (size_t v = 0; kib && v < vmas->count; v++)
        for (size_t n = 0; n < guest->n_nodes; n++)
            kib[n] += vn_vma_kib(&vmas->items[v], n);
    return kib;
}

static int sum_cells(const struct vn_guest *guest, const struct vn_vmas *vmas, struct vn_arena *arena, uint64_t **ret,
                     struct vn_err *err)
{
    int *which = vn_arena_array(arena, guest->n_cells, sizeof *which);
    uint64_t *kib = vn_arena_array(arena, guest->n_cells * guest->n_nodes, sizeof *kib);

    *ret = NULL;
    if (!which || !kib)
        return vn_nomem(err);
    vn_vmas_cells(vmas, guest->cell_kib, guest->n_cells, which);
    for (size_t c = 0; c < guest->n_cells; c++) {
        if (which[c] < 0)
            return 0;
        for (size_t n = 0; n < guest->n_nodes; n++)
            kib[c * guest->n_nodes + n] = vn_vma_kib(&vmas->items[which[c]], n);
    }
    *ret = kib;
    return 0;
}

int vn_proc_memory(const struct vn_guest *guest, struct vn_arena *arena, uint64_t **ret_node_kib,
                   uint64_t **ret_cell_kib, struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    uint64_t *cells = NULL;
    struct vn_vmas vmas;
    int r = vn_proc_vmas(guest, &scratch, &vmas, err);

    if (r == 0 && guest->n_cells)
        r = sum_cells(guest, &vmas, arena, &cells, err);
    if (r < 0)
        return r;
    *ret_node_kib = sum_nodes(guest, &vmas, arena);
    if (!*ret_node_kib)
        return vn_nomem(err);
    *ret_cell_kib = cells;
    return 0;
}

int vn_proc_memory_stat(const struct vn_guest *guest, struct vn_arena *arena, uint64_t **ret_node_kib,
                        struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    struct vn_cgroup_mounts mounts;
    uint64_t *kib = vn_arena_array(arena, guest->n_nodes, sizeof *kib);
    int r = kib ? vn_cgroup_find(&mounts, err) : vn_nomem(err);

    if (r == 0)
        r = vn_file_readf("", &text, err, "proc/%d/cgroup", guest->pid);
    if (r == 0)
        r = vn_cgroup_numa_stat(&mounts, text.ptr, guest->node_ids, guest->n_nodes, kib, err);
    if (r == 0)
        *ret_node_kib = kib;
    return r;
}
