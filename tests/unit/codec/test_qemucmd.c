/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/domxml.h"
#include "codec/qemucmd.h"
#include "codec/qemuopts.h"

/* Blanks divide the arguments here, NULs in /proc. */
static int parse(const char *text, struct vn_arena *arena, struct vn_qemu_cmd *ret, struct vn_err *err)
{
    size_t len = strlen(text);
    char *args = vn_arena_strdup(arena, text);

    for (char *at = args; *at; at++)
        if (*at == ' ')
            *at = '\0';
    return vn_qemucmd_parse(args, len + 1, arena, ret, err);
}

static void read_it(const char *text, struct vn_arena *arena, struct vn_qemu_cmd *ret)
{
    struct vn_err err = {0};
    char message[512];

    if (parse(text, arena, ret, &err) < 0)
        fail_msg("%s", vn_err_text(&err, message, sizeof message));
}

static void is_cpus(const struct vn_cpuset *set, const char *wanted)
{
    VN_AUTO(vn_arena) arena = {0};

    assert_string_equal(vn_cpuset_text(&arena, set), wanted);
}

static void a_guest_by_hand(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_qemu_cmd cmd;

    (void)state;
    read_it("/usr/bin/qemu-system-x86_64 -enable-kvm -name web,debug-threads=on -uuid 0d3c5a2e-0000-4000-8000-000000000001 "
            "-smp 4,maxcpus=8 -m 2G -append -smp --qmp unix:/run/web.sock,server=on,wait=off disk.img -nographic",
            &arena, &cmd);
    assert_string_equal(cmd.name, "web");
    assert_string_equal(cmd.uuid, "0d3c5a2e-0000-4000-8000-000000000001");
    assert_string_equal(cmd.vmid, "");
    assert_true(cmd.kvm && cmd.debug_threads && !cmd.libvirt && !cmd.no_machine && !cmd.mem_prealloc);
    assert_int_equal(cmd.vcpus, 4);
    assert_int_equal(cmd.vcpus_max, 8);
    assert_false(cmd.has_topology);
    assert_int_equal(cmd.memory_kib, 2 << 20);
    assert_int_equal(cmd.n_sockets, 1);
    assert_string_equal(cmd.sockets[0], "/run/web.sock");
    assert_int_equal(cmd.n_cells, 0);
}

static void what_is_left_out(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_qemu_cmd cmd;

    (void)state;
    read_it("qemu-system-x86_64", &arena, &cmd);
    assert_string_equal(cmd.name, "");
    assert_int_equal(cmd.vcpus, 1);
    assert_int_equal(cmd.memory_kib, 128 << 10);
    assert_int_equal(cmd.memory_backend, -1);
    read_it("qemu-system-x86_64 -machine none -m 512", &arena, &cmd);
    assert_true(cmd.no_machine);
    assert_int_equal(cmd.memory_kib, 512 << 10);
}

/* Measured with QEMU 7.2: 'info hotpluggable-cpus' of each. */
static void topologies(void **state)
{
    static const struct {
        const char *smp;
        unsigned vcpus, max, sockets, dies, cores, threads;
    } cases[] = {
        {"8", 8, 8, 1, 1, 8, 1},
        {"cpus=2,maxcpus=6", 2, 6, 1, 1, 6, 1},
        {"8,sockets=2", 8, 8, 2, 1, 4, 1},
        {"8,threads=2", 8, 8, 1, 1, 4, 2},
        {"8,cores=2", 8, 8, 4, 1, 2, 1},
        {"8,sockets=2,cores=2", 8, 8, 2, 1, 2, 2},
        {"sockets=2,cores=3,threads=2", 12, 12, 2, 1, 3, 2},
        {"8,sockets=1,dies=2,cores=2,threads=2", 8, 8, 1, 2, 2, 2},
        {"1,sockets=2,cores=2,threads=1,maxcpus=4", 1, 4, 2, 1, 2, 1},
    };

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++) {
        VN_AUTO(vn_arena) arena = {0};
        struct vn_qemu_cmd cmd;

        read_it(vn_arena_printf(&arena, "kvm -smp %s", cases[i].smp), &arena, &cmd);
        assert_int_equal(cmd.vcpus, cases[i].vcpus);
        assert_int_equal(cmd.vcpus_max, cases[i].max);
        assert_int_equal(cmd.topology.sockets, cases[i].sockets);
        assert_int_equal(cmd.topology.dies, cases[i].dies);
        assert_int_equal(cmd.topology.cores, cases[i].cores);
        assert_int_equal(cmd.topology.threads, cases[i].threads);
    }
}

