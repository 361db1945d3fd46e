/* SPDX-License-Identifier: MIT */
/* VMs that are left out: what each lacks, where it lacks least first of all. */
#include <inttypes.h>
#include <stdio.h>
#include <vnuma/units.h>

#include "cli/show_plan.h"

/* So many rows are all shown; of more so many of each resource, or the first ones of those that are all needed. */
enum { ROWS_ALL = 8, ROWS_EACH = 3 };

/* Nodes of which the same is said. */
struct row {
    const struct vn_blocking *what;
    struct vn_nodeset nodes;
    size_t n;
    bool shown;
};

struct rows {
    struct row *row;
    size_t n;
};

static const char *resource_words(enum vn_resource resource)
{
    static const char *const words[] = {
        [VN_RES_CPUS] = "CPUs",
        [VN_RES_CORES] = "whole cores",
        [VN_RES_MEMORY] = "memory",
        [VN_RES_HUGEPAGES] = "huge pages",
        [VN_RES_NODES] = "nodes",
        [VN_RES_SHARED_CPUS] = "shared CPUs",
        [VN_RES_MOVED] = "memory to move",
    };

    return words[resource];
}

static void amount_text(enum vn_resource resource, uint64_t amount, char *out, size_t size)
{
    if (resource == VN_RES_MEMORY || resource == VN_RES_MOVED)
        (void)vn_size_format(amount, out, size);
    else
        (void)snprintf(out, size, "%" PRIu64, amount);
}

static bool same(const struct vn_blocking *a, const struct vn_blocking *b)
{
    return a->resource == b->resource && a->need == b->need && a->free == b->free && a->others == b->others &&
           a->node >= 0 && b->node >= 0;
}

static struct row *row_of(struct vn_arena *arena, struct rows *rows, const struct vn_blocking *item)
{
    struct row *row;

    for (size_t i = 0; i < rows->n; i++)
        if (same(rows->row[i].what, item))
            return &rows->row[i];
    row = vn_arena_grow(arena, &rows->row, &rows->n, sizeof *row);
    if (row)
        *row = (struct row){.what = item};
    return row;
}

/* Of each resource the rows that lack least. */
static void choose_rows(struct rows *rows)
{
    for (int resource = 0; resource < VN_RES_N; resource++) {
        for (int turn = 0; turn < ROWS_EACH; turn++) {
            struct row *best = NULL;

            for (size_t i = 0; i < rows->n; i++) {
                struct row *row = &rows->row[i];

                if ((int)row->what->resource != resource || row->shown)
                    continue;
                if (!best || row->what->need - row->what->free < best->what->need - best->what->free)
                    best = row;
            }
            if (best)
                best->shown = true;
        }
    }
}

static void where_text(struct vn_doc *doc, const struct row *row, bool together, char *out, size_t size)
{
    const char *nodes = vn_nodeset_text(&doc->arena, &row->nodes);

    if (!row->n)
        (void)snprintf(out, size, "the host");
    else if (row->n == 1)
        (void)snprintf(out, size, "node %s", nodes ? nodes : "");
    else
        (void)snprintf(out, size, "%s of nodes %s", together ? "each" : "one", nodes ? nodes : "");
}

static void show_row(struct vn_doc *doc, struct vn_val *object, const struct row *row, bool together)
{
    const struct vn_blocking *b = row->what;
    char where[256], need[32], has[32], others[32], taken[64] = "";

    amount_text(b->resource, b->need, need, sizeof need);
    amount_text(b->resource, b->free, has, sizeof has);
    amount_text(b->resource, b->others, others, sizeof others);
    if (b->resource == VN_RES_MOVED) {
        vn_doc_say(doc, object, "%s: %s needed, --max-move leaves %s", resource_words(b->resource), need, has);
        return;
    }
    where_text(doc, row, together, where, sizeof where);
    if (b->others)
        (void)snprintf(taken, sizeof taken, ", %s taken by this plan", others);
    vn_doc_say(doc, object, "%s on %s: %s needed, %s free%s", resource_words(b->resource), where, need, has, taken);
}

static void show_rows(struct vn_doc *doc, struct vn_val *object, struct rows *rows, bool together)
{
    size_t more = 0;

    if (rows->n > ROWS_ALL && !together)
        choose_rows(rows);
    for (size_t i = 0; i < rows->n; i++) {
        struct row *row = &rows->row[i];

        if (rows->n <= ROWS_ALL || (together && i < ROWS_ALL))
            row->shown = true;
        if (row->shown)
            show_row(doc, object, row, together);
        more += row->shown ? 0 : row->n ? row->n : 1;
    }
    if (more)
        vn_doc_say(doc, object, together ? "and %zu more like these: --json has all"
                                         : "or %zu others, which lack no less: --json has all", more);
}

/* The moves that make room, in the order in which each finds the room it needs itself. */
static void show_repair(struct vn_doc *doc, const struct vn_unplaced *vm)
{
    struct vn_val *object;
    char size[32];

    if (!vm->n_repair)
        return;
    object = vn_doc_object(doc, NULL, NULL, vm->n_repair == 1 ? "A move would make room:"
                                                              : "Moves, one after the other, would make room:");
    for (size_t i = 0; i < vm->n_repair; i++)
        vn_doc_say(doc, object, "%s to node %d (%s)", vm->repair[i].name, vm->repair[i].node,
                   vn_size_format(vm->repair[i].memory_kib, size, sizeof size));
}

static void show_one_unplaced(struct vn_doc *doc, const struct vn_unplaced *vm)
{
    const char *one, *verdict = vm->fits_alone ? "would fit alone, but not beside the others" : "does not fit";
    struct rows rows = {NULL, 0};
    struct vn_val *object;

    for (size_t i = 0; i < vm->n_blocking; i++) {
        struct row *row = row_of(&doc->arena, &rows, &vm->blocking[i]);

        if (!row) {
            doc->failed = true;
            return;
        }
        if (vm->blocking[i].node < 0)
            continue;
        vn_nodeset_add(&row->nodes, (unsigned)vm->blocking[i].node);
        row->n++;
    }
    one = rows.n > 1 ? "One of these would do" : "What is missing";
    object = vn_doc_object(doc, NULL, NULL, vn_arena_printf(&doc->arena, "%s %s. %s:", vm->name, verdict,
                                                            vm->together ? "All of this is missing" : one));
    show_rows(doc, object, &rows, vm->together);
    show_repair(doc, vm);
    vn_doc_say(doc, NULL, "%s", "");
}

void cli_show_unplaced(struct vn_doc *doc, const struct vn_plan *plan)
{
    for (size_t i = 0; i < plan->n_unplaced; i++)
        show_one_unplaced(doc, &plan->unplaced[i]);
}
