/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <vnuma/units.h>

#include "codec/capture_priv.h"
#include "codec/domxml.h"

/* The section [vm NAME]. */

const char *const vn_capture_methods[VN_CAPTURE_METHODS] = {"unread", "numa_stat", "numa_maps"};

static const char *const keys[] = {"uuid",     "state",  "pid",      "mem_method", "node_kib",
                                   "emulator", "unread", "live_xml", "stored_xml", NULL};
enum key { KEY_UUID, KEY_STATE, KEY_PID, KEY_METHOD, KEY_NODE_KIB, KEY_EMULATOR, KEY_UNREAD, KEY_LIVE, KEY_STORED };

/* What is read of a VM before its lists can be checked against each other. */
struct vm_in {
    struct vn_lines *lines;
    struct vn_vm *vm;
    size_t n_nodes;
    struct vn_seen seen;
    size_t n_cells; /* lines cell.N so far */
};

/* "name=value" of a thread's line. */
static int thread_field(struct vn_lines *lines, char *field, struct vn_thread *thread)
{
    char *equals = strchr(field, '=');
    int64_t number;
    int r;

    if (!equals)
        return vn_lines_fail(lines, field, NULL, "not a field of a thread");
    *equals = '\0';
    if (!strcmp(field, "tid")) {
        r = vn_lines_int(lines, equals + 1, 0, INT_MAX, &number);
        thread->tid = r < 0 ? 0 : (int)number;
        return r;
    }
    if (!strcmp(field, "cpu")) {
        r = vn_lines_int(lines, equals + 1, -1, VN_CPU_MAX - 1, &number);
        thread->cpu = r < 0 ? -1 : (int)number;
        return r;
    }
    if (!strcmp(field, "configured")) {
        thread->known |= VN_THREAD_CONFIGURED;
        return vn_lines_cpus(lines, equals + 1, &thread->configured);
    }
    if (!strcmp(field, "allowed")) {
        thread->known |= VN_THREAD_ALLOWED;
        return vn_lines_cpus(lines, equals + 1, &thread->allowed);
    }
    if (!strcmp(field, "cgroup")) {
        thread->known |= VN_THREAD_CGROUP;
        return vn_lines_cpus(lines, equals + 1, &thread->cgroup);
    }
    return vn_lines_fail(lines, field, "Known are tid, cpu, configured, allowed and cgroup.", "an unknown field");
}

/* "online tid=4711 cpu=3 configured=0-3 allowed=0-3 cgroup=0-3" */
static int read_thread(struct vn_lines *lines, char *value, struct vn_thread *thread)
{
    char *blank = strchr(value, ' '), *at = blank ? blank + 1 : NULL;
    int r = 0;

    if (++lines->threads > VN_CAPTURE_THREADS_MAX)
        return vn_lines_fail(lines, NULL, NULL, "more than %u threads", VN_CAPTURE_THREADS_MAX);
    if (blank)
        *blank = '\0';
    if (strcmp(value, "online") != 0 && strcmp(value, "offline") != 0)
        return vn_lines_fail(lines, value, "Use 'online' or 'offline'.", "an unknown state of a thread");
    thread->online = !strcmp(value, "online");
    thread->cpu = -1;
    while (at && r == 0) {
        blank = strchr(at, ' ');
        if (blank)
            *blank = '\0';
        r = thread_field(lines, at, thread);
        at = blank ? blank + 1 : NULL;
    }
    return r;
}

static int add_thread(struct vn_lines *lines, const char *id, char *value, struct vn_thread **threads, size_t *count)
{
    struct vn_thread *thread;
    uint64_t number = 0;
    int r = vn_lines_uint(lines, id, UINT32_MAX, &number);

    if (r < 0)
        return r;
    if (*count && (*threads)[*count - 1].id >= number)
        return vn_lines_fail(lines, id, "List them by ascending number, each once.", "a thread out of order");
    thread = vn_arena_grow(lines->arena, threads, count, sizeof *thread);
    if (!thread)
        return vn_nomem(lines->err);
    memset(thread, 0, sizeof *thread);
    thread->id = (unsigned)number;
    return read_thread(lines, value, thread);
}

