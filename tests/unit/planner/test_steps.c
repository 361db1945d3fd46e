/* SPDX-License-Identifier: MIT */
#include "paper.h"

/* From a snapshot to a problem, and from a plan to steps. */

static struct vn_vm *snapshot_of(struct vn_snapshot *snapshot, size_t n_vms)
{
    VN_AUTO(vn_problem) paper = {0};
    struct vn_host *host = &snapshot->host;

    worked_host(&paper);
    *host = paper.host;
    host->hostname = host->kernel = host->arch = vn_arena_strdup(&snapshot->arena, "");
    host->nodes = vn_arena_array(&snapshot->arena, 2, sizeof *host->nodes);
    host->distances = vn_arena_array(&snapshot->arena, 4, sizeof *host->distances);
    host->cores = vn_arena_array(&snapshot->arena, host->n_cores, sizeof *host->cores);
    host->l3 = vn_arena_array(&snapshot->arena, 2, sizeof *host->l3);
    memcpy(host->nodes, paper.host.nodes, 2 * sizeof *host->nodes);
    memcpy(host->distances, paper.host.distances, 4 * sizeof *host->distances);
    memcpy(host->cores, paper.host.cores, host->n_cores * sizeof *host->cores);
    memcpy(host->l3, paper.host.l3, 2 * sizeof *host->l3);
    snapshot->vms = vn_arena_array(&snapshot->arena, n_vms, sizeof *snapshot->vms);
    return snapshot->vms;
}

static struct vn_domain *domain_of(struct vn_arena *arena, const char *name, unsigned vcpus, uint64_t memory_kib)
{
    struct vn_domain *domain = vn_arena_alloc(arena, sizeof *domain);

    domain->name = vn_arena_strdup(arena, name);
    domain->uuid = vn_arena_strdup(arena, "");
    domain->vcpus = domain->vcpus_max = vcpus;
    domain->memory_kib = memory_kib;
    return domain;
}

/* A VM that floats over the whole host: running, or stored only. */
static struct vn_vm *vm_of(struct vn_snapshot *snapshot, const char *name, unsigned vcpus, uint64_t memory_kib,
                           bool running)
{
    struct vn_arena *arena = &snapshot->arena;
    struct vn_vm *vm = &snapshot->vms[snapshot->n_vms++];

    vm->name = vn_arena_strdup(arena, name);
    vm->uuid = vn_arena_printf(arena, "uuid-of-%s", name);
    vm->stored_xml = vn_arena_strdup(arena, "<domain/>");
    vm->stored = domain_of(arena, name, vcpus, memory_kib);
    if (!running)
        return vm;
    vm->state = VN_VM_RUNNING;
    vm->live = domain_of(arena, name, vcpus, memory_kib);
    vm->node_kib = vn_arena_array(arena, 2, sizeof *vm->node_kib);
    vm->n_vcpus = vcpus;
    vm->vcpus = vn_arena_array(arena, vcpus, sizeof *vm->vcpus);
    for (unsigned v = 0; v < vcpus; v++) {
        vm->vcpus[v].id = v;
        vm->vcpus[v].known = VN_THREAD_CONFIGURED;
        vm->vcpus[v].configured = set("0-39");
    }
    return vm;
}

static void give_cells(struct vn_arena *arena, struct vn_domain *domain)
{
    domain->n_cells = 2;
    domain->cells = vn_arena_array(arena, 2, sizeof *domain->cells);
    for (unsigned c = 0; c < 2; c++) {
        domain->cells[c].id = c;
        domain->cells[c].memory_kib = domain->memory_kib / 2;
        vn_cpuset_add_range(&domain->cells[c].vcpus, c * domain->vcpus / 2, (c + 1) * domain->vcpus / 2 - 1);
    }
}

static struct vn_vm *db32_of(struct vn_snapshot *snapshot)
{
    struct vn_vm *vm = vm_of(snapshot, "db32", 32, 32 * GIB, true);
    const uint64_t cells[] = {3 * GIB, 13 * GIB, 2 * GIB, 14 * GIB};

