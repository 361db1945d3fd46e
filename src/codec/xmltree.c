/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <libxml/parser.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "codec/xmltree.h"

/*
 * When an allocation fails, libxml2 2.9 may go on without the comment, namespace or value it was
 * for. A domain that lost something must never be defined: so failures are noticed here, where its
 * memory comes from. It is still malloc()'s, and so fits whatever else in the process uses libxml2.
 */
static _Thread_local bool out_of_memory;

static void *noticed(void *memory)
{
    out_of_memory = out_of_memory || !memory;
    return memory;
}

static void *notice_malloc(size_t size)
{
    return noticed(malloc(size));
}

static void *notice_realloc(void *old, size_t size)
{
    return noticed(realloc(old, size));
}

static char *notice_strdup(const char *text)
{
    return noticed(strdup(text));
}

static void notice_from_here(void)
{
    static atomic_flag done = ATOMIC_FLAG_INIT;

    if (!atomic_flag_test_and_set(&done))
        (void)xmlMemSetup(free, notice_malloc, notice_realloc, notice_strdup);
    out_of_memory = false;
}

bool vn_xml_lost_memory(void)
{
    return out_of_memory;
}

/* The first error the parser reported; later ones only follow from it. */
struct first_error {
    int line;
    char message[160];
};

static void keep_first(void *context, xmlErrorPtr error)
{
    xmlParserCtxt *ctxt = context;
    struct first_error *first = ctxt ? ctxt->_private : NULL;

    if (!first || first->line || error->level < XML_ERR_ERROR)
        return;
    first->line = error->line > 0 ? error->line : 1;
    (void)snprintf(first->message, sizeof first->message, "%s", error->message ? error->message : "not well-formed");
    first->message[strcspn(first->message, "\n")] = '\0';
}

void vn_xml_drop(struct vn_xml *xml)
{
    xmlFreeDoc(xml->doc);
    xml->doc = NULL;
}

static int check_document(xmlDoc *doc, const char *root, struct vn_err *err)
{
    const xmlNode *node = xmlDocGetRootElement(doc);

    if (doc->intSubset || doc->extSubset)
        return VN_FAIL(err, VN_E_FORMAT, .cause = "the XML has a document type declaration",
                       .fix = "Remove the <!DOCTYPE>; libvirt writes none.");
    if (root && !vn_xml_is(node, root)) {
        char cause[96];
        (void)snprintf(cause, sizeof cause, "the XML is not a <%s>", root);
        return VN_FAIL(err, VN_E_FORMAT, .cause = cause, .got = node ? (const char *)node->name : "");
    }
    return 0;
}

int vn_xml_read(const char *text, size_t len, size_t max, const char *root, struct vn_xml *ret, struct vn_err *err)
{
    /* the encoding is given so that the text cannot choose a converter; libvirt writes UTF-8 */
    static const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT;
    struct first_error first = {0};
    struct vn_xml xml = {0};
    xmlParserCtxt *ctxt;
    int r;

    if (len > max)
        return vn_failf(err, VN_E_FORMAT, NULL, "an XML of %zu bytes is larger than the limit of %zu", len, max);
    notice_from_here();
    ctxt = xmlNewParserCtxt();
    if (!ctxt)
        return vn_nomem(err);
    ctxt->_private = &first;
    ctxt->sax->serror = keep_first;
    xml.doc = xmlCtxtReadMemory(ctxt, text, (int)len, NULL, "UTF-8", options);
    xmlFreeParserCtxt(ctxt);
    if (out_of_memory) {
        vn_xml_drop(&xml);
        return vn_nomem(err);
    }
    if (!xml.doc) {
        char where[32];
        (void)snprintf(where, sizeof where, "line %d", first.line ? first.line : 1);
        return VN_FAIL(err, VN_E_SYNTAX, .cause = "not well-formed XML", .where = where,
                       .got = first.message[0] ? first.message : "an empty document");
    }
    xml.declared = len > 5 && !memcmp(text, "<?xml", 5);
    r = check_document(xml.doc, root, err);
    if (r < 0)
        vn_xml_drop(&xml);
    *ret = xml;
    return r;
}

xmlNode *vn_xml_root(const struct vn_xml *xml)
{
    return xmlDocGetRootElement(xml->doc);
}

bool vn_xml_is(const xmlNode *node, const char *name)
{
    return node && node->type == XML_ELEMENT_NODE && !node->ns && !strcmp((const char *)node->name, name);
}

static xmlNode *first_from(xmlNode *node, const char *name)
{
    while (node && !vn_xml_is(node, name))
        node = node->next;
    return node;
}

xmlNode *vn_xml_child(const xmlNode *parent, const char *name)
{
    return parent ? first_from(parent->children, name) : NULL;
}

xmlNode *vn_xml_next(const xmlNode *node, const char *name)
{
    return node ? first_from(node->next, name) : NULL;
}

xmlNode *vn_xml_path(const xmlNode *parent, const char *path)
{
    xmlNode *node = NULL;
    char name[64];

    while (*path) {
        size_t len = strcspn(path, "/");

        (void)snprintf(name, sizeof name, "%.*s", (int)len, path);
        node = vn_xml_child(parent, name);
        if (!node)
            return NULL;
        parent = node;
        path += len + (path[len] == '/');
    }
    return node;
}

const char *vn_xml_attr(const xmlNode *node, const char *name)
{
    for (const xmlAttr *attr = node ? node->properties : NULL; attr; attr = attr->next)
        if (!attr->ns && !strcmp((const char *)attr->name, name)) /* without a DTD a value is one text node */
            return attr->children && attr->children->content ? (const char *)attr->children->content : "";
    return NULL;
}

static bool is_text(const xmlNode *node)
{
    return (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) && node->content;
}

char *vn_xml_text(struct vn_arena *arena, const xmlNode *node)
{
    VN_AUTO(vn_buf) buf = {0};
    const char *text;
    size_t len;

    for (const xmlNode *at = node->children; at; at = at->next)
        if (is_text(at))
            vn_buf_str(&buf, (const char *)at->content);
    if (buf.failed)
        return NULL;
    text = vn_buf_text(&buf);
    while (isspace((unsigned char)*text))
        text++;
    len = strlen(text);
    while (len && isspace((unsigned char)text[len - 1]))
        len--;
    return vn_arena_strndup(arena, text, len);
}
