/* SPDX-License-Identifier: MIT */
#ifndef VN_CLI_SESSION_H
#define VN_CLI_SESSION_H

#include "app/app.h"
#include "cli/cli.h"
#include "cli/progress.h"

/* The io objects that a command works with, opened as the command line says. */
struct cli_session {
    const struct cli *cli;
    struct vn_hypervisor hv;
    struct vn_store store;
    struct vn_policy policy;
    struct cli_progress bar;
    struct vn_progress progress;
    struct vn_app app;
};
enum {
    CLI_WITH_STORE = 1u << 0,   /* the journal, too; in memory for a host that forgets */
    CLI_WITH_PINS = 1u << 2,    /* the journal where it says what nothing else does, if there is one that may be read */
    CLI_WITH_HISTORY = 1u << 1, /* the journal to look at, also that of a replayed file */
};

/** cli_session_open() - the door, the policy file and, when asked for, the journal. */
VN_NODISCARD int cli_session_open(struct cli *cli, unsigned flags, struct cli_session *ret, struct vn_err *err);
void cli_session_drop(struct cli_session *session);

/** cli_observe() - vn_app_observe; a VM that is not there is told with the nearest name. */
VN_NODISCARD int cli_observe(struct cli_session *session, const char *const *names, size_t n_names,
                             struct vn_snapshot *ret, struct vn_err *err);
/** cli_nearest_vm() - put the nearest name into the error that says a VM is absent. */
int cli_nearest_vm(struct cli_session *session, const char *const *names, size_t n_names, int r, struct vn_err *err);

/** cli_say_recovered() - on stderr: what a crash had left, and what became of it. */
void cli_say_recovered(const struct cli *cli, const struct vn_recovered *recovered);

#endif
