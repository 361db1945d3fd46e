/* SPDX-License-Identifier: MIT */
#include "codec/planjson_priv.h"

static void write_devices(struct vn_jout *out, const struct vn_host *host, const struct vn_node *node)
{
    vn_jout_open(out, "devices", '[', false);
    for (size_t i = 0; i < host->n_devices; i++) {
        const struct vn_device *device = &host->devices[i];

        if (node && device->node != node->id)
            continue;
        vn_jout_open(out, NULL, '{', true);
        vn_jout_text(out, "name", device->name);
        if (device->what && device->what[0])
            vn_jout_text(out, "what", device->what);
        if (!node && device->node < 0)
            vn_jout_null(out, "node");
        else if (!node)
            vn_jout_int(out, "node", device->node);
        vn_jout_close(out, '}');
    }
    vn_jout_close(out, ']');
}

static void write_node(struct vn_jout *out, const struct vn_host *host, const struct vn_node *node, bool document)
{
    vn_jout_open(out, NULL, '{', false);
    vn_jout_int(out, "id", node->id);
    vn_jout_cpus(out, "cpus", &node->cpus);
    vn_jout_uint(out, "memory_kib", node->memory_kib);
    vn_jout_uint(out, "free_kib", node->free_kib);
    if (document || node->cache_kib)
        vn_jout_uint(out, "cache_kib", node->cache_kib);
    vn_jout_open(out, "hugepages", '[', false);
    for (size_t i = 0; i < node->n_pools; i++) {
        vn_jout_open(out, NULL, '{', true);
        vn_jout_uint(out, "size_kib", node->pools[i].size_kib);
        vn_jout_uint(out, "total", node->pools[i].total);
        vn_jout_uint(out, "free", node->pools[i].free);
        vn_jout_close(out, '}');
    }
    vn_jout_close(out, ']');
    if (document)
        write_devices(out, host, node);
    vn_jout_close(out, '}');
}

static void write_sets(struct vn_jout *out, const char *key, const struct vn_cpuset *sets, size_t count)
{
    vn_jout_open(out, key, '[', true);
    for (size_t i = 0; i < count; i++)
        vn_jout_cpus(out, NULL, &sets[i]);
    vn_jout_close(out, ']');
}

static void write_distances(struct vn_jout *out, const struct vn_host *host)
{
    if (!host->distances)
        return;
    vn_jout_open(out, "distances", '[', false);
    for (size_t i = 0; i < host->n_nodes; i++) {
        vn_jout_open(out, NULL, '[', true);
        for (size_t j = 0; j < host->n_nodes; j++)
            vn_jout_uint(out, NULL, host->distances[i * host->n_nodes + j]);
        vn_jout_close(out, ']');
    }
    vn_jout_close(out, ']');
}

static void write_settings(struct vn_jout *out, const struct vn_host *host)
{
    vn_jout_open(out, "settings", '{', false);
    for (size_t i = 0; i < host->n_settings; i++)
        vn_jout_text(out, host->settings[i].key, host->settings[i].value);
    vn_jout_close(out, '}');
}

/* What a core, an L3 domain or a purpose names and no node has is switched off too: said so, it is no mistake. */
static void write_offline(struct vn_jout *out, const struct vn_host *host)
{
    struct vn_cpuset off = host->reserved, online;

    vn_cpuset_or(&off, &host->shared);
    for (size_t i = 0; i < host->n_cores; i++)
        vn_cpuset_or(&off, &host->cores[i]);
    for (size_t i = 0; i < host->n_l3; i++)
        vn_cpuset_or(&off, &host->l3[i]);
    vn_host_online(host, &online);
    vn_cpuset_sub(&off, &online);
    vn_cpuset_or(&off, &host->offline);
    vn_jout_cpus(out, "offline", &off);
}

/* The members, inside an object that is open. */
void vn_jout_host(struct vn_jout *out, const struct vn_host *host, bool document)
{
    if (host->hostname && host->hostname[0])
        vn_jout_text(out, "hostname", host->hostname);
    if (host->kernel && host->kernel[0])
        vn_jout_text(out, "kernel", host->kernel);
    if (host->arch && host->arch[0])
        vn_jout_text(out, "arch", host->arch);
    vn_jout_open(out, "nodes", '[', false);
    for (size_t i = 0; i < host->n_nodes; i++)
        write_node(out, host, &host->nodes[i], document);
    vn_jout_close(out, ']');
    write_sets(out, "siblings", host->cores, host->n_cores);
    write_sets(out, "l3", host->l3, host->n_l3);
    write_distances(out, host);
    vn_jout_access(out, "hmat", &host->hmat, host->n_nodes);
    vn_jout_access(out, "measured", &host->measured, host->n_nodes);
    vn_jout_cpus(out, "reserved", &host->reserved);
    vn_jout_cpus(out, "shared", &host->shared);
    write_offline(out, host);
    vn_jout_cpus(out, "isolated", &host->isolated);
    write_devices(out, host, NULL);
    write_settings(out, host);
}

int vn_host_format(const struct vn_host *host, struct vn_buf *ret, struct vn_err *err)
{
    struct vn_jout out = {.buf = ret};

    vn_jout_open(&out, NULL, '{', false);
    vn_jout_text(&out, "schema", "vnuma.host/1");
    vn_jout_text(&out, "kind", host->n_nodes > 1 ? "numa" : "uma");
    vn_jout_host(&out, host, true);
    vn_jout_close(&out, '}');
    return vn_jout_end(&out, err);
}
