/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "view/doc.h"

static void sample(struct vn_doc *doc)
{
    static const struct vn_column columns[] = {
        {"vcpu", "VCPU", VN_COL_RIGHT}, {"memory_kib", "MEMORY", VN_COL_RIGHT}, {"severity", "SEVERITY", 0}};
    static const struct vn_table table = {"Rows", columns, VN_COUNT(columns)};
    struct vn_cpuset cpus = {{0}};
    struct vn_val *array, *row;

    vn_cpuset_add_range(&cpus, 2, 9);
    vn_doc_init(doc, "vnuma.test/1");
    vn_doc_text(doc, NULL, "name", "Name", "db\033[1m");
    vn_doc_kib(doc, NULL, "memory_kib", "Memory", 33554432);
    vn_doc_cpus(doc, NULL, "cpus", "CPUs of it", &cpus);
    vn_doc_pct(doc, NULL, "local_pct", "Local", 33.3);
    vn_doc_real(doc, NULL, "odd", NULL, NAN);
    vn_doc_text(doc, NULL, NULL, "People", "only");
    array = vn_doc_array(doc, NULL, "rows", &table);
    for (int i = 0; i < 2; i++) {
        row = vn_doc_object(doc, array, NULL, NULL);
        vn_doc_int(doc, row, "vcpu", NULL, i * 10);
        vn_doc_kib(doc, row, "memory_kib", NULL, 1024);
        vn_doc_severity(doc, row, "severity", NULL, i ? "error" : "info");
    }
    vn_doc_block(doc, NULL, VN_BLOCK_DIFF, "+added\n-gone\n same\n");
}

static char *shown(const struct vn_doc *doc, bool json, bool colour)
{
    struct vn_view view = {.colour = colour};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    assert_non_null(out);
    assert_int_equal(json ? vn_view_json(doc, out, NULL) : vn_view_text(doc, out, &view, NULL), 0);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void json_has_raw_numbers_and_schema_first(void **state)
{
    VN_AUTO(vn_doc) doc = {0};
    char *text;

    (void)state;
    sample(&doc);
    text = shown(&doc, true, true);
    assert_int_equal(strncmp(text, "{\n  \"schema\": \"vnuma.test/1\",\n  \"name\"", 37), 0);
    assert_non_null(strstr(text, "\"memory_kib\": 33554432"));
    assert_non_null(strstr(text, "\"cpus\": \"2-9\""));
    assert_non_null(strstr(text, "\"local_pct\": 33.3,"));
    assert_non_null(strstr(text, "\"odd\": null"));
    assert_null(strstr(text, "People"));
    assert_null(strstr(text, "added"));
    assert_null(strstr(text, "\033"));
    free(text);
}

static void text_is_aligned_and_humanised(void **state)
{
    VN_AUTO(vn_doc) doc = {0};
    char *text;

    (void)state;
    sample(&doc);
    text = shown(&doc, false, false);
    assert_string_equal(text, "Name        db?[1m\n"
                              "Memory      32 GiB\n"
                              "CPUs of it  2-9\n"
                              "Local       33.3 %\n"
                              "People      only\n"
                              "Rows\n"
                              "  VCPU  MEMORY  SEVERITY\n"
                              "     0   1 MiB  info\n"
                              "    10   1 MiB  error\n"
                              "+added\n-gone\n same\n");
    free(text);
}

static void colour_only_where_asked(void **state)
{
    VN_AUTO(vn_doc) doc = {0};
    char *text;

    (void)state;
    sample(&doc);
    text = shown(&doc, false, true);
    assert_non_null(strstr(text, "\033[32m+added\033[0m\n"));
    assert_non_null(strstr(text, "\033[31m")); /* error and the deletion */
    free(text);
}

static void paragraphs_wrap(void **state)
{
    VN_AUTO(vn_doc) doc = {0};
    struct vn_view view = {.width = 20};
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    (void)state;
    vn_doc_init(&doc, "vnuma.test/1");
    vn_doc_say(&doc, NULL, "%s", "one two three four five six");
    vn_doc_say(&doc, NULL, "%s", "");
    vn_doc_say(&doc, NULL, "  %s", "one two three four five");
    assert_int_equal(vn_view_text(&doc, out, &view, NULL), 0);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, "one two three four\nfive six\n\n  one two three four\n  five\n");
    free(text);
}

static void a_full_disk_is_reported(void **state)
{
    VN_AUTO(vn_doc) doc = {0};
    struct vn_view view = {0};
    struct vn_err err;
    FILE *full = fopen("/dev/full", "w");

    (void)state;
    if (!full)
        skip();
    sample(&doc);
    assert_int_equal(vn_view_json(&doc, full, &err), -VN_E_IO);
    assert_non_null(strstr(err.cause, "No space left"));
    (void)fclose(full);
    full = fopen("/dev/full", "w");
    assert_non_null(full);
    assert_int_equal(vn_view_text(&doc, full, &view, &err), -VN_E_IO);
    (void)fclose(full);
}

static void text_that_is_no_utf8_still_gives_json(void **state)
{
    VN_AUTO(vn_doc) doc = {0};
    char *text;

    (void)state;
    vn_doc_init(&doc, "vnuma.test/1");
    vn_doc_text(&doc, NULL, "name", NULL, "a\xff\xfe" "b");
    text = shown(&doc, true, false);
    assert_non_null(strstr(text, "\"name\": \"a??b\""));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_has_raw_numbers_and_schema_first),
        cmocka_unit_test(text_is_aligned_and_humanised),
        cmocka_unit_test(colour_only_where_asked),
        cmocka_unit_test(paragraphs_wrap),
        cmocka_unit_test(a_full_disk_is_reported),
        cmocka_unit_test(text_that_is_no_utf8_still_gives_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
