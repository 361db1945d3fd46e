/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>
#include "codec/xmltree.h"

/* libxml2's own writer uses double quotes; this one writes what libvirt would, so that diffs show changes only. */

struct writer {
    struct vn_buf *out;
    bool pretty;
};

static void put_escaped(struct vn_buf *out, const char *text, bool attr)
{
    for (; *text; text++) {
        if (*text == '&')
            vn_buf_str(out, "&amp;");
        else if (*text == '<')
            vn_buf_str(out, "&lt;");
        else if (*text == '>')
            vn_buf_str(out, "&gt;");
        else if (*text == '\r' || (attr && (*text == '\n' || *text == '\t')))
            vn_buf_fmt(out, "&#%d;", *text);
        else if (attr && *text == '\'')
            vn_buf_str(out, "&apos;");
        else
            vn_buf_add(out, text, 1);
    }
}

static void put_name(struct vn_buf *out, const xmlNs *ns, const xmlChar *name)
{
    if (ns && ns->prefix)
        vn_buf_fmt(out, "%s:", (const char *)ns->prefix);
    vn_buf_str(out, (const char *)name);
}

static void put_namespaces(struct vn_buf *out, const xmlNode *node)
{
    for (const xmlNs *ns = node->nsDef; ns; ns = ns->next) {
        vn_buf_fmt(out, " xmlns%s%s='", ns->prefix ? ":" : "", ns->prefix ? (const char *)ns->prefix : "");
        put_escaped(out, ns->href ? (const char *)ns->href : "", true);
        vn_buf_str(out, "'");
    }
}

static void put_attributes(struct vn_buf *out, const xmlNode *node)
{
    for (const xmlAttr *attr = node->properties; attr; attr = attr->next) {
        vn_buf_str(out, " ");
        put_name(out, attr->ns, attr->name);
        vn_buf_str(out, "='");
        for (const xmlNode *text = attr->children; text; text = text->next)
            put_escaped(out, text->content ? (const char *)text->content : "", true);
        vn_buf_str(out, "'");
    }
}

static bool is_blank(const xmlNode *node)
{
    const char *at = (const char *)node->content;

    if (node->type != XML_TEXT_NODE)
        return false;
    while (at && isspace((unsigned char)*at))
        at++;
    return !at || !*at;
}

/* Are there only elements and comments in it, so that blanks around them mean nothing? */
static bool is_structure(const xmlNode *node)
{
    for (const xmlNode *at = node->children; at; at = at->next)
        if ((at->type == XML_TEXT_NODE && !is_blank(at)) || at->type == XML_CDATA_SECTION_NODE)
            return false;
    return true;
}

static bool has_content(const struct writer *w, const xmlNode *node, bool structure)
{
    for (const xmlNode *at = node->children; at; at = at->next)
        if (!w->pretty || !structure || !is_blank(at))
            return true;
    return false;
}

static void indent(struct vn_buf *out, unsigned depth)
{
    while (depth--)
        vn_buf_str(out, "  ");
}

/* Anything but an element. */
static void put_leaf(struct vn_buf *out, const xmlNode *node)
{
    const char *text = node->content ? (const char *)node->content : "";

    if (node->type == XML_TEXT_NODE) {
        put_escaped(out, text, false);
    } else if (node->type == XML_CDATA_SECTION_NODE) {
        vn_buf_fmt(out, "<![CDATA[%s]]>", text);
    } else if (node->type == XML_COMMENT_NODE) {
        vn_buf_fmt(out, "<!--%s-->", text);
    } else if (node->type == XML_PI_NODE) {
        vn_buf_fmt(out, "<?%s%s%s?>", (const char *)node->name, *text ? " " : "", text);
    }
}

/* The parser refuses more than 256 levels, so recursion is bounded. */
static void put_node(const struct writer *w, const xmlNode *node, unsigned depth)
{
    struct writer inner = *w;
    bool structure;

    if (node->type != XML_ELEMENT_NODE) {
        put_leaf(w->out, node);
        return;
    }
    structure = is_structure(node);
    inner.pretty = w->pretty && structure; /* text is kept verbatim, and all that is beside it */
    vn_buf_str(w->out, "<");
    put_name(w->out, node->ns, node->name);
    if (depth) /* libvirt has them first in the metadata, and last in <domain> */
        put_namespaces(w->out, node);
    put_attributes(w->out, node);
    if (!depth)
        put_namespaces(w->out, node);
    if (!has_content(w, node, structure)) {
        vn_buf_str(w->out, "/>");
        return;
    }
    vn_buf_str(w->out, ">");
    for (const xmlNode *at = node->children; at; at = at->next) {
        if (inner.pretty && is_blank(at))
            continue;
        if (inner.pretty) {
            vn_buf_str(w->out, "\n");
            indent(w->out, depth + 1);
        }
        put_node(&inner, at, depth + 1);
    }
    if (inner.pretty) {
        vn_buf_str(w->out, "\n");
        indent(w->out, depth);
    }
    vn_buf_str(w->out, "</");
    put_name(w->out, node->ns, node->name);
    vn_buf_str(w->out, ">");
}

int vn_xml_write(const struct vn_xml *xml, bool pretty, struct vn_buf *ret, struct vn_err *err)
{
    const struct writer w = {ret, pretty};

    if (xml->declared && !pretty)
        vn_buf_str(ret, "<?xml version='1.0' encoding='UTF-8'?>\n");
    for (const xmlNode *at = xml->doc->children; at; at = at->next) {
        put_node(&w, at, 0);
        vn_buf_str(ret, "\n");
    }
    return ret->failed || vn_xml_lost_memory() ? vn_nomem(err) : 0;
}
