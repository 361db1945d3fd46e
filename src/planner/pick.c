/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <string.h>

#include "planner/pick.h"

enum { CORE_NONE, CORE_WHOLE, CORE_LOOSE, CORE_TAKEN };

struct picker *picker_new(struct vn_arena *arena, const struct topo *topo)
{
    struct picker *picker = vn_arena_alloc(arena, sizeof *picker);

    if (!picker)
        return NULL;
    picker->topo = topo;
    picker->domains = vn_arena_array(arena, topo->host->n_l3 + 1, sizeof *picker->domains);
    picker->state = vn_arena_array(arena, topo->n_cores, sizeof *picker->state);
    return picker->domains && picker->state ? picker : NULL;
}

void pick_room(const struct topo *topo, size_t node, const struct vn_cpuset *usable, struct pick_room *ret)
{
    memset(ret, 0, sizeof *ret);
    for (uint32_t i = topo->node_at[node]; i < topo->node_at[node + 1]; i++) {
        unsigned core = topo->node_cores[i], size = topo_core_size(topo, core);
        unsigned has = topo_core_free(topo, core, usable);

        ret->free += has;
        if (has != size) {
            ret->loose += has;
            continue;
        }
        ret->whole_cores++;
        ret->whole_cpus += size;
        ret->min_core = !ret->min_core || size < ret->min_core ? size : ret->min_core;
        ret->max_core = size > ret->max_core ? size : ret->max_core;
    }
}

int pick_capacity(const struct pick_room *room, const struct pick_want *want)
{
    bool from_core = want->spare && !room->loose;

    if (want->spare && !room->free)
        return -1;
    switch (want->threads) {
    case VN_THREADS_REQUIRE:
        return (int)(room->whole_cpus - (from_core ? room->min_core : 0));
    case VN_THREADS_ISOLATE:
        return (int)(room->whole_cores - from_core);
    case VN_THREADS_PREFER:
        break;
    }
    return (int)(room->free - want->spare);
}

static int core_l3(const struct topo *topo, unsigned core)
{
    return topo->l3_of[topo->core_cpus[topo->core_at[core]]];
}

static struct pick_domain *domain_of(struct picker *picker, int l3)
{
    for (size_t d = 0; d < picker->n_domains; d++)
        if (picker->domains[d].l3 == l3)
            return &picker->domains[d];
    picker->domains[picker->n_domains] = (struct pick_domain){.l3 = l3};
    return &picker->domains[picker->n_domains++];
}

/* Each core's state, and what each L3 domain has to offer under the policy. */
static void survey(struct picker *picker, size_t node, const struct vn_cpuset *usable, enum vn_threads_policy threads,
                   int without_core)
{
    const struct topo *topo = picker->topo;

    picker->n_domains = 0;
    for (uint32_t i = topo->node_at[node]; i < topo->node_at[node + 1]; i++) {
        unsigned core = topo->node_cores[i], size = topo_core_size(topo, core);
        unsigned has = (int)core == without_core ? 0 : topo_core_free(topo, core, usable);
        struct pick_domain *domain = domain_of(picker, core_l3(topo, core));
        bool whole = has == size;

        picker->state[core] = !has ? CORE_NONE : whole ? CORE_WHOLE : CORE_LOOSE;
        domain->whole += whole ? size : 0;
        if (threads == VN_THREADS_ISOLATE)
            domain->cap += whole;
        else if (threads == VN_THREADS_REQUIRE)
            domain->cap += whole ? size : 0;
        else
            domain->cap += has;
    }
}

static unsigned offer(const struct pick_domain *domain, bool by_whole)
{
    return by_whole ? domain->whole : domain->cap;
}

/* The unused domain with the largest offer, or with @fit the smallest that is enough. */
static struct pick_domain *next_domain(struct picker *picker, bool by_whole, unsigned fit)
{
    struct pick_domain *best = NULL;

    for (size_t d = 0; d < picker->n_domains; d++) {
        struct pick_domain *domain = &picker->domains[d];
        unsigned has = offer(domain, by_whole);

        if (domain->used || has < (fit ? fit : 1))
            continue;
        if (!best || (fit ? has < offer(best, by_whole) : has > offer(best, by_whole)))
            best = domain;
    }
    return best;
}

/*
 * Marks the fewest domains that offer @need, the last one the best fit. Returns how many, those
 * with no L3 not counted, or UINT_MAX.
 */
static unsigned choose_domains(struct picker *picker, unsigned need, bool by_whole)
{
    struct pick_domain *domain;
    unsigned count = 0;

    for (size_t d = 0; d < picker->n_domains; d++) {
        domain = &picker->domains[d];
        domain->used = need && domain->l3 < 0 && offer(domain, by_whole);
        if (domain->used)
            need -= offer(domain, by_whole) < need ? offer(domain, by_whole) : need;
    }
    for (; need; count++) {
        domain = next_domain(picker, by_whole, need); /* one that is enough ends it */
        if (!domain)
            domain = next_domain(picker, by_whole, 0);
        if (!domain)
            return UINT_MAX;
        domain->used = true;
        need -= offer(domain, by_whole) < need ? offer(domain, by_whole) : need;
    }
    return count;
}

