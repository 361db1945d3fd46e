/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <unistd.h>
#include "codec/domxml.h"
#include "xmlfile.h"

#define SCHEMA "/usr/share/libvirt/schemas/domain.rng"

struct made {
    struct vn_arena arena;
    struct vn_domain domain;
    struct vn_placement placement;
    char *xml;
};

/* vCPU n on CPU n + 2, cells of equal size on nodes 0, 1, ... */
static void setup(struct made *made, const char *file, size_t n_cells)
{
    struct vn_placement *p = &made->placement;

    *made = (struct made){.xml = read_xml(file)};
    assert_int_equal(vn_domxml_parse(made->xml, strlen(made->xml), &made->arena, &made->domain, NULL), 0);
    p->name = made->domain.name;
    p->n_vcpus = made->domain.vcpus_max;
    p->n_cells = n_cells;
    p->vcpupin = vn_arena_array(&made->arena, p->n_vcpus, sizeof *p->vcpupin);
    p->cells = vn_arena_array(&made->arena, n_cells, sizeof *p->cells);
    assert_true(p->vcpupin && p->cells);
    for (unsigned i = 0; i < p->n_vcpus; i++) {
        vn_cpuset_add(&p->vcpupin[i], i + 2);
        vn_cpuset_add(&p->cells[i * n_cells / p->n_vcpus].vcpus, i);
    }
    for (unsigned i = 0; i < n_cells; i++) {
        p->cells[i].cell = i;
        p->cells[i].node = (int)i;
        p->cells[i].memory_kib = made->domain.memory_kib / n_cells;
    }
}

static void teardown(struct made *made)
{
    free(made->xml);
    vn_arena_drop(&made->arena);
}

static void place(const struct made *made, struct vn_buf *out)
{
    struct vn_err err = {0};
    char text[1024];

    if (vn_domxml_place(made->xml, strlen(made->xml), &made->placement, out, &err) < 0)
        fail_msg("%s", vn_err_text(&err, text, sizeof text));
}

static void has(const struct vn_buf *xml, const char *part)
{
    if (!strstr(vn_buf_text(xml), part))
        fail_msg("no \"%s\" in:\n%s", part, vn_buf_text(xml));
}

static void hasnt(const struct vn_buf *xml, const char *part)
{
    if (strstr(vn_buf_text(xml), part))
        fail_msg("\"%s\" in:\n%s", part, vn_buf_text(xml));
}

static void a_plain_guest_gets_no_cells(void **state)
{
    VN_AUTO(vn_buf) out = {0};
    struct made made;

    (void)state;
    setup(&made, "domain-plain.xml", 1);
    place(&made, &out);
    has(&out, "  <vcpu placement='static'>4</vcpu>\n  <cputune>\n    <vcpupin vcpu='0' cpuset='2'/>\n"
              "    <vcpupin vcpu='1' cpuset='3'/>\n    <vcpupin vcpu='2' cpuset='4'/>\n"
              "    <vcpupin vcpu='3' cpuset='5'/>\n  </cputune>\n  <numatune>\n"
              "    <memory mode='strict' nodeset='0'/>\n  </numatune>\n  <os>\n");
    hasnt(&out, "<cpu>");
    hasnt(&out, "memnode");
    hasnt(&out, "emulatorpin");
    hasnt(&out, "memoryBacking");
    teardown(&made);
}

/* What stays is there to the byte, and placing again changes nothing. */
static void the_rest_stays_as_it_was(void **state)
{
    VN_AUTO(vn_buf) out = {0};
    VN_AUTO(vn_buf) again = {0};
    const char *clock, *end;
    struct made made;

    (void)state;
    setup(&made, "domain-plain.xml", 2);
    place(&made, &out);
    clock = strstr(made.xml, "  <clock");
    end = strstr(vn_buf_text(&out), "  <clock");
    assert_non_null(end);
    assert_string_equal(end, clock); /* down to the last line */
    assert_memory_equal(out.ptr, made.xml, (size_t)(strstr(made.xml, "  <vcpu") - made.xml));
    assert_int_equal(vn_domxml_place(out.ptr, out.len, &made.placement, &again, NULL), 0);
    assert_string_equal(out.ptr, again.ptr);
    teardown(&made);
}

