/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <vnuma/units.h>

#include "io/files.h"
#include "io/local.h"

/*
 * The firmware's latencies and bandwidths (ACPI HMAT) as far as Linux shows them: for each node with memory the
 * nodes from which it is reached best, and the figures they have in common. access1 is of CPUs alone, access0 also
 * of devices that access memory themselves.
 * Source: the kernel's Documentation/admin-guide/mm/numaperf.rst
 */

/* 0 where the file is not there: not known. */
static int read_figure(const char *root, int node, unsigned access, const char *name, uint32_t *ret,
                       struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    uint64_t value = 0;
    int r = vn_file_readf(root, &text, err, "sys/devices/system/node/node%d/access%u/initiators/%s", node, access,
                          name);

    *ret = 0;
    if (r == -VN_E_ABSENT)
        return 0;
    if (r == 0)
        r = vn_uint_parse(vn_text_trim(text.ptr), UINT32_MAX, &value, err);
    *ret = (uint32_t)value;
    return r < 0 ? vn_err_ctx(err, r, "cannot read '%s' of node %d", name, node) : 0;
}

static int add_figure(const struct vn_host *host, struct vn_arena *arena, size_t to, const unsigned *from,
                      size_t n_from, uint32_t figure, uint32_t **ret)
{
    size_t n = host->n_nodes;

    if (!*ret && figure)
        *ret = vn_arena_array(arena, n * n, sizeof **ret);
    if (!figure)
        return 0;
    if (!*ret)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < n_from; i++) {
        int row = vn_host_node_index(host, (int)from[i]);

        if (row >= 0)
            (*ret)[(size_t)row * n + to] = figure;
    }
    return 0;
}

/* Returns how many nodes reach @to best in that class, or -VN_E_*. */
static int read_class(const char *root, struct vn_arena *arena, struct vn_host *host, size_t to, unsigned access,
                      struct vn_err *err)
{
    int node = host->nodes[to].id, r;
    unsigned *from = NULL;
    uint32_t latency, bandwidth;
    size_t n_from = 0;
    char rel[96];

    (void)snprintf(rel, sizeof rel, "sys/devices/system/node/node%d/access%u/initiators", node, access);
    r = vn_dir_numbers(root, rel, "node", "", arena, &from, &n_from, err);
    if (r == -VN_E_ABSENT)
        return 0;
    if (r == 0)
        r = read_figure(root, node, access, "read_latency", &latency, err);
    if (r == 0)
        r = read_figure(root, node, access, "read_bandwidth", &bandwidth, err);
    if (r < 0)
        return r;
    if (add_figure(host, arena, to, from, n_from, latency, &host->hmat.latency_ns) < 0 ||
        add_figure(host, arena, to, from, n_from, bandwidth, &host->hmat.bandwidth_mbps) < 0)
        return vn_nomem(err);
    return (int)n_from;
}

int vn_local_hmat(const char *root, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err)
{
    for (size_t to = 0; to < ret->n_nodes; to++) {
        int r = read_class(root, arena, ret, to, 1, err);

        if (r == 0)
            r = read_class(root, arena, ret, to, 0, err);
        if (r < 0)
            return r;
    }
    return 0;
}
