/* SPDX-License-Identifier: MIT */
#include "io/proc_stat.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vnuma/units.h>

#include "io/cgroup.h"
#include "io/doors.h"
#include "io/files.h"
#include "io/pool.h"
#include "io/proc_memory.h"

/* How many processes are worth a thread, and which part of a process's memory a cgroup may leave out. */
enum { READ_EACH = 16, FIND_EACH = 64, MAPS_MAX = 64 << 20, PAGE_KIB = 4 };
#define CGROUP_MAY_MISS_PCT 1.0

struct machine {
    char *root;
};

static int read_ids(const struct machine *machine, struct vn_arena *arena, int **ret, size_t *ret_count,
                    struct vn_err *err)
{
    unsigned *ids = NULL;
    int r = vn_dir_numbers(machine->root, "sys/devices/system/node", "node", "", arena, &ids, ret_count, err);

    if (r < 0)
        return r;
    *ret = vn_arena_array(arena, *ret_count, sizeof **ret);
    if (!*ret)
        return vn_nomem(err);
    for (size_t i = 0; i < *ret_count; i++)
        (*ret)[i] = (int)ids[i];
    return 0;
}

static int counters(void *self, struct vn_arena *arena, struct vn_counters **ret, size_t *ret_count,
                    struct vn_err *err)
{
    const struct machine *machine = self;
    VN_AUTO(vn_buf) text = {0};
    int *ids = NULL, r = read_ids(machine, arena, &ids, ret_count, err);

    if (r < 0)
        return vn_err_ctx(err, r, "cannot tell which nodes there are");
    *ret = vn_arena_array(arena, *ret_count, sizeof **ret);
    if (!*ret)
        return vn_nomem(err);
    for (size_t i = 0; r == 0 && i < *ret_count; i++) {
        (*ret)[i].node = ids[i];
        r = vn_file_readf(machine->root, &text, err, "sys/devices/system/node/node%d/numastat", ids[i]);
        if (r == 0)
            r = vn_counters_parse(text.ptr, &(*ret)[i], err);
        r = vn_err_ctx(err, r, "cannot read the counters of node %d", ids[i]);
    }
    return r;
}

/* ---- which processes ---- */

struct search {
    const char *text;
    struct vn_arena *arena;
    pthread_mutex_t lock; /* of the arena */
    const unsigned *pids;
    unsigned self;
    struct vn_process *found; /* one for each id; pid 0: not wanted */
    bool failed;
};

/* Arguments are divided by NULs; for who looks for a text, by blanks. */
static bool has_text(const char *cmdline, size_t len, const char *text)
{
    size_t want = strlen(text), i;

    if (!strchr(text, ' '))
        return memmem(cmdline, len, text, want);
    for (size_t at = 0; at + want <= len; at++) {
        for (i = 0; i < want && (cmdline[at + i] ? cmdline[at + i] : ' ') == text[i]; i++)
            ;
        if (i == want)
            return true;
    }
    return false;
}

static void try_process(void *self, size_t i)
{
    struct search *search = self;
    struct vn_process *found = &search->found[i];
    VN_AUTO(vn_buf) text = {0};
    char *vm = NULL;
    int r;

    if (!search->pids[i] || search->pids[i] > INT_MAX || search->pids[i] == search->self ||
        vn_file_glance(&text, NULL, "proc/%u/cmdline", search->pids[i]) < 0 ||
        !has_text(text.ptr, text.len, search->text))
        return;
    found->pid = (int)search->pids[i];
    (void)pthread_mutex_lock(&search->lock);
    r = vn_cmdline_vm(text.ptr, text.len, search->arena, &vm);
    found->vm = vm;
    found->name = vn_cmdline_program(text.ptr, search->arena);
    search->failed = search->failed || !found->name || r == -VN_E_NOMEM;
    (void)pthread_mutex_unlock(&search->lock);
}

static int find(void *self, const char *text, struct vn_arena *arena, struct vn_process **ret, size_t *ret_count,
                struct vn_err *err)
{
    struct search search = {.text = text, .arena = arena, .self = (unsigned)getpid(), .lock = PTHREAD_MUTEX_INITIALIZER};
    unsigned *pids = NULL;
    size_t count = 0, n = 0;
    int r = vn_dir_numbers("", "proc", "", "", arena, &pids, &count, err);

