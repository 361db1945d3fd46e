/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/files.h"
#include "io/libvirt_priv.h"
#include "io/qemu_probe.h"

/* What libvirt, its cpu_map on this machine and QEMU itself know of CPU models. */

#define CPU_MAP "usr/share/libvirt/cpu_map/"
enum { MAP_FILE_MAX = 4 << 20 };

static int keep(char *text, struct vn_buf *ret, struct vn_err *err)
{
    ret->len = 0;
    vn_buf_str(ret, text);
    free(text);
    return ret->failed ? vn_nomem(err) : 0;
}

static int get_names(void *self, const char *arch, struct vn_arena *arena, char ***ret, size_t *ret_count,
                     struct vn_err *err)
{
    struct vn_libvirt *virt = self;
    char **models = NULL, **names;
    int count = virConnectGetCPUModelNames(virt->conn, arch, &models, 0);
    bool failed;

    if (count < 0)
        return vn_virt_fail(err, "cannot list the CPU models of '%s'", arch);
    names = vn_arena_array(arena, (size_t)count, sizeof *names);
    failed = !names;
    for (int i = 0; i < count; i++) {
        if (!failed)
            failed = !(names[i] = vn_arena_strdup(arena, models[i]));
        free(models[i]);
    }
    free(models);
    if (failed)
        return vn_nomem(err);
    *ret = names;
    *ret_count = (size_t)count;
    return 0;
}

static int get_capabilities(void *self, struct vn_buf *ret, struct vn_err *err)
{
    struct vn_libvirt *virt = self;
    char *xml = virConnectGetCapabilities(virt->conn);

    return xml ? keep(xml, ret, err) : vn_virt_fail(err, "cannot read the host's capabilities");
}

static int get_domcaps(void *self, const struct vn_cpu_target *to, struct vn_buf *ret, struct vn_err *err)
{
    struct vn_libvirt *virt = self;
    char *xml = virConnectGetDomainCapabilities(virt->conn, to->emulator, to->arch, to->machine, to->virttype, 0);

    return xml ? keep(xml, ret, err)
               : vn_virt_fail(err, "cannot ask what the host can give to a VM%s%s", to->virttype ? " of type " : "",
                              to->virttype ? to->virttype : "");
}

/* An incompatible CPU is an answer, and libvirt gives the reason as an error. */
static int compare(void *self, const struct vn_cpu_target *to, const char *cpu_xml, enum vn_cpu_verdict *ret,
                   struct vn_buf *ret_why, struct vn_err *err)
{
    struct vn_libvirt *virt = self;
    int found = virConnectCompareHypervisorCPU(virt->conn, to->emulator, to->arch, to->machine, to->virttype, cpu_xml,
                                               VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE);
    virErrorPtr last = found < 0 ? virGetLastError() : NULL;

    ret_why->len = 0;
    vn_buf_str(ret_why, "");
    if (found < 0 && (!last || last->code != VIR_ERR_CPU_INCOMPATIBLE))
        return vn_virt_fail(err, "cannot compare the CPU with the host's");
    if (last && last->message)
        vn_buf_str(ret_why, last->message);
    *ret = found == VIR_CPU_COMPARE_IDENTICAL ? VN_CPU_IDENTICAL
           : found == VIR_CPU_COMPARE_SUPERSET ? VN_CPU_SUPERSET
                                               : VN_CPU_INCOMPATIBLE;
    return ret_why->failed ? vn_nomem(err) : 0;
}

static int baseline(void *self, const struct vn_cpu_target *to, const char *const *cpu_xmls, size_t count,
                    struct vn_buf *ret, struct vn_err *err)
{
    struct vn_libvirt *virt = self;
    const char **xmls = calloc(count ? count : 1, sizeof *xmls); /* libvirt's type is not as const as ours */
    char *xml;

    if (!xmls)
        return vn_nomem(err);
    memcpy(xmls, cpu_xmls, count * sizeof *xmls);
    xml = virConnectBaselineHypervisorCPU(virt->conn, to->emulator, to->arch, to->machine, to->virttype, xmls,
                                          (unsigned)count, VIR_CONNECT_BASELINE_CPU_MIGRATABLE);
    free(xmls);
    return xml ? keep(xml, ret, err) : vn_virt_fail(err, "cannot find a CPU that all of the hosts can give");
}

static int map_file(void *self, const char *name, struct vn_buf *ret, struct vn_err *err)
{
    char rel[256];

    (void)self;
    if (strchr(name, '/') || strlen(name) + sizeof CPU_MAP > sizeof rel)
        return VN_FAIL(err, VN_E_FORMAT, .cause = "not the name of a file of libvirt's CPU models", .got = name);
    (void)snprintf(rel, sizeof rel, CPU_MAP "%s", name);
    return vn_file_read("", rel, MAP_FILE_MAX, ret, err);
}

static int definitions(void *self, const char *emulator, const char *virttype, struct vn_buf *ret, struct vn_err *err)
{
    const struct vn_libvirt *virt = self;

    if (!virt->local)
        return VN_FAIL(err, VN_E_REFUSED, .cause = "QEMU can be asked on its own host only", .got = virt->hostname,
                       .fix = "Run vnuma there.");
    return vn_qemu_ask_models(emulator, !strcmp(virttype, "kvm") ? "kvm" : "tcg", ret, err);
}

const struct vn_cpu_ops vn_virt_cpu_ops = {
    .names = get_names,
    .capabilities = get_capabilities,
    .domcaps = get_domcaps,
    .compare = compare,
    .baseline = baseline,
    .map_file = map_file,
    .definitions = definitions,
};
