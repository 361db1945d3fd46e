/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/session.h"
#include "cli/show_vm.h"

static int drifts(const struct vn_snapshot *snapshot, const struct vn_vm *vm, bool *ret, struct vn_err *err)
{
    VN_AUTO(vn_findings) findings = {0};
    struct vn_drift_opts opts = {0};
    int r = vn_doctor_drift(snapshot, vm, &opts, &findings, err);

    *ret = false;
    for (size_t i = 0; i < findings.count; i++)
        *ret = *ret || findings.items[i].severity != VN_SEV_INFO;
    return r;
}

static int list(struct vn_doc *doc, const struct vn_snapshot *snapshot, struct vn_err *err)
{
    struct vn_val *json = vn_doc_array(doc, NULL, "vms", NULL), *rows = cli_vm_rows(doc);

    for (size_t i = 0; i < snapshot->n_vms; i++) {
        const struct vn_vm *vm = &snapshot->vms[i];
        bool drift;
        int r = drifts(snapshot, vm, &drift, err);

        if (r < 0)
            return r;
        cli_vm_object(doc, vn_doc_object(doc, json, NULL, NULL), snapshot, vm, drift);
        cli_vm_row(doc, rows, snapshot, vm, drift);
    }
    if (!snapshot->n_vms)
        vn_doc_say(doc, NULL, "This host has no VMs.");
    return 0;
}

static int one(struct vn_doc *doc, const struct vn_snapshot *snapshot, const char *name, struct vn_err *err)
{
    const struct vn_vm *vm = vn_snapshot_vm(snapshot, name);
    bool drift;
    int r;

    if (!vm)
        return VN_FAIL(err, VN_E_ABSENT, .cause = "no such VM", .got = name);
    r = drifts(snapshot, vm, &drift, err);
    if (r < 0)
        return r;
    cli_vm_object(doc, NULL, snapshot, vm, drift);
    cli_vm_text(doc, snapshot, vm, drift);
    return 0;
}

int cmd_vm(struct cli *cli, struct vn_err *err)
{
    struct cli_session session;
    VN_AUTO(vn_snapshot) snapshot = {0};
    VN_AUTO(vn_doc) doc = {0};
    int r;

    r = cli_session_open(cli, CLI_WITH_PINS, &session, err);
    if (r < 0)
        return r;
    r = cli_observe(&session, cli->names, cli->n_names, &snapshot, err);
    if (r == 0)
        r = vn_app_recall_pins(&session.app, &snapshot, err);
    cli_session_drop(&session);
    if (r < 0)
        return r;
    vn_doc_init(&doc, cli->command->schema);
    r = cli->n_names ? one(&doc, &snapshot, cli->names[0], err) : list(&doc, &snapshot, err);
    return r < 0 ? r : cli_show(cli, &doc, err);
}
