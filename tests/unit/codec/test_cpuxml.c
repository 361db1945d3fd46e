/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "codec/cpuxml.h"
#include "codec/qmp.h"
#include "xmlfile.h"

/* Recorded from libvirt 9.0 with QEMU 7.2 under software emulation. */
static void what_an_emulator_offers(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    char *xml = read_xml("domcaps-tcg.xml");
    struct vn_domcaps caps;

    (void)state;
    assert_int_equal(vn_domcaps_parse(xml, strlen(xml), &arena, &caps, NULL), 0);
    assert_string_equal(caps.emulator, "/usr/bin/qemu-system-x86_64");
    assert_string_equal(caps.virttype, "qemu");
    assert_string_equal(caps.machine, "pc-i440fx-7.2");
    assert_string_equal(caps.arch, "x86_64");
    assert_false(caps.passthrough);
    assert_false(caps.passthrough_migratable);
    assert_true(caps.host_model);
    assert_string_equal(caps.host.model, "EPYC");
    assert_string_equal(caps.host.vendor, "AMD");
    assert_int_equal(caps.host.n_features, 28);
    assert_string_equal(vn_cpu_policy(&caps.host, "la57"), "require");
    assert_string_equal(vn_cpu_policy(&caps.host, "vme"), "disable");
    assert_null(vn_cpu_policy(&caps.host, "aes"));
    assert_int_equal(vn_domcaps_offer(&caps, "Westmere")->usable, VN_CPU_USABLE);
    assert_string_equal(vn_domcaps_offer(&caps, "Westmere")->vendor, "Intel");
    assert_int_equal(vn_domcaps_offer(&caps, "Snowridge")->usable, VN_CPU_UNUSABLE);
    assert_string_equal(vn_domcaps_offer(&caps, "qemu64")->vendor, "");
    assert_null(vn_domcaps_offer(&caps, "pentiumpro"));
    free(xml);
}

static void newer_libvirt_says_what_blocks(void **state)
{
    static const char xml[] =
        "<domainCapabilities><path>/q</path><domain>kvm</domain><arch>x86_64</arch><cpu>"
        "<mode name='host-passthrough' supported='yes'><enum name='hostPassthroughMigratable'>"
        "<value>on</value><value>off</value></enum></mode><mode name='host-model' supported='no'/>"
        "<mode name='custom' supported='yes'><model usable='no' deprecated='yes'>B</model>"
        "<blockers model='B'><feature name='x1'/><feature name='x2'/></blockers>"
        "<model usable='unknown'>C</model></mode></cpu></domainCapabilities>";
    VN_AUTO(vn_arena) arena = {0};
    struct vn_domcaps caps;

    (void)state;
    assert_int_equal(vn_domcaps_parse(xml, strlen(xml), &arena, &caps, NULL), 0);
    assert_true(caps.passthrough);
    assert_true(caps.passthrough_migratable);
    assert_false(caps.host_model);
    assert_string_equal(caps.host.model, "");
    assert_int_equal(caps.n_offers, 2);
    assert_true(caps.offers[0].deprecated);
    assert_int_equal(caps.offers[0].n_blockers, 2);
    assert_string_equal(caps.offers[0].blockers[1], "x2");
    assert_int_equal(caps.offers[1].usable, VN_CPU_UNKNOWN);
    assert_int_equal(caps.offers[1].n_blockers, 0);
}

