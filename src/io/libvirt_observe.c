/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/domxml.h"
#include "io/doors.h"
#include "io/libvirt_priv.h"
#include "io/proc_memory.h"

enum { TRIES = 3 }; /* for a VM that stops or starts while it is being read */

static enum vn_vm_state state_of(int state, int reason, bool active)
{
    switch (state) {
    case VIR_DOMAIN_RUNNING:
    case VIR_DOMAIN_BLOCKED:
        return VN_VM_RUNNING;
    case VIR_DOMAIN_PAUSED:
        return reason == VIR_DOMAIN_PAUSED_SAVE ? VN_VM_SAVING : VN_VM_PAUSED;
    case VIR_DOMAIN_SHUTOFF:
        return VN_VM_SHUTOFF;
    default:
        return active ? VN_VM_OTHER : VN_VM_SHUTOFF;
    }
}

/* One of its XML texts and what that says. Text and model stay NULL where there is none. */
static int read_xml(struct vn_libvirt *virt, virDomainPtr domain, enum vn_xml_kind kind, struct vn_arena *arena,
                    char **ret_text, struct vn_domain **ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    struct vn_domain *model = vn_arena_alloc(arena, sizeof *model);
    int r = vn_virt_xml(virt, domain, kind, &text, err);

    if (r < 0)
        return r;
    *ret_text = vn_arena_strndup(arena, text.ptr, text.len);
    if (!*ret_text || !model)
        return vn_nomem(err);
    r = vn_domxml_parse(text.ptr, text.len, arena, model, err);
    if (r < 0)
        return vn_err_ctx(err, r, "cannot understand the %s XML of VM '%s'",
                          kind == VN_XML_STORED ? "stored" : "live", virDomainGetName(domain));
    *ret = model;
    return 0;
}

/* ---- memory and threads of a running one ---- */

static int set_unread(struct vn_vm *vm, const struct vn_err *why, struct vn_arena *arena, struct vn_err *err)
{
    char text[1024];

    vm->unread = vn_arena_strdup(arena, vn_err_text(why, text, sizeof text));
    return vm->unread ? 0 : vn_nomem(err);
}

static int read_numa_stat(const struct vn_libvirt *virt, struct vn_vm *vm, struct vn_arena *arena, struct vn_err *err)
{
    struct vn_guest guest = {.name = vm->name, .pid = vm->pid, .node_ids = virt->node_ids, .n_nodes = virt->n_nodes};
    int r = vn_proc_memory_stat(&guest, arena, &vm->node_kib, err);

    if (r == 0)
        vm->mem_method = VN_MEM_NUMA_STAT;
    return r;
}

static int read_numa_maps(const struct vn_libvirt *virt, struct vn_vm *vm, struct vn_arena *arena, struct vn_err *err)
{
    struct vn_guest guest = {.name = vm->name, .pid = vm->pid, .node_ids = virt->node_ids, .n_nodes = virt->n_nodes};
    uint64_t *cell_kib = NULL;
    int r = vn_virt_cells(vm->live, arena, &cell_kib, &guest.n_cells, err);

    guest.cell_kib = cell_kib;
    if (r == 0)
        r = vn_proc_memory(&guest, arena, &vm->node_kib, &vm->cell_kib, err);
    if (r == 0)
        vm->mem_method = VN_MEM_NUMA_MAPS;
    return r;
}

/* The exact method first where it was asked for; each stands in for the other. */
static int read_memory(const struct vn_libvirt *virt, struct vn_vm *vm, bool deep, struct vn_arena *arena,
                       struct vn_err *err)
{
    int r = deep ? read_numa_maps(virt, vm, arena, err) : read_numa_stat(virt, vm, arena, err);

    if (r == 0 || r == -VN_E_NOMEM)
        return r;
    if (deep)
        return read_numa_stat(virt, vm, arena, NULL) == 0 ? 0 : r; /* numa_maps' reason is the better one */
    return read_numa_maps(virt, vm, arena, err);
}

static int read_kernel(struct vn_libvirt *virt, virDomainPtr domain, struct vn_vm *vm, bool deep,
                       struct vn_arena *arena, struct vn_err *err)
{
    struct vn_err why = {0};
    int r = vn_virt_pid(domain, &vm->pid, &why);

    if (r == 0 && deep)
        r = vn_virt_kernel_threads(domain, vm, &why);
    if (r == 0)
        r = read_memory(virt, vm, deep, arena, &why);
    if (r == 0)
        return 0;
    if (r == -VN_E_NOMEM)
        return vn_nomem(err);
    if (virDomainIsActive(domain) != 1) /* no wonder */
        return -VN_E_STALE;
    return set_unread(vm, &why, arena, err);
}

static int read_running(struct vn_libvirt *virt, virDomainPtr domain, const struct vn_host *host, struct vn_vm *vm,
                        bool deep, struct vn_arena *arena, struct vn_err *err)
{
    int r = read_xml(virt, domain, VN_XML_LIVE, arena, &vm->live_xml, &vm->live, err);

    if (r == 0)
        r = vn_virt_threads(virt, domain, host, arena, vm, err);
    if (r < 0)
        return virDomainIsActive(domain) == 0 ? -VN_E_STALE : r;
    if (virt->local)
        return read_kernel(virt, domain, vm, deep, arena, err);
    vm->unread = vn_arena_printf(arena, "the host is remote: /proc and cgroups of %s can't be read from here",
                                 virt->hostname[0] ? virt->hostname : "it");
    return vm->unread ? 0 : vn_nomem(err);
}

