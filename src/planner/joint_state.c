/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "planner/joint.h"

enum { INSERT_STEPS = 4000 };

int joint_state_new(struct joint *j, struct vn_arena *arena, struct joint_state *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->room.cpus = vn_arena_array(arena, j->n, sizeof *ret->room.cpus);
    ret->room.cores = vn_arena_array(arena, j->n, sizeof *ret->room.cores);
    ret->room.mem = vn_arena_array(arena, j->n_kinds * j->n, sizeof *ret->room.mem);
    ret->shape = vn_arena_array(arena, j->n_vms, sizeof *ret->shape);
    ret->node = vn_arena_array(arena, j->n_vms * j->n, sizeof *ret->node);
    ret->cost = vn_arena_array(arena, j->n_vms, sizeof *ret->cost);
    if (!ret->room.cpus || !ret->room.cores || !ret->room.mem || !ret->shape || !ret->node || !ret->cost)
        return -VN_E_NOMEM;
    for (size_t v = 0; v < j->n_vms; v++)
        ret->shape[v] = -1;
    return 0;
}

void joint_copy_room(const struct joint *j, struct joint_state *to, const struct joint_state *from)
{
    memcpy(to->room.cpus, from->room.cpus, j->n * sizeof *to->room.cpus);
    memcpy(to->room.cores, from->room.cores, j->n * sizeof *to->room.cores);
    memcpy(to->room.mem, from->room.mem, j->n_kinds * j->n * sizeof *to->room.mem);
    to->sum = from->sum;
}

void joint_copy_vm(const struct joint *j, struct joint_state *to, const struct joint_state *from, size_t vm)
{
    to->shape[vm] = from->shape[vm];
    to->cost[vm] = from->cost[vm];
    memcpy(&to->node[vm * j->n], &from->node[vm * j->n], j->n * sizeof *to->node);
}

void joint_state_copy(const struct joint *j, struct joint_state *to, const struct joint_state *from)
{
    joint_copy_room(j, to, from);
    memcpy(to->shape, from->shape, j->n_vms * sizeof *to->shape);
    memcpy(to->node, from->node, j->n_vms * j->n * sizeof *to->node);
    memcpy(to->cost, from->cost, j->n_vms * sizeof *to->cost);
}

int joint_cost_cmp(const struct joint_cost *a, const struct joint_cost *b)
{
    if (a->distance != b->distance)
        return a->distance < b->distance ? -1 : 1;
    return a->device < b->device ? -1 : a->device > b->device;
}

int joint_cmp(const struct joint_worth *a, const struct joint_worth *b)
{
    if (a->vcpus != b->vcpus)
        return a->vcpus > b->vcpus ? -1 : 1;
    if (a->placed != b->placed)
        return a->placed > b->placed ? -1 : 1;
    return joint_cost_cmp(&a->cost, &b->cost);
}

void joint_cost_add(struct joint_cost *to, const struct joint_cost *more)
{
    to->distance += more->distance;
    to->device += more->device;
}

void joint_count(struct joint *j, size_t v, bool back)
{
    struct joint_worth *sum = &j->now.sum;
    const struct joint_cost *cost = &j->now.cost[v];

    if (back) {
        sum->vcpus -= j->vms[v].vcpus;
        sum->placed--;
        sum->cost.distance -= cost->distance;
        sum->cost.device -= cost->device;
    } else {
        sum->vcpus += j->vms[v].vcpus;
        sum->placed++;
        joint_cost_add(&sum->cost, cost);
    }
}

uint32_t joint_dice(struct joint *j, uint32_t below)
{
    j->dice = j->dice * 1664525u + 1013904223u;
    return below ? (uint32_t)(((uint64_t)(j->dice >> 8) * below) >> 24) : 0;
}

bool joint_holds(const struct joint *j, const struct joint_vm *vm, const struct joint_cell *cell, size_t node)
{
    const struct joint_room *room = &j->now.room;

    return room->cpus[node] >= cell->cpus && room->cores[node] >= cell->cores &&
           room->mem[vm->kind * j->n + node] >= cell->mem;
}

void joint_take(struct joint *j, const struct joint_vm *vm, const struct joint_cell *cell, size_t node, bool back)
{
    struct joint_room *room = &j->now.room;

    if (back) {
        room->cpus[node] += cell->cpus;
        room->cores[node] += cell->cores;
        room->mem[vm->kind * j->n + node] += cell->mem;
    } else {
        room->cpus[node] -= cell->cpus;
        room->cores[node] -= cell->cores;
        room->mem[vm->kind * j->n + node] -= cell->mem;
    }
}

uint64_t joint_distance(unsigned vcpus, uint64_t distance)
{
    uint64_t square = (uint64_t)vcpus * vcpus;

    /* in two parts: the product would not always fit */
    return distance / square * JOINT_UNIT + distance % square * JOINT_UNIT / square;
}

