/* SPDX-License-Identifier: MIT */
#include "paper.h"

static void assert_blocking(const struct vn_plan *plan, size_t i, enum vn_resource resource, int node, uint64_t need,
                            uint64_t has)
{
    const struct vn_blocking *item = &plan->unplaced[0].blocking[i];

    assert_true(i < plan->unplaced[0].n_blocking);
    assert_int_equal(item->resource, resource);
    assert_int_equal(item->node, node);
    assert_int_equal(item->need, need);
    assert_int_equal(item->free, has);
}

/* Each node lacks something: either would do. With both lacking two things, one node's two are the answer. */
static void test_alternatives_and_sets(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) either = {0};
    VN_AUTO(vn_plan) both = {0};
    struct vn_request *vm;

    (void)state;
    worked_host(&problem);
    problem.host.nodes[0].free_kib = 4 * GIB;
    vm = add_vm(&problem, "big", 16, 8 * GIB);
    vm->policy.cells.kind = VN_CELLS_NUMBER;
    vm->policy.cells.number = 1;
    problem.host.reserved = set("0,10,12,20,30");
    solve(&problem, &either);
    assert_int_equal(either.unplaced[0].n_blocking, 2);
    assert_false(either.unplaced[0].together);
    assert_blocking(&either, 0, VN_RES_MEMORY, 0, 8 * GIB, 4 * GIB);
    assert_blocking(&either, 1, VN_RES_CPUS, 1, 16, 15);

    problem.host.reserved = set("0,2,10,12,20,30");
    problem.host.nodes[1].free_kib = 4 * GIB;
    solve(&problem, &both);
    assert_int_equal(both.unplaced[0].n_blocking, 2);
    assert_true(both.unplaced[0].together);
    assert_blocking(&both, 0, VN_RES_CPUS, 0, 16, 15);
    assert_blocking(&both, 1, VN_RES_MEMORY, 0, 8 * GIB, 4 * GIB);
    vn_plan_drop(&both);

    problem.host.nodes[1].free_kib = 5 * GIB; /* lacks less */
    solve(&problem, &both);
    assert_int_equal(both.unplaced[0].n_blocking, 2);
    assert_blocking(&both, 0, VN_RES_CPUS, 1, 16, 15);
    assert_blocking(&both, 1, VN_RES_MEMORY, 1, 8 * GIB, 5 * GIB);
}

static void test_says_what_blocks(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_request *vm;

    (void)state;
    worked_host(&problem);
    problem.host.nodes[0].free_kib = 4 * GIB;
    vm = add_vm(&problem, "big", 20, 8 * GIB);
    vm->policy.cells.kind = VN_CELLS_NUMBER;
    vm->policy.cells.number = 1;
    solve(&problem, &plan);
    assert_int_equal(plan.n_vms, 0);
    assert_false(plan.unplaced[0].together);
    assert_int_equal(plan.unplaced[0].n_blocking, 1); /* node 0 lacks memory too */
    assert_blocking(&plan, 0, VN_RES_CPUS, 1, 20, 16);
    assert_true(plan.optimal);
}

/* It would fit alone; what the other one takes is said of each node. */
static void test_fits_alone(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    VN_AUTO(vn_plan) wider = {0};
    struct vn_request *vm;

    (void)state;
    worked_host(&problem);
    (void)add_vm(&problem, "big", 24, 8 * GIB);
    vm = add_vm(&problem, "late", 10, 8 * GIB);
    vm->policy.cells.kind = VN_CELLS_NUMBER;
    vm->policy.cells.number = 1;
    solve(&problem, &plan);
    assert_string_equal(plan.unplaced[0].name, "late");
    assert_true(plan.unplaced[0].fits_alone);
    assert_false(plan.unplaced[0].together);
    assert_int_equal(plan.unplaced[0].n_blocking, 2);
    assert_blocking(&plan, 0, VN_RES_CPUS, 0, 10, 4);
    assert_blocking(&plan, 1, VN_RES_CPUS, 1, 10, 4);
    assert_int_equal(plan.unplaced[0].blocking[0].others, 12);
    assert_int_equal(plan.unplaced[0].blocking[1].others, 12);

    vm->vcpus = 17; /* a node has 16 */
    solve(&problem, &wider);
    assert_false(wider.unplaced[0].fits_alone);
    assert_blocking(&wider, 0, VN_RES_CPUS, 0, 17, 4);
    assert_int_equal(wider.unplaced[0].blocking[0].others, 12);
}

