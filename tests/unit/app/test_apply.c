/* SPDX-License-Identifier: MIT */
/* apply, undo and recovery on a fake host with a real journal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <vnuma/buf.h>

#include "../../fake/fakehv.h"
#include "app/app.h"
#include "io/doors.h"

struct world {
    struct fake fake;
    struct fake_host *host;
    struct fake_state before;
    struct vn_hypervisor hv;
    struct vn_store store;
    struct vn_plan plan;
    struct vn_app app;
    struct vn_apply_opts opts;
};

static int64_t now_usec(void *self)
{
    int64_t *tick = self;

    return ++*tick;
}
static int64_t tick = 1700000000000000;

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->host = fake_new();
    w->hv = fake_hv(&w->fake, w->host);
    w->before = w->host->state;
    assert_int_equal(vn_sqlite_open(NULL, &w->store, NULL), 0);
    fake_plan(w->host, &w->plan);
    w->app = (struct vn_app){.hv = &w->hv, .store = &w->store, .clock = {now_usec, &tick}};
    w->opts = (struct vn_apply_opts){.live = true, .config = true, .move_memory = true};
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    vn_plan_drop(&w->plan);
    vn_store_drop(&w->store);
    fake_free(w->host);
    free(w);
    return 0;
}

static bool as_before(const struct world *w)
{
    return fake_same(&w->before, &w->host->state);
}

static void assert_pin(const struct vn_cpuset *set, const char *want)
{
    char text[64];

    assert_string_equal(vn_cpuset_format(set, text, sizeof text), want);
}

static void must(int r, const struct vn_err *err)
{
    char text[1024];

    if (r < 0)
        fail_msg("%s", vn_err_text(err, text, sizeof text));
}

static void assert_applied(const struct world *w)
{
    const struct fake_vm *db = &w->host->state.vms[0], *web = &w->host->state.vms[1];

    assert_pin(&db->vcpus[0], "0");
    assert_pin(&db->vcpus[3], "5");
    assert_pin(&db->emulator, "6-7");
    assert_pin(&db->iothread, "6");
    assert_pin(&web->vcpus[1], "3");
    assert_int_equal(db->cell_kib[0][1], 0);
    assert_int_equal(db->cell_kib[0][0], 1000000);
    assert_int_equal(db->cell_kib[1][1], 900000);
    assert_non_null(strstr(db->stored, "vcpupin"));
    assert_non_null(strstr(web->stored, "emulatorpin"));
}

static void apply_then_undo_restores_every_byte(void **state)
{
    struct world *w = *state;
    struct vn_applied done, undone;
    struct vn_err err = {0};

    must(vn_app_apply(&w->app, &w->plan, &w->opts, "apply db web", &done, &err), &err);
    assert_int_equal(done.state, VN_APPLY_DONE);
    assert_int_equal(done.n_steps, 14);
    assert_true(done.id > 0);
    assert_int_equal(done.moved_kib, 800000 + 900000);
    assert_applied(w);
    must(vn_app_undo(&w->app, 0, &w->opts, &undone, &err), &err);
    assert_int_equal(undone.id, done.id);
    assert_int_equal(undone.state, VN_APPLY_UNDONE);
    assert_true(as_before(w));
    vn_applied_drop(&undone);
    assert_int_equal(vn_app_undo(&w->app, 0, &w->opts, &undone, &err), -VN_E_ABSENT);
    vn_applied_drop(&undone);
    assert_int_equal(vn_app_undo(&w->app, done.id, &w->opts, &undone, &err), -VN_E_REFUSED);
    vn_applied_drop(&undone);
    vn_applied_drop(&done);
}

static void undo_moves_memory_only_when_asked(void **state)
{
    struct world *w = *state;
    struct vn_applied done, undone;
    struct vn_err err = {0};

    must(vn_app_apply(&w->app, &w->plan, &w->opts, "apply", &done, &err), &err);
    w->opts.move_memory = false;
    must(vn_app_undo(&w->app, 0, &w->opts, &undone, &err), &err);
    assert_int_equal(undone.state, VN_APPLY_UNDONE);
    assert_int_equal(undone.steps[7].state, VN_STEP_KEPT);
    assert_int_equal(w->host->state.vms[0].cell_kib[0][0], 1000000);
    assert_pin(&w->host->state.vms[0].vcpus[0], "0-7");
    vn_applied_drop(&undone);
    w->opts.move_memory = true;
    must(vn_app_undo(&w->app, done.id, &w->opts, &undone, &err), &err);
    assert_true(as_before(w));
    vn_applied_drop(&undone);
    vn_applied_drop(&done);
}

static void scope_and_dry_run(void **state)
{
    struct world *w = *state;
    struct vn_journal_entry *entries;
    VN_AUTO(vn_arena) arena = {0};
    struct vn_applied done;
    struct vn_err err = {0};
    size_t n;

    w->opts.dry_run = true;
    must(vn_app_apply(&w->app, &w->plan, &w->opts, "apply", &done, &err), &err);
    assert_int_equal(done.n_steps, 14);
    assert_int_equal(done.id, 0);
    assert_true(as_before(w));
    must(w->store.ops->list(w->store.self, NULL, &arena, &entries, &n, &err), &err);
    assert_int_equal(n, 0);
    vn_applied_drop(&done);
    w->opts = (struct vn_apply_opts){.config = true, .move_memory = true};
    must(vn_app_apply(&w->app, &w->plan, &w->opts, "apply", &done, &err), &err);
    assert_int_equal(done.n_steps, 2);
    assert_pin(&w->host->state.vms[0].vcpus[0], "0-7");
    assert_non_null(strstr(w->host->state.vms[0].stored, "vcpupin"));
    vn_applied_drop(&done);
}

static void a_host_that_changed_is_refused(void **state)
{
    struct world *w = *state;
    struct fake_state changed;
    struct vn_applied done;
    struct vn_err err = {0};

    assert_int_equal(vn_cpuset_parse("3", &w->host->state.vms[0].vcpus[2], &err), 0);
    changed = w->host->state;
    assert_int_equal(vn_app_apply(&w->app, &w->plan, &w->opts, "apply", &done, &err), -VN_E_STALE);
    assert_non_null(strstr(err.cause, "vCPU 2 of db is pinned to 3 now, it was pinned to 0-7"));
    vn_applied_drop(&done);
    assert_memory_equal(&changed, &w->host->state, sizeof changed);
    w->host->state = w->before;
    memset(w->host->state.vms[1].live, 0, 1);
    w->host->state.vms[1].running = false;
    assert_int_equal(vn_app_apply(&w->app, &w->plan, &w->opts, "apply", &done, &err), -VN_E_STALE);
    assert_non_null(strstr(err.cause, "does not run"));
    vn_applied_drop(&done);
    w->host->state = w->before;
    w->host->state.vms[0].uuid[0] = '9';
    assert_int_equal(vn_app_apply(&w->app, &w->plan, &w->opts, "apply", &done, &err), -VN_E_STALE);
    vn_applied_drop(&done);
    w->host->state = w->before;
    w->host->state.vms[0].exists = false;
    assert_int_equal(vn_app_apply(&w->app, &w->plan, &w->opts, "apply", &done, &err), -VN_E_ABSENT);
    assert_string_equal(err.got, "db");
    vn_applied_drop(&done);
}

static void no_room_is_refused_before_anything(void **state)
{
    struct world *w = *state;
    struct vn_applied done;
    struct vn_err err = {0};

    w->host->state.free_kib[1] = 899999;
    w->before = w->host->state;
    w->host->state.vms[0].cell_kib[0][1] = 0; /* cell 0 gives node 1 nothing back */
    w->host->state.vms[0].cell_kib[0][0] = 1000000;
    w->before = w->host->state;
    assert_int_equal(vn_app_apply(&w->app, &w->plan, &w->opts, "apply", &done, &err), -VN_E_REFUSED);
    assert_non_null(strstr(err.cause, "900000 KiB needed, 899999 KiB free"));
    assert_true(as_before(w));
    vn_applied_drop(&done);
    w->opts.move_memory = false;
    must(vn_app_apply(&w->app, &w->plan, &w->opts, "apply", &done, &err), &err);
    vn_applied_drop(&done);
}

