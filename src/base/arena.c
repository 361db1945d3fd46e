/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vnuma/arena.h>

enum { BLOCK_BYTES = 16384, ALIGNMENT = 16 };

struct vn_arena_block {
    struct vn_arena_block *next;
    size_t used, size;
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

static struct vn_arena_block *block_new(size_t size)
{
    struct vn_arena_block *block;

    if (size > PTRDIFF_MAX - sizeof *block)
        return NULL;
    block = calloc(1, sizeof *block + size);
    if (block)
        block->size = size;
    return block;
}

void *vn_arena_alloc(struct vn_arena *arena, size_t size)
{
    struct vn_arena_block *block = arena->head;
    void *at;

    if (size > SIZE_MAX - ALIGNMENT)
        return NULL;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!size)
        size = ALIGNMENT;
    if (!block || block->size - block->used < size) {
        block = block_new(size > BLOCK_BYTES / 4 ? size : BLOCK_BYTES);
        if (!block)
            return NULL;
        if (arena->head && block->size == size) { /* a large one goes behind the block in use */
            block->next = arena->head->next;
            arena->head->next = block;
        } else {
            block->next = arena->head;
            arena->head = block;
        }
    }
    at = block->bytes + block->used;
    block->used += size;
    return at;
}

void *vn_arena_array(struct vn_arena *arena, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    return vn_arena_alloc(arena, count * size);
}

char *vn_arena_strndup(struct vn_arena *arena, const char *text, size_t len)
{
    char *copy = len < SIZE_MAX ? vn_arena_alloc(arena, len + 1) : NULL;

    if (copy)
        memcpy(copy, text, len);
    return copy;
}

char *vn_arena_strdup(struct vn_arena *arena, const char *text)
{
    return text ? vn_arena_strndup(arena, text, strlen(text)) : NULL;
}

char *vn_arena_printf(struct vn_arena *arena, const char *fmt, ...)
{
    va_list args;
    char *out;
    int len;

    va_start(args, fmt);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    out = len < 0 ? NULL : vn_arena_alloc(arena, (size_t)len + 1);
    if (!out)
        return NULL;
    va_start(args, fmt);
    (void)vsnprintf(out, (size_t)len + 1, fmt, args);
    va_end(args);
    return out;
}

void *vn_arena_grow(struct vn_arena *arena, void *items_ptr, size_t *count, size_t size)
{
    unsigned char *items, *more;
    size_t n = *count;

    memcpy(&items, items_ptr, sizeof items);
    if (!items || (n & (n - 1)) == 0) { /* 0 and each power of two: full */
        more = n > SIZE_MAX / 2 ? NULL : vn_arena_array(arena, n ? 2 * n : 1, size);
        if (!more)
            return NULL;
        if (n)
            memcpy(more, items, n * size);
        items = more;
        memcpy(items_ptr, &items, sizeof items);
    }
    *count = n + 1;
    return items + n * size;
}

void vn_arena_drop(struct vn_arena *arena)
{
    struct vn_arena_block *block = arena->head;

    while (block) {
        struct vn_arena_block *next = block->next;
        free(block);
        block = next;
    }
    arena->head = NULL;
}
