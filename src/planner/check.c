/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "planner/check.h"

/*
 * The rules of a problem, looked at from the plan's side. On purpose nothing of the search is used
 * here: the host's own sets are asked, one rule a function.
 */

int checker_broken(struct checker *c, const char *fmt, ...)
{
    struct vn_check *found = c->found;
    struct vn_broken *at = vn_arena_grow(&found->arena, &found->broken, &found->n_broken, sizeof *at);
    char text[384];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (at) {
        at->rule = c->rule;
        at->vm = vn_arena_strdup(&found->arena, c->vm);
        at->what = vn_arena_strdup(&found->arena, text);
    }
    c->no_memory = c->no_memory || !at || !at->what || (c->vm && !at->vm);
    return -VN_E_REFUSED;
}

const struct vn_request *checker_request(const struct checker *c, const struct vn_placement *at)
{
    for (size_t i = 0; i < c->problem->n_vms; i++)
        if (!strcmp(c->problem->vms[i].name, at->name))
            return &c->problem->vms[i];
    return NULL;
}

static const struct vn_node *node_of(const struct checker *c, int id)
{
    int at = vn_host_node_index(c->host, id);

    return at < 0 ? NULL : &c->host->nodes[at];
}

/* CPUs of the core that are switched on. */
static struct vn_cpuset core_of(const struct checker *c, unsigned cpu)
{
    struct vn_cpuset core;

    vn_host_core(c->host, cpu, &core);
    vn_cpuset_and(&core, &c->online);
    return core;
}

static int check_cells(struct checker *c, const struct vn_request *vm, const struct vn_placement *at)
{
    struct vn_cpuset seen = {{0}};
    struct vn_nodeset nodes = {{0}};
    uint64_t memory_kib = 0;

    if (!at->n_cells)
        return BROKEN(c, "VM '%s' has no cells", at->name);
    for (size_t i = 0; i < at->n_cells; i++) {
        const struct vn_placed_cell *cell = &at->cells[i];

        if (cell->cell != i)
            return BROKEN(c, "VM '%s': cell %u stands in place %zu", at->name, cell->cell, i);
        if (!node_of(c, cell->node))
            return BROKEN(c, "VM '%s': cell %zu is on node %d, which the host has not", at->name, i, cell->node);
        if (vn_nodeset_has(&nodes, (unsigned)cell->node))
            return BROKEN(c, "VM '%s': two cells share node %d", at->name, cell->node);
        if (vn_cpuset_intersects(&seen, &cell->vcpus))
            return BROKEN(c, "VM '%s': a vCPU is in two cells", at->name);
        vn_nodeset_add(&nodes, (unsigned)cell->node);
        vn_cpuset_or(&seen, &cell->vcpus);
        memory_kib += cell->memory_kib;
    }
    if (at->n_vcpus != vm->vcpus || vn_cpuset_count(&seen) != vm->vcpus || vn_cpuset_last(&seen) != (int)vm->vcpus - 1)
        return BROKEN(c, "VM '%s': its cells do not have its %u vCPUs", at->name, vm->vcpus);
    if (memory_kib != vm->memory_kib)
        return BROKEN(c, "VM '%s': its cells have %" PRIu64 " KiB instead of %" PRIu64, at->name, memory_kib,
                      vm->memory_kib);
    return 0;
}

