/* SPDX-License-Identifier: MIT */
#include "app/vcpus.h"

#include <stdio.h>
#include <string.h>
#include <vnuma/buf.h>

#include "app/change.h"
#include "codec/domxml.h"

#define PLUGGED "vcpus"
#define ONLINE "guest.vcpus"

struct work {
    struct vn_app *app;
    const struct vn_snapshot *snapshot;
    const struct vn_vm *vm;
    const struct vn_vcpus_order *order;
    struct vn_plan *plan;
    struct vn_new_vcpu *fresh;
    size_t n_fresh;
};

/* Pinned already, or to all there is: nothing to say. */
static bool needs_pin(const struct work *w, const struct vn_new_vcpu *fresh)
{
    struct vn_cpuset online;

    vn_host_online(&w->snapshot->host, &online);
    return !fresh->pinned_already && !vn_cpuset_equal(&fresh->cpus, &online);
}

static int store(const struct work *w, struct vn_err *err)
{
    VN_AUTO(vn_buf) xml = {0};
    const char *text = w->vm->stored_xml;
    int r = vn_domxml_set_vcpus(text, strlen(text), w->order->count, w->order->max, &xml, err);

    for (size_t i = 0; r == 0 && i < w->n_fresh; i++) {
        VN_AUTO(vn_buf) next = {0};

        if (!needs_pin(w, &w->fresh[i]) || (w->vm->stored && vn_domain_pin(w->vm->stored, w->fresh[i].vcpu)))
            continue;
        r = vn_domxml_set_pin(vn_buf_text(&xml), xml.len, VN_STEP_VCPUPIN, w->fresh[i].vcpu, &w->fresh[i].cpus, &next,
                              err);
        xml.len = 0;
        vn_buf_str(&xml, vn_buf_text(&next));
    }
    if (r == 0 && xml.failed)
        r = vn_nomem(err);
    return r < 0 ? r : vn_change_define(w->plan, w->vm, xml.ptr, "another number of vCPUs", err);
}

static int add_note(struct vn_plan *plan, const char *text, struct vn_err *err)
{
    char **note = vn_arena_grow(&plan->arena, &plan->notes, &plan->n_notes, sizeof *note);

    if (note)
        *note = vn_arena_strdup(&plan->arena, text);
    return note && *note ? 0 : vn_nomem(err);
}

/* What a person types in the guest that has no agent. */
static int note_by_hand(const struct work *w, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};

    vn_buf_fmt(&text, "no agent answers in %s: where its system does not bring new CPUs online by itself, type there\n"
                      "for c in", w->vm->name);
    for (size_t i = 0; i < w->n_fresh; i++)
        vn_buf_fmt(&text, " %u", w->fresh[i].vcpu);
    vn_buf_str(&text, "; do echo 1 >/sys/devices/system/cpu/cpu$c/online; done");
    return text.failed ? vn_nomem(err) : add_note(w->plan, text.ptr, err);
}

static int bring_online(const struct work *w, const char *count, struct vn_err *err)
{
    VN_AUTO(vn_buf) now = {0};
    struct vn_err why = {0};
    int r = w->app->hv->ops->setting(w->app->hv->self, w->vm->name, ONLINE, &now, &why);

    if (r == 0)
        return vn_change_setting(w->app, w->plan, w->vm, ONLINE, count, "the guest uses what it has", err);
    if (!w->order->guest)
        return note_by_hand(w, err);
    if (r == -VN_E_ABSENT) { /* the VM is there: its host just cannot ask it */
        r = -VN_E_REFUSED;
        why.code = VN_E_REFUSED;
    }
    if (err)
        *err = why;
    return vn_err_ctx(err, r, "--guest needs an agent that answers");
}

static unsigned plugged_of(const struct vn_vm *vm)
{
    unsigned n = 0;

    for (size_t i = 0; i < vm->n_vcpus; i++)
        n += vm->vcpus[i].online;
    return n;
}

