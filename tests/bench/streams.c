/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vnuma/planner.h>

/*
 * VMs come and go on hosts that exist on paper, and each is placed when it comes, by vnuma's own
 * choice of nodes or by a simple rule. A refusal counts as avoidable when all VMs, placed anew on the
 * empty host, fit together with the one refused: bench-streams [STREAMS [SEED]]
 */

#define GIB (UINT64_C(1) << 20) /* in KiB */

enum { ARRIVALS = 400, MOST_LIVE = 512, MOST_NODES = 8, PAGE_KIB = 2048 };
enum rule { RULE_VNUMA, RULE_FIRST, RULE_EMPTIEST, RULE_FULLEST, RULES };

static const char *const rule_names[RULES] = {"vnuma", "first-fit", "emptiest-first", "fullest-first"};

struct shape {
    const char *name;
    unsigned nodes, cpus; /* CPUs of a node, two a core */
    unsigned l3_cpus;     /* CPUs of an L3 domain */
};

static const struct shape shapes[] = {{"2 x 20", 2, 20, 20}, {"4 x 16", 4, 16, 16}, {"8 x 32", 8, 32, 16}};

struct guest {
    struct vn_request request;
    struct vn_plan plan; /* owns the placement */
    double ends;
};

struct sim {
    struct vn_problem problem; /* the host as it is now; vms is room for every live one and one more */
    struct guest live[MOST_LIVE];
    size_t n_live;
    unsigned placed, refused, avoidable;
    uint64_t vcpus;
};

static uint64_t rng;

static double draw(void)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return (double)(rng >> 11) / (double)(UINT64_C(1) << 53);
}

static unsigned pick_of(const unsigned *values, const unsigned *percent)
{
    double at = draw() * 100;
    size_t i = 0;

    for (; percent[i + 1] && at >= percent[i]; i++)
        at -= percent[i];
    return values[i];
}

static void *must(void *p)
{
    if (!p) {
        (void)fputs("bench-streams: out of memory\n", stderr);
        exit(3);
    }
    return p;
}

/* ---- hosts ---- */

static void make_host(const struct shape *shape, struct vn_problem *problem)
{
    struct vn_host *host = &problem->host;
    struct vn_arena *arena = &problem->arena;
    unsigned n = shape->nodes, cores = n * shape->cpus / 2, each = shape->cpus / 2;

    host->n_nodes = n;
    host->n_cores = cores;
    host->n_l3 = n * shape->cpus / shape->l3_cpus;
    host->nodes = must(vn_arena_array(arena, n, sizeof *host->nodes));
    host->cores = must(vn_arena_array(arena, cores, sizeof *host->cores));
    host->l3 = must(vn_arena_array(arena, host->n_l3, sizeof *host->l3));
    host->distances = must(vn_arena_array(arena, (size_t)n * n, sizeof *host->distances));
    problem->vms = must(vn_arena_array(arena, MOST_LIVE + 1, sizeof *problem->vms));
    for (unsigned core = 0; core < cores; core++)
        for (unsigned t = 0; t < 2; t++) {
            vn_cpuset_add(&host->cores[core], core + t * cores);
            vn_cpuset_add(&host->l3[core * 2 / shape->l3_cpus], core + t * cores);
            vn_cpuset_add(&host->nodes[core / each].cpus, core + t * cores);
        }
    for (unsigned a = 0; a < n; a++) {
        struct vn_node *node = &host->nodes[a];

        node->id = (int)a;
        node->memory_kib = shape->cpus * 5 * GIB;
        node->free_kib = shape->cpus * 4 * GIB; /* the rest is huge pages */
        node->pools = must(vn_arena_array(arena, 1, sizeof *node->pools));
        node->n_pools = 1;
        node->pools[0].size_kib = PAGE_KIB;
        node->pools[0].total = node->pools[0].free = shape->cpus * GIB / PAGE_KIB;
        for (unsigned b = 0; b < n; b++)
            host->distances[a * n + b] = a == b ? 10 : a / 2 == b / 2 ? 16 : 22;
    }
}

/* Memory that a placement takes, or gives back. */
static void account(struct vn_host *host, const struct vn_placement *at, bool take)
{
    for (size_t c = 0; c < at->n_cells; c++) {
        struct vn_node *node = &host->nodes[at->cells[c].node];
        uint64_t kib = at->cells[c].memory_kib, pages = (kib + PAGE_KIB - 1) / PAGE_KIB;

        if (at->hugepage_kib)
            node->pools[0].free += take ? -pages : pages;
        else
            node->free_kib += take ? -kib : kib;
    }
}

/* ---- VMs ---- */

