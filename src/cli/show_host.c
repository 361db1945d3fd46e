/* SPDX-License-Identifier: MIT */
#include "cli/show_host.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <vnuma/buf.h>
#include <vnuma/units.h>

/* A table of nodes wider than that is no longer read. */
#define MATRIX_SHOWN 16u

static size_t cores_of(const struct vn_host *host, const struct vn_cpuset *cpus)
{
    struct vn_cpuset loose = *cpus;
    size_t n = 0;

    for (size_t i = 0; i < host->n_cores; i++)
        if (vn_cpuset_intersects(&host->cores[i], cpus)) {
            n++;
            vn_cpuset_sub(&loose, &host->cores[i]);
        }
    return n + vn_cpuset_count(&loose);
}

static void pools_text(const struct vn_node *node, struct vn_buf *ret)
{
    char size[32];

    for (size_t i = 0; i < node->n_pools; i++)
        if (node->pools[i].total)
            vn_buf_fmt(ret, "%s%" PRIu64 " of %" PRIu64 " x %s", ret->len ? ", " : "", node->pools[i].free,
                       node->pools[i].total, vn_size_format(node->pools[i].size_kib, size, sizeof size));
    if (!ret->len)
        vn_buf_str(ret, "none");
}

static void show_nodes(struct vn_doc *doc, const struct vn_host *host)
{
    static const struct vn_column columns[] = {
        {"node", "NODE", VN_COL_RIGHT},     {"cpus", "CPUS", VN_COL_WRAP},      {"cores", "CORES", VN_COL_RIGHT},
        {"memory", "MEMORY", VN_COL_RIGHT}, {"free", "FREE", VN_COL_RIGHT}, {"pools", "FREE HUGE PAGES", VN_COL_WRAP}};
    static const struct vn_table table = {NULL, columns, VN_COUNT(columns)};
    struct vn_val *rows = vn_doc_array(doc, NULL, NULL, &table);

    for (size_t i = 0; i < host->n_nodes; i++) {
        const struct vn_node *node = &host->nodes[i];
        struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);
        VN_AUTO(vn_buf) pools = {0};

        pools_text(node, &pools);
        vn_doc_int(doc, row, "node", NULL, node->id);
        if (vn_cpuset_empty(&node->cpus))
            vn_doc_null(doc, row, "cpus", NULL);
        else
            vn_doc_cpus(doc, row, "cpus", NULL, &node->cpus);
        vn_doc_int(doc, row, "cores", NULL, (int64_t)cores_of(host, &node->cpus));
        vn_doc_kib(doc, row, "memory", NULL, node->memory_kib);
        vn_doc_kib(doc, row, "free", NULL, node->free_kib);
        vn_doc_text(doc, row, "pools", NULL, vn_buf_text(&pools));
    }
}

static void show_cores(struct vn_doc *doc, struct vn_val *object, const struct vn_host *host)
{
    struct vn_cpuset online;
    size_t threads = 1, cores;
    VN_AUTO(vn_arena) arena = {0};
    const char *such = NULL;

    vn_host_online(host, &online);
    cores = cores_of(host, &online);
    for (size_t i = 0; i < host->n_cores; i++)
        if (vn_cpuset_count(&host->cores[i]) > threads) {
            threads = vn_cpuset_count(&host->cores[i]);
            such = vn_cpuset_text(&arena, &host->cores[i]);
        }
    vn_doc_text(doc, object, NULL, "CPUs",
                vn_arena_printf(&arena, "%u on %zu core%s%s%s", vn_cpuset_count(&online), cores, cores == 1 ? "" : "s",
                                such ? ", siblings such as " : "", such ? such : ""));
}

static void show_sets(struct vn_doc *doc, struct vn_val *object, const struct vn_host *host)
{
    const struct {
        const char *label;
        const struct vn_cpuset *set;
    } sets[] = {{"Reserved", &host->reserved}, {"Shared", &host->shared}, {"Isolated", &host->isolated},
                {"Offline", &host->offline}};

    for (size_t i = 0; i < VN_COUNT(sets); i++)
        if (!vn_cpuset_empty(sets[i].set))
            vn_doc_cpus(doc, object, NULL, sets[i].label, sets[i].set);
}

static void show_l3(struct vn_doc *doc, struct vn_val *object, const struct vn_host *host)
{
    VN_AUTO(vn_buf) text = {0};
    VN_AUTO(vn_arena) arena = {0};

    if (!host->n_l3)
        return;
    vn_buf_fmt(&text, "%zu:", host->n_l3);
    for (size_t i = 0; i < host->n_l3; i++) {
        const char *cpus = vn_cpuset_text(&arena, &host->l3[i]);

        vn_buf_fmt(&text, "%s %s", i ? " |" : "", cpus ? cpus : "");
    }
    vn_doc_text(doc, object, NULL, "L3 domains", vn_buf_text(&text));
}

/* A column for each node; NULL: out of memory. */
static const struct vn_table *matrix_table(struct vn_doc *doc, const struct vn_host *host, const char *title)
{
    struct vn_column *columns = vn_arena_array(&doc->arena, host->n_nodes + 1, sizeof *columns);
    struct vn_table *table = vn_arena_alloc(&doc->arena, sizeof *table);

    if (!columns || !table)
        return NULL;
    columns[0] = (struct vn_column){"from", "NODE", VN_COL_RIGHT};
    for (size_t i = 0; i < host->n_nodes; i++) {
        char *name = vn_arena_printf(&doc->arena, "%d", host->nodes[i].id);

        if (!name)
            return NULL;
        columns[i + 1] = (struct vn_column){name, name, VN_COL_RIGHT};
    }
    *table = (struct vn_table){title, columns, host->n_nodes + 1};
    return table;
}

