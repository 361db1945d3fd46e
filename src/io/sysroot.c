/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vnuma/buf.h>

#include "io/doors.h"
#include "io/local.h"

/* A captured file tree as a host: it can be looked at, has no VMs, and changes nothing. */
struct sysroot {
    char *root;
};

static int refuse(struct vn_err *err)
{
    return VN_FAIL(err, VN_E_REFUSED, .cause = "a captured file tree has no virtual machines",
                   .fix = "Leave --sysroot out to act on this host.");
}

static int absent(const char *vm, struct vn_err *err)
{
    return VN_FAIL(err, VN_E_ABSENT, .got = vm, .cause = "no such virtual machine: a captured file tree has none");
}

static int observe(void *self, const char *const *names, size_t n_names, const struct vn_progress *progress,
                   struct vn_snapshot *ret, struct vn_err *err)
{
    const struct sysroot *tree = self;
    struct vn_snapshot snapshot = {.taken_usec = vn_system_clock().now_usec(NULL)};
    int r;

    (void)progress;
    if (n_names)
        return absent(names[0], err);
    r = vn_local_host(tree->root, &snapshot.arena, &snapshot.host, err);
    if (r == 0) {
        snapshot.uri = vn_arena_printf(&snapshot.arena, "sysroot:%s", tree->root);
        if (!snapshot.uri)
            r = vn_nomem(err);
    }
    if (r < 0) {
        vn_snapshot_drop(&snapshot);
        return r;
    }
    *ret = snapshot;
    return 0;
}

static int get_xml(void *self, const char *vm, enum vn_xml_kind kind, struct vn_buf *ret, struct vn_err *err)
{
    (void)self, (void)kind, (void)ret;
    return absent(vm, err);
}

static int get_uuid(void *self, const char *vm, struct vn_buf *ret, struct vn_err *err)
{
    (void)self, (void)ret;
    return absent(vm, err);
}

static int pin_one(void *self, const char *vm, unsigned id, const struct vn_cpuset *cpus, unsigned scope,
                   struct vn_err *err)
{
    (void)self, (void)vm, (void)id, (void)cpus, (void)scope;
    return refuse(err);
}

static int pin_emulator(void *self, const char *vm, const struct vn_cpuset *cpus, unsigned scope, struct vn_err *err)
{
    (void)self, (void)vm, (void)cpus, (void)scope;
    return refuse(err);
}

static int set_nodeset(void *self, const char *vm, const struct vn_nodeset *nodes, unsigned scope, struct vn_err *err)
{
    (void)self, (void)vm, (void)nodes, (void)scope;
    return refuse(err);
}

static int move_memory(void *self, const char *vm, const struct vn_move *move, const struct vn_progress *progress,
                       uint64_t *ret_moved_kib, struct vn_err *err)
{
    (void)self, (void)vm, (void)move, (void)progress;
    *ret_moved_kib = 0;
    return refuse(err);
}

static int get_memory(void *self, const char *vm, struct vn_arena *arena, uint64_t **ret_node_kib,
                      uint64_t **ret_cell_kib, struct vn_err *err)
{
    (void)self, (void)arena, (void)ret_node_kib, (void)ret_cell_kib;
    return absent(vm, err);
}

static int define(void *self, const char *xml, struct vn_err *err)
{
    (void)self, (void)xml;
    return refuse(err);
}

static int save_restore(void *self, const char *vm, const char *xml, const struct vn_progress *progress,
                        uint64_t *ret_paused_ms, struct vn_err *err)
{
    (void)self, (void)vm, (void)xml, (void)progress, (void)ret_paused_ms;
    return refuse(err);
}

static int get_setting(void *self, const char *vm, const char *key, struct vn_buf *ret, struct vn_err *err)
{
    const struct sysroot *tree = self;

    return *vm ? absent(vm, err) : vn_local_setting(tree->root, key, ret, err);
}

static int set_setting(void *self, const char *vm, const char *key, const char *value, struct vn_err *err)
{
    (void)self, (void)vm, (void)key, (void)value;
    return refuse(err);
}

static void close_tree(void *self)
{
    struct sysroot *tree = self;

    free(tree->root);
    free(tree);
}

static const struct vn_hypervisor_ops ops = {
    .observe = observe,
    .xml = get_xml,
    .uuid = get_uuid,
    .pin_vcpu = pin_one,
    .pin_emulator = pin_emulator,
    .pin_iothread = pin_one,
    .set_nodeset = set_nodeset,
    .move_memory = move_memory,
    .memory = get_memory,
    .define = define,
    .setting = get_setting,
    .set_setting = set_setting,
    .save_restore = save_restore,
    .close = close_tree,
};

int vn_sysroot_open(const char *root, struct vn_hypervisor *ret, struct vn_err *err)
{
    struct sysroot *tree = calloc(1, sizeof *tree);

    if (tree)
        tree->root = strdup(root);
    if (!tree || !tree->root) {
        free(tree);
        return vn_nomem(err);
    }
    *ret = (struct vn_hypervisor){.ops = &ops, .self = tree, .forgets = true};
    (void)snprintf(ret->uri, sizeof ret->uri, "sysroot:%s", root);
    return 0;
}
