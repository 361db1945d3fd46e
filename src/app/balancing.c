/* SPDX-License-Identifier: MIT */
#include "app/balancing.h"

#include <stdio.h>
#include <string.h>
#include <vnuma/buf.h>
#include <vnuma/units.h>

#include "app/change.h"

const char *vn_balancing_use_name(enum vn_balancing_use use)
{
    static const char *const names[] = {"bound", "pinned", "hugepages", "floating"};
    return names[use];
}

const char *vn_balancing_use_text(enum vn_balancing_use use)
{
    static const char *const texts[] = {
        "nothing to gain: memory and vCPUs are bound to the same nodes; scanning only costs",
        "moves memory to the nodes that the vCPUs are pinned to",
        "nothing: huge pages of hugetlbfs are not scanned",
        "it alone keeps memory and vCPUs together",
    };
    return texts[use];
}

/* The nodes that all of the VM's vCPUs may use; false where one may leave its node. */
static bool homes_of(const struct vn_host *host, const struct vn_vm *vm, struct vn_nodeset *ret)
{
    *ret = (struct vn_nodeset){{0}};
    for (size_t i = 0; i < vm->n_vcpus; i++) {
        struct vn_nodeset nodes;

        if (!vm->vcpus[i].online)
            continue;
        if (!(vm->vcpus[i].known & VN_THREAD_CONFIGURED))
            return false;
        vn_host_nodes_of(host, &vm->vcpus[i].configured, &nodes);
        if (vn_nodeset_count(&nodes) != 1)
            return false;
        vn_nodeset_or(ret, &nodes);
    }
    return !vn_nodeset_empty(ret);
}

/* May the memory lie on @homes only? */
static bool is_bound(const struct vn_domain *domain, const struct vn_nodeset *homes)
{
    bool strict = domain->mem_mode == VN_MEM_STRICT || domain->mem_mode == VN_MEM_RESTRICTIVE;

    if (domain->n_cells && domain->n_memnodes == domain->n_cells) {
        for (size_t i = 0; i < domain->n_memnodes; i++)
            if (domain->memnodes[i].mode != VN_MEM_STRICT || vn_nodeset_count(&domain->memnodes[i].nodes) != 1)
                return false;
        return true;
    }
    return domain->has_numatune && strict && vn_nodeset_count(&domain->mem_nodes) == 1 &&
           vn_nodeset_equal(&domain->mem_nodes, homes);
}

enum vn_balancing_use vn_balancing_use(const struct vn_host *host, const struct vn_vm *vm)
{
    struct vn_nodeset homes;

    if (vm->live->hugepage_kib)
        return VN_BALANCING_HUGE;
    if (!homes_of(host, vm, &homes))
        return VN_BALANCING_FLOATING;
    return is_bound(vm->live, &homes) ? VN_BALANCING_BOUND : VN_BALANCING_PINNED;
}

static int parse(const char *text, unsigned *ret, struct vn_err *err)
{
    uint64_t value;
    int r = vn_uint_parse(text, UINT32_MAX, &value, err);

    *ret = r < 0 ? 0 : (unsigned)value;
    return vn_err_ctx(err, r, VN_BALANCING_KEY);
}

int vn_balancing_read(struct vn_app *app, unsigned *ret, struct vn_buf *ret_stored, struct vn_err *err)
{
    VN_AUTO(vn_buf) now = {0};
    int r = app->hv->ops->setting(app->hv->self, "", VN_BALANCING_KEY, &now, err);

    if (r == -VN_E_ABSENT)
        return VN_FAIL(err, VN_E_REFUSED, .cause = "the kernel of this host has no automatic NUMA balancing",
                       .where = "/proc/sys/kernel/numa_balancing",
                       .fix = "It takes a kernel built with CONFIG_NUMA_BALANCING.");
    if (r == 0)
        r = parse(vn_buf_text(&now), ret, err);
    return r < 0 ? r : app->hv->ops->setting(app->hv->self, "", VN_BALANCING_STORED, ret_stored, err);
}

int vn_app_balancing(struct vn_app *app, bool on, bool persist, struct vn_plan *plan, struct vn_err *err)
{
    VN_AUTO(vn_buf) stored = {0};
    unsigned now = 0;
    char value[16];
    int r = vn_balancing_read(app, &now, &stored, err);

    if (r < 0)
        return r;
    (void)snprintf(value, sizeof value, "%u", on ? (now & VN_BALANCING_TIERING) | VN_BALANCING_NORMAL : 0);
    r = vn_change_setting(app, plan, NULL, VN_BALANCING_KEY, value, "asked for by hand", err);
    if (r == 0 && persist)
        r = vn_change_setting(app, plan, NULL, VN_BALANCING_STORED, value, "so that it holds after a boot", err);
    return r;
}
