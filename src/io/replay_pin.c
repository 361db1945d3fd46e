/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "codec/domxml.h"
#include "io/replay.h"

int vn_replay_vm(const struct vn_snapshot *state, const char *name, struct vn_vm **ret, struct vn_err *err)
{
    *ret = vn_snapshot_vm(state, name);
    if (!*ret)
        return VN_FAIL(err, VN_E_ABSENT, .got = name, .cause = "no such VM on the captured host",
                       .fix = "See 'vnuma vm' for the names.");
    return 0;
}

int vn_replay_running(const struct vn_snapshot *state, const char *name, struct vn_vm **ret, struct vn_err *err)
{
    int r = vn_replay_vm(state, name, ret, err);

    if (r < 0)
        return r;
    if (!vn_vm_runs(*ret) || !(*ret)->live_xml || !(*ret)->live)
        return VN_FAIL(err, VN_E_REFUSED, .got = name, .cause = "the VM is not running",
                       .fix = "Start it, or change the stored configuration only.");
    return 0;
}

int vn_replay_check_cpus(const struct vn_snapshot *state, const struct vn_cpuset *cpus, struct vn_err *err)
{
    struct vn_cpuset online, missing = *cpus;

    if (vn_cpuset_empty(cpus))
        return vn_failf(err, VN_E_REFUSED, "Name at least one CPU.", "a pin to no CPU at all");
    vn_host_online(&state->host, &online);
    vn_cpuset_sub(&missing, &online);
    if (!vn_cpuset_empty(&missing))
        return vn_failf(err, VN_E_REFUSED, "Name CPUs that are online; see 'vnuma host'.",
                        "invalid argument: CPU %d is not online on this host", vn_cpuset_next(&missing, 0));
    return 0;
}

int vn_replay_check_nodes(const struct vn_snapshot *state, const struct vn_nodeset *nodes, struct vn_err *err)
{
    if (vn_nodeset_empty(nodes))
        return vn_failf(err, VN_E_REFUSED, "Name at least one node.", "memory on no node at all");
    VN_NODESET_EACH(node, nodes) {
        int at = vn_host_node_index(&state->host, node);

        if (at < 0 || !state->host.nodes[at].memory_kib)
            return vn_failf(err, VN_E_REFUSED, "Name nodes that have memory; see 'vnuma host'.",
                            at < 0 ? "the host has no node %d" : "node %d has no memory", node);
    }
    return 0;
}

int vn_replay_new_xml(struct vn_snapshot *state, const char *text, char **xml, struct vn_domain **domain,
                      struct vn_err *err)
{
    struct vn_domain *parsed = vn_arena_alloc(&state->arena, sizeof *parsed);
    char *copy = vn_arena_strdup(&state->arena, text);
    int r;

    if (!parsed || !copy)
        return vn_nomem(err);
    r = vn_domxml_parse(copy, strlen(copy), &state->arena, parsed, err);
    if (r < 0)
        return r;
    *xml = copy;
    *domain = parsed;
    return 0;
}

void vn_replay_repin(struct vn_thread *thread, const struct vn_cpuset *cpus)
{
    thread->configured = *cpus;
    thread->known |= VN_THREAD_CONFIGURED;
    if (!thread->online) /* the pin waits for the vCPU to be plugged; there is no thread yet */
        return;
    if (thread->known & VN_THREAD_ALLOWED)
        thread->allowed = *cpus;
    if (thread->known & VN_THREAD_CGROUP)
        thread->cgroup = *cpus;
    if (thread->cpu >= 0 && !vn_cpuset_has(cpus, (unsigned)thread->cpu))
        thread->cpu = vn_cpuset_next(cpus, 0);
}

static struct vn_thread *thread_of(struct vn_vm *vm, enum vn_step_kind kind, unsigned index)
{
    if (kind == VN_STEP_EMULATORPIN)
        return &vm->emulator;
    if (kind == VN_STEP_VCPUPIN)
        return index < vm->n_vcpus ? &vm->vcpus[index] : NULL;
    for (size_t i = 0; i < vm->n_iothreads; i++)
        if (vm->iothreads[i].id == index)
            return &vm->iothreads[i];
    return NULL;
}

static int no_thread(const struct vn_vm *vm, enum vn_step_kind kind, unsigned index, struct vn_err *err)
{
    return vn_failf(err, VN_E_REFUSED, "See 'vnuma vm' for what it has.", "VM '%s' has no %s %u", vm->name,
                    kind == VN_STEP_VCPUPIN ? "vCPU" : "IOThread", index);
}

static int pin_live(struct vn_snapshot *state, struct vn_vm *vm, enum vn_step_kind kind, unsigned index,
                    const struct vn_cpuset *cpus, struct vn_err *err)
{
    struct vn_thread *thread = thread_of(vm, kind, index);
    VN_AUTO(vn_buf) text = {0};
    int r;

    if (!thread)
        return no_thread(vm, kind, index, err);
    r = vn_domxml_set_pin(vm->live_xml, strlen(vm->live_xml), kind, index, cpus, &text, err);
    if (r == 0)
        r = vn_replay_new_xml(state, vn_buf_text(&text), &vm->live_xml, &vm->live, err);
    if (r == 0)
        vn_replay_repin(thread, cpus);
    return r;
}

