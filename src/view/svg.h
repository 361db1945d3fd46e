/* SPDX-License-Identifier: MIT */
#ifndef VN_VIEW_SVG_H
#define VN_VIEW_SVG_H

#include <vnuma/buf.h>
#include <vnuma/snapshot.h>

/**
 * vn_svg_host() - PURE: the host with the VMs on it as an SVG: nodes as boxes, cores as cells with
 * their CPUs, a colour for each VM whose vCPUs are pinned there, memory bars, and a legend.
 */
VN_NODISCARD int vn_svg_host(const struct vn_snapshot *snapshot, struct vn_buf *ret, struct vn_err *err);

#endif
