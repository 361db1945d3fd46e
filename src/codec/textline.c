/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "codec/textline.h"

const char *vn_line_next(const char *line)
{
    const char *end = strchr(line, '\n');

    return end && end[1] ? end + 1 : NULL;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

int vn_line_number(const char **at, unsigned base, uint64_t *ret)
{
    const char *start = *at;
    uint64_t value = 0;

    for (; (unsigned)digit(**at) < base; ++*at) {
        unsigned d = (unsigned)digit(**at);
        if (value > (UINT64_MAX - d) / base)
            return -1;
        value = value * base + d;
    }
    *ret = value;
    return *at == start ? -1 : 0;
}

int vn_line_node(const char **word, const int *node_ids, size_t n_nodes, size_t *ret_index, uint64_t *ret_value,
                 struct vn_err *err)
{
    const char *at = *word + 1;
    uint64_t id, value;

    if (**word != 'N' || vn_line_number(&at, 10, &id) < 0 || *at++ != '=' || vn_line_number(&at, 10, &value) < 0)
        return 0;
    for (size_t i = 0; i < n_nodes; i++) {
        if (node_ids[i] >= 0 && (uint64_t)node_ids[i] == id) {
            *word = at;
            *ret_index = i;
            *ret_value = value;
            return 1;
        }
    }
    if (!value) /* a node that is possible and not there */
        return 0;
    return vn_failf(err, VN_E_FORMAT, "Observe the host again.", "memory on node %llu, which the host does not have",
                    (unsigned long long)id);
}
