/* SPDX-License-Identifier: MIT */
#ifndef VNUMA_PLAN_H
#define VNUMA_PLAN_H

#include <vnuma/policy.h>
#include <vnuma/vm.h>

/** What a node was to a cell. OTHER_CELL: another cell of the VM is there; two never share a node. */
enum vn_verdict {
    VN_VERDICT_CHOSEN,
    VN_VERDICT_NEXT_BEST,
    VN_VERDICT_POSSIBLE,
    VN_VERDICT_OTHER_CELL,
    VN_VERDICT_RULED_OUT,
};
/** vn_verdict_name() - in words, such as "next best". */
const char *vn_verdict_name(enum vn_verdict verdict);

/** struct vn_choice - a node looked at for a cell. */
struct vn_choice {
    int node;
    enum vn_verdict verdict;
    char *why; /* what it has; what it would cost; what rules it out */
};

/** struct vn_placed_cell - one cell of a VM and the node it gets. */
struct vn_placed_cell {
    unsigned cell;
    int node;              /* host node id */
    struct vn_cpuset vcpus;
    uint64_t memory_kib;
    char *why;             /* plain words: which nodes were possible, what decided */
    struct vn_choice *choices; /* every node of the host, the best first; NULL: not asked for (and not in JSON) */
    size_t n_choices;
};

/** struct vn_placement - where one VM is, or is to be. */
struct vn_placement {
    char *name, *uuid;
    enum vn_cpu_policy policy;
    struct vn_placed_cell *cells; /* by cell number; one where the guest has no NUMA of its own */
    size_t n_cells;
    uint16_t *distances;          /* [cell * n_cells + cell], as their nodes' are; NULL: one cell, or not known */
    struct vn_cpuset *vcpupin;    /* by vCPU number */
    size_t n_vcpus;
    bool has_emulatorpin;
    struct vn_cpuset emulatorpin;
    struct vn_pin *iothreadpins;
    size_t n_iothreadpins;
    uint64_t hugepage_kib;        /* 0: ordinary pages */
    bool memory_preferred;        /* memory mode preferred instead of strict */
    struct vn_guest_topology topology; /* what the guest should see; all 0: leave as it is */
    char *why;
};

/** The objective, lexicographic in this order; the first is the larger the better. */
struct vn_cost {
    uint64_t placed_vcpus; /* dedicated vCPUs */
    double distance, device;
    uint64_t l3, moved_kib;
};

/** What can be missing. MOVED: memory that may be moved. */
enum vn_resource {
    VN_RES_CPUS,
    VN_RES_CORES,
    VN_RES_MEMORY,
    VN_RES_HUGEPAGES,
    VN_RES_NODES,
    VN_RES_SHARED_CPUS,
    VN_RES_MOVED,
    VN_RES_N,
};
const char *vn_resource_name(enum vn_resource resource);

/** struct vn_blocking - what is missing where: with need there, instead of free. CPUs, cores, nodes, KiB or pages. */
struct vn_blocking {
    enum vn_resource resource;
    int node; /* -1: the host as a whole */
    uint64_t need, free;
    uint64_t others; /* would be free too without the other VMs that are planned */
};
/** struct vn_repair - one move of a VM that stays; after all of them, in order, there is room. */
struct vn_repair {
    char *name; /* the VM to move */
    int node;   /* to here */
    uint64_t memory_kib;
};
struct vn_unplaced {
    char *name;
    struct vn_blocking *blocking; /* each does alone; with @together all are needed, and none is to spare */
    size_t n_blocking;
    bool together;
    bool fits_alone; /* without the other VMs that are planned */
    struct vn_repair *repair; /* none: no moves are known that make room */
    size_t n_repair;
};

enum vn_step_kind {
    VN_STEP_DEFINE,       /* stored XML: xml_before -> xml_after */
    VN_STEP_VCPUPIN,      /* live pins: cpus_before -> cpus_after, of vCPU index */
    VN_STEP_EMULATORPIN,
    VN_STEP_IOTHREADPIN,
    VN_STEP_NODESET,      /* live <numatune> nodeset: nodes_before -> nodes_after */
    VN_STEP_MOVE_MEMORY,  /* resident memory of cell (-1: the whole guest) to node_to */
    VN_STEP_SAVE_RESTORE, /* save, restore with xml_after: pauses the guest */
    VN_STEP_SETTING,      /* one named value: of the running VM, or of the host (vm is "") */
};
const char *vn_step_kind_name(enum vn_step_kind kind);
int vn_step_kind_parse(const char *name); /* -1 when unknown */

enum vn_when { VN_WHEN_LIVE, VN_WHEN_NEXT_START };

/** struct vn_step - one change with its inverse: swap before and after. */
struct vn_step {
    enum vn_step_kind kind;
    enum vn_when when;
    char *vm, *uuid;
    unsigned index;                           /* vCPU or IOThread */
    struct vn_cpuset cpus_before, cpus_after;
    struct vn_nodeset nodes_before, nodes_after;
    int cell;                                 /* MOVE_MEMORY: -1 for the whole guest */
    int node_to;                              /* MOVE_MEMORY */
    uint64_t *kib_before;                     /* MOVE_MEMORY: resident for each of n_kib nodes, to go back */
    int *kib_nodes;                           /* MOVE_MEMORY: ids of those nodes */
    size_t n_kib;
    uint64_t move_kib;                        /* MOVE_MEMORY: how much is elsewhere now */
    char *xml_before, *xml_after;             /* DEFINE, SAVE_RESTORE */
    char *key;                                /* SETTING: as the door knows it (src/port/hypervisor.h) */
    char *value_before, *value_after;         /* SETTING: "" for none */
    char *reason;
};

/** struct vn_plan - placements, their cost, why, and the steps. Owns its arena. */
struct vn_plan {
    struct vn_arena arena;
    bool optimal;
    struct vn_cost cost, bound;
    struct vn_placement *vms;
    size_t n_vms;
    struct vn_unplaced *unplaced;
    size_t n_unplaced;
    struct vn_step *steps;
    size_t n_steps;
    char **notes; /* sentences for the reader: what the plan cannot do, what to do first; a command after '\n' */
    size_t n_notes;
};
void vn_plan_drop(struct vn_plan *plan);
const struct vn_placement *vn_plan_vm(const struct vn_plan *plan, const char *name);

#endif
