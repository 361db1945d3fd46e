/* SPDX-License-Identifier: MIT */
#ifndef VNUMA_DEFS_H
#define VNUMA_DEFS_H

/* The few compiler helpers every room uses. */

#define VN_NODISCARD __attribute__((warn_unused_result))
#define VN_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/**
 * VN_AUTO(type) - a variable whose contents are dropped on every return path.
 * type ## _drop(type *) must exist and accept a zeroed object.
 */
#define VN_AUTO(type) __attribute__((cleanup(type##_drop))) struct type

#define VN_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
