/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>
#include <vnuma/plan.h>

#include "io/qemu_priv.h"

/* What would keep a placement over the next start: the start script's options, for a person to put there. */

struct notes {
    struct vn_arena *arena;
    char **items;
    size_t count;
    bool failed;
};

static void add(struct notes *notes, char *text)
{
    char **item = vn_arena_grow(notes->arena, &notes->items, &notes->count, sizeof *item);

    if (item)
        *item = text;
    notes->failed |= !item || !text;
}

static void all_cpus(const struct vn_placement *at, struct vn_cpuset *ret)
{
    *ret = (struct vn_cpuset){{0}};
    for (size_t i = 0; i < at->n_vcpus; i++)
        vn_cpuset_or(ret, &at->vcpupin[i]);
    if (at->has_emulatorpin)
        vn_cpuset_or(ret, &at->emulatorpin);
    for (size_t i = 0; i < at->n_iothreadpins; i++)
        vn_cpuset_or(ret, &at->iothreadpins[i].cpus);
}

static const char *policy_of(const struct vn_placement *at)
{
    return at->memory_preferred ? "preferred" : "bind";
}

/* Every cell of the guest has a backend and a node in the plan. */
static bool has_backends(const struct vn_qemu_cmd *cmd, const struct vn_placement *at)
{
    for (size_t i = 0; i < cmd->n_cells; i++)
        if (cmd->cells[i].backend < 0)
            return false;
    return cmd->n_cells && cmd->n_cells == at->n_cells;
}

/* "host-nodes=0,policy=bind in its -object m0, ..." */
static char *backend_text(const struct notes *notes, const struct vn_qemu_cmd *cmd, const struct vn_placement *at)
{
    char *text = vn_arena_strdup(notes->arena, "");

    for (size_t i = 0; i < at->n_cells && text; i++)
        text = vn_arena_printf(notes->arena, "%s%s'host-nodes=%d,policy=%s' in -object %s", text,
                               !i ? "" : i + 1 < at->n_cells ? ", " : " and ", at->cells[i].node, policy_of(at),
                               cmd->backends[cmd->cells[i].backend].id);
    return text;
}

static char *nodes_text(const struct notes *notes, const struct vn_placement *at)
{
    struct vn_nodeset nodes = {{0}};

    for (size_t i = 0; i < at->n_cells; i++)
        vn_nodeset_add(&nodes, (unsigned)at->cells[i].node);
    return vn_nodeset_text(notes->arena, &nodes);
}

static void by_hand(struct notes *notes, const struct vn_qemu_cmd *cmd, const struct vn_placement *at, const char *cpus)
{
    const char *nodes = nodes_text(notes, at), *backends;

    if (has_backends(cmd, at)) {
        backends = backend_text(notes, cmd, at);
        add(notes, vn_arena_printf(notes->arena,
                                   "'%s': to keep that, start it under 'taskset -c %s' with %s; after the start, "
                                   "'vnuma apply' pins each vCPU", at->name, cpus, backends ? backends : "?"));
        notes->failed |= !backends;
    } else {
        add(notes, vn_arena_printf(notes->arena, "'%s': to keep that, start it under 'numactl --physcpubind=%s "
                                   "--%s=%s'; after the start, 'vnuma apply' pins each vCPU", at->name, cpus,
                                   at->memory_preferred ? "preferred" : "membind", nodes ? nodes : "?"));
        notes->failed |= !nodes;
    }
}

/* Proxmox divides the parts of a list by semicolons there. */
static char *with_semicolons(struct vn_arena *arena, const struct vn_cpuset *set)
{
    char *text = vn_cpuset_text(arena, set);

    for (char *at = text; at && *at; at++)
        if (*at == ',')
            *at = ';';
    return text;
}

static void by_proxmox(struct notes *notes, const struct vn_qemu_cmd *cmd, const struct vn_placement *at,
                       const char *cpus)
{
    char *command = vn_arena_printf(notes->arena, "qm set %s --affinity %s --numa 1", cmd->vmid, cpus);

    for (size_t i = 0; command && i < at->n_cells; i++) {
        char *vcpus = with_semicolons(notes->arena, &at->cells[i].vcpus);

        if (!vcpus)
            command = NULL;
        else
            command = vn_arena_printf(notes->arena,
                                      "%s --numa%zu 'cpus=%s,hostnodes=%d,memory=%" PRIu64 ",policy=%s'", command, i,
                                      vcpus, at->cells[i].node, at->cells[i].memory_kib / 1024, policy_of(at));
    }
    if (!command) {
        notes->failed = true;
        return;
    }
    add(notes, vn_arena_printf(notes->arena, "'%s': Proxmox keeps that, the process as a whole on those CPUs, with\n%s",
                               at->name, command));
}

int vn_qemu_keep(void *self, const struct vn_placement *at, struct vn_arena *arena, char ***ret_notes,
                 size_t *ret_count, struct vn_err *err)
{
    struct notes notes = {.arena = arena};
    struct vn_qemu_guest *guest;
    struct vn_cpuset all;
    const char *cpus;
    int r = vn_qemu_find(self, at->name, &guest, err);

    if (r < 0)
        return r;
    all_cpus(at, &all);
    cpus = vn_cpuset_text(arena, &all);
    if (!cpus)
        return vn_nomem(err);
    r = guest->broken ? 0 : vn_qemu_who(self, guest, err);
    if (r < 0)
        return r;
    if (guest->who && guest->who->nameless)
        add(&notes, vn_arena_printf(arena, "'%s': its vCPUs cannot be pinned: %s", at->name, guest->who->nameless));
    if (*guest->cmd.vmid)
        by_proxmox(&notes, &guest->cmd, at, cpus);
    else
        by_hand(&notes, &guest->cmd, at, cpus);
    if (notes.failed)
        return vn_nomem(err);
    *ret_notes = notes.items;
    *ret_count = notes.count;
    return 0;
}
