/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/capture.h"
#include "io/doors.h"

/* A captured host obeys the rules of a real one. Run from the source root. */

#define GIB UINT64_C(1048576)

static struct vn_hypervisor open_demo(void)
{
    struct vn_hypervisor hv;

    assert_int_equal(vn_demo_open(&hv, NULL), 0);
    return hv;
}

static struct vn_hypervisor open_host(const char *name)
{
    struct vn_hypervisor hv;
    struct vn_err err = {0};
    char path[128], said[1024];

    (void)snprintf(path, sizeof path, "examples/hosts/%s.host", name);
    if (vn_replay_open(path, false, &hv, &err) < 0)
        fail_msg("%s", vn_err_text(&err, said, sizeof said));
    return hv;
}

static struct vn_snapshot look(struct vn_hypervisor *hv)
{
    struct vn_snapshot snapshot;

    assert_int_equal(hv->ops->observe(hv->self, NULL, 0, NULL, &snapshot, NULL), 0);
    return snapshot;
}

static struct vn_cpuset cpus(const char *text)
{
    struct vn_cpuset set;

    assert_int_equal(vn_cpuset_parse(text, &set, NULL), 0);
    return set;
}

static struct vn_nodeset nodes(const char *text)
{
    struct vn_nodeset set;

    assert_int_equal(vn_nodeset_parse(text, &set, NULL), 0);
    return set;
}

static char *xml_of(struct vn_hypervisor *hv, const char *vm, enum vn_xml_kind kind)
{
    struct vn_buf text = {0};

    assert_int_equal(hv->ops->xml(hv->self, vm, kind, &text, NULL), 0);
    return text.ptr;
}

/* @from once replaced by @to, in a text of its own. */
static char *edit(char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    struct vn_buf out = {0};

    assert_non_null(at);
    vn_buf_add(&out, text, (size_t)(at - text));
    vn_buf_str(&out, to);
    vn_buf_str(&out, at + strlen(from));
    free(text);
    return out.ptr;
}

static void demo_is_the_shipped_file(void **state)
{
    size_t len;
    const char *text = vn_demo_text(&len);
    FILE *file = fopen("examples/hosts/demo.host", "rb");
    char *bytes = malloc(len + 2);
    struct vn_hypervisor hv = open_demo();
    (void)state;

    assert_true(file && bytes);
    assert_int_equal(fread(bytes, 1, len + 2, file), len);
    assert_memory_equal(bytes, text, len);
    assert_string_equal(hv.uri, "demo:");
    assert_true(hv.forgets);
    (void)fclose(file);
    free(bytes);
    vn_hypervisor_drop(&hv);
}

static void pins_take_hold(void **state)
{
    struct vn_hypervisor hv = open_demo();
    struct vn_cpuset to = cpus("12");
    struct vn_snapshot now;
    const struct vn_vm *vm;
    (void)state;

    assert_int_equal(hv.ops->pin_vcpu(hv.self, "db32", 5, &to, VN_SCOPE_LIVE, NULL), 0);
    assert_int_equal(hv.ops->pin_emulator(hv.self, "db32", &to, VN_SCOPE_LIVE | VN_SCOPE_CONFIG, NULL), 0);
    assert_int_equal(hv.ops->pin_iothread(hv.self, "db32", 1, &to, VN_SCOPE_LIVE, NULL), 0);
    now = look(&hv);
    vm = vn_snapshot_vm(&now, "db32");
    assert_true(vn_cpuset_equal(&vm->vcpus[5].configured, &to));
    assert_true(vn_cpuset_equal(&vm->vcpus[5].allowed, &to));
    assert_true(vn_cpuset_equal(&vm->vcpus[5].cgroup, &to));
    assert_int_equal(vm->vcpus[5].cpu, 12);
    assert_true(vn_cpuset_equal(vn_domain_pin(vm->live, 5), &to));
    assert_null(vn_domain_pin(vm->stored, 5));
    assert_true(vm->stored->has_emulatorpin && vn_cpuset_equal(&vm->stored->emulatorpin, &to));
    assert_true(vn_cpuset_equal(&vm->iothreads[0].allowed, &to));
    assert_true(vn_cpuset_equal(&vm->vcpus[6].allowed, &vm->vcpus[7].allowed)); /* the others float on */
    vn_snapshot_drop(&now);
    vn_hypervisor_drop(&hv);
}

