/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <vnuma/planner.h>

/* How long a plan takes on a large host that exists on paper only: bench-planner [NODES [CELLS]] */

enum { PUS = 4096, L3_PUS = 32 };

static void make_host(struct vn_problem *problem, unsigned n_nodes)
{
    struct vn_host *host = &problem->host;
    unsigned cores = PUS / 2, each = cores / n_nodes;

    host->n_nodes = n_nodes;
    host->n_cores = cores;
    host->n_l3 = PUS / L3_PUS;
    host->nodes = vn_arena_array(&problem->arena, n_nodes, sizeof *host->nodes);
    host->cores = vn_arena_array(&problem->arena, cores, sizeof *host->cores);
    host->l3 = vn_arena_array(&problem->arena, host->n_l3, sizeof *host->l3);
    host->distances = vn_arena_array(&problem->arena, (size_t)n_nodes * n_nodes, sizeof *host->distances);
    if (!host->nodes || !host->cores || !host->l3 || !host->distances)
        exit(3);
    for (unsigned core = 0; core < cores; core++) {
        for (unsigned t = 0; t < 2; t++) {
            vn_cpuset_add(&host->cores[core], core + t * cores);
            vn_cpuset_add(&host->l3[core / (L3_PUS / 2)], core + t * cores);
            vn_cpuset_add(&host->nodes[core / each].cpus, core + t * cores);
        }
    }
    for (unsigned a = 0; a < n_nodes; a++) {
        host->nodes[a].id = (int)a;
        host->nodes[a].memory_kib = host->nodes[a].free_kib = UINT64_C(256) << 20;
        for (unsigned b = 0; b < n_nodes; b++) /* four nodes a board, two boards a cabinet */
            host->distances[a * n_nodes + b] = a == b ? 10 : a / 4 == b / 4 ? 12 : a / 8 == b / 8 ? 20 : 32;
    }
}

static int plan_once(unsigned n_nodes, unsigned cells, double *ret_ms)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    char name[] = "big", uuid[] = "";
    struct vn_request vm = {.name = name, .uuid = uuid, .movable = true};
    struct timespec from, to;
    struct vn_err err;
    int r;

    make_host(&problem, n_nodes);
    vm.policy.cells.kind = VN_CELLS_NUMBER;
    vm.policy.cells.number = cells;
    vm.vcpus = 64 * cells;
    vm.memory_kib = (UINT64_C(128) << 20) * cells;
    problem.vms = &vm;
    problem.n_vms = 1;
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    r = vn_planner_solve(&problem, NULL, &plan, &err);
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    *ret_ms = (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
    if (r == 0)
        r = vn_planner_check(&problem, &plan, &err);
    if (r < 0 || !plan.n_vms)
        (void)fprintf(stderr, "%s\n", r < 0 ? err.cause : "does not fit");
    else
        (void)printf("%u PUs, %u nodes, %u vCPUs in %u cells: %.1f ms%s\n", (unsigned)PUS, n_nodes, vm.vcpus, cells,
                     *ret_ms, plan.optimal ? ", proved" : "");
    return r;
}

int main(int argc, char **argv)
{
    unsigned n_nodes = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 16;
    unsigned cells = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 4;
    struct rusage usage;
    double ms;

    if (n_nodes < 1 || n_nodes > 64 || PUS / 2 % n_nodes || cells < 1 || cells > n_nodes) {
        (void)fprintf(stderr, "usage: bench-planner [NODES [CELLS]]: a power of two up to 64, and at most as many\n");
        return 2;
    }
    if (plan_once(n_nodes, cells, &ms) < 0 || getrusage(RUSAGE_SELF, &usage) < 0)
        return 1;
    (void)printf("peak memory: %.1f MiB\n", (double)usage.ru_maxrss / 1024);
    return 0;
}
