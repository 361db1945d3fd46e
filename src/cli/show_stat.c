/* SPDX-License-Identifier: MIT */
#include "cli/show_stat.h"

#include <string.h>

/* ---- counters ---- */

static void json_counters(struct vn_doc *doc, const struct vn_counters *counters, size_t count, double seconds)
{
    struct vn_val *list = vn_doc_array(doc, NULL, "counters", NULL);

    for (size_t i = 0; i < count; i++) {
        struct vn_val *row = vn_doc_object(doc, list, NULL, NULL);

        vn_doc_int(doc, row, "node", NULL, counters[i].node);
        for (int c = 0; c < VN_COUNTERS; c++) {
            const char *name = vn_counter_name((enum vn_counter)c);
            char *rate = seconds > 0 ? vn_arena_printf(&doc->arena, "%s_per_s", name) : NULL;

            if (rate)
                vn_doc_real(doc, row, rate, NULL, (double)counters[i].pages[c] / seconds);
            else
                vn_doc_int(doc, row, name, NULL, (int64_t)counters[i].pages[c]);
        }
    }
}

void cli_show_counters(struct vn_doc *doc, const struct vn_counters *counters, size_t count, double seconds)
{
    static const struct vn_column columns[] = {{"node", "NODE", VN_COL_RIGHT},
                                               {"numa_hit", "NUMA_HIT", VN_COL_RIGHT},
                                               {"numa_miss", "NUMA_MISS", VN_COL_RIGHT},
                                               {"numa_foreign", "NUMA_FOREIGN", VN_COL_RIGHT},
                                               {"interleave_hit", "INTERLEAVE_HIT", VN_COL_RIGHT},
                                               {"local_node", "LOCAL_NODE", VN_COL_RIGHT},
                                               {"other_node", "OTHER_NODE", VN_COL_RIGHT}};
    static const struct vn_table totals = {"Pages allocated since the host started", columns, VN_COUNT(columns)};
    static const struct vn_table rates = {"Pages allocated per second", columns, VN_COUNT(columns)};
    struct vn_val *rows;

    if (seconds > 0)
        vn_doc_real(doc, NULL, "seconds", NULL, seconds);
    json_counters(doc, counters, count, seconds);
    rows = vn_doc_array(doc, NULL, NULL, seconds > 0 ? &rates : &totals);
    for (size_t i = 0; i < count; i++) {
        struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);

        vn_doc_int(doc, row, "node", NULL, counters[i].node);
        for (int c = 0; c < VN_COUNTERS; c++) {
            double pages = (double)counters[i].pages[c];

            vn_doc_int(doc, row, vn_counter_name((enum vn_counter)c), NULL,
                       (int64_t)(seconds > 0 ? pages / seconds + 0.5 : pages));
        }
    }
}

/* ---- memory, for programs ---- */

static void kind(struct vn_doc *doc, struct vn_val *row, const struct vn_memstat *stat, const char *key, uint64_t kib)
{
    if (stat->method == VN_STAT_NUMA_MAPS)
        vn_doc_kib(doc, row, key, NULL, kib);
    else
        vn_doc_null(doc, row, key, NULL);
}

static void json_nodes(struct vn_doc *doc, struct vn_val *object, const struct vn_memstats *all,
                       const struct vn_memstat *stat)
{
    struct vn_val *list = vn_doc_array(doc, object, "nodes", NULL);

    for (size_t n = 0; !stat->unread && n < all->n_nodes; n++) {
        const struct vn_stat_node *node = &stat->nodes[n];
        struct vn_val *row = vn_doc_object(doc, list, NULL, NULL);

        vn_doc_int(doc, row, "node", NULL, all->node_ids[n]);
        kind(doc, row, stat, "huge_kib", node->huge_kib);
        kind(doc, row, stat, "heap_kib", node->heap_kib);
        kind(doc, row, stat, "stack_kib", node->stack_kib);
        kind(doc, row, stat, "private_kib", node->private_kib);
        vn_doc_kib(doc, row, "total_kib", NULL, node->total_kib);
    }
}

