/* SPDX-License-Identifier: MIT */
#ifndef VN_PLANNER_WHATIF_H
#define VN_PLANNER_WHATIF_H

#include "planner/place.h"

/** More on one node. CPUs are for the vCPUs, one for the emulator of a floating VM is extra. */
struct whatif_given {
    uint64_t cpus, emulator, mem;
};

/** What a node has, in the figures that decide whether a cell fits. */
struct whatif_node {
    struct pick_room has;      /* for dedicated vCPUs */
    unsigned promised;         /* CPUs that floating VMs were promised and do not have */
    double floating;           /* CPUs that float, less those promised; may be below 0 */
    bool for_emulator, beside; /* a CPU that an emulator could have; one that nobody floats over */
    uint64_t mem;              /* of the VM's kind */
    struct whatif_given given;
    long cap[2]; /* with what is given: vCPUs for cell 0, and for another cell; -1: not even the emulator */
};

/** What there could be more of: on one node, or (position -1) on the host, which is some node. */
struct whatif_more {
    enum vn_resource resource;
    int at;
    uint64_t most, more; /* no more than that is of any use; what is given now */
};

struct whatif {
    struct place *place;
    const struct room *room;
    const struct vn_request *vm;
    const struct vn_cell_size *cells; /* NULL: as few as can be */
    size_t k, n;
    size_t kind;
    uint64_t amount;       /* memory of all cells, in the units of its kind */
    uint64_t *need;        /* of each cell that is given */
    uint64_t grains, unit; /* in what pieces a VM is divided as its nodes allow, and what one is */
    struct whatif_node *nodes;
    struct whatif_more *list;
    size_t n_list;
    struct whatif_given host; /* given to some node */
    uint64_t more_mem, more_nodes;
    struct whatif_share *shares; /* scratch, by node */
    bool *fits;
    size_t *spot;
};

/** whatif_new() - @w has place, room, vm, cells and k. 0 or -VN_E_NOMEM. */
int whatif_new(struct whatif *w, struct vn_arena *scratch);
/** whatif_add() - one more thing that there could be more of; 0 or -VN_E_NOMEM. */
int whatif_add(struct whatif *w, struct vn_arena *scratch, enum vn_resource resource, int at, uint64_t most);
/** whatif_set() - so much more of an item of the list is given. */
void whatif_set(struct whatif *w, struct whatif_more *item, uint64_t more);
/** whatif_fits() - does the VM fit with all that is given now? 1, 0 or -VN_E_NOMEM. Counts only: no limit on moves. */
int whatif_fits(struct whatif *w);
/** whatif_guess() - with none of the item given: how much of it might be just enough. */
uint64_t whatif_guess(const struct whatif *w, const struct whatif_more *item);
/** whatif_free() - how much of it there is. */
uint64_t whatif_free(const struct whatif *w, const struct whatif_more *item);
/** whatif_cpus() - CPUs for dedicated vCPUs, whole cores of them, or CPUs to float over. */
enum vn_resource whatif_cpus(const struct vn_request *vm);

#endif
