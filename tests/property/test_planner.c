/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "../unit/planner/paper.h"

/*
 * Random small problems. Every plan passes the independent checker, comes out the same twice, and
 * is empty of changes when made again on top of itself; for one VM the node assignments are tried
 * one by one with rules that only count.
 */

static uint64_t rng;

static unsigned pick(unsigned below)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return below ? (unsigned)(rng >> 11) % below : 0;
}

static bool chance(unsigned percent)
{
    return pick(100) < percent;
}

/* ---- problems ---- */

static void make_cpus(struct vn_problem *problem)
{
    struct vn_host *host = &problem->host;
    unsigned threads = chance(50) ? 2 : chance(50) ? 1 : 1 + pick(8), next = pick(3), at = 0;
    unsigned cores[4], all = 0, base = next, step = chance(50) ? 1 : 0;

    for (size_t n = 0; n < host->n_nodes; n++) {
        cores[n] = chance(12) ? 0 : 1 + pick(threads > 3 ? 2 : 5);
        all += cores[n];
    }
    for (size_t n = 0; n < host->n_nodes; n++) {
        struct vn_cpuset l3 = {{0}};

        for (unsigned i = 0; i < cores[n]; i++, at++) {
            unsigned size = chance(10) ? 1 + pick(threads) : threads;
            struct vn_cpuset core = {{0}};

            for (unsigned t = 0; t < size; t++) /* siblings beside each other, or a row apart */
                vn_cpuset_add(&core, step ? base + at * threads + t : base + at + t * all);
            vn_cpuset_or(&host->nodes[n].cpus, &core);
            if (size > 1 || chance(50))
                *(struct vn_cpuset *)vn_arena_grow(&problem->arena, &host->cores, &host->n_cores, sizeof core) = core;
            vn_cpuset_or(&l3, &core);
            if (chance(30) || i + 1 == cores[n]) {
                *(struct vn_cpuset *)vn_arena_grow(&problem->arena, &host->l3, &host->n_l3, sizeof l3) = l3;
                memset(&l3, 0, sizeof l3);
            }
        }
    }
}

static void make_memory(struct vn_problem *problem)
{
    struct vn_host *host = &problem->host;

    for (size_t n = 0; n < host->n_nodes; n++) {
        struct vn_node *node = &host->nodes[n];

        node->memory_kib = chance(10) ? 0 : (1 + pick(16)) * GIB;
        node->free_kib = node->memory_kib ? pick((unsigned)(node->memory_kib >> 10) + 1) * (uint64_t)1024 : 0;
        if (chance(50)) {
            node->pools = vn_arena_array(&problem->arena, 1, sizeof *node->pools);
            node->n_pools = 1;
            *node->pools = (struct vn_hugepool){2048, 4096, pick(4097)};
        }
    }
}

static void make_host(struct vn_problem *problem)
{
    struct vn_host *host = &problem->host;
    static char names[2][8] = {"dev0", "dev1"};
    bool symmetric = chance(70);
    int id = (int)pick(3);

    host->n_nodes = 1 + pick(4);
    host->nodes = vn_arena_array(&problem->arena, host->n_nodes, sizeof *host->nodes);
    for (size_t n = 0; n < host->n_nodes; n++, id += 1 + (int)pick(2))
        host->nodes[n].id = id;
    make_cpus(problem);
    make_memory(problem);
    host->distances = vn_arena_array(&problem->arena, host->n_nodes * host->n_nodes, sizeof *host->distances);
    for (size_t a = 0; a < host->n_nodes; a++)
        for (size_t b = 0; b < host->n_nodes; b++) {
            uint16_t far = (uint16_t)(chance(50) ? 20 : 11 + pick(30));

            host->distances[a * host->n_nodes + b] = a == b ? 10 : far;
            if (symmetric && b < a)
                host->distances[a * host->n_nodes + b] = host->distances[b * host->n_nodes + a];
        }
    for (unsigned cpu = 0; cpu < 64; cpu++) {
        if (chance(8))
            vn_cpuset_add(&host->reserved, cpu);
        else if (chance(6))
            vn_cpuset_add(&host->isolated, cpu);
    }
    if (chance(40))
        for (unsigned cpu = 0; cpu < 64; cpu++)
            if (chance(12))
                vn_cpuset_add(&host->shared, cpu);
    if (chance(20)) /* offline siblings stay listed in their core */
        for (unsigned cpu = 0; cpu < 64; cpu++)
            if (chance(10))
                for (size_t n = 0; n < host->n_nodes; n++)
                    vn_cpuset_del(&host->nodes[n].cpus, cpu);
    host->devices = vn_arena_array(&problem->arena, 2, sizeof *host->devices);
    host->n_devices = 2;
    for (size_t d = 0; d < 2; d++) {
        host->devices[d].name = names[d];
        host->devices[d].node = chance(20) ? -1 : host->nodes[pick((unsigned)host->n_nodes)].id;
    }
}

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

