/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <vnuma/units.h>

#include "planner/moves.h"
#include "planner/solve.h"

struct stepper {
    const struct vn_snapshot *snapshot;
    struct vn_plan *plan;
    struct vn_cpuset online;
    bool nomem;
};

static struct vn_step *add_step(struct stepper *s, const struct vn_vm *vm, enum vn_step_kind kind, enum vn_when when,
                                const char *reason)
{
    struct vn_arena *arena = &s->plan->arena;
    struct vn_step *step = vn_arena_grow(arena, &s->plan->steps, &s->plan->n_steps, sizeof *step);

    if (step) {
        *step = (struct vn_step){.kind = kind, .when = when, .cell = -1, .node_to = -1};
        step->vm = vn_arena_strdup(arena, vm->name);
        step->uuid = vn_arena_strdup(arena, vm->uuid ? vm->uuid : "");
        step->reason = vn_arena_strdup(arena, reason);
    }
    if (!step || !step->vm || !step->uuid || !step->reason)
        s->nomem = true;
    return s->nomem ? NULL : step;
}

static void note(struct stepper *s, const char *name, const char *what)
{
    if (plan_note(s->plan, "'%s': %s", name, what) < 0)
        s->nomem = true;
}

/* A pin as it is in effect: libvirt's own view, else the XML's, else every CPU. */
static struct vn_cpuset in_effect(const struct stepper *s, const struct vn_thread *thread, const struct vn_cpuset *xml)
{
    if (thread && (thread->known & VN_THREAD_CONFIGURED))
        return thread->configured;
    return xml && !vn_cpuset_empty(xml) ? *xml : s->online;
}

static bool same_pin(const struct stepper *s, const struct vn_cpuset *a, const struct vn_cpuset *b)
{
    struct vn_cpuset x = *a, y = *b;

    vn_cpuset_and(&x, &s->online);
    vn_cpuset_and(&y, &s->online);
    return vn_cpuset_equal(&x, &y);
}

static const struct vn_thread *thread_of(const struct vn_thread *threads, size_t n, unsigned id)
{
    for (size_t i = 0; i < n; i++)
        if (threads[i].id == id)
            return &threads[i];
    return NULL;
}

static void pin_step(struct stepper *s, const struct vn_vm *vm, enum vn_step_kind kind, unsigned index,
                     const struct vn_cpuset *now, const struct vn_cpuset *to, const char *who)
{
    struct vn_step *step;
    char reason[128];
    int cpu = vn_cpuset_next(to, 0), node = cpu < 0 ? -1 : vn_host_cpu_node(&s->snapshot->host, (unsigned)cpu);

    if (same_pin(s, now, to))
        return;
    (void)snprintf(reason, sizeof reason, "%s runs on CPUs of node %d only", who, node);
    step = add_step(s, vm, kind, VN_WHEN_LIVE, reason);
    if (!step)
        return;
    step->index = index;
    step->cpus_before = *now;
    step->cpus_after = *to;
}

static void vcpu_steps(struct stepper *s, const struct vn_vm *vm, const struct vn_placement *at)
{
    for (unsigned v = 0; v < at->n_vcpus && v < vm->live->vcpus_max; v++) {
        struct vn_cpuset now =
            in_effect(s, thread_of(vm->vcpus, vm->n_vcpus, v), vn_domain_pin(vm->live, v));
        char who[32];

        (void)snprintf(who, sizeof who, "vCPU %u", v);
        pin_step(s, vm, VN_STEP_VCPUPIN, v, &now, &at->vcpupin[v], who);
    }
}

static const struct vn_cpuset *xml_iothreadpin(const struct vn_domain *domain, unsigned id)
{
    for (size_t i = 0; i < domain->n_iothreadpins; i++)
        if (domain->iothreadpins[i].id == id)
            return &domain->iothreadpins[i].cpus;
    return domain->has_vcpu_cpus ? &domain->vcpu_cpus : NULL;
}

static void helper_steps(struct stepper *s, const struct vn_vm *vm, const struct vn_placement *at)
{
    const struct vn_cpuset *xml = vm->live->has_emulatorpin ? &vm->live->emulatorpin
                                  : vm->live->has_vcpu_cpus ? &vm->live->vcpu_cpus
                                                            : NULL;
    struct vn_cpuset now = in_effect(s, &vm->emulator, xml);

    if (at->has_emulatorpin)
        pin_step(s, vm, VN_STEP_EMULATORPIN, 0, &now, &at->emulatorpin, "the emulator");
    for (size_t i = 0; i < at->n_iothreadpins; i++) {
        const struct vn_pin *pin = &at->iothreadpins[i];
        char who[32];

        (void)snprintf(who, sizeof who, "IOThread %u", pin->id);
        now = in_effect(s, thread_of(vm->iothreads, vm->n_iothreads, pin->id), xml_iothreadpin(vm->live, pin->id));
        pin_step(s, vm, VN_STEP_IOTHREADPIN, pin->id, &now, &pin->cpus, who);
    }
}

