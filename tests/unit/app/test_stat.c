/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/app.h"
#include "io/doors.h"

/* A machine with three processes; two are found by "qemu". */
struct machine {
    bool denied;
    bool kinds;
    size_t asked;
};

static const struct vn_process found[] = {{.pid = 7, .name = "qemu"}, {.pid = 9, .name = "qemu"}};

static int find(void *self, const char *text, struct vn_arena *arena, struct vn_process **ret, size_t *ret_count,
                struct vn_err *err)
{
    (void)self, (void)err;
    *ret_count = strcmp(text, "qemu") ? 0 : 2;
    *ret = vn_arena_array(arena, 2, sizeof **ret);
    assert_non_null(*ret);
    memcpy(*ret, found, sizeof found);
    return 0;
}

static int process(void *self, int pid, struct vn_arena *arena, struct vn_process *ret, struct vn_err *err)
{
    (void)self, (void)arena;
    if (pid > 9)
        return VN_FAIL(err, VN_E_ABSENT, .cause = "there is no such process");
    *ret = (struct vn_process){.pid = pid, .name = "one"};
    return 0;
}

static int memory(void *self, const struct vn_process *processes, size_t count, const struct vn_stat_opts *opts,
                  struct vn_memstats *ret, struct vn_err *err)
{
    struct machine *machine = self;
    struct vn_memstats stats = {.n_nodes = 1, .count = count};

    (void)err;
    machine->kinds = opts->kinds;
    machine->asked = count;
    stats.items = vn_arena_array(&stats.arena, count, sizeof *stats.items);
    assert_non_null(stats.items);
    for (size_t i = 0; i < count; i++) {
        stats.items[i].pid = processes[i].pid;
        stats.items[i].unread = machine->denied ? "not for you" : NULL;
    }
    *ret = stats;
    return 0;
}

static const struct vn_statistics_ops ops = {.find = find, .process = process, .memory = memory};

static int look(struct machine *machine, const char *const *names, size_t n, struct vn_memstats *ret,
                struct vn_err *err)
{
    struct vn_statistics stats = {.ops = &ops, .self = machine};
    const struct vn_stat_opts opts = {0};

    return vn_app_stat_processes(&stats, names, n, &opts, ret, err);
}

static void who_is_named_twice_is_there_once(void **state)
{
    static const char *const names[] = {"9", "qemu", "3"};
    struct machine machine = {0};
    VN_AUTO(vn_memstats) got = {0};

    (void)state;
    assert_int_equal(look(&machine, names, 3, &got, NULL), 0);
    assert_int_equal(got.count, 3);
    assert_true(got.items[0].pid == 3 && got.items[1].pid == 7 && got.items[2].pid == 9);
    assert_false(machine.kinds);
}

static void one_alone_is_divided_by_kind(void **state)
{
    static const char *const names[] = {"9", "9"};
    struct machine machine = {0};
    VN_AUTO(vn_memstats) got = {0};

    (void)state;
    assert_int_equal(look(&machine, names, 2, &got, NULL), 0);
    assert_int_equal(got.count, 1);
    assert_true(machine.kinds);
}

static void nobody_and_nothing_are_errors(void **state)
{
    static const char *const nobody[] = {"ghost"}, *const gone[] = {"12"}, *const both[] = {"qemu"};
    struct machine machine = {.denied = true};
    struct vn_memstats got = {0};
    struct vn_err err = {0};

    (void)state;
    assert_int_equal(look(&machine, nobody, 1, &got, &err), -VN_E_ABSENT);
    assert_string_equal(err.got, "ghost");
    assert_int_equal(look(&machine, gone, 1, &got, &err), -VN_E_ABSENT);
    assert_int_equal(machine.asked, 0);
    assert_int_equal(look(&machine, both, 1, &got, &err), -VN_E_ENV);
    assert_non_null(strstr(err.cause, "not for you"));
}

/* ---- VMs of a captured host ---- */

static int demo(const char *const *names, size_t n, struct vn_statistics *stats, struct vn_memstats *ret,
                struct vn_err *err)
{
    struct vn_hypervisor hv;
    struct vn_app app = {.hv = &hv};
    const struct vn_stat_opts opts = {0};
    int r = vn_demo_open(&hv, err);

    if (r < 0)
        return r;
    r = vn_app_stat_vms(&app, stats, names, n, &opts, ret, err);
    vn_hypervisor_drop(&hv);
    return r;
}

static void a_capture_has_cells_by_node(void **state)
{
    static const char *const names[] = {"db32"}, *const absent[] = {"db33"};
    VN_AUTO(vn_memstats) got = {0};
    struct vn_memstats none = {0};
    uint64_t in_cells = 0;

    (void)state;
    assert_int_equal(demo(names, 1, NULL, &got, NULL), 0);
    assert_int_equal(got.count, 1);
    assert_int_equal(got.items[0].method, VN_STAT_CAPTURED);
    assert_int_equal(got.items[0].n_cells, 2);
    for (size_t i = 0; i < 4; i++)
        in_cells += got.items[0].cell_kib[i];
    assert_true(in_cells > 0 && in_cells <= got.items[0].total_kib);
    assert_int_equal(demo(absent, 1, NULL, &none, NULL), -VN_E_ABSENT);
}

/* A door without running(): its VMs' processes come from what it observes. */
static void processes_of_vms_that_are_observed(void **state)
{
    struct machine machine = {0};
    struct vn_statistics stats = {.ops = &ops, .self = &machine};
    VN_AUTO(vn_memstats) got = {0};

    (void)state;
    assert_int_equal(demo(NULL, 0, &stats, &got, NULL), 0);
    assert_int_equal(got.count, machine.asked);
    assert_int_equal(got.count, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_named_twice_is_there_once), cmocka_unit_test(one_alone_is_divided_by_kind),
        cmocka_unit_test(nobody_and_nothing_are_errors),    cmocka_unit_test(a_capture_has_cells_by_node),
        cmocka_unit_test(processes_of_vms_that_are_observed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
