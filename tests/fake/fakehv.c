/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <vnuma/buf.h>

#include "codec/domxml.h"
#include "fakehv.h"

#define MUST(x)                                                                                    \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);                                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static const char db_xml[] =
    "<domain type='qemu'>\n  <name>db</name>\n  <uuid>11111111-2222-3333-4444-555555555501</uuid>\n"
    "  <memory unit='KiB'>2097152</memory>\n  <vcpu placement='static'>4</vcpu>\n  <iothreads>1</iothreads>\n"
    "  <os>\n    <type arch='x86_64' machine='pc'>hvm</type>\n  </os>\n"
    "  <cpu>\n    <numa>\n      <cell id='0' cpus='0-1' memory='1048576' unit='KiB'/>\n"
    "      <cell id='1' cpus='2-3' memory='1048576' unit='KiB'/>\n    </numa>\n  </cpu>\n</domain>\n";
static const char web_xml[] =
    "<domain type='qemu'>\n  <name>web</name>\n  <uuid>11111111-2222-3333-4444-555555555502</uuid>\n"
    "  <memory unit='KiB'>524288</memory>\n  <vcpu placement='static'>2</vcpu>\n"
    "  <os>\n    <type arch='x86_64' machine='pc'>hvm</type>\n  </os>\n</domain>\n";

static void set_cpus(struct vn_cpuset *set, const char *text)
{
    MUST(vn_cpuset_parse(text, set, NULL) == 0);
}

/* How this host writes XML: the same for the same contents, and not as it was given. */
static int written(const char *xml, char *out, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    int r = vn_domxml_canonical(xml, strlen(xml), &text, err);

    if (r < 0)
        return r;
    MUST(text.len < FAKE_XML);
    memset(out, 0, FAKE_XML); /* states are compared byte by byte */
    memcpy(out, vn_buf_text(&text), text.len);
    return 0;
}

static void init_vm(struct fake_vm *vm, const char *name, const char *uuid, const char *xml, unsigned n_vcpus)
{
    vm->exists = vm->running = true;
    (void)snprintf(vm->name, sizeof vm->name, "%s", name);
    (void)snprintf(vm->uuid, sizeof vm->uuid, "%s", uuid);
    MUST(written(xml, vm->stored, NULL) == 0);
    MUST(written(xml, vm->live, NULL) == 0);
    vm->n_vcpus = n_vcpus;
    for (unsigned i = 0; i < n_vcpus; i++)
        set_cpus(&vm->vcpus[i], "0-7");
    set_cpus(&vm->emulator, "0-7");
    set_cpus(&vm->iothread, "0-7");
}

