/* SPDX-License-Identifier: MIT */
#ifndef VN_BENCH_COMING_H
#define VN_BENCH_COMING_H

#include <vnuma/planner.h>

/* VMs that come and go on hosts that exist on paper: what bench-streams and bench-hindsight share. */

#define GIB (UINT64_C(1) << 20) /* in KiB */

enum { ARRIVALS = 400, MOST_LIVE = 512, MOST_NODES = 8, PAGE_KIB = 2048, SHAPES = 3 };

struct shape {
    const char *name;
    unsigned nodes, cpus; /* CPUs of a node, two a core */
    unsigned l3_cpus;     /* CPUs of an L3 domain */
};

extern const struct shape shapes[SHAPES];

struct guest {
    struct vn_request request;
    struct vn_plan plan; /* owns the placement */
    double ends;
};

struct sim {
    struct vn_problem problem; /* the host as it is now; vms is room for every live one and one more */
    struct guest live[MOST_LIVE];
    size_t n_live;
    unsigned placed, refused, avoidable, divided;
    uint64_t vcpus;
};

/* A VM that comes: when, and until when it stays if it finds a place. */
struct coming {
    struct vn_request vm;
    double at, ends;
};

void *must(void *p);
/** coming_draw() - all of a stream's VMs; the same for each rule. Their names hold until the next call. */
void coming_draw(const struct shape *shape, uint64_t seed, double load, struct coming *ret);
void make_host(const struct shape *shape, struct vn_problem *problem);
/** account() - memory that a placement takes, or gives back. */
void account(struct vn_host *host, const struct vn_placement *at, bool take);
/** place() - @vm beside what is live; true when it fits. Only the nodes in @only may be used. */
bool place(struct sim *sim, const struct vn_request *vm, const bool *only, struct vn_plan *ret);
unsigned free_cpus(const struct sim *sim, size_t n);
/** avoidable() - would all that is live, placed anew on the empty host, fit with this one? */
bool avoidable(const struct shape *shape, const struct sim *sim, const struct vn_request *vm);

#endif
