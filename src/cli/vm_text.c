/* SPDX-License-Identifier: MIT */
#include "cli/show_vm.h"

#include <stdio.h>
#include <string.h>
#include <vnuma/units.h>

struct vn_val *cli_vm_rows(struct vn_doc *doc)
{
    static const struct vn_column columns[] = {
        {"name", "NAME", 0},         {"state", "STATE", 0}, {"vcpus", "VCPUS", VN_COL_RIGHT},
        {"memory", "MEMORY", VN_COL_RIGHT}, {"cells", "CELLS", VN_COL_RIGHT}, {"nodes", "MAY RUN ON NODES", 0},
        {"local", "LOCAL", VN_COL_RIGHT},   {"drift", "DRIFT", 0}};
    static const struct vn_table table = {NULL, columns, VN_COUNT(columns)};

    return vn_doc_array(doc, NULL, NULL, &table);
}

/* The nodes of the CPUs its vCPUs may use: the kernel's word, else libvirt's, else the configuration's. */
static void nodes_of(const struct vn_host *host, const struct vn_vm *vm, struct vn_nodeset *ret)
{
    const struct vn_domain *domain = vn_vm_domain(vm);
    struct vn_cpuset cpus = {{0}}, online;

    vn_host_online(host, &online);
    for (size_t i = 0; i < vm->n_vcpus; i++)
        if (vm->vcpus[i].known & VN_THREAD_ALLOWED)
            vn_cpuset_or(&cpus, &vm->vcpus[i].allowed);
        else if (vm->vcpus[i].known & VN_THREAD_CONFIGURED)
            vn_cpuset_or(&cpus, &vm->vcpus[i].configured);
    for (unsigned v = 0; !vm->n_vcpus && domain && v < domain->vcpus_max; v++) {
        const struct vn_cpuset *pin = vn_domain_pin(domain, v);

        vn_cpuset_or(&cpus, pin ? pin : &online);
    }
    vn_host_nodes_of(host, &cpus, ret);
}

void cli_vm_row(struct vn_doc *doc, struct vn_val *rows, const struct vn_snapshot *snapshot, const struct vn_vm *vm,
                bool drift)
{
    const struct vn_domain *domain = vn_vm_domain(vm);
    struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);
    double local = vn_vm_local_pct(snapshot, vm);
    struct vn_nodeset nodes = {{0}};

    nodes_of(&snapshot->host, vm, &nodes);
    vn_doc_text(doc, row, "name", NULL, vm->name);
    vn_doc_text(doc, row, "state", NULL, vn_vm_state_name(vm->state));
    vn_doc_int(doc, row, "vcpus", NULL, domain ? domain->vcpus : 0);
    vn_doc_kib(doc, row, "memory", NULL, cli_vm_memory(vm));
    vn_doc_int(doc, row, "cells", NULL, domain && domain->n_cells ? (int64_t)domain->n_cells : 1);
    vn_doc_nodes(doc, row, "nodes", NULL, &nodes);
    if (local >= 0)
        vn_doc_pct(doc, row, "local", NULL, local);
    else
        vn_doc_null(doc, row, "local", NULL);
    vn_doc_text(doc, row, "drift", NULL, drift ? "yes" : "no");
}

static void show_head(struct vn_doc *doc, struct vn_val *object, const struct vn_snapshot *snapshot,
                      const struct vn_vm *vm, bool drift)
{
    const struct vn_domain *domain = vn_vm_domain(vm);
    double local = vn_vm_local_pct(snapshot, vm);
    char text[160];

    vn_doc_text(doc, object, NULL, "UUID", vm->uuid);
    if (vm->pid)
        vn_doc_int(doc, object, NULL, "Process", vm->pid);
    if (domain && domain->topology.sockets) {
        const struct vn_guest_topology *t = &domain->topology;

        (void)snprintf(text, sizeof text, "%u socket%s, %u core%s each, %u thread%s each", t->sockets,
                       t->sockets == 1 ? "" : "s", t->cores * (t->dies ? t->dies : 1),
                       t->cores * (t->dies ? t->dies : 1) == 1 ? "" : "s", t->threads, t->threads == 1 ? "" : "s");
        vn_doc_text(doc, object, NULL, "Guest sees", text);
    }
    if (local >= 0)
        vn_doc_pct(doc, object, NULL, "Local memory", local);
    if (drift)
        (void)snprintf(text, sizeof text, "yes; 'vnuma verify %.80s' has the evidence", vm->name);
    vn_doc_text(doc, object, NULL, "Drift", drift ? text : "no");
    if (vm->unread)
        vn_doc_text(doc, object, NULL, "Not read", vm->unread);
}

/* On a host with many nodes, those that hold some of the memory. */
#define NODES_SHOWN 8u
#define FIXED 4u

struct memory_view {
    struct vn_table table;
    struct vn_column *columns; /* FIXED, then one for each node shown */
    size_t *nodes;             /* positions in the host's */
    size_t n_nodes;
};

