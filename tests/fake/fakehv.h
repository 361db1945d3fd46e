/* SPDX-License-Identifier: MIT */
#ifndef VN_TESTS_FAKEHV_H
#define VN_TESTS_FAKEHV_H

#include <vnuma/plan.h>

#include "port/hypervisor.h"

/*
 * A host of two nodes (CPUs 0-3 and 4-7) in memory that outlives the process which changes it: plain
 * data in a shared mapping, so that a test forks, has the child killed, and looks. It stores XML as
 * a real host does: written its own way, not as it was given.
 */
enum { FAKE_VMS = 2, FAKE_NODES = 2, FAKE_VCPUS = 4, FAKE_CELLS = 2, FAKE_XML = 8192 };

struct fake_vm {
    bool exists, running, saved; /* saved: off, and can be restored */
    char name[16], uuid[40];
    char stored[FAKE_XML], live[FAKE_XML];
    struct vn_cpuset vcpus[FAKE_VCPUS], emulator, iothread;
    unsigned n_vcpus;
    bool has_iothread;
    uint64_t cell_kib[FAKE_CELLS][FAKE_NODES];
};

/* A host's whole state. */
struct fake_state {
    struct fake_vm vms[FAKE_VMS];
    uint64_t free_kib[FAKE_NODES];
    char balancing[8]; /* the host's one setting, kernel.numa_balancing */
};

struct fake_host {
    struct fake_state state;
    /* how calls fail: from the fail_at-th on (1: the first; 0: none), fail_count of them */
    int calls, fail_at, fail_count;
    int vanish_at; /* the call before which VM 0 is destroyed and undefined */
    int replace_at; /* the call before which VM 0 makes room for another one of its name, pinned to CPU 5 */
};

/* Of one process. */
struct fake {
    struct fake_host *host; /* shared */
    void (*hook)(void *self, const char *point); /* in the middle of a change: "half a move", "saved" */
    void *hook_self;
};

/** fake_new() - db (4 vCPUs, 2 cells, 1 IOThread, its memory on the wrong nodes) and web (2 vCPUs); both float. */
struct fake_host *fake_new(void);
void fake_free(struct fake_host *host);

/**
 * fake_same() - the same for everybody who matters: pins, memory, what runs, stored XML byte for byte.
 * Not the live XML's text: as on a real host, a thread pinned to every CPU has a vcpupin there, a
 * thread that was never pinned has none.
 */
bool fake_same(const struct fake_state *a, const struct fake_state *b);

/** fake_hv() - a door to it; @fake is the caller's. */
struct vn_hypervisor fake_hv(struct fake *fake, struct fake_host *host);

/** fake_plan() - what a planner would say: pins, XML and memory of both VMs. @ret is dropped by the caller. */
void fake_plan(const struct fake_host *host, struct vn_plan *ret);

#endif
