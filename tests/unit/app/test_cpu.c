/* SPDX-License-Identifier: MIT */
/* What a host can give, against one that says so in a table; no libvirt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/act.h"
#include "app/cpu.h"

/* A host whose answers a test can spoil. */
struct host {
    const char *monitor, *verdict, *baseline; /* verdict NULL: compatible */
    bool no_map;
    int compared;
};

static int put(struct vn_buf *buf, const char *text)
{
    buf->len = 0;
    vn_buf_str(buf, text);
    return buf->failed ? -VN_E_NOMEM : 0;
}

static int names(void *self, const char *arch, struct vn_arena *arena, char ***ret, size_t *ret_count,
                 struct vn_err *err)
{
    static const char *const all[] = {"Small", "Big", "Museum"};

    (void)self, (void)err;
    assert_string_equal(arch, "x86_64");
    *ret = vn_arena_array(arena, 3, sizeof **ret);
    for (size_t i = 0; i < 3; i++)
        (*ret)[i] = vn_arena_strdup(arena, all[i]);
    *ret_count = 3;
    return 0;
}

static int capabilities(void *self, struct vn_buf *ret, struct vn_err *err)
{
    (void)self, (void)err;
    return put(ret, "<capabilities><host><cpu><arch>x86_64</arch><model>Small</model></cpu></host></capabilities>");
}

static int domcaps(void *self, const struct vn_cpu_target *target, struct vn_buf *ret, struct vn_err *err)
{
    (void)self, (void)target, (void)err;
    return put(ret, "<domainCapabilities><path>/q</path><domain>qemu</domain><machine>pc</machine><arch>x86_64</arch>"
                    "<cpu><mode name='host-passthrough' supported='no'/><mode name='host-model' supported='yes'>"
                    "<model>Small</model></mode><mode name='custom' supported='yes'>"
                    "<model usable='yes' vendor='unknown'>Small</model><model usable='no' vendor='Intel'>Big</model>"
                    "</mode></cpu></domainCapabilities>");
}

static int compare(void *self, const struct vn_cpu_target *target, const char *cpu_xml, enum vn_cpu_verdict *ret,
                   struct vn_buf *ret_why, struct vn_err *err)
{
    struct host *host = self;

    (void)err;
    assert_string_equal(target->virttype, "qemu");
    assert_non_null(strstr(cpu_xml, "<cpu"));
    host->compared++;
    *ret = host->verdict ? VN_CPU_INCOMPATIBLE : VN_CPU_SUPERSET;
    return put(ret_why, host->verdict ? host->verdict : "");
}

static int baseline(void *self, const struct vn_cpu_target *target, const char *const *xmls, size_t n,
                    struct vn_buf *ret, struct vn_err *err)
{
    const struct host *host = self;

    (void)target, (void)xmls, (void)n;
    return host->baseline ? put(ret, host->baseline) : VN_FAIL(err, VN_E_REFUSED, .cause = "nothing in common");
}

static int map_file(void *self, const char *name, struct vn_buf *ret, struct vn_err *err)
{
    const struct host *host = self;

    if (host->no_map)
        return VN_FAIL(err, VN_E_ABSENT, .cause = "no such file", .got = name);
    if (!strcmp(name, "index.xml"))
        return put(ret, "<cpus><arch name='x86'><include filename='models.xml'/></arch></cpus>");
    assert_string_equal(name, "models.xml");
    return put(ret, "<cpus><model name='Small'><feature name='a'/></model>"
                    "<model name='Big'><model name='Small'/><vendor name='Intel'/><feature name='b'/></model>"
                    "<model name='Museum'><feature name='a'/></model>"
                    "<feature name='a'/><feature name='b_1'><alias name='b-1' source='qemu'/></feature></cpus>");
}

static int definitions(void *self, const char *emulator, const char *virttype, struct vn_buf *ret, struct vn_err *err)
{
    const struct host *host = self;

    assert_string_equal(emulator, "/q");
    assert_string_equal(virttype, "qemu");
    return host->monitor ? put(ret, host->monitor) : VN_FAIL(err, VN_E_REFUSED, .cause = "another machine");
}

static const struct vn_cpu_ops cpu_ops = {names, capabilities, domcaps, compare, baseline, map_file, definitions};

struct world {
    struct host host;
    struct vn_hypervisor hv;
    struct vn_app app;
};

