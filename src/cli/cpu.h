/* SPDX-License-Identifier: MIT */
#ifndef VN_CLI_CPU_H
#define VN_CLI_CPU_H

#include "app/cpu.h"
#include "cli/session.h"

/* 'vnuma cpu': a file a subcommand, and what they share. */

/* Each: an exit status, or -VN_E_* with err filled; names[1..] are its own words. */
int cli_cpu_models(struct cli *cli, struct vn_err *err);
int cli_cpu_show(struct cli *cli, struct vn_err *err);
int cli_cpu_diff(struct cli *cli, struct vn_err *err);
int cli_cpu_host(struct cli *cli, struct vn_err *err);
int cli_cpu_check(struct cli *cli, struct vn_err *err);
int cli_cpu_baseline(struct cli *cli, struct vn_err *err);
int cli_cpu_set(struct cli *cli, struct vn_err *err);

/** cli_cpu_open() - the connection, and what the host can give to VMs of --virttype. Both are dropped by the caller. */
VN_NODISCARD int cli_cpu_open(struct cli *cli, struct cli_session *ret_session, struct vn_cpu_host *ret_host,
                              struct vn_err *err);

/** cli_cpu_kind() - "type qemu (software emulation), machine pc-i440fx-7.2, /usr/bin/qemu-system-x86_64" */
const char *cli_cpu_kind(struct vn_arena *arena, const struct vn_domcaps *caps);
/** The same for programs: virttype, machine, arch, emulator. */
void cli_cpu_list_kind(struct vn_doc *doc, const struct vn_domcaps *caps);

/** cli_cpu_join() - "a, b, c"; of more than @max characters the rest is counted. "none" where there is none. */
const char *cli_cpu_join(struct vn_arena *arena, char *const *names, size_t count, size_t max);
/** cli_cpu_names() - an array of strings, for programs. */
void cli_cpu_names(struct vn_doc *doc, struct vn_val *parent, const char *key, char *const *names, size_t count);
/** cli_cpu_list_row() - a model of the host's list, into an object for programs. */
void cli_cpu_list_row(struct vn_doc *doc, struct vn_val *parent, const struct vn_cpu_row *row);
/** cli_cpu_features() - an array of name and policy, for programs. */
void cli_cpu_features(struct vn_doc *doc, struct vn_val *parent, const char *key, const struct vn_cpu *cpu);
/** cli_cpu_policies() - "require a, b; disable c", for people; "none". */
const char *cli_cpu_policies(struct vn_arena *arena, const struct vn_cpu *cpu);
/** cli_cpu_asks() - "host-model", "custom Westmere", "nothing (QEMU's own default)". */
const char *cli_cpu_asks(struct vn_arena *arena, const struct vn_cpu *cpu);
const char *cli_cpu_signature(struct vn_arena *arena, const struct vn_cpu_signature *signature);
/** cli_cpu_usable() - "yes", "no", "unknown". */
const char *cli_cpu_usable(enum vn_cpu_usable usable);
/** cli_cpu_migration() - what a <cpu> costs when the guest is to migrate. */
const char *cli_cpu_migration(const struct vn_cpu *cpu);
/** The same of a mode alone. */
const char *cli_cpu_mode_migration(const char *mode);
/** cli_cpu_no_model() - -VN_E_ABSENT with the nearest name. */
int cli_cpu_no_model(const struct vn_cpu_host *host, const char *name, struct vn_err *err);

#define CLI_CPU_WHOLE SIZE_MAX

#endif
