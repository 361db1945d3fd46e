/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/capsxml.h"
#include "io/doors.h"
#include "io/libvirt_priv.h"

/* The host as the connection describes it: a remote one has no sysfs here. */

static int read_free(struct vn_libvirt *virt, struct vn_node *node, struct vn_err *err)
{
    unsigned long long bytes;

    if (virNodeGetCellsFreeMemory(virt->conn, &bytes, node->id, 1) < 1)
        return virGetLastErrorCode() == VIR_ERR_NO_SUPPORT ? 0 : vn_virt_fail(err, "free memory of node %d", node->id);
    node->free_kib = bytes / 1024 < node->memory_kib ? bytes / 1024 : node->memory_kib;
    return 0;
}

static int read_pools(struct vn_libvirt *virt, struct vn_node *node, struct vn_err *err)
{
    for (size_t i = 0; i < node->n_pools; i++) {
        struct vn_hugepool *pool = &node->pools[i];
        unsigned size = (unsigned)pool->size_kib;
        unsigned long long pages;

        if (virNodeGetFreePages(virt->conn, 1, &size, node->id, 1, &pages, 0) < 0) {
            if (virGetLastErrorCode() == VIR_ERR_NO_SUPPORT)
                return 0;
            return vn_virt_fail(err, "free pages of %u KiB on node %d", size, node->id);
        }
        pool->free = pages < pool->total ? pages : pool->total;
    }
    return 0;
}

/* Page cache: only where the driver says it for one node. It wants to be asked for the count first. */
static void read_cache(struct vn_libvirt *virt, struct vn_node *node)
{
    virNodeMemoryStats stats[16];
    int count = 0;

    if (virNodeGetMemoryStats(virt->conn, node->id, NULL, &count, 0) < 0 || count <= 0 ||
        count > (int)VN_COUNT(stats) || virNodeGetMemoryStats(virt->conn, node->id, stats, &count, 0) < 0)
        return;
    for (int i = 0; i < count; i++)
        if (!strcmp(stats[i].field, VIR_NODE_MEMORY_STATS_CACHED))
            node->cache_kib = stats[i].value;
    if (node->cache_kib > node->memory_kib - node->free_kib)
        node->cache_kib = node->memory_kib - node->free_kib;
}

/* Devices that move data, by PCI base class; one without a class in its XML counts. */
static bool matters(const char *xml)
{
    const char *at = strstr(xml, "<class>0x");
    unsigned long class_id = at ? strtoul(at + 7, NULL, 16) : 0;

    switch (class_id >> 16) {
    case 0x00:
    case 0x01: /* storage */
    case 0x02: /* network */
    case 0x03: /* display */
    case 0x0b: /* co-processor */
    case 0x12: /* accelerator */
        return true;
    case 0x0c:
        return (class_id >> 8) == 0x0c04 || (class_id >> 8) == 0x0c06; /* Fibre Channel, InfiniBand */
    default:
        return false;
    }
}

static int add_device(const char *xml, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err)
{
    struct vn_device *device;

    if (!matters(xml))
        return 0;
    device = vn_arena_grow(arena, &ret->devices, &ret->n_devices, sizeof *device);
    if (!device)
        return vn_nomem(err);
    return vn_nodedevxml_parse(xml, strlen(xml), arena, device, err);
}

static int read_devices(struct vn_libvirt *virt, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err)
{
    virNodeDevicePtr *devices = NULL;
    int count = virConnectListAllNodeDevices(virt->conn, &devices, VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV);
    int r = 0;

    if (count < 0) { /* a separate driver, which may be absent: then no device has a node */
        virResetLastError();
        return 0;
    }
    for (int i = 0; i < count; i++) {
        char *xml = r == 0 ? virNodeDeviceGetXMLDesc(devices[i], 0) : NULL;

        if (xml) /* none: it was unplugged just now */
            r = add_device(xml, arena, ret, err);
        free(xml);
        (void)virNodeDeviceFree(devices[i]);
    }
    free(devices);
    return r;
}

static int by_device_name(const void *a, const void *b)
{
    const struct vn_device *x = a, *y = b;

    return strcmp(x->name, y->name);
}

static int read_settings(struct vn_libvirt *virt, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err)
{
    virTypedParameter params[16];
    unsigned merge;
    int count = 0, r = 0;

    memset(params, 0, sizeof params);
    if (virNodeGetMemoryParameters(virt->conn, NULL, &count, 0) < 0 || count <= 0 || count > (int)VN_COUNT(params) ||
        virNodeGetMemoryParameters(virt->conn, params, &count, 0) < 0) {
        virResetLastError(); /* drivers need not have them */
        return 0;
    }
    if (virTypedParamsGetUInt(params, count, VIR_NODE_MEMORY_SHARED_MERGE_ACROSS_NODES, &merge) == 1)
        r = vn_host_add_setting(arena, ret, "ksm.merge_across_nodes", merge ? "1" : "0") < 0 ? vn_nomem(err) : 0;
    virTypedParamsClear(params, count);
    return r;
}

int vn_virt_remote_host(struct vn_libvirt *virt, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err)
{
    char *xml = virConnectGetCapabilities(virt->conn);
    int r;

    if (!xml)
        return vn_virt_fail(err, "cannot read the capabilities of '%s'", virt->hostname);
    r = vn_capsxml_parse(xml, strlen(xml), arena, ret, err);
    free(xml);
    for (size_t i = 0; r == 0 && i < ret->n_nodes; i++) {
        r = read_free(virt, &ret->nodes[i], err);
        if (r == 0)
            r = read_pools(virt, &ret->nodes[i], err);
        if (r == 0)
            read_cache(virt, &ret->nodes[i]);
    }
    if (r == 0)
        r = read_devices(virt, arena, ret, err);
    if (r == 0)
        r = read_settings(virt, arena, ret, err);
    if (r < 0)
        return r;
    if (ret->n_devices)
        qsort(ret->devices, ret->n_devices, sizeof *ret->devices, by_device_name);
    if (ret->n_nodes > 1 && vn_host_add_setting(arena, ret, "hmat", VN_HMAT_REMOTE) < 0)
        return vn_nomem(err);
    ret->hostname = vn_arena_strdup(arena, virt->hostname);
    return ret->hostname ? vn_host_check(ret, err) : vn_nomem(err);
}

int vn_virt_host(struct vn_libvirt *virt, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err)
{
    int *ids, r = virt->local ? vn_local_host("", arena, ret, err) : vn_virt_remote_host(virt, arena, ret, err);

    if (r < 0)
        return r;
    ids = malloc(ret->n_nodes * sizeof *ids);
    if (!ids)
        return vn_nomem(err);
    for (size_t i = 0; i < ret->n_nodes; i++)
        ids[i] = ret->nodes[i].id;
    free(virt->node_ids);
    virt->node_ids = ids;
    virt->n_nodes = ret->n_nodes;
    return 0;
}
