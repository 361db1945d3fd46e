/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vnuma/units.h>
#include "codec/capsxml.h"
#include "codec/xmltree.h"

/* A large host's capabilities are some megabytes: 8192 CPUs of 120 bytes each. */
enum { CAPS_MAX = 16 << 20, POOLS_MAX = 16 };

static unsigned count_children(const xmlNode *parent, const char *name)
{
    unsigned count = 0;

    for (const xmlNode *at = vn_xml_child(parent, name); at; at = vn_xml_next(at, name))
        count++;
    return count;
}

/* The number that is an element's text. */
static int text_number(const xmlNode *node, struct vn_arena *arena, uint64_t max, uint64_t *ret, struct vn_err *err)
{
    char *text = vn_xml_text(arena, node);

    if (!text)
        return vn_nomem(err);
    if (vn_uint_parse(text, max, ret, NULL) < 0)
        return vn_xml_bad(node, NULL, text, "not a whole number, or a number that is too large", NULL, err);
    return 0;
}

static int compare_pools(const void *a, const void *b)
{
    const struct vn_hugepool *x = a, *y = b;

    return x->size_kib < y->size_kib ? -1 : x->size_kib > y->size_kib;
}

/* <pages unit='KiB' size='2048'>512</pages>; the smallest size is that of ordinary pages, no pool. */
static int read_pools(const xmlNode *cell, struct vn_arena *arena, struct vn_node *node, struct vn_err *err)
{
    unsigned count = count_children(cell, "pages"), i = 0;
    struct vn_hugepool *pools;
    int r;

    if (count > POOLS_MAX)
        return vn_xml_bad(cell, NULL, NULL, "too many page sizes", NULL, err);
    pools = vn_arena_array(arena, count, sizeof *pools);
    if (!pools)
        return vn_nomem(err);
    for (const xmlNode *at = vn_xml_child(cell, "pages"); at; at = vn_xml_next(at, "pages"), i++) {
        const char *size = vn_xml_attr(at, "size");

        if (!size)
            return vn_xml_bad(at, "size", NULL, "a missing attribute", NULL, err);
        r = vn_xml_kib(at, "size", size, vn_xml_attr(at, "unit"), &pools[i].size_kib, err);
        if (r == 0)
            r = text_number(at, arena, UINT64_C(1) << 53, &pools[i].total, err);
        if (r < 0)
            return r;
    }
    if (count)
        qsort(pools, count, sizeof *pools, compare_pools);
    for (i = 1; i < count; i++)
        if (pools[i].size_kib == pools[i - 1].size_kib)
            return vn_xml_bad(cell, "pages", NULL, "a page size that is there twice", NULL, err);
    node->pools = count ? pools + 1 : NULL;
    node->n_pools = count ? count - 1 : 0;
    return 0;
}

struct cells_reader {
    struct vn_arena *arena;
    struct vn_host *host;
    struct vn_err *err;
    bool any_siblings;     /* very old libvirt has none: then it says nothing about who is offline */
    struct vn_cpuset seen; /* CPUs so far */
};

/* Libvirt leaves all but the id of an offline CPU out. */
static int read_cpus(const xmlNode *cell, struct cells_reader *in, struct vn_node *node)
{
    const xmlNode *cpus = vn_xml_child(cell, "cpus");
    unsigned cpu;

    for (const xmlNode *at = vn_xml_child(cpus, "cpu"); at; at = vn_xml_next(at, "cpu")) {
        int r = vn_xml_uint(at, "id", VN_CPU_MAX - 1, &cpu, in->err);
        if (r < 0)
            return r;
        if (vn_cpuset_has(&in->seen, cpu))
            return vn_xml_bad(at, "id", vn_xml_attr(at, "id"), "a CPU that is there twice", NULL, in->err);
        vn_cpuset_add(&in->seen, cpu);
        if (in->any_siblings && !vn_xml_attr(at, "siblings"))
            vn_cpuset_add(&in->host->offline, cpu);
        else
            vn_cpuset_add(&node->cpus, cpu);
    }
    return 0;
}

