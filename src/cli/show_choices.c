/* SPDX-License-Identifier: MIT */
#include "cli/show_choices.h"

#include <string.h>

/* Rows a cell may take: those of each verdict beyond its share are counted. */
static const size_t most_rows[] = {
    [VN_VERDICT_CHOSEN] = 1,     [VN_VERDICT_NEXT_BEST] = 1, [VN_VERDICT_POSSIBLE] = 3,
    [VN_VERDICT_OTHER_CELL] = 3, [VN_VERDICT_RULED_OUT] = 4,
};

static const struct vn_column columns[] = {
    {"cell", "CELL", VN_COL_RIGHT},
    {"node", "NODE", VN_COL_WRAP},
    {"verdict", "VERDICT", 0},
    {"why", "WHY", VN_COL_WRAP},
};
static const struct vn_table table = {"Choices", columns, VN_COUNT(columns)};

static void add_row(struct vn_doc *doc, struct vn_val *rows, unsigned cell, const char *nodes, enum vn_verdict verdict,
                    const char *why)
{
    struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);

    vn_doc_int(doc, row, "cell", NULL, cell);
    vn_doc_text(doc, row, "node", NULL, nodes);
    vn_doc_text(doc, row, "verdict", NULL, vn_verdict_name(verdict));
    vn_doc_text(doc, row, "why", NULL, why);
}

/* From @at on, choices of the verdict there of which the same is said: their nodes, and how many they are. */
static size_t alike(const struct vn_choice *at, const struct vn_choice *end, struct vn_nodeset *ret_nodes)
{
    size_t n = 0;

    *ret_nodes = (struct vn_nodeset){{0}};
    while (at + n < end && at[n].verdict == at->verdict && !strcmp(at[n].why, at->why))
        vn_nodeset_add(ret_nodes, (unsigned)at[n++].node);
    return n;
}

/* One verdict's choices, which stand together; returns how many they are. */
static size_t show_verdict(struct vn_doc *doc, struct vn_val *rows, unsigned cell, const struct vn_choice *at,
                           const struct vn_choice *end)
{
    size_t n = 0, shown = 0, left = 0;

    while (at + n < end && at[n].verdict == at->verdict) {
        struct vn_nodeset nodes;
        size_t same = alike(at + n, end, &nodes);
        const char *text = vn_nodeset_text(&doc->arena, &nodes);

        if (shown++ < most_rows[at->verdict])
            add_row(doc, rows, cell, text ? text : "", at->verdict, at[n].why);
        else
            left += same;
        n += same;
    }
    if (left)
        add_row(doc, rows, cell, "...", at->verdict, vn_arena_printf(&doc->arena, "and %zu more", left));
    return n;
}

void cli_show_choices(struct vn_doc *doc, struct vn_val *object, const struct vn_placement *vm)
{
    struct vn_val *rows = vn_doc_array(doc, object, NULL, &table);

    for (size_t i = 0; i < vm->n_cells; i++) {
        const struct vn_choice *all = vm->cells[i].choices;

        for (size_t k = 0; k < vm->cells[i].n_choices;)
            k += show_verdict(doc, rows, vm->cells[i].cell, all + k, all + vm->cells[i].n_choices);
    }
}
