/* SPDX-License-Identifier: MIT */
#ifndef VN_PLANNER_ROOM_H
#define VN_PLANNER_ROOM_H

#include <vnuma/problem.h>

#include "planner/topo.h"

/*
 * What is left on the host: CPUs for dedicated vCPUs, room for floating ones, memory and huge
 * pages. Changed as VMs are placed; copied for each attempt.
 */
struct room {
    const struct topo *topo;
    bool named;                /* the host names a shared set */
    struct vn_cpuset avail;    /* a dedicated vCPU could have these */
    struct vn_cpuset gone;     /* taken, or blocked because a VM wants its siblings unused */
    struct vn_cpuset floating; /* floating vCPUs may use these, those in gone excepted */
    double *demand;            /* CPUs promised to floating vCPUs, by node */
    size_t n_kinds;
    uint64_t *kinds;           /* page sizes; kinds[0] is 0: ordinary pages */
    uint64_t *mem;             /* [kind * nodes + node]: KiB, or pages; what strict memory left */
    uint64_t *preferred;       /* [kind]: promised to memory that may come from any node */
};

/** Where a VM's memory is taken from, and in what units. */
struct mem_need {
    size_t kind;
    uint64_t amount; /* KiB or pages */
};

/**
 * room_new() - the host with what stays taken out: VMs that are not movable, and those with
 * keep[i]; the others' own memory is given back. NULL when out of memory.
 */
struct room *room_new(struct vn_arena *arena, const struct topo *topo, const struct vn_problem *problem,
                      const bool *keep);
struct room *room_copy(struct vn_arena *arena, const struct room *room);
/** room_assign() - @to, a copy of a room of the same problem, becomes as @from. */
void room_assign(struct room *to, const struct room *from);
/** room_keep() - the CPUs and the floating that a VM has where it is now; its memory is not in the room's. */
void room_keep(struct room *room, const struct vn_request *vm);
/** room_release() - the memory that the VM has now is free again. 0 or -VN_E_NOMEM. */
int room_release(struct room *room, struct vn_arena *arena, const struct vn_request *vm);

/** room_take() - dedicated CPUs are gone; with @whole_cores their siblings too. */
void room_take(struct room *room, const struct vn_cpuset *cpus, bool whole_cores);
/** room_floating() - the CPUs that floating vCPUs have on @node. */
void room_floating(const struct room *room, size_t node, struct vn_cpuset *ret);
/** room_free() - the CPUs of @node that dedicated vCPUs may take, if floating ones can do without them. */
void room_free(const struct room *room, size_t node, struct vn_cpuset *ret);
/** room_holds_back() - may dedicated vCPUs take only some of @node's CPUs, as others have to stay for floating ones? */
bool room_holds_back(const struct room *room, size_t node);
/** room_spare() - how many CPUs floating vCPUs can do without on @node, were there @more of them. */
unsigned room_spare(const struct room *room, size_t node, unsigned more);
/**
 * room_usable() - CPUs of @node that dedicated vCPUs may take, all of them: as many as there can be, of whole cores
 * first, in order of numbers. For a policy that takes whole cores others may be better: floats_usable().
 */
void room_usable(const struct room *room, size_t node, struct vn_cpuset *ret);
/** room_mem() - @memory_kib of a VM with that page size in the room's units. */
struct mem_need room_mem(const struct room *room, uint64_t memory_kib, uint64_t hugepage_kib);
uint64_t *room_mem_at(const struct room *room, size_t kind, size_t node);
/** room_mem_total() - what all nodes together have left for more memory of that kind. */
uint64_t room_mem_total(const struct room *room, size_t kind);

/** vm_resident() - where the VM's memory is now, by node, in @ret (zeroed by the caller). */
void vm_resident(const struct topo *topo, const struct vn_request *vm, uint64_t *ret);
double vm_overcommit(const struct vn_request *vm);

#endif
