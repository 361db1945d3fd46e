/* SPDX-License-Identifier: MIT */
#ifndef VN_IO_QEMU_PROBE_H
#define VN_IO_QEMU_PROBE_H

#include <vnuma/buf.h>
#include <vnuma/err.h>

/**
 * vn_qemu_ask_models() - what an emulator's monitor says to query-cpu-definitions: QEMU is started
 * without a machine, devices, settings or a running CPU, asked, and ended.
 * @emulator: its path
 * @accel:    "kvm" or "tcg": what is usable depends on it
 * @ret_text: replaced; all the monitor said, a line a message
 * Errors: -VN_E_ENV it cannot be started; -VN_E_IO it ends or says nothing for ten seconds
 * Source: QEMU QMP Reference Manual, query-cpu-definitions
 */
VN_NODISCARD int vn_qemu_ask_models(const char *emulator, const char *accel, struct vn_buf *ret_text,
                                    struct vn_err *err);

#endif
