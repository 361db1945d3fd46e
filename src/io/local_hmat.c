/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <vnuma/units.h>

#include "codec/acpi.h"
#include "io/files.h"
#include "io/local.h"

/*
 * The firmware's latencies and bandwidths (ACPI HMAT). Linux shows of them, for each node with memory, the nodes from
 * which it is reached best, and the figures they have in common. access1 is of CPUs alone, access0 also of devices that
 * access memory themselves. The whole table only root can read; as it speaks of domains and not of nodes, it is taken
 * only where it agrees with what Linux shows.
 * Source: the kernel's Documentation/admin-guide/mm/numaperf.rst
 */

#define TABLES "sys/firmware/acpi/tables/"

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

static int read_nearest(const char *root, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err)
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

static int read_table(const char *root, const struct vn_host *host, struct vn_arena *arena, struct vn_access *ret,
                      struct vn_err *err)
{
    VN_AUTO(vn_buf) hmat = {0};
    VN_AUTO(vn_buf) domains = {0};
    struct vn_srat srat;
    int r = vn_file_read(root, TABLES "HMAT", VN_FILE_MAX, &hmat, err);

    if (r == 0)
        r = vn_file_read(root, TABLES "SRAT", VN_FILE_MAX, &domains, err);
    if (r == 0)
        r = vn_srat_parse(domains.ptr, domains.len, arena, &srat, err);
    if (r == 0)
        r = vn_srat_check(&srat, host, err);
    return r < 0 ? r : vn_hmat_parse(hmat.ptr, hmat.len, &srat, host, arena, ret, err);
}

/* Where both say something they say the same; what the table leaves out is filled in. */
static int merge(const struct vn_host *host, const char *what, const uint32_t *near, uint32_t *table,
                 struct vn_err *err)
{
    size_t n = host->n_nodes;

    for (size_t i = 0; near && i < n * n; i++) {
        if (near[i] && table[i] && near[i] != table[i])
            return vn_failf(err, VN_E_FORMAT, NULL,
                            "it has a %s of %u from node %d to memory of node %d, and Linux shows %u", what, table[i],
                            host->nodes[i / n].id, host->nodes[i % n].id, near[i]);
        if (!table[i])
            table[i] = near[i];
    }
    return 0;
}

static int merge_both(const struct vn_host *host, struct vn_access *table, struct vn_err *err)
{
    int r = table->latency_ns ? merge(host, "latency", host->hmat.latency_ns, table->latency_ns, err) : 0;

    if (r == 0 && table->bandwidth_mbps)
        r = merge(host, "bandwidth", host->hmat.bandwidth_mbps, table->bandwidth_mbps, err);
    if (!table->latency_ns)
        table->latency_ns = host->hmat.latency_ns;
    if (!table->bandwidth_mbps)
        table->bandwidth_mbps = host->hmat.bandwidth_mbps;
    return r;
}

/* Why there is no more than what Linux shows; NULL: out of memory. */
static const char *reason(struct vn_arena *arena, const struct vn_err *err)
{
    char text[512];

    if (err->code == VN_E_ABSENT)
        return VN_HMAT_NO_TABLE;
    if (err->code == VN_E_ENV)
        return VN_HMAT_NO_PERMISSION;
    return vn_arena_printf(arena, VN_HMAT_UNUSABLE "%s", vn_err_text(err, text, sizeof text));
}

int vn_local_hmat(const char *root, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err)
{
    const char *from = VN_HMAT_WHOLE;
    struct vn_access table = {0};
    struct vn_err why = {0};
    int r = read_nearest(root, arena, ret, err);

    if (r < 0 || ret->n_nodes < 2)
        return r;
    r = read_table(root, ret, arena, &table, &why);
    if (r == 0)
        r = merge_both(ret, &table, &why);
    if (r == 0)
        ret->hmat = table;
    else
        from = r == -VN_E_NOMEM ? NULL : reason(arena, &why);
    return !from || vn_host_add_setting(arena, ret, "hmat", from) < 0 ? vn_nomem(err) : 0;
}
