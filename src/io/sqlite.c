/* SPDX-License-Identifier: MIT */
/* The journal on SQLite. Its lock is a file beside the database: src/io/lockfile.c. */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vnuma/buf.h>

#include "codec/planjson.h"
#include "io/doors.h"
#include "io/lockfile.h"

/* Raised with every change of the tables; an older program refuses a newer file. */
#define SCHEMA_VERSION 1
#define BUSY_MS 10000

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS entry ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, uri TEXT NOT NULL, what TEXT NOT NULL,"
    " note TEXT NOT NULL DEFAULT '', state TEXT NOT NULL,"
    " started_usec INTEGER NOT NULL, ended_usec INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE IF NOT EXISTS step ("
    " entry INTEGER NOT NULL REFERENCES entry(id), idx INTEGER NOT NULL, state TEXT NOT NULL,"
    " note TEXT NOT NULL DEFAULT '', body TEXT NOT NULL, PRIMARY KEY (entry, idx)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS entry_uri ON entry(uri, id);"
    "PRAGMA user_version = 1;"
    "COMMIT;";

struct journal {
    sqlite3 *db;
    char *dir;  /* NULL: in memory */
    char *path; /* of the database, for messages */
    struct vn_lockfile lock;
};

static int fail_sql(const struct journal *journal, const char *doing, struct vn_err *err)
{
    const char *fix = "Look at the disk and at the journal's directory; 'vnuma --state DIR' names another one";
    int code = VN_E_IO, rc = sqlite3_errcode(journal->db);

    if (rc == SQLITE_NOMEM)
        return vn_nomem(err);
    if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB)
        fix = "The file is damaged: move it away (keep it, it holds the way back of earlier applies) and try again";
    if (rc == SQLITE_READONLY || rc == SQLITE_PERM || rc == SQLITE_AUTH || rc == SQLITE_CANTOPEN) {
        code = VN_E_ENV;
        fix = "Run vnuma as root, or give a directory that can be written with --state DIR";
    }
    if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED) {
        code = VN_E_BUSY;
        fix = "Another program holds the journal; wait for it and try again";
    }
    (void)vn_failf(err, code, fix, "cannot %s the journal: %s", doing, sqlite3_errmsg(journal->db));
    if (err)
        (void)snprintf(err->where, sizeof err->where, "%s", journal->path ? journal->path : "memory");
    return -code;
}