/* The cells asked for are the cells there are. */
static int check_spec(struct checker *c, const struct vn_request *vm, const struct vn_placement *at)
{
    const struct vn_cells_spec *spec = &vm->policy.cells;
    unsigned least = UINT32_MAX, most = 0;

    for (size_t i = 0; i < at->n_cells; i++) {
        unsigned n = vn_cpuset_count(&at->cells[i].vcpus);

        least = n < least ? n : least;
        most = n > most ? n : most;
        if (spec->kind == VN_CELLS_LIST &&
            (i >= spec->n_list || n != spec->list[i].vcpus || at->cells[i].memory_kib != spec->list[i].memory_kib))
            return BROKEN(c, "VM '%s': cell %zu is not of the size asked for", at->name, i);
        if (spec->kind == VN_CELLS_LIST && vm->cell_vcpus && !vn_cpuset_equal(&vm->cell_vcpus[i], &at->cells[i].vcpus))
            return BROKEN(c, "VM '%s': cell %zu has other vCPUs than the guest's", at->name, i);
    }
    if (spec->kind == VN_CELLS_LIST && at->n_cells != spec->n_list)
        return BROKEN(c, "VM '%s' has %zu cells instead of %zu", at->name, at->n_cells, spec->n_list);
    if (spec->kind == VN_CELLS_NUMBER && (at->n_cells != spec->number || most - least > 1))
        return BROKEN(c, "VM '%s' has not %u cells as equal as can be", at->name, spec->number);
    return 0;
}

/* A CPU that becomes a VM's own. */
static int take(struct checker *c, const struct vn_placement *at, unsigned cpu, const char *who)
{
    if (!vn_cpuset_has(&c->online, cpu))
        return BROKEN(c, "VM '%s': %s is on CPU %u, which is not online", at->name, who, cpu);
    if (vn_cpuset_has(&c->host->reserved, cpu))
        return BROKEN(c, "VM '%s': %s is on CPU %u, which is reserved for the host", at->name, who, cpu);
    if (vn_cpuset_has(&c->host->shared, cpu))
        return BROKEN(c, "VM '%s': %s is on CPU %u, which is for floating guests", at->name, who, cpu);
    if (vn_cpuset_has(&c->taken, cpu))
        return BROKEN(c, "VM '%s': %s is on CPU %u, which somebody else has", at->name, who, cpu);
    vn_cpuset_add(&c->taken, cpu);
    return 0;
}

/* Whole cores for require and isolate; what they leave of them is blocked. */
static int check_threads(struct checker *c, const struct vn_request *vm, const struct vn_placement *at,
                         const struct vn_cpuset *mine, const struct vn_cpuset *unfree)
{
    unsigned partly = 0;
    struct vn_cpuset seen = {{0}};

    if (vm->policy.threads == VN_THREADS_PREFER)
        return 0;
    VN_CPUSET_EACH(cpu, mine) {
        struct vn_cpuset core = core_of(c, (unsigned)cpu), used;

        if (vn_cpuset_has(&seen, (unsigned)cpu))
            continue;
        vn_cpuset_or(&seen, &core);
        if (vn_cpuset_intersects(&core, unfree))
            return BROKEN(c, "VM '%s' asks for whole cores, but that of CPU %d is not free as a whole", at->name, cpu);
        used = core;
        vn_cpuset_and(&used, mine);
        if (vm->policy.threads == VN_THREADS_ISOLATE && vn_cpuset_count(&used) != 1)
            return BROKEN(c, "VM '%s' asks for one vCPU a core, but the core of CPU %d has more", at->name, cpu);
        partly += !vn_cpuset_equal(&used, &core);
        vn_cpuset_sub(&core, &used);
        vn_cpuset_or(&c->blocked, &core);
    }
    if (vm->policy.threads == VN_THREADS_REQUIRE && partly > 1)
        return BROKEN(c, "VM '%s' asks for whole cores, but a cell has %u that are partly used", at->name, partly);
    return 0;
}

