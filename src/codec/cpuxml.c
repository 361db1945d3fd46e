/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <vnuma/units.h>
#include "codec/cpuxml_priv.h"
#include "codec/domxml_parts.h"

/* <cpu>, wherever it stands. */

const char *vn_cpu_policy(const struct vn_cpu *cpu, const char *feature)
{
    for (size_t i = 0; i < cpu->n_features; i++)
        if (!strcmp(cpu->features[i].name, feature))
            return cpu->features[i].policy;
    return NULL;
}

const char *vn_cpu_source_name(enum vn_cpu_source source)
{
    switch (source) {
    case VN_CPU_BARE:
        return "a CPU";
    case VN_CPU_CAPABILITIES:
        return "capabilities";
    case VN_CPU_DOMCAPS:
        return "domain capabilities";
    case VN_CPU_DOMAIN:
        return "a domain";
    }
    return "";
}

int vn_cpuxml_attr(const xmlNode *node, const char *attr, struct vn_arena *arena, char **ret, struct vn_err *err)
{
    const char *value = vn_xml_attr(node, attr);

    *ret = vn_arena_strdup(arena, value ? value : "");
    return *ret ? 0 : vn_nomem(err);
}

int vn_cpuxml_text(const xmlNode *node, struct vn_arena *arena, char **ret, struct vn_err *err)
{
    *ret = node ? vn_xml_text(arena, node) : vn_arena_strdup(arena, "");
    return *ret ? 0 : vn_nomem(err);
}

/* Attributes of elements: { element or NULL (the <cpu> itself), attribute, where it goes }. */
struct attr_of {
    const char *element, *attr;
    char **ret;
};

static int read_attrs(const xmlNode *node, struct vn_arena *arena, struct vn_cpu *cpu, struct vn_err *err)
{
    const struct attr_of all[] = {
        {NULL, "mode", &cpu->mode},           {NULL, "match", &cpu->match},
        {NULL, "check", &cpu->check},         {NULL, "migratable", &cpu->migratable},
        {"model", "fallback", &cpu->fallback}, {"cache", "mode", &cpu->cache},
        {"microcode", "version", &cpu->microcode}, {"maxphysaddr", "bits", &cpu->maxphysaddr},
    };
    int r = 0;

    for (size_t i = 0; i < VN_COUNT(all) && r == 0; i++)
        r = vn_cpuxml_attr(all[i].element ? vn_xml_child(node, all[i].element) : node, all[i].attr, arena, all[i].ret,
                           err);
    if (r == 0)
        r = vn_cpuxml_text(vn_xml_child(node, "model"), arena, &cpu->model, err);
    if (r == 0)
        r = vn_cpuxml_text(vn_xml_child(node, "vendor"), arena, &cpu->vendor, err);
    return r < 0 ? r : vn_cpuxml_text(vn_xml_child(node, "arch"), arena, &cpu->arch, err);
}

static int read_features(const xmlNode *node, struct vn_arena *arena, struct vn_cpu *cpu, struct vn_err *err)
{
    for (const xmlNode *at = vn_xml_child(node, "feature"); at; at = vn_xml_next(at, "feature")) {
        const char *name = vn_xml_attr(at, "name"), *policy = vn_xml_attr(at, "policy");
        struct vn_cpu_feature feature, *slot;

        if (!name || !*name)
            return vn_xml_bad(at, "name", name, "a feature without a name", NULL, err);
        if (vn_cpu_policy(cpu, name))
            return vn_xml_bad(at, "name", name, "a feature that is there twice", NULL, err);
        feature.name = vn_arena_strdup(arena, name);
        feature.policy = vn_arena_strdup(arena, policy ? policy : "require");
        if (!feature.name || !feature.policy)
            return vn_nomem(err);
        slot = vn_arena_grow(arena, &cpu->features, &cpu->n_features, sizeof *slot);
        if (!slot)
            return vn_nomem(err);
        *slot = feature;
    }
    return 0;
}

int vn_cpuxml_signature(const xmlNode *node, struct vn_arena *arena, struct vn_cpu_signature *ret, struct vn_err *err)
{
    int r = vn_xml_uint(node, "family", UINT16_MAX, &ret->family, err);

    if (r == 0)
        r = vn_xml_uint(node, "model", UINT16_MAX, &ret->model, err);
    return r < 0 ? r : vn_cpuxml_attr(node, "stepping", arena, &ret->stepping, err);
}