static void bad_pins_are_refused(void **state)
{
    struct vn_hypervisor hv = open_demo(), off = open_host("hugepages"), isolated = open_host("isolated");
    struct vn_cpuset to = cpus("12"), beyond = cpus("2,40"), none = cpus(""), offline = cpus("7");
    (void)state;

    assert_int_equal(hv.ops->pin_vcpu(hv.self, "db32", 32, &to, VN_SCOPE_LIVE, NULL), -VN_E_REFUSED);
    assert_int_equal(hv.ops->pin_vcpu(hv.self, "db32", 0, &beyond, VN_SCOPE_LIVE, NULL), -VN_E_REFUSED);
    assert_int_equal(hv.ops->pin_vcpu(hv.self, "db32", 0, &none, VN_SCOPE_LIVE, NULL), -VN_E_REFUSED);
    assert_int_equal(hv.ops->pin_vcpu(hv.self, "db32", 0, &to, 0, NULL), -VN_E_USAGE);
    assert_int_equal(hv.ops->pin_vcpu(hv.self, "nobody", 0, &to, VN_SCOPE_LIVE, NULL), -VN_E_ABSENT);
    assert_int_equal(hv.ops->pin_iothread(hv.self, "db32", 2, &to, VN_SCOPE_LIVE, NULL), -VN_E_REFUSED);
    assert_int_equal(isolated.ops->pin_vcpu(isolated.self, "iso1", 0, &offline, VN_SCOPE_LIVE, NULL), -VN_E_REFUSED);
    to = cpus("9");
    assert_int_equal(off.ops->pin_vcpu(off.self, "huge1", 0, &to, VN_SCOPE_LIVE, NULL), -VN_E_REFUSED);
    assert_int_equal(off.ops->pin_vcpu(off.self, "huge1", 0, &to, VN_SCOPE_CONFIG, NULL), 0);
    vn_hypervisor_drop(&hv);
    vn_hypervisor_drop(&off);
    vn_hypervisor_drop(&isolated);
}

static void nodesets_follow_libvirts_rules(void **state)
{
    struct vn_hypervisor hv = open_demo(), single = open_host("sparse");
    struct vn_nodeset to = nodes("1"), five = nodes("5"), two = nodes("2");
    struct vn_snapshot now;
    const struct vn_vm *vm;
    (void)state;

    assert_int_equal(hv.ops->set_nodeset(hv.self, "web1", &to, VN_SCOPE_LIVE, NULL), -VN_E_REFUSED); /* strict */
    assert_int_equal(hv.ops->set_nodeset(hv.self, "web1", &to, VN_SCOPE_CONFIG, NULL), 0);
    /* no numatune: one is taken, and then it is strict */
    assert_int_equal(single.ops->set_nodeset(single.self, "sparse1", &two, VN_SCOPE_LIVE, NULL), -VN_E_REFUSED);
    assert_int_equal(single.ops->set_nodeset(single.self, "sparse1", &five, VN_SCOPE_LIVE, NULL), 0);
    assert_int_equal(single.ops->set_nodeset(single.self, "sparse1", &five, VN_SCOPE_LIVE, NULL), -VN_E_REFUSED);
    now = look(&single);
    vm = vn_snapshot_vm(&now, "sparse1");
    assert_int_equal(vm->live->mem_mode, VN_MEM_STRICT);
    assert_int_equal(vm->node_kib[0], 0); /* what was there has followed */
    assert_int_equal(vm->node_kib[2], 4 * GIB + 20480);
    assert_int_equal(now.host.nodes[0].free_kib, 25 * GIB);
    vn_snapshot_drop(&now);
    vn_hypervisor_drop(&hv);
    vn_hypervisor_drop(&single);
}

