/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_DOMXML_PARTS_H
#define VN_CODEC_DOMXML_PARTS_H

#include <vnuma/plan.h>
#include <vnuma/vm.h>
#include "codec/domxml.h"
#include "codec/xmltree.h"

/* Inside this room: the pieces that reading and editing a domain XML are made of. */

#define VN_POLICY_NS "urn:vnuma:policy:1"

/* Each reads its part of <domain> into @domain. */
VN_NODISCARD int vn_domxml_read_cpu(const xmlNode *root, struct vn_arena *arena, struct vn_domain *domain,
                                    struct vn_err *err);
VN_NODISCARD int vn_domxml_read_cputune(const xmlNode *root, struct vn_arena *arena, struct vn_domain *domain,
                                        struct vn_err *err);
VN_NODISCARD int vn_domxml_read_numatune(const xmlNode *root, struct vn_arena *arena, struct vn_domain *domain,
                                         struct vn_err *err);
VN_NODISCARD int vn_domxml_read_devices(const xmlNode *root, struct vn_arena *arena, struct vn_domain *domain,
                                        struct vn_err *err);
VN_NODISCARD int vn_domxml_read_policy(const xmlNode *root, struct vn_arena *arena, struct vn_domain *domain,
                                       struct vn_err *err);
/** vn_domxml_read_topology() - a <topology>, its clusters as cores. */
VN_NODISCARD int vn_domxml_read_topology(const xmlNode *node, struct vn_guest_topology *topology, struct vn_err *err);
/** vn_domxml_read() - all of it, from a tree. */
VN_NODISCARD int vn_domxml_read(const struct vn_xml *xml, struct vn_arena *arena, struct vn_domain *ret,
                                struct vn_err *err);
/** vn_domxml_open() - a text to be edited: its tree, which the caller drops even after an error, and what it says. */
VN_NODISCARD int vn_domxml_open(const char *xml, size_t len, struct vn_xml *ret_tree, struct vn_arena *arena,
                                struct vn_domain *ret, struct vn_err *err);

/* Editing a tree: new elements are indented as those around them. -VN_E_NOMEM is the only failure. */

/** vn_edit_child() - the child of that name, made where libvirt would write it when it is not there; NULL: no memory. */
xmlNode *vn_edit_child(xmlNode *parent, const char *name);
/** vn_edit_insert() - a new child after @after (NULL: where libvirt would write it). */
xmlNode *vn_edit_insert(xmlNode *parent, xmlNode *after, const char *name);
/** vn_edit_remove() - the element and the blanks before it. */
void vn_edit_remove(xmlNode *node);
void vn_edit_remove_all(xmlNode *parent, const char *name);
/** vn_edit_prune() - remove it when nothing is in it. */
void vn_edit_prune(xmlNode *node);
VN_NODISCARD int vn_edit_attr(xmlNode *node, const char *name, const char *value);
VN_NODISCARD int vn_edit_attr_uint(xmlNode *node, const char *name, uint64_t value);
VN_NODISCARD int vn_edit_attr_cpus(xmlNode *node, const char *name, const struct vn_cpuset *cpus);
VN_NODISCARD int vn_edit_attr_nodes(xmlNode *node, const char *name, const struct vn_nodeset *nodes);
void vn_edit_drop_attr(xmlNode *node, const char *name);
void vn_edit_drop_attrs(xmlNode *node);

/* The parts of a placement; @domain is what the tree says now. */
VN_NODISCARD int vn_place_pins(xmlNode *root, const struct vn_domain *domain, const struct vn_placement *placement,
                               struct vn_err *err);
VN_NODISCARD int vn_place_numatune(xmlNode *root, const struct vn_placement *placement, bool has_cells,
                                   struct vn_err *err);
VN_NODISCARD int vn_place_cells(xmlNode *root, const struct vn_domain *domain, const struct vn_placement *placement,
                                struct vn_err *err);
/** vn_place_distances() - into each cell of <numa> those that the placement has; what is right already stays. */
VN_NODISCARD int vn_place_distances(xmlNode *numa, const struct vn_placement *placement);
VN_NODISCARD int vn_place_topology(xmlNode *root, const struct vn_domain *domain,
                                   const struct vn_guest_topology *topology, struct vn_err *err);
VN_NODISCARD int vn_place_hugepages(xmlNode *root, const struct vn_domain *domain,
                                    const struct vn_placement *placement, struct vn_err *err);
/** vn_place_same_cells() - does the guest have these very cells already (or needs none)? */
bool vn_place_same_cells(const struct vn_domain *domain, const struct vn_placement *placement);

#endif
