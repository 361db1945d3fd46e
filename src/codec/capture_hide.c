/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "codec/capture.h"
#include "codec/capture_alias.h"
#include "codec/domxml.h"
#include "codec/domxml_parts.h"
#include "codec/xmltree.h"

/* Anonymizing: what names a person, a company or a machine goes; what a plan depends on stays. */

/* Values that are replaced because of where they stand; NULL is any. attr "" is the element's text. */
static const struct rule {
    const char *element, *attr;
    enum vn_alias_kind kind;
} rules[] = {
    {"title", "", VN_ALIAS_TEXT},          {"description", "", VN_ALIAS_TEXT},  {"cmdline", "", VN_ALIAS_TEXT},
    {"label", "", VN_ALIAS_TEXT},          {"baselabel", "", VN_ALIAS_TEXT},    {"imagelabel", "", VN_ALIAS_TEXT},
    {"serial", "", VN_ALIAS_SERIAL},       {"wwn", "", VN_ALIAS_SERIAL},        {"entry", "", VN_ALIAS_SERIAL},
    {"entry", "file", VN_ALIAS_PATH},      {"kernel", "", VN_ALIAS_PATH},       {"initrd", "", VN_ALIAS_PATH},
    {"dtb", "", VN_ALIAS_PATH},            {"bootloader", "", VN_ALIAS_PATH},   {"bootloader_args", "", VN_ALIAS_TEXT},
    {"source", "network", VN_ALIAS_NAME},  {"source", "bridge", VN_ALIAS_NAME}, {"source", "portgroup", VN_ALIAS_NAME},
    {"source", "portid", VN_ALIAS_NAME},   {"source", "name", VN_ALIAS_NAME},   {"source", "pool", VN_ALIAS_NAME},
    {"source", "volume", VN_ALIAS_NAME},   {"source", "dev", VN_ALIAS_NAME},    {"source", "query", VN_ALIAS_NAME},
    {"host", "name", VN_ALIAS_HOST},       {"filterref", "filter", VN_ALIAS_NAME},
    {"parameter", "value", VN_ALIAS_NAME}, {"parameters", NULL, VN_ALIAS_NAME}, {"initiator", NULL, VN_ALIAS_NAME},
    {"iqn", "name", VN_ALIAS_NAME},        {"snapshot", "name", VN_ALIAS_NAME}, {"shmem", "name", VN_ALIAS_NAME},
    {"cookie", "", VN_ALIAS_TEXT},         {"cookie", "name", VN_ALIAS_NAME},   {"hostname", "", VN_ALIAS_HOST},
    {NULL, "username", VN_ALIAS_NAME},     {NULL, "passwd", VN_ALIAS_TEXT},     {NULL, "usage", VN_ALIAS_NAME},
    {NULL, "tlsHostname", VN_ALIAS_HOST},  };

/* Paths that every host has. */
static const char *const common_paths[] = {
    "/usr/bin/qemu-system-*", "/usr/bin/qemu-kvm", "/usr/bin/kvm",   "/usr/libexec/qemu-kvm", "/dev/kvm",
    "/dev/null",              "/dev/random",       "/dev/urandom",   "/dev/hwrng",            "/dev/net/tun",
    "/dev/vhost-net",         "/dev/hugepages*",   "/machine",
};
static const char *const common_addresses[] = {"0.0.0.0", "127.0.0.1", "::", "::1"};

static bool is_common(const char *value, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!fnmatch(list[i], value, 0))
            return true;
    return false;
}

static int kind_of(const xmlNode *element, const char *attr, const char *value)
{
    const char *name = (const char *)element->name;
    const xmlNode *parent = element->parent;
    int shape = vn_alias_shape(value);

    if (!attr[0] && !strcmp(name, "name") && parent && parent == xmlDocGetRootElement(element->doc))
        return VN_ALIAS_VM;
    if (is_common(value, common_paths, VN_COUNT(common_paths)) ||
        is_common(value, common_addresses, VN_COUNT(common_addresses)))
        return -1;
    if (shape >= 0)
        return shape;
    for (size_t i = 0; i < VN_COUNT(rules); i++)
        if ((!rules[i].element || !strcmp(rules[i].element, name)) && (!rules[i].attr || !strcmp(rules[i].attr, attr)))
            return (int)rules[i].kind;
    if (!strcmp(name, "alias") && !strncmp(value, "ua-", 3)) /* an alias of the user's; libvirt's own stay */
        return VN_ALIAS_NAME;
    return -1;
}

