/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "cli/request.h"

static void read_spec(struct cli *cli, const char *spec, struct vn_request *ret)
{
    struct vn_policy none = {0};

    memset(cli, 0, sizeof *cli);
    memset(ret, 0, sizeof *ret);
    assert_int_equal(cli_new_vm(cli, spec, &none, ret, NULL), 0);
}

static void refused(const char *spec, int code, const char *said)
{
    struct vn_policy none = {0};
    struct cli cli = {0};
    struct vn_request vm = {0};
    struct vn_err err = {0};
    char text[1024];

    assert_int_equal(cli_new_vm(&cli, spec, &none, &vm, &err), -code);
    assert_non_null(strstr(vn_err_text(&err, text, sizeof text), said));
    vn_arena_drop(&cli.arena);
}

static void what_is_said_is_there(void **state)
{
    struct cli cli;
    struct vn_request vm;

    (void)state;
    read_spec(&cli, "name=web,vcpus=4,memory=8G", &vm);
    assert_string_equal(vm.name, "web");
    assert_string_equal(vm.uuid, "");
    assert_int_equal(vm.vcpus, 4);
    assert_int_equal(vm.memory_kib, 8 << 20);
    assert_true(vm.movable);
    vn_arena_drop(&cli.arena);
}

static void a_comma_inside_a_value_belongs_to_it(void **state)
{
    struct cli cli;
    struct vn_request vm;

    (void)state;
    read_spec(&cli, "cells=2x4G,2x4G,name=web,emulator=0,20,vcpus=4,memory=8G,devices=0000:3b:00.0,0000:3b:00.1", &vm);
    assert_int_equal(vm.policy.cells.kind, VN_CELLS_LIST);
    assert_int_equal(vm.policy.cells.n_list, 2);
    assert_int_equal(vm.policy.emulator.kind, VN_EMULATOR_CPUSET);
    assert_true(vn_cpuset_has(&vm.policy.emulator.cpus, 20));
    assert_int_equal(vm.n_devices, 2);
    assert_string_equal(vm.devices[1], "0000:3b:00.1");
    vn_arena_drop(&cli.arena);
}

static void memory_is_a_size_or_a_mode(void **state)
{
    struct cli cli;
    struct vn_request vm;

    (void)state;
    read_spec(&cli, "name=web,vcpus=4,memory=8G,memory=preferred", &vm);
    assert_int_equal(vm.memory_kib, 8 << 20);
    assert_true(vm.policy.memory_preferred);
    vn_arena_drop(&cli.arena);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    refused("", VN_E_USAGE, "lacks 'name'");
    refused("web", VN_E_USAGE, "KEY=VALUE");
    refused("name=", VN_E_USAGE, "empty name");
    refused("name=web,memory=4G", VN_E_USAGE, "lacks 'vcpus'");
    refused("name=web,vcpus=0,memory=4G", VN_E_USAGE, "lacks 'vcpus'");
    refused("name=web,vcpus=4", VN_E_USAGE, "lacks 'memory'");
    refused("name=web,vcpus=99999,memory=4G", VN_E_RANGE, "vcpus");
    refused("name=web,vcpus=4,memory=4X", VN_E_SYNTAX, "4X");
    refused("name=web,colour=red", VN_E_USAGE, "colour");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_is_there),
        cmocka_unit_test(a_comma_inside_a_value_belongs_to_it),
        cmocka_unit_test(memory_is_a_size_or_a_mode),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
