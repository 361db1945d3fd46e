/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "codec/proctext.h"
#include "io/files.h"
#include "io/qemu_priv.h"

/* Which processes are guests of nobody's. */

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* "qemu-system-x86_64", "qemu-kvm", "kvm"; the file may be gone since ("... (deleted)"). */
static bool is_qemu(const char *path)
{
    const char *name = base_of(path);
    size_t len = strcspn(name, " ");

    return !strncmp(name, "qemu-system-", 12) || (len == 8 && !strncmp(name, "qemu-kvm", 8)) ||
           (len == 3 && !strncmp(name, "kvm", 3));
}

/* The executable; where that may not be looked at, what the process says of itself. */
static bool runs_qemu(unsigned pid, const char *argv0)
{
    char link[64], path[PATH_MAX];
    ssize_t len;

    (void)snprintf(link, sizeof link, "/proc/%u/exe", pid);
    len = readlink(link, path, sizeof path - 1);
    if (len < 0)
        return is_qemu(argv0);
    path[len] = '\0';
    return is_qemu(path);
}

/* libvirt's are in a cgroup that it, or systemd-machined for it, has made; without cgroups their options tell. */
static bool is_libvirts(int pid, const struct vn_qemu_cmd *cmd)
{
    VN_AUTO(vn_buf) text = {0};

    if (cmd->libvirt)
        return true;
    return vn_file_readf("", &text, NULL, "proc/%d/cgroup", pid) == 0 &&
           (strstr(text.ptr, "/machine-qemu") || strstr(text.ptr, "/machine/qemu-") ||
            strstr(text.ptr, ".libvirt-qemu"));
}

static int read_start(int pid, uint64_t *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    int r = vn_file_readf("", &text, err, "proc/%d/stat", pid);

    return r < 0 ? r : vn_stat_start(text.ptr, ret, err);
}

/* A UUID of version 8, whose digits are free: 8 of the boot, 7 of the pid, 12 of the start. */
static void set_id(struct vn_qemu_guest *guest)
{
    VN_AUTO(vn_buf) boot = {0};
    unsigned pid = (unsigned)guest->pid;

    if (vn_file_read("", "proc/sys/kernel/random/boot_id", 64, &boot, NULL) < 0 || boot.len < 8)
        vn_buf_str(&boot, "00000000");
    (void)snprintf(guest->id, sizeof guest->id, "%.8s-%04x-8%03x-8000-%012" PRIx64, vn_buf_text(&boot),
                   pid >> 12 & 0xffff, pid & 0xfff, guest->start & UINT64_C(0xffffffffffff));
}

/* The page size of a directory on hugetlbfs, as the process sees it; 0: another file system. */
static uint64_t hugepage_of(int pid, const char *path)
{
    char full[PATH_MAX];
    struct statfs fs;
    int len = snprintf(full, sizeof full, "/proc/%d/%s/%s", pid, *path == '/' ? "root" : "cwd", path);

    if (!*path || len < 0 || (size_t)len >= sizeof full || statfs(full, &fs) < 0 || fs.f_type != HUGETLBFS_MAGIC)
        return 0;
    return (uint64_t)fs.f_bsize / 1024;
}

static void set_hugepages(struct vn_qemu_guest *guest)
{
    struct vn_qemu_cmd *cmd = &guest->cmd;

    cmd->mem_path_hugepage_kib = hugepage_of(guest->pid, cmd->mem_path);
    for (size_t i = 0; i < cmd->n_backends; i++)
        if (!cmd->backends[i].hugepage_kib)
            cmd->backends[i].hugepage_kib = hugepage_of(guest->pid, cmd->backends[i].path);
}

/* A guest whose options are not understood is there all the same, and nothing more is said of it. */
static int read_cmd(struct vn_qemu_guest *guest, const struct vn_buf *args, struct vn_arena *arena, struct vn_err *err)
{
    struct vn_err why = {0};
    char text[1024];
    int r = vn_qemucmd_parse(args->ptr, args->len, arena, &guest->cmd, &why);

    if (r == -VN_E_NOMEM)
        return vn_nomem(err);
    if (r < 0) {
        guest->broken = vn_arena_strdup(arena, vn_err_text(&why, text, sizeof text));
        guest->cmd = (struct vn_qemu_cmd){.libvirt = memmem(args->ptr, args->len, "charmonitor", 11) != NULL};
        return guest->broken ? 0 : vn_nomem(err);
    }
    set_hugepages(guest);
    return 0;
}

static int set_names(struct vn_qemu_guest *guest, struct vn_arena *arena, struct vn_err *err)
{
    const char *name = guest->broken ? "" : guest->cmd.name;

    guest->own_name = *name ? vn_arena_strdup(arena, name) : vn_arena_printf(arena, "qemu-%d", guest->pid);
    guest->name = guest->own_name;
    return guest->name ? 0 : vn_nomem(err);
}

/* 1: a guest; 0: another process, or gone. */
static int read_process(unsigned pid, struct vn_buf *args, struct vn_arena *arena, struct vn_qemu_guest *ret,
                        struct vn_err *err)
{
    char rel[64];
    int r;

    *ret = (struct vn_qemu_guest){.pid = (int)pid};
    (void)snprintf(rel, sizeof rel, "proc/%u/cmdline", pid);
    r = vn_file_read("", rel, VN_QEMUCMD_MAX, args, NULL);
    if (r < 0 || !args->len || !runs_qemu(pid, args->ptr)) /* a zombie's and a kernel thread's are empty */
        return r == -VN_E_NOMEM ? vn_nomem(err) : 0;
    if (read_start(ret->pid, &ret->start, NULL) < 0)
        return 0;
    r = read_cmd(ret, args, arena, err);
    if (r < 0 || is_libvirts(ret->pid, &ret->cmd) || ret->cmd.no_machine)
        return r;
    set_id(ret);
    r = set_names(ret, arena, err);
    return r < 0 ? r : 1;
}