static bool row_known(const uint32_t *row, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (row[k])
            return true;
    return false;
}

/* @figures: a row for each node, NULL: distances. What is not known is '-'; a node of which nothing is has no row. */
static void show_matrix(struct vn_doc *doc, const struct vn_host *host, const char *title, const uint32_t *figures)
{
    const struct vn_table *table = matrix_table(doc, host, title);
    size_t n = host->n_nodes;
    struct vn_val *rows;

    vn_doc_say(doc, NULL, "%s", "");
    rows = table ? vn_doc_array(doc, NULL, NULL, table) : NULL;
    if (!rows) {
        doc->failed = true;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct vn_val *row;

        if (figures && !row_known(figures + i * n, n))
            continue;
        row = vn_doc_object(doc, rows, NULL, NULL);
        vn_doc_int(doc, row, "from", NULL, host->nodes[i].id);
        for (size_t k = 0; k < n; k++)
            if (figures && !figures[i * n + k])
                vn_doc_null(doc, row, table->columns[k + 1].key, NULL);
            else
                vn_doc_int(doc, row, table->columns[k + 1].key, NULL,
                           figures ? figures[i * n + k] : vn_host_distance(host, i, k));
    }
}

static void show_matrices(struct vn_doc *doc, const struct vn_host *host)
{
    const struct {
        const char *title;
        const uint32_t *figures;
    } matrices[] = {{"Latency by the firmware (ns)", host->hmat.latency_ns},
                    {"Bandwidth by the firmware (MB/s)", host->hmat.bandwidth_mbps},
                    {"Latency as measured (ns)", host->measured.latency_ns},
                    {"Bandwidth as measured (MB/s)", host->measured.bandwidth_mbps}};
    bool wide = host->n_nodes > MATRIX_SHOWN;

    if (host->n_nodes < 2)
        return;
    if (wide) {
        vn_doc_say(doc, NULL, "%s", "");
        vn_doc_say(doc, NULL, "Distances: a table of %zu nodes; --json has it.", host->n_nodes);
    } else {
        show_matrix(doc, host, "Distances", NULL);
    }
    for (size_t i = 0; i < VN_COUNT(matrices); i++) {
        if (!matrices[i].figures)
            continue;
        if (wide)
            vn_doc_say(doc, NULL, "%s: --json has it.", matrices[i].title);
        else
            show_matrix(doc, host, matrices[i].title, matrices[i].figures);
    }
}

static void show_devices(struct vn_doc *doc, const struct vn_host *host)
{
    static const struct vn_column columns[] = {{"node", "NODE", VN_COL_RIGHT}, {"name", "DEVICE", 0}, {"what", "WHAT", VN_COL_WRAP}};
    static const struct vn_table table = {"Devices", columns, VN_COUNT(columns)};
    struct vn_val *rows;

    if (!host->n_devices)
        return;
    vn_doc_say(doc, NULL, "%s", "");
    rows = vn_doc_array(doc, NULL, NULL, &table);
    for (size_t i = 0; i < host->n_devices; i++) {
        struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);

        if (host->devices[i].node >= 0)
            vn_doc_int(doc, row, "node", NULL, host->devices[i].node);
        else
            vn_doc_null(doc, row, "node", NULL);
        vn_doc_text(doc, row, "name", NULL, host->devices[i].name);
        vn_doc_text(doc, row, "what", NULL, host->devices[i].what);
    }
}

static void show_settings(struct vn_doc *doc, const struct vn_host *host)
{
    static const struct vn_column columns[] = {{"key", "SETTING", 0}, {"value", "VALUE", VN_COL_WRAP}};
    static const struct vn_table table = {"Settings", columns, VN_COUNT(columns)};
    struct vn_val *rows;

    if (!host->n_settings)
        return;
    vn_doc_say(doc, NULL, "%s", "");
    rows = vn_doc_array(doc, NULL, NULL, &table);
    for (size_t i = 0; i < host->n_settings; i++) {
        struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);

        vn_doc_text(doc, row, "key", NULL, host->settings[i].key);
        vn_doc_text(doc, row, "value", NULL, host->settings[i].value);
    }
}

void cli_show_host(struct vn_doc *doc, const struct vn_host *host)
{
    const char *name = host->hostname && *host->hostname ? host->hostname : "This host";
    struct vn_val *object = vn_doc_object(
        doc, NULL, NULL,
        vn_arena_printf(&doc->arena, "%s%s%s%s%s, %zu node%s", name, host->arch && *host->arch ? ", " : "",
                        host->arch ? host->arch : "", host->kernel && *host->kernel ? ", Linux " : "",
                        host->kernel ? host->kernel : "", host->n_nodes, host->n_nodes == 1 ? "" : "s"));

    cli_show_kind(doc, object, host);
    show_cores(doc, object, host);
    show_l3(doc, object, host);
    show_sets(doc, object, host);
    vn_doc_say(doc, NULL, "%s", "");
    show_nodes(doc, host);
    show_matrices(doc, host);
    show_devices(doc, host);
    show_settings(doc, host);
}
