/* SPDX-License-Identifier: MIT */
#include "renumber.h"

#include "generate.h"

struct numbers {
    unsigned cpu[VN_CPU_MAX]; /* old -> new */
    size_t node[VN_NODE_MAX]; /* old position -> new */
};

static void shuffle(size_t *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        items[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t with = pick((unsigned)i), was = items[i - 1];

        items[i - 1] = items[with];
        items[with] = was;
    }
}

static struct vn_cpuset cpus_as(const struct numbers *as, const struct vn_cpuset *cpus)
{
    struct vn_cpuset ret = {{0}};

    VN_CPUSET_EACH(cpu, cpus)
        vn_cpuset_add(&ret, as->cpu[cpu]);
    return ret;
}

static struct vn_cpuset *sets_as(const struct numbers *as, struct vn_arena *arena, const struct vn_cpuset *sets,
                                 size_t n)
{
    struct vn_cpuset *ret = vn_arena_array(arena, n, sizeof *ret);
    size_t order[VN_CPU_MAX];

    shuffle(order, n);
    for (size_t i = 0; i < n; i++)
        ret[order[i]] = cpus_as(as, &sets[i]);
    return ret;
}

static void nodes_as(const struct numbers *as, const struct vn_host *from, struct vn_problem *ret)
{
    struct vn_host *to = &ret->host;
    size_t n = from->n_nodes;
    int id = (int)pick(5);

    to->nodes = vn_arena_array(&ret->arena, n, sizeof *to->nodes);
    to->distances = vn_arena_array(&ret->arena, n * n, sizeof *to->distances);
    for (size_t a = 0; a < n; a++) {
        struct vn_node *node = &to->nodes[as->node[a]];

        *node = from->nodes[a];
        node->cpus = cpus_as(as, &from->nodes[a].cpus);
        for (size_t b = 0; b < n; b++)
            to->distances[as->node[a] * n + as->node[b]] = from->distances[a * n + b];
    }
    for (size_t a = 0; a < n; a++, id += 1 + (int)pick(6))
        to->nodes[a].id = id; /* ids ascend */
}

static int id_as(const struct numbers *as, const struct vn_host *from, const struct vn_host *to, int id)
{
    int at = vn_host_node_index(from, id);

    return at < 0 ? -1 : to->nodes[as->node[at]].id;
}

static void host_as(const struct numbers *as, const struct vn_host *from, struct vn_problem *ret)
{
    struct vn_host *to = &ret->host;

    *to = *from;
    nodes_as(as, from, ret);
    to->cores = sets_as(as, &ret->arena, from->cores, from->n_cores);
    to->l3 = sets_as(as, &ret->arena, from->l3, from->n_l3);
    to->offline = cpus_as(as, &from->offline);
    to->isolated = cpus_as(as, &from->isolated);
    to->reserved = cpus_as(as, &from->reserved);
    to->shared = cpus_as(as, &from->shared);
    to->devices = vn_arena_array(&ret->arena, from->n_devices, sizeof *to->devices);
    for (size_t d = 0; d < from->n_devices; d++) {
        to->devices[d] = from->devices[d];
        to->devices[d].node = id_as(as, from, to, from->devices[d].node);
    }
}

static struct vn_placement *placed_as(const struct numbers *as, const struct vn_host *from, struct vn_problem *ret,
                                      const struct vn_placement *at)
{
    struct vn_placement *to = vn_arena_alloc(&ret->arena, sizeof *to);

    *to = *at;
    to->vcpupin = vn_arena_array(&ret->arena, at->n_vcpus, sizeof *to->vcpupin);
    to->cells = vn_arena_array(&ret->arena, at->n_cells, sizeof *to->cells);
    to->emulatorpin = cpus_as(as, &at->emulatorpin);
    for (size_t v = 0; v < at->n_vcpus; v++)
        to->vcpupin[v] = cpus_as(as, &at->vcpupin[v]);
    for (size_t c = 0; c < at->n_cells; c++) {
        to->cells[c] = at->cells[c];
        to->cells[c].node = id_as(as, from, &ret->host, at->cells[c].node);
    }
    return to;
}

void renumber(const struct vn_problem *from, struct vn_problem *ret)
{
    static struct numbers as;
    static size_t order[VN_CPU_MAX];

    memset(ret, 0, sizeof *ret);
    shuffle(order, VN_CPU_MAX);
    for (size_t cpu = 0; cpu < VN_CPU_MAX; cpu++)
        as.cpu[cpu] = (unsigned)order[cpu];
    shuffle(as.node, from->host.n_nodes);
    host_as(&as, &from->host, ret);
    shuffle(order, from->n_vms);
    ret->n_vms = from->n_vms;
    ret->vms = vn_arena_array(&ret->arena, from->n_vms, sizeof *ret->vms);
    for (size_t i = 0; i < from->n_vms; i++) {
        struct vn_request *vm = &ret->vms[order[i]];

        *vm = from->vms[i];
        vm->policy.emulator.cpus = cpus_as(&as, &from->vms[i].policy.emulator.cpus);
        if (vm->placed)
            vm->placed = placed_as(&as, &from->host, ret, from->vms[i].placed);
    }
}
