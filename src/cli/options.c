/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vnuma/units.h>

#include "cli/cli.h"

/* getopt_long's value of the option at position i of the list. */
#define FIRST 256

/* The options that are valid at one place, as ours and as getopt_long's. */
struct list {
    const struct cli_option **options;
    struct option *longs;
    bool *global;
    size_t count;
    char letters[64];
};

static int add(struct list *list, struct vn_arena *arena, const struct cli_option *option, bool global,
               int has_arg)
{
    size_t n = list->count, n_longs = list->count, n_global = list->count, at = strlen(list->letters);
    const struct cli_option **slot = vn_arena_grow(arena, &list->options, &n, sizeof *slot);
    struct option *longs = vn_arena_grow(arena, &list->longs, &n_longs, sizeof *longs);
    bool *is_global = vn_arena_grow(arena, &list->global, &n_global, sizeof *is_global);

    if (!slot || !longs || !is_global)
        return -VN_E_NOMEM;
    *slot = option;
    *longs = (struct option){option->name, has_arg, NULL, FIRST + (int)list->count};
    *is_global = global;
    list->count++;
    if (option->letter && at + 3 < sizeof list->letters)
        (void)snprintf(list->letters + at, sizeof list->letters - at, "%c%s", option->letter, option->arg ? ":" : "");
    return 0;
}

bool cli_has_scope(const struct cli_command *command)
{
    for (const struct cli_group *const *group = command->groups; *group; group++)
        for (size_t i = 0; i < (*group)->count; i++)
            if (!strcmp((*group)->items[i].name, "config"))
                return true;
    return false;
}

/* Every option that is valid before (@command NULL) or after the command. Where --config is the
 * scope, as in virsh, the policy file is --config=FILE: one option with an optional value. */
static int gather(struct list *list, struct vn_arena *arena, const struct cli_command *command)
{
    bool scope = command && cli_has_scope(command);
    size_t n = 0;
    int r = 0;

    (void)snprintf(list->letters, sizeof list->letters, "%s", command ? ":" : "+:");
    for (const struct cli_group *const *group = command ? command->groups : NULL; group && *group; group++)
        for (size_t i = 0; i < (*group)->count && r == 0; i++) {
            const struct cli_option *option = &(*group)->items[i];
            bool either = !strcmp(option->name, "config") || (option->flags & CLI_OPT_MAYBE);

            r = add(list, arena, option, false,
                    either ? optional_argument : option->arg ? required_argument : no_argument);
        }
    for (size_t i = 0; i < cli_global_options.count && r == 0; i++) {
        const struct cli_option *option = &cli_global_options.items[i];

        if (!scope || strcmp(option->name, "config"))
            r = add(list, arena, option, true, option->arg ? required_argument : no_argument);
    }
    n = list->count;
    return r < 0 || !vn_arena_grow(arena, &list->longs, &n, sizeof *list->longs) ? -VN_E_NOMEM : 0;
}

static const struct cli_option *by_letter(const struct list *list, int letter, bool *ret_global)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->options[i]->letter == letter) {
            *ret_global = list->global[i];
            return list->options[i];
        }
    return NULL;
}

static int set_color(struct cli *cli, const char *value, struct vn_err *err)
{
    if (strcmp(value, "auto") && strcmp(value, "always") && strcmp(value, "never"))
        return VN_FAIL(err, VN_E_USAGE, .cause = "--color is auto, always or never", .got = value);
    cli->color = value;
    return 0;
}

static int set_global(struct cli *cli, const char *name, const char *value, struct vn_err *err)
{
    if (!strcmp(name, "color"))
        return set_color(cli, value, err);
    if (!strcmp(name, "connect"))
        cli->uri = value;
    else if (!strcmp(name, "config"))
        cli->config = value;
    else if (!strcmp(name, "state"))
        cli->state = value;
    else if (!strcmp(name, "sysroot"))
        cli->sysroot = value;
    else if (!strcmp(name, "json"))
        cli->json = true;
    else if (!strcmp(name, "quiet"))
        cli->quiet = true;
    else if (!strcmp(name, "help"))
        cli->help = true;
    else if (!strcmp(name, "version"))
        cli->version = true;
    return 0;
}

static int set(struct cli *cli, const struct cli_option *option, bool global, const char *value, struct vn_err *err)
{
    struct cli_value *slot;

    if (global || (!strcmp(option->name, "config") && value))
        return set_global(cli, option->name, value ? value : "", err);
    slot = vn_arena_grow(&cli->arena, &cli->values, &cli->n_values, sizeof *slot);
    if (!slot)
        return vn_nomem(err);
    *slot = (struct cli_value){option, value ? value : ""};
    return 0;
}

static const char *help_hint(struct cli *cli, const char *nearest, const char *dashes)
{
    const char *where = cli->command ? vn_arena_printf(&cli->arena, "vnuma %s --help", cli->command->name) : "vnuma help";
    char *hint;

    if (nearest)
        hint = vn_arena_printf(&cli->arena, "Did you mean '%s%s'? See '%s'.", dashes, nearest, where ? where : "");
    else
        hint = vn_arena_printf(&cli->arena, "See '%s'.", where ? where : "");
    return hint ? hint : "";
}

static int unknown(struct cli *cli, const struct list *list, const char *word, struct vn_err *err)
{
    const char *names[128], *nearest = NULL;
    char bare[64];
    size_t n = 0;

    if (!strncmp(word, "--", 2)) {
        (void)snprintf(bare, sizeof bare, "%.*s", (int)strcspn(word + 2, "="), word + 2);
        for (size_t i = 0; i < list->count && n < VN_COUNT(names); i++)
            if (!(list->options[i]->flags & CLI_OPT_HIDDEN))
                names[n++] = list->options[i]->name;
        nearest = cli_nearest(bare, names, n);
    }
    return VN_FAIL(err, VN_E_USAGE, .cause = "unknown option", .got = word, .fix = help_hint(cli, nearest, "--"));
}

