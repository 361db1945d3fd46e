/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "codec/domxml.h"
#include "io/doors.h"
#include "io/qemu_priv.h"

int vn_qemu_memory_of(struct vn_qemu *qemu, const struct vn_qemu_guest *guest, struct vn_arena *arena,
                      struct vn_guest *ret, struct vn_err *err)
{
    const struct vn_qemu_cmd *cmd = &guest->cmd;
    uint64_t *kib = vn_arena_array(arena, cmd->n_cells, sizeof *kib);

    if (!kib)
        return vn_nomem(err);
    *ret = (struct vn_guest){
        .name = guest->name, .pid = guest->pid, .node_ids = qemu->node_ids, .n_nodes = qemu->n_nodes};
    for (size_t i = 0; i < cmd->n_cells; i++)
        kib[i] = cmd->cells[i].memory_kib;
    if (cmd->n_cells && vn_qemucmd_in_order(cmd)) {
        ret->cell_kib = kib;
        ret->n_cells = cmd->n_cells;
    }
    return 0;
}

/* ---- one of them ---- */

static int set_unread(struct vn_vm *vm, const char *why, struct vn_arena *arena, struct vn_err *err)
{
    vm->unread = vm->unread ? vn_arena_printf(arena, "%s; %s", vm->unread, why) : vn_arena_strdup(arena, why);
    return vm->unread ? 0 : vn_nomem(err);
}

static int by_maps(struct vn_vm *vm, const struct vn_guest *guest, struct vn_arena *arena, struct vn_err *err)
{
    int r = vn_proc_memory(guest, arena, &vm->node_kib, &vm->cell_kib, err);

    if (r == 0)
        vm->mem_method = VN_MEM_NUMA_MAPS;
    return r;
}

static int by_stat(struct vn_vm *vm, const struct vn_guest *guest, struct vn_arena *arena, struct vn_err *err)
{
    int r = vn_proc_memory_stat(guest, arena, &vm->node_kib, err);

    if (r == 0)
        vm->mem_method = VN_MEM_NUMA_STAT;
    return r;
}

/* The exact method first where it was asked for; each stands in for the other. What fails is said, and no more. */
static int read_memory(struct vn_qemu *qemu, struct vn_qemu_guest *at, bool deep, struct vn_arena *arena,
                       struct vn_vm *vm, struct vn_err *err)
{
    struct vn_err why = {0};
    struct vn_guest guest;
    char text[1024];
    int r = vn_qemu_memory_of(qemu, at, arena, &guest, err);

    if (r < 0)
        return r;
    r = deep ? by_maps(vm, &guest, arena, &why) : by_stat(vm, &guest, arena, &why);
    if (r < 0 && r != -VN_E_NOMEM)
        r = deep ? by_stat(vm, &guest, arena, NULL) : by_maps(vm, &guest, arena, &why);
    if (r == -VN_E_NOMEM || r == 0)
        return r < 0 ? vn_nomem(err) : 0;
    return set_unread(vm, vn_err_text(&why, text, sizeof text), arena, err);
}

/* The description that a libvirt would have of it, from the command line and the threads as they are. */
static int describe(const struct vn_qemu_guest *guest, const struct vn_host *host, struct vn_arena *arena,
                    struct vn_vm *vm, struct vn_err *err)
{
    VN_AUTO(vn_buf) xml = {0};
    struct vn_domain *model = vn_arena_alloc(arena, sizeof *model);
    struct vn_cpuset online;
    int r;

    vn_host_online(host, &online);
    r = model ? vn_qemucmd_xml(&guest->cmd, vm, &online, &xml, err) : vn_nomem(err);
    if (r < 0)
        return r;
    vm->live_xml = vn_arena_strndup(arena, xml.ptr, xml.len);
    if (!vm->live_xml)
        return vn_nomem(err);
    r = vn_domxml_parse(xml.ptr, xml.len, arena, model, err);
    if (r == 0)
        vm->live = model;
    return vn_err_ctx(err, r, "cannot describe QEMU process %d", guest->pid);
}

/* What of the command line is not followed, or not known. */
static int say_limits(const struct vn_qemu_guest *guest, struct vn_arena *arena, struct vn_vm *vm, struct vn_err *err)
{
    int r = guest->who->nameless ? set_unread(vm, guest->who->nameless, arena, err) : 0;

    if (r == 0 && *guest->cmd.readconfig) {
        const char *why = vn_arena_printf(arena, "its options in '%s' (-readconfig) are not followed",
                                          guest->cmd.readconfig);

        r = why ? set_unread(vm, why, arena, err) : vn_nomem(err);
    }
    return r;
}

