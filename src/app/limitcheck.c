/* SPDX-License-Identifier: MIT */
/* What a limit would break. */
#include <string.h>
#include <vnuma/units.h>

#include "app/limit.h"

/* QEMU's own beside the guest's memory: page tables and bitmaps grow with it. An estimate, on the safe side. */
enum { QEMU_KIB = 256 << 10, QEMU_PART = 64 };

static bool is_touched(const struct vn_limit_trial *trial, const char *key)
{
    const struct vn_limit *limit = vn_limit_find(trial->limits, trial->count, key);

    return limit && trial->touched[limit - trial->limits];
}

/* KiB; 0: none. */
static uint64_t memory_of(const struct vn_limit_trial *trial, const char *key)
{
    const struct vn_limit *limit = vn_limit_find(trial->limits, trial->count, key);
    uint64_t kib = 0;

    return limit && *limit->value && vn_uint_parse(limit->value, UINT64_MAX, &kib, NULL) == 0 ? kib : 0;
}

/* What it has now, where that is known; huge pages are not counted against the cgroup that the limit is of. */
static uint64_t resident_of(const struct vn_limit_trial *trial)
{
    uint64_t kib = 0;

    for (size_t i = 0; trial->live && trial->vm->node_kib && i < trial->snapshot->host.n_nodes; i++)
        kib += trial->vm->node_kib[i];
    return trial->vm->live && trial->vm->live->hugepage_kib ? 0 : kib;
}

static int check_hard(const struct vn_limit_trial *trial, uint64_t hard, struct vn_err *err)
{
    const struct vn_domain *domain = trial->live ? trial->vm->live : trial->vm->stored;
    uint64_t guest = domain->hugepage_kib ? 0 : domain->memory_kib, resident = resident_of(trial);
    uint64_t need = guest + domain->memory_kib / QEMU_PART + QEMU_KIB;
    char hard_text[32], need_text[32], guest_text[32];

    if (need < resident)
        need = resident;
    if (!hard || hard >= need)
        return 0;
    return vn_failf(err, VN_E_REFUSED,
                    "The kernel would end the guest. Name that much at least, or none; --force does it all the same. "
                    "Nothing was changed.",
                    "a hard limit of %s is too low for %s: it needs %s (%s of memory, and what QEMU needs)",
                    vn_size_format(hard, hard_text, sizeof hard_text), trial->vm->name,
                    vn_size_format(need, need_text, sizeof need_text),
                    vn_size_format(guest, guest_text, sizeof guest_text));
}

static int check_swap(uint64_t hard, uint64_t swap, struct vn_err *err)
{
    static const char fix[] = "Set --memory-hard to no more than --memory-swap, or --memory-swap none.";
    char hard_text[32], swap_text[32];

    if (!swap || (hard && hard <= swap))
        return 0;
    (void)vn_size_format(swap, swap_text, sizeof swap_text);
    if (!hard)
        return vn_failf(err, VN_E_USAGE, fix, "memory and swap together are limited to %s, memory alone is not",
                        swap_text);
    return vn_failf(err, VN_E_USAGE, fix, "memory and swap together are limited to %s, memory alone to %s", swap_text,
                    vn_size_format(hard, hard_text, sizeof hard_text));
}

/* CPUs; 0: no limit. */
static double cpus_of(const struct vn_limit_trial *trial, const char *key)
{
    const struct vn_limit *limit = vn_limit_find(trial->limits, trial->count, key);
    uint64_t quota = 0, period = 1;

    if (!limit || vn_limit_quota_split(limit->value, &quota, &period, NULL) < 0)
        return 0;
    return (double)quota / (double)period;
}

/* cgroup v1 takes no part that may have more than the whole: stored, it would keep the VM from starting. */
static int check_cpu(const struct vn_limit_trial *trial, struct vn_err *err)
{
    static const struct {
        const char *key, *name;
    } parts[] = {{"cpu.vcpu_quota", "each vCPU"},
                 {"cpu.emulator_quota", "the emulator"},
                 {"cpu.iothread_quota", "each IOThread"}};
    double whole = cpus_of(trial, "cpu.quota");

    for (size_t i = 0; whole > 0 && i < VN_COUNT(parts); i++) {
        double part = cpus_of(trial, parts[i].key);

        if (part > whole && (is_touched(trial, "cpu.quota") || is_touched(trial, parts[i].key)))
            return vn_failf(err, VN_E_USAGE, "Lower it, or raise --cpu.",
                            "%s may use %.4g%% of a CPU, and all of the VM together only %.4g%%", parts[i].name,
                            part * 100, whole * 100);
    }
    return 0;
}

/* Does a touched value limit that direction? */
static bool any_way(const struct vn_limit_trial *trial, const char *way)
{
    for (size_t i = 0; i < trial->count; i++)
        if (trial->touched[i] && trial->limits[i].kind == VN_LIMIT_NET && strstr(trial->limits[i].value, way))
            return true;
    return false;
}

/* Those of three modules that are among @missing, words with a space between. */
static void add_missing(const char *const needed[3], const char *missing, struct vn_buf *ret)
{
    for (int i = 0; i < 3; i++)
        if (strstr(missing, needed[i]))
            vn_buf_fmt(ret, "%s%s", ret->len ? ", " : "", needed[i]);
}

/* What libvirt has tc set up: the guest's inbound is what the host sends. */
static int check_net(struct vn_app *app, const struct vn_limit_trial *trial, struct vn_err *err)
{
    static const char *const in[3] = {"sch_htb", "sch_sfq", "cls_fw"};
    static const char *const out[3] = {"sch_ingress", "cls_u32", "act_police"};
    bool has_in = any_way(trial, "inbound."), has_out = any_way(trial, "outbound.");
    VN_AUTO(vn_buf) missing = {0};
    VN_AUTO(vn_buf) needed = {0};

    /* a host that cannot say (remote, captured) is asked by doing it */
    if ((!has_in && !has_out) || app->hv->ops->setting(app->hv->self, "", "net.shaping.missing", &missing, NULL) < 0)
        return 0;
    if (has_in)
        add_missing(in, vn_buf_text(&missing), &needed);
    if (has_out)
        add_missing(out, vn_buf_text(&missing), &needed);
    if (!needed.len)
        return needed.failed ? vn_nomem(err) : 0;
    return vn_failf(err, VN_E_REFUSED,
                    "A stored limit would keep the VM from starting. Use a kernel that has them. Nothing was changed.",
                    "the host's kernel cannot limit an interface: it has no %s, neither as a module nor built in",
                    vn_buf_text(&needed));
}

int vn_limit_check(struct vn_app *app, const struct vn_limit_trial *trial, struct vn_err *err)
{
    uint64_t hard = memory_of(trial, "memory.hard"), swap = memory_of(trial, "memory.swap");
    bool new_hard = is_touched(trial, "memory.hard");
    int r = check_cpu(trial, err);

    if (r == 0 && new_hard && !trial->force)
        r = check_hard(trial, hard, err);
    if (r == 0 && (new_hard || is_touched(trial, "memory.swap")))
        r = check_swap(hard, swap, err);
    return r == 0 ? check_net(app, trial, err) : r;
}