/* The value to write instead; @value itself where it stays; NULL when out of memory. */
static const char *hide_value(struct vn_aliases *aliases, const xmlNode *element, const char *attr, const char *value,
                              bool in_devices)
{
    int kind = kind_of(element, attr, value);
    const char *now;

    if (!value[strspn(value, " \t\r\n")])
        return value;
    if (kind < 0) /* only below <devices> do people's own words stand in other values */
        return in_devices && !vn_alias_find(aliases, VN_ALIAS_VM, value) ? vn_alias_sweep(aliases, value) : value;
    now = vn_alias(aliases, (enum vn_alias_kind)kind, value);
    if (now && !strncmp(value, "ua-", 3) && !strcmp((const char *)element->name, "alias"))
        now = vn_arena_printf(&aliases->arena, "ua-%s", now);
    return now;
}

/* 0, or -1 when out of memory. */
static int hide_attr(struct vn_aliases *aliases, xmlNode *element, xmlAttr *attr, bool in_devices)
{
    xmlChar *content = xmlNodeGetContent((xmlNode *)attr);
    const char *was = (const char *)content, *now;
    int r = 0;

    if (!was)
        return -1;
    now = hide_value(aliases, element, (const char *)attr->name, was, in_devices);
    if (!now || (now != was && !xmlSetNsProp(element, attr->ns, attr->name, (const xmlChar *)now)))
        r = -1;
    xmlFree(content);
    return r;
}

static int hide_attrs(struct vn_aliases *aliases, xmlNode *element, bool in_devices, struct vn_err *err)
{
    xmlAttr *next;

    for (xmlAttr *attr = element->properties; attr; attr = next) {
        next = attr->next;
        if (hide_attr(aliases, element, attr, in_devices) < 0)
            return vn_nomem(err);
    }
    return 0;
}

static int hide_text(struct vn_aliases *aliases, xmlNode *text, bool in_devices, struct vn_err *err)
{
    const char *value = text->content ? (const char *)text->content : "";
    const char *now = hide_value(aliases, text->parent, "", value, in_devices);

    if (!now)
        return vn_nomem(err);
    if (now != value)
        xmlNodeSetContent(text, (const xmlChar *)now); /* of a text node: taken as it is */
    return 0;
}

/* Comments, and elements of namespaces that nobody here can read, may say anything. */
static bool is_foreign(const xmlNode *node)
{
    if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE)
        return false;
    if (node->type != XML_ELEMENT_NODE)
        return true;
    if (node->parent && vn_xml_is(node->parent, "metadata"))
        return !node->ns || strcmp((const char *)node->ns->href, VN_POLICY_NS) != 0;
    return node->ns != NULL;
}

static bool is_policy(const xmlNode *node)
{
    return node->type == XML_ELEMENT_NODE && node->ns && !strcmp((const char *)node->ns->href, VN_POLICY_NS);
}

static void remove_node(xmlNode *node)
{
    xmlUnlinkNode(node);
    xmlFreeNode(node);
}

/* The next node of the tree, without going below @node where @skip. */
static xmlNode *following(xmlNode *node, const xmlNode *root, bool skip)
{
    if (!skip && node->type == XML_ELEMENT_NODE && node->children)
        return node->children;
    while (node != root && !node->next)
        node = node->parent;
    return node == root ? NULL : node->next;
}

static bool below_devices(const xmlNode *node)
{
    for (; node; node = node->parent)
        if (vn_xml_is(node, "devices"))
            return true;
    return false;
}

static int hide_tree(struct vn_aliases *aliases, xmlNode *root, struct vn_err *err)
{
    xmlNode *next;
    int r = hide_attrs(aliases, root, false, err);

    for (xmlNode *node = following(root, root, false); node && r == 0; node = next) {
        bool foreign = is_foreign(node), skip = foreign || is_policy(node);

        next = following(node, root, skip);
        if (foreign) {
            remove_node(node);
        } else if (!skip && node->type == XML_ELEMENT_NODE) {
            r = hide_attrs(aliases, node, below_devices(node), err);
        } else if (!skip) {
            r = hide_text(aliases, node, below_devices(node), err);
        }
    }
    return r;
}

