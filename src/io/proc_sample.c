/* SPDX-License-Identifier: MIT */
#include "io/proc_stat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Where a process's pages are, from some of them. The pages stand in a row, mapping after mapping; the row is cut into
 * stretches of the same length, and of each one page is asked for, chosen by chance. (A fixed stride would be fooled
 * by memory that is interleaved: every page asked for could be of the same node.) More rounds follow, each with more
 * stretches, until the bound is as narrow as was asked for.
 */

enum { PAGE = 4096, FIRST = 256, BATCH = 4096, MOST = 1 << 20 };

struct sample {
    const struct vn_stat_reading *in;
    const struct vn_sampling *how;
    struct vn_vmas vmas;
    int *cells;             /* of each mapping the cell whose memory it is, or -1 */
    uint64_t pages;         /* in the row */
    uint64_t state;         /* of the random numbers */
    uint64_t *hits;         /* by node */
    uint64_t *cell_hits;    /* by cell and node; NULL: no cells */
    uint64_t asked, found, hidden;
    int pagemap;            /* -1: nothing can be hidden, or it can't be looked at */
};

struct batch {
    void *pages[BATCH];
    int status[BATCH], vma[BATCH];
    size_t count;
};

/* splitmix64, by S. Vigna, in the public domain. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t pages_of(const struct vn_vma *vma)
{
    return (vma->end - vma->start) / PAGE;
}

/* Is it there, though move_pages(2) says it is not? */
static bool is_hidden(const struct sample *sample, const void *page)
{
    static const uint64_t present = UINT64_C(1) << 63;
    uint64_t entry = 0;
    off_t at = (off_t)((uintptr_t)page / PAGE * sizeof entry);

    return sample->pagemap >= 0 && pread(sample->pagemap, &entry, sizeof entry, at) == (ssize_t)sizeof entry &&
           (entry & present);
}

static void count_page(struct sample *sample, const struct batch *batch, size_t i)
{
    const struct vn_stat_reading *in = sample->in;
    int cell = sample->cells[batch->vma[i]];

    if (batch->status[i] < 0) {
        sample->hidden += is_hidden(sample, batch->pages[i]);
        return;
    }
    for (size_t n = 0; n < in->n_nodes; n++)
        if (in->node_ids[n] == batch->status[i]) {
            sample->hits[n]++;
            sample->found++;
            if (cell >= 0)
                sample->cell_hits[(size_t)cell * in->n_nodes + n]++;
        }
}

static int ask(struct sample *sample, struct batch *batch, struct vn_err *err)
{
    const struct vn_move_sys *sys = sample->how->sys;
    int pid = sample->in->process->pid;

    for (size_t i = 0; i < batch->count; i++)
        batch->status[i] = -ENOENT;
    if (batch->count && sys->move_pages(sys->self, pid, batch->count, batch->pages, NULL, batch->status, 0) < 0) {
        if (errno == ESRCH)
            return vn_failf(err, VN_E_ABSENT, NULL, "process %d has ended", pid);
        if (errno == EPERM || errno == EACCES)
            return vn_failf(err, VN_E_ENV, "Run vnuma as root.", 
                            "no permission to ask where the pages of process %d are", pid);
        return VN_FAIL(err, VN_E_IO, .where = "move_pages(2)", .cause = "the kernel does not say where pages are");
    }
    for (size_t i = 0; i < batch->count; i++)
        count_page(sample, batch, i);
    sample->asked += batch->count;
    batch->count = 0;
    return 0;
}

/* One page of each of @count stretches. The stretches ascend, and so does the walk through the mappings. */
static int ask_round(struct sample *sample, struct batch *batch, uint64_t count, struct vn_err *err)
{
    uint64_t before = 0; /* pages of the mappings before this one */
    size_t v = 0;
    int r = 0;

    for (uint64_t i = 0; r == 0 && i < count; i++) {
        double length = (double)sample->pages / (double)count;
        double chance = (double)(next_random(&sample->state) >> 11) / 9007199254740992.0; /* 2^53 */
        uint64_t at = (uint64_t)(((double)i + chance) * length);

        at = at < sample->pages ? at : sample->pages - 1;
        while (at - before >= pages_of(&sample->vmas.items[v]))
            before += pages_of(&sample->vmas.items[v++]);
        batch->pages[batch->count] = (void *)(uintptr_t)(sample->vmas.items[v].start + (at - before) * PAGE);
        batch->vma[batch->count++] = (int)v;
        if (batch->count == BATCH)
            r = ask(sample, batch, err);
    }
    return r < 0 ? r : ask(sample, batch, err);
}

