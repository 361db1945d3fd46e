/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "codec/domxml.h"
#include "xmlfile.h"

static void parse(struct vn_arena *arena, const char *xml, struct vn_domain *ret)
{
    struct vn_err err = {0};
    char text[1024];

    if (vn_domxml_parse(xml, strlen(xml), arena, ret, &err) < 0)
        fail_msg("%s", vn_err_text(&err, text, sizeof text));
}

static void set_is(struct vn_arena *arena, const struct vn_cpuset *set, const char *text)
{
    assert_string_equal(vn_cpuset_text(arena, set), text);
}

static void a_rich_domain(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    char *xml = read_xml("domain-rich.xml");
    struct vn_domain d;

    (void)state;
    parse(&arena, xml, &d);
    assert_string_equal(d.type, "kvm");
    assert_string_equal(d.name, "rich & famous");
    assert_string_equal(d.uuid, "c7a5fdbd-edaf-9455-926a-d65c16db1809");
    assert_int_equal(d.vcpus_max, 8);
    assert_int_equal(d.vcpus, 6);
    assert_int_equal(d.memory_kib, 8 << 20);
    assert_true(d.has_vcpu_cpus && !d.vcpu_auto);
    set_is(&arena, &d.vcpu_cpus, "0-3,5-7");
    assert_int_equal(d.n_vcpupins, 2);
    assert_int_equal(d.vcpupins[0].id, 0); /* sorted */
    set_is(&arena, &d.vcpupins[0].cpus, "8-9");
    set_is(&arena, vn_domain_pin(&d, 3), "11");
    set_is(&arena, vn_domain_pin(&d, 4), "0-3,5-7");
    assert_true(d.has_emulatorpin);
    set_is(&arena, &d.emulatorpin, "1,3");
    assert_int_equal(d.n_iothreads, 4); /* 2 and 9 by name; 1 and 3 are filled in */
    assert_int_equal(d.iothread_ids[0], 1);
    assert_int_equal(d.iothread_ids[1], 2);
    assert_int_equal(d.iothread_ids[2], 3);
    assert_int_equal(d.iothread_ids[3], 9);
    assert_int_equal(d.n_iothreadpins, 1);
    assert_int_equal(d.iothreadpins[0].id, 9);
    free(xml);
}

static void its_memory_and_its_cells(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    char *xml = read_xml("domain-rich.xml");
    struct vn_domain d;

    (void)state;
    parse(&arena, xml, &d);
    assert_true(d.has_numatune && !d.mem_auto);
    assert_int_equal(d.mem_mode, VN_MEM_RESTRICTIVE);
    assert_string_equal(vn_nodeset_text(&arena, &d.mem_nodes), "0-1");
    assert_int_equal(d.n_memnodes, 1);
    assert_int_equal(vn_domain_memnode(&d, 1)->mode, VN_MEM_PREFERRED);
    assert_true(vn_nodeset_has(&vn_domain_memnode(&d, 1)->nodes, 3));
    assert_int_equal(d.hugepage_kib, 2048); /* the page without a nodeset */
    assert_int_equal(d.n_cells, 2);
    assert_int_equal(d.cells[1].id, 1); /* by id, though written first */
    set_is(&arena, &d.cells[1].vcpus, "4-7");
    assert_int_equal(d.cells[0].memory_kib, 4 << 20);
    assert_int_equal(d.cells[1].memory_kib, 4 << 20);
    assert_int_equal(d.topology.sockets * d.topology.dies * d.topology.cores * d.topology.threads, 8);
    assert_int_equal(d.n_devices, 2);
    assert_string_equal(d.devices[0], "0000:af:10.3");
    assert_string_equal(d.devices[1], "0001:3b:00.0");
    assert_int_equal(d.policy.set, VN_POL_POLICY | VN_POL_THREADS | VN_POL_CELLS | VN_POL_EMULATOR | VN_POL_MEMORY);
    assert_int_equal(d.policy.threads, VN_THREADS_REQUIRE);
    assert_int_equal(d.policy.cells.number, 2);
    assert_true(d.policy.memory_preferred);
    free(xml);
}