static void cells_and_their_memory(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_qemu_cmd cmd;

    (void)state;
    read_it("qemu-system-x86_64 -smp 4 -m 3072 -numa node,nodeid=0,cpus=0-1,memdev=ram0 -numa node,cpus=2,cpus=3,memdev=ram1 "
            "-object memory-backend-ram,id=ram0,size=1024M,host-nodes=0,policy=bind "
            "-object {\"qom-type\":\"memory-backend-memfd\",\"id\":\"ram1\",\"size\":2147483648,\"hugetlb\":true,"
            "\"hugetlbsize\":2097152,\"host-nodes\":[0,2],\"policy\":\"interleave\"} -numa dist,src=0,dst=1,val=21",
            &arena, &cmd);
    assert_int_equal(cmd.n_cells, 2);
    is_cpus(&cmd.cells[0].vcpus, "0-1");
    is_cpus(&cmd.cells[1].vcpus, "2-3");
    assert_int_equal(cmd.cells[0].memory_kib, 1 << 20);
    assert_int_equal(cmd.cells[1].memory_kib, 2 << 20);
    assert_int_equal(cmd.backends[0].mode, VN_MEM_STRICT);
    assert_int_equal(cmd.backends[1].mode, VN_MEM_INTERLEAVE);
    assert_int_equal(cmd.backends[1].hugepage_kib, 2048);
    assert_int_equal(vn_nodeset_count(&cmd.backends[1].nodes), 2);
    assert_true(vn_nodeset_has(&cmd.backends[1].nodes, 2));
    assert_int_equal(cmd.n_distances, 1);
    assert_int_equal(cmd.distances[0].value, 21);
}

static void vcpus_of_cells_that_are_not_named(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_qemu_cmd cmd;

    (void)state;
    read_it("kvm -smp 4,sockets=2 -numa node,mem=64 -numa node,mem=64", &arena, &cmd);
    is_cpus(&cmd.cells[0].vcpus, "0-1");
    is_cpus(&cmd.cells[1].vcpus, "2-3");
    assert_int_equal(cmd.cells[1].memory_kib, 64 << 10);
    read_it("kvm -smp 4,sockets=1,cores=2,threads=2 -numa cpu,node-id=1,core-id=0 -numa node -numa node", &arena, &cmd);
    is_cpus(&cmd.cells[0].vcpus, "2-3");
    is_cpus(&cmd.cells[1].vcpus, "0-1");
}

static void cells_are_told_apart_by_the_order_of_backends(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_qemu_cmd cmd;

    (void)state;
    read_it("kvm -smp 2 -object memory-backend-ram,id=a,size=64M -object memory-backend-ram,id=b,size=64M "
            "-numa node,memdev=a -numa node,memdev=b", &arena, &cmd);
    assert_true(vn_qemucmd_in_order(&cmd));
    read_it("kvm -smp 2 -object memory-backend-ram,id=a,size=64M -object memory-backend-ram,id=b,size=64M "
            "-numa node,memdev=b -numa node,memdev=a", &arena, &cmd);
    assert_false(vn_qemucmd_in_order(&cmd));
    read_it("kvm -smp 2 -object memory-backend-ram,id=a,size=64M -object memory-backend-ram,id=b,size=96M "
            "-numa node,memdev=b -numa node,memdev=a", &arena, &cmd);
    assert_true(vn_qemucmd_in_order(&cmd)); /* their sizes tell */
}

