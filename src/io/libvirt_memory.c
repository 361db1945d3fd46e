/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/domxml.h"
#include "io/libvirt_priv.h"
#include "io/proc_memory.h"
#include "io/proc_threads.h"

int vn_virt_pid(virDomainPtr domain, int *ret_pid, struct vn_err *err)
{
    const char *name = virDomainGetName(domain);
    char uuid[VIR_UUID_STRING_BUFLEN], path[320];
    int len = snprintf(path, sizeof path, "run/libvirt/qemu/%s.pid", name), r;

    if (virDomainGetUUIDString(domain, uuid) < 0)
        return vn_virt_fail(err, "cannot read the UUID of VM '%s'", name);
    r = vn_proc_find_uuid(uuid, len > 0 && (size_t)len < sizeof path ? path : NULL, ret_pid, err);
    return vn_err_ctx(err, r, "cannot find the process of VM '%s'", name);
}

int vn_virt_cells(const struct vn_domain *domain, struct vn_arena *arena, uint64_t **ret, size_t *ret_count,
                  struct vn_err *err)
{
    uint64_t *kib = vn_arena_array(arena, domain->n_cells, sizeof *kib);

    if (!kib)
        return vn_nomem(err);
    for (size_t i = 0; i < domain->n_cells; i++)
        kib[i] = domain->cells[i].memory_kib;
    *ret = domain->n_cells ? kib : NULL;
    *ret_count = domain->n_cells;
    return 0;
}

static int know_nodes(struct vn_libvirt *virt, struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct vn_host host = {0};

    return virt->node_ids ? 0 : vn_virt_host(virt, &scratch, &host, err);
}

static int guest_of(struct vn_libvirt *virt, const char *vm, struct vn_arena *arena, struct vn_guest *ret,
                    struct vn_err *err)
{
    VN_AUTO(vn_buf) xml = {0};
    struct vn_domain model = {0};
    uint64_t *cell_kib = NULL;
    virDomainPtr domain;
    int r;

    if (!virt->local)
        return vn_failf(err, VN_E_REFUSED, "Run vnuma on that host itself.",
                        "the host is remote: the memory of VM '%s' on %s can't be reached from here", vm,
                        virt->hostname[0] ? virt->hostname : "it");
    r = vn_virt_domain(virt, vm, &domain, err);
    if (r == 0)
        r = vn_virt_xml(virt, domain, VN_XML_LIVE, &xml, err);
    if (r == 0)
        r = vn_domxml_parse(xml.ptr, xml.len, arena, &model, err);
    if (r == 0)
        r = vn_virt_cells(&model, arena, &cell_kib, &ret->n_cells, err);
    if (r == 0)
        r = know_nodes(virt, err);
    if (r == 0)
        r = vn_virt_pid(domain, &ret->pid, err);
    if (r < 0) {
        vn_virt_forget(virt);
        return r;
    }
    ret->name = vm;
    ret->cell_kib = cell_kib;
    ret->node_ids = virt->node_ids;
    ret->n_nodes = virt->n_nodes;
    return 0;
}

int vn_virt_memory(void *self, const char *vm, struct vn_arena *arena, uint64_t **ret_node_kib,
                   uint64_t **ret_cell_kib, struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct vn_guest guest = {0};
    int r = guest_of(self, vm, &scratch, &guest, err);

    if (r == 0)
        r = vn_proc_memory(&guest, arena, ret_node_kib, ret_cell_kib, err);
    return vn_err_ctx(err, r, "cannot read the memory of VM '%s'", vm);
}

int vn_virt_move_memory(void *self, const char *vm, const struct vn_move *move, const struct vn_progress *progress,
                        uint64_t *ret_moved_kib, struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct vn_guest guest = {0};
    int r;

    *ret_moved_kib = 0;
    r = guest_of(self, vm, &scratch, &guest, err);
    return r < 0 ? r : vn_proc_move(&guest, move, progress, ret_moved_kib, err);
}

static int add_running(struct vn_libvirt *virt, const char *vm, struct vn_arena *arena, struct vn_process **list,
                       size_t *count, struct vn_err *err)
{
    struct vn_guest guest = {0};
    struct vn_process *process;
    int r = guest_of(virt, vm, arena, &guest, err);

    if (r < 0)
        return r;
    process = vn_arena_grow(arena, list, count, sizeof *process);
    if (!process)
        return vn_nomem(err);
    process->pid = guest.pid;
    process->name = vn_arena_strdup(arena, vm);
    process->cell_kib = guest.cell_kib;
    process->n_cells = guest.n_cells;
    return process->name ? 0 : vn_nomem(err);
}

/* The name that libvirt has for what was named by its UUID, perhaps. */
static int one_running(struct vn_libvirt *virt, const char *vm, struct vn_arena *arena, struct vn_process **list,
                       size_t *count, struct vn_err *err)
{
    const char *name;
    virDomainPtr domain;
    int r = vn_virt_domain(virt, vm, &domain, err);

    if (r < 0)
        return r;
    if (virDomainIsActive(domain) != 1)
        return vn_failf(err, VN_E_REFUSED, "'vnuma vm' lists the VMs and their states.", "VM '%s' does not run", vm);
    name = vn_arena_strdup(arena, virDomainGetName(domain));
    return name ? add_running(virt, name, arena, list, count, err) : vn_nomem(err);
}

static int by_name(const void *a, const void *b)
{
    const struct vn_process *x = a, *y = b;

    return strcmp(x->name, y->name);
}

int vn_virt_running(void *self, const char *const *names, size_t n_names, struct vn_arena *arena,
                    struct vn_process **ret, size_t *ret_count, struct vn_err *err)
{
    struct vn_libvirt *virt = self;
    virDomainPtr *domains = NULL;
    size_t count = 0;
    int n = 0, r = 0;

    *ret = NULL;
    for (size_t i = 0; r == 0 && i < n_names; i++)
        r = one_running(virt, names[i], arena, ret, &count, err);
    if (!n_names && (n = virConnectListAllDomains(virt->conn, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE)) < 0)
        return vn_virt_fail(err, "cannot list the virtual machines");
    for (int i = 0; i < n; i++) {
        if (r == 0)
            r = add_running(virt, virDomainGetName(domains[i]), arena, ret, &count, err);
        if (r < 0 && r != -VN_E_REFUSED && virDomainIsActive(domains[i]) != 1) /* it ended meanwhile */
            r = 0;
        (void)virDomainFree(domains[i]);
    }
    free(domains);
    if (r == 0 && count)
        qsort(*ret, count, sizeof **ret, by_name);
    *ret_count = count;
    return r;
}
