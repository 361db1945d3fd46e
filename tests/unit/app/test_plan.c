/* SPDX-License-Identifier: MIT */
/* plan and apply together: what was applied needs no plan any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../fake/fakehv.h"
#include "app/app.h"
#include "io/doors.h"

struct world {
    struct fake fake;
    struct fake_host *host;
    struct fake_state before;
    struct vn_hypervisor hv;
    struct vn_store store;
    struct vn_app app;
    struct vn_apply_opts opts;
};

static int64_t now_usec(void *self)
{
    (void)self;
    return 1700000000000000;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->host = fake_new();
    w->before = w->host->state;
    w->hv = fake_hv(&w->fake, w->host);
    assert_int_equal(vn_sqlite_open(NULL, &w->store, NULL), 0);
    w->app = (struct vn_app){.hv = &w->hv, .store = &w->store, .clock = {now_usec, NULL}};
    w->opts = (struct vn_apply_opts){.live = true, .config = true, .move_memory = true};
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    vn_store_drop(&w->store);
    fake_free(w->host);
    free(w);
    return 0;
}

static void plan(struct world *w, const struct vn_plan_query *query, struct vn_plan *ret)
{
    VN_AUTO(vn_snapshot) snapshot = {0};
    struct vn_err err = {0};
    char text[1024];

    if (vn_app_observe(&w->app, NULL, 0, &snapshot, &err) < 0 ||
        vn_app_plan(&w->app, &snapshot, query, &w->opts, NULL, ret, &err) < 0)
        fail_msg("%s", vn_err_text(&err, text, sizeof text));
    assert_int_equal(ret->n_unplaced, 0);
}

static size_t count(const struct vn_plan *plan, enum vn_step_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n_steps; i++)
        n += plan->steps[i].kind == kind;
    return n;
}

static const char *const db[] = {"db"};
static const struct vn_plan_query of_db = {.names = db, .n_names = 1};

static void what_was_applied_needs_no_plan(void **state)
{
    struct world *w = *state;
    VN_AUTO(vn_plan) first = {0};
    VN_AUTO(vn_plan) again = {0};
    struct vn_applied done, undone;
    struct vn_err err = {0};

    plan(w, &of_db, &first);
    assert_int_equal(count(&first, VN_STEP_DEFINE), 1);
    assert_int_equal(count(&first, VN_STEP_VCPUPIN), 4);
    assert_int_equal(count(&first, VN_STEP_MOVE_MEMORY), 1); /* each cell goes where most of its memory is */
    assert_int_equal(vn_app_apply(&w->app, &first, &w->opts, "apply db", &done, &err), 0);
    for (size_t i = 0; i < done.drift.count; i++)
        if (done.drift.items[i].severity != VN_SEV_INFO)
            fail_msg("%s: %s", done.drift.items[i].rule, done.drift.items[i].subject);
    plan(w, &of_db, &again);
    assert_int_equal(again.n_steps, 0);
    assert_int_equal(vn_app_undo(&w->app, 0, &w->opts, &undone, &err), 0);
    assert_true(fake_same(&w->before, &w->host->state));
    vn_applied_drop(&done);
    vn_applied_drop(&undone);
}

static void a_plan_is_stale_once_it_was_applied(void **state)
{
    struct world *w = *state;
    VN_AUTO(vn_plan) first = {0};
    struct vn_applied done;
    struct vn_err err = {0};

    plan(w, &of_db, &first);
    assert_int_equal(vn_app_apply(&w->app, &first, &w->opts, "apply db", &done, &err), 0);
    vn_applied_drop(&done);
    assert_int_equal(vn_app_apply(&w->app, &first, &w->opts, "apply db", &done, &err), -VN_E_STALE);
    vn_applied_drop(&done);
}

static void the_scope_leaves_steps_out(void **state)
{
    struct world *w = *state;
    VN_AUTO(vn_plan) live = {0};
    VN_AUTO(vn_plan) config = {0};
    VN_AUTO(vn_plan) still = {0};

    w->opts = (struct vn_apply_opts){.live = true, .move_memory = true};
    plan(w, &of_db, &live);
    assert_int_equal(count(&live, VN_STEP_DEFINE), 0);
    assert_int_equal(count(&live, VN_STEP_MOVE_MEMORY), 1);
    w->opts = (struct vn_apply_opts){.config = true, .move_memory = true};
    plan(w, &of_db, &config);
    assert_int_equal(config.n_steps, 1);
    assert_int_equal(config.steps[0].kind, VN_STEP_DEFINE);
    assert_non_null(config.steps[0].xml_after);
    w->opts = (struct vn_apply_opts){0}; /* neither said: both */
    plan(w, &of_db, &still);
    assert_int_equal(count(&still, VN_STEP_DEFINE), 1);
    assert_int_equal(count(&still, VN_STEP_MOVE_MEMORY), 0);
}