/* ---- names ---- */

static size_t count_name(const struct vn_qemu *qemu, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < qemu->n_guests; i++)
        count += !strcmp(qemu->guests[i].name, name);
    return count;
}

/* Whatever appears twice gets its pid; 1: some had to. */
static int qualify_once(struct vn_qemu *qemu, struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    bool *twice = vn_arena_array(&scratch, qemu->n_guests, sizeof *twice);
    int any = 0;

    if (!twice)
        return vn_nomem(err);
    for (size_t i = 0; i < qemu->n_guests; i++)
        twice[i] = count_name(qemu, qemu->guests[i].name) > 1;
    for (size_t i = 0; i < qemu->n_guests; i++) {
        struct vn_qemu_guest *guest = &qemu->guests[i];

        if (!twice[i])
            continue;
        guest->name = vn_arena_printf(&qemu->arena, "%s@%d", guest->name, guest->pid);
        if (!guest->name)
            return vn_nomem(err);
        any = 1;
    }
    return any;
}

/* Somebody may have chosen a name that looks so: another round, or several. */
static int qualify(struct vn_qemu *qemu, struct vn_err *err)
{
    int r = 1;

    for (size_t rounds = 0; r == 1 && rounds <= qemu->n_guests; rounds++)
        r = qualify_once(qemu, err);
    return r < 0 ? r : 0;
}

static bool is_alias(const struct vn_qemu_guest *guest, const char *name)
{
    size_t len = strlen(guest->own_name);
    char pid[16];

    (void)snprintf(pid, sizeof pid, "@%d", guest->pid);
    return !strncmp(name, guest->own_name, len) && !strcmp(name + len, pid);
}

static int take_aliases(struct vn_qemu *qemu, const char *const *names, size_t n_names, struct vn_err *err)
{
    for (size_t n = 0; n < n_names; n++)
        for (size_t i = 0; i < qemu->n_guests; i++) {
            struct vn_qemu_guest *guest = &qemu->guests[i];

            if (!is_alias(guest, names[n]) || count_name(qemu, names[n]))
                continue;
            guest->name = vn_arena_strdup(&qemu->arena, names[n]);
            if (!guest->name)
                return vn_nomem(err);
        }
    return 0;
}

/* ---- all of them ---- */

int vn_qemu_scan(struct vn_qemu *qemu, const char *const *names, size_t n_names, struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    VN_AUTO(vn_buf) args = {0};
    unsigned *pids = NULL;
    size_t count = 0;
    int r;

    vn_arena_drop(&qemu->arena);
    qemu->guests = NULL;
    qemu->n_guests = 0;
    r = vn_dir_numbers("", "proc", "", "", &scratch, &pids, &count, err);
    for (size_t i = 0; r == 0 && i < count; i++) {
        struct vn_qemu_guest guest, *place;

        if (!pids[i] || pids[i] > INT_MAX)
            continue;
        r = read_process(pids[i], &args, &qemu->arena, &guest, err);
        if (r <= 0)
            continue;
        r = 0;
        place = vn_arena_grow(&qemu->arena, &qemu->guests, &qemu->n_guests, sizeof *place);
        if (!place)
            return vn_nomem(err);
        *place = guest;
    }
    if (r == 0)
        r = qualify(qemu, err);
    return r < 0 ? r : take_aliases(qemu, names, n_names, err);
}

int vn_qemu_absent(const struct vn_qemu *qemu, const char *name, struct vn_err *err)
{
    char names[256] = "";
    size_t len = 0;

    for (size_t i = 0; i < qemu->n_guests && len < sizeof names; i++)
        if (!strcmp(qemu->guests[i].own_name, name))
            len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", len ? ", " : "", qemu->guests[i].name);
    if (len)
        return vn_failf(err, VN_E_ABSENT, "Name the one that is meant with its pid.",
                        "several QEMU processes are called '%s': %s", name, names);
    return vn_failf(err, VN_E_ABSENT, "See 'vnuma -c qemu-proc: vm' for those that are there.",
                    "there is no QEMU process '%s' here that libvirt does not manage", name);
}

static bool is_called(const struct vn_qemu_guest *guest, const char *name)
{
    return !strcmp(guest->name, name) || !strcmp(guest->id, name) || is_alias(guest, name) ||
           (!guest->broken && *guest->cmd.uuid && !strcmp(guest->cmd.uuid, name));
}

int vn_qemu_find(struct vn_qemu *qemu, const char *name, struct vn_qemu_guest **ret, struct vn_err *err)
{
    int r = qemu->guests ? 0 : vn_qemu_scan(qemu, &name, 1, err);

    for (size_t i = 0; r == 0 && i < qemu->n_guests; i++) {
        struct vn_qemu_guest *guest = &qemu->guests[i];
        uint64_t start;

        if (!is_called(guest, name))
            continue;
        if (read_start(guest->pid, &start, NULL) < 0 || start != guest->start)
            return vn_failf(err, VN_E_ABSENT, "Look again with 'vnuma -c qemu-proc: vm'.",
                            "the QEMU process %d of '%s' has ended", guest->pid, name);
        *ret = guest;
        return 0;
    }
    return r < 0 ? r : vn_qemu_absent(qemu, name, err);
}
