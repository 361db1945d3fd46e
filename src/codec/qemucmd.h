/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_QEMUCMD_H
#define VN_CODEC_QEMUCMD_H

#include <vnuma/buf.h>
#include <vnuma/vm.h>

/*
 * PURE: QEMU's command line -> what it says about placement, and that as a domain XML. Source: qemu(1);
 * QEMU's hw/core/machine-smp.c for what -smp leaves out.
 */

struct vn_qemu_backend {
    char *id;
    uint64_t memory_kib;
    struct vn_nodeset nodes;  /* host-nodes=; empty: not said */
    enum vn_mem_mode mode;    /* policy=; default: not said */
    char *path;               /* mem-path= of a file backend; "" */
    uint64_t hugepage_kib;    /* as in struct vn_domain; a file's are its file system's, which is not known here */
};
struct vn_qemu_cell {
    struct vn_cpuset vcpus;
    uint64_t memory_kib;
    int backend; /* index, by memdev=; -1: none */
};
struct vn_qemu_distance {
    unsigned from, to, value;
};

/** struct vn_qemu_cmd - one QEMU's command line. Strings are "" where the option is not there. */
struct vn_qemu_cmd {
    char *program;        /* argv[0] */
    char *name, *uuid;    /* -name; -uuid */
    char *vmid;           /* -id, which is Proxmox's own */
    char *readconfig;     /* -readconfig FILE: not followed, and what is in it is missing below */
    char *mem_path;       /* -mem-path */
    uint64_t mem_path_hugepage_kib; /* the page size of its file system: for who can look; 0: not huge, or not known */
    bool mem_prealloc, kvm, debug_threads;
    bool libvirt;         /* started by libvirt: it has libvirt's monitor, or the key of its secrets */
    bool no_machine;      /* -machine none: no guest, but somebody asking what this QEMU can do */
    unsigned vcpus, vcpus_max;
    bool has_topology;    /* -smp says more than numbers of vCPUs */
    struct vn_guest_topology topology; /* complete in any case */
    uint64_t memory_kib;
    struct vn_qemu_backend *backends; /* in the order of the command line, in which QEMU makes them */
    size_t n_backends;
    int memory_backend;   /* -machine memory-backend=; -1: none */
    struct vn_qemu_cell *cells;
    size_t n_cells;
    struct vn_qemu_distance *distances;
    size_t n_distances;
    char **iothreads;     /* ids of -object iothread, in order */
    unsigned *iothread_numbers; /* N where every id is "iothreadN" with another N > 0; else 1, 2, 3 ... */
    size_t n_iothreads;
    char **sockets;       /* paths of QMP's UNIX sockets */
    size_t n_sockets;
    char **devices;       /* PCI addresses as struct vn_device has them */
    size_t n_devices;
};

/** Command lines longer than this are refused. */
#define VN_QEMUCMD_MAX (4u << 20)

/**
 * vn_qemucmd_parse() - @args: /proc/PID/cmdline, each argument ended by a NUL.
 * Errors: -VN_E_FORMAT an option that cannot be understood (it is named)
 * Memory: everything is @arena's
 */
VN_NODISCARD int vn_qemucmd_parse(const char *args, size_t len, struct vn_arena *arena, struct vn_qemu_cmd *ret,
                                  struct vn_err *err);

/**
 * vn_qemucmd_in_order() - are the cells' memory backends made in the order of the cells, as far as it matters: can
 * mappings be told apart by size and order (vn_vmas_cells())?
 */
bool vn_qemucmd_in_order(const struct vn_qemu_cmd *cmd);

/**
 * vn_qemucmd_xml() - the guest as libvirt would describe it while it runs: what a snapshot has as live XML. Pins are
 * those of @vm's threads that are known and narrower than @online.
 */
VN_NODISCARD int vn_qemucmd_xml(const struct vn_qemu_cmd *cmd, const struct vn_vm *vm, const struct vn_cpuset *online,
                                struct vn_buf *ret_xml, struct vn_err *err);

#endif