/* ---- all of them ---- */

static int read_once(struct vn_libvirt *virt, virDomainPtr domain, const struct vn_host *host, bool deep,
                     struct vn_arena *arena, struct vn_vm *vm, struct vn_err *err)
{
    const char *name = virDomainGetName(domain); /* now: a call of libvirt's forgets the error before it */
    char uuid[VIR_UUID_STRING_BUFLEN] = "";
    int state, reason, active, persistent = 0, r = 0;

    *vm = (struct vn_vm){.emulator = {.cpu = -1}};
    active = virDomainIsActive(domain);
    if (active < 0 || (persistent = virDomainIsPersistent(domain)) < 0 ||
        virDomainGetState(domain, &state, &reason, 0) < 0 || virDomainGetUUIDString(domain, uuid) < 0)
        return vn_virt_fail(err, "cannot read VM '%s'", name);
    vm->name = vn_arena_strdup(arena, name);
    vm->uuid = vn_arena_strdup(arena, uuid);
    if (!vm->name || !vm->uuid)
        return vn_nomem(err);
    vm->state = state_of(state, reason, active == 1);
    if (persistent)
        r = read_xml(virt, domain, VN_XML_STORED, arena, &vm->stored_xml, &vm->stored, err);
    if (r == 0 && active)
        r = read_running(virt, domain, host, vm, deep, arena, err);
    return r;
}

/* -VN_E_ABSENT when it is gone. */
static int read_vm(struct vn_libvirt *virt, virDomainPtr domain, const struct vn_host *host, bool deep,
                   struct vn_arena *arena, struct vn_vm *vm, struct vn_err *err)
{
    int r = -VN_E_STALE;

    for (int i = 0; i < TRIES && r == -VN_E_STALE; i++)
        r = read_once(virt, domain, host, deep, arena, vm, err);
    if (r == -VN_E_STALE)
        return vn_failf(err, VN_E_STALE, "Try again once it rests.", "VM '%s' keeps starting and stopping",
                        virDomainGetName(domain));
    return r;
}

static bool is_named(virDomainPtr domain, const char *const *names, size_t n_names)
{
    char uuid[VIR_UUID_STRING_BUFLEN] = "";

    (void)virDomainGetUUIDString(domain, uuid);
    for (size_t i = 0; i < n_names; i++)
        if (!strcmp(virDomainGetName(domain), names[i]) || !strcmp(uuid, names[i]))
            return true;
    return false;
}

static int read_vms(struct vn_libvirt *virt, virDomainPtr *domains, int count, const char *const *names, size_t n_names,
                    const struct vn_progress *progress, struct vn_snapshot *ret, struct vn_err *err)
{
    ret->vms = vn_arena_array(&ret->arena, (size_t)count, sizeof *ret->vms);
    if (!ret->vms)
        return vn_nomem(err);
    for (int i = 0; i < count; i++) {
        bool deep = !n_names || is_named(domains[i], names, n_names);
        int r = read_vm(virt, domains[i], &ret->host, deep, &ret->arena, &ret->vms[ret->n_vms], err);

        if (r == 0)
            ret->n_vms++;
        else if (r != -VN_E_ABSENT) /* gone since the list was made: as if it had not been on it */
            return r;
        vn_progress_say(progress, "reading virtual machines", (uint64_t)i + 1, (uint64_t)count, "VMs");
    }
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct vn_vm *x = a, *y = b;

    return strcmp(x->name, y->name);
}

static int check_names(const struct vn_snapshot *snapshot, const char *const *names, size_t n_names, const char *uri,
                       struct vn_err *err)
{
    for (size_t i = 0; i < n_names; i++)
        if (!vn_snapshot_vm(snapshot, names[i]))
            return vn_failf(err, VN_E_ABSENT, "See 'vnuma vm' for those that are there.",
                            "there is no virtual machine '%s' on %s", names[i], uri);
    return 0;
}

static int read_all(struct vn_libvirt *virt, const char *const *names, size_t n_names,
                    const struct vn_progress *progress, struct vn_snapshot *ret, struct vn_err *err)
{
    virDomainPtr *domains = NULL;
    int count, r = vn_virt_host(virt, &ret->arena, &ret->host, err);

    if (r < 0)
        return r;
    count = virConnectListAllDomains(virt->conn, &domains, 0);
    if (count < 0)
        return vn_virt_fail(err, "cannot list the virtual machines");
    r = read_vms(virt, domains, count, names, n_names, progress, ret, err);
    for (int i = 0; i < count; i++)
        (void)virDomainFree(domains[i]);
    free(domains);
    if (r == 0 && ret->n_vms)
        qsort(ret->vms, ret->n_vms, sizeof *ret->vms, by_name);
    return r < 0 ? r : check_names(ret, names, n_names, ret->uri, err);
}

int vn_virt_observe(void *self, const char *const *names, size_t n_names, const struct vn_progress *progress,
                    struct vn_snapshot *ret, struct vn_err *err)
{
    struct vn_libvirt *virt = self;
    struct vn_snapshot snapshot = {.taken_usec = vn_system_clock().now_usec(NULL)};
    char *uri = virConnectGetURI(virt->conn);
    int r;

    snapshot.uri = vn_arena_strdup(&snapshot.arena, uri ? uri : "");
    free(uri);
    r = snapshot.uri ? read_all(virt, names, n_names, progress, &snapshot, err) : vn_nomem(err);
    if (r < 0) {
        vn_snapshot_drop(&snapshot);
        return r;
    }
    *ret = snapshot;
    return 0;
}
