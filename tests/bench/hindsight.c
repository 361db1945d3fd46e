/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coming.h"

/*
 * How few refusals would be avoidable if it were known what comes: the streams of bench-streams, with all
 * choices of one and of two nodes followed that cost what the planner's own does, and the WIDTH best kept after
 * each VM. What it finds can be had; that nothing is better, it does not say.
 * bench-hindsight HOST(0-2) [WIDTH [STREAMS [SEED [LOAD]]]]
 */

enum { HELD = 256, MEMOS = 1 << 16 };

/* Where a VM is, in every world in which it is there. */
struct home {
    struct vn_plan plan;
    size_t users;
};

/* One way in which all could have gone so far. */
struct world {
    size_t n;
    unsigned vm[HELD]; /* who is there */
    struct home *home[HELD];
    unsigned avoidable, refused;
    double room;
    uint64_t key; /* who is where */
};

struct worlds {
    struct world *at;
    size_t n, size;
};

static const struct shape *shape;
static struct coming vms[ARRIVALS];
static struct sim sim; /* the world in hand */
static struct {
    uint64_t key;
    bool known, fits;
} memos[MEMOS];

static uint64_t mix(uint64_t a)
{
    a = (a ^ a >> 33) * UINT64_C(0xff51afd7ed558ccd);
    a = (a ^ a >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return a ^ a >> 33;
}

static void let_go(struct home *home)
{
    if (--home->users)
        return;
    vn_plan_drop(&home->plan);
    free(home);
}

static void end_worlds(struct worlds *worlds)
{
    for (size_t w = 0; w < worlds->n; w++)
        for (size_t i = 0; i < worlds->at[w].n; i++)
            let_go(worlds->at[w].home[i]);
    worlds->n = 0;
}

static void enter(const struct world *world)
{
    vn_problem_drop(&sim.problem);
    memset(&sim, 0, sizeof sim);
    make_host(shape, &sim.problem);
    for (size_t i = 0; i < world->n; i++) {
        struct vn_placement *at = &world->home[i]->plan.vms[0];

        sim.live[i].request = vms[world->vm[i]].vm;
        sim.live[i].request.placed = at;
        sim.live[i].request.movable = false;
        account(&sim.problem.host, at, true);
    }
    sim.n_live = world->n;
}

/* What is free, worth more where CPUs and memory are together and all nodes have some. */
static double room(void)
{
    double sum = 0;

    for (size_t n = 0; n < shape->nodes; n++) {
        const struct vn_node *node = &sim.problem.host.nodes[n];
        double cpus = free_cpus(&sim, n), gib = (double)node->free_kib / (double)GIB;
        double huge = (double)(node->pools[0].free * PAGE_KIB) / (double)GIB;

        sum += pow(cpus + 0.5, 0.15) * (pow(gib / 4 + 0.5, 0.15) + 0.3 * pow(huge / 4 + 0.5, 0.15));
    }
    return sum;
}

static uint64_t key_of(const struct world *world)
{
    uint64_t key = 0;

    for (size_t i = 0; i < world->n; i++) {
        const struct vn_placement *at = &world->home[i]->plan.vms[0];
        uint64_t nodes = 0;

        for (size_t c = 0; c < at->n_cells; c++)
            nodes |= UINT64_C(1) << at->cells[c].node;
        key += mix((uint64_t)world->vm[i] << 16 | nodes);
    }
    return key;
}

/* Which VMs are there decides, not where: many worlds ask the same. */
static bool could_fit(const struct world *world, unsigned vm)
{
    uint64_t key = mix(vm + UINT64_C(1));
    size_t at;

    for (size_t i = 0; i < world->n; i++)
        key += mix(UINT64_C(1) << 32 | world->vm[i]);
    at = key % MEMOS;
    if (!memos[at].known || memos[at].key != key) {
        memos[at].key = key;
        memos[at].known = true;
        memos[at].fits = avoidable(shape, &sim, &vms[vm].vm);
    }
    return memos[at].fits;
}

/* The world, and with @home the VM in it; NULL: it was refused. */
static void add_world(struct worlds *worlds, const struct world *from, unsigned vm, struct home *home)
{
    struct world *world;

    if (worlds->n == worlds->size) {
        worlds->size = worlds->size ? 2 * worlds->size : 1024;
        worlds->at = must(realloc(worlds->at, worlds->size * sizeof *worlds->at));
    }
    world = &worlds->at[worlds->n++];
    *world = *from;
    for (size_t i = 0; i < world->n; i++)
        world->home[i]->users++;
    if (home) {
        home->users++;
        world->vm[world->n] = vm;
        world->home[world->n++] = home;
    } else {
        world->refused++;
        world->avoidable += could_fit(from, vm);
    }
    enter(world);
    world->room = room();
    world->key = key_of(world);
}

static void keep_plan(struct worlds *worlds, const struct world *from, unsigned vm, struct vn_plan *plan)
{
    struct home *home = must(calloc(1, sizeof *home));

    home->plan = *plan;
    add_world(worlds, from, vm, home);
}

/* Every choice of so many nodes that costs no more than the planner's own. */
static void follow(struct worlds *worlds, const struct world *from, unsigned vm)
{
    bool all[MOST_NODES];
    struct vn_plan own, plan;

    memset(all, true, sizeof all);
    enter(from);
    if (!place(&sim, &vms[vm].vm, all, &own)) {
        add_world(worlds, from, vm, NULL);
        return;
    }
    keep_plan(worlds, from, vm, &own);
    if (own.vms[0].n_cells > 2)
        return;
    for (unsigned mask = 1; mask < 1u << shape->nodes; mask++) {
        bool only[MOST_NODES], as_good;

        if (__builtin_popcount(mask) != (int)own.vms[0].n_cells)
            continue;
        for (unsigned n = 0; n < shape->nodes; n++)
            only[n] = mask >> n & 1;
        enter(from);
        if (!place(&sim, &vms[vm].vm, only, &plan))
            continue;
        as_good = plan.vms[0].n_cells == own.vms[0].n_cells && plan.cost.distance < own.cost.distance + 1e-9 &&
                  plan.cost.l3 <= own.cost.l3;
        if (as_good)
            keep_plan(worlds, from, vm, &plan);
        else
            vn_plan_drop(&plan);
    }
}

static int better_first(const void *a, const void *b)
{
    const struct world *x = a, *y = b;

    if (x->avoidable != y->avoidable)
        return x->avoidable < y->avoidable ? -1 : 1;
    if (x->refused != y->refused)
        return x->refused < y->refused ? -1 : 1;
    return x->room > y->room ? -1 : x->room < y->room;
}

/* The best of what may be, each once. */
static void choose(struct worlds *next, size_t width, struct worlds *ret)
{
    qsort(next->at, next->n, sizeof *next->at, better_first);
    for (size_t w = 0; w < next->n && ret->n < width; w++) {
        bool known = false;

        for (size_t i = 0; i < ret->n && !known; i++)
            known = ret->at[i].key == next->at[w].key;
        if (known)
            continue;
        ret->at[ret->n] = next->at[w];
        for (size_t i = 0; i < next->at[w].n; i++)
            next->at[w].home[i]->users++;
        ret->n++;
    }
}

static void leave(struct world *world, double now)
{
    for (size_t i = 0; i < world->n;) {
        if (vms[world->vm[i]].ends > now) {
            i++;
            continue;
        }
        let_go(world->home[i]);
        world->n--;
        world->vm[i] = world->vm[world->n];
        world->home[i] = world->home[world->n];
    }
}

static void stream(uint64_t seed, double load, size_t width, struct sim *sum)
{
    struct worlds now = {must(calloc(width, sizeof *now.at)), 1, width}, next = {NULL, 0, 0};

    memset(memos, 0, sizeof memos);
    coming_draw(shape, seed, load, vms);
    for (unsigned i = 0; i < ARRIVALS; i++) {
        for (size_t w = 0; w < now.n; w++) {
            leave(&now.at[w], vms[i].at);
            follow(&next, &now.at[w], i);
        }
        end_worlds(&now);
        choose(&next, width, &now);
        end_worlds(&next);
    }
    sum->refused += now.at[0].refused;
    sum->avoidable += now.at[0].avoidable;
    end_worlds(&now);
    free(now.at);
    free(next.at);
}

int main(int argc, char **argv)
{
    size_t host = argc > 1 ? strtoul(argv[1], NULL, 10) : 0, width = argc > 2 ? strtoul(argv[2], NULL, 10) : 16;
    uint64_t streams = argc > 3 ? strtoull(argv[3], NULL, 10) : 4, seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 1;
    double load = argc > 5 ? strtod(argv[5], NULL) : 0.95;
    struct sim sum = {0};

    if (host >= SHAPES || !width) {
        (void)fputs("bench-hindsight: HOST is 0, 1 or 2, and WIDTH is 1 or more\n", stderr);
        return 2;
    }
    shape = &shapes[host];
    for (uint64_t i = 0; i < streams; i++)
        stream(seed + i, load, width, &sum);
    (void)printf("%s, width %zu, load %.2f, %llu streams: %u refused, %u avoidable\n", shape->name, width, load,
                 (unsigned long long)streams, sum.refused, sum.avoidable);
    vn_problem_drop(&sim.problem);
    return 0;
}
