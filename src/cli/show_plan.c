/* SPDX-License-Identifier: MIT */
#include "cli/show_plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vnuma/buf.h>
#include <vnuma/units.h>

#include "cli/show_choices.h"
#include "cli/steps.h"
#include "view/diff.h"

/* Hosts up to this many nodes are drawn whole. */
#define NODES_DRAWN 4u

static const struct vn_column cell_columns[] = {
    {"cell", "CELL", VN_COL_RIGHT}, {"node", "NODE", VN_COL_RIGHT},    {"vcpus", "VCPUS", 0},
    {"memory", "MEMORY", VN_COL_RIGHT}, {"cpus", "ON CPUS", VN_COL_WRAP},
};
static const struct vn_table cell_table = {NULL, cell_columns, VN_COUNT(cell_columns)};

/* The CPUs of a cell's vCPUs: in vCPU order where each has its own, as one set where they float. */
static void cell_cpus(const struct vn_placement *vm, const struct vn_placed_cell *cell, struct vn_buf *ret)
{
    VN_AUTO(vn_arena) arena = {0};
    const struct vn_cpuset *first = NULL;
    const char *text;
    bool floats = true;

    VN_CPUSET_EACH(v, &cell->vcpus) {
        if ((size_t)v >= vm->n_vcpus)
            continue;
        if (!first)
            first = &vm->vcpupin[v];
        floats = floats && vn_cpuset_equal(first, &vm->vcpupin[v]);
    }
    if (first && floats) {
        text = vn_cpuset_text(&arena, first);
        vn_buf_str(ret, text ? text : "");
        return;
    }
    VN_CPUSET_EACH(v, &cell->vcpus) {
        if ((size_t)v >= vm->n_vcpus)
            continue;
        text = vn_cpuset_text(&arena, &vm->vcpupin[v]);
        vn_buf_fmt(ret, "%s%s", ret->len ? "," : "", text ? text : "");
    }
}

static void show_cells(struct vn_doc *doc, struct vn_val *object, const struct vn_placement *vm)
{
    struct vn_val *rows = vn_doc_array(doc, object, NULL, &cell_table);

    for (size_t i = 0; i < vm->n_cells; i++) {
        const struct vn_placed_cell *cell = &vm->cells[i];
        struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);
        VN_AUTO(vn_buf) cpus = {0};

        cell_cpus(vm, cell, &cpus);
        vn_doc_int(doc, row, "cell", NULL, cell->cell);
        vn_doc_int(doc, row, "node", NULL, cell->node);
        vn_doc_cpus(doc, row, "vcpus", NULL, &cell->vcpus);
        vn_doc_kib(doc, row, "memory", NULL, cell->memory_kib);
        vn_doc_text(doc, row, "cpus", NULL, vn_buf_text(&cpus));
    }
}

static void show_memory(struct vn_doc *doc, struct vn_val *object, const struct vn_placement *vm)
{
    char text[128], size[32];

    (void)snprintf(text, sizeof text, "%s", vm->memory_preferred ? "preferred from its node" : "strict, each cell from its node");
    if (vm->n_cells == 1 && !vm->memory_preferred)
        (void)snprintf(text, sizeof text, "strict, from node %d", vm->cells[0].node);
    if (vm->hugepage_kib) {
        size_t len = strlen(text);

        (void)snprintf(text + len, sizeof text - len, ", huge pages of %s",
                       vn_size_format(vm->hugepage_kib, size, sizeof size));
    }
    vn_doc_text(doc, object, NULL, "Memory", text);
}

static void show_threads(struct vn_doc *doc, struct vn_val *object, const struct vn_placement *vm)
{
    const struct vn_guest_topology *t = &vm->topology;
    char label[32], text[160];

    if (vm->has_emulatorpin)
        vn_doc_cpus(doc, object, NULL, "Emulator", &vm->emulatorpin);
    for (size_t i = 0; i < vm->n_iothreadpins; i++) {
        (void)snprintf(label, sizeof label, "IOThread %u", vm->iothreadpins[i].id);
        vn_doc_cpus(doc, object, NULL, vn_arena_strdup(&doc->arena, label), &vm->iothreadpins[i].cpus);
    }
    if (!t->threads)
        return;
    (void)snprintf(text, sizeof text, "%u socket%s of %u core%s with %u thread%s each", t->sockets,
                   t->sockets == 1 ? "" : "s", t->cores * (t->dies ? t->dies : 1),
                   t->cores * (t->dies ? t->dies : 1) == 1 ? "" : "s", t->threads, t->threads == 1 ? "" : "s");
    vn_doc_text(doc, object, NULL, "Guest sees", text);
}

static void show_placement(struct vn_doc *doc, const struct vn_placement *vm, bool explain)
{
    struct vn_val *object;
    struct vn_nodeset nodes = {{0}};
    uint64_t memory = 0;
    char size[32];
    const char *where;

    for (size_t i = 0; i < vm->n_cells; i++) {
        memory += vm->cells[i].memory_kib;
        if (vm->cells[i].node >= 0)
            vn_nodeset_add(&nodes, (unsigned)vm->cells[i].node);
    }
    where = vn_nodeset_text(&doc->arena, &nodes);
    object = vn_doc_object(doc, NULL, NULL,
                           vn_arena_printf(&doc->arena, "%s: %zu vCPU%s, %s, %s, on node%s %s", vm->name, vm->n_vcpus,
                                           vm->n_vcpus == 1 ? "" : "s", vn_size_format(memory, size, sizeof size),
                                           vm->policy == VN_CPU_SHARED ? "shared CPUs" : "dedicated CPUs",
                                           vm->n_cells == 1 ? "" : "s", where ? where : ""));
    show_cells(doc, object, vm);
    show_memory(doc, object, vm);
    show_threads(doc, object, vm);
    if (vm->why && *vm->why)
        vn_doc_text(doc, object, NULL, "Why", vm->why);
    if (explain)
        cli_show_choices(doc, object, vm);
    vn_doc_say(doc, NULL, "%s", "");
}