static void the_hosts_cpu(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    char *xml = read_xml("caps-cpu.xml");
    struct vn_cpu_doc doc;

    (void)state;
    assert_int_equal(vn_cpuxml_parse(xml, strlen(xml), &arena, &doc, NULL), 0);
    assert_int_equal(doc.source, VN_CPU_CAPABILITIES);
    assert_string_equal(doc.cpu.arch, "x86_64");
    assert_string_equal(doc.cpu.model, "kvm64");
    assert_string_equal(doc.cpu.microcode, "16777317");
    assert_true(doc.cpu.has_signature);
    assert_int_equal(doc.cpu.signature.family, 26);
    assert_int_equal(doc.cpu.signature.model, 2);
    assert_string_equal(doc.cpu.signature.stepping, "1");
    assert_true(doc.cpu.tsc_hz == 2596120000);
    assert_string_equal(doc.cpu.tsc_scaling, "no");
    assert_string_equal(doc.cpu.maxphysaddr, "48");
    assert_string_equal(vn_cpu_policy(&doc.cpu, "avx512f"), "require");
    free(xml);
}

/* As virsh takes it out of the same file: a <cpu> without the attributes of <mode>. */
static void a_host_model_is_a_cpu_of_its_own(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    char *xml = read_xml("domcaps-tcg.xml");
    struct vn_cpu_doc doc;

    (void)state;
    assert_int_equal(vn_cpuxml_parse(xml, strlen(xml), &arena, &doc, NULL), 0);
    assert_int_equal(doc.source, VN_CPU_DOMCAPS);
    assert_string_equal(doc.virttype, "qemu");
    assert_string_equal(doc.cpu.model, "EPYC");
    assert_ptr_equal(strstr(doc.xml,
                            "<cpu>\n  <model fallback='forbid'>EPYC</model>\n  <vendor>AMD</vendor>\n"), doc.xml);
    free(xml);
}

static void a_vm_says_what_kind_it_is(void **state)
{
    static const char xml[] = "<domain type='qemu'><name>a</name><os>"
                              "<type arch='x86_64' machine='pc-q35-7.2'>hvm</type>"
                              "</os><devices><emulator>/usr/bin/q</emulator></devices></domain>";
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cpu_doc doc;

    (void)state;
    assert_int_equal(vn_cpuxml_domain(xml, strlen(xml), &arena, &doc, NULL), 0);
    assert_string_equal(doc.virttype, "qemu");
    assert_string_equal(doc.arch, "x86_64");
    assert_string_equal(doc.machine, "pc-q35-7.2");
    assert_string_equal(doc.emulator, "/usr/bin/q");
    assert_string_equal(doc.xml, "");
    assert_string_equal(doc.cpu.mode, "");
}

static void what_has_no_cpu_is_refused(void **state)
{
    static const char *const cases[] = {
        "<domain type='kvm'><name>a</name></domain>",
        "<capabilities><host/></capabilities>",
        "<domainCapabilities><cpu><mode name='host-model' supported='no'/></cpu></domainCapabilities>",
        "<pool/>",
        "<cpu><feature policy='require'/></cpu>",
        "<cpu><feature name='a'/><feature name='a'/></cpu>",
        "<cpu><signature family='6'/></cpu>",
        "<cpu><counter name='tsc' frequency='fast'/></cpu>",
    };
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cpu_doc doc;

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++) {
        struct vn_err err = {0};

        assert_int_equal(vn_cpuxml_parse(cases[i], strlen(cases[i]), &arena, &doc, &err), -VN_E_FORMAT);
        assert_true(err.cause[0]);
    }
    assert_int_equal(vn_cpuxml_parse("<cpu", 4, &arena, &doc, NULL), -VN_E_SYNTAX);
}

static const char map_xml[] =
    "<cpus><model name='Top'><model name='Mid'/><signature family='6' model='85' stepping='5-7'/>"
    "<signature family='6' model='86'/><vendor name='Intel'/><feature name='c'/>"
    "<feature name='old' removed='yes'/></model>"
    "<model name='Mid'><model name='Low'/><feature name='b'/><feature name='a'/></model>"
    "<model name='Low'><feature name='a'/></model><model name='Lost'><model name='Nowhere'/></model>"
    "<model name='Self'><model name='Self'/></model>"
    "<feature name='sse4.1'><alias name='sse4-1' source='qemu'/><alias name='sse4_1' source='qemu'/></feature>"
    "<feature name='fxsr_opt'><alias name='fxsr-opt' source='qemu'/></feature></cpus>";

