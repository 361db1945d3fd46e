/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "codec/planjson_priv.h"

enum { POOLS_MAX = 64, DEVICES_MAX = 65536, DISTANCE_MAX = UINT16_MAX };

static int read_pool(struct vn_jin *in, json_t *value, void *item)
{
    static const char *const keys[] = {"size_kib", "total", "free", NULL};
    struct vn_hugepool *pool = item;
    int r = vn_jin_keys(in, value, keys);

    pool->free = VN_JSON_UNSAID;
    if (r == 0)
        r = vn_jin_uint(in, value, "size_kib", VN_NEEDED, UINT64_C(1) << 30, &pool->size_kib);
    if (r == 0 && !pool->size_kib)
        r = vn_jin_fail(in, "size_kib", "0", NULL, "a page size of 0");
    if (r == 0)
        r = vn_jin_uint(in, value, "total", VN_NEEDED, VN_JSON_KIB_MAX / pool->size_kib, &pool->total);
    if (r == 0)
        r = vn_jin_uint(in, value, "free", VN_OPTIONAL, pool->total, &pool->free);
    return r;
}

static int check_pools(struct vn_jin *in, const struct vn_node *node)
{
    for (size_t i = 0; i < node->n_pools; i++)
        if (vn_node_pool(node, node->pools[i].size_kib) != &node->pools[i])
            return vn_jin_fail(in, "hugepages", NULL, "Give each page size once.",
                               "two pools of pages of %" PRIu64 " KiB", node->pools[i].size_kib);
    return 0;
}

static int read_node(struct vn_jin *in, json_t *value, void *item)
{
    static const char *const keys[] = {"id",        "cpus",      "memory_kib", "free_kib",
                                       "cache_kib", "hugepages", "devices",    NULL};
    struct vn_node *node = item;
    unsigned id = 0;
    void *pools = NULL;
    int r = vn_jin_keys(in, value, keys);

    node->free_kib = VN_JSON_UNSAID;
    if (r == 0)
        r = vn_jin_unsigned(in, value, "id", VN_NEEDED, VN_NODE_MAX - 1, &id);
    node->id = (int)id;
    if (r == 0)
        r = vn_jin_cpus(in, value, "cpus", VN_NEEDED, &node->cpus);
    if (r == 0)
        r = vn_jin_uint(in, value, "memory_kib", VN_NEEDED, VN_JSON_KIB_MAX, &node->memory_kib);
    if (r == 0)
        r = vn_jin_uint(in, value, "free_kib", VN_OPTIONAL, node->memory_kib, &node->free_kib);
    if (r == 0)
        r = vn_jin_uint(in, value, "cache_kib", VN_OPTIONAL, VN_JSON_KIB_MAX, &node->cache_kib);
    if (r == 0)
        r = vn_jin_each(in, value, "hugepages", VN_OPTIONAL, POOLS_MAX, sizeof *node->pools, read_pool, &pools,
                        &node->n_pools);
    node->pools = pools;
    return r < 0 ? r : check_pools(in, node);
}

/* A node's devices stand under the node, the host's under the host; a host document has both. */
static int add_device(struct vn_jin *in, struct vn_host *host, struct vn_device device)
{
    struct vn_device *at;

    if (!device.name || !device.name[0])
        return vn_jin_fail(in, NULL, NULL, NULL, "a device with no name");
    for (size_t i = 0; i < host->n_devices; i++) {
        at = &host->devices[i];
        if (strcmp(at->name, device.name) != 0)
            continue;
        if (at->node != device.node)
            return vn_jin_fail(in, NULL, device.name, "A device is on one node.", "a device on nodes %d and %d",
                               at->node, device.node);
        if (device.what && device.what[0])
            at->what = device.what;
        return 0;
    }
    if (host->n_devices >= DEVICES_MAX)
        return vn_jin_fail(in, NULL, NULL, NULL, "more than %d devices", DEVICES_MAX);
    at = vn_arena_grow(in->arena, &host->devices, &host->n_devices, sizeof *at);
    if (at && !device.what)
        device.what = vn_arena_strdup(in->arena, "");
    if (!at || !device.what)
        return vn_nomem(in->err);
    *at = device;
    return 0;
}