    (void)self;
    if (r < 0)
        return r;
    search.pids = pids;
    search.found = vn_arena_array(arena, count, sizeof *search.found);
    if (!search.found)
        return vn_nomem(err);
    vn_pool_run(count, FIND_EACH, try_process, &search);
    if (search.failed)
        return vn_nomem(err);
    for (size_t i = 0; i < count; i++)
        if (search.found[i].pid)
            search.found[n++] = search.found[i];
    *ret = search.found;
    *ret_count = n;
    return 0;
}

static int process(void *self, int pid, struct vn_arena *arena, struct vn_process *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    char *vm = NULL;
    int r = vn_file_readf("", &text, err, "proc/%d/cmdline", pid);

    (void)self;
    if (r == -VN_E_ABSENT)
        return vn_failf(err, VN_E_ABSENT, NULL, "there is no process %d", pid);
    if (r < 0)
        return r;
    r = vn_cmdline_vm(text.ptr, text.len, arena, &vm);
    *ret = (struct vn_process){.pid = pid, .vm = vm};
    return r == -VN_E_NOMEM ? vn_nomem(err) : 0;
}

/* ---- their memory ---- */

struct job {
    const struct vn_process *processes;
    const struct vn_stat_opts *opts;
    struct vn_memstats *stats;
    struct vn_cgroup_mounts mounts;
    bool balancing;
    bool hugetlb;         /* somebody uses huge pages of hugetlbfs, which neither cgroups nor samples see */
    pthread_mutex_t lock; /* of the arena in stats */
    bool failed;
};

static bool has_hugetlb(int pid)
{
    VN_AUTO(vn_buf) text = {0};
    uint64_t kib;

    return vn_file_readf("", &text, NULL, "proc/%d/status", pid) < 0 ||
           vn_meminfo_kib(text.ptr, "HugetlbPages", &kib, NULL) < 0 || kib;
}

/* A cgroup tells the truth where it counts what the process has resident: no more (others in it), no less (pages
 * charged elsewhere, or of the program's file). */
static int from_cgroup(const struct job *job, const struct vn_stat_reading *in, uint64_t *kib)
{
    struct vn_memstat *stat = in->stat;
    VN_AUTO(vn_buf) text = {0};
    uint64_t sum = 0;
    double off;

    if (!in->rss_kib || vn_file_glance(&text, NULL, "proc/%d/cgroup", in->process->pid) < 0 ||
        vn_cgroup_memory(&job->mounts, text.ptr, false, in->node_ids, in->n_nodes, kib, NULL) < 0)
        return -VN_E_ABSENT;
    for (size_t n = 0; n < in->n_nodes; n++)
        sum += kib[n];
    off = 100 * (sum > in->rss_kib ? (double)(sum - in->rss_kib) : (double)(in->rss_kib - sum)) / (double)in->rss_kib;
    if (off > CGROUP_MAY_MISS_PCT || (job->hugetlb && has_hugetlb(in->process->pid)))
        return -VN_E_ABSENT;
    for (size_t n = 0; n < in->n_nodes; n++)
        stat->nodes[n].total_kib = kib[n];
    stat->total_kib = sum;
    stat->method = VN_STAT_CGROUP;
    stat->error_pct = off;
    return 0;
}

static int sum_cells(const struct vn_stat_reading *in, const struct vn_vmas *vmas, struct vn_arena *arena,
                     struct vn_err *err)
{
    const struct vn_process *process = in->process;
    int *which = vn_arena_array(arena, process->n_cells, sizeof *which);

    if (!which)
        return vn_nomem(err);
    vn_vmas_cells(vmas, process->cell_kib, process->n_cells, which);
    if (which[0] < 0)
        return 0;
    for (size_t c = 0; c < process->n_cells; c++)
        for (size_t n = 0; n < in->n_nodes; n++)
            in->cell_kib[c * in->n_nodes + n] = vn_vma_kib(&vmas->items[which[c]], n);
    in->stat->cell_kib = in->cell_kib;
    in->stat->n_cells = process->n_cells;
    return 0;
}

static int read_maps(const struct vn_stat_reading *in, const char *name, struct vn_buf *ret, struct vn_err *err)
{
    char path[64];
    int r;

    (void)snprintf(path, sizeof path, "proc/%d/%s", in->process->pid, name);
    r = vn_file_read("", path, MAPS_MAX, ret, err);
    if (r == 0 && !ret->len)
        return VN_FAIL(err, VN_E_ABSENT, .cause = "it has no memory of its own: a kernel thread, or it is ending");
    return r;
}

