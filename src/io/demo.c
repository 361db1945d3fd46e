/* SPDX-License-Identifier: MIT */
#include "io/doors.h"

/* examples/hosts/demo.host, byte for byte, and a NUL: written by embed.py at build time. */
static const unsigned char text[] = {
#include "demo.inc"
    0};

const char *vn_demo_text(size_t *ret_len)
{
    *ret_len = sizeof text - 1;
    return (const char *)text;
}
