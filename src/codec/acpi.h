/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_ACPI_H
#define VN_CODEC_ACPI_H

#include <vnuma/host.h>

/*
 * PURE: two tables of the firmware, as the bytes of /sys/firmware/acpi/tables/. Both speak of proximity domains; Linux
 * numbers its nodes otherwise.
 */

struct vn_srat_domain {
    uint32_t domain;
    bool cpus, memory; /* those that the firmware enabled */
};

/** struct vn_srat - the proximity domains; the position of one is the number of the node that Linux makes of it. */
struct vn_srat {
    struct vn_srat_domain *domains;
    size_t n;
};

/**
 * vn_srat_parse() - the domains in the order in which Linux numbers its nodes: first those of processors and generic
 * initiators as the table lists them, then those of memory; what is not enabled does not count.
 * Errors: -VN_E_FORMAT another table, one that is cut off, or more domains than nodes can be
 * Memory: ret->domains is the arena's
 * Source: ACPI 6.5, 5.2.16 (SRAT); Linux 5.10 and later, drivers/acpi/numa/srat.c
 */
VN_NODISCARD int vn_srat_parse(const void *table, size_t len, struct vn_arena *arena, struct vn_srat *ret,
                               struct vn_err *err);

/**
 * vn_srat_check() - can the host's nodes be these domains? A node with CPUs or memory is a domain with such. Memory that
 * came later (CXL) may be a node behind the last domain.
 * Errors: -VN_E_FORMAT names the node
 */
VN_NODISCARD int vn_srat_check(const struct vn_srat *srat, const struct vn_host *host, struct vn_err *err);

/**
 * vn_hmat_parse() - the latencies and bandwidths of reading memory, between the nodes of @host. Where the table has none
 * for reads, those of any access. What it leaves out, or calls unreachable, is 0; a table without any figure is NULL.
 * Units:  nanoseconds and MB/s, rounded up as Linux does
 * Errors: -VN_E_FORMAT another table, a revision other than 1 and 2, or one that is cut off; -VN_E_NOMEM
 * Memory: both tables of @ret are the arena's
 * Source: ACPI 6.2 (revision 1) and 6.5 (revision 2), 5.2.27 and 5.2.28, System Locality Latency and Bandwidth
 */
VN_NODISCARD int vn_hmat_parse(const void *table, size_t len, const struct vn_srat *srat, const struct vn_host *host,
                               struct vn_arena *arena, struct vn_access *ret, struct vn_err *err);

#endif
