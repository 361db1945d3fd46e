/* SPDX-License-Identifier: MIT */
#include "paper.h"

static const char *const nodes[] = {"0-3", "4-7", "8-11"};

/* A VM on a node, its vCPUs from @first on, its memory taken from what is free there. */
static struct vn_request *stays(struct vn_problem *problem, const char *name, int node, unsigned first, unsigned vcpus,
                                uint64_t memory_kib)
{
    struct vn_request *vm = add_vm(problem, name, vcpus, memory_kib);
    unsigned cpus[4];

    for (unsigned v = 0; v < vcpus; v++)
        cpus[v] = first + v;
    pin_now(problem, vm, cpus, false);
    vm->placed->n_cells = 1;
    vm->placed->cells = vn_arena_array(&problem->arena, 1, sizeof *vm->placed->cells);
    *vm->placed->cells = (struct vn_placed_cell){.node = node, .memory_kib = memory_kib};
    vn_cpuset_add_range(&vm->placed->cells->vcpus, 0, vcpus - 1);
    problem->host.nodes[node].free_kib -= memory_kib;
    return vm;
}

static struct vn_request *one_cell(struct vn_problem *problem, const char *name, unsigned vcpus, uint64_t memory_kib)
{
    struct vn_request *vm = add_vm(problem, name, vcpus, memory_kib);

    vm->policy.cells.kind = VN_CELLS_NUMBER;
    vm->policy.cells.number = 1;
    return vm;
}

static void assert_move(const struct vn_plan *plan, size_t i, const char *name, int node, uint64_t memory_kib)
{
    const struct vn_unplaced *out = &plan->unplaced[0];

    assert_int_equal(plan->n_unplaced, 1);
    assert_true(i < out->n_repair);
    assert_string_equal(out->repair[i].name, name);
    assert_int_equal(out->repair[i].node, node);
    assert_int_equal(out->repair[i].memory_kib, memory_kib);
}

/* Of two VMs in the way the one with less memory goes; of like ones the first by name, to the lowest node. */
static void test_least_memory(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    VN_AUTO(vn_plan) like = {0};
    struct vn_request *b;

    (void)state;
    new_host(&problem, 2, nodes, 16 * GIB, 20);
    b = stays(&problem, "b", 0, 0, 2, 4 * GIB);
    (void)stays(&problem, "a", 1, 4, 2, 6 * GIB);
    (void)one_cell(&problem, "new", 3, GIB);
    solve(&problem, &plan);
    assert_int_equal(plan.unplaced[0].n_repair, 1);
    assert_move(&plan, 0, "b", 1, 4 * GIB);

    b->memory_kib = b->placed->cells[0].memory_kib = 6 * GIB;
    problem.host.nodes[0].free_kib -= 2 * GIB;
    solve(&problem, &like);
    assert_move(&like, 0, "a", 0, 6 * GIB);
}

/* The dear one goes when its target is the only one that has the memory while both copies are there. */
static void test_memory_in_flight(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};

    (void)state;
    new_host(&problem, 2, nodes, 16 * GIB, 20);
    (void)stays(&problem, "a", 1, 4, 2, 13 * GIB);
    (void)stays(&problem, "b", 0, 0, 2, 4 * GIB);
    (void)one_cell(&problem, "new", 3, GIB);
    solve(&problem, &plan);
    assert_int_equal(plan.unplaced[0].n_repair, 0); /* 12 GiB and 3 GiB are free: they could only change places */
    problem.vms[0].memory_kib = problem.vms[0].placed->cells[0].memory_kib = 11 * GIB;
    vn_plan_drop(&plan);
    solve(&problem, &plan);
    assert_move(&plan, 0, "a", 0, 11 * GIB);
}