/* <counter name='tsc' frequency='2596120000' scaling='no'/> */
static int read_tsc(const xmlNode *node, struct vn_arena *arena, struct vn_cpu *cpu, struct vn_err *err)
{
    const xmlNode *at = vn_xml_child(node, "counter");
    const char *name, *frequency;

    while (at && ((name = vn_xml_attr(at, "name")) == NULL || strcmp(name, "tsc")))
        at = vn_xml_next(at, "counter");
    frequency = vn_xml_attr(at, "frequency");
    if (frequency && vn_uint_parse(frequency, UINT64_C(1) << 53, &cpu->tsc_hz, NULL) < 0)
        return vn_xml_bad(at, "frequency", frequency, "not a frequency in Hz", NULL, err);
    return vn_cpuxml_attr(at, "scaling", arena, &cpu->tsc_scaling, err);
}

int vn_cpuxml_read(const xmlNode *node, struct vn_arena *arena, struct vn_cpu *ret, struct vn_err *err)
{
    const xmlNode *signature = vn_xml_child(node, "signature"), *topology = vn_xml_child(node, "topology");
    int r = read_attrs(node, arena, ret, err);

    if (r == 0)
        r = read_features(node, arena, ret, err);
    if (r == 0)
        r = read_tsc(node, arena, ret, err);
    if (r == 0)
        r = vn_cpuxml_attr(signature, "stepping", arena, &ret->signature.stepping, err);
    if (r == 0 && signature)
        r = vn_cpuxml_signature(signature, arena, &ret->signature, err);
    ret->has_signature = r == 0 && signature;
    if (r == 0 && topology)
        r = vn_domxml_read_topology(topology, &ret->topology, err);
    return r;
}

/* The <cpu> of its own: what stands in host-model has other attributes, which are not those of a <cpu>. */
static int own_xml(const xmlNode *node, bool attributes, struct vn_arena *arena, char **ret, struct vn_err *err)
{
    VN_AUTO(vn_xml) tree = {.doc = xmlNewDoc((const xmlChar *)"1.0")};
    VN_AUTO(vn_buf) text = {0};
    xmlNode *copy = tree.doc ? xmlDocCopyNode((xmlNode *)(uintptr_t)node, tree.doc, 1) : NULL;
    int r;

    if (!copy)
        return vn_nomem(err);
    (void)xmlDocSetRootElement(tree.doc, copy);
    xmlNodeSetName(copy, (const xmlChar *)"cpu");
    if (!attributes)
        vn_edit_drop_attrs(copy);
    r = vn_xml_write(&tree, true, &text, err);
    if (r < 0)
        return r;
    *ret = vn_arena_strdup(arena, vn_buf_text(&text));
    return *ret ? 0 : vn_nomem(err);
}

static const xmlNode *mode_of(const xmlNode *root, const char *name)
{
    for (const xmlNode *at = vn_xml_path(root, "cpu/mode"); at; at = vn_xml_next(at, "mode")) {
        const char *own = vn_xml_attr(at, "name"), *supported = vn_xml_attr(at, "supported");

        if (own && !strcmp(own, name))
            return supported && !strcmp(supported, "yes") ? at : NULL;
    }
    return NULL;
}

/* Where a document has its CPU, and what kind of document it is. */
static int find(const xmlNode *root, struct vn_cpu_doc *doc, const xmlNode **ret, struct vn_err *err)
{
    static const struct {
        const char *root, *path;
        enum vn_cpu_source source;
    } kinds[] = {{"capabilities", "host/cpu", VN_CPU_CAPABILITIES},
                 {"domain", "cpu", VN_CPU_DOMAIN},
                 {"domainCapabilities", NULL, VN_CPU_DOMCAPS}};

    *ret = NULL;
    if (vn_xml_is(root, "cpu")) {
        doc->source = VN_CPU_BARE;
        *ret = root;
        return 0;
    }
    for (size_t i = 0; i < VN_COUNT(kinds); i++)
        if (vn_xml_is(root, kinds[i].root)) {
            doc->source = kinds[i].source;
            *ret = kinds[i].path ? vn_xml_path(root, kinds[i].path) : mode_of(root, "host-model");
            return *ret ? 0
                        : vn_xml_bad(root, NULL, NULL,
                                     kinds[i].path ? "a document without a <cpu>" : "no host-model that is supported",
                                     "'virsh domcapabilities' on a host with KVM writes one.", err);
        }
    return VN_FAIL(err, VN_E_FORMAT, .cause = "the XML is not about a CPU", .got = (const char *)root->name,
                   .fix = "Give what 'virsh domcapabilities' or 'virsh capabilities' writes, or a <cpu>.");
}

