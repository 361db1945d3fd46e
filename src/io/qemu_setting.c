/* SPDX-License-Identifier: MIT */
/* Named values of what runs: the host's are files of this machine, a guest's are its cpuset's. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/files.h"
#include "io/local.h"
#include "io/qemu_cpuset.h"

struct box {
    const char *vm;
    int pid;
    struct vn_cgroup_mounts mounts;
    char now[PATH_MAX]; /* the cgroup of the main thread, with no leading slash */
};

static int open_box(struct vn_qemu *qemu, const char *vm, struct box *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    struct vn_qemu_guest *guest;
    struct vn_cpuset cpus;
    int r = vn_qemu_find(qemu, vm, &guest, err);

    if (r == 0)
        r = vn_cgroup_find(&ret->mounts, err);
    if (r < 0)
        return r;
    ret->vm = vm;
    ret->pid = guest->pid;
    r = vn_file_readf("", &text, err, "proc/%d/cgroup", ret->pid);
    return r < 0 ? r : vn_cgroup_own(&ret->mounts, text.ptr, ret->now, &cpus, err);
}

/* A plan or a journal may come from elsewhere: it names cpuset cgroups and nothing else. */
static int check_dir(const struct box *box, const char *dir, struct vn_err *err)
{
    size_t skip = strlen(box->mounts.cpuset.path);

    if (*dir == '/' && !strncmp(dir + 1, box->mounts.cpuset.path, skip) && (!dir[1 + skip] || dir[1 + skip] == '/') &&
        !strstr(dir, "/..") && strlen(dir) < PATH_MAX - 32)
        return 0;
    return VN_FAIL(err, VN_E_REFUSED, .got = dir, .cause = "that is no cpuset cgroup of this machine");
}

static bool is_ours(const struct box *box, const char *dir)
{
    char name[32];
    const char *slash = strrchr(dir, '/');

    (void)snprintf(name, sizeof name, "/vnuma.%d", box->pid);
    return slash && !strcmp(slash, name);
}

/* ---- masks ---- */

struct mask {
    int tid;
    struct vn_cpuset cpus;
};

static int read_masks(const struct box *box, struct vn_arena *arena, struct mask **ret, size_t *ret_count,
                      struct vn_err *err)
{
    struct vn_task *tasks = NULL;
    size_t count = 0;
    int r = vn_proc_tasks(box->pid, arena, &tasks, &count, err);

    *ret = NULL;
    *ret_count = 0;
    for (size_t i = 0; r == 0 && i < count; i++) {
        struct vn_thread thread = {0};
        struct mask *at;

        if (vn_proc_thread(box->pid, tasks[i].tid, &box->mounts, &thread, NULL) < 0 ||
            !(thread.known & VN_THREAD_CGROUP))
            continue; /* it ended */
        at = vn_arena_grow(arena, ret, ret_count, sizeof *at);
        if (!at)
            return vn_nomem(err);
        *at = (struct mask){tasks[i].tid, thread.allowed};
    }
    return r;
}

/*
 * Who is to go elsewhere is pinned there next; nobody does by the cpuset alone: not who was not pinned and would get
 * the new CPUs too, and not who was and whose mask Linux before 6.2 forgets with any change of the cpuset.
 */
static int pin_again(const struct box *box, const struct mask *masks, size_t count, struct vn_err *err)
{
    for (size_t i = 0; i < count; i++) {
        struct vn_thread thread = {0};
        struct vn_cpuset wanted = masks[i].cpus;
        int r;

        if (vn_proc_thread(box->pid, masks[i].tid, &box->mounts, &thread, NULL) < 0)
            continue; /* it ended */
        vn_cpuset_and(&wanted, &thread.cgroup);
        if (vn_cpuset_empty(&wanted) || vn_cpuset_equal(&wanted, &thread.allowed))
            continue;
        r = vn_proc_pin(masks[i].tid, &wanted, box->vm, err);
        if (r < 0 && r != -VN_E_ABSENT)
            return r;
    }
    return 0;
}

/* One write, and the masks as they were. */
static int put(const struct box *box, const char *path, const char *text, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    struct mask *masks = NULL;
    size_t count = 0;
    int r = read_masks(box, &arena, &masks, &count, err);

    if (r == 0)
        r = vn_file_put("", path + 1, text, err);
    return r < 0 ? r : pin_again(box, masks, count, err);
}

static int put_at(const struct box *box, const char *dir, const char *file, const char *text, struct vn_err *err)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof path, "%.*s/%s", PATH_MAX - 32, dir, file);
    return put(box, path, text, err);
}

/* ---- a cpuset of vnuma's own (v1) ---- */

static int copy_file(const struct box *box, const char *dir, const char *file, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    int r = vn_file_readf("", &text, err, "%s/%s", box->now, file);

    return r < 0 ? r : put_at(box, dir, file, vn_text_trim(text.ptr), err);
}

