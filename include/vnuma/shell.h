/* SPDX-License-Identifier: MIT */
#ifndef VNUMA_SHELL_H
#define VNUMA_SHELL_H

#include <vnuma/arena.h>

/** vn_shell_word() - @text as a shell reads it as one word: quoted where it must be. NULL: out of memory. */
char *vn_shell_word(struct vn_arena *arena, const char *text);

#endif
