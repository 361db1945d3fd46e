/* SPDX-License-Identifier: MIT */
#include "paper.h"

/* A 32-vCPU database with two cells, on two nodes of ten cores with two threads each. */
static void test_worked_example(void **state)
{
    static const unsigned first[] = {2, 22, 3, 23, 4, 24, 5, 25, 6, 26, 7, 27, 8, 28, 9, 29};
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_request *db32;
    const struct vn_placement *at;

    (void)state;
    worked_host(&problem);
    db32 = add_vm(&problem, "db32", 32, 32 * GIB);
    two_cells(&problem, db32);
    solve(&problem, &plan);

    assert_int_equal(plan.n_unplaced, 0);
    at = vn_plan_vm(&plan, "db32");
    assert_int_equal(at->cells[0].node, 0);
    assert_int_equal(at->cells[1].node, 1);
    for (unsigned v = 0; v < 16; v++) {
        assert_int_equal(pin_at(at, v), first[v]);           /* 2,22,3,23 ... 9,29 */
        assert_int_equal(pin_at(at, v + 16), first[v] + 10); /* 12,32,13,33 ... 19,39 */
    }
    assert_string_equal(text_of(&at->cells[0].vcpus), "0-15");
    assert_int_equal(at->cells[0].memory_kib, 16 * GIB);
    assert_string_equal(text_of(&at->emulatorpin), "2-9,12-19,22-29,32-39");
    assert_int_equal(at->topology.sockets, 2);
    assert_int_equal(at->topology.dies, 1);
    assert_int_equal(at->topology.cores, 8);
    assert_int_equal(at->topology.threads, 2);
    assert_true(plan.optimal);
    assert_int_equal(plan.cost.placed_vcpus, 32);
    assert_true(plan.cost.distance == 2.75); /* 16 x 16 x (21 - 10) / 32^2 */
    assert_non_null(at->distances);
    assert_memory_equal(at->distances, ((uint16_t[]){10, 21, 21, 10}), 4 * sizeof *at->distances);
    assert_int_equal(plan.cost.l3, 2);
}

static void test_hugepages(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_hugepool pools[2] = {{2048, 4096, 1000}, {2048, 4096, 2048}};
    struct vn_request *vm;

    (void)state;
    worked_host(&problem);
    for (size_t i = 0; i < 2; i++) {
        problem.host.nodes[i].free_kib = 0;
        problem.host.nodes[i].pools = &pools[i];
        problem.host.nodes[i].n_pools = 1;
    }
    vm = add_vm(&problem, "hp", 4, 4 * GIB);
    vm->policy.hugepage_kib = 2048;
    solve(&problem, &plan);
    assert_int_equal(plan.vms[0].cells[0].node, 1);
    vn_plan_drop(&plan);
    pools[1].free = 1047; /* 2047 of 2048 in all */
    solve(&problem, &plan);
    assert_int_equal(plan.unplaced[0].blocking[0].resource, VN_RES_HUGEPAGES);
    assert_int_equal(plan.unplaced[0].blocking[0].need, 2048);
    assert_int_equal(plan.unplaced[0].blocking[0].free, 2047);
}

static void test_device_decides(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    char name[] = "0000:3b:00.0", *names[] = {name};
    struct vn_device device = {name, NULL, 1};
    unsigned iothread = 1;
    struct vn_request *vm;

    (void)state;
    worked_host(&problem);
    problem.host.devices = &device;
    problem.host.n_devices = 1;
    vm = add_vm(&problem, "net", 4, GIB);
    vm->devices = names;
    vm->n_devices = 1;
    vm->iothread_ids = &iothread;
    vm->n_iothreads = 1;
    solve(&problem, &plan);
    assert_int_equal(plan.vms[0].cells[0].node, 1);
    assert_string_equal(text_of(&plan.vms[0].iothreadpins[0].cpus), "12-13,32-33");
    assert_true(plan.cost.device == 0 && plan.optimal);
}

/* auto: as few nodes as can hold it, even when equal cells would need more. */
static void test_auto_uneven(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    static const char *const nodes[] = {"0-5", "6-15", "16-17"};

    (void)state;
    new_host(&problem, 3, nodes, 8 * GIB, 20);
    add_vm(&problem, "u", 15, 3 * GIB);
    solve(&problem, &plan);
    assert_int_equal(plan.vms[0].n_cells, 2);
    assert_int_equal(vn_cpuset_count(&plan.vms[0].cells[0].vcpus), 6);
    assert_int_equal(vn_cpuset_count(&plan.vms[0].cells[1].vcpus), 9);
}

