/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "codec/qemucmd_parts.h"

/* -object and -numa. */

#define MIB (UINT64_C(1) << 20)

static int read_mode(struct vn_qemu_line *line, const struct vn_qemu_props *props, enum vn_mem_mode *ret)
{
    static const struct {
        const char *policy;
        enum vn_mem_mode mode;
    } modes[] = {{"default", VN_MEM_DEFAULT},
                 {"bind", VN_MEM_STRICT},
                 {"preferred", VN_MEM_PREFERRED},
                 {"interleave", VN_MEM_INTERLEAVE}};
    const char *policy = vn_qemu_prop(props, "policy");

    *ret = VN_MEM_DEFAULT;
    for (size_t i = 0; policy && i < VN_COUNT(modes); i++)
        if (!strcmp(policy, modes[i].policy)) {
            *ret = modes[i].mode;
            return 0;
        }
    return policy ? VN_FAIL(line->err, VN_E_FORMAT, .where = "policy", .got = policy, .cause = "an unknown policy") : 0;
}

static int read_nodes(struct vn_qemu_line *line, const struct vn_qemu_props *props, struct vn_nodeset *ret)
{
    struct vn_cpuset numbers = {{0}};
    int r = vn_qemu_prop_set(props, "host-nodes", &numbers, line->err);

    if (r == 0 && vn_cpuset_last(&numbers) >= VN_NODE_MAX)
        return VN_FAIL(line->err, VN_E_FORMAT, .where = "host-nodes", .cause = "a node number that is too large");
    VN_CPUSET_EACH (number, &numbers)
        vn_nodeset_add(ret, (unsigned)number);
    return r;
}

/* memfd's huge pages are on the command line; a file's are those of its file system. */
static int read_hugepage(struct vn_qemu_line *line, const struct vn_qemu_props *props, struct vn_qemu_backend *backend)
{
    uint64_t kib = 0;
    int r;

    if (!vn_qemu_prop_on(props, "hugetlb"))
        return 0;
    r = vn_qemu_prop_kib(props, "hugetlbsize", 1, &kib, line->err);
    if (r == 0 && kib && kib < 4)
        return VN_FAIL(line->err, VN_E_FORMAT, .where = "hugetlbsize", .got = vn_qemu_prop(props, "hugetlbsize"),
                       .cause = "not a page size");
    backend->hugepage_kib = kib ? kib : 1;
    return r;
}

static int add_backend(struct vn_qemu_line *line, const struct vn_qemu_props *props, const char *id)
{
    struct vn_qemu_backend *backend =
        vn_arena_grow(line->arena, &line->cmd->backends, &line->cmd->n_backends, sizeof *backend);
    const char *path = vn_qemu_prop(props, "mem-path");
    int r;

    if (!backend)
        return vn_nomem(line->err);
    backend->id = vn_arena_strdup(line->arena, id);
    backend->path = vn_arena_strdup(line->arena, path ? path : "");
    if (!backend->id || !backend->path)
        return vn_nomem(line->err);
    r = vn_qemu_prop_kib(props, "size", 1, &backend->memory_kib, line->err);
    if (r == 0)
        r = read_nodes(line, props, &backend->nodes);
    if (r == 0)
        r = read_mode(line, props, &backend->mode);
    return r < 0 ? r : read_hugepage(line, props, backend);
}

static int add_iothread(struct vn_qemu_line *line, const char *id)
{
    char **item = vn_arena_grow(line->arena, &line->cmd->iothreads, &line->cmd->n_iothreads, sizeof *item);

    if (item)
        *item = vn_arena_strdup(line->arena, id);
    return item && *item ? 0 : vn_nomem(line->err);
}

