/* SPDX-License-Identifier: MIT */
#include <vnuma/buf.h>
#include <vnuma/doctor.h>
#include <vnuma/units.h>

#include "app/guest.h"
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
    if (r == 0 && cli_has(cli, "guest") && !count && max)
        r = usage("--guest goes with a number of vCPUs, or alone, to look", NULL, err);
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

static void plugged_of(const struct vn_vm *vm, struct vn_cpuset *ret)
{
    for (size_t i = 0; i < vm->n_vcpus; i++)
        if (vm->vcpus[i].online)
            vn_cpuset_add(ret, vm->vcpus[i].id);
}

/* What the guest says of a vCPU; @plugged: all that are. */
static void add_guest(struct vn_doc *doc, struct vn_val *row, const struct vn_guest_cpus *guest,
                      const struct vn_cpuset *plugged, unsigned vcpu)
{
    bool known = vn_cpuset_has(plugged, vcpu) && vn_guest_cpus_match(plugged);
    int64_t interrupts = known ? vn_guest_cpu_interrupts(guest, vcpu) : -1;

    if (known && !guest->no_online.code)
        vn_doc_bool(doc, row, "guest_online", NULL, vn_cpuset_has(&guest->online, vcpu));
    else
        vn_doc_null(doc, row, "guest_online", NULL);
    if (interrupts >= 0)
        vn_doc_int(doc, row, "guest_interrupts", NULL, interrupts);
    else
        vn_doc_null(doc, row, "guest_interrupts", NULL);
}

/* Columns that nobody can fill are left out of what a person sees: they are the last ones. */
static const struct vn_table *table_for(const struct vn_guest_cpus *guest)
{
    static const struct vn_column columns[] = {
        {"vcpu", "VCPU", VN_COL_RIGHT}, {"state", "STATE", 0},
        {"cell", "CELL", VN_COL_RIGHT}, {"node", "NODE", VN_COL_RIGHT},
        {"pin", "MAY RUN ON", 0},       {"cpu", "RAN ON", VN_COL_RIGHT},
        {"guest_online", "ONLINE", 0},  {"guest_interrupts", "INTERRUPTS", VN_COL_RIGHT}};
    static const struct vn_table tables[] = {{NULL, columns, VN_COUNT(columns) - 2},
                                             {NULL, columns, VN_COUNT(columns) - 1},
                                             {NULL, columns, VN_COUNT(columns)}};

    return &tables[guest->no_online.code ? 0 : guest->no_interrupts.code ? 1 : 2];
}

static void list_vcpus(struct vn_doc *doc, const struct vn_snapshot *snapshot, const struct vn_vm *vm,
                       const struct vn_guest_cpus *guest)
{
    struct vn_val *rows = vn_doc_array(doc, NULL, "vcpus", table_for(guest));
    struct vn_cpuset all = {{0}};
    const struct vn_domain *domain = vn_vm_domain(vm);

    plugged_of(vm, &all);
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
        add_guest(doc, row, guest, &all, i);
    }
}

static void add_numbers(struct vn_doc *doc, const char *key, const char *when, unsigned count, unsigned max)
{
    struct vn_val *object = vn_doc_object(doc, NULL, key, NULL);

    vn_doc_int(doc, object, "vcpus", NULL, count);
    vn_doc_int(doc, object, "max", NULL, max);
    vn_doc_say(doc, NULL, "%s: %u of %u vCPUs", when, count, max);
}

/* no agent is no error where nobody asked for one: then nobody can say */
static int ask_guest(struct cli_session *session, const struct cli *cli, const struct vn_vm *vm, struct vn_arena *arena,
                     struct vn_guest_cpus *ret, struct vn_err *err)
{
    const struct vn_err *why = &ret->no_interrupts;

    if (!vm->live) {
        (void)vn_failf(&ret->no_online, VN_E_REFUSED, "Start it first.", "'%s' does not run", vm->name);
        ret->no_interrupts = ret->no_online;
    } else {
        vn_app_guest_cpus(&session->app, vm->name, cli_has(cli, "guest"), arena, ret);
    }
    if (!cli_has(cli, "guest") || !why->code)
        return 0;
    if (err)
        *err = *why;
    return vn_err_ctx(err, -why->code, "--guest needs an agent that answers");
}

static void say_guest(struct vn_doc *doc, const struct vn_guest_cpus *guest)
{
    unsigned count = vn_cpuset_count(&guest->online);

    if (guest->no_online.code) {
        vn_doc_null(doc, NULL, "guest_online", NULL);
        return;
    }
    vn_doc_int(doc, NULL, "guest_online", NULL, count);
    vn_doc_say(doc, NULL, "In the guest: %u online, says its agent", count);
}

