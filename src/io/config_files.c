/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/config.h"
#include "io/doors.h"
#include "io/files.h"

static const char default_path[] = "/etc/vnuma/vnuma.conf";

static int read_one(const char *path, struct vn_policy *policy, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    int r = path[0] == '/' ? vn_file_read("", path + 1, VN_FILE_MAX, &text, err)
                           : vn_file_read(".", path, VN_FILE_MAX, &text, err);

    if (r < 0)
        return r;
    if (strlen(text.ptr) != text.len)
        return VN_FAIL(err, VN_E_FORMAT, .where = path, .cause = "not a text file: it has NUL bytes in it");
    return vn_config_parse(text.ptr, path, policy, err);
}

static int is_dropin(const struct dirent *entry)
{
    return fnmatch("*.conf", entry->d_name, FNM_PERIOD) == 0;
}

/* By bytes: alphasort() would go by the locale, and the order decides what wins. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_dropins(const char *path, struct vn_policy *policy, struct vn_err *err)
{
    struct dirent **entries = NULL;
    char dir[PATH_MAX], file[PATH_MAX + 256];
    int count, r = 0, len = snprintf(dir, sizeof dir, "%s.d", path);

    if (len < 0 || (size_t)len >= sizeof dir)
        return VN_FAIL(err, VN_E_RANGE, .got = path, .cause = "a path that is too long");
    count = scandir(dir, &entries, is_dropin, by_name);
    if (count < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (count < 0)
        return VN_FAIL(err, errno == ENOMEM ? VN_E_NOMEM : VN_E_ENV, .where = dir, .cause = strerror(errno));
    for (int i = 0; i < count; i++) {
        (void)snprintf(file, sizeof file, "%s/%s", dir, entries[i]->d_name);
        if (r == 0)
            r = read_one(file, policy, err);
        free(entries[i]);
    }
    free(entries);
    return r;
}

int vn_config_read(const char *path, struct vn_policy *ret, struct vn_err *err)
{
    struct vn_policy policy = {0};
    int r = read_one(path ? path : default_path, &policy, err);

    if (r == -VN_E_ABSENT && !path)
        r = 0; /* nobody has to have one */
    else if (r == -VN_E_ABSENT)
        r = VN_FAIL(err, VN_E_ENV, .where = path, .cause = "there is no such configuration file",
                    .fix = "Give an existing file to --config, or leave it out.");
    if (r == 0)
        r = read_dropins(path ? path : default_path, &policy, err);
    if (r < 0) {
        vn_policy_drop(&policy);
        return r;
    }
    *ret = policy;
    return 0;
}
