/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <vnuma/units.h>

#include "cli/request.h"

#define EXAMPLE "Write it as name=web,vcpus=4,memory=8G; 'vnuma help plan' has more."

static int set(struct cli *cli, struct vn_request *vm, struct vn_vm_policy *policy, const char *key, char *value,
               struct vn_err *err)
{
    uint64_t n;
    int r;

    if (!strcmp(key, "name")) {
        vm->name = value;
        return *value ? 0 : VN_FAIL(err, VN_E_USAGE, .cause = "an empty name", .fix = EXAMPLE);
    }
    if (!strcmp(key, "vcpus")) {
        r = vn_uint_parse(value, VN_CPU_MAX, &n, err);
        vm->vcpus = r < 0 ? 0 : (unsigned)n;
        return r;
    }
    if (!strcmp(key, "memory") && *value >= '0' && *value <= '9')
        return vn_size_parse(value, &vm->memory_kib, err);
    if (!strcmp(key, "devices")) {
        for (char *at = strtok_r(value, ",", &value); at; at = strtok_r(NULL, ",", &value)) {
            char **slot = vn_arena_grow(&cli->arena, &vm->devices, &vm->n_devices, sizeof *slot);

            if (!slot)
                return vn_nomem(err);
            *slot = at;
        }
        return 0;
    }
    r = vn_vm_policy_set(&cli->arena, policy, key, value, err);
    if (r == -VN_E_ABSENT)
        return VN_FAIL(err, VN_E_USAGE, .cause = "unknown key", .got = key,
                       .fix = "The keys are name, vcpus, memory, devices, cells, policy, threads, emulator, hugepages and "
                              "overcommit.");
    return r;
}

/* Where the next KEY= begins: a comma inside a value ("0,20") is followed by no key. */
static char *next_key(char *value)
{
    char *comma = value;

    while ((comma = strchr(comma, ','))) {
        size_t len = strcspn(comma + 1, ",=");

        if (comma[1 + len] == '=')
            return comma;
        comma++;
    }
    return NULL;
}

static int check(const struct vn_request *vm, struct vn_err *err)
{
    const char *lacks = !vm->name ? "name" : !vm->vcpus ? "vcpus" : !vm->memory_kib ? "memory" : NULL;

    if (!lacks)
        return 0;
    return vn_failf(err, VN_E_USAGE, EXAMPLE, "--new lacks '%s'", lacks);
}

int cli_new_vm(struct cli *cli, const char *spec, const struct vn_policy *policy, struct vn_request *ret,
               struct vn_err *err)
{
    char *at = vn_arena_strdup(&cli->arena, spec);
    struct vn_vm_policy own = {0};
    int r;

    if (!at)
        return vn_nomem(err);
    ret->uuid = vn_arena_strdup(&cli->arena, "");
    ret->movable = true;
    while (at && *at) {
        char *value = strchr(at, '='), *comma;

        if (!value)
            return VN_FAIL(err, VN_E_USAGE, .cause = "--new takes KEY=VALUE", .got = at, .fix = EXAMPLE);
        *value++ = '\0';
        comma = next_key(value);
        if (comma)
            *comma = '\0';
        r = set(cli, ret, &own, at, value, err);
        if (r < 0)
            return vn_err_ctx(err, r, "--new, %s", at);
        at = comma ? comma + 1 : NULL;
    }
    r = check(ret, err);
    if (r < 0)
        return r;
    vn_policy_for(policy, ret->name, &ret->policy);
    vn_vm_policy_merge(&ret->policy, &own);
    return ret->uuid ? 0 : vn_nomem(err);
}
