/* SPDX-License-Identifier: MIT */
#include "app/cpu.h"

#include <string.h>

#include "app/change.h"

/* Another CPU in a VM's stored configuration, as a plan that apply carries out and undo takes back. */

int vn_app_cpu_plan(const struct vn_vm *vm, const struct vn_cpu_wish *wish, struct vn_plan *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) xml = {0};
    struct vn_plan plan = {.optimal = true};
    char *reason;
    int r;

    if (!vm->stored_xml)
        return VN_FAIL(err, VN_E_REFUSED, .got = vm->name, .cause = "the VM is transient: nothing is stored of it",
                       .fix = "Define it to keep it, with 'virsh define'. Nothing was changed.");
    r = vn_domxml_set_cpu(vm->stored_xml, strlen(vm->stored_xml), wish->mode, wish->model, wish->drop_features,
                          &xml, err);
    reason = vn_arena_printf(&plan.arena, "the guest is to have the CPU %s", wish->model ? wish->model : wish->mode);
    if (r == 0)
        r = reason ? vn_change_define(&plan, vm, vn_buf_text(&xml), reason, err) : vn_nomem(err);
    if (r < 0) {
        vn_plan_drop(&plan);
        return r;
    }
    *ret = plan;
    return 0;
}

int vn_app_cpu_verify(struct vn_app *app, const char *vm, const struct vn_cpu_wish *wish, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    VN_AUTO(vn_buf) xml = {0};
    struct vn_cpu_doc doc;
    int r = app->hv->ops->xml(app->hv->self, vm, VN_XML_STORED, &xml, err);

    if (r == 0)
        r = vn_cpuxml_domain(vn_buf_text(&xml), xml.len, &arena, &doc, err);
    if (r < 0)
        return vn_err_ctx(err, r, "it was stored, and cannot be read again");
    if (strcmp(*doc.cpu.mode || !*doc.cpu.model ? doc.cpu.mode : "custom", wish->mode) ||
        (wish->model && strcmp(doc.cpu.model, wish->model)))
        return vn_failf(err, VN_E_IO, "'vnuma undo' takes it back.",
                        "%s was stored with the CPU '%s %s' and not with what was asked for", vm, doc.cpu.mode,
                        doc.cpu.model);
    return 0;
}