static void count(void *self, const char *what, uint64_t done, uint64_t total, const char *unit)
{
    unsigned *calls = self;

    assert_true(what && unit && done <= total);
    ++*calls;
}

static void memory_moves(void **state)
{
    struct vn_hypervisor hv = open_demo();
    struct vn_snapshot was = look(&hv), now;
    unsigned calls = 0;
    struct vn_progress progress = {.update = count, .self = &calls};
    struct vn_move zero = {.cell = 0, .node_to = 0}, one = {.cell = 1, .node_to = 1};
    uint64_t moved = 0, *node_kib, *cell_kib;
    struct vn_arena arena = {0};
    (void)state;

    assert_int_equal(hv.ops->move_memory(hv.self, "db32", &zero, &progress, &moved, NULL), 0);
    assert_int_equal(moved, vn_snapshot_vm(&was, "db32")->cell_kib[1]);
    assert_true(calls > 10);
    assert_int_equal(hv.ops->move_memory(hv.self, "db32", &one, NULL, &moved, NULL), 0);
    assert_int_equal(hv.ops->memory(hv.self, "db32", &arena, &node_kib, &cell_kib, NULL), 0);
    assert_int_equal(cell_kib[0], 16 * GIB);
    assert_int_equal(cell_kib[1], 0);
    assert_int_equal(cell_kib[3], 16 * GIB);
    assert_int_equal(node_kib[0], 16 * GIB + 131072); /* QEMU's own pages stay */
    now = look(&hv);
    assert_int_equal(now.host.nodes[0].free_kib + now.host.nodes[1].free_kib,
                     was.host.nodes[0].free_kib + was.host.nodes[1].free_kib);
    assert_int_equal(now.host.nodes[0].free_kib,
                     was.host.nodes[0].free_kib + vn_snapshot_vm(&was, "db32")->node_kib[0] - node_kib[0]);
    vn_snapshot_drop(&was);
    vn_snapshot_drop(&now);
    vn_arena_drop(&arena);
    vn_hypervisor_drop(&hv);
}

static void memory_that_does_not_fit_moves_in_part(void **state)
{
    struct vn_hypervisor four = open_host("four");
    struct vn_move away = {.all = true, .node_to = 2}, gone = {.all = true, .node_to = 9};
    struct vn_nodeset from = nodes("0");
    struct vn_err err = {0};
    struct vn_snapshot now;
    uint64_t moved = 0;
    (void)state;

    assert_int_equal(four.ops->move_memory(four.self, "alpha", &gone, NULL, &moved, NULL), -VN_E_REFUSED);
    away.nodes_from = &from;
    away.limit_kib = 3 * GIB;
    assert_int_equal(four.ops->move_memory(four.self, "alpha", &away, NULL, &moved, NULL), 0);
    assert_int_equal(moved, 3 * GIB);
    away = (struct vn_move){.all = true, .node_to = 2};
    assert_int_equal(four.ops->move_memory(four.self, "beta", &away, NULL, &moved, NULL), 0);
    assert_int_equal(moved, 8 * GIB);
    assert_int_equal(four.ops->move_memory(four.self, "alpha", &away, NULL, &moved, &err), -VN_E_REFUSED);
    assert_int_equal(moved, 3 * GIB); /* 14 were free */
    assert_non_null(strstr(err.cause, "3145728 of"));
    now = look(&four);
    assert_int_equal(now.host.nodes[2].free_kib, 0);
    assert_int_equal(vn_snapshot_vm(&now, "alpha")->node_kib[2], 10 * GIB);
    vn_snapshot_drop(&now);
    vn_hypervisor_drop(&four);
}

