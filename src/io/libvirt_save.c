/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>
#include <vnuma/units.h>

#include "io/libvirt_priv.h"
#include "io/worker.h"

enum { POLL_MS = 250, MARGIN_KIB = 64 * 1024 };

/*
 * Save, then restore with another XML. The save file holds the guest while it is off: it is removed
 * only once the guest runs again, and its name says whose it is, so that the way back from a crash
 * in between is this same operation again.
 */
struct job {
    struct vn_libvirt *virt;
    virDomainPtr domain; /* our own reference */
    const char *vm, *xml;
    const struct vn_progress *progress;
    char path[PATH_MAX];
    char what[128];
    int r;
    struct vn_err err;
};

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- where the file goes ---- */

/* libvirtd makes these; a session's libvirtd has one of its own below the user's home. */
static int save_dir(const struct vn_libvirt *virt, char *ret, size_t size, struct vn_err *err)
{
    char *uri = virConnectGetURI(virt->conn);
    size_t len = uri ? strcspn(uri, "?") : 0;
    bool session = len >= 8 && !strncmp(uri + len - 8, "/session", 8);
    const struct passwd *user;
    int n;

    free(uri);
    if (!session) {
        (void)snprintf(ret, size, "/var/lib/libvirt/qemu/save");
        return 0;
    }
    user = getpwuid(geteuid());
    n = user ? snprintf(ret, size, "%s/.config/libvirt/qemu/save", user->pw_dir) : -1;
    if (n < 0 || (size_t)n >= size)
        return VN_FAIL(err, VN_E_ENV, .cause = "this user has no home directory to save the guest in");
    return 0;
}

static int make_path(struct job *job, char *dir, size_t size, struct vn_err *err)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    int n, r = save_dir(job->virt, dir, size, err);

    if (r < 0)
        return r;
    if (virDomainGetUUIDString(job->domain, uuid) < 0)
        return vn_virt_fail(err, "cannot read the UUID of VM '%s'", job->vm);
    n = snprintf(job->path, sizeof job->path, "%s/vnuma-%s.save", dir, uuid);
    return n < 0 || (size_t)n >= sizeof job->path ? VN_FAIL(err, VN_E_RANGE, .got = dir, .cause = "a path too long")
                                                  : 0;
}

/* The file gets as large as the guest's memory at most. */
static int check_disk(const struct job *job, const char *dir, struct vn_err *err)
{
    char need_text[32], free_text[32];
    struct statvfs fs;
    virDomainInfo info;
    uint64_t need, room;

    if (virDomainGetInfo(job->domain, &info) < 0)
        return vn_virt_fail(err, "cannot read the size of VM '%s'", job->vm);
    if (statvfs(dir, &fs) < 0)
        return VN_FAIL(err, VN_E_ENV, .where = dir, .cause = strerror(errno),
                       .fix = "libvirt keeps saved guests there: make it.");
    need = info.memory + MARGIN_KIB;
    room = (uint64_t)fs.f_bavail * fs.f_frsize / 1024;
    if (need <= room)
        return 0;
    (void)vn_size_format(need, need_text, sizeof need_text);
    (void)vn_size_format(room, free_text, sizeof free_text);
    return vn_failf(err, VN_E_REFUSED, "Free disk space there, or place the guest at its next start.",
                    "saving VM '%s' takes up to %s in '%s', which has %s free", job->vm, need_text, dir, free_text);
}

/* ---- saving and restoring, in the worker ---- */

static void save(void *self)
{
    struct job *job = self;

    /* with the new XML: libvirt refuses one that the guest cannot take before it stops it */
    if (virDomainSaveFlags(job->domain, job->path, job->xml, 0) < 0)
        job->r = vn_virt_fail(&job->err, "cannot save VM '%s'", job->vm);
}

static void restore(void *self)
{
    struct job *job = self;

    if (virDomainRestoreFlags(job->virt->conn, job->path, job->xml, 0) < 0)
        job->r = vn_virt_fail(&job->err, "cannot restore VM '%s' from '%s'", job->vm, job->path);
}

static void show_save(void *self)
{
    const struct job *job = self;
    virTypedParameterPtr params = NULL;
    unsigned long long done = 0, total = 0;
    int type, count = 0;

    if (!job->progress || virDomainGetJobStats(job->domain, &type, &params, &count, 0) < 0)
        return;
    if (virTypedParamsGetULLong(params, count, VIR_DOMAIN_JOB_DATA_TOTAL, &total) == 1 && total &&
        virTypedParamsGetULLong(params, count, VIR_DOMAIN_JOB_DATA_PROCESSED, &done) == 1)
        vn_progress_say(job->progress, job->what, done / 1024, total / 1024, "KiB");
    virTypedParamsFree(params, count);
}

static void show_nothing(void *self)
{
    (void)self; /* libvirt counts nothing while a guest is read back */
}

static int run_save(struct job *job, struct vn_err *err)
{
    (void)snprintf(job->what, sizeof job->what, "saving %.96s", job->vm);
    job->r = 0;
    vn_worker_run(save, job, show_save, job, POLL_MS);
    if (job->r < 0 && err)
        *err = job->err;
    return job->r;
}

