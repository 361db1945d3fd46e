/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/capture.h"
#include "io/doors.h"
#include "io/replay.h"

static int copy_state(const struct vn_snapshot *from, struct vn_snapshot *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    int r = vn_capture_format(from, &text, err);

    return r < 0 ? r : vn_capture_parse(vn_buf_text(&text), text.len, ret, err);
}

/* What a change starts from: a copy of the state. A file that is written to is read again, since
 * another process may have written to it; the journal's lock keeps two from doing so at one time. */
static int begin(const struct vn_replay *replay, struct vn_snapshot *ret, struct vn_err *err)
{
    if (replay->path && replay->write)
        return vn_replay_load(replay->path, ret, err);
    return copy_state(&replay->state, ret, err);
}

/* The changed copy becomes the state; dropped instead, and reported, when the file cannot be written. */
static int commit(struct vn_replay *replay, struct vn_snapshot *next, struct vn_err *err)
{
    int r = replay->path && replay->write ? vn_replay_save(replay->path, next, err) : 0;

    if (r < 0) {
        vn_snapshot_drop(next);
        return r;
    }
    vn_snapshot_drop(&replay->state);
    replay->state = *next;
    return 0;
}

static int finish(struct vn_replay *replay, struct vn_snapshot *next, int r, struct vn_err *err)
{
    if (r == 0)
        return commit(replay, next, err);
    vn_snapshot_drop(next);
    return r;
}

static int observe(void *self, const char *const *names, size_t n_names, const struct vn_progress *progress,
                   struct vn_snapshot *ret, struct vn_err *err)
{
    struct vn_snapshot snapshot;
    struct vn_vm *vm;
    int r = begin(self, &snapshot, err);

    if (r < 0)
        return r;
    for (size_t i = 0; names && i < n_names && r == 0; i++)
        r = vn_replay_vm(&snapshot, names[i], &vm, err);
    if (r < 0) {
        vn_snapshot_drop(&snapshot);
        return r;
    }
    vn_progress_say(progress, "reading VMs", snapshot.n_vms, snapshot.n_vms, "VMs");
    *ret = snapshot;
    return 0;
}

static int uuid(void *self, const char *name, struct vn_buf *ret_text, struct vn_err *err)
{
    struct vn_snapshot snapshot = {.n_vms = 0};
    struct vn_vm *vm;
    int r = begin(self, &snapshot, err);

    if (r < 0)
        return r;
    r = vn_replay_vm(&snapshot, name, &vm, err);
    if (r == 0)
        vn_buf_str(ret_text, vm->uuid);
    if (r == 0 && ret_text->failed)
        r = vn_nomem(err);
    vn_snapshot_drop(&snapshot);
    return r;
}

static int xml(void *self, const char *name, enum vn_xml_kind kind, struct vn_buf *ret_text, struct vn_err *err)
{
    struct vn_snapshot snapshot = {.n_vms = 0};
    struct vn_vm *vm;
    const char *text = NULL;
    int r = begin(self, &snapshot, err);

    if (r < 0)
        return r;
    r = kind == VN_XML_STORED ? vn_replay_vm(&snapshot, name, &vm, err) : vn_replay_running(&snapshot, name, &vm, err);
    if (r == 0)
        text = kind == VN_XML_STORED ? vm->stored_xml : vm->live_xml;
    if (r == 0 && !text)
        r = vn_failf(err, VN_E_REFUSED, "Use its live XML.", "VM '%s' has no stored configuration", name);
    if (r == 0)
        vn_buf_str(ret_text, text);
    if (r == 0 && ret_text->failed)
        r = vn_nomem(err);
    vn_snapshot_drop(&snapshot);
    return r;
}

static int pin(void *self, const char *vm, enum vn_step_kind kind, unsigned index, const struct vn_cpuset *cpus,
               unsigned scope, struct vn_err *err)
{
    struct vn_snapshot next;
    int r = begin(self, &next, err);

    return r < 0 ? r : finish(self, &next, vn_replay_pin(&next, vm, kind, index, cpus, scope, err), err);
}

