/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <vnuma/units.h>

#include "cli/session.h"
#include "cli/show_stat.h"
#include "io/doors.h"

#define MOST_SECONDS 86400u

/* Is what the command line names this very machine? /proc and /sys are not those of another. */
static bool is_here(const struct cli *cli)
{
    static const char *const local[] = {"qemu:///", "qemu+unix:///", "qemu-proc:"};
    const char *uri = cli->uri ? cli->uri : getenv("LIBVIRT_DEFAULT_URI");

    if (cli->sysroot)
        return false;
    if (!uri || !*uri)
        return true;
    for (size_t i = 0; i < VN_COUNT(local); i++)
        if (!strncmp(uri, local[i], strlen(local[i])))
            return true;
    return false;
}

static int refuse_elsewhere(const struct cli *cli, const char *what, struct vn_err *err)
{
    const char *uri = cli->sysroot ? cli->sysroot : cli->uri ? cli->uri : getenv("LIBVIRT_DEFAULT_URI");
    bool captured = cli->sysroot || (uri && (!strcmp(uri, "demo:") || !strncmp(uri, "replay:", 7)));

    return vn_failf(err, VN_E_REFUSED,
                    captured ? "A captured host has the memory of its VMs: name them, or give --vms."
                             : "Run vnuma on that host itself.",
                    "%s are read from this machine, and '%s' is another", what, uri ? uri : "");
}

/* ---- counters ---- */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static double now_seconds(void)
{
    struct timespec now;

    return clock_gettime(CLOCK_MONOTONIC, &now) == 0 ? (double)now.tv_sec + (double)now.tv_nsec / 1e9 : 0;
}

/* What came in between two readings. A node that appeared, or a counter that was set back, counts from 0. */
static void subtract(struct vn_counters *now, size_t count, const struct vn_counters *before, size_t n_before)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < n_before; k++)
            for (int c = 0; c < VN_COUNTERS && now[i].node == before[k].node; c++)
                if (now[i].pages[c] >= before[k].pages[c])
                    now[i].pages[c] -= before[k].pages[c];
}

static int show_counters(const struct cli *cli, const struct vn_counters *counters, size_t count, double seconds,
                         struct vn_err *err)
{
    VN_AUTO(vn_doc) doc = {0};

    vn_doc_init(&doc, cli->command->schema);
    cli_show_counters(&doc, counters, count, seconds);
    return cli_show(cli, &doc, err);
}

/* Blocks follow each other; on a terminal each takes the place of the one before. */
static int between(const struct cli *cli, bool first, struct vn_err *err)
{
    if (cli->json)
        return 0;
    if (isatty(STDOUT_FILENO))
        return vn_view_bytes("\033[H\033[J", 6, stdout, err);
    return first ? 0 : vn_view_bytes("\n", 1, stdout, err);
}

static int watch(const struct cli *cli, const struct vn_statistics *stats, double interval, uint64_t rounds,
                 struct vn_err *err)
{
    struct vn_arena arenas[2] = {{0}};
    struct vn_counters *counters[2] = {0};
    size_t count[2] = {0};
    double taken[2] = {0};
    const struct sigaction stop = {.sa_handler = on_interrupt};
    int r, now = 0;

    if (sigaction(SIGINT, &stop, NULL) < 0 || sigaction(SIGTERM, &stop, NULL) < 0)
        return VN_FAIL(err, VN_E_IO, .where = "sigaction(2)", .cause = strerror(errno));
    r = stats->ops->counters(stats->self, &arenas[now], &counters[now], &count[now], err);
    taken[now] = now_seconds();
    for (uint64_t i = 0; r == 0 && (!rounds || i < rounds); i++) {
        struct timespec pause = {.tv_sec = (time_t)interval,
                                 .tv_nsec = (long)((interval - (double)(time_t)interval) * 1e9)};

        if (!interrupted)
            (void)nanosleep(&pause, NULL);
        if (interrupted)
            break;
        now = !now;
        vn_arena_drop(&arenas[now]);
        r = stats->ops->counters(stats->self, &arenas[now], &counters[now], &count[now], err);
        taken[now] = now_seconds();
        if (r == 0) {
            VN_AUTO(vn_arena) scratch = {0};
            struct vn_counters *added = vn_arena_array(&scratch, count[now], sizeof *added);

            r = added ? between(cli, i == 0, err) : vn_nomem(err);
            if (r == 0 && count[now])
                memcpy(added, counters[now], count[now] * sizeof *added);
            if (r == 0) {
                subtract(added, count[now], counters[!now], count[!now]);
                r = show_counters(cli, added, count[now], taken[now] - taken[!now], err);
            }
        }
    }
    vn_arena_drop(&arenas[0]);
    vn_arena_drop(&arenas[1]);
    return r;
}