uint64_t joint_device(const struct joint *j, const struct joint_vm *vm, const size_t *node, size_t k)
{
    uint64_t sum = 0;

    for (size_t d = 0; d < vm->n_devices; d++) {
        unsigned least = UINT16_MAX;

        for (size_t c = 0; c < k; c++) {
            unsigned far = vn_host_distance(j->topo->host, node[c], vm->devices[d]);

            least = far < least ? far : least;
        }
        sum += least - 10;
    }
    return sum;
}

bool joint_same_cell(const struct joint_shape *shape, size_t a, size_t b)
{
    const struct joint_cell *x = &shape->cells[a], *y = &shape->cells[b];

    return x->cpus == y->cpus && x->cores == y->cores && x->mem == y->mem &&
           shape->sizes[a].vcpus == shape->sizes[b].vcpus;
}

/* The search for the best nodes of one shape. */
struct insert {
    struct joint *j;
    const struct joint_vm *vm;
    const struct joint_shape *shape;
    bool found;
    struct joint_cost cost; /* of the best */
    uint64_t fit;
    unsigned steps;
};

static void insert_offer(struct insert *in, uint64_t distance, uint64_t fit)
{
    struct joint *j = in->j;
    struct joint_cost cost = {joint_distance(in->vm->vcpus, distance),
                              joint_device(j, in->vm, j->pick, in->shape->k)};
    int cmp = in->found ? joint_cost_cmp(&cost, &in->cost) : -1;

    if (in->found && j->by_fit && (fit > in->fit || (fit == in->fit && cmp >= 0)))
        return;
    if (in->found && !j->by_fit && (cmp > 0 || (cmp == 0 && fit >= in->fit)))
        return;
    in->found = true;
    in->cost = cost;
    in->fit = fit;
    memcpy(j->found, j->pick, in->shape->k * sizeof *j->found);
}

/* Cells in order, nodes ascending; cells that are the same do not change places. */
static void insert_cell(struct insert *in, size_t cell, uint64_t distance, uint64_t fit)
{
    struct joint *j = in->j;
    const struct joint_shape *shape = in->shape;
    size_t first = cell && j->topo->symmetric && joint_same_cell(shape, cell, cell - 1) ? j->pick[cell - 1] + 1 : 0;

    if (cell == shape->k) {
        insert_offer(in, distance, fit);
        return;
    }
    for (size_t n = first; n < j->n; n++) {
        uint64_t more = distance;

        j->left -= j->left > 0;
        if (in->found && in->steps >= INSERT_STEPS)
            return;
        in->steps++;
        if (j->used[n] || !joint_holds(j, in->vm, &shape->cells[cell], n) || (j->blink && !joint_dice(j, j->blink)))
            continue;
        for (size_t c = 0; c < cell; c++)
            more += (uint64_t)shape->sizes[c].vcpus * shape->sizes[cell].vcpus *
                    (vn_host_distance(j->topo->host, j->pick[c], n) - 10);
        if (in->found && !j->by_fit && shape->k > 2 && joint_distance(in->vm->vcpus, more) > in->cost.distance)
            continue;
        j->pick[cell] = n;
        j->used[n] = true;
        insert_cell(in, cell + 1, more, fit + j->now.room.cpus[n] - shape->cells[cell].cpus);
        j->used[n] = false;
    }
}

bool joint_insert(struct joint *j, size_t v)
{
    struct joint_vm *vm = &j->vms[v];
    struct joint_state *now = &j->now;

    for (size_t s = 0; s < vm->n_shapes; s++) {
        const struct joint_shape *shape = &vm->shapes[s];
        struct insert in = {.j = j, .vm = vm, .shape = shape};

        insert_cell(&in, 0, 0, 0);
        if (!in.found)
            continue;
        for (size_t c = 0; c < shape->k; c++) {
            now->node[v * j->n + c] = j->found[c];
            joint_take(j, vm, &shape->cells[c], j->found[c], false);
        }
        now->shape[v] = (int)s;
        now->cost[v] = in.cost;
        joint_count(j, v, false);
        return true;
    }
    return false;
}

void joint_put(struct joint *j, size_t v, const size_t *node)
{
    const struct joint_vm *vm = &j->vms[v];
    const struct joint_shape *shape = &vm->shapes[0];
    uint64_t distance = 0;

    for (size_t c = 0; c < shape->k; c++) {
        joint_take(j, vm, &shape->cells[c], node[c], false);
        j->now.node[v * j->n + c] = node[c];
        for (size_t b = 0; b < c; b++)
            distance += (uint64_t)shape->sizes[b].vcpus * shape->sizes[c].vcpus *
                        (vn_host_distance(j->topo->host, node[b], node[c]) - 10);
    }
    j->now.shape[v] = 0;
    j->now.cost[v] = (struct joint_cost){joint_distance(vm->vcpus, distance), joint_device(j, vm, node, shape->k)};
    joint_count(j, v, false);
}

void joint_remove(struct joint *j, size_t v)
{
    struct joint_state *now = &j->now;
    const struct joint_shape *shape = &j->vms[v].shapes[now->shape[v]];

    for (size_t c = 0; c < shape->k; c++)
        joint_take(j, &j->vms[v], &shape->cells[c], now->node[v * j->n + c], true);
    now->shape[v] = -1;
    joint_count(j, v, true);
}
