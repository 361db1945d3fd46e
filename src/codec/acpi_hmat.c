/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "codec/acpi.h"
#include "codec/acpi_bytes.h"

enum { HEAD = 40, PART = 8, LOCALITY = 1, LOCALITY_HEAD = 32, HIERARCHY = 15, UNREACHABLE = 0xFFFF };
/* Kinds of figures: of any access, of reads, of writes. */
enum { ACCESS_LATENCY, READ_LATENCY, WRITE_LATENCY, ACCESS_BANDWIDTH, READ_BANDWIDTH };

struct reader {
    const struct vn_srat *srat;
    const struct vn_host *host;
    struct vn_arena *arena;
    struct vn_err *err;
    unsigned revision, wanted; /* kind of figures */
    struct vn_access *out;
};

/* A matrix of rows of initiators and columns of memory. */
struct locality {
    uint64_t base;
    size_t rows, columns;
    const uint8_t *initiators, *targets, *entries;
};

/* 0: not known. What does not fit 32 bits is nonsense to Linux too. */
static uint32_t figure(const struct reader *in, uint32_t entry, uint64_t base)
{
    bool latency = in->wanted < ACCESS_BANDWIDTH;
    uint64_t value, unit = in->revision == 1 ? 10 : latency ? 1000 : 1; /* picoseconds; before, tenths of all */

    if (!entry || entry == UNREACHABLE || base > UINT32_MAX / entry)
        return 0;
    value = entry * base;
    if (in->revision == 1 && value < unit)
        return 0;
    return (uint32_t)((value + unit - 1) / unit);
}

/* The host's position of a domain, or -1. */
static int position(const struct reader *in, uint32_t domain)
{
    for (size_t i = 0; i < in->srat->n; i++)
        if (in->srat->domains[i].domain == domain)
            return vn_host_node_index(in->host, (int)i);
    return -1;
}

static int put(struct reader *in, size_t row, size_t column, uint32_t value)
{
    uint32_t **table = in->wanted < ACCESS_BANDWIDTH ? &in->out->latency_ns : &in->out->bandwidth_mbps;
    size_t n = in->host->n_nodes;

    if (!value)
        return 0;
    if (!*table)
        *table = vn_arena_array(in->arena, n * n, sizeof **table);
    if (!*table)
        return vn_nomem(in->err);
    (*table)[row * n + column] = value;
    return 0;
}

static int take_matrix(struct reader *in, const struct locality *from)
{
    int *columns = vn_arena_array(in->arena, from->columns, sizeof *columns), r = 0;

    if (!columns)
        return vn_nomem(in->err);
    for (size_t j = 0; j < from->columns; j++)
        columns[j] = position(in, acpi_u32(from->targets + 4 * j));
    for (size_t i = 0; i < from->rows && r == 0; i++) {
        int row = position(in, acpi_u32(from->initiators + 4 * i));

        for (size_t j = 0; row >= 0 && j < from->columns && r == 0; j++)
            if (columns[j] >= 0)
                r = put(in, (size_t)row, (size_t)columns[j],
                        figure(in, acpi_u16(from->entries + 2 * (i * from->columns + j)), from->base));
    }
    return r;
}

/* Figures of memory itself, not of a cache before it. */
static int read_locality(struct reader *in, const uint8_t *part, size_t len)
{
    struct locality from;

    if (len < LOCALITY_HEAD)
        return VN_FAIL(in->err, VN_E_FORMAT, .cause = "the ACPI table HMAT has a part that is too short");
    from = (struct locality){.base = acpi_u64(part + 24), .rows = acpi_u32(part + 12), .columns = acpi_u32(part + 16)};
    /* each of the two is small before they are multiplied */
    if (from.rows > len / 4 || from.columns > len / 4 ||
        LOCALITY_HEAD + 4 * (from.rows + from.columns) + (uint64_t)2 * from.rows * from.columns > len)
        return VN_FAIL(in->err, VN_E_FORMAT, .cause = "the ACPI table HMAT has a matrix larger than its part");
    if ((part[8] & HIERARCHY) || part[9] != in->wanted)
        return 0;
    from.initiators = part + LOCALITY_HEAD;
    from.targets = from.initiators + 4 * from.rows;
    from.entries = from.targets + 4 * from.columns;
    return take_matrix(in, &from);
}

static int read_parts(struct reader *in, const uint8_t *table, size_t len)
{
    for (size_t at = HEAD; at < len;) {
        size_t left = len - at, size = left < PART ? 0 : acpi_u32(table + at + 4);
        int r = 0;

        if (size < PART || size > left)
            return vn_failf(in->err, VN_E_FORMAT, NULL, "the ACPI table HMAT is cut off at byte %zu", at);
        if (acpi_u16(table + at) == LOCALITY)
            r = read_locality(in, table + at, size);
        if (r < 0)
            return r;
        at += size;
    }
    return 0;
}

int vn_hmat_parse(const void *table, size_t len, const struct vn_srat *srat, const struct vn_host *host,
                  struct vn_arena *arena, struct vn_access *ret, struct vn_err *err)
{
    /* what is said of reads replaces what is said of any access */
    static const unsigned order[] = {ACCESS_LATENCY, READ_LATENCY, ACCESS_BANDWIDTH, READ_BANDWIDTH};
    struct vn_access access = {0};
    struct reader in = {.srat = srat, .host = host, .arena = arena, .err = err, .out = &access};
    int r = vn_acpi_table(table, &len, "HMAT", HEAD, err);

    if (r < 0)
        return r;
    in.revision = ((const uint8_t *)table)[ACPI_REVISION];
    if (in.revision != 1 && in.revision != 2)
        return vn_failf(err, VN_E_FORMAT, NULL, "the ACPI table HMAT is of revision %u; known are 1 and 2", in.revision);
    for (size_t i = 0; i < VN_COUNT(order) && r == 0; i++) {
        in.wanted = order[i];
        r = read_parts(&in, table, len);
    }
    if (r == 0)
        *ret = access;
    return r;
}
