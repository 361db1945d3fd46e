/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <vnuma/buf.h>
#include <vnuma/planner.h>
#include <vnuma/units.h>

#include "planner/topo.h"

/** Who sits on each CPU. */
struct seats {
    const struct vn_problem *problem;
    const struct topo *topo;
    char **who;               /* by CPU; NULL: nobody */
    struct vn_cpuset blocked; /* unused for a sibling's sake */
};

static int seat(struct seats *s, struct vn_arena *arena, unsigned cpu, const char *text)
{
    if (cpu >= VN_CPU_MAX || !text)
        return text ? 0 : -VN_E_NOMEM;
    s->who[cpu] = s->who[cpu] ? vn_arena_printf(arena, "%s+%s", s->who[cpu], text) : vn_arena_strdup(arena, text);
    return s->who[cpu] ? 0 : -VN_E_NOMEM;
}

static int seat_vm(struct seats *s, struct vn_arena *arena, const struct vn_request *vm, const struct vn_placement *at)
{
    for (size_t v = 0; v < at->n_vcpus; v++) {
        int cpu = vn_cpuset_next(&at->vcpupin[v], 0);

        if (vn_cpuset_count(&at->vcpupin[v]) != 1)
            continue;
        if (seat(s, arena, (unsigned)cpu, vn_arena_printf(arena, "%s:%zu", vm->name, v)) < 0)
            return -VN_E_NOMEM;
        if (vm->policy.threads == VN_THREADS_PREFER || vm->policy.policy == VN_CPU_SHARED || s->topo->core_of[cpu] < 0)
            continue;
        for (uint32_t i = s->topo->core_at[s->topo->core_of[cpu]]; i < s->topo->core_at[s->topo->core_of[cpu] + 1]; i++)
            vn_cpuset_add(&s->blocked, s->topo->core_cpus[i]);
    }
    if (vm->policy.emulator.kind == VN_EMULATOR_ISOLATE && at->has_emulatorpin &&
        vn_cpuset_count(&at->emulatorpin) == 1)
        return seat(s, arena, (unsigned)vn_cpuset_next(&at->emulatorpin, 0),
                    vn_arena_printf(arena, "%s:emulator", vm->name));
    return 0;
}

static const char *seat_text(const struct seats *s, unsigned cpu)
{
    if (s->who[cpu])
        return s->who[cpu];
    if (vn_cpuset_has(&s->problem->host.reserved, cpu))
        return "(host)";
    if (vn_cpuset_has(&s->problem->host.shared, cpu))
        return "(shared)";
    return vn_cpuset_has(&s->blocked, cpu) ? "(unused)" : ".";
}

static void draw_core(const struct seats *s, size_t node, unsigned core, struct vn_buf *out)
{
    const struct topo *topo = s->topo;
    char numbers[128] = "";
    size_t at = 0;

    for (uint32_t i = topo->core_at[core]; i < topo->core_at[core + 1]; i++)
        if (topo->node_of[topo->core_cpus[i]] == (int)node && at < sizeof numbers - 8)
            at += (size_t)snprintf(numbers + at, sizeof numbers - at, "%s%u", at ? "," : "", topo->core_cpus[i]);
    vn_buf_fmt(out, "  CPU %-11s ", numbers);
    for (uint32_t i = topo->core_at[core]; i < topo->core_at[core + 1]; i++)
        if (topo->node_of[topo->core_cpus[i]] == (int)node)
            vn_buf_fmt(out, " %-*s", i + 1 == topo->core_at[core + 1] ? 0 : 14, seat_text(s, topo->core_cpus[i]));
    vn_buf_str(out, "\n");
}

/* VMs that float over a node, or have memory there, by what the plan says of them. */
static void draw_guests(const struct vn_plan *plan, int node, struct vn_buf *out)
{
    char size[32];

    for (size_t v = 0; v < plan->n_vms; v++)
        for (size_t c = 0; c < plan->vms[v].n_cells; c++)
            if (plan->vms[v].cells[c].node == node)
                vn_buf_fmt(out, "  %s cell %u: %u vCPUs%s, %s\n", plan->vms[v].name, plan->vms[v].cells[c].cell,
                           vn_cpuset_count(&plan->vms[v].cells[c].vcpus),
                           plan->vms[v].policy == VN_CPU_SHARED ? " floating" : "",
                           vn_size_format(plan->vms[v].cells[c].memory_kib, size, sizeof size));
}

static void draw_node(const struct seats *s, const struct vn_plan *plan, size_t n, struct vn_buf *out)
{
    const struct vn_node *node = &s->problem->host.nodes[n];
    char free_text[32], all_text[32];

    vn_buf_fmt(out, "node %d: %s free of %s\n", node->id, vn_size_format(node->free_kib, free_text, sizeof free_text),
               vn_size_format(node->memory_kib, all_text, sizeof all_text));
    draw_guests(plan, node->id, out);
    for (uint32_t i = s->topo->node_at[n]; i < s->topo->node_at[n + 1]; i++)
        draw_core(s, n, s->topo->node_cores[i], out);
}

char *vn_planner_draw(const struct vn_problem *problem, const struct vn_plan *plan, struct vn_arena *arena)
{
    VN_AUTO(vn_arena) scratch = {0};
    VN_AUTO(vn_buf) out = {0};
    struct seats s = {.problem = problem, .topo = topo_new(&scratch, &problem->host)};

    s.who = vn_arena_array(&scratch, VN_CPU_MAX, sizeof *s.who);
    if (!s.topo || !s.who)
        return NULL;
    for (size_t i = 0; i < problem->n_vms; i++) {
        const struct vn_request *vm = &problem->vms[i];
        const struct vn_placement *at = vm->movable ? vn_plan_vm(plan, vm->name) : NULL;

        at = at ? at : vm->placed; /* one that found no place stays */
        if (at && seat_vm(&s, &scratch, vm, at) < 0)
            return NULL;
    }
    for (size_t n = 0; n < problem->host.n_nodes; n++)
        draw_node(&s, plan, n, &out);
    return out.failed ? NULL : vn_arena_strdup(arena, vn_buf_text(&out));
}
