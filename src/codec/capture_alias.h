/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_CAPTURE_ALIAS_H
#define VN_CODEC_CAPTURE_ALIAS_H

#include <stdbool.h>
#include <vnuma/arena.h>
#include <vnuma/err.h>

/* Stand-ins: one for each thing, the same wherever it stands. */

enum vn_alias_kind {
    VN_ALIAS_VM, VN_ALIAS_HOST, VN_ALIAS_UUID, VN_ALIAS_MAC, VN_ALIAS_SERIAL, VN_ALIAS_PATH, VN_ALIAS_IP4,
    VN_ALIAS_IP6, VN_ALIAS_URI, VN_ALIAS_NAME, VN_ALIAS_TEXT, VN_ALIAS_KINDS
};

enum { VN_ALIAS_BUCKETS = 1024 };
struct vn_alias {
    struct vn_alias *next;      /* of its bucket */
    struct vn_alias *next_name; /* VMs and hosts: in one list more */
    enum vn_alias_kind kind;
    const char *was, *now;
};
struct vn_aliases {
    struct vn_arena arena;
    struct vn_alias *buckets[VN_ALIAS_BUCKETS], *names;
    unsigned count[VN_ALIAS_KINDS];
    unsigned vm_digits; /* so that the stand-ins of VMs sort as their numbers do */
};
void vn_aliases_drop(struct vn_aliases *aliases);

/** vn_alias() - the stand-in of @was; NULL when out of memory. Upper and lower case are one in UUIDs and MACs. */
const char *vn_alias(struct vn_aliases *aliases, enum vn_alias_kind kind, const char *was);
/** vn_alias_find() - the stand-in where there is one already, else NULL. */
const char *vn_alias_find(const struct vn_aliases *aliases, enum vn_alias_kind kind, const char *was);

/** vn_alias_shape() - does a value look like a UUID, MAC, path, address or URI? -1: no. */
int vn_alias_shape(const char *value);

/** vn_alias_sweep() - @value with every VM's and host's name in it replaced where it is a word of its
 *  own; @value itself where there is none; NULL when out of memory. */
const char *vn_alias_sweep(struct vn_aliases *aliases, const char *value);

#endif
