/* SPDX-License-Identifier: MIT */
#ifndef VN_APP_ACT_H
#define VN_APP_ACT_H

#include "app/app.h"

/* One step: looked at, carried out, taken back. Private to the app room. */

enum vn_look {
    VN_LOOK_BEFORE,  /* as it was before the step (also when before and after are the same) */
    VN_LOOK_AFTER,   /* as the step leaves it; of a memory move: not as before */
    VN_LOOK_BETWEEN, /* a number of a VM's that lies between both: half of a step, where one was begun */
    VN_LOOK_NEITHER, /* somebody else changed it */
    VN_LOOK_UNKNOWN, /* nobody can say whether the VM of that name is the one that was changed */
    VN_LOOK_GONE,    /* no such VM any more, or off and the step is about what runs */
};

/**
 * vn_act_look() - where the thing a step changes is now, by @snapshot (save-restore: by asking).
 * @exact:   the step's xml_after is what the host made of it; else a stored XML that only says the
 *           same about placement is "after" too (the process died before it could record that)
 * @ret_now: a phrase about what is there, of @arena's: "pinned to 4"; never NULL on success
 */
VN_NODISCARD int vn_act_look(struct vn_app *app, const struct vn_snapshot *snapshot, const struct vn_step *step,
                             bool exact, struct vn_arena *arena, enum vn_look *ret_look, char **ret_now,
                             struct vn_err *err);

/** vn_act_pin_now() - where the thread that a pinning step is about may run now, as configured; without a pin all that
 *  is online. */
void vn_act_pin_now(const struct vn_host *host, const struct vn_vm *vm, const struct vn_step *step,
                    struct vn_cpuset *ret);
/** vn_act_same_pin() - pins are the same where they are on the CPUs that are online: "all" may or may not name the
 *  others. */
bool vn_act_same_pin(const struct vn_cpuset *a, const struct vn_cpuset *b, const struct vn_cpuset *online);

/** vn_act_name() - the step as a phrase, "pin vCPU 3 of db32 to 4"; "" when out of memory. */
const char *vn_act_name(struct vn_arena *arena, const struct vn_step *step);

/** What steps added up to. */
struct vn_act_sums {
    uint64_t moved_kib, paused_ms;
};

/**
 * vn_act_do() - carry the step out. A DEFINE's xml_after becomes what the host made of it
 * (a string of @arena's).
 */
VN_NODISCARD int vn_act_do(struct vn_app *app, struct vn_step *step, struct vn_arena *arena,
                           struct vn_act_sums *sums, struct vn_err *err);

/**
 * vn_act_back() - the inverse of a step that was done or half done.
 * Errors: also -VN_E_IO when it took, but what is there now is not what was
 */
VN_NODISCARD int vn_act_back(struct vn_app *app, const struct vn_host *host, const struct vn_step *step,
                             struct vn_act_sums *sums, struct vn_err *err);

/** vn_act_move_back() - the inverse of a memory move: to each node what it had (src/app/move.c). */
VN_NODISCARD int vn_act_move_back(struct vn_app *app, const struct vn_host *host, const struct vn_step *step,
                                  struct vn_act_sums *sums, struct vn_err *err);

/** vn_move_look() - BEFORE when each node has what it had, but for what a guest does meanwhile; GONE without the cell; else AFTER. */
enum vn_look vn_move_look(const struct vn_host *host, const struct vn_vm *vm, const struct vn_step *step);

/**
 * vn_prepare_pins() - the steps that have to come before the pins among @steps: settings of the VM, where the host
 * wants any (a cpuset that is the guest's own and too small). Those that @steps has already are left out. Of @arena's.
 */
VN_NODISCARD int vn_prepare_pins(struct vn_app *app, const struct vn_step *steps, size_t n_steps,
                                 struct vn_arena *arena, struct vn_step **ret, size_t *ret_count, struct vn_err *err);

/** vn_act_is_pin() - of a vCPU, an IOThread or the emulator. */
bool vn_act_is_pin(const struct vn_step *step);

/** vn_act_is_live() - is the step about what runs (a shut off guest has nothing of it)? */
bool vn_act_is_live(const struct vn_step *step);

/** vn_same_xml() - are two domain XMLs the same but for blanks and quotes? */
VN_NODISCARD int vn_same_xml(const char *a, const char *b, bool *ret, struct vn_err *err);
/** vn_same_placement() - do two domain XMLs say the same about placement, and about the guest's CPU? */
VN_NODISCARD int vn_same_placement(const char *xml_a, const char *xml_b, bool *ret, struct vn_err *err);

#endif
