/* SPDX-License-Identifier: MIT */
/* Has the kernel what limits of interfaces are made of? */
#include <stdio.h>
#include <string.h>

#include "io/files.h"
#include "io/local.h"

/* A module, and a function that a kernel has which was built with it. */
static const struct part {
    const char *module, *function;
} parts[] = {
    {"sch_htb", "htb_enqueue"},   {"sch_sfq", "sfq_enqueue"},   {"cls_fw", "fw_classify"},
    {"sch_ingress", "ingress_init"}, {"cls_u32", "u32_classify"}, {"act_police", "tcf_police_act"},
};
enum { KALLSYMS_MAX = 64 << 20, MODULES_MAX = 8 << 20 };

/* What there is to look at; empty texts are files that are not there. */
struct kernel {
    bool modular; /* it can load modules */
    struct vn_buf loaded, builtin, dep, symbols;
};

/* A file that is not there, or not to be read by this user, says nothing. */
static int read_text(const char *root, const char *rel, size_t max, struct vn_buf *ret, struct vn_err *err)
{
    int r = vn_file_read(root, rel, max, ret, err);

    if (r == -VN_E_ABSENT || r == -VN_E_ENV)
        ret->len = 0;
    return r == -VN_E_ABSENT || r == -VN_E_ENV ? 0 : r;
}

static int read_modules(const char *root, const char *release, const char *name, struct vn_buf *ret,
                        struct vn_err *err)
{
    char path[256];

    (void)snprintf(path, sizeof path, "lib/modules/%s/%s", release, name);
    return read_text(root, path, MODULES_MAX, ret, err);
}

static int read_kernel(const char *root, struct kernel *k, struct vn_err *err)
{
    VN_AUTO(vn_buf) release = {0};
    int r = vn_file_read(root, "proc/sys/kernel/osrelease", 256, &release, err);
    const char *name = r < 0 ? "" : vn_text_trim(release.ptr);

    if (r == 0)
        r = vn_file_read(root, "proc/modules", MODULES_MAX, &k->loaded, err);
    k->modular = r == 0;
    if (r == -VN_E_ABSENT)
        r = 0;
    if (r == 0)
        r = read_modules(root, name, "modules.builtin", &k->builtin, err);
    if (r == 0)
        r = read_modules(root, name, "modules.dep", &k->dep, err);
    return r < 0 ? r : read_text(root, "proc/kallsyms", KALLSYMS_MAX, &k->symbols, err);
}

/* @before, @word, and one of @after: "\nsch_htb ", "/sch_htb.ko:" */
static bool has(const struct vn_buf *text, const char *before, const char *word, const char *after)
{
    size_t len = strlen(word), lead = strlen(before);
    const char *all = text->len ? text->ptr : "";

    for (const char *at = strstr(all, word); at; at = strstr(at + 1, word)) {
        bool starts = at == all ? *before == '\n' : (size_t)(at - all) >= lead && !strncmp(at - lead, before, lead);

        if (starts && at[len] && strchr(after, at[len]))
            return true;
    }
    return false;
}

static bool is_there(const struct kernel *k, const struct part *part)
{
    return has(&k->loaded, "\n", part->module, " ") || has(&k->builtin, "/", part->module, ".") ||
           has(&k->dep, "/", part->module, ".") || has(&k->symbols, " ", part->function, "\n.\t");
}

/*
 * What is missing can be said of a kernel whose modules are listed (in a container they often are not), and of one
 * without modules that lists its symbols.
 */
static bool can_tell(const struct kernel *k)
{
    return (k->dep.len && k->builtin.len) || (!k->modular && has(&k->symbols, " ", "register_qdisc", "\n.\t"));
}

int vn_local_shaping(const char *root, struct vn_buf *ret, struct vn_err *err)
{
    struct kernel k = {0};
    int r = read_kernel(root, &k, err);

    if (r == 0 && !can_tell(&k))
        r = VN_FAIL(err, VN_E_ABSENT, .cause = "the kernel does not say which modules it has");
    ret->len = 0;
    for (size_t i = 0; r == 0 && i < VN_COUNT(parts); i++)
        if (!is_there(&k, &parts[i]))
            vn_buf_fmt(ret, "%s%s", ret->len ? " " : "", parts[i].module);
    if (r == 0 && ret->failed)
        r = vn_nomem(err);
    vn_buf_drop(&k.loaded);
    vn_buf_drop(&k.builtin);
    vn_buf_drop(&k.dep);
    vn_buf_drop(&k.symbols);
    return r;
}
