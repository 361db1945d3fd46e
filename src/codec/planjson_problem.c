/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "codec/planjson_priv.h"

/* The document vnuma.problem/1. What it says is checked against its host, so that every problem that
 * is read can be solved. */

/* ---- what free memory is where the host does not say ---- */

static uint64_t pages(uint64_t kib, uint64_t size_kib)
{
    return kib / size_kib + (kib % size_kib != 0);
}

/* Ordinary memory (@size_kib 0) or huge pages that placed VMs have on a node. */
static uint64_t taken(const struct vn_problem *problem, int node, uint64_t size_kib)
{
    uint64_t sum = 0;

    for (size_t v = 0; v < problem->n_vms; v++) {
        const struct vn_placement *placed = problem->vms[v].placed;

        if (!placed || placed->hugepage_kib != size_kib)
            continue;
        for (size_t c = 0; c < placed->n_cells; c++)
            if (placed->cells[c].node == node)
                sum += size_kib ? pages(placed->cells[c].memory_kib, size_kib) : placed->cells[c].memory_kib;
    }
    return sum;
}

static int fill_node(struct vn_jin *in, const struct vn_problem *problem, struct vn_node *node)
{
    uint64_t pooled_kib = 0, used;

    for (size_t i = 0; i < node->n_pools; i++) {
        struct vn_hugepool *pool = &node->pools[i];

        pooled_kib += pool->total * pool->size_kib;
        if (pool->free != VN_JSON_UNSAID)
            continue;
        used = taken(problem, node->id, pool->size_kib);
        if (used > pool->total)
            return vn_jin_fail(in, "host", NULL, NULL,
                               "the VMs placed on node %d take %" PRIu64 " pages of %" PRIu64 " KiB of %" PRIu64,
                               node->id, used, pool->size_kib, pool->total);
        pool->free = pool->total - used;
    }
    if (node->free_kib != VN_JSON_UNSAID)
        return 0;
    used = taken(problem, node->id, 0);
    if (used > node->memory_kib)
        return vn_jin_fail(in, "host", NULL, NULL,
                           "the VMs placed on node %d have %" PRIu64 " KiB, and the node has %" PRIu64 " KiB",
                           node->id, used, node->memory_kib);
    used += pooled_kib; /* pages of a pool are not free for others, used or not */
    node->free_kib = used < node->memory_kib ? node->memory_kib - used : 0;
    return 0;
}

/* The host's own rules, once every number is there. */
static int finish(struct vn_jin *in, struct vn_problem *problem)
{
    struct vn_err inner = {0};
    int r = 0;

    for (size_t i = 0; i < problem->n_vms && r == 0; i++)
        for (size_t j = 0; j < i && r == 0; j++)
            if (!strcmp(problem->vms[i].name, problem->vms[j].name))
                r = vn_jin_fail(in, "vms", problem->vms[i].name, "Give each VM a name of its own.",
                                "a name that two VMs have");
    for (size_t i = 0; i < problem->host.n_nodes && r == 0; i++)
        r = fill_node(in, problem, &problem->host.nodes[i]);
    if (r == 0 && vn_host_check(&problem->host, &inner) < 0)
        r = vn_jin_fail(in, "host", inner.got[0] ? inner.got : NULL, inner.fix, "%s", inner.cause);
    return r;
}

static int read_problem(struct vn_jin *in, json_t *root, struct vn_problem *problem)
{
    static const char *const keys[] = {"schema", "host", "vms", NULL};
    json_t *host = NULL;
    void *vms = NULL;
    size_t mark;
    int r = vn_jin_schema(in, root, "vnuma.problem/1");

    if (r == 0)
        r = vn_jin_keys(in, root, keys);
    if (r == 0)
        r = vn_jin_get(in, root, "host", VN_NEEDED, JSON_OBJECT, &host);
    if (r < 0)
        return r;
    mark = vn_jin_enter(in, "host");
    r = vn_jin_host(in, host, &problem->host);
    vn_jin_leave(in, mark);
    if (r < 0)
        return r;
    in->host = &problem->host;
    vn_host_online(in->host, &in->online);
    r = vn_jin_each(in, root, "vms", VN_NEEDED, VN_JSON_VMS_MAX, sizeof *problem->vms, vn_jin_vm, &vms,
                    &problem->n_vms);
    problem->vms = vms;
    return r < 0 ? r : finish(in, problem);
}

int vn_problem_parse(const char *json, size_t len, struct vn_problem *ret, struct vn_err *err)
{
    struct vn_problem problem = {.n_vms = 0};
    struct vn_jin in = {.arena = &problem.arena, .err = err};
    json_t *root = NULL;
    int r = vn_jin_load(json, len, &root, err);

    if (r == 0)
        r = read_problem(&in, root, &problem);
    json_decref(root);
    if (r < 0)
        vn_problem_drop(&problem);
    else
        *ret = problem;
    return r < 0 ? vn_err_ctx(err, r, "cannot read the problem") : 0;
}