static void set_up(struct world *w)
{
    *w = (struct world){.host.monitor = "{\"QMP\": {}}\n{\"return\": [{\"name\": \"Big\", \"unavailable-features\": "
                                        "[\"b-1\", \"a\", \"b-1\"]}]}\n"};
    w->hv = (struct vn_hypervisor){.cpu = &cpu_ops, .self = &w->host, .uri = "test:"};
    w->app = (struct vn_app){.hv = &w->hv};
}

static void read_host(struct world *w, struct vn_cpu_host *ret)
{
    const struct vn_cpu_target any = {0};

    assert_int_equal(vn_app_cpu_host(&w->app, &any, ret, NULL), 0);
}

static void one_list_of_names_offers_and_blockers(void **state)
{
    VN_AUTO(vn_cpu_host) host = {0};
    struct world w;

    (void)state;
    set_up(&w);
    read_host(&w, &host);
    assert_int_equal(host.n_rows, 3);
    assert_string_equal(host.rows[0].name, "Big"); /* sorted */
    assert_string_equal(host.rows[0].vendor, "Intel");
    assert_int_equal(host.rows[0].n_blockers, 2); /* each once, as libvirt calls it */
    assert_string_equal(host.rows[0].blockers[0], "b_1");
    assert_string_equal(host.rows[1].name, "Museum");
    assert_false(host.rows[1].offered);
    assert_int_equal(host.rows[1].usable, VN_CPU_UNUSABLE);
    assert_int_equal(vn_cpu_host_row(&host, "Small")->usable, VN_CPU_USABLE);
    assert_int_equal(vn_cpu_host_row(&host, "Small")->n_blockers, 0);
    assert_null(vn_cpu_host_row(&host, "None"));
    assert_null(host.no_map);
    assert_null(host.no_blockers);
}

static void what_cannot_be_known_is_said(void **state)
{
    VN_AUTO(vn_cpu_host) host = {0};
    struct world w;

    (void)state;
    set_up(&w);
    w.host.no_map = true;
    w.host.monitor = NULL;
    read_host(&w, &host);
    assert_non_null(strstr(host.no_map, "no such file"));
    assert_non_null(strstr(host.no_blockers, "another machine"));
    assert_string_equal(vn_cpu_host_row(&host, "Big")->vendor, "Intel"); /* QEMU's word */
    assert_null(vn_cpu_host_row(&host, "Big")->model);
}

static void a_captured_host_is_refused(void **state)
{
    VN_AUTO(vn_cpu_host) host = {0};
    VN_AUTO(vn_arena) arena = {0};
    const struct vn_cpu_target any = {0};
    struct vn_err err = {0};
    struct vn_cpu cpu;
    struct world w;

    (void)state;
    set_up(&w);
    w.hv.cpu = NULL;
    assert_int_equal(vn_app_cpu_host(&w.app, &any, &host, &err), -VN_E_REFUSED);
    assert_string_equal(err.got, "test:");
    assert_int_equal(vn_app_cpu_machine(&w.app, &arena, &cpu, NULL), -VN_E_REFUSED);
}

static struct vn_cpu_answer can(struct world *w, const char *cpu, struct vn_arena *arena)
{
    VN_AUTO(vn_cpu_host) host = {0};
    struct vn_cpu_answer answer;
    struct vn_cpu_doc doc;

    read_host(w, &host);
    w->host.compared = 0;
    assert_int_equal(vn_cpuxml_parse(cpu, strlen(cpu), arena, &doc, NULL), 0);
    assert_int_equal(vn_app_cpu_can(&w->app, &host, &doc, arena, &answer, NULL), 0);
    return answer;
}

