/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <vnuma/host.h>

void vn_host_online(const struct vn_host *host, struct vn_cpuset *ret)
{
    memset(ret, 0, sizeof *ret);
    for (size_t i = 0; i < host->n_nodes; i++)
        vn_cpuset_or(ret, &host->nodes[i].cpus);
}

int vn_host_node_index(const struct vn_host *host, int id)
{
    for (size_t i = 0; i < host->n_nodes; i++)
        if (host->nodes[i].id == id)
            return (int)i;
    return -1;
}

int vn_host_cpu_node(const struct vn_host *host, unsigned cpu)
{
    for (size_t i = 0; i < host->n_nodes; i++)
        if (vn_cpuset_has(&host->nodes[i].cpus, cpu))
            return host->nodes[i].id;
    return -1;
}

void vn_host_core(const struct vn_host *host, unsigned cpu, struct vn_cpuset *ret)
{
    for (size_t i = 0; i < host->n_cores; i++) {
        if (vn_cpuset_has(&host->cores[i], cpu)) {
            *ret = host->cores[i];
            return;
        }
    }
    memset(ret, 0, sizeof *ret);
    vn_cpuset_add(ret, cpu);
}

const char *vn_host_setting(const struct vn_host *host, const char *key)
{
    for (size_t i = 0; i < host->n_settings; i++)
        if (!strcmp(host->settings[i].key, key))
            return host->settings[i].value;
    return NULL;
}

unsigned vn_host_distance(const struct vn_host *host, size_t a, size_t b)
{
    if (host->metric)
        return host->metric[a * host->n_nodes + b];
    if (host->distances)
        return host->distances[a * host->n_nodes + b];
    return a == b ? 10 : 20;
}

const struct vn_device *vn_host_device(const struct vn_host *host, const char *name)
{
    for (size_t i = 0; i < host->n_devices; i++)
        if (!strcmp(host->devices[i].name, name))
            return &host->devices[i];
    return NULL;
}

const struct vn_hugepool *vn_node_pool(const struct vn_node *node, uint64_t size_kib)
{
    for (size_t i = 0; i < node->n_pools; i++)
        if (node->pools[i].size_kib == size_kib)
            return &node->pools[i];
    return NULL;
}

void vn_host_nodes_of(const struct vn_host *host, const struct vn_cpuset *cpus, struct vn_nodeset *ret)
{
    memset(ret, 0, sizeof *ret);
    for (size_t i = 0; i < host->n_nodes; i++)
        if (vn_cpuset_intersects(&host->nodes[i].cpus, cpus))
            vn_nodeset_add(ret, (unsigned)host->nodes[i].id);
}

int vn_host_add_setting(struct vn_arena *arena, struct vn_host *host, const char *key, const char *value)
{
    struct vn_setting *setting = vn_arena_grow(arena, &host->settings, &host->n_settings, sizeof *setting);

    if (!setting)
        return -VN_E_NOMEM;
    setting->key = vn_arena_strdup(arena, key);
    setting->value = vn_arena_strdup(arena, value);
    return setting->key && setting->value ? 0 : -VN_E_NOMEM;
}

/* -VN_E_FORMAT when the sets overlap; what they are is named in the message. */
static int check_disjoint(const struct vn_cpuset *set, struct vn_cpuset *seen, const char *what, struct vn_err *err)
{
    struct vn_cpuset both = *set;
    int cpu;

    vn_cpuset_and(&both, seen);
    cpu = vn_cpuset_next(&both, 0);
    if (cpu >= 0)
        return vn_failf(err, VN_E_FORMAT, "Every CPU belongs to one of them only.", "CPU %d is in two %s", cpu, what);
    vn_cpuset_or(seen, set);
    return 0;
}

static int check_node(const struct vn_host *host, size_t i, struct vn_cpuset *seen, struct vn_err *err)
{
    const struct vn_node *node = &host->nodes[i];

    if (node->id < 0 || node->id >= VN_NODE_MAX)
        return vn_failf(err, VN_E_FORMAT, NULL, "node id %d is outside 0-%d", node->id, VN_NODE_MAX - 1);
    if (i && host->nodes[i - 1].id >= node->id)
        return vn_failf(err, VN_E_FORMAT, "List the nodes by ascending id, each once.",
                        "node %d comes after node %d", node->id, host->nodes[i - 1].id);
    if (node->free_kib > node->memory_kib)
        return vn_failf(err, VN_E_FORMAT, NULL, "node %d has more free memory than memory", node->id);
    for (size_t p = 0; p < node->n_pools; p++)
        if (!node->pools[p].size_kib || node->pools[p].free > node->pools[p].total)
            return vn_failf(err, VN_E_FORMAT, NULL,
                            "node %d has a page pool with more free pages than pages, or a page size of 0", node->id);
    return check_disjoint(&node->cpus, seen, "nodes", err);
}

int vn_host_check(const struct vn_host *host, struct vn_err *err)
{
    struct vn_cpuset in_nodes = {{0}}, in_cores = {{0}};
    int r;

    if (!host->n_nodes)
        return vn_failf(err, VN_E_FORMAT, NULL, "the host has no nodes");
    for (size_t i = 0; i < host->n_nodes; i++) {
        r = check_node(host, i, &in_nodes, err);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < host->n_cores; i++) {
        r = check_disjoint(&host->cores[i], &in_cores, "cores", err);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; host->distances && i < host->n_nodes * host->n_nodes; i++)
        if (host->distances[i] < 10)
            return vn_failf(err, VN_E_FORMAT, "A node's distance to itself is 10, to another more.",
                            "distance %u between nodes %d and %d is below 10", host->distances[i],
                            host->nodes[i / host->n_nodes].id, host->nodes[i % host->n_nodes].id);
    return 0;
}