static struct vn_request make_request(const struct shape *shape, unsigned number)
{
    static char names[ARRIVALS][16];
    static const unsigned sizes[] = {1, 2, 4, 8, 16, 32}, size_pct[] = {15, 27, 28, 18, 9, 3, 0};
    static const unsigned gib[] = {2, 4, 8}, gib_pct[] = {35, 45, 20, 0};
    static char uuid[] = "";
    struct vn_request vm = {.name = names[number], .uuid = uuid, .movable = true};
    double kind = draw();

    (void)snprintf(names[number], sizeof names[number], "vm%u", number);
    do
        vm.vcpus = pick_of(sizes, size_pct);
    while (vm.vcpus > shape->nodes * shape->cpus / 2);
    vm.memory_kib = vm.vcpus * pick_of(gib, gib_pct) * GIB;
    vm.policy.threads = kind < 0.1 ? VN_THREADS_REQUIRE : kind < 0.15 ? VN_THREADS_ISOLATE : VN_THREADS_PREFER;
    vm.policy.overcommit = 1.0;
    vm.policy.hugepage_kib = draw() < 0.15 ? PAGE_KIB : 0;
    if (vm.vcpus >= 8 && draw() < 0.25) {
        vm.policy.cells.kind = VN_CELLS_NUMBER;
        vm.policy.cells.number = 2;
    }
    return vm;
}

/* ---- one placement ---- */

/* Places @vm beside what is live; true when it fits. Only the nodes in @only may be used. */
static bool place(struct sim *sim, const struct vn_request *vm, const bool *only, struct vn_plan *ret)
{
    struct vn_problem *problem = &sim->problem;
    struct vn_node saved[MOST_NODES], *nodes = problem->host.nodes;
    uint64_t pages[MOST_NODES];
    struct vn_err err;

    for (size_t i = 0; i < sim->n_live; i++)
        problem->vms[i] = sim->live[i].request;
    problem->vms[sim->n_live] = *vm;
    problem->n_vms = sim->n_live + 1;
    memset(&problem->host.reserved, 0, sizeof problem->host.reserved);
    for (size_t n = 0; n < problem->host.n_nodes; n++) {
        saved[n] = nodes[n];
        pages[n] = nodes[n].pools[0].free;
        if (only[n])
            continue;
        vn_cpuset_or(&problem->host.reserved, &nodes[n].cpus);
        nodes[n].free_kib = nodes[n].pools[0].free = 0;
    }
    if (vn_planner_solve(problem, NULL, ret, &err) < 0) {
        (void)fprintf(stderr, "bench-streams: %s\n", err.cause);
        exit(3);
    }
    for (size_t n = 0; n < problem->host.n_nodes; n++) {
        nodes[n].free_kib = saved[n].free_kib;
        nodes[n].pools[0].free = pages[n];
    }
    if (ret->n_vms)
        return true;
    vn_plan_drop(ret);
    return false;
}

static unsigned free_cpus(const struct sim *sim, size_t n)
{
    struct vn_cpuset left = sim->problem.host.nodes[n].cpus;

    for (size_t i = 0; i < sim->n_live; i++)
        for (size_t v = 0; v < sim->live[i].request.placed->n_vcpus; v++)
            vn_cpuset_sub(&left, &sim->live[i].request.placed->vcpupin[v]);
    return vn_cpuset_count(&left);
}

