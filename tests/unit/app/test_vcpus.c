/* SPDX-License-Identifier: MIT */
/* Where a vCPU that is about to be plugged belongs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/vcpus.h"

enum { VCPUS = 4 };

/* Two nodes of two cores with two threads: node 0 has CPUs 0-3 (cores 0,1 and 2,3), node 1 has 4-7. */
struct world {
    struct vn_snapshot snapshot;
    struct vn_node nodes[2];
    struct vn_cpuset cores[4];
    struct vn_vm vms[2];
    struct vn_domain domains[2];
    struct vn_thread threads[2][VCPUS];
    struct vn_pin pins[2];
    struct vn_cell cells[2];
};

static struct vn_cpuset cpus(const char *text)
{
    struct vn_cpuset set;

    assert_int_equal(vn_cpuset_parse(text, &set, NULL), 0);
    return set;
}

static void fill(struct world *w)
{
    static char names[2][4] = {"db", "web"};

    memset(w, 0, sizeof *w);
    for (int i = 0; i < 2; i++) {
        w->nodes[i] = (struct vn_node){.id = i, .cpus = cpus(i ? "4-7" : "0-3"), .memory_kib = 1024};
        w->domains[i] = (struct vn_domain){.name = names[i], .vcpus_max = VCPUS, .vcpus = 2, .memory_kib = 1024};
        w->vms[i] = (struct vn_vm){.name = names[i], .state = VN_VM_RUNNING, .live = &w->domains[i],
                                   .vcpus = w->threads[i], .n_vcpus = VCPUS};
        for (unsigned v = 0; v < VCPUS; v++)
            w->threads[i][v] = (struct vn_thread){.id = v, .online = v < 2};
    }
    for (unsigned c = 0; c < 4; c++)
        vn_cpuset_add_range(&w->cores[c], c * 2, c * 2 + 1);
    w->snapshot.host = (struct vn_host){.nodes = w->nodes, .n_nodes = 2, .cores = w->cores, .n_cores = 4};
    w->snapshot.vms = w->vms;
    w->snapshot.n_vms = 2;
}

static void pin(struct world *w, int vm, unsigned vcpu, const char *text)
{
    w->threads[vm][vcpu].configured = cpus(text);
    w->threads[vm][vcpu].known = VN_THREAD_CONFIGURED;
}

/* "2: 3 (node 0)" for each vCPU that comes. */
static void assert_new(const struct world *w, unsigned count, const char *want)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_new_vcpu *fresh = NULL;
    char text[256] = "", set[VN_SET_TEXT];
    size_t n = 0;

    assert_int_equal(vn_new_vcpus(&w->snapshot, &w->vms[0], count, &arena, &fresh, &n, NULL), 0);
    for (size_t i = 0; i < n; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s%u: %s", i ? "; " : "", fresh[i].vcpu,
                       vn_cpuset_format(&fresh[i].cpus, set, sizeof set));
    assert_string_equal(text, want);
}

static void a_cpu_of_its_own(void **state)
{
    struct world w;

    (void)state;
    fill(&w);
    pin(&w, 0, 0, "0");
    pin(&w, 0, 1, "2");
    assert_new(&w, 3, "2: 1"); /* a sibling of its own */
    assert_new(&w, 4, "2: 1; 3: 3");
    pin(&w, 1, 0, "1"); /* somebody else's */
    assert_new(&w, 3, "2: 3");
    w.snapshot.host.reserved = cpus("3");
    assert_new(&w, 3, "2: 0-3"); /* nothing is left: it floats over the node */
}

static void with_those_that_float(void **state)
{
    struct world w;

    (void)state;
    fill(&w);
    pin(&w, 0, 0, "4-7");
    pin(&w, 0, 1, "4-7");
    assert_new(&w, 3, "2: 4-7");
    fill(&w);
    assert_new(&w, 3, "2: 0-7"); /* nobody is pinned */
}

static void its_own_pin_stays(void **state)
{
    struct world w;

    (void)state;
    fill(&w);
    pin(&w, 0, 0, "0");
    pin(&w, 0, 1, "2");
    w.pins[0] = (struct vn_pin){2, cpus("6")};
    w.domains[0].vcpupins = w.pins;
    w.domains[0].n_vcpupins = 1;
    assert_new(&w, 4, "2: 6; 3: 1");
}

static void on_the_node_of_its_cell(void **state)
{
    struct world w;

    (void)state;
    fill(&w);
    w.cells[0] = (struct vn_cell){0, cpus("0,2"), 512};
    w.cells[1] = (struct vn_cell){1, cpus("1,3"), 512};
    w.domains[0].cells = w.cells;
    w.domains[0].n_cells = 2;
    pin(&w, 0, 0, "0");
    pin(&w, 0, 1, "6");
    assert_new(&w, 4, "2: 1; 3: 7");
    assert_new(&w, 2, "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cpu_of_its_own),
        cmocka_unit_test(with_those_that_float),
        cmocka_unit_test(its_own_pin_stays),
        cmocka_unit_test(on_the_node_of_its_cell),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
