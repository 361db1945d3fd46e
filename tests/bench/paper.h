/* SPDX-License-Identifier: MIT */
#ifndef VN_BENCH_PAPER_H
#define VN_BENCH_PAPER_H

#include <vnuma/problem.h>

/* Hosts and VMs on paper, the same for the same seed. */

/** A shape of host, and how many VMs are on it. */
struct paper {
    unsigned nodes, cores; /* cores of a node, of two CPUs each; 16 CPUs share an L3 */
    unsigned placed;       /* VMs that stay, where arrivals and departures left them */
};

/** paper_one() - that host and one VM more, of a size, cells and policy that the seed gives. */
void paper_one(const struct paper *paper, uint64_t seed, struct vn_problem *ret);
/** paper_cells() - an empty host, @holding of its nodes with memory, and a VM of @cells equal cells of @vcpus each. */
void paper_cells(const struct paper *paper, unsigned cells, unsigned vcpus, unsigned holding, struct vn_problem *ret);
/** paper_many() - an empty host and @vms VMs to place together. */
void paper_many(const struct paper *paper, unsigned vms, uint64_t seed, struct vn_problem *ret);
/** paper_nova() - the problem as a line of JSON that nova_peer.py reads; its movable VMs are the instances. */
void paper_nova(const struct vn_problem *problem);

#endif
