/* SPDX-License-Identifier: MIT */
#include "journey.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/doors.h"

#define MUST(x)                                                                                    \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);                                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static int64_t now_usec(void *self)
{
    int64_t *tick = self;

    return ++*tick;
}

static void remove_files(const struct journey *j)
{
    static const char *const names[] = {"journal.db", "journal.db-wal", "journal.db-shm"};
    char path[128];

    for (size_t i = 0; i < VN_COUNT(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", j->dir, names[i]);
        (void)unlink(path);
    }
}

void journey_reset(struct journey *j)
{
    j->host->state = j->before;
    j->host->calls = j->host->fail_at = j->host->fail_count = j->host->vanish_at = j->host->replace_at = 0;
    remove_files(j);
}

void journey_begin(struct journey *j)
{
    struct vn_applied done;
    struct vn_err err = {0};

    memset(j, 0, sizeof *j);
    (void)snprintf(j->dir, sizeof j->dir, "/tmp/vnuma-fault-XXXXXX");
    MUST(mkdtemp(j->dir));
    j->host = fake_new();
    j->before = j->host->state;
    fake_plan(j->host, &j->plan);
    j->opts = (struct vn_apply_opts){.live = true, .config = true, .move_memory = true};
    MUST(journey_run(j, JOURNEY_APPLY, NULL, &done, NULL, &err) == 0);
    vn_applied_drop(&done);
    j->after = j->host->state;
    MUST(!fake_same(&j->before, &j->after));
    journey_reset(j);
}

void journey_end(struct journey *j)
{
    char cmd[128];

    vn_plan_drop(&j->plan);
    fake_free(j->host);
    (void)snprintf(cmd, sizeof cmd, "rm -rf '%s'", j->dir);
    MUST(system(cmd) == 0);
}

bool journey_is(const struct journey *j, const struct fake_state *state)
{
    return fake_same(&j->host->state, state);
}

static void tick_bomb(void *self, const char *point)
{
    struct journey_bomb *bomb = self;

    (void)point;
    if (++bomb->points == bomb->kill_at)
        (void)kill(getpid(), SIGKILL);
}

int journey_run(struct journey *j, enum journey_act act, struct journey_bomb *bomb, struct vn_applied *ret,
                struct vn_recovered *ret_recovered, struct vn_err *err)
{
    static int64_t tick = 1700000000000000;
    struct vn_recovered recovered = {0};
    struct vn_applied applied = {0};
    struct fake fake;
    struct vn_hypervisor hv = fake_hv(&fake, j->host);
    struct vn_store store;
    struct vn_app app = {.hv = &hv, .store = &store, .clock = {now_usec, &tick}};
    int r;

    MUST(vn_sqlite_open(j->dir, &store, NULL) == 0);
    if (bomb) {
        app.at = fake.hook = tick_bomb;
        app.at_self = fake.hook_self = bomb;
    }
    if (act == JOURNEY_APPLY)
        r = vn_app_apply(&app, &j->plan, &j->opts, "apply db web", &applied, err);
    else if (act == JOURNEY_UNDO)
        r = vn_app_undo(&app, 0, &j->opts, &applied, err);
    else
        r = vn_app_recover(&app, 0, &recovered, err);
    vn_store_drop(&store);
    if (ret)
        *ret = applied;
    else
        vn_applied_drop(&applied);
    if (ret_recovered)
        *ret_recovered = recovered;
    else
        vn_recovered_drop(&recovered);
    return r;
}

bool journey_killed(struct journey *j, enum journey_act act, int kill_at)
{
    pid_t pid = fork();
    int status;

    MUST(pid >= 0);
    if (!pid) {
        struct journey_bomb bomb = {.kill_at = kill_at};
        struct vn_err err = {0};

        _exit(journey_run(j, act, &bomb, NULL, NULL, &err) == 0 ? 0 : 1);
    }
    MUST(waitpid(pid, &status, 0) == pid);
    MUST(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}
