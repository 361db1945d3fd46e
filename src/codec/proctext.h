/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_PROCTEXT_H
#define VN_CODEC_PROCTEXT_H

#include <vnuma/arena.h>
#include <vnuma/set.h>
#include <vnuma/stat.h>

/* PURE: the kernel's text files -> numbers. Sources: proc(5), numa(7), cgroup-v2.rst. */

/** "MemFree: 123 kB" in /sys/devices/system/node/nodeN/meminfo ("Node 0 MemFree: ...") or /proc/meminfo. */
VN_NODISCARD int vn_meminfo_kib(const char *text, const char *key, uint64_t *ret_kib, struct vn_err *err);

/** A field of /proc/PID/status, as text: "Cpus_allowed_list" -> "0-3". */
VN_NODISCARD int vn_status_field(const char *text, const char *key, char *ret, size_t size, struct vn_err *err);

/** Processor a thread last ran on: field 39 of /proc/PID/task/TID/stat; comm may hold anything. */
VN_NODISCARD int vn_stat_processor(const char *text, int *ret_cpu, struct vn_err *err);

/** When a process started: field 22 of /proc/PID/stat, in clock ticks since the boot. With the pid: one process. */
VN_NODISCARD int vn_stat_start(const char *text, uint64_t *ret_ticks, struct vn_err *err);

/** One mapping: /proc/PID/numa_maps joined with /proc/PID/maps (which has its end). */
struct vn_vma {
    uint64_t start, end; /* end 0: maps had no such line (they are read at two times) */
    char *policy;        /* "default", "bind:0", ... */
    char *file;          /* "" when anonymous */
    bool heap, stack, huge;
    bool program;        /* a file that can't be written to through it: QEMU itself, its libraries */
    uint64_t page_kib;   /* kernelpagesize_kB, 4 when not said */
    uint64_t *node_pages; /* n_nodes, in the order of ids */
};
struct vn_vmas {
    struct vn_vma *items;
    size_t count;
};
/**
 * vn_numamaps_parse() - @node_ids: the host's nodes (ascending), @n_nodes of them; pages on others
 * are -VN_E_FORMAT. @maps may be NULL.
 */
VN_NODISCARD int vn_numamaps_parse(const char *numa_maps, const char *maps, const int *node_ids, size_t n_nodes,
                                   struct vn_arena *arena, struct vn_vmas *ret, struct vn_err *err);

/**
 * vn_vma_kib() - what is the process's own there. Nothing of a program or library: its pages are the
 * page cache's, shared with every process that runs it, and neither a policy nor a move applies to them.
 * @node: index into node_pages
 */
uint64_t vn_vma_kib(const struct vn_vma *vma, size_t node);

/**
 * memory.numa_stat of cgroup v1 or v2: KiB of anonymous and shared memory on each node, which is what processes
 * hold; the page cache of files, which the group may have been charged for, is left out.
 */
VN_NODISCARD int vn_numastat_parse(const char *text, const int *node_ids, size_t n_nodes, uint64_t *ret_kib,
                                   struct vn_err *err);

/** vn_counters_parse() - /sys/devices/system/node/nodeN/numastat; counters that a newer kernel adds are passed over.
 *  Errors: -VN_E_FORMAT one of the six is missing or no number */
VN_NODISCARD int vn_counters_parse(const char *text, struct vn_counters *ret, struct vn_err *err);

/** struct vn_cpu_interrupts - how many interrupts a CPU has taken since it was there. */
struct vn_cpu_interrupts {
    unsigned cpu;
    uint64_t count; /* at most INT64_MAX */
};
/**
 * vn_interrupts_parse() - /proc/interrupts: the sum of each CPU's column. CPUs that are offline have none.
 * Errors: -VN_E_FORMAT. Memory: of @arena, ascending by CPU
 */
VN_NODISCARD int vn_interrupts_parse(const char *text, struct vn_arena *arena, struct vn_cpu_interrupts **ret,
                                     size_t *ret_count, struct vn_err *err);

/** vn_stat_program() - /proc/PID/stat: the program's name and the resident pages. Errors: -VN_E_FORMAT */
VN_NODISCARD int vn_stat_program(const char *text, char *ret_name, size_t size, uint64_t *ret_pages,
                                 struct vn_err *err);

/** vn_statm_resident() - /proc/PID/statm: resident pages. Errors: -VN_E_FORMAT */
VN_NODISCARD int vn_statm_resident(const char *text, uint64_t *ret_pages, struct vn_err *err);

/**
 * vn_cmdline_program() - the last part of the program's path, "" where /proc/PID/cmdline is empty.
 * @cmdline: its arguments, each with a NUL behind it, and one more
 */
VN_NODISCARD char *vn_cmdline_program(const char *cmdline, struct vn_arena *arena);

/** vn_vmas_by_kind() - what numastat(8) counts, from numa_maps: @ret[n_nodes] is added to. */
void vn_vmas_by_kind(const struct vn_vmas *vmas, size_t n_nodes, struct vn_stat_node *ret);

/**
 * vn_maps_parse() - /proc/PID/maps alone: no page counts, pages of 4 KiB. Mappings that nothing may touch
 * (guard pages, reserved addresses) are left out.
 */
VN_NODISCARD int vn_maps_parse(const char *maps, struct vn_arena *arena, struct vn_vmas *ret, struct vn_err *err);

/**
 * vn_cmdline_vm() - the guest's name, where /proc/PID/cmdline is QEMU's and has one: "-name guest=db,debug-threads=on",
 * "-name db".
 * @cmdline: @len bytes of arguments that end in NULs, and one more NUL
 * Errors: -VN_E_ABSENT, -VN_E_NOMEM
 */
VN_NODISCARD int vn_cmdline_vm(const char *cmdline, size_t len, struct vn_arena *arena, char **ret);

/** One controller's path in /proc/PID/cgroup ("" selects the v2 line "0::"); -VN_E_ABSENT. */
VN_NODISCARD int vn_cgroup_path(const char *text, const char *controller, char *ret, size_t size, struct vn_err *err);

/**
 * vn_vmas_cells() - which mapping holds which guest cell's RAM: QEMU maps one backend for each
 * cell, in order, each below the one before; a name in a hugetlbfs or memfd path settles it.
 * @cell_kib: size of each of @n_cells cells; ret[i] is an index into vmas, or -1.
 */
void vn_vmas_cells(const struct vn_vmas *vmas, const uint64_t *cell_kib, size_t n_cells, int *ret);

#endif
