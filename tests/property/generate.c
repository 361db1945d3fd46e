/* SPDX-License-Identifier: MIT */
#include "generate.h"

enum { MOST_CPUS = MOST_NODES * 5 * 8 };

static uint64_t rng;

unsigned pick(unsigned below)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return below ? (unsigned)(rng >> 11) % below : 0;
}

bool chance(unsigned percent)
{
    return pick(100) < percent;
}

void pick_from(uint64_t seed)
{
    rng = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    (void)pick(2);
}

/* ---- CPUs, cores and L3 domains ---- */

/* Numbers of CPUs: in a row, with gaps, or in no order at all and high up, with some left above for more. */
static void make_numbers(unsigned *numbers)
{
    unsigned kind = pick(4), next = kind == 3 ? 900 + pick(6000) : pick(3);

    for (unsigned i = 0; i < MOST_CPUS; i++, next++) {
        next += kind == 1 ? pick(4) : 0;
        numbers[i] = next;
    }
    for (unsigned i = MOST_CPUS - 1; kind == 3 && i > 0; i--) {
        unsigned with = pick(i + 1), was = numbers[i];

        numbers[i] = numbers[with];
        numbers[with] = was;
    }
}

static unsigned core_threads(unsigned threads, bool hybrid, unsigned core, unsigned cores)
{
    if (hybrid) /* the fast cores first, the small ones have one thread */
        return core < (cores + 1) / 2 ? threads : 1;
    return chance(10) ? 1 + pick(threads) : threads;
}

static void add_set(struct vn_problem *problem, struct vn_cpuset **sets, size_t *n, const struct vn_cpuset *one)
{
    if (!vn_cpuset_empty(one))
        *(struct vn_cpuset *)vn_arena_grow(&problem->arena, sets, n, sizeof *one) = *one;
}

/* L3 domains: unknown, one a node, some a node (CCX, SNC seen from the socket), or some nodes in one (NPS, SNC). */
enum l3_kind { L3_NONE, L3_NODE, L3_PART, L3_WIDE, L3_ANY };

static bool l3_ends(enum l3_kind kind, bool node_ends)
{
    switch (kind) {
    case L3_NODE:
        return node_ends;
    case L3_PART:
        return node_ends || chance(40);
    case L3_WIDE:
        return node_ends && chance(40);
    case L3_ANY:
        return chance(25);
    case L3_NONE:
        break;
    }
    return false;
}

static void make_cpus(struct vn_problem *problem)
{
    struct vn_host *host = &problem->host;
    unsigned threads = chance(40) ? 2 : chance(40) ? 1 : 1 + pick(8);
    unsigned numbers[MOST_CPUS], cores[MOST_NODES], all = 0, at = 0;
    bool hybrid = chance(20), rows = chance(50);
    enum l3_kind kind = (enum l3_kind)pick(L3_ANY + 1);
    struct vn_cpuset l3 = {{0}};

    make_numbers(numbers);
    for (size_t n = 0; n < host->n_nodes; n++) {
        cores[n] = chance(12) ? 0 : 1 + pick(threads > 3 ? 3 : 5);
        all += cores[n];
    }
    for (size_t n = 0; n < host->n_nodes; n++) {
        for (unsigned i = 0; i < cores[n]; i++, at++) {
            unsigned size = core_threads(threads, hybrid, i, cores[n]);
            struct vn_cpuset core = {{0}};

            for (unsigned t = 0; t < size; t++) /* siblings a row apart, or beside each other */
                vn_cpuset_add(&core, numbers[rows ? at + t * all : at * threads + t]);
            vn_cpuset_or(&host->nodes[n].cpus, &core);
            if (size > 1 || chance(50))
                add_set(problem, &host->cores, &host->n_cores, &core);
            vn_cpuset_or(&l3, &core);
            if (l3_ends(kind, i + 1 == cores[n])) {
                add_set(problem, &host->l3, &host->n_l3, &l3);
                memset(&l3, 0, sizeof l3);
            }
        }
    }
    if (kind != L3_NONE && (kind != L3_ANY || chance(50)))
        add_set(problem, &host->l3, &host->n_l3, &l3);
}

/* Each online CPU with that chance. */
static void some_of(const struct vn_cpuset *from, unsigned percent, struct vn_cpuset *ret)
{
    VN_CPUSET_EACH(cpu, from)
        if (chance(percent))
            vn_cpuset_add(ret, (unsigned)cpu);
}

/* Some CPUs have a purpose, and some are off: their cores and L3 domains list them all the same. */
static void set_apart(struct vn_host *host)
{
    struct vn_cpuset all, off = {{0}};

    vn_host_online(host, &all);
    some_of(&all, 8, &host->reserved);
    some_of(&all, 6, &host->isolated);
    if (chance(40))
        some_of(&all, 12, &host->shared);
    if (!chance(25))
        return;
    some_of(&all, chance(50) ? 10 : 40, &off);
    for (size_t n = 0; n < host->n_nodes; n++)
        vn_cpuset_sub(&host->nodes[n].cpus, &off);
    if (chance(50))
        host->offline = off;
}

