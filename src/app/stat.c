/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <vnuma/units.h>

#include "app/app.h"

struct processes {
    struct vn_process *items;
    size_t count;
};

/* Nothing at all could be read: that is an error, and the first one's reason tells why. */
static int any_read(const struct vn_memstats *stats, struct vn_err *err)
{
    const struct vn_memstat *first = stats->items;

    for (size_t i = 0; i < stats->count; i++)
        if (!stats->items[i].unread)
            return 0;
    if (!stats->count)
        return 0;
    if (first->name)
        return vn_failf(err, VN_E_ENV, NULL, "cannot read the memory of '%s': %s", first->name, first->unread);
    return vn_failf(err, VN_E_ENV, NULL, "cannot read the memory of process %d: %s", first->pid, first->unread);
}

static int look(struct vn_statistics *stats, const struct processes *processes, const struct vn_stat_opts *opts,
                struct vn_memstats *ret, struct vn_err *err)
{
    int r = stats->ops->memory(stats->self, processes->items, processes->count, opts, ret, err);

    if (r < 0)
        return r;
    r = any_read(ret, err);
    if (r < 0)
        vn_memstats_drop(ret);
    return r;
}

/* ---- processes ---- */

static bool is_number(const char *name)
{
    return *name && strspn(name, "0123456789") == strlen(name);
}

static int add(struct processes *list, const struct vn_process *process, struct vn_arena *arena, struct vn_err *err)
{
    struct vn_process *slot = vn_arena_grow(arena, &list->items, &list->count, sizeof *slot);

    if (!slot)
        return vn_nomem(err);
    *slot = *process;
    return 0;
}

static int add_named(struct vn_statistics *stats, const char *name, struct processes *list, struct vn_arena *arena,
                     struct vn_err *err)
{
    struct vn_process one, *found = &one;
    size_t count = 1;
    uint64_t pid;
    int r;

    if (is_number(name)) {
        r = vn_uint_parse(name, INT_MAX, &pid, err);
        if (r == 0)
            r = stats->ops->process(stats->self, (int)pid, arena, &one, err);
    } else {
        r = stats->ops->find(stats->self, name, arena, &found, &count, err);
        if (r == 0 && !count)
            r = VN_FAIL(err, VN_E_ABSENT, .cause = "no process has this text in its command line", .got = name,
                        .fix = "'ps -ef' lists the command lines.");
    }
    for (size_t i = 0; r == 0 && i < count; i++)
        r = add(list, &found[i], arena, err);
    return r;
}

static int by_pid(const void *a, const void *b)
{
    const struct vn_process *x = a, *y = b;

    return (x->pid > y->pid) - (x->pid < y->pid);
}

/* One that was named twice stands beside itself. */
static void keep_once(struct processes *list)
{
    size_t n = 0;

    for (size_t i = 0; i < list->count; i++)
        if (!n || list->items[n - 1].pid != list->items[i].pid)
            list->items[n++] = list->items[i];
    list->count = n;
}

int vn_app_stat_processes(struct vn_statistics *stats, const char *const *names, size_t n_names,
                          const struct vn_stat_opts *opts, struct vn_memstats *ret, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_stat_opts how = *opts;
    struct processes list = {0};
    int r = 0;

    for (size_t i = 0; r == 0 && i < n_names; i++)
        r = add_named(stats, names[i], &list, &arena, err);
    if (r < 0)
        return r;
    if (list.count)
        qsort(list.items, list.count, sizeof *list.items, by_pid);
    keep_once(&list);
    how.kinds = opts->kinds || (list.count == 1 && !opts->sample);
    return look(stats, &list, &how, ret, err);
}

/* ---- VMs ---- */

static bool runs(const struct vn_vm *vm)
{
    return vm->live != NULL;
}

static bool is_named(const struct vn_vm *vm, const char *const *names, size_t n_names)
{
    for (size_t i = 0; i < n_names; i++)
        if (!strcmp(vm->name, names[i]) || !strcmp(vm->uuid, names[i]))
            return true;
    return !n_names;
}

static int must_run(const struct vn_snapshot *snapshot, const char *const *names, size_t n_names, struct vn_err *err)
{
    for (size_t i = 0; i < n_names; i++) {
        const struct vn_vm *vm = vn_snapshot_vm(snapshot, names[i]);

        if (!vm)
            return VN_FAIL(err, VN_E_ABSENT, .cause = "no such VM", .got = names[i]);
        if (!runs(vm))
            return vn_failf(err, VN_E_REFUSED, "'vnuma vm' lists the VMs and their states.", "VM '%s' does not run",
                            names[i]);
    }
    return 0;
}

/* A snapshot has totals by node, and by cell and node; numa_maps or a cgroup told them, once. */
static int take_vm(const struct vn_snapshot *snapshot, const struct vn_vm *vm, struct vn_memstats *ret,
                   struct vn_err *err)
{
    struct vn_memstat *stat = vn_arena_grow(&ret->arena, &ret->items, &ret->count, sizeof *stat);
    size_t n = snapshot->host.n_nodes, cells = vm->cell_kib ? vm->live->n_cells : 0;

