/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <vnuma/units.h>

#include "codec/domxml.h"
#include "codec/vmlimits.h"
#include "io/local.h"
#include "io/replay.h"

static struct vn_setting *find(const struct vn_snapshot *state, const char *key)
{
    for (size_t i = 0; i < state->host.n_settings; i++)
        if (!strcmp(state->host.settings[i].key, key))
            return &state->host.settings[i];
    return NULL;
}

static bool is_stored(const char *key)
{
    return !strncmp(key, VN_SYSCTL_PREFIX, strlen(VN_SYSCTL_PREFIX));
}

/* vCPUs plugged. */
static unsigned plugged(const struct vn_vm *vm)
{
    unsigned n = 0;

    for (size_t i = 0; i < vm->n_vcpus; i++)
        n += vm->vcpus[i].online;
    return n;
}

static int no_setting(const char *key, struct vn_err *err)
{
    return VN_FAIL(err, VN_E_ABSENT, .got = key, .cause = "a VM of a captured host has no such setting");
}

/* A limit is what the live XML says. */
static int get_limit(const struct vn_vm *vm, const char *key, struct vn_buf *ret, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    const struct vn_limit *limit;
    struct vn_limit *limits;
    size_t count = 0;
    int r = vn_domxml_limits(vm->live_xml, strlen(vm->live_xml), &arena, &limits, &count, err);

    if (r < 0)
        return r;
    limit = vn_limit_find(limits, count, key);
    if (!limit)
        return no_setting(key, err);
    vn_buf_str(ret, limit->value);
    return ret->failed ? vn_nomem(err) : 0;
}

static int set_limit(struct vn_snapshot *state, struct vn_vm *vm, const char *key, const char *value,
                     struct vn_err *err)
{
    VN_AUTO(vn_buf) xml = {0};
    int r = vn_domxml_set_limit(vm->live_xml, strlen(vm->live_xml), key, value, &xml, err);

    if (r == -VN_E_ABSENT)
        return no_setting(key, err);
    return r < 0 ? r : vn_replay_new_xml(state, vn_buf_text(&xml), &vm->live_xml, &vm->live, err);
}

static int vm_setting(const struct vn_snapshot *state, const char *name, const char *key, struct vn_buf *ret,
                      struct vn_err *err)
{
    struct vn_vm *vm;
    int r = vn_replay_running(state, name, &vm, err);

    if (r < 0)
        return r;
    ret->len = 0;
    if (strcmp(key, "vcpus"))
        return get_limit(vm, key, ret, err);
    vn_buf_fmt(ret, "%u", plugged(vm));
    return ret->failed ? vn_nomem(err) : 0;
}

/* The lowest ones that are not there come first, the highest go first, as libvirt has it. */
static void plug(struct vn_vm *vm, unsigned wanted)
{
    unsigned n = plugged(vm);

    for (size_t i = 0; i < vm->n_vcpus && n < wanted; i++)
        if (!vm->vcpus[i].online) {
            vm->vcpus[i].online = true;
            n++;
        }
    for (size_t i = vm->n_vcpus; i-- > 0 && n > wanted;)
        if (vm->vcpus[i].online) {
            vm->vcpus[i].online = false;
            vm->vcpus[i].cpu = -1;
            n--;
        }
}

static int set_vm_setting(struct vn_snapshot *state, const char *name, const char *key, const char *value,
                          struct vn_err *err)
{
    VN_AUTO(vn_buf) xml = {0};
    uint64_t wanted = 0;
    struct vn_vm *vm;
    int r = vn_replay_running(state, name, &vm, err);

    if (r == 0 && strcmp(key, "vcpus"))
        return set_limit(state, vm, key, value, err);
    if (r == 0)
        r = vn_uint_parse(value, VN_CPU_MAX, &wanted, err);
    if (r == 0 && (!wanted || wanted > vm->n_vcpus))
        r = vn_failf(err, VN_E_REFUSED, NULL, "'%s' can have 1 to %zu vCPUs, not %s", name, vm->n_vcpus, value);
    if (r == 0)
        r = vn_domxml_set_vcpus(vm->live_xml, strlen(vm->live_xml), (unsigned)wanted, 0, &xml, err);
    if (r == 0)
        r = vn_replay_new_xml(state, vn_buf_text(&xml), &vm->live_xml, &vm->live, err);
    if (r == 0)
        plug(vm, (unsigned)wanted);
    return r;
}

static int check(const struct vn_snapshot *state, const char *key, struct vn_err *err)
{
    if (!find(state, key) && !is_stored(key))
        return VN_FAIL(err, VN_E_ABSENT, .got = key, .cause = "the captured host has no such setting");
    return 0;
}

int vn_replay_setting(const struct vn_snapshot *state, const char *vm, const char *key, struct vn_buf *ret,
                      struct vn_err *err)
{
    const struct vn_setting *at = find(state, key);
    int r;

    if (*vm)
        return vm_setting(state, vm, key, ret, err);
    r = check(state, key, err);
    if (r < 0)
        return r;
    ret->len = 0;
    vn_buf_str(ret, at ? at->value : "");
    return ret->failed ? vn_nomem(err) : 0;
}

int vn_replay_set_setting(struct vn_snapshot *state, const char *vm, const char *key, const char *value,
                          struct vn_err *err)
{
    struct vn_setting *at = find(state, key);
    int r;

    if (*vm)
        return set_vm_setting(state, vm, key, value, err);
    r = check(state, key, err);
    if (r < 0)
        return r;
    if (at && is_stored(key) && !*value) { /* as if it had never been said */
        *at = state->host.settings[--state->host.n_settings];
        return 0;
    }
    if (!at)
        return vn_host_add_setting(&state->arena, &state->host, key, value) < 0 ? vn_nomem(err) : 0;
    at->value = vn_arena_strdup(&state->arena, value);
    return at->value ? 0 : vn_nomem(err);
}
