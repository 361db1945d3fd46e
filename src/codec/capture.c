/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "codec/capture_priv.h"

static int read_head_key(struct vn_lines *lines, struct vn_seen *seen, const struct vn_line *line,
                         struct vn_snapshot *snapshot)
{
    int r, key = vn_seen_key(seen, lines, line->key, &r);

    if (r < 0)
        return r;
    if (line->kind != VN_LINE_KEY || key < 0)
        return vn_lines_fail(lines, line->key, NULL, "an unknown key before the first section");
    if (key == 0)
        return vn_lines_int(lines, line->value, INT64_MIN, INT64_MAX, &snapshot->taken_usec);
    snapshot->uri = line->value;
    return 0;
}

/* The first line, and the keys before the first section. */
static int read_head(struct vn_lines *lines, struct vn_snapshot *snapshot)
{
    static const char first[] = VN_CAPTURE_SCHEMA "\n";
    static const char *const keys[] = {"taken_usec", "uri", NULL};
    struct vn_seen seen = {.keys = keys};
    struct vn_line line;
    int r = 0;

    lines->number = 1;
    if ((size_t)(lines->end - lines->at) < strlen(first) || memcmp(lines->at, first, strlen(first)) != 0)
        return vn_lines_fail(lines, NULL, "Give a file that 'vnuma capture' wrote.",
                             "the first line is not '%s'", VN_CAPTURE_SCHEMA);
    lines->at += strlen(first);
    while (r == 0 && !vn_lines_section_ends(lines)) {
        r = vn_lines_next(lines, &line);
        if (r == 0)
            r = read_head_key(lines, &seen, &line, snapshot);
    }
    return r < 0 ? r : vn_seen_all(&seen, lines, 2, "head");
}

/* Sections in the order in which they are written; node and device and vm may repeat. */
static const char *const sections[] = {"host", "node", "device", "settings", "vm"};
enum section { SECTION_HOST, SECTION_NODE, SECTION_DEVICE, SECTION_SETTINGS, SECTION_VM, SECTION_NONE };

static int read_section(struct vn_lines *lines, enum section section, char *name, struct vn_snapshot *snapshot)
{
    switch (section) {
    case SECTION_HOST:
        return vn_capture_read_host(lines, &snapshot->host);
    case SECTION_NODE:
        return vn_capture_read_node(lines, name, &snapshot->host);
    case SECTION_DEVICE:
        return vn_capture_read_device(lines, name, &snapshot->host);
    case SECTION_SETTINGS:
        return vn_capture_read_settings(lines, &snapshot->host);
    case SECTION_VM:
        return vn_capture_read_vm(lines, name, &snapshot->host, snapshot);
    case SECTION_NONE:
        break;
    }
    return vn_lines_fail(lines, name, NULL, "an unknown section");
}

/* The section's number, when it may stand after section @last (-1: it is the first). */
static int section_of(const struct vn_lines *lines, const struct vn_line *line, int last, enum section *ret)
{
    unsigned i = 0;
    bool again;

    while (i < SECTION_NONE && strcmp(sections[i], line->key) != 0)
        i++;
    if (i == SECTION_NONE)
        return vn_lines_fail(lines, line->key, "Known are host, node, device, settings and vm.", "an unknown section");
    again = i == SECTION_NODE || i == SECTION_DEVICE || i == SECTION_VM;
    if ((int)i < last || ((int)i == last && !again) || (last < 0 && i != SECTION_HOST))
        return vn_lines_fail(lines, line->key, "The order is host, node, device, settings, vm.",
                             "a section out of order");
    if (again != (line->value[0] != '\0'))
        return vn_lines_fail(lines, line->key, NULL, "a section %s", again ? "without a name" : "with a name too many");
    *ret = (enum section)i;
    return 0;
}

static int read_all(struct vn_lines *lines, struct vn_snapshot *snapshot)
{
    struct vn_line line = {.kind = VN_LINE_END};
    enum section section = SECTION_NONE;
    struct vn_err inner = {0};
    int last = -1, r = read_head(lines, snapshot);

    while (r == 0) {
        r = vn_lines_next(lines, &line);
        if (r < 0 || line.kind == VN_LINE_END)
            break;
        r = section_of(lines, &line, last, &section);
        if (r == 0 && last <= (int)SECTION_NODE && section > SECTION_NODE)
            r = vn_capture_join_rows(lines, &snapshot->host);
        last = (int)section;
        if (r == 0)
            r = read_section(lines, section, line.value, snapshot);
    }
    if (r == 0 && last >= 0 && last <= (int)SECTION_NODE)
        r = vn_capture_join_rows(lines, &snapshot->host);
    if (r == 0 && vn_host_check(&snapshot->host, &inner) < 0)
        r = vn_lines_fail(lines, NULL, inner.fix, "%s", inner.cause);
    return r;
}

int vn_capture_parse(const char *text, size_t len, struct vn_snapshot *ret, struct vn_err *err)
{
    struct vn_snapshot snapshot = {.n_vms = 0};
    struct vn_lines lines = {.at = text, .end = text + len, .arena = &snapshot.arena, .err = err};
    const char *nul = len ? memchr(text, '\0', len) : NULL;
    int r;

    if (len > VN_CAPTURE_MAX)
        return vn_failf(err, VN_E_FORMAT, NULL, "a captured host of %zu bytes; %u is the limit", len, VN_CAPTURE_MAX);
    for (const char *at = text; nul && at < nul; at++)
        lines.number += *at == '\n';
    lines.number += nul != NULL;
    r = nul ? vn_lines_fail(&lines, NULL, "Give a text file.", "a NUL byte") : read_all(&lines, &snapshot);
    if (r < 0) {
        vn_snapshot_drop(&snapshot);
        return vn_err_ctx(err, r, "cannot read the captured host");
    }
    *ret = snapshot;
    return 0;
}

int vn_capture_format(const struct vn_snapshot *snapshot, struct vn_buf *ret, struct vn_err *err)
{
    vn_buf_fmt(ret, "%s\ntaken_usec=%" PRId64 "\n", VN_CAPTURE_SCHEMA, snapshot->taken_usec);
    vn_capture_put(ret, "uri", snapshot->uri);
    vn_capture_write_host(ret, &snapshot->host);
    for (size_t i = 0; i < snapshot->n_vms; i++)
        vn_capture_write_vm(ret, &snapshot->vms[i], snapshot->host.n_nodes);
    return ret->failed ? vn_nomem(err) : 0;
}