/* ---- memory, distances, devices ---- */

static void make_memory(struct vn_problem *problem)
{
    struct vn_host *host = &problem->host;

    for (size_t n = 0; n < host->n_nodes; n++) {
        struct vn_node *node = &host->nodes[n];
        unsigned pool = pick(4);

        node->memory_kib = chance(10) ? 0 : (1 + pick(16)) * GIB;
        node->free_kib = node->memory_kib ? pick((unsigned)(node->memory_kib >> 10) + 1) * (uint64_t)1024 : 0;
        if (pool < 2)
            continue;
        node->n_pools = pool - 1; /* 2 MiB pages, some have 1 GiB too */
        node->pools = vn_arena_array(&problem->arena, 2, sizeof *node->pools);
        node->pools[0] = (struct vn_hugepool){2048, 4096, pick(4097)};
        node->pools[1] = (struct vn_hugepool){GIB, 8, pick(9)};
    }
}

static void make_distances(struct vn_problem *problem)
{
    struct vn_host *host = &problem->host;
    bool symmetric = chance(70);

    host->distances = vn_arena_array(&problem->arena, host->n_nodes * host->n_nodes, sizeof *host->distances);
    for (size_t a = 0; a < host->n_nodes; a++)
        for (size_t b = 0; b < host->n_nodes; b++) {
            uint16_t far = (uint16_t)(chance(50) ? 20 : 11 + pick(30));

            host->distances[a * host->n_nodes + b] = a == b ? 10 : far;
            if (symmetric && b < a)
                host->distances[a * host->n_nodes + b] = host->distances[b * host->n_nodes + a];
        }
}

static void make_host(struct vn_problem *problem)
{
    struct vn_host *host = &problem->host;
    static char names[2][8] = {"dev0", "dev1"};
    unsigned step = chance(20) ? 40 : 2;
    int id = (int)pick(3);

    host->n_nodes = 1 + pick(MOST_NODES);
    host->nodes = vn_arena_array(&problem->arena, host->n_nodes, sizeof *host->nodes);
    for (size_t n = 0; n < host->n_nodes; n++, id += 1 + (int)pick(step))
        host->nodes[n].id = id;
    make_cpus(problem);
    make_memory(problem);
    make_distances(problem);
    set_apart(host);
    host->devices = vn_arena_array(&problem->arena, 2, sizeof *host->devices);
    host->n_devices = 2;
    for (size_t d = 0; d < 2; d++) {
        host->devices[d].name = names[d];
        host->devices[d].node = chance(20) ? -1 : host->nodes[pick((unsigned)host->n_nodes)].id;
    }
}

/* ---- VMs ---- */

static void make_cells(struct vn_problem *problem, struct vn_request *vm)
{
    struct vn_cells_spec *cells = &vm->policy.cells;
    unsigned n = 1 + pick(3);
    uint64_t vcpus = 0, memory_kib = 0;

    if (chance(40))
        return;
    if (chance(50)) {
        cells->kind = VN_CELLS_NUMBER;
        cells->number = n < vm->vcpus ? n : vm->vcpus;
        return;
    }
    cells->kind = VN_CELLS_LIST;
    cells->n_list = n;
    cells->list = vn_arena_array(&problem->arena, n, sizeof *cells->list);
    for (unsigned i = 0; i < n; i++) {
        cells->list[i] = (struct vn_cell_size){chance(10) && i ? 0 : 1 + pick(4), 1024 + pick(2048) * (uint64_t)1024};
        vcpus += cells->list[i].vcpus;
        memory_kib += cells->list[i].memory_kib;
    }
    vm->vcpus = (unsigned)vcpus;
    vm->memory_kib = memory_kib;
}

/* The emulator shares, has a CPU, or is told where: a reserved CPU is allowed, one that is off is not. */
static void make_emulator(const struct vn_host *host, struct vn_request *vm)
{
    struct vn_cpuset all;
    unsigned kind = pick(20);

    vm->policy.emulator.kind = kind < 5 ? VN_EMULATOR_ISOLATE : VN_EMULATOR_SHARE;
    if (kind < 18)
        return;
    vn_host_online(host, &all);
    if (chance(20))
        vn_cpuset_or(&all, &host->offline);
    some_of(&all, 20, &vm->policy.emulator.cpus);
    if (!vn_cpuset_empty(&vm->policy.emulator.cpus))
        vm->policy.emulator.kind = VN_EMULATOR_CPUSET;
}

static struct vn_request *make_vm(struct vn_problem *problem, const char *name)
{
    static unsigned iothreads[] = {1, 2};
    static char *devices[2];
    struct vn_request *vm = add_vm(problem, name, 1 + pick(8), (1 + pick(4096)) * (uint64_t)1024);

