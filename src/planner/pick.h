/* SPDX-License-Identifier: MIT */
#ifndef VN_PLANNER_PICK_H
#define VN_PLANNER_PICK_H

#include <vnuma/policy.h>

#include "planner/topo.h"

/* Which CPUs of one node a cell gets. */

/** What a cell wants of its node. */
struct pick_want {
    unsigned vcpus;
    enum vn_threads_policy threads;
    bool spare; /* one more CPU, for the emulator */
};

/** What a choice of CPUs is worth. */
struct pick_worth {
    unsigned l3;      /* L3 domains touched: fewer is better */
    unsigned aligned; /* vCPUs whose predecessor sits on the same core: more is better */
    unsigned broken;  /* cores that were whole and are no more: fewer is better */
    bool open;        /* fewer L3 domains may do */
};

/** What a node has for dedicated vCPUs. */
struct pick_room {
    unsigned free, loose; /* CPUs; those of them on cores that are not whole */
    unsigned whole_cpus, whole_cores;
    unsigned min_core;    /* CPUs of the smallest whole core */
    unsigned max_core;
};

struct pick_domain {
    int32_t l3; /* -1: CPUs with none known, which cost nothing */
    unsigned cap, whole;
    bool used;
};

/** Scratch space, made once. */
struct picker {
    const struct topo *topo;
    struct pick_domain *domains;
    size_t n_domains;
    uint8_t *state; /* by core: see pick.c */
};

struct picker *picker_new(struct vn_arena *arena, const struct topo *topo);
void pick_room(const struct topo *topo, size_t node, const struct vn_cpuset *usable, struct pick_room *ret);
/** pick_capacity() - the most vCPUs a cell with that want can have; -1 when not even the spare one fits. */
int pick_capacity(const struct pick_room *room, const struct pick_want *want);
/**
 * pick_cpus() - ret_cpus[want->vcpus] in vCPU order, and the spare CPU (-1 when not wanted).
 * False when the node does not have them.
 */
bool pick_cpus(struct picker *picker, size_t node, const struct vn_cpuset *usable, const struct pick_want *want,
               uint16_t *ret_cpus, int *ret_spare);
/** pick_valid() - could these CPUs be the choice? */
bool pick_valid(const struct topo *topo, const struct vn_cpuset *usable, const struct pick_want *want,
                const uint16_t *cpus, int spare);
void pick_worth(const struct topo *topo, const struct vn_cpuset *usable, const uint16_t *cpus, unsigned n, int spare,
                struct pick_worth *ret);

#endif