/* Proxmox VE's, shortened. */
static void proxmox(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_qemu_cmd cmd;

    (void)state;
    read_it("/usr/bin/kvm -id 100 -name db,debug-threads=on -no-shutdown "
            "-chardev socket,id=qmp,path=/var/run/qemu-server/100.qmp,server=on,wait=off -mon chardev=qmp,mode=control "
            "-chardev socket,id=qmp-event,path=/var/run/qmeventd.sock,reconnect=5 -mon chardev=qmp-event,mode=control "
            "-pidfile /var/run/qemu-server/100.pid -daemonize -smp 4,sockets=2,cores=2,maxcpus=4 -nodefaults "
            "-object iothread,id=iothread-virtioscsi0 -object memory-backend-ram,id=ram-node0,size=1024M,policy=bind,host-nodes=0 "
            "-numa node,nodeid=0,cpus=0-3,memdev=ram-node0 -m 1024 -device vfio-pci,host=0000:3b:00.0,id=hostpci0 "
            "-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/x -machine type=pc+pve0", &arena, &cmd);
    assert_string_equal(cmd.vmid, "100");
    assert_int_equal(cmd.n_sockets, 2);
    assert_string_equal(cmd.sockets[0], "/var/run/qemu-server/100.qmp");
    assert_int_equal(cmd.n_iothreads, 1);
    assert_int_equal(cmd.iothread_numbers[0], 1);
    assert_int_equal(cmd.n_devices, 1);
    assert_string_equal(cmd.devices[0], "0000:3b:00.0");
    assert_int_equal(cmd.topology.cores, 2);
    assert_int_equal(cmd.topology.threads, 1);
}

static void numbers_of_iothreads(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_qemu_cmd cmd;

    (void)state;
    read_it("kvm -object iothread,id=iothread7 -object iothread,id=iothread2", &arena, &cmd);
    assert_int_equal(cmd.iothread_numbers[0], 7);
    assert_int_equal(cmd.iothread_numbers[1], 2);
    read_it("kvm -object iothread,id=iothread0 -object iothread,id=io", &arena, &cmd);
    assert_int_equal(cmd.iothread_numbers[0], 1);
    assert_int_equal(cmd.iothread_numbers[1], 2);
}

static void libvirts_own(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_qemu_cmd cmd;

    (void)state;
    read_it("qemu-system-x86_64 -name guest=a -chardev socket,id=charmonitor,fd=22,server=on,wait=off", &arena, &cmd);
    assert_true(cmd.libvirt);
    assert_string_equal(cmd.name, "a");
    read_it("qemu-system-x86_64 -object {\"qom-type\":\"secret\",\"id\":\"masterKey0\",\"file\":\"x\"}", &arena, &cmd);
    assert_true(cmd.libvirt);
}

static void names_that_nobody_can_show(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_qemu_cmd cmd;

    (void)state;
    read_it("kvm -name a\x01\xff" "b\xc3\xa9,,c\xed\xa0\x80", &arena, &cmd);
    assert_string_equal(cmd.name, "a??b\xc3\xa9,c???");
}

static void sizes(void **state)
{
    static const struct {
        const char *text;
        uint64_t kib; /* 0: refused */
    } cases[] = {{"1024", 1},     {"1025", 2},   {"1.5G", 3 << 19}, {"0x1000", 4}, {"2k", 2},
                 {"1T", 1u << 30}, {"", 0},       {"G", 0},          {"1GB", 0},    {"-1", 0},
                 {"1X", 0},       {"99999999999999999999", 0}, {"9007199254740993K", 0}, {"1.5E", 0}};

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++) {
        VN_AUTO(vn_arena) arena = {0};
        struct vn_qemu_props props;
        uint64_t kib = 0;
        int r;

        assert_int_equal(vn_qemu_props_parse(vn_arena_printf(&arena, "size=%s", cases[i].text), NULL, &arena, &props, NULL), 0);
        r = vn_qemu_prop_kib(&props, "size", 1, &kib, NULL);
        assert_int_equal(r, cases[i].kib ? 0 : -VN_E_FORMAT);
        assert_int_equal(kib, cases[i].kib);
    }
}