static void save_and_restore_carries_both_xmls(void **state)
{
    struct world *w = *state;
    VN_AUTO(vn_plan) plan_of_db = {0};
    const struct vn_step *step = NULL;

    w->opts.save_restore = true;
    plan(w, &of_db, &plan_of_db);
    assert_int_equal(count(&plan_of_db, VN_STEP_SAVE_RESTORE), 1);
    assert_int_equal(count(&plan_of_db, VN_STEP_VCPUPIN), 0);
    for (size_t i = 0; i < plan_of_db.n_steps; i++)
        if (plan_of_db.steps[i].kind == VN_STEP_SAVE_RESTORE)
            step = &plan_of_db.steps[i];
    assert_string_equal(step->xml_before, w->host->state.vms[0].live);
    assert_non_null(strstr(step->xml_after, "<vcpupin"));
    assert_non_null(strstr(step->xml_after, "<memnode"));
    assert_null(strstr(step->xml_after, "restrictive"));
}

static void a_new_vm_is_shown_and_not_applied(void **state)
{
    struct world *w = *state;
    static char name[] = "fresh", none[] = "";
    struct vn_request fresh = {.name = name, .uuid = none, .vcpus = 2, .memory_kib = 524288, .movable = true};
    struct vn_plan_query query = {.fresh = &fresh};
    VN_AUTO(vn_plan) plan_of_it = {0};
    const struct vn_step *last;
    struct vn_applied done;
    struct vn_err err = {0};

    query.names = NULL;
    plan(w, &query, &plan_of_it);
    last = &plan_of_it.steps[plan_of_it.n_steps - 1];
    assert_int_equal(last->kind, VN_STEP_DEFINE);
    assert_string_equal(last->vm, "fresh");
    assert_null(last->xml_before);
    assert_non_null(strstr(last->xml_after, "<name>fresh</name>"));
    assert_int_equal(vn_app_apply(&w->app, &plan_of_it, &w->opts, "apply", &done, &err), -VN_E_REFUSED);
    assert_string_equal(err.got, "fresh");
    assert_true(fake_same(&w->before, &w->host->state));
    vn_applied_drop(&done);
}

/* ---- a host where nothing is stored ---- */

static int keep_it(void *self, const struct vn_placement *at, struct vn_arena *arena, char ***ret_notes,
                   size_t *ret_count, struct vn_err *err)
{
    char **notes = vn_arena_array(arena, 1, sizeof *notes);

    (void)self, (void)err;
    assert_non_null(notes);
    notes[0] = vn_arena_printf(arena, "keep %s", at->name);
    *ret_notes = notes;
    *ret_count = 1;
    return 0;
}

/* The fake's ops with that one more; the caller's. */
static void store_nothing(struct world *w, struct vn_hypervisor_ops *ops)
{
    *ops = *w->hv.ops;
    ops->keep = keep_it;
    w->hv.ops = ops;
}

static void the_plan_says_what_would_keep_it(void **state)
{
    struct world *w = *state;
    struct vn_hypervisor_ops ops;
    VN_AUTO(vn_plan) got = {0};

    store_nothing(w, &ops);
    plan(w, &of_db, &got);
    assert_true(got.n_notes >= 2);
    assert_non_null(strstr(got.notes[got.n_notes - 2], "no stored configuration"));
    assert_string_equal(got.notes[got.n_notes - 1], "keep db");
}

static void what_would_store_is_refused(void **state)
{
    struct world *w = *state;
    static char name[] = "fresh", none[] = "";
    struct vn_request fresh = {.name = name, .uuid = none, .vcpus = 1, .memory_kib = 1024, .movable = true};
    const struct vn_plan_query with_new = {.fresh = &fresh};
    const struct vn_apply_opts config = {.config = true}, save = {.save_restore = true}, both = {.live = true};
    struct vn_hypervisor_ops ops;
    VN_AUTO(vn_snapshot) snapshot = {0};
    VN_AUTO(vn_plan) got = {0};

    store_nothing(w, &ops);
    assert_int_equal(vn_app_observe(&w->app, NULL, 0, &snapshot, NULL), 0);
    assert_int_equal(vn_app_plan(&w->app, &snapshot, &of_db, &config, NULL, &got, NULL), -VN_E_REFUSED);
    assert_int_equal(vn_app_plan(&w->app, &snapshot, &of_db, &save, NULL, &got, NULL), -VN_E_REFUSED);
    assert_int_equal(vn_app_plan(&w->app, &snapshot, &with_new, &both, NULL, &got, NULL), -VN_E_REFUSED);
}

