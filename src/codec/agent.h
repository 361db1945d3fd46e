/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_AGENT_H
#define VN_CODEC_AGENT_H

#include <stdbool.h>
#include <stdint.h>
#include <vnuma/buf.h>
#include <vnuma/err.h>

/*
 * PURE: what is said to a guest's agent, and what it answers. The guest wrote the replies: nothing in them is trusted.
 * Source: QEMU Guest Agent Protocol Reference.
 */

/** vn_agent_open() - a command that opens @path in the guest. @mode: as fopen(3) has it. @ret is replaced */
VN_NODISCARD int vn_agent_open(const char *path, const char *mode, struct vn_buf *ret, struct vn_err *err);
/** vn_agent_read() - a command that reads at most @bytes from an open file. */
VN_NODISCARD int vn_agent_read(int64_t handle, unsigned bytes, struct vn_buf *ret, struct vn_err *err);
/** vn_agent_close() - a command that closes it. */
VN_NODISCARD int vn_agent_close(int64_t handle, struct vn_buf *ret, struct vn_err *err);

/**
 * vn_agent_handle_parse() - the reply to guest-file-open.
 * Errors: -VN_E_SYNTAX no JSON; -VN_E_FORMAT another shape; -VN_E_IO the agent's own refusal, in its words
 */
VN_NODISCARD int vn_agent_handle_parse(const char *json, size_t len, int64_t *ret, struct vn_err *err);

/**
 * vn_agent_bytes_parse() - the reply to guest-file-read.
 * @ret:     the bytes are appended; on failure nothing is
 * @ret_eof: the file has no more
 * Errors: as above; -VN_E_FORMAT too where the bytes are no base64, or not as many as it says
 */
VN_NODISCARD int vn_agent_bytes_parse(const char *json, size_t len, struct vn_buf *ret, bool *ret_eof,
                                      struct vn_err *err);

/** vn_agent_done_parse() - a reply that only says that @command was carried out. Errors: as above */
VN_NODISCARD int vn_agent_done_parse(const char *json, size_t len, const char *command, struct vn_err *err);

/**
 * vn_base64_decode() - RFC 4648, section 4, in its one form: padded, without line ends.
 * @ret: appended to; on failure nothing is
 * Errors: -VN_E_FORMAT
 */
VN_NODISCARD int vn_base64_decode(const char *text, size_t len, struct vn_buf *ret, struct vn_err *err);

#endif
