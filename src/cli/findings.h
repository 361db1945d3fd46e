/* SPDX-License-Identifier: MIT */
#ifndef VN_CLI_FINDINGS_H
#define VN_CLI_FINDINGS_H

#include <vnuma/finding.h>

#include "view/doc.h"

/** cli_list_findings() - for programs: an array under @key, with the evidence. */
void cli_list_findings(struct vn_doc *doc, const char *key, const struct vn_findings *findings);

/** cli_show_findings() - for people: worst first; like findings are told once. */
void cli_show_findings(struct vn_doc *doc, const struct vn_findings *findings);

/** cli_has_drift() - is there a warning or an error among them? */
bool cli_has_drift(const struct vn_findings *findings);

#endif
