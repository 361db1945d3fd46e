/* SPDX-License-Identifier: MIT */
#ifndef VN_TESTS_XMLFILE_H
#define VN_TESTS_XMLFILE_H

#include <stdio.h>
#include <stdlib.h>

/* The text of tests/data/xml/NAME (tests run in the source directory), to be freed. */
static inline char *read_xml(const char *name)
{
    enum { MAX = 1 << 16 };
    char path[256], *text = calloc(1, MAX);
    FILE *file;

    (void)snprintf(path, sizeof path, "tests/data/xml/%s", name);
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_non_null(text);
    assert_true(fread(text, 1, MAX - 1, file) > 0);
    (void)fclose(file);
    return text;
}

#endif