static void show_diffs(struct vn_doc *doc, const struct vn_plan *plan)
{
    for (size_t i = 0; i < plan->n_steps; i++) {
        const struct vn_step *step = &plan->steps[i];
        VN_AUTO(vn_buf) diff = {0};

        if (step->kind != VN_STEP_DEFINE || !step->xml_after)
            continue;
        if (!step->xml_before) {
            vn_doc_say(doc, NULL, "Configuration of the new VM %s", step->vm);
            vn_doc_block(doc, NULL, VN_BLOCK_PLAIN, step->xml_after);
            vn_doc_say(doc, NULL, "%s", "");
            continue;
        }
        if (vn_diff(step->xml_before, step->xml_after, NULL, &diff, NULL) < 0)
            doc->failed = true;
        vn_doc_say(doc, NULL, "Change in the stored configuration of %s", step->vm);
        vn_doc_block(doc, NULL, VN_BLOCK_DIFF, vn_buf_text(&diff));
        vn_doc_say(doc, NULL, "%s", "");
    }
}

static void show_cost(struct vn_doc *doc, const struct vn_plan *plan)
{
    const struct vn_cost *c = &plan->cost;
    VN_AUTO(vn_buf) text = {0};
    char size[32];

    vn_buf_fmt(&text, "Cost: distance %.4g", c->distance);
    if (c->device > 0)
        vn_buf_fmt(&text, ", to devices %.4g", c->device);
    vn_buf_fmt(&text, ", %" PRIu64 " L3 domain%s", c->l3, c->l3 == 1 ? "" : "s");
    if (c->moved_kib)
        vn_buf_fmt(&text, ", %s to move", vn_size_format(c->moved_kib, size, sizeof size));
    vn_buf_str(&text, plan->optimal ? "; nothing better exists." : "; not proved to be the best.");
    vn_doc_say(doc, NULL, "%s", vn_buf_text(&text));
}

static bool holds_cell(const struct vn_plan *plan, long node)
{
    for (size_t i = 0; i < plan->n_vms; i++)
        for (size_t k = 0; k < plan->vms[i].n_cells; k++)
            if (plan->vms[i].cells[k].node == node)
                return true;
    return false;
}

/* A picture of many nodes: those that get something are worth their lines, the others are counted. */
static void show_picture(struct vn_doc *doc, const struct vn_problem *problem, const struct vn_plan *plan)
{
    const char *picture = vn_planner_draw(problem, plan, &doc->arena), *next;
    VN_AUTO(vn_buf) text = {0};
    size_t left_out = 0;

    if (!picture) {
        doc->failed = true;
        return;
    }
    for (const char *at = picture; *at; at = next) {
        const char *mark = strstr(at + 1, "\nnode ");

        next = mark ? mark + 1 : at + strlen(at);
        if (problem->host.n_nodes <= NODES_DRAWN || strncmp(at, "node ", 5) || holds_cell(plan, strtol(at + 5, NULL, 10)))
            vn_buf_add(&text, at, (size_t)(next - at));
        else
            left_out++;
    }
    vn_doc_block(doc, NULL, VN_BLOCK_PLAIN, vn_buf_text(&text));
    if (left_out)
        vn_doc_say(doc, NULL, "and %zu nodes that get none of it", left_out);
    vn_doc_say(doc, NULL, "%s", "");
}

/* What follows a line break is a command to type. */
static void show_note(struct vn_doc *doc, const char *note)
{
    int sentence = (int)strcspn(note, "\n");

    vn_doc_say(doc, NULL, "Note: %.*s", sentence, note);
    if (note[sentence])
        vn_doc_say(doc, NULL, "  %s", note + sentence + 1);
}

void cli_show_plan(struct vn_doc *doc, const struct vn_problem *problem, const struct vn_plan *plan,
                   const struct cli_show_plan *how)
{
    struct cli_steps steps = {.plan = plan->steps, .count = plan->n_steps};

    for (size_t i = 0; i < plan->n_vms; i++)
        show_placement(doc, &plan->vms[i], how->explain);
    cli_show_unplaced(doc, plan);
    if (problem && plan->n_vms)
        show_picture(doc, problem, plan);
    if (how->diff)
        show_diffs(doc, plan);
    if (plan->n_steps) {
        cli_show_steps(doc, "Steps", &steps);
        vn_doc_say(doc, NULL, "%s", "");
    } else if (!how->paper && plan->n_vms) {
        vn_doc_say(doc, NULL, "Nothing to do: everything is where the plan puts it.");
    }
    if (plan->n_vms)
        show_cost(doc, plan);
    for (size_t i = 0; i < plan->n_notes; i++)
        show_note(doc, plan->notes[i]);
    if (!plan->n_vms && !plan->n_unplaced)
        vn_doc_say(doc, NULL, "There is no VM to place.");
}
