/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>
#include <vnuma/units.h>

#include "io/replay.h"

/* Resident memory is counted by node, and within that by guest cell; what no cell has (QEMU's own,
 * or all of a guest without cells) is the difference. */

enum { CHUNK_KIB = 256 * 1024 }; /* how often progress is said */

static size_t n_cells(const struct vn_vm *vm)
{
    return vm->cell_kib && vm->live ? vm->live->n_cells : 0;
}

uint64_t vn_replay_resident(const struct vn_snapshot *state, const struct vn_vm *vm, int cell, size_t node)
{
    size_t n = state->host.n_nodes;
    uint64_t in_cells = 0;

    if (cell >= 0)
        return (size_t)cell < n_cells(vm) ? vm->cell_kib[(size_t)cell * n + node] : 0;
    for (size_t c = 0; c < n_cells(vm); c++)
        in_cells += vm->cell_kib[c * n + node];
    return vm->node_kib[node] > in_cells ? vm->node_kib[node] - in_cells : 0;
}

/* The pool that backs the guest: of the size in its XML, or of the host's default size (1 in the
 * model), which is the smallest pool where the capture does not say. NULL: ordinary pages. */
static struct vn_hugepool *pool_of(const struct vn_snapshot *state, const struct vn_vm *vm, size_t node)
{
    const struct vn_node *at = &state->host.nodes[node];
    uint64_t size_kib = vm->live ? vm->live->hugepage_kib : 0;
    const char *text = size_kib == 1 ? vn_host_setting(&state->host, "hugepages.default_kib") : NULL;
    struct vn_hugepool *best = NULL;

    if (text && vn_uint_parse(text, UINT64_C(1) << 30, &size_kib, NULL) < 0)
        size_kib = 1;
    for (size_t i = 0; size_kib && i < at->n_pools; i++)
        if (at->pools[i].size_kib == size_kib ||
            (size_kib == 1 && (!best || at->pools[i].size_kib < best->size_kib)))
            best = &at->pools[i];
    return best;
}

static bool is_huge(const struct vn_vm *vm)
{
    return vm->live && vm->live->hugepage_kib;
}

uint64_t vn_replay_room(const struct vn_snapshot *state, const struct vn_vm *vm, size_t node)
{
    const struct vn_hugepool *pool = pool_of(state, vm, node);

    if (is_huge(vm))
        return pool ? pool->free * pool->size_kib : 0;
    return state->host.nodes[node].free_kib;
}

void vn_replay_take(struct vn_snapshot *state, const struct vn_vm *vm, size_t node, int64_t kib)
{
    struct vn_hugepool *pool = pool_of(state, vm, node);
    uint64_t size_kib = pool ? pool->size_kib : 1, all = pool ? pool->total : state->host.nodes[node].memory_kib;
    uint64_t *left = pool ? &pool->free : &state->host.nodes[node].free_kib;
    uint64_t amount = (uint64_t)(kib < 0 ? -kib : kib) / size_kib;

    if (is_huge(vm) && !pool)
        return;
    if (kib > 0)
        *left -= amount < *left ? amount : *left;
    else
        *left = all - *left > amount ? *left + amount : all;
}

uint64_t vn_replay_shift(struct vn_snapshot *state, struct vn_vm *vm, int cell, size_t from, size_t to,
                         uint64_t limit_kib)
{
    const struct vn_hugepool *pool = pool_of(state, vm, to);
    uint64_t amount = vn_replay_resident(state, vm, cell, from), room = vn_replay_room(state, vm, to);

    amount = amount < limit_kib ? amount : limit_kib;
    amount = amount < room ? amount : room;
    if (pool)
        amount -= amount % pool->size_kib;
    if (from == to || !amount)
        return 0;
    vn_replay_take(state, vm, to, (int64_t)amount);
    vn_replay_take(state, vm, from, -(int64_t)amount);
    vm->node_kib[from] -= amount < vm->node_kib[from] ? amount : vm->node_kib[from];
    vm->node_kib[to] += amount;
    if (cell >= 0) {
        uint64_t *row = vm->cell_kib + (size_t)cell * state->host.n_nodes;

        row[from] -= amount;
        row[to] += amount;
    }
    return amount;
}

