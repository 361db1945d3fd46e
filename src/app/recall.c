/* SPDX-License-Identifier: MIT */
/* A host where nothing is stored: what says where threads should be is the journal. */
#include <string.h>

#include "app/act.h"

static struct vn_thread *thread_of(const struct vn_snapshot *now, const struct vn_step *step)
{
    for (size_t i = 0; i < now->n_vms; i++) {
        struct vn_vm *vm = &now->vms[i];
        struct vn_thread *threads = step->kind == VN_STEP_VCPUPIN ? vm->vcpus : vm->iothreads;
        size_t count = step->kind == VN_STEP_VCPUPIN ? vm->n_vcpus : vm->n_iothreads;

        if (strcmp(vm->uuid, step->uuid ? step->uuid : "") != 0)
            continue;
        if (step->kind == VN_STEP_EMULATORPIN)
            return &vm->emulator;
        for (size_t t = 0; t < count; t++)
            if (threads[t].id == step->index)
                return &threads[t];
    }
    return NULL;
}

static int recall_entry(struct vn_app *app, int64_t id, struct vn_snapshot *now, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_journal_entry entry = {0};
    int r = app->store->ops->read(app->store->self, id, &arena, &entry, err);

    for (size_t i = 0; r == 0 && i < entry.n_steps; i++) {
        const struct vn_journal_step *at = &entry.steps[i];
        struct vn_thread *thread = at->state == VN_STEP_DONE && vn_act_is_pin(&at->step) ? thread_of(now, &at->step) : NULL;

        if (thread && thread->known & VN_THREAD_CONFIGURED)
            thread->configured = at->step.cpus_after;
    }
    return r;
}

int vn_app_recall_pins(struct vn_app *app, struct vn_snapshot *now, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_journal_entry *entries = NULL;
    size_t n = 0;
    int r;

    if (!app->hv->ops->keep || !app->store)
        return 0;
    r = app->store->ops->list(app->store->self, app->hv->uri, &arena, &entries, &n, err);
    for (size_t i = n; r == 0 && i-- > 0;) /* the oldest first: what was pinned again since counts */
        if (entries[i].state == VN_APPLY_DONE || entries[i].state == VN_APPLY_PARTIAL)
            r = recall_entry(app, entries[i].id, now, err);
    return vn_err_ctx(err, r, "cannot read what was applied");
}
