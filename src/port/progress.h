/* SPDX-License-Identifier: MIT */
#ifndef VN_PORT_PROGRESS_H
#define VN_PORT_PROGRESS_H

#include <stdint.h>

/** struct vn_progress - how far a long operation is; update may be NULL. */
struct vn_progress {
    void (*update)(void *self, const char *what, uint64_t done, uint64_t total, const char *unit);
    void *self;
};

/** vn_progress_say() - @progress may be NULL. unit: "KiB", "steps", ... */
static inline void vn_progress_say(const struct vn_progress *progress, const char *what, uint64_t done,
                                   uint64_t total, const char *unit)
{
    if (progress && progress->update)
        progress->update(progress->self, what, done, total, unit);
}

#endif
