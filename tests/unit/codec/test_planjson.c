/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/planjson.h"

/* The problem of the design, with ' for ". */
#define HOST                                                                                                  \
    "'host': {'nodes': [{'id': 0, 'cpus': '0-9,20-29', 'memory_kib': 67108864, 'free_kib': 60000000,"         \
    " 'hugepages': [{'size_kib': 2048, 'total': 1000, 'free': 1000}]},"                                       \
    " {'id': 1, 'cpus': '10-19,30-39', 'memory_kib': 67108864, 'free_kib': 60000000}],"                       \
    " 'siblings': ['0,20', '1,21'], 'l3': ['0-9,20-29', '10-19,30-39'], 'distances': [[10, 21], [21, 10]],"   \
    " 'reserved': '0,20', 'shared': '1,21', 'devices': [{'name': '0000:3b:00.0', 'node': 0}]}"
#define PROBLEM(host, vms) "{'schema': 'vnuma.problem/1', " host ", 'vms': [" vms "]}"
#define DB                                                                                                    \
    "{'name': 'db', 'vcpus': 32, 'memory_kib': 33554432, 'cells': 'auto', 'policy': 'dedicated',"             \
    " 'threads': 'prefer', 'hugepage_kib': 0, 'emulator': 'share', 'devices': [], 'placed': null}"

static char *quoted(const char *text)
{
    char *copy = strdup(text);

    assert_non_null(copy);
    for (char *at = copy; *at; at++)
        if (*at == '\'')
            *at = '"';
    return copy;
}

static int parse(const char *text, struct vn_problem *ret, struct vn_err *err)
{
    char *json = quoted(text);
    int r = vn_problem_parse(json, strlen(json), ret, err);

    free(json);
    return r;
}

static void good(const char *text, struct vn_problem *ret)
{
    struct vn_err err = {0};
    char said[1024];

    if (parse(text, ret, &err) < 0)
        fail_msg("%s", vn_err_text(&err, said, sizeof said));
}

static void bad(const char *text, const char *where, const char *says)
{
    VN_AUTO(vn_problem) problem = {.n_vms = 0};
    struct vn_err err = {0};
    char said[1024];

    assert_int_equal(parse(text, &problem, &err), -VN_E_FORMAT);
    vn_err_text(&err, said, sizeof said);
    if (!strstr(said, says) || (where && strcmp(err.where, where) != 0))
        fail_msg("at '%s': %s (not '%s' at '%s')", err.where, said, says, where ? where : "anywhere");
}

static void the_designs_problem(void **state)
{
    VN_AUTO(vn_problem) problem = {.n_vms = 0};
    (void)state;

    good(PROBLEM(HOST, DB), &problem);
    assert_int_equal(problem.host.n_nodes, 2);
    assert_int_equal(problem.host.nodes[0].pools[0].free, 1000);
    assert_int_equal(problem.host.n_cores, 2);
    assert_int_equal(vn_host_distance(&problem.host, 0, 1), 21);
    assert_int_equal(problem.host.devices[0].node, 0);
    assert_int_equal(problem.vms[0].vcpus, 32);
    assert_int_equal(problem.vms[0].policy.cells.kind, VN_CELLS_AUTO);
    assert_true(problem.vms[0].movable);
    assert_null(problem.vms[0].placed);
}

