/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <vnuma/host.h>

/* Nodes 0 and 4 (0-3 and 4-7), node 8 with memory only; cores of two. */
static void make(struct vn_arena *arena, struct vn_host *host)
{
    static const uint16_t distances[9] = {10, 21, 17, 21, 10, 28, 17, 28, 10};

    *host = (struct vn_host){.n_nodes = 3, .n_cores = 4};
    host->nodes = vn_arena_array(arena, 3, sizeof *host->nodes);
    host->cores = vn_arena_array(arena, 4, sizeof *host->cores);
    host->distances = vn_arena_array(arena, 9, sizeof *host->distances);
    assert_true(host->nodes && host->cores && host->distances);
    for (unsigned i = 0; i < 3; i++) {
        host->nodes[i].id = (int)i * 4;
        host->nodes[i].memory_kib = 1000;
        host->nodes[i].free_kib = 900;
        if (i < 2)
            vn_cpuset_add_range(&host->nodes[i].cpus, i * 4, i * 4 + 3);
    }
    for (unsigned i = 0; i < 4; i++)
        vn_cpuset_add_range(&host->cores[i], i * 2, i * 2 + 1);
    memcpy(host->distances, distances, sizeof distances);
}

static void lookups(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_host host;
    struct vn_cpuset set;
    struct vn_nodeset nodes;

    (void)state;
    make(&arena, &host);
    assert_int_equal(vn_host_check(&host, NULL), 0);
    vn_host_online(&host, &set);
    assert_int_equal(vn_cpuset_count(&set), 8);
    assert_int_equal(vn_host_node_index(&host, 8), 2);
    assert_int_equal(vn_host_node_index(&host, 1), -1);
    assert_int_equal(vn_host_cpu_node(&host, 5), 4);
    assert_int_equal(vn_host_cpu_node(&host, 8), -1);
    vn_host_core(&host, 5, &set);
    assert_true(vn_cpuset_count(&set) == 2 && vn_cpuset_has(&set, 4));
    host.n_cores = 2;
    vn_host_core(&host, 5, &set);
    assert_true(vn_cpuset_count(&set) == 1 && vn_cpuset_has(&set, 5));
    assert_int_equal(vn_host_distance(&host, 1, 2), 28);
    host.metric = (uint16_t[]){10, 11, 12, 11, 10, 13, 12, 13, 10};
    assert_int_equal(vn_host_distance(&host, 1, 2), 13);
    host.metric = NULL;
    host.distances = NULL;
    assert_int_equal(vn_host_distance(&host, 1, 2), 20);
    assert_int_equal(vn_host_distance(&host, 2, 2), 10);
    assert_int_equal(vn_cpuset_parse("3-4", &set, NULL), 0);
    vn_host_nodes_of(&host, &set, &nodes);
    assert_true(vn_nodeset_count(&nodes) == 2 && vn_nodeset_has(&nodes, 4));
}

static void settings_devices_pools(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_hugepool pools[] = {{2048, 10, 5}, {1048576, 2, 2}};
    struct vn_device devices[1];
    struct vn_host host;

    (void)state;
    make(&arena, &host);
    assert_null(vn_host_setting(&host, "thp"));
    assert_int_equal(vn_host_add_setting(&arena, &host, "thp", "always"), 0);
    assert_int_equal(vn_host_add_setting(&arena, &host, "ksm.run", "0"), 0);
    assert_string_equal(vn_host_setting(&host, "thp"), "always");
    host.nodes[0].pools = pools;
    host.nodes[0].n_pools = 2;
    assert_ptr_equal(vn_node_pool(&host.nodes[0], 1048576), &pools[1]);
    assert_null(vn_node_pool(&host.nodes[0], 4));
    devices[0].name = vn_arena_strdup(&arena, "0000:3b:00.0");
    host.devices = devices;
    host.n_devices = 1;
    assert_ptr_equal(vn_host_device(&host, "0000:3b:00.0"), devices);
    assert_null(vn_host_device(&host, "0000:3b:00.1"));
}

static void refused(struct vn_host *host, const char *says)
{
    struct vn_err err;

    assert_int_equal(vn_host_check(host, &err), -VN_E_FORMAT);
    if (!strstr(err.cause, says))
        fail_msg("'%s' does not say '%s'", err.cause, says);
}