static void undo_refuses_what_somebody_changed(void **state)
{
    struct world *w = *state;
    struct vn_applied done, undone;
    struct vn_err err = {0};
    struct fake_state changed;
    char *end;

    must(vn_app_apply(&w->app, &w->plan, &w->opts, "apply", &done, &err), &err);
    assert_int_equal(vn_cpuset_parse("3", &w->host->state.vms[0].vcpus[2], &err), 0);
    changed = w->host->state;
    assert_int_equal(vn_app_undo(&w->app, 0, &w->opts, &undone, &err), -VN_E_STALE);
    assert_non_null(strstr(err.cause, "pinned to 3 now"));
    assert_memory_equal(&changed, &w->host->state, sizeof changed);
    vn_applied_drop(&undone);
    /* an edit of the stored XML that has nothing to do with placement would be lost, too */
    assert_int_equal(vn_cpuset_parse("4", &w->host->state.vms[0].vcpus[2], &err), 0);
    end = strstr(w->host->state.vms[0].stored, "machine=\"pc\"");
    if (!end)
        end = strstr(w->host->state.vms[0].stored, "machine='pc'");
    assert_non_null(end);
    end[10] = 'x';
    assert_int_equal(vn_app_undo(&w->app, 0, &w->opts, &undone, &err), -VN_E_STALE);
    vn_applied_drop(&undone);
    w->opts.force = true;
    must(vn_app_undo(&w->app, 0, &w->opts, &undone, &err), &err);
    assert_true(as_before(w));
    vn_applied_drop(&undone);
    vn_applied_drop(&done);
}

