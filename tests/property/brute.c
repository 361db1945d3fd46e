/* SPDX-License-Identifier: MIT */
#include "brute.h"

/* A VM that floats and stays counts on the node where it is pinned, a CPU for each vCPU. */
static void brute_demand(struct brute *b, const struct vn_placement *at)
{
    const struct vn_host *host = &b->problem->host;

    for (size_t v = 0; v < at->n_vcpus; v++)
        for (size_t n = 0; n < host->n_nodes; n++)
            b->demand[n] += vn_cpuset_intersects(&host->nodes[n].cpus, &at->vcpupin[v]);
}

static void brute_init(struct brute *b, const struct vn_problem *problem, const struct vn_request *vm)
{
    const struct vn_host *host = &problem->host;

    memset(b, 0, sizeof *b);
    b->problem = problem;
    b->vm = vm;
    vn_host_online(host, &b->online);
    vn_cpuset_sub(&b->online, &host->offline);
    b->free = b->floating = b->online;
    if (!vn_cpuset_empty(&host->shared))
        vn_cpuset_and(&b->floating, &host->shared);
    vn_cpuset_sub(&b->free, &host->shared);
    vn_cpuset_sub(&b->floating, &host->isolated);
    vn_cpuset_sub(&b->free, &host->reserved);
    vn_cpuset_sub(&b->floating, &host->reserved);
    for (size_t i = 0; i < problem->n_vms; i++) {
        const struct vn_request *other = &problem->vms[i];

        if (!other->movable && other->placed && other->policy.policy == VN_CPU_SHARED) {
            brute_demand(b, other->placed);
            continue;
        }
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

/* CPUs that may be taken from those that float; without a shared set they are the same ones as all have. */
static unsigned brute_spare(const struct brute *b, const struct vn_node *node)
{
    struct vn_cpuset here = node->cpus;
    unsigned demand = b->demand[node - b->problem->host.nodes];

    vn_cpuset_and(&here, &b->floating);
    return vn_cpuset_count(&here) > demand ? vn_cpuset_count(&here) - demand : 0;
}

static unsigned count_floating(const struct brute *b, const struct vn_cpuset *cpus)
{
    struct vn_cpuset floating = *cpus;

    vn_cpuset_and(&floating, &b->floating);
    return vn_cpuset_count(&floating);
}

/* The cores of a node that are whole, and whether CPUs are free beside those in @mask. */
static size_t whole_cores(const struct brute *b, const struct vn_node *node, struct vn_cpuset *ret)
{
    struct vn_cpuset seen = {{0}};
    size_t n = 0;

    VN_CPUSET_EACH(cpu, &node->cpus) {
        struct vn_cpuset core;

        vn_host_core(&b->problem->host, (unsigned)cpu, &core);
        vn_cpuset_and(&core, &b->online);
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
        unsigned sum = 0, most = 0, cost;
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
        cost = count_floating(b, &used) + (spare && count_floating(b, &rest) == vn_cpuset_count(&rest));
        if (cost > brute_spare(b, node))
            continue;
        l3 = (int)domains_of(&b->problem->host, isolate ? &touched : &used);
        best = best < 0 || l3 < best ? l3 : best;
    }
    return best;
}

/* Are there @vcpus CPUs in @in, and one of @here, without too many of those that float? */
static bool brute_any(const struct brute *b, const struct vn_node *node, const struct vn_cpuset *here,
                      const struct vn_cpuset *in, unsigned vcpus, bool spare)
{
    unsigned floating = count_floating(b, in), apart = vn_cpuset_count(in) - floating;
    unsigned all_floating = count_floating(b, here), all_apart = vn_cpuset_count(here) - all_floating;

    for (unsigned of_apart = 0; of_apart <= apart && of_apart <= vcpus; of_apart++) {
        unsigned cost = vcpus - of_apart;

        if (cost > floating || (spare && of_apart == all_apart && cost == all_floating))
            continue;
        if (cost + (spare && of_apart == all_apart) <= brute_spare(b, node))
            return true;
    }
    return false;
}

static int brute_prefer(const struct brute *b, const struct vn_node *node, unsigned vcpus, bool spare)
{
    const struct vn_host *host = &b->problem->host;
    struct vn_cpuset here = node->cpus, alone, domains[32];
    size_t n = 0;
    int best = -1;

    vn_cpuset_and(&here, &b->free);
    if (vn_cpuset_count(&here) < vcpus + spare)
        return -1;
    alone = here; /* CPUs of no L3 domain cost none */
    for (size_t i = 0; i < host->n_l3; i++) {
        vn_cpuset_sub(&alone, &host->l3[i]);
        if (vn_cpuset_intersects(&host->l3[i], &here))
            domains[n++] = host->l3[i];
    }
    for (unsigned mask = 0; mask < 1u << n; mask++) {
        struct vn_cpuset in = alone;

        for (size_t i = 0; i < n; i++)
            if (mask >> i & 1)
                vn_cpuset_or(&in, &domains[i]);
        vn_cpuset_and(&in, &here);
        if (brute_any(b, node, &here, &in, vcpus, spare) && (best < 0 || __builtin_popcount(mask) < best))
            best = __builtin_popcount(mask);
    }
    return best;
}

static int brute_shared(const struct brute *b, const struct vn_node *node, unsigned vcpus, bool spare)
{
    struct vn_cpuset here = node->cpus, other = node->cpus;
    double left = -(double)b->demand[node - b->problem->host.nodes];

    vn_cpuset_and(&here, &b->floating);
    vn_cpuset_and(&other, &b->free);
    if (spare && vn_cpuset_empty(&other))
        return -1;
    vn_cpuset_sub(&other, &here);
    if (spare && vn_cpuset_empty(&other))
        vn_cpuset_del(&here, (unsigned)vn_cpuset_next(&here, 0));
    left += vn_cpuset_count(&here);
    return left < 0 || vcpus > left * b->vm->policy.overcommit + 1e-6 ? -1 : 0;
}

/* What is free on the node, and what the VM has there itself. */
static uint64_t brute_memory(const struct brute *b, size_t n)
{
    const struct vn_node *node = &b->problem->host.nodes[n];
    const struct vn_hugepool *pool = vn_node_pool(node, b->vm->policy.hugepage_kib);
    uint64_t kib = node->free_kib;

    if (b->vm->policy.hugepage_kib)
        return (pool ? pool->free : 0) * b->vm->policy.hugepage_kib;
    for (size_t c = 0; b->vm->placed && c < b->vm->placed->n_cells; c++)
        kib += b->vm->placed->cells[c].node == node->id ? b->vm->placed->cells[c].memory_kib : 0;
    return kib;
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

/* Memory that lies on another node than its cell's. */
static uint64_t brute_moved(const struct brute *b, size_t k, const size_t *node)
{
    uint64_t kib = 0;

    for (size_t i = 0; i < k && b->vm->placed && b->vm->placed->n_cells == k; i++)
        if (b->vm->placed->cells[i].node != b->problem->host.nodes[node[i]].id)
            kib += b->vm->placed->cells[i].memory_kib;
    return kib;
}

static int compare(double a, double b)
{
    return a < b - 1e-9 ? -1 : a > b + 1e-9;
}

static int best_cmp(const struct brute_best *a, const struct brute_best *b)
{
    int by[] = {compare(a->distance, b->distance), compare(a->device, b->device),
                (a->l3 > b->l3) - (a->l3 < b->l3), (a->moved_kib > b->moved_kib) - (a->moved_kib < b->moved_kib)};

    for (size_t i = 0; i < VN_COUNT(by); i++)
        if (by[i])
            return by[i];
    return 0;
}

static void brute_score(const struct brute *b, const struct vn_cell_size *cells, size_t k, const size_t *node,
                        uint64_t l3, struct brute_best *best)
{
    const struct vn_host *host = &b->problem->host;
    struct brute_best this;
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
    this = (struct brute_best){true, distance, device, l3, brute_moved(b, k, node)};
    if (!best->found || best_cmp(&this, best) < 0)
        *best = this;
}

static void brute_nodes(const struct brute *b, const struct vn_cell_size *cells, size_t k, size_t depth, size_t *node,
                        uint64_t l3, struct brute_best *best)
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
        brute_nodes(b, cells, k, depth + 1, node, l3 + (unsigned)more, best);
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

static unsigned fewest_nodes(const struct brute *b)
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

/* A cpuset given to the emulator must be switched on. */
static bool emulator_ok(const struct brute *b)
{
    return b->vm->policy.emulator.kind != VN_EMULATOR_CPUSET ||
           vn_cpuset_subset(&b->vm->policy.emulator.cpus, &b->online);
}

void brute_best(const struct vn_problem *problem, const struct vn_request *vm, const struct vn_cell_size *cells,
                size_t k, struct brute_best *ret)
{
    size_t node[8];
    struct brute b;

    brute_init(&b, problem, vm);
    memset(ret, 0, sizeof *ret);
    if (emulator_ok(&b) && k <= problem->host.n_nodes && brute_total_memory(&b, cells, k))
        brute_nodes(&b, cells, k, 0, node, 0, ret);
}

unsigned brute_fewest(const struct vn_problem *problem, const struct vn_request *vm)
{
    struct vn_cell_size all = {vm->vcpus, vm->memory_kib};
    struct brute b;

    brute_init(&b, problem, vm);
    return emulator_ok(&b) && brute_total_memory(&b, &all, 1) ? fewest_nodes(&b) : 0;
}