static struct vn_request *make_vm(struct vn_problem *problem, const char *name)
{
    static char *devices[2];
    static unsigned iothreads[] = {1, 2};
    struct vn_request *vm = add_vm(problem, name, 1 + pick(8), (1 + pick(4096)) * (uint64_t)1024);

    vm->policy.policy = chance(80) ? VN_CPU_DEDICATED : VN_CPU_SHARED;
    vm->policy.threads = (enum vn_threads_policy)pick(3);
    vm->policy.emulator.kind = chance(25) ? VN_EMULATOR_ISOLATE : VN_EMULATOR_SHARE;
    vm->policy.hugepage_kib = chance(25) ? 2048 : 0;
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
static void make_fixed(struct vn_problem *problem, const char *name, struct vn_cpuset *left)
{
    struct vn_request *vm = add_vm(problem, name, 1 + pick(2), GIB);
    unsigned cpus[2] = {0, 0}, n = 0;

    VN_CPUSET_EACH(cpu, left)
        if (n < vm->vcpus && chance(40))
            cpus[n++] = (unsigned)cpu;
    vm->policy.threads = chance(70) ? VN_THREADS_PREFER : VN_THREADS_ISOLATE;
    if (n < vm->vcpus) {
        vm->movable = false; /* nowhere that counts */
        return;
    }
    pin_now(problem, vm, cpus, false);
    for (unsigned i = 0; i < n; i++)
        vn_cpuset_del(left, cpus[i]);
}

/* ---- counting rules, tried one by one ---- */

struct brute {
    const struct vn_problem *problem;
    const struct vn_request *vm;
    struct vn_cpuset free;
    struct vn_cpuset floating;
};

static void brute_init(struct brute *b, const struct vn_problem *problem, const struct vn_request *vm)
{
    const struct vn_host *host = &problem->host;
    struct vn_cpuset online;

    memset(b, 0, sizeof *b);
    b->problem = problem;
    b->vm = vm;
    vn_host_online(host, &online);
    b->free = b->floating = online;
    if (!vn_cpuset_empty(&host->shared))
        vn_cpuset_and(&b->floating, &host->shared);
    vn_cpuset_sub(&b->free, &host->shared);
    vn_cpuset_sub(&b->floating, &host->isolated);
    vn_cpuset_sub(&b->free, &host->reserved);
    vn_cpuset_sub(&b->floating, &host->reserved);
    for (size_t i = 0; i < problem->n_vms; i++) {
        const struct vn_request *other = &problem->vms[i];

        for (size_t v = 0; !other->movable && other->placed && v < other->placed->n_vcpus; v++) {
            struct vn_cpuset gone = other->placed->vcpupin[v];

            if (other->policy.threads == VN_THREADS_ISOLATE)
                vn_host_core(host, (unsigned)vn_cpuset_next(&gone, 0), &gone);
            vn_cpuset_sub(&b->free, &gone);
            vn_cpuset_sub(&b->floating, &gone);
        }
    }
}

static unsigned domains_of(const struct vn_host *host, const struct vn_cpuset *cpus)
{
    unsigned n = 0;

    for (size_t i = 0; i < host->n_l3; i++)
        n += vn_cpuset_intersects(&host->l3[i], cpus);
    return n;
}

/* The cores of a node that are whole, and whether CPUs are free beside those in @mask. */
static size_t whole_cores(const struct brute *b, const struct vn_node *node, struct vn_cpuset *ret)
{
    struct vn_cpuset seen = {{0}}, online;
    size_t n = 0;

    vn_host_online(&b->problem->host, &online);
    VN_CPUSET_EACH(cpu, &node->cpus) {
        struct vn_cpuset core;

        vn_host_core(&b->problem->host, (unsigned)cpu, &core);
        vn_cpuset_and(&core, &online);
        if (!vn_cpuset_has(&seen, (unsigned)cpu) && vn_cpuset_subset(&core, &b->free))
            ret[n++] = core;
        vn_cpuset_or(&seen, &core);
    }
    return n;
}

/* Fewest L3 domains of any choice for a cell on a node; -1 when there is none. */
static int brute_whole(const struct brute *b, const struct vn_node *node, unsigned vcpus, bool spare)
{
    struct vn_cpuset cores[16], all = node->cpus;
    size_t n = whole_cores(b, node, cores);
    bool isolate = b->vm->policy.threads == VN_THREADS_ISOLATE;
    int best = -1;

    vn_cpuset_and(&all, &b->free);
    for (unsigned mask = 0; mask < 1u << n; mask++) {
        struct vn_cpuset used = {{0}}, rest = all, touched = {{0}};
        unsigned sum = 0, most = 0;
        int l3;

        for (size_t i = 0; i < n; i++) {
            unsigned size = vn_cpuset_count(&cores[i]);

            if (!(mask >> i & 1))
                continue;
            vn_cpuset_or(&used, &cores[i]);
            vn_cpuset_add(&touched, (unsigned)vn_cpuset_next(&cores[i], 0));
            sum += isolate ? 1 : size;
            most = size > most ? size : most;
        }
        vn_cpuset_sub(&rest, &used);
        if (isolate ? sum != vcpus : sum < vcpus || (mask && vcpus <= sum - most))
            continue;
        if (spare && vn_cpuset_empty(&rest))
            continue;
        l3 = (int)domains_of(&b->problem->host, isolate ? &touched : &used);
        best = best < 0 || l3 < best ? l3 : best;
    }
    return best;
}

static int brute_prefer(const struct brute *b, const struct vn_node *node, unsigned vcpus, bool spare)
{
    const struct vn_host *host = &b->problem->host;
    struct vn_cpuset here = node->cpus, domains[32];
    size_t n = 0;
    int best = -1;

    vn_cpuset_and(&here, &b->free);
    if (vn_cpuset_count(&here) < vcpus + spare)
        return -1;
    for (size_t i = 0; i < host->n_l3; i++)
        if (vn_cpuset_intersects(&host->l3[i], &here))
            domains[n++] = host->l3[i];
    for (unsigned mask = 0; mask < 1u << n; mask++) {
        struct vn_cpuset in = {{0}};

        for (size_t i = 0; i < n; i++)
            if (mask >> i & 1)
                vn_cpuset_or(&in, &domains[i]);
        vn_cpuset_and(&in, &here);
        if (vn_cpuset_count(&in) >= vcpus && (best < 0 || __builtin_popcount(mask) < best))
            best = __builtin_popcount(mask);
    }
    return best;
}

static int brute_shared(const struct brute *b, const struct vn_node *node, unsigned vcpus, bool spare)
{
    struct vn_cpuset here = node->cpus, other = node->cpus;

    vn_cpuset_and(&here, &b->floating);
    vn_cpuset_and(&other, &b->free);
    if (spare && vn_cpuset_empty(&other))
        return -1;
    vn_cpuset_sub(&other, &here);
    if (spare && vn_cpuset_empty(&other))
        vn_cpuset_del(&here, (unsigned)vn_cpuset_next(&here, 0));
    return vcpus > vn_cpuset_count(&here) * b->vm->policy.overcommit + 1e-6 ? -1 : 0;
}

static uint64_t brute_memory(const struct brute *b, size_t n)
{
    const struct vn_node *node = &b->problem->host.nodes[n];
    const struct vn_hugepool *pool = vn_node_pool(node, b->vm->policy.hugepage_kib);

    return b->vm->policy.hugepage_kib ? (pool ? pool->free : 0) * b->vm->policy.hugepage_kib : node->free_kib;
}

static int brute_cell(const struct brute *b, size_t n, unsigned vcpus, uint64_t memory_kib, bool first)
{
    const struct vn_node *node = &b->problem->host.nodes[n];
    bool spare = first && b->vm->policy.emulator.kind == VN_EMULATOR_ISOLATE;
    uint64_t page = b->vm->policy.hugepage_kib;

    if (page)
        memory_kib = (memory_kib + page - 1) / page * page;
    if (memory_kib > brute_memory(b, n) && !b->vm->policy.memory_preferred)
        return -1;
    if (b->vm->policy.policy == VN_CPU_SHARED)
        return brute_shared(b, node, vcpus, spare);
    if (b->vm->policy.threads == VN_THREADS_PREFER)
        return brute_prefer(b, node, vcpus, spare);
    return brute_whole(b, node, vcpus, spare);
}

struct brute_best {
    bool found;
    double distance, device;
    int l3;
};

static void brute_score(const struct brute *b, const struct vn_cell_size *cells, size_t k, const size_t *node, int l3,
                        struct brute_best *best)
{
    const struct vn_host *host = &b->problem->host;
    double distance = 0, device = 0;

