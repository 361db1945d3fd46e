/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "io/doors.h"
#include "io/libvirt_priv.h"

static void keep_quiet(void *self, virErrorPtr error)
{
    (void)self, (void)error; /* errors are returned; libvirt would print them */
}

/* Nobody is asked for a password: credentials come from libvirt's client file auth.conf. */
static int no_credentials(virConnectCredentialPtr credentials, unsigned count, void *self)
{
    (void)credentials, (void)count, (void)self;
    return -1;
}

static virConnectPtr try_open(const char *uri, unsigned flags)
{
    static int types[] = {VIR_CRED_AUTHNAME, VIR_CRED_PASSPHRASE};
    static virConnectAuth auth = {.credtype = types, .ncredtype = VN_COUNT(types), .cb = no_credentials};

    return virConnectOpenAuth(uri, &auth, flags);
}

static bool lacks_permission(const virError *error)
{
    return error && (vn_virt_code(error->code) == VN_E_ENV || error->int1 == EACCES || error->int1 == EPERM) &&
           error->code != VIR_ERR_NO_CONNECT;
}

static int fail_to_open(const char *uri, struct vn_err *err)
{
    const virError *error = virGetLastError();
    const char *fix = "Is libvirtd running there? Start it with 'systemctl start libvirtd'.";
    char what[192];

    (void)snprintf(what, sizeof what, "%s", error && error->message ? error->message : "no reason given");
    if (lacks_permission(error))
        fix = "Run vnuma as root, or as a member of the group libvirt.";
    else if (error && (error->code == VIR_ERR_NO_CONNECT || error->code == VIR_ERR_INVALID_ARG ||
                       error->code == VIR_ERR_CONFIG_UNSUPPORTED || error->domain == VIR_FROM_URI))
        fix = "Give a URI that libvirt knows, as in 'qemu:///system' or 'qemu+ssh://root@HOST/system'.";
    else if (error && (error->code == VIR_ERR_INTERNAL_ERROR || error->code == VIR_ERR_UNKNOWN_HOST))
        fix = "Check the URI, the host's name and that libvirtd runs there.";
    return vn_err_ctx(err, vn_failf(err, VN_E_ENV, fix, "libvirt says '%s'", what), "cannot connect to %s",
                      uri ? uri : "libvirt's default URI");
}

/* "kvm7" and "kvm7.example.org" are one host; "localhost" is any. */
static bool same_host(const char *name)
{
    char own[256] = "";
    size_t first = strcspn(name, ".");

    if (!strcasecmp(name, "localhost") || !strncasecmp(name, "localhost.", 10))
        return true;
    if (gethostname(own, sizeof own - 1) < 0)
        return false;
    return first == strcspn(own, ".") && !strncasecmp(own, name, first);
}

/* "qemu:///system" has no server, "qemu+ssh://kvm7/system" has. */
static bool names_server(const char *uri)
{
    const char *at = strstr(uri, "://");

    return at && at[3] && at[3] != '/' && at[3] != '?';
}

static int learn(struct vn_libvirt *virt, struct vn_hypervisor *ret, struct vn_err *err)
{
    const char *type = virConnectGetType(virt->conn);
    char *uri = virConnectGetURI(virt->conn);

    if (!uri)
        return vn_virt_fail(err, "cannot ask libvirt for its URI");
    if (strlen(uri) >= sizeof ret->uri) {
        free(uri);
        return VN_FAIL(err, VN_E_RANGE, .cause = "a libvirt URI longer than 255 characters");
    }
    (void)snprintf(ret->uri, sizeof ret->uri, "%s", uri);
    virt->hostname = virConnectGetHostname(virt->conn);
    if (!virt->hostname) /* drivers need not have one */
        virt->hostname = strdup("");
    virt->local = type && !strcasecmp(type, "QEMU") && !names_server(uri) && virt->hostname &&
                  same_host(virt->hostname);
    free(uri);
    return virt->hostname ? 0 : vn_nomem(err);
}

void vn_virt_forget(struct vn_libvirt *virt)
{
    if (virt->last)
        (void)virDomainFree(virt->last);
    virt->last = NULL;
}

static void close_libvirt(void *self)
{
    struct vn_libvirt *virt = self;

    vn_virt_forget(virt);
    if (virt->conn)
        (void)virConnectClose(virt->conn);
    free(virt->hostname);
    free(virt->node_ids);
    free(virt);
}

int vn_virt_domain(struct vn_libvirt *virt, const char *name, virDomainPtr *ret, struct vn_err *err)
{
    const char *last = virt->last ? virDomainGetName(virt->last) : NULL;

    if (!last || strcmp(last, name)) {
        vn_virt_forget(virt);
        virt->last = virDomainLookupByName(virt->conn, name);
        if (!virt->last && strlen(name) == VIR_UUID_STRING_BUFLEN - 1)
            virt->last = virDomainLookupByUUIDString(virt->conn, name);
        if (!virt->last)
            return vn_virt_fail(err, "VM '%s'", name);
    }
    *ret = virt->last;
    return 0;
}

/* ---- the levers: one call each ---- */

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

static int pin_vcpu(void *self, const char *vm, unsigned vcpu, const struct vn_cpuset *cpus, unsigned scope,
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

static int pin_emulator(void *self, const char *vm, const struct vn_cpuset *cpus, unsigned scope, struct vn_err *err)
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

static int pin_iothread(void *self, const char *vm, unsigned iothread, const struct vn_cpuset *cpus, unsigned scope,
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

static int set_nodeset(void *self, const char *vm, const struct vn_nodeset *nodes, unsigned scope, struct vn_err *err)
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

static int get_xml(void *self, const char *vm, enum vn_xml_kind kind, struct vn_buf *ret, struct vn_err *err)
{
    virDomainPtr domain = NULL;
    int r = vn_virt_domain(self, vm, &domain, err);

    return r < 0 ? r : vn_virt_xml(self, domain, kind, ret, err);
}

static const struct vn_hypervisor_ops ops = {
    .observe = vn_virt_observe,
    .xml = get_xml,
    .pin_vcpu = pin_vcpu,
    .pin_emulator = pin_emulator,
    .pin_iothread = pin_iothread,
    .set_nodeset = set_nodeset,
    .move_memory = vn_virt_move_memory,
    .memory = vn_virt_memory,
    .define = vn_virt_define,
    .save_restore = vn_virt_save_restore,
    .close = close_libvirt,
};

int vn_libvirt_open(const char *uri, struct vn_hypervisor *ret, struct vn_err *err)
{
    struct vn_libvirt *virt = calloc(1, sizeof *virt);
    struct vn_hypervisor hv = {.ops = &ops, .self = virt};
    int r;

    if (!virt)
        return vn_nomem(err);
    virSetErrorFunc(NULL, keep_quiet);
    virt->conn = try_open(uri, 0);
    r = virt->conn ? 0 : fail_to_open(uri, err);
    if (r < 0 && lacks_permission(virGetLastError())) { /* looking may be allowed all the same */
        virt->conn = try_open(uri, VIR_CONNECT_RO);
        virt->readonly = true;
        r = virt->conn ? 0 : r;
    }
    if (r == 0)
        r = learn(virt, &hv, err);
    if (r < 0) {
        close_libvirt(virt);
        return r;
    }
    *ret = hv;
    return 0;
}
