/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_VMLIMITS_H
#define VN_CODEC_VMLIMITS_H

#include <stdint.h>
#include <vnuma/arena.h>
#include <vnuma/buf.h>
#include <vnuma/err.h>

/*
 * PURE: what a VM may use at most. Every limit has a key and a value as text; "" is no limit, and values that mean the
 * same are the same text:
 *
 *   cpu.shares, blkio.weight       "2048"                     a weight
 *   cpu.quota                      "250000/100000"            microseconds in each period; all of the VM together
 *   cpu.vcpu_quota, cpu.emulator_quota, cpu.iothread_quota    the same; each vCPU, the emulator, each IOThread
 *   memory.hard, .soft, .swap      "8388608"                  KiB; swap is memory and swap together
 *   disk.vda                       "read_bytes_sec=1048576,write_iops_sec=100"    as libvirt names them
 *   net.52:54:00:00:00:01          "inbound.average=125000,outbound.peak=2000"    kB/s, bursts KiB
 *
 * A burst that may last a second (as QEMU has it where nobody says) is one without a length. A quota that is none in a
 * period other than the kernel's own is "none/50000".
 */

enum vn_limit_kind { VN_LIMIT_WEIGHT, VN_LIMIT_QUOTA, VN_LIMIT_MEMORY, VN_LIMIT_DISK, VN_LIMIT_NET };

/** struct vn_limit - one that a VM has or could have. Owned by an arena. */
struct vn_limit {
    enum vn_limit_kind kind;
    char *key;
    char *title; /* "each vCPU", "disk vda", "interface vnet0" */
    char *alias; /* of an interface: its name on the host, where it has one; else NULL */
    char *value;
};

enum { VN_LIMIT_FIELDS = 19 };
/** struct vn_limit_field - a number of a disk's or an interface's limit. */
struct vn_limit_field {
    const char *name; /* libvirt's parameter, "read_bytes_sec" */
    const char *word; /* on the command line, "read" */
    enum vn_limit_unit { VN_LIMIT_BYTES, VN_LIMIT_OPERATIONS, VN_LIMIT_SECONDS, VN_LIMIT_KBYTES, VN_LIMIT_KIB } unit;
};
/** vn_limit_fields() - those of VN_LIMIT_DISK or VN_LIMIT_NET, in the order of their values; NULL for other kinds. */
const struct vn_limit_field *vn_limit_fields(enum vn_limit_kind kind, size_t *ret_count);

/**
 * vn_limit_split() - a disk's or interface's value into numbers by field; 0 is none.
 * Errors: -VN_E_FORMAT not such a value
 */
VN_NODISCARD int vn_limit_split(enum vn_limit_kind kind, const char *value, uint64_t ret[VN_LIMIT_FIELDS],
                                struct vn_err *err);
/** vn_limit_join() - the inverse. */
void vn_limit_join(enum vn_limit_kind kind, const uint64_t numbers[VN_LIMIT_FIELDS], struct vn_buf *ret);

/** vn_limit_quota() - a quota's value from its numbers; @quota 0: none. */
void vn_limit_quota(uint64_t quota, uint64_t period, struct vn_buf *ret);
/** vn_limit_quota_split() - the inverse. Errors: -VN_E_FORMAT */
VN_NODISCARD int vn_limit_quota_split(const char *value, uint64_t *ret_quota, uint64_t *ret_period,
                                      struct vn_err *err);

/**
 * vn_limit_edit() - @now changed as a person asked with @wish: "250%", "8G", "none"; of a disk or an interface
 * "read=200M/s,write=none", where what is not named stays.
 * @what: the option, for messages
 * Errors: -VN_E_SYNTAX, -VN_E_RANGE, -VN_E_USAGE; -VN_E_USAGE also what libvirt or QEMU would refuse: a total beside a
 *         read or write, a burst without or below its limit, a burst's length without the burst
 */
VN_NODISCARD int vn_limit_edit(enum vn_limit_kind kind, const char *now, const char *wish, const char *what,
                               struct vn_buf *ret, struct vn_err *err);

/** vn_limit_words() - a value for a person: "250% of a CPU", "read 200 MiB/s, write 100 MiB/s"; "none". */
void vn_limit_words(enum vn_limit_kind kind, const char *value, struct vn_buf *ret);

/**
 * vn_domxml_limits() - every limit that a domain has or could have: those of the VM, of each disk, of each interface.
 * Errors: those of vn_domxml_parse() for the text as such; -VN_E_FORMAT a value that libvirt would not write
 */
VN_NODISCARD int vn_domxml_limits(const char *xml, size_t len, struct vn_arena *arena, struct vn_limit **ret,
                                  size_t *ret_count, struct vn_err *err);
/** vn_limit_kind_of() - an enum vn_limit_kind; -1: not the key of a limit. */
int vn_limit_kind_of(const char *key);
/** vn_limit_find() - the one with that key; NULL: none. */
const struct vn_limit *vn_limit_find(const struct vn_limit *limits, size_t count, const char *key);

/**
 * vn_domxml_set_limit() - the same XML with another value of one limit; everything else stays as it is.
 * Errors: -VN_E_ABSENT the domain has no such limit
 */
VN_NODISCARD int vn_domxml_set_limit(const char *xml, size_t len, const char *key, const char *value,
                                     struct vn_buf *ret_xml, struct vn_err *err);

#endif
