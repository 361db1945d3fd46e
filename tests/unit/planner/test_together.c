/* SPDX-License-Identifier: MIT */
#include "paper.h"

/* Two nodes of eight CPUs. */
static void two_nodes(struct vn_problem *problem)
{
    static const char *const nodes[] = {"0-7", "8-15"};

    (void)new_host(problem, 2, nodes, 16 * GIB, 20);
}

static struct vn_request *add_whole(struct vn_problem *problem, const char *name, unsigned vcpus, uint64_t memory_kib)
{
    struct vn_request *vm = add_vm(problem, name, vcpus, memory_kib);

    vm->policy.cells = (struct vn_cells_spec){VN_CELLS_NUMBER, 1, NULL, 0};
    return vm;
}

/* VMs of these sizes; no order of one after another gets all that can be. */
static void pack(const unsigned *vcpus, const unsigned *gib, size_t n, struct vn_plan *plan)
{
    VN_AUTO(vn_problem) problem = {0};
    char name[] = "a";

    two_nodes(&problem);
    for (size_t i = 0; i < n; i++, name[0]++)
        add_whole(&problem, name, vcpus[i], gib[i] * GIB);
    solve(&problem, plan);
}

static void test_together(void **state)
{
    static const unsigned vcpus[] = {6, 4, 3, 3, 7}, gib[] = {3, 2, 1, 4, 4};
    VN_AUTO(vn_plan) plan = {0};

    (void)state;
    pack(vcpus, gib, VN_COUNT(vcpus), &plan);
    assert_int_equal(plan.cost.placed_vcpus, 14); /* 7 + 4 + 3; in order of size 7 + 6 and nothing more */
    assert_int_equal(plan.n_vms, 3);
    assert_int_equal(plan.bound.placed_vcpus, 14); /* a node holds 7 of any of these, never 8 */
}

/* No sum says that 16 cannot be: only trying does. */
static void test_together_proved(void **state)
{
    static const unsigned vcpus[] = {7, 3, 5, 4, 7}, gib[] = {1, 4, 6, 4, 6};
    VN_AUTO(vn_plan) plan = {0};

    (void)state;
    pack(vcpus, gib, VN_COUNT(vcpus), &plan);
    assert_int_equal(plan.cost.placed_vcpus, 15); /* 5 + 3 and 7 */
    assert_int_equal(plan.bound.placed_vcpus, 15);
    assert_true(plan.optimal);
}

/* Forty like guests on eight like nodes: neither makes the proof long. */
static void test_together_alike(void **state)
{
    static const char *const nodes[] = {"0-15", "16-31", "32-47", "48-63", "64-79", "80-95", "96-111", "112-127"};
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    char name[] = "a0";

    (void)state;
    (void)new_host(&problem, 8, nodes, 64 * GIB, 20);
    for (unsigned i = 0; i < 40; i++) {
        (void)snprintf(name, sizeof name, "%c%c", 'a' + (char)(i / 10), '0' + (char)(i % 10));
        add_vm(&problem, name, 5, GIB)->policy.cells = (struct vn_cells_spec){VN_CELLS_NUMBER, 1, NULL, 0};
    }
    solve(&problem, &plan);
    assert_int_equal(plan.n_vms, 24); /* three a node */
    assert_int_equal(plan.bound.placed_vcpus, 120);
    assert_true(plan.optimal);
}

/* Both want to be at the device: alone each could, together one of them cannot. */
static void test_together_devices(void **state)
{
    static char nic[] = "nic", *devices[] = {nic};
    struct vn_device device = {nic, nic, 1};
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};

    (void)state;
    two_nodes(&problem);
    problem.host.devices = &device;
    problem.host.n_devices = 1;
    for (int i = 0; i < 2; i++) {
        struct vn_request *vm = add_whole(&problem, i ? "b" : "a", 5, GIB);

        vm->devices = devices;
        vm->n_devices = 1;
    }
    solve(&problem, &plan);
    assert_int_equal(plan.n_vms, 2);
    assert_true(plan.cost.device == 10 && plan.bound.device == 10);
    assert_true(plan.optimal);
}

/* Dedicated VMs leave three CPUs: two of those that float have room there, not all. */
static void test_together_floating(void **state)
{
    static const char *const names[] = {"x", "y", "z"};
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};

    (void)state;
    two_nodes(&problem);
    add_whole(&problem, "a", 7, GIB);
    add_whole(&problem, "b", 6, GIB);
    add_whole(&problem, "c", 6, GIB);
    for (int i = 0; i < 3; i++) {
        struct vn_request *vm = add_whole(&problem, names[i], i ? 1 : 2, GIB);

        vm->policy.policy = VN_CPU_SHARED;
    }
    solve(&problem, &plan);
    assert_int_equal(plan.cost.placed_vcpus, 13); /* 7 + 6 */
    assert_int_equal(plan.n_vms, 4);              /* and those of one vCPU */
    assert_true(plan.optimal);
}

/* An auto VM is in one piece, and no division of it would do better. */
static void test_together_auto(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};

    (void)state;
    two_nodes(&problem);
    add_vm(&problem, "a", 8, GIB);
    add_whole(&problem, "b", 8, GIB);
    add_vm(&problem, "c", 3, GIB);
    solve(&problem, &plan);
    assert_int_equal(plan.cost.placed_vcpus, 16);
    assert_true(plan.optimal);
}

/* It fits in no piece: how far apart it is at least is proved, not where it is. */
static void test_together_divided(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};

    (void)state;
    two_nodes(&problem);
    add_vm(&problem, "a", 12, GIB);
    add_whole(&problem, "b", 4, GIB);
    solve(&problem, &plan);
    assert_int_equal(plan.cost.placed_vcpus, 16);
    assert_true(plan.cost.distance > 2);
    assert_true(plan.bound.distance > 2.2 && plan.bound.distance <= plan.cost.distance); /* 8 and 4: 32 / 144 of 10 */
}

/* One that runs and is left out stays where it is: the others are proved all the same. */
static void test_together_one_stays(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_request *vm;

    (void)state;
    two_nodes(&problem);
    add_whole(&problem, "a", 8, GIB);
    add_whole(&problem, "b", 8, GIB);
    vm = add_whole(&problem, "c", 7, GIB);
    vm->resident_kib = vn_arena_array(&problem.arena, 2, sizeof *vm->resident_kib);
    vm->resident_kib[1] = GIB;
    problem.host.nodes[1].free_kib -= GIB;
    solve(&problem, &plan);
    assert_int_equal(plan.cost.placed_vcpus, 16);
    assert_string_equal(plan.unplaced[0].name, "c");
    assert_true(plan.optimal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_together),
        cmocka_unit_test(test_together_proved),
        cmocka_unit_test(test_together_alike),
        cmocka_unit_test(test_together_devices),
        cmocka_unit_test(test_together_floating),
        cmocka_unit_test(test_together_auto),
        cmocka_unit_test(test_together_divided),
        cmocka_unit_test(test_together_one_stays),
    };

    return cmocka_run_group_tests_name("planner together", tests, NULL, NULL);
}
