/* SPDX-License-Identifier: MIT */
#ifndef VN_CLI_SHOW_HOST_H
#define VN_CLI_SHOW_HOST_H

#include <vnuma/host.h>

#include "view/doc.h"

/** cli_show_host() - a host for people. */
void cli_show_host(struct vn_doc *doc, const struct vn_host *host);

/** cli_show_kind() - which kind of machine it is, and what that means for placement, in a few sentences. */
void cli_show_kind(struct vn_doc *doc, struct vn_val *object, const struct vn_host *host);

#endif
