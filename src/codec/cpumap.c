/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include "codec/cpuxml_priv.h"

/* libvirt's cpu_map: an index, a file a model, one of features. */

enum { FILES_MAX = 4096, MODELS_MAX = 4096, FEATURES_MAX = 65536, DEPTH_MAX = 32 };

int vn_cpuxml_add(struct vn_arena *arena, char ***names, size_t *count, const char *name, struct vn_err *err)
{
    char *copy = vn_arena_strdup(arena, name), **slot = copy ? vn_arena_grow(arena, names, count, sizeof *slot) : NULL;

    if (!slot)
        return vn_nomem(err);
    *slot = copy;
    return 0;
}

/* libvirt's folder is by family: x86_64 and i686 are x86. */
static const char *family_of(const char *arch)
{
    static const char *const families[][2] = {{"x86_64", "x86"},  {"i686", "x86"},     {"aarch64", "arm"},
                                              {"armv7l", "arm"},  {"ppc64le", "ppc64"}, {"ppc64", "ppc64"}};

    for (size_t i = 0; i < VN_COUNT(families); i++)
        if (!strcmp(families[i][0], arch))
            return families[i][1];
    return arch;
}

static int add_includes(const xmlNode *parent, struct vn_arena *arena, char ***ret, size_t *count, struct vn_err *err)
{
    for (const xmlNode *at = vn_xml_child(parent, "include"); at; at = vn_xml_next(at, "include")) {
        const char *name = vn_xml_attr(at, "filename");
        int r;

        if (!name || !*name || *name == '.' || strchr(name, '/'))
            return vn_xml_bad(at, "filename", name, "not the name of a file beside the index", NULL, err);
        if (*count == FILES_MAX)
            return vn_xml_bad(at, NULL, NULL, "too many files", NULL, err);
        r = vn_cpuxml_add(arena, ret, count, name, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Newer versions have the models of an architecture in groups. */
static int add_arch(const xmlNode *arch, struct vn_arena *arena, char ***ret, size_t *count, struct vn_err *err)
{
    int r = add_includes(arch, arena, ret, count, err);

    for (const xmlNode *at = vn_xml_child(arch, "group"); at && r == 0; at = vn_xml_next(at, "group"))
        r = add_includes(at, arena, ret, count, err);
    return r;
}

int vn_cpumap_index(const char *xml, size_t len, const char *arch, struct vn_arena *arena, char ***ret,
                    size_t *ret_count, struct vn_err *err)
{
    VN_AUTO(vn_xml) tree = {0};
    char **names = NULL;
    size_t count = 0;
    int r = vn_xml_read(xml, len, VN_CPUXML_MAX, "cpus", &tree, err);
    const xmlNode *at = r == 0 ? vn_xml_child(vn_xml_root(&tree), "arch") : NULL;

    for (; at && r == 0; at = vn_xml_next(at, "arch")) {
        const char *name = vn_xml_attr(at, "name");

        if (name && !strcmp(name, family_of(arch)))
            r = add_arch(at, arena, &names, &count, err);
    }
    if (r < 0)
        return vn_err_ctx(err, r, "cannot read the index of libvirt's CPU models");
    *ret = names;
    *ret_count = count;
    return 0;
}

static int read_signatures(const xmlNode *node, struct vn_arena *arena, struct vn_cpu_model *model, struct vn_err *err)
{
    for (const xmlNode *at = vn_xml_child(node, "signature"); at; at = vn_xml_next(at, "signature")) {
        struct vn_cpu_signature signature = {0}, *slot;
        int r = vn_xml_attr(at, "family") ? vn_cpuxml_signature(at, arena, &signature, err) : 0;

        if (r < 0)
            return r;
        if (!signature.stepping) /* a signature of another kind */
            continue;
        slot = vn_arena_grow(arena, &model->signatures, &model->n_signatures, sizeof *slot);
        if (!slot)
            return vn_nomem(err);
        *slot = signature;
    }
    return 0;
}

/* A feature with removed='yes' was one of the model's once. */
static int read_model_features(const xmlNode *node, struct vn_arena *arena, struct vn_cpu_model *model,
                               struct vn_err *err)
{
    for (const xmlNode *at = vn_xml_child(node, "feature"); at; at = vn_xml_next(at, "feature")) {
        const char *name = vn_xml_attr(at, "name"), *removed = vn_xml_attr(at, "removed");
        int r;

        if (!name || !*name || model->n_features == FEATURES_MAX)
            return vn_xml_bad(at, "name", name, "a feature without a name, or too many of them", NULL, err);
        r = removed && !strcmp(removed, "yes") ? 0
                                               : vn_cpuxml_add(arena, &model->features, &model->n_features, name, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_model(const xmlNode *node, struct vn_arena *arena, struct vn_cpu_map *map, struct vn_err *err)
{
    struct vn_cpu_model model = {0}, *slot;
    const char *name = vn_xml_attr(node, "name");
    int r;

    if (!name || !*name || vn_cpumap_model(map, name))
        return vn_xml_bad(node, "name", name, "a CPU model without a name, or one that is there twice", NULL, err);
    r = vn_cpuxml_attr(node, "name", arena, &model.name, err);
    if (r == 0)
        r = vn_cpuxml_attr(vn_xml_child(node, "model"), "name", arena, &model.base, err);
    if (r == 0)
        r = vn_cpuxml_attr(vn_xml_child(node, "vendor"), "name", arena, &model.vendor, err);
    if (r == 0)
        r = read_signatures(node, arena, &model, err);
    if (r == 0)
        r = read_model_features(node, arena, &model, err);
    if (r < 0)
        return r;
    if (map->n_models == MODELS_MAX)
        return vn_xml_bad(node, NULL, NULL, "too many CPU models", NULL, err);
    slot = vn_arena_grow(arena, &map->models, &map->n_models, sizeof *slot);
    if (!slot)
        return vn_nomem(err);
    *slot = model;
    return 0;
}

static int read_aliases(const xmlNode *feature, const char *name, struct vn_arena *arena, struct vn_cpu_map *map,
                        struct vn_err *err)
{
    for (const xmlNode *at = vn_xml_child(feature, "alias"); at; at = vn_xml_next(at, "alias")) {
        struct vn_cpu_alias alias, *slot;
        int r = vn_cpuxml_attr(at, "name", arena, &alias.alias, err);

        if (r < 0)
            return r;
        alias.name = vn_arena_strdup(arena, name);
        slot = alias.name ? vn_arena_grow(arena, &map->aliases, &map->n_aliases, sizeof *slot) : NULL;
        if (!slot)
            return vn_nomem(err);
        *slot = alias;
    }
    return 0;
}

static int read_names(const xmlNode *root, struct vn_arena *arena, struct vn_cpu_map *map, struct vn_err *err)
{
    for (const xmlNode *at = vn_xml_child(root, "feature"); at; at = vn_xml_next(at, "feature")) {
        const char *name = vn_xml_attr(at, "name");
        int r;

        if (!name || !*name || map->n_features == FEATURES_MAX)
            return vn_xml_bad(at, "name", name, "a feature without a name, or too many of them", NULL, err);
        r = vn_cpuxml_add(arena, &map->features, &map->n_features, name, err);
        if (r == 0)
            r = read_aliases(at, name, arena, map, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int vn_cpumap_add(const char *xml, size_t len, struct vn_arena *arena, struct vn_cpu_map *map, struct vn_err *err)
{
    VN_AUTO(vn_xml) tree = {0};
    int r = vn_xml_read(xml, len, VN_CPUXML_MAX, "cpus", &tree, err);
    const xmlNode *root = r == 0 ? vn_xml_root(&tree) : NULL, *at = vn_xml_child(root, "model");

    for (; at && r == 0; at = vn_xml_next(at, "model"))
        r = read_model(at, arena, map, err);
    if (r == 0)
        r = read_names(root, arena, map, err);
    return r < 0 ? vn_err_ctx(err, r, "cannot read libvirt's CPU models") : 0;
}

const struct vn_cpu_model *vn_cpumap_model(const struct vn_cpu_map *map, const char *name)
{
    for (size_t i = 0; i < map->n_models; i++)
        if (!strcmp(map->models[i].name, name))
            return &map->models[i];
    return NULL;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_once(char **names, size_t *count)
{
    size_t kept = 0;

    if (*count)
        qsort(names, *count, sizeof *names, compare_names);
    for (size_t i = 0; i < *count; i++)
        if (!kept || strcmp(names[kept - 1], names[i]))
            names[kept++] = names[i];
    *count = kept;
}

static int gather(const struct vn_cpu_map *map, const struct vn_cpu_model *model, struct vn_arena *arena, char ***ret,
                  size_t *count, struct vn_err *err)
{
    for (unsigned depth = 0; model && depth < DEPTH_MAX; depth++) {
        for (size_t i = 0; i < model->n_features; i++) {
            char **slot = vn_arena_grow(arena, ret, count, sizeof *slot);

            if (!slot)
                return vn_nomem(err);
            *slot = model->features[i];
        }
        if (!*model->base)
            return 0;
        model = vn_cpumap_model(map, model->base);
    }
    return VN_FAIL(err, VN_E_FORMAT, .cause = "libvirt's CPU models: a base that is not there, or is its own base");
}

int vn_cpumap_features(const struct vn_cpu_map *map, const struct vn_cpu_model *model, struct vn_arena *arena,
                       char ***ret, size_t *ret_count, struct vn_err *err)
{
    char **names = NULL;
    size_t count = 0;
    int r = gather(map, model, arena, &names, &count, err);

    if (r < 0)
        return r;
    sort_once(names, &count);
    *ret = names;
    *ret_count = count;
    return 0;
}

static bool is_off(const char *policy)
{
    return policy && (!strcmp(policy, "disable") || !strcmp(policy, "forbid"));
}

int vn_cpumap_expand(const struct vn_cpu_map *map, const struct vn_cpu *cpu, struct vn_arena *arena, char ***ret,
                     size_t *ret_count, struct vn_err *err)
{
    const struct vn_cpu_model *model = vn_cpumap_model(map, cpu->model);
    char **names = NULL;
    size_t count = 0, kept = 0;
    int r;

    if (!model)
        return VN_FAIL(err, VN_E_ABSENT, .cause = "libvirt here does not know the CPU model", .got = cpu->model,
                       .fix = "'vnuma cpu models --all' lists those it knows.");
    r = gather(map, model, arena, &names, &count, err);
    for (size_t i = 0; i < cpu->n_features && r == 0; i++) {
        char **slot = vn_arena_grow(arena, &names, &count, sizeof *slot);

        if (!slot)
            return vn_nomem(err);
        *slot = cpu->features[i].name;
    }
    if (r < 0)
        return r;
    for (size_t i = 0; i < count; i++)
        if (!is_off(vn_cpu_policy(cpu, names[i])))
            names[kept++] = names[i];
    sort_once(names, &kept);
    *ret = names;
    *ret_count = kept;
    return 0;
}

const char *vn_cpumap_name(const struct vn_cpu_map *map, const char *feature)
{
    for (size_t i = 0; i < map->n_features; i++)
        if (!strcmp(map->features[i], feature))
            return map->features[i];
    for (size_t i = 0; i < map->n_aliases; i++)
        if (!strcmp(map->aliases[i].alias, feature))
            return map->aliases[i].name;
    return feature;
}

int vn_cpu_missing(const char *message, struct vn_arena *arena, char ***ret, size_t *ret_count, struct vn_err *err)
{
    static const char lead[] = "required features: ";
    const char *at = strstr(message, lead);
    char **names = NULL;
    size_t count = 0;

    for (at = at ? at + strlen(lead) : ""; *(at += strspn(at, ", "));) {
        size_t len = strcspn(at, ", ");
        char *name = vn_arena_strndup(arena, at, len), **slot;

        slot = name ? vn_arena_grow(arena, &names, &count, sizeof *slot) : NULL;
        if (!slot)
            return vn_nomem(err);
        *slot = name;
        at += len;
    }
    *ret = names;
    *ret_count = count;
    return 0;
}
