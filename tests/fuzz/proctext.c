/* SPDX-License-Identifier: MIT */
#include "codec/proctext.h"
#include "fuzz.h"

/* The input is one kernel file, or two with a line "--" between them (numa_maps and maps). */

static const int nodes[] = {0, 1, 4};

static void numa_maps(const char *text, const char *maps)
{
    static const uint64_t cells[] = {2048, 2048, 4096};
    VN_AUTO(vn_arena) arena = {0};
    struct vn_vmas vmas;
    int found[3];

    if (vn_numamaps_parse(text, maps, nodes, VN_COUNT(nodes), &arena, &vmas, NULL) < 0)
        return;
    for (size_t i = 0; i < vmas.count; i++) {
        const struct vn_vma *vma = &vmas.items[i];
        MUST(vma->policy && vma->file && vma->page_kib && (!vma->end || vma->end > vma->start));
    }
    for (size_t n = 0; n <= VN_COUNT(cells); n++) {
        vn_vmas_cells(&vmas, cells, n, found);
        for (size_t i = 0; i < n; i++) {
            MUST(found[i] >= -1 && (found[i] < 0 || (size_t)found[i] < vmas.count));
            MUST((found[i] < 0) == (found[0] < 0)); /* all or none */
        }
    }
}

static void statistics(const char *text, size_t size)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_counters counters = {0};
    struct vn_vmas vmas;
    char name[20], *vm = NULL;
    uint64_t pages;

    if (vn_counters_parse(text, &counters, NULL) == 0)
        MUST(strstr(text, "numa_hit ") && strstr(text, "other_node "));
    if (vn_stat_program(text, name, sizeof name, &pages, NULL) == 0)
        MUST(strlen(name) < sizeof name && strchr(text, '('));
    if (vn_statm_resident(text, &pages, NULL) == 0)
        MUST(strchr(text, ' '));
    if (vn_maps_parse(text, &arena, &vmas, NULL) == 0)
        for (size_t i = 0; i < vmas.count; i++)
            MUST(vmas.items[i].file && vmas.items[i].end > vmas.items[i].start);
    if (vn_cmdline_vm(text, size, &arena, &vm) == 0)
        MUST(vm && strlen(vm) < size);
}

static void interrupts(const char *text)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cpu_interrupts *cpus;
    size_t count;

    if (vn_interrupts_parse(text, &arena, &cpus, &count, NULL) < 0)
        return;
    MUST(count && strstr(text, "CPU"));
    for (size_t i = 0; i < count; i++)
        MUST(cpus[i].cpu < VN_CPU_MAX && cpus[i].count <= INT64_MAX && (!i || cpus[i].cpu > cpus[i - 1].cpu));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size), *second = strstr(text, "\n--\n"), field[40];
    uint64_t kib[VN_COUNT(nodes)];
    int cpu;

    statistics(text, size); /* the whole input: arguments have NULs between them */
    interrupts(text);
    if (second)
        second[1] = '\0';
    numa_maps(text, second ? second + 4 : NULL);
    if (vn_meminfo_kib(text, "MemFree", &kib[0], NULL) == 0)
        MUST(strstr(text, "MemFree:"));
    if (vn_status_field(text, "Cpus_allowed_list", field, sizeof field, NULL) == 0)
        MUST(strlen(field) < sizeof field && !strchr(field, '\n'));
    if (vn_stat_processor(text, &cpu, NULL) == 0)
        MUST(cpu >= 0 && cpu < VN_CPU_MAX);
    if (vn_numastat_parse(text, nodes, VN_COUNT(nodes), kib, NULL) == 0)
        MUST(strstr(text, "anon=") || strstr(text, "anon "));
    if (vn_cgroup_path(text, "memory", field, sizeof field, NULL) == 0)
        MUST(strlen(field) < sizeof field && !strchr(field, '\n'));
    (void)!vn_cgroup_path(text, "", field, 4, NULL);
    free(text);
    return 0;
}