    give_cells(&snapshot->arena, vm->live);
    give_cells(&snapshot->arena, vm->stored);
    vm->node_kib[0] = 5 * GIB;
    vm->node_kib[1] = 27 * GIB;
    vm->cell_kib = vn_arena_array(&snapshot->arena, 4, sizeof *vm->cell_kib);
    memcpy(vm->cell_kib, cells, sizeof cells);
    snapshot->host.nodes[0].free_kib -= 5 * GIB;
    snapshot->host.nodes[1].free_kib -= 27 * GIB;
    return vm;
}

static void plan_for(const struct vn_snapshot *snapshot, const char *name, bool save_restore,
                     struct vn_problem *problem, struct vn_plan *plan)
{
    const char *names[] = {name};
    struct vn_plan_query query = {.names = names, .n_names = name ? 1 : 0};

    assert_int_equal(vn_problem_from_snapshot(snapshot, &query, problem, NULL), 0);
    solve(problem, plan);
    assert_int_equal(vn_planner_steps(snapshot, save_restore, plan, NULL), 0);
}

static size_t count(const struct vn_plan *plan, enum vn_step_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n_steps; i++)
        n += plan->steps[i].kind == kind;
    return n;
}

/* What the live steps do, done to the model. */
static void carry_out(struct vn_snapshot *snapshot, const struct vn_plan *plan)
{
    for (size_t i = 0; i < plan->n_steps; i++) {
        const struct vn_step *step = &plan->steps[i];
        struct vn_vm *vm = vn_snapshot_vm(snapshot, step->vm);
        int to = step->node_to < 0 ? -1 : vn_host_node_index(&snapshot->host, step->node_to);

        switch (step->kind) {
        case VN_STEP_VCPUPIN:
            vm->vcpus[step->index].configured = step->cpus_after;
            break;
        case VN_STEP_EMULATORPIN:
            vm->emulator.known |= VN_THREAD_CONFIGURED;
            vm->emulator.configured = step->cpus_after;
            break;
        case VN_STEP_NODESET:
            vm->live->has_numatune = true;
            vm->live->mem_mode = VN_MEM_STRICT;
            vm->live->mem_nodes = step->nodes_after;
            break;
        case VN_STEP_MOVE_MEMORY:
            for (int n = 0; n < 2; n++) {
                uint64_t *at = step->cell < 0 ? &vm->node_kib[n] : &vm->cell_kib[step->cell * 2 + n];

                assert_true(n == to || *at == step->kib_before[n]);
                if (n == to)
                    continue;
                snapshot->host.nodes[n].free_kib += *at;
                snapshot->host.nodes[to].free_kib -= *at;
                if (step->cell >= 0) {
                    vm->node_kib[n] -= *at;
                    vm->node_kib[to] += *at;
                }
                at[to - n] += *at;
                *at = 0;
            }
            break;
        case VN_STEP_DEFINE:
        case VN_STEP_IOTHREADPIN:
        case VN_STEP_SETTING:
        case VN_STEP_SAVE_RESTORE:
            break;
        }
    }
}

static void test_db32(void **state)
{
    VN_AUTO(vn_snapshot) snapshot = {0};
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_problem) after = {0};
    VN_AUTO(vn_plan) plan = {0};
    VN_AUTO(vn_plan) again = {0};
    size_t moves = 0;

    (void)state;
    (void)snapshot_of(&snapshot, 1);
    (void)db32_of(&snapshot);
    plan_for(&snapshot, "db32", false, &problem, &plan);
    assert_int_equal(plan.vms[0].cells[0].node, 0);
    assert_int_equal(plan.cost.moved_kib, 15 * GIB); /* 13 of cell 0, 2 of cell 1 */
    assert_int_equal(plan.steps[0].kind, VN_STEP_DEFINE);
    assert_string_equal(plan.steps[0].xml_before, "<domain/>");
    assert_int_equal(plan.steps[0].when, VN_WHEN_NEXT_START);
    assert_int_equal(count(&plan, VN_STEP_VCPUPIN), 32);
    assert_int_equal(count(&plan, VN_STEP_EMULATORPIN), 1);
    assert_int_equal(count(&plan, VN_STEP_NODESET), 0); /* it has cells */
    for (size_t i = 0; i < plan.n_steps; i++) {
        assert_true(plan.steps[i].reason[0] != '\0');
        if (plan.steps[i].kind != VN_STEP_MOVE_MEMORY)
            continue;
        assert_int_equal(plan.steps[i].cell, plan.steps[i].node_to);
        assert_int_equal(plan.steps[i].move_kib, plan.steps[i].cell ? 2 * GIB : 13 * GIB);
        moves++;
    }
    assert_int_equal(moves, 2);
    assert_non_null(strstr(plan.notes[0], "topology changes at its next start"));

    carry_out(&snapshot, &plan);
    plan_for(&snapshot, "db32", false, &after, &again);
    assert_int_equal(again.n_steps, 1); /* the stored XML: whoever edits it drops what is the same */
    assert_int_equal(again.steps[0].kind, VN_STEP_DEFINE);
    assert_int_equal(again.cost.moved_kib, 0);
}

