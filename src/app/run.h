/* SPDX-License-Identifier: MIT */
#ifndef VN_APP_RUN_H
#define VN_APP_RUN_H

#include "app/act.h"

/* A journal entry being worked on: apply, undo and recovery share it. Private to the app room. */
struct vn_run {
    struct vn_app *app;
    struct vn_arena *arena; /* of the result the steps belong to */
    int64_t id;
    struct vn_journal_step *steps;
    size_t n_steps;
    struct vn_act_sums sums;
};

/** vn_run_may_change() - -VN_E_ENV on a connection that allows looking only. */
VN_NODISCARD int vn_run_may_change(const struct vn_app *app, struct vn_err *err);

/** vn_run_at() - the tests' hook: @what alone, or with the step's number. */
void vn_run_at(const struct vn_app *app, const char *what);
void vn_run_at_step(const struct vn_app *app, const char *what, size_t step);

/** vn_run_set() - a step's new state, in memory and durably; @note NULL: as it is. */
VN_NODISCARD int vn_run_set(struct vn_run *run, size_t step, enum vn_step_state state, const char *note,
                            struct vn_err *err);

/** vn_run_observe() - the VMs that the steps name; those that are gone are simply not there. */
VN_NODISCARD int vn_run_observe(struct vn_app *app, const struct vn_journal_step *steps, size_t n_steps,
                                struct vn_snapshot *ret, struct vn_err *err);

/** How the way back is gone. */
struct vn_back_opts {
    bool memory; /* also memory moves */
    bool force;  /* also what somebody changed since */
};

/**
 * vn_run_back() - take every step back that was done or half done, in reverse. Nothing stops it:
 * what cannot be taken back is left in state STUCK with a note.
 * @now:  the VMs as they are; NULL: not known, every inverse is tried
 * @host: topology, for memory
 * Returns 0, or the first error of the journal's (the steps' states in @run are right all the same).
 */
VN_NODISCARD int vn_run_back(struct vn_run *run, const struct vn_snapshot *now, const struct vn_host *host,
                             const struct vn_back_opts *opts, struct vn_err *err);

/** vn_run_stuck() - how many steps are STUCK. */
size_t vn_run_stuck(const struct vn_run *run);

/** vn_run_can_go_back() - has the step anything to take back, by its state? */
bool vn_run_can_go_back(const struct vn_journal_step *step, bool memory);

/** vn_run_is_half() - is what @found half of this step's own doing, or of its way back's, and nobody else's? */
bool vn_run_is_half(const struct vn_journal_step *step, enum vn_look found);

/** vn_step_copy() - @from in full in @arena. */
VN_NODISCARD int vn_step_copy(struct vn_arena *arena, const struct vn_step *from, struct vn_step *ret,
                              struct vn_err *err);

/** vn_check_steps() - does each step's "before" still hold? -VN_E_ABSENT, -VN_E_STALE name the first that does not. */
VN_NODISCARD int vn_check_steps(struct vn_app *app, const struct vn_snapshot *now, const struct vn_journal_step *steps,
                                size_t n_steps, struct vn_err *err);

/** vn_check_room() - is there room for the memory the steps move, one after the other? -VN_E_REFUSED */
VN_NODISCARD int vn_check_room(const struct vn_snapshot *now, const struct vn_journal_step *steps, size_t n_steps,
                               struct vn_err *err);

/** vn_recover_locked() - vn_app_recover() for who holds the lock. */
VN_NODISCARD int vn_recover_locked(struct vn_app *app, struct vn_recovered *ret, struct vn_err *err);

/** vn_verify_into() - the drift of the VMs that the steps name, into @ret; what cannot be read is a finding. */
VN_NODISCARD int vn_verify_into(struct vn_app *app, const struct vn_journal_step *steps, size_t n_steps,
                                const struct vn_apply_opts *opts, struct vn_findings *ret, struct vn_err *err);

/** vn_scope_has() - is a step within what the options allow? */
bool vn_scope_has(const struct vn_apply_opts *opts, const struct vn_step *step);

#endif
