/* SPDX-License-Identifier: MIT */
/* bench-pin VM N CPU: pins vCPUs 0 to N-1 to a CPU through the libvirt door, as apply does. */
#include <stdio.h>
#include <stdlib.h>

#include "io/doors.h"

static int pin_all(struct vn_hypervisor *hv, const char *vm, unsigned count, unsigned cpu, struct vn_err *err)
{
    struct vn_cpuset cpus = {{0}};
    int r = 0;

    vn_cpuset_add(&cpus, cpu);
    for (unsigned vcpu = 0; vcpu < count && r == 0; vcpu++)
        r = hv->ops->pin_vcpu(hv->self, vm, vcpu, &cpus, VN_SCOPE_LIVE, err);
    return r;
}

int main(int argc, char **argv)
{
    VN_AUTO(vn_hypervisor) hv = {0};
    struct vn_err err = {0};
    char text[1024];
    int r;

    if (argc != 4) {
        (void)fprintf(stderr, "usage: bench-pin VM N CPU\n");
        return 2;
    }
    r = vn_libvirt_open(NULL, &hv, &err);
    if (r == 0)
        r = pin_all(&hv, argv[1], (unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]), &err);
    if (r < 0)
        (void)fprintf(stderr, "bench-pin: %s\n", vn_err_text(&err, text, sizeof text));
    return r < 0;
}