/* One makes room for the other first. */
static void test_in_order(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};

    (void)state;
    new_host(&problem, 3, nodes, 16 * GIB, 20);
    (void)stays(&problem, "big", 0, 0, 2, 8 * GIB);
    (void)stays(&problem, "small", 1, 4, 1, GIB);
    (void)stays(&problem, "fills", 1, 5, 2, 2 * GIB);
    (void)stays(&problem, "rest", 2, 8, 3, 12 * GIB);
    problem.host.nodes[1].free_kib = 8 * GIB; /* enough for big, never for new */
    (void)one_cell(&problem, "new", 4, 15 * GIB);
    solve(&problem, &plan);
    assert_int_equal(plan.unplaced[0].n_repair, 2);
    assert_move(&plan, 0, "small", 2, GIB);
    assert_move(&plan, 1, "big", 1, 8 * GIB);
}

/* Of a VM that is off nothing moves, but its memory has to be there when it starts. */
static void test_off(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    VN_AUTO(vn_plan) full = {0};
    static uint64_t none[3];

    (void)state;
    new_host(&problem, 2, nodes, 16 * GIB, 20);
    (void)stays(&problem, "a", 0, 0, 2, 2 * GIB);
    stays(&problem, "off", 1, 4, 2, 10 * GIB)->resident_kib = none;
    problem.host.nodes[1].free_kib += 10 * GIB;
    (void)one_cell(&problem, "new", 3, GIB);
    solve(&problem, &plan);
    assert_move(&plan, 0, "off", 0, 0);
    problem.host.nodes[0].free_kib = 9 * GIB;
    solve(&problem, &full);
    assert_move(&full, 0, "a", 1, 2 * GIB);
}

/* A VM that runs has its CPUs and its memory until the others are out of its way. */
static void test_for_one_that_runs(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    static const unsigned pins[] = {2, 3, 6};
    static uint64_t resident[] = {0, 8 * GIB};
    struct vn_request *runs;

    (void)state;
    new_host(&problem, 2, nodes, 16 * GIB, 20);
    (void)stays(&problem, "a", 0, 0, 1, 4 * GIB);
    (void)stays(&problem, "b", 0, 1, 1, 2 * GIB);
    (void)stays(&problem, "c", 1, 4, 2, 9 * GIB);
    runs = one_cell(&problem, "runs", 3, 8 * GIB);
    pin_now(&problem, runs, pins, true);
    runs->resident_kib = resident;
    problem.host.nodes[1].free_kib = 3 * GIB; /* a would fit there once it is gone */
    solve(&problem, &plan);
    assert_int_equal(plan.unplaced[0].n_repair, 1);
    assert_move(&plan, 0, "b", 1, 2 * GIB);
}

/* What it leaves idle beside its own CPUs, another VM has: that comes free when the other has moved too. */
static void test_on_a_sibling_of_its_own(void **state)
{
    static const char *const two[] = {"0-3", "4-7"};
    static const unsigned pins[] = {1, 4};
    static uint64_t resident[] = {GIB, 0};
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_request *runs;

    (void)state;
    new_host(&problem, 2, two, 16 * GIB, 20);
    for (unsigned cpu = 0; cpu < 8; cpu += 2)
        vn_cpuset_add_range(vn_arena_grow(&problem.arena, &problem.host.cores, &problem.host.n_cores,
                                          sizeof *problem.host.cores), cpu, cpu + 1);
    (void)stays(&problem, "b", 0, 0, 1, 2 * GIB);
    (void)stays(&problem, "c", 1, 6, 1, 4 * GIB);
    runs = one_cell(&problem, "runs", 2, GIB);
    runs->policy.threads = VN_THREADS_ISOLATE;
    pin_now(&problem, runs, pins, true);
    runs->resident_kib = resident;
    problem.host.nodes[0].free_kib -= GIB;
    solve(&problem, &plan);
    assert_int_equal(plan.unplaced[0].n_repair, 1);
    assert_move(&plan, 0, "b", 1, 2 * GIB);
}

