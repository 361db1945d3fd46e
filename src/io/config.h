/* SPDX-License-Identifier: MIT */
#ifndef VN_IO_CONFIG_H
#define VN_IO_CONFIG_H

#include <vnuma/policy.h>

/**
 * vn_config_parse() - one configuration file's text, added to what @policy holds. Never looks at
 * a file. An indented line goes on with the value above it.
 * @file: its name, for messages
 * Errors: -VN_E_SYNTAX (an unknown key or section, too), -VN_E_RANGE, all as "FILE:LINE: ..."
 */
VN_NODISCARD int vn_config_parse(const char *text, const char *file, struct vn_policy *policy, struct vn_err *err);

#endif
