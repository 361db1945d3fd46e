/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <signal.h>
#include <sqlite3.h>

#include "io/doors.h"

static char top[64], dir[96];

static int setup(void **state)
{
    (void)state;
    strcpy(top, "/tmp/vnuma-sqlite-XXXXXX");
    assert_non_null(mkdtemp(top));
    (void)snprintf(dir, sizeof dir, "%s/a/b", top);
    return 0;
}

static int teardown(void **state)
{
    char cmd[128];

    (void)state;
    (void)snprintf(cmd, sizeof cmd, "rm -rf '%s'", top);
    return system(cmd);
}

static struct vn_store open_store(const char *where)
{
    struct vn_store store;
    struct vn_err err = {0};

    if (vn_sqlite_open(where, &store, &err) < 0)
        fail_msg("%s: %s", err.where, err.cause);
    return store;
}

/* Two steps that use every kind of field. */
static void steps_of(struct vn_arena *arena, struct vn_step ret[2])
{
    static uint64_t kib[] = {5, 1u << 20};
    static int nodes[] = {0, 7};

    memset(ret, 0, 2 * sizeof *ret);
    for (size_t i = 0; i < 2; i++) {
        ret[i].vm = vn_arena_strdup(arena, "db \"32\"");
        ret[i].uuid = vn_arena_strdup(arena, "u");
        ret[i].reason = vn_arena_strdup(arena, "because");
        ret[i].cell = -1;
    }
    ret[0].kind = VN_STEP_DEFINE;
    ret[0].when = VN_WHEN_NEXT_START;
    ret[0].xml_before = vn_arena_strdup(arena, "<domain>\n\t<name>\xc3\xa9</name></domain>\n");
    ret[0].xml_after = vn_arena_strdup(arena, "<domain/>");
    ret[1].kind = VN_STEP_MOVE_MEMORY;
    ret[1].cell = 1;
    ret[1].node_to = 7;
    ret[1].kib_before = kib;
    ret[1].kib_nodes = nodes;
    ret[1].n_kib = 2;
    ret[1].move_kib = 5;
}

static int64_t begin(struct vn_store *store, const char *uri, int64_t at)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_step steps[2];
    struct vn_err err = {0};
    int64_t id = 0;

    steps_of(&arena, steps);
    assert_int_equal(store->ops->begin(store->self, uri, "apply db", steps, 2, at, &id, &err), 0);
    assert_true(id > 0);
    return id;
}