static int watch_seconds(const struct cli *cli, double *ret, struct vn_err *err)
{
    const char *value = cli_value(cli, "watch");
    char *end;

    if (!*value && cli->n_names) /* "--watch 5" */
        value = cli->names[0];
    *ret = 1;
    if (!*value)
        return 0;
    *ret = strtod(value, &end);
    if (end == value || *end || !(*ret >= 0.01 && *ret <= MOST_SECONDS))
        return VN_FAIL(err, VN_E_USAGE, .cause = "--watch wants seconds, from 0.01 to a day", .got = value,
                       .fix = "Only the nodes' counters are watched, not VMs or processes.");
    return 0;
}

static int stat_counters(const struct cli *cli, struct vn_err *err)
{
    struct vn_statistics stats = {0};
    VN_AUTO(vn_arena) arena = {0};
    struct vn_counters *counters = NULL;
    bool watched = cli_has(cli, "watch");
    uint64_t rounds = 0;
    double interval = 0;
    size_t count = 0;
    int r = cli_number(cli, "count", UINT32_MAX, &rounds, err);

    if (r == 0 && cli_has(cli, "count") && (!watched || !rounds))
        return VN_FAIL(err, VN_E_USAGE, .cause = "--count wants a number above 0, and --watch",
                       .got = cli_value(cli, "count"));
    if (r == 0 && watched)
        r = watch_seconds(cli, &interval, err);
    if (r == 0 && !is_here(cli) && !cli->sysroot)
        r = refuse_elsewhere(cli, "the counters", err);
    if (r == 0)
        r = vn_statistics_open(cli->sysroot ? cli->sysroot : "", &stats, err);
    if (r < 0)
        return r;
    if (watched) {
        r = watch(cli, &stats, interval, rounds, err);
    } else {
        r = stats.ops->counters(stats.self, &arena, &counters, &count, err);
        if (r == 0)
            r = show_counters(cli, counters, count, 0, err);
    }
    vn_statistics_drop(&stats);
    return r;
}

/* ---- memory ---- */

static int read_opts(const struct cli *cli, struct vn_stat_opts *ret, struct vn_err *err)
{
    int r;

    *ret = (struct vn_stat_opts){.kinds = cli_has(cli, "kinds"), .sample = cli_has(cli, "sample"), .within = 2};
    if (ret->kinds && ret->sample)
        return VN_FAIL(err, VN_E_USAGE, .cause = "--kinds and --sample exclude each other",
                       .fix = "Only the walk through numa_maps tells kinds.");
    if (!ret->sample && (cli_has(cli, "within") || cli_has(cli, "seed")))
        return VN_FAIL(err, VN_E_USAGE, .cause = "--within and --seed are for --sample");
    r = cli_percent(cli, "within", &ret->within, err);
    if (r == 0 && ret->within <= 0)
        r = VN_FAIL(err, VN_E_USAGE, .cause = "no sample can be within 0 points", .got = cli_value(cli, "within"),
                    .fix = "Leave --sample out for exact figures.");
    ret->seed = (uint64_t)vn_system_clock().now_usec(NULL);
    return r < 0 ? r : cli_number(cli, "seed", UINT64_MAX, &ret->seed, err);
}

static int show_memory(const struct cli *cli, const struct vn_memstats *stats, bool vms, bool kinds, struct vn_err *err)
{
    VN_AUTO(vn_doc) doc = {0};

    vn_doc_init(&doc, cli->command->schema);
    cli_show_memory(&doc, stats, vms, kinds);
    return cli_show(cli, &doc, err);
}

