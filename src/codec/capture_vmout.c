/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "codec/capture_priv.h"

static void write_thread(struct vn_buf *out, const char *key, const struct vn_thread *thread)
{
    static const struct {
        unsigned bit;
        const char *name;
    } sets[] = {{VN_THREAD_CONFIGURED, "configured"}, {VN_THREAD_ALLOWED, "allowed"}, {VN_THREAD_CGROUP, "cgroup"}};
    char text[VN_SET_TEXT];

    vn_buf_fmt(out, "%s=%s", key, thread->online ? "online" : "offline");
    if (thread->tid)
        vn_buf_fmt(out, " tid=%d", thread->tid);
    if (thread->cpu >= 0)
        vn_buf_fmt(out, " cpu=%d", thread->cpu);
    for (size_t i = 0; i < VN_COUNT(sets); i++) {
        const struct vn_cpuset *set = i == 0 ? &thread->configured : i == 1 ? &thread->allowed : &thread->cgroup;

        if (thread->known & sets[i].bit)
            vn_buf_fmt(out, " %s=%s", sets[i].name, vn_cpuset_format(set, text, sizeof text));
    }
    vn_buf_str(out, "\n");
}

static void write_threads(struct vn_buf *out, const char *what, const struct vn_thread *threads, size_t count)
{
    char key[40];

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(key, sizeof key, "%s.%u", what, threads[i].id);
        write_thread(out, key, &threads[i]);
    }
}

static void write_kib(struct vn_buf *out, const uint64_t *kib, size_t n_nodes)
{
    for (size_t i = 0; i < n_nodes; i++)
        vn_buf_fmt(out, "%s%" PRIu64, i ? " " : "", kib[i]);
    vn_buf_str(out, "\n");
}

static void write_memory(struct vn_buf *out, const struct vn_vm *vm, size_t n_nodes)
{
    size_t cells = vm->live && vm->cell_kib ? vm->live->n_cells : 0;

    vn_buf_fmt(out, "mem_method=%s\n", vn_capture_methods[vm->mem_method]);
    if (vm->node_kib) {
        vn_buf_str(out, "node_kib=");
        write_kib(out, vm->node_kib, n_nodes);
    }
    for (size_t c = 0; c < cells; c++) {
        vn_buf_fmt(out, "cell.%zu=", c);
        write_kib(out, vm->cell_kib + c * n_nodes, n_nodes);
    }
}

static void write_xml(struct vn_buf *out, const char *key, const char *xml)
{
    if (!xml)
        return;
    vn_buf_fmt(out, "%s:\n", key);
    while (*xml) {
        size_t len = strcspn(xml, "\n");

        vn_buf_str(out, "| ");
        vn_buf_add(out, xml, len);
        vn_buf_str(out, "\n");
        if (!xml[len])
            vn_buf_str(out, "\\ no newline at end\n");
        xml += len + (xml[len] == '\n');
    }
}

static void write_policy(struct vn_buf *out, const struct vn_vm_policy *policy)
{
    const char *const *keys_of = vn_vm_policy_keys();
    VN_AUTO(vn_arena) arena = {0};

    for (unsigned i = 0; keys_of[i]; i++) {
        const char *value = vn_vm_policy_get(&arena, policy, keys_of[i]);

        if (value)
            vn_buf_fmt(out, "policy.%s=%s\n", keys_of[i], value);
        else if (policy->set & 1u << i)
            out->failed = 1; /* said, but no text: out of memory */
    }
}

void vn_capture_write_vm(struct vn_buf *out, const struct vn_vm *vm, size_t n_nodes)
{
    static const struct vn_thread none = {.id = 0};

    vn_buf_str(out, "\n[vm ");
    vn_capture_escape(out, vm->name, "");
    vn_buf_str(out, "]\n");
    vn_capture_put(out, "uuid", vm->uuid);
    vn_buf_fmt(out, "state=%s\npid=%d\n", vn_vm_state_name(vm->state), vm->pid);
    if (vm->unread)
        vn_capture_put(out, "unread", vm->unread);
    write_policy(out, &vm->policy);
    write_threads(out, "vcpu", vm->vcpus, vm->n_vcpus);
    if (memcmp(&vm->emulator, &none, sizeof none) != 0)
        write_thread(out, "emulator", &vm->emulator);
    write_threads(out, "iothread", vm->iothreads, vm->n_iothreads);
    write_memory(out, vm, n_nodes);
    write_xml(out, "live_xml", vm->live_xml);
    write_xml(out, "stored_xml", vm->stored_xml);
}
