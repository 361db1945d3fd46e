/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "codec/capsxml.h"
#include "xmlfile.h"

static void a_host_of_three_nodes(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    char *xml = read_xml("caps-2n.xml");
    struct vn_host host;

    (void)state;
    assert_int_equal(vn_capsxml_parse(xml, strlen(xml), &arena, &host, NULL), 0);
    assert_string_equal(host.arch, "x86_64");
    assert_int_equal(host.n_nodes, 3);
    assert_int_equal(host.nodes[1].id, 4); /* sorted, though written first */
    assert_string_equal(vn_cpuset_text(&arena, &host.nodes[0].cpus), "0-3,8-11");
    assert_string_equal(vn_cpuset_text(&arena, &host.nodes[1].cpus), "4-6,12-15");
    assert_true(vn_cpuset_empty(&host.nodes[2].cpus));
    assert_string_equal(vn_cpuset_text(&arena, &host.offline), "7");
    assert_int_equal(host.nodes[2].memory_kib, 16777216);
    assert_int_equal(host.nodes[0].n_pools, 2); /* 4 KiB is no pool */
    assert_int_equal(vn_node_pool(&host.nodes[0], 2048)->total, 512);
    assert_int_equal(vn_node_pool(&host.nodes[0], 2048)->free, 0); /* the caller's to fill */
    assert_int_equal(host.n_cores, 8);
    assert_string_equal(vn_cpuset_text(&arena, &host.cores[0]), "0,8");
    assert_string_equal(vn_cpuset_text(&arena, &host.cores[7]), "15"); /* its sibling 7 is off */
    assert_int_equal(host.n_l3, 2);
    assert_string_equal(vn_cpuset_text(&arena, &host.l3[0]), "0-3,8-11");
    assert_int_equal(vn_host_distance(&host, 0, 1), 21);
    assert_int_equal(vn_host_distance(&host, 2, 1), 17);
    free(xml);
}

/* Of reads, or of any access; of memory, not of a cache before it; KiB/s as libvirt makes them of the kernel's MB/s. */
static void latencies_of_the_nearest_cpus(void **state)
{
    static const uint32_t latency[] = {81, 0, 230, 0, 90, 0, 0, 0, 0}, bandwidth[] = {80000, 0, 0, 0, 0, 0, 0, 0, 0};
    VN_AUTO(vn_arena) arena = {0};
    char *xml = read_xml("caps-2n.xml");
    struct vn_host host;

    (void)state;
    assert_int_equal(vn_capsxml_parse(xml, strlen(xml), &arena, &host, NULL), 0);
    assert_memory_equal(host.hmat.latency_ns, latency, sizeof latency);
    assert_memory_equal(host.hmat.bandwidth_mbps, bandwidth, sizeof bandwidth);
    free(xml);
}

static void interconnects_that_make_no_sense(void **state)
{
    static const char *const bad[] = {
        "<latency target='0' type='read' value='1'/>",
        "<latency initiator='0' target='1' type='read' value='1'/>",
        "<latency initiator='0' target='0' type='read'/>",
        "<latency initiator='0' target='0' type='read' value='4294967296'/>",
        "<bandwidth initiator='0' target='0' type='read'/>",
        "<bandwidth initiator='0' target='0' type='read' value='1' unit='apples'/>",
        "<bandwidth initiator='0' target='0' type='read' value='4398046511104'/>", /* 2^42 KiB/s */
    };

    (void)state;
    for (size_t i = 0; i < VN_COUNT(bad); i++) {
        VN_AUTO(vn_arena) arena = {0};
        char *xml = vn_arena_printf(&arena, "<capabilities><host><topology><cells><cell id='0'/></cells><interconnects>%s"
                                            "</interconnects></topology></host></capabilities>", bad[i]);
        struct vn_host host;

        if (vn_capsxml_parse(xml, strlen(xml), &arena, &host, NULL) != -VN_E_FORMAT)
            fail_msg("taken: %s", bad[i]);
    }
}

/* Recorded from libvirt 9.0's test driver: no distances, no caches, pages of 8 KiB on one node. */
static void libvirts_test_host(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    char *xml = read_xml("caps-test-driver.xml");
    struct vn_host host;

    (void)state;
    assert_int_equal(vn_capsxml_parse(xml, strlen(xml), &arena, &host, NULL), 0);
    assert_int_equal(host.n_nodes, 2);
    assert_int_equal(host.n_cores, 16);
    assert_int_equal(host.nodes[1].memory_kib, 4194304);
    assert_int_equal(host.nodes[1].n_pools, 2);
    assert_null(host.distances);
    assert_null(host.hmat.latency_ns);
    assert_null(host.hmat.bandwidth_mbps);
    assert_int_equal(host.n_l3, 0);
    assert_true(vn_cpuset_empty(&host.offline));
    free(xml);
}

