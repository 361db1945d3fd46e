/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "app/run.h"

static int drift_all(const struct vn_snapshot *now, const char *const *names, size_t n_names,
                     const struct vn_drift_opts *opts, struct vn_findings *ret, struct vn_err *err)
{
    int r = 0;

    if (!n_names)
        for (size_t i = 0; r == 0 && i < now->n_vms; i++)
            r = vn_doctor_drift(now, &now->vms[i], opts, ret, err);
    for (size_t i = 0; r == 0 && i < n_names; i++) {
        const struct vn_vm *vm = vn_snapshot_vm(now, names[i]);

        if (!vm)
            return VN_FAIL(err, VN_E_ABSENT, .got = names[i], .cause = "there is no VM of that name",
                           .fix = "'vnuma vm' lists those that are there.");
        r = vn_doctor_drift(now, vm, opts, ret, err);
    }
    return r;
}

int vn_app_verify(struct vn_app *app, const char *const *names, size_t n_names, const struct vn_drift_opts *opts,
                  struct vn_findings *ret, struct vn_err *err)
{
    VN_AUTO(vn_snapshot) now = {0};
    struct vn_findings findings = {0};
    int r = vn_app_observe(app, names, n_names, &now, err);

    if (r == 0)
        r = vn_app_recall_pins(app, &now, err);
    if (r == 0)
        r = drift_all(&now, names, n_names, opts, &findings, err);
    if (r < 0) {
        vn_findings_drop(&findings);
        return r;
    }
    *ret = findings;
    return 0;
}

/* The kernel may take a value and make another of it. */
static int verify_setting(struct vn_app *app, const struct vn_snapshot *now, const struct vn_step *step,
                          struct vn_findings *ret, struct vn_err *err)
{
    struct vn_finding *finding;
    enum vn_look look;
    char *there;
    int r = vn_act_look(app, now, step, true, &ret->arena, &look, &there, err);

    if (r < 0 || look == VN_LOOK_AFTER || !strcmp(step->value_before, step->value_after))
        return r;
    finding = vn_findings_add(ret, "setting", VN_SEV_ERROR, *step->vm ? step->vm : "the host",
                              "a value was set, and another one is there", "vnuma history");
    if (!finding || vn_finding_evidence(ret, finding, step->key, there, "read back") < 0 ||
        vn_finding_evidence(ret, finding, "asked for", step->value_after, "vnuma") < 0)
        return vn_nomem(err);
    return 0;
}

static bool named_before(const struct vn_journal_step *steps, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (!strcmp(steps[k].step.vm, steps[i].step.vm))
            return true;
    return false;
}

/* The apply is done whether or not it can be looked at afterwards: that is a finding, no error. */
static int cannot_look(const struct vn_err *why, struct vn_findings *ret, struct vn_err *err)
{
    char text[1024];
    struct vn_finding *finding = vn_findings_add(ret, "unchecked", VN_SEV_WARNING, "the whole apply",
                                                 "every step was done, but the host could not be read afterwards",
                                                 "vnuma verify");

    if (!finding || vn_finding_evidence(ret, finding, "error", vn_err_text(why, text, sizeof text), "vnuma") < 0)
        return vn_nomem(err);
    return 0;
}

static bool moves_memory(const struct vn_journal_step *steps, size_t n_steps)
{
    for (size_t i = 0; i < n_steps; i++)
        if (steps[i].step.kind == VN_STEP_MOVE_MEMORY)
            return true;
    return false;
}

int vn_verify_into(struct vn_app *app, const struct vn_journal_step *steps, size_t n_steps,
                   const struct vn_apply_opts *asked, struct vn_findings *ret, struct vn_err *err)
{
    VN_AUTO(vn_snapshot) now = {0};
    struct vn_drift_opts opts = {.min_local_pct = asked->min_local_pct,
                                 .told_only = asked->by_hand && !moves_memory(steps, n_steps)};
    struct vn_err why = {0};
    int r = n_steps ? vn_run_observe(app, steps, n_steps, &now, &why) : 0;

    for (size_t i = 0; r == 0 && i < n_steps; i++) {
        const struct vn_vm *vm = named_before(steps, i) ? NULL : vn_snapshot_vm(&now, steps[i].step.vm);

        if (steps[i].step.kind == VN_STEP_SETTING)
            r = verify_setting(app, &now, &steps[i].step, ret, &why);
        if (r == 0 && vm)
            r = vn_doctor_drift(&now, vm, &opts, ret, &why);
    }
    return r < 0 ? cannot_look(&why, ret, err) : 0;
}
