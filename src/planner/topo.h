/* SPDX-License-Identifier: MIT */
#ifndef VN_PLANNER_TOPO_H
#define VN_PLANNER_TOPO_H

#include <vnuma/host.h>

/*
 * A host with its CPUs indexed: node, core and L3 domain of each, cores of each node. Nodes are
 * known by their position in host->nodes, never by id. Read-only once made.
 */
struct topo {
    const struct vn_host *host;
    size_t n;                      /* nodes */
    struct vn_cpuset online;
    int16_t node_of[VN_CPU_MAX];   /* position of the CPU's node; -1: not online */
    int32_t core_of[VN_CPU_MAX];
    int32_t l3_of[VN_CPU_MAX];     /* -1: none known */
    unsigned n_cores;              /* cores with an online CPU, by ascending lowest CPU */
    uint32_t *core_at;             /* core c has core_cpus[core_at[c] .. core_at[c + 1]) */
    uint16_t *core_cpus;           /* online CPUs only: a switched-off sibling is no sibling */
    uint32_t *node_at;             /* node n has node_cores[node_at[n] .. node_at[n + 1]) */
    uint32_t *node_cores;          /* a core that spans nodes is listed in each of them */
    unsigned threads;              /* CPUs of the largest core */
    bool symmetric;                /* distances are the same both ways */
};

/** topo_new() - NULL when out of memory; the host must outlive it. */
struct topo *topo_new(struct vn_arena *arena, const struct vn_host *host);
unsigned topo_core_size(const struct topo *topo, unsigned core);
/** topo_core_free() - how many of the core's CPUs are in @set. */
unsigned topo_core_free(const struct topo *topo, unsigned core, const struct vn_cpuset *set);

#endif