struct fake_host *fake_new(void)
{
    struct fake_host *host = mmap(NULL, sizeof *host, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    MUST(host != MAP_FAILED);
    init_vm(&host->state.vms[0], "db", "11111111-2222-3333-4444-555555555501", db_xml, 4);
    init_vm(&host->state.vms[1], "web", "11111111-2222-3333-4444-555555555502", web_xml, 2);
    host->state.vms[0].has_iothread = true;
    host->state.vms[0].cell_kib[0][0] = 200000;
    host->state.vms[0].cell_kib[0][1] = 800000;
    host->state.vms[0].cell_kib[1][0] = 900000;
    host->state.vms[1].cell_kib[0][0] = 300000;
    host->state.free_kib[0] = host->state.free_kib[1] = 4000000;
    host->state.balancing[0] = '1';
    return host;
}

void fake_free(struct fake_host *host)
{
    MUST(munmap(host, sizeof *host) == 0);
}

static bool same_vm(const struct fake_vm *a, const struct fake_vm *b)
{
    struct fake_vm x = *a, y = *b;

    memset(x.live, 0, sizeof x.live);
    memset(y.live, 0, sizeof y.live);
    return !memcmp(&x, &y, sizeof x);
}

bool fake_same(const struct fake_state *a, const struct fake_state *b)
{
    return same_vm(&a->vms[0], &b->vms[0]) && same_vm(&a->vms[1], &b->vms[1]) &&
           !memcmp(a->free_kib, b->free_kib, sizeof a->free_kib) && !strcmp(a->balancing, b->balancing);
}

/* Every call of the backend passes here. */
static int call(struct fake *fake, const char *what, struct vn_err *err)
{
    struct fake_host *host = fake->host;
    int n = ++host->calls;

    if (host->vanish_at && n == host->vanish_at) {
        memset(&host->state.vms[0], 0, sizeof host->state.vms[0]);
        host->state.vms[0].exists = false;
    }
    if (host->replace_at && n == host->replace_at) {
        host->state.vms[0].uuid[0] ^= 1;
        for (size_t i = 0; i < FAKE_VCPUS; i++) {
            host->state.vms[0].vcpus[i] = (struct vn_cpuset){{0}};
            vn_cpuset_add(&host->state.vms[0].vcpus[i], 5);
        }
    }
    if (host->fail_at && n >= host->fail_at && n < host->fail_at + host->fail_count)
        return VN_FAIL(err, VN_E_IO, .where = what, .cause = "the backend was told to fail here");
    return 0;
}

static struct fake_vm *find(struct fake *fake, const char *name)
{
    for (size_t i = 0; i < FAKE_VMS; i++)
        if (fake->host->state.vms[i].exists && !strcmp(fake->host->state.vms[i].name, name))
            return &fake->host->state.vms[i];
    return NULL;
}

static int running(struct fake *fake, const char *what, const char *name, struct fake_vm **ret, struct vn_err *err)
{
    int r = call(fake, what, err);

    if (r < 0)
        return r;
    *ret = find(fake, name);
    if (!*ret)
        return VN_FAIL(err, VN_E_ABSENT, .got = name, .cause = "no such VM");
    if (!(*ret)->running)
        return VN_FAIL(err, VN_E_IO, .got = name, .cause = "the VM does not run");
    return 0;
}

/* ---- observe ---- */

static void fill_host(struct fake *fake, struct vn_arena *arena, struct vn_host *host)
{
    host->hostname = host->kernel = host->arch = vn_arena_strdup(arena, "");
    host->n_nodes = FAKE_NODES;
    host->nodes = vn_arena_array(arena, FAKE_NODES, sizeof *host->nodes);
    host->distances = vn_arena_array(arena, FAKE_NODES * FAKE_NODES, sizeof *host->distances);
    MUST(host->hostname && host->nodes && host->distances);
    for (int i = 0; i < FAKE_NODES; i++) {
        host->nodes[i].id = i;
        vn_cpuset_add_range(&host->nodes[i].cpus, 4 * (unsigned)i, 4 * (unsigned)i + 3);
        host->nodes[i].memory_kib = 8000000;
        host->nodes[i].free_kib = fake->host->state.free_kib[i];
        for (int k = 0; k < FAKE_NODES; k++)
            host->distances[i * FAKE_NODES + k] = i == k ? 10 : 21;
    }
}

static struct vn_domain *parse(struct vn_arena *arena, const char *xml)
{
    struct vn_domain *domain = vn_arena_alloc(arena, sizeof *domain);

    MUST(domain && vn_domxml_parse(xml, strlen(xml), arena, domain, NULL) == 0);
    return domain;
}

static void fill_thread(struct vn_thread *thread, unsigned id, const struct vn_cpuset *cpus)
{
    *thread = (struct vn_thread){.id = id, .online = true, .tid = 100 + (int)id, .cpu = -1};
    thread->known = VN_THREAD_CONFIGURED | VN_THREAD_ALLOWED | VN_THREAD_CGROUP;
    thread->configured = thread->allowed = thread->cgroup = *cpus;
}

static void fill_running(struct vn_arena *arena, const struct fake_vm *from, struct vn_vm *vm)
{
    vm->live_xml = vn_arena_strdup(arena, from->live);
    vm->live = parse(arena, from->live);
    vm->n_vcpus = from->n_vcpus;
    vm->vcpus = vn_arena_array(arena, from->n_vcpus, sizeof *vm->vcpus);
    vm->iothreads = vn_arena_array(arena, 1, sizeof *vm->iothreads);
    vm->node_kib = vn_arena_array(arena, FAKE_NODES, sizeof *vm->node_kib);
    MUST(vm->vcpus && vm->iothreads && vm->node_kib);
    for (unsigned i = 0; i < from->n_vcpus; i++)
        fill_thread(&vm->vcpus[i], i, &from->vcpus[i]);
    fill_thread(&vm->emulator, 0, &from->emulator);
    vm->n_iothreads = from->has_iothread;
    fill_thread(&vm->iothreads[0], 1, &from->iothread);
    vm->mem_method = VN_MEM_NUMA_MAPS;
    for (size_t c = 0; c < FAKE_CELLS; c++)
        for (size_t n = 0; n < FAKE_NODES; n++)
            vm->node_kib[n] += from->cell_kib[c][n];
    if (!vm->live->n_cells)
        return;
    vm->cell_kib = vn_arena_array(arena, FAKE_CELLS * FAKE_NODES, sizeof *vm->cell_kib);
    MUST(vm->cell_kib);
    memcpy(vm->cell_kib, from->cell_kib, sizeof from->cell_kib);
}

static int op_observe(void *self, const char *const *names, size_t n_names, const struct vn_progress *progress,
                      struct vn_snapshot *ret, struct vn_err *err)
{
    struct fake *fake = self;
    int r = call(fake, "observe", err);

