/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "codec/proctext.h"
#include "io/cgroup.h"
#include "io/files.h"
#include "io/local.h"

/* Settings that are a file's whole text. A kernel without the file has no such setting. */
static const struct {
    const char *key, *path;
} files[] = {
    {"kernel.numa_balancing", "proc/sys/kernel/numa_balancing"},
    {"vm.zone_reclaim_mode", "proc/sys/vm/zone_reclaim_mode"},
    {"vm.swappiness", "proc/sys/vm/swappiness"},
    {"ksm.run", "sys/kernel/mm/ksm/run"},
    {"ksm.merge_across_nodes", "sys/kernel/mm/ksm/merge_across_nodes"},
    {"smt.control", "sys/devices/system/cpu/smt/control"},
};

static int add(struct vn_arena *arena, struct vn_host *host, const char *key, const char *value, struct vn_err *err)
{
    return vn_host_add_setting(arena, host, key, value) < 0 ? vn_nomem(err) : 0;
}

static int add_files(const char *root, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};

    for (size_t i = 0; i < VN_COUNT(files); i++) {
        if (vn_file_read(root, files[i].path, 4096, &text, NULL) < 0)
            continue;
        if (add(arena, ret, files[i].key, vn_text_trim(text.ptr), err) < 0)
            return -VN_E_NOMEM;
    }
    return 0;
}

/* "always [madvise] never" */
static int add_thp(const char *root, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    char *word, *end;

    if (vn_file_read(root, "sys/kernel/mm/transparent_hugepage/enabled", 4096, &text, NULL) < 0)
        return 0;
    word = strchr(text.ptr, '[');
    end = word ? strchr(word, ']') : NULL;
    if (!end)
        return 0;
    *end = '\0';
    return add(arena, ret, "thp", word + 1, err);
}

static int add_default_hugepage(const char *root, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    char value[24];
    uint64_t kib;

    if (vn_file_read(root, "proc/meminfo", VN_FILE_MAX, &text, NULL) < 0 ||
        vn_meminfo_kib(text.ptr, "Hugepagesize", &kib, NULL) < 0)
        return 0;
    (void)snprintf(value, sizeof value, "%" PRIu64, kib);
    return add(arena, ret, "hugepages.default_kib", value, err);
}

/* Is @word one of the comma-separated ones? */
static bool listed(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = list; *at; at += *at == ',') {
        size_t item = strcspn(at, ",");

        if (item == len && !strncmp(at, word, len))
            return true;
        at += item;
    }
    return false;
}

/* One policy for each CPU or group of CPUs; nearly always they agree. */
static int add_governors(const char *root, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err)
{
    static const char dir[] = "sys/devices/system/cpu/cpufreq";
    VN_AUTO(vn_buf) text = {0};
    VN_AUTO(vn_buf) list = {0};
    unsigned *policies = NULL;
    size_t count = 0;
    int r = vn_dir_numbers(root, dir, "policy", "", arena, &policies, &count, err);

    if (r < 0)
        return r == -VN_E_NOMEM ? r : 0;
    for (size_t i = 0; i < count; i++) {
        const char *word;

        if (vn_file_readf(root, &text, NULL, "%s/policy%u/scaling_governor", dir, policies[i]) < 0)
            continue;
        word = vn_text_trim(text.ptr);
        if (*word && !listed(vn_buf_text(&list), word))
            vn_buf_fmt(&list, "%s%s", list.len ? "," : "", word);
    }
    if (list.failed)
        return vn_nomem(err);
    return list.len ? add(arena, ret, "cpufreq.governor", list.ptr, err) : 0;
}

const char *vn_local_setting_path(const char *key)
{
    for (size_t i = 0; i < VN_COUNT(files); i++)
        if (!strcmp(files[i].key, key))
            return files[i].path;
    return NULL;
}

int vn_local_settings(const char *root, struct vn_arena *arena, struct vn_host *ret, struct vn_err *err)
{
    static int (*const steps[])(const char *, struct vn_arena *, struct vn_host *, struct vn_err *) = {
        add_files, add_thp, add_default_hugepage, add_governors,
    };

    for (size_t i = 0; i < VN_COUNT(steps); i++) {
        int r = steps[i](root, arena, ret, err);
        if (r < 0)
            return r;
    }
    return add(arena, ret, "cgroup", vn_cgroup_version(root), err);
}
