/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "../unit/planner/paper.h"

/*
 * Small full hosts with a VM that does not fit. The moves of `repair` are made one by one with an
 * accounting that only counts, and then the VM fits; where counting is all there is to it, every
 * list of moves is tried, and none is cheaper. Of every fourth other problem all lists of two moves
 * are tried, each move as the planner would place that VM.
 */

enum { NODES_MOST = 4, VMS_MOST = 6, MOVES_EXACT = 3, MOVES_MOST = 6, PAGE_KIB = 2048 };

/*
 * COUNTS: a core is a CPU, memory is of one kind. CORES: cores of two threads, each had by one VM alone or by none, and
 * huge pages beside ordinary memory; so cores can be counted. ANY: what there is.
 */
enum mode { COUNTS, CORES, ANY };

static uint64_t rng;

static unsigned pick(unsigned below)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return below ? (unsigned)(rng >> 11) % below : 0;
}

static bool chance(unsigned percent)
{
    return pick(100) < percent;
}

/* ---- problems ---- */

/* Where only counting counts there is a shared set: without one, dedicated VMs and floating ones share their CPUs. */
static void make_host(struct vn_problem *problem, unsigned threads, enum mode mode)
{
    struct vn_host *host = &problem->host;
    unsigned at = 0;
    int id = (int)pick(2);

    host->n_nodes = 2 + pick(NODES_MOST - 1);
    host->nodes = vn_arena_array(&problem->arena, host->n_nodes, sizeof *host->nodes);
    for (size_t n = 0; n < host->n_nodes; n++, id += 1 + (int)pick(2)) {
        struct vn_node *node = &host->nodes[n];
        unsigned cores = 2 + pick(5);

        node->id = id;
        node->memory_kib = (3 + pick(8)) * GIB;
        node->free_kib = node->memory_kib;
        node->n_pools = 1;
        node->pools = vn_arena_array(&problem->arena, 1, sizeof *node->pools);
        *node->pools = (struct vn_hugepool){PAGE_KIB, 4 * GIB / PAGE_KIB, 4 * GIB / PAGE_KIB};
        for (unsigned c = 0; c < cores; c++, at += threads) {
            struct vn_cpuset *core = vn_arena_grow(&problem->arena, &host->cores, &host->n_cores, sizeof *core);

            vn_cpuset_add_range(core, at, at + threads - 1);
            vn_cpuset_or(&node->cpus, core);
            if (chance(20) || (mode != ANY && !at))
                vn_cpuset_add_range(&host->shared, at, mode == CORES ? at + threads - 1 : at);
        }
    }
}

/* CPUs that a dedicated VM of whole cores, or of single CPUs, can still be put on. */
static unsigned free_cpus(const struct vn_host *host, size_t node, const struct vn_cpuset *left, bool whole,
                          unsigned *ret)
{
    unsigned n = 0;

    VN_CPUSET_EACH(cpu, left) {
        struct vn_cpuset core;

        vn_host_core(host, (unsigned)cpu, &core);
        if (vn_cpuset_has(&host->nodes[node].cpus, (unsigned)cpu) &&
            (!whole || (vn_cpuset_subset(&core, left) && vn_cpuset_next(&core, 0) == cpu)))
            ret[n++] = (unsigned)cpu;
    }
    return n;
}

static void take(const struct vn_host *host, struct vn_cpuset *left, unsigned cpu, bool whole)
{
    struct vn_cpuset core;

    vn_host_core(host, cpu, &core);
    if (whole)
        vn_cpuset_sub(left, &core);
    vn_cpuset_del(left, cpu);
}

static uint64_t free_kib(const struct vn_node *node, bool huge)
{
    return huge ? node->pools[0].free * PAGE_KIB : node->free_kib;
}

static void add_kib(struct vn_node *node, bool huge, uint64_t kib, bool less)
{
    uint64_t *at = huge ? &node->pools[0].free : &node->free_kib, amount = huge ? kib / PAGE_KIB : kib;

    *at = less ? *at - amount : *at + amount;
}

/* ISOLATE has a CPU of each core. In mode CORES other policies have both, and of what they leave nobody has anything. */
static enum vn_threads_policy make_threads(enum mode mode)
{
    if (mode == CORES)
        return (enum vn_threads_policy)pick(3);
    return mode == ANY && chance(30) ? VN_THREADS_ISOLATE : VN_THREADS_PREFER;
}