static int check_third(void *self, const struct vn_step *step, struct vn_err *err)
{
    (void)self;
    return step->kind == VN_STEP_VCPUPIN && step->index == 2
               ? VN_FAIL(err, VN_E_REFUSED, .cause = "nobody knows that thread")
               : 0;
}

static void a_pin_that_would_be_refused_is_so_before_any_step(void **state)
{
    struct world *w = *state;
    struct vn_hypervisor_ops ops;
    VN_AUTO(vn_plan) got = {0};
    struct vn_applied done;
    struct vn_err err = {0};

    store_nothing(w, &ops);
    ops.check_pin = check_third;
    w->opts.config = false;
    plan(w, &of_db, &got);
    assert_int_equal(vn_app_apply(&w->app, &got, &w->opts, "apply", &done, &err), -VN_E_REFUSED);
    assert_string_equal(err.cause, "nobody knows that thread");
    assert_int_equal(done.id, 0);
    assert_true(fake_same(&w->before, &w->host->state));
    vn_applied_drop(&done);
}

static void the_journal_says_where_it_should_be(void **state)
{
    struct world *w = *state;
    struct vn_hypervisor_ops ops;
    VN_AUTO(vn_plan) got = {0};
    VN_AUTO(vn_snapshot) now = {0};
    struct vn_applied done;
    struct vn_cpuset applied;

    store_nothing(w, &ops);
    w->opts.config = false;
    plan(w, &of_db, &got);
    assert_int_equal(vn_app_apply(&w->app, &got, &w->opts, "apply", &done, NULL), 0);
    applied = w->host->state.vms[0].vcpus[0];
    vn_cpuset_add_range(&w->host->state.vms[0].vcpus[0], 0, 7); /* somebody else */
    assert_int_equal(vn_app_observe(&w->app, NULL, 0, &now, NULL), 0);
    assert_false(vn_cpuset_equal(&vn_snapshot_vm(&now, "db")->vcpus[0].configured, &applied));
    assert_int_equal(vn_app_recall_pins(&w->app, &now, NULL), 0);
    assert_true(vn_cpuset_equal(&vn_snapshot_vm(&now, "db")->vcpus[0].configured, &applied));
    vn_applied_drop(&done);
}

static void what_was_taken_back_is_not_recalled(void **state)
{
    struct world *w = *state;
    struct vn_hypervisor_ops ops;
    VN_AUTO(vn_plan) got = {0};
    VN_AUTO(vn_snapshot) now = {0};
    struct vn_applied done, undone;

    store_nothing(w, &ops);
    w->opts.config = false;
    plan(w, &of_db, &got);
    assert_int_equal(vn_app_apply(&w->app, &got, &w->opts, "apply", &done, NULL), 0);
    assert_int_equal(vn_app_undo(&w->app, 0, &w->opts, &undone, NULL), 0);
    assert_int_equal(vn_app_observe(&w->app, NULL, 0, &now, NULL), 0);
    assert_int_equal(vn_app_recall_pins(&w->app, &now, NULL), 0);
    assert_true(vn_cpuset_equal(&vn_snapshot_vm(&now, "db")->vcpus[0].configured, &w->host->state.vms[0].vcpus[0]));
    assert_true(vn_cpuset_equal(&w->before.vms[0].vcpus[0], &w->host->state.vms[0].vcpus[0]));
    vn_applied_drop(&done);
    vn_applied_drop(&undone);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_applied_needs_no_plan),
        TEST(a_plan_is_stale_once_it_was_applied),
        TEST(the_scope_leaves_steps_out),
        TEST(save_and_restore_carries_both_xmls),
        TEST(a_new_vm_is_shown_and_not_applied),
        TEST(the_plan_says_what_would_keep_it),
        TEST(what_would_store_is_refused),
        TEST(a_pin_that_would_be_refused_is_so_before_any_step),
        TEST(the_journal_says_where_it_should_be),
        TEST(what_was_taken_back_is_not_recalled),
    };

    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