/* The node whose part is known worst; what the kernel hid may be on any. */
static double bound_pct(const struct sample *sample)
{
    double worst = 0, hidden = (double)sample->hidden;

    for (size_t n = 0; n < sample->in->n_nodes; n++) {
        double bound = vn_part_bound_pct(sample->hits[n], sample->found);

        worst = bound > worst ? bound : worst;
    }
    if (sample->hidden)
        worst += 100 * hidden / (hidden + (double)sample->found);
    return worst < 100 ? worst : 100;
}

static int run(struct sample *sample, struct vn_err *err)
{
    struct batch *batch = malloc(sizeof *batch);
    uint64_t count = sample->pages < FIRST ? sample->pages : FIRST;
    int r = batch ? 0 : vn_nomem(err);

    if (batch)
        batch->count = 0;
    while (r == 0) {
        double narrower;

        r = ask_round(sample, batch, count, err);
        if (r < 0 || bound_pct(sample) <= sample->in->opts->within || sample->asked + count >= MOST ||
            sample->asked >= sample->pages)
            break;
        /* the bound goes with the root of what was found: enough to get there, at least as many again */
        narrower = bound_pct(sample) / (sample->in->opts->within > 0.01 ? sample->in->opts->within : 0.01);
        narrower = (narrower * narrower - 1) * 1.1;
        count = narrower > 1 ? (uint64_t)((double)sample->asked * (narrower < 16 ? narrower : 16)) : sample->asked;
        count = count < MOST - sample->asked ? count : MOST - sample->asked;
    }
    free(batch);
    return r;
}

static void give(const struct sample *sample)
{
    const struct vn_stat_reading *in = sample->in;
    double each = (double)in->rss_kib / (double)sample->found;

    in->stat->total_kib = 0;
    for (size_t n = 0; n < in->n_nodes; n++) {
        in->stat->nodes[n].total_kib = (uint64_t)((double)sample->hits[n] * each);
        in->stat->total_kib += in->stat->nodes[n].total_kib;
    }
    for (size_t i = 0; sample->cell_hits && i < in->process->n_cells * in->n_nodes; i++)
        in->cell_kib[i] = (uint64_t)((double)sample->cell_hits[i] * each);
    if (sample->cell_hits) {
        in->stat->cell_kib = in->cell_kib;
        in->stat->n_cells = in->process->n_cells;
    }
    in->stat->method = VN_STAT_SAMPLE;
    in->stat->error_pct = bound_pct(sample);
}

/* Which cell each mapping is of. */
static int know_cells(struct sample *sample, struct vn_arena *arena, struct vn_err *err)
{
    const struct vn_process *process = sample->in->process;
    int *which = vn_arena_array(arena, process->n_cells, sizeof *which);

    sample->cells = vn_arena_array(arena, sample->vmas.count, sizeof *sample->cells);
    sample->hits = vn_arena_array(arena, sample->in->n_nodes, sizeof *sample->hits);
    if (!which || !sample->cells || !sample->hits)
        return vn_nomem(err);
    for (size_t v = 0; v < sample->vmas.count; v++)
        sample->cells[v] = -1;
    if (!process->cell_kib)
        return 0;
    vn_vmas_cells(&sample->vmas, process->cell_kib, process->n_cells, which);
    if (which[0] < 0)
        return 0;
    for (size_t c = 0; c < process->n_cells; c++)
        sample->cells[which[c]] = (int)c;
    sample->cell_hits = vn_arena_array(arena, process->n_cells * sample->in->n_nodes, sizeof *sample->cell_hits);
    return sample->cell_hits ? 0 : vn_nomem(err);
}

static int prepare(struct sample *sample, struct vn_arena *arena, struct vn_err *err)
{
    int r = vn_maps_parse(sample->how->maps, arena, &sample->vmas, err);

    if (r == 0)
        r = know_cells(sample, arena, err);
    for (size_t v = 0; r == 0 && v < sample->vmas.count; v++)
        sample->pages += pages_of(&sample->vmas.items[v]);
    return r < 0 ? r : sample->pages ? 0 : VN_FAIL(err, VN_E_ABSENT, .cause = "the process has no memory");
}

int vn_stat_sample(const struct vn_stat_reading *in, const struct vn_sampling *how, struct vn_err *err)
{
    VN_AUTO(vn_arena) scratch = {0};
    struct sample sample = {.in = in, .how = how, .state = in->opts->seed, .pagemap = -1};
    char path[64];
    int r = prepare(&sample, &scratch, err);

    if (r < 0)
        return r;
    if (how->balancing) {
        (void)snprintf(path, sizeof path, "/proc/%d/pagemap", in->process->pid);
        sample.pagemap = open(path, O_RDONLY | O_CLOEXEC);
    }
    r = run(&sample, err);
    if (sample.pagemap >= 0)
        (void)close(sample.pagemap);
    if (r < 0)
        return r;
    if (!sample.found)
        return VN_FAIL(err, VN_E_REFUSED, .cause = "none of the pages asked for is in memory");
    give(&sample);
    return 0;
}
