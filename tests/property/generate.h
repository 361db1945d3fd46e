/* SPDX-License-Identifier: MIT */
#ifndef TEST_PROPERTY_GENERATE_H
#define TEST_PROPERTY_GENERATE_H

#include "../unit/planner/paper.h"

/* Random small problems: the same seed makes the same one. */

enum { MOST_NODES = 4, MOST_MOVABLE = 3 };

/** A problem, and what a test has to know of it. */
struct generated {
    struct vn_problem problem;
    unsigned n_fixed, n_movable; /* the movable VMs come last */
    uint64_t used_kib[MOST_NODES]; /* memory in use that belongs to no VM of the problem */
};

void generate(uint64_t seed, struct generated *ret);

/** pick() - a number below @below, 0 for 0; chance() - true that many times of a hundred. */
unsigned pick(unsigned below);
bool chance(unsigned percent);
void pick_from(uint64_t seed);

#endif
