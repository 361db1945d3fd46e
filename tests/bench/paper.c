/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paper.h"

enum { L3_CORES = 8 };
#define NODE_KIB (UINT64_C(256) << 20)
#define VCPU_KIB (UINT64_C(2) << 20)

static void *array(struct vn_problem *problem, size_t n, size_t size)
{
    void *at = vn_arena_array(&problem->arena, n, size);

    if (!at)
        exit(3);
    return at;
}

/* xorshift64*: the same figures on every machine */
static unsigned roll(uint64_t *seed, unsigned below)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return (unsigned)((*seed * UINT64_C(2685821657736338717) >> 33) % below);
}

static uint64_t seed_of(uint64_t number)
{
    uint64_t seed = (number + 1) * UINT64_C(0x9E3779B97F4A7C15);

    for (int i = 0; i < 8; i++)
        (void)roll(&seed, 2);
    return seed;
}

static void make_host(struct vn_problem *problem, const struct paper *paper)
{
    struct vn_host *host = &problem->host;
    unsigned cores = paper->nodes * paper->cores;

    memset(problem, 0, sizeof *problem);
    host->n_nodes = paper->nodes;
    host->n_cores = cores;
    host->n_l3 = (cores + L3_CORES - 1) / L3_CORES;
    host->nodes = array(problem, host->n_nodes, sizeof *host->nodes);
    host->cores = array(problem, cores, sizeof *host->cores);
    host->l3 = array(problem, host->n_l3, sizeof *host->l3);
    host->distances = array(problem, (size_t)paper->nodes * paper->nodes, sizeof *host->distances);
    for (unsigned cpu = 0; cpu < 2 * cores; cpu++) { /* siblings are cores apart, as firmware numbers them */
        vn_cpuset_add(&host->cores[cpu % cores], cpu);
        vn_cpuset_add(&host->l3[cpu % cores / L3_CORES], cpu);
        vn_cpuset_add(&host->nodes[cpu % cores / paper->cores].cpus, cpu);
    }
    for (unsigned a = 0; a < paper->nodes; a++) {
        host->nodes[a].id = (int)a;
        host->nodes[a].memory_kib = host->nodes[a].free_kib = NODE_KIB;
        for (unsigned b = 0; b < paper->nodes; b++) /* four nodes a board, two boards a cabinet */
            host->distances[a * paper->nodes + b] = a == b ? 10 : a / 4 == b / 4 ? 12 : a / 8 == b / 8 ? 20 : 32;
    }
}

static struct vn_request *add_vm(struct vn_problem *problem, unsigned vcpus)
{
    struct vn_request *vm = &problem->vms[problem->n_vms];

    memset(vm, 0, sizeof *vm);
    vm->name = vn_arena_printf(&problem->arena, "vm%zu", problem->n_vms++);
    vm->uuid = vn_arena_strdup(&problem->arena, "");
    if (!vm->name || !vm->uuid)
        exit(3);
    vm->vcpus = vcpus;
    vm->memory_kib = vcpus * VCPU_KIB;
    return vm;
}

/* The first free CPUs of a node, core after core; false when they are not there. */
static bool find_cpus(const struct vn_host *host, size_t node, unsigned vcpus, const struct vn_cpuset *taken,
                      uint16_t *ret)
{
    size_t each = host->n_cores / host->n_nodes;
    unsigned n = 0;

    for (size_t core = node * each; core < (node + 1) * each && n < vcpus; core++)
        VN_CPUSET_EACH(cpu, &host->cores[core])
            if (!vn_cpuset_has(taken, (unsigned)cpu) && n < vcpus)
                ret[n++] = (uint16_t)cpu;
    return n == vcpus;
}

static void put_vm(struct vn_problem *problem, size_t node, unsigned vcpus, const uint16_t *cpus)
{
    struct vn_request *vm = add_vm(problem, vcpus);
    struct vn_placement *at = array(problem, 1, sizeof *at);

    vm->placed = at;
    at->name = vm->name;
    at->uuid = vm->uuid;
    at->n_vcpus = vcpus;
    at->vcpupin = array(problem, vcpus, sizeof *at->vcpupin);
    at->n_cells = 1;
    at->cells = array(problem, 1, sizeof *at->cells);
    at->cells[0] = (struct vn_placed_cell){.node = problem->host.nodes[node].id, .memory_kib = vm->memory_kib};
    vn_cpuset_add_range(&at->cells[0].vcpus, 0, vcpus - 1);
    for (unsigned v = 0; v < vcpus; v++)
        vn_cpuset_add(&at->vcpupin[v], cpus[v]);
}

/* Up to twice as many arrive as stay; those that go, by chance, leave holes. */
static void fill(struct vn_problem *problem, const struct paper *paper, uint64_t *seed)
{
    static const unsigned sizes[] = {1, 2, 2, 4, 4, 8};
    size_t want = 2 * paper->placed, at;
    struct vn_cpuset taken = {{0}};

    for (size_t tries = 0; problem->n_vms < want && tries < 2 * want; tries++) {
        unsigned vcpus = sizes[roll(seed, VN_COUNT(sizes))], node = roll(seed, paper->nodes);
        uint16_t cpus[8];

        if (!find_cpus(&problem->host, node, vcpus, &taken, cpus))
            continue;
        put_vm(problem, node, vcpus, cpus);
        for (unsigned v = 0; v < vcpus; v++)
            vn_cpuset_add(&taken, cpus[v]);
    }
    while (problem->n_vms > paper->placed) {
        at = roll(seed, (unsigned)problem->n_vms);
        problem->vms[at] = problem->vms[--problem->n_vms];
    }
    for (size_t i = 0; i < problem->n_vms; i++)
        problem->host.nodes[problem->vms[i].placed->cells[0].node].free_kib -= problem->vms[i].memory_kib;
}

