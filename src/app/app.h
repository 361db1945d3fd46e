/* SPDX-License-Identifier: MIT */
#ifndef VN_APP_APP_H
#define VN_APP_APP_H

#include <vnuma/doctor.h>
#include <vnuma/planner.h>

#include "port/clock.h"
#include "port/hypervisor.h"
#include "port/progress.h"
#include "port/statistics.h"
#include "port/store.h"

/* Use cases. They reach the world through ports only. */

struct vn_app {
    struct vn_hypervisor *hv;
    struct vn_store *store;         /* NULL for commands that change nothing */
    const struct vn_policy *policy; /* the configuration file; NULL: what the snapshot carries */
    const struct vn_progress *progress;
    struct vn_clock clock;
    /* tests only: called between any two things that last, so that a fault hook can kill there:
     * "begin", "recorded", "begun 3", "did 3", "done 3", "end", "ended"; on the way back
     * "undoing 3", "took 3", "undone 3" */
    void (*at)(void *self, const char *point);
    void *at_self;
};

/** vn_app_observe() - a snapshot with the policies in it. names: VMs read in depth; n 0: all. */
VN_NODISCARD int vn_app_observe(struct vn_app *app, const char *const *names, size_t n_names,
                                struct vn_snapshot *ret, struct vn_err *err);

/**
 * vn_app_recall_pins() - on a host where nothing is stored: each thread's configured pin becomes the one that the journal
 * says was applied, so that what somebody changed since is seen. For looking only: a plan starts from what is. Elsewhere,
 * and without a journal: nothing.
 */
VN_NODISCARD int vn_app_recall_pins(struct vn_app *app, struct vn_snapshot *now, struct vn_err *err);

/** What an apply may do; also what plan shows steps for. */
struct vn_apply_opts {
    bool save_restore;  /* --via save-restore */
    bool live, config;  /* scope; both where both exist */
    bool move_memory;   /* default true; --no-move */
    bool dry_run;
    unsigned lock_wait_ms;
    double min_local_pct;
    bool by_hand;       /* a lever: what was asked for is verified, not the whole of the VM's placement */
    struct vn_planner_opts planner;
    bool force;         /* undo: also what somebody changed since */
};

/** vn_app_plan() - observe's snapshot + query -> the plan with its steps, XML filled in. ret_problem (may be NULL) for drawing. */
VN_NODISCARD int vn_app_plan(struct vn_app *app, const struct vn_snapshot *snapshot,
                             const struct vn_plan_query *query, const struct vn_apply_opts *opts,
                             struct vn_problem *ret_problem, struct vn_plan *ret_plan, struct vn_err *err);

/** What recovery found and did: one for each interrupted apply. */
struct vn_recovered {
    struct vn_arena arena;
    struct vn_journal_entry *entries; /* state is the state after recovery */
    size_t n_entries;
};
void vn_recovered_drop(struct vn_recovered *recovered);

/** What an apply or undo did, for the report. Owns its arena. */
struct vn_applied {
    struct vn_arena arena;
    int64_t id;                 /* journal entry; 0: nothing was recorded */
    enum vn_apply_state state;
    struct vn_journal_step *steps;
    size_t n_steps;
    uint64_t moved_kib, paused_ms;
    struct vn_findings drift;   /* what verify found afterwards */
    struct vn_recovered recovered; /* what a crash had left and was mended first */
};
void vn_applied_drop(struct vn_applied *applied);

/**
 * vn_app_apply() - carry out a plan on the host it was made for: lock, recover what a crash left,
 * re-observe and compare preconditions, journal, steps, verify; a failing step undoes the earlier.
 * Errors: -VN_E_REFUSED, -VN_E_STALE, -VN_E_BUSY: nothing was changed; -VN_E_UNDONE; -VN_E_PARTIAL
 */
VN_NODISCARD int vn_app_apply(struct vn_app *app, const struct vn_plan *plan, const struct vn_apply_opts *opts,
                              const char *what, struct vn_applied *ret, struct vn_err *err);

/** vn_app_undo() - take back entry @id (0: the newest that is done, of this host). */
VN_NODISCARD int vn_app_undo(struct vn_app *app, int64_t id, const struct vn_apply_opts *opts,
                             struct vn_applied *ret, struct vn_err *err);

/** vn_app_recover() - finish or undo every apply of this host that a crash interrupted. Takes the lock. */
VN_NODISCARD int vn_app_recover(struct vn_app *app, unsigned lock_wait_ms, struct vn_recovered *ret, struct vn_err *err);

/** vn_app_verify() - drift of the VMs named (n 0: every VM that runs, and the stored against the live). */
VN_NODISCARD int vn_app_verify(struct vn_app *app, const char *const *names, size_t n_names,
                               const struct vn_drift_opts *opts, struct vn_findings *ret, struct vn_err *err);

/**
 * vn_app_stat_processes() - the memory of processes, each named by its id or by a text in its command line; one that
 * is named twice is there once. One alone is divided by kind unless a sample is asked for.
 * Errors: -VN_E_ABSENT nobody of that name; -VN_E_ENV not one of them may be looked at
 */
VN_NODISCARD int vn_app_stat_processes(struct vn_statistics *stats, const char *const *names, size_t n_names,
                                       const struct vn_stat_opts *opts, struct vn_memstats *ret, struct vn_err *err);

/**
 * vn_app_stat_vms() - the memory of VMs (n 0: of every one that runs), by cell where they have some. @stats NULL: what
 * the snapshot has, for a host that is not this one.
 * Errors: as above; -VN_E_REFUSED a VM that does not run
 */
VN_NODISCARD int vn_app_stat_vms(struct vn_app *app, struct vn_statistics *stats, const char *const *names,
                                 size_t n_names, const struct vn_stat_opts *opts, struct vn_memstats *ret,
                                 struct vn_err *err);

#endif
