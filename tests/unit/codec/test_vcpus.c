/* SPDX-License-Identifier: MIT */
/* Numbers of vCPUs put into a domain XML, with all that follows from them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/domxml.h"

#define DOMAIN(vcpu, more) \
    "<domain type='kvm'>\n  <name>db</name>\n  <memory unit='KiB'>4096</memory>\n  " vcpu "\n" more \
    "  <os><type>hvm</type></os>\n</domain>\n"
#define CPU(sockets, a, b) \
    "  <cpu>\n    <topology sockets='" sockets "' dies='1' cores='2' threads='2'/>\n    <numa>\n" \
    "      <cell id='0' cpus='" a "' memory='2048' unit='KiB'/>\n" \
    "      <cell id='1' cpus='" b "' memory='2048' unit='KiB'/>\n    </numa>\n  </cpu>\n"

static void assert_set(const char *xml, unsigned current, unsigned max, const char *want)
{
    VN_AUTO(vn_buf) out = {0};
    VN_AUTO(vn_buf) again = {0};

    assert_int_equal(vn_domxml_set_vcpus(xml, strlen(xml), current, max, &out, NULL), 0);
    assert_string_equal(out.ptr, want);
    assert_int_equal(vn_domxml_set_vcpus(out.ptr, out.len, current, max, &again, NULL), 0);
    assert_string_equal(again.ptr, want);
}

static void numbers(void **state)
{
    (void)state;
    assert_set(DOMAIN("<vcpu placement='static'>4</vcpu>", ""), 2, 0,
               DOMAIN("<vcpu placement='static' current='2'>4</vcpu>", ""));
    assert_set(DOMAIN("<vcpu current='2'>4</vcpu>", ""), 4, 0, DOMAIN("<vcpu>4</vcpu>", ""));
    assert_set(DOMAIN("<vcpu current='2'>4</vcpu>", ""), 0, 8, DOMAIN("<vcpu current='2'>8</vcpu>", ""));
    assert_set(DOMAIN("<vcpu>4</vcpu>", ""), 0, 2, DOMAIN("<vcpu>2</vcpu>", "")); /* no more at start than possible */
    assert_set(DOMAIN("<vcpu current='3'>4</vcpu>", ""), 3, 4, DOMAIN("<vcpu current='3'>4</vcpu>", ""));
}

static void one_by_one_goes(void **state)
{
    (void)state;
    assert_set(DOMAIN("<vcpu current='1'>2</vcpu>",
                      "  <vcpus>\n    <vcpu id='0' enabled='yes' hotpluggable='no' order='1'/>\n"
                      "    <vcpu id='1' enabled='no' hotpluggable='yes'/>\n  </vcpus>\n"),
               2, 0, DOMAIN("<vcpu>2</vcpu>", ""));
}

static void topology_cells_and_pins_follow(void **state)
{
    VN_AUTO(vn_buf) out = {0};
    struct vn_err err = {0};

    (void)state;
    assert_set(DOMAIN("<vcpu>8</vcpu>", CPU("2", "0-3", "4-7")), 8, 16,
               DOMAIN("<vcpu current='8'>16</vcpu>", CPU("4", "0-3,8-11", "4-7,12-15")));
    assert_set(DOMAIN("<vcpu>8</vcpu>", CPU("2", "0,2,4,6", "1,3,5,7")), 0, 4,
               DOMAIN("<vcpu>4</vcpu>", CPU("1", "0,2", "1,3")));
    assert_set(DOMAIN("<vcpu>8</vcpu>",
                      "  <cputune>\n    <vcpupin vcpu='1' cpuset='3'/>\n    <vcpupin vcpu='5' cpuset='4'/>\n  </cputune>\n"),
               0, 4, DOMAIN("<vcpu>4</vcpu>", "  <cputune>\n    <vcpupin vcpu='1' cpuset='3'/>\n  </cputune>\n"));
    assert_int_equal(vn_domxml_set_vcpus(DOMAIN("<vcpu>8</vcpu>", CPU("2", "0-3", "4-7")),
                                         strlen(DOMAIN("<vcpu>8</vcpu>", CPU("2", "0-3", "4-7"))), 0, 10, &out, &err),
                     -VN_E_REFUSED);
    assert_non_null(strstr(err.cause, "sockets of 4 vCPUs, which 10 is no multiple of"));
    assert_int_equal(vn_domxml_set_vcpus(DOMAIN("<vcpu>8</vcpu>", CPU("2", "0-3", "4-7")),
                                         strlen(DOMAIN("<vcpu>8</vcpu>", CPU("2", "0-3", "4-7"))), 0, 4, &out, &err),
                     -VN_E_REFUSED);
    assert_non_null(strstr(err.cause, "cell 1 of 'db' would have no vCPU left"));
    assert_int_equal(vn_domxml_set_vcpus(DOMAIN("<vcpu>8</vcpu>", ""), strlen(DOMAIN("<vcpu>8</vcpu>", "")), 9, 0, &out,
                                         &err), -VN_E_USAGE);
    assert_non_null(strstr(err.cause, "at most 8 vCPUs, not 9"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(one_by_one_goes),
        cmocka_unit_test(topology_cells_and_pins_follow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
