/* SPDX-License-Identifier: MIT */
/* Limits: as people write them, as text, and in a domain XML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/vmlimits.h"

#define DOMAIN(tune, disk, net) \
    "<domain type='kvm'>\n  <name>db</name>\n  <memory unit='KiB'>4096</memory>\n" tune \
    "  <os><type>hvm</type></os>\n  <devices>\n    <disk type='file' device='cdrom'>\n" \
    "      <target dev='sda'/>\n    </disk>\n    <disk type='file' device='disk'>\n      <target dev='vda' bus='virtio'/>\n" \
    disk "    </disk>\n    <interface type='bridge'>\n      <mac address='52:54:00:00:00:01'/>\n" \
    "      <target dev='vnet0'/>\n" net "    </interface>\n  </devices>\n</domain>\n"

static void edits(enum vn_limit_kind kind, const char *now, const char *wish, const char *want)
{
    VN_AUTO(vn_buf) out = {0};

    assert_int_equal(vn_limit_edit(kind, now, wish, "--x", &out, NULL), 0);
    assert_string_equal(vn_buf_text(&out), want);
}

static void refuses(enum vn_limit_kind kind, const char *now, const char *wish, int code, const char *cause)
{
    VN_AUTO(vn_buf) out = {0};
    struct vn_err err = {0};
    char text[1024];

    assert_int_equal(vn_limit_edit(kind, now, wish, "--x", &out, &err), -code);
    (void)vn_err_text(&err, text, sizeof text);
    if (!strstr(text, cause))
        fail_msg("'%s' is not in '%s'", cause, text);
}

static void one_number(void **state)
{
    (void)state;
    edits(VN_LIMIT_QUOTA, "", "250%", "250000/100000");
    edits(VN_LIMIT_QUOTA, "250000/100000", "none", "");
    edits(VN_LIMIT_QUOTA, "none/5000", "unlimited", "");
    edits(VN_LIMIT_WEIGHT, "", "2048", "2048");
    edits(VN_LIMIT_MEMORY, "1", "8G", "8388608");
    edits(VN_LIMIT_MEMORY, "1", "none", "");
    refuses(VN_LIMIT_MEMORY, "", "0", VN_E_USAGE, "a limit of nothing");
    refuses(VN_LIMIT_WEIGHT, "", "lots", VN_E_SYNTAX, "not a whole number");
    refuses(VN_LIMIT_WEIGHT, "", "262145", VN_E_RANGE, "above 262144");
}

static void of_a_disk(void **state)
{
    (void)state;
    edits(VN_LIMIT_DISK, "", "read=200M/s,write=100MB/s", "read_bytes_sec=209715200,write_bytes_sec=100000000");
    edits(VN_LIMIT_DISK, "read_bytes_sec=5,write_iops_sec=7", "read=none,read-iops=5k", "read_iops_sec=5000,write_iops_sec=7");
    edits(VN_LIMIT_DISK, "read_bytes_sec=5,write_iops_sec=7", "none", "");
    edits(VN_LIMIT_DISK, "read_bytes_sec=5", "total=1k,read=none", "total_bytes_sec=1024");
    edits(VN_LIMIT_DISK, "", "read=1k,read-max=2k,read-max-length=10s",
          "read_bytes_sec=1024,read_bytes_sec_max=2048,read_bytes_sec_max_length=10");
    refuses(VN_LIMIT_DISK, "read_bytes_sec=5", "total=1k", VN_E_USAGE, "'total' is for reads and writes together, and 'read'");
    refuses(VN_LIMIT_DISK, "", "total-iops=5,write-iops=6", VN_E_USAGE, "'write-iops' is set too");
    refuses(VN_LIMIT_DISK, "", "read-max=5", VN_E_USAGE, "a burst above 'read', which is not set");
    refuses(VN_LIMIT_DISK, "", "read=5,read-max=4", VN_E_USAGE, "'read-max' (4) is below 'read' (5)");
    refuses(VN_LIMIT_DISK, "", "read=5,read-max-length=4", VN_E_USAGE, "is how long 'read-max' may last");
    refuses(VN_LIMIT_DISK, "", "reed=5", VN_E_USAGE, "total, read, write");
    refuses(VN_LIMIT_DISK, "", "read", VN_E_USAGE, "without a value");
    refuses(VN_LIMIT_DISK, "", "", VN_E_USAGE, "no limit is named");
    refuses(VN_LIMIT_DISK, "", "read=0", VN_E_USAGE, "a limit of nothing");
    refuses(VN_LIMIT_DISK, "odd=1", "read=1", VN_E_FORMAT, "not the value of a limit");
}

static void of_an_interface(void **state)
{
    (void)state;
    edits(VN_LIMIT_NET, "", "in=1Gbit,in-burst=512K,out=100Mbit",
          "inbound.average=125000,inbound.burst=512,outbound.average=12500");
    edits(VN_LIMIT_NET, "inbound.average=125000", "in-peak=2Gbit", "inbound.average=125000,inbound.peak=250000");
    refuses(VN_LIMIT_NET, "", "in=999", VN_E_USAGE, "1000 bytes a second is the least");
    refuses(VN_LIMIT_NET, "", "out-peak=1Gbit", VN_E_USAGE, "'out-peak' goes with 'out'");
    refuses(VN_LIMIT_NET, "inbound.average=5,inbound.peak=6", "in=none", VN_E_USAGE, "'in-peak' goes with 'in'");
}

static void in_words(void **state)
{
    static const struct {
        enum vn_limit_kind kind;
        const char *value, *words;
    } cases[] = {{VN_LIMIT_QUOTA, "250000/100000", "250%"},       {VN_LIMIT_QUOTA, "", "none"},
                 {VN_LIMIT_QUOTA, "5000/20000", "25% in 20000 us"}, {VN_LIMIT_QUOTA, "1001/100000", "1001 of 100000 us"},
                 {VN_LIMIT_QUOTA, "none/5000", "none"},           {VN_LIMIT_MEMORY, "8388608", "8 GiB"},
                 {VN_LIMIT_WEIGHT, "7", "7"},
                 {VN_LIMIT_DISK, "read_bytes_sec=1048576,write_iops_sec=100,write_iops_sec_max=200,write_iops_sec_max_length=5",
                  "read 1 MiB/s, write-iops 100, write-iops-max 200, write-iops-max-length 5 s"},
                 {VN_LIMIT_NET, "inbound.average=125000,inbound.burst=1024,outbound.average=12500,outbound.peak=3",
                  "in 1 Gbit/s, in-burst 1 MiB, out 100 Mbit/s, out-peak 3 kB/s"}};

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++) {
        VN_AUTO(vn_buf) out = {0};

        vn_limit_words(cases[i].kind, cases[i].value, &out);
        assert_string_equal(vn_buf_text(&out), cases[i].words);
    }
}

static void assert_value(const char *xml, const char *key, const char *want)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_limit *limits;
    size_t n;

    assert_int_equal(vn_domxml_limits(xml, strlen(xml), &arena, &limits, &n, NULL), 0);
    assert_non_null(vn_limit_find(limits, n, key));
    assert_string_equal(vn_limit_find(limits, n, key)->value, want);
}

/* There, read back, and away again: every byte is as it was. */
static void assert_set(const char *before, const char *key, const char *value, const char *after)
{
    VN_AUTO(vn_buf) set = {0};
    VN_AUTO(vn_buf) taken = {0};

    assert_int_equal(vn_domxml_set_limit(before, strlen(before), key, value, &set, NULL), 0);
    assert_string_equal(set.ptr, after);
    assert_value(set.ptr, key, value);
    assert_int_equal(vn_domxml_set_limit(set.ptr, set.len, key, "", &taken, NULL), 0);
    assert_string_equal(taken.ptr, before);
}

