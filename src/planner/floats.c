/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "planner/floats.h"

/*
 * Cores of different value (vCPUs they hold) and cost (CPUs that float) within what floating vCPUs can do without: a
 * knapsack, filled by kinds of cores, of which there are few. With VN_THREADS_PREFER a CPU counts as a core.
 */
enum { MOST_KINDS = 512 }; /* cores of that many kinds together have more than VN_CPU_MAX CPUs */

struct kind {
    unsigned value, cost, count;
    bool apart;     /* has a CPU that nobody floats over */
    unsigned taken;
};

struct supply {
    const struct room *room;
    size_t node;
    const struct pick_want *want;
    const int32_t *domains; /* L3 domains that vCPUs may be in, besides CPUs with none; NULL: any */
    size_t n_domains;
    struct vn_cpuset free, floating;
    struct kind kinds[MOST_KINDS];
    size_t n;
    bool loose, loose_apart; /* a CPU only for the emulator: one that floats, one that does not */
    unsigned budget;         /* CPUs that float and may be taken */
};

/* ---- what there is ---- */

static int32_t core_l3(const struct topo *topo, unsigned core)
{
    return topo->l3_of[topo->core_cpus[topo->core_at[core]]];
}

static bool in_domains(const struct supply *s, unsigned core)
{
    int32_t l3 = core_l3(s->room->topo, core);

    for (size_t i = 0; s->domains && l3 >= 0 && i < s->n_domains; i++)
        if (s->domains[i] == l3)
            return true;
    return !s->domains || l3 < 0;
}

static struct kind *find_kind(struct supply *s, unsigned value, unsigned cost, bool apart)
{
    for (size_t k = 0; k < s->n; k++)
        if (s->kinds[k].value == value && s->kinds[k].cost == cost && s->kinds[k].apart == apart)
            return &s->kinds[k];
    return NULL;
}

static void add_kind(struct supply *s, unsigned value, unsigned cost, bool apart, unsigned count)
{
    struct kind *kind = find_kind(s, value, cost, apart);

    if (kind)
        kind->count += count;
    else if (count)
        s->kinds[s->n++] = (struct kind){value, cost, count, apart, 0};
}

/* The kind of a core that vCPUs may have whole; NULL when they may not. */
static struct kind *core_kind(struct supply *s, unsigned core, bool add)
{
    const struct topo *topo = s->room->topo;
    unsigned size = topo_core_size(topo, core), cost = topo_core_free(topo, core, &s->floating);
    unsigned value = s->want->threads == VN_THREADS_ISOLATE ? 1 : size;

    if (!in_domains(s, core) || topo_core_free(topo, core, &s->free) != size)
        return NULL;
    if (add)
        add_kind(s, value, cost, cost < size, 1);
    return find_kind(s, value, cost, cost < size);
}

static void survey_core(struct supply *s, unsigned core)
{
    const struct topo *topo = s->room->topo;
    unsigned has = topo_core_free(topo, core, &s->free), floating = topo_core_free(topo, core, &s->floating);

    if (s->want->threads == VN_THREADS_PREFER && in_domains(s, core)) {
        add_kind(s, 1, 1, false, floating);
        add_kind(s, 1, 0, true, has - floating);
    } else if (s->want->threads == VN_THREADS_PREFER || !core_kind(s, core, true)) {
        s->loose = s->loose || floating;
        s->loose_apart = s->loose_apart || has > floating;
    }
}

static void survey(struct supply *s, const struct room *room, size_t node, const struct pick_want *want,
                   const int32_t *domains, size_t n_domains)
{
    const struct topo *topo = room->topo;

    s->room = room;
    s->node = node;
    s->want = want;
    s->domains = domains;
    s->n_domains = n_domains;
    s->n = 0;
    s->loose = s->loose_apart = false;
    s->budget = room_spare(room, node, 0);
    room_free(room, node, &s->free);
    room_floating(room, node, &s->floating);
    vn_cpuset_and(&s->floating, &s->free);
    for (uint32_t i = topo->node_at[node]; i < topo->node_at[node + 1]; i++)
        survey_core(s, topo->node_cores[i]);
}

