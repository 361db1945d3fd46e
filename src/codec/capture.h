/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_CAPTURE_H
#define VN_CODEC_CAPTURE_H

#include <vnuma/buf.h>
#include <vnuma/snapshot.h>

/* PURE: the captured host, a line-based text file; docs/capture.md describes it. */

#define VN_CAPTURE_MAX (256u << 20)

/** Errors: -VN_E_SYNTAX and -VN_E_FORMAT name the line. */
VN_NODISCARD int vn_capture_parse(const char *text, size_t len, struct vn_snapshot *ret, struct vn_err *err);
/** parse(format(s)) is s, and format(parse(t)) is t for any t that format wrote. */
VN_NODISCARD int vn_capture_format(const struct vn_snapshot *snapshot, struct vn_buf *ret, struct vn_err *err);

/**
 * vn_capture_anonymize() - names, titles, UUIDs, MACs, serials, paths, host names and addresses replaced, each by the
 * same stand-in wherever it stands ("vm1", "host1"), PCI addresses kept. Both in the model and in
 * the XML texts. The plan for the anonymized snapshot is the same but for the names.
 */
VN_NODISCARD int vn_capture_anonymize(struct vn_snapshot *snapshot, struct vn_err *err);

#endif
