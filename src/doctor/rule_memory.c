/* SPDX-License-Identifier: MIT */
/* memory-away: too many of a cell's pages lie on other nodes than where they should be. */
#include <inttypes.h>

#include "doctor/rules.h"

static const char *method_source(const struct vn_exam *exam)
{
    struct vn_arena *arena = &exam->findings->arena;

    if (exam->vm->mem_method == VN_MEM_NUMA_MAPS)
        return vn_arena_printf(arena, "/proc/%d/numa_maps", exam->vm->pid);
    return vn_arena_strdup(arena, "memory.numa_stat of the guest's cgroup");
}

static enum vn_mem_mode mode_of(const struct vn_vm *vm, unsigned cell)
{
    const struct vn_domain *domain = vm->stored && vm->stored->has_numatune ? vm->stored : vm->live;
    const struct vn_memnode *memnode = vn_domain_memnode(domain, cell);

    return memnode ? memnode->mode : domain->mem_mode;
}

static int add_shares(const struct vn_exam *exam, struct vn_finding *finding, const uint64_t *kib)
{
    const struct vn_host *host = &exam->snapshot->host;
    struct vn_arena *arena = &exam->findings->arena;
    const char *source = method_source(exam);

    for (size_t i = 0; i < host->n_nodes; i++) {
        char *what = vn_arena_printf(arena, "resident on node %d", host->nodes[i].id);
        char *value = vn_arena_printf(arena, "%" PRIu64 " KiB", kib[i]);

        if (!what || !value || !source || vn_finding_evidence(exam->findings, finding, what, value, source) < 0)
            return -VN_E_NOMEM;
    }
    return 0;
}

static int add_expected(const struct vn_exam *exam, struct vn_finding *finding, const struct vn_local *local,
                        const char *homes)
{
    struct vn_arena *arena = &exam->findings->arena;
    double pct = 100.0 * (double)local->local_kib / (double)local->total_kib;
    char *value = vn_arena_printf(arena, "%s%.1f %%", local->at_most ? "at most " : "", pct);
    char *least = vn_arena_printf(arena, "%.1f %%", exam->min_local_pct);

    if (!value || !least || !homes ||
        vn_finding_evidence(exam->findings, finding, "should be on nodes", homes, "configuration") < 0 ||
        vn_finding_evidence(exam->findings, finding, "local", value, "computed") < 0)
        return -VN_E_NOMEM;
    return vn_finding_evidence(exam->findings, finding, "least that is asked for", least, "--min-local");
}

static bool enough(const struct vn_exam *exam, const struct vn_local *local)
{
    return !local->known || local->total_kib - local->local_kib <= VN_CHURN_KIB ||
           (double)local->local_kib * 100.0 >= exam->min_local_pct * (double)local->total_kib;
}

static int away(const struct vn_exam *exam, const char *subject, enum vn_mem_mode mode, const struct vn_local *local,
                const char *homes, const uint64_t *kib)
{
    enum vn_severity severity = mode == VN_MEM_PREFERRED ? VN_SEV_WARNING : VN_SEV_ERROR;
    const char *fix = vn_exam_apply_cmd(exam);
    struct vn_finding *finding;

    if (!subject || !fix)
        return -VN_E_NOMEM;
    finding = vn_findings_add(exam->findings, "memory-away", severity, subject,
                              "memory lies on other nodes than where the configuration puts it: every access from "
                              "its vCPUs goes through another node",
                              fix);
    if (!finding || add_expected(exam, finding, local, homes) < 0)
        return -VN_E_NOMEM;
    return add_shares(exam, finding, kib);
}

static int check_cell(const struct vn_exam *exam, unsigned cell)
{
    const struct vn_vm *vm = exam->vm;
    struct vn_local local = vn_local_of_cell(exam->snapshot, vm, cell);
    struct vn_arena *arena = &exam->findings->arena;
    const uint64_t *kib = vm->cell_kib ? vm->cell_kib + (size_t)cell * exam->snapshot->host.n_nodes : vm->node_kib;
    struct vn_nodeset homes;
    const char *subject;

    if (enough(exam, &local))
        return 0;
    vn_cell_homes(exam->snapshot, vm, cell, &homes);
    subject = vm->live->n_cells ? vn_arena_printf(arena, "%s cell %u", vm->name, cell)
                                : vn_arena_printf(arena, "%s memory", vm->name);
    return away(exam, subject, mode_of(vm, cell), &local, vn_nodeset_text(arena, &homes), kib);
}

/* Its cells cannot be told apart: only the whole can be judged, and only where it is bad for sure. */
static int check_whole(const struct vn_exam *exam)
{
    const struct vn_vm *vm = exam->vm;
    struct vn_local local = vn_local_of_vm(exam->snapshot, vm);
    struct vn_nodeset all = {0}, homes;

    if (enough(exam, &local))
        return 0;
    for (size_t c = 0; c < vm->live->n_cells; c++) {
        vn_cell_homes(exam->snapshot, vm, vm->live->cells[c].id, &homes);
        vn_nodeset_or(&all, &homes);
    }
    return away(exam, vn_arena_printf(&exam->findings->arena, "%s memory", vm->name), mode_of(vm, 0), &local,
                vn_nodeset_text(&exam->findings->arena, &all), vm->node_kib);
}

int vn_rule_memory(const struct vn_exam *exam)
{
    const struct vn_domain *live = exam->vm->live;
    int r = 0;

    if (!live || exam->vm->mem_method == VN_MEM_UNREAD || (!exam->vm->node_kib && !exam->vm->cell_kib))
        return 0;
    if (live->n_cells > 1 && !exam->vm->cell_kib)
        return check_whole(exam);
    if (!live->n_cells)
        return check_cell(exam, 0);
    for (size_t c = 0; r == 0 && c < live->n_cells; c++)
        r = check_cell(exam, live->cells[c].id);
    return r;
}
