/* SPDX-License-Identifier: MIT */
#ifndef VNUMA_PROBLEM_H
#define VNUMA_PROBLEM_H

#include <vnuma/host.h>
#include <vnuma/plan.h>
#include <vnuma/policy.h>

/** struct vn_request - one VM of a problem. */
struct vn_request {
    char *name, *uuid;              /* uuid "" on paper */
    unsigned vcpus;
    uint64_t memory_kib;
    struct vn_vm_policy policy;     /* complete: cells, policy, threads, emulator, ... */
    struct vn_cpuset *cell_vcpus;   /* which vCPUs each cell of policy.cells.list has; NULL: in order */
    char **devices;                 /* names of host devices */
    size_t n_devices;
    unsigned *iothread_ids;
    size_t n_iothreads;
    struct vn_placement *placed;    /* where it is now; NULL: nowhere yet */
    uint64_t *resident_kib;         /* its memory now, one for each host node, not part of free_kib;
                                       NULL: what placed says, or none */
    bool movable;                   /* false: it stays where placed says */
    uint64_t *cell_kib;             /* its memory now by cell of policy.cells.list: [cell * host nodes + node];
                                       NULL: not known by cell */
    size_t n_cell_kib;              /* cells that cell_kib has */
};

/**
 * struct vn_problem - a host, and the VMs on it: those with movable are to be placed, the others
 * only take room. Owns its arena.
 * Memory: free_kib of a node is without the memory of the VMs that are placed.
 */
struct vn_problem {
    struct vn_arena arena;
    struct vn_host host;
    struct vn_request *vms; /* in the order given (a snapshot's: by name) */
    size_t n_vms;
};
void vn_problem_drop(struct vn_problem *problem);

#endif