static void define_replaces_and_adds(void **state)
{
    struct vn_hypervisor hv = open_demo();
    char *xml = xml_of(&hv, "web1", VN_XML_STORED), *back;
    struct vn_snapshot now;
    (void)state;

    xml = edit(xml, "<clock offset='utc'/>", "<clock offset='localtime'/>");
    assert_int_equal(hv.ops->define(hv.self, xml, NULL), 0);
    back = xml_of(&hv, "web1", VN_XML_STORED);
    assert_string_equal(back, xml); /* byte for byte */
    free(back);
    xml = edit(xml, "<name>web1</name>", "<name>a-new-one</name>"); /* the UUID is web1's */
    assert_int_equal(hv.ops->define(hv.self, xml, NULL), -VN_E_REFUSED);
    xml = edit(xml, "0b9a4f6e", "0b9a4f6f");
    assert_int_equal(hv.ops->define(hv.self, xml, NULL), 0);
    xml = edit(xml, "</domain>", "");
    assert_int_equal(hv.ops->define(hv.self, xml, NULL), -VN_E_SYNTAX);
    now = look(&hv);
    assert_string_equal(now.vms[0].name, "a-new-one");
    assert_int_equal(now.vms[0].state, VN_VM_SHUTOFF);
    assert_int_equal(now.n_vms, 5);
    vn_snapshot_drop(&now);
    free(xml);
    vn_hypervisor_drop(&hv);
}

#define TUNED                                                                                              \
    "<cputune><vcpupin vcpu='0' cpuset='2'/><emulatorpin cpuset='3'/></cputune>\n"                         \
    "  <numatune><memory mode='strict' nodeset='0-1'/><memnode cellid='0' mode='strict' nodeset='0'/>"     \
    "<memnode cellid='1' mode='strict' nodeset='1'/></numatune>\n  <resource>"

static void save_restore_places_strictly(void **state)
{
    struct vn_hypervisor hv = open_demo();
    char *xml = edit(xml_of(&hv, "db32", VN_XML_MIGRATABLE), "<resource>", TUNED);
    struct vn_snapshot now;
    const struct vn_vm *vm;
    uint64_t paused = 1;
    struct vn_err err = {0};
    (void)state;

    assert_int_equal(hv.ops->save_restore(hv.self, "db32", xml, NULL, &paused, &err), 0);
    now = look(&hv);
    vm = vn_snapshot_vm(&now, "db32");
    assert_int_equal(vm->cell_kib[0], 16 * GIB);
    assert_int_equal(vm->cell_kib[1], 0);
    assert_int_equal(vm->cell_kib[3], 16 * GIB);
    assert_int_equal(vn_cpuset_count(&vm->vcpus[0].allowed), 1);
    assert_int_equal(vn_cpuset_count(&vm->vcpus[1].allowed), 40);
    assert_true(vn_cpuset_has(&vm->emulator.configured, 3));
    assert_int_equal(vm->live->n_memnodes, 2);
    assert_int_equal(vm->stored->n_memnodes, 0);
    assert_int_equal(vn_host_check(&now.host, NULL), 0);
    vn_snapshot_drop(&now);
    free(xml);
    vn_hypervisor_drop(&hv);
}

static void restore_refused(struct vn_hypervisor *hv, char *xml)
{
    char *was = xml_of(hv, "db32", VN_XML_LIVE), *is;
    uint64_t paused;

    assert_int_equal(hv->ops->save_restore(hv->self, "db32", xml, NULL, &paused, NULL), -VN_E_REFUSED);
    is = xml_of(hv, "db32", VN_XML_LIVE);
    assert_string_equal(was, is);
    free(was);
    free(is);
    free(xml);
}

