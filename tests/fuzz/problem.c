/* SPDX-License-Identifier: MIT */
#include "codec/planjson.h"
#include "fuzz.h"

/* A problem that is read has a sound host, and is written and read again as the same. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vn_problem problem, again;
    struct vn_buf text = {0}, second = {0};
    struct vn_err err = {0};
    char said[1024];

    if (vn_problem_parse((const char *)data, size, &problem, &err) < 0) {
        MUST(vn_err_text(&err, said, sizeof said)[0]);
        return 0;
    }
    MUST(vn_host_check(&problem.host, NULL) == 0);
    MUST(vn_problem_format(&problem, &text, NULL) == 0);
    MUST(vn_problem_parse(text.ptr, text.len, &again, NULL) == 0);
    MUST(vn_problem_format(&again, &second, NULL) == 0);
    MUST(!strcmp(text.ptr, second.ptr));
    vn_problem_drop(&problem);
    vn_problem_drop(&again);
    vn_buf_drop(&text);
    vn_buf_drop(&second);
    return 0;
}