/* Alone it would be halved; beside another VM it gets other cells, nearer its device: no bound on those. */
static void test_auto_bound_beside_others(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    static const char *const nodes[] = {"0-3", "4-5", "6-7"};
    static char nic[] = "nic", *devices[] = {nic};
    struct vn_device device = {nic, nic, 2};
    struct vn_host *host;
    struct vn_request *vm;

    (void)state;
    host = new_host(&problem, 3, nodes, 2 * GIB, 40);
    host->nodes[2].free_kib = GIB;
    host->distances[1 * 3 + 2] = host->distances[2 * 3 + 1] = 11;
    host->devices = &device;
    host->n_devices = 1;
    vm = add_vm(&problem, "wide", 4, GIB);
    vm->policy.cells.kind = VN_CELLS_NUMBER;
    vm->policy.cells.number = 1;
    vm = add_vm(&problem, "auto", 4, 3 * GIB);
    vm->devices = devices;
    vm->n_devices = 1;
    solve(&problem, &plan);
    assert_int_equal(plan.n_unplaced, 0);
    assert_true(plan.cost.device < 0.5);
    assert_true(plan.bound.device <= plan.cost.device);
    assert_true(plan.bound.distance <= plan.cost.distance);
}

static void test_memory_preferred(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    static const char *const nodes[] = {"0-3", ""};
    struct vn_request *vm;

    (void)state;
    new_host(&problem, 2, nodes, 8 * GIB, 20);
    vm = add_vm(&problem, "m", 2, 12 * GIB);
    solve(&problem, &plan);
    assert_int_equal(plan.n_unplaced, 1);
    assert_true(plan.unplaced[0].n_blocking > 0);
    vn_plan_drop(&plan);
    vm->policy.memory_preferred = true;
    solve(&problem, &plan);
    assert_int_equal(plan.vms[0].cells[0].node, 0);
    vn_plan_drop(&plan);
    vm->memory_kib = 17 * GIB;
    solve(&problem, &plan);
    assert_int_equal(plan.unplaced[0].blocking[0].need, 17 * GIB);
    assert_int_equal(plan.unplaced[0].blocking[0].free, 16 * GIB);
}

/*
 * Of equal nodes the one whose CPUs nobody else can use, for want of memory; else what keeps a pair of cells
 * possible.
 */
static void test_most_room(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    static const char *const nodes[] = {"0-7", "8-15"};
    struct vn_host *host;

    (void)state;
    host = new_host(&problem, 2, nodes, 32 * GIB, 20);
    host->nodes[1].free_kib = GIB;
    add_vm(&problem, "small", 2, GIB / 2);
    solve(&problem, &plan);
    assert_int_equal(plan.vms[0].cells[0].node, 1);

    vn_plan_drop(&plan);
    host->nodes[1].free_kib = 32 * GIB;
    host->reserved = set("0-3"); /* four CPUs on node 0, eight on node 1: a pair of four each */
    problem.vms[0].vcpus = 4;
    solve(&problem, &plan);
    assert_int_equal(plan.vms[0].cells[0].node, 1);
}

static void test_contradictions(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    struct vn_err err = {0};
    struct vn_plan plan;
    struct vn_request *vm;

    (void)state;
    worked_host(&problem);
    vm = add_vm(&problem, "x", 4, GIB);
    vm->policy.cells.kind = VN_CELLS_NUMBER;
    vm->policy.cells.number = 5;
    assert_int_equal(vn_planner_solve(&problem, NULL, &plan, &err), -VN_E_USAGE);
    assert_non_null(strstr(err.cause, "'x'"));
    two_cells(&problem, vm);
    vm->policy.cells.list[0].vcpus = 3;
    assert_int_equal(vn_planner_solve(&problem, NULL, &plan, &err), -VN_E_USAGE);
    vm->policy.cells.list[0].vcpus = 2;
    vm->policy.cells.list[0].memory_kib++;
    assert_int_equal(vn_planner_solve(&problem, NULL, &plan, &err), -VN_E_USAGE);
    problem.host.nodes[0].free_kib = problem.host.nodes[0].memory_kib + 1;
    assert_int_equal(vn_planner_solve(&problem, NULL, &plan, &err), -VN_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worked_example),
        cmocka_unit_test(test_hugepages),
        cmocka_unit_test(test_device_decides),
        cmocka_unit_test(test_auto_uneven),
        cmocka_unit_test(test_auto_bound_beside_others),
        cmocka_unit_test(test_memory_preferred),
        cmocka_unit_test(test_most_room),
        cmocka_unit_test(test_contradictions),
    };

    return cmocka_run_group_tests_name("planner solve", tests, NULL, NULL);
}
