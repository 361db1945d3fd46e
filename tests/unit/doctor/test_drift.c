/* SPDX-License-Identifier: MIT */
/* Each rule on a guest of two cells that is as it should be but for one thing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <vnuma/doctor.h>

/* Two nodes of four CPUs; "db" has vCPUs 0,1 on node 0 and 2,3 on node 1; cells of 1000000 KiB. */
struct world {
    struct vn_node nodes[2];
    struct vn_thread vcpus[4], iothread;
    struct vn_pin pins[4], stored_pins[4], iopin;
    struct vn_cell cells[2];
    struct vn_memnode memnodes[2];
    struct vn_domain live, stored;
    struct vn_vm vm;
    struct vn_setting setting;
    uint64_t node_kib[2], cell_kib[4];
    struct vn_snapshot snapshot;
    struct vn_findings findings;
    char name[32];
};

static void set(struct vn_cpuset *cpus, const char *text)
{
    assert_int_equal(vn_cpuset_parse(text, cpus, NULL), 0);
}

static void thread(struct vn_thread *at, unsigned id, const char *cpus)
{
    *at = (struct vn_thread){.id = id, .online = true, .tid = 4001 + (int)id, .cpu = -1};
    at->known = VN_THREAD_CONFIGURED | VN_THREAD_ALLOWED | VN_THREAD_CGROUP;
    set(&at->configured, cpus);
    at->allowed = at->cgroup = at->configured;
}

static void fill_domain(struct world *w, struct vn_domain *domain, struct vn_pin *pins)
{
    *domain = (struct vn_domain){.name = w->name, .vcpus_max = 4, .vcpus = 4, .memory_kib = 2000};
    domain->cells = w->cells;
    domain->n_cells = 2;
    domain->vcpupins = pins;
    domain->n_vcpupins = 4;
    domain->has_emulatorpin = true;
    set(&domain->emulatorpin, "3");
    domain->iothreadpins = &w->iopin;
    domain->n_iothreadpins = 1;
}

static void fill_cells(struct world *w)
{
    for (unsigned c = 0; c < 2; c++) {
        w->cells[c] = (struct vn_cell){.id = c, .memory_kib = 1000000};
        vn_cpuset_add_range(&w->cells[c].vcpus, 2 * c, 2 * c + 1);
        w->memnodes[c] = (struct vn_memnode){.cell = c, .mode = VN_MEM_STRICT};
        vn_nodeset_add(&w->memnodes[c].nodes, c);
        w->nodes[c] = (struct vn_node){.id = (int)c, .memory_kib = 100000000, .free_kib = 50000000};
        vn_cpuset_add_range(&w->nodes[c].cpus, 4 * c, 4 * c + 3);
    }
}

static int setup(void **state)
{
    static const char *const cpus[] = {"0", "1", "4", "5"};
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    strcpy(w->name, "db");
    fill_cells(w);
    for (unsigned i = 0; i < 4; i++) {
        thread(&w->vcpus[i], i, cpus[i]);
        w->pins[i] = w->stored_pins[i] = (struct vn_pin){.id = i, .cpus = w->vcpus[i].configured};
    }
    thread(&w->iothread, 1, "2");
    w->iopin = (struct vn_pin){.id = 1, .cpus = w->iothread.configured};
    fill_domain(w, &w->live, w->pins);
    fill_domain(w, &w->stored, w->stored_pins);
    w->cell_kib[0] = w->cell_kib[3] = w->node_kib[0] = w->node_kib[1] = 1000000;
    w->vm = (struct vn_vm){.name = w->name, .uuid = w->name, .state = VN_VM_RUNNING, .pid = 4000, .live = &w->live,
                           .stored = &w->stored, .vcpus = w->vcpus, .n_vcpus = 4, .iothreads = &w->iothread,
                           .n_iothreads = 1, .mem_method = VN_MEM_NUMA_MAPS, .node_kib = w->node_kib,
                           .cell_kib = w->cell_kib};
    thread(&w->vm.emulator, 0, "3");
    w->snapshot.host.nodes = w->nodes;
    w->snapshot.host.n_nodes = 2;
    w->snapshot.vms = &w->vm;
    w->snapshot.n_vms = 1;
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    vn_findings_drop(&w->findings);
    free(w);
    return 0;
}

static void look(struct world *w, double min_local)
{
    struct vn_drift_opts opts = {.min_local_pct = min_local};

    vn_findings_drop(&w->findings);
    assert_int_equal(vn_doctor_drift(&w->snapshot, &w->vm, &opts, &w->findings, NULL), 0);
}