/* Those of guests that ended are nobody's; one that somebody is in stays. */
static void sweep(const char *dir)
{
    VN_AUTO(vn_arena) scratch = {0};
    unsigned *pids = NULL;
    size_t count = 0;
    char path[PATH_MAX];
    int above = (int)(strrchr(dir, '/') - dir);

    (void)snprintf(path, sizeof path, "%.*s", above, dir);
    if (vn_dir_numbers("", path + 1, "vnuma.", "", &scratch, &pids, &count, NULL) < 0)
        return;
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(path, sizeof path, "/proc/%u", pids[i]);
        if (access(path, F_OK) == 0)
            continue;
        (void)snprintf(path, sizeof path, "%.*s/vnuma.%u", above, dir, pids[i]);
        (void)rmdir(path);
    }
}

static int make(const struct box *box, const char *dir, const char *cpus, struct vn_err *err)
{
    int r = 0;

    sweep(dir);
    if (mkdir(dir, 0755) < 0 && errno != EEXIST)
        return VN_FAIL(err, VN_E_ENV, .where = dir, .cause = strerror(errno), .fix = "Run vnuma as root.");
    r = copy_file(box, dir, "cpuset.mems", err);
    if (r == 0)
        r = copy_file(box, dir, "cpuset.memory_migrate", err);
    if (r == 0)
        r = put_at(box, dir, "cpuset.cpus", cpus, err);
    if (r < 0)
        (void)rmdir(dir);
    return r;
}

static int drop(const char *dir, struct vn_err *err)
{
    if (rmdir(dir) == 0 || errno == ENOENT)
        return 0;
    return VN_FAIL(err, VN_E_IO, .where = dir, .cause = strerror(errno),
                   .fix = "Move the processes in it to another cpuset, then remove it with rmdir.");
}

/* ---- the two settings ---- */

static int get_cpus(const struct box *box, const char *dir, struct vn_buf *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    int r = check_dir(box, dir, err);

    if (r == 0)
        r = vn_file_readf("", &text, err, "%s/cpuset.cpus", dir + 1);
    if (r == -VN_E_ABSENT && is_ours(box, dir)) {
        vn_buf_str(ret, "");
        return 0;
    }
    if (r == 0)
        vn_buf_str(ret, vn_text_trim(text.ptr));
    return r;
}

static int set_cpus(const struct box *box, const char *dir, const char *value, struct vn_err *err)
{
    struct vn_cpuset cpus;
    size_t in = 0, out;
    int r = check_dir(box, dir, err);

    if (r == 0 && *value)
        r = vn_cpuset_parse(value, &cpus, err);
    if (r == 0)
        r = vn_cpuset_threads(&box->mounts, dir + 1, box->pid, &in, &out, err);
    if (r < 0)
        return r;
    if (is_ours(box, dir) && !in)
        return *value ? make(box, dir, value, err) : drop(dir, err);
    if (!in)
        return vn_failf(err, VN_E_REFUSED, "Change it by hand.", "%s is not in the cgroup '%s' now, but in '/%s'",
                        box->vm, dir, box->now);
    return put_at(box, dir, "cpuset.cpus", *value ? value : "\n", err);
}

static int set_dir(const struct box *box, const char *dir, struct vn_err *err)
{
    char pid[16];
    int r = check_dir(box, dir, err);

    if (r < 0)
        return r;
    if (box->mounts.cpuset.v2)
        return vn_failf(err, VN_E_REFUSED, NULL, "%s is not moved to the cgroup '%s': in cgroup v2 that would change "
                        "all of its limits", box->vm, dir);
    (void)snprintf(pid, sizeof pid, "%d", box->pid);
    return put_at(box, dir, "cgroup.procs", pid, err);
}

static int unknown(const char *key, struct vn_err *err)
{
    return VN_FAIL(err, VN_E_REFUSED, .got = key, .cause = "a bare QEMU has no such setting that vnuma could change");
}

int vn_qemu_setting(void *self, const char *vm, const char *key, struct vn_buf *ret, struct vn_err *err)
{
    size_t skip = strlen(VN_CPUSET_CPUS);
    bool cpus = !strncmp(key, VN_CPUSET_CPUS, skip);
    struct box box;
    int r;

    if (!*vm)
        return vn_local_setting("", key, ret, err);
    if (!cpus && strcmp(key, VN_CPUSET_DIR))
        return unknown(key, err);
    ret->len = 0;
    r = open_box(self, vm, &box, err);
    if (r == 0 && cpus)
        r = get_cpus(&box, key + skip, ret, err);
    else if (r == 0)
        vn_buf_fmt(ret, "/%s", box.now);
    return r == 0 && ret->failed ? vn_nomem(err) : r;
}

int vn_qemu_set_setting(void *self, const char *vm, const char *key, const char *value, struct vn_err *err)
{
    size_t skip = strlen(VN_CPUSET_CPUS);
    bool cpus = !strncmp(key, VN_CPUSET_CPUS, skip);
    struct box box;
    int r;

    if (!*vm)
        return vn_local_set_setting("", key, value, err);
    if (!cpus && strcmp(key, VN_CPUSET_DIR))
        return unknown(key, err);
    r = open_box(self, vm, &box, err);
    if (r < 0)
        return r;
    return cpus ? set_cpus(&box, key + skip, value, err) : set_dir(&box, value, err);
}
