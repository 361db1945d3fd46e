/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vnuma/planner.h>

#include "paper.h"

/*
 * How long the planner's call takes, by itself, on hosts that exist on paper: bench-planner CASE [RUNS], or
 * bench-planner --nova CASE [RUNS] for the same problems in the words of Nova's planner.
 */

struct bench_case {
    const char *name, *what;
    struct paper paper;
    unsigned cells, vcpus, holding; /* cells above 0: paper_cells() */
    unsigned many;                  /* above 0: paper_many() */
    bool varies;                    /* another problem with each run */
};

static const struct bench_case cases[] = {
    {"one-8", "one VM, 8 nodes, 512 CPUs, 100 VMs there", {8, 32, 100}, .varies = true},
    {"one-64", "one VM, 64 nodes, 2048 CPUs, 300 VMs there", {64, 16, 300}, .varies = true},
    {"cells-16", "4 cells of 64 vCPUs, 16 nodes, 4096 CPUs", {16, 128, 0}, 4, 64, 16, .varies = false},
    {"refuse-7", "7 equal cells, 16 nodes, 6 can hold one", {16, 4, 0}, 7, 1, 6, .varies = false},
    {"refuse-8", "8 equal cells, 16 nodes, 7 can hold one", {16, 4, 0}, 8, 1, 7, .varies = false},
    {"many-400", "400 VMs together, 64 nodes, 2048 CPUs", {64, 16, 0}, .many = 400, .varies = true},
};

struct tally {
    double *ms;
    unsigned runs, vms, placed, proved;
    struct vn_cost cost, bound; /* sums over the runs */
};

static void make(const struct bench_case *c, unsigned run, struct vn_problem *ret)
{
    if (c->cells)
        paper_cells(&c->paper, c->cells, c->vcpus, c->holding, ret);
    else if (c->many)
        paper_many(&c->paper, c->many, c->varies ? run : 0, ret);
    else
        paper_one(&c->paper, c->varies ? run : 0, ret);
}

/* CPU time of this thread: what else the machine does is not the planner's. */
static double now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void add_cost(struct vn_cost *sum, const struct vn_cost *one)
{
    sum->placed_vcpus += one->placed_vcpus;
    sum->distance += one->distance;
    sum->l3 += one->l3;
}

static int plan_once(const struct bench_case *c, unsigned run, struct tally *tally)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_err err;
    double from;
    int r;

    make(c, run, &problem);
    from = now_ms();
    r = vn_planner_solve(&problem, NULL, &plan, &err);
    tally->ms[tally->runs++] = now_ms() - from;
    if (r == 0)
        r = vn_planner_check(&problem, &plan, &err);
    if (r < 0) {
        (void)fprintf(stderr, "bench-planner: %s, run %u: %s\n", c->name, run, err.cause);
        return r;
    }
    tally->vms += (unsigned)(plan.n_vms + plan.n_unplaced);
    tally->placed += (unsigned)plan.n_vms;
    tally->proved += plan.optimal;
    add_cost(&tally->cost, &plan.cost);
    add_cost(&tally->bound, &plan.bound);
    return 0;
}

static int ascending(const void *a, const void *b)
{
    double x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

/* Of this program alone: what getrusage() says may be its parent's. */
static double peak_mib(void)
{
    FILE *status = fopen("/proc/self/status", "re");
    unsigned long kib = 0;
    char line[128];

    while (status && !kib && fgets(line, sizeof line, status))
        if (!strncmp(line, "VmHWM:", 6))
            kib = strtoul(line + 6, NULL, 10);
    if (status)
        (void)fclose(status);
    return (double)kib / 1024;
}

static void report(const struct bench_case *c, struct tally *tally)
{
    qsort(tally->ms, tally->runs, sizeof *tally->ms, ascending);
    (void)printf("%-44s p50 %9.3f  p99 %9.3f  max %9.3f ms  peak %.1f MiB\n", c->what, tally->ms[tally->runs / 2],
                 tally->ms[tally->runs * 99 / 100], tally->ms[tally->runs - 1], peak_mib());
    (void)printf("%-44s %u runs: %u of %u VMs placed, %u plans proved the best there is", "", tally->runs, tally->placed,
                 tally->vms, tally->proved);
    if (c->many)
        (void)printf("; vCPUs %" PRIu64 " of at most %" PRIu64 ", distance %.3f of at least %.3f, L3 %" PRIu64
                     " of at least %" PRIu64,
                     tally->cost.placed_vcpus, tally->bound.placed_vcpus, tally->cost.distance, tally->bound.distance,
                     tally->cost.l3, tally->bound.l3);
    (void)printf("\n");
}

static int measure(const struct bench_case *c, unsigned runs)
{
    struct tally warm = {0}, tally = {0};
    double once;
    int r;

    warm.ms = &once;
    tally.ms = calloc(runs, sizeof *tally.ms);
    r = tally.ms ? plan_once(c, 0, &warm) : -1;
    for (unsigned run = 0; r == 0 && run < runs; run++)
        r = plan_once(c, run, &tally);
    if (r == 0)
        report(c, &tally);
    free(tally.ms);
    return r;
}

static int usage(void)
{
    (void)fprintf(stderr, "usage: bench-planner [--nova] CASE [RUNS], CASE one of");
    for (size_t i = 0; i < VN_COUNT(cases); i++)
        (void)fprintf(stderr, " %s", cases[i].name);
    (void)fprintf(stderr, "\n");
    return 2;
}

int main(int argc, char **argv)
{
    bool nova = argc > 1 && !strcmp(argv[1], "--nova");
    const char *name = argc > 1 + nova ? argv[1 + nova] : "";
    unsigned runs = argc > 2 + nova ? (unsigned)strtoul(argv[2 + nova], NULL, 10) : 1;
    const struct bench_case *c = NULL;

    for (size_t i = 0; i < VN_COUNT(cases); i++)
        c = strcmp(cases[i].name, name) ? c : &cases[i];
    if (!c || !runs || runs > 1000000)
        return usage();
    if (!nova)
        return measure(c, runs) < 0;
    for (unsigned run = 0; run < runs; run++) {
        VN_AUTO(vn_problem) problem = {0};

        make(c, run, &problem);
        paper_nova(&problem);
    }
    return 0;
}
