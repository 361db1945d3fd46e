/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "codec/acpi.h"

/*
 * tests/data/acpi are tables that QEMU 7.2 made: four CPUs, the first two in domain 2, the others in domain 0; domain 1
 * has memory alone. Linux 6.1 makes nodes 0, 1 and 2 of the domains 2, 0 and 1, and its sysfs says of a node's nearest
 * CPUs what is said here: 81 ns and 21504 MB/s (node 0), 80 and 20480 (node 1), 200 and 8192 (node 2, from node 0).
 */

struct bytes {
    uint8_t at[2048];
    size_t len;
};

static void read_table(const char *name, struct bytes *ret)
{
    char path[64];
    FILE *file;

    (void)snprintf(path, sizeof path, "tests/data/acpi/%s", name);
    file = fopen(path, "rb");
    assert_non_null(file);
    ret->len = fread(ret->at, 1, sizeof ret->at, file);
    (void)fclose(file);
    assert_true(ret->len > 48);
}

static void put(struct bytes *to, uint64_t value, size_t bytes)
{
    for (; bytes; bytes--, value >>= 8)
        to->at[to->len++] = (uint8_t)value;
}

static void patch(struct bytes *to, size_t at, uint64_t value, size_t bytes)
{
    size_t len = to->len;

    to->len = at;
    put(to, value, bytes);
    to->len = len;
}

static void begin(struct bytes *table, const char *signature, uint8_t revision, size_t head)
{
    memset(table, 0, sizeof *table);
    memcpy(table->at, signature, 4);
    table->at[8] = revision;
    table->len = head;
}

static void end(struct bytes *table)
{
    patch(table, 4, table->len, 4);
}

/* A host of @n nodes with a CPU each and memory. */
static void make_host(struct vn_arena *arena, size_t n, struct vn_host *ret)
{
    *ret = (struct vn_host){.n_nodes = n, .nodes = vn_arena_array(arena, n, sizeof *ret->nodes)};
    for (size_t i = 0; i < n; i++) {
        ret->nodes[i] = (struct vn_node){.id = (int)i, .memory_kib = 1024};
        vn_cpuset_add(&ret->nodes[i].cpus, (unsigned)i);
    }
}

/* A matrix of the domains 0 and 1 among each other. */
static void put_matrix(struct bytes *to, uint8_t flags, uint8_t type, uint64_t base, const uint16_t entries[4])
{
    put(to, 1, 4);
    put(to, 32 + 8 + 8 + 8, 4);
    put(to, flags, 1);
    put(to, type, 3);
    put(to, 2, 4);
    put(to, 2, 8);
    put(to, base, 8);
    put(to, UINT64_C(1) << 32, 8);
    put(to, UINT64_C(1) << 32, 8);
    for (size_t i = 0; i < 4; i++)
        put(to, entries[i], 2);
}

static const struct vn_srat two = {(struct vn_srat_domain[]){{0, true, true}, {1, true, true}}, 2};

static void parse_two(struct vn_arena *arena, struct bytes *table, struct vn_access *ret)
{
    struct vn_host host;

    make_host(arena, 2, &host);
    end(table);
    assert_int_equal(vn_hmat_parse(table->at, table->len, &two, &host, arena, ret, NULL), 0);
}

static void assert_figures(const uint32_t *table, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    assert_non_null(table);
    assert_int_equal(table[0], a);
    assert_int_equal(table[1], b);
    assert_int_equal(table[2], c);
    assert_int_equal(table[3], d);
}

static void domains_are_numbered_as_linux_does(void **state)
{
    static const uint32_t latency[] = {81, 150, 200, 140, 80, 300, 0, 0, 0};
    static const uint32_t bandwidth[] = {21504, 11264, 8192, 10240, 20480, 5120, 0, 0, 0};
    VN_AUTO(vn_arena) arena = {0};
    struct bytes srat_table, hmat_table;
    struct vn_access access;
    struct vn_srat srat;
    struct vn_host host;

    (void)state;
    read_table("SRAT", &srat_table);
    read_table("HMAT", &hmat_table);
    make_host(&arena, 3, &host);
    vn_cpuset_del(&host.nodes[2].cpus, 2);
    assert_int_equal(vn_srat_parse(srat_table.at, srat_table.len, &arena, &srat, NULL), 0);
    assert_int_equal(srat.n, 3);
    assert_int_equal(srat.domains[0].domain, 2);
    assert_int_equal(srat.domains[1].domain, 0);
    assert_int_equal(srat.domains[2].domain, 1);
    assert_true(srat.domains[0].cpus && srat.domains[1].cpus && !srat.domains[2].cpus);
    assert_int_equal(vn_srat_check(&srat, &host, NULL), 0);
    assert_int_equal(vn_hmat_parse(hmat_table.at, hmat_table.len, &srat, &host, &arena, &access, NULL), 0);
    assert_memory_equal(access.latency_ns, latency, sizeof latency);
    assert_memory_equal(access.bandwidth_mbps, bandwidth, sizeof bandwidth);
}