/* format(parse(format(parse(t)))) is format(parse(t)), for a problem that uses every key. */
static void problems_survive(void **state)
{
    static const char vms[] =
        DB ", {'name': 'a', 'uuid': 'u-1', 'vcpus': 4, 'memory_kib': 4000,"
           " 'cells': [{'vcpus': 3, 'memory_kib': 1000}, {'vcpus': 1, 'memory_kib': 3000}],"
           " 'cell_vcpus': ['0-1,3', '2'], 'policy': 'dedicated', 'threads': 'require', 'hugepage_kib': 2048,"
           " 'emulator': '2,22', 'memory': 'preferred', 'devices': ['0000:3b:00.0'], 'iothreads': 2},"
           "{'name': 'b', 'vcpus': 2, 'memory_kib': 2048, 'cells': 1, 'policy': 'shared', 'overcommit': 2.5,"
           " 'resident_kib': [1000, 24], 'movable': true, 'placed': {'cells': [{'cell': 0, 'node': 0,"
           " 'vcpus': '0-1', 'memory_kib': 2048}], 'vcpupin': {'0': '1,21', '1': '1,21'}, 'emulatorpin': '1'}}";
    VN_AUTO(vn_problem) problem = {.n_vms = 0};
    VN_AUTO(vn_problem) again = {.n_vms = 0};
    VN_AUTO(vn_buf) text = {0};
    VN_AUTO(vn_buf) second = {0};
    struct vn_err err = {0};
    char all[4096];
    (void)state;

    (void)snprintf(all, sizeof all, "{'schema': 'vnuma.problem/1', %s, 'vms': [%s]}", HOST, vms);
    good(all, &problem);
    assert_int_equal(vn_problem_format(&problem, &text, &err), 0);
    assert_int_equal(vn_problem_parse(text.ptr, text.len, &again, &err), 0);
    assert_int_equal(vn_problem_format(&again, &second, &err), 0);
    assert_string_equal(text.ptr, second.ptr);
    assert_int_equal(again.vms[1].n_iothreads, 2);
    assert_int_equal(again.vms[1].iothread_ids[1], 2);
    assert_true(again.vms[1].policy.memory_preferred);
    assert_true(again.vms[2].movable && again.vms[2].placed);
    assert_true(again.vms[2].policy.overcommit == 2.5);
    assert_string_equal(again.vms[2].placed->name, "b");
    assert_int_equal(again.vms[2].placed->policy, VN_CPU_SHARED);
}

static void free_memory_is_what_placed_leaves(void **state)
{
    VN_AUTO(vn_problem) problem = {.n_vms = 0};
    (void)state;

    good("{'schema': 'vnuma.problem/1', 'host': {'nodes': [{'id': 0, 'cpus': '0-3', 'memory_kib': 100000,"
         " 'hugepages': [{'size_kib': 1000, 'total': 20}]}]},"
         " 'vms': [{'name': 'a', 'vcpus': 1, 'memory_kib': 30000, 'placed': {'cells': [{'cell': 0, 'node': 0,"
         " 'vcpus': '0', 'memory_kib': 30000}]}}, {'name': 'h', 'vcpus': 1, 'memory_kib': 4500,"
         " 'hugepage_kib': 1000, 'placed': {'cells': [{'cell': 0, 'node': 0, 'vcpus': '0', 'memory_kib': 4500}]}}]}",
         &problem);
    assert_int_equal(problem.host.nodes[0].free_kib, 100000 - 30000 - 20 * 1000);
    assert_int_equal(problem.host.nodes[0].pools[0].free, 20 - 5);
    assert_false(problem.vms[0].movable);
    assert_int_equal(problem.vms[0].placed->n_vcpus, 1);
    assert_true(vn_cpuset_empty(&problem.vms[0].placed->vcpupin[0]));
}

#define NODE "{'id': 0, 'cpus': '0-3', 'memory_kib': 1000}"
#define ON(host_keys, vm) PROBLEM("'host': {'nodes': [" NODE "]" host_keys "}", vm)
#define VM(keys) "{'name': 'x', 'vcpus': 2, 'memory_kib': 100" keys "}"