/* One node, no cells, no numatune: a nodeset is taken live, after the memory moved. */
static void test_small_guest(void **state)
{
    VN_AUTO(vn_snapshot) snapshot = {0};
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_problem) after = {0};
    VN_AUTO(vn_plan) plan = {0};
    VN_AUTO(vn_plan) again = {0};
    struct vn_vm *vm;

    (void)state;
    (void)snapshot_of(&snapshot, 1);
    vm = vm_of(&snapshot, "small", 4, 4 * GIB, true);
    vm->node_kib[0] = GIB;
    vm->node_kib[1] = GIB / 4;
    snapshot.host.nodes[0].free_kib -= GIB;
    snapshot.host.nodes[1].free_kib -= GIB / 4;
    plan_for(&snapshot, NULL, false, &problem, &plan);
    assert_int_equal(plan.vms[0].cells[0].node, 0); /* most of it is there */
    assert_int_equal(plan.steps[plan.n_steps - 2].kind, VN_STEP_MOVE_MEMORY);
    assert_int_equal(plan.steps[plan.n_steps - 2].cell, -1);
    assert_int_equal(plan.steps[plan.n_steps - 2].move_kib, GIB / 4);
    assert_int_equal(plan.steps[plan.n_steps - 1].kind, VN_STEP_NODESET);
    assert_true(vn_nodeset_has(&plan.steps[plan.n_steps - 1].nodes_before, 1));
    assert_int_equal(vn_nodeset_count(&plan.steps[plan.n_steps - 1].nodes_after), 1);
    carry_out(&snapshot, &plan);
    plan_for(&snapshot, "uuid-of-small", false, &after, &again);
    assert_int_equal(again.n_steps, 1);

    vm->live->has_numatune = true; /* strict: libvirt takes no nodeset while it runs */
    vm->live->mem_mode = VN_MEM_STRICT;
    vm->live->mem_nodes = (struct vn_nodeset){{2}};
    vn_plan_drop(&again);
    vn_problem_drop(&after);
    plan_for(&snapshot, "small", false, &after, &again);
    assert_int_equal(count(&again, VN_STEP_NODESET), 0);
}

static void test_off_guest(void **state)
{
    VN_AUTO(vn_snapshot) snapshot = {0};
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};

    (void)state;
    (void)snapshot_of(&snapshot, 1);
    (void)vm_of(&snapshot, "off", 4, 4 * GIB, false);
    plan_for(&snapshot, "off", false, &problem, &plan);
    assert_int_equal(problem.vms[0].resident_kib[0], 0);
    assert_int_equal(plan.n_steps, 1);
    assert_int_equal(plan.steps[0].kind, VN_STEP_DEFINE);
    assert_int_equal(plan.steps[0].when, VN_WHEN_NEXT_START);
}

static void test_save_restore(void **state)
{
    VN_AUTO(vn_snapshot) snapshot = {0};
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};

    (void)state;
    (void)snapshot_of(&snapshot, 1);
    (void)db32_of(&snapshot);
    plan_for(&snapshot, "db32", true, &problem, &plan);
    assert_int_equal(plan.n_steps, 2);
    assert_int_equal(plan.steps[1].kind, VN_STEP_SAVE_RESTORE);
    assert_null(plan.steps[1].xml_before);
}

