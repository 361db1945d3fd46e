/* SPDX-License-Identifier: MIT */
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vnuma/units.h>

#include "cli/cli.h"

/* A terminal says how wide it is; for a pipe COLUMNS may, and otherwise nothing is cut. */
static unsigned width_of(int fd)
{
    struct winsize size = {0};
    const char *columns = getenv("COLUMNS");
    uint64_t n = 0;

    if (isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col)
        return size.ws_col;
    if (columns && vn_uint_parse(columns, 10000, &n, NULL) == 0 && n >= 20)
        return (unsigned)n;
    return isatty(fd) ? 80 : 0;
}

static bool colour_of(const struct cli *cli)
{
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

    if (!strcmp(cli->color, "always"))
        return true;
    if (!strcmp(cli->color, "never") || (none && *none))
        return false;
    return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb");
}

/* '| head' has seen enough: no error to tell of. */
static bool reader_gone(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return ferror(stdout) && poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

static int run(struct cli *cli, struct vn_err *err)
{
    if (cli->version)
        return cmd_version(cli, err);
    if (cli->command && cli->help) {
        cli_help_command(cli->command, stdout);
        return vn_view_bytes("", 0, stdout, err);
    }
    if (cli->help) {
        cli_help(stdout);
        return vn_view_bytes("", 0, stdout, err);
    }
    if (!cli->command)
        return VN_FAIL(err, VN_E_USAGE, .cause = "no command", .fix = "'vnuma help' lists them.");
    return cli->command->run(cli, err);
}

int main(int argc, char **argv)
{
    struct cli cli = {0};
    struct vn_err err = {0};
    int r, status;

    (void)setlocale(LC_CTYPE, "");
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that goes away must not end an apply half-way */
    r = cli_parse(&cli, argc, argv, &err);
    if (r == 0) {
        cli.view.colour = colour_of(&cli);
        cli.view.width = width_of(STDOUT_FILENO);
        cli.err_tty = isatty(STDERR_FILENO);
        r = run(&cli, &err);
    }
    status = r < 0 ? cli_exit_of(&cli, r) : r;
    if (r < 0 && !reader_gone())
        cli_complain(&err);
    cli_drop(&cli);
    return status;
}
