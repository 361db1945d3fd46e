/* SPDX-License-Identifier: MIT */
#include "cli/check_plan.h"

#include <vnuma/buf.h>
#include <vnuma/planner.h>

#include "codec/planjson.h"

static const struct vn_column broken_columns[] = {
    {"rule", "RULE", 0}, {"vm", "VM", VN_COL_WRAP}, {"what", "WHAT IS WRONG", VN_COL_WRAP}};
static const struct vn_table broken_table = {NULL, broken_columns, VN_COUNT(broken_columns)};

static const struct vn_column cost_columns[] = {
    {"term", "COST", 0}, {"is", "RECOMPUTED", VN_COL_RIGHT}, {"said", "THE PLAN SAYS", VN_COL_RIGHT}};
static const struct vn_table cost_table = {NULL, cost_columns, VN_COUNT(cost_columns)};

static void list_broken(struct vn_doc *doc, const struct vn_check *found)
{
    struct vn_val *rows = vn_doc_array(doc, NULL, "broken", &broken_table);

    for (size_t i = 0; i < found->n_broken; i++) {
        struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);

        vn_doc_text(doc, row, "rule", NULL, found->broken[i].rule);
        if (found->broken[i].vm)
            vn_doc_text(doc, row, "vm", NULL, found->broken[i].vm);
        else
            vn_doc_null(doc, row, "vm", NULL);
        vn_doc_text(doc, row, "what", NULL, found->broken[i].what);
    }
}

/* @cost NULL: there is none. */
static void list_cost(struct vn_doc *doc, const char *key, const struct vn_cost *cost)
{
    struct vn_val *object;

    if (!cost) {
        vn_doc_null(doc, NULL, key, NULL);
        return;
    }
    object = vn_doc_object(doc, NULL, key, NULL);
    vn_doc_int(doc, object, "placed_vcpus", NULL, (int64_t)cost->placed_vcpus);
    vn_doc_real(doc, object, "distance", NULL, cost->distance);
    vn_doc_real(doc, object, "device", NULL, cost->device);
    vn_doc_int(doc, object, "l3", NULL, (int64_t)cost->l3);
    vn_doc_int(doc, object, "moved_kib", NULL, (int64_t)cost->moved_kib);
}

static void show_count(struct vn_doc *doc, struct vn_val *rows, const char *term, uint64_t is, const uint64_t *said)
{
    struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);

    vn_doc_text(doc, row, "term", NULL, term);
    vn_doc_int(doc, row, "is", NULL, (int64_t)is);
    if (said)
        vn_doc_int(doc, row, "said", NULL, (int64_t)*said);
    else
        vn_doc_null(doc, row, "said", NULL);
}

static void show_distance(struct vn_doc *doc, struct vn_val *rows, const char *term, double is, const double *said)
{
    struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);

    vn_doc_text(doc, row, "term", NULL, term);
    vn_doc_real(doc, row, "is", NULL, is);
    if (said)
        vn_doc_real(doc, row, "said", NULL, *said);
    else
        vn_doc_null(doc, row, "said", NULL);
}

/* Every figure, where anything differs or nothing was said: what it should be is what one wants to know. */
static void show_cost(struct vn_doc *doc, const struct vn_cost *is, const struct vn_cost *said)
{
    struct vn_val *rows = vn_doc_array(doc, NULL, NULL, &cost_table);

    show_count(doc, rows, "dedicated vCPUs placed", is->placed_vcpus, said ? &said->placed_vcpus : NULL);
    show_distance(doc, rows, "distance", is->distance, said ? &said->distance : NULL);
    show_distance(doc, rows, "device distance", is->device, said ? &said->device : NULL);
    show_count(doc, rows, "L3 domains", is->l3, said ? &said->l3 : NULL);
    show_count(doc, rows, "KiB to move", is->moved_kib, said ? &said->moved_kib : NULL);
}

static void build(struct vn_doc *doc, const struct vn_plan *plan, const struct vn_cost *said,
                  const struct vn_check *found)
{
    vn_doc_init(doc, "vnuma.check-plan/1");
    vn_doc_bool(doc, NULL, "ok", NULL, !found->n_broken);
    vn_doc_int(doc, NULL, "placed", NULL, (int64_t)plan->n_vms);
    vn_doc_int(doc, NULL, "unplaced", NULL, (int64_t)plan->n_unplaced);
    if (found->n_broken)
        vn_doc_say(doc, NULL, "The plan is not valid: %zu thing%s wrong.", found->n_broken,
                   found->n_broken == 1 ? " is" : "s are");
    else
        vn_doc_say(doc, NULL, "The plan is valid: it keeps every rule. %zu VM%s placed, %zu left out.", plan->n_vms,
                   plan->n_vms == 1 ? "" : "s", plan->n_unplaced);
    vn_doc_say(doc, NULL, "%s", "");
    list_broken(doc, found);
    if (found->n_broken)
        vn_doc_say(doc, NULL, "%s", "");
    list_cost(doc, "cost", found->costed ? &found->cost : NULL);
    list_cost(doc, "cost_said", said);
    if (found->costed)
        show_cost(doc, &found->cost, said);
    else
        vn_doc_say(doc, NULL, "Its other rules and its cost were not looked at: that takes VMs of the right shape.");
}

int cli_check_plan(struct cli *cli, const char *path, const struct vn_problem *problem, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    VN_AUTO(vn_plan) plan = {0};
    VN_AUTO(vn_check) found = {0};
    VN_AUTO(vn_doc) doc = {0};
    const struct vn_cost *said;
    bool costed = false;
    int r = cli_read_file(path, VN_JSON_MAX, &text, err);

    if (r == 0)
        r = vn_err_ctx(err, vn_plan_parse_for(vn_buf_text(&text), text.len, problem, &plan, &costed, err), "%s", path);
    if (r < 0)
        return r;
    said = costed ? &plan.cost : NULL;
    r = vn_planner_check_all(problem, &plan, said, &found, err);
    if (r < 0)
        return r;
    build(&doc, &plan, said, &found);
    r = cli_show(cli, &doc, err);
    return r < 0 ? r : found.n_broken ? CLI_FINDINGS : CLI_OK;
}
