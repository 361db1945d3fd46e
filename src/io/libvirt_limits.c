/* SPDX-License-Identifier: MIT */
/* Limits of a running VM: libvirt's typed parameters as the values of src/codec/vmlimits.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <vnuma/units.h>

#include "codec/vmlimits.h"
#include "io/libvirt_priv.h"

/* libvirt's largest quota: none, as cgroup v2 has it; v1 says -1. */
static const int64_t quota_none = 17592186044415;

enum calls { SCHED, MEMORY, BLKIO, DISK, NET };

struct limit {
    const char *key; /* of a device: what stands before its name */
    enum calls calls;
    enum vn_limit_kind kind;
    const char *param, *period;
};
static const struct limit limits[] = {
    {"cpu.shares", SCHED, VN_LIMIT_WEIGHT, VIR_DOMAIN_SCHEDULER_CPU_SHARES, NULL},
    {"cpu.quota", SCHED, VN_LIMIT_QUOTA, VIR_DOMAIN_SCHEDULER_GLOBAL_QUOTA, VIR_DOMAIN_SCHEDULER_GLOBAL_PERIOD},
    {"cpu.vcpu_quota", SCHED, VN_LIMIT_QUOTA, VIR_DOMAIN_SCHEDULER_VCPU_QUOTA, VIR_DOMAIN_SCHEDULER_VCPU_PERIOD},
    {"cpu.emulator_quota", SCHED, VN_LIMIT_QUOTA, VIR_DOMAIN_SCHEDULER_EMULATOR_QUOTA,
     VIR_DOMAIN_SCHEDULER_EMULATOR_PERIOD},
    {"cpu.iothread_quota", SCHED, VN_LIMIT_QUOTA, VIR_DOMAIN_SCHEDULER_IOTHREAD_QUOTA,
     VIR_DOMAIN_SCHEDULER_IOTHREAD_PERIOD},
    {"memory.hard", MEMORY, VN_LIMIT_MEMORY, VIR_DOMAIN_MEMORY_HARD_LIMIT, NULL},
    {"memory.soft", MEMORY, VN_LIMIT_MEMORY, VIR_DOMAIN_MEMORY_SOFT_LIMIT, NULL},
    {"memory.swap", MEMORY, VN_LIMIT_MEMORY, VIR_DOMAIN_MEMORY_SWAP_HARD_LIMIT, NULL},
    {"blkio.weight", BLKIO, VN_LIMIT_WEIGHT, VIR_DOMAIN_BLKIO_WEIGHT, NULL},
    {"disk.", DISK, VN_LIMIT_DISK, NULL, NULL},
    {"net.", NET, VN_LIMIT_NET, NULL, NULL},
};

static const struct limit *find(const char *key)
{
    for (size_t i = 0; i < VN_COUNT(limits); i++)
        if (limits[i].calls >= DISK ? !strncmp(limits[i].key, key, strlen(limits[i].key)) : !strcmp(limits[i].key, key))
            return &limits[i];
    return NULL;
}

bool vn_virt_is_limit(const char *key)
{
    return find(key) != NULL;
}

static const char *device_of(const struct limit *limit, const char *key)
{
    return key + strlen(limit->key);
}

/* With @params NULL: how many there are. */
static int get(virDomainPtr domain, enum calls calls, const char *device, virTypedParameterPtr params, int *count)
{
    char *type;

    switch (calls) {
    case SCHED:
        if (params)
            return virDomainGetSchedulerParametersFlags(domain, params, count, VIR_DOMAIN_AFFECT_LIVE);
        type = virDomainGetSchedulerType(domain, count);
        free(type);
        return type ? 0 : -1;
    case MEMORY:
        return virDomainGetMemoryParameters(domain, params, count, VIR_DOMAIN_AFFECT_LIVE);
    case BLKIO:
        return virDomainGetBlkioParameters(domain, params, count, VIR_DOMAIN_AFFECT_LIVE);
    case DISK:
        return virDomainGetBlockIoTune(domain, device, params, count, VIR_DOMAIN_AFFECT_LIVE);
    case NET:
        return virDomainGetInterfaceParameters(domain, device, params, count, VIR_DOMAIN_AFFECT_LIVE);
    }
    return -1;
}

