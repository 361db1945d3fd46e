/* SPDX-License-Identifier: MIT */
#include <vnuma/buf.h>
#include "codec/domxml.h"
#include "codec/vmlimits.h"
#include "fuzz.h"

/* What parses can be placed, reads back as placed, and placing again changes nothing. */

static int make_placement(struct vn_arena *arena, const struct vn_domain *domain, unsigned seed,
                          struct vn_placement *ret)
{
    size_t n_cells = domain->n_cells ? domain->n_cells : 1 + seed % 2;

    if (n_cells > domain->vcpus_max && !domain->n_cells)
        n_cells = 1;
    *ret = (struct vn_placement){.name = domain->name, .n_vcpus = domain->vcpus_max, .n_cells = n_cells,
                                 .has_emulatorpin = seed & 4, .memory_preferred = seed & 8,
                                 .hugepage_kib = seed & 16 ? 2048 : 0};
    ret->vcpupin = vn_arena_array(arena, ret->n_vcpus, sizeof *ret->vcpupin);
    ret->cells = vn_arena_array(arena, n_cells, sizeof *ret->cells);
    if (!ret->vcpupin || !ret->cells)
        return -1;
    vn_cpuset_add_range(&ret->emulatorpin, 0, seed % 64);
    for (unsigned i = 0; i < ret->n_vcpus; i++) {
        vn_cpuset_add(&ret->vcpupin[i], (i * 7 + seed) % VN_CPU_MAX);
        vn_cpuset_add(&ret->cells[i % n_cells].vcpus, i);
    }
    for (unsigned i = 0; i < n_cells; i++) {
        ret->cells[i].cell = i;
        ret->cells[i].node = (int)((i + seed) % VN_NODE_MAX);
        ret->cells[i].memory_kib = 1024 * (i + 1);
    }
    return 0;
}

static void must_read_back(struct vn_arena *arena, const struct vn_buf *xml, const struct vn_placement *placement)
{
    struct vn_domain domain;
    struct vn_err err;

    MUST(vn_domxml_parse(xml->ptr, xml->len, arena, &domain, &err) == 0);
    MUST(domain.n_vcpupins == placement->n_vcpus);
    for (size_t i = 0; i < domain.n_vcpupins; i++)
        MUST(vn_cpuset_equal(&domain.vcpupins[i].cpus, &placement->vcpupin[i]));
    MUST(domain.has_numatune && !domain.mem_auto && !domain.vcpu_auto && !domain.has_vcpu_cpus);
    MUST(domain.mem_mode == (placement->memory_preferred ? VN_MEM_PREFERRED : VN_MEM_STRICT));
    MUST(domain.n_cells == (placement->n_cells > 1 || domain.n_cells ? placement->n_cells : 0));
    MUST(domain.n_memnodes == domain.n_cells);
    for (size_t i = 0; i < domain.n_cells; i++)
        MUST(vn_cpuset_equal(&domain.cells[i].vcpus, &placement->cells[i].vcpus));
}

static void place_twice(const char *xml, size_t len, const struct vn_domain *domain)
{
    VN_AUTO(vn_arena) arena = {0};
    VN_AUTO(vn_buf) once = {0};
    VN_AUTO(vn_buf) twice = {0};
    struct vn_placement placement;

    if (make_placement(&arena, domain, (unsigned)len, &placement) < 0)
        return;
    MUST(vn_domxml_place(xml, len, &placement, &once, NULL) == 0);
    must_read_back(&arena, &once, &placement);
    MUST(vn_domxml_place(once.ptr, once.len, &placement, &twice, NULL) == 0);
    MUST(!strcmp(once.ptr, twice.ptr));
}

static void live_edits(const char *xml, size_t len)
{
    VN_AUTO(vn_buf) pinned = {0};
    VN_AUTO(vn_buf) bound = {0};
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cpuset cpus = {{6}};
    struct vn_nodeset nodes = {{2}};
    struct vn_domain domain;

    MUST(vn_domxml_set_pin(xml, len, VN_STEP_VCPUPIN, 0, &cpus, &pinned, NULL) == 0);
    MUST(vn_domxml_set_nodeset(pinned.ptr, pinned.len, &nodes, &bound, NULL) == 0);
    MUST(vn_domxml_parse(bound.ptr, bound.len, &arena, &domain, NULL) == 0);
    MUST(vn_domain_pin(&domain, 0) && vn_cpuset_equal(vn_domain_pin(&domain, 0), &cpus));
    MUST(vn_nodeset_equal(&domain.mem_nodes, &nodes));
}