static int change_live(const struct work *w, struct vn_err *err)
{
    bool unplugs = w->order->count < plugged_of(w->vm), guest = w->order->guest;
    char count[16];
    int r = 0;

    if (w->order->count > w->vm->live->vcpus_max)
        return vn_failf(err, VN_E_USAGE, "Raise the maximum with --max; it holds from the next start.",
                        "%s can have at most %u vCPU%s while it runs, not %u", w->vm->name, w->vm->live->vcpus_max,
                        w->vm->live->vcpus_max == 1 ? "" : "s", w->order->count);
    (void)snprintf(count, sizeof count, "%u", w->order->count);
    for (size_t i = 0; r == 0 && i < w->n_fresh; i++)
        if (needs_pin(w, &w->fresh[i]))
            r = vn_change_pin(w->plan, &w->snapshot->host, w->vm, VN_STEP_VCPUPIN, w->fresh[i].vcpu, &w->fresh[i].cpus,
                              "before it is plugged, so that it never runs elsewhere", err);
    if (r == 0 && unplugs && guest) /* it lets go of what it does not use */
        r = bring_online(w, count, err);
    if (r == 0)
        r = vn_change_setting(w->app, w->plan, w->vm, PLUGGED, count, "another number of vCPUs", err);
    return r == 0 && !unplugs && (guest || w->n_fresh) ? bring_online(w, count, err) : r;
}

static int check_scope(const struct work *w, const struct vn_apply_opts *opts, struct vn_err *err)
{
    bool live_only = opts->live && !opts->config;

    if (vn_snapshot_is_bare(w->snapshot))
        return vn_failf(err, VN_E_REFUSED, "Plug them with device_add in its monitor; 'vnuma -c qemu-proc: apply' pins "
                        "what was plugged. The maximum is for its start script. Nothing was changed.",
                        "vnuma plugs no vCPUs of a bare QEMU, and %s is one", w->vm->name);
    if (live_only && w->order->max)
        return VN_FAIL(err, VN_E_USAGE, .cause = "the maximum is stored, for the next start", .got = "--live --max",
                       .fix = "Leave --live out.");
    if (live_only && !vn_vm_runs(w->vm))
        return vn_failf(err, VN_E_REFUSED, "Leave --live out to change what is stored. Nothing was changed.",
                        "%s does not run", w->vm->name);
    if ((w->order->max || !opts->live) && !w->vm->stored_xml)
        return vn_failf(err, VN_E_REFUSED, "Change what runs with --live. Nothing was changed.",
                        "nothing is stored of %s", w->vm->name);
    return 0;
}

static int refuse_guest(const struct work *w, const struct vn_apply_opts *opts, struct vn_err *err)
{
    return vn_failf(err, VN_E_REFUSED, "Leave --guest out to change what is stored. Nothing was changed.",
                    opts->live ? "--guest asks the guest, and %s does not run"
                               : "--guest asks the guest, and --config leaves what runs of %s as it is",
                    w->vm->name);
}

int vn_app_vcpus(struct vn_app *app, const struct vn_snapshot *snapshot, const struct vn_vm *vm,
                 const struct vn_vcpus_order *order, const struct vn_apply_opts *opts, struct vn_plan *plan,
                 struct vn_new_vcpus *ret_new, struct vn_err *err)
{
    struct work w = {.app = app, .snapshot = snapshot, .vm = vm, .order = order, .plan = plan};
    bool live = opts->live && vm->live && vn_vm_runs(vm) && order->count;
    int r = check_scope(&w, opts, err);

    if (r == 0 && order->guest && !live)
        r = refuse_guest(&w, opts, err);
    if (r == 0 && live)
        r = vn_new_vcpus(snapshot, vm, order->count, &plan->arena, &w.fresh, &w.n_fresh, err);
    if (r == 0 && opts->config && vm->stored_xml)
        r = store(&w, err);
    if (r == 0 && live)
        r = change_live(&w, err);
    if (r == 0)
        *ret_new = (struct vn_new_vcpus){w.fresh, w.n_fresh};
    return r;
}