static unsigned chosen_cap(const struct picker *picker)
{
    unsigned sum = 0;

    for (size_t d = 0; d < picker->n_domains; d++)
        sum += picker->domains[d].used ? picker->domains[d].cap : 0;
    return sum;
}

/* As few domains as can be; among such choices one where whole cores are enough. */
static bool choose(struct picker *picker, const struct pick_want *want)
{
    unsigned fewest = choose_domains(picker, want->vcpus, false), odd = want->vcpus % picker->topo->threads;

    if (fewest == UINT_MAX || want->threads != VN_THREADS_PREFER)
        return fewest != UINT_MAX;
    if (odd && choose_domains(picker, want->vcpus - odd, true) == fewest && chosen_cap(picker) >= want->vcpus)
        return true;
    if (choose_domains(picker, want->vcpus, true) == fewest)
        return true;
    return choose_domains(picker, want->vcpus, false) == fewest;
}

static unsigned take_core(struct picker *picker, unsigned core, const struct vn_cpuset *usable, unsigned at_most,
                          uint16_t *cpus)
{
    const struct topo *topo = picker->topo;
    unsigned n = 0;

    for (uint32_t i = topo->core_at[core]; i < topo->core_at[core + 1] && n < at_most; i++)
        if (vn_cpuset_has(usable, topo->core_cpus[i]))
            cpus[n++] = topo->core_cpus[i];
    picker->state[core] = CORE_TAKEN;
    return n;
}

/* Whole cores of the chosen domains in order, those that are filled; for isolate one CPU of each. */
static unsigned take_whole(struct picker *picker, size_t node, const struct vn_cpuset *usable,
                           const struct pick_want *want, uint16_t *cpus)
{
    const struct topo *topo = picker->topo;
    unsigned n = 0;

    for (uint32_t i = topo->node_at[node]; i < topo->node_at[node + 1] && n < want->vcpus; i++) {
        unsigned core = topo->node_cores[i], left = want->vcpus - n;
        bool isolate = want->threads == VN_THREADS_ISOLATE;

        if (picker->state[core] != CORE_WHOLE || !domain_of(picker, core_l3(topo, core))->used)
            continue;
        if (isolate || topo_core_size(topo, core) <= left)
            n += take_core(picker, core, usable, isolate ? 1 : left, cpus + n);
    }
    return n;
}

/* The core for the rest: the smallest that is enough, else the largest; partly used ones first. */
static int rest_core(struct picker *picker, size_t node, const struct vn_cpuset *usable, unsigned left, uint8_t state)
{
    const struct topo *topo = picker->topo;
    unsigned best_has = 0;
    int best = -1;

    for (uint32_t i = topo->node_at[node]; i < topo->node_at[node + 1]; i++) {
        unsigned core = topo->node_cores[i], has = topo_core_free(topo, core, usable);
        bool enough = has >= left, best_enough = best_has >= left;

        if (picker->state[core] != state || !domain_of(picker, core_l3(topo, core))->used)
            continue;
        if (best < 0 || (enough && (!best_enough || has < best_has)) || (!enough && !best_enough && has > best_has)) {
            best = (int)core;
            best_has = has;
        }
    }
    return best;
}

static bool take_rest(struct picker *picker, size_t node, const struct vn_cpuset *usable, const struct pick_want *want,
                      unsigned n, uint16_t *cpus)
{
    while (n < want->vcpus) {
        int core = -1;

        if (want->threads == VN_THREADS_PREFER)
            core = rest_core(picker, node, usable, want->vcpus - n, CORE_LOOSE);
        if (core < 0 && want->threads != VN_THREADS_ISOLATE)
            core = rest_core(picker, node, usable, want->vcpus - n, CORE_WHOLE);
        if (core < 0)
            return false;
        n += take_core(picker, (unsigned)core, usable, want->vcpus - n, cpus + n);
    }
    return true;
}

/* The emulator's CPU: one that breaks no whole core if there is one. */
static int take_spare(struct picker *picker, size_t node, const struct vn_cpuset *usable, const struct pick_want *want,
                      const uint16_t *cpus)
{
    const struct topo *topo = picker->topo;
    struct vn_cpuset left = *usable;
    int whole = -1;

    for (unsigned i = 0; i < want->vcpus; i++)
        vn_cpuset_del(&left, cpus[i]);
    for (uint32_t i = topo->node_at[node]; i < topo->node_at[node + 1]; i++) {
        unsigned core = topo->node_cores[i];

        for (uint32_t k = topo->core_at[core]; k < topo->core_at[core + 1]; k++) {
            if (!vn_cpuset_has(&left, topo->core_cpus[k]))
                continue;
            if (picker->state[core] == CORE_TAKEN && want->threads != VN_THREADS_PREFER)
                continue; /* what these policies leave of a core stays unused */
            if (topo_core_free(topo, core, &left) != topo_core_size(topo, core))
                return topo->core_cpus[k];
            whole = whole < 0 ? topo->core_cpus[k] : whole;
        }
    }
    return whole;
}