/* The only finding, which is of @rule about @subject. */
static const struct vn_finding *only(struct world *w, const char *rule, const char *subject)
{
    look(w, 0);
    if (w->findings.count != 1)
        for (size_t i = 0; i < w->findings.count; i++)
            print_message("%s: %s\n", w->findings.items[i].rule, w->findings.items[i].subject);
    assert_int_equal(w->findings.count, 1);
    assert_string_equal(w->findings.items[0].rule, rule);
    assert_string_equal(w->findings.items[0].subject, subject);
    return w->findings.items;
}

static const char *evidence(const struct vn_finding *finding, const char *what)
{
    for (size_t i = 0; i < finding->n_evidence; i++)
        if (!strcmp(finding->evidence[i].what, what))
            return finding->evidence[i].value;
    fail_msg("no evidence '%s'", what);
    return NULL;
}

static void all_is_well(void **state)
{
    struct world *w = *state;

    look(w, 0);
    assert_int_equal(w->findings.count, 0);
    assert_true(vn_vm_local_pct(&w->snapshot, &w->vm) > 99.9);
    assert_int_equal(vn_cell_home(&w->snapshot, &w->vm, 0), 0);
    assert_int_equal(vn_cell_home(&w->snapshot, &w->vm, 1), 1);
}

static void stored_pin(void **state)
{
    struct world *w = *state;
    const struct vn_finding *f;

    set(&w->stored_pins[2].cpus, "6");
    f = only(w, "pin-stored", "db vCPU 2");
    assert_int_equal(f->severity, VN_SEV_WARNING);
    assert_string_equal(evidence(f, "stored pin"), "6");
    assert_string_equal(evidence(f, "live pin"), "4");
    assert_string_equal(f->fix, "vnuma apply db");
}

static void libvirt_pin(void **state)
{
    struct world *w = *state;
    const struct vn_finding *f;

    set(&w->pins[2].cpus, "6");
    f = only(w, "pin-libvirt", "db vCPU 2");
    assert_string_equal(f->fix, "virsh vcpupin db 2 6 --live");
}

/* virsh setvcpus: the new one has no pin in either configuration, and everybody agrees that it floats */
static void plugged_vcpu(void **state)
{
    struct world *w = *state;
    const struct vn_finding *f;

    w->live.n_vcpupins = w->stored.n_vcpupins = 3;
    thread(&w->vcpus[3], 3, "0-7");
    f = only(w, "vcpu-floats", "db vCPU 3");
    assert_int_equal(f->severity, VN_SEV_WARNING);
    assert_string_equal(evidence(f, "live pin"), "no pin");
    assert_string_equal(evidence(f, "pinned vCPUs"), "0-2");
    assert_string_equal(evidence(f, "Cpus_allowed_list"), "0-7");
    assert_string_equal(f->fix, "vnuma apply db");
    w->vcpus[3].online = false; /* pinned or not, it runs nowhere */
    look(w, 0);
    assert_int_equal(w->findings.count, 0);
}

/* a guest whose vCPUs all float is not drift: nobody said otherwise */
static void floating_guest(void **state)
{
    struct world *w = *state;

    w->live.n_vcpupins = w->stored.n_vcpupins = 0;
    for (unsigned i = 0; i < 4; i++)
        thread(&w->vcpus[i], i, "0-7");
    look(w, 0);
    assert_int_equal(w->findings.count, 0);
}

static void kernel_pin(void **state)
{
    struct world *w = *state;
    const struct vn_finding *f;

    set(&w->vcpus[3].allowed, "4-7,100");
    f = only(w, "pin-kernel", "db vCPU 3");
    assert_int_equal(f->severity, VN_SEV_ERROR);
    assert_string_equal(evidence(f, "Cpus_allowed_list"), "4-7,100");
    assert_string_equal(f->evidence[1].source, "/proc/4000/task/4004/status");
    assert_string_equal(f->fix, "virsh vcpupin db 3 5 --live");
    /* offline CPUs in the mask are no difference */
    set(&w->vcpus[3].allowed, "5,100");
    look(w, 0);
    assert_int_equal(w->findings.count, 0);
}

/* systemctl set-property machine.slice AllowedCPUs=0-1: virsh does not see it */
static void silent_drift(void **state)
{
    struct world *w = *state;

    set(&w->vcpus[3].allowed, "0-1");
    set(&w->vcpus[3].cgroup, "0-1");
    look(w, 0);
    assert_int_equal(w->findings.count, 2);
    assert_string_equal(w->findings.items[0].rule, "pin-kernel");
    assert_string_equal(w->findings.items[1].rule, "pin-cpuset");
    assert_string_equal(evidence(&w->findings.items[1], "CPUs of its cpuset"), "0-1");
    /* named: an empty value would not reach the kernel */
    assert_string_equal(w->findings.items[0].fix, "systemctl set-property --runtime machine.slice AllowedCPUs=0-7");
    assert_string_equal(w->findings.items[1].fix, w->findings.items[0].fix);
}

