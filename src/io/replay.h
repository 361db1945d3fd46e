/* SPDX-License-Identifier: MIT */
#ifndef VN_IO_REPLAY_H
#define VN_IO_REPLAY_H

#include <vnuma/buf.h>
#include <vnuma/plan.h>
#include <vnuma/snapshot.h>

#include "port/hypervisor.h"

/* Inside the replay door only: a snapshot that can be acted on, by the rules of a real host. */

/** Every change is made to a copy, which takes the place of the state when it is whole (and written). */
struct vn_replay {
    char *path; /* NULL: the demo, from memory */
    bool write;
    struct vn_snapshot state;
};

/** vn_replay_text() - a file whole, bounded. Errors: -VN_E_ENV names the path. */
VN_NODISCARD int vn_replay_load(const char *path, struct vn_snapshot *ret, struct vn_err *err);
/** vn_replay_save() - the file replaced at once, or not at all; its permissions kept. */
VN_NODISCARD int vn_replay_save(const char *path, const struct vn_snapshot *snapshot, struct vn_err *err);

/* The rules: each changes @state, which the caller throws away when it fails. */

/** -VN_E_ABSENT: no such VM. */
VN_NODISCARD int vn_replay_vm(const struct vn_snapshot *state, const char *name, struct vn_vm **ret,
                              struct vn_err *err);
/** The same, and -VN_E_REFUSED unless it runs. */
VN_NODISCARD int vn_replay_running(const struct vn_snapshot *state, const char *name, struct vn_vm **ret,
                                   struct vn_err *err);

VN_NODISCARD int vn_replay_pin(struct vn_snapshot *state, const char *vm, enum vn_step_kind kind, unsigned index,
                               const struct vn_cpuset *cpus, unsigned scope, struct vn_err *err);
VN_NODISCARD int vn_replay_nodeset(struct vn_snapshot *state, const char *vm, const struct vn_nodeset *nodes,
                                   unsigned scope, struct vn_err *err);
/** -VN_E_REFUSED when not everything fits: what fitted has moved then, and the state is to be kept. */
VN_NODISCARD int vn_replay_move(struct vn_snapshot *state, const char *vm, const struct vn_move *move,
                                const struct vn_progress *progress, uint64_t *ret_moved_kib, struct vn_err *err);
VN_NODISCARD int vn_replay_define(struct vn_snapshot *state, const char *xml, struct vn_err *err);
VN_NODISCARD int vn_replay_setting(const struct vn_snapshot *state, const char *vm, const char *key,
                                   struct vn_buf *ret, struct vn_err *err);
VN_NODISCARD int vn_replay_set_setting(struct vn_snapshot *state, const char *vm, const char *key, const char *value,
                                       struct vn_err *err);
VN_NODISCARD int vn_replay_restore(struct vn_snapshot *state, const char *vm, const char *xml, struct vn_err *err);

/** A changed XML text takes the place of the old one, and is parsed. */
VN_NODISCARD int vn_replay_new_xml(struct vn_snapshot *state, const char *text, char **xml, struct vn_domain **domain,
                                   struct vn_err *err);
/** A thread goes where its new pin is. */
void vn_replay_repin(struct vn_thread *thread, const struct vn_cpuset *cpus);
/** The pages of a cell (@cell -1: those of no cell) that are on node @from go to node @to, as many of
 *  @limit_kib as fit. Returns how much has moved. */
uint64_t vn_replay_shift(struct vn_snapshot *state, struct vn_vm *vm, int cell, size_t from, size_t to,
                         uint64_t limit_kib);
/** Pages of the VM outside of @nodes go to them, as far as they fit: what a narrowed cpuset does. */
void vn_replay_gather(struct vn_snapshot *state, struct vn_vm *vm, const struct vn_nodeset *nodes);
/** KiB of a cell (-1: of no cell) on the host's node at @node. */
uint64_t vn_replay_resident(const struct vn_snapshot *state, const struct vn_vm *vm, int cell, size_t node);
/** KiB that node @node can still take of this VM's kind of pages. */
uint64_t vn_replay_room(const struct vn_snapshot *state, const struct vn_vm *vm, size_t node);
/** Takes (@kib > 0) or gives back memory or huge pages of a node. */
void vn_replay_take(struct vn_snapshot *state, const struct vn_vm *vm, size_t node, int64_t kib);
/** -VN_E_REFUSED unless every node is one that has memory. */
VN_NODISCARD int vn_replay_check_nodes(const struct vn_snapshot *state, const struct vn_nodeset *nodes,
                                       struct vn_err *err);
VN_NODISCARD int vn_replay_check_cpus(const struct vn_snapshot *state, const struct vn_cpuset *cpus,
                                      struct vn_err *err);

#endif
