/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <vnuma/finding.h>
#include <vnuma/plan.h>
#include <vnuma/problem.h>
#include <vnuma/snapshot.h>

static struct vn_domain stored, live;

static void make(struct vn_snapshot *snapshot)
{
    static const char *const names[] = {"db", "u-2", "web"};

    memset(&stored, 0, sizeof stored);
    memset(&live, 0, sizeof live);
    *snapshot = (struct vn_snapshot){.n_vms = 3};
    snapshot->vms = vn_arena_array(&snapshot->arena, 3, sizeof *snapshot->vms);
    assert_non_null(snapshot->vms);
    for (size_t i = 0; i < 3; i++) {
        snapshot->vms[i].name = vn_arena_strdup(&snapshot->arena, names[i]);
        snapshot->vms[i].uuid = vn_arena_printf(&snapshot->arena, "u-%zu", i);
    }
    snapshot->vms[0].stored = &stored;
    snapshot->vms[0].live = &live;
    snapshot->vms[2].stored = &stored;
}

static void a_vm_by_name_then_uuid(void **state)
{
    VN_AUTO(vn_snapshot) snapshot = {0};

    (void)state;
    make(&snapshot);
    assert_ptr_equal(vn_snapshot_vm(&snapshot, "web"), &snapshot.vms[2]);
    assert_ptr_equal(vn_snapshot_vm(&snapshot, "u-1"), &snapshot.vms[1]);
    assert_ptr_equal(vn_snapshot_vm(&snapshot, "u-2"), &snapshot.vms[1]); /* a name comes before a UUID */
    assert_ptr_equal(vn_snapshot_vm(&snapshot, "u-0"), &snapshot.vms[0]);
    assert_null(vn_snapshot_vm(&snapshot, "DB"));
    assert_ptr_equal(vn_vm_domain(&snapshot.vms[0]), &live);
    assert_ptr_equal(vn_vm_domain(&snapshot.vms[2]), &stored);
    assert_null(vn_vm_domain(&snapshot.vms[1]));
}

static void metadata_overrules_the_file(void **state)
{
    VN_AUTO(vn_snapshot) snapshot = {0};
    VN_AUTO(vn_policy) policy = {0};

    (void)state;
    make(&snapshot);
    vn_cpuset_add(&snapshot.host.shared, 9);
    assert_int_equal(vn_vm_policy_set(&policy.arena, &policy.defaults, "threads", "isolate", NULL), 0);
    assert_int_equal(vn_vm_policy_set(&policy.arena, &policy.defaults, "policy", "shared", NULL), 0);
    assert_int_equal(vn_vm_policy_set(&snapshot.arena, &live.policy, "policy", "dedicated", NULL), 0);
    policy.has_reserved = true;
    vn_cpuset_add(&policy.reserved, 0);
    vn_snapshot_set_policy(&snapshot, &policy);
    assert_int_equal(snapshot.vms[0].policy.policy, VN_CPU_DEDICATED);
    assert_int_equal(snapshot.vms[0].policy.threads, VN_THREADS_ISOLATE);
    assert_int_equal(snapshot.vms[1].policy.policy, VN_CPU_SHARED);
    assert_true(vn_cpuset_has(&snapshot.host.reserved, 0));
    assert_true(vn_cpuset_has(&snapshot.host.shared, 9)); /* the file does not name any */
}

static void pins_and_memnodes(void **state)
{
    struct vn_pin pins[2] = {{.id = 1}, {.id = 3}};
    struct vn_memnode memnodes[1] = {{.cell = 2}};
    struct vn_domain domain = {.vcpupins = pins, .n_vcpupins = 2, .memnodes = memnodes, .n_memnodes = 1};

    (void)state;
    assert_ptr_equal(vn_domain_pin(&domain, 3), &pins[1].cpus);
    assert_null(vn_domain_pin(&domain, 0));
    domain.has_vcpu_cpus = true;
    assert_ptr_equal(vn_domain_pin(&domain, 0), &domain.vcpu_cpus);
    assert_ptr_equal(vn_domain_memnode(&domain, 2), memnodes);
    assert_null(vn_domain_memnode(&domain, 0));
}

static void cells_and_states(void **state)
{
    struct vn_cell cells[2] = {{.id = 0}, {.id = 1}};
    struct vn_domain domain = {.cells = cells, .n_cells = 2};
    struct vn_vm vm = {.state = VN_VM_SHUTOFF};

    (void)state;
    vn_cpuset_add(&cells[0].vcpus, 0);
    vn_cpuset_add(&cells[1].vcpus, 1);
    assert_int_equal(vn_domain_cell_of(&domain, 0), 0);
    assert_int_equal(vn_domain_cell_of(&domain, 1), 1);
    assert_int_equal(vn_domain_cell_of(&domain, 2), -1);
    for (int i = VN_VM_SHUTOFF; i <= VN_VM_OTHER; i++) {
        vm.state = (enum vn_vm_state)i;
        assert_int_equal(vn_vm_runs(&vm), vm.state == VN_VM_RUNNING || vm.state == VN_VM_PAUSED);
    }
}

static void names_go_both_ways(void **state)
{
    (void)state;
    for (int i = VN_VM_SHUTOFF; i <= VN_VM_OTHER; i++)
        assert_int_equal(vn_vm_state_parse(vn_vm_state_name((enum vn_vm_state)i)), i);
    for (int i = VN_MEM_DEFAULT; i <= VN_MEM_RESTRICTIVE; i++)
        assert_int_equal(vn_mem_mode_parse(vn_mem_mode_name((enum vn_mem_mode)i)), i);
    for (int i = VN_STEP_DEFINE; i <= VN_STEP_SAVE_RESTORE; i++)
        assert_int_equal(vn_step_kind_parse(vn_step_kind_name((enum vn_step_kind)i)), i);
    assert_int_equal(vn_vm_state_parse("on"), -1);
    assert_int_equal(vn_mem_mode_parse(""), -1);
    assert_int_equal(vn_step_kind_parse("pin"), -1);
    assert_string_equal(vn_resource_name(VN_RES_SHARED_CPUS), "shared cpus");
    assert_string_equal(vn_resource_name(VN_RES_MOVED), "moved");
    assert_string_equal(vn_severity_name(VN_SEV_ERROR), "error");
}

static void findings_keep_copies(void **state)
{
    VN_AUTO(vn_findings) findings = {0};
    char subject[] = "db vCPU 3";
    struct vn_finding *finding;

    (void)state;
    finding = vn_findings_add(&findings, "pin-lost", VN_SEV_ERROR, subject, "why", NULL);
    assert_non_null(finding);
    assert_int_equal(vn_finding_evidence(&findings, finding, "configured", subject, "libvirt"), 0);
    assert_int_equal(vn_finding_evidence(&findings, finding, "allowed", "0-1", "status"), 0);
    subject[0] = 'X';
    assert_int_equal(findings.count, 1);
    assert_string_equal(findings.items[0].subject, "db vCPU 3");
    assert_string_equal(findings.items[0].fix, "");
    assert_int_equal(findings.items[0].n_evidence, 2);
    assert_string_equal(findings.items[0].evidence[0].value, "db vCPU 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vm_by_name_then_uuid), cmocka_unit_test(metadata_overrules_the_file),
        cmocka_unit_test(pins_and_memnodes),      cmocka_unit_test(cells_and_states),
        cmocka_unit_test(names_go_both_ways),
        cmocka_unit_test(findings_keep_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
