/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/capture.h"

/* Captured hosts: what is written is read back, and what is anonymized says no names. Run from the
 * source root. */

static const char *const hosts[] = {"demo", "single", "sparse", "isolated", "four", "hugepages"};

static void read_host(const char *name, struct vn_buf *text)
{
    char path[128], chunk[4096];
    size_t n;
    FILE *file;

    (void)snprintf(path, sizeof path, "examples/hosts/%s.host", name);
    file = fopen(path, "rb");
    assert_non_null(file);
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0)
        vn_buf_add(text, chunk, n);
    assert_int_equal(fclose(file), 0);
}

static void load(const char *name, struct vn_snapshot *ret)
{
    VN_AUTO(vn_buf) text = {0};
    struct vn_err err = {0};
    char said[1024];

    read_host(name, &text);
    if (vn_capture_parse(text.ptr, text.len, ret, &err) < 0)
        fail_msg("%s: %s", name, vn_err_text(&err, said, sizeof said));
}

static void examples_survive(void **state)
{
    (void)state;
    for (size_t i = 0; i < VN_COUNT(hosts); i++) {
        VN_AUTO(vn_buf) text = {0};
        VN_AUTO(vn_buf) again = {0};
        VN_AUTO(vn_snapshot) snapshot = {.n_vms = 0};

        read_host(hosts[i], &text);
        load(hosts[i], &snapshot);
        assert_int_equal(vn_host_check(&snapshot.host, NULL), 0);
        assert_int_equal(vn_capture_format(&snapshot, &again, NULL), 0);
        assert_string_equal(again.ptr, text.ptr);
    }
}

static void demo_is_the_example(void **state)
{
    VN_AUTO(vn_snapshot) demo = {.n_vms = 0};
    const struct vn_vm *db32;
    struct vn_cpuset all = {{0}};
    (void)state;

    load("demo", &demo);
    assert_int_equal(demo.host.n_nodes, 2);
    assert_int_equal(demo.host.n_cores, 20);
    assert_int_equal(vn_host_distance(&demo.host, 0, 1), 21);
    assert_int_equal(vn_host_cpu_node(&demo.host, 29), 0);
    assert_true(vn_cpuset_has(&demo.host.shared, 31));
    db32 = vn_snapshot_vm(&demo, "db32");
    assert_non_null(db32);
    assert_int_equal(db32->n_vcpus, 32);
    vn_cpuset_add_range(&all, 0, 39);
    assert_true(vn_cpuset_equal(&db32->vcpus[31].allowed, &all));
    assert_int_equal(db32->live->n_cells, 2);
    assert_true(db32->cell_kib[1] > db32->cell_kib[0]); /* cell 0 lies mostly on node 1 */
    for (size_t i = 0; i < 2; i++) /* room for a cell while the other waits for its turn */
        assert_true(demo.host.nodes[i].free_kib >= UINT64_C(16777216));
    assert_int_equal(vn_snapshot_vm(&demo, "web2")->policy.policy, VN_CPU_SHARED);
}

/* Latencies and bandwidths, each table by itself. */
static void tables_survive(void **state)
{
    VN_AUTO(vn_snapshot) snapshot = {.n_vms = 0};
    VN_AUTO(vn_snapshot) again = {.n_vms = 0};
    VN_AUTO(vn_buf) text = {0};
    uint32_t hmat[] = {81, 0, 0, UINT32_MAX}, measured[] = {96, 171, 169, 95};
    uint32_t bandwidth[] = {80000, 41000, 42000, 80000};
    (void)state;

    load("demo", &snapshot);
    snapshot.host.hmat.latency_ns = hmat;
    snapshot.host.measured = (struct vn_access){measured, bandwidth};
    assert_int_equal(vn_capture_format(&snapshot, &text, NULL), 0);
    assert_non_null(strstr(text.ptr, "\nmeasured_latency_ns=169 95\n"));
    assert_int_equal(vn_capture_parse(text.ptr, text.len, &again, NULL), 0);
    assert_memory_equal(again.host.hmat.latency_ns, hmat, sizeof hmat);
    assert_null(again.host.hmat.bandwidth_mbps);
    assert_memory_equal(again.host.measured.latency_ns, measured, sizeof measured);
    assert_memory_equal(again.host.measured.bandwidth_mbps, bandwidth, sizeof bandwidth);
}