static void models_inherit(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cpu_map map = {0};
    const struct vn_cpu_model *top;
    struct vn_err err = {0};
    char **names;
    size_t n;

    (void)state;
    assert_int_equal(vn_cpumap_add(map_xml, strlen(map_xml), &arena, &map, NULL), 0);
    top = vn_cpumap_model(&map, "Top");
    assert_string_equal(top->base, "Mid");
    assert_string_equal(top->vendor, "Intel");
    assert_int_equal(top->n_signatures, 2);
    assert_string_equal(top->signatures[0].stepping, "5-7");
    assert_int_equal(top->signatures[1].model, 86);
    assert_int_equal(top->n_features, 1);
    assert_int_equal(vn_cpumap_features(&map, top, &arena, &names, &n, NULL), 0);
    assert_int_equal(n, 3); /* a is in two of them */
    assert_string_equal(names[0], "a");
    assert_string_equal(names[2], "c");
    assert_int_equal(vn_cpumap_features(&map, vn_cpumap_model(&map, "Lost"), &arena, &names, &n, &err), -VN_E_FORMAT);
    assert_int_equal(vn_cpumap_features(&map, vn_cpumap_model(&map, "Self"), &arena, &names, &n, &err), -VN_E_FORMAT);
    assert_null(vn_cpumap_model(&map, "Other"));
    /* the same file once more: every model twice */
    assert_int_equal(vn_cpumap_add(map_xml, strlen(map_xml), &arena, &map, NULL), -VN_E_FORMAT);
}

static void a_cpu_is_its_model_and_more(void **state)
{
    static const char xml[] = "<cpu><model>Top</model><feature policy='require' name='z'/>"
                              "<feature policy='disable' name='b'/><feature policy='forbid' name='q'/></cpu>";
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cpu_map map = {0};
    struct vn_cpu_doc doc;
    struct vn_err err = {0};
    char **names;
    size_t n;

    (void)state;
    assert_int_equal(vn_cpumap_add(map_xml, strlen(map_xml), &arena, &map, NULL), 0);
    assert_int_equal(vn_cpuxml_parse(xml, strlen(xml), &arena, &doc, NULL), 0);
    assert_int_equal(vn_cpumap_expand(&map, &doc.cpu, &arena, &names, &n, NULL), 0);
    assert_int_equal(n, 3);
    assert_string_equal(names[0], "a");
    assert_string_equal(names[1], "c");
    assert_string_equal(names[2], "z");
    doc.cpu.model = (char[]){"Unheard"};
    assert_int_equal(vn_cpumap_expand(&map, &doc.cpu, &arena, &names, &n, &err), -VN_E_ABSENT);
    assert_string_equal(err.got, "Unheard");
}

static void qemus_names_are_libvirts(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cpu_map map = {0};

    (void)state;
    assert_int_equal(vn_cpumap_add(map_xml, strlen(map_xml), &arena, &map, NULL), 0);
    assert_string_equal(vn_cpumap_name(&map, "fxsr-opt"), "fxsr_opt");
    assert_string_equal(vn_cpumap_name(&map, "sse4-1"), "sse4.1");
    assert_string_equal(vn_cpumap_name(&map, "sse4_1"), "sse4.1");
    assert_string_equal(vn_cpumap_name(&map, "pcid"), "pcid");
}