static int stat_processes(struct cli *cli, const struct vn_stat_opts *opts, struct vn_err *err)
{
    struct vn_statistics stats = {0};
    VN_AUTO(vn_memstats) memory = {0};
    const char **names = vn_arena_array(&cli->arena, cli->n_values, sizeof *names);
    size_t n = 0;
    int r;

    if (!names)
        return vn_nomem(err);
    for (size_t i = 0; i < cli->n_values; i++)
        if (!strcmp(cli->values[i].option->name, "process"))
            names[n++] = cli->values[i].value;
    for (size_t i = 0; i < n; i++)
        if (!*names[i])
            return VN_FAIL(err, VN_E_USAGE, .cause = "-p wants a process id, or a text of its command line", .got = "");
    if (!is_here(cli))
        return refuse_elsewhere(cli, "processes", err);
    r = vn_statistics_open("", &stats, err);
    if (r < 0)
        return r;
    r = vn_app_stat_processes(&stats, names, n, opts, &memory, err);
    vn_statistics_drop(&stats);
    return r < 0 ? r : show_memory(cli, &memory, false, opts->kinds || (memory.count == 1 && !opts->sample), err);
}

static int stat_vms(struct cli *cli, const struct vn_stat_opts *opts, struct vn_err *err)
{
    struct cli_session session;
    struct vn_statistics stats = {0};
    VN_AUTO(vn_memstats) memory = {0};
    bool here = is_here(cli);
    int r;

    if (!here && (opts->sample || opts->kinds))
        return vn_failf(err, VN_E_REFUSED, "Leave the option out for what that host can tell.",
                        "--%s looks at processes of this machine, and the host is another",
                        opts->sample ? "sample" : "kinds");
    r = cli_session_open(cli, 0, &session, err);
    if (r < 0)
        return r;
    if (here)
        r = vn_statistics_open("", &stats, err);
    if (r == 0) {
        r = vn_app_stat_vms(&session.app, here ? &stats : NULL, cli->names, cli->n_names, opts, &memory, err);
        r = r < 0 ? cli_nearest_vm(&session, cli->names, cli->n_names, r, err) : 0;
    }
    vn_statistics_drop(&stats);
    cli_session_drop(&session);
    return r < 0 ? r : show_memory(cli, &memory, true, opts->kinds, err);
}

int cmd_stat(struct cli *cli, struct vn_err *err)
{
    static const char *const of_memory[] = {"kinds", "sample", "within", "seed"};
    bool processes = cli_has(cli, "process"), watched = cli_has(cli, "watch");
    bool interval = watched && !*cli_value(cli, "watch") && cli->n_names == 1; /* "--watch 5": the word is its value */
    bool vms = cli_has(cli, "vms") || (cli->n_names && !interval);
    struct vn_stat_opts opts;
    int r;

    if (processes && vms)
        return VN_FAIL(err, VN_E_USAGE, .cause = "processes and VMs are two things to look at",
                       .fix = "Give -p, or names of VMs, or --vms.");
    if (cli_has(cli, "vms") && cli->n_names)
        return VN_FAIL(err, VN_E_USAGE, .cause = "--vms is every VM; some are named, too", .got = cli->names[0]);
    if ((processes || vms) && (watched || cli_has(cli, "count")))
        return VN_FAIL(err, VN_E_USAGE, .cause = "only the nodes' counters are watched, not VMs or processes",
                       .fix = "'watch vnuma stat ...' shows those again and again.");
    if (!processes && !vms) {
        for (size_t i = 0; i < VN_COUNT(of_memory); i++)
            if (cli_has(cli, of_memory[i]))
                return vn_failf(err, VN_E_USAGE, "Give -p, names of VMs, or --vms.",
                                "--%s is for the memory of processes and VMs", of_memory[i]);
        return stat_counters(cli, err);
    }
    r = read_opts(cli, &opts, err);
    if (r < 0)
        return r;
    return processes ? stat_processes(cli, &opts, err) : stat_vms(cli, &opts, err);
}
