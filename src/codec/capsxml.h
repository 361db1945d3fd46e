/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_CAPSXML_H
#define VN_CODEC_CAPSXML_H

#include <vnuma/host.h>

/**
 * vn_capsxml_parse() - PURE: a host from libvirt's capabilities XML (a remote host has no hwloc):
 * nodes, CPUs, siblings, L3 from <cache>, distances, memory, page pools (total; free is filled by
 * the caller from virNodeGetFreePages), and from libvirt 7.5 on the latencies and bandwidths of each
 * node's nearest CPUs (<interconnects>).
 * Source: libvirt "Driver capabilities XML format", <topology>.
 * Errors: -VN_E_SYNTAX, -VN_E_FORMAT with the line
 */
VN_NODISCARD int vn_capsxml_parse(const char *xml, size_t len, struct vn_arena *arena, struct vn_host *ret,
                                  struct vn_err *err);

/** vn_nodedevxml_parse() - PURE: name and node of a PCI device from virNodeDeviceGetXMLDesc; node -1 where it has none. */
VN_NODISCARD int vn_nodedevxml_parse(const char *xml, size_t len, struct vn_arena *arena, struct vn_device *ret,
                                     struct vn_err *err);

#endif