static void the_index_names_files_beside_it(void **state)
{
    static const char good[] = "<cpus><arch name='x86'><include filename='x86_features.xml'/>"
                               "<group name='Intel'><include filename='x86_486.xml'/></group></arch>"
                               "<arch name='arm'><include filename='arm_vendors.xml'/></arch></cpus>";
    static const char *const bad[] = {
        "<cpus><arch name='x86'><include filename='../../etc/passwd'/></arch></cpus>",
        "<cpus><arch name='x86'><include filename='..'/></arch></cpus>",
        "<cpus><arch name='x86'><include/></arch></cpus>",
    };
    VN_AUTO(vn_arena) arena = {0};
    char **names;
    size_t n;

    (void)state;
    assert_int_equal(vn_cpumap_index(good, strlen(good), "x86_64", &arena, &names, &n, NULL), 0);
    assert_int_equal(n, 2);
    assert_string_equal(names[1], "x86_486.xml");
    assert_int_equal(vn_cpumap_index(good, strlen(good), "aarch64", &arena, &names, &n, NULL), 0);
    assert_int_equal(n, 1);
    assert_int_equal(vn_cpumap_index(good, strlen(good), "s390x", &arena, &names, &n, NULL), 0);
    assert_int_equal(n, 0);
    for (size_t i = 0; i < VN_COUNT(bad); i++)
        assert_int_equal(vn_cpumap_index(bad[i], strlen(bad[i]), "x86_64", &arena, &names, &n, NULL), -VN_E_FORMAT);
}

static void libvirts_message_lists_what_is_missing(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    char **names;
    size_t n;

    (void)state;
    assert_int_equal(vn_cpu_missing("the CPU is incompatible with host CPU: Host CPU does not provide required "
                                    "features: vme, pcid, sse4.1", &arena, &names, &n, NULL), 0);
    assert_int_equal(n, 3);
    assert_string_equal(names[0], "vme");
    assert_string_equal(names[2], "sse4.1");
    assert_int_equal(vn_cpu_missing("required features: , ,vme,,", &arena, &names, &n, NULL), 0);
    assert_int_equal(n, 1);
    assert_int_equal(vn_cpu_missing("Unknown CPU model Nosuch", &arena, &names, &n, NULL), 0);
    assert_int_equal(n, 0);
}

static const char domain[] = "<domain type='kvm'>\n  <name>db</name>\n  <vcpu>4</vcpu>\n"
                             "  <cpu mode='custom' match='exact' check='partial'>\n"
                             "    <model fallback='allow'>Westmere</model>\n    <vendor>Intel</vendor>\n"
                             "    <topology sockets='1' dies='1' cores='2' threads='2'/>\n"
                             "    <cache mode='passthrough'/>\n"
                             "    <feature policy='disable' name='svm'/>\n"
                             "    <numa>\n      <cell id='0' cpus='0-3' memory='1' unit='GiB'/>\n"
                             "    </numa>\n  </cpu>\n"
                             "  <!-- kept -->\n</domain>\n";

static void check_set(const char *before, const char *mode, const char *model, bool drop, const char *after)
{
    VN_AUTO(vn_buf) out = {0};

    assert_int_equal(vn_domxml_set_cpu(before, strlen(before), mode, model, drop, &out, NULL), 0);
    assert_string_equal(vn_buf_text(&out), after);
}

#define REST                                                                                         \
    "    <topology sockets='1' dies='1' cores='2' threads='2'/>\n    <cache mode='passthrough'/>\n"
#define NUMA                                                                                         \
    "    <numa>\n      <cell id='0' cpus='0-3' memory='1' unit='GiB'/>\n    </numa>\n  </cpu>\n"        \
    "  <!-- kept -->\n</domain>\n"
#define HEAD "<domain type='kvm'>\n  <name>db</name>\n  <vcpu>4</vcpu>\n"

static void another_cpu_and_nothing_else(void **state)
{
    (void)state;
    check_set(domain, "host-passthrough", NULL, false,
              HEAD "  <cpu mode='host-passthrough'>\n" REST "    <feature policy='disable' name='svm'/>\n" NUMA);
    check_set(domain, "host-model", NULL, true, HEAD "  <cpu mode='host-model'>\n" REST NUMA);
    check_set(domain, "custom", "EPYC", false,
              HEAD "  <cpu mode='custom' match='exact' check='partial'>\n"
                   "    <model fallback='forbid'>EPYC</model>\n" REST
                   "    <feature policy='disable' name='svm'/>\n" NUMA);
}

