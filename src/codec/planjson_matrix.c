/* SPDX-License-Identifier: MIT */
#include "codec/planjson_priv.h"

/* Tables with a row and a column for each node of a host: distances, latencies, bandwidths. */

int vn_jin_matrix(struct vn_jin *in, json_t *object, const char *key, size_t n, uint32_t max, uint32_t **ret)
{
    uint64_t figure = 0;
    size_t mark;
    json_t *rows;
    int r = vn_jin_get(in, object, key, VN_OPTIONAL, JSON_ARRAY, &rows);

    if (r < 0 || !rows)
        return r;
    if (json_array_size(rows) != n)
        return vn_jin_fail(in, key, NULL, "Give a row for each node, in their order.", "%zu rows for %zu nodes",
                           json_array_size(rows), n);
    *ret = vn_arena_array(in->arena, n * n, sizeof **ret);
    if (!*ret)
        return vn_nomem(in->err);
    mark = vn_jin_enter(in, key);
    for (size_t i = 0; i < n && r == 0; i++) {
        json_t *row = json_array_get(rows, i);
        size_t inner = vn_jin_enter_at(in, i);

        if (json_array_size(row) != n)
            r = vn_jin_fail(in, NULL, NULL, "Give a figure for each node, in their order.", "not a list of %zu numbers",
                            n);
        for (size_t j = 0; j < n && r == 0; j++) {
            r = vn_jin_uint_of(in, json_array_get(row, j), max, &figure);
            (*ret)[i * n + j] = (uint32_t)figure;
        }
        vn_jin_leave(in, inner);
    }
    vn_jin_leave(in, mark);
    return r;
}

int vn_jin_access(struct vn_jin *in, json_t *object, const char *key, size_t n, struct vn_access *ret)
{
    static const char *const keys[] = {"latency_ns", "bandwidth_mbps", NULL};
    json_t *value;
    size_t mark;
    int r = vn_jin_get(in, object, key, VN_OPTIONAL, JSON_OBJECT, &value);

    if (r < 0 || !value)
        return r;
    mark = vn_jin_enter(in, key);
    r = vn_jin_keys(in, value, keys);
    if (r == 0)
        r = vn_jin_matrix(in, value, "latency_ns", n, UINT32_MAX, &ret->latency_ns);
    if (r == 0)
        r = vn_jin_matrix(in, value, "bandwidth_mbps", n, UINT32_MAX, &ret->bandwidth_mbps);
    vn_jin_leave(in, mark);
    return r;
}

static void write_matrix(struct vn_jout *out, const char *key, const uint32_t *figures, size_t n)
{
    if (!figures)
        return;
    vn_jout_open(out, key, '[', false);
    for (size_t i = 0; i < n; i++) {
        vn_jout_open(out, NULL, '[', true);
        for (size_t j = 0; j < n; j++)
            vn_jout_uint(out, NULL, figures[i * n + j]);
        vn_jout_close(out, ']');
    }
    vn_jout_close(out, ']');
}

void vn_jout_access(struct vn_jout *out, const char *key, const struct vn_access *access, size_t n)
{
    if (!access->latency_ns && !access->bandwidth_mbps)
        return;
    vn_jout_open(out, key, '{', false);
    write_matrix(out, "latency_ns", access->latency_ns, n);
    write_matrix(out, "bandwidth_mbps", access->bandwidth_mbps, n);
    vn_jout_close(out, '}');
}