static int set(virDomainPtr domain, enum calls calls, const char *device, virTypedParameterPtr params, int count)
{
    switch (calls) {
    case SCHED:
        return virDomainSetSchedulerParametersFlags(domain, params, count, VIR_DOMAIN_AFFECT_LIVE);
    case MEMORY:
        return virDomainSetMemoryParameters(domain, params, count, VIR_DOMAIN_AFFECT_LIVE);
    case BLKIO:
        return virDomainSetBlkioParameters(domain, params, count, VIR_DOMAIN_AFFECT_LIVE);
    case DISK:
        return virDomainSetBlockIoTune(domain, device, params, count, VIR_DOMAIN_AFFECT_LIVE);
    case NET:
        return virDomainSetInterfaceParameters(domain, device, params, count, VIR_DOMAIN_AFFECT_LIVE);
    }
    return -1;
}

/* What libvirt has now; virTypedParamsFree() it. */
static int read_all(virDomainPtr domain, const char *vm, const struct limit *limit, const char *key,
                    virTypedParameterPtr *ret, int *ret_count, struct vn_err *err)
{
    const char *device = device_of(limit, key);
    virTypedParameterPtr params = NULL;
    int count = 0, room;

    if (get(domain, limit->calls, device, NULL, &count) < 0)
        return vn_virt_fail(err, "cannot ask for '%s' of '%s'", key, vm);
    room = count;
    params = count > 0 ? calloc((size_t)count, sizeof *params) : NULL;
    if (count > 0 && !params)
        return vn_nomem(err);
    if (params && get(domain, limit->calls, device, params, &count) < 0) {
        int r = vn_virt_fail(err, "cannot ask for '%s' of '%s'", key, vm);

        virTypedParamsFree(params, room);
        return r;
    }
    *ret = params;
    *ret_count = count;
    return 0;
}

/* Whatever its type; 0 where it is not there. */
static int64_t number_of(virTypedParameterPtr params, int count, const char *name)
{
    virTypedParameterPtr at = virTypedParamsGet(params, count, name);

    switch (at ? at->type : 0) {
    case VIR_TYPED_PARAM_INT:
        return at->value.i;
    case VIR_TYPED_PARAM_UINT:
        return at->value.ui;
    case VIR_TYPED_PARAM_LLONG:
        return at->value.l;
    case VIR_TYPED_PARAM_ULLONG:
        return at->value.ul > INT64_MAX ? INT64_MAX : (int64_t)at->value.ul;
    default:
        return 0;
    }
}

static void write_list(virTypedParameterPtr params, int count, enum vn_limit_kind kind, struct vn_buf *ret)
{
    uint64_t numbers[VN_LIMIT_FIELDS] = {0};
    size_t n;
    const struct vn_limit_field *fields = vn_limit_fields(kind, &n);

    for (size_t i = 0; i < n; i++)
        numbers[i] = (uint64_t)number_of(params, count, fields[i].name);
    vn_limit_join(kind, numbers, ret);
}

static int write_value(virTypedParameterPtr params, int count, const struct limit *limit, const char *key,
                       struct vn_buf *ret, struct vn_err *err)
{
    int64_t number;

    if (!limit->param) {
        write_list(params, count, limit->kind, ret);
        return 0;
    }
    if (!virTypedParamsGet(params, count, limit->param))
        return VN_FAIL(err, VN_E_REFUSED, .got = key, .cause = "this host has no cgroup for it");
    number = number_of(params, count, limit->param);
    if (limit->kind == VN_LIMIT_QUOTA)
        vn_limit_quota(number > 0 && number < quota_none ? (uint64_t)number : 0,
                       (uint64_t)number_of(params, count, limit->period), ret);
    else if (number > 0 && number < VIR_DOMAIN_MEMORY_PARAM_UNLIMITED)
        vn_buf_fmt(ret, "%" PRId64, number);
    return 0;
}

int vn_virt_limit(virDomainPtr domain, const char *vm, const char *key, struct vn_buf *ret, struct vn_err *err)
{
    const struct limit *limit = find(key);
    virTypedParameterPtr params = NULL;
    int count = 0, r = read_all(domain, vm, limit, key, &params, &count, err);

    if (r < 0)
        return r;
    r = write_value(params, count, limit, key, ret, err);
    virTypedParamsFree(params, count);
    return r;
}

struct params {
    virTypedParameterPtr items;
    int count, room;
};

