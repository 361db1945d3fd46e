/* SPDX-License-Identifier: MIT */
#include "codec/capture.h"
#include "fuzz.h"

/* A captured host that is read is written and read again as the same, and can be anonymized. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vn_snapshot snapshot, again;
    struct vn_buf text = {0}, second = {0}, hidden = {0};

    if (vn_capture_parse((const char *)data, size, &snapshot, NULL) < 0)
        return 0;
    MUST(vn_host_check(&snapshot.host, NULL) == 0);
    MUST(vn_capture_format(&snapshot, &text, NULL) == 0);
    MUST(vn_capture_parse(text.ptr, text.len, &again, NULL) == 0);
    MUST(vn_capture_format(&again, &second, NULL) == 0);
    MUST(!strcmp(text.ptr, second.ptr));
    vn_snapshot_drop(&again);
    if (vn_capture_anonymize(&snapshot, NULL) == 0) {
        MUST(vn_capture_format(&snapshot, &hidden, NULL) == 0);
        MUST(vn_capture_parse(hidden.ptr, hidden.len, &again, NULL) == 0);
        vn_snapshot_drop(&again);
    }
    vn_snapshot_drop(&snapshot);
    vn_buf_drop(&text);
    vn_buf_drop(&second);
    vn_buf_drop(&hidden);
    return 0;
}
