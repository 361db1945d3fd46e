/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
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

static void add_cost(const struct checker *c, const struct vn_request *vm, const struct vn_placement *at,
                     struct vn_cost *sum)
{
    double pairs = 0;

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

/* The figures are those of the placements. What is to be moved depends on the moment: not compared. */
int checker_cost(const struct checker *c)
{
    struct vn_cost sum = {0};

    for (size_t v = 0; v < c->plan->n_vms; v++)
        add_cost(c, checker_request(c, &c->plan->vms[v]), &c->plan->vms[v], &sum);
    if (sum.placed_vcpus != c->plan->cost.placed_vcpus || fabs(sum.distance - c->plan->cost.distance) > 1e-6 ||
        fabs(sum.device - c->plan->cost.device) > 1e-6 || sum.l3 != c->plan->cost.l3)
        return BROKEN(c, "the plan's cost is not that of its placements (distance %g, device %g, L3 %" PRIu64 ")",
                      sum.distance, sum.device, sum.l3);
    return 0;
}
