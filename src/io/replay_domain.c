/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "codec/domxml.h"
#include "io/replay.h"

/* ---- define ---- */

static int by_name(const void *a, const void *b)
{
    const struct vn_vm *left = a, *right = b;

    return strcmp(left->name, right->name);
}

static int add_vm(struct vn_snapshot *state, char *xml, struct vn_domain *domain, struct vn_err *err)
{
    struct vn_vm *vm = vn_arena_grow(&state->arena, &state->vms, &state->n_vms, sizeof *vm);

    if (!vm)
        return vn_nomem(err);
    memset(vm, 0, sizeof *vm);
    vm->name = domain->name;
    vm->uuid = domain->uuid;
    vm->state = VN_VM_SHUTOFF;
    vm->stored_xml = xml;
    vm->stored = domain;
    vm->policy = domain->policy;
    qsort(state->vms, state->n_vms, sizeof *state->vms, by_name);
    return 0;
}

int vn_replay_define(struct vn_snapshot *state, const char *xml, struct vn_err *err)
{
    struct vn_domain *domain;
    struct vn_vm *vm;
    char *copy;
    int r = vn_replay_new_xml(state, xml, &copy, &domain, err);

    if (r < 0)
        return vn_err_ctx(err, r, "the captured host does not take the XML");
    if (!domain->name || !domain->name[0] || !domain->uuid || !domain->uuid[0])
        return vn_failf(err, VN_E_REFUSED, "Give the domain both <name> and <uuid>.", "a domain XML without its %s",
                        domain->name && domain->name[0] ? "UUID" : "name");
    for (size_t i = 0; i < state->n_vms; i++) {
        vm = &state->vms[i];
        if (!strcmp(vm->name, domain->name) != !strcmp(vm->uuid, domain->uuid))
            return vn_failf(err, VN_E_REFUSED, "Use the name and the UUID of one VM.",
                            "VM '%s' is there with UUID %s, and the XML says '%s' with %s", vm->name, vm->uuid,
                            domain->name, domain->uuid);
    }
    vm = vn_snapshot_vm(state, domain->name);
    if (!vm)
        return add_vm(state, copy, domain, err);
    vm->stored_xml = copy;
    vm->stored = domain;
    if (!vm->live)
        vn_vm_policy_merge(&vm->policy, &domain->policy);
    return 0;
}

/* ---- save and restore ---- */

/* What the guest sees must stay as it is: it goes on running. */
static const char *guest_change(const struct vn_domain *was, const struct vn_domain *now)
{
    if (strcmp(was->name, now->name) != 0 || strcmp(was->uuid, now->uuid) != 0)
        return "name or UUID";
    if (was->vcpus_max != now->vcpus_max || was->vcpus != now->vcpus)
        return "number of vCPUs";
    if (was->memory_kib != now->memory_kib)
        return "memory size";
    if (was->n_cells != now->n_cells)
        return "number of NUMA cells";
    for (size_t i = 0; i < was->n_cells; i++)
        if (was->cells[i].id != now->cells[i].id || was->cells[i].memory_kib != now->cells[i].memory_kib ||
            !vn_cpuset_equal(&was->cells[i].vcpus, &now->cells[i].vcpus))
            return "NUMA cells";
    if (memcmp(&was->topology, &now->topology, sizeof was->topology) != 0)
        return "CPU topology";
    if (was->n_iothreads != now->n_iothreads)
        return "number of IOThreads";
    return NULL;
}

/* Where the pages of a cell (-1: of no cell) have to be; NULL: nowhere in particular. */
static const struct vn_nodeset *strict_nodes(const struct vn_domain *domain, int cell)
{
    const struct vn_memnode *memnode = cell < 0 ? NULL : vn_domain_memnode(domain, domain->cells[cell].id);

    if (memnode)
        return memnode->mode == VN_MEM_STRICT ? &memnode->nodes : NULL;
    if (domain->has_numatune && !domain->mem_auto &&
        (domain->mem_mode == VN_MEM_STRICT || domain->mem_mode == VN_MEM_RESTRICTIVE) &&
        !vn_nodeset_empty(&domain->mem_nodes))
        return &domain->mem_nodes;
    return NULL;
}

/* The guest's pages are all given back, and taken again where the new XML wants them. */
struct refill {
    struct vn_snapshot *state;
    struct vn_vm *vm;
    const struct vn_domain *now;
    uint64_t *kib; /* [(cell + 1) * nodes + node]; row 0: pages of no cell */
    size_t n_nodes, n_rows;
};

static int collect(struct refill *refill, struct vn_err *err)
{
    struct vn_vm *vm = refill->vm;

    refill->n_nodes = refill->state->host.n_nodes;
    refill->n_rows = (vm->cell_kib ? vm->live->n_cells : 0) + 1;
    refill->kib = vn_arena_array(&refill->state->arena, refill->n_rows * refill->n_nodes, sizeof *refill->kib);
    if (!refill->kib)
        return vn_nomem(err);
    for (size_t row = 0; row < refill->n_rows; row++)
        for (size_t node = 0; node < refill->n_nodes; node++)
            refill->kib[row * refill->n_nodes + node] = vn_replay_resident(refill->state, vm, (int)row - 1, node);
    for (size_t node = 0; node < refill->n_nodes; node++)
        vn_replay_take(refill->state, vm, node, -(int64_t)vm->node_kib[node]);
    return 0;
}

