/* SPDX-License-Identifier: MIT */
#include <string.h>

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

static int check(const struct vn_snapshot *state, const char *vm, const char *key, struct vn_err *err)
{
    if (*vm)
        return VN_FAIL(err, VN_E_ABSENT, .got = key, .cause = "a VM of a captured host has no such setting");
    if (!find(state, key) && !is_stored(key))
        return VN_FAIL(err, VN_E_ABSENT, .got = key, .cause = "the captured host has no such setting");
    return 0;
}

int vn_replay_setting(const struct vn_snapshot *state, const char *vm, const char *key, struct vn_buf *ret,
                      struct vn_err *err)
{
    const struct vn_setting *at = find(state, key);
    int r = check(state, vm, key, err);

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
    int r = check(state, vm, key, err);

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
