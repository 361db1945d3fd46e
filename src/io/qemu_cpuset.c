/* SPDX-License-Identifier: MIT */
/* May a cpuset be changed? Who is in it, and whose it is. */
#include "io/qemu_cpuset.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <vnuma/units.h>

#include "io/files.h"

bool vn_cpuset_is_unit(const struct vn_cgroup_mounts *mounts, const char *dir)
{
    const char *name = strrchr(dir, '/'), *dot = name ? strrchr(name, '.') : NULL;

    return mounts->cpuset.v2 && dot && (!strcmp(dot, ".slice") || !strcmp(dot, ".scope") || !strcmp(dot, ".service"));
}

void vn_cpuset_apart(const char *dir, int pid, char *ret)
{
    const char *slash = strrchr(dir, '/');

    (void)snprintf(ret, PATH_MAX, "%.*s/vnuma.%d", slash ? (int)(slash - dir) : 0, dir, pid);
}

/* Kernel threads that work for the process are in its cgroups: "vhost-4711", "kvm-pit/4711". */
static bool works_for(int tid, int pid)
{
    VN_AUTO(vn_buf) text = {0};
    char suffix[16];
    const char *name;
    size_t len;

    if (vn_file_readf("", &text, NULL, "proc/%d/cmdline", tid) < 0 || text.len)
        return false;
    if (vn_file_readf("", &text, NULL, "proc/%d/comm", tid) < 0)
        return false;
    name = vn_text_trim(text.ptr);
    len = (size_t)snprintf(suffix, sizeof suffix, "%d", pid);
    return strlen(name) > len && !strcmp(name + strlen(name) - len, suffix) &&
           strchr("-/", name[strlen(name) - len - 1]);
}

static bool is_of(int tid, int pid)
{
    char path[64];

    (void)snprintf(path, sizeof path, "/proc/%d/task/%d", pid, tid);
    return access(path, F_OK) == 0 || works_for(tid, pid);
}

/* Are all threads of the cgroup the guest's? One that ended meanwhile is nobody's. */
static int is_alone(const struct vn_cgroup_mounts *mounts, const char *dir, int pid, bool *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    int r = vn_file_readf("", &text, err, "%s/%s", dir, mounts->cpuset.v2 ? "cgroup.threads" : "tasks");
    char *rest = NULL;

    *ret = true;
    for (char *at = r == 0 ? strtok_r(text.ptr, "\n", &rest) : NULL; at && *ret; at = strtok_r(NULL, "\n", &rest)) {
        char path[64];
        uint64_t tid;

        if (vn_uint_parse(at, INT_MAX, &tid, NULL) < 0)
            continue;
        (void)snprintf(path, sizeof path, "/proc/%d", (int)tid);
        *ret = is_of((int)tid, pid) || access(path, F_OK) < 0;
    }
    return r;
}

/* What is below would have to be changed with it. */
static bool has_children(const char *dir)
{
    char path[PATH_MAX];
    struct dirent *entry;
    bool any = false;
    DIR *at;

    if (snprintf(path, sizeof path, "/%s", dir) >= (int)sizeof path)
        return true;
    at = opendir(path);
    while (at && !any && (entry = readdir(at)))
        any = entry->d_type == DT_DIR && strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
    if (at)
        (void)closedir(at);
    return any || !at;
}

int vn_cpuset_threads(const struct vn_cgroup_mounts *mounts, const char *dir, int pid, size_t *ret_in, size_t *ret_out,
                      struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct vn_task *tasks = NULL;
    size_t count = 0;
    int r = vn_proc_tasks(pid, &scratch, &tasks, &count, err);

    *ret_in = *ret_out = 0;
    for (size_t i = 0; r == 0 && i < count; i++) {
        VN_AUTO(vn_buf) text = {0};
        char own[PATH_MAX];
        struct vn_cpuset cpus;
        bool in;

        if (vn_file_readf("", &text, NULL, "proc/%d/task/%d/cgroup", pid, tasks[i].tid) < 0)
            continue; /* it ended */
        in = vn_cgroup_own(mounts, text.ptr, own, &cpus, NULL) == 0 && !strcmp(own, dir);
        *ret_in += in;
        *ret_out += !in;
    }
    return r;
}

int vn_cpuset_way_of(const struct vn_cgroup_mounts *mounts, int pid, const char *dir, enum vn_cpuset_way *ret,
                     struct vn_err *err)
{
    size_t in = 0, out = 0;
    bool alone = false;
    int r = is_alone(mounts, dir, pid, &alone, err);

    *ret = VN_CPUSET_FIXED;
    if (r < 0 || vn_cpuset_is_unit(mounts, dir) || !strchr(dir + strlen(mounts->cpuset.path), '/'))
        return r;
    if (alone && !has_children(dir)) {
        *ret = VN_CPUSET_WIDENED;
        return 0;
    }
    if (mounts->cpuset.v2) /* another cgroup would take it out of the limits on memory and all else, too */
        return 0;
    r = vn_cpuset_threads(mounts, dir, pid, &in, &out, err);
    if (r == 0 && in && !out)
        *ret = VN_CPUSET_APART;
    return r;
}