/* -1: libvirt has no memory left. */
static int add_unsigned(struct params *to, bool narrow, const char *name, uint64_t value)
{
    if (narrow)
        return virTypedParamsAddUInt(&to->items, &to->count, &to->room, name, (unsigned)value);
    return virTypedParamsAddULLong(&to->items, &to->count, &to->room, name, value);
}

static int add_list(struct params *to, const struct limit *limit, const char *value, struct vn_err *err)
{
    uint64_t numbers[VN_LIMIT_FIELDS] = {0};
    size_t n;
    const struct vn_limit_field *fields = vn_limit_fields(limit->kind, &n);
    int r = vn_limit_split(limit->kind, value, numbers, err);

    for (size_t i = 0; r == 0 && i < n; i++)
        if (add_unsigned(to, limit->kind == VN_LIMIT_NET, fields[i].name, numbers[i]) < 0)
            r = vn_nomem(err);
    return r;
}

/* libvirt replaces all of an interface's inbound at once: a floor that is there is said again. */
static int add_floor(virDomainPtr domain, const char *vm, const struct limit *limit, const char *key,
                     struct params *to, struct vn_err *err)
{
    virTypedParameterPtr now = NULL;
    int count = 0, r = read_all(domain, vm, limit, key, &now, &count, err);
    int64_t floor = r == 0 ? number_of(now, count, VIR_DOMAIN_BANDWIDTH_IN_FLOOR) : 0;

    if (floor > 0 && add_unsigned(to, true, VIR_DOMAIN_BANDWIDTH_IN_FLOOR, (uint64_t)floor) < 0)
        r = vn_nomem(err);
    virTypedParamsFree(now, count);
    return r;
}

static int add_quota(struct params *to, const struct limit *limit, const char *value, int64_t none,
                     struct vn_err *err)
{
    uint64_t quota = 0, period = 0;
    int r = vn_limit_quota_split(value, &quota, &period, err);

    if (r == 0 && (add_unsigned(to, false, limit->period, period) < 0 ||
                   virTypedParamsAddLLong(&to->items, &to->count, &to->room, limit->param,
                                          quota ? (int64_t)quota : none) < 0))
        r = vn_nomem(err);
    return r;
}

static int add_one(struct params *to, const struct limit *limit, const char *value, struct vn_err *err)
{
    uint64_t number = VIR_DOMAIN_MEMORY_PARAM_UNLIMITED;
    int r = 0;

    if (*value)
        r = vn_uint_parse(value, INT64_MAX, &number, err);
    else if (limit->kind == VN_LIMIT_WEIGHT)
        return VN_FAIL(err, VN_E_REFUSED, .got = limit->key, .cause = "what runs always has a weight");
    if (r == 0 && add_unsigned(to, limit->calls == BLKIO, limit->param, number) < 0)
        r = vn_nomem(err);
    return r;
}

static int build(virDomainPtr domain, const char *vm, const struct limit *limit, const char *key, const char *value,
                 int64_t none, struct params *to, struct vn_err *err)
{
    int r;

    if (limit->kind == VN_LIMIT_QUOTA)
        return add_quota(to, limit, value, none, err);
    if (limit->param)
        return add_one(to, limit, value, err);
    r = add_list(to, limit, value, err);
    return r == 0 && limit->calls == NET ? add_floor(domain, vm, limit, key, to, err) : r;
}

static int try_set(virDomainPtr domain, const char *vm, const struct limit *limit, const char *key, const char *value,
                   int64_t none, struct vn_err *err)
{
    struct params params = {0};
    int r = build(domain, vm, limit, key, value, none, &params, err);

    if (r == 0 && set(domain, limit->calls, device_of(limit, key), params.items, params.count) < 0)
        r = vn_virt_fail(err, "cannot set '%s' of '%s'", key, vm);
    virTypedParamsFree(params.items, params.count);
    return r;
}

int vn_virt_set_limit(virDomainPtr domain, const char *vm, const char *key, const char *value, struct vn_err *err)
{
    const struct limit *limit = find(key);
    bool frees = limit->kind == VN_LIMIT_QUOTA && (!*value || *value == 'n');
    int r = try_set(domain, vm, limit, key, value, -1, frees ? NULL : err);

    /* -1 is none on cgroup v1, where the largest would be shown as a limit; v2 takes the largest only */
    return r < 0 && frees ? try_set(domain, vm, limit, key, value, quota_none, err) : r;
}
