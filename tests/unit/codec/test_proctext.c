/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "codec/proctext.h"

static const int nodes[] = {0, 1, 4};

static void meminfo(void **state)
{
    static const char node[] = "Node 0 MemTotal:        7825612 kB\nNode 0 MemFree:         7484492 kB\n"
                               "Node 0 HugePages_Free:      3\n";
    static const char host[] = "MemTotal:  100 kB\nMemFree:         42 kB";
    uint64_t kib = 7;

    (void)state;
    assert_int_equal(vn_meminfo_kib(node, "MemFree", &kib, NULL), 0);
    assert_int_equal(kib, 7484492);
    assert_int_equal(vn_meminfo_kib(host, "MemFree", &kib, NULL), 0);
    assert_int_equal(kib, 42);
    assert_int_equal(vn_meminfo_kib(node, "HugePages_Free", &kib, NULL), -VN_E_FORMAT); /* not in kB */
    assert_int_equal(vn_meminfo_kib(node, "Mem", &kib, NULL), -VN_E_FORMAT);
    assert_int_equal(vn_meminfo_kib("", "MemFree", &kib, NULL), -VN_E_FORMAT);
    assert_int_equal(vn_meminfo_kib("MemFree: 99999999999999999999 kB\n", "MemFree", &kib, NULL), -VN_E_FORMAT);
    assert_int_equal(kib, 42);
}

static void status(void **state)
{
    static const char text[] = "Name:\tCpus_allowed_list:\nCpus_allowed:\tff\nCpus_allowed_list:\t0-3,8 \nEmpty:\n";
    char value[24], tiny[7];

    (void)state;
    assert_int_equal(vn_status_field(text, "Cpus_allowed_list", value, sizeof value, NULL), 0);
    assert_string_equal(value, "0-3,8");
    assert_int_equal(vn_status_field(text, "Empty", value, sizeof value, NULL), 0);
    assert_string_equal(value, "");
    assert_int_equal(vn_status_field(text, "Mems_allowed_list", value, sizeof value, NULL), -VN_E_ABSENT);
    assert_int_equal(vn_status_field(text, "Cpus_allowed_list", tiny, 5, NULL), -VN_E_RANGE);
    assert_int_equal(vn_status_field(text, "Cpus_allowed_list", tiny, 6, NULL), 0);
}

static void stat_of_a_thread_with_a_nasty_name(void **state)
{
    static const char text[] = "19231 (CPU 3/KVM) S 1 (x) R 19217 19217 19807 0 -1 4194304 96 0 0 0 0 0 0 0 20 0 1 0 "
                               "224644 3133440 362 18446744073709551615 1 2 3 0 0 0 0 0 0 0 0 0 17 31 0 0 0 0 0\n";
    uint64_t start = 0;
    int cpu = -5;

    (void)state;
    assert_int_equal(vn_stat_processor(text, &cpu, NULL), 0);
    assert_int_equal(cpu, 31);
    assert_int_equal(vn_stat_start(text, &start, NULL), 0);
    assert_int_equal(start, 224644);
    assert_int_equal(vn_stat_start("1 (a) S 1 2 3", &start, NULL), -VN_E_FORMAT);
    assert_int_equal(vn_stat_processor("1 (a) S 1 2 3", &cpu, NULL), -VN_E_FORMAT);
    assert_int_equal(vn_stat_processor("", &cpu, NULL), -VN_E_FORMAT);
    assert_int_equal(cpu, 31);
}

static const char numa_maps[] =
    "5600000 default heap anon=3 dirty=3 N0=1 N4=2 kernelpagesize_kB=4\n"
    "7f00000000 prefer (many):0-1 file=/dev/hugepages/a\\040b\\134c/ram-node1.x\\040(deleted) huge dirty=2 N1=2 "
    "kernelpagesize_kB=2048\n"
    "7f00400000 bind=static:0,4\n"
    "7f00600000 interleave:0-1 anon=7 N0=4 N1=3 N9=0 newkey=5\n"
    "7ffc000000 prefer:0 stack anon=2 N0=2 kernelpagesize_kB=4\n";