    (void)progress;
    if (r < 0)
        return r;
    for (size_t i = 0; i < n_names; i++)
        if (!find(fake, names[i]))
            return VN_FAIL(err, VN_E_ABSENT, .got = names[i], .cause = "no such VM");
    ret->uri = vn_arena_strdup(&ret->arena, "fake:");
    fill_host(fake, &ret->arena, &ret->host);
    ret->vms = vn_arena_array(&ret->arena, FAKE_VMS, sizeof *ret->vms);
    MUST(ret->uri && ret->vms);
    for (size_t i = 0; i < FAKE_VMS; i++) {
        const struct fake_vm *from = &fake->host->state.vms[i];
        struct vn_vm *vm = &ret->vms[ret->n_vms];

        if (!from->exists)
            continue;
        ret->n_vms++;
        vm->name = vn_arena_strdup(&ret->arena, from->name);
        vm->uuid = vn_arena_strdup(&ret->arena, from->uuid);
        vm->stored_xml = vn_arena_strdup(&ret->arena, from->stored);
        MUST(vm->name && vm->uuid && vm->stored_xml);
        vm->stored = parse(&ret->arena, from->stored);
        vm->state = from->running ? VN_VM_RUNNING : VN_VM_SHUTOFF;
        vm->pid = from->running ? 4000 + (int)i : 0;
        if (from->running)
            fill_running(&ret->arena, from, vm);
    }
    return 0;
}

/* ---- changes ---- */

static int op_uuid(void *self, const char *name, struct vn_buf *ret, struct vn_err *err)
{
    struct fake *fake = self;
    const struct fake_vm *vm;
    int r = call(fake, "uuid", err);

    if (r < 0)
        return r;
    vm = find(fake, name);
    if (!vm)
        return VN_FAIL(err, VN_E_ABSENT, .got = name, .cause = "no such VM");
    vn_buf_str(ret, vm->uuid);
    return 0;
}

static int op_xml(void *self, const char *name, enum vn_xml_kind kind, struct vn_buf *ret, struct vn_err *err)
{
    struct fake *fake = self;
    const struct fake_vm *vm;
    int r = call(fake, "xml", err);

    if (r < 0)
        return r;
    vm = find(fake, name);
    if (!vm)
        return VN_FAIL(err, VN_E_ABSENT, .got = name, .cause = "no such VM");
    vn_buf_str(ret, kind == VN_XML_STORED ? vm->stored : vm->live);
    return 0;
}

static int repin(struct fake_vm *vm, enum vn_step_kind kind, unsigned index,
                 struct vn_cpuset *pin, const struct vn_cpuset *cpus, struct vn_err *err)
{
    VN_AUTO(vn_buf) xml = {0};
    int r = vn_domxml_set_pin(vm->live, strlen(vm->live), kind, index, cpus, &xml, err);

    if (r == 0)
        r = written(vn_buf_text(&xml), vm->live, err);
    if (r == 0)
        *pin = *cpus;
    return r;
}

static int op_pin_vcpu(void *self, const char *name, unsigned vcpu, const struct vn_cpuset *cpus, unsigned scope,
                       struct vn_err *err)
{
    struct fake_vm *vm;
    int r = running(self, "pin_vcpu", name, &vm, err);

