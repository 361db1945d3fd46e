/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <vnuma/host.h>

/* Distances of nodes in one package are 11 to 16 (sub-NUMA clusters, nodes per socket); other sockets are at 20 and
 * more. Packages as such are not in a host's model. */
enum { IN_PACKAGE_MAX = 16 };

static bool has_cpus(const struct vn_host *host, size_t i)
{
    return !vn_cpuset_empty(&host->nodes[i].cpus);
}

/* The firmware's table, also where another metric was chosen; the farther way where it is not symmetric. */
static unsigned distance(const struct vn_host *host, size_t a, size_t b)
{
    size_t n = host->n_nodes;

    if (!host->distances)
        return a == b ? 10 : 20;
    return host->distances[a * n + b] > host->distances[b * n + a] ? host->distances[a * n + b]
                                                                   : host->distances[b * n + a];
}

static void measure(const struct vn_host *host, struct vn_host_shape *ret)
{
    for (size_t a = 0; a < host->n_nodes; a++)
        for (size_t b = 0; b < a; b++) {
            unsigned d = distance(host, a, b);

            if (!has_cpus(host, a) || !has_cpus(host, b))
                continue;
            ret->near = !ret->near || d < ret->near ? d : ret->near;
            ret->far = d > ret->far ? d : ret->far;
        }
}

/* The first node that is near to this one: its group's name, if near is a matter of groups. */
static size_t leader(const struct vn_host *host, size_t node, unsigned limit)
{
    for (size_t i = 0; i < node; i++)
        if (has_cpus(host, i) && distance(host, i, node) <= limit)
            return i;
    return node;
}

/* How many groups of two or more nodes; 0 when "near" and "same group" are not the same for all pairs. */
static size_t count_groups(const struct vn_host *host, unsigned limit)
{
    size_t groups = 0;

    for (size_t a = 0; a < host->n_nodes; a++) {
        size_t members = 0;

        if (!has_cpus(host, a))
            continue;
        for (size_t b = 0; b < host->n_nodes; b++) {
            bool near = a == b || distance(host, a, b) <= limit;

            if (!has_cpus(host, b))
                continue;
            if (near != (leader(host, a, limit) == leader(host, b, limit)))
                return 0;
            members += near;
        }
        if (members < 2)
            return 0;
        groups += leader(host, a, limit) == a;
    }
    return groups;
}

static size_t most_l3(const struct vn_host *host)
{
    size_t most = 0;

    for (size_t i = 0; i < host->n_nodes; i++) {
        size_t n = 0;

        for (size_t k = 0; k < host->n_l3; k++)
            n += vn_cpuset_intersects(&host->l3[k], &host->nodes[i].cpus);
        most = n > most ? n : most;
    }
    return most;
}

void vn_host_shape(const struct vn_host *host, struct vn_host_shape *ret)
{
    memset(ret, 0, sizeof *ret);
    for (size_t i = 0; i < host->n_nodes; i++) {
        const struct vn_node *node = &host->nodes[i];

        if (node->id < 0)
            continue;
        if (!has_cpus(host, i))
            vn_nodeset_add(&ret->memory_only, (unsigned)node->id);
        else if (!node->memory_kib)
            vn_nodeset_add(&ret->cpus_only, (unsigned)node->id);
        else
            vn_nodeset_add(&ret->full, (unsigned)node->id);
    }
    measure(host, ret);
    ret->one_package = ret->near && ret->near <= IN_PACKAGE_MAX;
    if (ret->one_package && ret->far <= IN_PACKAGE_MAX)
        ret->groups = 1;
    else if (ret->far * 10 >= ret->near * 13) /* apart clearly enough to be of two kinds */
        ret->groups = count_groups(host, (ret->near + ret->far) / 2);
    ret->l3 = most_l3(host);
}
