/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "codec/proctext.h"
#include "io/cgroup.h"
#include "io/files.h"

const char *vn_cgroup_version(const char *root)
{
    VN_AUTO(vn_buf) text = {0};

    if (vn_file_read(root, "sys/fs/cgroup/cgroup.controllers", 4096, &text, NULL) == 0)
        return "v2";
    /* mounted by hand, or hwloc's captures of old machines */
    if (vn_file_read(root, "sys/fs/cgroup/cpuset/cpuset.cpus", VN_FILE_MAX, &text, NULL) == 0 ||
        vn_file_read(root, "sys/fs/cgroup/cpuset/cgroup.procs", VN_FILE_MAX, &text, NULL) == 0)
        return "v1";
    return "none";
}

/* One space-separated field of mountinfo, by position; its octal escapes are left as they are. */
static bool field(const char *line, unsigned index, char *ret, size_t size)
{
    size_t len;

    while (index--) {
        line += strcspn(line, " ");
        if (!*line)
            return false;
        line++;
    }
    len = strcspn(line, " ");
    if (!len || len >= size)
        return false;
    memcpy(ret, line, len);
    ret[len] = '\0';
    return true;
}

static bool has_word(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = strstr(list, word); at; at = strstr(at + 1, word))
        if ((at == list || strchr(", ", at[-1])) && (!at[len] || strchr(", \n", at[len])))
            return true;
    return false;
}

/* A v2 hierarchy counts where its root has the controller: beside v1 ones it may have none. */
static bool v2_has(const char *path, const char *controller)
{
    VN_AUTO(vn_buf) text = {0};

    return vn_file_readf("", &text, NULL, "%s/cgroup.controllers", path) == 0 && has_word(text.ptr, controller);
}

static void take(struct vn_cgroup_mount *mount, const char *root, const char *path, bool v2)
{
    if (mount->path[0])
        return;
    (void)snprintf(mount->path, sizeof mount->path, "%s", path + 1);
    (void)snprintf(mount->root, sizeof mount->root, "%s", strcmp(root, "/") ? root : "");
    mount->v2 = v2;
}

/* "36 35 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset" */
static void read_mount(const char *line, struct vn_cgroup_mounts *ret)
{
    const char *after = strstr(line, " - ");
    char root[256], path[256], type[32], options[256];

    if (!after || !field(line, 3, root, sizeof root) || !field(line, 4, path, sizeof path) || path[0] != '/' ||
        !field(after + 3, 0, type, sizeof type) || !field(after + 3, 2, options, sizeof options))
        return;
    if (!strcmp(type, "cgroup")) {
        if (has_word(options, "cpuset"))
            take(&ret->cpuset, root, path, false);
        if (has_word(options, "memory"))
            take(&ret->memory, root, path, false);
    } else if (!strcmp(type, "cgroup2")) {
        if (v2_has(path + 1, "cpuset"))
            take(&ret->cpuset, root, path, true);
        if (v2_has(path + 1, "memory"))
            take(&ret->memory, root, path, true);
    }
}

int vn_cgroup_find(struct vn_cgroup_mounts *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    int r = vn_file_read("", "proc/self/mountinfo", VN_FILE_MAX, &text, err);

    memset(ret, 0, sizeof *ret);
    if (r < 0)
        return r;
    for (char *line = text.ptr, *end; *line; line = end + 1) {
        end = line + strcspn(line, "\n");
        if (!*end)
            break;
        *end = '\0';
        read_mount(line, ret);
    }
    return 0;
}

/* The directory of the thread's cgroup below the mount point. */
static int dir_of(const struct vn_cgroup_mount *mount, const char *cgroup_text, const char *controller, char *ret,
                  size_t size, struct vn_err *err)
{
    char path[PATH_MAX];
    size_t skip = strlen(mount->root);
    int len, r;

    if (!mount->path[0])
        return VN_FAIL(err, VN_E_ABSENT, .got = controller, .cause = "no cgroups of this controller are mounted");
    r = vn_cgroup_path(cgroup_text, mount->v2 ? "" : controller, path, sizeof path, err);
    if (r < 0)
        return r;
    if (strncmp(path, mount->root, skip) || strstr(path, "/.."))
        return VN_FAIL(err, VN_E_ABSENT, .got = path, .cause = "a cgroup outside the part that is mounted here");
    len = snprintf(ret, size, "%s%s", mount->path, path + skip);
    return len < 0 || (size_t)len >= size ? VN_FAIL(err, VN_E_RANGE, .got = path, .cause = "a cgroup path too long") : 0;
}

/* Up by one directory; false at the mount point itself. */
static bool go_up(const struct vn_cgroup_mount *mount, char *dir)
{
    char *slash = strrchr(dir, '/');

    if (!slash || (size_t)(slash - dir) < strlen(mount->path))
        return false;
    *slash = '\0';
    return true;
}