static void a_minimal_domain_has_libvirts_defaults(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_domain d;

    (void)state;
    parse(&arena, "<domain><name>x</name></domain>", &d);
    assert_int_equal(d.vcpus_max, 1);
    assert_int_equal(d.vcpus, 1);
    assert_string_equal(d.uuid, "");
    assert_false(d.has_numatune || d.has_emulatorpin || d.has_vcpu_cpus || d.mem_auto);
    assert_int_equal(d.topology.threads, 0);
    parse(&arena, "<domain><name>x</name><vcpu placement='auto' cpuset='1'>2</vcpu><numatune><memory placement='auto'/>"
                  "</numatune><memoryBacking><hugepages/></memoryBacking></domain>", &d);
    assert_true(d.vcpu_auto && !d.has_vcpu_cpus && d.mem_auto && d.has_numatune);
    assert_int_equal(d.mem_mode, VN_MEM_STRICT);
    assert_int_equal(d.hugepage_kib, 1);
    parse(&arena, "<domain><name>x</name><vcpu>2</vcpu><cpu><topology sockets='1' cores='2' threads='1'/><numa>"
                  "<cell cpus='0' memory='5'/><cell cpus='1' memory='6'/></numa></cpu></domain>", &d);
    assert_int_equal(d.topology.dies, 1);
    assert_int_equal(d.cells[1].id, 1);
    assert_int_equal(d.memory_kib, 11); /* no <memory>: the sum */
    parse(&arena, "<domain><name>x</name><numatune><memory node='strict' nodeset='1'/></numatune></domain>", &d);
    assert_int_equal(d.mem_mode, VN_MEM_STRICT); /* the common slip */
}

static void units(void **state)
{
    static const struct {
        const char *unit;
        uint64_t kib;
    } cases[] = {{"b", 2},         {"bytes", 2},       {"KB", 1954},          {"k", 2000},          {"KiB", 2000},
                 {"kib", 2000},    {"MB", 1953125},    {"M", 2048000},        {"MiB", 2048000},     {"GB", 1953125000},
                 {"g", 2097152000}, {"TiB", 2147483648000}, {"PiB", 2199023255552000}, {"", 2000}};

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++) {
        VN_AUTO(vn_arena) arena = {0};
        struct vn_domain d;

        parse(&arena, vn_arena_printf(&arena, "<domain><name>x</name><memory unit='%s'>2000</memory></domain>",
                                      cases[i].unit), &d);
        assert_true(d.memory_kib == cases[i].kib);
    }
}