    MUST(scope == VN_SCOPE_LIVE);
    if (r < 0)
        return r;
    MUST(vcpu < vm->n_vcpus);
    return repin(vm, VN_STEP_VCPUPIN, vcpu, &vm->vcpus[vcpu], cpus, err);
}

static int op_pin_emulator(void *self, const char *name, const struct vn_cpuset *cpus, unsigned scope,
                           struct vn_err *err)
{
    struct fake_vm *vm;
    int r = running(self, "pin_emulator", name, &vm, err);

    MUST(scope == VN_SCOPE_LIVE);
    return r < 0 ? r : repin(vm, VN_STEP_EMULATORPIN, 0, &vm->emulator, cpus, err);
}

static int op_pin_iothread(void *self, const char *name, unsigned iothread, const struct vn_cpuset *cpus,
                           unsigned scope, struct vn_err *err)
{
    struct fake_vm *vm;
    int r = running(self, "pin_iothread", name, &vm, err);

    MUST(scope == VN_SCOPE_LIVE);
    return r < 0 ? r : repin(vm, VN_STEP_IOTHREADPIN, iothread, &vm->iothread, cpus, err);
}

static int op_set_nodeset(void *self, const char *name, const struct vn_nodeset *nodes, unsigned scope,
                          struct vn_err *err)
{
    VN_AUTO(vn_buf) xml = {0};
    struct fake_vm *vm;
    int r = running(self, "set_nodeset", name, &vm, err);

    MUST(scope == VN_SCOPE_LIVE);
    if (r == 0)
        r = vn_domxml_set_nodeset(vm->live, strlen(vm->live), nodes, &xml, err);
    return r == 0 ? written(vn_buf_text(&xml), vm->live, err) : r;
}

static uint64_t move_some(struct fake_state *state, uint64_t *kib, int from, int to, uint64_t want)
{
    uint64_t n = kib[from] < want ? kib[from] : want;

    n = n < state->free_kib[to] ? n : state->free_kib[to];
    kib[from] -= n;
    kib[to] += n;
    state->free_kib[from] += n;
    state->free_kib[to] -= n;
    return n;
}

static int op_move_memory(void *self, const char *name, const struct vn_move *move, const struct vn_progress *progress,
                          uint64_t *ret_moved, struct vn_err *err)
{
    struct fake *fake = self;
    struct fake_vm *vm;
    uint64_t left = move->limit_kib ? move->limit_kib : UINT64_MAX, want;
    int r = running(fake, "move_memory", name, &vm, err);

    (void)progress;
    *ret_moved = 0;
    if (r < 0)
        return r;
    for (unsigned cell = 0; cell < FAKE_CELLS; cell++)
        for (int from = 0; from < FAKE_NODES; from++) {
            if ((!move->all && cell != move->cell) || from == move->node_to ||
                (move->nodes_from && !vn_nodeset_has(move->nodes_from, (unsigned)from)))
                continue;
            want = vm->cell_kib[cell][from] < left ? vm->cell_kib[cell][from] : left;
            *ret_moved += move_some(&fake->host->state, vm->cell_kib[cell], from, move->node_to, want / 2);
            if (fake->hook)
                fake->hook(fake->hook_self, "half a move");
            *ret_moved += move_some(&fake->host->state, vm->cell_kib[cell], from, move->node_to, want - want / 2);
            left -= want;
        }
    return 0;
}

static int op_memory(void *self, const char *name, struct vn_arena *arena, uint64_t **ret_node, uint64_t **ret_cell,
                     struct vn_err *err)
{
    struct fake_vm *vm;
    int r = running(self, "memory", name, &vm, err);

