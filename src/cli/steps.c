/* SPDX-License-Identifier: MIT */
#include "cli/steps.h"

#include <string.h>
#include <vnuma/buf.h>
#include <vnuma/units.h>

#include "codec/vmlimits.h"

static const struct vn_step *step_at(const struct cli_steps *steps, size_t i)
{
    return steps->plan ? &steps->plan[i] : &steps->journal[i].step;
}

static const char *state_at(const struct cli_steps *steps, size_t i)
{
    return steps->journal ? vn_step_state_name(steps->journal[i].state) : NULL;
}

static const char *note_at(const struct cli_steps *steps, size_t i)
{
    return steps->journal && steps->journal[i].note ? steps->journal[i].note : "";
}

static const char *text_or(const char *text)
{
    return text ? text : "";
}

static bool is_pin(enum vn_step_kind kind)
{
    return kind == VN_STEP_VCPUPIN || kind == VN_STEP_EMULATORPIN || kind == VN_STEP_IOTHREADPIN;
}

static const char *when_of(const struct vn_step *step)
{
    return step->when == VN_WHEN_LIVE ? "now" : "at next start";
}

static const char *cpus_of(struct vn_arena *arena, const struct vn_cpuset *set)
{
    return vn_cpuset_empty(set) ? "any CPU" : text_or(vn_cpuset_text(arena, set));
}

static const char *nodes_of(struct vn_arena *arena, const struct vn_nodeset *set)
{
    return vn_nodeset_empty(set) ? "any node" : text_or(vn_nodeset_text(arena, set));
}

static const char *move_text(struct vn_arena *arena, const struct vn_step *step)
{
    char size[32];

    (void)vn_size_format(step->move_kib, size, sizeof size);
    if (step->cell < 0)
        return vn_arena_printf(arena, "move %s of memory to node %d", size, step->node_to);
    return vn_arena_printf(arena, "move %s of cell %d to node %d", size, step->cell, step->node_to);
}

/* A limit in words; other settings as they are. */
static const char *value_text(struct vn_arena *arena, const struct vn_step *step, const char *value)
{
    int kind = *step->vm ? vn_limit_kind_of(step->key) : -1;
    VN_AUTO(vn_buf) words = {0};

    if (kind < 0)
        return *value ? value : "none";
    vn_limit_words((enum vn_limit_kind)kind, value, &words);
    return words.failed ? "?" : text_or(vn_arena_strdup(arena, vn_buf_text(&words)));
}

const char *cli_step_text(struct vn_arena *arena, const struct vn_step *step)
{
    const char *thread = step->kind == VN_STEP_VCPUPIN ? "vCPU" : "IOThread";

    switch (step->kind) {
    case VN_STEP_DEFINE:
        return step->xml_before || !step->xml_after ? "store the new configuration"
                                                    : "define the new VM ('virsh define')";
    case VN_STEP_VCPUPIN:
    case VN_STEP_IOTHREADPIN:
        return vn_arena_printf(arena, "pin %s %u to %s (was %s)", thread, step->index,
                               cpus_of(arena, &step->cpus_after), cpus_of(arena, &step->cpus_before));
    case VN_STEP_EMULATORPIN:
        return vn_arena_printf(arena, "pin the emulator to %s (was %s)", cpus_of(arena, &step->cpus_after),
                               cpus_of(arena, &step->cpus_before));
    case VN_STEP_NODESET:
        return vn_arena_printf(arena, "memory from %s (was %s)", nodes_of(arena, &step->nodes_after),
                               nodes_of(arena, &step->nodes_before));
    case VN_STEP_MOVE_MEMORY:
        return move_text(arena, step);
    case VN_STEP_SAVE_RESTORE:
        return "save and restore the guest; it pauses";
    case VN_STEP_SETTING:
        return vn_arena_printf(arena, "%s = %s (was %s)", step->key, value_text(arena, step, step->value_after),
                               value_text(arena, step, step->value_before));
    }
    return "";
}

/* Rows that say the same of one thread after the other are one row. */
static bool alike(const struct cli_steps *steps, size_t a, size_t b)
{
    const struct vn_step *x = step_at(steps, a), *y = step_at(steps, b);

    return x->kind == y->kind && (x->kind == VN_STEP_VCPUPIN || x->kind == VN_STEP_IOTHREADPIN) &&
           x->when == y->when && !strcmp(x->vm, y->vm) && !*note_at(steps, a) && !*note_at(steps, b) &&
           (!steps->journal || steps->journal[a].state == steps->journal[b].state);
}

