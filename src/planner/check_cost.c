/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "planner/check.h"

static uint64_t l3_touched(const struct checker *c, const struct vn_placed_cell *cell, const struct vn_placement *at)
{
    struct vn_cpuset cpus = {{0}};
    uint64_t n = 0;

    VN_CPUSET_EACH(vcpu, &cell->vcpus)
        vn_cpuset_or(&cpus, &at->vcpupin[vcpu]);
    for (size_t i = 0; i < c->host->n_l3; i++)
        n += vn_cpuset_intersects(&c->host->l3[i], &cpus);
    return n;
}

/* What a VM has in memory now, on a node or (@node NULL) in all. */
static uint64_t resident(const struct checker *c, const struct vn_request *vm, const struct vn_node *node)
{
    uint64_t sum = 0;

    for (size_t n = 0; vm->resident_kib && n < c->host->n_nodes; n++)
        sum += !node || node == &c->host->nodes[n] ? vm->resident_kib[n] : 0;
    for (size_t k = 0; !vm->resident_kib && vm->placed && k < vm->placed->n_cells; k++)
        if (vn_host_node_index(c->host, vm->placed->cells[k].node) >= 0)
            sum += !node || node->id == vm->placed->cells[k].node ? vm->placed->cells[k].memory_kib : 0;
    return sum;
}

/* Where memory is known by cell, what a cell has elsewhere; else a cell keeps of what lies on its node as
 * much as is its share, and everything else moves. */
static uint64_t moved(const struct checker *c, const struct vn_request *vm, const struct vn_placement *at)
{
    uint64_t all = resident(c, vm, NULL), sum = 0, kept = 0;
    bool by_cell = vm->cell_kib && vm->policy.cells.kind == VN_CELLS_LIST && at->n_cells == vm->n_cell_kib;
    bool as_placed = !vm->resident_kib && vm->placed && vm->placed->n_cells == at->n_cells;

    for (size_t j = 0; j < at->n_cells; j++) {
        size_t to = (size_t)vn_host_node_index(c->host, at->cells[j].node);
        uint64_t share = at->cells[j].memory_kib, here = resident(c, vm, &c->host->nodes[to]);

        for (size_t n = 0; by_cell && n < c->host->n_nodes; n++)
            sum += n == to ? 0 : vm->cell_kib[j * c->host->n_nodes + n];
        if (!by_cell && as_placed && vm->placed->cells[j].node != at->cells[j].node)
            sum += vm->placed->cells[j].memory_kib;
        if (all > vm->memory_kib && vm->memory_kib) /* QEMU's own memory comes along, in proportion */
            share = (uint64_t)((double)share / (double)vm->memory_kib * (double)all) + 1;
        kept += here < share ? here : share;
    }
    return by_cell || as_placed ? sum : all - kept;
}

static void add_cost(const struct checker *c, const struct vn_request *vm, const struct vn_placement *at,
                     struct vn_cost *sum)
{
    double pairs = 0;

    sum->moved_kib += moved(c, vm, at);
    sum->placed_vcpus += at->policy == VN_CPU_DEDICATED ? vm->vcpus : 0;
    for (size_t j = 0; j < at->n_cells; j++) {
        size_t b = (size_t)vn_host_node_index(c->host, at->cells[j].node);

        sum->l3 += l3_touched(c, &at->cells[j], at);
        for (size_t i = 0; i < j; i++) {
            size_t a = (size_t)vn_host_node_index(c->host, at->cells[i].node);

            pairs += (double)vn_cpuset_count(&at->cells[i].vcpus) * vn_cpuset_count(&at->cells[j].vcpus) *
                     (vn_host_distance(c->host, a, b) - 10);
        }
    }
    sum->distance += pairs / ((double)vm->vcpus * vm->vcpus);
    for (size_t d = 0; d < vm->n_devices; d++) {
        const struct vn_device *device = vn_host_device(c->host, vm->devices[d]);
        int to = device ? vn_host_node_index(c->host, device->node) : -1;
        unsigned least = UINT16_MAX;

        for (size_t j = 0; to >= 0 && j < at->n_cells; j++) {
            int from = vn_host_node_index(c->host, at->cells[j].node);
            unsigned far = vn_host_distance(c->host, (size_t)from, (size_t)to);

            least = far < least ? far : least;
        }
        sum->device += to >= 0 ? least - 10 : 0;
    }
}

static void compare(struct checker *c, const char *term, double said, double is)
{
    if (fabs(said - is) > 1e-6)
        (void)BROKEN(c, "the plan's cost says %s %.12g, and its placements come to %.12g", term, said, is);
}

void checker_cost(struct checker *c, const struct vn_cost *said)
{
    struct vn_cost *sum = &c->found->cost;

    for (size_t v = 0; v < c->plan->n_vms; v++)
        add_cost(c, checker_request(c, &c->plan->vms[v]), &c->plan->vms[v], sum);
    c->found->costed = true;
    if (!said)
        return;
    compare(c, "placed_vcpus", (double)said->placed_vcpus, (double)sum->placed_vcpus);
    compare(c, "distance", said->distance, sum->distance);
    compare(c, "device", said->device, sum->device);
    compare(c, "l3", (double)said->l3, (double)sum->l3);
    compare(c, "moved_kib", (double)said->moved_kib, (double)sum->moved_kib);
}