/* A VM on a node, if it has the room; its memory is in the pins' node, and missing from what is free there. */
static void make_fixed(struct vn_problem *problem, unsigned number, struct vn_cpuset *left, enum mode mode)
{
    struct vn_host *host = &problem->host;
    size_t n = pick((unsigned)host->n_nodes);
    uint64_t kib = (1 + pick(3)) * GIB;
    unsigned cpus[64], vcpus = 1 + pick(3);
    bool floats = chance(20), off = chance(10), huge = mode != COUNTS && chance(25);
    enum vn_threads_policy threads = make_threads(mode);
    bool isolate = threads == VN_THREADS_ISOLATE;
    char name[2] = {(char)('a' + number), 0};
    struct vn_request *vm;

    if (mode == CORES && threads == VN_THREADS_PREFER && !floats)
        vcpus += vcpus & 1;
    if (kib > free_kib(&host->nodes[n], huge))
        return;
    if (!floats && free_cpus(host, n, left, isolate, cpus) < vcpus)
        return;
    vm = add_vm(problem, name, vcpus, kib);
    vm->policy.policy = floats ? VN_CPU_SHARED : VN_CPU_DEDICATED;
    vm->policy.threads = threads;
    vm->policy.hugepage_kib = huge ? PAGE_KIB : 0;
    pin_now(problem, vm, cpus, false);
    vm->placed->hugepage_kib = vm->policy.hugepage_kib;
    vm->placed->n_cells = 1;
    vm->placed->cells = vn_arena_array(&problem->arena, 1, sizeof *vm->placed->cells);
    *vm->placed->cells = (struct vn_placed_cell){.node = host->nodes[n].id, .memory_kib = kib};
    vn_cpuset_add_range(&vm->placed->cells->vcpus, 0, vcpus - 1);
    for (unsigned v = 0; v < vcpus; v++) {
        if (floats)
            vm->placed->vcpupin[v] = host->nodes[n].cpus;
        else
            take(host, left, cpus[v], isolate || mode == CORES);
    }
    if (off)
        vm->resident_kib = vn_arena_array(&problem->arena, host->n_nodes, sizeof *vm->resident_kib);
    else
        add_kib(&host->nodes[n], huge, kib, true);
}

/* It runs already, on CPUs here and there and with its memory on one node; it has those until the others have moved. */
static void make_goal_run(struct vn_problem *problem, struct vn_request *vm, const struct vn_cpuset *left)
{
    size_t n = pick((unsigned)problem->host.n_nodes);
    unsigned cpus[8], found = 0;

    VN_CPUSET_EACH(cpu, left)
        if (found < vm->vcpus && chance(50))
            cpus[found++] = (unsigned)cpu;
    if (found < vm->vcpus || problem->host.nodes[n].free_kib < vm->memory_kib)
        return;
    pin_now(problem, vm, cpus, true);
    vm->resident_kib = vn_arena_array(&problem->arena, problem->host.n_nodes, sizeof *vm->resident_kib);
    vm->resident_kib[n] = vm->memory_kib;
    problem->host.nodes[n].free_kib -= vm->memory_kib;
}

static void make_goal(struct vn_problem *problem, const struct vn_cpuset *left, enum mode mode)
{
    struct vn_request *vm = add_vm(problem, "goal", 1 + pick(6), (1 + pick(8)) * GIB);

    vm->policy.policy = chance(85) ? VN_CPU_DEDICATED : VN_CPU_SHARED;
    if (mode != COUNTS)
        vm->policy.threads = (enum vn_threads_policy)pick(3);
    if (mode == ANY && chance(20))
        vm->policy.emulator.kind = VN_EMULATOR_ISOLATE;
    vm->policy.hugepage_kib = mode != COUNTS && chance(25) ? PAGE_KIB : 0;
    if (mode != CORES && vm->policy.policy == VN_CPU_DEDICATED && !vm->policy.hugepage_kib && chance(20))
        make_goal_run(problem, vm, left);
    if (mode == ANY && chance(20))
        return; /* as few cells as can be */
    vm->policy.cells.kind = VN_CELLS_NUMBER;
    vm->policy.cells.number = vm->vcpus > 1 && chance(25) ? 2 : 1;
}

static void make_case(struct vn_problem *problem, uint64_t seed, enum mode mode)
{
    struct vn_cpuset left;
    unsigned n;

    rng = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    (void)pick(2);
    make_host(problem, mode == COUNTS || (mode == ANY && chance(30)) ? 1 : 2, mode);
    vn_host_online(&problem->host, &left);
    vn_cpuset_sub(&left, &problem->host.shared);
    n = 2 + pick(VMS_MOST - 1);
    for (unsigned i = 0; i < n; i++)
        make_fixed(problem, i, &left, mode);
    make_goal(problem, &left, mode);
}

