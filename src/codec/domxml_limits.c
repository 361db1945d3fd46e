/* SPDX-License-Identifier: MIT */
/* Limits in a domain XML: read all of them, set one. */
#include <inttypes.h>
#include <string.h>
#include <vnuma/rate.h>
#include <vnuma/units.h>

#include "codec/domxml_parts.h"
#include "codec/vmlimits.h"

/* Those of the VM itself. */
struct place {
    const char *key;
    enum vn_limit_kind kind;
    const char *title, *section, *element, *period;
};
static const struct place places[] = {
    {"cpu.shares", VN_LIMIT_WEIGHT, "CPU weight", "cputune", "shares", NULL},
    {"cpu.quota", VN_LIMIT_QUOTA, "CPU, all of it", "cputune", "global_quota", "global_period"},
    {"cpu.vcpu_quota", VN_LIMIT_QUOTA, "CPU, each vCPU", "cputune", "quota", "period"},
    {"cpu.emulator_quota", VN_LIMIT_QUOTA, "CPU, emulator", "cputune", "emulator_quota", "emulator_period"},
    {"cpu.iothread_quota", VN_LIMIT_QUOTA, "CPU, each IOThread", "cputune", "iothread_quota", "iothread_period"},
    {"memory.hard", VN_LIMIT_MEMORY, "memory, hard", "memtune", "hard_limit", NULL},
    {"memory.soft", VN_LIMIT_MEMORY, "memory, soft", "memtune", "soft_limit", NULL},
    {"memory.swap", VN_LIMIT_MEMORY, "memory and swap", "memtune", "swap_hard_limit", NULL},
    {"blkio.weight", VN_LIMIT_WEIGHT, "disk weight", "blkiotune", "weight", NULL},
};

/* libvirt's largest memory and quota limits stand for none. */
static const uint64_t memory_none = UINT64_C(9007199254740991), quota_none = UINT64_C(17592186044415);

/* The number in a child element; 0 where there is none, or one that means none (-1). */
static int read_uint(struct vn_arena *arena, const xmlNode *parent, const char *name, uint64_t *ret,
                     struct vn_err *err)
{
    const xmlNode *node = name ? vn_xml_child(parent, name) : NULL;
    const char *text = node ? vn_xml_text(arena, node) : "0";

    *ret = 0;
    if (!text)
        return vn_nomem(err);
    if (*text == '-' && vn_uint_parse(text + 1, UINT64_MAX, ret, NULL) == 0) {
        *ret = 0;
        return 0;
    }
    if (vn_uint_parse(text, UINT64_MAX, ret, NULL) < 0)
        return vn_xml_bad(node, NULL, text, "not a whole number", NULL, err);
    return 0;
}

static int read_memory(struct vn_arena *arena, const xmlNode *section, const char *name, uint64_t *ret,
                       struct vn_err *err)
{
    const xmlNode *node = vn_xml_child(section, name);
    const char *text = node ? vn_xml_text(arena, node) : "0";
    int r = text ? 0 : vn_nomem(err);

    *ret = 0;
    if (r == 0 && node)
        r = vn_xml_kib(node, NULL, text, vn_xml_attr(node, "unit"), ret, err);
    if (*ret >= memory_none)
        *ret = 0;
    return r;
}

static int read_place(struct vn_arena *arena, const xmlNode *root, const struct place *place, struct vn_buf *ret,
                      struct vn_err *err)
{
    const xmlNode *section = vn_xml_child(root, place->section);
    uint64_t number = 0, period = 0;
    int r;

    if (place->kind == VN_LIMIT_MEMORY)
        r = read_memory(arena, section, place->element, &number, err);
    else
        r = read_uint(arena, section, place->element, &number, err);
    if (r < 0)
        return r;
    if (place->kind != VN_LIMIT_QUOTA) {
        if (number)
            vn_buf_fmt(ret, "%" PRIu64, number);
        return 0;
    }
    r = read_uint(arena, section, place->period, &period, err);
    vn_limit_quota(number < quota_none ? number : 0, period ? period : VN_PERIOD_USEC, ret);
    return r;
}

static int read_disk(struct vn_arena *arena, const xmlNode *disk, struct vn_buf *ret, struct vn_err *err)
{
    size_t count;
    const struct vn_limit_field *fields = vn_limit_fields(VN_LIMIT_DISK, &count);
    uint64_t numbers[VN_LIMIT_FIELDS] = {0};
    int r = 0;

    for (size_t i = 0; r == 0 && i < count; i++)
        r = read_uint(arena, vn_xml_child(disk, "iotune"), fields[i].name, &numbers[i], err);
    if (r == 0)
        vn_limit_join(VN_LIMIT_DISK, numbers, ret);
    return r;
}

/* "inbound.average": the child and its attribute. */
static const char *split_name(const char *name, char child[16])
{
    size_t len = strcspn(name, ".");

    memcpy(child, name, len);
    child[len] = '\0';
    return name + len + 1;
}