static bool holds_memory(const struct vn_snapshot *snapshot, const struct vn_vm *vm, size_t node)
{
    const struct vn_domain *domain = vn_vm_domain(vm);
    size_t cells = domain && domain->n_cells ? domain->n_cells : 1;

    for (size_t c = 0; c < cells; c++)
        if (cli_vm_cell_kib(snapshot, vm, c, node))
            return true;
    return snapshot->host.n_nodes <= NODES_SHOWN;
}

/* CELL, VCPUS, MEMORY, SHOULD BE ON, and a column for each node. */
static struct memory_view *memory_view(struct vn_doc *doc, const struct vn_snapshot *snapshot, const struct vn_vm *vm)
{
    const struct vn_host *host = &snapshot->host;
    struct memory_view *view = vn_arena_alloc(&doc->arena, sizeof *view);

    if (!view)
        return NULL;
    view->columns = vn_arena_array(&doc->arena, FIXED + host->n_nodes, sizeof *view->columns);
    view->nodes = vn_arena_array(&doc->arena, host->n_nodes, sizeof *view->nodes);
    if (!view->columns || !view->nodes)
        return NULL;
    view->columns[0] = (struct vn_column){"cell", "CELL", VN_COL_RIGHT};
    view->columns[1] = (struct vn_column){"vcpus", "VCPUS", VN_COL_WRAP};
    view->columns[2] = (struct vn_column){"memory", "MEMORY", VN_COL_RIGHT};
    view->columns[3] = (struct vn_column){"home", "SHOULD BE ON", 0};
    for (size_t i = 0; i < host->n_nodes; i++) {
        char *key = vn_arena_printf(&doc->arena, "node%d", host->nodes[i].id);
        char *header = vn_arena_printf(&doc->arena, "ON NODE %d", host->nodes[i].id);

        if (!key || !header)
            return NULL;
        if (!holds_memory(snapshot, vm, i))
            continue;
        view->nodes[view->n_nodes] = i;
        view->columns[FIXED + view->n_nodes++] = (struct vn_column){key, header, VN_COL_RIGHT};
    }
    view->table = (struct vn_table){"Memory", view->columns, FIXED + view->n_nodes};
    return view;
}

static void memory_row(struct vn_doc *doc, struct vn_val *rows, const struct memory_view *view,
                       const struct vn_snapshot *snapshot, const struct vn_vm *vm, size_t at, const struct vn_cell *cell)
{
    struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);
    int home = vn_cell_home(snapshot, vm, cell->id);

    vn_doc_int(doc, row, "cell", NULL, cell->id);
    vn_doc_cpus(doc, row, "vcpus", NULL, &cell->vcpus);
    vn_doc_kib(doc, row, "memory", NULL, cell->memory_kib);
    vn_doc_text(doc, row, "home", NULL, home >= 0 ? vn_arena_printf(&doc->arena, "node %d", home) : "any node");
    for (size_t n = 0; n < view->n_nodes; n++)
        if (cli_vm_has_memory(vm))
            vn_doc_kib(doc, row, view->columns[FIXED + n].key, NULL,
                       cli_vm_cell_kib(snapshot, vm, at, view->nodes[n]));
        else
            vn_doc_null(doc, row, view->columns[FIXED + n].key, NULL);
}

static void show_memory(struct vn_doc *doc, const struct vn_snapshot *snapshot, const struct vn_vm *vm)
{
    const struct vn_domain *domain = vn_vm_domain(vm);
    const struct memory_view *view = memory_view(doc, snapshot, vm);
    struct vn_val *rows;
    struct vn_cell whole = {0};

    if (!view || !domain) {
        doc->failed = doc->failed || !view;
        return;
    }
    rows = vn_doc_array(doc, NULL, NULL, &view->table);
    for (size_t i = 0; i < domain->n_cells; i++)
        memory_row(doc, rows, view, snapshot, vm, i, &domain->cells[i]);
    if (domain->n_cells)
        return;
    whole.memory_kib = domain->memory_kib;
    if (domain->vcpus_max)
        vn_cpuset_add_range(&whole.vcpus, 0, domain->vcpus_max - 1);
    memory_row(doc, rows, view, snapshot, vm, 0, &whole);
}

/* What is known of where threads may run; two that may run in the same places are told together. */
static bool alike(const struct vn_thread *a, const struct vn_thread *b)
{
    return a->known == b->known && a->online == b->online && vn_cpuset_equal(&a->allowed, &b->allowed) &&
           vn_cpuset_equal(&a->configured, &b->configured) && vn_cpuset_equal(&a->cgroup, &b->cgroup);
}

static void set_or_dash(struct vn_doc *doc, struct vn_val *row, const char *key, bool known, const struct vn_cpuset *set)
{
    if (known)
        vn_doc_cpus(doc, row, key, NULL, set);
    else
        vn_doc_null(doc, row, key, NULL);
}

