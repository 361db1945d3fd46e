/* SPDX-License-Identifier: MIT */
#include "view/svg_layout.h"

#define MARGIN 24.0
#define TITLE 56.0
#define PAD 16.0
#define GAP 8.0
#define CPU_W 44.0
#define CPU_H 26.0
#define MEMORY_H 22.0
#define LEGEND_W 300.0

/* How many boxes stand beside one another, so that the whole is about as wide as it is high. */
static size_t nodes_across(size_t n)
{
    return n <= 1 ? 1 : n <= 4 ? 2 : n <= 9 ? 3 : 4;
}

static size_t cores_across(size_t n)
{
    if (n <= 10)
        return n ? n : 1;
    return n <= 40 ? 10 : n <= 128 ? 16 : 32;
}

/* The cores of a node, in the order of their first CPU; a CPU in no list is one of its own. */
static struct vn_cpuset *cores_of(const struct vn_host *host, const struct vn_node *node, struct vn_arena *arena,
                                  size_t *ret_count)
{
    struct vn_cpuset *cores = vn_arena_array(arena, vn_cpuset_count(&node->cpus), sizeof *cores);
    struct vn_cpuset left = node->cpus, core;
    size_t n = 0;

    VN_CPUSET_EACH(cpu, &node->cpus) {
        if (!cores || !vn_cpuset_has(&left, (unsigned)cpu))
            continue;
        vn_host_core(host, (unsigned)cpu, &core);
        vn_cpuset_and(&core, &node->cpus);
        vn_cpuset_sub(&left, &core);
        cores[n++] = core;
    }
    *ret_count = n;
    return cores;
}

static int lay_node(const struct vn_host *host, const struct vn_node *node, struct vn_arena *arena, double x, double y,
                    struct svg_node *ret)
{
    size_t n = 0, across, threads = 1;
    struct vn_cpuset *cores = cores_of(host, node, arena, &n);
    double core_h;

    ret->cores = vn_arena_array(arena, n, sizeof *ret->cores);
    ret->cpus = vn_arena_array(arena, vn_cpuset_count(&node->cpus), sizeof *ret->cpus);
    if (!cores || !ret->cores || !ret->cpus)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < n; i++)
        threads = vn_cpuset_count(&cores[i]) > threads ? vn_cpuset_count(&cores[i]) : threads;
    core_h = (double)threads * CPU_H;
    across = cores_across(n);
    for (size_t i = 0; i < n; i++) {
        struct svg_box *core = &ret->cores[ret->n_cores++];
        size_t t = 0;

        *core = (struct svg_box){x + PAD + (double)(i % across) * (CPU_W + GAP),
                                 y + SVG_HEADER + (double)(i / across) * (core_h + GAP), CPU_W,
                                 (double)vn_cpuset_count(&cores[i]) * CPU_H};
        VN_CPUSET_EACH(cpu, &cores[i]) {
            ret->cpus[ret->n_cpus++] =
                (struct svg_cpu){{core->x, core->y + (double)t++ * CPU_H, CPU_W, CPU_H}, (unsigned)cpu};
        }
    }
    ret->box = (struct svg_box){x, y, 2 * PAD + (double)(across < 5 ? 5 : across) * (CPU_W + GAP) - GAP,
                                SVG_HEADER + (double)((n + across - 1) / across) * (core_h + GAP) + MEMORY_H + 22 + PAD};
    ret->memory = (struct svg_box){x + PAD, y + ret->box.h - PAD - MEMORY_H - 16, ret->box.w - 2 * PAD, MEMORY_H};
    return 0;
}

/* The same height for all, so that the memory bars of a row stand at one line. */
static void level(struct svg_node *nodes, size_t n)
{
    double h = 0;

    for (size_t i = 0; i < n; i++)
        h = nodes[i].box.h > h ? nodes[i].box.h : h;
    for (size_t i = 0; i < n; i++) {
        nodes[i].memory.y += h - nodes[i].box.h;
        nodes[i].box.h = h;
    }
}

int vn_svg_layout(const struct vn_snapshot *snapshot, struct vn_arena *arena, struct svg_layout *ret)
{
    const struct vn_host *host = &snapshot->host;
    size_t across = nodes_across(host->n_nodes), lines;
    double x, y = TITLE + MARGIN;

    *ret = (struct svg_layout){.width = 640};
    ret->nodes = vn_arena_array(arena, host->n_nodes, sizeof *ret->nodes);
    if (!ret->nodes)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < host->n_nodes; i += across) {
        size_t n = host->n_nodes - i < across ? host->n_nodes - i : across;

        x = MARGIN;
        for (size_t k = i; k < i + n; k++) {
            if (lay_node(host, &host->nodes[k], arena, x, y, &ret->nodes[k]) < 0)
                return -VN_E_NOMEM;
            x += ret->nodes[k].box.w + MARGIN;
        }
        level(&ret->nodes[i], n);
        y += ret->nodes[i].box.h + MARGIN;
        ret->width = x > ret->width ? x : ret->width;
    }
    ret->legend_columns = (size_t)((ret->width - 2 * MARGIN) / LEGEND_W);
    if (!ret->legend_columns)
        ret->legend_columns = 1;
    lines = (snapshot->n_vms + ret->legend_columns - 1) / ret->legend_columns + 1;
    ret->legend = (struct svg_box){MARGIN, y, ret->width - 2 * MARGIN, (double)lines * SVG_LEGEND_LINE};
    ret->height = y + ret->legend.h + MARGIN;
    return 0;
}
