/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "codec/domxml.h"
#include "io/libvirt_priv.h"

static int check_kind(virDomainPtr domain, enum vn_xml_kind kind, struct vn_err *err)
{
    const char *name = virDomainGetName(domain);
    int is = kind == VN_XML_STORED ? virDomainIsPersistent(domain) : virDomainIsActive(domain);

    if (is < 0)
        return vn_virt_fail(err, "VM '%s'", name);
    if (is)
        return 0;
    if (kind == VN_XML_STORED)
        return vn_failf(err, VN_E_ABSENT, "It vanishes when it stops; define it to keep it.",
                        "VM '%s' is transient: nothing is stored of it", name);
    return vn_failf(err, VN_E_REFUSED, "Start it first.", "VM '%s' is not running", name);
}

int vn_virt_xml(struct vn_libvirt *virt, virDomainPtr domain, enum vn_xml_kind kind, struct vn_buf *ret,
                struct vn_err *err)
{
    const char *name = virDomainGetName(domain); /* now: a call of libvirt's forgets the error before it */
    unsigned flags = virt->readonly ? 0 : VIR_DOMAIN_XML_SECURE; /* without it, passwords would be lost in a define */
    char *xml;
    int r = check_kind(domain, kind, err);

    if (r < 0)
        return r;
    if (kind == VN_XML_STORED)
        flags |= VIR_DOMAIN_XML_INACTIVE;
    if (kind == VN_XML_MIGRATABLE)
        flags |= VIR_DOMAIN_XML_MIGRATABLE;
    xml = virDomainGetXMLDesc(domain, flags);
    if (!xml)
        return vn_virt_fail(err, "cannot read the XML of VM '%s'", name);
    ret->len = 0;
    vn_buf_str(ret, xml);
    free(xml);
    return ret->failed ? vn_nomem(err) : 0;
}

static int define_with(struct vn_libvirt *virt, const char *xml, unsigned flags)
{
    virDomainPtr domain = virDomainDefineXMLFlags(virt->conn, xml, flags);

    if (!domain)
        return -1;
    (void)virDomainFree(domain);
    return 0;
}

/* Some of what libvirt writes its own schema refuses. Then the schema says nothing about a change. */
static bool schema_refuses_stored(struct vn_libvirt *virt, const char *name)
{
    VN_AUTO(vn_buf) stored = {0};
    virDomainPtr domain;

    return vn_virt_domain(virt, name, &domain, NULL) == 0 &&
           vn_virt_xml(virt, domain, VN_XML_STORED, &stored, NULL) == 0 &&
           define_with(virt, stored.ptr, VIR_DOMAIN_DEFINE_VALIDATE) < 0 && /* the same again: changes nothing */
           virGetLastErrorCode() == VIR_ERR_XML_INVALID_SCHEMA;
}

int vn_virt_define(void *self, const char *xml, struct vn_err *err)
{
    struct vn_libvirt *virt = self;
    VN_AUTO(vn_arena) scratch = {0};
    struct vn_domain domain = {0};
    int r = vn_domxml_parse(xml, strlen(xml), &scratch, &domain, err);

    if (r < 0)
        return r;
    if (define_with(virt, xml, VIR_DOMAIN_DEFINE_VALIDATE) == 0)
        return 0;
    r = vn_virt_fail(err, "cannot define VM '%s'", domain.name);
    if (virGetLastErrorCode() != VIR_ERR_XML_INVALID_SCHEMA || !schema_refuses_stored(virt, domain.name))
        return r;
    return define_with(virt, xml, 0) < 0 ? vn_virt_fail(err, "cannot define VM '%s'", domain.name) : 0;
}