static int run_restore(struct job *job, const char *xml, struct vn_err *err)
{
    (void)snprintf(job->what, sizeof job->what, "restoring %.96s", job->vm);
    vn_progress_say(job->progress, job->what, 0, 0, "KiB");
    job->xml = xml;
    job->r = 0;
    vn_worker_run(restore, job, show_nothing, job, POLL_MS);
    if (job->r < 0 && err)
        *err = job->err;
    return job->r;
}

/* Remote: the file is over there, and libvirt has no call to remove it; the next save writes over it. */
static void remove_file(const struct job *job)
{
    if (job->virt->local)
        (void)unlink(job->path);
}

/* With the new XML; where that fails with the old one, and then the guest is as it was. */
static int restore_either(struct job *job, const char *new_xml, const char *old_xml, struct vn_err *err)
{
    struct vn_err first, second;
    int r = run_restore(job, new_xml, &first);

    if (r == 0) {
        remove_file(job);
        return 0;
    }
    if (!old_xml || run_restore(job, old_xml, &second) < 0) {
        if (old_xml)
            first = second;
        return vn_failf(err, VN_E_PARTIAL, "Nothing of it is lost: mend the cause, then 'virsh restore' that file.",
                        "VM '%s' is saved in '%s' and does not start again: %.200s", job->vm, job->path, first.cause);
    }
    remove_file(job);
    if (err)
        *err = first;
    return vn_err_ctx(err, r, "VM '%s' runs as before, after a pause", job->vm);
}

/*
 * A vnuma that was killed while libvirtd restored the guest left its file, and the guest runs since: it is
 * out of date, most likely, but it is not ours to say so.
 */
static int put_aside(const struct job *job, struct vn_err *err)
{
    char old[PATH_MAX + 8];

    (void)snprintf(old, sizeof old, "%s.old", job->path);
    if (rename(job->path, old) == 0 || errno == ENOENT)
        return 0;
    return vn_failf(err, VN_E_ENV, "Remove it if it is not needed any more.",
                    "an earlier save of VM '%s' is in '%s' and cannot be put aside: %s", job->vm, job->path,
                    strerror(errno));
}

/* ---- the operation ---- */

static int save_and_restore(struct job *job, const char *xml, uint64_t *ret_paused_ms, struct vn_err *err)
{
    VN_AUTO(vn_buf) old_xml = {0};
    char dir[PATH_MAX];
    int64_t begin;
    int r = make_path(job, dir, sizeof dir, err);

    if (r == 0)
        r = vn_virt_xml(job->virt, job->domain, VN_XML_MIGRATABLE, &old_xml, err);
    if (r == 0 && job->virt->local)
        r = check_disk(job, dir, err);
    if (r < 0)
        return r;
    if (job->virt->local)
        r = put_aside(job, err);
    if (r < 0)
        return r;
    begin = now_ms();
    r = run_save(job, err);
    if (r < 0) {
        if (virDomainIsActive(job->domain) == 1)
            remove_file(job); /* a part of one: the guest has gone on */
        return r;
    }
    r = restore_either(job, xml, old_xml.ptr, err);
    *ret_paused_ms = (uint64_t)(now_ms() - begin);
    return r;
}

/* The guest is off, and its save file is there: an earlier one of these was cut off half-way. */
static int resume(struct job *job, const char *xml, uint64_t *ret_paused_ms, struct vn_err *err)
{
    char dir[PATH_MAX];
    int64_t begin = now_ms();
    int r = make_path(job, dir, sizeof dir, err);

    if (r < 0)
        return r;
    if (!job->virt->local || access(job->path, F_OK) < 0)
        return vn_failf(err, VN_E_REFUSED, "Start it first.", "VM '%s' is not running", job->vm);
    r = restore_either(job, xml, NULL, err);
    *ret_paused_ms = (uint64_t)(now_ms() - begin);
    return r;
}

/* A save goes on in libvirtd, though the vnuma that asked for it is gone. */
static void wait_for_save(struct job *job)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
    int state, reason;

    (void)snprintf(job->what, sizeof job->what, "saving %.96s", job->vm);
    while (virDomainGetState(job->domain, &state, &reason, 0) == 0 && state == VIR_DOMAIN_PAUSED &&
           reason == VIR_DOMAIN_PAUSED_SAVE) {
        show_save(job);
        (void)nanosleep(&pause, NULL);
    }
}

int vn_virt_save_restore(void *self, const char *vm, const char *xml, const struct vn_progress *progress,
                         uint64_t *ret_paused_ms, struct vn_err *err)
{
    struct job job = {.virt = self, .vm = vm, .xml = xml, .progress = progress};
    int active, r;

    *ret_paused_ms = 0;
    r = vn_virt_domain(self, vm, &job.domain, err);
    if (r < 0)
        return r;
    if (virDomainRef(job.domain) < 0)
        return vn_virt_fail(err, "VM '%s'", vm);
    wait_for_save(&job);
    active = virDomainIsActive(job.domain);
    if (active < 0)
        r = vn_virt_fail(err, "VM '%s'", vm);
    else
        r = active ? save_and_restore(&job, xml, ret_paused_ms, err) : resume(&job, xml, ret_paused_ms, err);
    (void)virDomainFree(job.domain);
    vn_virt_forget(self);
    return r;
}
