/* SPDX-License-Identifier: MIT */
#include "cli/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add_override(struct cli *cli, struct cli_request *ret, const struct cli_value *given, struct vn_err *err)
{
    const char *colon = strrchr(given->value, ':');
    struct vn_vm_override *items, *slot;
    size_t n = ret->query.n_overrides;
    int r;

    memcpy(&items, &ret->query.overrides, sizeof items); /* borrowed as const, ours to grow */
    slot = vn_arena_grow(&cli->arena, &items, &n, sizeof *slot);
    if (!slot)
        return vn_nomem(err);
    ret->query.overrides = items;
    ret->query.n_overrides = n;
    if (colon) {
        slot->name = vn_arena_strndup(&cli->arena, given->value, (size_t)(colon - given->value));
        if (!slot->name)
            return vn_nomem(err);
    }
    r = vn_vm_policy_set(&cli->arena, &slot->policy, given->option->name, colon ? colon + 1 : given->value, err);
    return r < 0 ? vn_err_ctx(err, r, "--%s", given->option->name) : 0;
}

static int read_cpus(const struct cli *cli, const char *name, struct vn_cpuset *set, const struct vn_cpuset **ret,
                     struct vn_err *err)
{
    const char *value = cli_value(cli, name);
    int r = value ? vn_cpuset_parse(value, set, err) : 0;

    if (r < 0)
        return vn_err_ctx(err, r, "--%s", name);
    if (value)
        *ret = set;
    return 0;
}

static int read_seconds(const struct cli *cli, const char *name, double max, unsigned *ret_ms, struct vn_err *err)
{
    const char *value = cli_value(cli, name);
    double seconds;
    char *end;

    if (!value)
        return 0;
    seconds = strtod(value, &end);
    if (end == value || *end || !(seconds >= 0 && seconds <= max))
        return vn_failf(err, VN_E_USAGE, NULL, "--%s takes seconds from 0 to %.0f, got '%.60s'", name, max, value);
    *ret_ms = (unsigned)(seconds * 1000);
    return 0;
}

int cli_wait_ms(const struct cli *cli, unsigned standard, unsigned *ret, struct vn_err *err)
{
    *ret = standard;
    return read_seconds(cli, "wait", 86400, ret, err);
}

static int read_limits(const struct cli *cli, struct vn_apply_opts *opts, struct vn_err *err)
{
    int r = read_seconds(cli, "time-limit", 3600, &opts->planner.time_limit_ms, err);

    if (r == 0 && cli_value(cli, "time-limit") && !opts->planner.time_limit_ms)
        opts->planner.time_limit_ms = 1; /* 0 would be the default */
    if (r == 0)
        r = cli_size(cli, "max-move", &opts->planner.max_move_kib, err);
    if (r == 0 && cli_has(cli, "max-move") && !opts->planner.max_move_kib)
        return VN_FAIL(err, VN_E_USAGE, .cause = "--max-move 0 would move nothing",
                       .fix = "Use --no-move to leave the memory where it is.");
    return r;
}

static int read_how(const struct cli *cli, struct vn_apply_opts *opts, struct vn_err *err)
{
    const char *via = cli_value(cli, "via");

    if (via && strcmp(via, "live") && strcmp(via, "save-restore"))
        return VN_FAIL(err, VN_E_USAGE, .cause = "--via is live or save-restore", .got = via);
    opts->save_restore = via && !strcmp(via, "save-restore");
    opts->live = cli_has(cli, "live") || !cli_has(cli, "config");
    opts->config = cli_has(cli, "config") || !cli_has(cli, "live");
    if (opts->save_restore && !opts->live)
        return VN_FAIL(err, VN_E_USAGE, .cause = "--via save-restore changes what runs, and --config asks for the stored "
                                                 "configuration only",
                       .fix = "Leave one of the two out.");
    opts->move_memory = !cli_has(cli, "no-move");
    opts->planner.choices = cli_has(cli, "explain") && !cli->json;
    opts->dry_run = cli_has(cli, "dry-run");
    return 0;
}

int cli_request_read(struct cli *cli, const struct vn_policy *policy, struct cli_request *ret, struct vn_err *err)
{
    const char *spec = cli_value(cli, "new"), *metric = cli_value(cli, "metric");
    int r = metric ? vn_metric_parse(metric, &ret->query.metric, err) : 0;

    ret->query.names = cli->names;
    ret->query.n_names = cli->n_names;
    ret->query.all = cli_has(cli, "all");
    ret->query.count_cache = cli_has(cli, "count-cache");
    for (size_t i = 0; i < cli->n_values && r == 0; i++)
        if (cli->values[i].option->flags & CLI_OPT_VM)
            r = add_override(cli, ret, &cli->values[i], err);
    if (r == 0)
        r = read_cpus(cli, "reserve", &ret->reserve, &ret->query.reserve, err);
    if (r == 0)
        r = read_cpus(cli, "shared", &ret->shared, &ret->query.shared, err);
    if (r == 0)
        r = read_limits(cli, &ret->opts, err);
    if (r == 0)
        r = read_how(cli, &ret->opts, err);
    if (r == 0)
        r = cli_percent(cli, "min-local", &ret->opts.min_local_pct, err);
    if (r == 0 && spec) {
        r = cli_new_vm(cli, spec, policy, &ret->fresh, err);
        ret->query.fresh = &ret->fresh;
    }
    return r;
}

int cli_request_apply(const struct cli_request *request, struct vn_problem *problem, struct vn_err *err)
{
    const struct vn_plan_query *query = &request->query;

    if (query->reserve)
        problem->host.reserved = *query->reserve;
    if (query->shared)
        problem->host.shared = *query->shared;
    for (size_t i = 0; i < problem->n_vms; i++) {
        struct vn_request *vm = &problem->vms[i];

        vm->movable = vm->movable || query->all;
        for (size_t k = 0; vm->movable && k < query->n_overrides; k++)
            if (!query->overrides[k].name || !strcmp(query->overrides[k].name, vm->name))
                vn_vm_policy_merge(&vm->policy, &query->overrides[k].policy);
    }
    return vn_problem_set_metric(problem, query->metric, err);
}