static void test_within_max_move(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_planner_opts opts = {.max_move_kib = 4 * GIB - 1};

    (void)state;
    new_host(&problem, 2, nodes, 16 * GIB, 20);
    (void)stays(&problem, "a", 0, 0, 2, 4 * GIB);
    (void)stays(&problem, "b", 1, 4, 2, 4 * GIB);
    (void)one_cell(&problem, "new", 3, GIB);
    assert_int_equal(vn_planner_solve(&problem, &opts, &plan, NULL), 0);
    assert_int_equal(plan.unplaced[0].n_repair, 0);
    vn_plan_drop(&plan);
    opts.max_move_kib++;
    assert_int_equal(vn_planner_solve(&problem, &opts, &plan, NULL), 0);
    assert_move(&plan, 0, "a", 1, 4 * GIB);
}

/* What the host lacks in all no move can give; a VM that may not stay in one piece does not move. */
static void test_none(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    VN_AUTO(vn_plan) cells = {0};
    struct vn_request *new;

    (void)state;
    new_host(&problem, 2, nodes, 16 * GIB, 20);
    (void)stays(&problem, "a", 0, 0, 2, 4 * GIB);
    (void)stays(&problem, "b", 1, 4, 2, 4 * GIB);
    new = one_cell(&problem, "new", 5, GIB);
    solve(&problem, &plan);
    assert_int_equal(plan.unplaced[0].n_repair, 0);
    new->vcpus = 3;
    for (size_t i = 0; i < 2; i++) {
        problem.vms[i].policy.cells.kind = VN_CELLS_NUMBER;
        problem.vms[i].policy.cells.number = 2;
    }
    solve(&problem, &cells);
    assert_int_equal(cells.n_unplaced, 1);
    assert_int_equal(cells.unplaced[0].n_repair, 0);
}

/* Nodes of 7 CPUs with three VMs of 2, and one more CPU somewhere: they could change places for ever. */
static void sliding_host(struct vn_problem *problem, size_t n)
{
    static char texts[20][16];
    static const char *cpus[20];
    unsigned at = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned count = i ? 7 : 8;

        (void)snprintf(texts[i], sizeof texts[i], "%u-%u", at, at + count - 1);
        cpus[i] = texts[i];
        at += count;
    }
    new_host(problem, n, cpus, 64 * GIB, 20);
    at = 0;
    for (size_t i = 0; i < n; i++) {
        for (unsigned k = 0; k < 3; k++) {
            char name[] = {(char)('a' + i), (char)('a' + k), '\0'};

            (void)stays(problem, name, (int)i, at + 2 * k, 2, GIB);
        }
        at += i ? 7 : 8;
    }
    (void)one_cell(problem, "new", 4, GIB);
}

static bool says_limit(const struct vn_plan *plan, const char *what)
{
    for (size_t i = 0; i < plan->n_notes; i++)
        if (strstr(plan->notes[i], "looked for only up to") && strstr(plan->notes[i], what))
            return true;
    return false;
}

static void test_steps_run_out(void **state)
{
    VN_AUTO(vn_problem) small = {0};
    VN_AUTO(vn_problem) large = {0};
    VN_AUTO(vn_plan) all = {0};
    VN_AUTO(vn_plan) some = {0};

    (void)state;
    sliding_host(&small, 2);
    solve(&small, &all);
    assert_int_equal(all.n_unplaced, 1);
    assert_int_equal(all.n_notes, 0);
    sliding_host(&large, 20);
    solve(&large, &some);
    assert_int_equal(some.unplaced[0].n_repair, 0);
    assert_true(says_limit(&some, "'new': "));
    assert_true(says_limit(&some, "there may be some"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least_memory),      cmocka_unit_test(test_memory_in_flight),
        cmocka_unit_test(test_in_order),          cmocka_unit_test(test_off),
        cmocka_unit_test(test_for_one_that_runs), cmocka_unit_test(test_within_max_move),
        cmocka_unit_test(test_none),              cmocka_unit_test(test_steps_run_out),
        cmocka_unit_test(test_on_a_sibling_of_its_own),
    };

    return cmocka_run_group_tests_name("repair", tests, NULL, NULL);
}
