/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <vnuma/units.h>

#include "codec/capture_priv.h"

/* The sections [host], [node ID], [device NAME] and [settings]. */

const char *const vn_capture_rows[VN_ROWS] = {"distances", "hmat_latency_ns", "hmat_bandwidth_mbps",
                                              "measured_latency_ns", "measured_bandwidth_mbps"};
enum { NODE_KEYS = 4 }; /* of a node's section, before those of its rows */

enum { POOLS_MAX = 64, DEVICES_MAX = 65536, SETTINGS_MAX = 4096 };

static int unknown_key(const struct vn_lines *lines, const char *key, const char *section)
{
    return vn_lines_fail(lines, key, NULL, "an unknown key of the section [%s]", section);
}

/* The next line of a section whose lines are all key=value. */
static int next_key(struct vn_lines *lines, struct vn_line *line)
{
    int r = vn_lines_next(lines, line);

    if (r == 0 && line->kind != VN_LINE_KEY)
        return vn_lines_fail(lines, line->key, NULL, "a block of text where a key and its value are due");
    return r;
}

static int set_text(struct vn_lines *lines, const char *value, char **ret)
{
    *ret = vn_arena_strdup(lines->arena, value);
    return *ret ? 0 : vn_nomem(lines->err);
}

/* One more set at the end of a list of cores or L3 domains. */
static int add_set(struct vn_lines *lines, const char *value, struct vn_cpuset **sets, size_t *count)
{
    struct vn_cpuset *set = *count < VN_CPU_MAX ? vn_arena_grow(lines->arena, sets, count, sizeof *set) : NULL;

    if (!set)
        return *count < VN_CPU_MAX ? vn_nomem(lines->err) : vn_lines_fail(lines, NULL, NULL, "too many CPU sets");
    return vn_lines_cpus(lines, value, set);
}

static int host_key(struct vn_lines *lines, struct vn_host *host, struct vn_seen *seen, const struct vn_line *line)
{
    int r, key;

    if (!strcmp(line->key, "core"))
        return add_set(lines, line->value, &host->cores, &host->n_cores);
    if (!strcmp(line->key, "l3"))
        return add_set(lines, line->value, &host->l3, &host->n_l3);
    key = vn_seen_key(seen, lines, line->key, &r);
    if (r < 0)
        return r;
    switch (key) {
    case 0:
        return set_text(lines, line->value, &host->hostname);
    case 1:
        return set_text(lines, line->value, &host->kernel);
    case 2:
        return set_text(lines, line->value, &host->arch);
    case 3:
        return vn_lines_cpus(lines, line->value, &host->offline);
    case 4:
        return vn_lines_cpus(lines, line->value, &host->isolated);
    case 5:
        return vn_lines_cpus(lines, line->value, &host->reserved);
    case 6:
        return vn_lines_cpus(lines, line->value, &host->shared);
    default:
        return unknown_key(lines, line->key, "host");
    }
}

int vn_capture_read_host(struct vn_lines *lines, struct vn_host *host)
{
    static const char *const keys[] = {"hostname", "kernel", "arch", "offline", "isolated", "reserved", "shared", NULL};
    struct vn_seen seen = {.keys = keys};
    struct vn_line line;
    int r = 0;

    while (r == 0 && !vn_lines_section_ends(lines)) {
        r = next_key(lines, &line);
        if (r == 0)
            r = host_key(lines, host, &seen, &line);
    }
    return r < 0 ? r : vn_seen_all(&seen, lines, 3, "host");
}

/* "pool.2048=1000 12": pages of 2048 KiB, total and free. */
static int add_pool(struct vn_lines *lines, struct vn_node *node, const struct vn_line *line)
{
    struct vn_hugepool pool, *at;
    uint64_t *counts;
    size_t n;
    int r = vn_lines_uint(lines, line->key + strlen("pool."), UINT64_C(1) << 30, &pool.size_kib);

    if (r == 0)
        r = vn_lines_list(lines, line->value, UINT64_C(1) << 53, 2, &counts, &n);
    if (r < 0)
        return r;
    if (n != 2)
        return vn_lines_fail(lines, line->key, "Write total and free pages.", "not two numbers");
    if (vn_node_pool(node, pool.size_kib) || node->n_pools == POOLS_MAX)
        return vn_lines_fail(lines, line->key, NULL, "a page size that is there twice, or too many of them");
    pool.total = counts[0];
    pool.free = counts[1];
    at = vn_arena_grow(lines->arena, &node->pools, &node->n_pools, sizeof *at);
    if (!at)
        return vn_nomem(lines->err);
    *at = pool;
    return 0;
}