static void undo_names_the_host_whose_setting_changed(void **state)
{
    struct world *w = *state;
    struct vn_applied done, undone;
    struct vn_err err = {0};

    must(vn_app_apply(&w->app, &w->plan, &w->opts, "apply", &done, &err), &err);
    (void)snprintf(w->host->state.balancing, sizeof w->host->state.balancing, "3");
    assert_int_equal(vn_app_undo(&w->app, 0, &w->opts, &undone, &err), -VN_E_STALE);
    assert_non_null(strstr(err.cause, "somebody changed the host since"));
    vn_applied_drop(&undone);
    vn_applied_drop(&done);
}

static void a_vm_that_vanishes_midway(void **state)
{
    struct world *w = *state;
    struct vn_applied done;
    struct vn_err err = {0};

    /* observe, define + xml of db, two pins, then db is gone */
    w->host->vanish_at = 6;
    assert_int_equal(vn_app_apply(&w->app, &w->plan, &w->opts, "apply", &done, &err), -VN_E_UNDONE);
    assert_int_equal(done.state, VN_APPLY_UNDONE);
    assert_string_equal(done.steps[0].note, "the VM is gone");
    assert_int_equal(done.steps[0].state, VN_STEP_UNDONE);
    assert_int_equal(done.steps[6].state, VN_STEP_PENDING); /* its IOThread: moot */
    assert_string_equal(done.steps[6].note, "the VM is gone");
    assert_string_equal(done.steps[13].note, ""); /* the host's own setting has no VM that could go */
    assert_memory_equal(&w->before.vms[1], &w->host->state.vms[1], sizeof w->before.vms[1]);
    vn_applied_drop(&done);
}

/* A step fails, the host cannot be observed, and the VM of that name is another one: no inverse is tried on it. */
static void another_vm_of_the_name_is_left_alone(void **state)
{
    struct world *w = *state;
    struct vn_applied done;
    struct vn_err err = {0};

    /* observe, define + xml of db, two pins; then db is another one, the third pin and looking at it fail */
    w->host->replace_at = w->host->fail_at = 6;
    w->host->fail_count = 2;
    assert_int_equal(vn_app_apply(&w->app, &w->plan, &w->opts, "apply", &done, &err), -VN_E_UNDONE);
    assert_int_equal(done.steps[1].state, VN_STEP_UNDONE);
    assert_string_equal(done.steps[1].note, "the VM is gone; another one has its name now");
    for (size_t i = 0; i < FAKE_VCPUS; i++)
        assert_pin(&w->host->state.vms[0].vcpus[i], "5");
    vn_applied_drop(&done);
}

static void a_host_that_cannot_be_asked_is_left_alone(void **state)
{
    struct world *w = *state;
    struct vn_applied done;
    struct vn_err err = {0};

    w->host->fail_at = 6;
    w->host->fail_count = 100;
    assert_int_equal(vn_app_apply(&w->app, &w->plan, &w->opts, "apply", &done, &err), -VN_E_PARTIAL);
    assert_int_equal(done.steps[1].state, VN_STEP_STUCK);
    assert_string_equal(done.steps[1].note, "the host cannot be asked whether this is the same VM; left alone");
    vn_applied_drop(&done);
}

