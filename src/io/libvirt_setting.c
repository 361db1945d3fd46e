/* SPDX-License-Identifier: MIT */
#include "io/libvirt_priv.h"
#include "io/local.h"

/* Named values of what runs: the host's are files of this machine. */

static int check(const struct vn_libvirt *virt, const char *vm, const char *key, struct vn_err *err)
{
    if (*vm)
        return VN_FAIL(err, VN_E_ABSENT, .got = key, .cause = "a running VM has no such setting");
    if (!virt->local)
        return VN_FAIL(err, VN_E_REFUSED, .got = virt->hostname,
                       .cause = "libvirt does not pass on the kernel settings of a remote host",
                       .fix = "Run vnuma on that host.");
    return 0;
}

int vn_virt_setting(void *self, const char *vm, const char *key, struct vn_buf *ret, struct vn_err *err)
{
    int r = check(self, vm, key, err);

    return r < 0 ? r : vn_local_setting("", key, ret, err);
}

int vn_virt_set_setting(void *self, const char *vm, const char *key, const char *value, struct vn_err *err)
{
    int r = check(self, vm, key, err);

    return r < 0 ? r : vn_local_set_setting("", key, value, err);
}
