/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "codec/capture.h"
#include "io/files.h"
#include "io/replay.h"

static int file_error(struct vn_err *err, const char *path, const char *what, const char *fix)
{
    char cause[160];

    (void)snprintf(cause, sizeof cause, "%s: %s", what, strerror(errno));
    return VN_FAIL(err, VN_E_ENV, .where = path, .cause = cause, .fix = fix);
}

static int read_whole(int fd, const char *path, struct vn_buf *text, struct vn_err *err)
{
    char chunk[65536];
    ssize_t n;

    for (;;) {
        n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return file_error(err, path, "cannot read the captured host", NULL);
        if (n == 0)
            return text->failed ? vn_nomem(err) : 0;
        if (text->len + (size_t)n > VN_CAPTURE_MAX)
            return VN_FAIL(err, VN_E_FORMAT, .where = path, .cause = "a captured host that is too large",
                           .fix = "Give a file that 'vnuma capture' wrote.");
        vn_buf_add(text, chunk, (size_t)n);
    }
}

int vn_replay_load(const char *path, struct vn_snapshot *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    int r, fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return file_error(err, path, "cannot open the captured host", "Name a file that 'vnuma capture' wrote.");
    r = read_whole(fd, path, &text, err);
    (void)close(fd); /* only read from: nothing is lost */
    if (r < 0)
        return r;
    r = vn_capture_parse(vn_buf_text(&text), text.len, ret, err);
    return r < 0 ? vn_err_ctx(err, r, "%s", path) : 0;
}

int vn_replay_save(const char *path, const struct vn_snapshot *snapshot, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    int r = vn_capture_format(snapshot, &text, err);

    if (r == 0)
        r = vn_file_replace(path, 0600, vn_buf_text(&text), text.len, err);
    return r < 0 ? vn_err_ctx(err, r, "cannot keep the changed host") : 0;
}
