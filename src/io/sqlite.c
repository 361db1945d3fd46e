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
#include "io/sqlite_priv.h"

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

int vn_journal_fail(const struct vn_journal *journal, const char *doing, struct vn_err *err)
{
    const char *fix = "Look at the disk and at the journal's directory; 'vnuma --state DIR' names another one.";
    int code = VN_E_IO, rc = sqlite3_errcode(journal->db);

    if (rc == SQLITE_NOMEM)
        return vn_nomem(err);
    if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB)
        fix = "The file is damaged: move it away (keep it, it holds the way back of earlier applies) and try again.";
    if (rc == SQLITE_READONLY || rc == SQLITE_PERM || rc == SQLITE_AUTH || rc == SQLITE_CANTOPEN) {
        code = VN_E_ENV;
        fix = "Run vnuma as root, or give a directory that can be written with --state DIR.";
    }
    if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED) {
        code = VN_E_BUSY;
        fix = "Another program holds the journal; wait for it and try again.";
    }
    (void)vn_failf(err, code, fix, "cannot %s the journal: %s", doing, sqlite3_errmsg(journal->db));
    if (err)
        (void)snprintf(err->where, sizeof err->where, "%s", journal->path ? journal->path : "memory");
    return -code;
}

static int run_sql(struct vn_journal *journal, const char *sql, const char *doing, struct vn_err *err)
{
    return sqlite3_exec(journal->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : vn_journal_fail(journal, doing, err);
}

void vn_stmt_cleanup(sqlite3_stmt **stmt)
{
    (void)sqlite3_finalize(*stmt);
}

int vn_journal_prepare(struct vn_journal *journal, const char *sql, const char *doing, sqlite3_stmt **ret,
                       struct vn_err *err)
{
    return sqlite3_prepare_v2(journal->db, sql, -1, ret, NULL) == SQLITE_OK ? 0 : vn_journal_fail(journal, doing, err);
}

/* A statement that gives no rows; @must_change: to have changed no row is an error. */
static int finish(struct vn_journal *journal, sqlite3_stmt *stmt, bool must_change, struct vn_err *err)
{
    if (sqlite3_step(stmt) != SQLITE_DONE)
        return vn_journal_fail(journal, "write to", err);
    if (must_change && !sqlite3_changes(journal->db))
        return VN_FAIL(err, VN_E_ABSENT, .where = journal->path, .cause = "the journal has no such entry or step",
                       .fix = "Look at 'vnuma history'.");
    return 0;
}

/* ---- writing ---- */

static int insert_entry(struct vn_journal *journal, const char *uri, const char *what, int64_t now_usec,
                        struct vn_err *err)
{
    VN_AUTO_STMT stmt = NULL;
    int r = vn_journal_prepare(journal, "INSERT INTO entry (uri, what, state, started_usec) VALUES (?, ?, ?, ?)",
                               "write to", &stmt, err);

    if (r < 0)
        return r;
    (void)sqlite3_bind_text(stmt, 1, uri, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(stmt, 2, what, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(stmt, 3, vn_apply_state_name(VN_APPLY_RUNNING), -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(stmt, 4, now_usec);
    return finish(journal, stmt, true, err);
}

static int insert_steps(struct vn_journal *journal, int64_t id, const struct vn_step *steps, size_t n_steps,
                        struct vn_err *err)
{
    VN_AUTO_STMT stmt = NULL;
    int r = vn_journal_prepare(journal, "INSERT INTO step (entry, idx, state, body) VALUES (?, ?, ?, ?)", "write to",
                               &stmt, err);

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
    struct vn_journal *journal = self;
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

static int write_step(struct vn_journal *journal, int64_t id, size_t step, enum vn_step_state state, const char *note,
                      const char *body, struct vn_err *err)
{
    VN_AUTO_STMT stmt = NULL;
    int r = vn_journal_prepare(journal,
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

/*
 * Written, not synced: a killed process loses nothing by that. A power cut may lose the last of
 * these records, and with them every guest: begin() and end() are synced, recovery looks at what is
 * stored itself, and so 32 pins do not wait for the disk 64 times.
 */
static int op_set_step(void *self, int64_t id, size_t step, enum vn_step_state state, const char *note,
                       struct vn_err *err)
{
    struct vn_journal *journal = self;
    int r = run_sql(journal, "PRAGMA synchronous = NORMAL", "write to", err), back;

    if (r < 0)
        return r;
    r = write_step(journal, id, step, state, note, NULL, err);
    back = run_sql(journal, "PRAGMA synchronous = FULL", "write to", r < 0 ? NULL : err);
    return r < 0 ? r : back;
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
    struct vn_journal *journal = self;
    bool open = state == VN_APPLY_RUNNING || state == VN_APPLY_UNDOING;
    VN_AUTO_STMT stmt = NULL;
    int r = vn_journal_prepare(journal,
                               "UPDATE entry SET state = ?2, note = coalesce(?3, note), ended_usec = ?4 WHERE id = ?1",
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

/* ---- lock, open, close ---- */

static int op_lock(void *self, const char *uri, unsigned wait_ms, struct vn_err *err)
{
    struct vn_journal *journal = self;

    return vn_lockfile_take(&journal->lock, journal->dir, uri, wait_ms, err);
}

static void op_unlock(void *self)
{
    struct vn_journal *journal = self;

    vn_lockfile_give(&journal->lock);
}

static void op_close(void *self)
{
    struct vn_journal *journal = self;

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
    .read = vn_journal_read, .list = vn_journal_list, .close = op_close, .set_step_as = op_set_step_as,
};

static int fail_dir(const char *path, struct vn_err *err)
{
    int why = errno;

    (void)vn_failf(err, VN_E_ENV, "Run vnuma as root, or give a directory that can be written with --state DIR.",
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

static int check_version(struct vn_journal *journal, struct vn_err *err)
{
    VN_AUTO_STMT stmt = NULL;
    char got[24];
    int version, r = vn_journal_prepare(journal, "PRAGMA user_version", "read", &stmt, err);

    if (r < 0)
        return r;
    if (sqlite3_step(stmt) != SQLITE_ROW)
        return vn_journal_fail(journal, "read", err);
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
                   .fix = "Use that vnuma, or give another directory with --state DIR.");
}

static int open_db(struct vn_journal *journal, struct vn_err *err)
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
        return vn_journal_fail(journal, "open", err);
    (void)sqlite3_busy_timeout(journal->db, BUSY_MS);
    /* the journal is on disk before the change it tells of is made */
    r = run_sql(journal, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON", "open", err);
    return r < 0 ? r : check_version(journal, err);
}

int vn_sqlite_open(const char *dir, struct vn_store *ret, struct vn_err *err)
{
    struct vn_journal *journal = calloc(1, sizeof *journal);
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
