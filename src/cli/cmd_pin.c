/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <vnuma/units.h>

#include "app/pin.h"
#include "cli/carry.h"
#include "cli/request.h"

/* What was asked for, thread by thread; of cli's arena. */
struct orders {
    struct vn_pin_order *items;
    size_t count;
};

static int usage(const char *cause, const char *got, struct vn_err *err)
{
    return VN_FAIL(err, VN_E_USAGE, .cause = cause, .got = got,
                   .fix = "'vnuma pin --help' shows how; 'vnuma vm NAME' shows the pins there are.");
}

/* A CPU list, or "all": every CPU that is online. */
static int read_cpus(const struct vn_host *host, const char *text, struct vn_cpuset *ret, struct vn_err *err)
{
    if (!strcmp(text, "all")) {
        vn_host_online(host, ret);
        return 0;
    }
    return vn_err_ctx(err, vn_cpuset_parse(text, ret, err), "CPUs");
}

static int add(struct cli *cli, struct orders *orders, enum vn_step_kind kind, unsigned index,
               const struct vn_cpuset *cpus, struct vn_err *err)
{
    struct vn_pin_order *order = vn_arena_grow(&cli->arena, &orders->items, &orders->count, sizeof *order);

    if (!order)
        return vn_nomem(err);
    *order = (struct vn_pin_order){kind, index, *cpus};
    return 0;
}

/* With --each the i-th vCPU gets the i-th CPU. */
static int add_each(struct cli *cli, struct orders *orders, const struct vn_cpuset *vcpus, const struct vn_cpuset *cpus,
                    struct vn_err *err)
{
    int cpu = vn_cpuset_next(cpus, 0), r = 0;

    if (vn_cpuset_count(vcpus) != vn_cpuset_count(cpus))
        return vn_failf(err, VN_E_USAGE, "Name as many CPUs as vCPUs.", "--each: vCPUs and CPUs differ in number, %u and %u",
                        vn_cpuset_count(vcpus), vn_cpuset_count(cpus));
    VN_CPUSET_EACH (vcpu, vcpus) {
        struct vn_cpuset one = {{0}};

        vn_cpuset_add(&one, (unsigned)cpu);
        if (r == 0)
            r = add(cli, orders, VN_STEP_VCPUPIN, (unsigned)vcpu, &one, err);
        cpu = vn_cpuset_next(cpus, (unsigned)cpu + 1);
    }
    return r;
}

static int add_vcpus(struct cli *cli, const struct vn_vm *vm, const struct vn_cpuset *cpus, struct orders *orders,
                     struct vn_err *err)
{
    const struct vn_domain *domain = vn_vm_domain(vm);
    struct vn_cpuset vcpus = {{0}};
    int r = 0;

    if (strcmp(cli->names[1], "all"))
        r = vn_err_ctx(err, vn_cpuset_parse(cli->names[1], &vcpus, err), "vCPUs");
    else if (domain)
        vn_cpuset_add_range(&vcpus, 0, domain->vcpus_max - 1);
    if (r == 0 && vn_cpuset_empty(&vcpus))
        return usage("no vCPU is named", cli->names[1], err);
    if (r == 0 && cli_has(cli, "each"))
        return add_each(cli, orders, &vcpus, cpus, err);
    VN_CPUSET_EACH (vcpu, &vcpus)
        if (r == 0)
            r = add(cli, orders, VN_STEP_VCPUPIN, (unsigned)vcpu, cpus, err);
    return r;
}

static int add_from_plan(struct cli_session *session, struct cli *cli, const struct vn_snapshot *snapshot,
                         struct orders *orders, struct vn_plan *ret_refused, struct vn_err *err)
{
    VN_AUTO(vn_plan) plan = {0};
    const char *names[] = {cli->names[0]};
    struct vn_plan_query query = {.names = names, .n_names = 1};
    struct vn_apply_opts opts = {.live = true, .config = true};
    int r = vn_app_plan(&session->app, snapshot, &query, &opts, NULL, &plan, err);

    if (r == 0 && plan.n_unplaced) {
        *ret_refused = plan;
        memset(&plan, 0, sizeof plan);
    } else if (r == 0 && plan.n_vms) {
        r = vn_pin_of_placement(&cli->arena, &plan.vms[0], &orders->items, &orders->count, err);
    }
    return r;
}

