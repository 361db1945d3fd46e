/* SPDX-License-Identifier: MIT */
/* Where the thing that a step changes is now. */
#include <string.h>
#include <vnuma/buf.h>
#include <vnuma/units.h>

#include "app/act.h"
#include "codec/domxml.h"

bool vn_act_is_live(const struct vn_step *step)
{
    return step->kind != VN_STEP_DEFINE;
}

static const struct vn_thread *thread_of(const struct vn_vm *vm, const struct vn_step *step)
{
    if (step->kind == VN_STEP_EMULATORPIN)
        return &vm->emulator;
    if (step->kind == VN_STEP_VCPUPIN) {
        for (size_t i = 0; i < vm->n_vcpus; i++)
            if (vm->vcpus[i].id == step->index)
                return &vm->vcpus[i];
    } else {
        for (size_t i = 0; i < vm->n_iothreads; i++)
            if (vm->iothreads[i].id == step->index)
                return &vm->iothreads[i];
    }
    return NULL;
}

/* The pin in the XML; NULL: none, the thread floats. */
static const struct vn_cpuset *xml_pin(const struct vn_domain *domain, const struct vn_step *step)
{
    if (step->kind == VN_STEP_VCPUPIN)
        return vn_domain_pin(domain, step->index);
    if (step->kind == VN_STEP_EMULATORPIN && domain->has_emulatorpin)
        return &domain->emulatorpin;
    if (step->kind == VN_STEP_IOTHREADPIN)
        for (size_t i = 0; i < domain->n_iothreadpins; i++)
            if (domain->iothreadpins[i].id == step->index)
                return &domain->iothreadpins[i].cpus;
    return domain->has_vcpu_cpus ? &domain->vcpu_cpus : NULL;
}

void vn_act_pin_now(const struct vn_host *host, const struct vn_vm *vm, const struct vn_step *step,
                    struct vn_cpuset *ret)
{
    const struct vn_thread *thread = thread_of(vm, step);
    const struct vn_cpuset *pin = vm->live ? xml_pin(vm->live, step) : NULL;

    if (thread && thread->known & VN_THREAD_CONFIGURED)
        *ret = thread->configured;
    else if (pin)
        *ret = *pin;
    else
        vn_host_online(host, ret);
}

bool vn_act_same_pin(const struct vn_cpuset *a, const struct vn_cpuset *b, const struct vn_cpuset *online)
{
    struct vn_cpuset x = *a, y = *b;

    vn_cpuset_and(&x, online);
    vn_cpuset_and(&y, online);
    return vn_cpuset_equal(&x, &y);
}

static enum vn_look look_pin(const struct vn_snapshot *snapshot, const struct vn_vm *vm, const struct vn_step *step,
                             struct vn_arena *arena, char **ret_now)
{
    struct vn_cpuset now, online;

    vn_host_online(&snapshot->host, &online);
    vn_act_pin_now(&snapshot->host, vm, step, &now);
    *ret_now = vn_cpuset_text(arena, &now);
    if (*ret_now)
        *ret_now = vn_arena_printf(arena, "pinned to %s", *ret_now);
    if (vn_act_same_pin(&now, &step->cpus_before, &online))
        return VN_LOOK_BEFORE;
    return vn_act_same_pin(&now, &step->cpus_after, &online) ? VN_LOOK_AFTER : VN_LOOK_NEITHER;
}

/* The nodes memory comes from; without a <numatune> every node that has any. */
static void nodes_now(const struct vn_host *host, const struct vn_vm *vm, struct vn_nodeset *ret)
{
    *ret = (struct vn_nodeset){0};
    if (vm->live && vm->live->has_numatune)
        *ret = vm->live->mem_nodes;
    if (!vn_nodeset_empty(ret))
        return;
    for (size_t i = 0; i < host->n_nodes; i++)
        if (host->nodes[i].memory_kib)
            vn_nodeset_add(ret, (unsigned)host->nodes[i].id);
}

static enum vn_look look_nodeset(const struct vn_host *host, const struct vn_vm *vm, const struct vn_step *step,
                                 struct vn_arena *arena, char **ret_now)
{
    struct vn_nodeset now;

    nodes_now(host, vm, &now);
    *ret_now = vn_nodeset_text(arena, &now);
    if (*ret_now)
        *ret_now = vn_arena_printf(arena, "on nodeset '%s'", *ret_now);
    if (vn_nodeset_equal(&now, &step->nodes_before))
        return VN_LOOK_BEFORE;
    return vn_nodeset_equal(&now, &step->nodes_after) ? VN_LOOK_AFTER : VN_LOOK_NEITHER;
}

/* Byte for byte; a host writes a definition in its own way, so that "after" may be known by what it says only. */
static int look_define(const struct vn_vm *vm, const struct vn_step *step, bool exact, struct vn_arena *arena,
                       enum vn_look *ret_look, char **ret_now, struct vn_err *err)
{
    bool same = false;
    int r;

