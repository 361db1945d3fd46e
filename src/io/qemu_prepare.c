/* SPDX-License-Identifier: MIT */
/* What has to be changed of a guest's cpusets before it can be pinned as wanted. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <vnuma/plan.h>

#include "io/files.h"
#include "io/qemu_cpuset.h"

/* A cpuset cgroup of the guest that does not have all CPUs that threads in it are to run on. */
struct leaf {
    char *dir;
    struct vn_cpuset has, wanted;
};

struct prepared {
    struct vn_arena *arena;
    struct vn_cgroup_mounts mounts;
    int pid;
    struct leaf *leaves;
    size_t n_leaves;
    struct vn_setting_change *changes;
    size_t n_changes;
};

/* Where the thread is; false where its own cpuset is not what stands in the way. */
static bool is_in_the_way(const struct prepared *to, int tid, const struct vn_cpuset *cpus, char *dir,
                          struct vn_cpuset *has)
{
    VN_AUTO(vn_buf) text = {0};
    char highest[PATH_MAX];
    struct vn_cpuset there;

    return vn_file_readf("", &text, NULL, "proc/%d/task/%d/cgroup", to->pid, tid) == 0 &&
           vn_cgroup_own(&to->mounts, text.ptr, dir, has, NULL) == 0 &&
           vn_cgroup_forbids(&to->mounts, text.ptr, cpus, highest, &there, NULL) == 0 && !strcmp(highest, dir);
}

static int add_leaf(struct prepared *to, const char *dir, const struct vn_cpuset *has, const struct vn_cpuset *cpus,
                    struct vn_err *err)
{
    struct leaf *leaf = NULL;

    for (size_t i = 0; i < to->n_leaves && !leaf; i++)
        if (!strcmp(to->leaves[i].dir, dir))
            leaf = &to->leaves[i];
    if (!leaf) {
        leaf = vn_arena_grow(to->arena, &to->leaves, &to->n_leaves, sizeof *leaf);
        if (!leaf)
            return vn_nomem(err);
        *leaf = (struct leaf){.dir = vn_arena_strdup(to->arena, dir), .has = *has};
        if (!leaf->dir)
            return vn_nomem(err);
    }
    vn_cpuset_or(&leaf->wanted, cpus);
    return 0;
}

static int add_change(struct prepared *to, char *key, char *before, char *after, struct vn_err *err)
{
    struct vn_setting_change *at = vn_arena_grow(to->arena, &to->changes, &to->n_changes, sizeof *at);

    if (!at || !key || !before || !after)
        return vn_nomem(err);
    *at = (struct vn_setting_change){key, before, after};
    return 0;
}

static char *cpus_key(struct prepared *to, const char *dir)
{
    return vn_arena_printf(to->arena, "%s/%s", VN_CPUSET_CPUS, dir);
}

static char *cpus_now(struct prepared *to, const char *dir, const char *if_none)
{
    VN_AUTO(vn_buf) text = {0};

    if (vn_file_readf("", &text, NULL, "%s/cpuset.cpus", dir) < 0)
        return vn_arena_strdup(to->arena, if_none);
    return vn_arena_strdup(to->arena, vn_text_trim(text.ptr));
}

static char *cpus_with(struct prepared *to, const struct vn_cpuset *has, const struct vn_cpuset *wanted)
{
    struct vn_cpuset all = *has;

    vn_cpuset_or(&all, wanted);
    return vn_cpuset_text(to->arena, &all);
}

static int widen(struct prepared *to, const struct leaf *leaf, struct vn_err *err)
{
    return add_change(to, cpus_key(to, leaf->dir), cpus_now(to, leaf->dir, ""),
                      cpus_with(to, &leaf->has, &leaf->wanted), err);
}

static int take_apart(struct prepared *to, const struct leaf *leaf, struct vn_err *err)
{
    char dir[PATH_MAX];
    int r;

    vn_cpuset_apart(leaf->dir, to->pid, dir);
    r = add_change(to, cpus_key(to, dir), cpus_now(to, dir, ""), cpus_with(to, &leaf->has, &leaf->wanted), err);
    return r < 0 ? r
                 : add_change(to, vn_arena_strdup(to->arena, VN_CPUSET_DIR),
                              vn_arena_printf(to->arena, "/%s", leaf->dir), vn_arena_printf(to->arena, "/%s", dir),
                              err);
}

static int prepare_leaf(struct prepared *to, const struct leaf *leaf, struct vn_err *err)
{
    enum vn_cpuset_way way;
    int r = vn_cpuset_way_of(&to->mounts, to->pid, leaf->dir, &way, err);

    if (r < 0 || way == VN_CPUSET_FIXED) /* the pin is refused, and says what forbids it */
        return r;
    return way == VN_CPUSET_WIDENED ? widen(to, leaf, err) : take_apart(to, leaf, err);
}

static int look_at(struct prepared *to, const struct vn_qemu_guest *guest, const struct vn_step *step,
                   struct vn_err *err)
{
    char dir[PATH_MAX];
    struct vn_cpuset has, wanted = step->cpus_after;
    int tid = vn_qemu_tid(guest, step->kind, step->index);
    int r = tid ? vn_qemu_keep_online(&wanted, err) : 0;

    if (r < 0 || !tid || !is_in_the_way(to, tid, &wanted, dir, &has))
        return r;
    return add_leaf(to, dir, &has, &wanted, err);
}

int vn_qemu_prepare_pins(void *self, const char *vm, const struct vn_step *steps, size_t n_steps,
                         struct vn_arena *arena, struct vn_setting_change **ret, size_t *ret_count, struct vn_err *err)
{
    struct prepared to = {.arena = arena};
    struct vn_qemu_guest *guest;
    int r = vn_qemu_find(self, vm, &guest, err);

    if (r == 0)
        r = vn_cgroup_find(&to.mounts, err);
    if (r == 0 && !guest->broken && to.mounts.cpuset.path[0])
        r = vn_qemu_who(self, guest, err);
    if (r == 0 && guest->who) {
        to.pid = guest->pid;
        for (size_t i = 0; r == 0 && i < n_steps; i++)
            r = look_at(&to, guest, &steps[i], err);
        for (size_t i = 0; r == 0 && i < to.n_leaves; i++)
            r = prepare_leaf(&to, &to.leaves[i], err);
    }
    *ret = to.changes;
    *ret_count = to.n_changes;
    return r;
}
