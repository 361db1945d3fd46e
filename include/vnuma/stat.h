/* SPDX-License-Identifier: MIT */
#ifndef VNUMA_STAT_H
#define VNUMA_STAT_H

#include <stdint.h>
#include <vnuma/arena.h>

/* Memory statistics: what a process or VM holds on each node, and what the kernel's allocator counts. */

/** struct vn_counters - a node's counters, in pages since the host started. Source: numastat(8), numastat.rst. */
enum vn_counter {
    VN_COUNTER_HIT,        /* numa_hit: allocated here, as wanted */
    VN_COUNTER_MISS,       /* numa_miss: allocated here, wanted elsewhere */
    VN_COUNTER_FOREIGN,    /* numa_foreign: wanted here, allocated elsewhere */
    VN_COUNTER_INTERLEAVE, /* interleave_hit: an interleaved page that came here as wanted */
    VN_COUNTER_LOCAL,      /* local_node: allocated here for a thread that ran here */
    VN_COUNTER_OTHER,      /* other_node: allocated here for a thread that ran elsewhere */
    VN_COUNTERS
};
struct vn_counters {
    int node;
    uint64_t pages[VN_COUNTERS];
};
/** vn_counter_name() - as the kernel's file has it: "numa_hit". */
const char *vn_counter_name(enum vn_counter counter);
/** vn_counter_parse() - -1 for an unknown name. */
int vn_counter_parse(const char *name, size_t len);

enum vn_stat_method {
    VN_STAT_CGROUP,    /* memory.numa_stat of the process's memory cgroup */
    VN_STAT_NUMA_MAPS, /* /proc/PID/numa_maps: a walk through every page */
    VN_STAT_SAMPLE,    /* move_pages(2) asked where some of the pages are */
    VN_STAT_CAPTURED,  /* a captured host says so */
};
/** vn_stat_method_name() - "cgroup", "numa_maps", "sample", "captured". */
const char *vn_stat_method_name(enum vn_stat_method method);

/** What is on one node, as numastat(8) divides it. VN_STAT_NUMA_MAPS: total is the sum of the kinds; else those are 0. */
struct vn_stat_node {
    uint64_t huge_kib, heap_kib, stack_kib, private_kib, total_kib;
};

/** struct vn_memstat - the memory of one process. Owned by the arena of who asked for it. */
struct vn_memstat {
    int pid;                    /* 0: not known */
    const char *name;           /* of the VM, or the program's */
    const char *vm;             /* of a process: the guest that QEMU runs in it; NULL: none */
    enum vn_stat_method method;
    struct vn_stat_node *nodes; /* one for each node of the host */
    uint64_t total_kib;
    double error_pct;           /* how far a figure may be off, in per cent of total_kib; 0: exact */
    uint64_t *cell_kib;         /* [cell * nodes + node]; NULL: no cells, or not to be told apart */
    size_t n_cells;
    const char *unread;         /* why there are no figures; NULL: there are */
};

/** struct vn_memstats - of several, on one host. Owns its arena. */
struct vn_memstats {
    struct vn_arena arena;
    int *node_ids;
    size_t n_nodes;
    struct vn_memstat *items;
    size_t count;
};
void vn_memstats_drop(struct vn_memstats *stats);

/**
 * vn_part_bound_pct() - @hits of @count things chosen by chance are of some kind: how far, at 95 % confidence, the
 * part of that kind among all may be from hits / count. Wilson's interval, its longer side; 100 for a count of 0.
 * Units: points (per cent of all)
 */
double vn_part_bound_pct(uint64_t hits, uint64_t count);

#endif