void paper_one(const struct paper *paper, uint64_t number, struct vn_problem *ret)
{
    static const unsigned sizes[] = {1, 2, 4, 8, 16, 24, 32, 64}, cells[] = {0, 0, 1, 2, 4};
    uint64_t seed = seed_of(number);
    struct vn_request *vm;
    unsigned k;

    make_host(ret, paper);
    ret->vms = array(ret, 2 * paper->placed + 1, sizeof *ret->vms);
    fill(ret, paper, &seed);
    vm = add_vm(ret, sizes[roll(&seed, VN_COUNT(sizes))]);
    vm->name = vn_arena_strdup(&ret->arena, "new");
    vm->movable = true;
    k = cells[roll(&seed, VN_COUNT(cells))];
    if (k && k <= vm->vcpus) {
        vm->policy.cells.kind = VN_CELLS_NUMBER;
        vm->policy.cells.number = k;
    }
    vm->policy.threads = roll(&seed, 2) ? VN_THREADS_REQUIRE : VN_THREADS_PREFER;
    vm->policy.emulator.kind = roll(&seed, 4) ? VN_EMULATOR_SHARE : VN_EMULATOR_ISOLATE;
}

void paper_cells(const struct paper *paper, unsigned cells, unsigned vcpus, unsigned holding, struct vn_problem *ret)
{
    struct vn_request *vm;

    make_host(ret, paper);
    ret->vms = array(ret, 1, sizeof *ret->vms);
    vm = add_vm(ret, cells * vcpus);
    vm->movable = true;
    vm->policy.cells.kind = VN_CELLS_NUMBER;
    vm->policy.cells.number = cells;
    for (size_t n = holding; n < ret->host.n_nodes; n++)
        ret->host.nodes[n].free_kib = UINT64_C(512) << 10; /* half a GiB: too little for a cell */
}

void paper_many(const struct paper *paper, unsigned vms, uint64_t number, struct vn_problem *ret)
{
    static const unsigned sizes[] = {1, 2, 2, 4, 4, 4, 8, 8, 16};
    uint64_t seed = seed_of(number);
    struct vn_request *vm;

    make_host(ret, paper);
    ret->vms = array(ret, vms, sizeof *ret->vms);
    while (ret->n_vms < vms) {
        vm = add_vm(ret, sizes[roll(&seed, VN_COUNT(sizes))]);
        vm->movable = true;
        if (vm->vcpus < 8 || roll(&seed, 2))
            continue;
        vm->policy.cells.kind = VN_CELLS_NUMBER;
        vm->policy.cells.number = 2;
    }
}

static void nova_cpus(const char *key, const struct vn_cpuset *cpus)
{
    const char *comma = "";

    (void)printf("\"%s\":[", key);
    VN_CPUSET_EACH(cpu, cpus) {
        (void)printf("%s%d", comma, cpu);
        comma = ",";
    }
    (void)printf("]");
}

static void nova_node(const struct vn_problem *problem, size_t n, const struct vn_cpuset *taken)
{
    const struct vn_node *node = &problem->host.nodes[n];
    struct vn_cpuset pinned = node->cpus;
    const char *comma = "";

    vn_cpuset_and(&pinned, taken);
    (void)printf("%s{\"id\":%d,\"mem_mb\":%" PRIu64 ",", n ? "," : "", node->id, node->free_kib / 1024);
    nova_cpus("cpus", &node->cpus);
    (void)printf(",");
    nova_cpus("pinned", &pinned);
    (void)printf(",\"siblings\":[");
    for (size_t core = 0; core < problem->host.n_cores; core++) {
        if (!vn_cpuset_intersects(&problem->host.cores[core], &node->cpus))
            continue;
        (void)printf("%s[%d,%d]", comma, vn_cpuset_next(&problem->host.cores[core], 0),
                     vn_cpuset_last(&problem->host.cores[core]));
        comma = ",";
    }
    (void)printf("]}");
}

/* Nova has no "auto": it gets one cell there. */
static void nova_instance(const struct vn_request *vm)
{
    unsigned cells = vm->policy.cells.kind == VN_CELLS_NUMBER ? vm->policy.cells.number : 1;

    (void)printf("{\"name\":\"%s\",\"vcpus\":%u,\"mem_mb\":%" PRIu64 ",\"extra_specs\":{"
                 "\"hw:cpu_policy\":\"dedicated\",\"hw:numa_nodes\":\"%u\",\"hw:cpu_thread_policy\":\"%s\"%s}}",
                 vm->name, vm->vcpus, vm->memory_kib / 1024, cells,
                 vm->policy.threads == VN_THREADS_REQUIRE ? "require" : "prefer",
                 vm->policy.emulator.kind == VN_EMULATOR_ISOLATE ? ",\"hw:emulator_threads_policy\":\"isolate\"" : "");
}

void paper_nova(const struct vn_problem *problem)
{
    struct vn_cpuset taken = {{0}};
    const char *comma = "";

    for (size_t i = 0; i < problem->n_vms; i++)
        for (size_t v = 0; problem->vms[i].placed && v < problem->vms[i].placed->n_vcpus; v++)
            vn_cpuset_or(&taken, &problem->vms[i].placed->vcpupin[v]);
    (void)printf("{\"host\":{\"nodes\":[");
    for (size_t n = 0; n < problem->host.n_nodes; n++)
        nova_node(problem, n, &taken);
    (void)printf("]},\"instances\":[");
    for (size_t i = 0; i < problem->n_vms; i++) {
        if (!problem->vms[i].movable)
            continue;
        (void)printf("%s", comma);
        nova_instance(&problem->vms[i]);
        comma = ",";
    }
    (void)printf("]}\n");
}