/* ---- counting ---- */

struct count {
    size_t n, n_vms;
    unsigned threads;
    int64_t cores[NODES_MOST], floating[NODES_MOST], kib[NODES_MOST], huge_kib[NODES_MOST];
    int64_t own_cores[NODES_MOST], own_kib[NODES_MOST]; /* what the VM that does not fit has now */
    size_t at[VMS_MOST];
    bool moved[VMS_MOST];
};

struct found {
    bool any;
    uint64_t kib;
    size_t n, vm[MOVES_EXACT], to[MOVES_EXACT];
};

static bool runs(const struct vn_request *vm)
{
    return !vm->resident_kib;
}

/* What a cell takes: floating CPUs, or cores. */
static int64_t takes(const struct count *c, const struct vn_request *vm, unsigned vcpus)
{
    if (vm->policy.policy == VN_CPU_SHARED || vm->policy.threads == VN_THREADS_ISOLATE)
        return vcpus;
    return (vcpus + c->threads - 1) / c->threads;
}

static int64_t *cpus_for(struct count *c, const struct vn_request *vm)
{
    return vm->policy.policy == VN_CPU_SHARED ? c->floating : c->cores;
}

static int64_t *kib_for(struct count *c, const struct vn_request *vm)
{
    return vm->policy.hugepage_kib ? c->huge_kib : c->kib;
}

static void count_new(struct count *c, const struct vn_problem *problem)
{
    const struct vn_host *host = &problem->host;

    *c = (struct count){.n = host->n_nodes, .n_vms = problem->n_vms - 1, .threads = vn_cpuset_count(&host->cores[0])};
    for (size_t n = 0; n < c->n; n++) {
        struct vn_cpuset shared = host->nodes[n].cpus;

        vn_cpuset_and(&shared, &host->shared);
        c->kib[n] = (int64_t)free_kib(&host->nodes[n], false);
        c->huge_kib[n] = (int64_t)free_kib(&host->nodes[n], true);
        c->floating[n] = (int64_t)vn_cpuset_count(&shared);
        c->cores[n] = ((int64_t)vn_cpuset_count(&host->nodes[n].cpus) - c->floating[n]) / c->threads;
    }
    for (size_t i = 0; i < c->n_vms; i++) {
        const struct vn_request *vm = &problem->vms[i];

        c->at[i] = (size_t)vn_host_node_index(host, vm->placed->cells[0].node);
        cpus_for(c, vm)[c->at[i]] -= takes(c, vm, vm->vcpus);
    }
}

/* It runs in mode COUNTS only. */
static void count_goal(struct count *c, const struct vn_problem *problem)
{
    const struct vn_request *vm = &problem->vms[c->n_vms];

    for (size_t n = 0; vm->placed && n < c->n; n++) {
        for (unsigned v = 0; v < vm->vcpus; v++)
            c->own_cores[n] += vn_cpuset_intersects(&vm->placed->vcpupin[v], &problem->host.nodes[n].cpus);
        c->own_kib[n] = (int64_t)vm->resident_kib[n];
        c->cores[n] -= c->own_cores[n];
    }
}

/* One move: while it is under way, both copies of the memory are there. */
static bool count_move(struct count *c, const struct vn_problem *problem, size_t i, size_t to)
{
    const struct vn_request *vm = &problem->vms[i];
    int64_t *cpus = cpus_for(c, vm), *kib = kib_for(c, vm), need = takes(c, vm, vm->vcpus);

    if (c->moved[i] || to == c->at[i] || cpus[to] < need || kib[to] < (int64_t)vm->memory_kib)
        return false;
    cpus[to] -= need;
    kib[to] -= (int64_t)vm->memory_kib;
    cpus[c->at[i]] += need;
    kib[c->at[i]] += runs(vm) ? (int64_t)vm->memory_kib : 0;
    c->at[i] = to;
    c->moved[i] = true;
    return true;
}

static bool count_cell(const struct count *c, const struct vn_request *vm, size_t node, unsigned vcpus, uint64_t kib)
{
    int64_t cpus = vm->policy.policy == VN_CPU_SHARED ? c->floating[node] : c->cores[node] + c->own_cores[node];
    int64_t memory = vm->policy.hugepage_kib ? c->huge_kib[node] : c->kib[node] + c->own_kib[node];

    return cpus >= takes(c, vm, vcpus) && memory >= (int64_t)kib;
}

