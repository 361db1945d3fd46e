/* SPDX-License-Identifier: MIT */
#include "cli/show_numatune.h"

#include <inttypes.h>
#include <vnuma/buf.h>
#include <vnuma/units.h>

/* A cell of the guest, or with @cell -1 the whole of it. */
struct part {
    int cell;
    uint64_t size_kib;
    const uint64_t *resident; /* one for each node; NULL: not known */
};

static const struct vn_memnode *memnode_of(const struct vn_domain *domain, int cell)
{
    return cell < 0 ? NULL : vn_domain_memnode(domain, (unsigned)cell);
}

/* "strict 0-1" for a person, and mode and nodes for a program. */
static void add_binding(struct vn_doc *doc, struct vn_val *row, const char *key, const struct vn_domain *domain,
                        int cell)
{
    const struct vn_memnode *memnode = domain ? memnode_of(domain, cell) : NULL;
    bool bound = memnode || (domain && cell < 0 && domain->has_numatune);
    const struct vn_nodeset *nodes = memnode ? &memnode->nodes : domain ? &domain->mem_nodes : NULL;
    struct vn_val *object;
    const char *mode;
    char set[VN_SET_TEXT];

    if (!bound) {
        vn_doc_null(doc, row, key, NULL);
        return;
    }
    mode = vn_mem_mode_name(memnode ? memnode->mode : domain->mem_mode);
    object = vn_doc_object(doc, row, key, NULL);
    vn_doc_text(doc, object, "mode", NULL, mode);
    if (!memnode && domain->mem_auto)
        vn_doc_text(doc, object, "nodes", NULL, "auto");
    else
        vn_doc_text(doc, object, "nodes", NULL, vn_nodeset_format(nodes, set, sizeof set));
}

static const char *binding_text(struct vn_doc *doc, const struct vn_domain *domain, int cell)
{
    const struct vn_memnode *memnode = domain ? memnode_of(domain, cell) : NULL;
    char set[VN_SET_TEXT];

    if (!domain)
        return "-";
    if (memnode)
        return vn_arena_printf(&doc->arena, "%s %s", vn_mem_mode_name(memnode->mode),
                               vn_nodeset_format(&memnode->nodes, set, sizeof set));
    if (cell >= 0)
        return "as the guest";
    if (!domain->has_numatune)
        return "any node";
    return vn_arena_printf(&doc->arena, "%s %s", vn_mem_mode_name(domain->mem_mode),
                           domain->mem_auto ? "auto" : vn_nodeset_format(&domain->mem_nodes, set, sizeof set));
}

static const char *resident_text(struct vn_doc *doc, const struct vn_host *host, const struct part *part)
{
    VN_AUTO(vn_buf) text = {0};
    char size[32];

    if (!part->resident)
        return "-";
    for (size_t i = 0; i < host->n_nodes; i++)
        if (part->resident[i])
            vn_buf_fmt(&text, "%s%s on node %d", text.len ? ", " : "",
                       vn_size_format(part->resident[i], size, sizeof size), host->nodes[i].id);
    return text.failed ? NULL : vn_arena_strdup(&doc->arena, text.len ? vn_buf_text(&text) : "nothing yet");
}

static void add_resident(struct vn_doc *doc, struct vn_val *row, const struct vn_host *host, const struct part *part)
{
    struct vn_val *list;

    if (!part->resident) {
        vn_doc_null(doc, row, "by_node", NULL);
        return;
    }
    list = vn_doc_array(doc, row, "by_node", NULL);
    for (size_t i = 0; i < host->n_nodes; i++) {
        struct vn_val *at = vn_doc_object(doc, list, NULL, NULL);

        vn_doc_int(doc, at, "node", NULL, host->nodes[i].id);
        vn_doc_kib(doc, at, "kib", NULL, part->resident[i]);
    }
}

static void list_part(struct vn_doc *doc, struct vn_val *parts, const struct vn_host *host, const struct vn_vm *vm,
                      const struct part *part)
{
    struct vn_val *row = vn_doc_object(doc, parts, NULL, NULL);

    if (part->cell < 0)
        vn_doc_null(doc, row, "cell", NULL);
    else
        vn_doc_int(doc, row, "cell", NULL, part->cell);
    vn_doc_kib(doc, row, "memory_kib", NULL, part->size_kib);
    add_binding(doc, row, "live", vm->live, part->cell);
    add_binding(doc, row, "stored", vm->stored, part->cell);
    add_resident(doc, row, host, part);
}

static void show_part(struct vn_doc *doc, struct vn_val *rows, const struct vn_host *host, const struct vn_vm *vm,
                      const struct part *part)
{
    struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);
    const char *live = binding_text(doc, vm->live, part->cell), *stored = binding_text(doc, vm->stored, part->cell);
    const char *lies = resident_text(doc, host, part);
    const char *name = part->cell < 0 ? "guest" : vn_arena_printf(&doc->arena, "cell %d", part->cell);

    if (!live || !stored || !lies || !name) {
        doc->failed = true;
        return;
    }
    vn_doc_text(doc, row, "part", NULL, name);
    vn_doc_kib(doc, row, "size", NULL, part->size_kib);
    vn_doc_text(doc, row, "live", NULL, live);
    vn_doc_text(doc, row, "stored", NULL, stored);
    vn_doc_text(doc, row, "lies", NULL, lies);
}

void cli_show_numatune(struct vn_doc *doc, const struct vn_host *host, const struct vn_vm *vm)
{
    static const struct vn_column columns[] = {{"part", "PART", 0},
                                               {"size", "MEMORY", VN_COL_RIGHT},
                                               {"live", "NOW", 0},
                                               {"stored", "AT NEXT START", 0},
                                               {"lies", "LIES", VN_COL_WRAP}};
    static const struct vn_table table = {NULL, columns, VN_COUNT(columns)};
    const struct vn_domain *domain = vn_vm_domain(vm);
    struct vn_val *parts, *rows;

    vn_doc_text(doc, NULL, "name", NULL, vm->name);
    vn_doc_text(doc, NULL, "state", NULL, vn_vm_state_name(vm->state));
    vn_doc_say(doc, NULL, "%s, %s", vm->name, vn_vm_state_name(vm->state));
    parts = vn_doc_array(doc, NULL, "parts", NULL);
    rows = vn_doc_array(doc, NULL, NULL, &table);
    for (int cell = -1; domain && cell < (int)domain->n_cells; cell++) {
        struct part part = {.cell = cell, .size_kib = domain->memory_kib, .resident = vm->node_kib};

        if (cell >= 0) {
            part.size_kib = domain->cells[cell].memory_kib;
            part.resident = vm->cell_kib ? vm->cell_kib + (size_t)cell * host->n_nodes : NULL;
        }
        list_part(doc, parts, host, vm, &part);
        show_part(doc, rows, host, vm, &part);
    }
    if (vm->unread)
        vn_doc_say(doc, NULL, "Where the memory lies could not be read: %s.", vm->unread);
}