static void save_restore_goes_there_and_back(void **state)
{
    struct world *w = *state;
    struct vn_step *step = &w->plan.steps[0];
    struct vn_applied done, undone;
    struct vn_err err = {0};

    step->kind = VN_STEP_SAVE_RESTORE; /* with the XML of the define: pins only */
    step->when = VN_WHEN_LIVE;
    w->plan.n_steps = 1;
    must(vn_app_apply(&w->app, &w->plan, &w->opts, "apply --via save-restore", &done, &err), &err);
    assert_int_equal(done.paused_ms, 7);
    assert_pin(&w->host->state.vms[0].vcpus[3], "5");
    must(vn_app_undo(&w->app, 0, &w->opts, &undone, &err), &err);
    assert_true(as_before(w));
    vn_applied_drop(&undone);
    vn_applied_drop(&done);
}

static void verify_names_what_drifted(void **state)
{
    struct world *w = *state;
    static const char *const names[] = {"db"};
    struct vn_findings findings;
    struct vn_applied done;
    struct vn_err err = {0};
    size_t bad = 0;

    must(vn_app_apply(&w->app, &w->plan, &w->opts, "apply", &done, &err), &err);
    for (size_t i = 0; i < done.drift.count; i++)
        if (done.drift.items[i].severity != VN_SEV_INFO)
            fail_msg("%s: %s", done.drift.items[i].rule, done.drift.items[i].subject);
    w->host->state.vms[0].cell_kib[1][0] = 900000;
    w->host->state.vms[0].cell_kib[1][1] = 0;
    must(vn_app_verify(&w->app, names, 1, NULL, &findings, &err), &err);
    for (size_t i = bad = 0; i < findings.count; i++)
        bad += !strcmp(findings.items[i].rule, "memory-away") && !strcmp(findings.items[i].subject, "db cell 1");
    assert_int_equal(bad, 1);
    vn_findings_drop(&findings);
    vn_applied_drop(&done);
}

/* A guest that lets go of one vCPU of the two it was asked for. */
static unsigned plugged;

static int get_plugged(void *self, const char *vm, const char *key, struct vn_buf *ret, struct vn_err *err)
{
    (void)self, (void)vm, (void)key;
    vn_buf_fmt(ret, "%u", plugged);
    return ret->failed ? vn_nomem(err) : 0;
}

static int set_plugged(void *self, const char *vm, const char *key, const char *value, struct vn_err *err)
{
    unsigned wanted = (unsigned)atoi(value);

    (void)self, (void)vm, (void)key;
    plugged = wanted < plugged ? plugged - 1 : wanted;
    return plugged == wanted ? 0 : VN_FAIL(err, VN_E_IO, .cause = "the guest did not let go");
}

static void half_an_unplug_is_taken_back(void **state)
{
    struct world *w = *state;
    struct vn_hypervisor_ops ops = *w->hv.ops;
    char key[] = "vcpus", vm[] = "db", none[] = "", before[] = "4", after[] = "2";
    struct vn_step step = {.kind = VN_STEP_SETTING, .cell = -1, .vm = vm, .uuid = none, .reason = none, .key = key,
                           .value_before = before, .value_after = after};
    struct vn_plan plan = {.steps = &step, .n_steps = 1};
    struct vn_applied done;
    struct vn_err err = {0};

    plugged = 4;
    ops.setting = get_plugged;
    ops.set_setting = set_plugged;
    w->hv.ops = &ops;
    assert_int_equal(vn_app_apply(&w->app, &plan, &w->opts, "vcpus db 2", &done, &err), -VN_E_UNDONE);
    assert_int_equal(done.steps[0].state, VN_STEP_UNDONE);
    assert_int_equal(plugged, 4);
    vn_applied_drop(&done);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(apply_then_undo_restores_every_byte),
        TEST(undo_moves_memory_only_when_asked),
        TEST(scope_and_dry_run),
        TEST(a_host_that_changed_is_refused),
        TEST(no_room_is_refused_before_anything),
        TEST(undo_refuses_what_somebody_changed),
        TEST(undo_names_the_host_whose_setting_changed),
        TEST(a_vm_that_vanishes_midway),
        TEST(another_vm_of_the_name_is_left_alone),
        TEST(a_host_that_cannot_be_asked_is_left_alone),
        TEST(half_an_unplug_is_taken_back),
        TEST(save_restore_goes_there_and_back),
        TEST(verify_names_what_drifted),
    };

    return cmocka_run_group_tests_name("apply", tests, NULL, NULL);
}