static void slips_are_named(void **state)
{
    (void)state;
    bad(PROBLEM(HOST, DB ", {'name': 'x', 'vcpu': 2}"), "vms[1].vcpu", "Did you mean 'vcpus'?");
    bad(PROBLEM(HOST, "{'name': 'x', 'zzz': 2}"), "vms[0].zzz", "Known are: name");
    bad(PROBLEM(HOST, "{'name': 'x', 'vcpus': '2', 'memory_kib': 1}"), "vms[0].vcpus", "not a whole number");
    bad(PROBLEM(HOST, "{'vcpus': 2, 'memory_kib': 1}"), "vms[0].name", "missing");
    bad(PROBLEM(HOST, "{'name': 'x', 'vcpus': 0, 'memory_kib': 1}"), "vms[0].vcpus", "without vCPUs");
    bad(PROBLEM(HOST, "{'name': 'x', 'vcpus': -1, 'memory_kib': 1}"), "vms[0].vcpus", "'-1'");
    bad(PROBLEM(HOST, DB ", " DB), "vms", "two VMs");
    bad(ON("", VM(", 'policy': 'mine'")), "vms[0].policy", "dedicated, shared");
    bad(ON("", VM(", 'cells': 3")), "vms[0].cells", "for 2 vCPUs");
    bad(ON("", VM(", 'cells': 'all'")), "vms[0].cells", "'all'");
    bad(ON("", VM(", 'cells': [{'vcpus': 1, 'memory_kib': 100}]")), "vms[0].cells", "the VM has 2");
    bad(ON("", VM(", 'cells': [{'vcpus': 2, 'memory_kib': 99}]")), "vms[0].cells", "99 KiB");
    bad(ON("", VM(", 'emulator': '9'")), "vms[0].emulator", "CPU 9");
    bad(ON("", VM(", 'devices': ['0000:00:00.0']")), "vms[0].devices[0]", "does not have");
    bad(ON("", VM(", 'overcommit': 0")), "vms[0].overcommit", "ratio");
    bad(ON("", VM(", 'movable': false")), "vms[0].movable", "nowhere");
    bad(ON("", VM(", 'placed': {'vcpupin': {'0': '9'}}")), "vms[0].placed.vcpupin", "CPU 9");
    bad(ON("", VM(", 'placed': {'vcpupin': {'1': '1'}}")), "vms[0].placed.vcpupin.1", "not a vCPU");
    bad(ON("", VM(", 'placed': {'cells': [{'cell': 0, 'node': 4, 'vcpus': '0', 'memory_kib': 1}]}")),
        "vms[0].placed.cells", "node 4");
    bad(ON("", VM(", 'placed': {'cells': [{'cell': 0, 'node': 0, 'vcpus': '0-2', 'memory_kib': 1}]}")),
        "vms[0].placed.cells", "vCPU 2");
}

/* The kernel's lists of siblings and of L3 domains may name CPUs that no node has any more. */
static void cpus_that_are_off_are_written_as_off(void **state)
{
    VN_AUTO(vn_problem) problem = {.n_vms = 0};
    VN_AUTO(vn_problem) again = {.n_vms = 0};
    VN_AUTO(vn_buf) text = {0};
    struct vn_err err = {0};
    (void)state;

    good(ON(", 'siblings': ['0,1']", ""), &problem);
    vn_cpuset_add(&problem.host.cores[0], 40);
    vn_cpuset_add(&problem.host.reserved, 41);
    assert_int_equal(vn_problem_format(&problem, &text, &err), 0);
    assert_int_equal(vn_problem_parse(text.ptr, text.len, &again, &err), 0);
    assert_true(vn_cpuset_has(&again.host.cores[0], 40) && vn_cpuset_has(&again.host.reserved, 41));
    assert_true(vn_cpuset_has(&again.host.offline, 40) && vn_cpuset_has(&again.host.offline, 41));
}

