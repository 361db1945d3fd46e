/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_CPUXML_H
#define VN_CODEC_CPUXML_H

#include <vnuma/buf.h>
#include <vnuma/vm.h>

/*
 * PURE: CPUs and CPU models as libvirt's XML has them. Everything belongs to the arena given; text that
 * is not there is "". Source: libvirt "Domain XML format", CPU model and topology; "Domain capabilities".
 */

/** A document of CPUs larger than this is refused; the capabilities of a large host are some megabytes. */
#define VN_CPUXML_MAX (16u << 20)

struct vn_cpu_feature {
    char *name;
    char *policy; /* "require" where none is said */
};
struct vn_cpu_signature {
    unsigned family, model;
    char *stepping; /* one, or a range "5-7"; "": any */
};

/** struct vn_cpu - a <cpu>: what a VM asks for, what one got, or what a host is. */
struct vn_cpu {
    char *mode, *match, *check, *migratable; /* attributes */
    char *model, *fallback, *vendor;
    char *cache;                             /* <cache mode=> */
    struct vn_guest_topology topology;       /* all 0: none given */
    struct vn_cpu_feature *features;
    size_t n_features;
    /* what only a host has */
    char *arch, *microcode;
    bool has_signature;
    struct vn_cpu_signature signature;
    char *maxphysaddr;                       /* bits */
    uint64_t tsc_hz;                         /* 0: not said */
    char *tsc_scaling;                       /* "yes", "no" */
};
/** vn_cpu_policy() - the policy of a feature in a <cpu>; NULL: it does not name that feature. */
const char *vn_cpu_policy(const struct vn_cpu *cpu, const char *feature);

enum vn_cpu_source { VN_CPU_BARE, VN_CPU_CAPABILITIES, VN_CPU_DOMCAPS, VN_CPU_DOMAIN };
/** vn_cpu_source_name() - "capabilities", "domain capabilities", ... */
const char *vn_cpu_source_name(enum vn_cpu_source source);

/** struct vn_cpu_doc - the CPU that a document is about. */
struct vn_cpu_doc {
    enum vn_cpu_source source;
    struct vn_cpu cpu;
    char *xml; /* as a <cpu> of its own, as libvirt's baseline and comparison take it */
    /* of a domain or of domain capabilities: what kind of VM it is about; virttype "kvm", "qemu" */
    char *virttype, *emulator, *arch, *machine;
};

/**
 * vn_cpuxml_parse() - the CPU in a <cpu>, in <capabilities> (the host's), in <domainCapabilities> (its
 * host-model) or in a <domain>.
 * Errors: -VN_E_SYNTAX not XML, -VN_E_FORMAT another document, or one without a CPU (with the line)
 */
VN_NODISCARD int vn_cpuxml_parse(const char *xml, size_t len, struct vn_arena *arena, struct vn_cpu_doc *ret,
                                 struct vn_err *err);
/** vn_cpuxml_domain() - the same of a <domain>, which need not have a <cpu>: then everything of it is "". */
VN_NODISCARD int vn_cpuxml_domain(const char *xml, size_t len, struct vn_arena *arena, struct vn_cpu_doc *ret,
                                  struct vn_err *err);

enum vn_cpu_usable { VN_CPU_UNKNOWN, VN_CPU_USABLE, VN_CPU_UNUSABLE };

/** struct vn_cpu_offer - a model that an emulator offers. */
struct vn_cpu_offer {
    char *name, *vendor; /* vendor "": not said */
    enum vn_cpu_usable usable;
    bool deprecated;
    char **blockers;     /* features that keep it from being usable; a newer libvirt says them */
    size_t n_blockers;
};

/** struct vn_domcaps - what one emulator can give to a VM, as <domainCapabilities> has it. */
struct vn_domcaps {
    char *emulator, *virttype, *machine, *arch;
    bool passthrough, host_model;   /* is that mode supported? */
    bool passthrough_migratable;    /* can it be limited to what may migrate? */
    struct vn_cpu host;             /* the host-model; all "" where it is not supported */
    struct vn_cpu_offer *offers;    /* in the document's order */
    size_t n_offers;
};
VN_NODISCARD int vn_domcaps_parse(const char *xml, size_t len, struct vn_arena *arena, struct vn_domcaps *ret,
                                  struct vn_err *err);