static void a_wide_guest_gets_cells(void **state)
{
    VN_AUTO(vn_buf) out = {0};
    struct made made;

    (void)state;
    setup(&made, "domain-plain.xml", 2);
    made.placement.has_emulatorpin = true;
    vn_cpuset_add_range(&made.placement.emulatorpin, 6, 7);
    made.placement.topology = (struct vn_guest_topology){2, 1, 1, 2};
    made.placement.hugepage_kib = 2048;
    place(&made, &out);
    has(&out, "    <memory mode='strict' nodeset='0-1'/>\n    <memnode cellid='0' mode='strict' nodeset='0'/>\n"
              "    <memnode cellid='1' mode='strict' nodeset='1'/>\n");
    has(&out, "  <cpu>\n    <topology sockets='2' dies='1' cores='1' threads='2'/>\n    <numa>\n"
              "      <cell id='0' cpus='0-1' memory='2097152' unit='KiB'/>\n"
              "      <cell id='1' cpus='2-3' memory='2097152' unit='KiB'/>\n    </numa>\n  </cpu>\n");
    has(&out, "    <emulatorpin cpuset='6-7'/>\n");
    has(&out, "  <memoryBacking>\n    <hugepages>\n      <page size='2048' unit='KiB'/>\n    </hugepages>\n");
    hasnt(&out, "mode='host"); /* the CPU that the guest sees is the same */
    teardown(&made);
}

static void what_was_there_is_replaced(void **state)
{
    VN_AUTO(vn_buf) out = {0};
    struct made made;

    (void)state;
    setup(&made, "domain-rich.xml", 2);
    place(&made, &out);
    hasnt(&out, "restrictive");
    hasnt(&out, "cpuset='11'");
    hasnt(&out, "cpuset='0-7,^4'");
    hasnt(&out, "nodeset='3'");
    has(&out, "current='6'");
    has(&out, "<shares>2048</shares>\n    <vcpupin vcpu='0' cpuset='2'/>");
    has(&out, "<emulatorpin cpuset='1,3'/>"); /* the placement says nothing of it */
    has(&out, "<sibling id='0' value='21'/>"); /* the same cells keep what they say */
    has(&out, "keep <app:b>this</app:b> text");
    has(&out, "<?xml version='1.0' encoding='UTF-8'?>\n<!-- everything");
    has(&out, "<domain type='kvm' id='7' xmlns:qemu=");
    has(&out, "  <memoryBacking>\n    <locked/>\n  </memoryBacking>"); /* ordinary pages, as placed */
    out.len = 0;
    made.placement.hugepage_kib = 1 << 20;
    place(&made, &out);
    has(&out, "    <hugepages>\n      <page size='1048576' unit='KiB'/>\n    </hugepages>\n    <locked/>");
    teardown(&made);
}

static void other_cells_forget_distances(void **state)
{
    VN_AUTO(vn_buf) out = {0};
    struct made made;

    (void)state;
    setup(&made, "domain-rich.xml", 4);
    place(&made, &out);
    hasnt(&out, "<distances>");
    has(&out, "<cell id='3' cpus='6-7' memory='2097152' unit='KiB' memAccess='shared'/>");
    has(&out, "<memnode cellid='3' mode='strict' nodeset='3'/>");
    out.len = 0;
    made.placement.n_cells = 1;
    vn_cpuset_add_range(&made.placement.cells[0].vcpus, 0, 7);
    made.placement.cells[0].memory_kib = 8 << 20;
    place(&made, &out);
    has(&out, "<memnode cellid='0' mode='strict' nodeset='0'/>\n  </numatune>");
    hasnt(&out, "cell id='1'");
    teardown(&made);
}