/* Texts with no final newline, with empty lines, with blanks at line ends, and values of any bytes. */
static void odd_texts_survive(void **state)
{
    static const char xml[] = "<domain type='kvm'>\n\n<name>a</name>  \n"
                              "<uuid>11111111-2222-4333-8444-555555555501</uuid>\n"
                              "<memory>1</memory><vcpu>1</vcpu></domain>";
    VN_AUTO(vn_snapshot) snapshot = {.n_vms = 0};
    VN_AUTO(vn_snapshot) again = {.n_vms = 0};
    VN_AUTO(vn_buf) text = {0};
    struct vn_err err = {0};
    (void)state;

    load("hugepages", &snapshot);
    snapshot.vms[0].name = vn_arena_strdup(&snapshot.arena, "a");
    snapshot.vms[0].stored_xml = vn_arena_strdup(&snapshot.arena, xml);
    snapshot.vms[0].unread = vn_arena_strdup(&snapshot.arena, "a\tb=\\c\nd [e] #\x01 ");
    snapshot.host.hostname = vn_arena_strdup(&snapshot.arena, "");
    assert_int_equal(vn_host_add_setting(&snapshot.arena, &snapshot.host, "[odd=key", " # x"), 0);
    assert_int_equal(vn_capture_format(&snapshot, &text, NULL), 0);
    assert_int_equal(vn_capture_parse(text.ptr, text.len, &again, &err), 0);
    assert_string_equal(again.vms[0].stored_xml, xml);
    assert_string_equal(again.vms[0].unread, "a\tb=\\c\nd [e] #\x01 ");
    assert_string_equal(vn_host_setting(&again.host, "[odd=key"), " # x");
    assert_string_equal(again.host.hostname, "");
}

static void threads_keep_what_is_known(void **state)
{
    VN_AUTO(vn_snapshot) snapshot = {.n_vms = 0};
    VN_AUTO(vn_snapshot) again = {.n_vms = 0};
    VN_AUTO(vn_buf) text = {0};
    struct vn_thread *vcpu;
    (void)state;

    load("single", &snapshot);
    vcpu = &snapshot.vms[0].vcpus[1];
    *vcpu = (struct vn_thread){.id = 1, .cpu = -1, .known = VN_THREAD_CGROUP};
    snapshot.vms[0].policy.emulator.kind = VN_EMULATOR_ISOLATE;
    snapshot.vms[0].policy.set |= VN_POL_EMULATOR;
    assert_int_equal(vn_capture_format(&snapshot, &text, NULL), 0);
    assert_int_equal(vn_capture_parse(text.ptr, text.len, &again, NULL), 0);
    vcpu = &again.vms[0].vcpus[1];
    assert_false(vcpu->online);
    assert_int_equal(vcpu->cpu, -1);
    assert_int_equal(vcpu->known, VN_THREAD_CGROUP);
    assert_true(vn_cpuset_empty(&vcpu->cgroup));
    assert_int_equal(again.vms[0].policy.emulator.kind, VN_EMULATOR_ISOLATE);
}

/* @from replaced once by @to in the host's text: an error that names the line and holds @says. */
static void bad(const char *name, const char *from, const char *to, const char *says)
{
    VN_AUTO(vn_buf) text = {0};
    VN_AUTO(vn_buf) changed = {0};
    VN_AUTO(vn_snapshot) snapshot = {.n_vms = 0};
    struct vn_err err = {0};
    char said[1024];
    const char *at;

    read_host(name, &text);
    at = strstr(text.ptr, from);
    assert_non_null(at);
    vn_buf_add(&changed, text.ptr, (size_t)(at - text.ptr));
    vn_buf_str(&changed, to);
    vn_buf_str(&changed, at + strlen(from));
    assert_int_not_equal(vn_capture_parse(changed.ptr, changed.len, &snapshot, &err), 0);
    vn_err_text(&err, said, sizeof said);
    if (!strstr(said, says))
        fail_msg("'%s' does not say '%s'", said, says);
}

static void bad_files_are_refused(void **state)
{
    (void)state;
    bad("single", "vnuma.snapshot/1", "vnuma.snapshot/9", "line 1");
    bad("single", "arch=x86_64", "arhc=x86_64", "arhc");
    bad("single", "arch=x86_64\n", "arch=x86_64\narch=x86_64\n", "line 9");
    bad("single", "cpus=0-3", "cpus=3-0", "line");
    bad("single", "memory_kib=8388608\n", "", "no 'memory_kib'");
    bad("single", "free_kib=4194304", "free_kib=9999999", "more free memory");
    bad("single", "distances=10", "distances=10 20", "2 distances");
    bad("single", "distances=10\n", "distances=10\nhmat_latency_ns=1 2\n", "2 hmat_latency_ns");
    bad("single", "distances=10\n", "distances=10\nmeasured_latency_ns=4294967296\n", "4294967296");
    bad("demo", "distances=10 21\n", "distances=10 21\nmeasured_bandwidth_mbps=1 2\n", "0 measured_bandwidth_mbps");
    bad("single", "[vm solo]", "[wm solo]", "an unknown section");
    bad("single", "[vm solo]", "[vm other]", "the XML of another VM");
    bad("single", "vcpu.1=", "vcpu.2=", "not vCPU 1");
    bad("single", "state=running", "state=flying", "flying");
    bad("single", "| <domain type='kvm' id='1'>", "| <domian>", "XML");
    bad("single", "node_kib=2117632", "node_kib=1 2", "2 numbers for 1 nodes");
    bad("demo", "cell.1=", "cell.7=", "not cell 1");
    bad("demo", "[node 1]", "[node 0]", "out of order");
    bad("demo", "[vm web1]", "[vm a]", "out of order");
    bad("demo", "node=1\nwhat=nvme0n1", "node=7\nwhat=nvme0n1", "node 7");
}

