/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <vnuma/buf.h>

#include "io/doors.h"
#include "io/libvirt_priv.h"

/* libvirt's test driver: a connection without a daemon, remote as far as /proc goes. */

static int open_test(void **state)
{
    static struct vn_hypervisor hv;

    *state = &hv;
    return vn_libvirt_open("test:///default", &hv, NULL);
}

static int close_test(void **state)
{
    vn_hypervisor_drop(*state);
    return 0;
}

static void observes_over_the_connection(void **state)
{
    struct vn_hypervisor *hv = *state;
    struct vn_snapshot snapshot;
    struct vn_err err = {0};
    const struct vn_vm *vm;

    assert_string_equal(hv->uri, "test:///default");
    assert_int_equal(hv->ops->observe(hv->self, NULL, 0, NULL, &snapshot, &err), 0);
    assert_int_equal(snapshot.host.n_nodes, 2);
    assert_string_equal(vn_host_setting(&snapshot.host, "hmat"), VN_HMAT_REMOTE);
    assert_int_equal(snapshot.n_vms, 1);
    vm = vn_snapshot_vm(&snapshot, "test");
    assert_non_null(vm);
    assert_int_equal(vm->state, VN_VM_RUNNING);
    assert_non_null(vm->live);
    assert_non_null(vm->stored);
    assert_int_equal(vm->n_vcpus, vm->live->vcpus_max);
    assert_true(vm->vcpus[0].known & VN_THREAD_CONFIGURED);
    assert_null(vm->node_kib);
    assert_non_null(strstr(vm->unread, "the host is remote"));
    vn_snapshot_drop(&snapshot);
}

static void a_vm_that_is_not_there(void **state)
{
    struct vn_hypervisor *hv = *state;
    struct vn_snapshot snapshot;
    VN_AUTO(vn_buf) text = {0};
    const char *name = "nosuch";
    struct vn_err err = {0};

    assert_int_equal(hv->ops->observe(hv->self, &name, 1, NULL, &snapshot, &err), -VN_E_ABSENT);
    assert_non_null(strstr(err.cause, "nosuch"));
    assert_int_equal(hv->ops->xml(hv->self, "nosuch", VN_XML_LIVE, &text, &err), -VN_E_ABSENT);
}

static void memory_of_a_remote_host_is_out_of_reach(void **state)
{
    struct vn_hypervisor *hv = *state;
    uint64_t moved = 7;
    struct vn_err err = {0};

    assert_int_equal(hv->ops->move_memory(hv->self, "test", &(struct vn_move){.all = true}, NULL, &moved, &err),
                     -VN_E_REFUSED);
    assert_int_equal(moved, 0);
    assert_non_null(strstr(err.fix, "on that host"));
}

static void nonsense_is_refused_before_libvirt_sees_it(void **state)
{
    struct vn_hypervisor *hv = *state;
    struct vn_cpuset none = {{0}}, one = {{1}};
    struct vn_nodeset no_nodes = {{0}};

    assert_int_equal(hv->ops->pin_vcpu(hv->self, "test", 0, &none, VN_SCOPE_LIVE, NULL), -VN_E_USAGE);
    assert_int_equal(hv->ops->pin_vcpu(hv->self, "test", 0, &one, 0, NULL), -VN_E_USAGE);
    assert_int_equal(hv->ops->set_nodeset(hv->self, "test", &no_nodes, VN_SCOPE_LIVE, NULL), -VN_E_USAGE);
    assert_true(hv->ops->define(hv->self, "<domain>", NULL) < 0);
}

/* "unsupported flags" of the test driver: libvirt's words must come through. */
static void libvirts_words_come_through(void **state)
{
    struct vn_hypervisor *hv = *state;
    struct vn_cpuset one = {{1}};
    struct vn_err err = {0};

    assert_int_equal(hv->ops->pin_vcpu(hv->self, "test", 0, &one, VN_SCOPE_LIVE, &err), -VN_E_REFUSED);
    assert_non_null(strstr(err.cause, "libvirt says 'unsupported flags"));
    assert_non_null(strstr(err.context, "vCPU 0 of VM 'test'"));
}

static void a_wrong_uri_says_what_to_do(void **state)
{
    struct vn_hypervisor hv = {0};
    struct vn_err err = {0};

    (void)state;
    assert_int_equal(vn_libvirt_open("nosuchdriver:///x", &hv, &err), -VN_E_ENV);
    assert_true(err.fix[0]);
    assert_non_null(strstr(err.context, "nosuchdriver:///x"));
}

static void errors_have_fitting_codes(void **state)
{
    (void)state;
    assert_int_equal(vn_virt_code(VIR_ERR_NO_DOMAIN), VN_E_ABSENT);
    assert_int_equal(vn_virt_code(VIR_ERR_ACCESS_DENIED), VN_E_ENV);
    assert_int_equal(vn_virt_code(VIR_ERR_OPERATION_DENIED), VN_E_ENV);
    assert_int_equal(vn_virt_code(VIR_ERR_OPERATION_INVALID), VN_E_REFUSED);
    assert_int_equal(vn_virt_code(VIR_ERR_CONFIG_UNSUPPORTED), VN_E_REFUSED);
    assert_int_equal(vn_virt_code(VIR_ERR_INTERNAL_ERROR), VN_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(observes_over_the_connection),
        cmocka_unit_test(a_vm_that_is_not_there),
        cmocka_unit_test(memory_of_a_remote_host_is_out_of_reach),
        cmocka_unit_test(nonsense_is_refused_before_libvirt_sees_it),
        cmocka_unit_test(libvirts_words_come_through),
        cmocka_unit_test(a_wrong_uri_says_what_to_do),
        cmocka_unit_test(errors_have_fitting_codes),
    };

    return cmocka_run_group_tests(tests, open_test, close_test);
}