/* The nodes in the order in which a rule tries them. */
static void make_order(const struct sim *sim, enum rule rule, size_t *order)
{
    unsigned left[MOST_NODES];
    size_t n = sim->problem.host.n_nodes;

    for (size_t i = 0; i < n; i++) {
        size_t at = i;

        left[i] = free_cpus(sim, i);
        for (; at > 0 && ((rule == RULE_EMPTIEST && left[i] > left[order[at - 1]]) ||
                          (rule == RULE_FULLEST && left[i] < left[order[at - 1]]));
             at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

/* k equal cells, each on the first node in order that can hold one; the planner picks the CPUs. */
static bool place_cells(struct sim *sim, const struct vn_request *vm, const size_t *order, unsigned k,
                        struct vn_plan *ret)
{
    bool only[MOST_NODES] = {false};
    struct vn_request part = *vm;
    unsigned found = 0;

    part.vcpus = (vm->vcpus + k - 1) / k;
    part.memory_kib = vm->memory_kib / k;
    part.policy.cells.kind = VN_CELLS_NUMBER;
    part.policy.cells.number = 1;
    for (size_t i = 0; i < sim->problem.host.n_nodes && found < k; i++) {
        bool one[MOST_NODES] = {false};
        struct vn_plan plan;

        one[order[i]] = true;
        if (!place(sim, &part, one, &plan))
            continue;
        vn_plan_drop(&plan);
        only[order[i]] = true;
        found++;
    }
    part = *vm;
    part.policy.cells.kind = VN_CELLS_NUMBER;
    part.policy.cells.number = k;
    return found == k && place(sim, &part, only, ret);
}

static bool place_by(struct sim *sim, enum rule rule, const struct vn_request *vm, struct vn_plan *ret)
{
    bool all[MOST_NODES];
    size_t order[MOST_NODES];
    unsigned first = vm->policy.cells.kind == VN_CELLS_NUMBER ? vm->policy.cells.number : 1;
    unsigned last = vm->policy.cells.kind == VN_CELLS_NUMBER ? first : (unsigned)sim->problem.host.n_nodes;

    memset(all, true, sizeof all);
    if (rule == RULE_VNUMA)
        return place(sim, vm, all, ret);
    make_order(sim, rule, order);
    for (unsigned k = first; k <= last && k <= vm->vcpus; k++)
        if (place_cells(sim, vm, order, k, ret))
            return true;
    return place(sim, vm, all, ret); /* uneven cells, which no rule above makes */
}

/* Would all of them, placed anew on the empty host, fit with this one? */
static bool fits_repacked(const struct shape *shape, const struct sim *sim, const struct vn_request *vm)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_err err;

    make_host(shape, &problem);
    for (size_t i = 0; i <= sim->n_live; i++) {
        problem.vms[i] = i < sim->n_live ? sim->live[i].request : *vm;
        problem.vms[i].movable = true;
        problem.vms[i].placed = NULL;
    }
    problem.n_vms = sim->n_live + 1;
    return vn_planner_solve(&problem, NULL, &plan, &err) == 0 && !plan.n_unplaced;
}

/* ---- a stream ---- */

static void leave(struct sim *sim, double now)
{
    for (size_t i = 0; i < sim->n_live;) {
        if (sim->live[i].ends > now) {
            i++;
            continue;
        }
        account(&sim->problem.host, &sim->live[i].plan.vms[0], false);
        vn_plan_drop(&sim->live[i].plan);
        sim->live[i] = sim->live[--sim->n_live];
    }
}

static void arrive(struct sim *sim, const struct shape *shape, enum rule rule, const struct vn_request *vm, double ends)
{
    struct guest *guest = &sim->live[sim->n_live];

    *guest = (struct guest){.request = *vm, .ends = ends};
    if (sim->n_live < MOST_LIVE && place_by(sim, rule, vm, &guest->plan)) {
        guest->request.placed = &guest->plan.vms[0];
        guest->request.movable = false;
        account(&sim->problem.host, &guest->plan.vms[0], true);
        sim->n_live++;
        sim->placed++;
        sim->vcpus += vm->vcpus;
        return;
    }
    sim->refused++;
    sim->avoidable += fits_repacked(shape, sim, vm);
}

/* The same VMs come and go whatever the rule: all is drawn before it is known what fits. */
static void stream(const struct shape *shape, uint64_t seed, enum rule rule, struct sim *sum)
{
    static struct sim sim;
    double now = 0, mean = 0.95 * shape->nodes * shape->cpus / 5.4; /* live at a time, for that load */

    memset(&sim, 0, sizeof sim);
    make_host(shape, &sim.problem);
    rng = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    for (unsigned i = 0; i < ARRIVALS; i++) {
        struct vn_request vm = make_request(shape, i);
        double stays = -log(1 - draw()) * mean;

        now += -log(1 - draw());
        leave(&sim, now);
        arrive(&sim, shape, rule, &vm, now + stays);
    }
    leave(&sim, INFINITY);
    sum->placed += sim.placed;
    sum->refused += sim.refused;
    sum->avoidable += sim.avoidable;
    sum->vcpus += sim.vcpus;
    vn_problem_drop(&sim.problem);
}

int main(int argc, char **argv)
{
    uint64_t streams = argc > 1 ? strtoull(argv[1], NULL, 10) : 10, seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    static struct sim total[RULES], sum;

    (void)printf("%-8s %-15s %8s %8s %10s %8s\n", "host", "rule", "placed", "refused", "avoidable", "vCPUs");
    for (size_t s = 0; s < VN_COUNT(shapes); s++)
        for (enum rule rule = RULE_VNUMA; rule < RULES; rule++) {
            memset(&sum, 0, sizeof sum);
            for (uint64_t i = 0; i < streams; i++)
                stream(&shapes[s], seed + i, rule, &sum);
            (void)printf("%-8s %-15s %8u %8u %10u %8" PRIu64 "\n", shapes[s].name, rule_names[rule], sum.placed,
                         sum.refused, sum.avoidable, sum.vcpus);
            (void)fflush(stdout);
            total[rule].placed += sum.placed;
            total[rule].refused += sum.refused;
            total[rule].avoidable += sum.avoidable;
            total[rule].vcpus += sum.vcpus;
        }
    for (enum rule rule = RULE_VNUMA; rule < RULES; rule++)
        (void)printf("%-8s %-15s %8u %8u %10u %8" PRIu64 "\n", "all", rule_names[rule], total[rule].placed,
                     total[rule].refused, total[rule].avoidable, total[rule].vcpus);
    return 0;
}
