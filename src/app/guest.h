/* SPDX-License-Identifier: MIT */
#ifndef VN_APP_GUEST_H
#define VN_APP_GUEST_H

#include "app/app.h"
#include "codec/proctext.h"

/** struct vn_guest_cpus - what a guest says of its CPUs, now; numbers are the guest's. */
struct vn_guest_cpus {
    struct vn_cpuset online;
    struct vn_cpu_interrupts *interrupts;
    size_t n_interrupts;
    struct vn_err no_online, no_interrupts; /* why it is not known; code VN_OK: it is */
};

/**
 * vn_app_guest_cpus() - ask the guest's agent. Where none answers that is data.
 * @interrupts: read /proc/interrupts too: libvirt marks a domain whose agent was given such a command. Without:
 *              no_interrupts.code is not VN_OK
 * Memory: of @arena
 */
void vn_app_guest_cpus(struct vn_app *app, const char *vm, bool interrupts, struct vn_arena *arena,
                       struct vn_guest_cpus *ret);

/** vn_guest_cpu_interrupts() - of one of its CPUs; -1: not known, or it is offline. PURE. */
int64_t vn_guest_cpu_interrupts(const struct vn_guest_cpus *guest, unsigned cpu);

/**
 * vn_guest_cpus_match() - is vCPU n the guest's CPU n? A guest numbers what it finds when it boots; so only where the
 * vCPUs that are plugged are the lowest. PURE.
 */
bool vn_guest_cpus_match(const struct vn_cpuset *plugged);

#endif
