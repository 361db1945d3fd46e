/* SPDX-License-Identifier: MIT */
#include "app/cpu.h"

#include <stdlib.h>
#include <string.h>

/* Features against features: what a guest got, and what hosts have in common. */

static bool has(char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

static int add(struct vn_arena *arena, char ***names, size_t *n, char *name, struct vn_err *err)
{
    char **slot = vn_arena_grow(arena, names, n, sizeof *slot);

    if (!slot)
        return vn_nomem(err);
    *slot = name;
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(char **names, size_t n)
{
    if (n)
        qsort(names, n, sizeof *names, compare_names);
}

/* Those of @a that are not in @b. */
static int minus(struct vn_arena *arena, char *const *a, size_t n_a, char *const *b, size_t n_b, char ***ret,
                 size_t *ret_count, struct vn_err *err)
{
    int r = 0;

    for (size_t i = 0; i < n_a && r == 0; i++)
        if (!has(b, n_b, a[i]))
            r = add(arena, ret, ret_count, a[i], err);
    sort(*ret, *ret_count);
    return r;
}

static bool is_off(const char *policy)
{
    return policy && (!strcmp(policy, "disable") || !strcmp(policy, "forbid"));
}

int vn_cpu_compare_got(const struct vn_cpu *asked, const struct vn_cpu *live, struct vn_arena *arena,
                       struct vn_cpu_got *ret, struct vn_err *err)
{
    int r = 0;

    *ret = (struct vn_cpu_got){0};
    for (size_t i = 0; i < live->n_features && r == 0; i++) {
        const struct vn_cpu_feature *got = &live->features[i];
        const char *policy = vn_cpu_policy(asked, got->name);

        /* what the model has needs no mention among what is asked for: so switched off, it is refused */
        if (is_off(got->policy) && !is_off(policy))
            r = add(arena, &ret->refused, &ret->n_refused, got->name, err);
        else if (!is_off(got->policy) && !policy)
            r = add(arena, &ret->more, &ret->n_more, got->name, err);
    }
    sort(ret->refused, ret->n_refused);
    sort(ret->more, ret->n_more);
    return r;
}

void vn_cpu_baseline_drop(struct vn_cpu_baseline *baseline)
{
    vn_cpu_host_drop(&baseline->here);
    vn_arena_drop(&baseline->arena);
    memset(baseline, 0, sizeof *baseline);
}

static int expand(const struct vn_cpu_host *here, struct vn_cpu_source_host *host, struct vn_arena *arena,
                  struct vn_err *err)
{
    int r;

    if (!*host->doc.cpu.model)
        return vn_failf(err, VN_E_USAGE, "Give what 'virsh domcapabilities' writes on that host.",
                        "%s: its <cpu> names no model", host->name);
    r = vn_cpumap_expand(&here->map, &host->doc.cpu, arena, &host->features, &host->n_features, err);
    return r < 0 ? vn_err_ctx(err, r, "%s", host->name) : 0;
}

/* libvirt says so too, but not whose they are. */
static int same_vendor(const struct vn_cpu_baseline *baseline, struct vn_err *err)
{
    const struct vn_cpu_source_host *first = NULL;

    for (size_t i = 0; i < baseline->n_hosts; i++) {
        const struct vn_cpu_source_host *host = &baseline->hosts[i];

        if (!*host->doc.cpu.vendor)
            continue;
        if (first && strcmp(first->doc.cpu.vendor, host->doc.cpu.vendor))
            return vn_failf(err, VN_E_REFUSED, "Find a baseline for each vendor's hosts: no guest moves between.",
                            "no CPU suits both %s (%s) and %s (%s)", first->name, first->doc.cpu.vendor, host->name,
                            host->doc.cpu.vendor);
        first = first ? first : host;
    }
    return 0;
}

static int find(struct vn_app *app, const struct vn_cpu_host *here, struct vn_cpu_baseline *baseline,
                struct vn_err *err)
{
    const struct vn_cpu_target target = {here->caps.emulator, here->caps.arch, here->caps.machine, here->caps.virttype};
    const char **xmls = vn_arena_array(&baseline->arena, baseline->n_hosts, sizeof *xmls);
    VN_AUTO(vn_buf) xml = {0};
    int r;

    if (!xmls)
        return vn_nomem(err);
    for (size_t i = 0; i < baseline->n_hosts; i++)
        xmls[i] = baseline->hosts[i].doc.xml;
    r = app->hv->cpu->baseline(app->hv->self, &target, xmls, baseline->n_hosts, &xml, err);
    if (r == 0)
        r = vn_cpuxml_parse(vn_buf_text(&xml), xml.len, &baseline->arena, &baseline->cpu, err);
    return r < 0 ? r
                 : vn_cpumap_expand(&here->map, &baseline->cpu.cpu, &baseline->arena, &baseline->features,
                                    &baseline->n_features, err);
}

static int compare(struct vn_cpu_baseline *baseline, struct vn_err *err)
{
    struct vn_arena *arena = &baseline->arena;
    char **all = NULL;
    size_t n = 0;
    int r = 0;

    for (size_t i = 0; i < baseline->n_hosts && r == 0; i++)
        for (size_t k = 0; k < baseline->hosts[i].n_features && r == 0; k++)
            if (!has(all, n, baseline->hosts[i].features[k]))
                r = add(arena, &all, &n, baseline->hosts[i].features[k], err);
    for (size_t i = 0; i < baseline->n_hosts && r == 0; i++) {
        struct vn_cpu_source_host *host = &baseline->hosts[i];

        r = minus(arena, all, n, host->features, host->n_features, &host->lacks, &host->n_lacks, err);
        if (r == 0)
            r = minus(arena, host->features, host->n_features, baseline->features, baseline->n_features, &host->beyond,
                      &host->n_beyond, err);
    }
    return r;
}

int vn_app_cpu_baseline(struct vn_app *app, const struct vn_cpu_target *target, struct vn_cpu_baseline *baseline,
                        struct vn_err *err)
{
    struct vn_cpu_host *here = &baseline->here;
    int r = vn_app_cpu_host(app, target, here, err);

    if (r == 0 && here->no_map)
        r = vn_failf(err, VN_E_ENV, "Install libvirt's library here; it brings the list of CPU models.",
                     "which features the hosts have cannot be told: %s", here->no_map);
    for (size_t i = 0; i < baseline->n_hosts && r == 0; i++)
        r = expand(here, &baseline->hosts[i], &baseline->arena, err);
    if (r == 0)
        r = same_vendor(baseline, err);
    if (r == 0)
        r = find(app, here, baseline, err);
    return r < 0 ? r : compare(baseline, err);
}