/* @node: of a device listed under a node; NULL: the device says it itself. */
static int read_device(struct vn_jin *in, json_t *value, struct vn_host *host, const struct vn_node *node)
{
    static const char *const keys[] = {"name", "what", "node", NULL};
    struct vn_device device = {.node = node ? node->id : -1};
    int r = 0;

    if (node && json_is_string(value)) {
        device.name = vn_arena_strdup(in->arena, json_string_value(value));
        return device.name ? add_device(in, host, device) : vn_nomem(in->err);
    }
    r = vn_jin_keys(in, value, keys);
    if (r == 0)
        r = vn_jin_text(in, value, "name", VN_NEEDED, &device.name);
    if (r == 0)
        r = vn_jin_text(in, value, "what", VN_OPTIONAL, &device.what);
    if (r == 0)
        r = vn_jin_node(in, value, "node", node ? VN_OPTIONAL : VN_NEEDED, &device.node);
    if (r == 0 && node && device.node != node->id)
        r = vn_jin_fail(in, "node", NULL, NULL, "another node than %d, under which the device is listed", node->id);
    if (r == 0 && device.node >= 0 && vn_host_node_index(host, device.node) < 0)
        r = vn_jin_fail(in, "node", NULL, "Name one of the host's nodes, or null.",
                        "the host has no node %d", device.node);
    return r < 0 ? r : add_device(in, host, device);
}

static int read_devices(struct vn_jin *in, json_t *object, struct vn_host *host, const struct vn_node *node)
{
    json_t *list, *value;
    size_t i, mark;
    int r = vn_jin_get(in, object, "devices", VN_OPTIONAL, JSON_ARRAY, &list);

    mark = vn_jin_enter(in, "devices");
    json_array_foreach(list, i, value) {
        size_t inner = vn_jin_enter_at(in, i);

        if (r == 0)
            r = read_device(in, value, host, node);
        vn_jin_leave(in, inner);
    }
    vn_jin_leave(in, mark);
    return r;
}

static int read_all_devices(struct vn_jin *in, json_t *value, struct vn_host *host)
{
    json_t *nodes = json_object_get(value, "nodes");
    int r = 0;

    for (size_t i = 0; i < host->n_nodes && r == 0; i++) {
        size_t outer = vn_jin_enter(in, "nodes"), inner = vn_jin_enter_at(in, i);

        r = read_devices(in, json_array_get(nodes, i), host, &host->nodes[i]);
        vn_jin_leave(in, inner);
        vn_jin_leave(in, outer);
    }
    return r < 0 ? r : read_devices(in, value, host, NULL);
}

static int read_set(struct vn_jin *in, json_t *value, void *item)
{
    struct vn_cpuset *set = item;
    int r = vn_jin_cpus_of(in, value, set);

    return r == 0 && vn_cpuset_empty(set) ? vn_jin_fail(in, NULL, "", NULL, "an empty set of CPUs") : r;
}

/* Sets of which no CPU is in two: cores, L3 domains. */
static int read_sets(struct vn_jin *in, json_t *value, const char *key, struct vn_cpuset **ret, size_t *ret_count)
{
    struct vn_cpuset seen = {{0}};
    void *sets = NULL;
    int r = vn_jin_each(in, value, key, VN_OPTIONAL, VN_CPU_MAX, sizeof **ret, read_set, &sets, ret_count);

    *ret = sets;
    for (size_t i = 0; i < *ret_count && r == 0; i++) {
        struct vn_cpuset both = (*ret)[i];

        vn_cpuset_and(&both, &seen);
        if (!vn_cpuset_empty(&both))
            r = vn_jin_fail(in, key, NULL, "Every CPU belongs to one of them only.", "CPU %d is in two of them",
                            vn_cpuset_next(&both, 0));
        vn_cpuset_or(&seen, &(*ret)[i]);
    }
    return r;
}

static int read_distances(struct vn_jin *in, json_t *value, struct vn_host *host)
{
    size_t n = host->n_nodes;
    uint32_t *wide = NULL;
    int r = vn_jin_matrix(in, value, "distances", n, DISTANCE_MAX, &wide);

    if (r < 0 || !wide)
        return r;
    host->distances = vn_arena_array(in->arena, n * n, sizeof *host->distances);
    if (!host->distances)
        return vn_nomem(in->err);
    for (size_t i = 0; i < n * n; i++)
        host->distances[i] = (uint16_t)wide[i];
    return 0;
}

static int read_settings(struct vn_jin *in, json_t *value, struct vn_host *host)
{
    const char *key;
    json_t *object, *setting;
    int r = vn_jin_get(in, value, "settings", VN_OPTIONAL, JSON_OBJECT, &object);
    size_t mark = vn_jin_enter(in, "settings");

    json_object_foreach(object, key, setting) {
        if (r == 0 && !json_is_string(setting))
            r = vn_jin_fail(in, key, NULL, "Write the value in quotes.", "not a string");
        if (r == 0 && vn_host_add_setting(in->arena, host, key, json_string_value(setting)) < 0)
            r = vn_nomem(in->err);
    }
    vn_jin_leave(in, mark);
    return r;
}

