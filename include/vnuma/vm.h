/* SPDX-License-Identifier: MIT */
#ifndef VNUMA_VM_H
#define VNUMA_VM_H

#include <vnuma/policy.h>
#include <vnuma/set.h>

enum vn_mem_mode { VN_MEM_DEFAULT, VN_MEM_STRICT, VN_MEM_PREFERRED, VN_MEM_INTERLEAVE, VN_MEM_RESTRICTIVE };

/* A guest's NUMA cell, as <cpu><numa><cell> has it. */
struct vn_cell {
    unsigned id;
    struct vn_cpuset vcpus;
    uint64_t memory_kib;
};
struct vn_memnode {
    unsigned cell;
    enum vn_mem_mode mode;
    struct vn_nodeset nodes;
};
struct vn_pin {
    unsigned id; /* vCPU or IOThread */
    struct vn_cpuset cpus;
};
struct vn_guest_topology {
    unsigned sockets, dies, cores, threads; /* all 0: none given */
};

/** struct vn_domain - what a domain XML says about placement. Owned by an arena. */
struct vn_domain {
    char *type, *name, *uuid;
    unsigned vcpus_max, vcpus;     /* possible, and plugged at start */
    uint64_t memory_kib;           /* <memory> */
    struct vn_cell *cells;
    size_t n_cells;
    struct vn_guest_topology topology;
    bool vcpu_auto;                /* <vcpu placement='auto'> */
    bool has_vcpu_cpus;
    struct vn_cpuset vcpu_cpus;    /* <vcpu cpuset=>: vCPUs without a vcpupin */
    struct vn_pin *vcpupins;       /* by ascending id */
    size_t n_vcpupins;
    bool has_emulatorpin;
    struct vn_cpuset emulatorpin;
    unsigned n_iothreads;
    unsigned *iothread_ids;        /* n_iothreads of them, ascending */
    struct vn_pin *iothreadpins;
    size_t n_iothreadpins;
    bool has_numatune;
    bool mem_auto;                 /* <memory placement='auto'> */
    enum vn_mem_mode mem_mode;
    struct vn_nodeset mem_nodes;
    struct vn_memnode *memnodes;
    size_t n_memnodes;
    uint64_t hugepage_kib;         /* <hugepages>: 0 none, 1 the host's default size, else the size */
    char **devices;                /* names as struct vn_device has them: hostdev PCI addresses */
    size_t n_devices;
    struct vn_vm_policy policy;    /* from <metadata>, namespace urn:vnuma:policy:1 */
};
/** vn_domain_pin() - the pin of a vCPU in this XML: vcpupin, else <vcpu cpuset>, else NULL. */
const struct vn_cpuset *vn_domain_pin(const struct vn_domain *domain, unsigned vcpu);
/** vn_domain_memnode() - the memnode of a cell, or NULL. */
const struct vn_memnode *vn_domain_memnode(const struct vn_domain *domain, unsigned cell);
/** vn_domain_cell_of() - which of the cells has this vCPU, from 0; -1 when none has. */
int vn_domain_cell_of(const struct vn_domain *domain, unsigned vcpu);

enum vn_vm_state {
    VN_VM_SHUTOFF,
    VN_VM_RUNNING,
    VN_VM_PAUSED,
    VN_VM_SAVING, /* stands still while its memory is written to a file; off when that is done */
    VN_VM_OTHER,
};

enum {
    VN_THREAD_CONFIGURED = 1u << 0, /* configured is known */
    VN_THREAD_ALLOWED = 1u << 1,    /* allowed is known */
    VN_THREAD_CGROUP = 1u << 2,     /* cgroup is known */
};
/** struct vn_thread - a vCPU, IOThread or the emulator: where it may run and where it runs. */
struct vn_thread {
    unsigned id;                 /* vCPU or IOThread number; 0 for the emulator */
    bool online;                 /* plugged */
    int tid;                     /* 0: not known */
    int cpu;                     /* where it ran last; -1: not known */
    unsigned known;              /* VN_THREAD_* */
    struct vn_cpuset configured; /* as libvirt says (live) */
    struct vn_cpuset allowed;    /* as the kernel says: Cpus_allowed_list */
    struct vn_cpuset cgroup;     /* its cpuset cgroup's effective CPUs */
};

/** Memory on other nodes up to this much is a guest's own churn: nothing to move, and no drift. */
#define VN_CHURN_KIB 4096u

enum vn_mem_method { VN_MEM_UNREAD, VN_MEM_NUMA_STAT, VN_MEM_NUMA_MAPS };

/** struct vn_vm - one VM as stored and as running. Owned by the snapshot's arena. */
struct vn_vm {
    char *name, *uuid;
    enum vn_vm_state state;
    int pid;                         /* QEMU's; 0: not running or not known */
    char *live_xml, *stored_xml;     /* NULL: not running; transient */
    struct vn_domain *live, *stored; /* parsed, NULL with the text */
    struct vn_thread *vcpus;         /* every possible vCPU of a running VM, by id */
    size_t n_vcpus;
    struct vn_thread emulator;
    struct vn_thread *iothreads;
    size_t n_iothreads;
    enum vn_mem_method mem_method;
    uint64_t *node_kib;              /* resident, one for each host node; NULL when unread */
    uint64_t *cell_kib;              /* [cell * host nodes + node]; NULL when unread or no cells */
    struct vn_vm_policy policy;      /* configuration file and metadata, merged */
    char *unread;                    /* why the kernel's view is missing; NULL when it is there */
};
/** vn_vm_runs() - running or paused: there are threads and pages, whose places can be changed. */
bool vn_vm_runs(const struct vn_vm *vm);
/** vn_vm_domain() - what runs, else what is stored; NULL when neither could be read. */
const struct vn_domain *vn_vm_domain(const struct vn_vm *vm);
const char *vn_vm_state_name(enum vn_vm_state state);
/** vn_vm_state_parse() - -1 for an unknown name. */
int vn_vm_state_parse(const char *name);
const char *vn_mem_mode_name(enum vn_mem_mode mode);
/** vn_mem_mode_parse() - -1 for an unknown name. */
int vn_mem_mode_parse(const char *name);

#endif
