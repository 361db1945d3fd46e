/* SPDX-License-Identifier: MIT */
/* A command of ours as it must be typed to reach the same host and the same journal. */
#include <vnuma/shell.h>

#include "cli/cli.h"

/* " OPTION VALUE" behind @text; NULL stays NULL. */
static char *with(struct vn_arena *arena, char *text, const char *option, const char *value)
{
    char *word = value ? vn_shell_word(arena, value) : NULL;

    if (!value || !text)
        return text;
    return word ? vn_arena_printf(arena, "%s %s %s", text, option, word) : NULL;
}

char *cli_typed(const struct cli *cli, struct vn_arena *arena, const char *command)
{
    char *text = vn_arena_strdup(arena, "vnuma");

    text = with(arena, text, "-c", cli->uri);
    text = with(arena, text, "--state", cli->state);
    text = text ? vn_arena_printf(arena, "%s %s", text, command) : NULL;
    return text && cli_has(cli, "write") ? vn_arena_printf(arena, "%s --write", text) : text;
}
