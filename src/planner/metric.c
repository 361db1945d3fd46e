/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <vnuma/planner.h>

/* What the objective counts as distance: the firmware's table, or latencies and bandwidths on the same scale. */

static const char *const metric_names[] = {"slit", "hmat", "measured"};

int vn_metric_parse(const char *name, enum vn_metric *ret, struct vn_err *err)
{
    for (size_t i = 0; i < VN_COUNT(metric_names); i++) {
        if (strcmp(metric_names[i], name) != 0)
            continue;
        *ret = (enum vn_metric)i;
        return 0;
    }
    return VN_FAIL(err, VN_E_USAGE, .cause = "unknown metric", .got = name,
                   .fix = "Use slit (the firmware's table), hmat or measured.");
}

static bool has_device(const struct vn_host *host, size_t node)
{
    for (size_t i = 0; i < host->n_devices; i++)
        if (host->devices[i].node == host->nodes[node].id)
            return true;
    return false;
}

/* Can the distance from @a to @b count? Only CPUs go anywhere: to other cells, or to devices. */
static bool counts(const struct vn_host *host, size_t a, size_t b)
{
    return a != b && !vn_cpuset_empty(&host->nodes[a].cpus) &&
           (!vn_cpuset_empty(&host->nodes[b].cpus) || has_device(host, b));
}

static bool known(const uint32_t *figures, size_t n, size_t a, size_t b)
{
    return figures[a * n + a] && figures[a * n + b];
}

/* The first pair of nodes that counts and is not known; false: there is none. */
static bool gap(const struct vn_host *host, const uint32_t *figures, size_t *ret_a, size_t *ret_b)
{
    for (*ret_a = 0; *ret_a < host->n_nodes; ++*ret_a)
        for (*ret_b = 0; *ret_b < host->n_nodes; ++*ret_b)
            if (counts(host, *ret_a, *ret_b) && !known(figures, host->n_nodes, *ret_a, *ret_b))
                return true;
    return false;
}

static bool complete(const struct vn_host *host, const uint32_t *figures)
{
    size_t a, b;

    return figures && !gap(host, figures, &a, &b);
}

/* 10 times @far / @near, rounded; a node is never nearer than a node to itself. */
static uint16_t scaled(uint64_t far, uint64_t near)
{
    uint64_t distance = (10 * far + near / 2) / near;

    return (uint16_t)(distance < 10 ? 10 : distance > UINT16_MAX ? UINT16_MAX : distance);
}

/* What cannot count keeps the firmware's distance. */
static void fill(const struct vn_host *host, const uint32_t *figures, bool bandwidth, uint16_t *ret)
{
    size_t n = host->n_nodes;

    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++) {
            uint32_t local = figures[a * n + a], there = figures[a * n + b];

            if (!known(figures, n, a, b))
                ret[a * n + b] = (uint16_t)vn_host_distance(host, a, b);
            else
                ret[a * n + b] = bandwidth ? scaled(local, there) : scaled(there, local);
        }
}

/* What is to be done about figures that are not known; @text holds it where it must be put together. */
static const char *remedy(const struct vn_host *host, enum vn_metric metric, char *text, size_t size)
{
    static const struct {
        const char *setting, *fix;
    } table[] = {
        {VN_HMAT_WHOLE, "The firmware's table (ACPI HMAT) leaves it out: use --metric slit."},
        {VN_HMAT_NO_TABLE, "The firmware has no such table (ACPI HMAT): use --metric slit."},
        {VN_HMAT_NO_PERMISSION, "Only root may read the firmware's table (ACPI HMAT): run vnuma as root, or use --metric "
                                "slit."},
        {VN_HMAT_REMOTE, "libvirt tells those of a node's nearest CPUs only: run vnuma on that host, or use --metric "
                         "slit."},
    };
    const char *from = vn_host_setting(host, "hmat");

    if (metric == VN_METRIC_MEASURED)
        return "Use --metric slit, or give all of host.measured in a problem file.";
    for (size_t i = 0; from && i < VN_COUNT(table); i++)
        if (!strcmp(from, table[i].setting))
            return table[i].fix;
    if (!from)
        return "Use --metric slit, the firmware's distance table.";
    (void)snprintf(text, size, "The firmware's table (ACPI HMAT) is %.200s. Use --metric slit.", from);
    return text;
}

static int refuse(const struct vn_host *host, const struct vn_access *access, enum vn_metric metric, struct vn_err *err)
{
    const char *what = access->latency_ns ? "latency" : "bandwidth";
    const uint32_t *figures = access->latency_ns ? access->latency_ns : access->bandwidth_mbps;
    const char *name = metric_names[metric], *fix;
    char text[320];
    size_t a, b;

    fix = remedy(host, metric, text, sizeof text);
    if (!figures)
        return vn_failf(err, VN_E_REFUSED, fix, "--metric %s: the host has no %s latency or bandwidth between its nodes",
                        name, metric == VN_METRIC_HMAT ? "HMAT" : "measured");
    (void)gap(host, figures, &a, &b);
    return vn_failf(err, VN_E_REFUSED, fix,
                    "--metric %s: the %s of node %d to memory of node %d or of its own is not known", name, what,
                    host->nodes[a].id, host->nodes[b].id);
}

int vn_problem_set_metric(struct vn_problem *problem, enum vn_metric metric, struct vn_err *err)
{
    struct vn_host *host = &problem->host;
    const struct vn_access *access = metric == VN_METRIC_HMAT ? &host->hmat : &host->measured;
    bool latency = complete(host, access->latency_ns);
    uint16_t *to;

    host->metric = NULL;
    if (metric == VN_METRIC_SLIT)
        return 0;
    if (!latency && !complete(host, access->bandwidth_mbps))
        return refuse(host, access, metric, err);
    to = vn_arena_array(&problem->arena, host->n_nodes * host->n_nodes, sizeof *to);
    if (!to)
        return vn_nomem(err);
    fill(host, latency ? access->latency_ns : access->bandwidth_mbps, !latency, to);
    host->metric = to;
    return 0;
}