    if (!stat)
        return vn_nomem(err);
    *stat = (struct vn_memstat){.pid = vm->pid, .method = VN_STAT_CAPTURED, .n_cells = cells};
    stat->name = vn_arena_strdup(&ret->arena, vm->name);
    stat->nodes = vn_arena_array(&ret->arena, n, sizeof *stat->nodes);
    stat->cell_kib = cells ? vn_arena_array(&ret->arena, cells * n, sizeof *stat->cell_kib) : NULL;
    if (!vm->node_kib)
        stat->unread = vn_arena_strdup(&ret->arena, vm->unread ? vm->unread : "its memory was not captured");
    if (!stat->name || !stat->nodes || (cells && !stat->cell_kib) || (!vm->node_kib && !stat->unread))
        return vn_nomem(err);
    for (size_t i = 0; vm->node_kib && i < n; i++) {
        stat->nodes[i].total_kib = vm->node_kib[i];
        stat->total_kib += vm->node_kib[i];
    }
    for (size_t i = 0; i < cells * n; i++)
        stat->cell_kib[i] = vm->cell_kib[i];
    return 0;
}

static int from_snapshot(struct vn_app *app, const char *const *names, size_t n_names, struct vn_memstats *ret,
                         struct vn_err *err)
{
    VN_AUTO(vn_snapshot) snapshot = {0};
    struct vn_memstats stats = {0};
    int r = vn_app_observe(app, names, n_names, &snapshot, err);

    if (r == 0)
        r = must_run(&snapshot, names, n_names, err);
    if (r < 0)
        return r;
    stats.n_nodes = snapshot.host.n_nodes;
    stats.node_ids = vn_arena_array(&stats.arena, stats.n_nodes, sizeof *stats.node_ids);
    if (!stats.node_ids)
        r = vn_nomem(err);
    for (size_t i = 0; r == 0 && i < stats.n_nodes; i++)
        stats.node_ids[i] = snapshot.host.nodes[i].id;
    for (size_t i = 0; r == 0 && i < snapshot.n_vms; i++)
        if (runs(&snapshot.vms[i]) && is_named(&snapshot.vms[i], names, n_names))
            r = take_vm(&snapshot, &snapshot.vms[i], &stats, err);
    if (r == 0)
        r = any_read(&stats, err);
    if (r < 0)
        vn_memstats_drop(&stats);
    else
        *ret = stats;
    return r;
}

static int add_vm(const struct vn_vm *vm, struct processes *list, struct vn_arena *arena, struct vn_err *err)
{
    struct vn_process process = {.pid = vm->pid, .name = vn_arena_strdup(arena, vm->name)};
    uint64_t *cell_kib = vn_arena_array(arena, vm->live->n_cells, sizeof *cell_kib);

    if (!process.name || !cell_kib)
        return vn_nomem(err);
    for (size_t i = 0; i < vm->live->n_cells; i++)
        cell_kib[i] = vm->live->cells[i].memory_kib;
    process.cell_kib = vm->live->n_cells ? cell_kib : NULL;
    process.n_cells = vm->live->n_cells;
    return add(list, &process, arena, err);
}

/* For a door that can't say which VMs run in a cheaper way. */
static int observe_running(struct vn_app *app, const char *const *names, size_t n_names, struct processes *list,
                           struct vn_arena *arena, struct vn_err *err)
{
    VN_AUTO(vn_snapshot) snapshot = {0};
    int r = vn_app_observe(app, names, n_names, &snapshot, err);

    if (r == 0)
        r = must_run(&snapshot, names, n_names, err);
    for (size_t i = 0; r == 0 && i < snapshot.n_vms; i++) {
        const struct vn_vm *vm = &snapshot.vms[i];

        if (!runs(vm) || !is_named(vm, names, n_names))
            continue;
        if (!vm->pid)
            return vn_failf(err, VN_E_ENV, NULL, "the process of VM '%s' is not known%s%s", vm->name,
                            vm->unread ? ": " : "", vm->unread ? vm->unread : "");
        r = add_vm(vm, list, arena, err);
    }
    return r;
}

int vn_app_stat_vms(struct vn_app *app, struct vn_statistics *stats, const char *const *names, size_t n_names,
                    const struct vn_stat_opts *opts, struct vn_memstats *ret, struct vn_err *err)
{
    const struct vn_hypervisor_ops *ops = app->hv->ops;
    VN_AUTO(vn_arena) arena = {0};
    struct processes list = {0};
    int r;

    if (!stats)
        return from_snapshot(app, names, n_names, ret, err);
    if (ops->running)
        r = ops->running(app->hv->self, names, n_names, &arena, &list.items, &list.count, err);
    else
        r = observe_running(app, names, n_names, &list, &arena, err);
    keep_once(&list);
    return r < 0 ? r : look(stats, &list, opts, ret, err);
}