static int pin_vcpu(void *self, const char *vm, unsigned vcpu, const struct vn_cpuset *cpus, unsigned scope,
                    struct vn_err *err)
{
    return pin(self, vm, VN_STEP_VCPUPIN, vcpu, cpus, scope, err);
}

static int pin_emulator(void *self, const char *vm, const struct vn_cpuset *cpus, unsigned scope, struct vn_err *err)
{
    return pin(self, vm, VN_STEP_EMULATORPIN, 0, cpus, scope, err);
}

static int pin_iothread(void *self, const char *vm, unsigned iothread, const struct vn_cpuset *cpus, unsigned scope,
                        struct vn_err *err)
{
    return pin(self, vm, VN_STEP_IOTHREADPIN, iothread, cpus, scope, err);
}

static int set_nodeset(void *self, const char *vm, const struct vn_nodeset *nodes, unsigned scope, struct vn_err *err)
{
    struct vn_snapshot next;
    int r = begin(self, &next, err);

    return r < 0 ? r : finish(self, &next, vn_replay_nodeset(&next, vm, nodes, scope, err), err);
}

/* What has moved stays moved when the rest does not fit, as in the kernel. */
static int move_memory(void *self, const char *vm, const struct vn_move *move, const struct vn_progress *progress,
                       uint64_t *ret_moved_kib, struct vn_err *err)
{
    struct vn_snapshot next;
    int r, moved;

    *ret_moved_kib = 0;
    r = begin(self, &next, err);
    if (r < 0)
        return r;
    moved = vn_replay_move(&next, vm, move, progress, ret_moved_kib, err);
    if (moved < 0 && !*ret_moved_kib) {
        vn_snapshot_drop(&next);
        return moved;
    }
    r = commit(self, &next, err);
    if (r < 0)
        *ret_moved_kib = 0;
    return r < 0 ? r : moved;
}

static uint64_t *copy_kib(struct vn_arena *arena, const uint64_t *kib, size_t count)
{
    uint64_t *copy = vn_arena_array(arena, count, sizeof *copy);

    if (copy)
        memcpy(copy, kib, count * sizeof *copy);
    return copy;
}

static int memory_of(const struct vn_snapshot *state, const struct vn_vm *vm, struct vn_arena *arena,
                     uint64_t **ret_node_kib, uint64_t **ret_cell_kib, struct vn_err *err)
{
    size_t n = state->host.n_nodes;

    *ret_node_kib = vm->node_kib ? copy_kib(arena, vm->node_kib, n) : NULL;
    *ret_cell_kib = vm->cell_kib ? copy_kib(arena, vm->cell_kib, n * vm->live->n_cells) : NULL;
    return (vm->node_kib && !*ret_node_kib) || (vm->cell_kib && !*ret_cell_kib) ? vn_nomem(err) : 0;
}

static int memory(void *self, const char *name, struct vn_arena *arena, uint64_t **ret_node_kib,
                  uint64_t **ret_cell_kib, struct vn_err *err)
{
    struct vn_snapshot snapshot;
    struct vn_vm *vm;
    int r = begin(self, &snapshot, err);

    if (r < 0)
        return r;
    r = vn_replay_running(&snapshot, name, &vm, err);
    if (r == 0)
        r = memory_of(&snapshot, vm, arena, ret_node_kib, ret_cell_kib, err);
    vn_snapshot_drop(&snapshot);
    return r;
}

static int define(void *self, const char *text, struct vn_err *err)
{
    struct vn_snapshot next;
    int r = begin(self, &next, err);

    return r < 0 ? r : finish(self, &next, vn_replay_define(&next, text, err), err);
}

