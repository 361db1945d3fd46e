/* SPDX-License-Identifier: MIT */
/* Do two domain XMLs say the same about placement and CPU? A host writes XML in its own order and adds to it. */
#include <string.h>
#include <vnuma/buf.h>

#include "app/act.h"
#include "codec/cpuxml.h"
#include "codec/domxml.h"

static bool same_pins(const struct vn_pin *a, size_t n_a, const struct vn_pin *b, size_t n_b)
{
    if (n_a != n_b)
        return false;
    for (size_t i = 0; i < n_a; i++)
        if (a[i].id != b[i].id || !vn_cpuset_equal(&a[i].cpus, &b[i].cpus))
            return false;
    return true;
}

static bool same_cells(const struct vn_domain *a, const struct vn_domain *b)
{
    if (a->n_cells != b->n_cells)
        return false;
    for (size_t i = 0; i < a->n_cells; i++)
        if (a->cells[i].id != b->cells[i].id || a->cells[i].memory_kib != b->cells[i].memory_kib ||
            !vn_cpuset_equal(&a->cells[i].vcpus, &b->cells[i].vcpus))
            return false;
    return true;
}

static bool same_numatune(const struct vn_domain *a, const struct vn_domain *b)
{
    if (a->has_numatune != b->has_numatune || a->mem_auto != b->mem_auto || a->mem_mode != b->mem_mode ||
        !vn_nodeset_equal(&a->mem_nodes, &b->mem_nodes) || a->n_memnodes != b->n_memnodes)
        return false;
    for (size_t i = 0; i < a->n_memnodes; i++) {
        const struct vn_memnode *other = vn_domain_memnode(b, a->memnodes[i].cell);

        if (!other || other->mode != a->memnodes[i].mode || !vn_nodeset_equal(&other->nodes, &a->memnodes[i].nodes))
            return false;
    }
    return true;
}

static bool same_topology(const struct vn_guest_topology *a, const struct vn_guest_topology *b)
{
    /* a host writes dies='1' where none was said */
    return a->sockets == b->sockets && a->cores == b->cores && a->threads == b->threads &&
           (a->dies ? a->dies : 1) == (b->dies ? b->dies : 1);
}

static bool same_size(const struct vn_domain *a, const struct vn_domain *b)
{
    return a->vcpus_max == b->vcpus_max && a->vcpus == b->vcpus && a->memory_kib == b->memory_kib &&
           a->hugepage_kib == b->hugepage_kib && a->n_iothreads == b->n_iothreads;
}

static bool same(const struct vn_domain *a, const struct vn_domain *b)
{
    return same_size(a, b) && a->has_vcpu_cpus == b->has_vcpu_cpus && vn_cpuset_equal(&a->vcpu_cpus, &b->vcpu_cpus) &&
           a->has_emulatorpin == b->has_emulatorpin && vn_cpuset_equal(&a->emulatorpin, &b->emulatorpin) &&
           same_pins(a->vcpupins, a->n_vcpupins, b->vcpupins, b->n_vcpupins) &&
           same_pins(a->iothreadpins, a->n_iothreadpins, b->iothreadpins, b->n_iothreadpins) &&
           same_topology(&a->topology, &b->topology) && same_cells(a, b) && same_numatune(a, b);
}

/* A guest's CPU is what it asks for: mode and model. libvirt writes the other attributes itself, and all of it
 * where nothing was said. */
static bool same_cpu(const struct vn_cpu *a, const struct vn_cpu *b)
{
    if ((!*a->mode && !*a->model) || (!*b->mode && !*b->model))
        return true;
    return !strcmp(*a->mode ? a->mode : "custom", *b->mode ? b->mode : "custom") && !strcmp(a->model, b->model);
}

static int same_cpus(const char *xml_a, const char *xml_b, bool *ret, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cpu_doc a, b;
    int r = vn_cpuxml_domain(xml_a, strlen(xml_a), &arena, &a, err);

    if (r == 0)
        r = vn_cpuxml_domain(xml_b, strlen(xml_b), &arena, &b, err);
    if (r == 0)
        *ret = same_cpu(&a.cpu, &b.cpu);
    return r;
}

int vn_same_placement(const char *xml_a, const char *xml_b, bool *ret, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_domain *a = vn_arena_alloc(&arena, sizeof *a), *b = vn_arena_alloc(&arena, sizeof *b);
    int r;

    if (!a || !b)
        return vn_nomem(err);
    r = vn_domxml_parse(xml_a, strlen(xml_a), &arena, a, err);
    if (r == 0)
        r = vn_domxml_parse(xml_b, strlen(xml_b), &arena, b, err);
    if (r < 0)
        return r;
    *ret = same(a, b);
    return *ret ? same_cpus(xml_a, xml_b, ret, err) : 0;
}

int vn_same_xml(const char *a, const char *b, bool *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) x = {0};
    VN_AUTO(vn_buf) y = {0};
    int r = vn_domxml_canonical(a, strlen(a), &x, err);

    if (r == 0)
        r = vn_domxml_canonical(b, strlen(b), &y, err);
    if (r == 0)
        *ret = !strcmp(vn_buf_text(&x), vn_buf_text(&y));
    return r;
}
