/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <vnuma/shell.h>

static bool is_plain(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:+@%/-";

    return text[0] && text[0] != '-' && strspn(text, plain) == strlen(text);
}

/* In single quotes, and each of its own as '\'' */
static char *quote(struct vn_arena *arena, const char *text)
{
    size_t len = strlen(text);
    char *out = len < SIZE_MAX / 8 ? vn_arena_alloc(arena, 4 * len + 3) : NULL, *at = out;

    if (!out)
        return NULL;
    *at++ = '\'';
    for (; *text; text++) {
        if (*text == '\'') {
            memcpy(at, "'\\''", 4);
            at += 4;
        } else {
            *at++ = *text;
        }
    }
    *at++ = '\'';
    *at = '\0';
    return out;
}

char *vn_shell_word(struct vn_arena *arena, const char *text)
{
    return is_plain(text) ? vn_arena_strdup(arena, text) : quote(arena, text);
}
