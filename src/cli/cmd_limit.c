/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vnuma/buf.h>

#include "app/limit.h"
#include "cli/carry.h"
#include "cli/show_limit.h"

enum { SAMPLE_MS = 250 }; /* CPU time used is looked at twice */

/* An option and the limit it is about; "disk." and "net." are followed by the device. */
static const struct {
    const char *option, *key;
} names[] = {
    {"cpu", "cpu.quota"},           {"vcpu", "cpu.vcpu_quota"},     {"emulator", "cpu.emulator_quota"},
    {"iothread", "cpu.iothread_quota"}, {"shares", "cpu.shares"},   {"memory-hard", "memory.hard"},
    {"memory-soft", "memory.soft"}, {"memory-swap", "memory.swap"}, {"blkio-weight", "blkio.weight"},
    {"disk", "disk."},              {"net", "net."},
};

/* "vda:read=1M", "52:54:00:00:00:01:in=1Gbit", "vda:none": the device ends at the last colon before the first '='. */
static int split_device(struct cli *cli, const char *text, struct vn_limit_wish *wish, struct vn_err *err)
{
    char *device = vn_arena_strndup(&cli->arena, text, strcspn(text, "="));
    char *colon = device ? strrchr(device, ':') : NULL;

    if (!device)
        return vn_nomem(err);
    if (!colon || colon == device)
        return VN_FAIL(err, VN_E_USAGE, .where = wish->option, .got = text, .cause = "not a device and its limits",
                       .fix = !strcmp(wish->key, "disk.") ? "Such as --disk vda:read=200M/s,write=100M/s."
                                                          : "Such as --net vnet0:in=1Gbit,out=100Mbit.");
    *colon = '\0';
    wish->device = device;
    wish->text = text + (colon - device) + 1;
    return 0;
}

static int read_wish(struct cli *cli, const struct cli_value *value, struct vn_limit_wish **wishes, size_t *count,
                     struct vn_err *err)
{
    for (size_t i = 0; i < VN_COUNT(names); i++) {
        struct vn_limit_wish *wish;

        if (strcmp(value->option->name, names[i].option))
            continue;
        wish = vn_arena_grow(&cli->arena, wishes, count, sizeof *wish);
        if (!wish)
            return vn_nomem(err);
        *wish = (struct vn_limit_wish){.key = names[i].key, .text = value->value};
        wish->option = vn_arena_printf(&cli->arena, "--%s", names[i].option);
        if (!wish->option)
            return vn_nomem(err);
        return names[i].key[strlen(names[i].key) - 1] == '.' ? split_device(cli, value->value, wish, err) : 0;
    }
    return 0;
}

static int read_order(struct cli *cli, struct vn_limit_order *ret, struct vn_err *err)
{
    struct vn_limit_wish *wishes = NULL;
    size_t count = 0;
    int r = 0;

    if (!cli->n_names)
        return VN_FAIL(err, VN_E_USAGE, .cause = "limit needs a VM", .fix = "'vnuma vm' lists them.");
    for (size_t i = 0; r == 0 && i < cli->n_values; i++)
        r = read_wish(cli, &cli->values[i], &wishes, &count, err);
    *ret = (struct vn_limit_order){wishes, count, cli_has(cli, "force")};
    return r;
}

/* Nanoseconds of CPU time; negative where the host does not say. */
static double cpu_time(struct cli_session *session, const char *vm)
{
    VN_AUTO(vn_buf) text = {0};

    if (session->hv.ops->setting(session->hv.self, vm, "cpu.time", &text, NULL) < 0)
        return -1;
    return strtod(vn_buf_text(&text), NULL); /* the door's own number */
}

static struct cli_used look_at_use(struct cli_session *session, const struct vn_snapshot *snapshot,
                                   const struct vn_vm *vm)
{
    static const struct timespec pause = {.tv_nsec = SAMPLE_MS * 1000000L};
    struct cli_used used = {-1, vm->node_kib ? 0 : -1};
    struct vn_clock clock = session->app.clock;
    int64_t start, end;
    double first, last;

    for (size_t i = 0; vm->node_kib && i < snapshot->host.n_nodes; i++)
        used.memory_kib += (int64_t)vm->node_kib[i];
    if (!vm->live)
        return used;
    start = clock.now_usec(clock.self);
    first = cpu_time(session, vm->name);
    if (first < 0)
        return used;
    (void)nanosleep(&pause, NULL); /* cut short: a shorter look */
    last = cpu_time(session, vm->name);
    end = clock.now_usec(clock.self);
    if (last >= first && end > start)
        used.cpu_pct = (last - first) / 10 / (double)(end - start);
    return used;
}

static int view(struct cli_session *session, const struct cli *cli, const struct vn_snapshot *snapshot,
                struct vn_err *err)
{
    const struct vn_vm *vm = vn_snapshot_vm(snapshot, cli->names[0]);
    VN_AUTO(vn_arena) arena = {0};
    VN_AUTO(vn_doc) doc = {0};
    struct vn_limit_row *rows;
    struct cli_used used;
    size_t count;
    int r = vn_app_limits(&session->app, vm, &arena, &rows, &count, err);

    if (r < 0)
        return r;
    used = look_at_use(session, snapshot, vm);
    vn_doc_init(&doc, cli->command->schema);
    cli_show_limits(&doc, vm, rows, count, &used);
    return cli_show(cli, &doc, err);
}

static int run(struct cli_session *session, struct cli *cli, const struct vn_limit_order *order, struct vn_err *err)
{
    VN_AUTO(vn_snapshot) snapshot = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_apply_opts opts = {0};
    int r = cli_change_opts(cli, &opts, err);

    if (r == 0)
        r = cli_observe(session, cli->names, 1, &snapshot, err);
    if (r == 0 && !order->n_wishes)
        return view(session, cli, &snapshot, err);
    if (r == 0)
        r = vn_app_limit(&session->app, &snapshot, vn_snapshot_vm(&snapshot, cli->names[0]), order, &opts, &plan, err);
    return r < 0 ? r : cli_carry_out(session, cli, &plan, &opts, err);
}

int cmd_limit(struct cli *cli, struct vn_err *err)
{
    struct cli_session session;
    struct vn_limit_order order = {0};
    int r = read_order(cli, &order, err);

    if (r == 0)
        r = cli_session_open(cli, order.n_wishes ? CLI_WITH_STORE : 0, &session, err);
    if (r < 0)
        return r;
    r = run(&session, cli, &order, err);
    cli_session_drop(&session);
    return r;
}