static bool count_fits(const struct count *c, const struct vn_problem *problem)
{
    const struct vn_request *vm = &problem->vms[c->n_vms];
    unsigned k = vm->policy.cells.number, first = (vm->vcpus + k - 1) / k;
    uint64_t mib = vm->memory_kib / 1024, first_kib = (mib + k - 1) / k * 1024;

    for (size_t a = 0; a < c->n; a++) {
        if (!count_cell(c, vm, a, first, first_kib))
            continue;
        for (size_t b = 0; b < c->n && k == 2; b++)
            if (b != a && count_cell(c, vm, b, vm->vcpus - first, vm->memory_kib - first_kib))
                return true;
        if (k == 1)
            return true;
    }
    return false;
}

/* Every list of at most @left more moves, by name and node; the first of the cheapest is kept. */
static void count_lists(const struct count *c, const struct vn_problem *problem, size_t left, struct found *list,
                        struct found *best)
{
    if (count_fits(c, problem)) {
        if (!best->any || list->kib < best->kib || (list->kib == best->kib && list->n < best->n))
            *best = *list;
        best->any = true;
        return;
    }
    for (size_t i = 0; left && i < c->n_vms; i++)
        for (size_t to = 0; to < c->n; to++) {
            struct count next = *c;
            struct found more = *list;

            if (!count_move(&next, problem, i, to))
                continue;
            more.vm[more.n] = i;
            more.to[more.n++] = to;
            more.kib += runs(&problem->vms[i]) ? problem->vms[i].memory_kib : 0;
            count_lists(&next, problem, left - 1, &more, best);
        }
}

/* ---- the moves made ---- */

static size_t find_vm(const struct vn_problem *problem, const char *name)
{
    for (size_t i = 0; i < problem->n_vms; i++)
        if (!strcmp(problem->vms[i].name, name))
            return i;
    fail_msg("no VM '%s'", name);
    return 0;
}

/*
 * The VM alone on its target: the other nodes have no memory, and what it has now stays taken. The
 * planner finds it CPUs there, or none.
 */
static bool place_on(struct vn_problem *problem, size_t vm, size_t to, struct vn_plan *plan)
{
    struct vn_request *request = &problem->vms[vm];
    struct vn_request *goal = &problem->vms[problem->n_vms - 1];
    bool huge = request->policy.hugepage_kib;
    uint64_t others[NODES_MOST], *resident = request->resident_kib;
    struct vn_placement *was = request->placed;

    for (size_t n = 0; n < problem->host.n_nodes; n++) {
        others[n] = n == to ? 0 : free_kib(&problem->host.nodes[n], huge);
        add_kib(&problem->host.nodes[n], huge, others[n], true);
    }
    goal->movable = false;
    request->placed = NULL;
    request->resident_kib = NULL;
    request->movable = true;
    request->policy.cells.kind = VN_CELLS_NUMBER;
    request->policy.cells.number = 1;
    solve(problem, plan);
    for (size_t n = 0; n < problem->host.n_nodes; n++)
        add_kib(&problem->host.nodes[n], huge, others[n], false);
    goal->movable = true;
    request->movable = false;
    request->placed = was;
    request->resident_kib = resident;
    return plan->n_vms == 1 && plan->vms[0].cells[0].node == problem->host.nodes[to].id;
}

/* The memory of a VM goes to another node, or comes back from there. */
static void carry(struct vn_problem *problem, size_t i, size_t from, size_t to, bool back)
{
    const struct vn_request *vm = &problem->vms[i];
    bool huge = vm->policy.hugepage_kib;

    add_kib(&problem->host.nodes[to], huge, vm->memory_kib, !back);
    add_kib(&problem->host.nodes[from], huge, runs(vm) ? vm->memory_kib : 0, back);
}

static size_t node_now(const struct vn_problem *problem, size_t i)
{
    return (size_t)vn_host_node_index(&problem->host, problem->vms[i].placed->cells[0].node);
}

/* @plan holds where it is then. */
static bool try_move(struct vn_problem *problem, size_t i, size_t to, struct vn_plan *plan)
{
    struct vn_request *vm = &problem->vms[i];
    size_t from = node_now(problem, i);

    if (from == to || vm->memory_kib > free_kib(&problem->host.nodes[to], vm->policy.hugepage_kib) ||
        !place_on(problem, i, to, plan))
        return false;
    carry(problem, i, from, to, false);
    vm->placed = &plan->vms[0];
    return true;
}