/* Of CPUs that others float over, which are left for cores of its own depends on how many there are. */
static void test_beside_floating(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    static const char *const nodes[] = {"0-1,3"};
    struct vn_placed_cell cell = {.node = 0, .vcpus = set("0")};
    struct vn_placement at = {.policy = VN_CPU_SHARED, .cells = &cell, .n_cells = 1};
    struct vn_request *vm;

    (void)state;
    new_host(&problem, 1, nodes, 8 * GIB, 20);
    add_pairs(&problem, 0, 0, 1); /* 0,1; 3 is a core of one CPU, and stays for the VM that floats */
    vm = add_vm(&problem, "floats", 1, GIB);
    vm->policy.policy = VN_CPU_SHARED;
    vm->movable = false;
    vm->placed = &at;
    vm = add_vm(&problem, "x", 2, GIB);
    vm->policy.threads = VN_THREADS_ISOLATE;
    vm->policy.emulator.kind = VN_EMULATOR_ISOLATE;
    solve(&problem, &plan);
    assert_int_equal(plan.unplaced[0].n_blocking, 1);
    assert_blocking(&plan, 0, VN_RES_CORES, 0, 2, 1); /* 0,1 and 3 then, and one CPU of the new core for the emulator */
}

/* All there, but more would move than may: the least that would do. */
static void test_blocked_by_limit(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_planner_opts opts = {.max_move_kib = GIB};
    uint64_t resident[] = {4 * GIB, 0};
    struct vn_request *vm;

    (void)state;
    worked_host(&problem);
    problem.host.reserved = problem.host.nodes[0].cpus;
    problem.host.nodes[0].free_kib -= 4 * GIB;
    vm = add_vm(&problem, "runs", 4, 4 * GIB);
    vm->resident_kib = resident;
    assert_int_equal(vn_planner_solve(&problem, &opts, &plan, NULL), 0);
    assert_int_equal(plan.unplaced[0].n_blocking, 1);
    assert_blocking(&plan, 0, VN_RES_MOVED, -1, 4 * GIB, GIB);
    vn_plan_drop(&plan);
    opts.max_move_kib = 4 * GIB;
    assert_int_equal(vn_planner_solve(&problem, &opts, &plan, NULL), 0);
    assert_int_equal(plan.n_unplaced, 0);
}

/* Page cache is no help where CPUs are missing too; an emulator's CPU that is off is named. */
static void test_notes_of_blocked(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_request *vm;

    (void)state;
    worked_host(&problem);
    for (size_t n = 0; n < 2; n++) {
        problem.host.nodes[n].free_kib = 4 * GIB;
        problem.host.nodes[n].cache_kib = 32 * GIB;
    }
    vm = add_vm(&problem, "big", 16, 8 * GIB);
    vm->policy.cells.kind = VN_CELLS_NUMBER;
    vm->policy.cells.number = 1;
    solve(&problem, &plan);
    assert_false(plan.unplaced[0].together);
    assert_int_equal(plan.n_notes, 1);
    assert_string_equal(plan.notes[0], "'big': page cache could make room: plan with --count-cache");
    vn_plan_drop(&plan);

    vm->vcpus = 17;
    solve(&problem, &plan);
    assert_true(plan.unplaced[0].together);
    assert_int_equal(plan.n_notes, 0);
    vn_plan_drop(&plan);

    vm->vcpus = 4;
    vm->memory_kib = GIB;
    vm->policy.emulator.kind = VN_EMULATOR_CPUSET;
    vm->policy.emulator.cpus = set("0,40,42");
    solve(&problem, &plan);
    assert_blocking(&plan, 0, VN_RES_CPUS, -1, 3, 1);
    assert_int_equal(plan.n_notes, 1);
    assert_string_equal(plan.notes[0], "'big': its emulator is to be on CPUs 40,42, which are not online");
}

static void test_more_cells_than_nodes(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_request *vm;

    (void)state;
    worked_host(&problem);
    vm = add_vm(&problem, "x", 6, GIB);
    vm->policy.cells.kind = VN_CELLS_NUMBER;
    vm->policy.cells.number = 3;
    solve(&problem, &plan);
    assert_int_equal(plan.unplaced[0].blocking[0].resource, VN_RES_NODES);
    assert_int_equal(plan.unplaced[0].blocking[0].need, 3);
    assert_int_equal(plan.unplaced[0].blocking[0].free, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_says_what_blocks),
        cmocka_unit_test(test_alternatives_and_sets),
        cmocka_unit_test(test_fits_alone),
        cmocka_unit_test(test_beside_floating),
        cmocka_unit_test(test_blocked_by_limit),
        cmocka_unit_test(test_notes_of_blocked),
        cmocka_unit_test(test_more_cells_than_nodes),
    };

    return cmocka_run_group_tests_name("planner blocked", tests, NULL, NULL);
}
