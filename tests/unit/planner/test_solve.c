/* SPDX-License-Identifier: MIT */
#include "paper.h"

static void two_cells(struct vn_problem *problem, struct vn_request *vm)
{
    vm->policy.cells.kind = VN_CELLS_LIST;
    vm->policy.cells.n_list = 2;
    vm->policy.cells.list = vn_arena_array(&problem->arena, 2, sizeof *vm->policy.cells.list);
    for (size_t i = 0; i < 2; i++)
        vm->policy.cells.list[i] = (struct vn_cell_size){vm->vcpus / 2, vm->memory_kib / 2};
}

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

static void test_emulator_on_reserved_cpus(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_request *db32;

    (void)state;
    worked_host(&problem);
    db32 = add_vm(&problem, "db32", 32, 32 * GIB);
    db32->policy.emulator.kind = VN_EMULATOR_CPUSET;
    db32->policy.emulator.cpus = set("0,20");
    solve(&problem, &plan);
    assert_string_equal(text_of(&plan.vms[0].emulatorpin), "0,20");
}

static void test_emulator_isolate(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    VN_AUTO(vn_plan) full = {0};
    struct vn_request *vm;

    (void)state;
    worked_host(&problem);
    vm = add_vm(&problem, "one", 15, 8 * GIB);
    vm->policy.emulator.kind = VN_EMULATOR_ISOLATE;
    solve(&problem, &plan);
    assert_int_equal(plan.vms[0].n_cells, 1);
    assert_string_equal(text_of(&plan.vms[0].emulatorpin), "29"); /* the sibling of vCPU 14's */

    vm->vcpus = 32; /* no CPU is left for it */
    solve(&problem, &full);
    assert_int_equal(full.n_vms, 0);
    assert_int_equal(full.unplaced[0].blocking[0].resource, VN_RES_CPUS);
    assert_int_equal(full.unplaced[0].blocking[0].need, 33);
    assert_int_equal(full.unplaced[0].blocking[0].free, 32);
}

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

/* require: whole cores; the rest of the last one stays unused. */
static void test_threads_require(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    static const char *const nodes[] = {"0-7"};
    struct vn_request *a, *b;

    (void)state;
    new_host(&problem, 1, nodes, 8 * GIB, 20);
    add_pairs(&problem, 0, 3, 4);
    a = add_vm(&problem, "a", 3, GIB);
    a->policy.threads = VN_THREADS_REQUIRE;
    b = add_vm(&problem, "b", 4, GIB);
    b->policy.threads = VN_THREADS_PREFER;
    solve(&problem, &plan);
    assert_int_equal(plan.n_unplaced, 0); /* b has two cores, a two with one CPU unused */

    vn_plan_drop(&plan);
    b->vcpus = 5; /* five of eight are b's: three are left, but only one whole core */
    solve(&problem, &plan);
    assert_int_equal(plan.n_unplaced, 1);
    assert_string_equal(plan.unplaced[0].name, "a");
    assert_int_equal(plan.unplaced[0].blocking[0].resource, VN_RES_CORES);
    assert_int_equal(plan.unplaced[0].blocking[0].need, 2);
    assert_int_equal(plan.unplaced[0].blocking[0].free, 1);
}

static void test_threads_isolate(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    static const char *const nodes[] = {"0-7"};
    struct vn_request *a;

    (void)state;
    new_host(&problem, 1, nodes, 8 * GIB, 20);
    add_pairs(&problem, 0, 3, 4);
    a = add_vm(&problem, "a", 3, GIB);
    a->policy.threads = VN_THREADS_ISOLATE;
    add_vm(&problem, "b", 2, GIB);
    solve(&problem, &plan);
    assert_int_equal(plan.n_unplaced, 0);
    assert_string_equal(text_of(&vn_plan_vm(&plan, "a")->emulatorpin), "0-2");
    assert_string_equal(text_of(&vn_plan_vm(&plan, "b")->emulatorpin), "3,7");
    assert_int_equal(vn_plan_vm(&plan, "a")->topology.threads, 0);
    assert_int_equal(vn_plan_vm(&plan, "b")->topology.threads, 2);
}

/* An odd vCPU uses up a partly used core rather than breaking a whole one. */
static void test_odd_vcpu(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    static const char *const nodes[] = {"0-7"};
    static const unsigned pins[] = {0};

    (void)state;
    new_host(&problem, 1, nodes, 8 * GIB, 20);
    add_pairs(&problem, 0, 3, 4);
    pin_now(&problem, add_vm(&problem, "there", 1, GIB), pins, false);
    add_vm(&problem, "odd", 3, GIB);
    solve(&problem, &plan);
    assert_int_equal(pin_at(&plan.vms[0], 0), 1);
    assert_int_equal(pin_at(&plan.vms[0], 1), 5);
    assert_int_equal(pin_at(&plan.vms[0], 2), 4);
}

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