    for (size_t i = 0; i < k; i++)
        for (size_t j = i + 1; j < k; j++)
            distance += (double)cells[i].vcpus * cells[j].vcpus * (vn_host_distance(host, node[i], node[j]) - 10);
    distance /= (double)b->vm->vcpus * b->vm->vcpus;
    for (size_t d = 0; d < b->vm->n_devices; d++) {
        const struct vn_device *at = vn_host_device(host, b->vm->devices[d]);
        unsigned least = 1000;

        for (size_t i = 0; at->node >= 0 && i < k; i++) {
            unsigned far = vn_host_distance(host, node[i], (size_t)vn_host_node_index(host, at->node));
            least = far < least ? far : least;
        }
        device += at->node >= 0 ? least - 10 : 0;
    }
    if (best->found && (distance > best->distance + 1e-9 ||
                        (distance > best->distance - 1e-9 &&
                         (device > best->device || (device >= best->device && l3 >= best->l3)))))
        return;
    *best = (struct brute_best){true, distance, device, l3};
}

static void brute_nodes(const struct brute *b, const struct vn_cell_size *cells, size_t k, size_t depth, size_t *node,
                        int l3, struct brute_best *best)
{
    if (depth == k) {
        brute_score(b, cells, k, node, l3, best);
        return;
    }
    for (size_t n = 0; n < b->problem->host.n_nodes; n++) {
        bool used = false;
        int more;

        for (size_t i = 0; i < depth; i++)
            used = used || node[i] == n;
        more = used ? -1 : brute_cell(b, n, cells[depth].vcpus, cells[depth].memory_kib, depth == 0);
        if (more < 0)
            continue;
        node[depth] = n;
        brute_nodes(b, cells, k, depth + 1, node, l3 + more, best);
    }
}

static bool brute_total_memory(const struct brute *b, const struct vn_cell_size *cells, size_t k)
{
    uint64_t page = b->vm->policy.hugepage_kib, need = 0, has = 0;

    for (size_t i = 0; i < k; i++)
        need += page ? (cells[i].memory_kib + page - 1) / page * page : cells[i].memory_kib;
    for (size_t n = 0; n < b->problem->host.n_nodes; n++)
        has += brute_memory(b, n);
    return need <= has;
}

/* The fewest nodes among which the VM can be divided somehow; 0: none. */
static unsigned brute_auto(const struct brute *b)
{
    const struct vn_request *vm = b->vm;
    size_t n = b->problem->host.n_nodes;
    uint64_t grain = vm->policy.hugepage_kib ? vm->policy.hugepage_kib : 1024;
    uint64_t grains = (vm->memory_kib + grain - 1) / grain;
    unsigned best = 0;

    for (unsigned mask = 1; mask < 1u << n; mask++) {
        unsigned k = (unsigned)__builtin_popcount(mask);

        for (size_t zero = 0; zero < n && k <= vm->vcpus && k <= grains; zero++) {
            uint64_t vcpus = 0, memory = 0;
            bool ok = mask >> zero & 1;

            for (size_t i = 0; i < n && ok; i++) {
                unsigned cap = 0;
                uint64_t mem = 0;

                if (!(mask >> i & 1))
                    continue;
                while (cap <= vm->vcpus && brute_cell(b, i, cap + 1, 0, i == zero) >= 0)
                    cap++;
                mem = brute_memory(b, i) / grain;
                ok = cap && (mem || vm->policy.memory_preferred);
                vcpus += cap;
                memory += mem;
            }
            if (ok && vcpus >= vm->vcpus && (vm->policy.memory_preferred || memory >= grains) && (!best || k < best))
                best = k;
        }
    }
    return best;
}

/* ---- properties ---- */

static void same_plans(const struct vn_plan *a, const struct vn_plan *b, bool words)
{
    assert_int_equal(a->n_vms, b->n_vms);
    for (size_t v = 0; v < a->n_vms; v++) {
        const struct vn_placement *x = &a->vms[v], *y = &b->vms[v];

        assert_string_equal(x->name, y->name);
        assert_int_equal(x->n_cells, y->n_cells);
        for (size_t c = 0; c < x->n_cells; c++) {
            assert_int_equal(x->cells[c].node, y->cells[c].node);
            assert_true(vn_cpuset_equal(&x->cells[c].vcpus, &y->cells[c].vcpus));
            if (words)
                assert_string_equal(x->cells[c].why, y->cells[c].why);
        }
        for (size_t i = 0; i < x->n_vcpus; i++)
            assert_true(vn_cpuset_equal(&x->vcpupin[i], &y->vcpupin[i]));
        assert_true(vn_cpuset_equal(&x->emulatorpin, &y->emulatorpin));
        if (words)
            assert_string_equal(x->why, y->why);
    }
}

static void check_bound(const struct vn_plan *plan)
{
    const struct vn_cost *c = &plan->cost, *b = &plan->bound;

    assert_true(b->placed_vcpus >= c->placed_vcpus);
    assert_true(b->distance <= c->distance + 1e-9);
    if (plan->optimal)
        assert_true(b->placed_vcpus == c->placed_vcpus && fabs(b->distance - c->distance) < 1e-9 &&
                    fabs(b->device - c->device) < 1e-9 && b->l3 == c->l3 && b->moved_kib == c->moved_kib);
}

/* What blocks is true, item by item. */
static void check_blocking(const struct vn_plan *plan)
{
    for (size_t u = 0; u < plan->n_unplaced; u++) {
        assert_true(plan->unplaced[u].n_blocking > 0);
        for (size_t i = 0; i < plan->unplaced[u].n_blocking; i++)
            assert_true(plan->unplaced[u].blocking[i].need > plan->unplaced[u].blocking[i].free);
    }
}

static void check_brute(const struct vn_problem *problem, const struct vn_request *vm, const struct vn_plan *plan)
{
    struct vn_cell_size cells[8];
    size_t k = 0, node[8];
    struct brute_best best = {0};
    struct brute b;

    brute_init(&b, problem, vm);
    if (vm->policy.cells.kind == VN_CELLS_AUTO) {
        unsigned fewest = brute_auto(&b);

        memcpy(cells, &(struct vn_cell_size){vm->vcpus, vm->memory_kib}, sizeof *cells);
        if (!brute_total_memory(&b, cells, 1))
            fewest = 0;
        assert_int_equal(fewest, plan->n_vms ? plan->vms[0].n_cells : 0);
        return;
    }
    if (vm->policy.cells.kind == VN_CELLS_LIST) {
        k = vm->policy.cells.n_list;
        memcpy(cells, vm->policy.cells.list, k * sizeof *cells);
    } else {
        uint64_t page = vm->policy.hugepage_kib ? vm->policy.hugepage_kib : 1024, left = vm->memory_kib;
        uint64_t grains = (vm->memory_kib + page - 1) / page;

        k = vm->policy.cells.number;
        for (size_t i = 0; i < k; i++) {
            uint64_t kib = (grains / k + (i < grains % k)) * page;

            cells[i].vcpus = vm->vcpus / (unsigned)k + (i < vm->vcpus % k);
            cells[i].memory_kib = kib < left ? kib : left;
            left -= cells[i].memory_kib;
        }
    }
    if (k <= problem->host.n_nodes && brute_total_memory(&b, cells, k))
        brute_nodes(&b, cells, k, 0, node, 0, &best);
    assert_int_equal(best.found, plan->n_vms == 1);
    if (!best.found)
        return;
    assert_true(fabs(best.distance - plan->cost.distance) < 1e-9);
    assert_true(fabs(best.device - plan->cost.device) < 1e-9);
    if (vm->policy.policy == VN_CPU_DEDICATED)
        assert_int_equal(best.l3, plan->cost.l3);
    assert_true(plan->optimal);
}

/* Memory anywhere, of some VMs by cell too; QEMU's own may make it more than the guest's. */
static void make_resident(struct vn_problem *problem, struct vn_request *vm)
{
    size_t n = problem->host.n_nodes;
    size_t cells = vm->policy.cells.kind == VN_CELLS_LIST && chance(60) ? vm->policy.cells.n_list : 1;
    uint64_t *by_cell = vn_arena_array(&problem->arena, cells * n, sizeof *by_cell);

    vm->resident_kib = vn_arena_array(&problem->arena, n, sizeof *vm->resident_kib);
    for (size_t i = 0; i < cells * n; i++) {
        by_cell[i] = chance(40) ? 0 : pick((unsigned)(vm->memory_kib / cells / (chance(80) ? n : 1)) + 1);
        vm->resident_kib[i % n] += by_cell[i];
    }
    if (cells > 1) {
        vm->cell_kib = by_cell;
        vm->n_cell_kib = cells;
    }
}

/* The checker counts what is to be moved in its own way; the sentences do not depend on who asks for more. */
static void check_moved(struct vn_problem *problem)
{
    struct vn_planner_opts opts = {.choices = true};
    VN_AUTO(vn_plan) plan = {0};
    VN_AUTO(vn_plan) explained = {0};

    for (size_t i = 0; i < problem->n_vms; i++)
        if (problem->vms[i].movable && chance(80))
            make_resident(problem, &problem->vms[i]);
    solve(problem, &plan);
    assert_int_equal(vn_planner_solve(problem, &opts, &explained, NULL), 0);
    same_plans(&plan, &explained, true);
    for (size_t v = 0; v < explained.n_vms; v++)
        for (size_t c = 0; c < explained.vms[v].n_cells; c++) {
            const struct vn_placed_cell *cell = &explained.vms[v].cells[c];

            assert_int_equal(cell->n_choices, problem->host.n_nodes);
            assert_true(cell->choices[0].node == cell->node && cell->choices[0].verdict == VN_VERDICT_CHOSEN);
            assert_string_equal(cell->why, plan.vms[v].cells[c].why);
        }
    for (size_t i = 0; i < problem->n_vms; i++) {
        problem->vms[i].resident_kib = problem->vms[i].cell_kib = NULL;
        problem->vms[i].n_cell_kib = 0;
    }
}

/* The plan becomes the state: memory is taken, and each VM is where the plan put it. */
static void carry_out(struct vn_problem *problem, const struct vn_plan *plan)
{
    for (size_t v = 0; v < plan->n_vms; v++) {
        struct vn_placement *at = &plan->vms[v];

        for (size_t i = 0; i < problem->n_vms; i++)
            if (!strcmp(problem->vms[i].name, at->name))
                problem->vms[i].placed = at;
        for (size_t c = 0; c < at->n_cells; c++) {
            struct vn_node *node = &problem->host.nodes[vn_host_node_index(&problem->host, at->cells[c].node)];

            if (at->hugepage_kib)
                node->pools[0].free -= (at->cells[c].memory_kib + at->hugepage_kib - 1) / at->hugepage_kib;
            else
                node->free_kib -= at->cells[c].memory_kib;
        }
    }
}

static void check_again(struct vn_problem *problem, struct vn_plan *plan)
{
    VN_AUTO(vn_plan) again = {0};

    for (size_t i = 0; i < problem->n_vms; i++)
        if (problem->vms[i].movable && (problem->vms[i].policy.memory_preferred || problem->vms[i].memory_kib % 2048))
            return; /* where the overflow went is not in the model; parts of pages are not either */
    carry_out(problem, plan);
    solve(problem, &again);
    same_plans(plan, &again, false);
    assert_int_equal(again.cost.moved_kib, 0);
}

/* For a person who looks at a seed that failed. */
static void print_case(const struct vn_problem *problem)
{
    const struct vn_host *host = &problem->host;

    for (size_t n = 0; n < host->n_nodes; n++)
        (void)fprintf(stderr, "node %d: cpus %s free %" PRIu64 " pages %" PRIu64 "\n", host->nodes[n].id,
                      text_of(&host->nodes[n].cpus), host->nodes[n].free_kib,
                      host->nodes[n].n_pools ? host->nodes[n].pools[0].free : 0);
    for (size_t i = 0; i < host->n_cores; i++)
        (void)fprintf(stderr, "core %s\n", text_of(&host->cores[i]));
    (void)fprintf(stderr, "reserved %s shared %s isolated %s\n", text_of(&host->reserved), text_of(&host->shared),
                  text_of(&host->isolated));
    for (size_t i = 0; i < problem->n_vms; i++) {
        const struct vn_request *vm = &problem->vms[i];

        (void)fprintf(stderr, "%s: vcpus %u memory %" PRIu64 " cells %d/%u/%zu policy %d threads %d emulator %d "
                      "hugepage %" PRIu64 " overcommit %g preferred %d movable %d\n", vm->name, vm->vcpus,
                      vm->memory_kib, (int)vm->policy.cells.kind, vm->policy.cells.number, vm->policy.cells.n_list,
                      (int)vm->policy.policy, (int)vm->policy.threads, (int)vm->policy.emulator.kind,
                      vm->policy.hugepage_kib, vm->policy.overcommit, vm->policy.memory_preferred, vm->movable);
        for (size_t c = 0; c < vm->policy.cells.n_list; c++)
            (void)fprintf(stderr, "  cell %u %" PRIu64 "\n", vm->policy.cells.list[c].vcpus,
                          vm->policy.cells.list[c].memory_kib);
        for (size_t v = 0; vm->placed && v < vm->placed->n_vcpus; v++)
            (void)fprintf(stderr, "  at %s\n", text_of(&vm->placed->vcpupin[v]));
    }
}

static void one_case(uint64_t seed)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    VN_AUTO(vn_plan) twice = {0};
    static const char *const names[] = {"a", "b", "c"}, *const fixed[] = {"f", "g"};
    unsigned n_vms, n_fixed;
    struct vn_cpuset left;