static int read_vcpu(struct vm_in *in, const char *id, char *value)
{
    char expected[24];

    (void)snprintf(expected, sizeof expected, "%zu", in->vm->n_vcpus);
    if (strcmp(id, expected) != 0 || in->vm->n_vcpus == VN_CPU_MAX)
        return vn_lines_fail(in->lines, id, "List every vCPU from 0 on.", "not vCPU %s", expected);
    return add_thread(in->lines, id, value, &in->vm->vcpus, &in->vm->n_vcpus);
}

/* "cell.0=1024 0": resident KiB on each node. Rows of one array, in the order of cells. */
static int read_cell(struct vm_in *in, const char *id, char *value)
{
    uint64_t number = 0, *row, *cells;
    size_t count = 0;
    int r = vn_lines_uint(in->lines, id, VN_NODE_MAX - 1, &number);

    if (r == 0)
        r = vn_lines_list(in->lines, value, UINT64_C(1) << 53, VN_NODE_MAX, &row, &count);
    if (r < 0)
        return r;
    if (number != in->n_cells || count != in->n_nodes)
        return vn_lines_fail(in->lines, id, "List the cells from 0 on, each with one number for each node.",
                             "not cell %zu with %zu numbers", in->n_cells, in->n_nodes);
    cells = vn_arena_array(in->lines->arena, (in->n_cells + 1) * in->n_nodes, sizeof *cells);
    if (!cells)
        return vn_nomem(in->lines->err);
    if (in->n_cells)
        memcpy(cells, in->vm->cell_kib, in->n_cells * in->n_nodes * sizeof *cells);
    memcpy(cells + in->n_cells * in->n_nodes, row, in->n_nodes * sizeof *cells);
    in->vm->cell_kib = cells;
    in->n_cells++;
    return 0;
}

static int read_state(const struct vn_lines *lines, const char *value, enum vn_vm_state *ret)
{
    int state = vn_vm_state_parse(value);

    if (state < 0)
        return vn_lines_fail(lines, value, "Use 'shut off', 'running', 'paused' or 'other'.", "an unknown state");
    *ret = (enum vn_vm_state)state;
    return 0;
}

static int read_method(const struct vn_lines *lines, const char *value, enum vn_mem_method *ret)
{
    for (size_t i = 0; i < VN_CAPTURE_METHODS; i++) {
        if (!strcmp(vn_capture_methods[i], value)) {
            *ret = (enum vn_mem_method)i;
            return 0;
        }
    }
    return vn_lines_fail(lines, value, "Use 'unread', 'numa_stat' or 'numa_maps'.", "an unknown method");
}

static int read_node_kib(struct vm_in *in, char *value)
{
    size_t count = 0;
    int r = vn_lines_list(in->lines, value, UINT64_C(1) << 53, VN_NODE_MAX, &in->vm->node_kib, &count);

    if (r == 0 && count != in->n_nodes)
        r = vn_lines_fail(in->lines, NULL, NULL, "%zu numbers for %zu nodes", count, in->n_nodes);
    return r;
}

/* The text as it is, and what it says; the XML is that of this VM. */
static int read_xml(struct vm_in *in, char *xml, char **ret_xml, struct vn_domain **ret)
{
    struct vn_lines *lines = in->lines;
    struct vn_domain *domain = vn_arena_alloc(lines->arena, sizeof *domain);
    int r;

    if (!domain)
        return vn_nomem(lines->err);
    r = vn_domxml_parse(xml, strlen(xml), lines->arena, domain, lines->err);
    if (r < 0)
        return vn_err_ctx(lines->err, r, "in the XML of VM '%s', which ends at line %lu", in->vm->name, lines->number);
    if (!domain->name || strcmp(domain->name, in->vm->name) != 0)
        return vn_lines_fail(lines, domain->name, NULL, "the XML of another VM than '%s'", in->vm->name);
    *ret_xml = xml;
    *ret = domain;
    return 0;
}

static int read_block(struct vm_in *in, const struct vn_line *line)
{
    int r, key = vn_seen_key(&in->seen, in->lines, line->key, &r);

    if (r < 0)
        return r;
    if (key == KEY_LIVE)
        return read_xml(in, line->value, &in->vm->live_xml, &in->vm->live);
    if (key == KEY_STORED)
        return read_xml(in, line->value, &in->vm->stored_xml, &in->vm->stored);
    return vn_lines_fail(in->lines, line->key, NULL, "an unknown block of text");
}