/* Written where they are missing or wrong, and only there. */
static void cells_are_as_far_apart_as_their_nodes(void **state)
{
    static uint16_t distances[] = {10, 17, 28, 10}, swapped[] = {10, 28, 17, 10};
    VN_AUTO(vn_buf) out = {0};
    VN_AUTO(vn_buf) again = {0};
    struct made made, placed;

    (void)state;
    setup(&made, "domain-plain.xml", 2);
    made.placement.distances = distances;
    place(&made, &out);
    has(&out, "unit='KiB'>\n        <distances>\n          <sibling id='0' value='10'/>\n"
              "          <sibling id='1' value='17'/>\n        </distances>\n      </cell>\n");
    has(&out, "<sibling id='0' value='28'/>\n          <sibling id='1' value='10'/>");
    placed = made;
    placed.xml = (char *)out.ptr;
    place(&placed, &again);
    assert_string_equal(vn_buf_text(&again), vn_buf_text(&out));
    again.len = 0;
    placed.placement.distances = swapped;
    place(&placed, &again);
    has(&again, "<sibling id='0' value='10'/>\n          <sibling id='1' value='28'/>");
    hasnt(&again, "<sibling id='0' value='28'/>");
    again.len = 0;
    placed.placement.distances = NULL; /* the host does not say: what is there is somebody's wish */
    place(&placed, &again);
    has(&again, "<sibling id='0' value='28'/>");
    teardown(&made);
}

/* set_mempolicy(2) prefers one node only. */
static void preferred(void **state)
{
    VN_AUTO(vn_buf) out = {0};
    struct made made;

    (void)state;
    setup(&made, "domain-plain.xml", 2);
    made.placement.memory_preferred = true;
    place(&made, &out);
    has(&out, "<memory mode='preferred' nodeset='0'/>");
    has(&out, "<memnode cellid='1' mode='preferred' nodeset='1'/>");
    teardown(&made);
}

static void contradictions_are_refused(void **state)
{
    VN_AUTO(vn_buf) out = {0};
    struct vn_cpuset cpus = {{0}};
    struct made made;
    size_t len;

    (void)state;
    setup(&made, "domain-plain.xml", 2);
    len = strlen(made.xml);
    made.placement.topology = (struct vn_guest_topology){1, 1, 3, 1};
    assert_int_equal(vn_domxml_place(made.xml, len, &made.placement, &out, NULL), -VN_E_FORMAT);
    made.placement.topology = (struct vn_guest_topology){0};
    made.placement.vcpupin[3] = cpus;
    assert_int_equal(vn_domxml_place(made.xml, len, &made.placement, &out, NULL), -VN_E_FORMAT);
    vn_cpuset_add(&made.placement.vcpupin[3], 1);
    made.placement.cells[1].node = -1;
    assert_int_equal(vn_domxml_place(made.xml, len, &made.placement, &out, NULL), -VN_E_FORMAT);
    made.placement.cells[1].node = 1;
    made.placement.cells[1].vcpus = made.placement.cells[0].vcpus;
    assert_int_equal(vn_domxml_place(made.xml, len, &made.placement, &out, NULL), -VN_E_FORMAT);
    made.placement.n_vcpus = 5;
    assert_int_equal(vn_domxml_place(made.xml, len, &made.placement, &out, NULL), -VN_E_STALE);
    assert_int_equal(vn_domxml_place("<domain", 7, &made.placement, &out, NULL), -VN_E_SYNTAX);
    assert_int_equal(out.len, 0);
    teardown(&made);
}

static void over_save_and_restore_the_guest_sees_the_same(void **state)
{
    VN_AUTO(vn_buf) out = {0};
    struct made made;

    (void)state;
    setup(&made, "domain-rich.xml", 2);
    made.placement.topology = (struct vn_guest_topology){1, 1, 8, 1};
    made.placement.hugepage_kib = 1 << 20;
    made.placement.cells[0].node = 1;
    made.placement.cells[1].node = 0;
    assert_int_equal(vn_domxml_replace(made.xml, strlen(made.xml), &made.placement, &out, NULL), 0);
    has(&out, "<memnode cellid='0' mode='strict' nodeset='1'/>");
    has(&out, "<vcpupin vcpu='7' cpuset='9'/>");
    has(&out, "<topology sockets='2' dies='1' cores='2' threads='2'/>");
    has(&out, "<page size='2' unit='M'/>");
    made.placement.cells[0].memory_kib++;
    assert_int_equal(vn_domxml_replace(made.xml, strlen(made.xml), &made.placement, &out, NULL), -VN_E_REFUSED);
    teardown(&made);
}

