/* SPDX-License-Identifier: MIT */
#ifndef VNUMA_ARENA_H
#define VNUMA_ARENA_H

#include <stddef.h>
#include <vnuma/defs.h>

/**
 * struct vn_arena - memory that is released all at once. {0} is an empty arena.
 * A snapshot, a problem and a plan each own one; nothing inside them is freed alone.
 */
struct vn_arena {
    struct vn_arena_block *head;
};

/** vn_arena_alloc() - @size zeroed bytes aligned for any type, or NULL when out of memory. */
void *vn_arena_alloc(struct vn_arena *arena, size_t size);

/** vn_arena_array() - @count zeroed elements, or NULL (also on overflow). @count 0 is not NULL. */
void *vn_arena_array(struct vn_arena *arena, size_t count, size_t size);

/** vn_arena_strdup() - a copy of @text; NULL for NULL or when out of memory. */
char *vn_arena_strdup(struct vn_arena *arena, const char *text);
char *vn_arena_strndup(struct vn_arena *arena, const char *text, size_t len);
char *vn_arena_printf(struct vn_arena *arena, const char *fmt, ...) VN_PRINTF(2, 3);

/**
 * vn_arena_grow() - room for one more element at the end of *@items (a power-of-two array).
 * *@count elements are there; the new, zeroed one is returned and *@count incremented.
 * NULL when out of memory (the array is unchanged).
 */
void *vn_arena_grow(struct vn_arena *arena, void *items_ptr, size_t *count, size_t size);

void vn_arena_drop(struct vn_arena *arena);

#endif
