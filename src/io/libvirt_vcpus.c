/* SPDX-License-Identifier: MIT */
/* How many vCPUs a running guest has, and how many of them it uses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vnuma/units.h>

#include "io/libvirt_priv.h"

enum { AGENT_WAIT_S = 5 };
enum { UNPLUG_TRIES = 20, UNPLUG_WAIT_MS = 250 }; /* after libvirt's own 5 s */

static int read_number(const char *value, unsigned *ret, struct vn_err *err)
{
    uint64_t number = 0;
    int r = vn_uint_parse(value, VN_CPU_MAX, &number, err);

    *ret = (unsigned)number;
    if (r == 0 && !number)
        r = VN_FAIL(err, VN_E_USAGE, .cause = "a guest needs one vCPU at least", .got = value);
    return r;
}

int vn_virt_vcpus(virDomainPtr domain, const char *vm, struct vn_buf *ret, struct vn_err *err)
{
    int count = virDomainGetVcpusFlags(domain, VIR_DOMAIN_VCPU_LIVE);

    if (count < 0)
        return vn_virt_fail(err, "cannot ask how many vCPUs '%s' has", vm);
    vn_buf_fmt(ret, "%d", count);
    return 0;
}

/* The guest has to let go of a vCPU; libvirt waits 5 s and then leaves the request with it. */
static int wait_for(virDomainPtr domain, int wanted)
{
    static const struct timespec pause = {.tv_nsec = UNPLUG_WAIT_MS * 1000000L};
    int count = virDomainGetVcpusFlags(domain, VIR_DOMAIN_VCPU_LIVE);

    for (int i = 0; i < UNPLUG_TRIES && count > wanted; i++) {
        (void)nanosleep(&pause, NULL); /* cut short: one look more */
        count = virDomainGetVcpusFlags(domain, VIR_DOMAIN_VCPU_LIVE);
    }
    return count;
}

int vn_virt_set_vcpus(virDomainPtr domain, const char *vm, const char *value, struct vn_err *err)
{
    unsigned wanted;
    int count, r = read_number(value, &wanted, err);

    if (r < 0)
        return r;
    if (virDomainSetVcpusFlags(domain, wanted, VIR_DOMAIN_VCPU_LIVE) < 0) {
        r = vn_virt_fail(err, "cannot give '%s' %u vCPUs", vm, wanted);
        count = wait_for(domain, (int)wanted);
    } else {
        count = wait_for(domain, (int)wanted);
    }
    if (count == (int)wanted)
        return 0;
    if (r == 0)
        r = vn_failf(err, VN_E_IO, "Take the vCPUs offline in the guest (echo 0 >/sys/devices/system/cpu/cpuN/online), "
                                   "then try again.",
                     "the guest '%s' did not let go: it has %d vCPUs, not %u", vm, count, wanted);
    return r;
}

/*
 * libvirt waits for an agent for ever, unless told otherwise for the domain. There is no way to ask what it was told,
 * so its default is put back.
 */
static int limit_wait(virDomainPtr domain, const char *vm, int seconds, struct vn_err *err)
{
    return virDomainAgentSetResponseTimeout(domain, seconds, 0) < 0
               ? vn_virt_fail(err, "cannot limit the wait for the agent of '%s'", vm)
               : 0;
}

/* What the agent says; libvirt's parameters "vcpus", "online" and "offlinable" are lists of the guest's CPUs. */
static int guest_online(virDomainPtr domain, const char *vm, struct vn_cpuset *ret, struct vn_err *err)
{
    virTypedParameterPtr params = NULL;
    unsigned count = 0;
    const char *online = NULL;
    int r = limit_wait(domain, vm, AGENT_WAIT_S, err), asked;

    if (r < 0)
        return r;
    asked = virDomainGetGuestVcpus(domain, &params, &count, 0);
    if (asked < 0)
        r = vn_virt_fail(err, "cannot ask the guest '%s' for its CPUs", vm);
    asked = limit_wait(domain, vm, VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_BLOCK, r < 0 ? NULL : err);
    r = r < 0 ? r : asked;
    if (r == 0 && virTypedParamsGetString(params, (int)count, "online", &online) == 1)
        r = vn_err_ctx(err, vn_cpuset_parse(online, ret, err), "the guest's CPUs online");
    else if (r == 0)
        r = VN_FAIL(err, VN_E_FORMAT, .got = vm, .cause = "the guest's agent does not say which CPUs are online");
    virTypedParamsFree(params, (int)count);
    return r;
}

int vn_virt_guest_vcpus(virDomainPtr domain, const char *vm, struct vn_buf *ret, struct vn_err *err)
{
    struct vn_cpuset online;
    int r = guest_online(domain, vm, &online, err);

    if (r == 0)
        vn_buf_fmt(ret, "%u", vn_cpuset_count(&online));
    return r;
}

int vn_virt_guest_online(virDomainPtr domain, const char *vm, struct vn_buf *ret, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cpuset online;
    int r = guest_online(domain, vm, &online, err);
    const char *text = r == 0 ? vn_cpuset_text(&arena, &online) : "";

    if (!text)
        return vn_nomem(err);
    vn_buf_str(ret, text);
    return r;
}

int vn_virt_set_guest_vcpus(virDomainPtr domain, const char *vm, const char *value, struct vn_err *err)
{
    unsigned wanted;
    struct vn_cpuset online;
    int r = read_number(value, &wanted, err);

    if (r == 0)
        r = guest_online(domain, vm, &online, err);
    if (r < 0 || vn_cpuset_count(&online) == wanted)
        return r;
    if (virDomainSetVcpusFlags(domain, wanted, VIR_DOMAIN_VCPU_GUEST) < 0)
        return vn_virt_fail(err, "the agent of '%s' does not bring %u CPUs online", vm, wanted);
    r = guest_online(domain, vm, &online, err);
    if (r == 0 && vn_cpuset_count(&online) != wanted)
        r = vn_failf(err, VN_E_IO, NULL, "the guest '%s' has %u CPUs online after being asked for %u", vm,
                     vn_cpuset_count(&online), wanted);
    return r;
}