static int read_cell(const xmlNode *cell, struct cells_reader *in, struct vn_node *node)
{
    const xmlNode *memory = vn_xml_child(cell, "memory");
    unsigned id;
    int r = vn_xml_uint(cell, "id", VN_NODE_MAX - 1, &id, in->err);

    if (r < 0)
        return r;
    node->id = (int)id;
    if (memory) {
        char *text = vn_xml_text(in->arena, memory);
        if (!text)
            return vn_nomem(in->err);
        r = vn_xml_kib(memory, NULL, text, vn_xml_attr(memory, "unit"), &node->memory_kib, in->err);
    }
    if (r == 0)
        r = read_pools(cell, in->arena, node, in->err);
    return r < 0 ? r : read_cpus(cell, in, node);
}

static bool has_siblings(const xmlNode *cells)
{
    for (const xmlNode *cell = vn_xml_child(cells, "cell"); cell; cell = vn_xml_next(cell, "cell"))
        for (const xmlNode *cpu = vn_xml_path(cell, "cpus/cpu"); cpu; cpu = vn_xml_next(cpu, "cpu"))
            if (vn_xml_attr(cpu, "siblings"))
                return true;
    return false;
}

static int compare_nodes(const void *a, const void *b)
{
    const struct vn_node *x = a, *y = b;

    return x->id < y->id ? -1 : x->id > y->id;
}

static int read_cells(const xmlNode *cells, struct vn_arena *arena, struct vn_host *host, struct vn_err *err)
{
    unsigned count = count_children(cells, "cell"), i = 0;
    struct cells_reader in = {arena, host, err, has_siblings(cells), {{0}}};

    if (count > VN_NODE_MAX)
        return vn_xml_bad(cells, NULL, NULL, "too many nodes", NULL, err);
    host->nodes = vn_arena_array(arena, count, sizeof *host->nodes);
    if (!host->nodes)
        return vn_nomem(err);
    for (const xmlNode *at = vn_xml_child(cells, "cell"); at; at = vn_xml_next(at, "cell"), i++) {
        int r = read_cell(at, &in, &host->nodes[i]);
        if (r < 0)
            return r;
    }
    host->n_nodes = count;
    qsort(host->nodes, count, sizeof *host->nodes, compare_nodes);
    return 0;
}

static int read_distances(const xmlNode *cell, struct vn_host *host, struct vn_err *err)
{
    unsigned from, to, value;
    int r = vn_xml_uint(cell, "id", VN_NODE_MAX - 1, &from, err);

    for (const xmlNode *at = vn_xml_path(cell, "distances/sibling"); at && r == 0; at = vn_xml_next(at, "sibling")) {
        int a = vn_host_node_index(host, (int)from), b;

        r = vn_xml_uint(at, "id", VN_NODE_MAX - 1, &to, err);
        if (r == 0)
            r = vn_xml_uint(at, "value", UINT16_MAX, &value, err);
        if (r < 0)
            return r;
        b = vn_host_node_index(host, (int)to);
        if (b < 0)
            return vn_xml_bad(at, "id", vn_xml_attr(at, "id"), "a distance to a node that is not there", NULL, err);
        host->distances[(size_t)a * host->n_nodes + (size_t)b] = (uint16_t)value;
    }
    return r;
}

