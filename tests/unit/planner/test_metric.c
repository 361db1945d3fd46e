/* SPDX-License-Identifier: MIT */
#include "paper.h"

/* Latencies and bandwidths in place of the firmware's distances. */

static uint32_t *table(struct vn_problem *problem, const uint32_t *figures)
{
    size_t n = problem->host.n_nodes;
    uint32_t *to = vn_arena_array(&problem->arena, n * n, sizeof *to);

    assert_non_null(to);
    memcpy(to, figures, n * n * sizeof *to);
    return to;
}

static void three_nodes(struct vn_problem *problem)
{
    static const char *const nodes[] = {"0-3", "4-7", "8-11"};

    (void)new_host(problem, 3, nodes, 64 * GIB, 21);
}

static void latency_in_tenths_of_local(void **state)
{
    static const uint32_t latency[] = {100, 134, 135, 90, 100, 1000, 210, 100, 200};
    VN_AUTO(vn_problem) problem = {0};

    (void)state;
    three_nodes(&problem);
    problem.host.measured.latency_ns = table(&problem, latency);
    problem.host.measured.bandwidth_mbps = table(&problem, (uint32_t[9]){1, 1, 1, 1, 1, 1, 1, 1, 1}); /* not asked */
    assert_int_equal(vn_problem_set_metric(&problem, VN_METRIC_MEASURED, NULL), 0);
    assert_int_equal(vn_host_distance(&problem.host, 0, 1), 13);
    assert_int_equal(vn_host_distance(&problem.host, 0, 2), 14); /* 13.5 */
    assert_int_equal(vn_host_distance(&problem.host, 1, 0), 10); /* never nearer than the own node */
    assert_int_equal(vn_host_distance(&problem.host, 1, 2), 100);
    assert_int_equal(vn_host_distance(&problem.host, 2, 0), 11); /* by the row's own latency */
    assert_int_equal(vn_host_distance(&problem.host, 2, 2), 10);
    assert_int_equal(problem.host.distances[1], 21); /* the firmware's stay */
    assert_int_equal(vn_problem_set_metric(&problem, VN_METRIC_SLIT, NULL), 0);
    assert_int_equal(vn_host_distance(&problem.host, 0, 1), 21);
}

static void bandwidth_where_latency_has_gaps(void **state)
{
    static const uint32_t latency[] = {100, 0, 150, 150, 100, 150, 150, 150, 100};
    static const uint32_t bandwidth[] = {80000, 40000, 30000, 1, 80000, 80000, 90000, 40000, 80000};
    VN_AUTO(vn_problem) problem = {0};

    (void)state;
    three_nodes(&problem);
    problem.host.hmat.latency_ns = table(&problem, latency);
    problem.host.hmat.bandwidth_mbps = table(&problem, bandwidth);
    assert_int_equal(vn_problem_set_metric(&problem, VN_METRIC_HMAT, NULL), 0);
    assert_int_equal(vn_host_distance(&problem.host, 0, 1), 20);
    assert_int_equal(vn_host_distance(&problem.host, 0, 2), 27); /* 26.67 */
    assert_int_equal(vn_host_distance(&problem.host, 1, 0), UINT16_MAX);
    assert_int_equal(vn_host_distance(&problem.host, 2, 0), 10);
}

static void refused(struct vn_problem *problem, enum vn_metric metric, const char *says)
{
    struct vn_err err = {0};

    assert_int_equal(vn_problem_set_metric(problem, metric, &err), -VN_E_REFUSED);
    if (!strstr(err.cause, says))
        fail_msg("'%s' does not say '%s'", err.cause, says);
    assert_null(problem->host.metric);
}

static void what_is_missing_is_named(void **state)
{
    static const uint32_t gap[] = {100, 150, 150, 150, 100, 0, 150, 150, 100};
    static const uint32_t own[] = {100, 150, 150, 150, 0, 150, 150, 150, 100};
    VN_AUTO(vn_problem) problem = {0};

    (void)state;
    three_nodes(&problem);
    problem.host.nodes[2].id = 8;
    refused(&problem, VN_METRIC_HMAT, "no HMAT latency or bandwidth");
    refused(&problem, VN_METRIC_MEASURED, "no measured latency or bandwidth");
    problem.host.measured.latency_ns = table(&problem, gap);
    refused(&problem, VN_METRIC_MEASURED, "latency of node 1 to memory of node 8");
    problem.host.measured.latency_ns = NULL;
    problem.host.measured.bandwidth_mbps = table(&problem, own);
    refused(&problem, VN_METRIC_MEASURED, "bandwidth of node 1 to memory of node 0");
}

