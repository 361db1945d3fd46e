/* SPDX-License-Identifier: MIT */
#ifndef VN_PORT_STORE_H
#define VN_PORT_STORE_H

#include <vnuma/plan.h>

/* The journal: every change before it is made, so that a crash leaves the way back. */

enum vn_apply_state {
    VN_APPLY_RUNNING,     /* begun; after a crash: interrupted */
    VN_APPLY_DONE,        /* every step done */
    VN_APPLY_UNDONE,      /* taken back: by undo, or after a failure */
    VN_APPLY_PARTIAL,     /* taken back but for the steps listed as stuck */
    VN_APPLY_UNDOING,     /* an undo of a done entry has begun; after a crash: interrupted */
};
enum vn_step_state {
    VN_STEP_PENDING, /* recorded, not begun */
    VN_STEP_BEGUN,   /* begun; after a crash: either way */
    VN_STEP_DONE,
    VN_STEP_FAILED,  /* failed, changed nothing */
    VN_STEP_UNDOING, /* the way back begun */
    VN_STEP_UNDONE,
    VN_STEP_STUCK,   /* could not be taken back */
    VN_STEP_KEPT,    /* done, and left so by an undo that was not asked to move memory back */
};
const char *vn_apply_state_name(enum vn_apply_state state);
const char *vn_step_state_name(enum vn_step_state state);
/* -1 for an unknown name */
int vn_apply_state_parse(const char *name);
int vn_step_state_parse(const char *name);

struct vn_journal_step {
    struct vn_step step;
    enum vn_step_state state;
    char *note; /* error text, "" when none */
};
struct vn_journal_entry {
    int64_t id;
    int64_t started_usec, ended_usec; /* ended 0: not yet */
    enum vn_apply_state state;
    char *uri, *what;  /* what: "apply db32" */
    char *note;
    struct vn_journal_step *steps;
    size_t n_steps;
};

struct vn_store_ops {
    /* the lock of one uri: taken for an apply or undo, given back by unlock, close or the process's
     * end. wait_ms 0: refuse at once. -VN_E_BUSY names the holder's pid. */
    int (*lock)(void *self, const char *uri, unsigned wait_ms, struct vn_err *err);
    void (*unlock)(void *self);
    /* records the entry and all its steps as pending, durably (fsync), before anything changes */
    int (*begin)(void *self, const char *uri, const char *what, const struct vn_step *steps, size_t n_steps,
                 int64_t now_usec, int64_t *ret_id, struct vn_err *err);
    /* durable before it returns; note NULL: the one that is there stays */
    int (*set_step)(void *self, int64_t id, size_t step, enum vn_step_state state, const char *note,
                    struct vn_err *err);
    /* state and note of the whole entry, durable before it returns; with RUNNING or UNDOING the
     * entry is open again (ended 0) */
    int (*end)(void *self, int64_t id, enum vn_apply_state state, const char *note, int64_t now_usec,
               struct vn_err *err);
    /* one entry with its steps, everything of arena's; -VN_E_ABSENT */
    int (*read)(void *self, int64_t id, struct vn_arena *arena, struct vn_journal_entry *ret, struct vn_err *err);
    /* newest first; steps left out (n_steps holds the count, steps NULL); uri NULL: all hosts */
    int (*list)(void *self, const char *uri, struct vn_arena *arena, struct vn_journal_entry **ret, size_t *ret_count,
                struct vn_err *err);
    void (*close)(void *self);
    /* set_step, and the step itself in the same transaction: what a define made of the XML it was given */
    int (*set_step_as)(void *self, int64_t id, size_t step, enum vn_step_state state, const struct vn_step *now,
                       struct vn_err *err);
};

struct vn_store {
    const struct vn_store_ops *ops;
    void *self;
};

static inline void vn_store_drop(struct vn_store *store)
{
    if (store->ops && store->ops->close)
        store->ops->close(store->self);
    store->ops = 0;
}

#endif