/* ---- writing ---- */

static void write_cells(struct vn_jout *out, const struct vn_cells_spec *cells)
{
    if (cells->kind == VN_CELLS_AUTO) {
        vn_jout_text(out, "cells", "auto");
        return;
    }
    if (cells->kind == VN_CELLS_NUMBER) {
        vn_jout_uint(out, "cells", cells->number);
        return;
    }
    vn_jout_open(out, "cells", '[', false);
    for (size_t i = 0; i < cells->n_list; i++) {
        vn_jout_open(out, NULL, '{', true);
        vn_jout_uint(out, "vcpus", cells->list[i].vcpus);
        vn_jout_uint(out, "memory_kib", cells->list[i].memory_kib);
        vn_jout_close(out, '}');
    }
    vn_jout_close(out, ']');
}

static void write_policy(struct vn_jout *out, const struct vn_request *vm)
{
    const struct vn_vm_policy *policy = &vm->policy;

    write_cells(out, &policy->cells);
    if (vm->cell_vcpus && policy->cells.kind == VN_CELLS_LIST) {
        vn_jout_open(out, "cell_vcpus", '[', true);
        for (size_t i = 0; i < policy->cells.n_list; i++)
            vn_jout_cpus(out, NULL, &vm->cell_vcpus[i]);
        vn_jout_close(out, ']');
    }
    vn_jout_text(out, "policy", vn_json_policies[policy->policy]);
    vn_jout_text(out, "threads", vn_json_threads[policy->threads]);
    vn_jout_uint(out, "hugepage_kib", policy->hugepage_kib);
    if (policy->emulator.kind == VN_EMULATOR_CPUSET)
        vn_jout_cpus(out, "emulator", &policy->emulator.cpus);
    else
        vn_jout_text(out, "emulator", policy->emulator.kind == VN_EMULATOR_SHARE ? "share" : "isolate");
    if (policy->overcommit > 0)
        vn_jout_real(out, "overcommit", policy->overcommit);
    if (policy->memory_preferred || policy->set & VN_POL_MEMORY)
        vn_jout_text(out, "memory", vn_json_memory[policy->memory_preferred]);
}

static void write_vm_lists(struct vn_jout *out, const struct vn_request *vm, size_t n_nodes)
{
    vn_jout_open(out, "devices", '[', true);
    for (size_t i = 0; i < vm->n_devices; i++)
        vn_jout_text(out, NULL, vm->devices[i]);
    vn_jout_close(out, ']');
    if (vm->n_iothreads) {
        vn_jout_open(out, "iothreads", '[', true);
        for (size_t i = 0; i < vm->n_iothreads; i++)
            vn_jout_uint(out, NULL, vm->iothread_ids[i]);
        vn_jout_close(out, ']');
    }
    if (vm->resident_kib) {
        vn_jout_open(out, "resident_kib", '[', true);
        for (size_t i = 0; i < n_nodes; i++)
            vn_jout_uint(out, NULL, vm->resident_kib[i]);
        vn_jout_close(out, ']');
    }
}

static void write_vm(struct vn_jout *out, const struct vn_request *vm, size_t n_nodes)
{
    vn_jout_open(out, NULL, '{', false);
    vn_jout_text(out, "name", vm->name);
    if (vm->uuid && vm->uuid[0])
        vn_jout_text(out, "uuid", vm->uuid);
    vn_jout_uint(out, "vcpus", vm->vcpus);
    vn_jout_uint(out, "memory_kib", vm->memory_kib);
    write_policy(out, vm);
    write_vm_lists(out, vm, n_nodes);
    if (vm->placed)
        vn_jout_placement(out, "placed", vm->placed);
    else
        vn_jout_null(out, "placed");
    if (vm->movable == (vm->placed != NULL)) /* not what placed alone would mean */
        vn_jout_bool(out, "movable", vm->movable);
    vn_jout_close(out, '}');
}

int vn_problem_format(const struct vn_problem *problem, struct vn_buf *ret, struct vn_err *err)
{
    struct vn_jout out = {.buf = ret};

    vn_jout_open(&out, NULL, '{', false);
    vn_jout_text(&out, "schema", "vnuma.problem/1");
    vn_jout_open(&out, "host", '{', false);
    vn_jout_host(&out, &problem->host, false);
    vn_jout_close(&out, '}');
    vn_jout_open(&out, "vms", '[', false);
    for (size_t i = 0; i < problem->n_vms; i++)
        write_vm(&out, &problem->vms[i], problem->host.n_nodes);
    vn_jout_close(&out, ']');
    vn_jout_close(&out, '}');
    return vn_jout_end(&out, err);
}
