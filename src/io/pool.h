/* SPDX-License-Identifier: MIT */
#ifndef VN_IO_POOL_H
#define VN_IO_POOL_H

#include <stddef.h>

/**
 * vn_pool_run() - calls @one(self, i) for every i below @count, on as many threads as there are CPUs and enough to
 * do, at least @each calls a thread. Where threads cannot be had the caller's does all. Returns when all are done.
 */
void vn_pool_run(size_t count, size_t each, void (*one)(void *self, size_t i), void *self);

#endif
