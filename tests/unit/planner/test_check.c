/* SPDX-License-Identifier: MIT */
#include "paper.h"

/* The checker is worth something only if it objects. */
static void test_checker_objects(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_placement *at;
    struct vn_cpuset kept;

    (void)state;
    worked_host(&problem);
    add_vm(&problem, "db", 4, GIB);
    solve(&problem, &plan);
    at = &plan.vms[0];
    kept = at->vcpupin[0];
    at->vcpupin[0] = set("0"); /* reserved */
    assert_int_equal(vn_planner_check(&problem, &plan, NULL), -VN_E_REFUSED);
    at->vcpupin[0] = set("1"); /* shared */
    assert_int_equal(vn_planner_check(&problem, &plan, NULL), -VN_E_REFUSED);
    at->vcpupin[0] = set("12"); /* another node */
    assert_int_equal(vn_planner_check(&problem, &plan, NULL), -VN_E_REFUSED);
    at->vcpupin[0] = at->vcpupin[1]; /* twice */
    assert_int_equal(vn_planner_check(&problem, &plan, NULL), -VN_E_REFUSED);
    at->vcpupin[0] = kept;
    assert_int_equal(vn_planner_check(&problem, &plan, NULL), 0);
    at->cells[0].memory_kib--;
    assert_int_equal(vn_planner_check(&problem, &plan, NULL), -VN_E_REFUSED);
    at->cells[0].memory_kib++;
    plan.cost.l3++;
    assert_int_equal(vn_planner_check(&problem, &plan, NULL), -VN_E_REFUSED);
    plan.cost.l3--;
    problem.host.nodes[0].free_kib = GIB - 1;
    assert_int_equal(vn_planner_check(&problem, &plan, NULL), -VN_E_REFUSED);
}

static const struct vn_broken *broken(const struct vn_check *found, const char *rule)
{
    for (size_t i = 0; i < found->n_broken; i++)
        if (!strcmp(found->broken[i].rule, rule))
            return &found->broken[i];
    return NULL;
}

/* Every VM's fault is told, not only the first; the cost is that of the placements whatever the plan says. */
static void test_checker_lists(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    VN_AUTO(vn_check) found = {0};
    VN_AUTO(vn_check) shape = {0};
    VN_AUTO(vn_check) fewer = {0};
    struct vn_cost is;

    (void)state;
    worked_host(&problem);
    add_vm(&problem, "a", 4, GIB);
    add_vm(&problem, "b", 2, GIB);
    solve(&problem, &plan);
    is = plan.cost;
    plan.vms[0].vcpupin[0] = set("0");
    plan.vms[1].emulatorpin = set("0");
    plan.cost.distance++;
    assert_int_equal(vn_planner_check_all(&problem, &plan, &plan.cost, &found, NULL), 0);
    assert_int_equal(found.n_broken, 5); /* CPUs, emulators of both, a's threads of the guest, the cost */
    assert_string_equal(broken(&found, "topology")->vm, "a");
    assert_string_equal(broken(&found, "cpus")->vm, "a");
    assert_string_equal(found.broken[2].vm, "b");
    assert_null(broken(&found, "cost")->vm);
    assert_true(found.costed && found.cost.distance == is.distance && found.cost.placed_vcpus == 6);
    plan.vms[0].cells[0].node = 7;
    plan.vms[1].n_vcpus--;
    assert_int_equal(vn_planner_check_all(&problem, &plan, NULL, &shape, NULL), 0);
    assert_int_equal(shape.n_broken, 2);
    assert_false(shape.costed);
    plan.n_vms = 0;
    assert_int_equal(vn_planner_check_all(&problem, &plan, NULL, &fewer, NULL), 0);
    assert_int_equal(fewer.n_broken, 2); /* neither placed nor left out */
}

/* What is to be moved is a figure like the others: resident memory that is not on the cell's node. */
static void test_checker_moved(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_request *vm;

    (void)state;
    worked_host(&problem);
    vm = add_vm(&problem, "db", 4, GIB);
    vm->resident_kib = vn_arena_array(&problem.arena, 2, sizeof *vm->resident_kib);
    vm->resident_kib[0] = GIB / 4;
    vm->resident_kib[1] = GIB / 2;
    solve(&problem, &plan);
    assert_int_equal(plan.cost.moved_kib, GIB / 4);
    plan.cost.moved_kib = 0;
    assert_int_equal(vn_planner_check(&problem, &plan, NULL), -VN_E_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checker_objects),
        cmocka_unit_test(test_checker_lists),
        cmocka_unit_test(test_checker_moved),
    };

    return cmocka_run_group_tests_name("planner check", tests, NULL, NULL);
}
