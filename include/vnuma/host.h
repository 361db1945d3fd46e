/* SPDX-License-Identifier: MIT */
#ifndef VNUMA_HOST_H
#define VNUMA_HOST_H

#include <vnuma/arena.h>
#include <vnuma/set.h>

struct vn_hugepool {
    uint64_t size_kib;    /* page size */
    uint64_t total, free; /* pages */
};

struct vn_node {
    int id;                /* the kernel's number; may be sparse */
    struct vn_cpuset cpus; /* online CPUs; empty on a memory-only node */
    uint64_t memory_kib;   /* 0 on a memoryless node */
    uint64_t free_kib;     /* MemFree */
    uint64_t cache_kib;    /* page cache and slab the kernel would reclaim; not in free_kib */
    struct vn_hugepool *pools;
    size_t n_pools;
};

struct vn_device {
    char *name; /* "0000:3b:00.0", as sysfs and libvirt write a PCI address */
    char *what; /* "eth0", "nvme0n1" or the PCI class in words; "" when not known */
    int node;   /* -1: the firmware does not say */
};

/* Values of the setting "hmat": where the figures in struct vn_host's hmat are from. */
#define VN_HMAT_WHOLE "whole table"            /* the firmware's; what is not there it does not say */
#define VN_HMAT_NO_TABLE "no table"            /* here, and below: what Linux shows of each node's nearest CPUs */
#define VN_HMAT_NO_PERMISSION "no permission"  /* to read the table */
#define VN_HMAT_UNUSABLE "not usable: "        /* the table; followed by the reason */
#define VN_HMAT_REMOTE "nearest CPUs only"     /* by libvirt */

struct vn_setting {
    char *key;   /* "kernel.numa_balancing", "thp", "ksm.run", "vm.zone_reclaim_mode", "cgroup", ... */
    char *value;
};

/**
 * struct vn_access - memory accesses between nodes: tables of n_nodes * n_nodes in the order of nodes, row = the node
 * whose CPUs read, column = the one whose memory is read. A figure of 0 is not known; a table that is NULL, neither.
 */
struct vn_access {
    uint32_t *latency_ns, *bandwidth_mbps;
};

/** struct vn_host - a host's topology; every pointer belongs to the owner's arena. */
struct vn_host {
    char *hostname, *kernel, *arch; /* "" when not known */
    struct vn_node *nodes;          /* by ascending id */
    size_t n_nodes;
    uint16_t *distances;            /* n_nodes * n_nodes, row = from, in the order of nodes */
    struct vn_access hmat;          /* as the firmware says */
    struct vn_access measured;
    uint16_t *metric;               /* what placing counts in place of distances; NULL: distances. Never stored */
    struct vn_cpuset *cores;        /* thread siblings; a CPU in none is a core of its own */
    size_t n_cores;
    struct vn_cpuset *l3;           /* L3 domains; a CPU in none has no L3 or an unknown one */
    size_t n_l3;
    struct vn_cpuset offline;       /* present and switched off */
    struct vn_cpuset isolated;      /* isolcpus=: no floating thread is balanced over these */
    struct vn_cpuset reserved;      /* policy: for the host; no vCPU gets them */
    struct vn_cpuset shared;        /* policy: for floating guests; no dedicated vCPU gets them */
    struct vn_device *devices;
    size_t n_devices;
    struct vn_setting *settings;
    size_t n_settings;
};

/** vn_host_online() - the union of the nodes' CPUs. */
void vn_host_online(const struct vn_host *host, struct vn_cpuset *ret);
/** vn_host_node_index() - position of node @id in nodes[], or -1. */
int vn_host_node_index(const struct vn_host *host, int id);
/** vn_host_cpu_node() - id of the node that has @cpu, or -1. */
int vn_host_cpu_node(const struct vn_host *host, unsigned cpu);
/** vn_host_core() - the core that has @cpu (just @cpu itself where none is listed). */
void vn_host_core(const struct vn_host *host, unsigned cpu, struct vn_cpuset *ret);
/** vn_host_setting() - a setting's value, or NULL. */
const char *vn_host_setting(const struct vn_host *host, const char *key);
/** vn_host_distance() - what placing counts between positions @a and @b: the metric where one was chosen, else the SLIT
 *  distance, else 10 and 20. */
unsigned vn_host_distance(const struct vn_host *host, size_t a, size_t b);
/** vn_host_device() - the device of that name, or NULL. */
const struct vn_device *vn_host_device(const struct vn_host *host, const char *name);
/** vn_host_pool() - node's pool of that page size, or NULL. */
const struct vn_hugepool *vn_node_pool(const struct vn_node *node, uint64_t size_kib);
/** vn_host_nodes_of() - ids of the nodes that have any of @cpus. */
void vn_host_nodes_of(const struct vn_host *host, const struct vn_cpuset *cpus, struct vn_nodeset *ret);
/**
 * struct vn_host_shape - which kind of machine a host is, as far as its nodes and their distances tell.
 * Groups: nodes that are near each other and all equally far from the rest, as the nodes of one package are (Intel's
 * sub-NUMA clusters, AMD's nodes per socket).
 */
struct vn_host_shape {
    struct vn_nodeset full;        /* nodes with CPUs and memory: where a guest may be at home */
    struct vn_nodeset memory_only; /* no CPUs */
    struct vn_nodeset cpus_only;   /* no memory */
    unsigned near, far;            /* least and greatest distance between two nodes with CPUs; 0: there are no two */
    size_t groups;                 /* of at least two nodes each; 0: the distances tell of none */
    bool one_package;              /* near is so little that those of a group are most likely parts of one package */
    size_t l3;                     /* most L3 domains that one node has */
};
void vn_host_shape(const struct vn_host *host, struct vn_host_shape *ret);
/** vn_host_add_setting() - 0 or -VN_E_NOMEM. */
VN_NODISCARD int vn_host_add_setting(struct vn_arena *arena, struct vn_host *host, const char *key, const char *value);
/**
 * vn_host_check() - is this a host one can plan for? Ids ascending and unique, no CPU in two
 * nodes or two cores, free <= memory, distances >= 10 and square.
 * Errors: -VN_E_FORMAT with the offending item.
 */
VN_NODISCARD int vn_host_check(const struct vn_host *host, struct vn_err *err);

#endif
