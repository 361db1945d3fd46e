/* SPDX-License-Identifier: MIT */
#include "paper.h"

/* Nothing is missing but huge pages: how many, where, and the line that reserves them. */
static void test_hugepages_to_reserve(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    VN_AUTO(vn_plan) no = {0};
    struct vn_hugepool pools[2] = {{2048, 600, 100}, {2048, 4, 0}};
    struct vn_request *vm;

    (void)state;
    worked_host(&problem);
    for (size_t i = 0; i < 2; i++) {
        problem.host.nodes[i].pools = &pools[i];
        problem.host.nodes[i].n_pools = 1;
    }
    vm = add_vm(&problem, "hp", 20, 8 * GIB);
    vm->policy.cells.kind = VN_CELLS_NUMBER;
    vm->policy.cells.number = 2;
    vm->policy.hugepage_kib = 2048;
    solve(&problem, &plan);
    assert_int_equal(plan.n_vms, 0);
    assert_int_equal(plan.n_notes, 2);
    assert_string_equal(plan.notes[0],
                        "'hp' fits with 1948 more huge pages of 2 MiB on node 0:\n"
                        "virsh allocpages 2048 1948 --cellno 0 --add");
    assert_string_equal(plan.notes[1],
                        "'hp' fits with 2048 more huge pages of 2 MiB on node 1:\n"
                        "virsh allocpages 2048 2048 --cellno 1 --add");

    problem.host.nodes[1].free_kib = GIB; /* there is no memory to reserve them in */
    solve(&problem, &no);
    assert_int_equal(no.n_vms, 0);
    assert_int_equal(no.n_notes, 0);
}

static const struct vn_choice *choice(const struct vn_placed_cell *cell, size_t at, int node, enum vn_verdict verdict)
{
    assert_true(at < cell->n_choices);
    assert_int_equal(cell->choices[at].node, node);
    assert_string_equal(vn_verdict_name(cell->choices[at].verdict), vn_verdict_name(verdict));
    return &cell->choices[at];
}

/* Every node for each cell, the best first; the sentence is the same whether they are asked for or not. */
static void test_choices(void **state)
{
    static const char *const nodes[] = {"0-3", "4-7", "8-11", "12-15", "16-17"};
    static const uint16_t row[] = {10, 12, 14, 14, 11};
    struct vn_planner_opts opts = {.choices = true};
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    VN_AUTO(vn_plan) bare = {0};
    const struct vn_placed_cell *cells;
    struct vn_request *vm;

    (void)state;
    new_host(&problem, 5, nodes, 64 * GIB, 14);
    for (size_t i = 0; i < 5; i++)
        problem.host.distances[i] = problem.host.distances[i * 5] = row[i];
    vm = add_vm(&problem, "db", 8, 2 * GIB);
    vm->policy.cells.kind = VN_CELLS_NUMBER;
    vm->policy.cells.number = 2;
    assert_int_equal(vn_planner_solve(&problem, NULL, &bare, NULL), 0);
    assert_null(bare.vms[0].cells[0].choices);
    assert_int_equal(vn_planner_solve(&problem, &opts, &plan, NULL), 0);
    cells = plan.vms[0].cells;
    assert_string_equal(cells[1].why, bare.vms[0].cells[1].why);
    assert_int_equal(cells[1].n_choices, 5);
    (void)choice(&cells[1], 0, 1, VN_VERDICT_CHOSEN);
    assert_string_equal(choice(&cells[1], 1, 2, VN_VERDICT_NEXT_BEST)->why, "distance 1 instead of 0.5");
    (void)choice(&cells[1], 2, 3, VN_VERDICT_POSSIBLE);
    assert_non_null(strstr(choice(&cells[1], 3, 0, VN_VERDICT_OTHER_CELL)->why, "changing places"));
    assert_string_equal(choice(&cells[1], 4, 4, VN_VERDICT_RULED_OUT)->why, "room for 2 of 4 vCPUs");
}

static void test_draw(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    VN_AUTO(vn_arena) arena = {0};
    char *text;

    (void)state;
    worked_host(&problem);
    add_vm(&problem, "db", 4, GIB);
    solve(&problem, &plan);
    text = vn_planner_draw(&problem, &plan, &arena);
    assert_non_null(text);
    assert_non_null(strstr(text, "node 0: 64"));
    assert_non_null(strstr(text, "CPU 0,20         (host)         (host)\n"));
    assert_non_null(strstr(text, "CPU 2,22         db:0           db:1\n"));
    assert_non_null(strstr(text, "CPU 4,24         .              .\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hugepages_to_reserve),
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_draw),
    };

    return cmocka_run_group_tests_name("planner words", tests, NULL, NULL);
}