/* Every CPU of @set is one that the host has, if only switched off. */
static int check_known(struct vn_jin *in, const struct vn_host *host, const char *key, const struct vn_cpuset *set)
{
    struct vn_cpuset unknown = *set, online;

    vn_host_online(host, &online);
    vn_cpuset_sub(&unknown, &online);
    vn_cpuset_sub(&unknown, &host->offline);
    if (vn_cpuset_empty(&unknown))
        return 0;
    return vn_jin_fail(in, key, NULL, "Name CPUs that a node has, or that 'offline' lists.", "CPU %d is of no node",
                       vn_cpuset_next(&unknown, 0));
}

static int check_sets(struct vn_jin *in, const struct vn_host *host)
{
    struct vn_cpuset cores = {{0}}, l3 = {{0}};
    int r;

    for (size_t i = 0; i < host->n_cores; i++)
        vn_cpuset_or(&cores, &host->cores[i]);
    for (size_t i = 0; i < host->n_l3; i++)
        vn_cpuset_or(&l3, &host->l3[i]);
    r = check_known(in, host, "siblings", &cores);
    if (r == 0)
        r = check_known(in, host, "l3", &l3);
    if (r == 0)
        r = check_known(in, host, "reserved", &host->reserved);
    if (r == 0)
        r = check_known(in, host, "shared", &host->shared);
    return r;
}

static int read_names(struct vn_jin *in, json_t *value, struct vn_host *host)
{
    char *empty = vn_arena_strdup(in->arena, "");
    int r;

    if (!empty)
        return vn_nomem(in->err);
    host->hostname = host->kernel = host->arch = empty;
    r = vn_jin_text(in, value, "hostname", VN_OPTIONAL, &host->hostname);
    if (r == 0)
        r = vn_jin_text(in, value, "kernel", VN_OPTIONAL, &host->kernel);
    if (r == 0)
        r = vn_jin_text(in, value, "arch", VN_OPTIONAL, &host->arch);
    return r;
}

static int read_host_sets(struct vn_jin *in, json_t *value, struct vn_host *host)
{
    int r = vn_jin_cpus(in, value, "offline", VN_OPTIONAL, &host->offline);

    if (r == 0)
        r = vn_jin_cpus(in, value, "isolated", VN_OPTIONAL, &host->isolated);
    if (r == 0)
        r = vn_jin_cpus(in, value, "reserved", VN_OPTIONAL, &host->reserved);
    if (r == 0)
        r = vn_jin_cpus(in, value, "shared", VN_OPTIONAL, &host->shared);
    if (r == 0)
        r = read_sets(in, value, "siblings", &host->cores, &host->n_cores);
    if (r == 0)
        r = read_sets(in, value, "l3", &host->l3, &host->n_l3);
    return r < 0 ? r : check_sets(in, host);
}

int vn_jin_host(struct vn_jin *in, json_t *value, struct vn_host *ret)
{
    static const char *const keys[] = {"schema",    "kind",     "hostname", "kernel",  "arch",     "nodes",
                                       "siblings",  "l3",       "distances", "reserved", "shared", "offline",
                                       "isolated",  "devices",  "settings", "hmat",    "measured", NULL};
    static const char *const kinds[] = {"uma", "numa", NULL};
    void *nodes = NULL;
    int kind, r = vn_jin_keys(in, value, keys);

    if (r == 0 && json_object_get(value, "schema"))
        r = vn_jin_schema(in, value, "vnuma.host/1");
    if (r == 0)
        r = vn_jin_word(in, value, "kind", VN_OPTIONAL, kinds, &kind);
    if (r == 0)
        r = read_names(in, value, ret);
    if (r == 0)
        r = vn_jin_each(in, value, "nodes", VN_NEEDED, VN_NODE_MAX, sizeof *ret->nodes, read_node, &nodes,
                        &ret->n_nodes);
    ret->nodes = nodes;
    if (r == 0)
        r = read_host_sets(in, value, ret);
    if (r == 0)
        r = read_distances(in, value, ret);
    if (r == 0)
        r = vn_jin_access(in, value, "hmat", ret->n_nodes, &ret->hmat);
    if (r == 0)
        r = vn_jin_access(in, value, "measured", ret->n_nodes, &ret->measured);
    if (r == 0)
        r = read_all_devices(in, value, ret);
    if (r == 0)
        r = read_settings(in, value, ret);
    return r;
}
