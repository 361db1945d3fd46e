/* SPDX-License-Identifier: MIT */
#include "app/limit.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "app/change.h"

static const char reason[] = "asked for by hand";

struct work {
    struct vn_app *app;
    const struct vn_snapshot *snapshot;
    const struct vn_vm *vm;
    const struct vn_limit_order *order;
    struct vn_plan *plan;
};

/* The limits of one XML; of what runs the values are the host's own, where they are touched. */
struct set {
    struct vn_arena arena;
    struct vn_limit *items;
    size_t count;
    bool *touched;
};

static bool runs(const struct vn_vm *vm)
{
    return vm->live && (vm->state == VN_VM_RUNNING || vm->state == VN_VM_PAUSED);
}

static int read_live(struct vn_app *app, const struct vn_vm *vm, struct vn_arena *arena, const char *key, char **ret,
                     struct vn_err *err)
{
    VN_AUTO(vn_buf) value = {0};
    int r = app->hv->ops->setting(app->hv->self, vm->name, key, &value, err);

    if (r < 0)
        return r;
    *ret = vn_arena_strdup(arena, vn_buf_text(&value));
    return *ret ? 0 : vn_nomem(err);
}

static int load(const char *xml, struct set *ret, struct vn_err *err)
{
    int r = vn_domxml_limits(xml, strlen(xml), &ret->arena, &ret->items, &ret->count, err);

    if (r < 0)
        return r;
    ret->touched = vn_arena_array(&ret->arena, ret->count, sizeof *ret->touched);
    return ret->touched ? 0 : vn_nomem(err);
}

/* The key of a device is its MAC's where its name on the host was typed, which what is stored does not have. */
static const struct vn_limit *by_alias(const struct set *set, const char *device)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i].kind == VN_LIMIT_NET && set->items[i].alias && !strcmp(set->items[i].alias, device))
            return &set->items[i];
    return NULL;
}

static int no_device(const struct set *set, const struct vn_vm *vm, const struct vn_limit_wish *wish,
                     struct vn_err *err)
{
    bool disk = !strcmp(wish->key, "disk.");
    VN_AUTO(vn_buf) fix = {0};
    int n = 0;

    for (size_t i = 0; i < set->count; i++) {
        const struct vn_limit *at = &set->items[i];

        if (at->kind == (disk ? VN_LIMIT_DISK : VN_LIMIT_NET))
            vn_buf_fmt(&fix, "%s%s%s%s", n++ ? ", " : "There are: ", at->alias ? at->alias : "", at->alias ? " = " : "",
                       at->key + strlen(wish->key));
    }
    vn_buf_str(&fix, n ? "." : "It has none.");
    return vn_failf(err, VN_E_USAGE, vn_buf_text(&fix), "%s has no %s '%s'", vm->name, disk ? "disk" : "interface",
                    wish->device);
}

/* @names: where interfaces have names; NULL where nothing runs. */
static int find(const struct work *w, const struct set *set, const struct set *names,
                const struct vn_limit_wish *wish, size_t *ret, struct vn_err *err)
{
    const struct vn_limit *named = wish->device && names ? by_alias(names, wish->device) : NULL;
    VN_AUTO(vn_buf) key = {0};
    const struct vn_limit *limit;

    if (named && !strcmp(wish->key, "net."))
        vn_buf_str(&key, named->key);
    else
        vn_buf_fmt(&key, "%s%s", wish->key, wish->device ? wish->device : "");
    if (key.failed)
        return vn_nomem(err);
    limit = vn_limit_find(set->items, set->count, vn_buf_text(&key));
    if (!limit)
        return no_device(names ? names : set, w->vm, wish, err);
    *ret = (size_t)(limit - set->items);
    return 0;
}

/* A cgroup always has a weight, and which one it would have had nobody knows. */
static int check_weight(const struct vn_limit *limit, const char *next, const char *option, struct vn_err *err)
{
    if (limit->kind != VN_LIMIT_WEIGHT || *next || !*limit->value)
        return 0;
    return vn_failf(err, VN_E_REFUSED,
                    "Name the kernel's own (--shares 1024, on cgroup v2 100; --blkio-weight 100), or take the stored "
                    "one away with --config. Nothing was changed.",
                    "%s none: what runs always has a weight", option);
}

