/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_DOMXML_H
#define VN_CODEC_DOMXML_H

#include <vnuma/buf.h>
#include <vnuma/plan.h>
#include <vnuma/vm.h>

/* PURE: domain XML <-> model. Source: libvirt's "Domain XML format". */

/** A domain XML larger than this is refused. */
#define VN_DOMXML_MAX (4u << 20)

/**
 * vn_domxml_parse() - what a domain XML says about placement; unknown elements are ignored.
 * Errors: -VN_E_SYNTAX not XML (with its line), -VN_E_FORMAT not a <domain>, or a value that is
 *         not what libvirt would write (with its line)
 */
VN_NODISCARD int vn_domxml_parse(const char *xml, size_t len, struct vn_arena *arena, struct vn_domain *ret,
                                 struct vn_err *err);

/**
 * vn_domxml_place() - the same XML with a placement in it: vcpupin, emulatorpin, iothreadpin,
 * numatune (mode, nodeset, memnode), <cpu> topology and numa cells, memoryBacking hugepages.
 * Everything else stays as it is; a placement on ordinary pages (hugepage_kib 0) takes <hugepages> away, one
 * without emulatorpin or with fewer iothreadpins leaves those that are there. Never writes restrictive.
 */
VN_NODISCARD int vn_domxml_place(const char *xml, size_t len, const struct vn_placement *placement,
                                 struct vn_buf *ret_xml, struct vn_err *err);

/** The same for a running guest's migratable XML: only what may change over save and restore (pins and numatune), never what the guest sees. */
VN_NODISCARD int vn_domxml_replace(const char *xml, size_t len, const struct vn_placement *placement,
                                   struct vn_buf *ret_xml, struct vn_err *err);

/** One live change put into an XML text: what a replayed host's live XML looks like after it. */
VN_NODISCARD int vn_domxml_set_pin(const char *xml, size_t len, enum vn_step_kind kind, unsigned index,
                                   const struct vn_cpuset *cpus, struct vn_buf *ret_xml, struct vn_err *err);
VN_NODISCARD int vn_domxml_set_nodeset(const char *xml, size_t len, const struct vn_nodeset *nodes,
                                       struct vn_buf *ret_xml, struct vn_err *err);

/** struct vn_numatune_edit - what is to change of <numatune>; the rest stays. */
struct vn_numatune_edit {
    bool none;                      /* take all of it away */
    int mode;                       /* an enum vn_mem_mode for the guest and all its cells; -1: as it is */
    const struct vn_nodeset *nodes; /* of <memory>; NULL: as they are, or all those of the cells */
    const struct vn_memnode *cells; /* cell and nodes count; the mode is the guest's */
    size_t n_cells;
};
/**
 * vn_domxml_set_numatune() - the same XML with that in it.
 * Errors: -VN_E_USAGE a cell that the guest does not have, named; a cell left outside of the guest's nodes
 *         -VN_E_REFUSED restrictive with cells bound each by itself: it would move the whole guest to one node
 * Source: libvirt's "Domain XML format", "NUMA Node Tuning"
 */
VN_NODISCARD int vn_domxml_set_numatune(const char *xml, size_t len, const struct vn_numatune_edit *edit,
                                        struct vn_buf *ret_xml, struct vn_err *err);

/**
 * vn_domxml_set_vcpus() - the same XML with other numbers of vCPUs; 0 leaves a number as it is.
 * @current: plugged at start; <vcpus>, which would name them one by one, is taken away where there is one
 * @max:     possible; the topology's sockets follow, and cells take the new vCPUs in equal parts
 * Errors: -VN_E_USAGE more at start than possible
 *         -VN_E_REFUSED the topology's cores do not divide @max, or a cell would be left with no vCPU
 */
VN_NODISCARD int vn_domxml_set_vcpus(const char *xml, size_t len, unsigned current, unsigned max,
                                     struct vn_buf *ret_xml, struct vn_err *err);

/** vn_domxml_canonical() - pretty-printed in one way, for diffs. */
VN_NODISCARD int vn_domxml_canonical(const char *xml, size_t len, struct vn_buf *ret_xml, struct vn_err *err);

/** vn_domxml_new() - a minimal domain for `plan --new`: name, vcpus, memory, type kvm. */
VN_NODISCARD int vn_domxml_new(const char *name, unsigned vcpus, uint64_t memory_kib, struct vn_buf *ret_xml,
                               struct vn_err *err);

#endif