static void contradictions_of_the_host_are_named(void **state)
{
    (void)state;
    bad("{'schema': 'vnuma.plan/1', 'host': {}, 'vms': []}", "schema", "vnuma.problem/1");
    bad(ON(", 'siblings': ['0,4']", ""), "host.siblings", "CPU 4");
    bad(ON(", 'siblings': ['0,1', '1,2']", ""), "host.siblings", "CPU 1");
    bad(ON(", 'reserved': '7'", ""), "host.reserved", "CPU 7");
    bad(ON(", 'shared': '1-'", ""), "host.shared", "'1-'");
    bad(ON(", 'distances': [[10, 20]]", ""), "host.distances[0]", "not a list of 1");
    bad(ON(", 'distances': [[9]]", ""), "host", "below 10");
    bad(ON(", 'hmat': {'latency_ns': [[1], [2]]}", ""), "host.hmat.latency_ns", "2 rows for 1 nodes");
    bad(ON(", 'measured': {'bandwidth_mbps': [[-1]]}", ""), "host.measured.bandwidth_mbps[0]", "'-1'");
    bad(ON(", 'measured': {'latency': [[1]]}", ""), "host.measured.latency", "latency_ns");
    bad(ON(", 'hmat': [[1]]", ""), "host.hmat", "not an object");
    bad(ON(", 'devices': [{'name': 'd', 'node': 3}]", ""), "host.devices[0].node", "no node 3");
    bad(ON(", 'sibling': []", ""), "host.sibling", "Did you mean 'siblings'?");
    bad(PROBLEM("'host': {'nodes': []}", ""), "host", "no nodes");
    bad(PROBLEM("'host': {'nodes': [" NODE ", {'id': 1, 'cpus': '3', 'memory_kib': 1}]}", ""), "host", "CPU 3");
    bad(PROBLEM("'host': {'nodes': [" NODE ", " NODE "]}", ""), "host", "node 0 comes after node 0");
    bad(PROBLEM("'host': {'nodes': [{'id': 0, 'cpus': '', 'memory_kib': 1, 'free_kib': 2}]}", ""),
        "host.nodes[0].free_kib", "outside 0-1");
    bad(ON("", "{'name': 'x', 'vcpus': 1, 'memory_kib': 2000, 'placed': {'cells': [{'cell': 0, 'node': 0,"
               " 'vcpus': '0', 'memory_kib': 2000}]}}"), "host", "2000 KiB");
}

static void json_errors_name_the_line(void **state)
{
    struct vn_problem problem;
    struct vn_err err = {0};
    (void)state;

    assert_int_equal(parse("{'schema': 'vnuma.problem/1',\n 'host': }", &problem, &err), -VN_E_SYNTAX);
    assert_non_null(strstr(err.where, "line 2"));
    assert_int_equal(parse("{'a': 1, 'a': 2}", &problem, &err), -VN_E_SYNTAX);
    assert_int_equal(parse("[]", &problem, &err), -VN_E_FORMAT);
    assert_int_equal(parse("", &problem, &err), -VN_E_SYNTAX);
    assert_int_equal(vn_problem_parse("{}", 2, &problem, NULL), -VN_E_FORMAT);
}

/* vnuma.host/1 as it is written is the host of a problem. */
static void host_documents_are_hosts(void **state)
{
    VN_AUTO(vn_problem) problem = {.n_vms = 0};
    VN_AUTO(vn_problem) again = {.n_vms = 0};
    VN_AUTO(vn_buf) document = {0};
    VN_AUTO(vn_buf) text = {0};
    VN_AUTO(vn_buf) second = {0};
    struct vn_err err = {0};
    (void)state;

    good(PROBLEM(HOST, ""), &problem);
    problem.host.hostname = vn_arena_strdup(&problem.arena, "h");
    vn_cpuset_add(&problem.host.offline, 40);
    vn_cpuset_add(&problem.host.isolated, 5);
    problem.host.nodes[1].cache_kib = 77;
    assert_int_equal(vn_host_add_setting(&problem.arena, &problem.host, "thp", "always"), 0);
    assert_int_equal(vn_host_format(&problem.host, &document, &err), 0);
    assert_non_null(strstr(document.ptr, "\"schema\": \"vnuma.host/1\",\n  \"kind\": \"numa\""));
    vn_buf_fmt(&text, "{\"schema\": \"vnuma.problem/1\", \"host\": %s, \"vms\": []}", document.ptr);
    assert_int_equal(vn_problem_parse(text.ptr, text.len, &again, &err), 0);
    assert_int_equal(vn_host_format(&again.host, &second, &err), 0);
    assert_string_equal(document.ptr, second.ptr);
}

/* ---- plans ---- */