/* What getopt_long did not take: @c is '?' or ':'. */
static int refused(struct cli *cli, const struct list *list, int c, char *const *argv, struct vn_err *err)
{
    const char *word = argv[optind - 1];
    char letter[3] = {'-', (char)optopt, '\0'};

    if (optopt >= FIRST && (size_t)(optopt - FIRST) < list->count) {
        const struct cli_option *option = list->options[optopt - FIRST];

        if (c == ':')
            return vn_failf(err, VN_E_USAGE, help_hint(cli, NULL, ""), "--%s needs a value, %s", option->name,
                            option->arg);
        return vn_failf(err, VN_E_USAGE, help_hint(cli, NULL, ""), "--%s takes no value", option->name);
    }
    if (c == ':')
        return VN_FAIL(err, VN_E_USAGE, .cause = "an option lacks its value", .got = letter,
                       .fix = help_hint(cli, NULL, ""));
    return unknown(cli, list, optopt ? letter : word, err);
}

/* One run of getopt_long over argv[0..argc); words that are no options end up behind optind. */
static int scan(struct cli *cli, const struct list *list, int argc, char **argv, struct vn_err *err)
{
    int c, r;

    optind = 0; /* GNU: start anew */
    opterr = 0;
    for (;;) {
        const struct cli_option *option;
        bool global = false;

        optopt = 0;
        c = getopt_long(argc, argv, list->letters, list->longs, NULL);
        if (c < 0)
            return 0;
        if (c == '?' || c == ':')
            return refused(cli, list, c, argv, err);
        if (c >= FIRST) {
            option = list->options[c - FIRST];
            global = list->global[c - FIRST];
        } else {
            option = by_letter(list, c, &global);
        }
        r = option ? set(cli, option, global, optarg, err) : 0;
        if (r < 0)
            return r;
    }
}

static int find_command(struct cli *cli, const char *word, struct vn_err *err)
{
    const struct cli_command *all;
    const char *names[32], *nearest;
    size_t n, i;

    cli->command = cli_command(word);
    if (cli->command)
        return 0;
    all = cli_commands(&n);
    for (i = 0; i < n && i < VN_COUNT(names); i++)
        names[i] = all[i].name;
    nearest = cli_nearest(word, names, i);
    return VN_FAIL(err, VN_E_USAGE, .cause = "unknown command", .got = word, .fix = help_hint(cli, nearest, ""));
}

static int take_names(struct cli *cli, int argc, char **argv, struct vn_err *err)
{
    for (int i = optind; i < argc; i++) {
        const char **slot;

        if (cli->n_names == cli->command->max_names && !cli->help)
            return VN_FAIL(err, VN_E_USAGE, .cause = "one word too many", .got = argv[i],
                           .fix = help_hint(cli, NULL, ""));
        slot = vn_arena_grow(&cli->arena, &cli->names, &cli->n_names, sizeof *slot);
        if (!slot)
            return vn_nomem(err);
        *slot = argv[i];
    }
    return 0;
}

int cli_parse(struct cli *cli, int argc, char **argv, struct vn_err *err)
{
    struct list before = {0}, after = {0};
    int r, first;

    cli->color = "auto";
    if (gather(&before, &cli->arena, NULL) < 0)
        return vn_nomem(err);
    r = scan(cli, &before, argc, argv, err);
    if (r < 0)
        return r;
    first = optind;
    if (first >= argc)
        return 0;
    r = find_command(cli, argv[first], err);
    if (r < 0)
        return r;
    if (gather(&after, &cli->arena, cli->command) < 0)
        return vn_nomem(err);
    r = scan(cli, &after, argc - first, argv + first, err);
    return r < 0 ? r : take_names(cli, argc - first, argv + first, err);
}

void cli_drop(struct cli *cli)
{
    vn_arena_drop(&cli->arena);
    memset(cli, 0, sizeof *cli);
}

const char *cli_value(const struct cli *cli, const char *name)
{
    for (size_t i = cli->n_values; i-- > 0;)
        if (!strcmp(cli->values[i].option->name, name))
            return cli->values[i].value;
    return NULL;
}

int cli_size(const struct cli *cli, const char *name, uint64_t *ret_kib, struct vn_err *err)
{
    const char *value = cli_value(cli, name);
    int r = value ? vn_size_parse(value, ret_kib, err) : 0;

    return r < 0 ? vn_err_ctx(err, r, "--%s", name) : 0;
}

int cli_number(const struct cli *cli, const char *name, uint64_t max, uint64_t *ret, struct vn_err *err)
{
    const char *value = cli_value(cli, name);
    int r = value ? vn_uint_parse(value, max, ret, err) : 0;

    return r < 0 ? vn_err_ctx(err, r, "--%s", name) : 0;
}

int cli_percent(const struct cli *cli, const char *name, double *ret, struct vn_err *err)
{
    const char *value = cli_value(cli, name);
    char *end;
    double pct;

    if (!value)
        return 0;
    pct = strtod(value, &end);
    if (end == value || *end || !(pct >= 0 && pct <= 100))
        return vn_err_ctx(err, VN_FAIL(err, VN_E_USAGE, .cause = "not a percentage from 0 to 100", .got = value), "--%s",
                          name);
    *ret = pct;
    return 0;
}
