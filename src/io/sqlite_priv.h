/* SPDX-License-Identifier: MIT */
#ifndef VN_IO_SQLITE_PRIV_H
#define VN_IO_SQLITE_PRIV_H

#include <sqlite3.h>

#include "io/lockfile.h"
#include "port/store.h"

struct vn_journal {
    sqlite3 *db;
    char *dir;  /* NULL: in memory */
    char *path; /* of the database, for messages */
    struct vn_lockfile lock;
};

void vn_stmt_cleanup(sqlite3_stmt **stmt);
#define VN_AUTO_STMT __attribute__((cleanup(vn_stmt_cleanup))) sqlite3_stmt *

/** vn_journal_fail() - what SQLite says went wrong; @doing: "read", "write to", ... */
int vn_journal_fail(const struct vn_journal *journal, const char *doing, struct vn_err *err);

/** vn_journal_prepare() - @ret is finalized by its cleanup. */
VN_NODISCARD int vn_journal_prepare(struct vn_journal *journal, const char *sql, const char *doing,
                                    sqlite3_stmt **ret, struct vn_err *err);

/* The reading half of vn_store_ops. */
VN_NODISCARD int vn_journal_read(void *self, int64_t id, struct vn_arena *arena, struct vn_journal_entry *ret,
                                 struct vn_err *err);
VN_NODISCARD int vn_journal_list(void *self, const char *uri, struct vn_arena *arena, struct vn_journal_entry **ret,
                                 size_t *ret_count, struct vn_err *err);

#endif