static int node_key(struct vn_lines *lines, struct vn_node *node, struct vn_row *row, struct vn_seen *seen,
                    const struct vn_line *line)
{
    const uint64_t kib_max = UINT64_C(1) << 53;
    int r, key;

    if (!strncmp(line->key, "pool.", strlen("pool.")))
        return add_pool(lines, node, line);
    key = vn_seen_key(seen, lines, line->key, &r);
    if (r < 0)
        return r;
    switch (key) {
    case 0:
        return vn_lines_cpus(lines, line->value, &node->cpus);
    case 1:
        return vn_lines_uint(lines, line->value, kib_max, &node->memory_kib);
    case 2:
        return vn_lines_uint(lines, line->value, kib_max, &node->free_kib);
    case 3:
        return vn_lines_uint(lines, line->value, kib_max, &node->cache_kib);
    default:
        break;
    }
    key -= NODE_KEYS;
    if (key < 0)
        return unknown_key(lines, line->key, "node");
    return vn_lines_list(lines, line->value, key == VN_ROW_DISTANCES ? UINT16_MAX : UINT32_MAX, VN_NODE_MAX,
                         &row->figures[key], &row->count[key]);
}

int vn_capture_read_node(struct vn_lines *lines, const char *id, struct vn_host *host)
{
    const char *keys[NODE_KEYS + VN_ROWS + 1] = {"cpus", "memory_kib", "free_kib", "cache_kib"};
    struct vn_seen seen = {.keys = keys};
    struct vn_node *node;
    struct vn_row *row;
    struct vn_line line;
    uint64_t number = 0;
    int r = vn_lines_uint(lines, id, VN_NODE_MAX - 1, &number);

    memcpy(keys + NODE_KEYS, vn_capture_rows, sizeof vn_capture_rows);
    if (r < 0)
        return r;
    if (host->n_nodes && (int)number <= host->nodes[host->n_nodes - 1].id)
        return vn_lines_fail(lines, id, "List the nodes by ascending id, each once.", "a node out of order");
    node = vn_arena_grow(lines->arena, &host->nodes, &host->n_nodes, sizeof *node);
    row = vn_arena_grow(lines->arena, &lines->rows, &lines->n_rows, sizeof *row);
    if (!node || !row)
        return vn_nomem(lines->err);
    node->id = (int)number;
    while (r == 0 && !vn_lines_section_ends(lines)) {
        r = next_key(lines, &line);
        if (r == 0)
            r = node_key(lines, node, row, &seen, &line);
    }
    return r < 0 ? r : vn_seen_all(&seen, lines, 3, "node");
}

/* The rows of all nodes as one table; NULL where no node has one. */
static int join(struct vn_lines *lines, const struct vn_host *host, size_t row, uint32_t **ret)
{
    size_t n = host->n_nodes, given = 0;

    *ret = NULL;
    for (size_t i = 0; i < n; i++)
        given += lines->rows[i].figures[row] != NULL;
    if (!given)
        return 0;
    *ret = vn_arena_array(lines->arena, n * n, sizeof **ret);
    if (!*ret)
        return vn_nomem(lines->err);
    for (size_t i = 0; i < n; i++) {
        if (!lines->rows[i].figures[row] || lines->rows[i].count[row] != n)
            return vn_lines_fail(lines, NULL, "Give each node a figure for every node, in their order.",
                                 "node %d above has %zu %s, and there are %zu nodes", host->nodes[i].id,
                                 lines->rows[i].count[row], vn_capture_rows[row], n);
        for (size_t j = 0; j < n; j++)
            (*ret)[i * n + j] = (uint32_t)lines->rows[i].figures[row][j];
    }
    return 0;
}

int vn_capture_join_rows(struct vn_lines *lines, struct vn_host *host)
{
    size_t n = host->n_nodes;
    uint32_t *distances = NULL;
    int r = join(lines, host, VN_ROW_DISTANCES, &distances);

    if (r == 0)
        r = join(lines, host, VN_ROW_HMAT_LATENCY, &host->hmat.latency_ns);
    if (r == 0)
        r = join(lines, host, VN_ROW_HMAT_BANDWIDTH, &host->hmat.bandwidth_mbps);
    if (r == 0)
        r = join(lines, host, VN_ROW_LATENCY, &host->measured.latency_ns);
    if (r == 0)
        r = join(lines, host, VN_ROW_BANDWIDTH, &host->measured.bandwidth_mbps);
    if (r < 0 || !distances)
        return r;
    host->distances = vn_arena_array(lines->arena, n * n, sizeof *host->distances);
    if (!host->distances)
        return vn_nomem(lines->err);
    for (size_t i = 0; i < n * n; i++)
        host->distances[i] = (uint16_t)distances[i];
    return 0;
}