int vn_qemucmd_object(struct vn_qemu_line *line, const char *text)
{
    struct vn_qemu_props props;
    const char *type, *id;
    int r = vn_qemu_props_parse(text, "qom-type", line->arena, &props, line->err);

    if (r < 0)
        return r;
    type = vn_qemu_prop(&props, "qom-type");
    id = vn_qemu_prop(&props, "id");
    if (!type || !id)
        return 0;
    if (!strcmp(id, "masterKey0"))
        line->cmd->libvirt = true;
    if (!strcmp(type, "iothread"))
        r = add_iothread(line, id);
    else if (!strncmp(type, "memory-backend-", 15))
        r = add_backend(line, &props, id);
    return r < 0 ? vn_err_ctx(line->err, r, "cannot understand -object %s", text) : 0;
}

/* ---- cells ---- */

static int find_backend(const struct vn_qemu_cmd *cmd, const char *id)
{
    for (size_t i = 0; i < cmd->n_backends; i++)
        if (!strcmp(cmd->backends[i].id, id))
            return (int)i;
    return -1;
}

static int fail(struct vn_qemu_line *line, const char *key, const char *got, const char *cause)
{
    return VN_FAIL(line->err, VN_E_FORMAT, .where = key, .got = got, .cause = cause);
}

/* Cell @id, made with those below it. */
static struct vn_qemu_cell *cell_at(struct vn_qemu_line *line, unsigned id)
{
    struct vn_qemu_cmd *cmd = line->cmd;

    while (cmd->n_cells <= id) {
        struct vn_qemu_cell *cell = vn_arena_grow(line->arena, &cmd->cells, &cmd->n_cells, sizeof *cell);

        if (!cell)
            return NULL;
        cell->backend = -1;
    }
    return &cmd->cells[id];
}

static int read_node(struct vn_qemu_line *line, const struct vn_qemu_props *props)
{
    unsigned id = (unsigned)line->cmd->n_cells;
    const char *memdev = vn_qemu_prop(props, "memdev");
    struct vn_qemu_cell *cell;
    int r = vn_qemu_prop_uint(props, "nodeid", VN_NODE_MAX - 1, &id, line->err);

    if (r < 0)
        return r;
    if (id >= VN_NODE_MAX)
        return fail(line, "-numa", NULL, "too many nodes");
    cell = cell_at(line, id);
    if (!cell)
        return vn_nomem(line->err);
    r = vn_qemu_prop_set(props, "cpus", &cell->vcpus, line->err);
    if (r == 0)
        r = vn_qemu_prop_kib(props, "mem", MIB, &cell->memory_kib, line->err);
    if (r < 0 || !memdev)
        return r;
    cell->backend = find_backend(line->cmd, memdev);
    if (cell->backend < 0)
        return fail(line, "memdev", memdev, "a memory backend that is not on the command line");
    cell->memory_kib = line->cmd->backends[cell->backend].memory_kib;
    return 0;
}

static int read_distance(struct vn_qemu_line *line, const struct vn_qemu_props *props)
{
    struct vn_qemu_distance *item =
        vn_arena_grow(line->arena, &line->cmd->distances, &line->cmd->n_distances, sizeof *item);
    int r;

    if (!item)
        return vn_nomem(line->err);
    r = vn_qemu_prop_uint(props, "src", VN_NODE_MAX - 1, &item->from, line->err);
    if (r == 0)
        r = vn_qemu_prop_uint(props, "dst", VN_NODE_MAX - 1, &item->to, line->err);
    return r < 0 ? r : vn_qemu_prop_uint(props, "val", 255, &item->value, line->err);
}

/* ---- -numa cpu: by socket, die, core and thread; what is not said is every one ---- */

enum { ANY = VN_CPU_MAX };
struct where {
    unsigned socket, die, core, thread;
};

static struct where where_of(const struct vn_guest_topology *t, unsigned vcpu)
{
    return (struct where){.thread = vcpu % t->threads,
                          .core = vcpu / t->threads % t->cores,
                          .die = vcpu / t->threads / t->cores % t->dies,
                          .socket = vcpu / t->threads / t->cores / t->dies};
}

static bool fits(unsigned wanted, unsigned is)
{
    return wanted == ANY || wanted == is;
}

