/* SPDX-License-Identifier: MIT */
#ifndef VN_CLI_SHOW_STAT_H
#define VN_CLI_SHOW_STAT_H

#include <vnuma/stat.h>

#include "view/doc.h"

/** cli_show_counters() - the nodes' counters; @seconds above 0: @counters are what was added in that time. */
void cli_show_counters(struct vn_doc *doc, const struct vn_counters *counters, size_t count, double seconds);

/** cli_show_memory() - of processes, or of VMs (@vms). @kinds: the division by kind of each. */
void cli_show_memory(struct vn_doc *doc, const struct vn_memstats *stats, bool vms, bool kinds);

#endif
