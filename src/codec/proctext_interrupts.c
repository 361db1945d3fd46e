/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>
#include "codec/proctext.h"
#include "codec/textline.h"

/* "           CPU0       CPU2": the CPUs that are online, a column each. */
static int read_heads(const char *at, struct vn_arena *arena, struct vn_cpu_interrupts **ret, size_t *ret_count,
                      struct vn_err *err)
{
    struct vn_cpu_interrupts *cpus = NULL, *one;
    size_t count = 0;
    uint64_t cpu;

    for (at += strspn(at, " "); *at && *at != '\n'; at += strspn(at, " ")) {
        const char *word = at;

        at += strncmp(at, "CPU", 3) ? 0 : 3;
        if (at == word || vn_line_number(&at, 10, &cpu) < 0 || cpu >= VN_CPU_MAX || !strchr(" \n", *at) ||
            (count && cpu <= cpus[count - 1].cpu))
            return VN_FAIL(err, VN_E_FORMAT, .where = "/proc/interrupts", .got = word,
                           .cause = "a first line that does not name CPUs in ascending order");
        one = vn_arena_grow(arena, &cpus, &count, sizeof *one);
        if (!one)
            return vn_nomem(err);
        *one = (struct vn_cpu_interrupts){.cpu = (unsigned)cpu};
    }
    if (!count)
        return VN_FAIL(err, VN_E_FORMAT, .where = "/proc/interrupts", .cause = "a first line that names no CPU");
    *ret = cpus;
    *ret_count = count;
    return 0;
}

/* Errors of the interrupt controller: one number for the whole machine, which with one CPU looks like that CPU's. */
static bool is_of_no_cpu(const char *label, size_t len)
{
    static const char *const names[] = {"ERR", "Err", "MIS"};

    for (size_t i = 0; i < VN_COUNT(names); i++)
        if (strlen(names[i]) == len && !strncmp(label, names[i], len))
            return true;
    return false;
}

/* " 24:   1   0  IO-APIC   5-edge"; a line with fewer numbers than CPUs says nothing of any one. */
static int add_line(const char *line, struct vn_cpu_interrupts *cpus, size_t count, struct vn_err *err)
{
    const char *label = line + strspn(line, " "), *at = label + strcspn(label, ":\n"), *first = at + 1;
    uint64_t number;

    if (*at != ':')
        return VN_FAIL(err, VN_E_FORMAT, .where = "/proc/interrupts", .got = line, .cause = "a line without a name");
    if (is_of_no_cpu(label, (size_t)(at - label)))
        return 0;
    at = first;
    for (size_t i = 0; i < count; i++) {
        at += strspn(at, " ");
        if (!strspn(at, "0123456789"))
            return 0;
        at += strspn(at, "0123456789");
    }
    for (size_t i = 0; i < count; i++) {
        first += strspn(first, " ");
        if (vn_line_number(&first, 10, &number) < 0 || number > (uint64_t)INT64_MAX - cpus[i].count)
            return VN_FAIL(err, VN_E_FORMAT, .where = "/proc/interrupts", .got = line,
                           .cause = "more interrupts than a kernel can count");
        cpus[i].count += number;
    }
    return 0;
}

int vn_interrupts_parse(const char *text, struct vn_arena *arena, struct vn_cpu_interrupts **ret, size_t *ret_count,
                        struct vn_err *err)
{
    struct vn_cpu_interrupts *cpus = NULL;
    size_t count = 0;
    int r = read_heads(text, arena, &cpus, &count, err);

    for (const char *line = vn_line_next(text); r == 0 && line; line = vn_line_next(line))
        r = add_line(line, cpus, count, err);
    if (r == 0) {
        *ret = cpus;
        *ret_count = count;
    }
    return r;
}