/* Two nodes with room and one that has none: 0 is far from it, 1 is near. */
static struct vn_request *beside_devices(struct vn_problem *problem, struct vn_device *devices, char **names, size_t n)
{
    static const char *const nodes[] = {"0-3", "4-7", "8-9"};
    static unsigned iothreads[] = {1, 4};
    struct vn_host *host = new_host(problem, 3, nodes, 8 * GIB, 32);
    struct vn_request *vm = add_vm(problem, "net", 4, 2 * GIB);

    host->nodes[2].free_kib = 0;
    host->distances[1 * 3 + 2] = host->distances[2 * 3 + 1] = 12;
    host->devices = devices;
    host->n_devices = n;
    two_cells(problem, vm);
    vm->devices = names;
    vm->n_devices = n;
    vm->iothread_ids = iothreads;
    vm->n_iothreads = VN_COUNT(iothreads);
    return vm;
}

/* The cell on the device's own node would be best; where there is none, the nearest is. */
static void test_emulator_is_near_its_devices(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    char nic[] = "0000:3b:00.0", disk[] = "0000:d8:00.0", *names[] = {nic, disk};
    struct vn_device devices[] = {{nic, NULL, 2}, {disk, NULL, 2}};
    struct vn_request *vm;

    (void)state;
    vm = beside_devices(&problem, devices, names, 2);
    solve(&problem, &plan);
    assert_int_equal(plan.vms[0].cells[1].node, 1);
    assert_string_equal(text_of(&plan.vms[0].iothreadpins[0].cpus), "4-5");
    assert_string_equal(text_of(&plan.vms[0].iothreadpins[1].cpus), "4-5");
    assert_string_equal(text_of(&plan.vms[0].emulatorpin), "4-5");
    plan.vms[0].iothreadpins[1].cpus = set("0-1"); /* the far cell's */
    assert_int_equal(vn_planner_check(&problem, &plan, NULL), -VN_E_REFUSED);
    plan.vms[0].iothreadpins[1].cpus = set("8"); /* not the VM's */
    assert_int_equal(vn_planner_check(&problem, &plan, NULL), -VN_E_REFUSED);
    plan.vms[0].iothreadpins[1].cpus = set("");
    assert_int_equal(vn_planner_check(&problem, &plan, NULL), -VN_E_REFUSED);
    plan.vms[0].iothreadpins[1] = (struct vn_pin){.id = 9, .cpus = set("4-5")}; /* has no such */
    assert_int_equal(vn_planner_check(&problem, &plan, NULL), -VN_E_REFUSED);
    vn_plan_drop(&plan);
    devices[0].node = 0; /* one at each cell: none is nearer */
    devices[1].node = 1;
    solve(&problem, &plan);
    assert_string_equal(text_of(&plan.vms[0].iothreadpins[0].cpus), "0-1,4-5");
    vn_plan_drop(&plan);
    devices[1].node = -1; /* not known: the other decides */
    solve(&problem, &plan);
    assert_string_equal(text_of(&plan.vms[0].iothreadpins[0].cpus), "0-1");
    vn_plan_drop(&plan);
    devices[0].node = -1;
    solve(&problem, &plan);
    assert_string_equal(text_of(&plan.vms[0].iothreadpins[0].cpus), "0-1,4-5");
    assert_string_equal(text_of(&plan.vms[0].emulatorpin), "0-1,4-5");
    vn_plan_drop(&plan);
    vm->policy.emulator.kind = VN_EMULATOR_ISOLATE; /* the emulator's own CPU, not the VM's */
    solve(&problem, &plan);
    assert_true(vn_cpuset_equal(&plan.vms[0].iothreadpins[0].cpus, &plan.vms[0].emulatorpin));
    plan.vms[0].iothreadpins[0].cpus = plan.vms[0].vcpupin[0];
    assert_int_equal(vn_planner_check(&problem, &plan, NULL), -VN_E_REFUSED);
}