/* No <distances> anywhere: none are known. One that is missing among others: 10 and 20, as Linux has it. */
static int read_all_distances(const xmlNode *cells, struct vn_arena *arena, struct vn_host *host, struct vn_err *err)
{
    const xmlNode *cell = vn_xml_child(cells, "cell");
    size_t n = host->n_nodes;

    while (cell && !vn_xml_path(cell, "distances/sibling"))
        cell = vn_xml_next(cell, "cell");
    if (!cell)
        return 0;
    host->distances = vn_arena_array(arena, n * n, sizeof *host->distances);
    if (!host->distances)
        return vn_nomem(err);
    for (size_t i = 0; i < n * n; i++)
        host->distances[i] = i / n == i % n ? 10 : 20;
    for (cell = vn_xml_child(cells, "cell"); cell; cell = vn_xml_next(cell, "cell")) {
        int r = read_distances(cell, host, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* One attribute that names a node: its position. */
static int node_at(const xmlNode *at, const char *attr, const struct vn_host *host, size_t *ret, struct vn_err *err)
{
    unsigned id;
    int r = vn_xml_uint(at, attr, VN_NODE_MAX - 1, &id, err), index;

    if (r < 0)
        return r;
    index = vn_host_node_index(host, (int)id);
    if (index < 0)
        return vn_xml_bad(at, attr, vn_xml_attr(at, attr), "a node that is not there", NULL, err);
    *ret = (size_t)index;
    return 0;
}

/* Nanoseconds, or libvirt's KiB/s, which it made of the kernel's MB/s by 1024. */
static int read_figure(const xmlNode *at, bool bandwidth, uint32_t *ret, struct vn_err *err)
{
    const char *value = vn_xml_attr(at, "value");
    uint64_t kib;
    unsigned ns;
    int r;

    if (!bandwidth) {
        r = vn_xml_uint(at, "value", UINT_MAX, &ns, err);
        *ret = r < 0 ? 0 : ns;
        return r;
    }
    if (!value)
        return vn_xml_bad(at, "value", NULL, "a missing attribute", NULL, err);
    r = vn_xml_kib(at, "value", value, vn_xml_attr(at, "unit"), &kib, err);
    if (r == 0 && kib / 1024 > UINT32_MAX)
        r = vn_xml_bad(at, "value", value, "a bandwidth that is too large", NULL, err);
    *ret = r < 0 ? 0 : (uint32_t)(kib / 1024);
    return r;
}

static int read_interconnect(const xmlNode *at, bool bandwidth, struct vn_arena *arena, struct vn_host *host,
                             struct vn_err *err)
{
    uint32_t **table = bandwidth ? &host->hmat.bandwidth_mbps : &host->hmat.latency_ns, figure = 0;
    size_t n = host->n_nodes, from = 0, to = 0;
    int r = node_at(at, "initiator", host, &from, err);

    if (r == 0)
        r = node_at(at, "target", host, &to, err);
    if (r == 0)
        r = read_figure(at, bandwidth, &figure, err);
    if (r < 0 || !figure)
        return r;
    if (!*table)
        *table = vn_arena_array(arena, n * n, sizeof **table);
    if (!*table)
        return vn_nomem(err);
    (*table)[from * n + to] = figure;
    return 0;
}

/* <latency initiator='0' target='1' type='read' value='81'/>, of memory itself where it names no cache before it. */
static int read_interconnects(const xmlNode *all, struct vn_arena *arena, struct vn_host *host, struct vn_err *err)
{
    static const char *const types[] = {"access", "read"}; /* what is said of reads replaces what is said of any access */
    static const char *const names[] = {"latency", "bandwidth"};
    int r = 0;

    for (size_t t = 0; t < VN_COUNT(types); t++)
        for (size_t i = 0; i < VN_COUNT(names); i++)
            for (const xmlNode *at = vn_xml_child(all, names[i]); at && r == 0; at = vn_xml_next(at, names[i])) {
                const char *type = vn_xml_attr(at, "type");

                if (type && !strcmp(type, types[t]) && !vn_xml_attr(at, "cache"))
                    r = read_interconnect(at, i == 1, arena, host, err);
            }
    return r;
}

/* A CPU's core, the first time one of its CPUs is met. */
static int read_core(const xmlNode *node, struct vn_host *host, const struct vn_cpuset *online, struct vn_cpuset *seen,
                     struct vn_err *err)
{
    struct vn_cpuset core;
    unsigned cpu;
    int r = vn_xml_uint(node, "id", VN_CPU_MAX - 1, &cpu, err);

    if (r < 0 || vn_cpuset_has(seen, cpu))
        return r;
    r = vn_xml_cpuset(node, "siblings", &core, err);
    if (r < 0)
        return r;
    if (!vn_cpuset_has(&core, cpu) || vn_cpuset_intersects(&core, seen))
        return vn_xml_bad(node, "siblings", vn_xml_attr(node, "siblings"),
                          "thread siblings that contradict those of other CPUs", NULL, err);
    vn_cpuset_and(&core, online);
    vn_cpuset_or(seen, &core);
    host->cores[host->n_cores++] = core;
    return 0;
}

/* Each core has its lowest CPU's place, so the order of the XML does not matter. */
static int compare_sets(const void *a, const void *b)
{
    return vn_cpuset_cmp(a, b);
}

static int read_cores(const xmlNode *cells, struct vn_arena *arena, struct vn_host *host,
                      const struct vn_cpuset *online, struct vn_err *err)
{
    struct vn_cpuset seen = {{0}};

    if (!has_siblings(cells))
        return 0;
    host->cores = vn_arena_array(arena, vn_cpuset_count(online), sizeof *host->cores);
    if (!host->cores)
        return vn_nomem(err);
    for (const xmlNode *cell = vn_xml_child(cells, "cell"); cell; cell = vn_xml_next(cell, "cell"))
        for (const xmlNode *at = vn_xml_path(cell, "cpus/cpu"); at; at = vn_xml_next(at, "cpu")) {
            int r = vn_xml_attr(at, "siblings") ? read_core(at, host, online, &seen, err) : 0;
            if (r < 0)
                return r;
        }
    qsort(host->cores, host->n_cores, sizeof *host->cores, compare_sets);
    return 0;
}

/* <cache><bank id='0' level='3' type='both' size='16' unit='MiB' cpus='0-7'/> */
static int read_l3(const xmlNode *cache, struct vn_arena *arena, struct vn_host *host, const struct vn_cpuset *online,
                   struct vn_err *err)
{
    struct vn_cpuset set;

    for (const xmlNode *at = vn_xml_child(cache, "bank"); at; at = vn_xml_next(at, "bank")) {
        const char *level = vn_xml_attr(at, "level");
        struct vn_cpuset *place;
        int r;

        if (!level || strcmp(level, "3"))
            continue;
        r = vn_xml_cpuset(at, "cpus", &set, err);
        if (r < 0)
            return r;
        vn_cpuset_and(&set, online);
        if (vn_cpuset_empty(&set))
            continue;
        if (host->n_l3 == VN_CPU_MAX)
            return vn_xml_bad(at, NULL, NULL, "too many caches", NULL, err);
        place = vn_arena_grow(arena, &host->l3, &host->n_l3, sizeof *place);
        if (!place)
            return vn_nomem(err);
        *place = set;
    }
    if (host->n_l3)
        qsort(host->l3, host->n_l3, sizeof *host->l3, compare_sets);
    return 0;
}

static int read_names(const xmlNode *root, struct vn_arena *arena, struct vn_host *host, struct vn_err *err)
{
    const xmlNode *arch = vn_xml_path(root, "host/cpu/arch");

    host->hostname = vn_arena_strdup(arena, "");
    host->kernel = vn_arena_strdup(arena, "");
    host->arch = arch ? vn_xml_text(arena, arch) : vn_arena_strdup(arena, "");
    return host->hostname && host->kernel && host->arch ? 0 : vn_nomem(err);
}

static int read_host(const xmlNode *root, struct vn_arena *arena, struct vn_host *host, struct vn_err *err)
{
    const xmlNode *cells = vn_xml_path(root, "host/topology/cells");
    struct vn_cpuset online;
    int r = read_names(root, arena, host, err);

    if (r < 0)
        return r;
    if (!vn_xml_child(cells, "cell"))
        return VN_FAIL(err, VN_E_FORMAT, .cause = "the capabilities have no NUMA cells",
                       .fix = "This hypervisor's driver does not describe its host; use one that does.");
    r = read_cells(cells, arena, host, err);
    if (r < 0)
        return r;
    r = vn_host_check(host, err); /* ids are unique from here on */
    vn_host_online(host, &online);
    if (r == 0)
        r = read_all_distances(cells, arena, host, err);
    if (r == 0)
        r = read_interconnects(vn_xml_path(root, "host/topology/interconnects"), arena, host, err);
    if (r == 0)
        r = read_cores(cells, arena, host, &online, err);
    if (r == 0)
        r = read_l3(vn_xml_path(root, "host/cache"), arena, host, &online, err);
    return r < 0 ? r : vn_host_check(host, err);
}

int vn_capsxml_parse(const char *xml, size_t len, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err)
{
    VN_AUTO(vn_xml) tree = {0};
    struct vn_host host = {0};
    int r = vn_xml_read(xml, len, CAPS_MAX, "capabilities", &tree, err);

    if (r == 0)
        r = read_host(vn_xml_root(&tree), arena, &host, err);
    if (r < 0)
        return vn_err_ctx(err, r, "cannot read the host's capabilities");
    *ret = host;
    return 0;
}
