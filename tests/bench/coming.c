/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coming.h"

enum { REPACK_MS = 5 };

const struct shape shapes[SHAPES] = {{"2 x 20", 2, 20, 20}, {"4 x 16", 4, 16, 16}, {"8 x 32", 8, 32, 16}};

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

void *must(void *p)
{
    if (!p) {
        (void)fputs("bench: out of memory\n", stderr);
        exit(3);
    }
    return p;
}

/* ---- hosts ---- */

void make_host(const struct shape *shape, struct vn_problem *problem)
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

void account(struct vn_host *host, const struct vn_placement *at, bool take)
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

bool place(struct sim *sim, const struct vn_request *vm, const bool *only, struct vn_plan *ret)
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
        (void)fprintf(stderr, "bench: %s\n", err.cause);
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

unsigned free_cpus(const struct sim *sim, size_t n)
{
    struct vn_cpuset left = sim->problem.host.nodes[n].cpus;

    for (size_t i = 0; i < sim->n_live; i++)
        for (size_t v = 0; v < sim->live[i].request.placed->n_vcpus; v++)
            vn_cpuset_sub(&left, &sim->live[i].request.placed->vcpupin[v]);
    return vn_cpuset_count(&left);
}

/* Has the host as much in all? Where it has not, nothing needs to be placed to know. */
static bool enough(const struct sim *sim, const struct vn_request *vm)
{
    const struct vn_host *host = &sim->problem.host;
    uint64_t cpus = 0, kib = 0;

    for (size_t n = 0; n < host->n_nodes; n++) {
        cpus += free_cpus(sim, n);
        kib += vm->policy.hugepage_kib ? host->nodes[n].pools[0].free * PAGE_KIB : host->nodes[n].free_kib;
    }
    return cpus >= vm->vcpus && kib >= vm->memory_kib;
}

bool avoidable(const struct shape *shape, const struct sim *sim, const struct vn_request *vm)
{
    const struct vn_planner_opts opts = {.time_limit_ms = REPACK_MS};
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_err err;

    if (!enough(sim, vm))
        return false;
    make_host(shape, &problem);
    for (size_t i = 0; i <= sim->n_live; i++) {
        problem.vms[i] = i < sim->n_live ? sim->live[i].request : *vm;
        problem.vms[i].movable = true;
        problem.vms[i].placed = NULL;
    }
    problem.n_vms = sim->n_live + 1;
    if (vn_planner_solve(&problem, &opts, &plan, &err) < 0) {
        (void)fprintf(stderr, "bench: %s\n", err.cause);
        exit(3);
    }
    return !plan.n_unplaced;
}

/* All is drawn before it is known what fits. The mean VM has 5.4 vCPUs. */
void coming_draw(const struct shape *shape, uint64_t seed, double load, struct coming *ret)
{
    double now = 0, mean = load * shape->nodes * shape->cpus / 5.4; /* live at a time, for that load */

    rng = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    for (unsigned i = 0; i < ARRIVALS; i++) {
        double stays;

        ret[i].vm = make_request(shape, i);
        stays = -log(1 - draw()) * mean;
        now += -log(1 - draw());
        ret[i].at = now;
        ret[i].ends = now + stays;
    }
}