static int stored_of(const struct vn_vm *vm, struct vn_err *err)
{
    if (!vm->stored_xml || !vm->stored)
        return vn_failf(err, VN_E_REFUSED, "Change the running VM only.",
                        "VM '%s' is transient: it has no stored configuration", vm->name);
    return 0;
}

static bool stored_has(const struct vn_domain *domain, enum vn_step_kind kind, unsigned index)
{
    if (kind == VN_STEP_VCPUPIN)
        return index < domain->vcpus_max;
    for (unsigned i = 0; kind == VN_STEP_IOTHREADPIN && i < domain->n_iothreads; i++)
        if (domain->iothread_ids[i] == index)
            return true;
    return kind == VN_STEP_EMULATORPIN;
}

static int pin_stored(struct vn_snapshot *state, struct vn_vm *vm, enum vn_step_kind kind, unsigned index,
                      const struct vn_cpuset *cpus, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    int r = stored_of(vm, err);

    if (r < 0)
        return r;
    if (!stored_has(vm->stored, kind, index))
        return no_thread(vm, kind, index, err);
    r = vn_domxml_set_pin(vm->stored_xml, strlen(vm->stored_xml), kind, index, cpus, &text, err);
    return r < 0 ? r : vn_replay_new_xml(state, vn_buf_text(&text), &vm->stored_xml, &vm->stored, err);
}

static int check_scope(unsigned scope, struct vn_err *err)
{
    if (!(scope & (VN_SCOPE_LIVE | VN_SCOPE_CONFIG)))
        return vn_failf(err, VN_E_USAGE, "Use --live, --config or both.", "neither the running VM nor what is stored");
    return 0;
}

int vn_replay_pin(struct vn_snapshot *state, const char *name, enum vn_step_kind kind, unsigned index,
                  const struct vn_cpuset *cpus, unsigned scope, struct vn_err *err)
{
    struct vn_vm *vm;
    int r = check_scope(scope, err);

    if (r == 0)
        r = scope & VN_SCOPE_LIVE ? vn_replay_running(state, name, &vm, err) : vn_replay_vm(state, name, &vm, err);
    if (r == 0)
        r = vn_replay_check_cpus(state, cpus, err);
    if (r == 0 && scope & VN_SCOPE_LIVE)
        r = pin_live(state, vm, kind, index, cpus, err);
    if (r == 0 && scope & VN_SCOPE_CONFIG)
        r = pin_stored(state, vm, kind, index, cpus, err);
    return r;
}

/* libvirt takes a nodeset for a running VM with mode restrictive, or with no numatune at all (then it
 * is strict from there on). With memnode, one thread's cpuset would drag the whole process along. */
static int check_live_nodeset(const struct vn_domain *live, struct vn_err *err)
{
    if (live->n_memnodes)
        return vn_failf(err, VN_E_REFUSED, "Re-place the VM by save and restore ('--via save-restore').",
                        "the nodes of a running VM with memnode cannot be changed");
    if (live->has_numatune && live->mem_mode != VN_MEM_RESTRICTIVE)
        return vn_failf(err, VN_E_REFUSED, "Re-place the VM by save and restore ('--via save-restore').",
                        "changing the nodes of a running VM needs memory mode 'restrictive', and it has '%s'",
                        vn_mem_mode_name(live->mem_mode));
    return 0;
}

static int put_nodeset(struct vn_snapshot *state, const struct vn_nodeset *nodes, char **xml,
                       struct vn_domain **domain, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    int r = vn_domxml_set_nodeset(*xml, strlen(*xml), nodes, &text, err);

    return r < 0 ? r : vn_replay_new_xml(state, vn_buf_text(&text), xml, domain, err);
}

int vn_replay_nodeset(struct vn_snapshot *state, const char *name, const struct vn_nodeset *nodes, unsigned scope,
                      struct vn_err *err)
{
    struct vn_vm *vm;
    int r = check_scope(scope, err);

    if (r == 0)
        r = scope & VN_SCOPE_LIVE ? vn_replay_running(state, name, &vm, err) : vn_replay_vm(state, name, &vm, err);
    if (r == 0)
        r = vn_replay_check_nodes(state, nodes, err);
    if (r == 0 && scope & VN_SCOPE_LIVE)
        r = check_live_nodeset(vm->live, err);
    if (r == 0 && scope & VN_SCOPE_LIVE)
        r = put_nodeset(state, nodes, &vm->live_xml, &vm->live, err);
    if (r == 0 && scope & VN_SCOPE_LIVE)
        vn_replay_gather(state, vm, nodes);
    if (r == 0 && scope & VN_SCOPE_CONFIG)
        r = stored_of(vm, err);
    if (r == 0 && scope & VN_SCOPE_CONFIG)
        r = put_nodeset(state, nodes, &vm->stored_xml, &vm->stored, err);
    return r;
}