static struct vn_placement placement(struct vn_arena *arena)
{
    struct vn_placement place = {.name = vn_arena_strdup(arena, "db \"x\"\n"), .uuid = vn_arena_strdup(arena, "u"),
                                 .why = vn_arena_strdup(arena, "the only nodes"), .hugepage_kib = 2048,
                                 .memory_preferred = true, .has_emulatorpin = true, .policy = VN_CPU_SHARED,
                                 .topology = {1, 1, 2, 2}, .n_vcpus = 2, .n_cells = 1, .n_iothreadpins = 1};

    place.cells = vn_arena_array(arena, 1, sizeof *place.cells);
    place.cells[0] = (struct vn_placed_cell){.cell = 0, .node = 3, .memory_kib = 4096};
    vn_cpuset_add_range(&place.cells[0].vcpus, 0, 1);
    place.vcpupin = vn_arena_array(arena, 2, sizeof *place.vcpupin);
    vn_cpuset_add(&place.vcpupin[0], 2); /* the second floats */
    place.iothreadpins = vn_arena_array(arena, 1, sizeof *place.iothreadpins);
    place.iothreadpins[0].id = 9;
    vn_cpuset_add_range(&place.iothreadpins[0].cpus, 4, 6);
    return place;
}

static void fill_steps(struct vn_plan *plan)
{
    static const enum vn_step_kind kinds[] = {VN_STEP_DEFINE, VN_STEP_VCPUPIN, VN_STEP_EMULATORPIN,
                                              VN_STEP_IOTHREADPIN, VN_STEP_NODESET, VN_STEP_MOVE_MEMORY,
                                              VN_STEP_MOVE_MEMORY, VN_STEP_SAVE_RESTORE, VN_STEP_SETTING};
    static uint64_t kib[] = {5, 6};
    static int nodes[] = {0, 2};

    plan->n_steps = VN_COUNT(kinds);
    plan->steps = vn_arena_array(&plan->arena, plan->n_steps, sizeof *plan->steps);
    for (size_t i = 0; i < plan->n_steps; i++) {
        struct vn_step *step = &plan->steps[i];

        *step = (struct vn_step){.kind = kinds[i], .when = i ? VN_WHEN_LIVE : VN_WHEN_NEXT_START,
                                 .vm = plan->vms[0].name, .uuid = plan->vms[0].uuid,
                                 .reason = vn_arena_strdup(&plan->arena, "so that it fits")};
        if (kinds[i] == VN_STEP_MOVE_MEMORY) {
            step->cell = i == 5 ? 1 : -1;
            step->node_to = 3;
            step->move_kib = 11;
            step->n_kib = 2;
            step->kib_before = kib;
            step->kib_nodes = nodes;
        } else if (kinds[i] == VN_STEP_DEFINE || kinds[i] == VN_STEP_SAVE_RESTORE) {
            step->xml_before = vn_arena_strdup(&plan->arena, "<a b='\xc3\xa9'>\n</a>");
            step->xml_after = i ? vn_arena_strdup(&plan->arena, "") : NULL;
        } else if (kinds[i] == VN_STEP_SETTING) {
            step->vm = step->uuid = vn_arena_strdup(&plan->arena, ""); /* the host's own */
            step->key = vn_arena_strdup(&plan->arena, "kernel.numa_balancing");
            step->value_before = vn_arena_strdup(&plan->arena, "1");
            step->value_after = vn_arena_strdup(&plan->arena, "");
        } else if (kinds[i] == VN_STEP_NODESET) {
            vn_nodeset_add(&step->nodes_before, 0);
            vn_nodeset_add(&step->nodes_after, 1);
        } else {
            step->index = kinds[i] == VN_STEP_EMULATORPIN ? 0 : 7;
            vn_cpuset_add_range(&step->cpus_before, 0, 39);
            vn_cpuset_add(&step->cpus_after, 8);
        }
    }
}