/** vn_domcaps_offer() - by name; NULL: the emulator does not have it. */
const struct vn_cpu_offer *vn_domcaps_offer(const struct vn_domcaps *caps, const char *name);

/** struct vn_cpu_model - a model of libvirt's cpu_map. */
struct vn_cpu_model {
    char *name, *base, *vendor; /* base: the model it adds to; "": none */
    struct vn_cpu_signature *signatures;
    size_t n_signatures;
    char **features;            /* its own, without those of base */
    size_t n_features;
};
struct vn_cpu_alias {
    char *alias, *name; /* another's name of a feature, and libvirt's */
};
/** struct vn_cpu_map - libvirt's cpu_map of one architecture. */
struct vn_cpu_map {
    struct vn_cpu_model *models;
    size_t n_models;
    char **features; /* every feature that libvirt has a name for */
    size_t n_features;
    struct vn_cpu_alias *aliases;
    size_t n_aliases;
};

/**
 * vn_cpumap_index() - the files that index.xml names for an architecture, none where it has none.
 * @arch: as libvirt has it, "x86_64"
 * Errors: -VN_E_SYNTAX; -VN_E_FORMAT also a name that is not one of a file in the same folder
 */
VN_NODISCARD int vn_cpumap_index(const char *xml, size_t len, const char *arch, struct vn_arena *arena, char ***ret,
                                 size_t *ret_count, struct vn_err *err);
/** vn_cpumap_add() - the models and features of one of those files, added to @map (zeroed before the first). */
VN_NODISCARD int vn_cpumap_add(const char *xml, size_t len, struct vn_arena *arena, struct vn_cpu_map *map,
                               struct vn_err *err);
const struct vn_cpu_model *vn_cpumap_model(const struct vn_cpu_map *map, const char *name);
/**
 * vn_cpumap_features() - own and inherited ones, sorted, each once; the names are those of @map.
 * Errors: -VN_E_FORMAT a base that is not there
 */
VN_NODISCARD int vn_cpumap_features(const struct vn_cpu_map *map, const struct vn_cpu_model *model,
                                    struct vn_arena *arena, char ***ret, size_t *ret_count, struct vn_err *err);
/**
 * vn_cpumap_expand() - what a <cpu> has with its model's features, sorted; those it disables or forbids are not in
 * it. The names are those of @map and @cpu.
 * Errors: also -VN_E_ABSENT a model that @map does not have
 */
VN_NODISCARD int vn_cpumap_expand(const struct vn_cpu_map *map, const struct vn_cpu *cpu, struct vn_arena *arena,
                                  char ***ret, size_t *ret_count, struct vn_err *err);
/** vn_cpumap_name() - libvirt's name of a feature that QEMU calls @feature; @feature itself where it has no other. */
const char *vn_cpumap_name(const struct vn_cpu_map *map, const char *feature);

/** vn_cpu_missing() - the features that libvirt's message of an incompatible CPU lists; none where it lists none. */
VN_NODISCARD int vn_cpu_missing(const char *message, struct vn_arena *arena, char ***ret, size_t *ret_count,
                                struct vn_err *err);

/**
 * vn_domxml_set_cpu() - a domain XML that asks for another CPU: mode and model. Topology, NUMA cells, cache
 * and maxphysaddr stay, and so do features unless @drop_features; what belongs to the old model alone (vendor,
 * match, check, migratable, fallback) goes. A model is written so that libvirt gives exactly that one, or does not
 * start the VM. All else stays byte for byte; what is asked for already changes nothing.
 * @mode: "host-passthrough", "host-model" or "custom"
 * @model: of custom; else NULL
 */
VN_NODISCARD int vn_domxml_set_cpu(const char *xml, size_t len, const char *mode, const char *model,
                                   bool drop_features, struct vn_buf *ret_xml, struct vn_err *err);

#endif