static void what_cannot_be_understood_is_named(void **state)
{
    static const struct {
        const char *text, *word;
    } cases[] = {
        {"kvm -smp four", "-smp"},
        {"kvm -smp 4,sockets=3,cores=1,threads=1", "-smp"},
        {"kvm -smp 2,maxcpus=1", "-smp"},
        {"kvm -m much", "-m"},
        {"kvm -numa node,memdev=none", "none"},
        {"kvm -numa node,cpus=3-1", "3-1"},
        {"kvm -smp 2 -numa node,cpus=0-2", "vCPU"},
        {"kvm -smp 2 -numa node,cpus=0-1 -numa node,cpus=1", "two nodes"},
        {"kvm -numa cpu,node-id=1", "node-id"},
        {"kvm -object memory-backend-ram,id=a,size=1G,policy=odd", "odd"},
        {"kvm -object {\"qom-type\":", "JSON"},
    };

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++) {
        VN_AUTO(vn_arena) arena = {0};
        struct vn_qemu_cmd cmd;
        struct vn_err err = {0};
        char text[1024];

        assert_int_equal(parse(cases[i].text, &arena, &cmd, &err), -VN_E_FORMAT);
        if (!strstr(vn_err_text(&err, text, sizeof text), cases[i].word))
            fail_msg("'%s' is not in: %s", cases[i].word, text);
    }
}

static void as_a_domain_xml(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    VN_AUTO(vn_buf) xml = {0};
    struct vn_qemu_cmd cmd;
    struct vn_cpuset online = {{0xff}};
    struct vn_thread vcpus[2] = {{.id = 0, .online = true, .known = VN_THREAD_CONFIGURED, .configured = {{0x2}}},
                                 {.id = 1, .online = true, .known = VN_THREAD_CONFIGURED, .configured = {{0xfff}}}};
    struct vn_thread iothread = {.id = 1, .online = true, .known = VN_THREAD_CONFIGURED, .configured = {{0x4}}};
    struct vn_vm vm = {.name = (char[]){"a<&>'b"}, .vcpus = vcpus, .n_vcpus = 2, .iothreads = &iothread, .n_iothreads = 1};
    struct vn_domain domain;

    (void)state;
    read_it("qemu-system-x86_64 -accel kvm -smp 2,sockets=1,cores=2,threads=1 -m 128 -object iothread,id=io "
            "-object memory-backend-file,id=m0,size=64M,mem-path=/dev/shm,host-nodes=1,policy=bind "
            "-object memory-backend-ram,id=m1,size=64M -numa node,memdev=m0 -numa node,memdev=m1 -numa dist,src=0,dst=1,val=20 "
            "-device vfio-pci,host=3b:00.1",
            &arena, &cmd);
    assert_int_equal(vn_qemucmd_xml(&cmd, &vm, &online, &xml, NULL), 0);
    assert_int_equal(vn_domxml_parse(xml.ptr, xml.len, &arena, &domain, NULL), 0);
    assert_string_equal(domain.name, "a<&>'b");
    assert_string_equal(domain.type, "kvm");
    assert_int_equal(domain.vcpus, 2);
    assert_int_equal(domain.n_vcpupins, 1); /* vCPU 1 may run everywhere */
    is_cpus(vn_domain_pin(&domain, 0), "1");
    assert_null(vn_domain_pin(&domain, 1));
    assert_false(domain.has_emulatorpin);
    assert_int_equal(domain.n_iothreadpins, 1);
    assert_int_equal(domain.n_cells, 2);
    assert_int_equal(domain.n_memnodes, 1);
    assert_int_equal(domain.memnodes[0].mode, VN_MEM_STRICT);
    assert_true(vn_nodeset_has(&domain.memnodes[0].nodes, 1));
    assert_int_equal(domain.topology.cores, 2);
    assert_string_equal(domain.devices[0], "0000:3b:00.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_by_hand),
        cmocka_unit_test(what_is_left_out),
        cmocka_unit_test(topologies),
        cmocka_unit_test(cells_and_their_memory),
        cmocka_unit_test(vcpus_of_cells_that_are_not_named),
        cmocka_unit_test(cells_are_told_apart_by_the_order_of_backends),
        cmocka_unit_test(proxmox),
        cmocka_unit_test(numbers_of_iothreads),
        cmocka_unit_test(libvirts_own),
        cmocka_unit_test(names_that_nobody_can_show),
        cmocka_unit_test(sizes),
        cmocka_unit_test(what_cannot_be_understood_is_named),
        cmocka_unit_test(as_a_domain_xml),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