static void check_names_what_is_wrong(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_hugepool pool = {2048, 1, 2};
    struct vn_host host;

    (void)state;
    refused(&(struct vn_host){0}, "no nodes");
    make(&arena, &host);
    host.nodes[1].id = 0;
    refused(&host, "node 0 comes after node 0");
    host.nodes[1].id = 9;
    refused(&host, "node 8 comes after node 9");
    make(&arena, &host);
    host.nodes[2].id = VN_NODE_MAX;
    refused(&host, "outside");
    host.nodes[0].id = -1;
    refused(&host, "node id -1");
    make(&arena, &host);
    vn_cpuset_add(&host.nodes[2].cpus, 3);
    refused(&host, "CPU 3 is in two nodes");
    make(&arena, &host);
    vn_cpuset_add(&host.cores[1], 7);
    refused(&host, "CPU 7 is in two cores");
    make(&arena, &host);
    host.nodes[1].free_kib = 1001;
    refused(&host, "node 4 has more free memory");
    make(&arena, &host);
    host.nodes[1].pools = &pool;
    host.nodes[1].n_pools = 1;
    refused(&host, "node 4 has a page pool");
    make(&arena, &host);
    host.distances[5] = 9;
    refused(&host, "distance 9 between nodes 4 and 8");
}

/* @n nodes of two CPUs and one L3 domain, at these distances. */
static void shape_of(size_t n, const uint16_t *distances, struct vn_host_shape *ret)
{
    struct vn_node nodes[8] = {{0}};
    struct vn_cpuset l3[8] = {{{0}}};
    struct vn_host host = {.nodes = nodes, .n_nodes = n, .l3 = l3, .n_l3 = n};
    uint16_t copy[64];

    memcpy(copy, distances, n * n * sizeof *copy);
    host.distances = copy;
    for (unsigned i = 0; i < n; i++) {
        nodes[i].id = (int)i;
        nodes[i].memory_kib = 1000;
        vn_cpuset_add_range(&nodes[i].cpus, i * 2, i * 2 + 1);
        l3[i] = nodes[i].cpus;
    }
    vn_host_shape(&host, ret);
}

static void shapes(void **state)
{
    static const uint16_t one[] = {10}, two[] = {10, 21, 21, 10}, snc[] = {10, 12, 12, 10};
    static const uint16_t nps[] = {10, 12, 32, 32, 12, 10, 32, 32, 32, 32, 10, 12, 32, 32, 12, 10};
    static const uint16_t quads[] = {10, 21, 31, 31, 21, 10, 31, 31, 31, 31, 10, 21, 31, 31, 21, 10};
    static const uint16_t ring[] = {10, 20, 30, 20, 20, 10, 20, 30, 30, 20, 10, 20, 20, 30, 20, 10};
    struct vn_host_shape shape;

    (void)state;
    shape_of(1, one, &shape);
    assert_true(shape.near == 0 && shape.groups == 0 && shape.l3 == 1 && vn_nodeset_count(&shape.full) == 1);
    shape_of(2, two, &shape);
    assert_true(shape.near == 21 && shape.far == 21 && shape.groups == 0 && !shape.one_package);
    shape_of(2, snc, &shape);
    assert_true(shape.groups == 1 && shape.one_package);
    shape_of(4, nps, &shape);
    assert_true(shape.near == 12 && shape.far == 32 && shape.groups == 2 && shape.one_package);
    shape_of(4, quads, &shape);
    assert_true(shape.groups == 2 && !shape.one_package);
    shape_of(4, ring, &shape); /* each has two near ones, and they are not near each other */
    assert_true(shape.groups == 0);
}

static void shape_of_odd_nodes(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cpuset l3[4] = {{{0}}};
    struct vn_host host;
    struct vn_host_shape shape;

    (void)state;
    make(&arena, &host);
    host.nodes[1].memory_kib = 0;
    for (unsigned i = 0; i < 4; i++)
        vn_cpuset_add_range(&l3[i], i * 2, i * 2 + 1);
    host.l3 = l3;
    host.n_l3 = 4;
    vn_host_shape(&host, &shape);
    assert_true(vn_nodeset_has(&shape.full, 0) && vn_nodeset_has(&shape.cpus_only, 4));
    assert_true(vn_nodeset_has(&shape.memory_only, 8) && vn_nodeset_count(&shape.memory_only) == 1);
    assert_true(shape.near == 21 && shape.far == 21); /* the node without CPUs is near nobody */
    assert_int_equal(shape.l3, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookups),
        cmocka_unit_test(settings_devices_pools),
        cmocka_unit_test(check_names_what_is_wrong),
        cmocka_unit_test(shapes),
        cmocka_unit_test(shape_of_odd_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
