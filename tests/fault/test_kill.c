/* SPDX-License-Identifier: MIT */
/* SIGKILL at every point of apply, undo and recovery; the next process finds the old state or the new one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "journey.h"

/* Recovers, and says what the only entry (if there is one) ended as. */
static void recover(struct journey *j, struct vn_recovered *ret)
{
    struct vn_err err = {0};
    char text[1024];

    if (journey_run(j, JOURNEY_RECOVER, NULL, NULL, ret, &err) < 0)
        fail_msg("recover: %s", vn_err_text(&err, text, sizeof text));
}

/* After a recovery the host is in the state that the journal says. */
static void assert_settled(struct journey *j, int point)
{
    struct vn_recovered found;
    bool old, new;

    recover(j, &found);
    old = journey_is(j, &j->before);
    new = journey_is(j, &j->after);
    if (!old && !new)
        fail_msg("killed at point %d: neither the old state nor the new one after recovery", point);
    if (found.n_entries) {
        assert_int_equal(found.n_entries, 1);
        assert_int_equal(found.entries[0].state, new ? VN_APPLY_DONE : VN_APPLY_UNDONE);
        assert_non_null(strstr(found.entries[0].note, "interrupted"));
    }
    vn_recovered_drop(&found);
    recover(j, &found); /* once is enough */
    assert_int_equal(found.n_entries, 0);
    vn_recovered_drop(&found);
}

static void apply_is_killed(void **state)
{
    struct journey *j = *state;
    int points = 0, undone = 0;

    for (int k = 1;; k++) {
        journey_reset(j);
        if (!journey_killed(j, JOURNEY_APPLY, k))
            break;
        points++;
        assert_settled(j, k);
        undone += journey_is(j, &j->before);
        /* and the host can be worked with: the apply goes through now, or its undo does */
        if (journey_is(j, &j->before))
            assert_false(journey_killed(j, JOURNEY_APPLY, 0));
        assert_true(journey_is(j, &j->after));
        assert_false(journey_killed(j, JOURNEY_UNDO, 0));
        assert_true(journey_is(j, &j->before));
    }
    assert_true(points > 40);
    assert_true(undone > 30 && undone < points);
}

static void undo_is_killed(void **state)
{
    struct journey *j = *state;
    int points = 0;

    for (int k = 1;; k++) {
        journey_reset(j);
        assert_false(journey_killed(j, JOURNEY_APPLY, 0));
        if (!journey_killed(j, JOURNEY_UNDO, k))
            break;
        points++;
        assert_settled(j, k);
    }
    assert_true(points > 40);
}

static void an_undo_that_is_asked_for_after_a_crash_undoes_the_crashed_one(void **state)
{
    struct journey *j = *state;

    for (int k = 1;; k++) {
        journey_reset(j);
        if (!journey_killed(j, JOURNEY_APPLY, k))
            break;
        if (k > 2) { /* before "recorded" there is nothing to undo, and it says so */
            assert_false(journey_killed(j, JOURNEY_UNDO, 0));
            assert_true(journey_is(j, &j->before));
        }
    }
}

/* Killed in the middle, and again at each point of the recovery. */
static void recovery_is_killed(void **state)
{
    static const int middles[] = {9, 20, 32};
    struct journey *j = *state;

    for (size_t m = 0; m < VN_COUNT(middles); m++)
        for (int k = 1;; k++) {
            journey_reset(j);
            assert_true(journey_killed(j, JOURNEY_APPLY, middles[m]));
            if (!journey_killed(j, JOURNEY_RECOVER, k))
                break;
            assert_settled(j, k);
        }
}

/* Said to be off by recovery, and back as it was by the undo that recovery's note names. */
static void assert_restored_by_undo(struct journey *j)
{
    struct vn_applied undone;
    struct vn_err err = {0};

    assert_int_equal(journey_run(j, JOURNEY_UNDO, NULL, &undone, NULL, &err), 0);
    assert_int_equal(undone.state, VN_APPLY_UNDONE);
    assert_true(j->host->state.vms[0].running);
    assert_true(journey_is(j, &j->before));
    vn_applied_drop(&undone);
}

/* What was saved is gone: there is nothing to restore from, and that is not said to be undone. */
static void assert_stuck_without_save(struct journey *j)
{
    struct vn_applied undone;
    struct vn_err err = {0};

    j->host->state.vms[0].saved = false;
    assert_int_equal(journey_run(j, JOURNEY_UNDO, NULL, &undone, NULL, &err), -VN_E_PARTIAL);
    assert_int_equal(undone.steps[0].state, VN_STEP_STUCK);
    vn_applied_drop(&undone);
    j->host->state.vms[0].saved = true;
}

static void a_save_that_is_interrupted_is_reported(void **state)
{
    struct journey *j = *state;
    struct vn_step *first = &j->plan.steps[0], kept = *first;
    size_t n_steps = j->plan.n_steps;
    bool seen = false;

    first->kind = VN_STEP_SAVE_RESTORE;
    first->when = VN_WHEN_LIVE;
    j->plan.n_steps = 1;
    for (int k = 1;; k++) {
        struct vn_recovered found;

        journey_reset(j);
        if (!journey_killed(j, JOURNEY_APPLY, k))
            break;
        recover(j, &found);
        if (!j->host->state.vms[0].running) {
            seen = true;
            assert_int_equal(found.n_entries, 1);
            assert_int_equal(found.entries[0].state, VN_APPLY_PARTIAL);
            assert_non_null(strstr(found.entries[0].steps[0].note, "vnuma undo"));
            assert_stuck_without_save(j);
            assert_restored_by_undo(j);
        }
        vn_recovered_drop(&found);
    }
    assert_true(seen);
    *first = kept;
    j->plan.n_steps = n_steps;
}

static int begin(void **state)
{
    static struct journey j;

    journey_begin(&j);
    *state = &j;
    return 0;
}

static int end(void **state)
{
    journey_end(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apply_is_killed),
        cmocka_unit_test(undo_is_killed),
        cmocka_unit_test(an_undo_that_is_asked_for_after_a_crash_undoes_the_crashed_one),
        cmocka_unit_test(recovery_is_killed),
        cmocka_unit_test(a_save_that_is_interrupted_is_reported),
    };

    return cmocka_run_group_tests_name("kill", tests, begin, end);
}
