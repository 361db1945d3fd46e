/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "io/libvirt_priv.h"
#include "io/local.h"

/* Named values of what runs: the host's are files of this machine, a VM's are calls over the connection. */

struct vm_setting {
    const char *key;
    int (*get)(virDomainPtr domain, const char *vm, struct vn_buf *ret, struct vn_err *err);
    int (*set)(virDomainPtr domain, const char *vm, const char *value, struct vn_err *err); /* NULL: only to be read */
};

static int cpu_time(virDomainPtr domain, const char *vm, struct vn_buf *ret, struct vn_err *err)
{
    virDomainInfo info;

    if (virDomainGetInfo(domain, &info) < 0)
        return vn_virt_fail(err, "cannot ask what CPU time '%s' has used", vm);
    vn_buf_fmt(ret, "%llu", info.cpuTime);
    return 0;
}

static const struct vm_setting vm_settings[] = {
    {"cpu.time", cpu_time, NULL},
    {"vcpus", vn_virt_vcpus, vn_virt_set_vcpus},
    {"guest.vcpus", vn_virt_guest_vcpus, vn_virt_set_guest_vcpus},
    {"guest.online", vn_virt_guest_online, NULL},
};

static const struct vm_setting *find(const char *key)
{
    for (size_t i = 0; i < VN_COUNT(vm_settings); i++)
        if (!strcmp(vm_settings[i].key, key))
            return &vm_settings[i];
    return NULL;
}

static int unknown(const char *key, struct vn_err *err)
{
    return VN_FAIL(err, VN_E_ABSENT, .got = key, .cause = "a running VM has no such setting");
}

static int check_host(const struct vn_libvirt *virt, struct vn_err *err)
{
    return virt->local ? 0
                       : VN_FAIL(err, VN_E_REFUSED, .got = virt->hostname,
                                 .cause = "libvirt does not pass on the kernel settings of a remote host",
                                 .fix = "Run vnuma on that host.");
}

int vn_virt_setting(void *self, const char *vm, const char *key, struct vn_buf *ret, struct vn_err *err)
{
    const struct vm_setting *setting = find(key);
    virDomainPtr domain;
    int r;

    if (!*vm) {
        r = check_host(self, err);
        return r < 0 ? r : vn_local_setting("", key, ret, err);
    }
    if (!setting && !vn_virt_is_limit(key))
        return unknown(key, err);
    r = vn_virt_domain(self, vm, &domain, err);
    ret->len = 0;
    if (r == 0)
        r = setting ? setting->get(domain, vm, ret, err) : vn_virt_limit(domain, vm, key, ret, err);
    return r == 0 && ret->failed ? vn_nomem(err) : r;
}

int vn_virt_set_setting(void *self, const char *vm, const char *key, const char *value, struct vn_err *err)
{
    const struct vm_setting *setting = find(key);
    virDomainPtr domain;
    int r;

    if (!*vm) {
        r = check_host(self, err);
        return r < 0 ? r : vn_local_set_setting("", key, value, err);
    }
    if (setting ? !setting->set : !vn_virt_is_limit(key))
        return unknown(key, err);
    r = vn_virt_domain(self, vm, &domain, err);
    if (r == 0)
        r = setting ? setting->set(domain, vm, value, err) : vn_virt_set_limit(domain, vm, key, value, err);
    if (r < 0)
        vn_virt_forget(self);
    return r;
}
