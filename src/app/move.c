/* SPDX-License-Identifier: MIT */
/* The way back of a memory move: to each node what it had. */
#include <inttypes.h>

#include "app/act.h"

enum { HUGE_KIB = 2048 }; /* a transparent huge page of most machines */

/* A guest goes on using memory, and huge pages move whole: what is missing by less than this is as it was. */
static uint64_t tolerance_kib(const struct vn_step *step)
{
    uint64_t total = 0, nodes = 0;

    for (size_t i = 0; i < step->n_kib; i++) {
        total += step->kib_before[i];
        nodes += step->kib_before[i] != 0;
    }
    return total / 100 + nodes * HUGE_KIB;
}

/* What the step's cell (or the guest) has now on the i-th node of the step. */
static uint64_t now_kib(const struct vn_host *host, const uint64_t *node_kib, const uint64_t *cell_kib,
                        const struct vn_step *step, size_t i)
{
    int at = vn_host_node_index(host, step->kib_nodes[i]);

    if (at < 0)
        return 0;
    if (step->cell >= 0 && cell_kib)
        return cell_kib[(size_t)step->cell * host->n_nodes + (size_t)at];
    return node_kib ? node_kib[at] : 0;
}

static uint64_t missing_kib(const struct vn_host *host, const uint64_t *node_kib, const uint64_t *cell_kib,
                            const struct vn_step *step, size_t i)
{
    uint64_t now = now_kib(host, node_kib, cell_kib, step, i);

    return now < step->kib_before[i] ? step->kib_before[i] - now : 0;
}

static bool is_read(const uint64_t *node_kib, const uint64_t *cell_kib, const struct vn_step *step)
{
    return step->cell < 0 ? node_kib != NULL : cell_kib != NULL;
}

enum vn_look vn_move_look(const struct vn_host *host, const struct vn_vm *vm, const struct vn_step *step)
{
    size_t n_cells = vm->live ? vm->live->n_cells : 0;
    uint64_t missing = 0;

    if (step->cell >= 0 && (size_t)step->cell >= n_cells)
        return VN_LOOK_GONE; /* another guest than the one the plan was made for */
    if (!is_read(vm->node_kib, vm->cell_kib, step))
        return VN_LOOK_AFTER;
    for (size_t i = 0; i < step->n_kib; i++)
        missing += missing_kib(host, vm->node_kib, vm->cell_kib, step, i);
    return missing <= tolerance_kib(step) ? VN_LOOK_BEFORE : VN_LOOK_AFTER;
}

/* A node may have got one huge page more than was its own: to take from it would only turn that round. */
static uint64_t surplus_kib(const struct vn_host *host, const uint64_t *node_kib, const uint64_t *cell_kib,
                            const struct vn_step *step, size_t i)
{
    uint64_t now = now_kib(host, node_kib, cell_kib, step, i);

    return now > step->kib_before[i] + HUGE_KIB ? now - step->kib_before[i] : 0;
}

static int read_now(struct vn_app *app, const struct vn_step *step, struct vn_arena *arena, uint64_t **ret_node,
                    uint64_t **ret_cell, struct vn_err *err)
{
    int r;

    *ret_node = *ret_cell = NULL;
    r = app->hv->ops->memory(app->hv->self, step->vm, arena, ret_node, ret_cell, err);
    if (r == 0 && !is_read(*ret_node, *ret_cell, step))
        return VN_FAIL(err, VN_E_ENV, .got = step->vm, .cause = "cannot read where the guest's memory is",
                       .fix = "Run vnuma as root on the host itself.");
    return r;
}

/* Moves to the i-th node what it misses of what the j-th has too much; nothing where that is nothing. */
static int refill_from(struct vn_app *app, const struct vn_host *host, const struct vn_step *step, size_t i, size_t j,
                       struct vn_act_sums *sums, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_nodeset from = {0};
    uint64_t *node_kib, *cell_kib, moved = 0, missing, surplus;
    struct vn_move order = {.cell = step->cell < 0 ? 0 : (unsigned)step->cell,
                            .all = step->cell < 0,
                            .node_to = step->kib_nodes[i],
                            .nodes_from = &from};
    int r = read_now(app, step, &arena, &node_kib, &cell_kib, err);

    if (r < 0)
        return r;
    missing = missing_kib(host, node_kib, cell_kib, step, i);
    surplus = surplus_kib(host, node_kib, cell_kib, step, j);
    order.limit_kib = missing < surplus ? missing : surplus;
    if (!order.limit_kib)
        return 0;
    vn_nodeset_add(&from, (unsigned)step->kib_nodes[j]);
    r = app->hv->ops->move_memory(app->hv->self, step->vm, &order, app->progress, &moved, err);
    sums->moved_kib += moved;
    return r;
}

static int refill(struct vn_app *app, const struct vn_host *host, const struct vn_step *step, size_t i,
                  struct vn_act_sums *sums, struct vn_err *err)
{
    int r = 0;

    for (size_t j = 0; r == 0 && j < step->n_kib; j++)
        if (j != i)
            r = refill_from(app, host, step, i, j, sums, err);
    return r;
}

int vn_act_move_back(struct vn_app *app, const struct vn_host *host, const struct vn_step *step,
                     struct vn_act_sums *sums, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    uint64_t *node_kib = NULL, *cell_kib = NULL, missing = 0;
    int r = 0;

    for (size_t i = 0; r == 0 && i < step->n_kib; i++)
        if (step->kib_nodes[i] != step->node_to)
            r = refill(app, host, step, i, sums, err);
    if (r == 0)
        r = read_now(app, step, &arena, &node_kib, &cell_kib, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < step->n_kib; i++)
        if (step->kib_nodes[i] != step->node_to)
            missing += missing_kib(host, node_kib, cell_kib, step, i);
    if (missing <= tolerance_kib(step))
        return 0;
    return vn_failf(err, VN_E_IO, "Look for free memory with 'vnuma host'; then 'vnuma undo --memory' again.",
                    "%" PRIu64 " KiB of the memory of %s could not be moved back", missing, step->vm);
}
