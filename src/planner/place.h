/* SPDX-License-Identifier: MIT */
#ifndef VN_PLANNER_PLACE_H
#define VN_PLANNER_PLACE_H

#include "planner/pick.h"
#include "planner/room.h"

/*
 * What an assignment of a VM's cells to nodes costs, compared in this order. The first four are
 * the objective; the rest decides ties: memory that would come from elsewhere (preferred only),
 * cells not where they are now, and what the choice takes of the room for what may come.
 */
enum { SC_DISTANCE, SC_DEVICE, SC_L3, SC_MOVED, SC_SPILL, SC_UNKEPT, SC_ROOM, SC_N, SC_COST_N = SC_SPILL };
struct score {
    uint64_t s[SC_N];
};

/** Where one VM goes. */
struct spot {
    bool placed;
    size_t k;
    struct vn_cell_size *cells;
    size_t *node;       /* by cell: position of its node */
    uint16_t *cpus;     /* dedicated: by cell, then by vCPU within the cell */
    int spare;          /* the CPU of an isolated emulator; -1 */
    struct score score;
    struct score bound; /* no placement in that room costs less */
    struct score floor; /* nor has less of any one figure */
    bool exact;         /* the score's cost is proved the least */
};

/** Nodes that are chosen already. */
struct hint {
    size_t k;
    const struct vn_cell_size *cells;
    const size_t *node; /* by cell */
};

/** What placing needs to know besides the room; made once for a plan. */
struct place {
    struct vn_arena *arena; /* what lives as long as the plan is made */
    const struct vn_problem *problem;
    const struct topo *topo;
    struct picker *picker;
    uint64_t budget;        /* steps of search for each VM */
    uint64_t max_move_kib;  /* UINT64_MAX: no limit */
    bool fit_only;          /* it is asked whether it fits, not where it is best */
    bool choices;           /* the plan says of every node what it would have been to each cell */
    bool stay;              /* what a VM has now is kept wherever it holds, better or not */
    const struct hint *hint; /* NULL: any nodes */
};

/** Cells of one VM against the nodes: who fits where, and what each pair costs. */
struct grid {
    size_t k, n;
    const struct vn_cell_size *cells;
    bool *fits;       /* [cell * n + node] */
    struct score *unit;
    bool *same;       /* [cell]: as the cell before in every respect that matters */
    int *current;     /* [cell]: the node it is on now; -1 */
    const size_t *devices; /* nodes of the VM's devices */
    size_t n_devices;
    const struct keep *keep; /* what the room is worth to later VMs; NULL: not asked */
    bool l3_open;            /* fewer L3 domains than the units say may do, for some */
    /* memory moved = moved_base + the units' SC_MOVED - moved_less; never below 0 */
    uint64_t moved_base, moved_less;
};

/* place.c */
/** place_vm() - 1 placed, 0 it does not fit, or -VN_E_NOMEM. With @stay only where it is now. */
int place_vm(struct place *place, const struct room *room, size_t vm, bool stay, struct spot *ret);
void place_commit(struct place *place, struct room *room, size_t vm, const struct spot *spot);

/* grid.c */
/** A cell's want; its CPUs on @node with what they are worth. False when they are not there. */
struct pick_want cell_want(const struct vn_request *vm, size_t cell, unsigned vcpus);
bool cell_pick(struct place *place, const struct room *room, size_t vm, const struct vn_cell_size *cells, size_t k,
               size_t cell, size_t node, uint16_t *ret_cpus, int *ret_spare, struct pick_worth *ret_worth);
/** node_capacity() - the most vCPUs that a cell of the VM can have on @node; -1: not even the emulator. */
long node_capacity(const struct room *room, const struct vn_request *vm, size_t cell, size_t node);
/** cell_vcpu() - number of the i-th vCPU of a cell; cells in order of numbers where the request says nothing. */
unsigned cell_vcpu(const struct vn_request *vm, const struct vn_cell_size *cells, size_t k, size_t cell, unsigned i);
/** place_moved() - KiB that have to move to get the VM there. 0 or -VN_E_NOMEM. */
int place_moved(struct place *place, size_t vm, const struct spot *spot, uint64_t *ret);
int grid_new(struct place *place, const struct room *room, size_t vm, const struct vn_cell_size *cells, size_t k,
             struct vn_arena *scratch, struct grid *ret);

/* search.c */
struct search_result {
    size_t *node; /* by cell */
    struct score score, bound, floor;
    bool exact;
};
/** search() - 1 found, 0 no assignment, -VN_E_NOMEM. */
int search(const struct place *place, const struct grid *grid, struct vn_arena *scratch, struct search_result *ret);
int score_cmp(const struct score *a, const struct score *b, size_t n);
/** score_of() - the cost of cells on these nodes. */
void score_of(const struct topo *topo, const struct grid *grid, const size_t *node, struct score *ret);
/** matching() - cells to nodes that fit, each node once; how many cells got one. -VN_E_NOMEM. */
int matching(const struct grid *grid, struct vn_arena *scratch, size_t *ret_node);

/* split.c */
/** split_grains() - the pieces the VM's memory is split in: huge pages, else MiB. */
uint64_t split_grains(const struct vn_request *vm);
/** split_equal() - into k cells as equal as can be; with @unit > 1 in whole groups of that many vCPUs. */
void split_equal(const struct vn_request *vm, size_t k, unsigned unit, struct vn_cell_size *ret);
/** split_uneven() - into k cells that some k nodes can hold, as equal as those allow. 1, 0 or -VN_E_NOMEM. */
int split_uneven(struct place *place, const struct room *room, size_t vm, size_t k, struct vn_cell_size *ret);

#endif