static void fill_plan(struct vn_plan *plan)
{
    static struct vn_blocking blocking[] = {{VN_RES_CPUS, 0, 16, 12, 4}, {VN_RES_MOVED, -1, 1, 0, 0}};
    static char moved[] = "y", left[] = "z", note[] = "first free memory";
    static struct vn_repair repair[] = {{moved, 1, 8388608}};

    plan->optimal = true;
    plan->cost = (struct vn_cost){32, 5.5, 0, 2, 7};
    plan->bound = (struct vn_cost){32, 1.0 / 3, 11, 2, 0};
    plan->vms = vn_arena_array(&plan->arena, 1, sizeof *plan->vms);
    plan->vms[0] = placement(&plan->arena);
    plan->n_vms = 1;
    plan->unplaced = vn_arena_array(&plan->arena, 1, sizeof *plan->unplaced);
    plan->unplaced[0] = (struct vn_unplaced){left, blocking, 2, true, true, repair, 1};
    plan->n_unplaced = 1;
    plan->notes = vn_arena_array(&plan->arena, 1, sizeof *plan->notes);
    plan->notes[0] = note;
    plan->n_notes = 1;
    fill_steps(plan);
}

static void check_same(const struct vn_plan *a, const struct vn_plan *b)
{
    assert_true(a->cost.distance == b->cost.distance && a->bound.distance == b->bound.distance);
    assert_string_equal(a->vms[0].name, b->vms[0].name);
    assert_int_equal(b->vms[0].policy, VN_CPU_SHARED);
    assert_int_equal(b->vms[0].n_vcpus, 2);
    assert_true(vn_cpuset_empty(&b->vms[0].vcpupin[1]));
    assert_int_equal(b->vms[0].topology.threads, 2);
    assert_true(b->vms[0].memory_preferred && b->vms[0].has_emulatorpin);
    assert_int_equal(b->vms[0].iothreadpins[0].id, 9);
    assert_int_equal(b->unplaced[0].blocking[0].others, 4);
    assert_int_equal(b->unplaced[0].blocking[1].resource, VN_RES_MOVED);
    assert_int_equal(b->unplaced[0].blocking[1].node, -1);
    assert_true(b->unplaced[0].together && b->unplaced[0].fits_alone);
    assert_int_equal(b->steps[5].cell, 1);
    assert_int_equal(b->steps[6].cell, -1);
    assert_int_equal(b->steps[6].kib_nodes[1], 2);
    assert_int_equal(b->steps[6].kib_before[1], 6);
    assert_null(b->steps[0].xml_after);
    assert_string_equal(b->steps[7].xml_after, "");
    for (size_t i = 0; i < a->n_steps; i++) {
        assert_int_equal(a->steps[i].kind, b->steps[i].kind);
        assert_int_equal(a->steps[i].when, b->steps[i].when);
        assert_int_equal(a->steps[i].index, b->steps[i].index);
        assert_true(vn_cpuset_equal(&a->steps[i].cpus_after, &b->steps[i].cpus_after));
        assert_true(vn_nodeset_equal(&a->steps[i].nodes_before, &b->steps[i].nodes_before));
    }
}

static void plans_survive(void **state)
{
    VN_AUTO(vn_plan) plan = {.optimal = false};
    VN_AUTO(vn_plan) again = {.optimal = false};
    VN_AUTO(vn_buf) text = {0};
    VN_AUTO(vn_buf) second = {0};
    struct vn_err err = {0};
    char said[1024];
    (void)state;

    fill_plan(&plan);
    assert_int_equal(vn_plan_format(&plan, &text, &err), 0);
    assert_non_null(strstr(text.ptr, "\"cost\": {\"placed_vcpus\": 32, \"distance\": 5.5, \"device\": 0, \"l3\": 2,"));
    if (vn_plan_parse(text.ptr, text.len, &again, &err) < 0)
        fail_msg("%s", vn_err_text(&err, said, sizeof said));
    check_same(&plan, &again);
    assert_int_equal(vn_plan_format(&again, &second, &err), 0);
    assert_string_equal(text.ptr, second.ptr);
}