static void errors_name_the_element_and_the_line(void **state)
{
    static const struct {
        const char *inner, *where, *got;
    } cases[] = {
        {"<vcpu>0</vcpu>", "<vcpu> on line 2", "0"},
        {"<vcpu>8193</vcpu>", "<vcpu> on line 2", "8193"},
        {"<vcpu current='3'>2</vcpu>", "<vcpu current> on line 2", "3"},
        {"<vcpu current='0'>2</vcpu>", "<vcpu current> on line 2", "0"},
        {"<vcpu cpuset='x'>2</vcpu>", "<vcpu cpuset> on line 2", "x"},
        {"<vcpu placement='here'>2</vcpu>", "<vcpu placement> on line 2", "here"},
        {"<memory unit='XB'>1</memory>", "<memory unit> on line 2", "XB"},
        {"<memory unit='EiB'>99</memory>", "<memory> on line 2", "99"},
        {"<memory>-1</memory>", "<memory> on line 2", "-1"},
        {"<cputune>\n<vcpupin vcpu='0'/></cputune>", "<vcpupin cpuset> on line 3", ""},
        {"<cputune><vcpupin vcpu='0' cpuset=''/></cputune>", "<vcpupin cpuset> on line 2", ""},
        {"<cputune><vcpupin vcpu='9999' cpuset='1'/></cputune>", "<vcpupin vcpu> on line 2", "9999"},
        {"<cputune><vcpupin vcpu='0' cpuset='1'/><vcpupin vcpu='0' cpuset='2'/></cputune>",
         "<cputune vcpupin> on line 2", "0"},
        {"<numatune><memory mode='loose'/></numatune>", "<memory mode> on line 2", "loose"},
        {"<numatune><memory mode='strict' nodeset='4-1'/></numatune>", "<memory nodeset> on line 2", "4-1"},
        {"<numatune><memnode cellid='0' mode='strict' nodeset='0'/></numatune>", "<memnode cellid> on line 2", "0"},
        {"<cpu><topology sockets='0' cores='1' threads='1'/></cpu>", "<topology> on line 2", "0"},
        {"<cpu><numa><cell id='1' cpus='0' memory='1'/></numa></cpu>", "<cell id> on line 2", "1"},
        {"<cpu><numa><cell cpus='0' memory='1'/><cell cpus='0' memory='1'/></numa></cpu>", "<cell cpus> on line 2",
         "0"},
        {"<cpu><numa><cell cpus='0-4' memory='1'/></numa></cpu>", "<cell cpus> on line 2", "0-4"},
        {"<iothreadids><iothread id='2'/><iothread id='2'/></iothreadids>", "<iothread id> on line 2", "2"},
        {"<memoryBacking><hugepages><page size='0'/></hugepages></memoryBacking>", "<page size> on line 2", "0"},
        {"<devices><hostdev type='pci'><source><address bus='0x100'/></source></hostdev></devices>",
         "<address bus> on line 2", "0x100"},
        {"<metadata>\n<p:policy xmlns:p='urn:vnuma:policy:1' polcy='shared'/></metadata>", "<policy polcy> on line 3",
         "polcy"},
        {"<metadata><policy xmlns='urn:vnuma:policy:1' cells='zero'/></metadata>", "<policy cells> on line 2", "zero"},
        {"<metadata><p:policies xmlns:p='urn:vnuma:policy:1'/></metadata>", "<policies> on line 2", ""},
    };

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++) {
        VN_AUTO(vn_arena) arena = {0};
        char *xml = vn_arena_printf(&arena, "<domain><name>x</name>\n%s</domain>", cases[i].inner);
        struct vn_domain d = {.vcpus = 42};
        struct vn_err err = {0};

        if (vn_domxml_parse(xml, strlen(xml), &arena, &d, &err) != -VN_E_FORMAT)
            fail_msg("taken: %s", cases[i].inner);
        assert_string_equal(err.where, cases[i].where);
        assert_string_equal(err.got, cases[i].got);
        assert_int_equal(d.vcpus, 42); /* untouched */
    }
}

static void what_is_no_domain(void **state)
{
    static const char *const syntax[] = {"", "<domain>", "<domain>\n<name>x</nam></domain>", "domain", "<a/><b/>"};
    static const char *const format[] = {"<network/>", "<domain/>", "<domain><name> </name></domain>",
                                         "<!DOCTYPE domain [<!ENTITY e 'x'>]><domain><name>&e;</name></domain>"};
    VN_AUTO(vn_arena) arena = {0};
    struct vn_domain d;
    struct vn_err err;
    char *huge;

    (void)state;
    for (size_t i = 0; i < VN_COUNT(syntax); i++)
        assert_int_equal(vn_domxml_parse(syntax[i], strlen(syntax[i]), &arena, &d, &err), -VN_E_SYNTAX);
    (void)!vn_domxml_parse(syntax[2], strlen(syntax[2]), &arena, &d, &err);
    assert_string_equal(err.where, "line 2");
    for (size_t i = 0; i < VN_COUNT(format); i++)
        assert_int_equal(vn_domxml_parse(format[i], strlen(format[i]), &arena, &d, &err), -VN_E_FORMAT);
    huge = calloc(1, VN_DOMXML_MAX + 1);
    assert_non_null(huge);
    assert_int_equal(vn_domxml_parse(huge, VN_DOMXML_MAX + 1, &arena, &d, &err), -VN_E_FORMAT);
    free(huge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rich_domain),
        cmocka_unit_test(its_memory_and_its_cells),
        cmocka_unit_test(a_minimal_domain_has_libvirts_defaults),
        cmocka_unit_test(units),
        cmocka_unit_test(errors_name_the_element_and_the_line),
        cmocka_unit_test(what_is_no_domain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