static void move_step(struct stepper *s, const struct vn_vm *vm, const struct move *move)
{
    struct vn_arena *arena = &s->plan->arena;
    size_t n = s->snapshot->host.n_nodes;
    char reason[160], size[32];
    struct vn_step *step;

    (void)snprintf(reason, sizeof reason, "%s of its memory lies on other nodes than node %d, where its vCPUs run",
                   vn_size_format(move->elsewhere, size, sizeof size), move->node_to);
    step = add_step(s, vm, VN_STEP_MOVE_MEMORY, VN_WHEN_LIVE, reason);
    if (!step)
        return;
    step->cell = move->cell;
    step->node_to = move->node_to;
    step->move_kib = move->elsewhere;
    step->n_kib = n;
    step->kib_before = vn_arena_array(arena, n, sizeof *step->kib_before);
    step->kib_nodes = vn_arena_array(arena, n, sizeof *step->kib_nodes);
    if (!step->kib_before || !step->kib_nodes) {
        s->nomem = true;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        step->kib_before[i] = move->resident[i];
        step->kib_nodes[i] = s->snapshot->host.nodes[i].id;
    }
}

/* The live nodeset: only where libvirt takes one, and never with memnodes. */
static void nodeset_step(struct stepper *s, const struct vn_vm *vm, const struct vn_placement *at)
{
    const struct vn_domain *live = vm->live;
    struct vn_nodeset now = {{0}}, to = {{0}};
    struct vn_step *step;

    if (live->n_memnodes || live->n_cells || at->n_cells != 1 || at->memory_preferred ||
        (live->has_numatune && live->mem_mode != VN_MEM_RESTRICTIVE))
        return;
    vn_nodeset_add(&to, (unsigned)at->cells[0].node);
    for (size_t n = 0; n < s->snapshot->host.n_nodes; n++)
        if (s->snapshot->host.nodes[n].memory_kib)
            vn_nodeset_add(&now, (unsigned)s->snapshot->host.nodes[n].id);
    if (live->has_numatune && !vn_nodeset_empty(&live->mem_nodes))
        now = live->mem_nodes;
    if (vn_nodeset_equal(&now, &to))
        return;
    step = add_step(s, vm, VN_STEP_NODESET, VN_WHEN_LIVE, "new memory comes from the node its vCPUs run on");
    if (step) {
        step->nodes_before = now;
        step->nodes_after = to;
    }
}

static bool same_topology(const struct vn_guest_topology *a, const struct vn_guest_topology *b)
{
    return a->sockets == b->sockets && (a->dies ? a->dies : 1) == (b->dies ? b->dies : 1) && a->cores == b->cores &&
           a->threads == b->threads;
}

static bool new_topology(const struct vn_domain *domain, const struct vn_placement *at)
{
    return at->topology.threads && !same_topology(&domain->topology, &at->topology);
}

/* Is the guest's memory bound as planned already? */
static bool memory_bound(const struct vn_domain *domain, const struct vn_placement *at)
{
    enum vn_mem_mode mode = at->memory_preferred ? VN_MEM_PREFERRED : VN_MEM_STRICT;

    for (size_t c = 0; c < at->n_cells; c++) {
        const struct vn_memnode *memnode = vn_domain_memnode(domain, (unsigned)c);
        const struct vn_nodeset *nodes = memnode ? &memnode->nodes : &domain->mem_nodes;
        enum vn_mem_mode has = memnode ? memnode->mode : domain->mem_mode;

        if ((!memnode && !domain->has_numatune) || vn_nodeset_count(nodes) != 1 ||
            vn_nodeset_next(nodes, 0) != at->cells[c].node)
            return false;
        if (has != mode && !(has == VN_MEM_RESTRICTIVE && mode == VN_MEM_STRICT && at->n_cells == 1))
            return false;
    }
    return true;
}

/* Does the running guest differ in what can change at a start only? */
static bool needs_start(const struct vn_vm *vm, const struct vn_placement *at)
{
    const struct vn_domain *live = vm->live;

    if (!live || new_topology(live, at) || !memory_bound(live, at))
        return true;
    if ((at->hugepage_kib != 0) != (live->hugepage_kib != 0))
        return true;
    return at->n_cells > 1 && live->n_cells != at->n_cells;
}