/* A node's CPUs count for its number though memory of another domain is listed before; what is off does not count. */
static void kinds_of_srat_parts(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_srat srat;
    struct bytes table;

    (void)state;
    begin(&table, "SRAT", 3, 48);
    put(&table, 1 | 40 << 8 | 7 << 16, 28); /* memory of domain 7 */
    put(&table, 1, 12);
    put(&table, 2 | 24 << 8, 4); /* x2APIC, domain 9, off */
    put(&table, 9, 20);
    put(&table, 3 | 18 << 8 | 5 << 16, 10); /* GICC, domain 5 */
    put(&table, 1, 8);
    put(&table, 5 | 32 << 8, 4); /* generic initiator, domain 6 */
    put(&table, 6, 20);
    put(&table, 1, 8);
    put(&table, 6 | 32 << 8, 4); /* generic port: no node */
    put(&table, 8, 20);
    put(&table, 1, 8);
    put(&table, 0 | 16 << 8 | 0x34 << 16, 4); /* APIC, domain 0x01020334 in two places */
    put(&table, 1, 4);
    put(&table, UINT64_C(0x01020300), 8);
    end(&table);
    assert_int_equal(vn_srat_parse(table.at, table.len, &arena, &srat, NULL), 0);
    assert_int_equal(srat.n, 4);
    assert_int_equal(srat.domains[0].domain, 5);
    assert_int_equal(srat.domains[1].domain, 6);
    assert_false(srat.domains[1].cpus);
    assert_int_equal(srat.domains[2].domain, 0x01020334);
    assert_int_equal(srat.domains[3].domain, 7);
    table.at[8] = 1; /* revision 1 has domains of one byte */
    assert_int_equal(vn_srat_parse(table.at, table.len, &arena, &srat, NULL), 0);
    assert_int_equal(srat.domains[2].domain, 0x34);
}

static void nodes_that_cannot_be_those_domains(void **state)
{
    const struct vn_srat late = {(struct vn_srat_domain[]){{0, true, true}}, 1};
    const struct vn_srat bare = {(struct vn_srat_domain[]){{0, true, true}, {1, true, false}}, 2};
    VN_AUTO(vn_arena) arena = {0};
    struct vn_host host;
    struct vn_err err;

    (void)state;
    make_host(&arena, 2, &host);
    assert_int_equal(vn_srat_check(&two, &host, NULL), 0);
    assert_int_equal(vn_srat_check(&late, &host, &err), -VN_E_FORMAT);
    assert_non_null(strstr(err.cause, "node 1 would have no CPUs"));
    assert_int_equal(vn_srat_check(&bare, &host, &err), -VN_E_FORMAT);
    assert_non_null(strstr(err.cause, "node 1 would have no memory"));
    vn_cpuset_del(&host.nodes[1].cpus, 1); /* memory that came later */
    assert_int_equal(vn_srat_check(&late, &host, NULL), 0);
}

static void reads_come_before_any_access(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_access access;
    struct bytes table;

    (void)state;
    begin(&table, "HMAT", 2, 40);
    put_matrix(&table, 0, 1, 100, (uint16_t[]){800, 0xFFFF, 0, 815}); /* reads: 0 and 0xFFFF say nothing */
    put_matrix(&table, 0, 0, 1000, (uint16_t[]){90, 150, 0, 90});     /* any access */
    put_matrix(&table, 0, 2, 1000, (uint16_t[]){1, 1, 1, 1});         /* writes */
    put_matrix(&table, 1, 1, 1000, (uint16_t[]){2, 2, 2, 2});         /* of a cache before the memory */
    put_matrix(&table, 0, 9, 1000, (uint16_t[]){3, 3, 3, 3});         /* not known what */
    put_matrix(&table, 0, 4, UINT64_C(1) << 31, (uint16_t[]){1, 2, 0, 0}); /* 2^32 is too much */
    parse_two(&arena, &table, &access);
    assert_figures(access.latency_ns, 80, 150, 0, 82); /* 81.5 */
    assert_figures(access.bandwidth_mbps, UINT32_C(1) << 31, 0, 0, 0);
}

