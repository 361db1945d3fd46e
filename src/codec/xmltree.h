/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_XMLTREE_H
#define VN_CODEC_XMLTREE_H

#include <libxml/tree.h>
#include <vnuma/arena.h>
#include <vnuma/buf.h>
#include <vnuma/set.h>

/* PURE: what this room asks of libxml2. No network, no DTD, no entities, nothing on stderr. */

struct vn_xml {
    xmlDoc *doc;
    bool declared; /* it began with <?xml ...?> */
};
void vn_xml_drop(struct vn_xml *xml);

/**
 * vn_xml_read() - a document whose root is <@root>; NULL: any.
 * @max:  a longer text is refused
 * Errors: -VN_E_SYNTAX not XML (with its line), -VN_E_FORMAT another root, or a DOCTYPE
 */
VN_NODISCARD int vn_xml_read(const char *text, size_t len, size_t max, const char *root, struct vn_xml *ret,
                             struct vn_err *err);
xmlNode *vn_xml_root(const struct vn_xml *xml);
/** vn_xml_lost_memory() - has libxml2 run out of memory in this thread since the last vn_xml_read()? */
bool vn_xml_lost_memory(void);

/* Elements in no namespace; a NULL @parent has none. */
bool vn_xml_is(const xmlNode *node, const char *name);
xmlNode *vn_xml_child(const xmlNode *parent, const char *name);
xmlNode *vn_xml_next(const xmlNode *node, const char *name);
/** vn_xml_path() - the child of the child ...: "cpu/numa"; NULL when one is absent. */
xmlNode *vn_xml_path(const xmlNode *parent, const char *path);

/** vn_xml_attr() - the attribute's value, or NULL; owned by the document. */
const char *vn_xml_attr(const xmlNode *node, const char *name);
/** vn_xml_text() - the element's own text without the blanks around it; NULL when out of memory. */
char *vn_xml_text(struct vn_arena *arena, const xmlNode *node);

/** vn_xml_bad() - -VN_E_FORMAT that names the element, @attr (or NULL) and the line. */
int vn_xml_bad(const xmlNode *node, const char *attr, const char *got, const char *cause, const char *fix,
               struct vn_err *err);

/* Attributes that must be there; each error is a vn_xml_bad(). */
VN_NODISCARD int vn_xml_uint(const xmlNode *node, const char *attr, unsigned max, unsigned *ret, struct vn_err *err);
VN_NODISCARD int vn_xml_cpuset(const xmlNode *node, const char *attr, struct vn_cpuset *ret, struct vn_err *err);
VN_NODISCARD int vn_xml_nodeset(const xmlNode *node, const char *attr, struct vn_nodeset *ret, struct vn_err *err);

/**
 * vn_xml_kib() - @number of @unit in KiB, rounded up.
 * @unit:   as libvirt has it: NULL or "" (KiB), b, bytes, k, KiB, KB (1000 bytes), M, MiB, MB ... E, EiB, EB
 * @node, @attr: for the message
 */
VN_NODISCARD int vn_xml_kib(const xmlNode *node, const char *attr, const char *number, const char *unit,
                            uint64_t *ret_kib, struct vn_err *err);

/** vn_xml_pci() - "0000:3b:00.0" from an <address>'s domain, bus, slot and function, written 0x3b or 59. */
VN_NODISCARD int vn_xml_pci(struct vn_arena *arena, const xmlNode *node, const char *const parts[4], char **ret,
                            struct vn_err *err);

/**
 * vn_xml_write() - the document as text, attributes in single quotes as libvirt writes them.
 * @pretty: blank text dropped and elements indented by 2; else all text as it is
 */
VN_NODISCARD int vn_xml_write(const struct vn_xml *xml, bool pretty, struct vn_buf *ret, struct vn_err *err);

#endif