/* What must be named beside the VM, by the option that says which threads are meant. */
static int check_words(const struct cli *cli, struct vn_err *err)
{
    bool plan = cli_has(cli, "from-plan"), emulator = cli_has(cli, "emulator"), iothread = cli_has(cli, "iothread");
    size_t words = plan || emulator ? 1 : iothread ? 2 : 3;

    if (plan + emulator + iothread > 1)
        return usage("--from-plan, --emulator and --iothread are one at a time", NULL, err);
    if (cli_has(cli, "each") && words != 3)
        return usage("--each is for vCPUs", NULL, err);
    if (cli->n_names < words)
        return usage(!cli->n_names ? "pin needs a VM" : words == 3 ? "pin needs vCPUs and CPUs" : "pin needs CPUs",
                     cli->n_names ? cli->names[cli->n_names - 1] : NULL, err);
    return cli->n_names > words ? usage("a word too many", cli->names[words], err) : 0;
}

static int read_orders(struct cli *cli, const struct vn_host *host, const struct vn_vm *vm, struct orders *orders,
                       struct vn_err *err)
{
    const char *emulator = cli_value(cli, "emulator"), *iothread = cli_value(cli, "iothread");
    const char *text = emulator ? emulator : cli->names[cli->n_names - 1];
    struct vn_cpuset cpus = {{0}};
    uint64_t number = 0;
    int r = read_cpus(host, text, &cpus, err);

    if (r == 0 && emulator)
        return add(cli, orders, VN_STEP_EMULATORPIN, 0, &cpus, err);
    if (r == 0 && iothread)
        r = vn_err_ctx(err, vn_uint_parse(iothread, UINT32_MAX, &number, err), "--iothread");
    if (r < 0)
        return r;
    return iothread ? add(cli, orders, VN_STEP_IOTHREADPIN, (unsigned)number, &cpus, err)
                    : add_vcpus(cli, vm, &cpus, orders, err);
}

/* A person may pin there, and should know. */
static void say_reserved(const struct cli *cli, const struct vn_snapshot *snapshot, const struct orders *orders)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cpuset reserved = {{0}}, online;
    char *text;

    vn_host_online(&snapshot->host, &online); /* on every CPU is on none in particular */
    for (size_t i = 0; i < orders->count; i++)
        if (orders->items[i].kind == VN_STEP_VCPUPIN && !vn_cpuset_equal(&orders->items[i].cpus, &online))
            vn_cpuset_or(&reserved, &orders->items[i].cpus);
    vn_cpuset_and(&reserved, &snapshot->host.reserved);
    text = vn_cpuset_empty(&reserved) ? NULL : vn_cpuset_text(&arena, &reserved);
    if (text)
        cli_note(cli, "vnuma: CPU %s is reserved for the host", text);
}

static int run(struct cli_session *session, struct cli *cli, struct vn_err *err)
{
    VN_AUTO(vn_snapshot) snapshot = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_apply_opts opts = {0};
    struct orders orders = {0};
    const struct vn_vm *vm;
    bool planned = cli_has(cli, "from-plan");
    int r = cli_change_opts(cli, &opts, err);

    if (r == 0) /* a plan is for the host with all its VMs, and whoever is named is among them */
        r = cli_observe(session, cli->names, 1, &snapshot, err);
    if (r < 0)
        return r;
    vm = vn_snapshot_vm(&snapshot, cli->names[0]);
    r = planned ? add_from_plan(session, cli, &snapshot, &orders, &plan, err)
                : read_orders(cli, &snapshot.host, vm, &orders, err);
    if (r == 0 && !plan.n_unplaced) {
        say_reserved(cli, &snapshot, &orders);
        r = vn_app_pin(&snapshot, vm, orders.items, orders.count, &opts, &plan, err);
    }
    return r < 0 ? r : cli_carry_out(session, cli, &plan, &opts, err);
}

int cmd_pin(struct cli *cli, struct vn_err *err)
{
    struct cli_session session;
    int r = check_words(cli, err);

    if (r == 0)
        r = cli_session_open(cli, CLI_WITH_STORE, &session, err);
    if (r < 0)
        return r;
    r = run(&session, cli, err);
    cli_session_drop(&session);
    return r;
}