static int check_dedicated(struct checker *c, const struct vn_request *vm, const struct vn_placement *at)
{
    if (vm->policy.policy != VN_CPU_DEDICATED)
        return 0;
    for (size_t i = 0; i < at->n_cells; i++) {
        const struct vn_node *node = node_of(c, at->cells[i].node);
        struct vn_cpuset mine = {{0}}, unfree = c->taken;
        int r;

        vn_cpuset_or(&unfree, &c->blocked);
        vn_cpuset_or(&unfree, &c->host->reserved);
        vn_cpuset_or(&unfree, &c->host->shared);
        VN_CPUSET_EACH(vcpu, &at->cells[i].vcpus) {
            int cpu = vn_cpuset_next(&at->vcpupin[vcpu], 0);
            char who[32];

            (void)snprintf(who, sizeof who, "vCPU %d", vcpu);
            if (vn_cpuset_count(&at->vcpupin[vcpu]) != 1)
                return BROKEN(c, "VM '%s' is dedicated, but its vCPU %d has not one CPU", at->name, vcpu);
            if (!vn_cpuset_has(&node->cpus, (unsigned)cpu))
                return BROKEN(c, "VM '%s': vCPU %d is on CPU %d, not of its cell's node %d", at->name, vcpu, cpu,
                              node->id);
            r = take(c, at, (unsigned)cpu, who);
            if (r < 0)
                return r;
            vn_cpuset_add(&mine, (unsigned)cpu);
        }
        r = check_threads(c, vm, at, &mine, &unfree);
        if (r < 0)
            return r;
    }
    return 0;
}

/* After every dedicated VM: what floating ones may use. */
static int check_shared(struct checker *c, const struct vn_request *vm, const struct vn_placement *at)
{
    struct vn_cpuset may = vn_cpuset_empty(&c->host->shared) ? c->online : c->host->shared;

    if (vm->policy.policy != VN_CPU_SHARED)
        return 0;
    vn_cpuset_sub(&may, &c->host->reserved);
    vn_cpuset_sub(&may, &c->host->isolated);
    vn_cpuset_sub(&may, &c->taken);
    vn_cpuset_sub(&may, &c->blocked);
    for (size_t i = 0; i < at->n_cells; i++) {
        struct vn_cpuset here = may;

        vn_cpuset_and(&here, &node_of(c, at->cells[i].node)->cpus);
        VN_CPUSET_EACH(vcpu, &at->cells[i].vcpus)
            if (vn_cpuset_empty(&at->vcpupin[vcpu]) || !vn_cpuset_subset(&at->vcpupin[vcpu], &here))
                return BROKEN(c, "VM '%s': vCPU %d floats over other CPUs than node %d has for that", at->name, vcpu,
                              at->cells[i].node);
    }
    return 0;
}

/* Floating vCPUs of the plan against the CPUs they share. */
static void check_overcommit(struct checker *c, const struct vn_node *node)
{
    struct vn_cpuset pool = {{0}};
    double demand = 0;

    for (size_t v = 0; v < c->plan->n_vms; v++) {
        const struct vn_placement *at = &c->plan->vms[v];
        const struct vn_request *vm = checker_request(c, at);

        for (size_t i = 0; i < at->n_cells && at->policy == VN_CPU_SHARED; i++) {
            if (at->cells[i].node != node->id)
                continue;
            VN_CPUSET_EACH(vcpu, &at->cells[i].vcpus)
                vn_cpuset_or(&pool, &at->vcpupin[vcpu]);
            demand += vn_cpuset_count(&at->cells[i].vcpus) /
                      (vm->policy.overcommit > 0 ? vm->policy.overcommit : 1.0);
        }
    }
    if (demand > vn_cpuset_count(&pool) + 1e-6)
        (void)BROKEN(c, "node %d: floating vCPUs are promised %.2f CPUs of %u", node->id, demand,
                     vn_cpuset_count(&pool));
}

