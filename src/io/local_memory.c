/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <vnuma/units.h>

#include "codec/proctext.h"
#include "io/files.h"
#include "io/local.h"

/* A kernel without that line has none of it. */
static uint64_t meminfo_or_0(const char *text, const char *key)
{
    uint64_t kib;

    return vn_meminfo_kib(text, key, &kib, NULL) == 0 ? kib : 0;
}

/* The page cache proper: what tmpfs and shared memory hold cannot be dropped. */
static uint64_t reclaimable(const char *text, const char *files_key)
{
    uint64_t files = meminfo_or_0(text, files_key), shmem = meminfo_or_0(text, "Shmem");

    return (files > shmem ? files - shmem : 0) + meminfo_or_0(text, "SReclaimable");
}

static void fill_node(struct vn_node *node, const char *text, const char *files_key)
{
    uint64_t free_kib;

    /* a captured tree may know the size alone */
    if (vn_meminfo_kib(text, "MemFree", &free_kib, NULL) < 0)
        free_kib = node->memory_kib;
    node->free_kib = free_kib < node->memory_kib ? free_kib : node->memory_kib;
    node->cache_kib = reclaimable(text, files_key);
    if (node->cache_kib > node->memory_kib - node->free_kib)
        node->cache_kib = node->memory_kib - node->free_kib;
}

static int read_node(const char *root, struct vn_host *host, struct vn_node *node, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    int r = vn_file_readf(root, &text, err, "sys/devices/system/node/node%d/meminfo", node->id);

    if (r == 0) {
        fill_node(node, text.ptr, "FilePages");
        return 0;
    }
    if (r != -VN_E_ABSENT)
        return r;
    if (host->n_nodes > 1) { /* nothing says what is free on this one */
        node->free_kib = node->memory_kib;
        return 0;
    }
    r = vn_file_read(root, "proc/meminfo", VN_FILE_MAX, &text, err);
    if (r < 0 && r != -VN_E_ABSENT)
        return r;
    fill_node(node, r == 0 ? text.ptr : "", "Cached");
    return 0;
}

/* A page count; a file that is absent or odd counts nothing. */
static uint64_t read_pages(const char *root, const char *dir, unsigned size_kib, const char *name)
{
    VN_AUTO(vn_buf) text = {0};
    uint64_t pages;

    if (vn_file_readf(root, &text, NULL, "%s/hugepages-%ukB/%s", dir, size_kib, name) < 0 ||
        vn_uint_parse(vn_text_trim(text.ptr), UINT64_MAX / 2, &pages, NULL) < 0)
        return 0;
    return pages;
}

static int read_pools(const char *root, const char *dir, struct vn_arena *arena, struct vn_node *node,
                      struct vn_err *err)
{
    unsigned *sizes = NULL;
    size_t count = 0;
    int r = vn_dir_numbers(root, dir, "hugepages-", "kB", arena, &sizes, &count, err);

    if (r < 0)
        return r == -VN_E_ABSENT ? 0 : r;
    node->pools = vn_arena_array(arena, count, sizeof *node->pools);
    if (!node->pools)
        return vn_nomem(err);
    for (size_t i = 0; i < count; i++) {
        struct vn_hugepool *pool = &node->pools[node->n_pools];

        if (!sizes[i])
            continue;
        pool->size_kib = sizes[i];
        pool->total = read_pages(root, dir, sizes[i], "nr_hugepages");
        pool->free = read_pages(root, dir, sizes[i], "free_hugepages");
        if (pool->free > pool->total) /* read at two times */
            pool->free = pool->total;
        node->n_pools++;
    }
    return 0;
}

int vn_local_memory(const char *root, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err)
{
    for (size_t i = 0; i < ret->n_nodes; i++) {
        struct vn_node *node = &ret->nodes[i];
        char dir[96];
        int r = read_node(root, ret, node, err);

        if (r < 0)
            return vn_err_ctx(err, r, "cannot read the free memory of node %d", node->id);
        (void)snprintf(dir, sizeof dir, "sys/devices/system/node/node%d/hugepages", node->id);
        r = read_pools(root, dir, arena, node, err);
        if (r == 0 && !node->n_pools && ret->n_nodes == 1)
            r = read_pools(root, "sys/kernel/mm/hugepages", arena, node, err);
        if (r < 0)
            return vn_err_ctx(err, r, "cannot read the huge pages of node %d", node->id);
    }
    return 0;
}
