/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>
#include <vnuma/stat.h>

static const char *const counters[VN_COUNTERS] = {"numa_hit",       "numa_miss",  "numa_foreign",
                                                  "interleave_hit", "local_node", "other_node"};

const char *vn_counter_name(enum vn_counter counter)
{
    return counters[counter];
}

int vn_counter_parse(const char *name, size_t len)
{
    for (int i = 0; i < VN_COUNTERS; i++)
        if (strlen(counters[i]) == len && !strncmp(counters[i], name, len))
            return i;
    return -1;
}

const char *vn_stat_method_name(enum vn_stat_method method)
{
    static const char *const names[] = {"cgroup", "numa_maps", "sample", "captured"};

    return names[method];
}

void vn_memstats_drop(struct vn_memstats *stats)
{
    vn_arena_drop(&stats->arena);
    memset(stats, 0, sizeof *stats);
}

double vn_part_bound_pct(uint64_t hits, uint64_t count)
{
    static const double z = 1.959964; /* 95 %, two-sided */
    double n = (double)count, part = count ? (double)hits / n : 0, middle, half, low, high;

    if (!count)
        return 100;
    middle = (part + z * z / (2 * n)) / (1 + z * z / n);
    half = z / (1 + z * z / n) * sqrt(part * (1 - part) / n + z * z / (4 * n * n));
    low = part - (middle - half);
    high = middle + half - part;
    return 100 * (low > high ? low : high);
}