static void live_pins(void **state)
{
    VN_AUTO(vn_buf) one = {0};
    VN_AUTO(vn_buf) two = {0};
    struct vn_cpuset cpus = {{6}}, none = {{0}};
    struct made made;
    size_t len;

    (void)state;
    setup(&made, "domain-rich.xml", 2);
    len = strlen(made.xml);
    assert_int_equal(vn_domxml_set_pin(made.xml, len, VN_STEP_VCPUPIN, 3, &cpus, &one, NULL), 0);
    has(&one, "    <vcpupin vcpu='3' cpuset='1-2'/>\n    <vcpupin vcpu='0' cpuset='8-9'/>\n");
    assert_int_equal(vn_domxml_set_pin(one.ptr, one.len, VN_STEP_VCPUPIN, 7, &cpus, &two, NULL), 0);
    has(&two, "    <vcpupin vcpu='0' cpuset='8-9'/>\n    <vcpupin vcpu='7' cpuset='1-2'/>\n");
    one.len = 0;
    assert_int_equal(vn_domxml_set_pin(made.xml, len, VN_STEP_EMULATORPIN, 0, &cpus, &one, NULL), 0);
    has(&one, "<emulatorpin cpuset='1-2'/>");
    one.len = 0;
    assert_int_equal(vn_domxml_set_pin(made.xml, len, VN_STEP_IOTHREADPIN, 2, &cpus, &one, NULL), 0);
    has(&one, "<iothreadpin iothread='2' cpuset='1-2'/>");
    has(&one, "<iothreadpin iothread='9' cpuset='5'/>");
    assert_int_equal(vn_domxml_set_pin(made.xml, len, VN_STEP_IOTHREADPIN, 7, &cpus, &one, NULL), -VN_E_ABSENT);
    assert_int_equal(vn_domxml_set_pin(made.xml, len, VN_STEP_VCPUPIN, 8, &cpus, &one, NULL), -VN_E_ABSENT);
    assert_int_equal(vn_domxml_set_pin(made.xml, len, VN_STEP_VCPUPIN, 0, &none, &one, NULL), -VN_E_USAGE);
    assert_int_equal(vn_domxml_set_pin(made.xml, len, VN_STEP_DEFINE, 0, &cpus, &one, NULL), -VN_E_USAGE);
    teardown(&made);
}

static void live_nodeset(void **state)
{
    VN_AUTO(vn_buf) one = {0};
    VN_AUTO(vn_buf) two = {0};
    struct vn_nodeset nodes = {{4}}, none = {{0}};
    char *rich = read_xml("domain-rich.xml"), *plain = read_xml("domain-plain.xml");

    (void)state;
    assert_int_equal(vn_domxml_set_nodeset(rich, strlen(rich), &nodes, &one, NULL), 0);
    has(&one, "<memory mode='restrictive' nodeset='2'/>"); /* the mode cannot change live */
    has(&one, "<memnode cellid='1' mode='preferred' nodeset='3'/>");
    assert_int_equal(vn_domxml_set_nodeset(plain, strlen(plain), &nodes, &two, NULL), 0);
    has(&two, "  <numatune>\n    <memory mode='strict' nodeset='2'/>\n  </numatune>\n");
    assert_int_equal(vn_domxml_set_nodeset(plain, strlen(plain), &none, &two, NULL), -VN_E_USAGE);
    free(rich);
    free(plain);
}

static void canonical_is_one_form(void **state)
{
    static const char *const same[] = {
        "<domain type='a'><name>x</name><a b='1' c='&apos;'/><t> y &amp; <b/> </t></domain>",
        "<?xml version=\"1.0\"?>\n<domain\ttype=\"a\" >\n\n <name>x</name>\n<a b=\"1\" c=\"'\"> </a>"
        "<t> y &#38; <b></b> </t>\n</domain>",
    };
    static const char want[] = "<domain type='a'>\n  <name>x</name>\n  <a b='1' c='&apos;'/>\n"
                               "  <t> y &amp; <b/> </t>\n</domain>\n";

    (void)state;
    for (size_t i = 0; i < VN_COUNT(same); i++) {
        VN_AUTO(vn_buf) out = {0};
        assert_int_equal(vn_domxml_canonical(same[i], strlen(same[i]), &out, NULL), 0);
        assert_string_equal(vn_buf_text(&out), want);
    }
}

