/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "io/files.h"
#include "io/local.h"

/* Words for the PCI classes that hwloc keeps. Source: PCI Code and ID Assignment Specification. */
static const char *class_words(unsigned class_id)
{
    static const struct {
        unsigned id, mask;
        const char *words;
    } classes[] = {
        {0x0108, 0xffff, "NVMe controller"},  {0x0100, 0xff00, "storage controller"},
        {0x0200, 0xffff, "Ethernet"},         {0x0207, 0xffff, "InfiniBand"},
        {0x0200, 0xff00, "network"},          {0x0300, 0xff00, "display"},
        {0x0400, 0xff00, "multimedia"},       {0x0b00, 0xff00, "co-processor"},
        {0x0c04, 0xffff, "Fibre Channel"},    {0x0c06, 0xffff, "InfiniBand"},
        {0x1200, 0xff00, "accelerator"},      {0x0502, 0xffff, "CXL memory"},
    };

    for (size_t i = 0; i < VN_COUNT(classes); i++)
        if ((class_id & classes[i].mask) == classes[i].id)
            return classes[i].words;
    return "";
}

/* "eth0", or "eth0 mlx5_0" where one function is known by two names. */
static char *what_is(hwloc_obj_t device, struct vn_arena *arena)
{
    char *text = NULL;

    for (hwloc_obj_t child = device->io_first_child; child; child = child->next_sibling) {
        if (child->type != HWLOC_OBJ_OS_DEVICE || !child->name)
            continue;
        text = text ? vn_arena_printf(arena, "%s %s", text, child->name) : vn_arena_strdup(arena, child->name);
        if (!text)
            return NULL;
    }
    return text ? text : vn_arena_strdup(arena, class_words(device->attr->pcidev.class_id));
}

/* The kernel's word; where it has none, the node of the part of the machine hwloc found it under. */
static int node_of(const char *root, hwloc_topology_t topology, hwloc_obj_t device, const char *name,
                   const struct vn_host *host)
{
    VN_AUTO(vn_buf) text = {0};
    hwloc_obj_t near = hwloc_get_non_io_ancestor_obj(topology, device);
    int node = -1;

    if (vn_file_readf(root, &text, NULL, "sys/bus/pci/devices/%s/numa_node", name) == 0) {
        char *end, *begin = vn_text_trim(text.ptr);
        long value = strtol(begin, &end, 10);

        node = end > begin && !*end && value >= 0 && value < VN_NODE_MAX ? (int)value : -1;
    } else if (near && near->nodeset && hwloc_bitmap_weight(near->nodeset) == 1) {
        node = hwloc_bitmap_first(near->nodeset);
    }
    return vn_host_node_index(host, node) >= 0 ? node : -1;
}

static int add_device(const char *root, hwloc_topology_t topology, hwloc_obj_t obj, struct vn_arena *arena,
                      struct vn_host *ret, struct vn_err *err)
{
    const struct hwloc_pcidev_attr_s *pci = &obj->attr->pcidev;
    struct vn_device *device = vn_arena_grow(arena, &ret->devices, &ret->n_devices, sizeof *device);

    if (!device)
        return vn_nomem(err);
    device->name = vn_arena_printf(arena, "%04x:%02x:%02x.%01x", pci->domain, pci->bus, pci->dev, pci->func);
    device->what = what_is(obj, arena);
    if (!device->name || !device->what)
        return vn_nomem(err);
    device->node = node_of(root, topology, obj, device->name, ret);
    return 0;
}

int vn_local_devices(const char *root, hwloc_topology_t topology, struct vn_arena *arena, struct vn_host *ret,
                     struct vn_err *err)
{
    for (hwloc_obj_t obj = hwloc_get_next_pcidev(topology, NULL); obj; obj = hwloc_get_next_pcidev(topology, obj)) {
        int r = (obj->attr->pcidev.class_id >> 8) == 0x06 /* bridge */ ? 0
                : add_device(root, topology, obj, arena, ret, err);
        if (r < 0)
            return r;
    }
    return 0;
}