static void json_cells(struct vn_doc *doc, struct vn_val *object, const struct vn_memstats *all,
                       const struct vn_memstat *stat)
{
    struct vn_val *cells = vn_doc_array(doc, object, "cells", NULL);

    for (size_t c = 0; stat->cell_kib && c < stat->n_cells; c++) {
        struct vn_val *row = vn_doc_object(doc, cells, NULL, NULL), *nodes;

        vn_doc_int(doc, row, "cell", NULL, (int64_t)c);
        nodes = vn_doc_array(doc, row, "nodes", NULL);
        for (size_t n = 0; n < all->n_nodes; n++) {
            struct vn_val *part = vn_doc_object(doc, nodes, NULL, NULL);

            vn_doc_int(doc, part, "node", NULL, all->node_ids[n]);
            vn_doc_kib(doc, part, "total_kib", NULL, stat->cell_kib[c * all->n_nodes + n]);
        }
    }
}

static void json_memory(struct vn_doc *doc, const struct vn_memstats *all, bool vms)
{
    struct vn_val *list = vn_doc_array(doc, NULL, vms ? "vms" : "processes", NULL);

    for (size_t i = 0; i < all->count; i++) {
        const struct vn_memstat *stat = &all->items[i];
        struct vn_val *object = vn_doc_object(doc, list, NULL, NULL);

        if (stat->pid)
            vn_doc_int(doc, object, "pid", NULL, stat->pid);
        else
            vn_doc_null(doc, object, "pid", NULL);
        vn_doc_text(doc, object, "name", NULL, stat->name ? stat->name : "");
        if (stat->vm)
            vn_doc_text(doc, object, "vm", NULL, stat->vm);
        json_nodes(doc, object, all, stat);
        if (vms)
            json_cells(doc, object, all, stat);
        if (stat->unread) {
            vn_doc_null(doc, object, "total_kib", NULL);
            vn_doc_null(doc, object, "method", NULL);
            vn_doc_null(doc, object, "error_pct", NULL);
            vn_doc_text(doc, object, "unread", NULL, stat->unread);
            continue;
        }
        vn_doc_kib(doc, object, "total_kib", NULL, stat->total_kib);
        vn_doc_text(doc, object, "method", NULL, vn_stat_method_name(stat->method));
        vn_doc_real(doc, object, "error_pct", NULL, stat->error_pct);
    }
}

/* ---- memory, for people ---- */

/* On a host with more nodes than that, those that hold something. */
#define NODES_SHOWN 8u

struct grid {
    struct vn_doc *doc;
    const struct vn_memstats *all;
    struct vn_column *columns;
    size_t first, count;   /* of the columns for nodes; how many there are of all */
    size_t *nodes;         /* positions, one for each of those columns */
    size_t n_nodes;
};

static bool holds(const struct vn_memstats *all, size_t node)
{
    for (size_t i = 0; i < all->count; i++)
        if (!all->items[i].unread && all->items[i].nodes[node].total_kib)
            return true;
    return all->n_nodes <= NODES_SHOWN;
}

/* Columns before and behind those of the nodes. */
static bool make_grid(struct grid *grid, const struct vn_column *before, size_t n_before, const struct vn_column *after,
                      size_t n_after)
{
    struct vn_arena *arena = &grid->doc->arena;

    grid->columns = vn_arena_array(arena, n_before + grid->all->n_nodes + n_after, sizeof *grid->columns);
    grid->nodes = vn_arena_array(arena, grid->all->n_nodes, sizeof *grid->nodes);
    if (!grid->columns || !grid->nodes)
        return false;
    for (size_t i = 0; i < n_before; i++)
        grid->columns[i] = before[i];
    grid->first = grid->count = n_before;
    for (size_t n = 0; n < grid->all->n_nodes; n++) {
        char *key, *header;

        if (!holds(grid->all, n))
            continue;
        key = vn_arena_printf(arena, "node%d", grid->all->node_ids[n]);
        header = vn_arena_printf(arena, "NODE %d", grid->all->node_ids[n]);
        if (!key || !header)
            return false;
        grid->nodes[grid->n_nodes++] = n;
        grid->columns[grid->count++] = (struct vn_column){key, header, VN_COL_RIGHT};
    }
    for (size_t i = 0; i < n_after; i++)
        grid->columns[grid->count++] = after[i];
    return true;
}