static void in_the_xml(void **state)
{
    (void)state;
    assert_set(DOMAIN("", "", ""), "cpu.quota", "250000/100000",
               DOMAIN("  <cputune>\n    <global_period>100000</global_period>\n    <global_quota>250000</global_quota>\n  </cputune>\n", "", ""));
    assert_set(DOMAIN("  <cputune>\n    <vcpupin vcpu='0' cpuset='1'/>\n  </cputune>\n", "", ""), "cpu.shares", "7",
               DOMAIN("  <cputune>\n    <shares>7</shares>\n    <vcpupin vcpu='0' cpuset='1'/>\n  </cputune>\n", "", ""));
    assert_set(DOMAIN("", "", ""), "memory.hard", "8388608",
               DOMAIN("  <memtune>\n    <hard_limit unit='KiB'>8388608</hard_limit>\n  </memtune>\n", "", ""));
    assert_set(DOMAIN("", "", ""), "blkio.weight", "200",
               DOMAIN("  <blkiotune>\n    <weight>200</weight>\n  </blkiotune>\n", "", ""));
    assert_set(DOMAIN("", "", ""), "disk.vda", "read_bytes_sec=5,write_iops_sec=7",
               DOMAIN("", "      <iotune>\n        <read_bytes_sec>5</read_bytes_sec>\n        <write_iops_sec>7</write_iops_sec>\n      </iotune>\n", ""));
    assert_set(DOMAIN("", "      <iotune>\n        <group_name>g</group_name>\n      </iotune>\n", ""), "disk.vda", "read_iops_sec=5",
               DOMAIN("", "      <iotune>\n        <group_name>g</group_name>\n        <read_iops_sec>5</read_iops_sec>\n      </iotune>\n", ""));
    assert_set(DOMAIN("", "", ""), "net.52:54:00:00:00:01", "inbound.average=1,inbound.burst=3,outbound.average=2",
               DOMAIN("", "", "      <bandwidth>\n        <inbound average='1' burst='3'/>\n        <outbound average='2'/>\n      </bandwidth>\n"));
    assert_set(DOMAIN("", "", "      <bandwidth>\n        <inbound floor='5'/>\n      </bandwidth>\n"), "net.52:54:00:00:00:01",
               "outbound.average=2",
               DOMAIN("", "", "      <bandwidth>\n        <inbound floor='5'/>\n        <outbound average='2'/>\n      </bandwidth>\n"));
}

