/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <vnuma/buf.h>

#include "app/balancing.h"
#include "cli/carry.h"

static const char *mode_of(unsigned value)
{
    bool normal = value & VN_BALANCING_NORMAL, tiering = value & VN_BALANCING_TIERING;

    if (normal)
        return tiering ? "on, with memory tiering" : "on";
    return tiering ? "memory tiering only" : "off";
}

static void list_vms(struct vn_doc *doc, const struct vn_snapshot *snapshot, size_t *ret_counts)
{
    static const struct vn_column columns[] = {{"name", "VM", 0}, {"what", "WHAT BALANCING DOES FOR IT", VN_COL_WRAP}};
    static const struct vn_table table = {NULL, columns, VN_COUNT(columns)};
    struct vn_val *rows = NULL;

    for (size_t i = 0; i < snapshot->n_vms; i++) {
        const struct vn_vm *vm = &snapshot->vms[i];
        enum vn_balancing_use use;
        struct vn_val *row;

        if (!vm->live || !vn_vm_runs(vm))
            continue;
        use = vn_balancing_use(&snapshot->host, vm);
        ret_counts[use]++;
        if (!rows)
            rows = vn_doc_array(doc, NULL, "vms", &table);
        row = vn_doc_object(doc, rows, NULL, NULL);
        vn_doc_text(doc, row, "name", NULL, vm->name);
        vn_doc_text(doc, row, "use", NULL, vn_balancing_use_name(use));
        vn_doc_text(doc, row, "what", NULL, vn_balancing_use_text(use));
    }
    if (!rows)
        (void)vn_doc_array(doc, NULL, "vms", NULL);
}

static void advise(struct vn_doc *doc, const struct vn_host *host, unsigned value, const size_t *counts)
{
    size_t gain = counts[VN_BALANCING_FLOATING] + counts[VN_BALANCING_PINNED], cost = counts[VN_BALANCING_BOUND];

    if (gain + cost + counts[VN_BALANCING_HUGE]) /* a gap after the VMs */
        vn_doc_say(doc, NULL, "%s", "");
    if (host->n_nodes < 2)
        vn_doc_say(doc, NULL, "This host has one node: there is nothing to balance, whatever the setting.");
    else if (value && !gain && cost)
        vn_doc_say(doc, NULL, "No VM gains by it, and %zu pay%s for it: 'vnuma balancing off' ends that.", cost,
                   cost == 1 ? "s" : "");
    else if (!value && gain)
        vn_doc_say(doc, NULL, "%zu VM%s would gain by it; better still is a place for each: 'vnuma plan'.", gain,
                   gain == 1 ? "" : "s");
    else if (value && gain)
        vn_doc_say(doc, NULL, "It works for %zu VM%s. A placed and bound VM does without: 'vnuma plan'.", gain,
                   gain == 1 ? "" : "s");
    else
        vn_doc_say(doc, NULL, "Nothing to change.");
}

static int show(struct cli_session *session, struct cli *cli, struct vn_err *err)
{
    VN_AUTO(vn_snapshot) snapshot = {0};
    VN_AUTO(vn_doc) doc = {0};
    VN_AUTO(vn_buf) stored = {0};
    size_t counts[VN_BALANCING_FLOATING + 1] = {0};
    unsigned value = 0;
    int r = vn_balancing_read(&session->app, &value, &stored, err);

    if (r == 0)
        r = cli_observe(session, NULL, 0, &snapshot, err);
    if (r < 0)
        return r;
    vn_doc_init(&doc, cli->command->schema);
    vn_doc_text(&doc, NULL, "mode", "Automatic NUMA balancing", mode_of(value));
    vn_doc_int(&doc, NULL, "value", NULL, value);
    if (stored.len)
        vn_doc_text(&doc, NULL, "stored", "At every boot (by vnuma)", vn_buf_text(&stored));
    else
        vn_doc_null(&doc, NULL, "stored", NULL);
    vn_doc_say(&doc, NULL, "%s", "");
    list_vms(&doc, &snapshot, counts);
    advise(&doc, &snapshot.host, value, counts);
    return cli_show(cli, &doc, err);
}

static int change(struct cli_session *session, struct cli *cli, bool on, struct vn_err *err)
{
    VN_AUTO(vn_plan) plan = {0};
    struct vn_apply_opts opts = {0};
    int r = cli_change_opts(cli, &opts, err);

    if (r == 0)
        r = vn_app_balancing(&session->app, on, cli_has(cli, "persist"), &plan, err);
    return r < 0 ? r : cli_carry_out(session, cli, &plan, &opts, err);
}

int cmd_balancing(struct cli *cli, struct vn_err *err)
{
    const char *word = cli->n_names ? cli->names[0] : "status";
    bool status = !strcmp(word, "status"), on = !strcmp(word, "on");
    struct cli_session session;
    int r;

    if (!status && !on && strcmp(word, "off"))
        return VN_FAIL(err, VN_E_USAGE, .cause = "balancing is on, off or status", .got = word);
    if (status && (cli_has(cli, "persist") || cli_has(cli, "dry-run")))
        return VN_FAIL(err, VN_E_USAGE, .cause = "there is nothing to change", .fix = "Say on or off.");
    r = cli_session_open(cli, status ? 0 : CLI_WITH_STORE, &session, err);
    if (r < 0)
        return r;
    r = status ? show(&session, cli, err) : change(&session, cli, on, err);
    cli_session_drop(&session);
    return r;
}
