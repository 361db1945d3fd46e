/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "codec/planjson.h"
#include "generate.h"

/* The same problem gives the same plan, byte for byte, whatever the heap held before. */

enum { REPEATS = 100, PROBLEMS = 40 };

/* Leaves rubbish behind for the next allocations to find. */
static void stir(unsigned seed)
{
    void *kept[16];

    for (unsigned i = 0; i < 16; i++) {
        size_t size = 64u + (seed * 131 + i * 977) % 70000;

        kept[i] = malloc(size);
        assert_non_null(kept[i]);
        memset(kept[i], (int)(0x5a + seed + i), size);
    }
    for (unsigned i = 0; i < 16; i++)
        free(kept[i]);
}

static void plan_text(const struct vn_problem *problem, struct vn_buf *ret)
{
    VN_AUTO(vn_plan) plan = {0};

    assert_int_equal(vn_planner_solve(problem, NULL, &plan, NULL), 0);
    assert_int_equal(vn_plan_format(&plan, ret, NULL), 0);
}

static void repeat(const struct vn_problem *problem)
{
    VN_AUTO(vn_buf) first = {0};

    plan_text(problem, &first);
    for (unsigned i = 1; i < REPEATS; i++) {
        VN_AUTO(vn_buf) next = {0};

        stir(i);
        plan_text(problem, &next);
        assert_int_equal(next.len, first.len);
        assert_memory_equal(next.ptr, first.ptr, first.len);
    }
}

static void test_generated(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= PROBLEMS; seed++) {
        struct generated made;

        generate(seed, &made);
        repeat(&made.problem);
        vn_problem_drop(&made.problem);
    }
}

static void test_examples(void **state)
{
    static const char *const names[] = {"worked-example", "three-guests", "eight-nodes", "huge-pages", "too-much"};
    static char json[1 << 20];

    (void)state;
    for (size_t i = 0; i < VN_COUNT(names); i++) {
        VN_AUTO(vn_problem) problem = {0};
        char path[128];
        size_t len;
        FILE *f;

        (void)snprintf(path, sizeof path, "examples/problems/%s.json", names[i]);
        f = fopen(path, "r");
        assert_non_null(f);
        len = fread(json, 1, sizeof json, f);
        (void)fclose(f);
        assert_int_equal(vn_problem_parse(json, len, &problem, NULL), 0);
        repeat(&problem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_generated), cmocka_unit_test(test_examples)};

    return cmocka_run_group_tests_name("planner repeats", tests, NULL, NULL);
}
