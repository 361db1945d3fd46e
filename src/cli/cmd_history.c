/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <time.h>
#include <vnuma/units.h>

#include "cli/request.h"
#include "cli/session.h"
#include "cli/steps.h"

/* ISO 8601 in UTC for programs; the reader's own time for people. */
static void add_time(struct vn_doc *doc, struct vn_val *parent, const char *key, int64_t usec, bool local)
{
    time_t seconds = (time_t)(usec / 1000000);
    struct tm tm = {0};
    char text[32] = "";

    if (!usec) {
        vn_doc_null(doc, parent, key, NULL);
        return;
    }
    if (local ? localtime_r(&seconds, &tm) : gmtime_r(&seconds, &tm))
        (void)strftime(text, sizeof text, local ? "%Y-%m-%d %H:%M:%S" : "%Y-%m-%dT%H:%M:%SZ", &tm);
    vn_doc_text(doc, parent, key, NULL, text);
}

static struct vn_val *add_entry(struct vn_doc *doc, struct vn_val *rows, const struct vn_journal_entry *entry, bool local)
{
    struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);

    vn_doc_int(doc, row, "id", NULL, entry->id);
    vn_doc_text(doc, row, "what", NULL, entry->what);
    vn_doc_text(doc, row, "uri", NULL, entry->uri);
    add_time(doc, row, "started", entry->started_usec, local);
    add_time(doc, row, "ended", entry->ended_usec, local);
    vn_doc_text(doc, row, "state", NULL, vn_apply_state_name(entry->state));
    vn_doc_text(doc, row, "note", NULL, entry->note ? entry->note : "");
    vn_doc_int(doc, row, "n_steps", NULL, (int64_t)entry->n_steps);
    return row;
}

static void show_list(struct vn_doc *doc, const struct vn_journal_entry *entries, size_t n)
{
    static const struct vn_column columns[] = {
        {"id", "ID", VN_COL_RIGHT}, {"started", "STARTED", 0}, {"state", "STATE", 0}, {"n_steps", "STEPS", VN_COL_RIGHT},
        {"what", "WHAT", VN_COL_WRAP}, {"note", "NOTE", VN_COL_WRAP}};
    static const struct vn_table table = {NULL, columns, VN_COUNT(columns)};
    struct vn_val *json = vn_doc_array(doc, NULL, "applies", NULL), *rows = vn_doc_array(doc, NULL, NULL, &table);

    for (size_t i = 0; i < n; i++) {
        (void)add_entry(doc, json, &entries[i], false);
        (void)add_entry(doc, rows, &entries[i], true);
    }
    if (!n)
        vn_doc_say(doc, NULL, "Nothing was applied on this host.");
}

static int list(struct cli_session *session, struct vn_doc *doc, struct vn_err *err)
{
    struct vn_journal_entry *entries = NULL;
    size_t n = 0;
    int r = session->store.ops->list(session->store.self, session->hv.uri, &doc->arena, &entries, &n, err);

    if (r == 0)
        show_list(doc, entries, n);
    return r;
}

static int one(struct cli_session *session, int64_t id, struct vn_doc *doc, struct vn_err *err)
{
    struct vn_journal_entry entry = {0};
    struct cli_steps steps;
    struct vn_val *row;
    int r = session->store.ops->read(session->store.self, id, &doc->arena, &entry, err);

    if (r < 0)
        return r;
    steps = (struct cli_steps){.journal = entry.steps, .count = entry.n_steps};
    row = add_entry(doc, vn_doc_array(doc, NULL, "applies", NULL), &entry, false);
    cli_list_steps(doc, row, &steps);
    vn_doc_say(doc, NULL, "%s: %s%s%s", entry.what, vn_apply_state_name(entry.state),
               entry.note && *entry.note ? ", " : "", entry.note ? entry.note : "");
    cli_show_steps(doc, NULL, &steps);
    return 0;
}

/* Who may not lock may still look: what could not be mended is said, and is no error. */
static void recover(struct cli_session *session, const struct cli *cli, unsigned wait_ms)
{
    VN_AUTO(vn_recovered) recovered = {0};
    struct vn_err why = {0};
    char text[1024];

    if (vn_app_recover(&session->app, wait_ms, &recovered, &why) < 0)
        cli_note(cli, "vnuma: what was interrupted stays as it is: %s", vn_err_text(&why, text, sizeof text));
    cli_progress_clear(&session->bar);
    cli_say_recovered(cli, &recovered);
}

int cmd_history(struct cli *cli, struct vn_err *err)
{
    struct cli_session session;
    VN_AUTO(vn_doc) doc = {0};
    unsigned wait_ms;
    uint64_t id = 0;
    int r = cli_wait_ms(cli, 0, &wait_ms, err);

    if (r == 0 && cli->n_names) {
        r = vn_uint_parse(cli->names[0], INT64_MAX, &id, err);
        if (r < 0)
            return vn_err_ctx(err, r, "history takes the number of an apply");
    }
    if (r == 0)
        r = cli_session_open(cli, CLI_WITH_HISTORY, &session, err);
    if (r < 0)
        return r;
    if (!session.hv.forgets) /* mending needs a host that keeps what it is told */
        recover(&session, cli, wait_ms);
    vn_doc_init(&doc, cli->command->schema);
    r = cli->n_names ? one(&session, (int64_t)id, &doc, err) : list(&session, &doc, err);
    cli_session_drop(&session);
    return r < 0 ? r : cli_show(cli, &doc, err);
}
