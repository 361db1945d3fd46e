/* SPDX-License-Identifier: MIT */
#ifndef VNUMA_RATE_H
#define VNUMA_RATE_H

#include <stddef.h>
#include <stdint.h>
#include <vnuma/err.h>

/* How fast something may go, as people write it. Each is a whole number; nothing stands before or after it. */

/** A period of the kernel's CPU bandwidth control, where none is named; in microseconds. */
#define VN_PERIOD_USEC 100000u

/**
 * vn_rate_parse() - bytes a second: "200M/s", "200MiB/s" (powers of 1024), "200MB/s" (of 1000), "1Gbit", "100Mbit/s"
 * (powers of 1000), "4096"; "/s" may be left out. Less than a byte is rounded down.
 * Errors: -VN_E_SYNTAX, -VN_E_RANGE (above 10^15, QEMU's own limit)
 */
VN_NODISCARD int vn_rate_parse(const char *text, uint64_t *ret_bytes, struct vn_err *err);

/** vn_iops_parse() - operations a second: "5000", "5000iops", "5k" (of 1000), "5000/s". Errors: as vn_rate_parse() */
VN_NODISCARD int vn_iops_parse(const char *text, uint64_t *ret, struct vn_err *err);

/** vn_seconds_parse() - "10" or "10s". Errors: -VN_E_SYNTAX, -VN_E_RANGE (above 10^6) */
VN_NODISCARD int vn_seconds_parse(const char *text, uint64_t *ret, struct vn_err *err);

/**
 * vn_quota_parse() - CPU time in each period: "250%" of one CPU, or "250000/100000" in microseconds.
 * Errors: -VN_E_SYNTAX, -VN_E_RANGE (the kernel takes periods of 1000 to 1000000 and quotas from 1000 on)
 * Source: Documentation/scheduler/sched-bwc.rst; libvirt's "Domain XML format", "CPU Tuning"
 */
VN_NODISCARD int vn_quota_parse(const char *text, uint64_t *ret_quota, uint64_t *ret_period, struct vn_err *err);

/** vn_rate_format() - for people: "200 MiB/s", "125 MB/s", "777 B/s": the largest unit that it is a whole number of. */
char *vn_rate_format(uint64_t bytes, char *out, size_t size);

#endif
