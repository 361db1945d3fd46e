/* SPDX-License-Identifier: MIT */
#ifndef VNUMA_UNITS_H
#define VNUMA_UNITS_H

#include <stddef.h>
#include <stdint.h>
#include <vnuma/err.h>

/**
 * vn_size_parse() - a size as people write it: "32G", "512M", "2048K", "1T", "32GiB"; powers of
 * 1024; a bare number is KiB (libvirt's default unit).
 * Errors: -VN_E_SYNTAX, -VN_E_RANGE (above 2^53 KiB)
 */
VN_NODISCARD int vn_size_parse(const char *text, uint64_t *ret_kib, struct vn_err *err);

/** vn_size_format() - for people: "31.9 GiB", "512 MiB", "0". Returns @out. */
char *vn_size_format(uint64_t kib, char *out, size_t size);

/** vn_uint_parse() - a whole decimal number up to @max, nothing before or after it. */
VN_NODISCARD int vn_uint_parse(const char *text, uint64_t max, uint64_t *ret, struct vn_err *err);

#endif