/* By hand: refused, or as asked, and asking again changes nothing. */
static void numatune_edits(const char *xml, size_t len, const struct vn_domain *domain)
{
    VN_AUTO(vn_buf) once = {0};
    VN_AUTO(vn_buf) twice = {0};
    struct vn_memnode cell = {.cell = (unsigned)len % 3, .nodes = {{4}}};
    struct vn_nodeset nodes = {{6}};
    struct vn_numatune_edit edit = {.none = len % 7 == 0, .mode = (int)(len % 5) - 1, .nodes = len & 8 ? &nodes : NULL,
                                    .cells = &cell, .n_cells = domain->n_cells && len & 16 ? 1 : 0};
    struct vn_err err = {0};

    if (edit.mode == VN_MEM_DEFAULT)
        edit.mode = -1;
    if (vn_domxml_set_numatune(xml, len, &edit, &once, &err) < 0) {
        MUST(err.code && err.cause[0]);
        return;
    }
    MUST(vn_domxml_set_numatune(once.ptr, once.len, &edit, &twice, NULL) == 0);
    MUST(!strcmp(once.ptr, twice.ptr));
}

static void vcpu_edits(const char *xml, size_t len, const struct vn_domain *domain)
{
    VN_AUTO(vn_buf) once = {0};
    VN_AUTO(vn_arena) arena = {0};
    unsigned max = len & 1 ? domain->vcpus_max * 2 : domain->vcpus_max / 2 + 1;
    struct vn_domain next;
    struct vn_err err = {0};

    if (vn_domxml_set_vcpus(xml, len, 1, max, &once, &err) < 0) {
        MUST(err.code && err.cause[0]);
        return;
    }
    MUST(vn_domxml_parse(once.ptr, once.len, &arena, &next, NULL) == 0);
    MUST(next.vcpus == 1 && next.vcpus_max == max);
}

static void must_have(const char *xml, const char *key, const char *want)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_limit *limits;
    size_t count;

    MUST(vn_domxml_limits(xml, strlen(xml), &arena, &limits, &count, NULL) == 0);
    MUST(vn_limit_find(limits, count, key) && !strcmp(vn_limit_find(limits, count, key)->value, want));
}

/* Every limit that is there takes a value, and is read back as that. */
static void limit_edits(const char *xml, size_t len)
{
    static const char *const values[] = {"77", "5000/20000", "4096", "total_bytes_sec=5,write_iops_sec=6",
                                         "inbound.average=7,outbound.average=8"};
    VN_AUTO(vn_arena) arena = {0};
    struct vn_limit *limits;
    struct vn_err err = {0};
    size_t count;

    if (vn_domxml_limits(xml, len, &arena, &limits, &count, &err) < 0) {
        MUST(err.code && err.cause[0]);
        return;
    }
    for (size_t i = 0; i < count && i < 16; i++) {
        VN_AUTO(vn_buf) out = {0};

        MUST(vn_limit_kind_of(limits[i].key) == (int)limits[i].kind);
        MUST(vn_domxml_set_limit(xml, len, limits[i].key, values[limits[i].kind], &out, NULL) == 0);
        must_have(out.ptr, limits[i].key, values[limits[i].kind]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VN_AUTO(vn_arena) arena = {0};
    VN_AUTO(vn_buf) pretty = {0};
    VN_AUTO(vn_buf) again = {0};
    struct vn_domain domain;
    struct vn_err err = {0};
    char *text = fuzz_text(data, size);

    if (vn_domxml_parse(text, size, &arena, &domain, &err) == 0) {
        if (domain.vcpus_max <= 512) /* larger ones are only slower */
            place_twice(text, size, &domain);
        live_edits(text, size);
        numatune_edits(text, size, &domain);
        vcpu_edits(text, size, &domain);
        limit_edits(text, size);
        MUST(vn_domxml_canonical(text, size, &pretty, &err) == 0);
        MUST(vn_domxml_canonical(pretty.ptr, pretty.len, &again, &err) == 0);
        MUST(!strcmp(pretty.ptr, again.ptr));
    } else {
        MUST(err.code && err.cause[0]);
    }
    free(text);
    return 0;
}