    if (r < 0)
        return r;
    *ret_node = vn_arena_array(arena, FAKE_NODES, sizeof **ret_node);
    *ret_cell = vn_arena_array(arena, FAKE_CELLS * FAKE_NODES, sizeof **ret_cell);
    MUST(*ret_node && *ret_cell);
    memcpy(*ret_cell, vm->cell_kib, sizeof vm->cell_kib);
    for (size_t c = 0; c < FAKE_CELLS; c++)
        for (size_t n = 0; n < FAKE_NODES; n++)
            (*ret_node)[n] += vm->cell_kib[c][n];
    return 0;
}

static int op_define(void *self, const char *xml, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    struct fake *fake = self;
    struct fake_vm *vm;
    char text[FAKE_XML];
    int r = call(fake, "define", err);

    if (r < 0)
        return r;
    vm = find(fake, parse(&arena, xml)->name);
    if (!vm)
        return VN_FAIL(err, VN_E_ABSENT, .cause = "no such VM");
    r = written(xml, text, err);
    if (r == 0)
        memcpy(vm->stored, text, sizeof text);
    return r;
}

static int op_save_restore(void *self, const char *name, const char *xml, const struct vn_progress *progress,
                           uint64_t *ret_paused_ms, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    struct fake *fake = self;
    const struct vn_domain *domain;
    struct fake_vm *vm;
    char text[FAKE_XML];
    int r = call(fake, "save_restore", err);

    (void)progress;
    vm = r == 0 ? find(fake, name) : NULL;
    if (r == 0 && !vm)
        r = VN_FAIL(err, VN_E_ABSENT, .got = name, .cause = "no such VM");
    if (r == 0 && !vm->running && !vm->saved)
        r = VN_FAIL(err, VN_E_REFUSED, .got = name, .cause = "the VM does not run");
    if (r == 0)
        r = written(xml, text, err);
    if (r < 0)
        return r;
    vm->running = false;
    vm->saved = true;
    if (fake->hook)
        fake->hook(fake->hook_self, "saved");
    vm->saved = false;
    memcpy(vm->live, text, sizeof text);
    domain = parse(&arena, text);
    for (unsigned i = 0; i < vm->n_vcpus; i++) {
        const struct vn_cpuset *pin = vn_domain_pin(domain, i);

        if (pin)
            vm->vcpus[i] = *pin;
        else
            set_cpus(&vm->vcpus[i], "0-7");
    }
    vm->running = true;
    *ret_paused_ms = 7;
    return 0;
}

static int op_setting(void *self, const char *vm, const char *key, struct vn_buf *ret, struct vn_err *err)
{
    struct fake *fake = self;
    int r = call(fake, "setting", err);

    if (r < 0)
        return r;
    if (*vm || strcmp(key, "kernel.numa_balancing"))
        return VN_FAIL(err, VN_E_ABSENT, .got = key, .cause = "no such setting");
    vn_buf_str(ret, fake->host->state.balancing);
    return ret->failed ? vn_nomem(err) : 0;
}

static int op_set_setting(void *self, const char *vm, const char *key, const char *value, struct vn_err *err)
{
    struct fake *fake = self;
    int r = call(fake, "set_setting", err);

    if (r < 0)
        return r;
    if (*vm || strcmp(key, "kernel.numa_balancing") || strlen(value) >= sizeof fake->host->state.balancing)
        return VN_FAIL(err, VN_E_ABSENT, .got = key, .cause = "no such setting");
    (void)snprintf(fake->host->state.balancing, sizeof fake->host->state.balancing, "%s", value);
    return 0;
}

static const struct vn_hypervisor_ops ops = {
    .observe = op_observe,         .xml = op_xml,
    .uuid = op_uuid,
    .pin_vcpu = op_pin_vcpu,       .pin_emulator = op_pin_emulator,
    .pin_iothread = op_pin_iothread, .set_nodeset = op_set_nodeset,
    .move_memory = op_move_memory, .memory = op_memory,
    .define = op_define,           .save_restore = op_save_restore,
    .setting = op_setting,         .set_setting = op_set_setting,
};

struct vn_hypervisor fake_hv(struct fake *fake, struct fake_host *host)
{
    struct vn_hypervisor hv = {.ops = &ops, .self = fake, .uri = "fake:"};

    *fake = (struct fake){.host = host};
    return hv;
}

/* ---- a plan ---- */

static struct vn_step *add(struct vn_plan *plan, const struct fake_vm *vm, enum vn_step_kind kind, unsigned index)
{
    struct vn_step *step = vn_arena_grow(&plan->arena, &plan->steps, &plan->n_steps, sizeof *step);

