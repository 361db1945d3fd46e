/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "codec/capsxml.h"
#include "codec/xmltree.h"

enum { NODEDEV_MAX = 1 << 20 };

static const xmlNode *pci_capability(const xmlNode *root)
{
    const xmlNode *at = vn_xml_child(root, "capability");

    for (; at; at = vn_xml_next(at, "capability")) {
        const char *type = vn_xml_attr(at, "type");
        if (type && !strcmp(type, "pci"))
            break;
    }
    return at;
}

static int read_name(const xmlNode *pci, struct vn_arena *arena, char **ret, struct vn_err *err)
{
    static const char *const names[4] = {"domain", "bus", "slot", "function"};
    const char *parts[4];

    for (size_t i = 0; i < 4; i++) {
        const xmlNode *part = vn_xml_child(pci, names[i]);

        if (!part)
            return vn_xml_bad(pci, NULL, NULL, "a PCI device without its whole address", NULL, err);
        parts[i] = vn_xml_text(arena, part);
        if (!parts[i])
            return vn_nomem(err);
    }
    return vn_xml_pci(arena, pci, parts, ret, err);
}

static int read_device(const xmlNode *root, struct vn_arena *arena, struct vn_device *device, struct vn_err *err)
{
    const xmlNode *pci = pci_capability(root), *product, *numa;
    unsigned node;
    int r;

    if (!pci)
        return vn_xml_bad(root, NULL, NULL, "not a PCI device", NULL, err);
    r = read_name(pci, arena, &device->name, err);
    if (r < 0)
        return r;
    product = vn_xml_child(pci, "product");
    device->what = product ? vn_xml_text(arena, product) : vn_arena_strdup(arena, "");
    if (!device->what)
        return vn_nomem(err);
    device->node = -1;
    numa = vn_xml_child(pci, "numa");
    if (!numa)
        return 0;
    r = vn_xml_uint(numa, "node", VN_NODE_MAX - 1, &node, err);
    if (r == 0)
        device->node = (int)node;
    return r;
}

int vn_nodedevxml_parse(const char *xml, size_t len, struct vn_arena *arena, struct vn_device *ret, struct vn_err *err)
{
    VN_AUTO(vn_xml) tree = {0};
    struct vn_device device = {0};
    int r = vn_xml_read(xml, len, NODEDEV_MAX, "device", &tree, err);

    if (r == 0)
        r = read_device(vn_xml_root(&tree), arena, &device, err);
    if (r < 0)
        return vn_err_ctx(err, r, "cannot read a node device's XML");
    *ret = device;
    return 0;
}
