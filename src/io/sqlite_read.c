/* SPDX-License-Identifier: MIT */
/* What the journal holds, read back. */
#include <stdio.h>

#include "codec/planjson.h"
#include "io/sqlite_priv.h"

static char *column_text(struct vn_arena *arena, sqlite3_stmt *stmt, int column)
{
    const void *text = sqlite3_column_text(stmt, column);

    return vn_arena_strdup(arena, text ? text : "");
}

static int bad_state(const struct vn_journal *journal, const char *got, struct vn_err *err)
{
    return VN_FAIL(err, VN_E_IO, .where = journal->path, .got = got, .cause = "the journal holds an unknown state",
                   .fix = "The file is damaged or was written by another version: move it away and keep it.");
}

/* Columns: id, uri, what, note, state, started, ended. */
static int read_entry(const struct vn_journal *journal, sqlite3_stmt *stmt, struct vn_arena *arena,
                      struct vn_journal_entry *ret, struct vn_err *err)
{
    char *state = column_text(arena, stmt, 4);
    int known;

    ret->id = sqlite3_column_int64(stmt, 0);
    ret->uri = column_text(arena, stmt, 1);
    ret->what = column_text(arena, stmt, 2);
    ret->note = column_text(arena, stmt, 3);
    if (!state || !ret->uri || !ret->what || !ret->note)
        return vn_nomem(err);
    ret->started_usec = sqlite3_column_int64(stmt, 5);
    ret->ended_usec = sqlite3_column_int64(stmt, 6);
    known = vn_apply_state_parse(state);
    if (known < 0)
        return bad_state(journal, state, err);
    ret->state = (enum vn_apply_state)known;
    return 0;
}

static int read_step(const struct vn_journal *journal, sqlite3_stmt *stmt, struct vn_arena *arena,
                     struct vn_journal_step *ret, struct vn_err *err)
{
    char *state = column_text(arena, stmt, 0);
    const void *body = sqlite3_column_text(stmt, 2);
    int known;

    ret->note = column_text(arena, stmt, 1);
    if (!state || !ret->note || !body)
        return vn_nomem(err);
    known = vn_step_state_parse(state);
    if (known < 0)
        return bad_state(journal, state, err);
    ret->state = (enum vn_step_state)known;
    return vn_step_parse(body, (size_t)sqlite3_column_bytes(stmt, 2), arena, &ret->step, err);
}

static int read_steps(struct vn_journal *journal, struct vn_arena *arena, struct vn_journal_entry *entry,
                      struct vn_err *err)
{
    VN_AUTO_STMT stmt = NULL;
    int rc, r = vn_journal_prepare(journal, "SELECT state, note, body FROM step WHERE entry = ? ORDER BY idx", "read",
                                   &stmt, err);

    if (r < 0)
        return r;
    (void)sqlite3_bind_int64(stmt, 1, entry->id);
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct vn_journal_step *step = vn_arena_grow(arena, &entry->steps, &entry->n_steps, sizeof *step);

        if (!step)
            return vn_nomem(err);
        r = read_step(journal, stmt, arena, step, err);
        if (r < 0)
            return vn_err_ctx(err, r, "cannot read step %zu of journal entry %lld", entry->n_steps,
                              (long long)entry->id);
    }
    return rc == SQLITE_DONE ? 0 : vn_journal_fail(journal, "read", err);
}

int vn_journal_read(void *self, int64_t id, struct vn_arena *arena, struct vn_journal_entry *ret, struct vn_err *err)
{
    struct vn_journal *journal = self;
    struct vn_journal_entry entry = {0};
    char number[24];
    VN_AUTO_STMT stmt = NULL;
    int rc, r = vn_journal_prepare(journal,
                                   "SELECT id, uri, what, note, state, started_usec, ended_usec"
                                   " FROM entry WHERE id = ?",
                                   "read", &stmt, err);

    if (r < 0)
        return r;
    (void)sqlite3_bind_int64(stmt, 1, id);
    rc = sqlite3_step(stmt);
    (void)snprintf(number, sizeof number, "%lld", (long long)id);
    if (rc == SQLITE_DONE)
        return VN_FAIL(err, VN_E_ABSENT, .got = number, .cause = "the journal has no entry of that number",
                       .fix = "'vnuma history' lists them.");
    if (rc != SQLITE_ROW)
        return vn_journal_fail(journal, "read", err);
    r = read_entry(journal, stmt, arena, &entry, err);
    if (r == 0)
        r = read_steps(journal, arena, &entry, err);
    if (r == 0)
        *ret = entry;
    return r;
}

int vn_journal_list(void *self, const char *uri, struct vn_arena *arena, struct vn_journal_entry **ret,
                    size_t *ret_count, struct vn_err *err)
{
    struct vn_journal *journal = self;
    struct vn_journal_entry *items = NULL;
    size_t count = 0;
    VN_AUTO_STMT stmt = NULL;
    int rc, r = vn_journal_prepare(journal,
                                   "SELECT id, uri, what, note, state, started_usec, ended_usec,"
                                   " (SELECT count(*) FROM step WHERE entry = entry.id)"
                                   " FROM entry WHERE ?1 IS NULL OR uri = ?1 ORDER BY id DESC",
                                   "read", &stmt, err);

    if (r < 0)
        return r;
    if (uri)
        (void)sqlite3_bind_text(stmt, 1, uri, -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct vn_journal_entry *entry = vn_arena_grow(arena, &items, &count, sizeof *entry);

        if (!entry)
            return vn_nomem(err);
        r = read_entry(journal, stmt, arena, entry, err);
        if (r < 0)
            return r;
        entry->n_steps = (size_t)sqlite3_column_int64(stmt, 7);
    }
    if (rc != SQLITE_DONE)
        return vn_journal_fail(journal, "read", err);
    *ret = items;
    *ret_count = count;
    return 0;
}
