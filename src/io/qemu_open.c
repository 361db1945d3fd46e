/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/doors.h"
#include "io/qemu_priv.h"

/* The door: what a bare QEMU has no answer for is refused, with the reason. */

static int get_xml(void *self, const char *vm, enum vn_xml_kind kind, struct vn_buf *ret, struct vn_err *err)
{
    const char *const names[] = {vm};
    struct vn_snapshot snapshot;
    const struct vn_vm *at;
    int r;

    if (kind == VN_XML_STORED)
        return vn_failf(err, VN_E_ABSENT, "Its start script has its options.",
                        "nothing is stored of the bare QEMU '%s'", vm);
    if (kind == VN_XML_MIGRATABLE)
        return vn_failf(err, VN_E_REFUSED, "Leave out --via save-restore.",
                        "the bare QEMU '%s' cannot be saved and restored: nobody but its start script can start it",
                        vm);
    r = vn_qemu_observe(self, names, 1, NULL, &snapshot, err);
    if (r < 0)
        return r;
    at = vn_snapshot_vm(&snapshot, vm);
    if (at && at->live_xml) {
        ret->len = 0;
        vn_buf_str(ret, at->live_xml);
        r = ret->failed ? vn_nomem(err) : 0;
    } else {
        r = VN_FAIL(err, VN_E_REFUSED, .got = vm, .cause = "the command line of this QEMU cannot be understood");
    }
    vn_snapshot_drop(&snapshot);
    return r;
}

static int get_uuid(void *self, const char *vm, struct vn_buf *ret, struct vn_err *err)
{
    struct vn_qemu_guest *guest;
    int r = vn_qemu_find(self, vm, &guest, err);

    if (r < 0)
        return r;
    ret->len = 0;
    vn_buf_str(ret, guest->id);
    return ret->failed ? vn_nomem(err) : 0;
}

static int set_nodeset(void *self, const char *vm, const struct vn_nodeset *nodes, unsigned scope, struct vn_err *err)
{
    (void)self, (void)nodes, (void)scope;
    return vn_failf(err, VN_E_REFUSED, "Start it with other nodes; its memory can be moved meanwhile.",
                    "the memory policy of the bare QEMU '%s' is its own, and cannot be changed from outside", vm);
}

static int define(void *self, const char *xml, struct vn_err *err)
{
    (void)self, (void)xml;
    return VN_FAIL(err, VN_E_REFUSED, .cause = "a bare QEMU has no stored configuration",
                   .fix = "Its start script decides what holds after the next start.");
}

static int save_restore(void *self, const char *vm, const char *xml, const struct vn_progress *progress,
                        uint64_t *ret_paused_ms, struct vn_err *err)
{
    (void)self, (void)xml, (void)progress;
    *ret_paused_ms = 0;
    return vn_failf(err, VN_E_REFUSED, NULL, "the bare QEMU '%s' cannot be saved and restored", vm);
}

/* ---- memory ---- */

static int know_nodes(struct vn_qemu *qemu, struct vn_err *err)
{
    struct vn_snapshot snapshot;
    int r;

    if (qemu->node_ids)
        return 0;
    r = vn_qemu_observe(qemu, NULL, 0, NULL, &snapshot, err);
    if (r == 0)
        vn_snapshot_drop(&snapshot);
    return r;
}

static int guest_of(struct vn_qemu *qemu, const char *vm, struct vn_arena *arena, struct vn_guest *ret,
                    struct vn_err *err)
{
    struct vn_qemu_guest *guest;
    int r = know_nodes(qemu, err);

    if (r == 0)
        r = vn_qemu_find(qemu, vm, &guest, err);
    return r < 0 ? r : vn_qemu_memory_of(qemu, guest, arena, ret, err);
}

static int get_memory(void *self, const char *vm, struct vn_arena *arena, uint64_t **ret_node_kib,
                      uint64_t **ret_cell_kib, struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct vn_guest guest;
    int r = guest_of(self, vm, &scratch, &guest, err);

    if (r == 0)
        r = vn_proc_memory(&guest, arena, ret_node_kib, ret_cell_kib, err);
    return vn_err_ctx(err, r, "cannot read the memory of VM '%s'", vm);
}

static int move_memory(void *self, const char *vm, const struct vn_move *move, const struct vn_progress *progress,
                       uint64_t *ret_moved_kib, struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct vn_guest guest;
    int r;

    *ret_moved_kib = 0;
    r = guest_of(self, vm, &scratch, &guest, err);
    return r < 0 ? r : vn_proc_move(&guest, move, progress, ret_moved_kib, err);
}

/* ---- the door ---- */

static void close_qemu(void *self)
{
    struct vn_qemu *qemu = self;

    vn_arena_drop(&qemu->arena);
    free(qemu->node_ids);
    free(qemu);
}

static const struct vn_hypervisor_ops ops = {
    .observe = vn_qemu_observe,
    .xml = get_xml,
    .uuid = get_uuid,
    .pin_vcpu = vn_qemu_pin_vcpu,
    .pin_emulator = vn_qemu_pin_emulator,
    .pin_iothread = vn_qemu_pin_iothread,
    .set_nodeset = set_nodeset,
    .move_memory = move_memory,
    .memory = get_memory,
    .define = define,
    .setting = vn_qemu_setting,
    .set_setting = vn_qemu_set_setting,
    .save_restore = save_restore,
    .close = close_qemu,
    .keep = vn_qemu_keep,
    .check_pin = vn_qemu_check_pin,
    .prepare_pins = vn_qemu_prepare_pins,
};

int vn_qemu_open(const char *uri, struct vn_hypervisor *ret, struct vn_err *err)
{
    struct vn_qemu *qemu;

    if (strcmp(uri, "qemu-proc:") != 0)
        return VN_FAIL(err, VN_E_USAGE, .got = uri, .cause = "qemu-proc: is this machine, and nothing comes after it",
                       .fix = "Use '-c qemu-proc:'.");
    qemu = calloc(1, sizeof *qemu);
    if (!qemu)
        return vn_nomem(err);
    *ret = (struct vn_hypervisor){.ops = &ops, .self = qemu, .read_only = geteuid() != 0};
    (void)snprintf(ret->uri, sizeof ret->uri, "qemu-proc:");
    return 0;
}