static void revision_1_counts_in_tenths(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_access access;
    struct vn_host host;
    struct bytes table;
    struct vn_err err;

    (void)state;
    begin(&table, "HMAT", 1, 40);
    put_matrix(&table, 0, 0, 1, (uint16_t[]){800, 1401, 9, 10});
    put_matrix(&table, 0, 3, 100, (uint16_t[]){1000, 400, 0, 0});
    parse_two(&arena, &table, &access);
    assert_figures(access.latency_ns, 80, 141, 0, 1);
    assert_figures(access.bandwidth_mbps, 10000, 4000, 0, 0);
    table.at[8] = 3;
    make_host(&arena, 2, &host);
    assert_int_equal(vn_hmat_parse(table.at, table.len, &two, &host, &arena, &access, &err), -VN_E_FORMAT);
    assert_non_null(strstr(err.cause, "revision 3"));
}

static void a_table_without_figures(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_access access;
    struct bytes table;

    (void)state;
    begin(&table, "HMAT", 2, 40);
    parse_two(&arena, &table, &access);
    assert_null(access.latency_ns);
    assert_null(access.bandwidth_mbps);
}

/* In memory of just that length, so that a read behind it is seen. */
static int parse_cut(const struct bytes *table, size_t len, bool says_so)
{
    VN_AUTO(vn_arena) arena = {0};
    uint8_t *cut = malloc(len ? len : 1);
    struct vn_access access;
    struct vn_srat srat;
    struct vn_host host;
    int r;

    assert_non_null(cut);
    memcpy(cut, table->at, len);
    if (says_so && len >= 8) {
        cut[4] = (uint8_t)len;
        cut[5] = (uint8_t)(len >> 8);
    }
    make_host(&arena, 2, &host);
    r = table->at[0] == 'S' ? vn_srat_parse(cut, len, &arena, &srat, NULL)
                            : vn_hmat_parse(cut, len, &two, &host, &arena, &access, NULL);
    free(cut);
    return r;
}

static void cut_off_anywhere(void **state)
{
    static const char *const names[] = {"SRAT", "HMAT"};
    struct bytes table;

    (void)state;
    for (size_t i = 0; i < VN_COUNT(names); i++) {
        size_t whole = 0;

        read_table(names[i], &table);
        assert_int_equal(parse_cut(&table, table.len, false), 0);
        for (size_t len = 0; len < table.len; len++) {
            assert_int_equal(parse_cut(&table, len, false), -VN_E_FORMAT);
            whole += parse_cut(&table, len, true) == 0;
        }
        assert_int_equal(whole, i == 0 ? 9 : 5); /* as many as there are parts: behind the head, and behind each but the last */
        table.at[0] ^= 1;
        assert_int_equal(parse_cut(&table, table.len, false), -VN_E_FORMAT);
    }
}

static void matrices_larger_than_their_part(void **state)
{
    static const struct {
        size_t at;
        uint32_t value;
    } bad[] = {{40 + 4, 7}, {40 + 4, 31}, {40 + 12, 3}, {40 + 16, 3}, {40 + 12, UINT32_MAX}, {40 + 16, UINT32_MAX}};
    struct bytes table;

    (void)state;
    for (size_t i = 0; i < VN_COUNT(bad); i++) {
        begin(&table, "HMAT", 2, 40);
        put_matrix(&table, 0, 0, 1, (uint16_t[]){1, 2, 3, 4});
        end(&table);
        assert_int_equal(parse_cut(&table, table.len, false), 0);
        patch(&table, bad[i].at, bad[i].value, 4);
        assert_int_equal(parse_cut(&table, table.len, false), -VN_E_FORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domains_are_numbered_as_linux_does),
        cmocka_unit_test(kinds_of_srat_parts),
        cmocka_unit_test(nodes_that_cannot_be_those_domains),
        cmocka_unit_test(reads_come_before_any_access),
        cmocka_unit_test(revision_1_counts_in_tenths),
        cmocka_unit_test(a_table_without_figures),
        cmocka_unit_test(cut_off_anywhere),
        cmocka_unit_test(matrices_larger_than_their_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