/* ---- the most of it ---- */

/* For each cost the most that cores of the first @n kinds are worth. Returns the highest cost that is of use. */
static unsigned fill(const struct supply *s, size_t n, unsigned budget, uint16_t *best)
{
    unsigned top = 0;

    for (size_t k = 0; k < n; k++)
        top += s->kinds[k].count * s->kinds[k].cost;
    top = top < budget ? top : budget;
    memset(best, 0, (top + 1) * sizeof *best);
    for (size_t k = 0; k < n; k++) {
        unsigned left = s->kinds[k].count;

        for (unsigned lot = 1; left; lot *= 2) { /* lots of 1, 2, 4 ... and the rest make any number */
            unsigned take = lot < left ? lot : left, cost = take * s->kinds[k].cost;

            left -= take;
            for (unsigned c = top + 1; c-- > cost;)
                if (best[c - cost] + take * s->kinds[k].value > best[c])
                    best[c] = (uint16_t)(best[c - cost] + take * s->kinds[k].value);
        }
    }
    return top;
}

/* How many of each kind: the most vCPUs for @budget CPUs that float. */
static unsigned take(struct supply *s, unsigned budget)
{
    uint16_t best[VN_CPU_MAX + 1];
    unsigned sum = 0;

    for (size_t k = s->n; k-- > 0;) {
        struct kind *kind = &s->kinds[k];
        unsigned top = fill(s, k, budget, best), most = 0;

        kind->taken = 0;
        for (unsigned c = 0; c <= kind->count && c * kind->cost <= budget; c++) {
            unsigned left = budget - c * kind->cost, value = c * kind->value + best[left < top ? left : top];

            if (value > most) {
                most = value;
                kind->taken = c;
            }
        }
        budget -= kind->taken * kind->cost;
        sum += kind->taken * kind->value;
    }
    return sum;
}

/* The same without one core of a kind, a CPU of which is the emulator's. */
static long take_without(struct supply *s, struct kind *kind)
{
    unsigned cost = !kind->apart;
    long sum;

    if (s->budget < cost)
        return -1;
    kind->count--;
    sum = take(s, s->budget - cost);
    kind->count++;
    return sum;
}

/* As many vCPUs as can be, and the spare CPU where one is wanted: what is loose is cheaper for it than a core. */
static long take_most(struct supply *s)
{
    struct kind *without = NULL;
    long best = -1;

    if (!s->want->spare || s->loose_apart)
        return take(s, s->budget);
    if (s->loose && s->budget)
        best = take(s, s->budget - 1);
    for (size_t k = 0; k < s->n; k++) {
        long sum = take_without(s, &s->kinds[k]);

        if (sum > best) {
            best = sum;
            without = &s->kinds[k];
        }
    }
    if (without)
        return take_without(s, without);
    return best < 0 ? best : (long)take(s, s->budget - 1);
}

long floats_capacity(const struct room *room, size_t node, const struct pick_want *want, unsigned more, unsigned size)
{
    struct supply s;

    survey(&s, room, node, want, NULL, 0);
    s.budget = room_spare(room, node, more * size);
    if (more) /* the last kind, whatever others there are: fill() never counts it */
        s.kinds[s.n++] = (struct kind){want->threads == VN_THREADS_ISOLATE ? 1 : size, size, more, false, 0};
    return take_most(&s);
}

/* ---- which CPUs that is ---- */

static void add_core(struct supply *s, unsigned core, struct vn_cpuset *ret)
{
    const struct topo *topo = s->room->topo;
    bool prefer = s->want->threads == VN_THREADS_PREFER;
    struct kind *kind = prefer ? NULL : core_kind(s, core, false);
    bool all = kind && kind->taken;

    if (all)
        kind->taken--;
    for (uint32_t i = topo->core_at[core]; i < topo->core_at[core + 1]; i++) {
        unsigned cpu = topo->core_cpus[i];
        bool floats = vn_cpuset_has(&s->floating, cpu);

        if (prefer && in_domains(s, core) && vn_cpuset_has(&s->free, cpu))
            kind = find_kind(s, 1, floats, !floats);
        if (prefer && kind && kind->taken)
            kind->taken--;
        else if (!all)
            continue;
        vn_cpuset_add(ret, cpu);
    }
}