static int save_restore(void *self, const char *vm, const char *text, const struct vn_progress *progress,
                        uint64_t *ret_paused_ms, struct vn_err *err)
{
    struct vn_snapshot next;
    int r = begin(self, &next, err);

    *ret_paused_ms = 0; /* nothing stands still: there is no guest */
    vn_progress_say(progress, "save and restore", 0, 1, "VMs");
    if (r == 0)
        r = finish(self, &next, vn_replay_restore(&next, vm, text, err), err);
    if (r == 0)
        vn_progress_say(progress, "save and restore", 1, 1, "VMs");
    return r;
}

/* The host's settings as they were captured; one for the next boot may be new. */
static int setting(void *self, const char *vm, const char *key, struct vn_buf *ret, struct vn_err *err)
{
    struct vn_snapshot snapshot;
    int r = begin(self, &snapshot, err);

    if (r < 0)
        return r;
    r = vn_replay_setting(&snapshot, vm, key, ret, err);
    vn_snapshot_drop(&snapshot);
    return r;
}

static int set_setting(void *self, const char *vm, const char *key, const char *value, struct vn_err *err)
{
    struct vn_snapshot next;
    int r = begin(self, &next, err);

    return r < 0 ? r : finish(self, &next, vn_replay_set_setting(&next, vm, key, value, err), err);
}

static void close_replay(void *self)
{
    struct vn_replay *replay = self;

    vn_snapshot_drop(&replay->state);
    free(replay->path);
    free(replay);
}

static const struct vn_hypervisor_ops ops = {
    .observe = observe,
    .xml = xml,
    .uuid = uuid,
    .pin_vcpu = pin_vcpu,
    .pin_emulator = pin_emulator,
    .pin_iothread = pin_iothread,
    .set_nodeset = set_nodeset,
    .move_memory = move_memory,
    .memory = memory,
    .define = define,
    .setting = setting,
    .set_setting = set_setting,
    .save_restore = save_restore,
    .close = close_replay,
};

/* The name under which the journal files this host: a path too long for it keeps its end and a hash. */
static void name_host(struct vn_hypervisor *hv, const char *path)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    size_t len = strlen(path);

    if (len + sizeof "replay:" <= sizeof hv->uri) {
        (void)snprintf(hv->uri, sizeof hv->uri, "replay:%s", path);
        return;
    }
    for (const char *at = path; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    (void)snprintf(hv->uri, sizeof hv->uri, "replay:...%s#%016llx", path + len - 200, (unsigned long long)hash);
}

int vn_replay_open(const char *path, bool write, struct vn_hypervisor *ret, struct vn_err *err)
{
    struct vn_replay *replay = calloc(1, sizeof *replay);
    char cause[128];
    int r;

    if (!replay)
        return vn_nomem(err);
    replay->write = write;
    replay->path = realpath(path, NULL);
    if (!replay->path) {
        (void)snprintf(cause, sizeof cause, "cannot open the captured host: %s", strerror(errno));
        r = VN_FAIL(err, VN_E_ENV, .where = path, .cause = cause, .fix = "Name a file that 'vnuma capture' wrote.");
    } else {
        r = vn_replay_load(replay->path, &replay->state, err);
    }
    if (r < 0) {
        close_replay(replay);
        return r;
    }
    *ret = (struct vn_hypervisor){.ops = &ops, .self = replay, .forgets = !write};
    name_host(ret, replay->path);
    return 0;
}

int vn_demo_open(struct vn_hypervisor *ret, struct vn_err *err)
{
    struct vn_replay *replay = calloc(1, sizeof *replay);
    size_t len;
    const char *text = vn_demo_text(&len);
    int r;

    if (!replay)
        return vn_nomem(err);
    r = vn_capture_parse(text, len, &replay->state, err);
    if (r < 0) {
        close_replay(replay);
        return r;
    }
    *ret = (struct vn_hypervisor){.ops = &ops, .self = replay, .uri = "demo:", .forgets = true};
    return 0;
}