    rng = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    (void)pick(2);
    make_host(&problem);
    vn_host_online(&problem.host, &left);
    n_fixed = pick(3);
    n_vms = chance(70) ? 1 : 2 + pick(2);
    for (unsigned i = 0; i < n_fixed; i++)
        make_fixed(&problem, fixed[i], &left);
    for (unsigned i = 0; i < n_vms; i++)
        (void)make_vm(&problem, names[i]);
    if (getenv("VNUMA_PROPERTY_PRINT"))
        print_case(&problem);
    solve(&problem, &plan);
    solve(&problem, &twice);
    same_plans(&plan, &twice, true);
    assert_int_equal(plan.n_vms + plan.n_unplaced, n_vms);
    check_bound(&plan);
    check_blocking(&plan);
    if (n_vms == 1)
        check_brute(&problem, &problem.vms[n_fixed], &plan);
    check_moved(&problem);
    if (!plan.n_unplaced)
        check_again(&problem, &plan);
}

static uint64_t current;

static void print_seed(void)
{
    if (current)
        (void)fprintf(stderr, "seed %" PRIu64 "\n", current);
}

static void test_cases(void **state)
{
    const char *cases = getenv("VNUMA_PROPERTY_CASES"), *from = getenv("VNUMA_PROPERTY_SEED");
    uint64_t n = cases ? strtoull(cases, NULL, 10) : 3000, first = from ? strtoull(from, NULL, 10) : 1;

    (void)state;
    for (current = first; current < first + n; current++)
        one_case(current);
    (void)fprintf(stderr, "seeds %" PRIu64 "-%" PRIu64 "\n", first, first + n - 1);
    current = 0;
}

static int teardown(void **state)
{
    (void)state;
    print_seed(); /* of the case that failed */
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(test_cases, teardown)};

    return cmocka_run_group_tests_name("planner properties", tests, NULL, NULL);
}