static void define_step(struct stepper *s, const struct vn_vm *vm, const struct vn_placement *at)
{
    bool later = needs_start(vm, at);
    struct vn_step *step;

    if (!vm->stored_xml)
        return;
    step = add_step(s, vm, VN_STEP_DEFINE, later ? VN_WHEN_NEXT_START : VN_WHEN_LIVE,
                    later ? "the stored configuration gets the placement, for the next start"
                          : "the stored configuration keeps what changes live");
    if (!step)
        return;
    step->xml_before = vn_arena_strdup(&s->plan->arena, vm->stored_xml);
    s->nomem = s->nomem || !step->xml_before;
    if (new_topology(vm->stored ? vm->stored : vm->live, at))
        note(s, vm->name, "the guest's CPU topology changes at its next start");
}

static void live_steps(struct stepper *s, const struct vn_vm *vm, const struct vn_placement *at, struct moves *moves,
                       uint64_t *free_kib)
{
    bool room = moves_order(moves, free_kib, s->snapshot->host.n_nodes);

    vcpu_steps(s, vm, at);
    helper_steps(s, vm, at);
    for (size_t i = 0; i < moves->n && !s->nomem; i++)
        move_step(s, vm, &moves->items[i]);
    if (!room)
        note(s, vm->name,
             "the nodes have too little free memory to move all of it at once: free some, or re-place it with save "
             "and restore");
    if (moves->cannot)
        note(s, vm->name, moves->cannot);
    nodeset_step(s, vm, at);
}

/* A save and restore instead of live steps, where those would have something to do. */
static void restore_step(struct stepper *s, const struct vn_vm *vm, const struct vn_placement *at, struct moves *moves)
{
    size_t n = s->plan->n_steps;
    bool needed;

    vcpu_steps(s, vm, at);
    helper_steps(s, vm, at);
    needed = s->plan->n_steps > n || moves->n || !memory_bound(vm->live, at);
    s->plan->n_steps = n;
    if (moves->cannot)
        note(s, vm->name, moves->cannot);
    if (needed)
        (void)add_step(s, vm, VN_STEP_SAVE_RESTORE, VN_WHEN_LIVE,
                       "the guest is saved and restored with its memory and pins in place; it pauses meanwhile");
}

/* The first VM not done whose moves all find room, else the first not done. */
static size_t next_vm(const struct stepper *s, struct moves *moves, const bool *done, const uint64_t *free_kib,
                      uint64_t *scratch)
{
    size_t n_nodes = s->snapshot->host.n_nodes, first = s->plan->n_vms;

    for (size_t i = 0; i < s->plan->n_vms; i++) {
        if (done[i])
            continue;
        first = first == s->plan->n_vms ? i : first;
        memcpy(scratch, free_kib, n_nodes * sizeof *scratch);
        if (moves_order(&moves[i], scratch, n_nodes))
            return i;
    }
    return first;
}

static void all_steps(struct stepper *s, bool save_restore, struct vn_arena *scratch)
{
    const struct vn_host *host = &s->snapshot->host;
    size_t n = s->plan->n_vms;
    struct moves *moves = vn_arena_array(scratch, n, sizeof *moves);
    bool *done = vn_arena_array(scratch, n, sizeof *done);
    uint64_t *free_kib = vn_arena_array(scratch, host->n_nodes, sizeof *free_kib);
    uint64_t *tried = vn_arena_array(scratch, host->n_nodes, sizeof *tried);

    s->nomem = !moves || !done || !free_kib || !tried;
    for (size_t i = 0; !s->nomem && i < host->n_nodes; i++)
        free_kib[i] = host->nodes[i].free_kib + host->nodes[i].cache_kib;
    for (size_t i = 0; !s->nomem && i < n; i++) {
        const struct vn_vm *vm = vn_snapshot_vm(s->snapshot, s->plan->vms[i].name);

        done[i] = !vm; /* a new VM: nothing to change yet */
        s->nomem = vm && moves_of(s->snapshot, vm, &s->plan->vms[i], scratch, &moves[i]) < 0;
    }
    for (size_t at; !s->nomem && (at = next_vm(s, moves, done, free_kib, tried)) < n;) {
        const struct vn_vm *vm = vn_snapshot_vm(s->snapshot, s->plan->vms[at].name);

        done[at] = true;
        define_step(s, vm, &s->plan->vms[at]);
        if (vm->live && save_restore)
            restore_step(s, vm, &s->plan->vms[at], &moves[at]);
        else if (vm->live)
            live_steps(s, vm, &s->plan->vms[at], &moves[at], free_kib);
    }
}

int vn_planner_steps(const struct vn_snapshot *snapshot, bool save_restore, struct vn_plan *plan, struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct stepper s = {.snapshot = snapshot, .plan = plan};

    vn_host_online(&snapshot->host, &s.online);
    plan->steps = NULL;
    plan->n_steps = 0;
    all_steps(&s, save_restore, &scratch);
    return s.nomem ? vn_nomem(err) : 0;
}