/* numa_maps alone, which has no ends, is enough where no cells are to be told apart. */
static int read_vmas(const struct vn_stat_reading *in, struct vn_arena *arena, struct vn_vmas *ret, struct vn_err *err)
{
    const struct vn_guest guest = {.pid = in->process->pid, .node_ids = in->node_ids, .n_nodes = in->n_nodes};
    VN_AUTO(vn_buf) text = {0};
    int r;

    if (in->process->cell_kib)
        return vn_proc_vmas(&guest, arena, ret, err);
    r = read_maps(in, "numa_maps", &text, err);
    return r < 0 ? r : vn_numamaps_parse(text.ptr, NULL, in->node_ids, in->n_nodes, arena, ret, err);
}

static int from_numa_maps(const struct vn_stat_reading *in, struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct vn_memstat *stat = in->stat;
    struct vn_vmas vmas;
    int r = read_vmas(in, &scratch, &vmas, err);

    if (r == 0 && in->process->cell_kib)
        r = sum_cells(in, &vmas, &scratch, err);
    if (r < 0)
        return r;
    vn_vmas_by_kind(&vmas, in->n_nodes, stat->nodes);
    for (size_t n = 0; n < in->n_nodes; n++)
        stat->total_kib += stat->nodes[n].total_kib;
    stat->method = VN_STAT_NUMA_MAPS;
    return 0;
}

static int from_sample(const struct job *job, const struct vn_stat_reading *in, struct vn_err *err)
{
    struct vn_sampling how = {.sys = &vn_move_linux, .balancing = job->balancing};
    VN_AUTO(vn_buf) maps = {0};
    int r = read_maps(in, "maps", &maps, err);

    how.maps = maps.ptr;
    return r < 0 ? r : vn_stat_sample(in, &how, err);
}

/* How much it has resident, and the program's name where that is not known. */
static int read_program(struct job *job, struct vn_stat_reading *in, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    char name[64];
    uint64_t pages;
    int r = vn_file_glance(&text, err, "proc/%d/%s", in->process->pid, in->stat->name ? "statm" : "stat");

    if (r == 0 && in->stat->name)
        r = vn_statm_resident(text.ptr, &pages, err);
    else if (r == 0)
        r = vn_stat_program(text.ptr, name, sizeof name, &pages, err);
    if (r < 0)
        return r;
    in->rss_kib = pages * PAGE_KIB;
    if (in->stat->name)
        return 0;
    (void)pthread_mutex_lock(&job->lock);
    in->stat->name = vn_arena_strdup(&job->stats->arena, name);
    (void)pthread_mutex_unlock(&job->lock);
    return in->stat->name ? 0 : vn_nomem(err);
}

static int read_memory(struct job *job, struct vn_stat_reading *in, struct vn_err *err)
{
    uint64_t kib[VN_NODE_MAX];
    int r = read_program(job, in, err);

    if (r < 0)
        return r;
    if (in->process->cell_kib) {
        (void)pthread_mutex_lock(&job->lock);
        in->cell_kib = vn_arena_array(&job->stats->arena, in->process->n_cells * in->n_nodes, sizeof *in->cell_kib);
        (void)pthread_mutex_unlock(&job->lock);
        if (!in->cell_kib)
            return vn_nomem(err);
    }
    if (in->opts->sample && !(job->hugetlb && has_hugetlb(in->process->pid))) {
        r = from_sample(job, in, err);
        if (r != -VN_E_REFUSED)
            return r;
    }
    if (!in->opts->kinds && !in->process->cell_kib && from_cgroup(job, in, kib) == 0)
        return 0;
    return from_numa_maps(in, err);
}

static void read_one(void *self, size_t i)
{
    struct job *job = self;
    struct vn_memstat *stat = &job->stats->items[i];
    struct vn_stat_reading in = {.process = &job->processes[i], .opts = job->opts, .node_ids = job->stats->node_ids,
                                 .n_nodes = job->stats->n_nodes, .stat = stat};
    struct vn_err err = {0};
    char text[1024];
    int r = read_memory(job, &in, &err);

    if (r == 0)
        return;
    (void)pthread_mutex_lock(&job->lock);
    stat->unread = vn_arena_strdup(&job->stats->arena, vn_err_text(&err, text, sizeof text));
    job->failed = job->failed || r == -VN_E_NOMEM || !stat->unread;
    (void)pthread_mutex_unlock(&job->lock);
}