int vn_capture_read_device(struct vn_lines *lines, char *name, struct vn_host *host)
{
    static const char *const keys[] = {"node", "what", NULL};
    struct vn_seen seen = {.keys = keys};
    struct vn_device *device;
    struct vn_line line;
    int64_t node = -1;
    int r = 0, key;

    if (!name[0] || vn_host_device(host, name) || host->n_devices == DEVICES_MAX)
        return vn_lines_fail(lines, name, NULL, "a device that is there twice or has no name, or too many of them");
    device = vn_arena_grow(lines->arena, &host->devices, &host->n_devices, sizeof *device);
    if (!device)
        return vn_nomem(lines->err);
    device->name = name;
    while (r == 0 && !vn_lines_section_ends(lines)) {
        r = next_key(lines, &line);
        key = r < 0 ? -1 : vn_seen_key(&seen, lines, line.key, &r);
        if (r == 0 && key == 0)
            r = vn_lines_int(lines, line.value, -1, VN_NODE_MAX - 1, &node);
        else if (r == 0 && key == 1)
            r = set_text(lines, line.value, &device->what);
        else if (r == 0)
            r = unknown_key(lines, line.key, "device");
    }
    device->node = (int)node;
    if (r == 0 && node >= 0 && vn_host_node_index(host, (int)node) < 0)
        r = vn_lines_fail(lines, NULL, NULL, "device '%s' on node %d, which the host does not have", name, (int)node);
    return r < 0 ? r : vn_seen_all(&seen, lines, 2, "device");
}

int vn_capture_read_settings(struct vn_lines *lines, struct vn_host *host)
{
    struct vn_line line;
    int r = 0;

    while (r == 0 && !vn_lines_section_ends(lines)) {
        r = next_key(lines, &line);
        if (r < 0)
            break;
        if (!line.key[0] || vn_host_setting(host, line.key) || host->n_settings == SETTINGS_MAX)
            return vn_lines_fail(lines, line.key, NULL, "a setting that is there twice or has no name, or too many");
        if (vn_host_add_setting(lines->arena, host, line.key, line.value) < 0)
            r = vn_nomem(lines->err);
    }
    return r;
}

/* ---- writing ---- */

static void write_row(struct vn_buf *out, size_t row, const uint32_t *figures, size_t n, size_t i)
{
    if (!figures)
        return;
    vn_buf_fmt(out, "%s=", vn_capture_rows[row]);
    for (size_t j = 0; j < n; j++)
        vn_buf_fmt(out, "%s%" PRIu32, j ? " " : "", figures[i * n + j]);
    vn_buf_str(out, "\n");
}

static void write_node(struct vn_buf *out, const struct vn_host *host, size_t i)
{
    const struct vn_node *node = &host->nodes[i];

    vn_buf_fmt(out, "\n[node %d]\n", node->id);
    vn_capture_put_cpus(out, "cpus", &node->cpus);
    vn_buf_fmt(out, "memory_kib=%" PRIu64 "\nfree_kib=%" PRIu64 "\ncache_kib=%" PRIu64 "\n", node->memory_kib,
               node->free_kib, node->cache_kib);
    if (host->distances) {
        vn_buf_str(out, "distances=");
        for (size_t j = 0; j < host->n_nodes; j++)
            vn_buf_fmt(out, "%s%u", j ? " " : "", host->distances[i * host->n_nodes + j]);
        vn_buf_str(out, "\n");
    }
    write_row(out, VN_ROW_HMAT_LATENCY, host->hmat.latency_ns, host->n_nodes, i);
    write_row(out, VN_ROW_HMAT_BANDWIDTH, host->hmat.bandwidth_mbps, host->n_nodes, i);
    write_row(out, VN_ROW_LATENCY, host->measured.latency_ns, host->n_nodes, i);
    write_row(out, VN_ROW_BANDWIDTH, host->measured.bandwidth_mbps, host->n_nodes, i);
    for (size_t p = 0; p < node->n_pools; p++)
        vn_buf_fmt(out, "pool.%" PRIu64 "=%" PRIu64 " %" PRIu64 "\n", node->pools[p].size_kib, node->pools[p].total,
                   node->pools[p].free);
}

static void write_devices(struct vn_buf *out, const struct vn_host *host)
{
    for (size_t i = 0; i < host->n_devices; i++) {
        vn_buf_str(out, "\n[device ");
        vn_capture_escape(out, host->devices[i].name, "");
        vn_buf_fmt(out, "]\nnode=%d\n", host->devices[i].node);
        vn_capture_put(out, "what", host->devices[i].what);
    }
}

void vn_capture_write_host(struct vn_buf *out, const struct vn_host *host)
{
    vn_buf_str(out, "\n[host]\n");
    vn_capture_put(out, "hostname", host->hostname);
    vn_capture_put(out, "kernel", host->kernel);
    vn_capture_put(out, "arch", host->arch);
    vn_capture_put_cpus(out, "offline", &host->offline);
    vn_capture_put_cpus(out, "isolated", &host->isolated);
    vn_capture_put_cpus(out, "reserved", &host->reserved);
    vn_capture_put_cpus(out, "shared", &host->shared);
    for (size_t i = 0; i < host->n_cores; i++)
        vn_capture_put_cpus(out, "core", &host->cores[i]);
    for (size_t i = 0; i < host->n_l3; i++)
        vn_capture_put_cpus(out, "l3", &host->l3[i]);
    for (size_t i = 0; i < host->n_nodes; i++)
        write_node(out, host, i);
    write_devices(out, host);
    if (host->n_settings)
        vn_buf_str(out, "\n[settings]\n");
    for (size_t i = 0; i < host->n_settings; i++)
        vn_capture_put(out, host->settings[i].key, host->settings[i].value);
}