/* QEMU's word on a model counts where nothing is required besides; else libvirt compares. */
static void what_a_host_can_give(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cpu_answer answer;
    struct world w;

    (void)state;
    set_up(&w);
    w.host.verdict = "Host CPU does not provide required features: b_1, c";
    assert_true(can(&w, "<cpu mode='custom'><model>Small</model></cpu>", &arena).can);
    assert_int_equal(w.host.compared, 0);
    assert_true(can(&w, "<cpu><model>Small</model><feature policy='disable' name='a'/></cpu>", &arena).can);
    assert_int_equal(w.host.compared, 0);
    assert_false(can(&w, "<cpu><model>Small</model><feature policy='require' name='c'/></cpu>", &arena).can);
    assert_int_equal(w.host.compared, 1);
    answer = can(&w, "<cpu><model>Big</model></cpu>", &arena);
    assert_false(answer.can);
    assert_int_equal(answer.n_missing, 2);
    assert_string_equal(answer.missing[1], "c");
    assert_non_null(strstr(can(&w, "<cpu><model>Museum</model></cpu>", &arena).why, "does not have that model"));
    assert_false(can(&w, "<cpu><model>Unheard</model></cpu>", &arena).can);
    assert_false(can(&w, "<cpu mode='host-passthrough'/>", &arena).can);
    assert_true(can(&w, "<cpu mode='host-model'/>", &arena).can);
    assert_true(can(&w, "<cpu/>", &arena).can);
    w.host.verdict = NULL;
    assert_true(can(&w, "<cpu><model>Big</model></cpu>", &arena).can);
}

static void read_doc(const char *xml, struct vn_arena *arena, struct vn_cpu_doc *ret)
{
    assert_int_equal(vn_cpuxml_parse(xml, strlen(xml), arena, ret, NULL), 0);
}

static void what_a_guest_got(void **state)
{
    static const char asked[] = "<cpu><model>M</model><feature policy='require' name='x'/>"
                                "<feature policy='disable' name='y'/><feature policy='require' name='z'/></cpu>";
    static const char live[] = "<cpu><model>M</model><feature policy='require' name='x'/>"
                               "<feature policy='disable' name='y'/><feature policy='disable' name='z'/>"
                               "<feature policy='disable' name='of-model'/>"
                               "<feature policy='require' name='hypervisor'/></cpu>";
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cpu_doc a, b;
    struct vn_cpu_got got;

    (void)state;
    read_doc(asked, &arena, &a);
    read_doc(live, &arena, &b);
    assert_int_equal(vn_cpu_compare_got(&a.cpu, &b.cpu, &arena, &got, NULL), 0);
    assert_int_equal(got.n_refused, 2);
    assert_string_equal(got.refused[0], "of-model");
    assert_string_equal(got.refused[1], "z");
    assert_int_equal(got.n_more, 1);
    assert_string_equal(got.more[0], "hypervisor");
}

static void add_hosts(struct vn_cpu_baseline *baseline, const char *a, const char *b)
{
    baseline->n_hosts = 2;
    baseline->hosts = vn_arena_array(&baseline->arena, 2, sizeof *baseline->hosts);
    assert_non_null(baseline->hosts);
    baseline->hosts[0].name = "a";
    baseline->hosts[1].name = "b";
    read_doc(a, &baseline->arena, &baseline->hosts[0].doc);
    read_doc(b, &baseline->arena, &baseline->hosts[1].doc);
}

static void a_baseline_and_what_each_lacks(void **state)
{
    VN_AUTO(vn_cpu_baseline) all = {0};
    const struct vn_cpu_target any = {0};
    struct world w;

    (void)state;
    set_up(&w);
    w.host.baseline = "<cpu mode='custom'><model>Small</model><feature policy='require' name='x'/></cpu>";
    add_hosts(&all, "<cpu><model>Big</model><feature policy='require' name='x'/></cpu>",
              "<cpu><model>Small</model><feature name='x'/><feature name='y'/></cpu>");
    assert_int_equal(vn_app_cpu_baseline(&w.app, &any, &all, NULL), 0);
    assert_string_equal(all.cpu.cpu.model, "Small");
    assert_int_equal(all.n_features, 2); /* a, x */
    assert_int_equal(all.hosts[0].n_features, 3);
    assert_int_equal(all.hosts[0].n_lacks, 1);
    assert_string_equal(all.hosts[0].lacks[0], "y");
    assert_int_equal(all.hosts[0].n_beyond, 1);
    assert_string_equal(all.hosts[0].beyond[0], "b");
    assert_string_equal(all.hosts[1].lacks[0], "b");
    assert_string_equal(all.hosts[1].beyond[0], "y");
}

