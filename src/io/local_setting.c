/* SPDX-License-Identifier: MIT */
/* One of the host's settings by its key. */
#include <string.h>

#include "io/files.h"
#include "io/local.h"

static const char *stored_name(const char *key)
{
    size_t skip = strlen(VN_SYSCTL_PREFIX);

    return strncmp(key, VN_SYSCTL_PREFIX, skip) ? NULL : key + skip;
}

static int unknown(const char *key, struct vn_err *err)
{
    return VN_FAIL(err, VN_E_ABSENT, .got = key, .cause = "this host has no such setting");
}

int vn_local_setting(const char *root, const char *key, struct vn_buf *ret, struct vn_err *err)
{
    const char *path = vn_local_setting_path(key), *stored = stored_name(key);
    VN_AUTO(vn_buf) text = {0};
    int r;

    if (!strcmp(key, VN_SHAPING_KEY))
        return vn_local_shaping(root, ret, err);
    if (stored)
        return vn_sysctl_get(root, stored, ret, err);
    if (!path)
        return unknown(key, err);
    r = vn_file_read(root, path, 4096, &text, err);
    if (r < 0)
        return r == -VN_E_ABSENT ? unknown(key, err) : r;
    ret->len = 0;
    vn_buf_str(ret, vn_text_trim(text.ptr));
    return ret->failed ? vn_nomem(err) : 0;
}

int vn_local_set_setting(const char *root, const char *key, const char *value, struct vn_err *err)
{
    const char *path = vn_local_setting_path(key), *stored = stored_name(key);

    if (stored)
        return vn_sysctl_set(root, stored, value, err);
    return path ? vn_file_put(root, path, value, err) : unknown(key, err);
}