static int read_cpu(struct vn_qemu_line *line, const struct vn_qemu_props *props)
{
    struct where wanted = {ANY, ANY, ANY, ANY};
    unsigned node = VN_NODE_MAX;
    const struct {
        const char *key;
        unsigned *to;
    } parts[] = {{"socket-id", &wanted.socket}, {"die-id", &wanted.die}, {"core-id", &wanted.core},
                 {"thread-id", &wanted.thread}};
    int r = vn_qemu_prop_uint(props, "node-id", VN_NODE_MAX - 1, &node, line->err);

    for (size_t i = 0; r == 0 && i < VN_COUNT(parts); i++)
        r = vn_qemu_prop_uint(props, parts[i].key, VN_CPU_MAX - 1, parts[i].to, line->err);
    if (r < 0)
        return r;
    if (node >= line->cmd->n_cells)
        return fail(line, "node-id", vn_qemu_prop(props, "node-id"), "a node that no -numa node has made");
    for (unsigned v = 0; v < line->cmd->vcpus_max; v++) {
        struct where is = where_of(&line->cmd->topology, v);

        if (fits(wanted.socket, is.socket) && fits(wanted.die, is.die) && fits(wanted.core, is.core) &&
            fits(wanted.thread, is.thread))
            vn_cpuset_add(&line->cmd->cells[node].vcpus, v);
    }
    return 0;
}

/* vCPUs that no option names: QEMU divides sockets over nodes where none is named, else they are on node 0. */
static int place_rest(struct vn_qemu_line *line)
{
    struct vn_qemu_cmd *cmd = line->cmd;
    struct vn_cpuset placed = {{0}};
    bool none;

    for (size_t c = 0; c < cmd->n_cells; c++) {
        if (vn_cpuset_intersects(&placed, &cmd->cells[c].vcpus))
            return fail(line, "-numa", NULL, "a vCPU on two nodes");
        vn_cpuset_or(&placed, &cmd->cells[c].vcpus);
    }
    if (vn_cpuset_last(&placed) >= (int)cmd->vcpus_max)
        return fail(line, "cpus", NULL, "a vCPU that the guest does not have");
    none = vn_cpuset_empty(&placed);
    for (unsigned v = 0; v < cmd->vcpus_max; v++)
        if (!vn_cpuset_has(&placed, v))
            vn_cpuset_add(&cmd->cells[none ? where_of(&cmd->topology, v).socket % cmd->n_cells : 0].vcpus, v);
    return 0;
}

static int read_numa(struct vn_qemu_line *line, const struct vn_qemu_props *props, const char *type)
{
    const char *is = vn_qemu_prop(props, "type");

    if (!is || strcmp(is, type) != 0)
        return 0;
    return !strcmp(type, "node") ? read_node(line, props) : !strcmp(type, "dist") ? read_distance(line, props)
                                                                                  : read_cpu(line, props);
}

int vn_qemucmd_numa(struct vn_qemu_line *line)
{
    static const char *const types[] = {"node", "cpu", "dist"}; /* hmat-lb and hmat-cache say nothing of placement */
    const char *backend = vn_qemu_prop(&line->machine, "memory-backend");
    int r = 0;

    line->cmd->memory_backend = backend ? find_backend(line->cmd, backend) : -1;
    for (size_t t = 0; t < VN_COUNT(types); t++)
        for (size_t i = 0; r == 0 && i < line->n_numa; i++)
            r = read_numa(line, &line->numa[i], types[t]);
    if (r == 0 && line->cmd->n_cells)
        r = place_rest(line);
    return r < 0 ? vn_err_ctx(line->err, r, "cannot understand -numa") : 0;
}

bool vn_qemucmd_in_order(const struct vn_qemu_cmd *cmd)
{
    for (size_t i = 0; i < cmd->n_cells; i++)
        for (size_t j = i + 1; j < cmd->n_cells; j++)
            if (cmd->cells[i].memory_kib == cmd->cells[j].memory_kib && cmd->cells[i].backend > cmd->cells[j].backend)
                return false;
    return true;
}
