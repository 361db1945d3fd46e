/* SPDX-License-Identifier: MIT */
#include "codec/domxml.h"
#include "codec/qemucmd.h"
#include "fuzz.h"

/* A command line, a line for each argument. What parses is a guest that makes sense, and so does its XML. */

static void must_make_sense(const struct vn_qemu_cmd *cmd)
{
    const struct vn_guest_topology *t = &cmd->topology;

    MUST(cmd->program && cmd->name && cmd->uuid && cmd->vmid && cmd->readconfig && cmd->mem_path);
    MUST(cmd->vcpus && cmd->vcpus <= cmd->vcpus_max && cmd->vcpus_max <= VN_CPU_MAX && cmd->memory_kib);
    MUST((uint64_t)t->sockets * t->dies * t->cores * t->threads == cmd->vcpus_max);
    MUST(cmd->memory_backend < (int)cmd->n_backends);
    for (size_t i = 0; i < cmd->n_cells; i++) {
        MUST(cmd->cells[i].backend < (int)cmd->n_backends);
        MUST(vn_cpuset_last(&cmd->cells[i].vcpus) < (int)cmd->vcpus_max);
        for (size_t j = 0; j < i; j++)
            MUST(!vn_cpuset_intersects(&cmd->cells[i].vcpus, &cmd->cells[j].vcpus));
    }
    for (size_t i = 0; i < cmd->n_iothreads; i++)
        for (size_t j = 0; j < i; j++)
            MUST(cmd->iothread_numbers[i] != cmd->iothread_numbers[j]);
    for (size_t i = 0; i < cmd->n_devices; i++)
        MUST(strlen(cmd->devices[i]) == 12);
}

static void must_be_xml(struct vn_arena *arena, const struct vn_qemu_cmd *cmd)
{
    VN_AUTO(vn_buf) xml = {0};
    struct vn_cpuset online = {{3}};
    struct vn_thread vcpu = {.online = true, .known = VN_THREAD_CONFIGURED, .configured = {{1}}};
    struct vn_vm vm = {.name = *cmd->name ? cmd->name : cmd->program, .vcpus = &vcpu, .n_vcpus = 1};
    struct vn_domain domain;

    if (!*cmd->name)
        vm.name = vn_arena_strdup(arena, "x");
    MUST(vn_qemucmd_xml(cmd, &vm, &online, &xml, NULL) == 0);
    MUST(vn_domxml_parse(xml.ptr, xml.len, arena, &domain, NULL) == 0);
    MUST(domain.vcpus_max == cmd->vcpus_max && domain.vcpus == 1 && domain.memory_kib == cmd->memory_kib);
    MUST(domain.n_cells == cmd->n_cells && domain.n_iothreads == cmd->n_iothreads);
    MUST(domain.n_devices == cmd->n_devices && domain.n_vcpupins == 1);
    for (size_t i = 0; i < domain.n_cells; i++)
        MUST(vn_cpuset_equal(&domain.cells[i].vcpus, &cmd->cells[i].vcpus));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VN_AUTO(vn_arena) arena = {0};
    char *text = fuzz_text(data, size);
    struct vn_qemu_cmd cmd;
    struct vn_err err = {0};

    for (size_t i = 0; i < size; i++)
        if (text[i] == '\n')
            text[i] = '\0';
    if (vn_qemucmd_parse(text, size, &arena, &cmd, &err) == 0) {
        must_make_sense(&cmd);
        (void)vn_qemucmd_in_order(&cmd);
        if (cmd.n_iothreads <= 4096 && cmd.vcpus_max <= 512)
            must_be_xml(&arena, &cmd);
    } else {
        MUST(err.code && err.cause[0]);
    }
    free(text);
    return 0;
}