/* One row onto its nodes, as much as fits on each in turn. */
static int fill_row(struct refill *refill, size_t row, const struct vn_nodeset *nodes, struct vn_err *err)
{
    uint64_t *kib = refill->kib + row * refill->n_nodes, need = 0, room = 0;
    char text[64];

    for (size_t node = 0; node < refill->n_nodes; node++) {
        need += kib[node];
        kib[node] = 0;
    }
    for (size_t node = 0; node < refill->n_nodes; node++) {
        uint64_t here = vn_replay_room(refill->state, refill->vm, node);

        if (!vn_nodeset_has(nodes, (unsigned)refill->state->host.nodes[node].id))
            continue;
        room += here;
        kib[node] = here < need ? here : need;
        need -= kib[node];
        vn_replay_take(refill->state, refill->vm, node, (int64_t)kib[node]);
    }
    if (!need)
        return 0;
    return vn_failf(err, VN_E_REFUSED, "Free memory there first; the VM runs on as it was.",
                    "the memory of VM '%s' does not fit on node %s: %" PRIu64 " KiB are free, %" PRIu64
                    " KiB are missing",
                    refill->vm->name, vn_nodeset_format(nodes, text, sizeof text), room, need);
}

/* Rows that must be somewhere go first; the others stay where they were. */
static int refill_all(struct refill *refill, struct vn_err *err)
{
    for (size_t row = 0; row < refill->n_rows; row++) {
        const struct vn_nodeset *nodes = strict_nodes(refill->now, (int)row - 1);
        int r = nodes ? fill_row(refill, row, nodes, err) : 0;

        if (r < 0)
            return r;
    }
    for (size_t row = 0; row < refill->n_rows; row++)
        for (size_t node = 0; !strict_nodes(refill->now, (int)row - 1) && node < refill->n_nodes; node++)
            vn_replay_take(refill->state, refill->vm, node, (int64_t)refill->kib[row * refill->n_nodes + node]);
    memset(refill->vm->node_kib, 0, refill->n_nodes * sizeof *refill->vm->node_kib);
    for (size_t row = 0; row < refill->n_rows; row++) {
        for (size_t node = 0; node < refill->n_nodes; node++) {
            uint64_t kib = refill->kib[row * refill->n_nodes + node];

            refill->vm->node_kib[node] += kib;
            if (row)
                refill->vm->cell_kib[(row - 1) * refill->n_nodes + node] = kib;
        }
    }
    return 0;
}

/* A thread with no pin of its own may run on every CPU that is online, but for <vcpu cpuset=>. */
static void repin_all(struct vn_vm *vm, const struct vn_domain *now, const struct vn_cpuset *online)
{
    const struct vn_cpuset *other = now->has_vcpu_cpus ? &now->vcpu_cpus : online;

    for (size_t i = 0; i < vm->n_vcpus; i++) {
        const struct vn_cpuset *pin = vn_domain_pin(now, vm->vcpus[i].id);

        vn_replay_repin(&vm->vcpus[i], pin ? pin : online);
    }
    vn_replay_repin(&vm->emulator, now->has_emulatorpin ? &now->emulatorpin : other);
    for (size_t i = 0; i < vm->n_iothreads; i++) {
        const struct vn_cpuset *pin = other;

        for (size_t p = 0; p < now->n_iothreadpins; p++)
            if (now->iothreadpins[p].id == vm->iothreads[i].id)
                pin = &now->iothreadpins[p].cpus;
        vn_replay_repin(&vm->iothreads[i], pin);
    }
}

static int check_places(const struct vn_snapshot *state, const struct vn_domain *now, struct vn_err *err)
{
    int r = 0;

    for (size_t i = 0; i < now->n_vcpupins && r == 0; i++)
        r = vn_replay_check_cpus(state, &now->vcpupins[i].cpus, err);
    for (size_t i = 0; i < now->n_iothreadpins && r == 0; i++)
        r = vn_replay_check_cpus(state, &now->iothreadpins[i].cpus, err);
    if (r == 0 && now->has_emulatorpin)
        r = vn_replay_check_cpus(state, &now->emulatorpin, err);
    if (r == 0 && now->has_vcpu_cpus)
        r = vn_replay_check_cpus(state, &now->vcpu_cpus, err);
    if (r == 0 && now->has_numatune && !vn_nodeset_empty(&now->mem_nodes))
        r = vn_replay_check_nodes(state, &now->mem_nodes, err);
    for (size_t i = 0; i < now->n_memnodes && r == 0; i++)
        r = vn_replay_check_nodes(state, &now->memnodes[i].nodes, err);
    return r;
}

int vn_replay_restore(struct vn_snapshot *state, const char *name, const char *xml, struct vn_err *err)
{
    struct refill refill = {.state = state};
    struct vn_domain *now;
    struct vn_cpuset online;
    const char *change;
    char *copy;
    int r = vn_replay_running(state, name, &refill.vm, err);

    if (r == 0)
        r = vn_replay_new_xml(state, xml, &copy, &now, err);
    if (r < 0)
        return r;
    change = guest_change(refill.vm->live, now);
    if (change)
        return vn_failf(err, VN_E_REFUSED, "Only pins and numatune may change over save and restore.",
                        "the guest of VM '%s' would see another %s", name, change);
    r = check_places(state, now, err);
    refill.now = now;
    if (r == 0 && refill.vm->node_kib)
        r = collect(&refill, err);
    if (r == 0 && refill.vm->node_kib)
        r = refill_all(&refill, err);
    if (r < 0)
        return r;
    vn_host_online(&state->host, &online);
    repin_all(refill.vm, now, &online);
    refill.vm->live_xml = copy;
    refill.vm->live = now;
    return 0;
}
