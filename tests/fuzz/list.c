/* SPDX-License-Identifier: MIT */
#include <vnuma/set.h>
#include <vnuma/units.h>
#include "fuzz.h"

/* What was read is written and read again as the same set; sizes survive too. */

static void round_trip(const char *text)
{
    static char out[VN_SET_TEXT];
    struct vn_cpuset set, again;
    struct vn_nodeset nodes, nodes_again;
    struct vn_err err;

    if (vn_cpuset_parse(text, &set, &err) == 0) {
        MUST(vn_cpuset_parse(vn_cpuset_format(&set, out, sizeof out), &again, NULL) == 0);
        MUST(vn_cpuset_equal(&set, &again));
    } else {
        MUST(vn_err_text(&err, out, sizeof out)[0]);
    }
    if (vn_nodeset_parse(text, &nodes, NULL) == 0) {
        MUST(vn_nodeset_parse(vn_nodeset_format(&nodes, out, sizeof out), &nodes_again, NULL) == 0);
        MUST(vn_nodeset_equal(&nodes, &nodes_again));
    }
}

static void cut_output(const char *text, size_t size)
{
    struct vn_cpuset set;
    char out[24];

    memset(out, 'x', sizeof out);
    if (vn_cpuset_parse(text, &set, NULL) < 0)
        return;
    size %= sizeof out;
    (void)vn_cpuset_format(&set, out, size);
    if (size)
        MUST(memchr(out, '\0', size));
    for (size_t i = size; i < sizeof out; i++)
        MUST(out[i] == 'x');
}

static void sizes(const char *text)
{
    char out[32];
    uint64_t kib, again;

    if (vn_size_parse(text, &kib, NULL) < 0)
        return;
    MUST(kib <= UINT64_C(1) << 53);
    MUST(vn_size_format(kib, out, sizeof out)[0]);
    (void)snprintf(out, sizeof out, "%lluK", (unsigned long long)kib);
    MUST(vn_size_parse(out, &again, NULL) == 0 && again == kib);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);

    round_trip(text);
    cut_output(text, size);
    sizes(text);
    free(text);
    return 0;
}
