/* SPDX-License-Identifier: MIT */
#ifndef VN_CLI_CLI_H
#define VN_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <vnuma/arena.h>
#include <vnuma/err.h>

#include "view/doc.h"

/* What ends the process; DESIGN: the command line. */
enum cli_exit {
    CLI_OK = 0,
    CLI_FINDINGS = 1,
    CLI_USAGE = 2,
    CLI_ENVIRONMENT = 3,
    CLI_REFUSED = 4,
    CLI_UNDONE = 5,
    CLI_PARTIAL = 6,
};

enum {
    CLI_OPT_VM = 1u << 0,     /* VALUE or VM:VALUE, more than once */
    CLI_OPT_HIDDEN = 1u << 1, /* not in help, not completed */
    CLI_OPT_MAYBE = 1u << 2,  /* with or without its value, --name[=VALUE]; "" without */
};
struct cli_option {
    const char *name;
    const char *arg; /* NULL: takes none */
    const char *help;
    char letter;     /* 0: none */
    unsigned flags;  /* CLI_OPT_* */
};
/* Options that belong together, with the title help gives them. */
struct cli_group {
    const char *title;
    const struct cli_option *items;
    size_t count;
};
struct cli_example {
    const char *line, *what;
};

struct cli;

/* One row drives dispatch, parsing, help, the manual page and completion. */
struct cli_command {
    const char *name, *args, *summary, *about;
    size_t max_names;                      /* words after the command; 0: none */
    const struct cli_group *const *groups; /* NULL-terminated */
    const struct cli_example *examples;    /* ended by a NULL line */
    const char *exits;                     /* digits of the statuses it can end with, such as "0234" */
    const char *schema;                    /* of its JSON; NULL: shows none */
    /* an exit status, or -VN_E_* with err filled */
    int (*run)(struct cli *cli, struct vn_err *err);
};
const struct cli_command *cli_commands(size_t *ret_count);
const struct cli_command *cli_command(const char *name); /* NULL: none */
extern const struct cli_group cli_global_options;

/* Arguments that begin with a small letter are subcommands, with " | " between them. */
/** cli_has_subcommands() - is the word behind that command one of a list? */
bool cli_has_subcommands(const struct cli_command *command);
/** cli_form() - the form at *@at ("show MODEL [MODEL]"; of a command without subcommands all its arguments), its
 * length, and *@at at the next; NULL: there are no more. */
const char *cli_form(const struct cli_command *command, const char **at, size_t *ret_len);

struct cli_value {
    const struct cli_option *option;
    const char *value; /* "" for one that takes none */
};

/* A parsed command line, and where its output goes. */
struct cli {
    struct vn_arena arena;
    const char *program;
    const char *uri, *config, *state, *sysroot; /* NULL: not given */
    const char *color;
    bool json, quiet, help, version;
    const struct cli_command *command;
    struct cli_value *values; /* the command's own, in order */
    size_t n_values;
    const char **names;       /* words after the command */
    size_t n_names;
    struct vn_view view;
    bool err_tty;             /* progress and colour on stderr */
    bool given;               /* a file the person gave is being read: what is wrong in it is theirs */
};

/** cli_parse() - fill @cli from the arguments. Errors: -VN_E_USAGE with the nearest name. */
VN_NODISCARD int cli_parse(struct cli *cli, int argc, char **argv, struct vn_err *err);
void cli_drop(struct cli *cli);

/** cli_has_scope() - is a bare --config of that command the scope, as in virsh? */
bool cli_has_scope(const struct cli_command *command);

/** cli_value() - the last value given to a command's option ("" where it takes none), or NULL. */
const char *cli_value(const struct cli *cli, const char *name);
static inline bool cli_has(const struct cli *cli, const char *name)
{
    return cli_value(cli, name) != NULL;
}
/** cli_size(), cli_number() - an option's value read; *ret unchanged where it was not given. */
VN_NODISCARD int cli_size(const struct cli *cli, const char *name, uint64_t *ret_kib, struct vn_err *err);
VN_NODISCARD int cli_number(const struct cli *cli, const char *name, uint64_t max, uint64_t *ret, struct vn_err *err);
VN_NODISCARD int cli_percent(const struct cli *cli, const char *name, double *ret, struct vn_err *err);

/** cli_nearest() - which of @count names is meant by @word; NULL when none is near. */
const char *cli_nearest(const char *word, const char *const *names, size_t count);

/** cli_show() - a document on stdout, as JSON or as text. */
VN_NODISCARD int cli_show(const struct cli *cli, const struct vn_doc *doc, struct vn_err *err);
/**
 * cli_typed() - "vnuma -c URI --state DIR COMMAND": with what was given of it, so that it reaches the same host and
 * journal. Of @arena's; NULL: out of memory.
 */
char *cli_typed(const struct cli *cli, struct vn_arena *arena, const char *command);
/** cli_note() - a line on stderr for a person; not with --quiet. */
void cli_note(const struct cli *cli, const char *fmt, ...) VN_PRINTF(2, 3);
/** cli_complain() - "vnuma: ..." on stderr. */
void cli_complain(const struct vn_err *err);
/** cli_exit_of() - the exit status for a negative VN_E_*. */
int cli_exit_of(const struct cli *cli, int r);

/** cli_read_file() - a whole file ("-": stdin) of at most @max bytes. */
struct vn_buf;
VN_NODISCARD int cli_read_file(const char *path, size_t max, struct vn_buf *ret, struct vn_err *err);
/** cli_write_file() - "-" is stdout; a file is there whole or not at all. */
VN_NODISCARD int cli_write_file(const char *path, const char *bytes, size_t len, struct vn_err *err);

/* help.c */
void cli_help(FILE *out);
void cli_help_command(const struct cli_command *command, FILE *out);
void cli_help_man(FILE *out);

/* The commands, a file each. */
int cmd_host(struct cli *cli, struct vn_err *err);
int cmd_stat(struct cli *cli, struct vn_err *err);
int cmd_vm(struct cli *cli, struct vn_err *err);
int cmd_limit(struct cli *cli, struct vn_err *err);
int cmd_numatune(struct cli *cli, struct vn_err *err);
int cmd_vcpus(struct cli *cli, struct vn_err *err);
int cmd_pin(struct cli *cli, struct vn_err *err);
int cmd_balancing(struct cli *cli, struct vn_err *err);
int cmd_plan(struct cli *cli, struct vn_err *err);
int cmd_apply(struct cli *cli, struct vn_err *err);
int cmd_verify(struct cli *cli, struct vn_err *err);
int cmd_undo(struct cli *cli, struct vn_err *err);
int cmd_history(struct cli *cli, struct vn_err *err);
int cmd_capture(struct cli *cli, struct vn_err *err);
int cmd_cpu(struct cli *cli, struct vn_err *err);
int cmd_completion(struct cli *cli, struct vn_err *err);
int cmd_help(struct cli *cli, struct vn_err *err);
int cmd_version(struct cli *cli, struct vn_err *err);

#endif
