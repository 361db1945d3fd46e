/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <vnuma/units.h>
#include "codec/xmltree.h"

int vn_xml_bad(const xmlNode *node, const char *attr, const char *got, const char *cause, const char *fix,
               struct vn_err *err)
{
    char where[160];

    (void)snprintf(where, sizeof where, "<%.80s%s%s> on line %ld", (const char *)node->name, attr ? " " : "",
                   attr ? attr : "", xmlGetLineNo(node));
    return VN_FAIL(err, VN_E_FORMAT, .where = where, .got = got, .cause = cause, .fix = fix);
}

static int missing(const xmlNode *node, const char *attr, struct vn_err *err)
{
    return vn_xml_bad(node, attr, NULL, "a missing attribute", NULL, err);
}

int vn_xml_uint(const xmlNode *node, const char *attr, unsigned max, unsigned *ret, struct vn_err *err)
{
    const char *text = vn_xml_attr(node, attr);
    char cause[64];
    uint64_t value;

    if (!text)
        return missing(node, attr, err);
    if (vn_uint_parse(text, max, &value, NULL) < 0) {
        (void)snprintf(cause, sizeof cause, "not a whole number up to %u", max);
        return vn_xml_bad(node, attr, text, cause, NULL, err);
    }
    *ret = (unsigned)value;
    return 0;
}

int vn_xml_cpuset(const xmlNode *node, const char *attr, struct vn_cpuset *ret, struct vn_err *err)
{
    const char *text = vn_xml_attr(node, attr);

    if (!text)
        return missing(node, attr, err);
    if (vn_cpuset_parse(text, ret, NULL) < 0 || vn_cpuset_empty(ret))
        return vn_xml_bad(node, attr, text, "not a list of CPUs", "Write it as in '0-3,8'.", err);
    return 0;
}

int vn_xml_nodeset(const xmlNode *node, const char *attr, struct vn_nodeset *ret, struct vn_err *err)
{
    const char *text = vn_xml_attr(node, attr);

    if (!text)
        return missing(node, attr, err);
    if (vn_nodeset_parse(text, ret, NULL) < 0 || vn_nodeset_empty(ret))
        return vn_xml_bad(node, attr, text, "not a list of nodes", "Write it as in '0-1'.", err);
    return 0;
}

/* Bytes in a unit: libvirt's rules, which ignore case; 0 for an unknown one. */
static uint64_t unit_bytes(const char *unit)
{
    static const char letters[] = "kmgtpe";
    const char *letter;
    uint64_t base, bytes = 1;

    if (!unit || !*unit)
        return 1024;
    if (!strcasecmp(unit, "b") || !strcasecmp(unit, "byte") || !strcasecmp(unit, "bytes"))
        return 1;
    letter = strchr(letters, *unit | 0x20);
    if (!letter || !*letter)
        return 0;
    if (!unit[1] || !strcasecmp(unit + 1, "ib"))
        base = 1024;
    else if (!strcasecmp(unit + 1, "b"))
        base = 1000;
    else
        return 0;
    for (long i = 0; i <= letter - letters; i++)
        bytes *= base;
    return bytes;
}

int vn_xml_kib(const xmlNode *node, const char *attr, const char *number, const char *unit, uint64_t *ret_kib,
               struct vn_err *err)
{
    static const uint64_t kib_max = UINT64_C(1) << 53; /* as vn_size_parse() */
    uint64_t value, bytes = unit_bytes(unit);

    if (!bytes)
        return vn_xml_bad(node, "unit", unit, "an unknown unit", "Use one of bytes, KiB, MiB, GiB, TiB.", err);
    if (vn_uint_parse(number, UINT64_MAX, &value, NULL) < 0)
        return vn_xml_bad(node, attr, number, "not a size", "Write a whole number.", err);
    if (value > (UINT64_MAX - 1023) / bytes || (value * bytes + 1023) / 1024 > kib_max)
        return vn_xml_bad(node, attr, number, "a size that is too large", NULL, err);
    *ret_kib = (value * bytes + 1023) / 1024;
    return 0;
}

/* A number as libvirt writes parts of an address: 0x3b or 59. */
static int address_part(const xmlNode *node, const char *attr, const char *text, unsigned long max, unsigned *ret,
                        struct vn_err *err)
{
    bool hex = !strncmp(text, "0x", 2) || !strncmp(text, "0X", 2);
    const char *digits = hex ? text + 2 : text;
    unsigned long value;

    if (!*digits || strlen(digits) > 8 || digits[strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789")])
        return vn_xml_bad(node, attr, text, "not a part of a PCI address", "Write it as in '0x3b'.", err);
    value = strtoul(digits, NULL, hex ? 16 : 10);
    if (value > max)
        return vn_xml_bad(node, attr, text, "a part of a PCI address that is too large", NULL, err);
    *ret = (unsigned)value;
    return 0;
}

int vn_xml_pci(struct vn_arena *arena, const xmlNode *node, const char *const parts[4], char **ret, struct vn_err *err)
{
    static const char *const names[4] = {"domain", "bus", "slot", "function"};
    static const unsigned long max[4] = {0xffffffff, 0xff, 0x1f, 7};
    unsigned value[4] = {0};

    for (size_t i = 0; i < 4; i++) { /* libvirt takes a part that is not there as 0 */
        int r = parts[i] ? address_part(node, names[i], parts[i], max[i], &value[i], err) : 0;
        if (r < 0)
            return r;
    }
    *ret = vn_arena_printf(arena, "%04x:%02x:%02x.%x", value[0], value[1], value[2], value[3]);
    return *ret ? 0 : vn_nomem(err);
}
