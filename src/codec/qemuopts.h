/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_QEMUOPTS_H
#define VN_CODEC_QEMUOPTS_H

#include <vnuma/arena.h>
#include <vnuma/err.h>
#include <vnuma/set.h>

/* PURE: one argument of a QEMU option, "type,key=value,...". Source: QEMU, qemu-options.hx; qemu(1). */

struct vn_qemu_prop {
    char *key, *value;
};
struct vn_qemu_props {
    struct vn_qemu_prop *items; /* in order; a list has its key once for each element */
    size_t count;
};

/**
 * vn_qemu_props_parse() - "key=value,..." where ",," stands for a comma in a value, or a JSON object.
 * @implied: the key of a first item without one ("qom-type"); NULL: none. Another item without a value is "on".
 * Errors: -VN_E_FORMAT, -VN_E_NOMEM
 */
VN_NODISCARD int vn_qemu_props_parse(const char *text, const char *implied, struct vn_arena *arena,
                                     struct vn_qemu_props *ret, struct vn_err *err);

/** vn_qemu_prop() - the last value of a key, or NULL. */
const char *vn_qemu_prop(const struct vn_qemu_props *props, const char *key);
/** vn_qemu_prop_on() - is it there and "on" (or "yes", "true", "y")? */
bool vn_qemu_prop_on(const struct vn_qemu_props *props, const char *key);
/** vn_qemu_prop_uint() - *@ret unchanged where the key is absent. Errors: -VN_E_FORMAT not a number up to @max */
VN_NODISCARD int vn_qemu_prop_uint(const struct vn_qemu_props *props, const char *key, unsigned max, unsigned *ret,
                                   struct vn_err *err);
/**
 * vn_qemu_prop_kib() - a size as QEMU reads it: "1.5G", "4096", "0x1000"; *@ret unchanged where the key is absent.
 * @bytes: what a number without a suffix counts: 1, or 1 MiB in -m and -numa mem=
 * Units:  rounded up to KiB
 */
VN_NODISCARD int vn_qemu_prop_kib(const struct vn_qemu_props *props, const char *key, uint64_t bytes, uint64_t *ret,
                                  struct vn_err *err);
/**
 * vn_qemu_prop_set() - every "N" or "N-M" of a key that may be there several times, added to @ret as CPU numbers.
 * Errors: -VN_E_FORMAT
 */
VN_NODISCARD int vn_qemu_prop_set(const struct vn_qemu_props *props, const char *key, struct vn_cpuset *ret,
                                  struct vn_err *err);

#endif