/* The effective CPUs of one directory; -VN_E_ABSENT where v2 has not enabled the controller for it. */
static int cpus_of(const struct vn_cgroup_mount *mount, const char *dir, struct vn_cpuset *ret, struct vn_err *err)
{
    const char *file = mount->v2 ? "cpuset.cpus.effective" : "cpuset.effective_cpus";
    VN_AUTO(vn_buf) text = {0};
    int r = vn_file_readf("", &text, err, "%s/%s", dir, file);

    if (r == -VN_E_ABSENT && !mount->v2) /* kernels before 4.3 */
        r = vn_file_readf("", &text, err, "%s/cpuset.cpus", dir);
    return r < 0 ? r : vn_err_ctx(err, vn_cpuset_parse(vn_text_trim(text.ptr), ret, err), "cannot read '/%s'", dir);
}

int vn_cgroup_own(const struct vn_cgroup_mounts *mounts, const char *cgroup_text, char *ret, struct vn_cpuset *ret_cpus,
                  struct vn_err *err)
{
    const struct vn_cgroup_mount *mount = &mounts->cpuset;
    int r = dir_of(mount, cgroup_text, "cpuset", ret, PATH_MAX, err);

    if (r < 0)
        return r;
    /* in v2 a cgroup without the controller goes by the nearest one above that has it */
    do {
        r = cpus_of(mount, ret, ret_cpus, err);
    } while (r == -VN_E_ABSENT && mount->v2 && go_up(mount, ret));
    return r;
}

int vn_cgroup_cpus(const struct vn_cgroup_mounts *mounts, const char *cgroup_text, struct vn_cpuset *ret,
                   struct vn_err *err)
{
    char dir[PATH_MAX];

    return vn_cgroup_own(mounts, cgroup_text, dir, ret, err);
}

int vn_cgroup_forbids(const struct vn_cgroup_mounts *mounts, const char *cgroup_text, const struct vn_cpuset *cpus,
                      char *ret, struct vn_cpuset *ret_cpus, struct vn_err *err)
{
    const struct vn_cgroup_mount *mount = &mounts->cpuset;
    char dir[PATH_MAX];
    int r = dir_of(mount, cgroup_text, "cpuset", dir, sizeof dir, err);

    if (r < 0)
        return r;
    *ret = '\0';
    do {
        struct vn_cpuset has;

        if (cpus_of(mount, dir, &has, NULL) < 0 || vn_cpuset_subset(cpus, &has))
            continue;
        (void)snprintf(ret, PATH_MAX, "%s", dir);
        *ret_cpus = has;
    } while (go_up(mount, dir));
    return 0;
}

/* libvirt's directories below a VM's own: threads are sorted into them, memory is not. */
static bool is_below_vm(const char *dir)
{
    const char *name = strrchr(dir, '/');

    return name && (!strcmp(name, "/emulator") || !strcmp(name, "/libvirt") || !strncmp(name, "/vcpu", 5) ||
                    !strncmp(name, "/iothread", 9));
}

/* A directory made for one VM; a user's session or the root's figures would be of others, too. */
static bool is_of_vm(const char *dir)
{
    const char *name = strrchr(dir, '/');

    return name && (strstr(name, "qemu") || strstr(dir, "/qemu.slice/"));
}

int vn_cgroup_memory(const struct vn_cgroup_mounts *mounts, const char *cgroup_text, bool of_vm, const int *node_ids,
                     size_t n_nodes, uint64_t *ret_kib, struct vn_err *err)
{
    const struct vn_cgroup_mount *mount = &mounts->memory;
    VN_AUTO(vn_buf) text = {0};
    char dir[PATH_MAX];
    int r = dir_of(mount, cgroup_text, "memory", dir, sizeof dir, err);

    if (r < 0)
        return r;
    while (is_below_vm(dir) && go_up(mount, dir))
        ;
    if (of_vm && !is_of_vm(dir))
        return VN_FAIL(err, VN_E_ABSENT, .where = dir, .cause = "the VM has no memory cgroup of its own");
    r = vn_file_glance(&text, err, "%s/memory.numa_stat", dir);
    return r < 0 ? r : vn_numastat_parse(text.ptr, node_ids, n_nodes, ret_kib, err);
}

int vn_cgroup_numa_stat(const struct vn_cgroup_mounts *mounts, const char *cgroup_text, const int *node_ids,
                        size_t n_nodes, uint64_t *ret_kib, struct vn_err *err)
{
    return vn_cgroup_memory(mounts, cgroup_text, true, node_ids, n_nodes, ret_kib, err);
}