    vm->policy.policy = chance(80) ? VN_CPU_DEDICATED : VN_CPU_SHARED;
    vm->policy.threads = (enum vn_threads_policy)pick(3);
    make_emulator(&problem->host, vm);
    vm->policy.hugepage_kib = chance(25) ? chance(75) ? 2048 : GIB : 0;
    vm->policy.overcommit = chance(50) ? 1.0 : 0.5 + pick(8) / 2.0;
    vm->policy.memory_preferred = chance(15);
    make_cells(problem, vm);
    for (size_t d = 0; d < 2; d++)
        devices[d] = problem->host.devices[d].name;
    vm->devices = devices;
    vm->n_devices = chance(40) ? 1 + pick(2) : 0;
    vm->iothread_ids = iothreads;
    vm->n_iothreads = vm->vcpus % (VN_COUNT(iothreads) + 1);
    return vm;
}

/* One that stays, on CPUs nobody else has. */
static void make_fixed(struct generated *made, const char *name, struct vn_cpuset *left)
{
    struct vn_request *vm = add_vm(&made->problem, name, 1 + pick(2), GIB);
    unsigned cpus[2] = {0, 0}, n = 0;

    VN_CPUSET_EACH(cpu, left)
        if (n < vm->vcpus && chance(40))
            cpus[n++] = (unsigned)cpu;
    vm->policy.threads = chance(70) ? VN_THREADS_PREFER : VN_THREADS_ISOLATE;
    vm->policy.policy = chance(10) ? VN_CPU_SHARED : VN_CPU_DEDICATED;
    if (n < vm->vcpus) {
        vm->movable = false; /* nowhere that counts */
        return;
    }
    pin_now(&made->problem, vm, cpus, false);
    vm->placed->policy = vm->policy.policy;
    for (unsigned i = 0; i < n && vm->policy.policy == VN_CPU_DEDICATED; i++)
        vn_cpuset_del(left, cpus[i]);
}

/* Cells on nodes of their own, on memory that is used there; false where there is not that much. */
static bool hold_memory(struct generated *made, const struct vn_request *vm, struct vn_placement *at)
{
    const struct vn_host *host = &made->problem.host;
    size_t k = vm->policy.cells.kind == VN_CELLS_LIST     ? vm->policy.cells.n_list
               : vm->policy.cells.kind == VN_CELLS_NUMBER ? vm->policy.cells.number
                                                          : 1;
    size_t first = pick((unsigned)host->n_nodes);

    if (k > host->n_nodes)
        return false;
    at->cells = vn_arena_array(&made->problem.arena, k, sizeof *at->cells);
    for (size_t c = 0; c < k; c++) {
        size_t n = (first + c) % host->n_nodes;
        uint64_t kib = vm->policy.cells.kind == VN_CELLS_LIST ? vm->policy.cells.list[c].memory_kib
                                                              : vm->memory_kib / k;

        if (made->used_kib[n] < kib)
            return false;
        at->cells[c] = (struct vn_placed_cell){.cell = (unsigned)c, .node = host->nodes[n].id, .memory_kib = kib};
        made->used_kib[n] -= kib;
    }
    at->n_cells = k;
    return true;
}

/* One that runs already, well or badly, and may move. */
static void make_running(struct generated *made, struct vn_request *vm, struct vn_cpuset *left)
{
    unsigned cpus[MOST_CPUS], n = 0;

    if (vm->policy.policy != VN_CPU_DEDICATED || vm->policy.hugepage_kib)
        return;
    VN_CPUSET_EACH(cpu, left)
        if (n < vm->vcpus && chance(60))
            cpus[n++] = (unsigned)cpu;
    if (n < vm->vcpus)
        return;
    pin_now(&made->problem, vm, cpus, true);
    if (!hold_memory(made, vm, vm->placed))
        vm->placed = NULL;
    for (unsigned i = 0; i < n && vm->placed; i++)
        vn_cpuset_del(left, cpus[i]);
}

void generate(uint64_t seed, struct generated *ret)
{
    static const char *const names[MOST_MOVABLE] = {"a", "b", "c"}, *const fixed[] = {"f", "g"};
    struct vn_cpuset left;

    memset(ret, 0, sizeof *ret);
    pick_from(seed);
    make_host(&ret->problem);
    vn_host_online(&ret->problem.host, &left);
    for (size_t n = 0; n < ret->problem.host.n_nodes; n++)
        ret->used_kib[n] = ret->problem.host.nodes[n].memory_kib - ret->problem.host.nodes[n].free_kib;
    ret->n_fixed = pick(3);
    ret->n_movable = chance(70) ? 1 : 2 + pick(MOST_MOVABLE - 1);
    for (unsigned i = 0; i < ret->n_fixed; i++)
        make_fixed(ret, fixed[i], &left);
    for (unsigned i = 0; i < ret->n_movable; i++) {
        struct vn_request *vm = make_vm(&ret->problem, names[i]);

        if (chance(30))
            make_running(ret, vm, &left);
    }
}