static int read_scalar(struct vm_in *in, enum key key, char *value)
{
    struct vn_vm *vm = in->vm;
    int64_t number = 0;
    int r;

    switch (key) {
    case KEY_UUID:
        vm->uuid = value;
        return 0;
    case KEY_STATE:
        return read_state(in->lines, value, &vm->state);
    case KEY_PID:
        r = vn_lines_int(in->lines, value, 0, INT_MAX, &number);
        vm->pid = (int)number;
        return r;
    case KEY_METHOD:
        return read_method(in->lines, value, &vm->mem_method);
    case KEY_NODE_KIB:
        return read_node_kib(in, value);
    case KEY_EMULATOR:
        return read_thread(in->lines, value, &vm->emulator);
    case KEY_UNREAD:
        vm->unread = value;
        return 0;
    case KEY_LIVE:
    case KEY_STORED:
        break;
    }
    return vn_lines_fail(in->lines, NULL, "Write 'live_xml:' and then the text.", "a block of text as a value");
}

static int read_policy(struct vm_in *in, const char *key, const char *value)
{
    struct vn_lines *lines = in->lines;
    char *was = vn_vm_policy_get(lines->arena, &in->vm->policy, key);
    int r;

    if (was)
        return vn_lines_fail(lines, key, "Keep one of them.", "a policy key that is there twice");
    r = vn_vm_policy_set(lines->arena, &in->vm->policy, key, value, lines->err);
    return r < 0 ? vn_err_ctx(lines->err, r, "line %lu", lines->number) : 0;
}

static const char *after(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(text, prefix, len) ? NULL : text + len;
}

static int read_key(struct vm_in *in, const struct vn_line *line)
{
    const char *id;
    int r, key;

    if ((id = after(line->key, "vcpu.")) != NULL)
        return read_vcpu(in, id, line->value);
    if ((id = after(line->key, "iothread.")) != NULL)
        return add_thread(in->lines, id, line->value, &in->vm->iothreads, &in->vm->n_iothreads);
    if ((id = after(line->key, "cell.")) != NULL)
        return read_cell(in, id, line->value);
    if ((id = after(line->key, "policy.")) != NULL)
        return read_policy(in, id, line->value);
    key = vn_seen_key(&in->seen, in->lines, line->key, &r);
    if (r < 0)
        return r;
    if (key < 0)
        return vn_lines_fail(in->lines, line->key, NULL, "an unknown key of the section [vm]");
    return read_scalar(in, (enum key)key, line->value);
}

/* Cells of memory are those of the running guest; every other reader counts on it. */
static int check_vm(const struct vm_in *in)
{
    const struct vn_vm *vm = in->vm;
    size_t cells = vm->live ? vm->live->n_cells : 0;

    if (vm->cell_kib && in->n_cells != cells)
        return vn_lines_fail(in->lines, vm->name, NULL, "memory of %zu cells, and the live XML has %zu", in->n_cells,
                             cells);
    return vn_seen_all(&in->seen, in->lines, 2, "vm");
}

int vn_capture_read_vm(struct vn_lines *lines, char *name, const struct vn_host *host, struct vn_snapshot *snapshot)
{
    struct vm_in in = {.lines = lines, .n_nodes = host->n_nodes, .seen = {.keys = keys}};
    struct vn_line line;
    int r = 0;

    if (!name[0] || (snapshot->n_vms && strcmp(snapshot->vms[snapshot->n_vms - 1].name, name) >= 0))
        return vn_lines_fail(lines, name, "List the VMs by name, each once.", "a VM out of order");
    if (snapshot->n_vms == VN_CAPTURE_VMS_MAX)
        return vn_lines_fail(lines, NULL, NULL, "more than %u VMs", VN_CAPTURE_VMS_MAX);
    in.vm = vn_arena_grow(lines->arena, &snapshot->vms, &snapshot->n_vms, sizeof *in.vm);
    if (!in.vm)
        return vn_nomem(lines->err);
    in.vm->name = name;
    while (r == 0 && !vn_lines_section_ends(lines)) {
        r = vn_lines_next(lines, &line);
        if (r == 0)
            r = line.kind == VN_LINE_BLOCK ? read_block(&in, &line) : read_key(&in, &line);
    }
    return r < 0 ? r : check_vm(&in);
}
