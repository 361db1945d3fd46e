/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "codec/qemucmd.h"

/* A QEMU's command line and its threads' masks as a domain XML. */

static void put_text(struct vn_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '&')
            vn_buf_str(out, "&amp;");
        else if (*text == '<')
            vn_buf_str(out, "&lt;");
        else if (*text == '>')
            vn_buf_str(out, "&gt;");
        else
            vn_buf_add(out, text, 1);
    }
}

static void put_cpus(struct vn_buf *out, const struct vn_cpuset *cpus)
{
    VN_AUTO(vn_arena) arena = {0};
    const char *text = vn_cpuset_text(&arena, cpus);

    out->failed |= !text;
    vn_buf_str(out, text ? text : "");
}

static void put_nodes(struct vn_buf *out, const struct vn_nodeset *nodes)
{
    VN_AUTO(vn_arena) arena = {0};
    const char *text = vn_nodeset_text(&arena, nodes);

    out->failed |= !text;
    vn_buf_str(out, text ? text : "");
}

/* ---- pins ---- */

static bool is_pinned(const struct vn_thread *thread, const struct vn_cpuset *online)
{
    struct vn_cpuset cpus = thread->configured;

    vn_cpuset_and(&cpus, online);
    return thread->known & VN_THREAD_CONFIGURED && !vn_cpuset_equal(&cpus, online) && !vn_cpuset_empty(&cpus);
}

static void put_pins(struct vn_buf *out, const char *element, const char *attr, const struct vn_thread *threads,
                     size_t count, const struct vn_cpuset *online)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_pinned(&threads[i], online))
            continue;
        vn_buf_fmt(out, "    <%s", element);
        if (*attr)
            vn_buf_fmt(out, " %s='%u'", attr, threads[i].id);
        vn_buf_str(out, " cpuset='");
        put_cpus(out, &threads[i].configured);
        vn_buf_str(out, "'/>\n");
    }
}

static void put_cputune(struct vn_buf *out, const struct vn_vm *vm, const struct vn_cpuset *online)
{
    vn_buf_str(out, "  <cputune>\n");
    put_pins(out, "vcpupin", "vcpu", vm->vcpus, vm->n_vcpus, online);
    put_pins(out, "emulatorpin", "", &vm->emulator, 1, online);
    put_pins(out, "iothreadpin", "iothread", vm->iothreads, vm->n_iothreads, online);
    vn_buf_str(out, "  </cputune>\n");
}

/* ---- memory ---- */

static const struct vn_qemu_backend *bound(const struct vn_qemu_cmd *cmd, int backend)
{
    const struct vn_qemu_backend *at = backend >= 0 ? &cmd->backends[backend] : NULL;

    return at && at->mode != VN_MEM_DEFAULT && !vn_nodeset_empty(&at->nodes) ? at : NULL;
}

static void put_binding(struct vn_buf *out, const struct vn_qemu_backend *backend)
{
    vn_buf_fmt(out, " mode='%s' nodeset='", vn_mem_mode_name(backend->mode));
    put_nodes(out, &backend->nodes);
    vn_buf_str(out, "'/>\n");
}

static void put_numatune(struct vn_buf *out, const struct vn_qemu_cmd *cmd)
{
    const struct vn_qemu_backend *whole = cmd->n_cells ? NULL : bound(cmd, cmd->memory_backend);
    bool any = whole != NULL;

    for (size_t i = 0; i < cmd->n_cells; i++)
        any |= bound(cmd, cmd->cells[i].backend) != NULL;
    if (!any)
        return;
    vn_buf_str(out, "  <numatune>\n");
    if (whole) {
        vn_buf_str(out, "    <memory");
        put_binding(out, whole);
    }
    for (size_t i = 0; i < cmd->n_cells; i++) {
        const struct vn_qemu_backend *backend = bound(cmd, cmd->cells[i].backend);

        if (!backend)
            continue;
        vn_buf_fmt(out, "    <memnode cellid='%zu'", i);
        put_binding(out, backend);
    }
    vn_buf_str(out, "  </numatune>\n");
}

static void put_hugepages(struct vn_buf *out, const struct vn_qemu_cmd *cmd)
{
    uint64_t kib = cmd->mem_path_hugepage_kib;

    for (size_t i = 0; i < cmd->n_backends && !kib; i++)
        kib = cmd->backends[i].hugepage_kib;
    if (!kib)
        return;
    vn_buf_str(out, "  <memoryBacking>\n    <hugepages>\n");
    if (kib > 1)
        vn_buf_fmt(out, "      <page size='%" PRIu64 "' unit='KiB'/>\n", kib);
    vn_buf_str(out, "    </hugepages>\n  </memoryBacking>\n");
}

/* ---- what the guest sees ---- */

