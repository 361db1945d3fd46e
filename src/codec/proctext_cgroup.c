/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>
#include "codec/proctext.h"
#include "codec/textline.h"

/* cgroup v1 counts pages; every KVM host of ours has pages of 4 KiB. */
enum { V1_PAGE_KIB = 4 };

/* Adds every "Nn=value" of a line. */
static int add_line(const char *line, uint64_t bytes_per_unit, const int *node_ids, size_t n_nodes, uint64_t *bytes,
                    struct vn_err *err)
{
    const char *at = line;

    while (*at && *at != '\n') {
        size_t index;
        uint64_t value;
        int r = 0;

        if (at != line && at[-1] == ' ')
            r = vn_line_node(&at, node_ids, n_nodes, &index, &value, err);
        if (r < 0)
            return r;
        if (r == 0) {
            at++;
            continue;
        }
        if (value > (UINT64_MAX / 2 - bytes[index]) / bytes_per_unit)
            return VN_FAIL(err, VN_E_RANGE, .where = "memory.numa_stat", .cause = "more memory than there can be");
        bytes[index] += value * bytes_per_unit;
    }
    return 0;
}

static bool starts(const char *line, const char *word)
{
    return !strncmp(line, word, strlen(word));
}

/*
 * v2: "anon N0=bytes", and "shmem N0=bytes", which "anon" does not have. v1: "hierarchical_anon=pages N0=pages" of
 * the group and those below it, else "anon=": what can be swapped, shared memory too; locked guests are "unevictable".
 */
int vn_numastat_parse(const char *text, const int *node_ids, size_t n_nodes, uint64_t *ret_kib, struct vn_err *err)
{
    static const char *const words[] = {"hierarchical_anon=", "hierarchical_unevictable=", "anon=", "unevictable=",
                                        "anon ", "shmem "};
    enum { V2 = 4, WORDS = 6 };
    const char *lines[WORDS] = {0};
    size_t first = WORDS;
    int r = 0;

    for (const char *line = text; line; line = vn_line_next(line))
        for (size_t i = 0; i < WORDS; i++)
            if (starts(line, words[i]))
                lines[i] = line;
    for (size_t i = WORDS; i-- > 0;) /* the first pair that is whole */
        if (i % 2 == 0 && lines[i] && lines[i + 1])
            first = i;
    if (first == WORDS)
        return VN_FAIL(err, VN_E_FORMAT, .where = "memory.numa_stat", .got = text,
                       .cause = "neither the lines of cgroup v1 nor those of v2");
    for (size_t i = 0; i < n_nodes; i++)
        ret_kib[i] = 0;
    for (size_t i = first; r == 0 && i < first + 2; i++)
        r = add_line(lines[i], first == V2 ? 1 : V1_PAGE_KIB * 1024, node_ids, n_nodes, ret_kib, err);
    for (size_t i = 0; i < n_nodes; i++)
        ret_kib[i] /= 1024;
    return r;
}

/* Is @word one of the comma-separated words of the @len bytes at @list? */
static bool in_list(const char *list, size_t len, const char *word)
{
    size_t want = strlen(word), at = 0;

    while (at < len) {
        size_t item = 0;
        while (at + item < len && list[at + item] != ',')
            item++;
        if (item == want && !strncmp(list + at, word, want))
            return true;
        at += item + 1;
    }
    return false;
}

/* "4:memory:/machine/qemu-1-db", "0::/machine.slice/..." */
int vn_cgroup_path(const char *text, const char *controller, char *ret, size_t size, struct vn_err *err)
{
    for (const char *line = text; line; line = vn_line_next(line)) {
        size_t id = strspn(line, "0123456789"), len;
        const char *names = line + id + 1, *path;

        if (!id || line[id] != ':')
            continue;
        len = strcspn(names, ":\n");
        if (names[len] != ':')
            continue;
        if (*controller ? !in_list(names, len, controller) : strncmp(line, "0::", 3) != 0)
            continue;
        path = names + len + 1;
        len = strcspn(path, "\n");
        if (len >= size)
            return VN_FAIL(err, VN_E_RANGE, .where = "/proc/PID/cgroup", .got = path, .cause = "a path that is too long");
        memcpy(ret, path, len);
        ret[len] = '\0';
        return 0;
    }
    return VN_FAIL(err, VN_E_ABSENT, .where = "/proc/PID/cgroup", .got = *controller ? controller : "0::",
                   .cause = "no such controller");
}