static int hide_xml(struct vn_aliases *aliases, struct vn_arena *arena, char **xml, struct vn_domain **domain,
                    struct vn_err *err)
{
    VN_AUTO(vn_xml) tree = {0};
    VN_AUTO(vn_buf) text = {0};
    int r;

    if (!*xml)
        return 0;
    r = vn_xml_read(*xml, strlen(*xml), VN_DOMXML_MAX, "domain", &tree, err);
    if (r == 0)
        r = hide_tree(aliases, vn_xml_root(&tree), err);
    if (r == 0)
        r = vn_xml_write(&tree, false, &text, err);
    if (r < 0)
        return r;
    *xml = vn_arena_strndup(arena, vn_buf_text(&text), text.len);
    *domain = vn_arena_alloc(arena, sizeof **domain);
    if (!*xml || !*domain)
        return vn_nomem(err);
    return vn_domxml_parse(*xml, text.len, arena, *domain, err);
}

static int hide_vm(struct vn_aliases *aliases, struct vn_arena *arena, struct vn_vm *vm, struct vn_err *err)
{
    int r = hide_xml(aliases, arena, &vm->live_xml, &vm->live, err);

    if (r == 0)
        r = hide_xml(aliases, arena, &vm->stored_xml, &vm->stored, err);
    if (r < 0)
        return vn_err_ctx(err, r, "cannot anonymize VM '%s'", vm->name);
    if (vm->unread && !(vm->unread = vn_arena_strdup(arena, vn_alias_sweep(aliases, vm->unread))))
        return vn_nomem(err);
    if (vm->uuid[0])
        vm->uuid = vn_arena_strdup(arena, vn_alias(aliases, VN_ALIAS_UUID, vm->uuid));
    vm->name = vn_arena_strdup(arena, vn_alias(aliases, VN_ALIAS_VM, vm->name));
    return vm->name && vm->uuid ? 0 : vn_nomem(err);
}

static int hide_host(struct vn_aliases *aliases, struct vn_snapshot *snapshot, struct vn_err *err)
{
    struct vn_host *host = &snapshot->host;
    struct vn_arena *arena = &snapshot->arena;

    if (host->hostname[0])
        host->hostname = vn_arena_strdup(arena, vn_alias(aliases, VN_ALIAS_HOST, host->hostname));
    if (!host->hostname)
        return vn_nomem(err);
    for (size_t i = 0; i < host->n_settings; i++) {
        host->settings[i].value = vn_arena_strdup(arena, vn_alias_sweep(aliases, host->settings[i].value));
        if (!host->settings[i].value)
            return vn_nomem(err);
    }
    /* libvirt's local addresses say nothing; any other names a machine, a user or a path */
    if (strcmp(snapshot->uri, "qemu:///system") != 0 && strcmp(snapshot->uri, "qemu:///session") != 0 &&
        !vn_snapshot_is_bare(snapshot) && strcmp(snapshot->uri, "demo:") != 0)
        snapshot->uri = vn_arena_strdup(arena, "anonymous:");
    return snapshot->uri ? 0 : vn_nomem(err);
}

int vn_capture_anonymize(struct vn_snapshot *snapshot, struct vn_err *err)
{
    VN_AUTO(vn_aliases) aliases = {.vm_digits = 3};
    int r;

    for (size_t n = snapshot->n_vms; n >= 1000; n /= 10)
        aliases.vm_digits++;
    /* in the order of their names, which the stand-ins keep */
    for (size_t i = 0; i < snapshot->n_vms; i++)
        if (!vn_alias(&aliases, VN_ALIAS_VM, snapshot->vms[i].name))
            return vn_nomem(err);
    r = hide_host(&aliases, snapshot, err);
    for (size_t i = 0; i < snapshot->n_vms && r == 0; i++)
        r = hide_vm(&aliases, &snapshot->arena, &snapshot->vms[i], err);
    return r;
}