    MUST(step);
    step->kind = kind;
    step->when = kind == VN_STEP_DEFINE ? VN_WHEN_NEXT_START : VN_WHEN_LIVE;
    step->vm = vn_arena_strdup(&plan->arena, vm->name);
    step->uuid = vn_arena_strdup(&plan->arena, vm->uuid);
    step->reason = vn_arena_strdup(&plan->arena, "a test");
    step->index = index;
    step->cell = -1;
    MUST(step->vm && step->uuid && step->reason);
    return step;
}

static void add_pin(struct vn_plan *plan, const struct fake_vm *vm, enum vn_step_kind kind, unsigned index,
                    const char *before, const char *after)
{
    struct vn_step *step = add(plan, vm, kind, index);

    set_cpus(&step->cpus_before, before);
    set_cpus(&step->cpus_after, after);
}

static void add_move(struct vn_plan *plan, const struct fake_vm *vm, int cell, int node_to)
{
    struct vn_step *step = add(plan, vm, VN_STEP_MOVE_MEMORY, 0);

    step->cell = cell;
    step->node_to = node_to;
    step->n_kib = FAKE_NODES;
    step->kib_before = vn_arena_array(&plan->arena, FAKE_NODES, sizeof *step->kib_before);
    step->kib_nodes = vn_arena_array(&plan->arena, FAKE_NODES, sizeof *step->kib_nodes);
    MUST(step->kib_before && step->kib_nodes);
    for (int n = 0; n < FAKE_NODES; n++) {
        step->kib_nodes[n] = n;
        step->kib_before[n] = vm->cell_kib[cell < 0 ? 0 : cell][n];
        step->move_kib += n == node_to ? 0 : step->kib_before[n];
    }
}

static char *pin_in(struct vn_plan *plan, const char *xml, enum vn_step_kind kind, unsigned index, const char *cpus)
{
    VN_AUTO(vn_buf) out = {0};
    struct vn_cpuset set;
    char *text;

    set_cpus(&set, cpus);
    MUST(vn_domxml_set_pin(xml, strlen(xml), kind, index, &set, &out, NULL) == 0);
    text = vn_arena_strdup(&plan->arena, vn_buf_text(&out));
    MUST(text);
    return text;
}

static void add_define(struct vn_plan *plan, const struct fake_vm *vm, const char *const *cpus, const char *emulator,
                       const char *iothread)
{
    struct vn_step *step = add(plan, vm, VN_STEP_DEFINE, 0);
    const char *xml = vm->stored;

    for (unsigned i = 0; i < vm->n_vcpus; i++)
        xml = pin_in(plan, xml, VN_STEP_VCPUPIN, i, cpus[i]);
    xml = pin_in(plan, xml, VN_STEP_EMULATORPIN, 0, emulator);
    if (iothread)
        xml = pin_in(plan, xml, VN_STEP_IOTHREADPIN, 1, iothread);
    /* not as the host writes it, so that what was asked for and what is stored are not the same bytes */
    step->xml_after = vn_arena_printf(&plan->arena, "<!-- as planned -->\n%s\n\n", xml);
    step->xml_before = vn_arena_strdup(&plan->arena, vm->stored);
    MUST(step->xml_before && step->xml_after);
}

/* The host's own, which no VM has. */
static void add_setting(struct vn_plan *plan, const char *before, const char *after)
{
    static const struct fake_vm host = {.name = ""};
    struct vn_step *step = add(plan, &host, VN_STEP_SETTING, 0);

    step->key = vn_arena_strdup(&plan->arena, "kernel.numa_balancing");
    step->value_before = vn_arena_strdup(&plan->arena, before);
    step->value_after = vn_arena_strdup(&plan->arena, after);
    MUST(step->key && step->value_before && step->value_after);
}

void fake_plan(const struct fake_host *host, struct vn_plan *ret)
{
    static const char *const db_cpus[] = {"0", "1", "4", "5"}, *const web_cpus[] = {"2", "3"};
    const struct fake_vm *db = &host->state.vms[0], *web = &host->state.vms[1];

    add_define(ret, db, db_cpus, "6-7", "6");
    for (unsigned i = 0; i < db->n_vcpus; i++)
        add_pin(ret, db, VN_STEP_VCPUPIN, i, "0-7", db_cpus[i]);
    add_pin(ret, db, VN_STEP_EMULATORPIN, 0, "0-7", "6-7");
    add_pin(ret, db, VN_STEP_IOTHREADPIN, 1, "0-7", "6");
    add_move(ret, db, 0, 0);
    add_move(ret, db, 1, 1);
    add_define(ret, web, web_cpus, "2-3", NULL);
    for (unsigned i = 0; i < web->n_vcpus; i++)
        add_pin(ret, web, VN_STEP_VCPUPIN, i, "0-7", web_cpus[i]);
    add_pin(ret, web, VN_STEP_EMULATORPIN, 0, "0-7", "2-3");
    add_setting(ret, host->state.balancing, "0");
}
