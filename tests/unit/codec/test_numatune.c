/* SPDX-License-Identifier: MIT */
/* <numatune> changed by hand: what is asked for changes, the rest stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/domxml.h"

#define HEAD "<domain type='kvm'>\n  <name>db</name>\n  <memory unit='KiB'>4096</memory>\n  <vcpu>4</vcpu>\n"
#define TAIL "  <os><type>hvm</type></os>\n</domain>\n"
#define CELLS "  <cpu>\n    <numa>\n      <cell id='0' cpus='0-1' memory='2048' unit='KiB'/>\n" \
              "      <cell id='1' cpus='2-3' memory='2048' unit='KiB'/>\n    </numa>\n  </cpu>\n"

static int set(const char *xml, const struct vn_numatune_edit *edit, struct vn_buf *ret, struct vn_err *err)
{
    ret->len = 0;
    return vn_domxml_set_numatune(xml, strlen(xml), edit, ret, err);
}

static struct vn_nodeset nodes(const char *text)
{
    struct vn_nodeset set_of;

    assert_int_equal(vn_nodeset_parse(text, &set_of, NULL), 0);
    return set_of;
}

static void the_whole_guest(void **state)
{
    struct vn_nodeset one = nodes("1");
    struct vn_numatune_edit edit = {.mode = -1, .nodes = &one};
    VN_AUTO(vn_buf) out = {0};

    (void)state;
    assert_int_equal(set(HEAD TAIL, &edit, &out, NULL), 0);
    assert_string_equal(out.ptr, HEAD "  <numatune>\n    <memory mode='strict' nodeset='1'/>\n  </numatune>\n" TAIL);
    /* the mode stays, 'auto' does not */
    assert_int_equal(set(HEAD "  <numatune><memory mode='preferred' placement='auto'/></numatune>\n" TAIL, &edit, &out,
                         NULL), 0);
    assert_string_equal(out.ptr, HEAD "  <numatune><memory mode='preferred' nodeset='1'/></numatune>\n" TAIL);
    edit = (struct vn_numatune_edit){.mode = VN_MEM_INTERLEAVE};
    assert_int_equal(set(HEAD "  <numatune><memory mode='strict' nodeset='0-1'/></numatune>\n" TAIL, &edit, &out, NULL), 0);
    assert_string_equal(out.ptr, HEAD "  <numatune><memory mode='interleave' nodeset='0-1'/></numatune>\n" TAIL);
    edit = (struct vn_numatune_edit){.none = true};
    assert_int_equal(set(HEAD "  <numatune>\n    <memory mode='strict' nodeset='1'/>\n  </numatune>\n" TAIL, &edit, &out,
                         NULL), 0);
    assert_string_equal(out.ptr, HEAD TAIL);
}

static void cells_one_by_one(void **state)
{
    struct vn_memnode cells[] = {{.cell = 1, .nodes = nodes("3")}, {.cell = 0, .nodes = nodes("2")}};
    struct vn_numatune_edit edit = {.mode = -1, .cells = cells, .n_cells = 2};
    VN_AUTO(vn_buf) out = {0};
    VN_AUTO(vn_buf) again = {0};

    (void)state;
    assert_int_equal(set(HEAD CELLS TAIL, &edit, &out, NULL), 0);
    assert_non_null(strstr(out.ptr, "<memory mode='strict' nodeset='2-3'/>\n    <memnode cellid='0' mode='strict' "
                                    "nodeset='2'/>\n    <memnode cellid='1' mode='strict' nodeset='3'/>"));
    assert_int_equal(set(out.ptr, &edit, &again, NULL), 0);
    assert_string_equal(again.ptr, out.ptr);
    /* one cell alone: the other one stays, the guest's nodes follow */
    cells[0].nodes = nodes("5");
    edit.n_cells = 1;
    assert_int_equal(set(again.ptr, &edit, &out, NULL), 0);
    assert_non_null(strstr(out.ptr, "<memory mode='strict' nodeset='2,5'/>\n    <memnode cellid='0' mode='strict' "
                                    "nodeset='2'/>\n    <memnode cellid='1' mode='strict' nodeset='5'/>"));
    /* the mode is everybody's */
    edit = (struct vn_numatune_edit){.mode = VN_MEM_PREFERRED};
    assert_int_equal(set(out.ptr, &edit, &again, NULL), 0);
    assert_null(strstr(again.ptr, "strict"));
    assert_non_null(strstr(again.ptr, "<memnode cellid='1' mode='preferred' nodeset='5'/>"));
}

static void what_makes_no_sense(void **state)
{
    struct vn_memnode cell = {.cell = 2, .nodes = nodes("0")};
    struct vn_nodeset seven = nodes("7");
    struct vn_numatune_edit edit = {.mode = -1, .cells = &cell, .n_cells = 1};
    VN_AUTO(vn_buf) out = {0};
    struct vn_err err = {0};

    (void)state;
    assert_int_equal(set(HEAD CELLS TAIL, &edit, &out, &err), -VN_E_USAGE);
    assert_non_null(strstr(err.cause, "has no cell 2; its cells are 0 to 1"));
    assert_int_equal(set(HEAD TAIL, &edit, &out, &err), -VN_E_USAGE);
    assert_non_null(strstr(err.cause, "has no cells"));
    cell.cell = 1;
    edit.mode = VN_MEM_RESTRICTIVE;
    assert_int_equal(set(HEAD CELLS TAIL, &edit, &out, &err), -VN_E_REFUSED);
    edit.mode = -1;
    edit.nodes = &seven;
    assert_int_equal(set(HEAD CELLS TAIL, &edit, &out, &err), -VN_E_USAGE);
    assert_non_null(strstr(err.cause, "node 0, which is not among those named"));
    edit = (struct vn_numatune_edit){.mode = VN_MEM_STRICT};
    assert_int_equal(set(HEAD TAIL, &edit, &out, &err), -VN_E_USAGE);
    assert_non_null(strstr(err.fix, "--nodes"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_guest),
        cmocka_unit_test(cells_one_by_one),
        cmocka_unit_test(what_makes_no_sense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