static void make_move(struct vn_problem *problem, const struct vn_repair *move, struct vn_plan *plan)
{
    size_t i = find_vm(problem, move->name);
    int to = vn_host_node_index(&problem->host, move->node);

    assert_int_equal(move->memory_kib, runs(&problem->vms[i]) ? problem->vms[i].memory_kib : 0);
    assert_true(to >= 0 && try_move(problem, i, (size_t)to, plan));
}

static void check_moves(struct vn_problem *problem, const struct vn_unplaced *out)
{
    struct vn_plan plans[MOVES_MOST] = {0};
    VN_AUTO(vn_plan) after = {0};

    assert_true(out->n_repair <= MOVES_MOST);
    for (size_t i = 0; i < out->n_repair; i++)
        make_move(problem, &out->repair[i], &plans[i]);
    solve(problem, &after);
    assert_int_equal(after.n_unplaced, 0);
    for (size_t i = 0; i < MOVES_MOST; i++)
        vn_plan_drop(&plans[i]);
}

static void check_cheapest(const struct vn_problem *problem, const struct vn_unplaced *out)
{
    struct found list = {0}, best = {0};
    struct count c;

    count_new(&c, problem);
    count_goal(&c, problem);
    count_lists(&c, problem, MOVES_EXACT, &list, &best);
    if (best.any)
        assert_int_equal(out->n_repair, best.n);
    else
        assert_true(!out->n_repair || out->n_repair > MOVES_EXACT);
    for (size_t i = 0; i < best.n; i++) {
        assert_string_equal(out->repair[i].name, problem->vms[best.vm[i]].name);
        assert_int_equal(out->repair[i].node, problem->host.nodes[best.to[i]].id);
    }
}

/* Where the steps did not reach the plan says so, and promises nothing. */
static bool all_looked_at(const struct vn_plan *plan)
{
    for (size_t i = 0; i < plan->n_notes; i++)
        if (strstr(plan->notes[i], "were looked for only up to"))
            return false;
    return true;
}

/* ---- all lists of moves that the planner itself could make ---- */

static bool fits_now(const struct vn_problem *problem)
{
    VN_AUTO(vn_plan) plan = {0};

    solve(problem, &plan);
    return !plan.n_unplaced;
}

static void plan_lists(struct vn_problem *problem, size_t left, unsigned moved, struct found *list, struct found *best)
{
    if (list->n && fits_now(problem)) {
        if (!best->any || list->kib < best->kib || (list->kib == best->kib && list->n < best->n))
            *best = *list;
        best->any = true;
        return;
    }
    for (size_t i = 0; left && i + 1 < problem->n_vms; i++)
        for (size_t to = 0; to < problem->host.n_nodes && !(moved & 1u << i); to++) {
            VN_AUTO(vn_plan) plan = {0};
            struct vn_placement *was = problem->vms[i].placed;
            size_t from = node_now(problem, i);
            struct found more = *list;

            if (!try_move(problem, i, to, &plan))
                continue;
            more.vm[more.n] = i;
            more.to[more.n++] = to;
            more.kib += runs(&problem->vms[i]) ? problem->vms[i].memory_kib : 0;
            plan_lists(problem, left - 1, moved | 1u << i, &more, best);
            problem->vms[i].placed = was;
            carry(problem, i, from, to, true);
        }
}

/* Any policy: where the moves are the planner's own, none of the lists left out was better. Three would take minutes. */
static void check_none_better(struct vn_problem *problem, const struct vn_unplaced *out)
{
    struct found list = {0}, best = {0};
    uint64_t kib = 0;

    plan_lists(problem, 2, 0, &list, &best);
    for (size_t i = 0; i < out->n_repair; i++)
        kib += out->repair[i].memory_kib;
    if (!best.any) {
        assert_true(!out->n_repair || out->n_repair > 2);
        return;
    }
    assert_true(out->n_repair && kib <= best.kib);
    if (kib < best.kib) {
        assert_int_equal(out->n_repair, MOVES_EXACT);
        return;
    }
    assert_int_equal(out->n_repair, best.n);
    for (size_t i = 0; i < best.n; i++) {
        assert_string_equal(out->repair[i].name, problem->vms[best.vm[i]].name);
        assert_int_equal(out->repair[i].node, problem->host.nodes[best.to[i]].id);
    }
}

