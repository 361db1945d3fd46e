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

/*
 * The files of the guest whose tables are in tests/data/acpi (see tests/unit/codec/test_acpi.c): node 0 has CPUs 0-1,
 * node 1 has 2-3, node 2 has memory alone.
 */

#define CPU "sys/devices/system/cpu/"
#define NODE "sys/devices/system/node/"
#define TABLES "sys/firmware/acpi/tables/"

static char root[] = "/tmp/vnuma-hmat-XXXXXX";

static void path_of(char *full, size_t size, const char *path)
{
    (void)snprintf(full, size, "%s/%s", root, path);
    for (char *slash = strchr(full + sizeof root, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(full, 0755);
        *slash = '/';
    }
}

static void put_bytes(const char *path, const void *bytes, size_t len)
{
    char full[512];
    FILE *file;

    path_of(full, sizeof full, path);
    file = fopen(full, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void put(const char *path, const char *text)
{
    put_bytes(path, text, strlen(text));
}

static void put_nearest(int node, const char *from, const char *latency, const char *bandwidth)
{
    char path[128];

    (void)snprintf(path, sizeof path, NODE "node%d/access1/initiators/%s", node, from);
    put(path, "");
    (void)snprintf(path, sizeof path, NODE "node%d/access1/initiators/read_latency", node);
    put(path, latency);
    (void)snprintf(path, sizeof path, NODE "node%d/access1/initiators/read_bandwidth", node);
    put(path, bandwidth);
}

static size_t read_table(const char *name, unsigned char *ret, size_t size)
{
    char path[64];
    FILE *file;
    size_t len;

    (void)snprintf(path, sizeof path, "tests/data/acpi/%s", name);
    file = fopen(path, "rb");
    assert_non_null(file);
    len = fread(ret, 1, size, file);
    (void)fclose(file);
    return len;
}

static void put_table(const char *name)
{
    unsigned char bytes[1024];
    char path[64];

    (void)snprintf(path, sizeof path, TABLES "%s", name);
    put_bytes(path, bytes, read_table(name, bytes, sizeof bytes));
}

static void put_cpus(void)
{
    put(CPU "possible", "0-3\n");
    put(CPU "present", "0-3\n");
    put(CPU "online", "0-3\n");
    for (unsigned cpu = 0; cpu < 4; cpu++) {
        char path[128], text[8];

        (void)snprintf(path, sizeof path, CPU "cpu%u/topology/core_cpus", cpu);
        (void)snprintf(text, sizeof text, "%x\n", 1u << cpu);
        put(path, text);
        (void)snprintf(path, sizeof path, CPU "cpu%u/topology/core_id", cpu);
        (void)snprintf(text, sizeof text, "%u\n", cpu);
        put(path, text);
    }
}

static int make_tree(void **state)
{
    (void)state;
    if (!mkdtemp(root) || chmod(root, 0755) < 0)
        return -1;
    put_cpus();
    put(NODE "online", "0-2\n");
    put(NODE "node0/cpumap", "3\n");
    put(NODE "node0/distance", "10 21 17\n");
    put(NODE "node0/meminfo", "Node 0 MemTotal: 256212 kB\nNode 0 MemFree: 200000 kB\n");
    put(NODE "node1/cpumap", "c\n");
    put(NODE "node1/distance", "21 10 28\n");
    put(NODE "node1/meminfo", "Node 1 MemTotal: 223932 kB\nNode 1 MemFree: 200000 kB\n");
    put(NODE "node2/cpumap", "0\n");
    put(NODE "node2/distance", "17 28 10\n");
    put(NODE "node2/meminfo", "Node 2 MemTotal: 257872 kB\nNode 2 MemFree: 200000 kB\n");
    put_nearest(0, "node0", "81\n", "21504\n");
    put_nearest(1, "node1", "80\n", "20480\n");
    put_nearest(2, "node0", "200\n", "8192\n");
    return 0;
}

static int remove_tree(void **state)
{
    char command[64];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -r %s", root);
    return system(command); /* NOLINT: a path of our own */
}

/* Each test begins with both tables as the guest has them. */
static int put_tables(void **state)
{
    (void)state;
    put_table("SRAT");
    put_table("HMAT");
    return 0;
}

static void load(struct vn_arena *arena, struct vn_host *host)
{
    struct vn_err err = {0};
    char text[1024] = "";

    if (vn_local_host(root, arena, host, &err) < 0)
        fail_msg("%s", vn_err_text(&err, text, sizeof text));
}

static const uint32_t nearest_ns[] = {81, 0, 200, 0, 80, 0, 0, 0, 0};
static const uint32_t nearest_mbps[] = {21504, 0, 8192, 0, 20480, 0, 0, 0, 0};

static void assert_nearest_only(const char *why)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_host host;

    load(&arena, &host);
    assert_memory_equal(host.hmat.latency_ns, nearest_ns, sizeof nearest_ns);
    assert_memory_equal(host.hmat.bandwidth_mbps, nearest_mbps, sizeof nearest_mbps);
    if (!strstr(vn_host_setting(&host, "hmat"), why))
        fail_msg("'%s' does not say '%s'", vn_host_setting(&host, "hmat"), why);
}

static void remove_file(const char *path)
{
    char full[256];

    path_of(full, sizeof full, path);
    assert_int_equal(unlink(full), 0);
}

static void the_whole_table(void **state)
{
    static const uint32_t latency[] = {81, 150, 200, 140, 80, 300, 0, 0, 0};
    static const uint32_t bandwidth[] = {21504, 11264, 8192, 10240, 20480, 5120, 0, 0, 0};
    VN_AUTO(vn_arena) arena = {0};
    struct vn_host host;

    (void)state;
    load(&arena, &host);
    assert_string_equal(vn_host_setting(&host, "hmat"), VN_HMAT_WHOLE);
    assert_memory_equal(host.hmat.latency_ns, latency, sizeof latency);
    assert_memory_equal(host.hmat.bandwidth_mbps, bandwidth, sizeof bandwidth);
}

static void what_the_table_leaves_out_linux_may_know(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    unsigned char bytes[1024];
    size_t len = read_table("HMAT", bytes, sizeof bytes);
    struct vn_host host;

    (void)state;
    memset(bytes + 0xD4 + 2 * 5, 0, 2); /* from domain 2 to domain 2: from node 0 to node 0 */
    put_bytes(TABLES "HMAT", bytes, len);
    load(&arena, &host);
    assert_string_equal(vn_host_setting(&host, "hmat"), VN_HMAT_WHOLE);
    assert_int_equal(host.hmat.latency_ns[0], 81);
    assert_int_equal(host.hmat.latency_ns[1], 150);
}

/* As where Linux numbers the nodes in another way than we think. */
static void a_table_that_contradicts_linux(void **state)
{
    (void)state;
    put(NODE "node0/access1/initiators/read_latency", "85\n");
    put(NODE "node0/access1/initiators/read_bandwidth", "21504\n");
    {
        VN_AUTO(vn_arena) arena = {0};
        struct vn_host host;

        load(&arena, &host);
        assert_string_equal(vn_host_setting(&host, "hmat"),
                            VN_HMAT_UNUSABLE "it has a latency of 81 from node 0 to memory of node 0, and Linux shows 85");
        assert_int_equal(host.hmat.latency_ns[0], 85);
        assert_int_equal(host.hmat.latency_ns[1], 0);
    }
    put(NODE "node0/access1/initiators/read_latency", "81\n");
}

static void tables_that_are_not_there_or_broken(void **state)
{
    (void)state;
    remove_file(TABLES "HMAT");
    assert_nearest_only(VN_HMAT_NO_TABLE);
    put(TABLES "HMAT", "HMAT");
    assert_nearest_only(VN_HMAT_UNUSABLE "this is no ACPI table HMAT");
    put_table("HMAT");
    put(TABLES "SRAT", "");
    assert_nearest_only(VN_HMAT_UNUSABLE "this is no ACPI table SRAT");
}

static void another_machines_tables(void **state)
{
    (void)state;
    put(NODE "node1/cpumap", "4\n");
    put(NODE "node2/cpumap", "8\n");
    assert_nearest_only(VN_HMAT_UNUSABLE "by the ACPI table SRAT node 2 would have no CPUs");
    put(NODE "node1/cpumap", "c\n");
    put(NODE "node2/cpumap", "0\n");
}

static void only_root_may_read_them(void **state)
{
    char full[256];
    bool root_user = geteuid() == 0;

    (void)state;
    path_of(full, sizeof full, TABLES "HMAT");
    assert_int_equal(chmod(full, 0), 0);
    assert_true(!root_user || seteuid(65534) == 0);
    assert_nearest_only(VN_HMAT_NO_PERMISSION);
    assert_true(!root_user || seteuid(0) == 0);
    assert_int_equal(chmod(full, 0644), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_whole_table, put_tables),
        cmocka_unit_test_setup(what_the_table_leaves_out_linux_may_know, put_tables),
        cmocka_unit_test_setup(a_table_that_contradicts_linux, put_tables),
        cmocka_unit_test_setup(tables_that_are_not_there_or_broken, put_tables),
        cmocka_unit_test_setup(another_machines_tables, put_tables),
        cmocka_unit_test_setup(only_root_may_read_them, put_tables),
    };

    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