static void thread_row(struct vn_doc *doc, struct vn_val *rows, const struct vn_host *host, const char *name,
                       const struct vn_thread *first, size_t count)
{
    struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);
    struct vn_cpuset now = {{0}};
    struct vn_nodeset nodes;

    for (size_t i = 0; i < count; i++)
        if (first[i].cpu >= 0)
            vn_cpuset_add(&now, (unsigned)first[i].cpu);
    vn_host_nodes_of(host, &now, &nodes);
    vn_doc_text(doc, row, "thread", NULL, name);
    set_or_dash(doc, row, "cpu", !vn_cpuset_empty(&now), &now);
    if (vn_nodeset_empty(&nodes))
        vn_doc_null(doc, row, "node", NULL);
    else
        vn_doc_nodes(doc, row, "node", NULL, &nodes);
    set_or_dash(doc, row, "allowed", first->known & VN_THREAD_ALLOWED, &first->allowed);
    set_or_dash(doc, row, "configured", first->known & VN_THREAD_CONFIGURED, &first->configured);
}

static void thread_rows(struct vn_doc *doc, struct vn_val *rows, const struct vn_host *host, const char *kind,
                        const struct vn_thread *threads, size_t n)
{
    char name[64];
    size_t end;

    for (size_t i = 0; i < n; i = end) {
        for (end = i + 1; end < n && alike(&threads[i], &threads[end]); end++)
            ;
        if (end - i > 1)
            (void)snprintf(name, sizeof name, "%ss %u-%u%s", kind, threads[i].id, threads[end - 1].id,
                           threads[i].online ? "" : " (unplugged)");
        else
            (void)snprintf(name, sizeof name, "%s %u%s", kind, threads[i].id, threads[i].online ? "" : " (unplugged)");
        thread_row(doc, rows, host, name, &threads[i], end - i);
    }
}

/* A VM that is off: the pins its configuration has. */
static void stored_rows(struct vn_doc *doc, struct vn_val *rows, const struct vn_domain *domain)
{
    for (unsigned v = 0; v < domain->vcpus_max; v++) {
        const struct vn_cpuset *pin = vn_domain_pin(domain, v);
        struct vn_val *row = pin ? vn_doc_object(doc, rows, NULL, NULL) : NULL;

        if (!row)
            continue;
        vn_doc_text(doc, row, "thread", NULL, vn_arena_printf(&doc->arena, "vCPU %u", v));
        vn_doc_cpus(doc, row, "configured", NULL, pin);
    }
}

static void show_threads(struct vn_doc *doc, const struct vn_snapshot *snapshot, const struct vn_vm *vm)
{
    static const struct vn_column columns[] = {{"thread", "THREAD", 0},
                                               {"cpu", "CPU NOW", VN_COL_WRAP},
                                               {"node", "NODE", 0},
                                               {"allowed", "KERNEL ALLOWS", VN_COL_WRAP},
                                               {"configured", "CONFIGURED", VN_COL_WRAP}};
    static const struct vn_column off[] = {{"thread", "THREAD", 0}, {"configured", "CONFIGURED", VN_COL_WRAP}};
    static const struct vn_table table = {"Threads", columns, VN_COUNT(columns)}, stored = {"Pins", off, VN_COUNT(off)};
    struct vn_val *rows = vn_doc_array(doc, NULL, NULL, vm->live ? &table : &stored);

    if (vm->live) {
        thread_rows(doc, rows, &snapshot->host, "vCPU", vm->vcpus, vm->n_vcpus);
        thread_row(doc, rows, &snapshot->host, "emulator", &vm->emulator, 1);
        thread_rows(doc, rows, &snapshot->host, "IOThread", vm->iothreads, vm->n_iothreads);
    } else if (vn_vm_domain(vm)) {
        stored_rows(doc, rows, vn_vm_domain(vm));
    }
}

void cli_vm_text(struct vn_doc *doc, const struct vn_snapshot *snapshot, const struct vn_vm *vm, bool drift)
{
    const struct vn_domain *domain = vn_vm_domain(vm);
    size_t cells = domain && domain->n_cells ? domain->n_cells : 1;
    unsigned vcpus = domain ? domain->vcpus : 0;
    char size[32];
    struct vn_val *object;

    object = vn_doc_object(doc, NULL, NULL,
                           vn_arena_printf(&doc->arena, "%s: %s, %u vCPU%s, %s in %zu cell%s", vm->name,
                                           vn_vm_state_name(vm->state), vcpus, vcpus == 1 ? "" : "s",
                                           vn_size_format(cli_vm_memory(vm), size, sizeof size), cells,
                                           cells == 1 ? "" : "s"));
    show_head(doc, object, snapshot, vm, drift);
    vn_doc_say(doc, NULL, "%s", "");
    show_memory(doc, snapshot, vm);
    vn_doc_say(doc, NULL, "%s", "");
    show_threads(doc, snapshot, vm);
}
