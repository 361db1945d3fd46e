/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "codec/acpi.h"
#include "codec/acpi_bytes.h"

enum { HEAD = 48, MEMORY = 1 };

int vn_acpi_table(const uint8_t *table, size_t *len, const char *signature, size_t head, struct vn_err *err)
{
    size_t says;

    if (*len < head || memcmp(table, signature, 4) != 0)
        return vn_failf(err, VN_E_FORMAT, NULL, "this is no ACPI table %s", signature);
    says = acpi_u32(table + ACPI_LENGTH);
    if (says < head || says > *len)
        return vn_failf(err, VN_E_FORMAT, NULL, "the ACPI table %s says that it has %zu bytes, and has %zu", signature,
                        says, *len);
    *len = says;
    return 0;
}

/* Where a part of each type has its proximity domain and its flags, whose lowest bit is "enabled". */
static const struct {
    uint8_t size, domain, flags;
} kinds[] = {
    [0] = {16, 2, 4},  /* a processor by its APIC id; the domain is in two places */
    [MEMORY] = {40, 2, 28},
    [2] = {24, 4, 12}, /* x2APIC */
    [3] = {18, 2, 10}, /* GICC */
    [5] = {32, 4, 24}, /* generic initiator */
    [7] = {20, 4, 12}, /* RINTC */
};
enum { PROCESSOR = 0, INITIATOR = 5 };

static uint32_t domain_of(const uint8_t *part, unsigned revision)
{
    uint32_t domain = acpi_u32(part + kinds[part[0]].domain);

    if (part[0] == PROCESSOR) /* one byte, the higher three behind everything else */
        return part[2] | (revision < 2 ? 0 : (acpi_u32(part + 8) & 0xFFFFFF00u));
    return part[0] == MEMORY && revision < 2 ? domain & 0xFF : domain;
}

static int add_domain(struct vn_arena *arena, struct vn_srat *srat, uint32_t domain, unsigned type, struct vn_err *err)
{
    struct vn_srat_domain *at = NULL;

    for (size_t i = 0; i < srat->n && !at; i++)
        if (srat->domains[i].domain == domain)
            at = &srat->domains[i];
    if (!at && srat->n == VN_NODE_MAX)
        return vn_failf(err, VN_E_FORMAT, NULL, "the ACPI table SRAT has more than %d proximity domains", VN_NODE_MAX);
    if (!at)
        at = vn_arena_grow(arena, &srat->domains, &srat->n, sizeof *at);
    if (!at)
        return vn_nomem(err);
    at->domain = domain;
    at->memory = at->memory || type == MEMORY;
    at->cpus = at->cpus || (type != MEMORY && type != INITIATOR);
    return 0;
}

/* The parts that are memory, or all others. */
static int read_parts(const uint8_t *table, size_t len, bool memory, struct vn_arena *arena, struct vn_srat *ret,
                      struct vn_err *err)
{
    for (size_t at = HEAD; at < len;) {
        const uint8_t *part = table + at;
        size_t left = len - at;
        int r = 0;

        if (left < 2 || part[1] < 2 || part[1] > left)
            return vn_failf(err, VN_E_FORMAT, NULL, "the ACPI table SRAT is cut off at byte %zu", at);
        if (part[0] < VN_COUNT(kinds) && kinds[part[0]].size && (part[0] == MEMORY) == memory) {
            if (part[1] < kinds[part[0]].size)
                return vn_failf(err, VN_E_FORMAT, NULL, "the ACPI table SRAT has a part that is too short at byte %zu",
                                at);
            if (part[kinds[part[0]].flags] & 1)
                r = add_domain(arena, ret, domain_of(part, table[ACPI_REVISION]), part[0], err);
        }
        if (r < 0)
            return r;
        at += part[1];
    }
    return 0;
}

int vn_srat_parse(const void *table, size_t len, struct vn_arena *arena, struct vn_srat *ret, struct vn_err *err)
{
    struct vn_srat srat = {0};
    int r = vn_acpi_table(table, &len, "SRAT", HEAD, err);

    if (r == 0)
        r = read_parts(table, len, false, arena, &srat, err);
    if (r == 0)
        r = read_parts(table, len, true, arena, &srat, err);
    if (r == 0)
        *ret = srat;
    return r;
}

int vn_srat_check(const struct vn_srat *srat, const struct vn_host *host, struct vn_err *err)
{
    for (size_t i = 0; i < host->n_nodes; i++) {
        const struct vn_node *node = &host->nodes[i];
        bool listed = (size_t)node->id < srat->n, cpus = !vn_cpuset_empty(&node->cpus);
        const struct vn_srat_domain *domain = listed ? &srat->domains[node->id] : NULL;

        if (cpus && (!domain || !domain->cpus))
            return vn_failf(err, VN_E_FORMAT, NULL, "by the ACPI table SRAT node %d would have no CPUs", node->id);
        if (node->memory_kib && domain && !domain->memory)
            return vn_failf(err, VN_E_FORMAT, NULL, "by the ACPI table SRAT node %d would have no memory", node->id);
    }
    return 0;
}
