/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coming.h"

/*
 * VMs come and go on hosts that exist on paper, and each is placed when it comes, by vnuma's own
 * choice of nodes or by a simple rule. A refusal counts as avoidable when all VMs, placed anew on the
 * empty host, fit together with the one refused: bench-streams [STREAMS [SEED [LOAD]]]
 */

enum rule { RULE_VNUMA, RULE_FIRST, RULE_EMPTIEST, RULE_FULLEST, RULES };

static const char *const rule_names[RULES] = {"vnuma", "first-fit", "emptiest-first", "fullest-first"};

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
        sim->divided += vm->policy.cells.kind != VN_CELLS_NUMBER && guest->plan.vms[0].n_cells > 1;
        return;
    }
    sim->refused++;
    sim->avoidable += avoidable(shape, sim, vm);
}

static void add_up(struct sim *sum, const struct sim *one)
{
    sum->placed += one->placed;
    sum->refused += one->refused;
    sum->avoidable += one->avoidable;
    sum->divided += one->divided;
    sum->vcpus += one->vcpus;
}

/* The same VMs come and go whatever the rule. */
static void stream(const struct shape *shape, uint64_t seed, double load, enum rule rule, struct sim *sum)
{
    static struct coming vms[ARRIVALS];
    static struct sim sim;

    memset(&sim, 0, sizeof sim);
    make_host(shape, &sim.problem);
    coming_draw(shape, seed, load, vms);
    for (unsigned i = 0; i < ARRIVALS; i++) {
        leave(&sim, vms[i].at);
        arrive(&sim, shape, rule, &vms[i].vm, vms[i].ends);
    }
    leave(&sim, INFINITY);
    add_up(sum, &sim);
    vn_problem_drop(&sim.problem);
}

static void print(const char *host, enum rule rule, const struct sim *sum)
{
    (void)printf("%-8s %-15s %8u %8u %10u %8u %8" PRIu64 "\n", host, rule_names[rule], sum->placed, sum->refused,
                 sum->avoidable, sum->divided, sum->vcpus);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    uint64_t streams = argc > 1 ? strtoull(argv[1], NULL, 10) : 10, seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    double load = argc > 3 ? strtod(argv[3], NULL) : 0.95;
    static struct sim total[RULES], sum;

    (void)printf("load %.2f, %" PRIu64 " streams of %d VMs a host, from seed %" PRIu64 "\n", load, streams, ARRIVALS,
                 seed);
    (void)printf("%-8s %-15s %8s %8s %10s %8s %8s\n", "host", "rule", "placed", "refused", "avoidable", "divided",
                 "vCPUs");
    for (size_t s = 0; s < SHAPES; s++)
        for (enum rule rule = RULE_VNUMA; rule < RULES; rule++) {
            memset(&sum, 0, sizeof sum);
            for (uint64_t i = 0; i < streams; i++)
                stream(&shapes[s], seed + i, load, rule, &sum);
            print(shapes[s].name, rule, &sum);
            add_up(&total[rule], &sum);
        }
    for (enum rule rule = RULE_VNUMA; rule < RULES; rule++)
        print("all", rule, &total[rule]);
    return 0;
}