/* What kind of VM the document is about. */
static int read_kind(const xmlNode *root, struct vn_arena *arena, struct vn_cpu_doc *doc, struct vn_err *err)
{
    bool caps = doc->source == VN_CPU_DOMCAPS;
    const xmlNode *domain = doc->source == VN_CPU_DOMAIN ? root : NULL, *os = vn_xml_path(domain, "os/type");
    const xmlNode *emulator = caps ? vn_xml_child(root, "path") : vn_xml_path(domain, "devices/emulator");
    int r = vn_cpuxml_text(emulator, arena, &doc->emulator, err);

    if (r == 0)
        r = caps ? vn_cpuxml_text(vn_xml_child(root, "domain"), arena, &doc->virttype, err)
                 : vn_cpuxml_attr(domain, "type", arena, &doc->virttype, err);
    if (r == 0)
        r = caps ? vn_cpuxml_text(vn_xml_child(root, "arch"), arena, &doc->arch, err)
                 : vn_cpuxml_attr(os, "arch", arena, &doc->arch, err);
    if (r < 0)
        return r;
    return caps ? vn_cpuxml_text(vn_xml_child(root, "machine"), arena, &doc->machine, err)
                : vn_cpuxml_attr(os, "machine", arena, &doc->machine, err);
}

int vn_cpuxml_parse(const char *xml, size_t len, struct vn_arena *arena, struct vn_cpu_doc *ret, struct vn_err *err)
{
    VN_AUTO(vn_xml) tree = {0};
    struct vn_cpu_doc doc = {0};
    const xmlNode *node = NULL;
    int r = vn_xml_read(xml, len, VN_CPUXML_MAX, NULL, &tree, err);

    if (r == 0)
        r = find(vn_xml_root(&tree), &doc, &node, err);
    if (r == 0)
        r = vn_cpuxml_read(node, arena, &doc.cpu, err);
    if (r == 0)
        r = own_xml(node, doc.source != VN_CPU_DOMCAPS, arena, &doc.xml, err);
    if (r == 0)
        r = read_kind(vn_xml_root(&tree), arena, &doc, err);
    if (r < 0)
        return vn_err_ctx(err, r, "cannot read the CPU");
    *ret = doc;
    return 0;
}

int vn_cpuxml_domain(const char *xml, size_t len, struct vn_arena *arena, struct vn_cpu_doc *ret, struct vn_err *err)
{
    VN_AUTO(vn_xml) tree = {0};
    struct vn_cpu_doc doc = {.source = VN_CPU_DOMAIN};
    const xmlNode *node;
    int r = vn_xml_read(xml, len, VN_CPUXML_MAX, "domain", &tree, err);

    node = r == 0 ? vn_xml_child(vn_xml_root(&tree), "cpu") : NULL;
    if (r == 0)
        r = vn_cpuxml_read(node, arena, &doc.cpu, err);
    if (r == 0)
        r = node ? own_xml(node, true, arena, &doc.xml, err) : vn_cpuxml_text(NULL, arena, &doc.xml, err);
    if (r == 0)
        r = read_kind(vn_xml_root(&tree), arena, &doc, err);
    if (r < 0)
        return vn_err_ctx(err, r, "cannot read the VM's CPU");
    *ret = doc;
    return 0;
}

static int read_blockers(const xmlNode *mode, struct vn_arena *arena, struct vn_cpu_offer *offer, struct vn_err *err)
{
    for (const xmlNode *at = vn_xml_child(mode, "blockers"); at; at = vn_xml_next(at, "blockers")) {
        const char *model = vn_xml_attr(at, "model");

        if (!model || strcmp(model, offer->name))
            continue;
        for (const xmlNode *f = vn_xml_child(at, "feature"); f; f = vn_xml_next(f, "feature")) {
            const char *name = vn_xml_attr(f, "name");
            int r = name ? vn_cpuxml_add(arena, &offer->blockers, &offer->n_blockers, name, err) : 0;

            if (r < 0)
                return r;
        }
    }
    return 0;
}