/* A guest without cells that needs two nodes: its pins change live, its memory at the next start. */
static void test_wide_guest_without_cells(void **state)
{
    VN_AUTO(vn_snapshot) snapshot = {0};
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_vm *vm;
    bool said = false;

    (void)state;
    (void)snapshot_of(&snapshot, 1);
    vm = vm_of(&snapshot, "wide", 24, 8 * GIB, true);
    vm->node_kib[0] = 8 * GIB;
    snapshot.host.nodes[0].free_kib -= 8 * GIB;
    plan_for(&snapshot, "wide", false, &problem, &plan);
    assert_int_equal(plan.vms[0].n_cells, 2);
    assert_int_equal(count(&plan, VN_STEP_VCPUPIN), 24);
    assert_int_equal(count(&plan, VN_STEP_MOVE_MEMORY), 0);
    assert_int_equal(count(&plan, VN_STEP_NODESET), 0);
    for (size_t i = 0; i < plan.n_notes; i++)
        said = said || strstr(plan.notes[i], "cannot be split");
    assert_true(said);
}

/* Others stay: a dedicated one has its CPUs, stored pins count, a floating one counts where it floats. */
static void test_others(void **state)
{
    VN_AUTO(vn_snapshot) snapshot = {0};
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_vm *vm;

    (void)state;
    (void)snapshot_of(&snapshot, 3);
    vm = vm_of(&snapshot, "pinned", 2, GIB, true);
    vm->vcpus[0].configured = set("2");
    vm->vcpus[1].configured = set("22");
    vm = vm_of(&snapshot, "stored", 1, GIB, false);
    vm->policy.threads = VN_THREADS_ISOLATE; /* and its sibling, 23 */
    vm->stored->n_vcpupins = 1;
    vm->stored->vcpupins = vn_arena_array(&snapshot.arena, 1, sizeof *vm->stored->vcpupins);
    vm->stored->vcpupins[0].cpus = set("3");
    (void)vm_of(&snapshot, "new", 4, GIB, false);
    snapshot.host.nodes[1].free_kib = 0; /* the others are on node 0: it has to go beside them */
    plan_for(&snapshot, "new", false, &problem, &plan);
    assert_int_equal(plan.n_vms, 1);
    assert_string_equal(text_of(&plan.vms[0].emulatorpin), "4-5,24-25");
}

static void test_query(void **state)
{
    VN_AUTO(vn_snapshot) snapshot = {0};
    VN_AUTO(vn_problem) problem = {0};
    struct vn_problem bad = {0};
    struct vn_vm_override over = {.name = NULL};
    struct vn_cpuset reserve = set("0-1");
    const char *names[] = {"nobody"};
    struct vn_plan_query query = {.names = names, .n_names = 1};
    struct vn_err err = {0};

    (void)state;
    (void)snapshot_of(&snapshot, 2);
    (void)db32_of(&snapshot);
    vm_of(&snapshot, "hp", 2, GIB, false)->stored->hugepage_kib = 1;
    snapshot.host.nodes[0].cache_kib = GIB;
    assert_int_equal(vn_problem_from_snapshot(&snapshot, &query, &bad, &err), -VN_E_ABSENT);
    assert_non_null(strstr(err.cause, "nobody"));
    names[0] = "db32";
    over.policy.set = VN_POL_CELLS;
    over.policy.cells.kind = VN_CELLS_NUMBER;
    over.policy.cells.number = 33;
    query.overrides = &over;
    query.n_overrides = 1;
    assert_int_equal(vn_problem_from_snapshot(&snapshot, &query, &bad, &err), -VN_E_USAGE);
    over.policy.cells.number = 4;
    query.count_cache = true;
    query.reserve = &reserve;
    assert_int_equal(vn_problem_from_snapshot(&snapshot, &query, &problem, &err), 0);
    assert_int_equal(problem.vms[0].policy.cells.number, 4);
    assert_true(problem.vms[0].movable);
    assert_false(problem.vms[1].movable);
    assert_int_equal(problem.vms[1].policy.cells.kind, VN_CELLS_AUTO); /* the override is for what is placed */
    assert_int_equal(problem.vms[1].policy.hugepage_kib, 2048);
    assert_int_equal(problem.host.nodes[0].free_kib, 60 * GIB); /* 64 - 5 + 1 of cache */
    assert_string_equal(text_of(&problem.host.reserved), "0-1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_db32),         cmocka_unit_test(test_small_guest),
        cmocka_unit_test(test_off_guest),    cmocka_unit_test(test_save_restore),
        cmocka_unit_test(test_wide_guest_without_cells), cmocka_unit_test(test_others),
        cmocka_unit_test(test_query),
    };

    return cmocka_run_group_tests_name("planner steps", tests, NULL, NULL);
}
