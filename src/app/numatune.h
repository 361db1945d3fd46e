/* SPDX-License-Identifier: MIT */
#ifndef VN_APP_NUMATUNE_H
#define VN_APP_NUMATUNE_H

#include "app/app.h"
#include "codec/domxml.h"

/** struct vn_numatune_order - what is to become of a VM's memory. */
struct vn_numatune_order {
    struct vn_numatune_edit edit;
    bool move;  /* what is resident goes there now */
    bool force; /* also where it would not fit */
};

/**
 * vn_app_numatune() - the steps: another stored <numatune> for the next start; the nodes that run now, where libvirt
 * takes them (live mode restrictive); and with move the resident memory.
 * Errors: -VN_E_USAGE a node that is not there or has no memory, or --move with no one node to go to
 *         -VN_E_REFUSED memory bound to nodes that have no room for it, with the figures: the kernel would end it
 */
VN_NODISCARD int vn_app_numatune(const struct vn_snapshot *snapshot, const struct vn_vm *vm,
                                 const struct vn_numatune_order *order, const struct vn_apply_opts *opts,
                                 struct vn_plan *plan, struct vn_err *err);

#endif
