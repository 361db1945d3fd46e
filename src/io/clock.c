/* SPDX-License-Identifier: MIT */
#include <time.h>

#include "io/doors.h"

static int64_t now_usec(void *self)
{
    struct timespec now;

    (void)self;
    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        return 0;
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct vn_clock vn_system_clock(void)
{
    return (struct vn_clock){.now_usec = now_usec};
}
