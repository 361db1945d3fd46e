/* SPDX-License-Identifier: MIT */
/* Where vCPUs that are about to be plugged belong. Pure. */
#include "app/vcpus.h"

#include <vnuma/doctor.h>

struct search {
    const struct vn_snapshot *snapshot;
    const struct vn_vm *vm;
    struct vn_cpuset online, taken; /* taken: pinned to one vCPU, of whatever VM; or set aside */
};

/* A pin to exactly one CPU takes it. Of VMs that were not read in depth the XML says so. */
static void take_pins(const struct vn_vm *vm, struct vn_cpuset *taken)
{
    for (unsigned i = 0; i < vm->live->vcpus_max; i++) {
        bool known = i < vm->n_vcpus && vm->vcpus[i].known & VN_THREAD_CONFIGURED;
        const struct vn_cpuset *pin = known ? &vm->vcpus[i].configured : vn_domain_pin(vm->live, i);

        if (pin && vn_cpuset_count(pin) == 1)
            vn_cpuset_or(taken, pin);
    }
}

/* How the plugged vCPUs of a cell (-1: of the guest) are pinned. */
struct others {
    bool any, single;       /* single: each to one CPU */
    struct vn_cpuset cpus;  /* all their CPUs */
};

static struct others others_of(const struct search *s, int cell)
{
    struct others found = {.single = true};

    for (size_t i = 0; i < s->vm->n_vcpus; i++) {
        const struct vn_thread *vcpu = &s->vm->vcpus[i];

        if (!vcpu->online || !(vcpu->known & VN_THREAD_CONFIGURED) ||
            (cell >= 0 && vn_domain_cell_of(s->vm->live, vcpu->id) != cell))
            continue;
        found.any = true;
        found.single = found.single && vn_cpuset_count(&vcpu->configured) == 1;
        vn_cpuset_or(&found.cpus, &vcpu->configured);
    }
    return found;
}

/* The CPUs of a node (-1: of those nodes that the others are on). */
static struct vn_cpuset home_cpus(const struct search *s, int node, const struct others *others)
{
    const struct vn_host *host = &s->snapshot->host;
    struct vn_cpuset cpus = {{0}};
    struct vn_nodeset nodes = {{0}};

    if (node < 0)
        vn_host_nodes_of(host, &others->cpus, &nodes);
    for (size_t i = 0; i < host->n_nodes; i++)
        if (host->nodes[i].id == node || (node < 0 && vn_nodeset_has(&nodes, (unsigned)host->nodes[i].id)))
            vn_cpuset_or(&cpus, &host->nodes[i].cpus);
    return cpus;
}

/* 0: beside one of the guest's own; 1: a core of nobody's; 2: beside somebody else. */
static int rank(const struct search *s, const struct vn_cpuset *own, unsigned cpu)
{
    struct vn_cpuset core;

    vn_host_core(&s->snapshot->host, cpu, &core);
    if (vn_cpuset_intersects(&core, own))
        return 0;
    return vn_cpuset_intersects(&core, &s->taken) ? 2 : 1;
}

/* The best CPU of @home that nobody has; -1: none. */
static int free_cpu(const struct search *s, const struct vn_cpuset *home, const struct vn_cpuset *own)
{
    int best = -1, best_rank = 3;

    VN_CPUSET_EACH (cpu, home) {
        int at;

        if (vn_cpuset_has(&s->taken, (unsigned)cpu))
            continue;
        at = rank(s, own, (unsigned)cpu);
        if (at < best_rank) {
            best_rank = at;
            best = cpu;
        }
    }
    return best;
}

static void place(struct search *s, struct vn_new_vcpu *new)
{
    struct others others = others_of(s, new->cell);
    struct vn_cpuset home;
    int cpu;

    if (!others.any)
        others = others_of(s, -1);
    if (others.any && !others.single) { /* they float: it floats with them */
        new->cpus = others.cpus;
        return;
    }
    home = home_cpus(s, new->node, &others);
    cpu = others.any ? free_cpu(s, &home, &others.cpus) : -1;
    if (cpu >= 0) {
        vn_cpuset_add(&new->cpus, (unsigned)cpu);
        vn_cpuset_add(&s->taken, (unsigned)cpu);
        return;
    }
    new->cpus = vn_cpuset_empty(&home) ? s->online : home;
}

static void start(const struct vn_snapshot *snapshot, const struct vn_vm *vm, struct search *ret)
{
    *ret = (struct search){.snapshot = snapshot, .vm = vm};
    vn_host_online(&snapshot->host, &ret->online);
    vn_cpuset_or(&ret->taken, &snapshot->host.reserved);
    vn_cpuset_or(&ret->taken, &snapshot->host.shared);
    for (size_t i = 0; i < snapshot->n_vms; i++)
        if (snapshot->vms[i].live && vn_vm_runs(&snapshot->vms[i]))
            take_pins(&snapshot->vms[i], &ret->taken);
}

int vn_new_vcpus(const struct vn_snapshot *snapshot, const struct vn_vm *vm, unsigned count, struct vn_arena *arena,
                 struct vn_new_vcpu **ret, size_t *ret_count, struct vn_err *err)
{
    struct vn_new_vcpu *items = NULL, *at;
    struct search search;
    unsigned plugged = 0;
    size_t n = 0;

    start(snapshot, vm, &search);
    for (size_t i = 0; i < vm->n_vcpus; i++)
        plugged += vm->vcpus[i].online;
    for (size_t i = 0; i < vm->n_vcpus && plugged < count; i++) {
        const struct vn_cpuset *pin = vn_domain_pin(vm->live, vm->vcpus[i].id);

        if (vm->vcpus[i].online)
            continue;
        at = vn_arena_grow(arena, &items, &n, sizeof *at);
        if (!at)
            return vn_nomem(err);
        *at = (struct vn_new_vcpu){.vcpu = vm->vcpus[i].id, .cell = vn_domain_cell_of(vm->live, vm->vcpus[i].id)};
        at->node = vn_cell_home(snapshot, vm, at->cell < 0 ? 0 : (unsigned)at->cell);
        at->pinned_already = pin != NULL;
        if (pin)
            at->cpus = *pin;
        else
            place(&search, at);
        plugged++;
    }
    *ret = items;
    *ret_count = n;
    return 0;
}
