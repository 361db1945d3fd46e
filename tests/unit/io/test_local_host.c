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

#include "io/doors.h"

/* A machine as files: nodes 0, 2 and 4; 2 has memory alone, 4 has CPUs alone; CPU 5 is off. */

static char root[] = "/tmp/vnuma-tree-XXXXXX";

static void put(const char *path, const char *text)
{
    char full[512];
    FILE *file;

    (void)snprintf(full, sizeof full, "%s/%s", root, path);
    for (char *slash = strchr(full + sizeof root, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(full, 0700);
        *slash = '/';
    }
    file = fopen(full, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

#define CPU "sys/devices/system/cpu/"
#define NODE "sys/devices/system/node/"

static void put_cpu(unsigned cpu, unsigned core, const char *siblings)
{
    char path[128], number[8];

    (void)snprintf(path, sizeof path, CPU "cpu%u/topology/core_cpus", cpu);
    put(path, siblings);
    (void)snprintf(path, sizeof path, CPU "cpu%u/topology/thread_siblings", cpu);
    put(path, siblings);
    (void)snprintf(path, sizeof path, CPU "cpu%u/topology/core_id", cpu);
    (void)snprintf(number, sizeof number, "%u\n", core);
    put(path, number);
    (void)snprintf(path, sizeof path, CPU "cpu%u/topology/physical_package_id", cpu);
    put(path, "0\n");
    (void)snprintf(path, sizeof path, CPU "cpu%u/online", cpu);
    put(path, "1\n");
}

static void put_cpus(void)
{
    put(CPU "possible", "0-7\n");
    put(CPU "present", "0-5\n");
    put(CPU "online", "0-4\n");
    put(CPU "isolated", "3\n");
    put(CPU "smt/control", "on\n");
    put_cpu(0, 0, "5\n"); /* 0 and 2 */
    put_cpu(2, 0, "5\n");
    put_cpu(1, 1, "a\n"); /* 1 and 3 */
    put_cpu(3, 1, "a\n");
    put_cpu(4, 2, "10\n");
    put(CPU "cpu5/online", "0\n");
    put(CPU "cpufreq/policy0/scaling_governor", "performance\n");
    put(CPU "cpufreq/policy1/scaling_governor", "powersave\n");
    put(CPU "cpufreq/policy10/scaling_governor", "performance\n");
}

static void put_nodes(void)
{
    put(NODE "online", "0,2,4\n");
    put(NODE "node0/cpumap", "0000000f\n");
    put(NODE "node0/distance", "10 17 21\n");
    put(NODE "node0/meminfo", "Node 0 MemTotal: 1000000 kB\nNode 0 MemFree: 400000 kB\nNode 0 FilePages: 300000 kB\n"
                              "Node 0 Shmem: 100000 kB\nNode 0 SReclaimable: 50000 kB\n");
    put(NODE "node0/hugepages/hugepages-2048kB/nr_hugepages", "10\n");
    put(NODE "node0/hugepages/hugepages-2048kB/free_hugepages", "12\n"); /* read at two times */
    put(NODE "node0/hugepages/hugepages-1048576kB/nr_hugepages", "2\n");
    put(NODE "node0/hugepages/hugepages-1048576kB/free_hugepages", "1\n");
    put(NODE "node2/cpumap", "00000000\n");
    put(NODE "node2/distance", "17 10 28\n");
    put(NODE "node2/meminfo", "Node 2 MemTotal: 2000000 kB\nNode 2 MemFree: 1900000 kB\nNode 2 FilePages: 10 kB\n"
                              "Node 2 Shmem: 20 kB\n");
    put(NODE "node4/cpumap", "00000010\n");
    put(NODE "node4/distance", "21 28 10\n");
    /* Node 0 reaches its own memory and that of node 2 best; node 2 is reached as fast by a device on node 4. */
    put(NODE "node0/access0/initiators/node0", "");
    put(NODE "node0/access0/initiators/read_latency", "81\n");
    put(NODE "node0/access0/initiators/read_bandwidth", "80000\n");
    put(NODE "node2/access0/initiators/node0", "");
    put(NODE "node2/access0/initiators/node4", "");
    put(NODE "node2/access0/initiators/read_latency", "230\n");
    put(NODE "node2/access1/initiators/node0", "");
    put(NODE "node2/access1/initiators/read_latency", "240\n");
    put(NODE "node4/meminfo", "Node 4 MemTotal: 0 kB\nNode 4 MemFree: 0 kB\n");
}

static void put_settings(void)
{
    put("proc/meminfo", "MemTotal: 3000000 kB\nMemFree: 2300000 kB\nHugepagesize: 2048 kB\n");
    put("proc/sys/kernel/numa_balancing", "1\n");
    put("proc/sys/vm/zone_reclaim_mode", "0\n");
    put("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    put("sys/fs/cgroup/cgroup.controllers", "cpuset cpu memory\n");
}

static int make_tree(void **state)
{
    (void)state;
    if (!mkdtemp(root))
        return -1;
    put_cpus();
    put_nodes();
    put_settings();
    return 0;
}

static int remove_tree(void **state)
{
    char command[64];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -r %s", root);
    return system(command); /* NOLINT: a path of our own */
}

static void assert_cpus(const struct vn_cpuset *set, const char *want)
{
    char text[256];

    assert_string_equal(vn_cpuset_format(set, text, sizeof text), want);
}

static void load(struct vn_arena *arena, struct vn_host *host)
{
    struct vn_err err = {0};
    char text[1024] = "";

    if (vn_local_host(root, arena, host, &err) < 0)
        fail_msg("%s", vn_err_text(&err, text, sizeof text));
}

static void nodes_may_be_sparse_and_lack_things(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_host host;

    (void)state;
    load(&arena, &host);
    assert_int_equal(host.n_nodes, 3);
    assert_int_equal(host.nodes[0].id, 0);
    assert_int_equal(host.nodes[1].id, 2);
    assert_int_equal(host.nodes[2].id, 4);
    assert_cpus(&host.nodes[0].cpus, "0-3");
    assert_cpus(&host.nodes[1].cpus, ""); /* not those that hwloc finds near it */
    assert_cpus(&host.nodes[2].cpus, "4");
    assert_int_equal(host.nodes[1].memory_kib, 2000000);
    assert_int_equal(host.nodes[2].memory_kib, 0);
    assert_int_equal(vn_host_distance(&host, 0, 1), 17);
    assert_int_equal(vn_host_distance(&host, 2, 1), 28);
}

static void the_firmware_says_latencies_of_the_nearest(void **state)
{
    static const uint32_t latency[] = {81, 240, 0, 0, 0, 0, 0, 0, 0}, bandwidth[] = {80000, 0, 0, 0, 0, 0, 0, 0, 0};
    VN_AUTO(vn_arena) arena = {0};
    VN_AUTO(vn_arena) bad = {0};
    struct vn_host host;
    struct vn_err err = {0};

    (void)state;
    load(&arena, &host);
    assert_memory_equal(host.hmat.latency_ns, latency, sizeof latency);
    assert_memory_equal(host.hmat.bandwidth_mbps, bandwidth, sizeof bandwidth);
    assert_null(host.measured.latency_ns);
    put(NODE "node0/access0/initiators/read_latency", "fast\n");
    assert_true(vn_local_host(root, &bad, &host, &err) < 0);
    assert_non_null(strstr(err.context, "read_latency"));
    put(NODE "node0/access0/initiators/read_latency", "81\n");
}

static void memory_is_free_or_reclaimable(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_host host;

    (void)state;
    load(&arena, &host);
    assert_int_equal(host.nodes[0].memory_kib, 1000000);
    assert_int_equal(host.nodes[0].free_kib, 400000);
    assert_int_equal(host.nodes[0].cache_kib, 250000);
    assert_int_equal(host.nodes[1].cache_kib, 0); /* more tmpfs than files */
    assert_int_equal(host.nodes[0].n_pools, 2);
    assert_int_equal(vn_node_pool(&host.nodes[0], 2048)->total, 10);
    assert_int_equal(vn_node_pool(&host.nodes[0], 2048)->free, 10);
    assert_int_equal(vn_node_pool(&host.nodes[0], 1048576)->free, 1);
    assert_int_equal(host.nodes[1].n_pools, 0);
}

static void cores_and_switched_off_cpus(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cpuset core;
    struct vn_host host;

    (void)state;
    load(&arena, &host);
    vn_host_core(&host, 3, &core);
    assert_cpus(&core, "1,3");
    vn_host_core(&host, 4, &core);
    assert_cpus(&core, "4");
    assert_cpus(&host.offline, "5"); /* 6 and 7 are not there at all */
    assert_cpus(&host.isolated, "3");
}

static void settings_that_matter(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_host host;

    (void)state;
    load(&arena, &host);
    assert_string_equal(vn_host_setting(&host, "kernel.numa_balancing"), "1");
    assert_string_equal(vn_host_setting(&host, "thp"), "madvise");
    assert_string_equal(vn_host_setting(&host, "cgroup"), "v2");
    assert_string_equal(vn_host_setting(&host, "hugepages.default_kib"), "2048");
    assert_string_equal(vn_host_setting(&host, "cpufreq.governor"), "performance,powersave");
    assert_string_equal(vn_host_setting(&host, "smt.control"), "on");
    assert_null(vn_host_setting(&host, "ksm.run")); /* a kernel without KSM */
}

static void the_environment_stays_as_it_was(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_host host;

    (void)state;
    assert_int_equal(setenv("HWLOC_COMPONENTS", "-cuda", 1), 0);
    load(&arena, &host);
    assert_null(getenv("HWLOC_FSROOT"));
    assert_null(getenv("HWLOC_THISSYSTEM"));
    assert_string_equal(getenv("HWLOC_COMPONENTS"), "-cuda");
    assert_int_equal(unsetenv("HWLOC_COMPONENTS"), 0);
}

static void another_machine_is_not_taken_for_this_one(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_err err = {0};
    struct vn_host host;

    (void)state;
    assert_int_equal(setenv("HWLOC_SYNTHETIC", "node:2 pu:2", 1), 0);
    assert_int_equal(vn_local_host("", &arena, &host, &err), -VN_E_ENV);
    assert_non_null(strstr(err.fix, "HWLOC_SYNTHETIC"));
    assert_int_equal(unsetenv("HWLOC_SYNTHETIC"), 0);
}

static void this_machine(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cpuset online;
    struct vn_host host;

    (void)state;
    assert_int_equal(vn_local_host("", &arena, &host, NULL), 0);
    assert_int_equal(vn_host_check(&host, NULL), 0);
    vn_host_online(&host, &online);
    assert_int_equal(vn_cpuset_count(&online), (unsigned)sysconf(_SC_NPROCESSORS_ONLN));
    assert_true(host.kernel[0] && host.arch[0]);
}

static void a_missing_tree_is_named(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_err err = {0};
    char text[1024];
    struct vn_host host;

    (void)state;
    assert_true(vn_local_host("/nonexistent/tree", &arena, &host, &err) < 0);
    assert_non_null(strstr(vn_err_text(&err, text, sizeof text), "/nonexistent/tree"));
}

static void a_tree_can_be_looked_at_only(void **state)
{
    struct vn_cpuset one = {{1}};
    struct vn_hypervisor hv = {0};
    struct vn_snapshot snapshot;
    const char *name = "db";
    uint64_t moved = 1;

    (void)state;
    assert_int_equal(vn_sysroot_open(root, &hv, NULL), 0);
    assert_int_equal(hv.ops->observe(hv.self, NULL, 0, NULL, &snapshot, NULL), 0);
    assert_int_equal(snapshot.host.n_nodes, 3);
    assert_int_equal(snapshot.n_vms, 0);
    vn_snapshot_drop(&snapshot);
    assert_int_equal(hv.ops->observe(hv.self, &name, 1, NULL, &snapshot, NULL), -VN_E_ABSENT);
    assert_int_equal(hv.ops->pin_vcpu(hv.self, "db", 0, &one, VN_SCOPE_LIVE, NULL), -VN_E_REFUSED);
    assert_int_equal(hv.ops->move_memory(hv.self, "db", &(struct vn_move){.all = true}, NULL, &moved, NULL),
                     -VN_E_REFUSED);
    assert_int_equal(moved, 0);
    vn_hypervisor_drop(&hv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_may_be_sparse_and_lack_things),
        cmocka_unit_test(the_firmware_says_latencies_of_the_nearest),
        cmocka_unit_test(memory_is_free_or_reclaimable),
        cmocka_unit_test(cores_and_switched_off_cpus),
        cmocka_unit_test(settings_that_matter),
        cmocka_unit_test(the_environment_stays_as_it_was),
        cmocka_unit_test(another_machine_is_not_taken_for_this_one),
        cmocka_unit_test(this_machine),
        cmocka_unit_test(a_missing_tree_is_named),
        cmocka_unit_test(a_tree_can_be_looked_at_only),
    };

    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