static void new_domains(void **state)
{
    VN_AUTO(vn_buf) out = {0};
    VN_AUTO(vn_arena) arena = {0};
    struct vn_domain d;

    (void)state;
    assert_int_equal(vn_domxml_new("a<b&'c", 4, 2048, &out, NULL), 0);
    assert_int_equal(vn_domxml_parse(out.ptr, out.len, &arena, &d, NULL), 0);
    assert_string_equal(d.name, "a<b&'c");
    assert_string_equal(d.type, "kvm");
    assert_int_equal(d.vcpus, 4);
    assert_int_equal(d.memory_kib, 2048);
    assert_int_equal(vn_domxml_new("", 1, 1, &out, NULL), -VN_E_USAGE);
    assert_int_equal(vn_domxml_new("a/b", 1, 1, &out, NULL), -VN_E_USAGE);
    assert_int_equal(vn_domxml_new("a\nb", 1, 1, &out, NULL), -VN_E_USAGE);
    assert_int_equal(vn_domxml_new("\xff", 1, 1, &out, NULL), -VN_E_USAGE);
    assert_int_equal(vn_domxml_new("a", 0, 1, &out, NULL), -VN_E_USAGE);
    assert_int_equal(vn_domxml_new("a", 1, 0, &out, NULL), -VN_E_USAGE);
}

static void validate(const struct vn_buf *xml)
{
    static xmlRelaxNGPtr schema; /* it is slow to read */
    xmlRelaxNGValidCtxtPtr valid;
    xmlDocPtr doc;

    if (!schema) {
        xmlRelaxNGParserCtxtPtr parser = xmlRelaxNGNewParserCtxt(SCHEMA);
        assert_non_null(parser);
        schema = xmlRelaxNGParse(parser);
        xmlRelaxNGFreeParserCtxt(parser);
        assert_non_null(schema);
    }
    doc = xmlReadMemory(xml->ptr, (int)xml->len, "", NULL, XML_PARSE_NONET);
    assert_non_null(doc);
    valid = xmlRelaxNGNewValidCtxt(schema);
    if (xmlRelaxNGValidateDoc(valid, doc))
        fail_msg("libvirt's schema refuses:\n%s", xml->ptr);
    xmlRelaxNGFreeValidCtxt(valid);
    xmlFreeDoc(doc);
}

static void libvirts_schema_accepts_it(void **state)
{
    static const char *const files[] = {"domain-plain.xml", "domain-rich.xml"};
    VN_AUTO(vn_buf) fresh = {0};

    (void)state;
    if (access(SCHEMA, R_OK))
        skip();
    for (size_t f = 0; f < VN_COUNT(files); f++) {
        for (size_t n_cells = 1; n_cells <= 4; n_cells *= 2) {
            VN_AUTO(vn_buf) out = {0};
            struct made made;

            setup(&made, files[f], n_cells);
            made.placement.hugepage_kib = n_cells == 2 ? 2048 : 0;
            made.placement.memory_preferred = n_cells == 4;
            made.placement.topology = (struct vn_guest_topology){1, 1, made.domain.vcpus_max, 1};
            place(&made, &out);
            validate(&out);
            teardown(&made);
        }
    }
    assert_int_equal(vn_domxml_new("new", 4, 1048576, &fresh, NULL), 0);
    validate(&fresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_guest_gets_no_cells),
        cmocka_unit_test(the_rest_stays_as_it_was),
        cmocka_unit_test(a_wide_guest_gets_cells),
        cmocka_unit_test(what_was_there_is_replaced),
        cmocka_unit_test(other_cells_forget_distances),
        cmocka_unit_test(cells_are_as_far_apart_as_their_nodes),
        cmocka_unit_test(preferred),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(over_save_and_restore_the_guest_sees_the_same),
        cmocka_unit_test(live_pins),
        cmocka_unit_test(live_nodeset),
        cmocka_unit_test(canonical_is_one_form),
        cmocka_unit_test(new_domains),
        cmocka_unit_test(libvirts_schema_accepts_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