static int check_emulator(struct checker *c, const struct vn_request *vm, const struct vn_placement *at)
{
    const struct vn_cpuset *pin = &at->emulatorpin;
    struct vn_cpuset own = {{0}};

    for (size_t v = 0; v < at->n_vcpus; v++)
        vn_cpuset_or(&own, &at->vcpupin[v]);
    if (!at->has_emulatorpin || vn_cpuset_empty(pin) || !vn_cpuset_subset(pin, &c->online))
        return BROKEN(c, "VM '%s': its emulator has no CPUs, or some that are not online", at->name);
    for (size_t i = 0; i < at->n_iothreadpins; i++)
        if (vn_cpuset_empty(&at->iothreadpins[i].cpus) || !vn_cpuset_subset(&at->iothreadpins[i].cpus, &c->online))
            return BROKEN(c, "VM '%s': its IOThread %u has no CPUs, or some that are not online", at->name,
                          at->iothreadpins[i].id);
    if (vm->policy.emulator.kind == VN_EMULATOR_SHARE && !vn_cpuset_subset(pin, &own))
        return BROKEN(c, "VM '%s': its emulator is on CPUs that are not the VM's", at->name);
    if (vm->policy.emulator.kind == VN_EMULATOR_CPUSET && !vn_cpuset_equal(pin, &vm->policy.emulator.cpus))
        return BROKEN(c, "VM '%s': its emulator is on other CPUs than asked for", at->name);
    if (vm->policy.emulator.kind != VN_EMULATOR_ISOLATE)
        return 0;
    if (vn_cpuset_count(pin) != 1 || !vn_cpuset_subset(pin, &node_of(c, at->cells[0].node)->cpus))
        return BROKEN(c, "VM '%s': its emulator has not one CPU of cell 0's node", at->name);
    return take(c, at, (unsigned)vn_cpuset_next(pin, 0), "the emulator");
}

static const struct vn_placement *planned(const struct checker *c, const struct vn_request *vm)
{
    return vm->movable ? vn_plan_vm(c->plan, vm->name) : NULL;
}

/* VMs that stay: their single-CPU pins are taken. */
static void take_staying(struct checker *c)
{
    for (size_t i = 0; i < c->problem->n_vms; i++) {
        const struct vn_request *vm = &c->problem->vms[i];

        if (planned(c, vm) || !vm->placed)
            continue;
        for (size_t v = 0; v < vm->placed->n_vcpus && vm->policy.policy == VN_CPU_DEDICATED; v++) {
            struct vn_cpuset core;

            if (vn_cpuset_count(&vm->placed->vcpupin[v]) != 1)
                continue;
            vn_cpuset_or(&c->taken, &vm->placed->vcpupin[v]);
            core = core_of(c, (unsigned)vn_cpuset_next(&vm->placed->vcpupin[v], 0));
            if (vm->policy.threads != VN_THREADS_PREFER)
                vn_cpuset_or(&c->blocked, &core);
        }
        if (vm->policy.emulator.kind == VN_EMULATOR_ISOLATE && vm->placed->has_emulatorpin &&
            vn_cpuset_count(&vm->placed->emulatorpin) == 1)
            vn_cpuset_or(&c->taken, &vm->placed->emulatorpin);
    }
    vn_cpuset_sub(&c->blocked, &c->taken);
}

/* What the movable VMs' memory now on a node gives back: KiB, or pages of that size. */
static uint64_t released(const struct checker *c, size_t node, uint64_t page_kib)
{
    const struct vn_node *at = &c->host->nodes[node];
    const struct vn_hugepool *pool = vn_node_pool(at, page_kib);
    uint64_t sum = 0;

    for (size_t i = 0; i < c->problem->n_vms; i++) {
        const struct vn_request *vm = &c->problem->vms[i];
        uint64_t here = vm->resident_kib ? vm->resident_kib[node] : 0;

        if (!planned(c, vm) || (vm->placed ? vm->placed->hugepage_kib : 0) != page_kib)
            continue;
        for (size_t k = 0; !vm->resident_kib && vm->placed && k < vm->placed->n_cells; k++)
            here += vm->placed->cells[k].node == at->id ? vm->placed->cells[k].memory_kib : 0;
        sum += page_kib ? here / page_kib : here;
    }
    if (page_kib && sum > (pool ? pool->total - pool->free : 0))
        sum = pool ? pool->total - pool->free : 0;
    return sum;
}

