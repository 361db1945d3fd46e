/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "blocking.h"

/* A host that is given more. */
struct given {
    struct vn_problem problem;
    unsigned threads; /* CPUs of its largest core */
    unsigned next;    /* a CPU number that it does not have, nor any above */
};

static unsigned largest_core(const struct vn_host *host)
{
    struct vn_cpuset online;
    unsigned most = 1;

    vn_host_online(host, &online);
    vn_cpuset_sub(&online, &host->offline);
    for (size_t i = 0; i < host->n_cores; i++) {
        struct vn_cpuset core = host->cores[i];

        vn_cpuset_and(&core, &online);
        most = vn_cpuset_count(&core) > most ? vn_cpuset_count(&core) : most;
    }
    return most;
}

/* Sets may name CPUs that are in no node. */
static unsigned first_new_cpu(const struct vn_host *host)
{
    struct vn_cpuset all;

    vn_host_online(host, &all);
    vn_cpuset_or(&all, &host->offline);
    vn_cpuset_or(&all, &host->reserved);
    vn_cpuset_or(&all, &host->isolated);
    vn_cpuset_or(&all, &host->shared);
    for (size_t i = 0; i < host->n_cores; i++)
        vn_cpuset_or(&all, &host->cores[i]);
    for (size_t i = 0; i < host->n_l3; i++)
        vn_cpuset_or(&all, &host->l3[i]);
    return (unsigned)(vn_cpuset_last(&all) + 1);
}

static void copy_host(const struct vn_problem *from, struct given *to)
{
    const struct vn_host *host = &from->host;
    struct vn_problem *more = &to->problem;

    *to = (struct given){.threads = largest_core(host), .next = first_new_cpu(host)};
    more->host = *host;
    more->vms = from->vms;
    more->n_vms = from->n_vms;
    more->host.nodes = vn_arena_array(&more->arena, host->n_nodes, sizeof *host->nodes);
    memcpy(more->host.nodes, host->nodes, host->n_nodes * sizeof *host->nodes);
    more->host.cores = NULL;
    more->host.n_cores = 0;
    for (size_t i = 0; i < host->n_cores; i++)
        *(struct vn_cpuset *)vn_arena_grow(&more->arena, &more->host.cores, &more->host.n_cores, sizeof *host->cores) =
            host->cores[i];
}

static void add_core(struct given *to, size_t node, unsigned threads)
{
    struct vn_host *host = &to->problem.host;
    struct vn_cpuset core = {{0}};

    vn_cpuset_add_range(&core, to->next, to->next + threads - 1);
    vn_cpuset_or(&host->nodes[node].cpus, &core);
    *(struct vn_cpuset *)vn_arena_grow(&to->problem.arena, &host->cores, &host->n_cores, sizeof core) = core;
    to->next += threads;
}

static void add_pages(struct given *to, size_t node, uint64_t size_kib, uint64_t pages)
{
    struct vn_node *at = &to->problem.host.nodes[node];
    struct vn_hugepool *pools = vn_arena_array(&to->problem.arena, at->n_pools + 1, sizeof *pools);
    size_t i = 0;

    memcpy(pools, at->pools, at->n_pools * sizeof *pools);
    at->pools = pools;
    while (i < at->n_pools && pools[i].size_kib != size_kib)
        i++;
    if (i == at->n_pools)
        pools[at->n_pools++] = (struct vn_hugepool){size_kib, 0, 0};
    pools[i].total += pages;
    pools[i].free += pages;
}

static const struct vn_request *the_vm(const struct vn_problem *problem)
{
    for (size_t i = 0; i < problem->n_vms; i++)
        if (problem->vms[i].movable)
            return &problem->vms[i];
    fail();
    return NULL;
}