static void save_restore_keeps_the_guest(void **state)
{
    struct vn_hypervisor hv = open_demo();
    struct vn_snapshot was = look(&hv), now;
    (void)state;

    restore_refused(&hv, edit(xml_of(&hv, "db32", VN_XML_LIVE), "static'>32<", "static' current='16'>32<"));
    restore_refused(&hv, edit(xml_of(&hv, "db32", VN_XML_LIVE), "<numa>",
                              "<topology sockets='2' dies='1' cores='8' threads='2'/><numa>"));
    restore_refused(&hv, edit(xml_of(&hv, "db32", VN_XML_LIVE), "<resource>",
                              "<cputune><vcpupin vcpu='0' cpuset='99'/></cputune><resource>"));
    now = look(&hv);
    assert_int_equal(now.host.nodes[1].free_kib, was.host.nodes[1].free_kib);
    vn_snapshot_drop(&was);
    vn_snapshot_drop(&now);
    vn_hypervisor_drop(&hv);
}

static void save_restore_needs_room(void **state)
{
    struct vn_hypervisor hv = open_host("four");
    char *xml = edit(xml_of(&hv, "alpha", VN_XML_LIVE), "<resource>",
                     "<numatune><memory mode='strict' nodeset='2'/></numatune><resource>");
    struct vn_move fill = {.all = true, .node_to = 2};
    uint64_t paused, moved;
    struct vn_err err = {0};
    (void)state;

    assert_int_equal(hv.ops->move_memory(hv.self, "beta", &fill, NULL, &moved, NULL), 0);
    assert_int_equal(hv.ops->save_restore(hv.self, "alpha", xml, NULL, &paused, &err), -VN_E_REFUSED);
    assert_non_null(strstr(err.cause, "does not fit on node 2"));
    free(xml);
    vn_hypervisor_drop(&hv);
}

/* ---- files ---- */

static void copy_file(const char *from, const char *to)
{
    char chunk[4096];
    size_t n;
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");

    assert_true(in && out);
    while ((n = fread(chunk, 1, sizeof chunk, in)) > 0)
        assert_int_equal(fwrite(chunk, 1, n, out), n);
    (void)fclose(in);
    assert_int_equal(fclose(out), 0);
}

static void write_keeps_what_was_done(void **state)
{
    char dir[] = "/tmp/vnuma-replay.XXXXXX", path[64];
    struct vn_hypervisor hv, other;
    struct vn_cpuset to = cpus("12");
    struct vn_snapshot now;
    struct stat st;
    (void)state;

    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/h", dir);
    copy_file("examples/hosts/demo.host", path);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(vn_replay_open(path, true, &hv, NULL), 0);
    assert_int_equal(vn_replay_open(path, true, &other, NULL), 0);
    assert_false(hv.forgets);
    assert_int_equal(hv.ops->pin_vcpu(hv.self, "db32", 0, &to, VN_SCOPE_LIVE, NULL), 0);
    assert_int_equal(other.ops->pin_vcpu(other.self, "db32", 1, &to, VN_SCOPE_LIVE, NULL), 0);
    now = look(&hv); /* the other's change is seen, and did not undo this one's */
    assert_int_equal(vn_cpuset_count(&vn_snapshot_vm(&now, "db32")->vcpus[0].allowed), 1);
    assert_int_equal(vn_cpuset_count(&vn_snapshot_vm(&now, "db32")->vcpus[1].allowed), 1);
    vn_snapshot_drop(&now);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(hv.ops->pin_vcpu(hv.self, "db32", 0, &to, VN_SCOPE_LIVE, NULL), -VN_E_ENV);
    assert_int_equal(rmdir(dir), 0); /* no temporary file is left */
    vn_hypervisor_drop(&hv);
    vn_hypervisor_drop(&other);
}