void vn_replay_gather(struct vn_snapshot *state, struct vn_vm *vm, const struct vn_nodeset *nodes)
{
    const struct vn_host *host = &state->host;

    if (!vm->node_kib)
        return;
    for (size_t from = 0; from < host->n_nodes; from++) {
        if (vn_nodeset_has(nodes, (unsigned)host->nodes[from].id))
            continue;
        for (size_t to = 0; to < host->n_nodes; to++)
            for (int cell = -1; vn_nodeset_has(nodes, (unsigned)host->nodes[to].id) && cell < (int)n_cells(vm); cell++)
                (void)vn_replay_shift(state, vm, cell, from, to, UINT64_MAX);
    }
}

/* What one move is about. */
struct task {
    struct vn_snapshot *state;
    struct vn_vm *vm;
    const struct vn_move *move;
    const struct vn_progress *progress;
    size_t to;
    int first, last; /* cells; -1: what no cell has */
    uint64_t wanted, moved;
};

static bool is_source(const struct task *task, size_t node)
{
    const struct vn_nodeset *from = task->move->nodes_from;

    return node != task->to && (!from || vn_nodeset_has(from, (unsigned)task->state->host.nodes[node].id));
}

static uint64_t wanted_kib(const struct task *task)
{
    uint64_t sum = 0;

    for (int cell = task->first; cell <= task->last; cell++)
        for (size_t node = 0; node < task->state->host.n_nodes; node++)
            if (is_source(task, node))
                sum += vn_replay_resident(task->state, task->vm, cell, node);
    return task->move->limit_kib && task->move->limit_kib < sum ? task->move->limit_kib : sum;
}

/* In chunks, as a real move reports itself. A chunk is a multiple of the huge page. */
static void run(struct task *task)
{
    for (int cell = task->first; cell <= task->last; cell++) {
        for (size_t node = 0; node < task->state->host.n_nodes; node++) {
            const struct vn_hugepool *pool = pool_of(task->state, task->vm, task->to);
            uint64_t chunk = pool && pool->size_kib > CHUNK_KIB ? pool->size_kib : CHUNK_KIB, got = 1;

            while (is_source(task, node) && got && task->moved < task->wanted) {
                uint64_t left = task->wanted - task->moved;

                got = vn_replay_shift(task->state, task->vm, cell, node, task->to, left < chunk ? left : chunk);
                task->moved += got;
                vn_progress_say(task->progress, task->vm->name, task->moved, task->wanted, "KiB");
            }
        }
    }
}

/* Which cells: one, or everything. A guest without cells is all of one piece. */
static int choose_cells(struct task *task, struct vn_err *err)
{
    size_t cells = task->vm->live->n_cells;
    unsigned cell = task->move->cell;

    if (!task->vm->node_kib)
        return vn_failf(err, VN_E_REFUSED, "Capture the host as root, so that its memory is read.",
                        "where the memory of VM '%s' lies was not captured", task->vm->name);
    task->first = -1;
    task->last = (int)n_cells(task->vm) - 1;
    if (task->move->all || (!cells && !cell))
        return 0;
    if (cell >= cells)
        return vn_failf(err, VN_E_REFUSED, NULL, "VM '%s' has no cell %u", task->vm->name, cell);
    if (!task->vm->cell_kib)
        return vn_failf(err, VN_E_REFUSED, "Move the whole guest, or capture the host as root.",
                        "which pages of VM '%s' are of cell %u was not captured", task->vm->name, cell);
    task->first = task->last = (int)cell;
    return 0;
}

int vn_replay_move(struct vn_snapshot *state, const char *name, const struct vn_move *move,
                   const struct vn_progress *progress, uint64_t *ret_moved_kib, struct vn_err *err)
{
    struct task task = {.state = state, .move = move, .progress = progress};
    int r = vn_replay_running(state, name, &task.vm, err), to = vn_host_node_index(&state->host, move->node_to);

    *ret_moved_kib = 0;
    if (r == 0 && (to < 0 || !state->host.nodes[to].memory_kib))
        r = vn_failf(err, VN_E_REFUSED, "Name a node that has memory; see 'vnuma host'.",
                     to < 0 ? "the host has no node %d" : "node %d has no memory", move->node_to);
    if (r == 0)
        r = choose_cells(&task, err);
    if (r < 0)
        return r;
    task.to = (size_t)to;
    task.wanted = wanted_kib(&task);
    run(&task);
    *ret_moved_kib = task.moved;
    if (task.moved == task.wanted)
        return 0;
    return vn_failf(err, VN_E_REFUSED, "Free memory on that node first, or move to another.",
                    "node %d took %" PRIu64 " of %" PRIu64 " KiB and has %" PRIu64
                    " KiB left; the rest stays where it is",
                    move->node_to, task.moved, task.wanted, vn_replay_room(state, task.vm, task.to));
}
