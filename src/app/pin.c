/* SPDX-License-Identifier: MIT */
#include "app/pin.h"

#include <string.h>
#include <vnuma/buf.h>

#include "app/change.h"
#include "codec/domxml.h"

static const char reason[] = "pinned by hand";

static int check_cpus(const struct vn_host *host, const struct vn_cpuset *cpus, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cpuset online, missing = *cpus;
    char *text, *there;

    vn_host_online(host, &online);
    if (vn_cpuset_empty(cpus))
        return VN_FAIL(err, VN_E_USAGE, .cause = "a pin to no CPU at all", .fix = "Name at least one CPU.");
    vn_cpuset_sub(&missing, &online);
    if (vn_cpuset_empty(&missing))
        return 0;
    text = vn_cpuset_text(&arena, &missing);
    there = vn_cpuset_text(&arena, &online);
    return vn_failf(err, VN_E_USAGE, "'vnuma host' shows them. Nothing was changed.",
                    "CPU %s is not online on this host, which has %s", text ? text : "?", there ? there : "?");
}

static bool has_iothread(const struct vn_domain *domain, unsigned id)
{
    for (unsigned i = 0; i < domain->n_iothreads; i++)
        if (domain->iothread_ids[i] == id)
            return true;
    return false;
}

static int check_thread(const struct vn_vm *vm, const struct vn_pin_order *order, struct vn_err *err)
{
    const struct vn_domain *domain = vn_vm_domain(vm);

    if (!domain)
        return vn_failf(err, VN_E_REFUSED, NULL, "the XML of %s could not be read", vm->name);
    if (order->kind == VN_STEP_VCPUPIN && order->index >= domain->vcpus_max)
        return vn_failf(err, VN_E_USAGE, "'vnuma vm' shows them.", "%s has no vCPU %u; it has vCPUs 0 to %u", vm->name,
                        order->index, domain->vcpus_max - 1);
    if (order->kind == VN_STEP_IOTHREADPIN && !has_iothread(domain, order->index))
        return vn_failf(err, VN_E_USAGE, "'vnuma vm' shows them.", "%s has no IOThread %u", vm->name, order->index);
    return 0;
}

static int check_scope(const struct vn_vm *vm, const struct vn_apply_opts *opts, struct vn_err *err)
{
    if (opts->live && !opts->config && !vn_vm_runs(vm))
        return vn_failf(err, VN_E_REFUSED, "Leave --live out to change what is stored. Nothing was changed.",
                        "%s does not run", vm->name);
    if (opts->config && !opts->live && !vm->stored_xml)
        return vn_failf(err, VN_E_REFUSED, "Leave --config out to change what runs. Nothing was changed.",
                        "nothing is stored of %s", vm->name);
    return 0;
}

static int pin_stored(const struct vn_vm *vm, const struct vn_pin_order *orders, size_t n_orders, struct vn_plan *plan,
                      struct vn_err *err)
{
    VN_AUTO(vn_buf) xml = {0};
    int r = 0;

    vn_buf_str(&xml, vm->stored_xml);
    for (size_t i = 0; r == 0 && i < n_orders; i++) {
        VN_AUTO(vn_buf) next = {0};

        r = vn_domxml_set_pin(vn_buf_text(&xml), xml.len, orders[i].kind, orders[i].index, &orders[i].cpus, &next, err);
        xml.len = 0;
        vn_buf_str(&xml, vn_buf_text(&next));
    }
    if (r == 0 && xml.failed)
        r = vn_nomem(err);
    return r < 0 ? r : vn_change_define(plan, vm, xml.ptr, reason, err);
}

int vn_app_pin(const struct vn_snapshot *snapshot, const struct vn_vm *vm, const struct vn_pin_order *orders,
               size_t n_orders, const struct vn_apply_opts *opts, struct vn_plan *plan, struct vn_err *err)
{
    int r = check_scope(vm, opts, err);

    for (size_t i = 0; r == 0 && i < n_orders; i++) {
        r = check_cpus(&snapshot->host, &orders[i].cpus, err);
        if (r == 0)
            r = check_thread(vm, &orders[i], err);
    }
    if (r == 0 && opts->config && vm->stored_xml)
        r = pin_stored(vm, orders, n_orders, plan, err);
    for (size_t i = 0; r == 0 && opts->live && vn_vm_runs(vm) && i < n_orders; i++)
        r = vn_change_pin(plan, &snapshot->host, vm, orders[i].kind, orders[i].index, &orders[i].cpus, reason, err);
    return r;
}

int vn_pin_of_placement(struct vn_arena *arena, const struct vn_placement *placement, struct vn_pin_order **ret,
                        size_t *ret_count, struct vn_err *err)
{
    size_t n = placement->n_vcpus + placement->has_emulatorpin + placement->n_iothreadpins, at = 0;
    struct vn_pin_order *orders = vn_arena_array(arena, n, sizeof *orders);

    if (!orders)
        return vn_nomem(err);
    for (size_t i = 0; i < placement->n_vcpus; i++)
        if (!vn_cpuset_empty(&placement->vcpupin[i]))
            orders[at++] = (struct vn_pin_order){VN_STEP_VCPUPIN, (unsigned)i, placement->vcpupin[i]};
    if (placement->has_emulatorpin)
        orders[at++] = (struct vn_pin_order){VN_STEP_EMULATORPIN, 0, placement->emulatorpin};
    for (size_t i = 0; i < placement->n_iothreadpins; i++)
        orders[at++] = (struct vn_pin_order){VN_STEP_IOTHREADPIN, placement->iothreadpins[i].id,
                                             placement->iothreadpins[i].cpus};
    *ret = orders;
    *ret_count = at;
    return 0;
}
