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

static int get_uuid(void *self, const char *vm, struct vn_buf *ret, struct vn_err *err)
{
    char text[VIR_UUID_STRING_BUFLEN];
    virDomainPtr domain = NULL;
    int r;

    vn_virt_forget(self); /* the name may be another VM's by now */
    r = vn_virt_domain(self, vm, &domain, err);
    if (r < 0)
        return r;
    if (virDomainGetUUIDString(domain, text) < 0)
        return vn_virt_fail(err, "the UUID of VM '%s'", vm);
    ret->len = 0;
    vn_buf_str(ret, text);
    return ret->failed ? vn_nomem(err) : 0;
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
    .uuid = get_uuid,
    .pin_vcpu = vn_virt_pin_vcpu,
    .pin_emulator = vn_virt_pin_emulator,
    .pin_iothread = vn_virt_pin_iothread,
    .set_nodeset = vn_virt_set_nodeset,
    .move_memory = vn_virt_move_memory,
    .memory = vn_virt_memory,
    .running = vn_virt_running,
    .define = vn_virt_define,
    .setting = vn_virt_setting,
    .set_setting = vn_virt_set_setting,
    .save_restore = vn_virt_save_restore,
    .close = close_libvirt,
};

int vn_libvirt_open(const char *uri, struct vn_hypervisor *ret, struct vn_err *err)
{
    struct vn_libvirt *virt = calloc(1, sizeof *virt);
    struct vn_hypervisor hv = {.ops = &ops, .cpu = &vn_virt_cpu_ops, .guest = &vn_virt_guest_ops, .self = virt};
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
    ret->read_only = virt->readonly;
    return 0;
}