static int read_offer(const xmlNode *mode, const xmlNode *node, struct vn_arena *arena, struct vn_cpu_offer *offer,
                      struct vn_err *err)
{
    const char *usable = vn_xml_attr(node, "usable"), *deprecated = vn_xml_attr(node, "deprecated"),
               *vendor = vn_xml_attr(node, "vendor");
    int r = vn_cpuxml_text(node, arena, &offer->name, err);

    if (r < 0)
        return r;
    if (usable && strcmp(usable, "unknown"))
        offer->usable = !strcmp(usable, "yes") ? VN_CPU_USABLE : VN_CPU_UNUSABLE;
    offer->deprecated = deprecated && !strcmp(deprecated, "yes");
    offer->vendor = vn_arena_strdup(arena, vendor && strcmp(vendor, "unknown") ? vendor : "");
    return offer->vendor ? read_blockers(mode, arena, offer, err) : vn_nomem(err);
}

static int read_offers(const xmlNode *root, struct vn_arena *arena, struct vn_domcaps *caps, struct vn_err *err)
{
    enum { OFFERS_MAX = 4096 };
    const xmlNode *mode = mode_of(root, "custom");

    for (const xmlNode *at = vn_xml_child(mode, "model"); at; at = vn_xml_next(at, "model")) {
        struct vn_cpu_offer offer = {0}, *slot;
        int r = read_offer(mode, at, arena, &offer, err);

        if (r < 0)
            return r;
        if (caps->n_offers == OFFERS_MAX)
            return vn_xml_bad(at, NULL, NULL, "too many CPU models", NULL, err);
        slot = vn_arena_grow(arena, &caps->offers, &caps->n_offers, sizeof *slot);
        if (!slot)
            return vn_nomem(err);
        *slot = offer;
    }
    return 0;
}

/* <enum name='hostPassthroughMigratable'><value>on</value>... */
static bool has_migratable(const xmlNode *mode)
{
    for (const xmlNode *at = vn_xml_path(mode, "enum/value"); at; at = vn_xml_next(at, "value"))
        if (at->children && at->children->content && !strcmp((const char *)at->children->content, "on"))
            return true;
    return false;
}

static int read_domcaps(const xmlNode *root, struct vn_arena *arena, struct vn_domcaps *caps, struct vn_err *err)
{
    const xmlNode *passthrough = mode_of(root, "host-passthrough"), *host_model = mode_of(root, "host-model");
    int r = vn_cpuxml_text(vn_xml_child(root, "path"), arena, &caps->emulator, err);

    if (r == 0)
        r = vn_cpuxml_text(vn_xml_child(root, "domain"), arena, &caps->virttype, err);
    if (r == 0)
        r = vn_cpuxml_text(vn_xml_child(root, "machine"), arena, &caps->machine, err);
    if (r == 0)
        r = vn_cpuxml_text(vn_xml_child(root, "arch"), arena, &caps->arch, err);
    if (r == 0)
        r = vn_cpuxml_read(host_model, arena, &caps->host, err);
    caps->passthrough = passthrough != NULL;
    caps->passthrough_migratable = has_migratable(passthrough);
    caps->host_model = host_model != NULL;
    return r < 0 ? r : read_offers(root, arena, caps, err);
}

int vn_domcaps_parse(const char *xml, size_t len, struct vn_arena *arena, struct vn_domcaps *ret, struct vn_err *err)
{
    VN_AUTO(vn_xml) tree = {0};
    struct vn_domcaps caps = {0};
    int r = vn_xml_read(xml, len, VN_CPUXML_MAX, "domainCapabilities", &tree, err);

    if (r == 0)
        r = read_domcaps(vn_xml_root(&tree), arena, &caps, err);
    if (r < 0)
        return vn_err_ctx(err, r, "cannot read the domain capabilities");
    *ret = caps;
    return 0;
}

const struct vn_cpu_offer *vn_domcaps_offer(const struct vn_domcaps *caps, const char *name)
{
    for (size_t i = 0; i < caps->n_offers; i++)
        if (!strcmp(caps->offers[i].name, name))
            return &caps->offers[i];
    return NULL;
}
