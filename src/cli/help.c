/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const char *const exit_meanings[] = {
    "done; nothing to report",
    "findings, drift or differences",
    "the command line or a file given makes no sense",
    "no connection, no permission, or the output cannot be written",
    "does not fit, or refused; nothing was changed",
    "failed, and what was done is undone",
    "failed, and could not be fully undone; what is left is listed",
};

static size_t option_text(const struct cli_option *option, char *out, size_t size)
{
    char letter[8] = "    ";
    int len;

    if (option->letter)
        (void)snprintf(letter, sizeof letter, "-%c, ", option->letter);
    if (option->flags & CLI_OPT_MAYBE)
        len = snprintf(out, size, "%s--%s[=%s]", letter, option->name, option->arg);
    else
        len = snprintf(out, size, "%s--%s%s%s", letter, option->name, option->arg ? " " : "",
                       option->arg ? option->arg : "");
    return len < 0 ? 0 : (size_t)len;
}

/* Words of @text up to column 80; what follows the first line starts at @hang. */
static void wrap(FILE *out, const char *text, size_t at, size_t hang)
{
    while (*text) {
        size_t len = strcspn(text, " ");

        if (at > hang && at + 1 + len > 80) {
            (void)fprintf(out, "\n%*s", (int)hang, "");
            at = hang;
        } else if (at > hang) {
            (void)fputc(' ', out);
            at++;
        }
        (void)fwrite(text, 1, len, out);
        at += len;
        text += len + (text[len] == ' ');
    }
    (void)fputc('\n', out);
}

/* @but: an option that has another meaning here, or NULL */
static void show_group(const struct cli_group *group, size_t width, const char *but, FILE *out)
{
    char text[80];

    (void)fprintf(out, "\n%s\n", group->title);
    for (size_t i = 0; i < group->count; i++) {
        if ((group->items[i].flags & CLI_OPT_HIDDEN) || (but && !strcmp(but, group->items[i].name)))
            continue;
        (void)option_text(&group->items[i], text, sizeof text);
        (void)fprintf(out, "  %-*s  ", (int)width, text);
        wrap(out, group->items[i].help, width + 4, width + 4);
    }
}

static size_t widest(const struct cli_group *group, size_t width)
{
    char text[80];

    for (size_t i = 0; i < group->count; i++) {
        size_t len = option_text(&group->items[i], text, sizeof text);

        if (len > width && !(group->items[i].flags & CLI_OPT_HIDDEN))
            width = len;
    }
    return width;
}

static bool any_shown(const struct cli_group *group)
{
    for (size_t i = 0; i < group->count; i++)
        if (!(group->items[i].flags & CLI_OPT_HIDDEN))
            return true;
    return false;
}

/* In a list of all commands there is no room for the forms of each subcommand. */
static const char *short_args(const struct cli_command *command)
{
    return cli_has_subcommands(command) ? "SUBCOMMAND..." : command->args;
}

static void usage(const struct cli_command *command, const char *lead, const char *options, FILE *out)
{
    const char *at = command->args, *form;
    size_t len;

    while ((form = cli_form(command, &at, &len)) != NULL) {
        (void)fprintf(out, "%svnuma %s%s%s%.*s\n", lead, command->name, options, len ? " " : "", (int)len, form);
        lead = *lead ? "       " : "";
    }
}

void cli_help(FILE *out)
{
    const struct cli_command *all;
    char text[80];
    size_t n, width = 0;

    all = cli_commands(&n);
    (void)fputs("vnuma: where the VMs of a KVM host run and have their memory, and where they should\n\n"
                "Usage: vnuma [OPTION]... COMMAND [ARGUMENT]...\n\nCommands\n", out);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(all[i].name) + 1 + strlen(short_args(&all[i]));

        width = len > width ? len : width;
    }
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(text, sizeof text, "%s %s", all[i].name, short_args(&all[i]));
        (void)fprintf(out, "  %-*s  ", (int)width, text);
        wrap(out, all[i].summary, width + 4, width + 4);
    }
    show_group(&cli_global_options, widest(&cli_global_options, 0), NULL, out);
    (void)fputs("\nThe host\n"
                "  -c demo:         the example host that comes with vnuma; nothing real is touched\n"
                "  -c replay:FILE   a host saved by 'vnuma capture'\n"
                "  -c qemu-proc:    QEMU that libvirt does not manage: found in /proc\n"
                "  -c URI           libvirt's, such as qemu:///system or qemu+ssh://root@host/system\n"
                "\n'vnuma help COMMAND' tells more.  Try:  vnuma -c demo: plan db32\n", out);
}

