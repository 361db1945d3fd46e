/* SPDX-License-Identifier: MIT */
#ifndef VN_CLI_SHOW_NUMATUNE_H
#define VN_CLI_SHOW_NUMATUNE_H

#include <vnuma/snapshot.h>

#include "view/doc.h"

/** cli_show_numatune() - how a VM's memory is bound now and at its next start, and where it lies: vnuma.numatune/1. */
void cli_show_numatune(struct vn_doc *doc, const struct vn_host *host, const struct vn_vm *vm);

#endif
