/* SPDX-License-Identifier: MIT */
#ifndef VN_PORT_CLOCK_H
#define VN_PORT_CLOCK_H

#include <stdint.h>

struct vn_clock {
    int64_t (*now_usec)(void *self); /* since the epoch, UTC */
    void *self;
};

#endif