static void without_siblings_nobody_is_offline(void **state)
{
    static const char xml[] = "<capabilities><host><topology><cells><cell id='3'><cpus><cpu id='1'/><cpu id='2'/>"
                              "</cpus></cell></cells></topology></host></capabilities>";
    VN_AUTO(vn_arena) arena = {0};
    struct vn_host host;

    (void)state;
    assert_int_equal(vn_capsxml_parse(xml, sizeof xml - 1, &arena, &host, NULL), 0);
    assert_int_equal(vn_cpuset_count(&host.nodes[0].cpus), 2);
    assert_int_equal(host.n_cores, 0);
    assert_string_equal(host.arch, "");
}

static void contradictions_are_refused(void **state)
{
    static const char *const cells[] = {
        "",
        "<cell id='0'/><cell id='0'/>",
        "<cell id='1024'/>",
        "<cell/>",
        "<cell id='0'><memory unit='apples'>1</memory></cell>",
        "<cell id='0'><memory>x</memory></cell>",
        "<cell id='0'><pages size='4'>-1</pages></cell>",
        "<cell id='0'><pages size='4'>1</pages><pages size='4'>1</pages></cell>",
        "<cell id='0'><cpus><cpu id='8192'/></cpus></cell>",
        "<cell id='0'><cpus><cpu id='0'/></cpus></cell><cell id='1'><cpus><cpu id='0'/></cpus></cell>",
        "<cell id='0'><cpus><cpu id='0' siblings='0-1'/><cpu id='1' siblings='1'/><cpu id='2' siblings='1-2'/></cpus></cell>",
        "<cell id='0'><cpus><cpu id='0' siblings='1'/></cpus></cell>",
        "<cell id='0'><distances><sibling id='1' value='20'/></distances></cell>",
        "<cell id='0'><distances><sibling id='0' value='9'/></distances></cell>",
        "<cell id='0'><distances><sibling id='0' value='99999'/></distances></cell>",
    };

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cells); i++) {
        VN_AUTO(vn_arena) arena = {0};
        char *xml = vn_arena_printf(&arena, "<capabilities><host><topology><cells>%s</cells></topology></host>"
                                            "</capabilities>", cells[i]);
        struct vn_host host;
        struct vn_err err;

        if (vn_capsxml_parse(xml, strlen(xml), &arena, &host, &err) != -VN_E_FORMAT)
            fail_msg("taken: %s", cells[i]);
        assert_true(err.cause[0]);
    }
}

static void pci_devices(void **state)
{
    static const char *const bad[] = {
        "<device><name>x</name><capability type='net'/></device>",
        "<device><capability type='pci'><domain>0</domain><bus>1</bus><slot>2</slot></capability></device>",
        "<device><capability type='pci'><domain>0</domain><bus>256</bus><slot>2</slot><function>0</function>"
        "</capability></device>",
        "<device><capability type='pci'><domain>0</domain><bus>1</bus><slot>2</slot><function>0</function>"
        "<numa node='x'/></capability></device>",
    };
    VN_AUTO(vn_arena) arena = {0};
    char *xml = read_xml("nodedev-pci.xml"), *numa;
    struct vn_device device;

    (void)state;
    assert_int_equal(vn_nodedevxml_parse(xml, strlen(xml), &arena, &device, NULL), 0);
    assert_string_equal(device.name, "0000:3b:00.0");
    assert_string_equal(device.what, "MT27800 Family [ConnectX-5]");
    assert_int_equal(device.node, 1);
    numa = strstr(xml, "<numa");
    memcpy(numa, "<nuMA", 5);
    assert_int_equal(vn_nodedevxml_parse(xml, strlen(xml), &arena, &device, NULL), 0);
    assert_int_equal(device.node, -1);
    for (size_t i = 0; i < VN_COUNT(bad); i++)
        assert_int_equal(vn_nodedevxml_parse(bad[i], strlen(bad[i]), &arena, &device, NULL), -VN_E_FORMAT);
    free(xml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_of_three_nodes),
        cmocka_unit_test(latencies_of_the_nearest_cpus),
        cmocka_unit_test(interconnects_that_make_no_sense),
        cmocka_unit_test(libvirts_test_host),
        cmocka_unit_test(without_siblings_nobody_is_offline),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(pci_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