/* As much of it is there as is needed. */
static void give(struct given *to, const struct vn_blocking *item, size_t node)
{
    struct vn_host *host = &to->problem.host;
    uint64_t more = item->need - item->free;

    switch (item->resource) {
    case VN_RES_MEMORY:
        host->nodes[node].memory_kib += more;
        host->nodes[node].free_kib += more;
        break;
    case VN_RES_HUGEPAGES:
        add_pages(to, node, the_vm(&to->problem)->policy.hugepage_kib, more);
        break;
    case VN_RES_CORES:
    case VN_RES_CPUS:
    case VN_RES_SHARED_CPUS:
        for (uint64_t i = 0; i < more; i++) {
            if (!vn_cpuset_empty(&host->shared) && item->resource == VN_RES_SHARED_CPUS)
                vn_cpuset_add(&host->shared, to->next);
            add_core(to, node, item->resource == VN_RES_CORES ? to->threads : 1);
        }
        break;
    case VN_RES_NODES:
    case VN_RES_MOVED:
    case VN_RES_N:
        fail();
    }
}

/* With the items of @mask given, those of the host as a whole to the node at @host. */
static bool fits_with(const struct vn_problem *problem, const struct vn_unplaced *out, unsigned mask, size_t host)
{
    VN_AUTO(vn_plan) plan = {0};
    struct given given;
    bool fits;

    copy_host(problem, &given);
    for (size_t i = 0; i < out->n_blocking; i++) {
        const struct vn_blocking *item = &out->blocking[i];

        if (mask >> i & 1)
            give(&given, item, item->node < 0 ? host : (size_t)vn_host_node_index(&problem->host, item->node));
    }
    assert_int_equal(vn_planner_solve(&given.problem, NULL, &plan, NULL), 0);
    fits = !plan.n_unplaced;
    vn_problem_drop(&given.problem);
    return fits;
}

static bool fits_somewhere(const struct vn_problem *problem, const struct vn_unplaced *out, unsigned mask)
{
    for (size_t n = 0; n < problem->host.n_nodes; n++)
        if (fits_with(problem, out, mask, n))
            return true;
    return false;
}

/* A little less of it is not enough. */
static void check_least(const struct vn_problem *problem, const struct vn_unplaced *out, unsigned mask, size_t i)
{
    struct vn_blocking items[32];
    struct vn_unplaced less = *out;

    memcpy(items, out->blocking, out->n_blocking * sizeof *items);
    less.blocking = items;
    items[i].need--;
    assert_false(fits_somewhere(problem, &less, mask));
}

static void print_blocking(const struct vn_unplaced *out)
{
    for (size_t i = 0; i < out->n_blocking; i++)
        (void)fprintf(stderr, "%s: %s %s on %d: %" PRIu64 " of %" PRIu64 "\n", out->name, out->together ? "and" : "or",
                      vn_resource_name(out->blocking[i].resource), out->blocking[i].node, out->blocking[i].free,
                      out->blocking[i].need);
}

/* More nodes, or CPUs of given numbers, are not things to try. */
static bool can_be_given(const struct vn_problem *problem, const struct vn_unplaced *out)
{
    const struct vn_request *vm = the_vm(problem);
    struct vn_cpuset online;

    for (size_t i = 0; i < out->n_blocking; i++) {
        if (out->blocking[i].resource != VN_RES_NODES)
            continue;
        assert_true(out->blocking[i].free == problem->host.n_nodes);
        return false;
    }
    vn_host_online(&problem->host, &online);
    vn_cpuset_sub(&online, &problem->host.offline);
    return vm->policy.emulator.kind != VN_EMULATOR_CPUSET || vn_cpuset_subset(&vm->policy.emulator.cpus, &online);
}

void check_blocking(const struct vn_problem *problem, const struct vn_unplaced *out)
{
    unsigned all = (1u << out->n_blocking) - 1;

    if (getenv("VNUMA_PROPERTY_PRINT"))
        print_blocking(out);
    assert_true(out->n_blocking > 0 && out->n_blocking < 32);
    if (!can_be_given(problem, out))
        return;
    if (out->together) {
        assert_true(out->n_blocking > 1);
        assert_true(fits_somewhere(problem, out, all));
    }
    for (size_t i = 0; i < out->n_blocking; i++) {
        if (out->together)
            assert_false(fits_somewhere(problem, out, all & ~(1u << i)));
        else
            assert_true(fits_somewhere(problem, out, 1u << i));
        check_least(problem, out, out->together ? all : 1u << i, i);
    }
}