static int view(struct cli_session *session, const struct cli *cli, const struct vn_snapshot *snapshot,
                struct vn_err *err)
{
    const struct vn_vm *vm = vn_snapshot_vm(snapshot, cli->names[0]);
    struct vn_cpuset plugged = {{0}};
    struct vn_guest_cpus guest = {0};
    VN_AUTO(vn_arena) arena = {0};
    VN_AUTO(vn_doc) doc = {0};
    int r = ask_guest(session, cli, vm, &arena, &guest, err);

    if (r < 0)
        return r;
    plugged_of(vm, &plugged);
    vn_doc_init(&doc, cli->command->schema);
    vn_doc_text(&doc, NULL, "name", NULL, vm->name);
    vn_doc_text(&doc, NULL, "state", NULL, vn_vm_state_name(vm->state));
    vn_doc_say(&doc, NULL, "%s, %s", vm->name, vn_vm_state_name(vm->state));
    if (vm->live)
        add_numbers(&doc, "live", "Now", vn_cpuset_count(&plugged), vm->live->vcpus_max);
    if (vm->stored)
        add_numbers(&doc, "stored", "At next start", vm->stored->vcpus, vm->stored->vcpus_max);
    say_guest(&doc, &guest);
    list_vcpus(&doc, snapshot, vm, &guest);
    return cli_show(cli, &doc, err);
}

static void say_notes(const struct cli *cli, const struct vn_plan *plan)
{
    for (size_t i = 0; i < plan->n_notes; i++)
        cli_note(cli, "vnuma: %s", plan->notes[i]);
}

/* vCPUs that were plugged, and where to ask what the guest made of them. */
struct plugging {
    struct cli_session *session;
    const struct vn_vm *vm; /* as it was before */
    struct vn_new_vcpus fresh;
};

/* The guest's own word for each vCPU that came. */
static void show_fresh(void *self, struct vn_doc *doc)
{
    static const struct vn_column columns[] = {{"vcpu", "VCPU", VN_COL_RIGHT},
                                               {"guest_online", "ONLINE", 0},
                                               {"guest_interrupts", "INTERRUPTS", VN_COL_RIGHT}};
    static const struct vn_table table = {"In the guest", columns, VN_COUNT(columns)};
    const struct plugging *at = self;
    struct vn_cpuset plugged = {{0}};
    struct vn_guest_cpus guest;
    VN_AUTO(vn_arena) arena = {0};
    struct vn_val *rows;

    vn_app_guest_cpus(&at->session->app, at->vm->name, true, &arena, &guest);
    if (guest.no_online.code)
        return; /* without an agent a note says what to type */
    if (guest.no_interrupts.code)
        cli_complain(&guest.no_interrupts);
    plugged_of(at->vm, &plugged);
    for (size_t i = 0; i < at->fresh.count; i++)
        vn_cpuset_add(&plugged, at->fresh.items[i].vcpu);
    rows = vn_doc_array(doc, NULL, "new_vcpus", &table);
    for (size_t i = 0; i < at->fresh.count; i++) {
        struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);
        unsigned vcpu = at->fresh.items[i].vcpu;

        vn_doc_int(doc, row, "vcpu", NULL, vcpu);
        add_guest(doc, row, &guest, &plugged, vcpu);
    }
}

static int change(struct cli_session *session, struct cli *cli, const struct vn_snapshot *snapshot,
                  const struct vn_vcpus_order *order, const struct vn_apply_opts *opts, struct vn_err *err)
{
    VN_AUTO(vn_plan) plan = {0};
    struct plugging plugging = {.session = session, .vm = vn_snapshot_vm(snapshot, cli->names[0])};
    struct cli_more more = {show_fresh, &plugging};
    int r = vn_app_vcpus(&session->app, snapshot, plugging.vm, order, opts, &plan, &plugging.fresh, err);

    if (r == 0)
        r = cli_carry_out_more(session, cli, &plan, opts, plugging.fresh.count ? &more : NULL, err);
    if (r >= 0)
        say_notes(cli, &plan);
    return r;
}

static int run(struct cli_session *session, struct cli *cli, const struct vn_vcpus_order *order, struct vn_err *err)
{
    VN_AUTO(vn_snapshot) snapshot = {0};
    struct vn_apply_opts opts = {0};
    int r = cli_change_opts(cli, &opts, err);

    if (r == 0)
        r = cli_observe(session, cli->names, 1, &snapshot, err);
    if (r < 0)
        return r;
    return order->count || order->max ? change(session, cli, &snapshot, order, &opts, err)
                                      : view(session, cli, &snapshot, err);
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