static void why_it_is_missing(void **state)
{
    static const char *const cases[][2] = {
        {VN_HMAT_WHOLE, "leaves it out"},
        {VN_HMAT_NO_TABLE, "no such table"},
        {VN_HMAT_NO_PERMISSION, "run vnuma as root"},
        {VN_HMAT_REMOTE, "run vnuma on that host"},
        {VN_HMAT_UNUSABLE "it is cut off", "(ACPI HMAT) is not usable: it is cut off. Use --metric slit."},
    };

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++) {
        VN_AUTO(vn_problem) problem = {0};
        struct vn_err err = {0};

        three_nodes(&problem);
        assert_int_equal(vn_host_add_setting(&problem.arena, &problem.host, "hmat", cases[i][0]), 0);
        assert_int_equal(vn_problem_set_metric(&problem, VN_METRIC_HMAT, &err), -VN_E_REFUSED);
        if (!strstr(err.fix, cases[i][1]))
            fail_msg("'%s' does not say '%s'", err.fix, cases[i][1]);
        assert_int_equal(vn_problem_set_metric(&problem, VN_METRIC_MEASURED, &err), -VN_E_REFUSED);
        assert_non_null(strstr(err.fix, "problem file"));
    }
}

/* Memory alone goes nowhere: what is not known of such a node is not needed, unless a device is there. */
static void memory_only_nodes_need_no_row(void **state)
{
    static const uint32_t latency[] = {100, 150, 0, 150, 100, 0, 0, 0, 0};
    VN_AUTO(vn_problem) problem = {0};
    char name[] = "dev", what[] = "";
    struct vn_device device = {name, what, 2};

    (void)state;
    three_nodes(&problem);
    problem.host.nodes[2].cpus = set("");
    problem.host.hmat.latency_ns = table(&problem, latency);
    assert_int_equal(vn_problem_set_metric(&problem, VN_METRIC_HMAT, NULL), 0);
    assert_int_equal(vn_host_distance(&problem.host, 0, 1), 15);
    assert_int_equal(vn_host_distance(&problem.host, 0, 2), 21);
    problem.host.devices = &device;
    problem.host.n_devices = 1;
    refused(&problem, VN_METRIC_HMAT, "latency of node 0 to memory of node 2");
}

/* Placing goes by the metric; the guest is told the firmware's distances all the same. */
static void the_guest_keeps_the_slit(void **state)
{
    static const uint32_t latency[] = {100, 200, 120, 200, 100, 200, 120, 200, 100};
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) slit = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_request *vm;

    (void)state;
    three_nodes(&problem);
    problem.host.distances[1] = problem.host.distances[3] = 15; /* 0 and 1 are near, the firmware says */
    problem.host.measured.latency_ns = table(&problem, latency);
    vm = add_vm(&problem, "db", 8, 2 * GIB);
    vm->policy.cells.kind = VN_CELLS_NUMBER;
    vm->policy.cells.number = 2;
    solve(&problem, &slit);
    assert_int_equal(slit.vms[0].cells[1].node, 1);
    assert_int_equal(vn_problem_set_metric(&problem, VN_METRIC_MEASURED, NULL), 0);
    solve(&problem, &plan); /* which the checker looks at by the same metric */
    assert_int_equal(plan.vms[0].cells[0].node, 0);
    assert_int_equal(plan.vms[0].cells[1].node, 2);
    assert_true(plan.cost.distance == 0.5); /* 4 x 4 x (12 - 10) / 8^2 */
    assert_int_equal(plan.vms[0].distances[1], 21);
}

/* A problem has tables of its own, and the query's metric. */
static void a_snapshots_tables_are_copied(void **state)
{
    VN_AUTO(vn_problem) paper = {0};
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_snapshot) snapshot = {.n_vms = 0};
    struct vn_plan_query query = {.metric = VN_METRIC_HMAT};
    struct vn_problem none = {0};

    (void)state;
    three_nodes(&paper);
    snapshot.host = paper.host;
    assert_int_equal(vn_problem_from_snapshot(&snapshot, &query, &none, NULL), -VN_E_REFUSED);
    snapshot.host.hmat.bandwidth_mbps = table(&paper, (uint32_t[9]){8, 4, 4, 4, 8, 4, 4, 4, 8});
    assert_int_equal(vn_problem_from_snapshot(&snapshot, &query, &problem, NULL), 0);
    memset(snapshot.host.hmat.bandwidth_mbps, 0, 9 * sizeof(uint32_t));
    assert_int_equal(problem.host.hmat.bandwidth_mbps[1], 4);
    assert_int_equal(vn_host_distance(&problem.host, 0, 1), 20);
    assert_null(snapshot.host.metric);
}

static void names(void **state)
{
    enum vn_metric metric = VN_METRIC_SLIT;

    (void)state;
    assert_int_equal(vn_metric_parse("measured", &metric, NULL), 0);
    assert_int_equal(metric, VN_METRIC_MEASURED);
    assert_int_equal(vn_metric_parse("hma", &metric, NULL), -VN_E_USAGE);
    assert_int_equal(vn_metric_parse("", &metric, NULL), -VN_E_USAGE);
    assert_int_equal(metric, VN_METRIC_MEASURED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latency_in_tenths_of_local),
        cmocka_unit_test(bandwidth_where_latency_has_gaps),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(why_it_is_missing),
        cmocka_unit_test(memory_only_nodes_need_no_row),
        cmocka_unit_test(the_guest_keeps_the_slit),
        cmocka_unit_test(a_snapshots_tables_are_copied),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