static void what_is_asked_for_already_stays(void **state)
{
    (void)state;
    check_set(domain, "custom", "Westmere", false, domain);
    check_set(HEAD "  <cpu><model>qemu64</model></cpu>\n</domain>\n", "custom", "qemu64", false,
              HEAD "  <cpu><model>qemu64</model></cpu>\n</domain>\n");
}

static void a_domain_without_cpu_gets_one(void **state)
{
    (void)state;
    check_set(HEAD "  <os/>\n  <clock offset='utc'/>\n</domain>\n", "custom", "EPYC", false,
              HEAD "  <os/>\n  <cpu mode='custom' match='exact' check='partial'>\n"
                   "    <model fallback='forbid'>EPYC</model>\n  </cpu>\n"
                   "  <clock offset='utc'/>\n</domain>\n");
    check_set(HEAD "  <cpu>\n    <numa>\n      <cell cpus='0-3' memory='1'/>\n    </numa>\n  </cpu>\n</domain>\n",
              "host-model", NULL, false,
              HEAD "  <cpu mode='host-model'>\n    <numa>\n      <cell cpus='0-3' memory='1'/>\n    </numa>\n  </cpu>\n"
                   "</domain>\n");
}

static void what_a_monitor_says_of_its_models(void **state)
{
    static const char text[] =
        "{\"QMP\": {\"version\": {}}}\r\n{\"return\": {}}\r\n{\"event\": \"RESUME\"}\r\n"
        "{\"return\": [{\"name\": \"max\", \"unavailable-features\": []}, {\"name\": \"odd\"},"
        " {\"name\": \"phenom\", \"unavailable-features\": [\"fxsr-opt\", \"x\"]}]}\r\n{\"return\": {}}\r\n";
    static const char error[] = "{\"QMP\": {}}\n{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"no such\"}}\n";
    VN_AUTO(vn_arena) arena = {0};
    struct vn_qmp_model *models;
    struct vn_err err = {0};
    size_t n;

    (void)state;
    assert_int_equal(vn_qmp_models_parse(text, strlen(text), &arena, &models, &n, NULL), 0);
    assert_int_equal(n, 2);
    assert_int_equal(models[0].n_unavailable, 0);
    assert_string_equal(models[1].name, "phenom");
    assert_string_equal(models[1].unavailable[0], "fxsr-opt");
    assert_int_equal(models[1].n_unavailable, 2);
    assert_int_equal(vn_qmp_models_parse(error, strlen(error), &arena, &models, &n, &err), -VN_E_IO);
    assert_string_equal(err.got, "no such");
    assert_int_equal(vn_qmp_models_parse("", 0, &arena, &models, &n, NULL), -VN_E_FORMAT);
    assert_int_equal(vn_qmp_models_parse("{\"return\": [{\"name\": 3}]}", 25, &arena, &models, &n, NULL), -VN_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_emulator_offers),
        cmocka_unit_test(newer_libvirt_says_what_blocks),
        cmocka_unit_test(the_hosts_cpu),
        cmocka_unit_test(a_host_model_is_a_cpu_of_its_own),
        cmocka_unit_test(a_vm_says_what_kind_it_is),
        cmocka_unit_test(what_has_no_cpu_is_refused),
        cmocka_unit_test(models_inherit),
        cmocka_unit_test(a_cpu_is_its_model_and_more),
        cmocka_unit_test(qemus_names_are_libvirts),
        cmocka_unit_test(the_index_names_files_beside_it),
        cmocka_unit_test(libvirts_message_lists_what_is_missing),
        cmocka_unit_test(another_cpu_and_nothing_else),
        cmocka_unit_test(what_is_asked_for_already_stays),
        cmocka_unit_test(a_domain_without_cpu_gets_one),
        cmocka_unit_test(what_a_monitor_says_of_its_models),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