static int run_sql(struct journal *journal, const char *sql, const char *doing, struct vn_err *err)
{
    return sqlite3_exec(journal->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail_sql(journal, doing, err);
}

static void stmt_cleanup(sqlite3_stmt **stmt)
{
    (void)sqlite3_finalize(*stmt);
}
#define AUTO_STMT __attribute__((cleanup(stmt_cleanup))) sqlite3_stmt *

static int prepare(struct journal *journal, const char *sql, const char *doing, sqlite3_stmt **ret, struct vn_err *err)
{
    return sqlite3_prepare_v2(journal->db, sql, -1, ret, NULL) == SQLITE_OK ? 0 : fail_sql(journal, doing, err);
}

/* A statement that gives no rows; @absent: not to have changed any row is an error. */
static int finish(struct journal *journal, sqlite3_stmt *stmt, bool must_change, struct vn_err *err)
{
    if (sqlite3_step(stmt) != SQLITE_DONE)
        return fail_sql(journal, "write to", err);
    if (must_change && !sqlite3_changes(journal->db))
        return VN_FAIL(err, VN_E_ABSENT, .where = journal->path, .cause = "the journal has no such entry or step",
                       .fix = "Look at 'vnuma history'");
    return 0;
}

/* ---- writing ---- */

static int insert_entry(struct journal *journal, const char *uri, const char *what, int64_t now_usec, struct vn_err *err)
{
    AUTO_STMT stmt = NULL;
    int r = prepare(journal, "INSERT INTO entry (uri, what, state, started_usec) VALUES (?, ?, ?, ?)", "write to", &stmt,
                    err);

    if (r < 0)
        return r;
    (void)sqlite3_bind_text(stmt, 1, uri, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(stmt, 2, what, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(stmt, 3, vn_apply_state_name(VN_APPLY_RUNNING), -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(stmt, 4, now_usec);
    return finish(journal, stmt, true, err);
}

static int insert_steps(struct journal *journal, int64_t id, const struct vn_step *steps, size_t n_steps,
                        struct vn_err *err)
{
    AUTO_STMT stmt = NULL;
    int r = prepare(journal, "INSERT INTO step (entry, idx, state, body) VALUES (?, ?, ?, ?)", "write to", &stmt, err);

    for (size_t i = 0; r == 0 && i < n_steps; i++) {
        VN_AUTO(vn_buf) body = {0};

        r = vn_step_format(&steps[i], &body, err);
        if (r < 0)
            break;
        (void)sqlite3_reset(stmt);
        (void)sqlite3_bind_int64(stmt, 1, id);
        (void)sqlite3_bind_int64(stmt, 2, (sqlite3_int64)i);
        (void)sqlite3_bind_text(stmt, 3, vn_step_state_name(VN_STEP_PENDING), -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(stmt, 4, vn_buf_text(&body), -1, SQLITE_TRANSIENT);
        r = finish(journal, stmt, true, err);
    }
    return r;
}

static int op_begin(void *self, const char *uri, const char *what, const struct vn_step *steps, size_t n_steps,
                    int64_t now_usec, int64_t *ret_id, struct vn_err *err)
{
    struct journal *journal = self;
    int64_t id;
    int r = run_sql(journal, "BEGIN IMMEDIATE", "write to", err);

    if (r < 0)
        return r;
    r = insert_entry(journal, uri, what, now_usec, err);
    id = sqlite3_last_insert_rowid(journal->db);
    if (r == 0)
        r = insert_steps(journal, id, steps, n_steps, err);
    if (r == 0)
        r = run_sql(journal, "COMMIT", "write to", err);
    if (r < 0) {
        (void)sqlite3_exec(journal->db, "ROLLBACK", NULL, NULL, NULL); /* the first error is the one to tell */
        return r;
    }
    *ret_id = id;
    return 0;
}

static int write_step(struct journal *journal, int64_t id, size_t step, enum vn_step_state state, const char *note,
                      const char *body, struct vn_err *err)
{
    AUTO_STMT stmt = NULL;
    int r = prepare(journal,
                    "UPDATE step SET state = ?3, note = coalesce(?4, note), body = coalesce(?5, body)"
                    " WHERE entry = ?1 AND idx = ?2",
                    "write to", &stmt, err);

    if (r < 0)
        return r;
    (void)sqlite3_bind_int64(stmt, 1, id);
    (void)sqlite3_bind_int64(stmt, 2, (sqlite3_int64)step);
    (void)sqlite3_bind_text(stmt, 3, vn_step_state_name(state), -1, SQLITE_STATIC);
    if (note)
        (void)sqlite3_bind_text(stmt, 4, note, -1, SQLITE_STATIC);
    if (body)
        (void)sqlite3_bind_text(stmt, 5, body, -1, SQLITE_STATIC);
    return finish(journal, stmt, true, err);
}

static int op_set_step(void *self, int64_t id, size_t step, enum vn_step_state state, const char *note,
                       struct vn_err *err)
{
    return write_step(self, id, step, state, note, NULL, err);
}

static int op_set_step_as(void *self, int64_t id, size_t step, enum vn_step_state state, const struct vn_step *now,
                          struct vn_err *err)
{
    VN_AUTO(vn_buf) body = {0};
    int r = vn_step_format(now, &body, err);

    return r < 0 ? r : write_step(self, id, step, state, NULL, vn_buf_text(&body), err);
}

static int op_end(void *self, int64_t id, enum vn_apply_state state, const char *note, int64_t now_usec,
                  struct vn_err *err)
{
    struct journal *journal = self;
    bool open = state == VN_APPLY_RUNNING || state == VN_APPLY_UNDOING;
    AUTO_STMT stmt = NULL;
    int r = prepare(journal, "UPDATE entry SET state = ?2, note = coalesce(?3, note), ended_usec = ?4 WHERE id = ?1",
                    "write to", &stmt, err);

    if (r < 0)
        return r;
    (void)sqlite3_bind_int64(stmt, 1, id);
    (void)sqlite3_bind_text(stmt, 2, vn_apply_state_name(state), -1, SQLITE_STATIC);
    if (note)
        (void)sqlite3_bind_text(stmt, 3, note, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(stmt, 4, open ? 0 : now_usec);
    return finish(journal, stmt, true, err);
}

/* ---- reading ---- */

static char *column_text(struct vn_arena *arena, sqlite3_stmt *stmt, int column)
{
    const void *text = sqlite3_column_text(stmt, column);

    return vn_arena_strdup(arena, text ? text : "");
}

static int bad_state(const struct journal *journal, const char *got, struct vn_err *err)
{
    return VN_FAIL(err, VN_E_IO, .where = journal->path, .got = got, .cause = "the journal holds an unknown state",
                   .fix = "The file is damaged or was written by another version: move it away and keep it");
}

/* Columns: id, uri, what, note, state, started, ended. */
static int read_entry(const struct journal *journal, sqlite3_stmt *stmt, struct vn_arena *arena,
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

static int read_step(const struct journal *journal, sqlite3_stmt *stmt, struct vn_arena *arena,
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

static int read_steps(struct journal *journal, struct vn_arena *arena, struct vn_journal_entry *entry,
                      struct vn_err *err)
{
    AUTO_STMT stmt = NULL;
    int rc, r = prepare(journal, "SELECT state, note, body FROM step WHERE entry = ? ORDER BY idx", "read", &stmt, err);

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
    return rc == SQLITE_DONE ? 0 : fail_sql(journal, "read", err);
}

static int op_read(void *self, int64_t id, struct vn_arena *arena, struct vn_journal_entry *ret, struct vn_err *err)
{
    struct journal *journal = self;
    struct vn_journal_entry entry = {0};
    char number[24];
    AUTO_STMT stmt = NULL;
    int rc, r = prepare(journal, "SELECT id, uri, what, note, state, started_usec, ended_usec FROM entry WHERE id = ?",
                        "read", &stmt, err);

    if (r < 0)
        return r;
    (void)sqlite3_bind_int64(stmt, 1, id);
    rc = sqlite3_step(stmt);
    (void)snprintf(number, sizeof number, "%lld", (long long)id);
    if (rc == SQLITE_DONE)
        return VN_FAIL(err, VN_E_ABSENT, .got = number, .cause = "the journal has no entry of that number",
                       .fix = "'vnuma history' lists them");
    if (rc != SQLITE_ROW)
        return fail_sql(journal, "read", err);
    r = read_entry(journal, stmt, arena, &entry, err);
    if (r == 0)
        r = read_steps(journal, arena, &entry, err);
    if (r == 0)
        *ret = entry;
    return r;
}

static int op_list(void *self, const char *uri, struct vn_arena *arena, struct vn_journal_entry **ret,
                   size_t *ret_count, struct vn_err *err)
{
    struct journal *journal = self;
    struct vn_journal_entry *items = NULL;
    size_t count = 0;
    AUTO_STMT stmt = NULL;
    int rc, r = prepare(journal,
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
        return fail_sql(journal, "read", err);
    *ret = items;
    *ret_count = count;
    return 0;
}

/* ---- lock, open, close ---- */

static int op_lock(void *self, const char *uri, unsigned wait_ms, struct vn_err *err)
{
    struct journal *journal = self;

    return vn_lockfile_take(&journal->lock, journal->dir, uri, wait_ms, err);
}

static void op_unlock(void *self)
{
    struct journal *journal = self;

    vn_lockfile_give(&journal->lock);
}

static void op_close(void *self)
{
    struct journal *journal = self;

    if (!journal)
        return;
    vn_lockfile_give(&journal->lock);
    (void)sqlite3_close(journal->db);
    free(journal->dir);
    free(journal->path);
    free(journal);
}

static const struct vn_store_ops ops = {
    .lock = op_lock, .unlock = op_unlock, .begin = op_begin, .set_step = op_set_step, .end = op_end,
    .read = op_read, .list = op_list,     .close = op_close, .set_step_as = op_set_step_as,
};

static int fail_dir(const char *path, struct vn_err *err)
{
    int why = errno;

    (void)vn_failf(err, VN_E_ENV, "Run vnuma as root, or give a directory that can be written with --state DIR",
                   "cannot make the journal's directory: %s", strerror(why));
    if (err)
        (void)snprintf(err->where, sizeof err->where, "%s", path);
    return -VN_E_ENV;
}

/* The directory and its parents, for root's eyes only. One that is there stays as it is. */
static int make_dirs(char *path, struct vn_err *err)
{
    struct stat st;

    for (char *at = path + 1; at[-1]; at++) {
        char kept = *at;

        if (kept && kept != '/')
            continue;
        *at = '\0';
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
            return fail_dir(path, err);
        *at = kept;
    }
    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
        errno = ENOTDIR;
    else if (access(path, W_OK | X_OK) == 0)
        return 0;
    return fail_dir(path, err);
}

static int check_version(struct journal *journal, struct vn_err *err)
{
    AUTO_STMT stmt = NULL;
    char got[24];
    int version, r = prepare(journal, "PRAGMA user_version", "read", &stmt, err);

    if (r < 0)
        return r;
    if (sqlite3_step(stmt) != SQLITE_ROW)
        return fail_sql(journal, "read", err);
    version = sqlite3_column_int(stmt, 0);
    if (version == SCHEMA_VERSION)
        return 0;
    if (version == 0) {
        (void)sqlite3_reset(stmt); /* a read in progress would forbid the COMMIT */
        return run_sql(journal, schema, "make", err);
    }
    (void)snprintf(got, sizeof got, "%d", version);
    return VN_FAIL(err, VN_E_ENV, .where = journal->path, .got = got,
                   .cause = "the journal was written by another, newer vnuma (schema version)",
                   .fix = "Use that vnuma, or give another directory with --state DIR");
}

static int open_db(struct journal *journal, struct vn_err *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;
    int fd = journal->path ? open(journal->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    int rc, r;

    /* made here for its mode; one that is there is not touched: closing it would drop SQLite's own locks */
    if (fd >= 0)
        (void)close(fd);
    rc = sqlite3_open_v2(journal->path ? journal->path : ":memory:", &journal->db, flags, NULL);
    if (!journal->db)
        return vn_nomem(err);
    if (rc != SQLITE_OK)
        return fail_sql(journal, "open", err);
    (void)sqlite3_busy_timeout(journal->db, BUSY_MS);
    /* the journal is on disk before the change it tells of is made */
    r = run_sql(journal, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON", "open", err);
    return r < 0 ? r : check_version(journal, err);
}

int vn_sqlite_open(const char *dir, struct vn_store *ret, struct vn_err *err)
{
    struct journal *journal = calloc(1, sizeof *journal);
    int r = 0;

    if (!journal)
        return vn_nomem(err);
    journal->lock.fd = -1;
    if (dir) {
        journal->dir = strdup(dir[0] ? dir : ".");
        if (!journal->dir || asprintf(&journal->path, "%s/journal.db", journal->dir) < 0) {
            journal->path = NULL;
            r = vn_nomem(err);
        }
        if (r == 0)
            r = make_dirs(journal->dir, err);
    }
    if (r == 0)
        r = open_db(journal, err);
    if (r < 0) {
        op_close(journal);
        return r;
    }
    *ret = (struct vn_store){.ops = &ops, .self = journal};
    return 0;
}