static int grant(const struct work *w, struct set *set, const struct set *names, const struct vn_limit_wish *wish,
                 bool live, struct vn_err *err)
{
    VN_AUTO(vn_buf) next = {0};
    struct vn_limit *limit;
    size_t at = 0;
    int r = find(w, set, names, wish, &at, err);

    if (r < 0)
        return r;
    limit = &set->items[at];
    if (live && !set->touched[at])
        r = read_live(w->app, w->vm, &set->arena, limit->key, &limit->value, err);
    set->touched[at] = true;
    if (r == 0)
        r = vn_limit_edit(limit->kind, limit->value, wish->text, wish->option, &next, err);
    if (r == 0 && live)
        r = check_weight(limit, vn_buf_text(&next), wish->option, err);
    if (r < 0)
        return r;
    limit->value = vn_arena_strdup(&set->arena, vn_buf_text(&next));
    return limit->value ? 0 : vn_nomem(err);
}

static int grant_all(const struct work *w, struct set *set, const struct set *names, bool live, struct vn_err *err)
{
    struct vn_limit_trial trial = {w->snapshot, w->vm, set->items, set->touched, set->count, live, w->order->force};
    int r = 0;

    for (size_t i = 0; r == 0 && i < w->order->n_wishes; i++)
        r = grant(w, set, names, &w->order->wishes[i], live, err);
    return r == 0 ? vn_limit_check(w->app, &trial, err) : r;
}

/* What a limit of the whole allows: CPUs or KiB. */
static double amount(const struct vn_limit *limit, const char *value)
{
    uint64_t quota = 0, period = 1;

    if (limit->kind == VN_LIMIT_QUOTA)
        return vn_limit_quota_split(value, &quota, &period, NULL) < 0 || !quota ? DBL_MAX
                                                                                : (double)quota / (double)period;
    return *value ? strtod(value, NULL) : DBL_MAX;
}

static int change(const struct work *w, struct set *set, size_t at, struct vn_err *err)
{
    set->touched[at] = false;
    return vn_change_setting(w->app, w->plan, w->vm, set->items[at].key, set->items[at].value, reason, err);
}

/* A limit of the whole goes first where it grows; else it comes last: its parts never have more. */
static int change_if_it_grows(const struct work *w, struct set *set, const char *key, struct vn_err *err)
{
    size_t at = (size_t)(vn_limit_find(set->items, set->count, key) - set->items);
    char *now = NULL;
    int r;

    if (!set->touched[at])
        return 0;
    r = read_live(w->app, w->vm, &set->arena, key, &now, err);
    if (r < 0 || amount(&set->items[at], set->items[at].value) <= amount(&set->items[at], now))
        return r;
    return change(w, set, at, err);
}

static bool is_whole(const char *key)
{
    return !strcmp(key, "cpu.quota") || !strcmp(key, "memory.swap");
}

static int change_live(const struct work *w, struct set *set, struct vn_err *err)
{
    int r = grant_all(w, set, set, true, err);

    if (r == 0)
        r = change_if_it_grows(w, set, "cpu.quota", err);
    if (r == 0)
        r = change_if_it_grows(w, set, "memory.swap", err);
    for (size_t i = 0; r == 0 && i < set->count; i++)
        if (set->touched[i] && !is_whole(set->items[i].key))
            r = change(w, set, i, err);
    for (size_t i = 0; r == 0 && i < set->count; i++)
        if (set->touched[i])
            r = change(w, set, i, err);
    return r;
}

static int change_stored(const struct work *w, struct set *set, const struct set *names, struct vn_err *err)
{
    VN_AUTO(vn_buf) xml = {0};
    int r = grant_all(w, set, names, false, err);

    vn_buf_str(&xml, w->vm->stored_xml);
    for (size_t i = 0; r == 0 && i < set->count; i++) {
        VN_AUTO(vn_buf) next = {0};

        if (!set->touched[i])
            continue;
        r = vn_domxml_set_limit(vn_buf_text(&xml), xml.len, set->items[i].key, set->items[i].value, &next, err);
        xml.len = 0;
        vn_buf_str(&xml, vn_buf_text(&next));
    }
    if (r == 0 && xml.failed)
        r = vn_nomem(err);
    return r < 0 ? r : vn_change_define(w->plan, w->vm, vn_buf_text(&xml), reason, err);
}