    *ret_now = vn_arena_strdup(arena, vm->stored_xml ? "stored with another XML" : "not stored at all");
    if (!vm->stored_xml || !step->xml_before || !step->xml_after) {
        *ret_look = !vm->stored_xml == !step->xml_before ? VN_LOOK_BEFORE : VN_LOOK_NEITHER;
        return 0;
    }
    *ret_look = VN_LOOK_BEFORE;
    if (!strcmp(vm->stored_xml, step->xml_before))
        return 0;
    *ret_look = VN_LOOK_AFTER;
    if (!strcmp(vm->stored_xml, step->xml_after))
        return 0;
    r = exact ? 0 : vn_same_placement(vm->stored_xml, step->xml_after, &same, err);
    *ret_look = same ? VN_LOOK_AFTER : VN_LOOK_NEITHER;
    return r;
}

static int look_saved(struct vn_app *app, const struct vn_step *step, struct vn_arena *arena, enum vn_look *ret_look,
                      char **ret_now, struct vn_err *err)
{
    VN_AUTO(vn_buf) now = {0};
    bool before = false, after = false;
    int r = app->hv->ops->xml(app->hv->self, step->vm, VN_XML_MIGRATABLE, &now, err);

    if (r == 0)
        r = vn_same_placement(vn_buf_text(&now), step->xml_before ? step->xml_before : "", &before, err);
    if (r == 0 && !before)
        r = vn_same_placement(vn_buf_text(&now), step->xml_after ? step->xml_after : "", &after, err);
    *ret_now = vn_arena_strdup(arena, "running with another placement");
    *ret_look = before ? VN_LOOK_BEFORE : after ? VN_LOOK_AFTER : VN_LOOK_NEITHER;
    return r;
}

/* vCPUs go one by one, and a guest may let go of some only. */
static bool is_between(const struct vn_step *step, const char *now)
{
    uint64_t before, after, value;

    if (!*step->vm || vn_uint_parse(step->value_before, UINT32_MAX, &before, NULL) < 0 ||
        vn_uint_parse(step->value_after, UINT32_MAX, &after, NULL) < 0 ||
        vn_uint_parse(now, UINT32_MAX, &value, NULL) < 0)
        return false;
    return (before < value && value < after) || (after < value && value < before);
}

static int look_setting(struct vn_app *app, const struct vn_step *step, struct vn_arena *arena,
                        enum vn_look *ret_look, char **ret_now, struct vn_err *err)
{
    VN_AUTO(vn_buf) now = {0};
    int r = app->hv->ops->setting(app->hv->self, step->vm, step->key, &now, err);
    const char *value = vn_buf_text(&now);

    if (r < 0)
        return r;
    if (now.failed)
        return vn_nomem(err);
    *ret_now = vn_arena_printf(arena, "set to %s", value[0] ? value : "nothing");
    *ret_look = !strcmp(value, step->value_before)  ? VN_LOOK_BEFORE
                : !strcmp(value, step->value_after) ? VN_LOOK_AFTER
                : is_between(step, value)           ? VN_LOOK_BETWEEN
                                                    : VN_LOOK_NEITHER;
    return 0;
}

/* NULL: the step goes on; else why there is nothing left of what it is about. */
static const char *is_gone(const struct vn_vm *vm, const struct vn_step *step)
{
    if (step->kind == VN_STEP_SETTING && !step->vm[0]) /* the host's */
        return NULL;
    if (!vm)
        return "the VM is gone";
    if (step->uuid && step->uuid[0] && strcmp(vm->uuid, step->uuid) != 0)
        return "the VM is gone; another one has its name now";
    if (vn_act_is_live(step) && !vn_vm_runs(vm))
        return "the VM does not run";
    return NULL;
}

static const struct vn_vm *find_vm(const struct vn_snapshot *snapshot, const struct vn_step *step)
{
    for (size_t i = 0; i < snapshot->n_vms; i++)
        if (!strcmp(snapshot->vms[i].name, step->vm))
            return &snapshot->vms[i];
    return NULL;
}

int vn_act_look(struct vn_app *app, const struct vn_snapshot *snapshot, const struct vn_step *step,
                bool exact, struct vn_arena *arena, enum vn_look *ret_look, char **ret_now, struct vn_err *err)
{
    const struct vn_vm *vm = find_vm(snapshot, step);
    const char *gone = is_gone(vm, step);
    int r = 0;

    *ret_now = NULL;
    if (gone) {
        *ret_look = VN_LOOK_GONE;
        *ret_now = vn_arena_strdup(arena, gone);
    } else if (step->kind == VN_STEP_DEFINE) {
        r = look_define(vm, step, exact, arena, ret_look, ret_now, err);
    } else if (step->kind == VN_STEP_SETTING) {
        r = look_setting(app, step, arena, ret_look, ret_now, err);
    } else if (step->kind == VN_STEP_SAVE_RESTORE) {
        r = look_saved(app, step, arena, ret_look, ret_now, err);
    } else if (step->kind == VN_STEP_NODESET) {
        *ret_look = look_nodeset(&snapshot->host, vm, step, arena, ret_now);
    } else if (step->kind == VN_STEP_MOVE_MEMORY) {
        *ret_look = vn_move_look(&snapshot->host, vm, step);
        *ret_now = vn_arena_strdup(arena, *ret_look == VN_LOOK_GONE ? "the VM has no such cell now"
                                                                   : "resident on other nodes");
    } else {
        *ret_look = look_pin(snapshot, vm, step, arena, ret_now);
    }
    return r == 0 && !*ret_now ? vn_nomem(err) : r;
}