/* Memory of one page size: each node holds what is strictly its own, all nodes hold everything. */
static void check_memory(struct checker *c, uint64_t page_kib)
{
    uint64_t all_need = 0, all_has = 0;
    int r = 0;

    for (size_t n = 0; n < c->host->n_nodes; n++) {
        const struct vn_node *node = &c->host->nodes[n];
        const struct vn_hugepool *pool = vn_node_pool(node, page_kib);
        uint64_t has = (page_kib ? (pool ? pool->free : 0) : node->free_kib) + released(c, n, page_kib), need = 0;

        for (size_t v = 0; v < c->plan->n_vms; v++) {
            const struct vn_placement *at = &c->plan->vms[v];

            for (size_t i = 0; i < at->n_cells && at->hugepage_kib == page_kib; i++) {
                uint64_t kib = at->cells[i].memory_kib, amount = page_kib ? (kib + page_kib - 1) / page_kib : kib;

                if (at->cells[i].node != node->id)
                    continue;
                all_need += amount;
                need += at->memory_preferred ? 0 : amount;
            }
        }
        all_has += has;
        if (need > has)
            r = BROKEN(c, "node %d: %" PRIu64 " %s are needed and %" PRIu64 " are free", node->id, need,
                       page_kib ? "huge pages" : "KiB", has);
    }
    if (r == 0 && all_need > all_has)
        (void)BROKEN(c, "the host: %" PRIu64 " %s are needed and %" PRIu64 " are free", all_need,
                     page_kib ? "huge pages" : "KiB", all_has);
}

static int check_topology(struct checker *c, const struct vn_request *vm, const struct vn_placement *at)
{
    const struct vn_guest_topology *t = &at->topology;

    if (!t->threads || vm->policy.policy != VN_CPU_DEDICATED)
        return 0;
    if ((uint64_t)t->sockets * (t->dies ? t->dies : 1) * t->cores * t->threads != at->n_vcpus)
        return BROKEN(c, "VM '%s': its topology is not that of %zu vCPUs", at->name, at->n_vcpus);
    for (size_t v = 0; v < at->n_vcpus; v++) {
        struct vn_cpuset core = core_of(c, (unsigned)vn_cpuset_next(&at->vcpupin[v - v % t->threads], 0));

        if (!vn_cpuset_subset(&at->vcpupin[v], &core))
            return BROKEN(c, "VM '%s': its topology says vCPU %zu has a sibling that it has not", at->name, v);
    }
    return 0;
}

static int check_request(struct checker *c, const struct vn_request *vm, const struct vn_placement *at)
{
    int r;

    if (!vm || !vm->movable)
        return BROKEN(c, "the plan places VM '%s', which was not to be placed", at->name);
    if (vn_plan_vm(c->plan, at->name) != at)
        return BROKEN(c, "the plan places VM '%s' twice", at->name);
    if (at->policy != vm->policy.policy || at->hugepage_kib != vm->policy.hugepage_kib ||
        at->memory_preferred != vm->policy.memory_preferred)
        return BROKEN(c, "VM '%s' is placed under another policy than its own", at->name);
    r = check_cells(c, vm, at);
    return r < 0 ? r : check_spec(c, vm, at);
}

/* Every VM that was to be placed is placed or left out, and no other. */
static void check_left_out(struct checker *c)
{
    for (size_t i = 0; i < c->problem->n_vms; i++) {
        const struct vn_request *vm = &c->problem->vms[i];
        bool out = false;

        c->vm = vm->name;
        for (size_t k = 0; k < c->plan->n_unplaced; k++)
            out = out || !strcmp(c->plan->unplaced[k].name, vm->name);
        if (out && (!vm->movable || planned(c, vm)))
            (void)BROKEN(c, "VM '%s' is left out, but it %s", vm->name, vm->movable ? "is placed" : "was to stay");
        else if (!out && vm->movable && !planned(c, vm))
            (void)BROKEN(c, "VM '%s' was to be placed, and the plan neither places it nor leaves it out", vm->name);
    }
    for (size_t k = 0; k < c->plan->n_unplaced; k++) {
        struct vn_placement at = {.name = c->plan->unplaced[k].name};

        c->vm = at.name;
        if (!checker_request(c, &at))
            (void)BROKEN(c, "the plan leaves out VM '%s', which the problem has not", at.name);
    }
}