static void emulator_and_iothread(void **state)
{
    struct world *w = *state;

    set(&w->vm.emulator.allowed, "0-7");
    assert_string_equal(only(w, "emulator-kernel", "db emulator")->fix, "virsh emulatorpin db 3 --live");
    w->vm.emulator.allowed = w->vm.emulator.configured;
    set(&w->iothread.allowed, "0-7");
    assert_string_equal(only(w, "iothread-kernel", "db IOThread 1")->fix, "virsh iothreadpin db 1 2 --live");
}

static void what_is_not_pinned_is_not_judged_by_its_pin(void **state)
{
    struct world *w = *state;

    set(&w->vcpus[3].allowed, "0-1");
    w->vcpus[3].online = false;
    look(w, 0);
    assert_int_equal(w->findings.count, 0);
    w->vcpus[3].online = true;
    /* not pinned at all: isolcpus or a slice may well narrow it */
    set(&w->vcpus[3].configured, "0-100");
    w->live.n_vcpupins = w->stored.n_vcpupins = 3;
    w->live.memnodes = w->memnodes;
    w->live.n_memnodes = 2;
    w->live.has_numatune = true;
    (void)only(w, "vcpu-floats", "db vCPU 3");
}

static void memory_away(void **state)
{
    struct world *w = *state;
    const struct vn_finding *f;

    w->cell_kib[2] = 60000;
    w->cell_kib[3] = 940000;
    f = only(w, "memory-away", "db cell 1");
    assert_string_equal(evidence(f, "resident on node 0"), "60000 KiB");
    assert_string_equal(evidence(f, "resident on node 1"), "940000 KiB");
    assert_string_equal(evidence(f, "local"), "94.0 %");
    assert_string_equal(evidence(f, "should be on nodes"), "1");
    assert_string_equal(f->evidence[3].source, "/proc/4000/numa_maps");
    assert_string_equal(f->fix, "vnuma apply db");
    look(w, 94);
    assert_int_equal(w->findings.count, 0);
    assert_true(vn_vm_local_pct(&w->snapshot, &w->vm) == 97.0);
}

/* What 'plan' would not move is no drift either, or the remedy would do nothing. */
static void a_little_memory_away_is_churn(void **state)
{
    struct world *w = *state;

    w->cell_kib[2] = VN_CHURN_KIB;
    w->cell_kib[3] = 8000;
    look(w, 0);
    assert_int_equal(w->findings.count, 0);
    w->cell_kib[2] = VN_CHURN_KIB + 4;
    (void)only(w, "memory-away", "db cell 1");
}

/* Memory was moved to where the stored XML says; QEMU was started elsewhere. */
static void the_stored_nodes_count_where_its_pins_are_in_force(void **state)
{
    struct world *w = *state;
    struct vn_memnode other[2];

    memcpy(other, w->memnodes, sizeof other);
    other[0].nodes = w->memnodes[1].nodes;
    w->live.memnodes = other;
    w->stored.memnodes = w->memnodes;
    w->live.n_memnodes = w->stored.n_memnodes = 2;
    assert_int_equal(vn_cell_home(&w->snapshot, &w->vm, 0), 0);
    set(&w->stored_pins[0].cpus, "7");
    assert_int_equal(vn_cell_home(&w->snapshot, &w->vm, 0), 1);
}

static void a_guest_without_a_place_has_no_home(void **state)
{
    struct world *w = *state;

    w->live.n_vcpupins = w->stored.n_vcpupins = 0;
    for (unsigned i = 0; i < 4; i++)
        w->vcpus[i].known = 0;
    assert_int_equal(vn_cell_home(&w->snapshot, &w->vm, 0), -1);
    assert_true(vn_vm_local_pct(&w->snapshot, &w->vm) < 0);
}

static void cells_that_cannot_be_told_apart(void **state)
{
    struct world *w = *state;
    const struct vn_finding *f;

    w->vm.cell_kib = NULL;
    w->vm.mem_method = VN_MEM_NUMA_STAT;
    look(w, 0);
    assert_int_equal(w->findings.count, 0);
    w->node_kib[0] = 2000000; /* no more than 1000000 of them can be cell 0's */
    w->node_kib[1] = 0;
    f = only(w, "memory-away", "db memory");
    assert_string_equal(evidence(f, "local"), "at most 50.0 %");
    assert_true(vn_vm_local_pct(&w->snapshot, &w->vm) < 0);
}

