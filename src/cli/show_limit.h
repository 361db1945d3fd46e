/* SPDX-License-Identifier: MIT */
#ifndef VN_CLI_SHOW_LIMIT_H
#define VN_CLI_SHOW_LIMIT_H

#include "app/limit.h"
#include "view/doc.h"

/** What a VM uses; negative: not known. */
struct cli_used {
    double cpu_pct;
    int64_t memory_kib;
};

/** cli_show_limits() - a VM's limits: now, at the next start, and what is used. */
void cli_show_limits(struct vn_doc *doc, const struct vn_vm *vm, const struct vn_limit_row *rows, size_t n_rows,
                     const struct cli_used *used);

#endif
