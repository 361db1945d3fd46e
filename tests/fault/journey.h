/* SPDX-License-Identifier: MIT */
#ifndef VN_TESTS_JOURNEY_H
#define VN_TESTS_JOURNEY_H

#include "../fake/fakehv.h"
#include "app/app.h"

/* One host, one journal on disk, one plan: what every fault is tried on. */
struct journey {
    struct fake_host *host;
    struct fake_state before, after; /* after: what a whole apply makes of it */
    char dir[64];
    struct vn_plan plan;
    struct vn_apply_opts opts;
};

void journey_begin(struct journey *j);
void journey_end(struct journey *j);
/** journey_reset() - the host as it was, an empty journal. */
void journey_reset(struct journey *j);

enum journey_act { JOURNEY_APPLY, JOURNEY_UNDO, JOURNEY_RECOVER };

/** A hook that counts points and kills this process with SIGKILL at the kill_at-th (0: never). */
struct journey_bomb {
    int points, kill_at;
};

/**
 * journey_run() - one act with a store and door of its own, as a process of its own has.
 * @ret: filled for apply and undo; dropped by the caller; may be NULL
 */
int journey_run(struct journey *j, enum journey_act act, struct journey_bomb *bomb, struct vn_applied *ret,
                struct vn_recovered *ret_recovered, struct vn_err *err);

/** journey_killed() - the act in a child that dies at point @kill_at; false when it came to its end before. */
bool journey_killed(struct journey *j, enum journey_act act, int kill_at);

/** journey_is() - does the host look like @state? */
bool journey_is(const struct journey *j, const struct fake_state *state);

#endif