static void put_distances(struct vn_buf *out, const struct vn_qemu_cmd *cmd, size_t cell)
{
    bool any = false;

    for (size_t i = 0; i < cmd->n_distances; i++)
        any |= cmd->distances[i].from == cell;
    if (!any)
        return;
    vn_buf_str(out, "        <distances>\n");
    for (size_t i = 0; i < cmd->n_distances; i++)
        if (cmd->distances[i].from == cell)
            vn_buf_fmt(out, "          <sibling id='%u' value='%u'/>\n", cmd->distances[i].to,
                       cmd->distances[i].value);
    vn_buf_str(out, "        </distances>\n");
}

static void put_cell(struct vn_buf *out, const struct vn_qemu_cmd *cmd, size_t i)
{
    const struct vn_qemu_cell *cell = &cmd->cells[i];

    vn_buf_fmt(out, "      <cell id='%zu'", i);
    if (!vn_cpuset_empty(&cell->vcpus)) {
        vn_buf_str(out, " cpus='");
        put_cpus(out, &cell->vcpus);
        vn_buf_str(out, "'");
    }
    vn_buf_fmt(out, " memory='%" PRIu64 "' unit='KiB'>\n", cell->memory_kib);
    put_distances(out, cmd, i);
    vn_buf_str(out, "      </cell>\n");
}

static void put_cpu(struct vn_buf *out, const struct vn_qemu_cmd *cmd)
{
    const struct vn_guest_topology *t = &cmd->topology;

    if (!cmd->has_topology && !cmd->n_cells)
        return;
    vn_buf_str(out, "  <cpu>\n");
    if (cmd->has_topology)
        vn_buf_fmt(out, "    <topology sockets='%u' dies='%u' cores='%u' threads='%u'/>\n", t->sockets, t->dies,
                   t->cores, t->threads);
    if (cmd->n_cells)
        vn_buf_str(out, "    <numa>\n");
    for (size_t i = 0; i < cmd->n_cells; i++)
        put_cell(out, cmd, i);
    vn_buf_str(out, cmd->n_cells ? "    </numa>\n  </cpu>\n" : "  </cpu>\n");
}

static void put_iothreads(struct vn_buf *out, const struct vn_qemu_cmd *cmd)
{
    if (!cmd->n_iothreads)
        return;
    vn_buf_fmt(out, "  <iothreads>%zu</iothreads>\n  <iothreadids>\n", cmd->n_iothreads);
    for (size_t i = 0; i < cmd->n_iothreads; i++)
        vn_buf_fmt(out, "    <iothread id='%u'/>\n", cmd->iothread_numbers[i]);
    vn_buf_str(out, "  </iothreadids>\n");
}

static void put_devices(struct vn_buf *out, const struct vn_qemu_cmd *cmd)
{
    if (!cmd->n_devices)
        return;
    vn_buf_str(out, "  <devices>\n");
    for (size_t i = 0; i < cmd->n_devices; i++) {
        const char *at = cmd->devices[i]; /* "0000:3b:00.0" */

        vn_buf_fmt(out, "    <hostdev mode='subsystem' type='pci'>\n      <source>\n        <address domain='0x%.4s' "
                   "bus='0x%.2s' slot='0x%.2s' function='0x%.1s'/>\n      </source>\n    </hostdev>\n",
                   at, at + 5, at + 8, at + 11);
    }
    vn_buf_str(out, "  </devices>\n");
}

/* Plugged: as many as have a thread; where that is not known, as many as at the start. */
static unsigned plugged(const struct vn_qemu_cmd *cmd, const struct vn_vm *vm)
{
    unsigned online = 0;

    for (size_t i = 0; i < vm->n_vcpus; i++)
        online += vm->vcpus[i].online;
    return online && online <= cmd->vcpus_max ? online : cmd->vcpus;
}

int vn_qemucmd_xml(const struct vn_qemu_cmd *cmd, const struct vn_vm *vm, const struct vn_cpuset *online,
                   struct vn_buf *ret, struct vn_err *err)
{
    vn_buf_fmt(ret, "<domain type='%s'>\n  <name>", cmd->kvm ? "kvm" : "qemu");
    put_text(ret, vm->name);
    vn_buf_str(ret, "</name>\n");
    if (*cmd->uuid) {
        vn_buf_str(ret, "  <uuid>");
        put_text(ret, cmd->uuid);
        vn_buf_str(ret, "</uuid>\n");
    }
    vn_buf_fmt(ret, "  <memory unit='KiB'>%" PRIu64 "</memory>\n", cmd->memory_kib);
    put_hugepages(ret, cmd);
    vn_buf_fmt(ret, "  <vcpu placement='static' current='%u'>%u</vcpu>\n", plugged(cmd, vm), cmd->vcpus_max);
    put_iothreads(ret, cmd);
    put_cputune(ret, vm, online);
    put_numatune(ret, cmd);
    put_cpu(ret, cmd);
    put_devices(ret, cmd);
    vn_buf_str(ret, "</domain>\n");
    return ret->failed ? vn_nomem(err) : 0;
}