static void what_libvirt_writes(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    VN_AUTO(vn_buf) out = {0};
    struct vn_err err = {0};
    struct vn_limit *limits;
    const char *xml;
    size_t n;

    (void)state;
    xml = DOMAIN("  <memtune>\n    <hard_limit unit='MiB'>5</hard_limit>\n    <soft_limit unit='KiB'>9007199254740991</soft_limit>\n  </memtune>\n"
                 "  <cputune>\n    <period>50000</period>\n    <quota>-1</quota>\n    <global_quota>17592186044415</global_quota>\n  </cputune>\n",
                 "      <iotune>\n        <total_bytes_sec>0</total_bytes_sec>\n      </iotune>\n", "");
    assert_value(xml, "memory.hard", "5120");
    assert_value(xml, "memory.soft", "");
    assert_value(xml, "cpu.vcpu_quota", "none/50000");
    assert_value(xml, "cpu.quota", "");
    assert_value(xml, "disk.vda", "");
    assert_int_equal(vn_domxml_limits(xml, strlen(xml), &arena, &limits, &n, NULL), 0);
    assert_null(vn_limit_find(limits, n, "disk.sda")); /* a CD drive */
    assert_string_equal(vn_limit_find(limits, n, "net.52:54:00:00:00:01")->alias, "vnet0");
    assert_int_equal(vn_domxml_set_limit(xml, strlen(xml), "disk.vdb", "", &out, &err), -VN_E_ABSENT);
    assert_int_equal(vn_domxml_set_limit(xml, strlen(xml), "odd", "", &out, &err), -VN_E_ABSENT);
    assert_int_equal(vn_domxml_set_limit(xml, strlen(xml), "disk.vda", "odd=1", &out, &err), -VN_E_FORMAT);
    xml = DOMAIN("  <cputune>\n    <shares>many</shares>\n  </cputune>\n", "", "");
    assert_int_equal(vn_domxml_limits(xml, strlen(xml), &arena, &limits, &n, &err), -VN_E_FORMAT);
    assert_non_null(strstr(err.where, "<shares> on line 5"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_number), cmocka_unit_test(of_a_disk),  cmocka_unit_test(of_an_interface),
        cmocka_unit_test(in_words),   cmocka_unit_test(in_the_xml), cmocka_unit_test(what_libvirt_writes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