static void an_entry_survives(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_store store = open_store(dir);
    struct vn_journal_entry entry;
    struct vn_step want[2];
    struct vn_err err = {0};
    struct stat st;
    int64_t id = begin(&store, "qemu:///system", 1000);

    (void)state;
    steps_of(&arena, want);
    assert_int_equal(store.ops->set_step(store.self, id, 0, VN_STEP_BEGUN, "a note", &err), 0);
    assert_int_equal(store.ops->set_step(store.self, id, 0, VN_STEP_DONE, NULL, &err), 0);
    vn_store_drop(&store);
    store = open_store(dir);
    assert_int_equal(store.ops->read(store.self, id, &arena, &entry, &err), 0);
    assert_int_equal(entry.state, VN_APPLY_RUNNING);
    assert_int_equal(entry.started_usec, 1000);
    assert_int_equal(entry.ended_usec, 0);
    assert_string_equal(entry.uri, "qemu:///system");
    assert_string_equal(entry.what, "apply db");
    assert_int_equal(entry.n_steps, 2);
    assert_int_equal(entry.steps[0].state, VN_STEP_DONE);
    assert_string_equal(entry.steps[0].note, "a note");
    assert_string_equal(entry.steps[0].step.xml_before, want[0].xml_before);
    assert_string_equal(entry.steps[0].step.vm, want[0].vm);
    assert_int_equal(entry.steps[1].state, VN_STEP_PENDING);
    assert_int_equal(entry.steps[1].step.kind, VN_STEP_MOVE_MEMORY);
    assert_int_equal(entry.steps[1].step.kib_nodes[1], 7);
    assert_int_equal(entry.steps[1].step.kib_before[1], 1u << 20);
    vn_store_drop(&store);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

static void a_step_can_be_told_anew(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_store store = open_store(NULL);
    struct vn_journal_entry entry;
    struct vn_step steps[2];
    struct vn_err err = {0};
    int64_t id = begin(&store, "u", 1);

    (void)state;
    steps_of(&arena, steps);
    steps[0].xml_after = vn_arena_strdup(&arena, "<domain a='1'/>");
    assert_int_equal(store.ops->set_step_as(store.self, id, 0, VN_STEP_DONE, &steps[0], &err), 0);
    assert_int_equal(store.ops->read(store.self, id, &arena, &entry, &err), 0);
    assert_string_equal(entry.steps[0].step.xml_after, "<domain a='1'/>");
    assert_int_equal(entry.steps[0].state, VN_STEP_DONE);
    assert_int_equal(store.ops->set_step(store.self, id, 2, VN_STEP_DONE, NULL, &err), -VN_E_ABSENT);
    assert_int_equal(store.ops->set_step(store.self, id + 1, 0, VN_STEP_DONE, NULL, &err), -VN_E_ABSENT);
    assert_int_equal(store.ops->end(store.self, id + 1, VN_APPLY_DONE, "", 1, &err), -VN_E_ABSENT);
    assert_int_equal(store.ops->read(store.self, id + 1, &arena, &entry, &err), -VN_E_ABSENT);
    vn_store_drop(&store);
}

static void entries_are_listed_by_host_newest_first(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_store store = open_store(dir);
    struct vn_journal_entry *entries;
    struct vn_err err = {0};
    int64_t a = begin(&store, "one", 1), b = begin(&store, "two", 2), c = begin(&store, "one", 3);
    size_t n;

    (void)state;
    assert_int_equal(store.ops->end(store.self, c, VN_APPLY_DONE, "fine", 9, &err), 0);
    assert_int_equal(store.ops->list(store.self, "one", &arena, &entries, &n, &err), 0);
    assert_int_equal(n, 2);
    assert_int_equal(entries[0].id, c);
    assert_int_equal(entries[0].state, VN_APPLY_DONE);
    assert_int_equal(entries[0].ended_usec, 9);
    assert_string_equal(entries[0].note, "fine");
    assert_int_equal(entries[0].n_steps, 2);
    assert_null(entries[0].steps);
    assert_int_equal(entries[1].id, a);
    assert_int_equal(store.ops->list(store.self, NULL, &arena, &entries, &n, &err), 0);
    assert_int_equal(n, 3);
    assert_int_equal(entries[1].id, b);
    /* opened again: an undo has begun */
    assert_int_equal(store.ops->end(store.self, c, VN_APPLY_UNDOING, NULL, 10, &err), 0);
    assert_int_equal(store.ops->list(store.self, "one", &arena, &entries, &n, &err), 0);
    assert_int_equal(entries[0].ended_usec, 0);
    assert_string_equal(entries[0].note, "fine");
    vn_store_drop(&store);
}

/* The holder in a process of its own; returns its pid once the lock is taken. */
static pid_t hold(const char *uri)
{
    int ready[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe(ready), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        struct vn_store store;
        struct vn_err err;

        if (vn_sqlite_open(dir, &store, &err) < 0 || store.ops->lock(store.self, uri, 0, &err) < 0)
            _exit(1);
        if (write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            (void)pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(close(ready[0]) + close(ready[1]), 0);
    return pid;
}

static void the_lock_names_its_holder_and_dies_with_it(void **state)
{
    struct vn_store store = open_store(dir);
    struct vn_err err = {0};
    pid_t pid = hold("one");
    char text[64];
    int status;

    (void)state;
    assert_int_equal(store.ops->lock(store.self, "one", 0, &err), -VN_E_BUSY);
    (void)snprintf(text, sizeof text, "process %d,", (int)pid);
    assert_non_null(strstr(err.cause, text));
    assert_int_equal(store.ops->lock(store.self, "one", 60, &err), -VN_E_BUSY);
    assert_int_equal(store.ops->lock(store.self, "two", 0, &err), 0); /* another host is another lock */
    store.ops->unlock(store.self);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(store.ops->lock(store.self, "one", 5000, &err), 0);
    assert_int_equal(store.ops->lock(store.self, "one", 0, &err), -VN_E_BUSY); /* by itself */
    store.ops->unlock(store.self);
    assert_int_equal(store.ops->lock(store.self, "one", 0, &err), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    vn_store_drop(&store);
}

static void waiting_for_the_lock_ends_when_it_is_given_back(void **state)
{
    struct vn_store store = open_store(dir);
    struct vn_err err = {0};
    pid_t pid = hold("one"), killer = fork();
    int status;

    (void)state;
    assert_true(killer >= 0);
    if (!killer) {
        (void)usleep(100000);
        _exit(kill(pid, SIGKILL) == 0 ? 0 : 1);
    }
    assert_int_equal(store.ops->lock(store.self, "one", 10000, &err), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(waitpid(killer, &status, 0), killer);
    vn_store_drop(&store);
}

static void a_damaged_file_is_refused(void **state)
{
    struct vn_store store = open_store(dir);
    struct vn_err err = {0};
    char path[128];
    FILE *file;

    (void)state;
    vn_store_drop(&store);
    (void)snprintf(path, sizeof path, "%s/journal.db", dir);
    file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 4096; i++)
        (void)fputs("this is no database\n", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(vn_sqlite_open(dir, &store, &err), -VN_E_IO);
    assert_string_equal(err.where, path);
    assert_non_null(strstr(err.fix, "move it away"));
}

static void run_sql(const char *sql)
{
    char path[128];
    sqlite3 *db;

    (void)snprintf(path, sizeof path, "%s/journal.db", dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_newer_schema_is_refused(void **state)
{
    struct vn_store store = open_store(dir);
    struct vn_err err = {0};

    (void)state;
    vn_store_drop(&store);
    run_sql("PRAGMA user_version = 2");
    assert_int_equal(vn_sqlite_open(dir, &store, &err), -VN_E_ENV);
    assert_string_equal(err.got, "2");
}

static void rows_that_make_no_sense_are_errors(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_store store = open_store(dir);
    struct vn_journal_entry entry;
    struct vn_err err = {0};
    int64_t id = begin(&store, "one", 1);

    (void)state;
    run_sql("UPDATE step SET body = '{' WHERE idx = 1");
    assert_true(store.ops->read(store.self, id, &arena, &entry, &err) < 0);
    assert_non_null(strstr(err.context, "step 2 of journal entry 1"));
    run_sql("UPDATE entry SET state = 'odd'");
    assert_int_equal(store.ops->read(store.self, id, &arena, &entry, &err), -VN_E_IO);
    assert_string_equal(err.got, "odd");
    vn_store_drop(&store);
}

static void a_directory_that_cannot_be_made(void **state)
{
    struct vn_store store;
    struct vn_err err = {0};
    char path[128];
    FILE *file;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/file", top);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(vn_sqlite_open(path, &store, &err), -VN_E_ENV);
    (void)snprintf(path, sizeof path, "%s/file/sub", top);
    assert_int_equal(vn_sqlite_open(path, &store, &err), -VN_E_ENV);
    assert_non_null(strstr(err.fix, "--state"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_entry_survives),
        TEST(a_step_can_be_told_anew),
        TEST(entries_are_listed_by_host_newest_first),
        TEST(the_lock_names_its_holder_and_dies_with_it),
        TEST(waiting_for_the_lock_ends_when_it_is_given_back),
        TEST(a_damaged_file_is_refused),
        TEST(a_newer_schema_is_refused),
        TEST(rows_that_make_no_sense_are_errors),
        TEST(a_directory_that_cannot_be_made),
    };

    return cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
}
