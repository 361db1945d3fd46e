/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <vnuma/buf.h>

#include "codec/capture_alias.h"

enum { WORD_MIN = 3 }; /* a shorter name is found in too much that is not it */

void vn_aliases_drop(struct vn_aliases *aliases)
{
    vn_arena_drop(&aliases->arena);
    memset(aliases, 0, sizeof *aliases);
}

static unsigned bucket_of(enum vn_alias_kind kind, const char *was)
{
    unsigned hash = 2166136261u ^ (unsigned)kind; /* FNV-1a */

    for (; *was; was++)
        hash = (hash ^ (unsigned char)*was) * 16777619u;
    return hash % VN_ALIAS_BUCKETS;
}

static char *stand_in(struct vn_aliases *aliases, enum vn_alias_kind kind, unsigned n)
{
    struct vn_arena *arena = &aliases->arena;

    switch (kind) {
    case VN_ALIAS_VM:
        return vn_arena_printf(arena, "vm%0*u", (int)aliases->vm_digits, n);
    case VN_ALIAS_HOST:
        return vn_arena_printf(arena, "host%u", n);
    case VN_ALIAS_UUID:
        return vn_arena_printf(arena, "00000000-0000-4000-8000-%012x", n);
    case VN_ALIAS_MAC:
        return vn_arena_printf(arena, "52:54:00:%02x:%02x:%02x", n >> 16 & 255, n >> 8 & 255, n & 255);
    case VN_ALIAS_SERIAL:
        return vn_arena_printf(arena, "serial%u", n);
    case VN_ALIAS_PATH:
        return vn_arena_printf(arena, "/path/%u", n);
    case VN_ALIAS_IP4: /* RFC 2544: no one's addresses */
        return vn_arena_printf(arena, "198.%u.%u.%u", 18 + (n >> 16 & 1), n >> 8 & 255, n & 255);
    case VN_ALIAS_IP6: /* RFC 3849: for documentation */
        return vn_arena_printf(arena, "2001:db8::%x", n & 0xffff);
    case VN_ALIAS_URI:
        return vn_arena_printf(arena, "anonymous://%u", n);
    case VN_ALIAS_NAME:
        return vn_arena_printf(arena, "name%u", n);
    case VN_ALIAS_TEXT:
    case VN_ALIAS_KINDS:
        break;
    }
    return vn_arena_printf(arena, "text%u", n);
}

/* The form in which two spellings of one thing are equal. */
static char *canonical(struct vn_arena *arena, enum vn_alias_kind kind, const char *was)
{
    char *text = vn_arena_strdup(arena, was);

    for (char *at = text; at && *at && (kind == VN_ALIAS_UUID || kind == VN_ALIAS_MAC); at++)
        *at = (char)tolower((unsigned char)*at);
    return text;
}

const char *vn_alias_find(const struct vn_aliases *aliases, enum vn_alias_kind kind, const char *was)
{
    for (const struct vn_alias *at = aliases->buckets[bucket_of(kind, was)]; at; at = at->next)
        if (at->kind == kind && !strcmp(at->was, was))
            return at->now;
    return NULL;
}

const char *vn_alias(struct vn_aliases *aliases, enum vn_alias_kind kind, const char *was)
{
    char *key = canonical(&aliases->arena, kind, was);
    const char *now = key ? vn_alias_find(aliases, kind, key) : NULL;
    struct vn_alias *alias;
    unsigned bucket;

    if (now || !key)
        return now;
    alias = vn_arena_alloc(&aliases->arena, sizeof *alias);
    now = alias ? stand_in(aliases, kind, ++aliases->count[kind]) : NULL;
    if (!now)
        return NULL;
    bucket = bucket_of(kind, key);
    *alias = (struct vn_alias){.next = aliases->buckets[bucket], .kind = kind, .was = key, .now = now};
    aliases->buckets[bucket] = alias;
    if (kind == VN_ALIAS_VM || kind == VN_ALIAS_HOST) {
        alias->next_name = aliases->names;
        aliases->names = alias;
    }
    return now;
}

/* ---- what a value looks like ---- */

/* 'x': a hex digit; anything else stands for itself. */
static bool looks_like(const char *value, const char *pattern)
{
    for (; *pattern; pattern++, value++)
        if (*pattern == 'x' ? !isxdigit((unsigned char)*value) : *pattern != *value)
            return false;
    return !*value;
}

static bool is_ip4(const char *value)
{
    unsigned part[4];
    int end = 0;

    if (sscanf(value, "%3u.%3u.%3u.%3u%n", &part[0], &part[1], &part[2], &part[3], &end) != 4)
        return false;
    return (!value[end] || value[end] == '/') && part[0] < 256 && part[1] < 256 && part[2] < 256 && part[3] < 256;
}

static bool is_ip6(const char *value)
{
    size_t len = strspn(value, "0123456789abcdefABCDEF:"), colons = 0;

    for (size_t i = 0; i < len; i++)
        colons += value[i] == ':';
    return (!value[len] || value[len] == '/' || value[len] == '%') && colons >= 2 && colons <= 7 && len > 3;
}

int vn_alias_shape(const char *value)
{
    if (looks_like(value, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"))
        return VN_ALIAS_UUID;
    if (looks_like(value, "xx:xx:xx:xx:xx:xx"))
        return VN_ALIAS_MAC;
    if (value[0] == '/')
        return VN_ALIAS_PATH;
    if (strstr(value, "://"))
        return VN_ALIAS_URI;
    if (is_ip4(value))
        return VN_ALIAS_IP4;
    return is_ip6(value) ? VN_ALIAS_IP6 : -1;
}

/* ---- names inside of longer texts ---- */

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The longest name that begins at @at as a word of its own. */
static const struct vn_alias *name_at(const struct vn_aliases *aliases, const char *text, const char *at)
{
    const struct vn_alias *best = NULL;
    size_t best_len = WORD_MIN - 1;

    if (!is_word(*at) || (at > text && is_word(at[-1])))
        return NULL;
    for (const struct vn_alias *alias = aliases->names; alias; alias = alias->next_name) {
        size_t len = strlen(alias->was);

        if (len > best_len && !strncmp(at, alias->was, len) && !is_word(at[len])) {
            best = alias;
            best_len = len;
        }
    }
    return best;
}

const char *vn_alias_sweep(struct vn_aliases *aliases, const char *value)
{
    VN_AUTO(vn_buf) out = {0};
    bool found = false;

    for (const char *at = value; *at;) {
        const struct vn_alias *alias = name_at(aliases, value, at);

        found = found || alias;
        vn_buf_add(&out, alias ? alias->now : at, alias ? strlen(alias->now) : 1);
        at += alias ? strlen(alias->was) : 1;
    }
    if (out.failed)
        return NULL;
    return found ? vn_arena_strdup(&aliases->arena, vn_buf_text(&out)) : value;
}