static int read_net(const xmlNode *interface, struct vn_buf *ret, struct vn_err *err)
{
    size_t count;
    const struct vn_limit_field *fields = vn_limit_fields(VN_LIMIT_NET, &count);
    const xmlNode *bandwidth = vn_xml_child(interface, "bandwidth");
    uint64_t numbers[VN_LIMIT_FIELDS] = {0};

    for (size_t i = 0; i < count; i++) {
        char child[16];
        const char *attr = split_name(fields[i].name, child);
        const xmlNode *node = vn_xml_child(bandwidth, child);
        const char *text = node ? vn_xml_attr(node, attr) : NULL;

        if (text && vn_uint_parse(text, UINT64_MAX, &numbers[i], NULL) < 0)
            return vn_xml_bad(node, attr, text, "not a whole number", NULL, err);
    }
    vn_limit_join(VN_LIMIT_NET, numbers, ret);
    return 0;
}

/* The name that a device's limits are kept under: NULL for one that has none. */
static const char *device_name(const xmlNode *device, bool disk)
{
    const char *kind = disk ? vn_xml_attr(device, "device") : NULL;
    const xmlNode *node = vn_xml_child(device, disk ? "target" : "mac");

    if (kind && strcmp(kind, "disk") && strcmp(kind, "lun"))
        return NULL;
    return node ? vn_xml_attr(node, disk ? "dev" : "address") : NULL;
}

static int add(struct vn_arena *arena, struct vn_limit **items, size_t *count, const struct vn_limit *like,
               const struct vn_buf *value, struct vn_err *err)
{
    struct vn_limit *limit = vn_arena_grow(arena, items, count, sizeof *limit);

    if (!limit)
        return vn_nomem(err);
    *limit = *like;
    limit->value = value->failed ? NULL : vn_arena_strdup(arena, vn_buf_text(value));
    return limit->key && limit->title && limit->value ? 0 : vn_nomem(err);
}

static int add_device(struct vn_arena *arena, const xmlNode *device, bool disk, struct vn_limit **items, size_t *count,
                      struct vn_err *err)
{
    VN_AUTO(vn_buf) value = {0};
    const char *name = device_name(device, disk);
    const xmlNode *target = disk ? NULL : vn_xml_child(device, "target");
    const char *dev = target ? vn_xml_attr(target, "dev") : NULL; /* an interface has one while it runs */
    struct vn_limit like = {.kind = disk ? VN_LIMIT_DISK : VN_LIMIT_NET};
    int r;

    if (!name)
        return 0;
    r = disk ? read_disk(arena, device, &value, err) : read_net(device, &value, err);
    like.key = vn_arena_printf(arena, "%s.%s", disk ? "disk" : "net", name);
    like.title = vn_arena_printf(arena, "%s %s", disk ? "disk" : "interface", dev ? dev : name);
    like.alias = disk ? NULL : vn_arena_strdup(arena, dev);
    if (r == 0 && dev && !like.alias)
        r = vn_nomem(err);
    return r < 0 ? r : add(arena, items, count, &like, &value, err);
}

static int add_devices(struct vn_arena *arena, const xmlNode *root, const char *element, struct vn_limit **items,
                       size_t *count, struct vn_err *err)
{
    const xmlNode *devices = vn_xml_child(root, "devices");
    int r = 0;

    for (const xmlNode *at = vn_xml_child(devices, element); r == 0 && at; at = vn_xml_next(at, element))
        r = add_device(arena, at, !strcmp(element, "disk"), items, count, err);
    return r;
}

int vn_domxml_limits(const char *xml, size_t len, struct vn_arena *arena, struct vn_limit **ret, size_t *ret_count,
                     struct vn_err *err)
{
    VN_AUTO(vn_xml) tree = {0};
    struct vn_limit *items = NULL;
    size_t count = 0;
    int r = vn_xml_read(xml, len, VN_DOMXML_MAX, "domain", &tree, err);
    const xmlNode *root = r < 0 ? NULL : vn_xml_root(&tree);

    for (size_t i = 0; r == 0 && i < VN_COUNT(places); i++) {
        VN_AUTO(vn_buf) value = {0};
        struct vn_limit like = {.kind = places[i].kind,
                                .key = vn_arena_strdup(arena, places[i].key),
                                .title = vn_arena_strdup(arena, places[i].title)};

        r = read_place(arena, root, &places[i], &value, err);
        if (r == 0)
            r = add(arena, &items, &count, &like, &value, err);
    }
    if (r == 0)
        r = add_devices(arena, root, "disk", &items, &count, err);
    if (r == 0)
        r = add_devices(arena, root, "interface", &items, &count, err);
    if (r < 0)
        return r;
    *ret = items;
    *ret_count = count;
    return 0;
}

/* The number into a child element; 0 takes the element away, and its parent when nothing else is in it. */
static int write_uint(xmlNode *parent, const char *name, uint64_t number, struct vn_err *err)
{
    xmlNode *node;
    char text[24];

    if (!number) {
        vn_edit_remove_all(parent, name);
        return 0;
    }
    node = vn_edit_child(parent, name);
    if (!node)
        return vn_nomem(err);
    (void)snprintf(text, sizeof text, "%" PRIu64, number);
    xmlNodeSetContent(node, (const xmlChar *)text);
    return node->children ? 0 : vn_nomem(err);
}