static int read_guest(struct vn_qemu *qemu, struct vn_qemu_guest *guest, const struct vn_host *host, bool deep,
                      struct vn_arena *arena, struct vn_vm *vm, struct vn_err *err)
{
    int r;

    *vm = (struct vn_vm){.state = VN_VM_RUNNING, .pid = guest->pid, .emulator = {.cpu = -1}};
    vm->name = vn_arena_strdup(arena, guest->name);
    vm->uuid = vn_arena_strdup(arena, guest->id);
    if (!vm->name || !vm->uuid)
        return vn_nomem(err);
    if (guest->broken)
        return set_unread(vm, guest->broken, arena, err);
    r = vn_qemu_threads(qemu, guest, arena, vm, err);
    if (r == 0)
        r = say_limits(guest, arena, vm, err);
    if (r == 0)
        r = describe(guest, host, arena, vm, err);
    return r < 0 ? r : read_memory(qemu, guest, deep, arena, vm, err);
}

/* ---- all of them ---- */

static int keep_nodes(struct vn_qemu *qemu, const struct vn_host *host, struct vn_err *err)
{
    free(qemu->node_ids);
    qemu->node_ids = calloc(host->n_nodes + 1, sizeof *qemu->node_ids);
    if (!qemu->node_ids)
        return vn_nomem(err);
    for (size_t i = 0; i < host->n_nodes; i++)
        qemu->node_ids[i] = host->nodes[i].id;
    qemu->n_nodes = host->n_nodes;
    return 0;
}

static bool is_named(const struct vn_qemu_guest *guest, const char *const *names, size_t n_names)
{
    for (size_t i = 0; i < n_names; i++)
        if (!strcmp(guest->name, names[i]) || !strcmp(guest->id, names[i]) ||
            (!guest->broken && !strcmp(guest->cmd.uuid, names[i])))
            return true;
    return !n_names;
}

static int by_name(const void *a, const void *b)
{
    const struct vn_vm *x = a, *y = b;

    return strcmp(x->name, y->name);
}

static int read_guests(struct vn_qemu *qemu, const char *const *names, size_t n_names,
                       const struct vn_progress *progress, struct vn_snapshot *ret, struct vn_err *err)
{
    ret->vms = vn_arena_array(&ret->arena, qemu->n_guests, sizeof *ret->vms);
    if (!ret->vms)
        return vn_nomem(err);
    for (size_t i = 0; i < qemu->n_guests; i++) {
        struct vn_qemu_guest *guest = &qemu->guests[i];
        int r = read_guest(qemu, guest, &ret->host, is_named(guest, names, n_names), &ret->arena,
                           &ret->vms[ret->n_vms], err);

        if (r == 0)
            ret->n_vms++;
        else if (r != -VN_E_ABSENT) /* it ended since it was found: as if it had not been there */
            return r;
        vn_progress_say(progress, "reading virtual machines", (uint64_t)i + 1, qemu->n_guests, "VMs");
    }
    if (ret->n_vms)
        qsort(ret->vms, ret->n_vms, sizeof *ret->vms, by_name);
    return 0;
}

static int read_all(struct vn_qemu *qemu, const char *const *names, size_t n_names, const struct vn_progress *progress,
                    struct vn_snapshot *ret, struct vn_err *err)
{
    int r = vn_local_host("", &ret->arena, &ret->host, err);

    if (r == 0)
        r = keep_nodes(qemu, &ret->host, err);
    if (r == 0)
        r = vn_qemu_scan(qemu, names, n_names, err);
    if (r == 0)
        r = read_guests(qemu, names, n_names, progress, ret, err);
    for (size_t i = 0; r == 0 && i < n_names; i++)
        if (!vn_snapshot_vm(ret, names[i]))
            return vn_qemu_absent(qemu, names[i], err);
    return r;
}

int vn_qemu_observe(void *self, const char *const *names, size_t n_names, const struct vn_progress *progress,
                    struct vn_snapshot *ret, struct vn_err *err)
{
    struct vn_snapshot snapshot = {.taken_usec = vn_system_clock().now_usec(NULL)};
    int r;

    snapshot.uri = vn_arena_strdup(&snapshot.arena, "qemu-proc:");
    r = snapshot.uri ? read_all(self, names, n_names, progress, &snapshot, err) : vn_nomem(err);
    if (r < 0) {
        vn_snapshot_drop(&snapshot);
        return r;
    }
    *ret = snapshot;
    return 0;
}
