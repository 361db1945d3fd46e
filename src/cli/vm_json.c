/* SPDX-License-Identifier: MIT */
#include "cli/show_vm.h"

uint64_t cli_vm_memory(const struct vn_vm *vm)
{
    const struct vn_domain *domain = vn_vm_domain(vm);

    return domain ? domain->memory_kib : 0;
}

bool cli_vm_has_memory(const struct vn_vm *vm)
{
    const struct vn_domain *domain = vn_vm_domain(vm);

    return domain && domain->n_cells ? vm->cell_kib != NULL : vm->node_kib != NULL;
}

uint64_t cli_vm_cell_kib(const struct vn_snapshot *snapshot, const struct vn_vm *vm, size_t cell, size_t node)
{
    const struct vn_domain *domain = vn_vm_domain(vm);

    if (domain && domain->n_cells)
        return vm->cell_kib ? vm->cell_kib[cell * snapshot->host.n_nodes + node] : 0;
    return vm->node_kib ? vm->node_kib[node] : 0;
}

static void known_cpus(struct vn_doc *doc, struct vn_val *row, const char *key, bool known, const struct vn_cpuset *set)
{
    if (known)
        vn_doc_cpus(doc, row, key, NULL, set);
    else
        vn_doc_null(doc, row, key, NULL);
}

static void add_thread(struct vn_doc *doc, struct vn_val *row, const struct vn_host *host,
                       const struct vn_thread *thread)
{
    int node = thread->cpu >= 0 ? vn_host_cpu_node(host, (unsigned)thread->cpu) : -1;

    if (thread->cpu >= 0)
        vn_doc_int(doc, row, "cpu", NULL, thread->cpu);
    else
        vn_doc_null(doc, row, "cpu", NULL);
    if (node >= 0)
        vn_doc_int(doc, row, "node", NULL, node);
    else
        vn_doc_null(doc, row, "node", NULL);
    known_cpus(doc, row, "allowed", thread->known & VN_THREAD_ALLOWED, &thread->allowed);
    known_cpus(doc, row, "configured", thread->known & VN_THREAD_CONFIGURED, &thread->configured);
    known_cpus(doc, row, "cgroup", thread->known & VN_THREAD_CGROUP, &thread->cgroup);
}

/* A VM that is off has no threads: what its configuration says. */
static void add_stored_vcpus(struct vn_doc *doc, struct vn_val *rows, const struct vn_domain *domain)
{
    for (unsigned v = 0; domain && v < domain->vcpus_max; v++) {
        const struct vn_cpuset *pin = vn_domain_pin(domain, v);
        struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);

        vn_doc_int(doc, row, "vcpu", NULL, v);
        vn_doc_null(doc, row, "cpu", NULL);
        vn_doc_null(doc, row, "node", NULL);
        vn_doc_null(doc, row, "allowed", NULL);
        known_cpus(doc, row, "configured", pin != NULL, pin);
    }
}

static void add_threads(struct vn_doc *doc, struct vn_val *object, const struct vn_host *host, const struct vn_vm *vm)
{
    struct vn_val *rows = vn_doc_array(doc, object, "vcpus", NULL), *row;

    for (size_t i = 0; i < vm->n_vcpus; i++) {
        row = vn_doc_object(doc, rows, NULL, NULL);
        vn_doc_int(doc, row, "vcpu", NULL, vm->vcpus[i].id);
        vn_doc_bool(doc, row, "online", NULL, vm->vcpus[i].online);
        add_thread(doc, row, host, &vm->vcpus[i]);
    }
    if (!vm->n_vcpus)
        add_stored_vcpus(doc, rows, vn_vm_domain(vm));
    if (vm->live)
        add_thread(doc, vn_doc_object(doc, object, "emulator", NULL), host, &vm->emulator);
    else
        vn_doc_null(doc, object, "emulator", NULL);
    rows = vn_doc_array(doc, object, "iothreads", NULL);
    for (size_t i = 0; i < vm->n_iothreads; i++) {
        row = vn_doc_object(doc, rows, NULL, NULL);
        vn_doc_int(doc, row, "iothread", NULL, vm->iothreads[i].id);
        add_thread(doc, row, host, &vm->iothreads[i]);
    }
}

static void add_cell(struct vn_doc *doc, struct vn_val *rows, const struct vn_snapshot *snapshot,
                     const struct vn_vm *vm, size_t at, unsigned cell, uint64_t kib)
{
    struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL), *nodes, *part;
    int home = vn_cell_home(snapshot, vm, cell);

    vn_doc_int(doc, row, "cell", NULL, cell);
    if (home >= 0)
        vn_doc_int(doc, row, "node", NULL, home);
    else
        vn_doc_null(doc, row, "node", NULL);
    vn_doc_kib(doc, row, "memory_kib", NULL, kib);
    nodes = vn_doc_array(doc, row, "by_node", NULL);
    for (size_t n = 0; cli_vm_has_memory(vm) && n < snapshot->host.n_nodes; n++) {
        part = vn_doc_object(doc, nodes, NULL, NULL);
        vn_doc_int(doc, part, "node", NULL, snapshot->host.nodes[n].id);
        vn_doc_kib(doc, part, "memory_kib", NULL, cli_vm_cell_kib(snapshot, vm, at, n));
    }
}

void cli_vm_object(struct vn_doc *doc, struct vn_val *object, const struct vn_snapshot *snapshot, const struct vn_vm *vm,
                   bool drift)
{
    const struct vn_domain *domain = vn_vm_domain(vm);
    double local = vn_vm_local_pct(snapshot, vm);
    struct vn_val *cells;

    vn_doc_text(doc, object, "name", NULL, vm->name);
    vn_doc_text(doc, object, "uuid", NULL, vm->uuid);
    vn_doc_text(doc, object, "state", NULL, vn_vm_state_name(vm->state));
    vn_doc_kib(doc, object, "memory_kib", NULL, cli_vm_memory(vm));
    add_threads(doc, object, &snapshot->host, vm);
    cells = vn_doc_array(doc, object, "cells", NULL);
    for (size_t i = 0; domain && i < domain->n_cells; i++)
        add_cell(doc, cells, snapshot, vm, i, domain->cells[i].id, domain->cells[i].memory_kib);
    if (domain && !domain->n_cells)
        add_cell(doc, cells, snapshot, vm, 0, 0, domain->memory_kib);
    if (local >= 0)
        vn_doc_pct(doc, object, "local_pct", NULL, local);
    else
        vn_doc_null(doc, object, "local_pct", NULL);
    vn_doc_bool(doc, object, "drift", NULL, drift);
    if (vm->unread)
        vn_doc_text(doc, object, "unread", NULL, vm->unread);
}