static int write_place(xmlNode *root, const struct place *place, const char *value, struct vn_err *err)
{
    xmlNode *section = vn_xml_child(root, place->section);
    uint64_t number = 0, period = VN_PERIOD_USEC;
    int r = 0;

    if (place->kind == VN_LIMIT_QUOTA)
        r = vn_limit_quota_split(value, &number, &period, err);
    else if (*value)
        r = vn_uint_parse(value, UINT64_MAX, &number, err);
    if (r < 0 || (!section && !*value))
        return r;
    section = vn_edit_child(root, place->section);
    if (!section)
        return vn_nomem(err);
    r = write_uint(section, place->element, number, err);
    if (r == 0 && place->period)
        r = write_uint(section, place->period, *value ? period : 0, err);
    if (r == 0 && number && place->kind == VN_LIMIT_MEMORY &&
        vn_edit_attr(vn_xml_child(section, place->element), "unit", "KiB") < 0)
        r = vn_nomem(err);
    vn_edit_prune(section);
    return r;
}

static int write_disk(xmlNode *disk, const char *value, struct vn_err *err)
{
    size_t count;
    const struct vn_limit_field *fields = vn_limit_fields(VN_LIMIT_DISK, &count);
    xmlNode *iotune = vn_xml_child(disk, "iotune");
    uint64_t numbers[VN_LIMIT_FIELDS] = {0};
    int r = vn_limit_split(VN_LIMIT_DISK, value, numbers, err);

    if (r < 0 || (!iotune && !*value))
        return r;
    iotune = vn_edit_child(disk, "iotune");
    if (!iotune)
        return vn_nomem(err);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = write_uint(iotune, fields[i].name, numbers[i], err);
    vn_edit_prune(iotune);
    return r;
}

static int write_way(xmlNode *bandwidth, const char *child, const char *attr, uint64_t number, struct vn_err *err)
{
    xmlNode *node = number ? vn_edit_child(bandwidth, child) : vn_xml_child(bandwidth, child);

    if (number)
        return node && vn_edit_attr_uint(node, attr, number) == 0 ? 0 : vn_nomem(err);
    if (node)
        vn_edit_drop_attr(node, attr);
    vn_edit_prune(node);
    return 0;
}

static int write_net(xmlNode *interface, const char *value, struct vn_err *err)
{
    size_t count;
    const struct vn_limit_field *fields = vn_limit_fields(VN_LIMIT_NET, &count);
    xmlNode *bandwidth = vn_xml_child(interface, "bandwidth");
    uint64_t numbers[VN_LIMIT_FIELDS] = {0};
    int r = vn_limit_split(VN_LIMIT_NET, value, numbers, err);

    if (r < 0 || (!bandwidth && !*value))
        return r;
    bandwidth = vn_edit_child(interface, "bandwidth");
    if (!bandwidth)
        return vn_nomem(err);
    for (size_t i = 0; r == 0 && i < count; i++) {
        char child[16];
        const char *attr = split_name(fields[i].name, child);

        r = write_way(bandwidth, child, attr, numbers[i], err);
    }
    vn_edit_prune(bandwidth);
    return r;
}

static int no_limit(const char *key, struct vn_err *err)
{
    return VN_FAIL(err, VN_E_ABSENT, .got = key, .cause = "the domain has no such limit");
}

static int write_device(xmlNode *root, const char *key, const char *value, struct vn_err *err)
{
    bool disk = !strncmp(key, "disk.", 5);
    const char *name = key + (disk ? 5 : 4), *element = disk ? "disk" : "interface";

    if (!disk && strncmp(key, "net.", 4))
        return no_limit(key, err);
    for (xmlNode *at = vn_xml_child(vn_xml_child(root, "devices"), element); at; at = vn_xml_next(at, element)) {
        const char *own = device_name(at, disk);

        if (own && !strcmp(own, name))
            return disk ? write_disk(at, value, err) : write_net(at, value, err);
    }
    return no_limit(key, err);
}

static int write_tree(xmlNode *root, const char *key, const char *value, struct vn_err *err)
{
    for (size_t i = 0; i < VN_COUNT(places); i++)
        if (!strcmp(places[i].key, key))
            return write_place(root, &places[i], value, err);
    return write_device(root, key, value, err);
}

int vn_domxml_set_limit(const char *xml, size_t len, const char *key, const char *value, struct vn_buf *ret_xml,
                        struct vn_err *err)
{
    VN_AUTO(vn_xml) tree = {0};
    int r = vn_xml_read(xml, len, VN_DOMXML_MAX, "domain", &tree, err);

    if (r == 0)
        r = write_tree(vn_xml_root(&tree), key, value, err);
    return r < 0 ? r : vn_xml_write(&tree, false, ret_xml, err);
}

int vn_limit_kind_of(const char *key)
{
    for (size_t i = 0; i < VN_COUNT(places); i++)
        if (!strcmp(places[i].key, key))
            return (int)places[i].kind;
    return !strncmp(key, "disk.", 5) ? VN_LIMIT_DISK : !strncmp(key, "net.", 4) ? VN_LIMIT_NET : -1;
}