static const char maps[] = "05600000-05700000 rw-p 00000000 00:00 0    [heap]\n"
                           "7f00000000-7f00400000 rw-s 00000000 00:0f 11   /dev/hugepages/a b/ram-node1\n"
                           "7f00400000-7f00500000 rw-p 00000000 00:00 0\n"
                           "7f00700000-7f00800000 rw-p 00000000 00:00 0\n"
                           "7ffc000000-7ffc021000 rw-p 00000000 00:00 0    [stack]\n";

static void numa_maps_of_a_guest(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_vmas v;

    (void)state;
    assert_int_equal(vn_numamaps_parse(numa_maps, maps, nodes, 3, &arena, &v, NULL), 0);
    assert_int_equal(v.count, 5);
    assert_true(v.items[0].heap && !v.items[0].stack && !v.items[0].huge);
    assert_int_equal(v.items[0].node_pages[0], 1);
    assert_int_equal(v.items[0].node_pages[2], 2); /* node 4 is the third */
    assert_string_equal(v.items[0].policy, "default");
    assert_string_equal(v.items[0].file, "");
    assert_true(v.items[0].end == 0x5700000);
    assert_string_equal(v.items[1].policy, "prefer (many):0-1");
    assert_string_equal(v.items[1].file, "/dev/hugepages/a b\\c/ram-node1.x (deleted)");
    assert_true(v.items[1].huge);
    assert_int_equal(v.items[1].page_kib, 2048);
    assert_int_equal(v.items[1].node_pages[1], 2);
    assert_string_equal(v.items[2].policy, "bind=static:0,4");
    assert_int_equal(v.items[2].page_kib, 4);
    assert_string_equal(v.items[3].policy, "interleave:0-1");
    assert_true(v.items[3].end == 0); /* maps had no such line any more */
    assert_true(v.items[4].stack);
    assert_int_equal(vn_numamaps_parse(numa_maps, NULL, nodes, 3, &arena, &v, NULL), 0);
    assert_true(v.items[0].end == 0);
    assert_int_equal(vn_numamaps_parse("", "", nodes, 3, &arena, &v, NULL), 0);
    assert_int_equal(v.count, 0);
}

/* QEMU's text lies where whoever ran it first had it: it is not the guest's, and stays there. */
static void a_program_is_not_the_guests_memory(void **state)
{
    static const char text[] = "55550000 default file=/usr/bin/qemu mapped=10 N0=10 kernelpagesize_kB=4\n"
                               "55560000 default file=/usr/bin/qemu anon=2 dirty=2 mapped=5 N0=3 N1=2 kernelpagesize_kB=4\n"
                               "7f000000 default file=/dev/shm/ram dirty=9 N1=9 kernelpagesize_kB=4\n"
                               "7f100000 default anon=4 dirty=4 N1=4 kernelpagesize_kB=4\n"
                               "7f200000 default file=/lib/libc.so mapped=7 N0=7 kernelpagesize_kB=4\n";
    static const char ranges[] = "55550000-55560000 r-xp 00000000 fe:00 1 /usr/bin/qemu\n"
                                 "55560000-55570000 rw-p 00010000 fe:00 1 /usr/bin/qemu\n"
                                 "7f000000-7f010000 rw-s 00000000 00:1a 2 /dev/shm/ram\n"
                                 "7f100000-7f110000 r--p 00000000 00:00 0\n"
                                 "7f200000-7f210000 r--p\n";
    static const bool program[] = {true, false, false, false, true};
    VN_AUTO(vn_arena) arena = {0};
    struct vn_vmas v;

    (void)state;
    assert_int_equal(vn_numamaps_parse(text, ranges, nodes, 3, &arena, &v, NULL), 0);
    assert_int_equal(v.count, VN_COUNT(program));
    for (size_t i = 0; i < v.count; i++)
        assert_int_equal(v.items[i].program, program[i]);
    assert_int_equal(vn_vma_kib(&v.items[0], 0), 0);
    assert_int_equal(vn_vma_kib(&v.items[1], 0), 12);
    assert_int_equal(vn_vma_kib(&v.items[2], 1), 36);
    assert_int_equal(vn_vma_kib(&v.items[3], 1), 16);
    assert_int_equal(vn_numamaps_parse(text, "55550000-55560000", nodes, 3, &arena, &v, NULL), 0);
    assert_true(v.items[0].program); /* cut off: what it may is not known to be writing */
}

