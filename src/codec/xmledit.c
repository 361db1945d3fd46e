/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "codec/domxml_parts.h"

/* Changing a tree so that the text around the change stays as it was. */

/* The order in which libvirt writes what this room may add; what is not listed comes last. */
static const char *const orders[][32] = {
    {"domain", "name", "uuid", "genid", "title", "description", "metadata", "maxMemory", "memory", "currentMemory",
     "blkiotune", "memtune", "memoryBacking", "vcpu", "vcpus", "iothreads", "iothreadids", "defaultiothread",
     "cputune", "numatune", "resource", "sysinfo", "bootloader", "bootloader_args", "idmap", "os", "features", "cpu"},
    {"cpu", "model", "vendor", "topology", "cache", "maxphysaddr", "feature", "numa"},
    {"numa", "cell"},
    {"cputune", "shares", "global_period", "global_quota", "period", "quota", "emulator_period", "emulator_quota",
     "iothread_period", "iothread_quota", "vcpupin", "emulatorpin", "iothreadpin"},
    {"memoryBacking", "hugepages"},
    {"numatune", "memory", "memnode"},
    {"memtune", "hard_limit", "soft_limit", "min_guarantee", "swap_hard_limit"},
    {"blkiotune", "weight", "device"},
    {"bandwidth", "inbound", "outbound"},
};

static size_t rank(const char *parent, const char *name)
{
    for (size_t o = 0; o < VN_COUNT(orders); o++) {
        if (strcmp(orders[o][0], parent))
            continue;
        for (size_t i = 1; i < VN_COUNT(orders[o]) && orders[o][i]; i++)
            if (!strcmp(orders[o][i], name))
                return i;
    }
    return SIZE_MAX;
}

static bool is_blank(const xmlNode *node)
{
    const char *at = node && node->type == XML_TEXT_NODE ? (const char *)node->content : "x";

    while (at && isspace((unsigned char)*at))
        at++;
    return !at || !*at;
}

/* The last child that belongs before @name; NULL: none does. */
static xmlNode *predecessor(const xmlNode *parent, const char *name)
{
    const char *in = (const char *)parent->name;
    size_t own = rank(in, name);
    xmlNode *found = NULL;

    for (xmlNode *at = parent->children; at; at = at->next)
        if (at->type == XML_ELEMENT_NODE && rank(in, (const char *)at->name) <= own)
            found = at;
    return found;
}

/* A line break and the blanks that stand before @node; false when it shares its line with others. */
static bool indent_of(const xmlNode *node, char *out, size_t size)
{
    const char *text, *line;

    if (!node || !is_blank(node->prev) || !node->prev->content)
        return false;
    text = (const char *)node->prev->content;
    line = strrchr(text, '\n');
    if (!line || strlen(line) >= size)
        return false;
    (void)snprintf(out, size, "%s", line);
    return true;
}

static bool is_root(const xmlNode *node)
{
    return node->parent && node->parent->type == XML_DOCUMENT_NODE;
}

/*
 * What to write before a new child of @parent (as its siblings have it, else two blanks more than
 * the parent itself) and, when that has no content yet, before its end tag.
 */
static void indents(const xmlNode *parent, char *child, char *end, size_t size)
{
    child[0] = end[0] = '\0';
    for (const xmlNode *at = parent->children; at; at = at->next)
        if (at->type == XML_ELEMENT_NODE) {
            (void)indent_of(at, child, size);
            return;
        }
    if (indent_of(parent, child, size - 2)) {
        (void)snprintf(end, size, "%s", child);
        (void)strcat(child, "  ");
    } else if (is_root(parent)) {
        (void)snprintf(child, size, "\n  ");
        (void)snprintf(end, size, "\n");
    }
    if (parent->children)
        end[0] = '\0';
}

/* Elements go in before the blanks around them, so that libxml2 has no two texts to merge. */
static int add_blanks(xmlNode *node, const char *text, bool before)
{
    xmlNode *blanks;

    if (!*text)
        return 0;
    blanks = xmlNewDocText(node->doc, (const xmlChar *)text);
    if (blanks && (before ? xmlAddPrevSibling(node, blanks) : xmlAddNextSibling(node, blanks)))
        return 0;
    xmlFreeNode(blanks);
    return -VN_E_NOMEM;
}

xmlNode *vn_edit_insert(xmlNode *parent, xmlNode *after, const char *name)
{
    xmlNode *node = xmlNewDocNode(parent->doc, NULL, (const xmlChar *)name, NULL), *made;
    char child[256], end[256];

    if (!node)
        return NULL;
    indents(parent, child, end, sizeof child);
    if (!after)
        after = predecessor(parent, name);
    if (after)
        made = xmlAddNextSibling(after, node);
    else if (parent->children)
        made = xmlAddPrevSibling(parent->children, node);
    else
        made = xmlAddChild(parent, node);
    if (!made) {
        xmlFreeNode(node);
        return NULL;
    }
    if (add_blanks(node, child, true) < 0 || add_blanks(node, end, false) < 0)
        return NULL;
    return node;
}

xmlNode *vn_edit_child(xmlNode *parent, const char *name)
{
    xmlNode *node = vn_xml_child(parent, name);

    return node ? node : vn_edit_insert(parent, NULL, name);
}

static void drop(xmlNode *node)
{
    xmlUnlinkNode(node);
    xmlFreeNode(node);
}

void vn_edit_remove(xmlNode *node)
{
    xmlNode *parent = node->parent;
    const xmlNode *left;

    if (is_blank(node->prev))
        drop(node->prev);
    drop(node);
    for (left = parent->children; left && is_blank(left); left = left->next)
        ;
    while (!left && parent->children) /* blanks only: <cputune/> is to be empty */
        drop(parent->children);
}

void vn_edit_remove_all(xmlNode *parent, const char *name)
{
    xmlNode *node = vn_xml_child(parent, name);

    while (node) {
        xmlNode *next = vn_xml_next(node, name);
        vn_edit_remove(node);
        node = next;
    }
}

void vn_edit_prune(xmlNode *node)
{
    if (node && !node->children && !node->properties)
        vn_edit_remove(node);
}

int vn_edit_attr(xmlNode *node, const char *name, const char *value)
{
    return xmlSetProp(node, (const xmlChar *)name, (const xmlChar *)value) ? 0 : -VN_E_NOMEM;
}

int vn_edit_attr_uint(xmlNode *node, const char *name, uint64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    return vn_edit_attr(node, name, text);
}

int vn_edit_attr_cpus(xmlNode *node, const char *name, const struct vn_cpuset *cpus)
{
    char text[VN_SET_TEXT];

    return vn_edit_attr(node, name, vn_cpuset_format(cpus, text, sizeof text));
}

int vn_edit_attr_nodes(xmlNode *node, const char *name, const struct vn_nodeset *nodes)
{
    char text[VN_SET_TEXT];

    return vn_edit_attr(node, name, vn_nodeset_format(nodes, text, sizeof text));
}

void vn_edit_drop_attr(xmlNode *node, const char *name)
{
    (void)xmlUnsetProp(node, (const xmlChar *)name);
}

void vn_edit_drop_attrs(xmlNode *node)
{
    while (node->properties)
        (void)xmlRemoveProp(node->properties);
}