/* For a person who looks at a seed that failed. */
static void print_case(const struct vn_problem *problem, const struct vn_plan *plan)
{
    for (size_t n = 0; n < problem->host.n_nodes; n++)
        (void)fprintf(stderr, "node %d: cpus %s free %" PRIu64 "\n", problem->host.nodes[n].id,
                      text_of(&problem->host.nodes[n].cpus), problem->host.nodes[n].free_kib);
    (void)fprintf(stderr, "shared %s\n", text_of(&problem->host.shared));
    for (size_t i = 0; i < problem->n_vms; i++) {
        const struct vn_request *vm = &problem->vms[i];

        (void)fprintf(stderr, "%s: vcpus %u memory %" PRIu64 " cells %u policy %d threads %d emulator %d "
                      "page %" PRIu64 "%s", vm->name, vm->vcpus, vm->memory_kib, vm->policy.cells.number, (int)vm->policy.policy,
                      (int)vm->policy.threads, (int)vm->policy.emulator.kind, vm->policy.hugepage_kib,
                      runs(vm) ? "" : " off");
        for (size_t v = 0; vm->placed && v < vm->vcpus; v++)
            (void)fprintf(stderr, "%s%s", v ? " " : " at ", text_of(&vm->placed->vcpupin[v]));
        (void)fputc('\n', stderr);
    }
    for (size_t u = 0; u < plan->n_unplaced; u++) {
        for (size_t i = 0; i < plan->unplaced[u].n_repair; i++)
            (void)fprintf(stderr, "move %s to %d\n", plan->unplaced[u].repair[i].name,
                          plan->unplaced[u].repair[i].node);
        for (size_t i = 0; i < plan->unplaced[u].n_blocking; i++)
            (void)fprintf(stderr, "blocks %s on %d: %" PRIu64 " of %" PRIu64 "\n",
                          vn_resource_name(plan->unplaced[u].blocking[i].resource), plan->unplaced[u].blocking[i].node,
                          plan->unplaced[u].blocking[i].need, plan->unplaced[u].blocking[i].free);
    }
}

static size_t n_repaired[MOVES_MOST + 1];

static void one_case(uint64_t seed, enum mode mode)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};

    make_case(&problem, seed, mode);
    solve(&problem, &plan);
    if (!plan.n_unplaced)
        return;
    if (getenv("VNUMA_PROPERTY_PRINT"))
        print_case(&problem, &plan);
    if (mode != ANY && all_looked_at(&plan))
        check_cheapest(&problem, &plan.unplaced[0]);
    else if (mode == ANY && seed % 4 == 0)
        check_none_better(&problem, &plan.unplaced[0]);
    n_repaired[plan.unplaced[0].n_repair]++;
    if (plan.unplaced[0].n_repair)
        check_moves(&problem, &plan.unplaced[0]);
}

static uint64_t current;

static void run_cases(enum mode mode)
{
    const char *cases = getenv("VNUMA_PROPERTY_CASES"), *from = getenv("VNUMA_PROPERTY_SEED");
    uint64_t n = cases ? strtoull(cases, NULL, 10) : 3000, first = from ? strtoull(from, NULL, 10) : 1;

    memset(n_repaired, 0, sizeof n_repaired);
    for (current = first; current < first + n; current++)
        one_case(current, mode);
    (void)fprintf(stderr, "seeds %" PRIu64 "-%" PRIu64 ": does not fit %zu, repaired with 1, 2, 3, 4 moves %zu, %zu, "
                  "%zu, %zu\n", first, first + n - 1, n_repaired[0], n_repaired[1], n_repaired[2], n_repaired[3], n_repaired[4]);
    current = 0;
    if (n >= 3000) /* the cases are such that each length is there */
        assert_true(n_repaired[0] && n_repaired[1] && n_repaired[2] && n_repaired[3]);
}

static void test_cheapest(void **state)
{
    (void)state;
    run_cases(COUNTS);
}

static void test_cheapest_of_cores(void **state)
{
    (void)state;
    run_cases(CORES);
}

static void test_any_policy(void **state)
{
    (void)state;
    run_cases(ANY);
}

static int teardown(void **state)
{
    (void)state;
    if (current) /* the case that failed */
        (void)fprintf(stderr, "seed %" PRIu64 "\n", current);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_cheapest, teardown),
        cmocka_unit_test_teardown(test_cheapest_of_cores, teardown),
        cmocka_unit_test_teardown(test_any_policy, teardown),
    };

    return cmocka_run_group_tests_name("repair properties", tests, NULL, NULL);
}