/* The emulator's CPU: rather one that nobody floats over, rather one of no whole core. */
static void add_spare(const struct supply *s, struct vn_cpuset *ret)
{
    const struct topo *topo = s->room->topo;
    struct vn_cpuset left = s->free;
    unsigned best_rank = 4;
    int best = -1;

    vn_cpuset_sub(&left, ret);
    VN_CPUSET_EACH(cpu, &left) {
        unsigned core = (unsigned)topo->core_of[cpu];
        bool whole = topo_core_free(topo, core, &s->free) == topo_core_size(topo, core);
        unsigned rank = (vn_cpuset_has(&s->floating, (unsigned)cpu) ? 2u : 0u) + whole;

        if (rank < best_rank) {
            best_rank = rank;
            best = cpu;
        }
    }
    if (best >= 0)
        vn_cpuset_add(ret, (unsigned)best);
}

/* The CPUs of what take_most() took; whole cores before others. */
static void build(struct supply *s, struct vn_cpuset *ret)
{
    const struct topo *topo = s->room->topo;

    memset(ret, 0, sizeof *ret);
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = topo->node_at[s->node]; i < topo->node_at[s->node + 1]; i++) {
            unsigned core = topo->node_cores[i];
            bool whole = topo_core_free(topo, core, &s->free) == topo_core_size(topo, core);

            if (whole == (pass == 0))
                add_core(s, core, ret);
        }
    if (s->want->spare)
        add_spare(s, ret);
}

void floats_usable(const struct room *room, size_t node, const struct pick_want *want, struct vn_cpuset *ret)
{
    struct supply s;

    room_free(room, node, ret);
    if (!room_holds_back(room, node))
        return;
    survey(&s, room, node, want, NULL, 0);
    if (take_most(&s) < 0)
        memset(ret, 0, sizeof *ret);
    else
        build(&s, ret);
}

/* ---- as few L3 domains as can be ---- */

enum { MOST_DOMAINS = 64, MOST_TRIES = 64 };

/* Sets of a node's domains, one after the other. */
struct chooser {
    struct supply supply;
    int32_t domains[MOST_DOMAINS]; /* those that alone hold most first */
    long holds[MOST_DOMAINS];
    int32_t used[MOST_DOMAINS];
    size_t n, n_used;
    unsigned tries; /* left */
};

static bool enough(struct chooser *c)
{
    struct supply *s = &c->supply;

    survey(s, s->room, s->node, s->want, c->used, c->n_used);
    return take_most(s) >= (long)s->want->vcpus;
}

static bool known(const struct chooser *c, int32_t l3)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->domains[i] == l3)
            return true;
    return false;
}

/* The domain goes to its place; false when there are too many. */
static bool add_domain(struct chooser *c, int32_t l3)
{
    struct supply *s = &c->supply;
    size_t at = c->n;
    long holds;

    if (l3 < 0 || known(c, l3))
        return true;
    if (c->n == MOST_DOMAINS)
        return false;
    survey(s, s->room, s->node, s->want, &l3, 1);
    holds = take_most(s);
    for (; at > 0 && c->holds[at - 1] < holds; at--) {
        c->domains[at] = c->domains[at - 1];
        c->holds[at] = c->holds[at - 1];
    }
    c->domains[at] = l3;
    c->holds[at] = holds;
    c->n++;
    return true;
}

static bool find_domains(struct chooser *c)
{
    const struct supply *s = &c->supply;
    const struct topo *topo = s->room->topo;

    for (uint32_t i = topo->node_at[s->node]; i < topo->node_at[s->node + 1]; i++)
        if (topo_core_free(topo, topo->node_cores[i], &s->free) && !add_domain(c, core_l3(topo, topo->node_cores[i])))
            return false;
    return true;
}