static struct vn_val *open_table(struct grid *grid, const char *title)
{
    struct vn_table *table = vn_arena_alloc(&grid->doc->arena, sizeof *table);

    if (!table)
        return NULL;
    *table = (struct vn_table){title, grid->columns, grid->count};
    return vn_doc_array(grid->doc, NULL, NULL, table);
}

/* The figures of a row, and their sum; @kib has one for each node of the host, @stride bytes apart. */
static void figures(const struct grid *grid, struct vn_val *row, const uint64_t *kib, size_t stride, uint64_t total)
{
    for (size_t n = 0; n < grid->n_nodes; n++) {
        const char *at = (const char *)kib + grid->nodes[n] * stride;
        uint64_t value;

        memcpy(&value, at, sizeof value);
        vn_doc_kib(grid->doc, row, grid->columns[grid->first + n].key, NULL, value);
    }
    vn_doc_kib(grid->doc, row, "total", NULL, total);
}

static void how(struct vn_doc *doc, struct vn_val *row, const struct vn_memstat *stat)
{
    vn_doc_text(doc, row, "method", NULL, vn_stat_method_name(stat->method));
    if (stat->method == VN_STAT_NUMA_MAPS)
        vn_doc_text(doc, row, "error", NULL, "exact");
    else if (stat->method == VN_STAT_CAPTURED)
        vn_doc_null(doc, row, "error", NULL);
    else
        vn_doc_pct(doc, row, "error", NULL, stat->error_pct);
}

static void rows_of(const struct grid *grid, struct vn_val *rows, const struct vn_memstat *stat)
{
    struct vn_val *row;
    size_t n_nodes = grid->all->n_nodes;

    for (size_t c = 0; stat->cell_kib && c < stat->n_cells; c++) {
        uint64_t sum = 0;

        for (size_t n = 0; n < n_nodes; n++)
            sum += stat->cell_kib[c * n_nodes + n];
        row = vn_doc_object(grid->doc, rows, NULL, NULL);
        vn_doc_text(grid->doc, row, "name", NULL, stat->name);
        vn_doc_int(grid->doc, row, "cell", NULL, (int64_t)c);
        figures(grid, row, stat->cell_kib + c * n_nodes, sizeof *stat->cell_kib, sum);
    }
    row = vn_doc_object(grid->doc, rows, NULL, NULL);
    if (stat->pid)
        vn_doc_int(grid->doc, row, "pid", NULL, stat->pid);
    vn_doc_text(grid->doc, row, "name", NULL, stat->name ? stat->name : "");
    if (stat->vm)
        vn_doc_text(grid->doc, row, "vm", NULL, stat->vm);
    vn_doc_text(grid->doc, row, "cell", NULL, stat->cell_kib ? "all" : "-");
    if (stat->unread)
        return;
    figures(grid, row, &stat->nodes->total_kib, sizeof *stat->nodes, stat->total_kib);
    how(grid->doc, row, stat);
}

static void sum_row(const struct grid *grid, struct vn_val *rows, const char *key)
{
    const struct vn_memstats *all = grid->all;
    uint64_t *kib = vn_arena_array(&grid->doc->arena, all->n_nodes, sizeof *kib), sum = 0;
    struct vn_val *row;

    if (!kib) {
        grid->doc->failed = true;
        return;
    }
    for (size_t i = 0; i < all->count; i++)
        for (size_t n = 0; !all->items[i].unread && n < all->n_nodes; n++) {
            kib[n] += all->items[i].nodes[n].total_kib;
            sum += all->items[i].nodes[n].total_kib;
        }
    row = vn_doc_object(grid->doc, rows, NULL, NULL);
    vn_doc_text(grid->doc, row, key, NULL, "Total");
    figures(grid, row, kib, sizeof *kib, sum);
}