static void test_shared(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_request *vm;

    (void)state;
    worked_host(&problem);
    vm = add_vm(&problem, "s", 2, GIB);
    vm->policy.policy = VN_CPU_SHARED;
    solve(&problem, &plan);
    assert_string_equal(text_of(&plan.vms[0].vcpupin[1]), "1,21");
    assert_string_equal(text_of(&plan.vms[0].emulatorpin), "1,21");
    assert_int_equal(plan.cost.placed_vcpus, 0);
    vn_plan_drop(&plan);
    vm->vcpus = 9;
    vm->policy.overcommit = 2.0;
    solve(&problem, &plan); /* 9 vCPUs at 2.0 on 4 CPUs */
    assert_int_equal(plan.unplaced[0].blocking[0].resource, VN_RES_SHARED_CPUS);
    assert_int_equal(plan.unplaced[0].blocking[0].need, 5);
    assert_int_equal(plan.unplaced[0].blocking[0].free, 4);
}

/* Without a shared set: what is neither reserved nor dedicated nor isolated. */
/* An emulator's CPU out of those that float: the one that is alone in its L3 domain. */
static void test_shared_emulator_l3(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    static const char *const nodes[] = {"0-4"}, *const l3[] = {"0-3", "4"};
    struct vn_request *vm;

    (void)state;
    add_sets(&problem, &new_host(&problem, 1, nodes, 8 * GIB, 20)->l3, &problem.host.n_l3, l3, 2);
    vm = add_vm(&problem, "floats", 4, GIB);
    vm->policy.policy = VN_CPU_SHARED;
    vm->policy.emulator.kind = VN_EMULATOR_ISOLATE;
    solve(&problem, &plan);
    assert_string_equal(text_of(&plan.vms[0].emulatorpin), "4");
    assert_int_equal(plan.cost.l3, 1);
}

static void test_shared_beside_dedicated(void **state)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    static const char *const nodes[] = {"0-7"};
    struct vn_request *vm;

    (void)state;
    new_host(&problem, 1, nodes, 8 * GIB, 20);
    problem.host.reserved = set("0");
    problem.host.isolated = set("7");
    vm = add_vm(&problem, "s", 4, GIB);
    vm->policy.policy = VN_CPU_SHARED;
    add_vm(&problem, "d", 2, GIB);
    solve(&problem, &plan);
    assert_string_equal(text_of(&vn_plan_vm(&plan, "d")->emulatorpin), "1-2");
    assert_string_equal(text_of(&vn_plan_vm(&plan, "s")->vcpupin[0]), "3-6");
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

/* Of equal nodes the one whose CPUs nobody else can use, for want of memory; else what keeps a pair of cells possible. */
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
        cmocka_unit_test(test_worked_example),
        cmocka_unit_test(test_emulator_on_reserved_cpus),
        cmocka_unit_test(test_emulator_isolate),
        cmocka_unit_test(test_says_what_blocks),
        cmocka_unit_test(test_alternatives_and_sets),
        cmocka_unit_test(test_fits_alone),
        cmocka_unit_test(test_beside_floating),
        cmocka_unit_test(test_blocked_by_limit),
        cmocka_unit_test(test_notes_of_blocked),
        cmocka_unit_test(test_more_cells_than_nodes),
        cmocka_unit_test(test_threads_require),
        cmocka_unit_test(test_threads_isolate),
        cmocka_unit_test(test_odd_vcpu),
        cmocka_unit_test(test_hugepages),
        cmocka_unit_test(test_hugepages_to_reserve),
        cmocka_unit_test(test_device_decides),
        cmocka_unit_test(test_emulator_is_near_its_devices),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_shared_emulator_l3),
        cmocka_unit_test(test_shared_beside_dedicated),
        cmocka_unit_test(test_auto_uneven),
        cmocka_unit_test(test_auto_bound_beside_others),
        cmocka_unit_test(test_memory_preferred),
        cmocka_unit_test(test_stays_when_it_does_not_fit),
        cmocka_unit_test(test_stays_on_shared_cpus),
        cmocka_unit_test(test_keeps_what_is_as_good),
        cmocka_unit_test(test_most_room),
        cmocka_unit_test(test_keeps_uneven_cells),
        cmocka_unit_test(test_contradictions),
        cmocka_unit_test(test_checker_objects),
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_checker_lists),
        cmocka_unit_test(test_checker_moved),
        cmocka_unit_test(test_draw),
        cmocka_unit_test(test_together),
        cmocka_unit_test(test_together_proved),
        cmocka_unit_test(test_together_alike),
        cmocka_unit_test(test_together_devices),
        cmocka_unit_test(test_together_floating),
        cmocka_unit_test(test_together_auto),
        cmocka_unit_test(test_together_divided),
        cmocka_unit_test(test_together_one_stays),
    };

    return cmocka_run_group_tests_name("planner solve", tests, NULL, NULL);
}