/* Cut anywhere, the file is an error or a smaller host, and never a crash. */
static void cut_files_are_safe(void **state)
{
    VN_AUTO(vn_buf) text = {0};
    (void)state;

    read_host("single", &text);
    for (size_t len = 0; len < text.len; len += 7) {
        struct vn_snapshot snapshot = {.n_vms = 0};
        char *copy = malloc(len ? len : 1);

        assert_non_null(copy);
        memcpy(copy, text.ptr, len);
        if (vn_capture_parse(copy, len, &snapshot, NULL) == 0)
            vn_snapshot_drop(&snapshot);
        free(copy);
    }
}

static void anonymous_says_no_names(void **state)
{
    static const char *const secrets[] = {"db32",  "web1",    "cache1", "numa1", "4f1a2c3e", "52:54:00:4f:1a:2c",
                                          "br0",   "/dev/vg", "/var/lib/libvirt"};
    VN_AUTO(vn_snapshot) snapshot = {.n_vms = 0};
    VN_AUTO(vn_snapshot) again = {.n_vms = 0};
    VN_AUTO(vn_buf) text = {0};
    struct vn_err err = {0};
    const struct vn_vm *vm;
    (void)state;

    load("demo", &snapshot);
    assert_int_equal(vn_capture_anonymize(&snapshot, &err), 0);
    assert_int_equal(vn_capture_format(&snapshot, &text, NULL), 0);
    for (size_t i = 0; i < VN_COUNT(secrets); i++)
        if (strstr(text.ptr, secrets[i]))
            fail_msg("'%s' is still there", secrets[i]);
    assert_int_equal(vn_capture_parse(text.ptr, text.len, &again, &err), 0);
    vm = vn_snapshot_vm(&again, "vm002"); /* db32 is the second by name */
    assert_non_null(vm);
    assert_string_equal(vm->live->name, "vm002");
    assert_string_equal(vm->stored->uuid, vm->uuid);
    assert_int_equal(vm->live->n_cells, 2);
    assert_int_equal(vm->stored->vcpus, 32);
    assert_non_null(strstr(vm->stored_xml, "/usr/bin/qemu-system-x86_64"));
    assert_non_null(strstr(vm->stored_xml, "/dev/urandom"));
    assert_non_null(strstr(vm->stored_xml, "org.qemu.guest_agent.0"));
    assert_non_null(vn_host_device(&again.host, "0000:3b:00.0"));
    assert_int_equal(vn_snapshot_vm(&again, "vm003")->stored->policy.policy, VN_CPU_SHARED);
}

static void foreign_words_go(void **state)
{
    static const char xml[] =
        "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><!-- ask Jane -->\n"
        "<name>huge1</name><uuid>11111111-2222-4333-8444-555555555506</uuid><title>Jane's</title>\n"
        "<metadata><x:own xmlns:x='http://jane.example'>Jane</x:own></metadata>\n"
        "<memory>1024</memory><vcpu>1</vcpu><os><type>hvm</type><cmdline>root=jane</cmdline></os>\n"
        "<devices><disk type='network'><source protocol='rbd' name='jane/img'><host name='jane.example'/></source>\n"
        "<serial>JANE1</serial><target dev='vda' bus='virtio'/></disk>\n"
        "<graphics type='vnc' listen='10.9.8.7' passwd='jane'/><controller type='pci' model='pcie-root'/>\n"
        "<channel type='unix'><target type='virtio' name='jane.huge1.0'/></channel></devices>\n"
        "<qemu:commandline><qemu:arg value='jane'/></qemu:commandline></domain>\n";
    VN_AUTO(vn_snapshot) snapshot = {.n_vms = 0};
    struct vn_err err = {0};
    const char *out;
    (void)state;

    load("hugepages", &snapshot);
    snapshot.vms[0].stored_xml = vn_arena_strdup(&snapshot.arena, xml);
    assert_int_equal(vn_capture_anonymize(&snapshot, &err), 0);
    out = snapshot.vms[0].stored_xml;
    for (const char *at = out; *at; at++)
        if (!strncmp(at, "Jane", 4) || !strncmp(at, "JANE", 4) || !strncmp(at, "root=", 5) || !strncmp(at, "10.9.", 5))
            fail_msg("left: %.40s", at);
    assert_null(strstr(out, "huge1"));
    assert_null(strstr(out, "jane/img"));
    assert_null(strstr(out, "jane.example"));
    assert_null(strstr(out, "passwd='jane'"));
    assert_null(strstr(out, "qemu:arg"));
    assert_non_null(strstr(out, "dev='vda' bus='virtio'"));
    assert_non_null(strstr(out, "protocol='rbd'"));
    assert_non_null(strstr(out, "model='pcie-root'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_survive),          cmocka_unit_test(demo_is_the_example),
        cmocka_unit_test(tables_survive),
        cmocka_unit_test(odd_texts_survive),         cmocka_unit_test(threads_keep_what_is_known),
        cmocka_unit_test(bad_files_are_refused),     cmocka_unit_test(cut_files_are_safe),
        cmocka_unit_test(anonymous_says_no_names),   cmocka_unit_test(foreign_words_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
