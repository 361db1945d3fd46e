/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <vnuma/buf.h>
#include <vnuma/doctor.h>
#include <vnuma/units.h>

#include "app/vcpus.h"
#include "cli/carry.h"

static int usage(const char *cause, const char *got, struct vn_err *err)
{
    return VN_FAIL(err, VN_E_USAGE, .cause = cause, .got = got, .fix = "'vnuma vcpus --help' shows how.");
}

static int read_order(const struct cli *cli, struct vn_vcpus_order *ret, struct vn_err *err)
{
    uint64_t count = 0, max = 0;
    int r = 0;

    if (!cli->n_names)
        return usage("vcpus needs a VM", NULL, err);
    if (cli->n_names > 1)
        r = vn_err_ctx(err, vn_uint_parse(cli->names[1], VN_CPU_MAX, &count, err), "the number of vCPUs");
    if (r == 0)
        r = cli_number(cli, "max", VN_CPU_MAX, &max, err);
    if (r == 0 && ((cli->n_names > 1 && !count) || (cli_has(cli, "max") && !max)))
        r = usage("a guest needs one vCPU at least", "0", err);
    if (r == 0 && cli_has(cli, "guest") && !count)
        r = usage("--guest goes with a number of vCPUs", NULL, err);
    *ret = (struct vn_vcpus_order){(unsigned)count, (unsigned)max, cli_has(cli, "guest")};
    return r;
}

static void int_or_null(struct vn_doc *doc, struct vn_val *row, const char *key, int value)
{
    if (value < 0)
        vn_doc_null(doc, row, key, NULL);
    else
        vn_doc_int(doc, row, key, NULL, value);
}

static void list_vcpus(struct vn_doc *doc, const struct vn_snapshot *snapshot, const struct vn_vm *vm)
{
    static const struct vn_column columns[] = {{"vcpu", "VCPU", VN_COL_RIGHT}, {"state", "STATE", 0},
                                               {"cell", "CELL", VN_COL_RIGHT},  {"node", "NODE", VN_COL_RIGHT},
                                               {"pin", "MAY RUN ON", 0},        {"cpu", "RAN ON", VN_COL_RIGHT}};
    static const struct vn_table table = {NULL, columns, VN_COUNT(columns)};
    struct vn_val *rows = vn_doc_array(doc, NULL, "vcpus", &table);
    const struct vn_domain *domain = vn_vm_domain(vm);

    for (unsigned i = 0; domain && i < domain->vcpus_max; i++) {
        const struct vn_thread *thread = i < vm->n_vcpus ? &vm->vcpus[i] : NULL;
        const struct vn_cpuset *pin = vn_domain_pin(domain, i);
        bool plugged = thread ? thread->online : i < domain->vcpus;
        struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);
        int cell = vn_domain_cell_of(domain, i);

        if (thread && thread->known & VN_THREAD_CONFIGURED)
            pin = &thread->configured;
        vn_doc_int(doc, row, "vcpu", NULL, i);
        vn_doc_text(doc, row, "state", NULL, plugged ? "plugged" : "to be plugged");
        int_or_null(doc, row, "cell", cell);
        int_or_null(doc, row, "node", vm->live ? vn_cell_home(snapshot, vm, cell < 0 ? 0 : (unsigned)cell) : -1);
        if (pin)
            vn_doc_cpus(doc, row, "pin", NULL, pin);
        else
            vn_doc_null(doc, row, "pin", NULL);
        int_or_null(doc, row, "cpu", thread && plugged ? thread->cpu : -1);
    }
}

static unsigned plugged_of(const struct vn_vm *vm)
{
    unsigned n = 0;

    for (size_t i = 0; i < vm->n_vcpus; i++)
        n += vm->vcpus[i].online;
    return n;
}

static void add_numbers(struct vn_doc *doc, const char *key, const char *when, unsigned count, unsigned max)
{
    struct vn_val *object = vn_doc_object(doc, NULL, key, NULL);

    vn_doc_int(doc, object, "vcpus", NULL, count);
    vn_doc_int(doc, object, "max", NULL, max);
    vn_doc_say(doc, NULL, "%s: %u of %u vCPUs", when, count, max);
}

static int view(struct cli_session *session, const struct cli *cli, const struct vn_snapshot *snapshot,
                struct vn_err *err)
{
    const struct vn_vm *vm = vn_snapshot_vm(snapshot, cli->names[0]);
    VN_AUTO(vn_doc) doc = {0};
    VN_AUTO(vn_buf) guest = {0};

    vn_doc_init(&doc, cli->command->schema);
    vn_doc_text(&doc, NULL, "name", NULL, vm->name);
    vn_doc_text(&doc, NULL, "state", NULL, vn_vm_state_name(vm->state));
    vn_doc_say(&doc, NULL, "%s, %s", vm->name, vn_vm_state_name(vm->state));
    if (vm->live)
        add_numbers(&doc, "live", "Now", plugged_of(vm), vm->live->vcpus_max);
    if (vm->stored)
        add_numbers(&doc, "stored", "At next start", vm->stored->vcpus, vm->stored->vcpus_max);
    /* no agent is no error: then nobody can say */
    if (vm->live && session->hv.ops->setting(session->hv.self, vm->name, "guest.vcpus", &guest, NULL) == 0) {
        vn_doc_int(&doc, NULL, "guest_online", NULL, atoi(vn_buf_text(&guest))); /* the door's own number */
        vn_doc_say(&doc, NULL, "In the guest: %s online, says its agent", vn_buf_text(&guest));
    } else {
        vn_doc_null(&doc, NULL, "guest_online", NULL);
    }
    list_vcpus(&doc, snapshot, vm);
    return cli_show(cli, &doc, err);
}

static void say_notes(const struct cli *cli, const struct vn_plan *plan)
{
    for (size_t i = 0; i < plan->n_notes; i++)
        cli_note(cli, "vnuma: %s", plan->notes[i]);
}

static int run(struct cli_session *session, struct cli *cli, const struct vn_vcpus_order *order, struct vn_err *err)
{
    VN_AUTO(vn_snapshot) snapshot = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_apply_opts opts = {0};
    int r = cli_change_opts(cli, &opts, err);

    if (r == 0)
        r = cli_observe(session, cli->names, 1, &snapshot, err);
    if (r == 0 && !order->count && !order->max)
        return view(session, cli, &snapshot, err);
    if (r == 0)
        r = vn_app_vcpus(&session->app, &snapshot, vn_snapshot_vm(&snapshot, cli->names[0]), order, &opts, &plan, err);
    if (r == 0)
        r = cli_carry_out(session, cli, &plan, &opts, err);
    if (r >= 0)
        say_notes(cli, &plan);
    return r;
}

int cmd_vcpus(struct cli *cli, struct vn_err *err)
{
    struct cli_session session;
    struct vn_vcpus_order order = {0};
    int r = read_order(cli, &order, err);

    if (r == 0)
        r = cli_session_open(cli, order.count || order.max ? CLI_WITH_STORE : 0, &session, err);
    if (r < 0)
        return r;
    r = run(&session, cli, &order, err);
    cli_session_drop(&session);
    return r;
}
