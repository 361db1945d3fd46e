/* SPDX-License-Identifier: MIT */
/* The n-th call of the backend fails, for every n: what is left is the old state, or it is reported exactly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "journey.h"

/* What a step's subject looks like in the host's state: equal in @a and @b? */
static bool subject_same(const struct vn_step *step, const struct fake_state *a, const struct fake_state *b)
{
    const struct fake_vm *x = &a->vms[strcmp(step->vm, "db") != 0], *y = &b->vms[strcmp(step->vm, "db") != 0];

    switch (step->kind) {
    case VN_STEP_VCPUPIN:
        return vn_cpuset_equal(&x->vcpus[step->index], &y->vcpus[step->index]);
    case VN_STEP_EMULATORPIN:
        return vn_cpuset_equal(&x->emulator, &y->emulator);
    case VN_STEP_IOTHREADPIN:
        return vn_cpuset_equal(&x->iothread, &y->iothread);
    case VN_STEP_MOVE_MEMORY:
        return !memcmp(x->cell_kib[step->cell], y->cell_kib[step->cell], sizeof x->cell_kib[0]);
    case VN_STEP_DEFINE:
        return !strcmp(x->stored, y->stored);
    case VN_STEP_SETTING:
        return !strcmp(a->balancing, b->balancing);
    case VN_STEP_NODESET:
    case VN_STEP_SAVE_RESTORE:
        break;
    }
    fail_msg("no such step in the plan");
    return false;
}

/* Every step that is not said to be stuck is as it was. */
static void assert_exact(const struct journey *j, const struct vn_applied *done, int n)
{
    size_t stuck = 0;

    for (size_t i = 0; i < done->n_steps; i++) {
        bool same = subject_same(&done->steps[i].step, &j->before, &j->host->state);

        stuck += done->steps[i].state == VN_STEP_STUCK;
        if (!same && done->steps[i].state != VN_STEP_STUCK)
            fail_msg("call %d: step %zu is not as it was, and said to be %s", n, i,
                     vn_step_state_name(done->steps[i].state));
    }
    assert_int_equal(stuck > 0, done->state == VN_APPLY_PARTIAL);
}

static int calls_of_apply(struct journey *j)
{
    struct vn_err err = {0};
    int n;

    journey_reset(j);
    assert_int_equal(journey_run(j, JOURNEY_APPLY, NULL, NULL, NULL, &err), 0);
    n = j->host->calls;
    assert_true(n > 15);
    return n;
}

/* @count calls fail from the n-th on. */
static void fail_apply(struct journey *j, int n, int count)
{
    struct vn_applied done;
    struct vn_err err = {0};
    int r;

    journey_reset(j);
    j->host->fail_at = n;
    j->host->fail_count = count;
    r = journey_run(j, JOURNEY_APPLY, NULL, &done, NULL, &err);
    if (r == 0) {
        /* only what comes after the last step may fail and not matter: then it is a finding */
        assert_true(journey_is(j, &j->after));
        assert_true(done.drift.count > 0);
    } else if (r == -VN_E_UNDONE) {
        assert_true(journey_is(j, &j->before));
        assert_true(err.cause[0] != '\0' && strstr(err.context, "step ") != NULL);
        assert_exact(j, &done, n);
    } else if (r == -VN_E_PARTIAL) {
        assert_exact(j, &done, n);
    } else {
        assert_true(journey_is(j, &j->before)); /* refused before anything was changed */
        assert_int_equal(done.id, 0);
    }
    vn_applied_drop(&done);
    /* what is stuck is taken back by undo once the host works again */
    if (r == -VN_E_PARTIAL) {
        j->host->fail_at = 0;
        r = journey_run(j, JOURNEY_UNDO, NULL, NULL, NULL, &err);
        if (r == -VN_E_STALE) { /* nobody could read what the host made of a define: it might be anyone's */
            assert_non_null(strstr(err.cause, "store the new XML"));
            j->opts.force = true;
            r = journey_run(j, JOURNEY_UNDO, NULL, NULL, NULL, &err);
            j->opts.force = false;
        }
        assert_int_equal(r, 0);
        assert_true(journey_is(j, &j->before));
    }
}

static void one_call_fails(void **state)
{
    struct journey *j = *state;
    int n = calls_of_apply(j);

    for (int i = 1; i <= n; i++)
        fail_apply(j, i, 1);
}

static void two_and_more_calls_fail(void **state)
{
    struct journey *j = *state;
    int n = calls_of_apply(j);

    for (int i = 1; i <= n; i++) {
        fail_apply(j, i, 2);    /* the step, and looking at what is there */
        fail_apply(j, i, 5);    /* and some of the way back */
        fail_apply(j, i, 1000); /* the host is gone for good */
    }
}

static void a_call_of_the_undo_fails(void **state)
{
    struct journey *j = *state;
    struct vn_applied undone;
    struct vn_err err = {0};

    for (int i = 1;; i++) {
        int before, r;

        journey_reset(j);
        assert_int_equal(journey_run(j, JOURNEY_APPLY, NULL, NULL, NULL, &err), 0);
        before = j->host->calls;
        j->host->fail_at = before + i;
        j->host->fail_count = 1;
        r = journey_run(j, JOURNEY_UNDO, NULL, &undone, NULL, &err);
        if (r == -VN_E_PARTIAL)
            assert_exact(j, &undone, i);
        else if (r < 0)
            assert_true(journey_is(j, &j->after));
        vn_applied_drop(&undone);
        if (j->host->calls < j->host->fail_at) {
            assert_int_equal(r, 0);
            break;
        }
        j->host->fail_at = 0;
        r = journey_run(j, JOURNEY_UNDO, NULL, NULL, NULL, &err);
        if (!(r == 0 || r == -VN_E_ABSENT)) /* absent: the first undo had come through */
            fail_msg("call %d: the second undo says %s", i, err.cause);
        assert_true(journey_is(j, &j->before));
    }
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
        cmocka_unit_test(one_call_fails),
        cmocka_unit_test(two_and_more_calls_fail),
        cmocka_unit_test(a_call_of_the_undo_fails),
    };

    return cmocka_run_group_tests_name("backend", tests, begin, end);
}
