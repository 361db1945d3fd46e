/* SPDX-License-Identifier: MIT */
#include "paper.h"

/* A running VM that finds no better place stays, and nobody gets its CPUs. */
static void test_stays_when_it_does_not_fit(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    static const char *const nodes[] = {"0-7"};
    static const unsigned pins[] = {0, 1, 2, 3};
    struct vn_request *vm;

    (void)state;
    new_host(&problem, 1, nodes, 8 * GIB, 20);
    vm = add_vm(&problem, "runs", 4, 32 * GIB); /* more than the host has */
    pin_now(&problem, vm, pins, true);
    add_vm(&problem, "new", 4, GIB);
    solve(&problem, &plan);
    assert_int_equal(plan.n_unplaced, 1);
    assert_string_equal(plan.unplaced[0].name, "runs");
    assert_string_equal(text_of(&vn_plan_vm(&plan, "new")->emulatorpin), "4-7");
    assert_int_equal(plan.n_notes, 1);
}

/* Nor do floating vCPUs, even where the VM that stays sits on CPUs that are theirs by now. */
static void test_stays_on_shared_cpus(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    static const char *const nodes[] = {"0-7"};
    static const unsigned pins[] = {0, 1, 2, 3};
    struct vn_request *vm;

    (void)state;
    new_host(&problem, 1, nodes, 8 * GIB, 20)->shared = set("3-5");
    vm = add_vm(&problem, "runs", 4, 32 * GIB); /* more than the host has */
    pin_now(&problem, vm, pins, true);
    vm = add_vm(&problem, "floats", 2, GIB);
    vm->policy.policy = VN_CPU_SHARED;
    solve(&problem, &plan);
    assert_int_equal(plan.n_unplaced, 1);
    assert_string_equal(text_of(&vn_plan_vm(&plan, "floats")->vcpupin[0]), "4-5");
}

static void test_keeps_what_is_as_good(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    static const unsigned pins[] = {14, 34, 15, 35};
    struct vn_request *vm;

    (void)state;
    worked_host(&problem);
    vm = add_vm(&problem, "kept", 4, GIB);
    pin_now(&problem, vm, pins, true);
    solve(&problem, &plan);
    for (unsigned v = 0; v < 4; v++)
        assert_int_equal(pin_at(&plan.vms[0], v), pins[v]);
}

/* Made again on top of itself the plan is the same, also where its cells came out uneven. */
static void test_keeps_uneven_cells(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    static const char *const nodes[] = {"0-1", "2-5"};
    static const unsigned wide[] = {0, 2, 3, 4}, small[] = {1};
    struct vn_placed_cell cells[] = {{.cell = 0, .node = 0, .vcpus = set("0"), .memory_kib = GIB},
                                     {.cell = 1, .node = 1, .vcpus = set("1-3"), .memory_kib = 2 * GIB}};
    struct vn_request *vm;

    (void)state;
    new_host(&problem, 2, nodes, GIB / 2, 20);
    vm = add_vm(&problem, "wide", 4, 3 * GIB);
    pin_now(&problem, vm, wide, true);
    vm->placed->cells = cells;
    vm->placed->n_cells = 2;
    vm = add_vm(&problem, "small", 1, 1024);
    pin_now(&problem, vm, small, true);
    solve(&problem, &plan);
    assert_int_equal(plan.n_vms, 2);
    for (unsigned v = 0; v < 4; v++)
        assert_int_equal(pin_at(vn_plan_vm(&plan, "wide"), v), (int)wide[v]);
    assert_int_equal(plan.cost.moved_kib, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stays_when_it_does_not_fit),
        cmocka_unit_test(test_stays_on_shared_cpus),
        cmocka_unit_test(test_keeps_what_is_as_good),
        cmocka_unit_test(test_keeps_uneven_cells),
    };

    return cmocka_run_group_tests_name("planner stay", tests, NULL, NULL);
}
