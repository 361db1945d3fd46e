/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "io/libvirt_priv.h"

/* The live changes: each is one call over the connection, and nothing else. */

static int flags_of(unsigned scope, unsigned *ret, struct vn_err *err)
{
    *ret = (scope & VN_SCOPE_LIVE ? (unsigned)VIR_DOMAIN_AFFECT_LIVE : 0) |
           (scope & VN_SCOPE_CONFIG ? (unsigned)VIR_DOMAIN_AFFECT_CONFIG : 0);
    return *ret ? 0 : VN_FAIL(err, VN_E_USAGE, .cause = "neither the live nor the stored configuration is meant");
}

/* A CPU map up to the highest CPU of the set; libvirt takes the rest for 0. */
struct cpumap {
    unsigned char bytes[VN_CPU_MAX / 8];
    int len;
};

static int map_of(const struct vn_cpuset *cpus, struct cpumap *ret, struct vn_err *err)
{
    memset(ret, 0, sizeof *ret);
    if (vn_cpuset_empty(cpus))
        return VN_FAIL(err, VN_E_USAGE, .cause = "an empty set of CPUs", .fix = "Name at least one CPU.");
    VN_CPUSET_EACH (cpu, cpus)
        ret->bytes[cpu / 8] |= (unsigned char)(1u << cpu % 8);
    ret->len = vn_cpuset_last(cpus) / 8 + 1;
    return 0;
}

struct pin {
    virDomainPtr domain;
    struct cpumap map;
    unsigned flags;
};

static int prepare(void *self, const char *vm, const struct vn_cpuset *cpus, unsigned scope, struct pin *ret,
                   struct vn_err *err)
{
    int r = flags_of(scope, &ret->flags, err);

    if (r == 0)
        r = map_of(cpus, &ret->map, err);
    return r < 0 ? r : vn_virt_domain(self, vm, &ret->domain, err);
}

int vn_virt_pin_vcpu(void *self, const char *vm, unsigned vcpu, const struct vn_cpuset *cpus, unsigned scope,
                     struct vn_err *err)
{
    struct pin pin;
    int r = prepare(self, vm, cpus, scope, &pin, err);

    if (r < 0)
        return r;
    if (virDomainPinVcpuFlags(pin.domain, vcpu, pin.map.bytes, pin.map.len, pin.flags) < 0) {
        r = vn_virt_fail(err, "cannot pin vCPU %u of VM '%s'", vcpu, vm);
        vn_virt_forget(self);
    }
    return r;
}

int vn_virt_pin_emulator(void *self, const char *vm, const struct vn_cpuset *cpus, unsigned scope, struct vn_err *err)
{
    struct pin pin;
    int r = prepare(self, vm, cpus, scope, &pin, err);

    if (r < 0)
        return r;
    if (virDomainPinEmulator(pin.domain, pin.map.bytes, pin.map.len, pin.flags) < 0) {
        r = vn_virt_fail(err, "cannot pin the emulator of VM '%s'", vm);
        vn_virt_forget(self);
    }
    return r;
}

int vn_virt_pin_iothread(void *self, const char *vm, unsigned iothread, const struct vn_cpuset *cpus, unsigned scope,
                         struct vn_err *err)
{
    struct pin pin;
    int r = prepare(self, vm, cpus, scope, &pin, err);

    if (r < 0)
        return r;
    if (virDomainPinIOThread(pin.domain, iothread, pin.map.bytes, pin.map.len, pin.flags) < 0) {
        r = vn_virt_fail(err, "cannot pin IOThread %u of VM '%s'", iothread, vm);
        vn_virt_forget(self);
    }
    return r;
}

int vn_virt_set_nodeset(void *self, const char *vm, const struct vn_nodeset *nodes, unsigned scope, struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    char *text = vn_nodeset_text(&scratch, nodes);
    virTypedParameterPtr params = NULL;
    int count = 0, room = 0, r;
    virDomainPtr domain;
    unsigned flags;

    if (!text)
        return vn_nomem(err);
    if (vn_nodeset_empty(nodes))
        return VN_FAIL(err, VN_E_USAGE, .cause = "an empty set of nodes", .fix = "Name at least one node.");
    r = flags_of(scope, &flags, err);
    if (r == 0)
        r = vn_virt_domain(self, vm, &domain, err);
    if (r < 0)
        return r;
    if (virTypedParamsAddString(&params, &count, &room, VIR_DOMAIN_NUMA_NODESET, text) < 0 ||
        virDomainSetNumaParameters(domain, params, count, flags) < 0) {
        r = vn_virt_fail(err, "cannot set the nodes of VM '%s' to %s", vm, text);
        vn_virt_forget(self);
    }
    virTypedParamsFree(params, count);
    return r;
}