static void numa_maps_that_are_none(void **state)
{
    static const char *const bad[] = {"hello\n", "7f00\n", "7f00 default N2=1\n", "7f00 default kernelpagesize_kB=0\n",
                                      "fffffffffffffffff default\n", "\n"};
    VN_AUTO(vn_arena) arena = {0};
    struct vn_vmas v;

    (void)state;
    for (size_t i = 0; i < VN_COUNT(bad); i++)
        if (vn_numamaps_parse(bad[i], NULL, nodes, 3, &arena, &v, NULL) != -VN_E_FORMAT)
            fail_msg("taken: %s", bad[i]);
}

static void numa_stat(void **state)
{
    static const char v1[] = "total=9 N0=9 N1=0\nfile=9 N0=9\nanon=1 N0=1\nunevictable=0 N0=0\n"
                             "hierarchical_total=60 N0=30 N1=25 N4=5\nhierarchical_file=30 N0=15 N1=15\n"
                             "hierarchical_anon=20 N0=10 N1=10\nhierarchical_unevictable=10 N0=5 N4=5\n";
    static const char v2[] = "anon N0=4096 N1=8192 N4=0\nfile N0=1048576 N1=4096 N4=0\nkernel_stack N0=4096\n"
                             "shmem N0=1024 N1=4096 N4=0\nanon_thp N0=2097152\n";
    uint64_t kib[3];

    (void)state;
    /* the page cache of files is not what processes hold; what is locked, is */
    assert_int_equal(vn_numastat_parse(v1, nodes, 3, kib, NULL), 0);
    assert_true(kib[0] == 60 && kib[1] == 40 && kib[2] == 20);
    assert_int_equal(vn_numastat_parse("total=9 N0=9\nfile=7 N0=7\nanon=2 N0=1 N1=1\nunevictable=1 N4=1\n", nodes, 3, kib,
                                       NULL), 0);
    assert_true(kib[0] == 4 && kib[1] == 4 && kib[2] == 4);
    assert_int_equal(vn_numastat_parse(v2, nodes, 3, kib, NULL), 0);
    assert_true(kib[0] == 5 && kib[1] == 12 && kib[2] == 0);
    assert_int_equal(vn_numastat_parse("", nodes, 3, kib, NULL), -VN_E_FORMAT);
    assert_int_equal(vn_numastat_parse("anon N0=1\n", nodes, 3, kib, NULL), -VN_E_FORMAT);
    assert_int_equal(vn_numastat_parse("anon=1 N0=1\ntotal=1\n", nodes, 3, kib, NULL), -VN_E_FORMAT);
    assert_int_equal(vn_numastat_parse("anon N7=1\nshmem N0=0\n", nodes, 3, kib, NULL), -VN_E_FORMAT);
    assert_int_equal(vn_numastat_parse("anon=1 N0=18446744073709551615\nunevictable=0\n", nodes, 3, kib, NULL),
                     -VN_E_RANGE);
}

static void cgroups(void **state)
{
    static const char text[] = "12:name=systemd:/a\n5:cpu,cpuacct:/b:c\n4:memory:/machine/qemu-1-db\n0::/u.slice/x\n";
    char path[32];

    (void)state;
    assert_int_equal(vn_cgroup_path(text, "memory", path, sizeof path, NULL), 0);
    assert_string_equal(path, "/machine/qemu-1-db");
    assert_int_equal(vn_cgroup_path(text, "cpuacct", path, sizeof path, NULL), 0);
    assert_string_equal(path, "/b:c");
    assert_int_equal(vn_cgroup_path(text, "", path, sizeof path, NULL), 0);
    assert_string_equal(path, "/u.slice/x");
    assert_int_equal(vn_cgroup_path(text, "cpuset", path, sizeof path, NULL), -VN_E_ABSENT);
    assert_int_equal(vn_cgroup_path(text, "mem", path, sizeof path, NULL), -VN_E_ABSENT);
    assert_int_equal(vn_cgroup_path("0::/", "memory", path, sizeof path, NULL), -VN_E_ABSENT);
    assert_int_equal(vn_cgroup_path(text, "memory", path, 5, NULL), -VN_E_RANGE);
}