static const char *run_text(struct vn_arena *arena, const struct cli_steps *steps, size_t first, size_t end)
{
    const struct vn_step *one = step_at(steps, first);
    struct vn_cpuset threads = {{0}}, cpus = {{0}};
    bool same_after = true, same_before = true, single = true;
    const char *target, *before;

    for (size_t i = first; i < end; i++) {
        const struct vn_step *step = step_at(steps, i);

        vn_cpuset_add(&threads, step->index);
        vn_cpuset_or(&cpus, &step->cpus_after);
        same_after = same_after && vn_cpuset_equal(&step->cpus_after, &one->cpus_after);
        same_before = same_before && vn_cpuset_equal(&step->cpus_before, &one->cpus_before);
        single = single && vn_cpuset_count(&step->cpus_after) == 1;
    }
    target = same_after ? "" : single && vn_cpuset_count(&cpus) == end - first ? "each to one of " : "each to some of ";
    before = same_before ? vn_arena_printf(arena, " (was %s)", cpus_of(arena, &one->cpus_before)) : "";
    return vn_arena_printf(arena, "pin %s %s %s%s%s", one->kind == VN_STEP_VCPUPIN ? "vCPUs" : "IOThreads",
                           text_or(vn_cpuset_text(arena, &threads)), same_after ? "to " : target,
                           cpus_of(arena, &cpus), text_or(before));
}

static void add_row(struct vn_doc *doc, struct vn_val *rows, const struct cli_steps *steps, size_t first, size_t end)
{
    const struct vn_step *step = step_at(steps, first);
    struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);
    const char *what = end - first > 1 ? run_text(&doc->arena, steps, first, end) : cli_step_text(&doc->arena, step);
    char number[48];

    if (end - first > 1)
        (void)snprintf(number, sizeof number, "%zu-%zu", first + 1, end);
    else
        (void)snprintf(number, sizeof number, "%zu", first + 1);
    if (what && steps->journal && step->when == VN_WHEN_NEXT_START)
        what = vn_arena_printf(&doc->arena, "%s, for the next start", what);
    if (!what)
        doc->failed = true;
    vn_doc_text(doc, row, "step", NULL, number);
    vn_doc_text(doc, row, "vm", NULL, *step->vm ? step->vm : "(host)");
    vn_doc_text(doc, row, "when", NULL, when_of(step));
    vn_doc_text(doc, row, "what", NULL, what);
    if (steps->journal)
        vn_doc_text(doc, row, "state", NULL, state_at(steps, first));
}

void cli_show_steps(struct vn_doc *doc, const char *title, const struct cli_steps *steps)
{
    static const struct vn_column planned[] = {
        {"step", "STEP", VN_COL_RIGHT}, {"vm", "VM", 0}, {"when", "TAKES EFFECT", 0}, {"what", "WHAT", VN_COL_WRAP}};
    static const struct vn_column done[] = {
        {"step", "STEP", VN_COL_RIGHT}, {"vm", "VM", 0}, {"state", "STATE", 0}, {"what", "WHAT", VN_COL_WRAP}};
    struct vn_table *table = vn_arena_alloc(&doc->arena, sizeof *table);
    struct vn_val *rows;
    size_t end;

    if (!table) {
        doc->failed = true;
        return;
    }
    *table = (struct vn_table){title, steps->journal ? done : planned, VN_COUNT(planned)};
    rows = vn_doc_array(doc, NULL, NULL, table);
    for (size_t i = 0; i < steps->count; i = end) {
        for (end = i + 1; end < steps->count && alike(steps, i, end); end++)
            ;
        add_row(doc, rows, steps, i, end);
    }
    for (size_t i = 0; i < steps->count; i++)
        if (*note_at(steps, i))
            vn_doc_say(doc, NULL, "  Step %zu: %s", i + 1, note_at(steps, i));
}

void cli_list_steps(struct vn_doc *doc, struct vn_val *parent, const struct cli_steps *steps)
{
    struct vn_val *rows = vn_doc_array(doc, parent, "steps", NULL);

    for (size_t i = 0; i < steps->count; i++) {
        const struct vn_step *step = step_at(steps, i);
        struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);

        vn_doc_text(doc, row, "kind", NULL, vn_step_kind_name(step->kind));
        vn_doc_text(doc, row, "vm", NULL, step->vm);
        vn_doc_text(doc, row, "when", NULL, step->when == VN_WHEN_LIVE ? "live" : "next-start");
        if (step->kind == VN_STEP_VCPUPIN || step->kind == VN_STEP_IOTHREADPIN)
            vn_doc_int(doc, row, "index", NULL, step->index);
        if (is_pin(step->kind)) {
            vn_doc_cpus(doc, row, "before", NULL, &step->cpus_before);
            vn_doc_cpus(doc, row, "after", NULL, &step->cpus_after);
        }
        if (step->kind == VN_STEP_SETTING) {
            vn_doc_text(doc, row, "key", NULL, step->key);
            vn_doc_text(doc, row, "before", NULL, step->value_before);
            vn_doc_text(doc, row, "after", NULL, step->value_after);
        }
        vn_doc_text(doc, row, "what", NULL, cli_step_text(&doc->arena, step));
        if (steps->journal) {
            vn_doc_text(doc, row, "state", NULL, state_at(steps, i));
            vn_doc_text(doc, row, "note", NULL, note_at(steps, i));
        }
    }
}