static void without_write_the_file_stays(void **state)
{
    char dir[] = "/tmp/vnuma-replay.XXXXXX", path[64];
    struct vn_hypervisor hv, again;
    struct vn_cpuset to = cpus("12");
    struct vn_snapshot now;
    (void)state;

    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/h", dir);
    copy_file("examples/hosts/demo.host", path);
    assert_int_equal(vn_replay_open(path, false, &hv, NULL), 0);
    assert_true(hv.forgets);
    assert_int_equal(strncmp(hv.uri, "replay:/tmp/", 12), 0);
    assert_int_equal(hv.ops->pin_vcpu(hv.self, "db32", 0, &to, VN_SCOPE_LIVE, NULL), 0);
    assert_int_equal(vn_replay_open(path, false, &again, NULL), 0);
    now = look(&again);
    assert_int_equal(vn_cpuset_count(&vn_snapshot_vm(&now, "db32")->vcpus[0].allowed), 40);
    vn_snapshot_drop(&now);
    vn_hypervisor_drop(&hv);
    vn_hypervisor_drop(&again);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void missing_files_are_named(void **state)
{
    struct vn_hypervisor hv;
    struct vn_err err = {0};
    const char *absent = "nobody";
    struct vn_snapshot now;
    (void)state;

    assert_int_equal(vn_replay_open("/nowhere/at.all", false, &hv, &err), -VN_E_ENV);
    assert_string_equal(err.where, "/nowhere/at.all");
    assert_int_equal(vn_replay_open("/", false, &hv, &err), -VN_E_ENV);
    assert_int_equal(vn_replay_open("meson.build", false, &hv, &err), -VN_E_FORMAT);
    hv = open_demo();
    assert_int_equal(hv.ops->observe(hv.self, &absent, 1, NULL, &now, &err), -VN_E_ABSENT);
    vn_hypervisor_drop(&hv);
}

static void assert_setting(struct vn_hypervisor *hv, const char *key, const char *want)
{
    VN_AUTO(vn_buf) value = {0};

    assert_int_equal(hv->ops->setting(hv->self, "", key, &value, NULL), 0);
    assert_string_equal(vn_buf_text(&value), want);
}

static void settings_of_the_host(void **state)
{
    struct vn_hypervisor hv = open_demo();
    struct vn_err err = {0};
    VN_AUTO(vn_buf) value = {0};

    (void)state;
    assert_setting(&hv, "kernel.numa_balancing", "1");
    assert_int_equal(hv.ops->set_setting(hv.self, "", "kernel.numa_balancing", "0", NULL), 0);
    assert_setting(&hv, "kernel.numa_balancing", "0");
    assert_setting(&hv, "sysctl.d:kernel.numa_balancing", "");
    assert_int_equal(hv.ops->set_setting(hv.self, "", "sysctl.d:kernel.numa_balancing", "0", NULL), 0);
    assert_setting(&hv, "sysctl.d:kernel.numa_balancing", "0");
    assert_int_equal(hv.ops->set_setting(hv.self, "", "sysctl.d:kernel.numa_balancing", "", NULL), 0);
    assert_setting(&hv, "sysctl.d:kernel.numa_balancing", "");
    assert_int_equal(hv.ops->setting(hv.self, "", "kernel.nothing", &value, &err), -VN_E_ABSENT);
    assert_string_equal(err.got, "kernel.nothing");
    assert_int_equal(hv.ops->set_setting(hv.self, "db32", "kernel.numa_balancing", "0", &err), -VN_E_ABSENT);
    vn_hypervisor_drop(&hv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(demo_is_the_shipped_file),
        cmocka_unit_test(pins_take_hold),
        cmocka_unit_test(bad_pins_are_refused),
        cmocka_unit_test(nodesets_follow_libvirts_rules),
        cmocka_unit_test(memory_moves),
        cmocka_unit_test(memory_that_does_not_fit_moves_in_part),
        cmocka_unit_test(define_replaces_and_adds),
        cmocka_unit_test(save_restore_places_strictly),
        cmocka_unit_test(save_restore_keeps_the_guest),
        cmocka_unit_test(save_restore_needs_room),
        cmocka_unit_test(write_keeps_what_was_done),
        cmocka_unit_test(without_write_the_file_stays),
        cmocka_unit_test(settings_of_the_host),
        cmocka_unit_test(missing_files_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