static void check_each(struct checker *c, const char *rule,
                       int (*look)(struct checker *c, const struct vn_request *vm, const struct vn_placement *at))
{
    c->rule = rule;
    for (size_t v = 0; v < c->plan->n_vms; v++) {
        c->vm = c->plan->vms[v].name;
        (void)look(c, checker_request(c, &c->plan->vms[v]), &c->plan->vms[v]);
    }
    c->vm = NULL;
}

/* Each page size once. */
static void check_all_memory(struct checker *c)
{
    c->rule = "memory";
    check_memory(c, 0);
    for (size_t v = 0; v < c->plan->n_vms; v++) {
        uint64_t page_kib = c->plan->vms[v].hugepage_kib;
        size_t before = 0;

        while (before < v && c->plan->vms[before].hugepage_kib != page_kib)
            before++;
        if (page_kib && before == v)
            check_memory(c, page_kib);
    }
}

static void check_cpus(struct checker *c)
{
    take_staying(c);
    check_each(c, "cpus", check_dedicated);
    check_each(c, "emulator", check_emulator);
    check_each(c, "emulator", checker_iothreads);
    c->rule = "threads";
    if (vn_cpuset_intersects(&c->taken, &c->blocked)) {
        struct vn_cpuset both = c->taken;

        vn_cpuset_and(&both, &c->blocked);
        (void)BROKEN(c, "CPU %d has to stay unused, for its sibling's sake", vn_cpuset_next(&both, 0));
    }
    check_each(c, "shared", check_shared);
    check_each(c, "topology", check_topology);
    c->rule = "overcommit";
    for (size_t n = 0; n < c->host->n_nodes; n++)
        check_overcommit(c, &c->host->nodes[n]);
}

/* The rules after the first take placements of the right shape for granted. */
static void check_all(struct checker *c, const struct vn_cost *said)
{
    check_each(c, "request", check_request);
    if (!c->found->n_broken) {
        check_cpus(c);
        check_all_memory(c);
        c->rule = "cost";
        checker_cost(c, said);
    }
    c->rule = "request";
    check_left_out(c);
}

int vn_planner_check_all(const struct vn_problem *problem, const struct vn_plan *plan, const struct vn_cost *said,
                         struct vn_check *ret, struct vn_err *err)
{
    struct vn_check found = {.n_broken = 0};
    struct checker c = {.problem = problem, .plan = plan, .host = &problem->host, .found = &found};
    int r = vn_host_check(&problem->host, err);

    if (r < 0)
        return r;
    vn_host_online(c.host, &c.online);
    vn_cpuset_sub(&c.online, &c.host->offline);
    check_all(&c, said);
    if (c.no_memory) {
        vn_check_drop(&found);
        return vn_nomem(err);
    }
    *ret = found;
    return 0;
}

void vn_check_drop(struct vn_check *check)
{
    if (!check)
        return;
    vn_arena_drop(&check->arena);
    *check = (struct vn_check){.n_broken = 0};
}

int vn_planner_check(const struct vn_problem *problem, const struct vn_plan *plan, struct vn_err *err)
{
    VN_AUTO(vn_check) found = {.n_broken = 0};
    int r = vn_planner_check_all(problem, plan, &plan->cost, &found, err);

    if (r == 0 && found.n_broken)
        r = vn_failf(err, VN_E_REFUSED, "This is a fault of the plan: make it again.", "%s", found.broken[0].what);
    return r;
}
