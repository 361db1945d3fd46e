/* SPDX-License-Identifier: MIT */
#include "codec/capsxml.h"
#include "fuzz.h"

/* Whatever is read is a host that can be planned for. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_host host;
    struct vn_device device;
    struct vn_err err = {0};
    char *text = fuzz_text(data, size);

    if (vn_capsxml_parse(text, size, &arena, &host, &err) == 0) {
        struct vn_cpuset online;

        MUST(vn_host_check(&host, NULL) == 0);
        vn_host_online(&host, &online);
        MUST(!vn_cpuset_intersects(&online, &host.offline));
        for (size_t i = 0; i < host.n_cores; i++)
            MUST(!vn_cpuset_empty(&host.cores[i]) && vn_cpuset_subset(&host.cores[i], &online));
        for (size_t i = 0; i < host.n_l3; i++)
            MUST(vn_cpuset_subset(&host.l3[i], &online));
    } else {
        MUST(err.code && err.cause[0]);
    }
    if (vn_nodedevxml_parse(text, size, &arena, &device, NULL) == 0)
        MUST(strlen(device.name) >= 12 && device.node >= -1);
    free(text);
    return 0;
}
