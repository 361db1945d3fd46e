/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "codec/domxml_parts.h"

/* The host's PCI devices that a guest has: <hostdev type='pci'> and <interface type='hostdev'>. */

static bool has_attr(const xmlNode *node, const char *name, const char *value)
{
    const char *text = vn_xml_attr(node, name);

    return text && !strcmp(text, value);
}

static int read_device(const xmlNode *device, struct vn_arena *arena, struct vn_domain *domain, struct vn_err *err)
{
    const xmlNode *address = vn_xml_path(device, "source/address");
    const char *parts[4];
    char **place;
    int r;

    if (!address)
        return vn_xml_bad(device, NULL, NULL, "a host device without <source><address>", NULL, err);
    if (vn_xml_is(device, "interface") && vn_xml_attr(address, "type") && !has_attr(address, "type", "pci"))
        return 0; /* a USB network card */
    parts[0] = vn_xml_attr(address, "domain");
    parts[1] = vn_xml_attr(address, "bus");
    parts[2] = vn_xml_attr(address, "slot");
    parts[3] = vn_xml_attr(address, "function");
    place = vn_arena_grow(arena, &domain->devices, &domain->n_devices, sizeof *place);
    if (!place)
        return vn_nomem(err);
    r = vn_xml_pci(arena, address, parts, place, err);
    return r;
}

int vn_domxml_read_devices(const xmlNode *root, struct vn_arena *arena, struct vn_domain *domain, struct vn_err *err)
{
    const xmlNode *devices = vn_xml_child(root, "devices");

    for (const xmlNode *at = devices ? devices->children : NULL; at; at = at->next) {
        bool pci = (vn_xml_is(at, "hostdev") && has_attr(at, "type", "pci")) ||
                   (vn_xml_is(at, "interface") && has_attr(at, "type", "hostdev"));
        int r = pci ? read_device(at, arena, domain, err) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

/* <metadata><vnuma:policy xmlns:vnuma='urn:vnuma:policy:1' policy='dedicated' .../></metadata> */

static bool is_ours(const xmlNode *node)
{
    return node->type == XML_ELEMENT_NODE && node->ns && node->ns->href &&
           !strcmp((const char *)node->ns->href, VN_POLICY_NS);
}

static int read_keys(const xmlNode *node, struct vn_arena *arena, struct vn_vm_policy *policy, struct vn_err *err)
{
    for (const xmlAttr *attr = node->properties; attr; attr = attr->next) {
        const char *key = (const char *)attr->name, *value = vn_xml_attr(node, key);
        struct vn_err why = {0};
        int r;

        if (attr->ns || !value)
            return vn_xml_bad(node, key, NULL, "an unknown policy attribute in another namespace", NULL, err);
        r = vn_vm_policy_set(arena, policy, key, value, &why);
        if (r == -VN_E_NOMEM)
            return vn_nomem(err);
        if (r < 0)
            return vn_xml_bad(node, key, why.got, why.cause, why.fix, err);
    }
    return 0;
}

int vn_domxml_read_policy(const xmlNode *root, struct vn_arena *arena, struct vn_domain *domain, struct vn_err *err)
{
    const xmlNode *metadata = vn_xml_child(root, "metadata");

    for (const xmlNode *at = metadata ? metadata->children : NULL; at; at = at->next) {
        int r;
        if (!is_ours(at))
            continue;
        if (strcmp((const char *)at->name, "policy"))
            return vn_xml_bad(at, NULL, NULL, "an unknown element in the namespace " VN_POLICY_NS,
                              "The one that is known is <vnuma:policy>.", err);
        r = read_keys(at, arena, &domain->policy, err);
        if (r < 0)
            return r;
    }
    return 0;
}
