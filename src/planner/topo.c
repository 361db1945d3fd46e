/* SPDX-License-Identifier: MIT */
#include "planner/topo.h"

static void index_nodes(struct topo *topo)
{
    for (size_t cpu = 0; cpu < VN_CPU_MAX; cpu++)
        topo->node_of[cpu] = -1;
    for (size_t i = 0; i < topo->n; i++)
        VN_CPUSET_EACH(cpu, &topo->host->nodes[i].cpus)
            if (vn_cpuset_has(&topo->online, (unsigned)cpu))
                topo->node_of[cpu] = (int16_t)i;
}

static void index_l3(struct topo *topo)
{
    for (size_t cpu = 0; cpu < VN_CPU_MAX; cpu++)
        topo->l3_of[cpu] = -1;
    for (size_t i = 0; i < topo->host->n_l3; i++)
        VN_CPUSET_EACH(cpu, &topo->host->l3[i])
            if (topo->l3_of[cpu] < 0)
                topo->l3_of[cpu] = (int32_t)i;
}

/* Numbers the cores by their lowest online CPU, so that core order is CPU order. */
static int index_cores(struct topo *topo, struct vn_arena *arena)
{
    unsigned n_cpus = vn_cpuset_count(&topo->online), at = 0;
    int32_t *listed = vn_arena_array(arena, VN_CPU_MAX, sizeof *listed);

    topo->core_at = vn_arena_array(arena, (size_t)n_cpus + 1, sizeof *topo->core_at);
    topo->core_cpus = vn_arena_array(arena, n_cpus, sizeof *topo->core_cpus);
    if (!listed || !topo->core_at || !topo->core_cpus)
        return -VN_E_NOMEM;
    for (size_t i = 0; i < topo->host->n_cores; i++)
        VN_CPUSET_EACH(cpu, &topo->host->cores[i])
            listed[cpu] = (int32_t)i + 1;
    for (size_t cpu = 0; cpu < VN_CPU_MAX; cpu++)
        topo->core_of[cpu] = -1;
    VN_CPUSET_EACH(cpu, &topo->online) {
        if (topo->core_of[cpu] >= 0)
            continue;
        topo->core_at[topo->n_cores] = at;
        if (!listed[cpu]) {
            topo->core_of[cpu] = (int32_t)topo->n_cores;
            topo->core_cpus[at++] = (uint16_t)cpu;
        } else {
            VN_CPUSET_EACH(sibling, &topo->host->cores[listed[cpu] - 1]) {
                if (!vn_cpuset_has(&topo->online, (unsigned)sibling))
                    continue;
                topo->core_of[sibling] = (int32_t)topo->n_cores;
                topo->core_cpus[at++] = (uint16_t)sibling;
            }
        }
        if (at - topo->core_at[topo->n_cores] > topo->threads)
            topo->threads = at - topo->core_at[topo->n_cores];
        topo->n_cores++;
    }
    topo->core_at[topo->n_cores] = at;
    return 0;
}


static int index_node_cores(struct topo *topo, struct vn_arena *arena)
{
    uint32_t at = 0;

    topo->node_at = vn_arena_array(arena, topo->n + 1, sizeof *topo->node_at);
    topo->node_cores = vn_arena_array(arena, vn_cpuset_count(&topo->online), sizeof *topo->node_cores);
    if (!topo->node_at || !topo->node_cores)
        return -VN_E_NOMEM;
    for (size_t n = 0; n < topo->n; n++) {
        int32_t last = -1;

        topo->node_at[n] = at;
        VN_CPUSET_EACH(cpu, &topo->host->nodes[n].cpus) {
            int32_t core = topo->core_of[cpu];

            /* each core once: by its first CPU here; cores are numbered by lowest CPU of the host */
            if (core < 0 || core == last)
                continue;
            for (uint32_t i = topo->core_at[core]; i < topo->core_at[core + 1]; i++) {
                if (topo->node_of[topo->core_cpus[i]] != (int)n)
                    continue;
                if (topo->core_cpus[i] == cpu)
                    topo->node_cores[at++] = (uint32_t)core;
                break;
            }
            last = core;
        }
    }
    topo->node_at[topo->n] = at;
    return 0;
}

static bool is_symmetric(const struct vn_host *host)
{
    for (size_t a = 0; a < host->n_nodes; a++)
        for (size_t b = 0; b < a; b++)
            if (vn_host_distance(host, a, b) != vn_host_distance(host, b, a))
                return false;
    return true;
}

struct topo *topo_new(struct vn_arena *arena, const struct vn_host *host)
{
    struct topo *topo = vn_arena_alloc(arena, sizeof *topo);

    if (!topo)
        return NULL;
    topo->host = host;
    topo->n = host->n_nodes;
    topo->threads = 1;
    vn_host_online(host, &topo->online);
    vn_cpuset_sub(&topo->online, &host->offline);
    index_nodes(topo);
    index_l3(topo);
    if (index_cores(topo, arena) < 0 || index_node_cores(topo, arena) < 0)
        return NULL;
    topo->symmetric = is_symmetric(host);
    return topo;
}

unsigned topo_core_size(const struct topo *topo, unsigned core)
{
    return topo->core_at[core + 1] - topo->core_at[core];
}

unsigned topo_core_free(const struct topo *topo, unsigned core, const struct vn_cpuset *set)
{
    unsigned n = 0;

    for (uint32_t i = topo->core_at[core]; i < topo->core_at[core + 1]; i++)
        n += vn_cpuset_has(set, topo->core_cpus[i]);
    return n;
}