static bool try_sets(struct chooser *c, size_t first, size_t left)
{
    if (!left)
        return c->tries-- > 0 && enough(c);
    for (size_t i = first; i + left <= c->n && c->tries; i++) {
        c->used[c->n_used++] = c->domains[i];
        if (try_sets(c, i + 1, left - 1))
            return true;
        c->n_used--;
    }
    return false;
}

/* No fewer than @least hold the cell. How many do, with the supply as taken; *ret_open: fewer might. */
static size_t fewest_domains(struct chooser *c, size_t least, bool *ret_open)
{
    struct supply *s = &c->supply;
    size_t k;

    *ret_open = true;
    if (!find_domains(c)) {
        survey(s, s->room, s->node, s->want, NULL, 0);
        (void)take_most(s);
        return least;
    }
    c->tries = MOST_TRIES;
    for (k = least; k <= c->n && c->tries; k++) {
        c->n_used = 0;
        if (try_sets(c, 0, k)) {
            *ret_open = false;
            return k;
        }
    }
    for (k = least; k <= c->n; k++) {
        memcpy(c->used, c->domains, k * sizeof *c->used);
        c->n_used = k;
        if (enough(c))
            break;
    }
    return k;
}

/* Can floating vCPUs do without these? */
static bool affordable(const struct room *room, size_t node, const struct pick_want *want, const uint16_t *cpus,
                       int spare)
{
    const struct topo *topo = room->topo;
    struct vn_cpuset taken = {{0}}, floating;

    for (unsigned i = 0; i < want->vcpus; i++) {
        int32_t core = topo->core_of[cpus[i]];

        vn_cpuset_add(&taken, cpus[i]);
        for (uint32_t k = topo->core_at[core]; want->threads != VN_THREADS_PREFER && k < topo->core_at[core + 1]; k++)
            vn_cpuset_add(&taken, topo->core_cpus[k]);
    }
    if (spare >= 0)
        vn_cpuset_add(&taken, (unsigned)spare);
    room_floating(room, node, &floating);
    vn_cpuset_and(&taken, &floating);
    return vn_cpuset_count(&taken) <= room_spare(room, node, 0);
}

/* The best choice takes too much: one that does not. */
static bool pick_less(struct picker *picker, const struct room *room, size_t node, const struct pick_want *want,
                      uint16_t *ret_cpus, int *ret_spare, struct pick_worth *ret_worth)
{
    struct chooser c = {.supply = {.room = room, .node = node, .want = want}};
    unsigned least = ret_worth->l3; /* nor would fewer do if all that is free could be taken */
    struct vn_cpuset usable;
    bool open;
    size_t k;

    room_free(room, node, &c.supply.free);
    k = fewest_domains(&c, least, &open);
    build(&c.supply, &usable);
    if (!pick_cpus(picker, node, &usable, want, ret_cpus, ret_spare))
        return false;
    room_free(room, node, &usable);
    pick_worth(room->topo, &usable, ret_cpus, want->vcpus, *ret_spare, ret_worth);
    ret_worth->open = ret_worth->l3 > least && (open || ret_worth->l3 > k);
    return true;
}

bool floats_pick(struct picker *picker, const struct room *room, size_t node, const struct pick_want *want,
                 uint16_t *ret_cpus, int *ret_spare, struct pick_worth *ret_worth)
{
    struct vn_cpuset usable;

    room_free(room, node, &usable);
    if (!pick_cpus(picker, node, &usable, want, ret_cpus, ret_spare))
        return false;
    pick_worth(room->topo, &usable, ret_cpus, want->vcpus, *ret_spare, ret_worth);
    if (!room_holds_back(room, node) || affordable(room, node, want, ret_cpus, *ret_spare))
        return true;
    if (floats_capacity(room, node, want, 0, 0) < (long)want->vcpus)
        return false;
    return pick_less(picker, room, node, want, ret_cpus, ret_spare, ret_worth);
}

bool floats_valid(const struct room *room, size_t node, const struct pick_want *want, const uint16_t *cpus, int spare)
{
    struct vn_cpuset usable;

    room_free(room, node, &usable);
    return pick_valid(room->topo, &usable, want, cpus, spare) &&
           (!room_holds_back(room, node) || affordable(room, node, want, cpus, spare));
}
