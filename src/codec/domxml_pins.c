/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "codec/domxml_parts.h"

/* <cputune>: the pins. */

/* <vcpu cpuset= placement='auto'> would speak for vCPUs that have a pin of their own now. */
static int free_vcpu(xmlNode *root, const struct vn_domain *domain)
{
    xmlNode *vcpu = vn_xml_child(root, "vcpu");

    if (!vcpu)
        return 0;
    vn_edit_drop_attr(vcpu, "cpuset");
    return domain->vcpu_auto ? vn_edit_attr(vcpu, "placement", "static") : 0;
}

static int add_pin(xmlNode *cputune, xmlNode **after, const char *name, const char *id_attr, unsigned id,
                   const struct vn_cpuset *cpus)
{
    xmlNode *pin = vn_edit_insert(cputune, *after, name);

    if (!pin || vn_edit_attr_uint(pin, id_attr, id) < 0)
        return -VN_E_NOMEM;
    *after = pin;
    return vn_edit_attr_cpus(pin, "cpuset", cpus);
}

static int check_pins(const struct vn_domain *domain, const struct vn_placement *placement, struct vn_err *err)
{
    if (placement->n_vcpus > domain->vcpus_max)
        return vn_failf(err, VN_E_STALE, "Make a new plan.", "the placement is for %zu vCPUs, but '%s' has %u",
                        placement->n_vcpus, domain->name, domain->vcpus_max);
    for (size_t i = 0; i < placement->n_vcpus; i++)
        if (vn_cpuset_empty(&placement->vcpupin[i]))
            return vn_failf(err, VN_E_FORMAT, NULL, "the placement of '%s' has no CPU for vCPU %zu", domain->name, i);
    for (size_t i = 0; i < placement->n_iothreadpins; i++)
        if (vn_cpuset_empty(&placement->iothreadpins[i].cpus))
            return vn_failf(err, VN_E_FORMAT, NULL, "the placement of '%s' has no CPU for IOThread %u", domain->name,
                            placement->iothreadpins[i].id);
    if (placement->has_emulatorpin && vn_cpuset_empty(&placement->emulatorpin))
        return vn_failf(err, VN_E_FORMAT, NULL, "the placement of '%s' has no CPU for the emulator", domain->name);
    return 0;
}

static xmlNode *find_pin(const xmlNode *cputune, const char *name, const char *id_attr, unsigned id)
{
    xmlNode *at = vn_xml_child(cputune, name);
    char text[16];

    (void)snprintf(text, sizeof text, "%u", id);
    for (; at; at = vn_xml_next(at, name)) {
        const char *has = vn_xml_attr(at, id_attr);
        while (has && has[0] == '0' && has[1])
            has++;
        if (has && !strcmp(has, text))
            break;
    }
    return at;
}

/* The pin of one thread, changed in its place or added behind the others. */
static int put_pin(xmlNode *cputune, const char *name, const char *id_attr, unsigned id, const struct vn_cpuset *cpus)
{
    xmlNode *pin = id_attr ? find_pin(cputune, name, id_attr, id) : vn_xml_child(cputune, name), *last = NULL;

    if (pin)
        return vn_edit_attr_cpus(pin, "cpuset", cpus);
    if (id_attr)
        return add_pin(cputune, &last, name, id_attr, id, cpus);
    pin = vn_edit_insert(cputune, NULL, name);
    return pin ? vn_edit_attr_cpus(pin, "cpuset", cpus) : -VN_E_NOMEM;
}

int vn_place_pins(xmlNode *root, const struct vn_domain *domain, const struct vn_placement *placement,
                  struct vn_err *err)
{
    xmlNode *cputune, *last = NULL;
    int r = check_pins(domain, placement, err);

    if (r < 0)
        return r;
    cputune = vn_edit_child(root, "cputune");
    if (!cputune || free_vcpu(root, domain) < 0)
        return vn_nomem(err);
    vn_edit_remove_all(cputune, "vcpupin");
    for (size_t i = 0; i < placement->n_vcpus && r == 0; i++)
        r = add_pin(cputune, &last, "vcpupin", "vcpu", (unsigned)i, &placement->vcpupin[i]);
    if (r == 0 && placement->has_emulatorpin)
        r = put_pin(cputune, "emulatorpin", NULL, 0, &placement->emulatorpin);
    for (size_t i = 0; i < placement->n_iothreadpins && r == 0; i++)
        r = put_pin(cputune, "iothreadpin", "iothread", placement->iothreadpins[i].id,
                    &placement->iothreadpins[i].cpus);
    vn_edit_prune(cputune);
    return r < 0 ? vn_nomem(err) : 0;
}

static bool has_iothread(const struct vn_domain *domain, unsigned id)
{
    for (unsigned i = 0; i < domain->n_iothreads; i++)
        if (domain->iothread_ids[i] == id)
            return true;
    return false;
}

static int set_pin(xmlNode *root, const struct vn_domain *domain, enum vn_step_kind kind, unsigned index,
                   const struct vn_cpuset *cpus, struct vn_err *err)
{
    xmlNode *cputune;
    int r;

    if (kind != VN_STEP_VCPUPIN && kind != VN_STEP_EMULATORPIN && kind != VN_STEP_IOTHREADPIN)
        return VN_FAIL(err, VN_E_USAGE, .cause = "not a step that pins", .got = vn_step_kind_name(kind));
    if (vn_cpuset_empty(cpus))
        return VN_FAIL(err, VN_E_USAGE, .cause = "a pin to no CPU at all", .got = domain->name);
    if (kind == VN_STEP_VCPUPIN && index >= domain->vcpus_max)
        return vn_failf(err, VN_E_ABSENT, NULL, "'%s' has no vCPU %u", domain->name, index);
    if (kind == VN_STEP_IOTHREADPIN && !has_iothread(domain, index))
        return vn_failf(err, VN_E_ABSENT, NULL, "'%s' has no IOThread %u", domain->name, index);
    cputune = vn_edit_child(root, "cputune");
    if (!cputune)
        return vn_nomem(err);
    if (kind == VN_STEP_VCPUPIN)
        r = put_pin(cputune, "vcpupin", "vcpu", index, cpus);
    else if (kind == VN_STEP_EMULATORPIN)
        r = put_pin(cputune, "emulatorpin", NULL, 0, cpus);
    else
        r = put_pin(cputune, "iothreadpin", "iothread", index, cpus);
    return r < 0 ? vn_nomem(err) : 0;
}

int vn_domxml_set_pin(const char *xml, size_t len, enum vn_step_kind kind, unsigned index,
                      const struct vn_cpuset *cpus, struct vn_buf *ret_xml, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    VN_AUTO(vn_xml) tree = {0};
    struct vn_domain domain;
    int r = vn_domxml_open(xml, len, &tree, &arena, &domain, err);

    if (r == 0)
        r = set_pin(vn_xml_root(&tree), &domain, kind, index, cpus, err);
    return r < 0 ? r : vn_xml_write(&tree, false, ret_xml, err);
}