/* Pages in use of any size; where that cannot be told, somebody may use some. */
static bool hugetlb_in_use(void)
{
    VN_AUTO(vn_arena) scratch = {0};
    VN_AUTO(vn_buf) text = {0};
    unsigned *sizes = NULL;
    size_t count = 0;
    int r = vn_dir_numbers("", "sys/kernel/mm/hugepages", "hugepages-", "kB", &scratch, &sizes, &count, NULL);

    if (r < 0)
        return r != -VN_E_ABSENT;
    for (size_t i = 0; i < count; i++) {
        static const char *const names[] = {"nr_hugepages", "free_hugepages"};
        uint64_t pages[2] = {0};

        for (size_t k = 0; k < 2; k++)
            if (vn_file_readf("", &text, NULL, "sys/kernel/mm/hugepages/hugepages-%ukB/%s", sizes[i], names[k]) < 0 ||
                vn_uint_parse(vn_text_trim(text.ptr), UINT64_MAX / 2, &pages[k], NULL) < 0)
                return true;
        if (pages[0] != pages[1])
            return true;
    }
    return false;
}

static bool is_balancing(void)
{
    VN_AUTO(vn_buf) text = {0};

    return vn_file_read("", "proc/sys/kernel/numa_balancing", 64, &text, NULL) == 0 && *vn_text_trim(text.ptr) != '0';
}

/* Room for the figures before the threads start. */
static int make_room(struct vn_memstats *stats, const struct vn_process *processes, size_t count, struct vn_err *err)
{
    struct vn_stat_node *nodes = vn_arena_array(&stats->arena, count * stats->n_nodes, sizeof *nodes);

    stats->items = vn_arena_array(&stats->arena, count, sizeof *stats->items);
    if (!nodes || !stats->items)
        return vn_nomem(err);
    stats->count = count;
    for (size_t i = 0; i < count; i++) {
        struct vn_memstat *stat = &stats->items[i];

        stat->pid = processes[i].pid;
        stat->nodes = nodes + i * stats->n_nodes;
        stat->name = vn_arena_strdup(&stats->arena, processes[i].name);
        stat->vm = vn_arena_strdup(&stats->arena, processes[i].vm);
        if ((processes[i].name && !stat->name) || (processes[i].vm && !stat->vm))
            return vn_nomem(err);
    }
    return 0;
}

static int memory(void *self, const struct vn_process *processes, size_t count, const struct vn_stat_opts *opts,
                  struct vn_memstats *ret, struct vn_err *err)
{
    const struct machine *machine = self;
    struct vn_memstats stats = {0};
    struct job job = {.processes = processes, .opts = opts, .stats = &stats, .lock = PTHREAD_MUTEX_INITIALIZER};
    int r = read_ids(machine, &stats.arena, &stats.node_ids, &stats.n_nodes, err);

    if (r == -VN_E_ABSENT || (r == 0 && stats.n_nodes > VN_NODE_MAX))
        r = VN_FAIL(err, VN_E_ENV, .where = "/sys/devices/system/node",
                    .cause = "this kernel tells nothing of NUMA nodes", .fix = "It needs CONFIG_NUMA.");
    if (r == 0)
        r = make_room(&stats, processes, count, err);
    if (r == 0)
        r = vn_cgroup_find(&job.mounts, err);
    if (r == 0) {
        job.hugetlb = hugetlb_in_use();
        job.balancing = opts->sample && is_balancing();
        vn_pool_run(count, READ_EACH, read_one, &job);
        r = job.failed ? vn_nomem(err) : 0;
    }
    if (r < 0) {
        vn_memstats_drop(&stats);
        return r;
    }
    *ret = stats;
    return 0;
}

/* ---- the door ---- */

static void close_machine(void *self)
{
    struct machine *machine = self;

    free(machine->root);
    free(machine);
}

static const struct vn_statistics_ops ops = {
    .counters = counters,
    .find = find,
    .process = process,
    .memory = memory,
    .close = close_machine,
};

int vn_statistics_open(const char *root, struct vn_statistics *ret, struct vn_err *err)
{
    struct machine *machine = calloc(1, sizeof *machine);

    if (machine)
        machine->root = strdup(root);
    if (!machine || !machine->root) {
        free(machine);
        return vn_nomem(err);
    }
    *ret = (struct vn_statistics){.ops = &ops, .self = machine};
    return 0;
}
