/* SPDX-License-Identifier: MIT */
#ifndef TEST_PLANNER_PAPER_H
#define TEST_PLANNER_PAPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <vnuma/planner.h>

/* Hosts and VMs on paper, for tests. */

#define GIB (UINT64_C(1) << 20) /* in KiB */

static inline struct vn_cpuset set(const char *text)
{
    struct vn_cpuset cpus;

    assert_int_equal(vn_cpuset_parse(text, &cpus, NULL), 0);
    return cpus;
}

static inline const char *text_of(const struct vn_cpuset *cpus)
{
    static char out[4][256];
    static unsigned at;

    return vn_cpuset_format(cpus, out[at++ % 4], sizeof out[0]);
}

/* Nodes in a row, each with its CPUs and free memory; all @far apart. */
static inline struct vn_host *new_host(struct vn_problem *problem, size_t n, const char *const *cpus, uint64_t free_kib,
                                uint16_t far)
{
    struct vn_host *host = &problem->host;

    host->n_nodes = n;
    host->nodes = vn_arena_array(&problem->arena, n, sizeof *host->nodes);
    host->distances = vn_arena_array(&problem->arena, n * n, sizeof *host->distances);
    for (size_t i = 0; i < n; i++) {
        host->nodes[i].id = (int)i;
        host->nodes[i].cpus = set(cpus[i]);
        host->nodes[i].memory_kib = free_kib;
        host->nodes[i].free_kib = free_kib;
        for (size_t k = 0; k < n; k++)
            host->distances[i * n + k] = i == k ? 10 : far;
    }
    return host;
}

static inline void add_sets(struct vn_problem *problem, struct vn_cpuset **sets, size_t *count,
                            const char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct vn_cpuset *at = vn_arena_grow(&problem->arena, sets, count, sizeof *at);
        *at = set(texts[i]);
    }
}

/* Cores of two threads, first and first + apart. */
static inline void add_pairs(struct vn_problem *problem, unsigned from, unsigned to, unsigned apart)
{
    for (unsigned cpu = from; cpu <= to; cpu++) {
        struct vn_host *host = &problem->host;
        struct vn_cpuset *core = vn_arena_grow(&problem->arena, &host->cores, &host->n_cores, sizeof *core);

        vn_cpuset_add(core, cpu);
        vn_cpuset_add(core, cpu + apart);
    }
}

static inline struct vn_request *add_vm(struct vn_problem *problem, const char *name, unsigned vcpus,
                                        uint64_t memory_kib)
{
    struct vn_request *vm;

    if (!problem->vms)
        problem->vms = vn_arena_array(&problem->arena, 64, sizeof *problem->vms);
    vm = &problem->vms[problem->n_vms++];
    vm->name = vn_arena_strdup(&problem->arena, name);
    vm->uuid = vn_arena_strdup(&problem->arena, "");
    vm->vcpus = vcpus;
    vm->memory_kib = memory_kib;
    vm->policy.overcommit = 1.0;
    vm->movable = true;
    return vm;
}

/* It is there already, one CPU a vCPU. */
static inline void pin_now(struct vn_problem *problem, struct vn_request *vm, const unsigned *cpus, bool movable)
{
    vm->placed = vn_arena_alloc(&problem->arena, sizeof *vm->placed);
    vm->placed->name = vm->name;
    vm->placed->n_vcpus = vm->vcpus;
    vm->placed->vcpupin = vn_arena_array(&problem->arena, vm->vcpus, sizeof *vm->placed->vcpupin);
    for (unsigned v = 0; v < vm->vcpus; v++)
        vn_cpuset_add(&vm->placed->vcpupin[v], cpus[v]);
    vm->movable = movable;
}

/* The plan; checked by the independent checker, and the same when made again. */
static inline void solve(const struct vn_problem *problem, struct vn_plan *plan)
{
    struct vn_err err = {0};
    char text[1024];

    if (vn_planner_solve(problem, NULL, plan, &err) < 0)
        fail_msg("solve: %s", vn_err_text(&err, text, sizeof text));
    if (vn_planner_check(problem, plan, &err) < 0)
        fail_msg("check: %s", vn_err_text(&err, text, sizeof text));
}

static inline int pin_at(const struct vn_placement *at, unsigned vcpu)
{
    assert_int_equal(vn_cpuset_count(&at->vcpupin[vcpu]), 1);
    return vn_cpuset_next(&at->vcpupin[vcpu], 0);
}

/* The host of the worked example: 20 cores x 2 threads in two nodes. */
static inline void worked_host(struct vn_problem *problem)
{
    static const char *const nodes[] = {"0-9,20-29", "10-19,30-39"};
    struct vn_host *host = new_host(problem, 2, nodes, 64 * GIB, 21);

    add_pairs(problem, 0, 19, 20);
    add_sets(problem, &host->l3, &host->n_l3, nodes, 2);
    host->reserved = set("0,10,20,30");
    host->shared = set("1,11,21,31");
}

static inline void two_cells(struct vn_problem *problem, struct vn_request *vm)
{
    vm->policy.cells.kind = VN_CELLS_LIST;
    vm->policy.cells.n_list = 2;
    vm->policy.cells.list = vn_arena_array(&problem->arena, 2, sizeof *vm->policy.cells.list);
    for (size_t i = 0; i < 2; i++)
        vm->policy.cells.list[i] = (struct vn_cell_size){vm->vcpus / 2, vm->memory_kib / 2};
}

#endif