static int check_scope(const struct vn_vm *vm, const struct vn_apply_opts *opts, bool live, bool stored,
                       struct vn_err *err)
{
    if (!live && !opts->config)
        return vn_failf(err, VN_E_REFUSED, "Leave --live out to change what is stored. Nothing was changed.",
                        "%s does not run", vm->name);
    if (!live && !stored)
        return vn_failf(err, VN_E_REFUSED, "Leave --config out. Nothing was changed.", "nothing is stored of %s",
                        vm->name);
    return 0;
}

int vn_app_limit(struct vn_app *app, const struct vn_snapshot *snapshot, const struct vn_vm *vm,
                 const struct vn_limit_order *order, const struct vn_apply_opts *opts, struct vn_plan *plan,
                 struct vn_err *err)
{
    struct work w = {.app = app, .snapshot = snapshot, .vm = vm, .order = order, .plan = plan};
    bool live = opts->live && runs(vm), stored = opts->config && vm->stored_xml;
    struct set now = {.count = 0}, next = {.count = 0};
    int r = check_scope(vm, opts, live, stored, err);

    if (r == 0 && runs(vm)) /* also for the names of interfaces that what is stored has not */
        r = load(vm->live_xml, &now, err);
    if (r == 0 && live)
        r = change_live(&w, &now, err);
    if (r == 0 && stored)
        r = load(vm->stored_xml, &next, err);
    if (r == 0 && stored)
        r = change_stored(&w, &next, now.items ? &now : NULL, err);
    vn_arena_drop(&now.arena);
    vn_arena_drop(&next.arena);
    return r;
}

static int add_row(struct vn_arena *arena, const struct vn_limit *limit, struct vn_limit_row **rows, size_t *n,
                   struct vn_limit_row **ret, struct vn_err *err)
{
    struct vn_limit_row *row = vn_arena_grow(arena, rows, n, sizeof *row);

    if (!row)
        return vn_nomem(err);
    *row = (struct vn_limit_row){.kind = limit->kind, .key = limit->key, .title = limit->title};
    *ret = row;
    return 0;
}

static int add_live(struct vn_app *app, const struct vn_vm *vm, struct vn_arena *arena, const struct vn_limit *limit,
                    struct vn_limit_row **rows, size_t *n, struct vn_err *err)
{
    struct vn_limit_row *row = NULL;
    struct vn_err why = {0};
    char text[1024];
    int r = add_row(arena, limit, rows, n, &row, err);

    if (r < 0)
        return r;
    r = read_live(app, vm, arena, limit->key, &row->live, &why);
    if (r == 0 || r == -VN_E_NOMEM)
        return r < 0 ? vn_nomem(err) : 0;
    row->unread = vn_arena_strdup(arena, vn_err_text(&why, text, sizeof text));
    return row->unread ? 0 : vn_nomem(err);
}

static struct vn_limit_row *row_of(struct vn_limit_row *rows, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(rows[i].key, key))
            return &rows[i];
    return NULL;
}

int vn_app_limits(struct vn_app *app, const struct vn_vm *vm, struct vn_arena *arena, struct vn_limit_row **ret,
                  size_t *ret_count, struct vn_err *err)
{
    struct vn_limit *limits = NULL;
    struct vn_limit_row *rows = NULL, *row = NULL;
    size_t n = 0, n_limits = 0;
    int r = 0;

    if (runs(vm))
        r = vn_domxml_limits(vm->live_xml, strlen(vm->live_xml), arena, &limits, &n_limits, err);
    for (size_t i = 0; r == 0 && i < n_limits; i++)
        r = add_live(app, vm, arena, &limits[i], &rows, &n, err);
    n_limits = 0;
    if (r == 0 && vm->stored_xml)
        r = vn_domxml_limits(vm->stored_xml, strlen(vm->stored_xml), arena, &limits, &n_limits, err);
    for (size_t i = 0; r == 0 && i < n_limits; i++) {
        row = row_of(rows, n, limits[i].key);
        if (!row)
            r = add_row(arena, &limits[i], &rows, &n, &row, err);
        if (r == 0)
            row->stored = limits[i].value;
    }
    *ret = rows;
    *ret_count = n;
    return r;
}
