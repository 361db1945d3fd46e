/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static void options_of(FILE *out, const struct cli_group *group)
{
    for (size_t i = 0; i < group->count; i++)
        if (!(group->items[i].flags & CLI_OPT_HIDDEN))
            (void)fprintf(out, " --%s", group->items[i].name);
}

/* The words that may stand behind a command, before the names of VMs. */
static void subcommands_of(FILE *out, const struct cli_command *command)
{
    const char *at = command->args, *form;
    size_t len;

    while (cli_has_subcommands(command) && (form = cli_form(command, &at, &len)) != NULL)
        (void)fprintf(out, "%.*s ", (int)strcspn(form, " "), form);
}

int cmd_completion(struct cli *cli, struct vn_err *err)
{
    const struct cli_command *all;
    size_t n;

    (void)cli;
    all = cli_commands(&n);
    (void)fputs("# bash completion for vnuma; made by 'vnuma completion'\n"
                "_vnuma() {\n"
                "    local word=${COMP_WORDS[COMP_CWORD]} command='' connect=() i words\n"
                "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                "        case ${COMP_WORDS[i]} in\n"
                "        -c | --connect) connect=(-c \"${COMP_WORDS[i + 1]}\"); ((i++)) ;;\n"
                "        -*) ;;\n"
                "        *) command=${COMP_WORDS[i]}; break ;;\n"
                "        esac\n"
                "    done\n"
                "    case $command in\n"
                "    '') words='", stdout);
    for (size_t i = 0; i < n; i++)
        (void)fprintf(stdout, "%s%s", i ? " " : "", all[i].name);
    options_of(stdout, &cli_global_options);
    (void)fputs("' ;;\n", stdout);
    for (size_t i = 0; i < n; i++) {
        (void)fprintf(stdout, "    %s) words='", all[i].name);
        for (const struct cli_group *const *group = all[i].groups; *group; group++)
            options_of(stdout, *group);
        options_of(stdout, &cli_global_options);
        (void)fputs("'", stdout);
        if (strstr(all[i].args, "VM") || strstr(all[i].args, "NAME")) {
            (void)fputs("; [[ $word == -* ]] || words=\"", stdout);
            subcommands_of(stdout, &all[i]);
            (void)fputs("$(vnuma \"${connect[@]}\" vm 2>/dev/null | awk 'NR > 1 { print $1 }')\"", stdout);
        }
        (void)fputs(" ;;\n", stdout);
    }
    (void)fputs("    esac\n"
                "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                "}\n"
                "complete -o default -F _vnuma vnuma\n", stdout);
    return vn_view_bytes("", 0, stdout, err);
}
