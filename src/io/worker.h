/* SPDX-License-Identifier: MIT */
#ifndef VN_IO_WORKER_H
#define VN_IO_WORKER_H

/**
 * vn_worker_run() - runs @work in a thread of its own and waits for it, meanwhile calling @poll in
 * the caller's thread every @interval_ms and once at the end. Where no thread can be made, @work
 * runs in the caller's, and only the last poll happens.
 */
void vn_worker_run(void (*work)(void *), void *work_self, void (*poll)(void *), void *poll_self,
                   unsigned interval_ms);

#endif
