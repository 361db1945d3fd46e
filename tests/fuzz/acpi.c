/* SPDX-License-Identifier: MIT */
#include "codec/acpi.h"
#include "fuzz.h"

/* The input is an SRAT and, behind it, an HMAT, for a host of nodes 0, 1 and 5. */

static void make_host(struct vn_arena *arena, struct vn_host *ret)
{
    static const int ids[] = {0, 1, 5};

    *ret = (struct vn_host){.n_nodes = VN_COUNT(ids)};
    ret->nodes = vn_arena_array(arena, ret->n_nodes, sizeof *ret->nodes);
    MUST(ret->nodes);
    for (size_t i = 0; i < ret->n_nodes; i++) {
        ret->nodes[i].id = ids[i];
        ret->nodes[i].memory_kib = 1024;
    }
    vn_cpuset_add(&ret->nodes[0].cpus, 0);
}

static void parse_hmat(const uint8_t *data, size_t size, const struct vn_srat *srat, const struct vn_host *host,
                       struct vn_arena *arena)
{
    struct vn_access access;
    struct vn_err err = {0};

    if (vn_hmat_parse(data, size, srat, host, arena, &access, &err) < 0) {
        MUST(err.code && err.cause[0]);
        return;
    }
    for (size_t i = 0; access.latency_ns && i < host->n_nodes * host->n_nodes; i++) /* read each of them */
        MUST(access.latency_ns[i] <= UINT32_MAX / 10 + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_srat srat;
    struct vn_host host;
    struct vn_err err = {0};
    size_t first = size < 8 ? size : (size_t)data[4] | (size_t)data[5] << 8;

    make_host(&arena, &host);
    if (vn_srat_parse(data, size, &arena, &srat, &err) < 0) {
        MUST(err.code && err.cause[0]);
        return 0;
    }
    MUST(srat.n <= VN_NODE_MAX);
    (void)!vn_srat_check(&srat, &host, NULL);
    if (first <= size)
        parse_hmat(data + first, size - first, &srat, &host, &arena);
    return 0;
}