/* Mappings as QEMU makes them, one every 16 MiB; ends by ascending address. */
static struct vn_vma vma(unsigned at, uint64_t mib, const char *file)
{
    static char copy[8][64];
    uint64_t start = (uint64_t)at << 24;

    (void)snprintf(copy[at], sizeof copy[at], "%s", file);
    return (struct vn_vma){.start = start, .end = start + (mib << 20), .file = copy[at], .page_kib = 4};
}

static void cells_by_name(void **state)
{
    static const uint64_t kib[] = {2048, 2048};
    struct vn_vma items[] = {vma(0, 2, "/dev/hugepages/qemu_back_mem._objects_ram-node0.aB (deleted)"),
                             vma(1, 2, "/dev/hugepages/qemu_back_mem._objects_ram-node10.x"),
                             vma(2, 2, "/dev/hugepages/qemu_back_mem._objects_ram-node1.Z")};
    const struct vn_vmas vmas = {items, 3};
    int cell[2];

    (void)state;
    vn_vmas_cells(&vmas, kib, 2, cell);
    assert_int_equal(cell[0], 0); /* the name counts, not the order */
    assert_int_equal(cell[1], 2);
}

static void cells_by_size(void **state)
{
    static const uint64_t kib[] = {2048, 4096, 2048};
    struct vn_vma items[] = {vma(0, 2, ""), vma(1, 4, "/memfd:memory-backend-memfd (deleted)"), vma(2, 2, ""),
                             vma(3, 3, ""), vma(4, 2, "/usr/lib/x.so")};
    struct vn_vmas vmas = {items, 5};
    int cell[3];

    (void)state;
    vn_vmas_cells(&vmas, kib, 3, cell);
    assert_int_equal(cell[0], 2); /* the highest first */
    assert_int_equal(cell[1], 1);
    assert_int_equal(cell[2], 0);
    items[3] = vma(3, 2, ""); /* one more of that size: who is who? */
    vn_vmas_cells(&vmas, kib, 3, cell);
    assert_true(cell[0] == -1 && cell[1] == -1 && cell[2] == -1);
    items[3].heap = true;
    vn_vmas_cells(&vmas, kib, 3, cell);
    assert_int_equal(cell[0], 2);
    items[1].end = 0;
    vn_vmas_cells(&vmas, kib, 3, cell);
    assert_int_equal(cell[0], -1);
}

static void a_single_cell(void **state)
{
    static const uint64_t kib[] = {4096, 0}, odd[] = {4095};
    struct vn_vma items[] = {vma(0, 4, "/var/lib/libvirt/qemu/ram/1-db/pc.ram"), vma(1, 2, "")};
    const struct vn_vmas vmas = {items, 2};
    int cell[2] = {7, 7};

    (void)state;
    vn_vmas_cells(&vmas, kib, 1, cell);
    assert_int_equal(cell[0], 0);
    vn_vmas_cells(&vmas, odd, 1, cell);
    assert_int_equal(cell[0], 0); /* rounded up to a page of 4 KiB */
    vn_vmas_cells(&vmas, kib, 2, cell);
    assert_int_equal(cell[0], -1);
    assert_int_equal(cell[1], -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(meminfo),
        cmocka_unit_test(status),
        cmocka_unit_test(stat_of_a_thread_with_a_nasty_name),
        cmocka_unit_test(numa_maps_of_a_guest),
        cmocka_unit_test(a_program_is_not_the_guests_memory),
        cmocka_unit_test(numa_maps_that_are_none),
        cmocka_unit_test(numa_stat),
        cmocka_unit_test(cgroups),
        cmocka_unit_test(cells_by_name),
        cmocka_unit_test(cells_by_size),
        cmocka_unit_test(a_single_cell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