/* A line for each, and its cells. */
static void table_of_all(struct vn_doc *doc, const struct vn_memstats *all, bool vms)
{
    static const struct vn_column of_vms[] = {{"name", "VM", 0}, {"cell", "CELL", VN_COL_RIGHT}};
    static const struct vn_column of_processes[] = {
        {"pid", "PID", VN_COL_RIGHT}, {"name", "PROGRAM", 0}, {"vm", "VM", 0}};
    static const struct vn_column after[] = {
        {"total", "TOTAL", VN_COL_RIGHT}, {"method", "METHOD", 0}, {"error", "OFF BY UP TO", VN_COL_RIGHT}};
    struct grid grid = {.doc = doc, .all = all};
    struct vn_val *rows = NULL;
    bool any_vm = false;

    for (size_t i = 0; i < all->count; i++)
        any_vm = any_vm || all->items[i].vm;
    if (vms ? make_grid(&grid, of_vms, VN_COUNT(of_vms), after, VN_COUNT(after))
            : make_grid(&grid, of_processes, any_vm ? 3 : 2, after, VN_COUNT(after)))
        rows = open_table(&grid, NULL);
    if (!rows) {
        doc->failed = true;
        return;
    }
    for (size_t i = 0; i < all->count; i++)
        rows_of(&grid, rows, &all->items[i]);
    if (all->count > 1)
        sum_row(&grid, rows, "name");
}

static void kind_row(const struct grid *grid, struct vn_val *rows, const char *name, const uint64_t *kib)
{
    uint64_t sum = 0, value;
    struct vn_val *row = vn_doc_object(grid->doc, rows, NULL, NULL);

    for (size_t n = 0; n < grid->all->n_nodes; n++) {
        memcpy(&value, (const char *)kib + n * sizeof(struct vn_stat_node), sizeof value);
        sum += value;
    }
    vn_doc_text(grid->doc, row, "kind", NULL, name);
    figures(grid, row, kib, sizeof(struct vn_stat_node), sum);
}

/* As numastat shows one process. */
static void table_of_kinds(struct vn_doc *doc, const struct vn_memstats *all, const struct vn_memstat *stat)
{
    static const struct vn_column before[] = {{"kind", "KIND", 0}};
    static const struct vn_column after[] = {{"total", "TOTAL", VN_COL_RIGHT}};
    struct grid grid = {.doc = doc, .all = all};
    struct vn_val *rows = NULL;
    char *title = vn_arena_printf(&doc->arena, "Process %d (%s%s%s)", stat->pid, stat->name ? stat->name : "",
                                  stat->vm ? ", VM " : "", stat->vm ? stat->vm : "");

    if (title && make_grid(&grid, before, VN_COUNT(before), after, VN_COUNT(after)))
        rows = open_table(&grid, title);
    if (!rows) {
        doc->failed = true;
        return;
    }
    kind_row(&grid, rows, "Huge", &stat->nodes->huge_kib);
    kind_row(&grid, rows, "Heap", &stat->nodes->heap_kib);
    kind_row(&grid, rows, "Stack", &stat->nodes->stack_kib);
    kind_row(&grid, rows, "Private", &stat->nodes->private_kib);
    kind_row(&grid, rows, "Total", &stat->nodes->total_kib);
}

static void say_how(struct vn_doc *doc, const struct vn_memstats *all)
{
    double worst = 0;

    for (size_t i = 0; i < all->count; i++)
        if (!all->items[i].unread && all->items[i].method == VN_STAT_SAMPLE && all->items[i].error_pct > worst)
            worst = all->items[i].error_pct;
    if (worst > 0)
        vn_doc_say(doc, NULL, "%s", "");
    if (worst > 0)
        vn_doc_say(doc, NULL, "Sampled: each node's part of the total is within %.1f points of what is shown, at 95 %% "
                              "confidence.", worst);
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].unread)
            vn_doc_say(doc, NULL, "Not read: %d%s%s%s: %s", all->items[i].pid, all->items[i].name ? " (" : "",
                       all->items[i].name ? all->items[i].name : "", all->items[i].name ? ")" : "",
                       all->items[i].unread);
}

void cli_show_memory(struct vn_doc *doc, const struct vn_memstats *stats, bool vms, bool kinds)
{
    json_memory(doc, stats, vms);
    if (!stats->count)
        vn_doc_say(doc, NULL, vms ? "No VM runs." : "No process.");
    for (size_t i = 0; kinds && i < stats->count; i++) {
        if (stats->items[i].unread)
            continue;
        if (i)
            vn_doc_say(doc, NULL, "%s", "");
        table_of_kinds(doc, stats, &stats->items[i]);
    }
    if (!kinds && stats->count)
        table_of_all(doc, stats, vms);
    say_how(doc, stats);
}
