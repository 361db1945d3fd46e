/* SPDX-License-Identifier: MIT */
#include "codec/agent.h"

#include <jansson.h>

/* ---- commands ---- */

static int add_piece(const char *bytes, size_t len, void *self)
{
    vn_buf_add(self, bytes, len);
    return 0;
}

/* @command as text; it is used up, and may be NULL. */
static int write_out(json_t *command, struct vn_buf *ret, struct vn_err *err)
{
    int r;

    if (!command) /* jansson packs only UTF-8 */
        return VN_FAIL(err, VN_E_USAGE, .cause = "a command to the guest's agent that is no UTF-8");
    ret->len = 0;
    r = json_dump_callback(command, add_piece, ret, JSON_COMPACT);
    json_decref(command);
    return r < 0 || ret->failed ? vn_nomem(err) : 0;
}

int vn_agent_open(const char *path, const char *mode, struct vn_buf *ret, struct vn_err *err)
{
    return write_out(json_pack("{s:s, s:{s:s, s:s}}", "execute", "guest-file-open", "arguments", "path", path, "mode",
                               mode),
                     ret, err);
}

int vn_agent_read(int64_t handle, unsigned bytes, struct vn_buf *ret, struct vn_err *err)
{
    return write_out(json_pack("{s:s, s:{s:I, s:I}}", "execute", "guest-file-read", "arguments", "handle",
                               (json_int_t)handle, "count", (json_int_t)bytes),
                     ret, err);
}

int vn_agent_close(int64_t handle, struct vn_buf *ret, struct vn_err *err)
{
    return write_out(json_pack("{s:s, s:{s:I}}", "execute", "guest-file-close", "arguments", "handle",
                               (json_int_t)handle),
                     ret, err);
}

/* ---- replies ---- */

/* "return" of a reply, to be given back with its *ret_root; NULL with err filled and *ret_r set. */
static const json_t *returned(const char *json, size_t len, const char *command, json_t **ret_root, int *ret_r,
                              struct vn_err *err)
{
    json_error_t why;
    const json_t *value, *error;

    *ret_root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &why);
    value = json_object_get(*ret_root, "return");
    error = json_object_get(*ret_root, "error");
    if (!*ret_root)
        *ret_r = VN_FAIL(err, VN_E_SYNTAX, .where = command, .cause = "the agent's reply is not JSON", .got = why.text);
    else if (error)
        *ret_r = VN_FAIL(err, VN_E_IO, .where = command, .cause = "the guest's agent refuses",
                         .got = json_string_value(json_object_get(error, "desc")));
    else if (!value)
        *ret_r = VN_FAIL(err, VN_E_FORMAT, .where = command, .cause = "the agent's reply returns nothing");
    return error ? NULL : value;
}

int vn_agent_handle_parse(const char *json, size_t len, int64_t *ret, struct vn_err *err)
{
    json_t *root;
    int r = 0;
    const json_t *value = returned(json, len, "guest-file-open", &root, &r, err);

    if (value && json_is_integer(value))
        *ret = json_integer_value(value);
    else if (value)
        r = VN_FAIL(err, VN_E_FORMAT, .where = "guest-file-open", .cause = "the agent's reply has no handle");
    json_decref(root);
    return r;
}

static int take_bytes(const json_t *value, struct vn_buf *ret, bool *ret_eof, struct vn_err *err)
{
    const json_t *count = json_object_get(value, "count"), *eof = json_object_get(value, "eof");
    const json_t *bytes = json_object_get(value, "buf-b64");
    size_t before = ret->len;
    int r;

    if (!json_is_integer(count) || !json_is_boolean(eof) || !json_is_string(bytes))
        return VN_FAIL(err, VN_E_FORMAT, .where = "guest-file-read",
                       .cause = "the agent's reply lacks one of 'count', 'eof' and 'buf-b64'");
    r = vn_base64_decode(json_string_value(bytes), json_string_length(bytes), ret, err);
    if (r < 0)
        return vn_err_ctx(err, r, "guest-file-read");
    if (json_integer_value(count) != (json_int_t)(ret->len - before)) {
        ret->len = before;
        return VN_FAIL(err, VN_E_FORMAT, .where = "guest-file-read",
                       .cause = "the agent sends another number of bytes than it says");
    }
    *ret_eof = json_is_true(eof);
    return 0;
}

int vn_agent_bytes_parse(const char *json, size_t len, struct vn_buf *ret, bool *ret_eof, struct vn_err *err)
{
    json_t *root;
    int r = 0;
    const json_t *value = returned(json, len, "guest-file-read", &root, &r, err);

    if (value)
        r = take_bytes(value, ret, ret_eof, err);
    json_decref(root);
    return r;
}

int vn_agent_done_parse(const char *json, size_t len, const char *command, struct vn_err *err)
{
    json_t *root;
    int r = 0;

    (void)returned(json, len, command, &root, &r, err);
    json_decref(root);
    return r;
}