static void a_baseline_that_cannot_be(void **state)
{
    static const char small[] = "<cpu><model>Small</model><vendor>Intel</vendor></cpu>";
    const struct vn_cpu_target any = {0};
    struct vn_err err = {0};
    struct world w;

    (void)state;
    set_up(&w);
    for (unsigned i = 0; i < 4; i++) {
        static const char *const seconds[] = {"<cpu><model>Small</model></cpu>", "<cpu><model>Unheard</model></cpu>",
                                              "<cpu mode='host-model'/>",
                                              "<cpu><model>Small</model><vendor>AMD</vendor></cpu>"};
        static const int codes[] = {-VN_E_REFUSED, -VN_E_ABSENT, -VN_E_USAGE, -VN_E_REFUSED};
        VN_AUTO(vn_cpu_baseline) all = {0};

        add_hosts(&all, small, seconds[i]);
        assert_int_equal(vn_app_cpu_baseline(&w.app, &any, &all, &err), codes[i]);
        assert_int_equal(strstr(err.cause, "a (Intel) and b (AMD)") != NULL, i == 3);
    }
    {
        VN_AUTO(vn_cpu_baseline) all = {0};

        w.host.no_map = true;
        add_hosts(&all, small, small);
        assert_int_equal(vn_app_cpu_baseline(&w.app, &any, &all, &err), -VN_E_ENV);
    }
}

static void a_plan_is_one_step_or_none(void **state)
{
    char name[] = "db", uuid[] = "u",
         xml[] = "<domain type='kvm'>\n  <name>db</name>\n  <cpu mode='host-model'/>\n</domain>\n";
    struct vn_vm vm = {.name = name, .uuid = uuid, .stored_xml = xml};
    struct vn_cpu_wish wish = {"custom", "EPYC", false};
    VN_AUTO(vn_plan) plan = {0};
    VN_AUTO(vn_plan) none = {0};
    VN_AUTO(vn_plan) never = {0};

    (void)state;
    assert_int_equal(vn_app_cpu_plan(&vm, &wish, &plan, NULL), 0);
    assert_int_equal(plan.n_steps, 1);
    assert_int_equal(plan.steps[0].kind, VN_STEP_DEFINE);
    assert_int_equal(plan.steps[0].when, VN_WHEN_NEXT_START);
    assert_string_equal(plan.steps[0].xml_before, xml);
    assert_non_null(strstr(plan.steps[0].xml_after, ">EPYC</model>"));
    wish = (struct vn_cpu_wish){"host-model", NULL, false};
    assert_int_equal(vn_app_cpu_plan(&vm, &wish, &none, NULL), 0);
    assert_int_equal(none.n_steps, 0);
    vm.stored_xml = NULL;
    assert_int_equal(vn_app_cpu_plan(&vm, &wish, &never, NULL), -VN_E_REFUSED);
}

#define DOMAIN(cpu)                                                                                \
    "<domain type='kvm'><name>db</name><uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>"              \
    "<memory>1024</memory><vcpu>1</vcpu>" cpu "</domain>"

/* After a crash a define is known by what the stored XML says: that is placement, and the CPU. */
static void another_cpu_is_another_configuration(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {DOMAIN("<cpu mode='host-model'/>"), DOMAIN("<cpu mode='host-model' check='partial'/>"), true},
        {DOMAIN("<cpu mode='host-model'/>"), DOMAIN("<cpu mode='host-passthrough'/>"), false},
        {DOMAIN("<cpu><model>A</model></cpu>"),
         DOMAIN("<cpu mode='custom' match='exact'><model>A</model></cpu>"), true},
        {DOMAIN("<cpu><model>A</model></cpu>"), DOMAIN("<cpu><model>B</model></cpu>"), false},
        {DOMAIN(""), DOMAIN("<cpu mode='custom'><model>qemu64</model></cpu>"), true}, /* libvirt's own default */
    };

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++) {
        bool same = !cases[i].same;

        assert_int_equal(vn_same_placement(cases[i].a, cases[i].b, &same, NULL), 0);
        assert_int_equal(same, cases[i].same);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_list_of_names_offers_and_blockers),
        cmocka_unit_test(what_cannot_be_known_is_said),
        cmocka_unit_test(a_captured_host_is_refused),
        cmocka_unit_test(what_a_host_can_give),
        cmocka_unit_test(what_a_guest_got),
        cmocka_unit_test(a_baseline_and_what_each_lacks),
        cmocka_unit_test(a_baseline_that_cannot_be),
        cmocka_unit_test(a_plan_is_one_step_or_none),
        cmocka_unit_test(another_cpu_is_another_configuration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