static int smallest_core(const struct picker *picker, size_t node, const struct vn_cpuset *usable)
{
    const struct topo *topo = picker->topo;
    int best = -1;

    for (uint32_t i = topo->node_at[node]; i < topo->node_at[node + 1]; i++) {
        unsigned core = topo->node_cores[i], size = topo_core_size(topo, core);

        if (topo_core_free(topo, core, usable) == size && (best < 0 || size <= topo_core_size(topo, (unsigned)best)))
            best = (int)core;
    }
    return best;
}

static bool pick_without(struct picker *picker, size_t node, const struct vn_cpuset *usable,
                         const struct pick_want *want, int without_core, uint16_t *cpus)
{
    unsigned n;

    survey(picker, node, usable, want->threads, without_core);
    if (!choose(picker, want))
        return false;
    n = take_whole(picker, node, usable, want, cpus);
    return take_rest(picker, node, usable, want, n, cpus);
}

bool pick_cpus(struct picker *picker, size_t node, const struct vn_cpuset *usable, const struct pick_want *want,
               uint16_t *ret_cpus, int *ret_spare)
{
    int without;

    *ret_spare = -1;
    if (!pick_without(picker, node, usable, want, -1, ret_cpus))
        return false;
    if (!want->spare)
        return true;
    *ret_spare = take_spare(picker, node, usable, want, ret_cpus);
    if (*ret_spare >= 0)
        return true;
    /* whole cores of several sizes: another choice may leave the smallest one for the emulator */
    without = smallest_core(picker, node, usable);
    if (without < 0 || !pick_without(picker, node, usable, want, without, ret_cpus))
        return false;
    *ret_spare = take_spare(picker, node, usable, want, ret_cpus);
    return *ret_spare >= 0;
}

/* How many CPUs of the cell sit on @core. */
static unsigned on_core(const struct topo *topo, int32_t core, const struct vn_cpuset *mine)
{
    return topo_core_free(topo, (unsigned)core, mine);
}

bool pick_valid(const struct topo *topo, const struct vn_cpuset *usable, const struct pick_want *want,
                const uint16_t *cpus, int spare)
{
    struct vn_cpuset mine = {{0}};
    int32_t partial = -1;

    for (unsigned i = 0; i < want->vcpus; i++) {
        if (!vn_cpuset_has(usable, cpus[i]) || vn_cpuset_has(&mine, cpus[i]))
            return false;
        vn_cpuset_add(&mine, cpus[i]);
    }
    if (want->spare && (spare < 0 || !vn_cpuset_has(usable, (unsigned)spare) || vn_cpuset_has(&mine, (unsigned)spare)))
        return false;
    if (want->threads == VN_THREADS_PREFER)
        return true;
    for (unsigned i = 0; i < want->vcpus; i++) {
        int32_t core = topo->core_of[cpus[i]];
        unsigned size = topo_core_size(topo, (unsigned)core), has = on_core(topo, core, &mine);

        if (topo_core_free(topo, (unsigned)core, usable) != size)
            return false;
        if (want->spare && topo->core_of[spare] == core)
            return false;
        if (want->threads == VN_THREADS_ISOLATE && has != 1)
            return false;
        if (want->threads == VN_THREADS_REQUIRE && has != size) {
            if (partial >= 0 && partial != core)
                return false;
            partial = core;
        }
    }
    return true;
}

void pick_worth(const struct topo *topo, const struct vn_cpuset *usable, const uint16_t *cpus, unsigned n, int spare,
                struct pick_worth *ret)
{
    struct vn_cpuset mine = {{0}};

    memset(ret, 0, sizeof *ret);
    if (spare >= 0)
        vn_cpuset_add(&mine, (unsigned)spare);
    for (unsigned i = 0; i < n; i++) {
        vn_cpuset_add(&mine, cpus[i]);
        ret->aligned += i && topo->core_of[cpus[i]] == topo->core_of[cpus[i - 1]];
    }
    VN_CPUSET_EACH(cpu, &mine) {
        unsigned core = (unsigned)topo->core_of[cpu];
        bool first = true;

        for (uint32_t i = topo->core_at[core]; i < topo->core_at[core + 1] && topo->core_cpus[i] < cpu; i++)
            first = first && !vn_cpuset_has(&mine, topo->core_cpus[i]);
        ret->broken += first && topo_core_free(topo, core, usable) == topo_core_size(topo, core);
    }
    for (unsigned i = 0; i < n; i++) { /* a domain counts at the first vCPU that is in it */
        bool seen = topo->l3_of[cpus[i]] < 0;

        for (unsigned k = i; k > 0 && !seen; k--)
            seen = topo->l3_of[cpus[k - 1]] == topo->l3_of[cpus[i]];
        ret->l3 += !seen;
    }
}
