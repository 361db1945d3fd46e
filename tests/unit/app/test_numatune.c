/* SPDX-License-Identifier: MIT */
/* Memory by hand: what would not fit its nodes is refused before anything is changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/numatune.h"

#define XML "<domain type='kvm'>\n  <name>db</name>\n  <memory unit='KiB'>6144</memory>\n  <vcpu>6</vcpu>\n" \
            "  <os><type>hvm</type></os>\n  <cpu>\n    <numa>\n" \
            "      <cell id='0' cpus='0-1' memory='2048' unit='KiB'/>\n" \
            "      <cell id='1' cpus='2-3' memory='2048' unit='KiB'/>\n" \
            "      <cell id='2' cpus='4-5' memory='2048' unit='KiB'/>\n    </numa>\n  </cpu>\n</domain>\n"

/* A VM that is off, its cells on those nodes: node 0 has room for any one of them, node 1 for all three. */
static int order(unsigned cell_0, unsigned cell_1, unsigned cell_2, struct vn_err *err)
{
    static char name[] = "db", uuid[] = "u", xml[] = XML;
    VN_AUTO(vn_arena) arena = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_node nodes[2] = {{.id = 0, .memory_kib = 8192, .free_kib = 3000},
                               {.id = 1, .memory_kib = 8192, .free_kib = 8000}};
    struct vn_domain domain;
    struct vn_vm vm = {.name = name, .uuid = uuid, .state = VN_VM_SHUTOFF, .stored = &domain, .stored_xml = xml};
    struct vn_snapshot snapshot = {.host = {.nodes = nodes, .n_nodes = 2}, .vms = &vm, .n_vms = 1};
    struct vn_memnode cells[3] = {{.cell = 0}, {.cell = 1}, {.cell = 2}};
    struct vn_numatune_order by_hand = {.edit = {.mode = -1, .cells = cells, .n_cells = 3}};
    struct vn_apply_opts opts = {.live = true, .config = true};

    vn_nodeset_add(&cells[0].nodes, cell_0);
    vn_nodeset_add(&cells[1].nodes, cell_1);
    vn_nodeset_add(&cells[2].nodes, cell_2);
    assert_int_equal(vn_domxml_parse(xml, strlen(xml), &arena, &domain, NULL), 0);
    return vn_app_numatune(&snapshot, &vm, &by_hand, &opts, &plan, err);
}

static void where_there_is_room(void **state)
{
    (void)state;
    assert_int_equal(order(0, 1, 1, NULL), 0);
    assert_int_equal(order(1, 1, 1, NULL), 0);
}

static void cells_on_one_node_fit_together(void **state)
{
    struct vn_err err = {0};

    (void)state;
    assert_int_equal(order(0, 0, 1, &err), -VN_E_REFUSED);
    assert_string_equal(err.cause, "the memory of cells 0-1 of db needs 4 MiB, and node 0 has room for 2.9 MiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_there_is_room),
        cmocka_unit_test(cells_on_one_node_fit_together),
    };

    return cmocka_run_group_tests_name("numatune", tests, NULL, NULL);
}