void cli_help_command(const struct cli_command *command, FILE *out)
{
    size_t width = widest(&cli_global_options, 0), longest = 0;

    usage(command, "Usage: ", command->groups[0] ? " [OPTION]..." : "", out);
    (void)fprintf(out, "\n%s.\n\n", command->summary);
    wrap(out, command->about, 0, 0);
    for (const struct cli_group *const *group = command->groups; *group; group++)
        width = widest(*group, width);
    for (const struct cli_group *const *group = command->groups; *group; group++)
        if (any_shown(*group))
            show_group(*group, width, NULL, out);
    show_group(&cli_global_options, width, cli_has_scope(command) ? "config" : NULL, out);
    if (command->examples[0].line)
        (void)fputs("\nExamples\n", out);
    for (const struct cli_example *it = command->examples; it->line; it++)
        longest = strlen(it->line) > longest ? strlen(it->line) : longest;
    for (const struct cli_example *it = command->examples; it->line; it++)
        (void)fprintf(out, "  %-*s  %s\n", (int)longest, it->line, it->what);
    (void)fputs("\nExit status\n", out);
    for (const char *at = command->exits; *at; at++)
        (void)fprintf(out, "  %c  %s\n", *at, exit_meanings[*at - '0']);
    if (command->schema)
        (void)fprintf(out, "\nThe schema of its JSON is %s.\n", command->schema);
}

/* troff takes '-' for a hyphen and a leading '.' or '\'' for a request. */
static void roff(FILE *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        (void)fputs("\\&", out);
    for (; *text; text++) {
        if (*text == '-' || *text == '\\')
            (void)fputc('\\', out);
        if (*text == '\\')
            (void)fputc('e', out);
        else
            (void)fputc(*text, out);
    }
}

static void roff_options(FILE *out, const struct cli_group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        const struct cli_option *option = &group->items[i];

        if (option->flags & CLI_OPT_HIDDEN)
            continue;
        (void)fputs(".TP\n", out);
        if (option->letter)
            (void)fprintf(out, "\\fB\\-%c\\fR, ", option->letter);
        (void)fputs("\\fB\\-\\-", out);
        roff(out, option->name);
        (void)fputs("\\fR", out);
        if (option->flags & CLI_OPT_MAYBE)
            (void)fprintf(out, "[=\\fI%s\\fR]", option->arg);
        else if (option->arg)
            (void)fprintf(out, " \\fI%s\\fR", option->arg);
        (void)fputc('\n', out);
        roff(out, option->help);
        (void)fputc('\n', out);
    }
}

static void roff_command(FILE *out, const struct cli_command *command)
{
    (void)fprintf(out, ".SS \"%s %s\"\n", command->name, short_args(command));
    if (cli_has_subcommands(command)) {
        (void)fputs(".nf\n", out);
        usage(command, "", "", out);
        (void)fputs(".fi\n.PP\n", out);
    }
    roff(out, command->summary);
    (void)fputs(".\n", out);
    roff(out, command->about);
    (void)fputc('\n', out);
    for (const struct cli_group *const *group = command->groups; *group; group++)
        roff_options(out, *group);
    if (command->examples[0].line)
        (void)fputs(".PP\nExamples:\n", out);
    for (const struct cli_example *it = command->examples; it->line; it++) {
        (void)fputs(".TP\n\\fB", out);
        roff(out, it->line);
        (void)fputs("\\fR\n", out);
        roff(out, it->what);
        (void)fputc('\n', out);
    }
    if (command->schema)
        (void)fprintf(out, ".PP\nThe schema of its JSON is %s.\n", command->schema);
}

void cli_help_man(FILE *out)
{
    const struct cli_command *all;
    size_t n;

    all = cli_commands(&n);
    (void)fputs(".TH VNUMA 1 \"\" \"vnuma " VNUMA_VERSION "\" \"User Commands\"\n.SH NAME\n"
                "vnuma \\- observe, plan, apply and verify the NUMA placement of virtual machines\n"
                ".SH SYNOPSIS\n.B vnuma\n[\\fIOPTION\\fR]... \\fICOMMAND\\fR [\\fIARGUMENT\\fR]...\n"
                ".SH DESCRIPTION\nShows where every vCPU of the virtual machines of a KVM host runs and where their "
                "memory is,\nworks out where both should be, puts them there, proves it, and can take it back.\n"
                ".SH OPTIONS\nThey are accepted before and after the command.\nBehind \\fBplan\\fR and \\fBapply\\fR, "
                "where a bare \\fB\\-\\-config\\fR is the scope as in \\fBvirsh\\fR(1),\n"
                "the policy file is \\fB\\-\\-config=\\fIFILE\\fR.\n", out);
    roff_options(out, &cli_global_options);
    (void)fputs(".SH COMMANDS\n", out);
    for (size_t i = 0; i < n; i++)
        roff_command(out, &all[i]);
    (void)fputs(".SH \"EXIT STATUS\"\n", out);
    for (size_t i = 0; i < VN_COUNT(exit_meanings); i++)
        (void)fprintf(out, ".TP\n%zu\n%s\n", i, exit_meanings[i]);
    (void)fputs(".SH ENVIRONMENT\n.TP\nLIBVIRT_DEFAULT_URI\nthe host where \\fB\\-c\\fR is not given\n"
                ".TP\nNO_COLOR\nwhen set, no colour with \\fB\\-\\-color=auto\\fR\n"
                ".SH FILES\n.TP\n/etc/vnuma/vnuma.conf, /etc/vnuma/vnuma.conf.d/*.conf\nthe policy of host and VMs\n"
                ".TP\n/var/lib/vnuma\nthe journal of what was applied\n"
                ".SH \"SEE ALSO\"\nvirsh(1), numactl(8), numastat(8), lstopo(1)\n", out);
}
