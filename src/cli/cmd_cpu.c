/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/cpu.h"

/* The subcommands, how many words each takes, and which of cpu's options. */
static const struct sub {
    const char *name, *usage;
    size_t least, most;
    const char *options[8];
    int (*run)(struct cli *cli, struct vn_err *err);
} subs[] = {
    {"models", "models [PATTERN]", 0, 1, {"all", "vendor", "virttype"}, cli_cpu_models},
    {"show", "show MODEL [MODEL]", 1, 2, {"virttype"}, cli_cpu_show},
    {"diff", "diff MODEL MODEL", 2, 2, {"virttype"}, cli_cpu_diff},
    {"host", "host", 0, 0, {"virttype"}, cli_cpu_host},
    {"check", "check VM", 1, 1, {NULL}, cli_cpu_check},
    {"baseline", "baseline FILE-OR-URI...", 1, SIZE_MAX, {"virttype"}, cli_cpu_baseline},
    {"set", "set VM host-passthrough|host-model|MODEL", 2, 2, {"drop-features", "force", "dry-run", "wait", "write"},
     cli_cpu_set},
};

static int no_sub(const char *word, struct vn_err *err)
{
    const char *names[VN_COUNT(subs)], *nearest;
    char fix[128];

    for (size_t i = 0; i < VN_COUNT(subs); i++)
        names[i] = subs[i].name;
    nearest = word ? cli_nearest(word, names, VN_COUNT(subs)) : NULL;
    (void)snprintf(fix, sizeof fix, "%s%s%sSee 'vnuma cpu --help'.", nearest ? "Did you mean '" : "",
                   nearest ? nearest : "", nearest ? "'? " : "");
    return VN_FAIL(err, VN_E_USAGE, .got = word,
                   .cause = word ? "cpu has no such subcommand"
                                 : "cpu needs one of models, show, diff, host, check, baseline, set",
                   .fix = fix);
}

static bool takes(const struct sub *sub, const char *option)
{
    for (size_t i = 0; i < VN_COUNT(sub->options) && sub->options[i]; i++)
        if (!strcmp(sub->options[i], option))
            return true;
    return false;
}

static int check_virttype(const struct cli *cli, struct vn_err *err)
{
    const char *type = cli_value(cli, "virttype");

    if (!type || !strcmp(type, "kvm") || !strcmp(type, "qemu"))
        return 0;
    return VN_FAIL(err, VN_E_USAGE, .cause = "--virttype is kvm, or qemu for software emulation", .got = type);
}

static int check(const struct cli *cli, const struct sub *sub, struct vn_err *err)
{
    char usage[96];

    (void)snprintf(usage, sizeof usage, "Write 'vnuma cpu %s'.", sub->usage);
    if (cli->n_names - 1 < sub->least)
        return vn_failf(err, VN_E_USAGE, usage, "cpu %s lacks a word", sub->name);
    if (cli->n_names - 1 > sub->most)
        return VN_FAIL(err, VN_E_USAGE, .cause = "one word too many", .got = cli->names[1 + sub->most], .fix = usage);
    for (size_t i = 0; i < cli->n_values; i++)
        if (!takes(sub, cli->values[i].option->name))
            return vn_failf(err, VN_E_USAGE, "Leave it out.", "cpu %s does not take --%s", sub->name,
                            cli->values[i].option->name);
    return check_virttype(cli, err);
}

int cmd_cpu(struct cli *cli, struct vn_err *err)
{
    if (!cli->n_names)
        return no_sub(NULL, err);
    for (size_t i = 0; i < VN_COUNT(subs); i++)
        if (!strcmp(subs[i].name, cli->names[0])) {
            int r = check(cli, &subs[i], err);

            return r < 0 ? r : subs[i].run(cli, err);
        }
    return no_sub(cli->names[0], err);
}