static void what_was_not_read_is_said(void **state)
{
    struct world *w = *state;
    static char why[] = "the host is remote";
    const struct vn_finding *f;

    w->vcpus[1].known = w->vcpus[2].known = VN_THREAD_CONFIGURED | VN_THREAD_CGROUP;
    f = only(w, "unchecked", "db");
    assert_int_equal(f->severity, VN_SEV_INFO);
    assert_string_equal(evidence(f, "not read"), "vCPUs 1-2");
    w->vm.mem_method = VN_MEM_UNREAD;
    look(w, 0);
    assert_int_equal(w->findings.count, 2);
    w->vm.unread = why;
    assert_string_equal(evidence(only(w, "unchecked", "db"), "not read"), why);
}

static void a_bare_qemu(void **state)
{
    struct world *w = *state;
    static char why[] = "its threads bear no names", uri[] = "qemu-proc:";
    const struct vn_finding *f;

    w->snapshot.uri = uri;
    w->vm.stored = NULL;
    w->vm.unread = why;
    f = only(w, "unchecked", "db");
    assert_null(strstr(f->why, "libvirt"));
    assert_string_equal(evidence(f, "not read"), why);
    w->vm.unread = NULL;
    w->live.n_vcpupins = 3; /* vCPU 3 floats, as one that was plugged without a pin */
    set(&w->vcpus[3].configured, "0-7");
    w->vcpus[3].allowed = w->vcpus[3].cgroup = w->vcpus[3].configured;
    f = only(w, "vcpu-floats", "db vCPU 3");
    assert_string_equal(f->fix, "vnuma -c qemu-proc: apply db");
    for (size_t i = 0; i < f->n_evidence; i++)
        assert_string_not_equal(f->evidence[i].source, "live XML");
}

static void a_bare_qemu_that_somebody_pinned_elsewhere(void **state)
{
    struct world *w = *state;
    static char uri[] = "qemu-proc:";
    const struct vn_finding *f;

    w->snapshot.uri = uri;
    w->vm.stored = NULL;
    set(&w->vcpus[1].allowed, "5"); /* the journal says what is in configured */
    set(&w->pins[1].cpus, "5");     /* and the live XML is made of what the kernel says */
    f = only(w, "pin-kernel", "db vCPU 1");
    assert_null(strstr(f->why, "libvirt"));
    assert_string_equal(f->fix, "taskset -cp 1 4002");
    assert_string_equal(evidence(f, "pin that was applied"), "1");
    assert_string_equal(evidence(f, "Cpus_allowed_list"), "5");
    set(&w->vcpus[1].cgroup, "5");
    look(w, 0);
    assert_int_equal(w->findings.count, 2);
    for (size_t i = 0; i < w->findings.count; i++)
        assert_null(strstr(w->findings.items[i].fix, "machine.slice"));
}

static void a_guest_that_is_off(void **state)
{
    struct world *w = *state;

    w->vm.state = VN_VM_SHUTOFF;
    w->vm.live = NULL;
    w->vm.n_vcpus = w->vm.n_iothreads = 0;
    assert_string_equal(evidence(only(w, "unchecked", "db"), "state"), "shut off");
    assert_true(vn_vm_local_pct(&w->snapshot, &w->vm) < 0);
    assert_int_equal(vn_cell_home(&w->snapshot, &w->vm, 1), 1);
}

static void names_are_quoted_in_commands(void **state)
{
    struct world *w = *state;

    strcpy(w->name, "it's; rm");
    set(&w->pins[0].cpus, "2");
    assert_string_equal(only(w, "pin-libvirt", "it's; rm vCPU 0")->fix, "virsh vcpupin 'it'\\''s; rm' 0 2 --live");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_is_well),
        TEST(stored_pin),
        TEST(libvirt_pin),
        TEST(plugged_vcpu),
        TEST(floating_guest),
        TEST(kernel_pin),
        TEST(silent_drift),
        TEST(emulator_and_iothread),
        TEST(what_is_not_pinned_is_not_judged_by_its_pin),
        TEST(memory_away),
        TEST(a_little_memory_away_is_churn),
        TEST(the_stored_nodes_count_where_its_pins_are_in_force),
        TEST(a_guest_without_a_place_has_no_home),
        TEST(cells_that_cannot_be_told_apart),
        TEST(what_was_not_read_is_said),
        TEST(a_bare_qemu),
        TEST(a_bare_qemu_that_somebody_pinned_elsewhere),
        TEST(a_guest_that_is_off),
        TEST(names_are_quoted_in_commands),
    };

    return cmocka_run_group_tests_name("drift", tests, NULL, NULL);
}
