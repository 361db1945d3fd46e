/* SPDX-License-Identifier: MIT */
#ifndef VN_IO_PROC_MEMORY_H
#define VN_IO_PROC_MEMORY_H

#include <vnuma/arena.h>

#include "codec/proctext.h"
#include "port/hypervisor.h"

/* A QEMU process's memory, whoever manages it: where it is, and moving it. */

/** What is known of the guest that the process runs. Borrowed pointers. */
struct vn_guest {
    const char *name;
    int pid;
    const int *node_ids;      /* the host's nodes, ascending */
    size_t n_nodes;
    const uint64_t *cell_kib; /* sizes of the guest's cells; NULL: it has none */
    size_t n_cells;
};

/** vn_proc_vmas() - numa_maps and maps. Errors: -VN_E_ABSENT gone, -VN_E_ENV no permission. */
VN_NODISCARD int vn_proc_vmas(const struct vn_guest *guest, struct vn_arena *arena, struct vn_vmas *ret,
                              struct vn_err *err);

/**
 * vn_proc_memory() - resident KiB a node, and a cell and node (NULL where the guest has no cells
 * or the mappings do not tell them apart), of memory that is the process's own. Exact; costs a walk through the process's page tables.
 */
VN_NODISCARD int vn_proc_memory(const struct vn_guest *guest, struct vn_arena *arena, uint64_t **ret_node_kib,
                                uint64_t **ret_cell_kib, struct vn_err *err);

/**
 * vn_proc_memory_stat() - resident KiB a node, from the memory cgroup that the guest has for itself: cheap, and no cells.
 * Errors: -VN_E_ABSENT it has none
 */
VN_NODISCARD int vn_proc_memory_stat(const struct vn_guest *guest, struct vn_arena *arena, uint64_t **ret_node_kib,
                                     struct vn_err *err);

/**
 * vn_proc_move() - as the port's move_memory. The target is looked at for room before anything
 * moves. ret_moved_kib is what the kernel says has arrived.
 * Errors: -VN_E_REFUSED no room, or no way to tell which memory is that cell's; those of vn_range_run()
 */
VN_NODISCARD int vn_proc_move(const struct vn_guest *guest, const struct vn_move *move,
                              const struct vn_progress *progress, uint64_t *ret_moved_kib, struct vn_err *err);

#endif