/* Another planner's plan says less; what the problem has already need not be said again. */
static void plans_of_others(void **state)
{
    static const char text[] = "{'schema': 'vnuma.plan/1', 'vms': [{'name': 'web', 'cells': [{'cell': 0, 'node': 0, "
                               "'vcpus': '0', 'memory_kib': 1}], 'vcpupin': {'0': '4-7'}}]}";
    VN_AUTO(vn_plan) plan = {.optimal = true};
    char name[] = "web", *json = quoted(text);
    struct vn_vm_policy policy = {.policy = VN_CPU_SHARED, .hugepage_kib = 2048, .memory_preferred = true};
    struct vn_request vm = {.name = name, .policy = policy};
    struct vn_problem problem = {.vms = &vm, .n_vms = 1};
    struct vn_plan refused;
    bool costed = true;
    (void)state;

    assert_int_equal(vn_plan_parse(json, strlen(json), &refused, NULL), -VN_E_FORMAT);
    assert_int_equal(vn_plan_parse_for(json, strlen(json), &problem, &plan, &costed, NULL), 0);
    assert_false(costed || plan.optimal);
    assert_int_equal(plan.vms[0].policy, VN_CPU_SHARED);
    assert_int_equal(plan.vms[0].hugepage_kib, 2048);
    assert_true(plan.vms[0].memory_preferred);
    free(json);
}

static void steps_survive_alone(void **state)
{
    VN_AUTO(vn_plan) plan = {.optimal = false};
    struct vn_err err = {0};
    (void)state;

    fill_plan(&plan);
    for (size_t i = 0; i < plan.n_steps; i++) {
        VN_AUTO(vn_buf) text = {0};
        VN_AUTO(vn_buf) second = {0};
        VN_AUTO(vn_arena) arena = {0};
        struct vn_step step;

        assert_int_equal(vn_step_format(&plan.steps[i], &text, &err), 0);
        assert_int_equal(vn_step_parse(text.ptr, text.len, &arena, &step, &err), 0);
        assert_int_equal(vn_step_format(&step, &second, &err), 0);
        assert_string_equal(text.ptr, second.ptr);
    }
}

static void bad_step(const char *text, const char *says)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_step step;
    struct vn_err err = {0};
    char *json = quoted(text), said[1024];

    assert_int_equal(vn_step_parse(json, strlen(json), &arena, &step, &err), -VN_E_FORMAT);
    free(json);
    if (!strstr(vn_err_text(&err, said, sizeof said), says))
        fail_msg("'%s' does not say '%s'", said, says);
}

static void bad_steps_are_refused(void **state)
{
    (void)state;
    bad_step("{'kind': 'fly', 'when': 'live', 'vm': 'x'}", "'fly'");
    bad_step("{'kind': 'vcpupin', 'when': 'live', 'vm': 'x', 'vcpu': 0, 'before': '0', 'after': ''}", "empty set");
    bad_step("{'kind': 'vcpupin', 'when': 'live', 'vm': 'x', 'before': '0', 'after': '1'}", "missing");
    bad_step("{'kind': 'emulatorpin', 'when': 'soon', 'vm': 'x', 'before': '0', 'after': '1'}", "next start");
    bad_step("{'kind': 'define', 'when': 'live', 'vm': 'x', 'after': '1'}", "unknown key");
    bad_step("{'kind': 'nodeset', 'when': 'live', 'vm': '', 'before': '0', 'after': '1'}", "empty name");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_designs_problem),
        cmocka_unit_test(problems_survive),
        cmocka_unit_test(free_memory_is_what_placed_leaves),
        cmocka_unit_test(slips_are_named),
        cmocka_unit_test(cpus_that_are_off_are_written_as_off),
        cmocka_unit_test(contradictions_of_the_host_are_named),
        cmocka_unit_test(json_errors_name_the_line),
        cmocka_unit_test(host_documents_are_hosts),
        cmocka_unit_test(plans_survive),
        cmocka_unit_test(plans_of_others),
        cmocka_unit_test(steps_survive_alone),
        cmocka_unit_test(bad_steps_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
