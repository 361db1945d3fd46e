/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <vnuma/arena.h>

static void everything_is_zeroed_and_aligned(void **state)
{
    VN_AUTO(vn_arena) arena = {0};

    (void)state;
    for (size_t size = 0; size < 40000; size = size * 2 + 1) {
        unsigned char *at = vn_arena_alloc(&arena, size);
        assert_non_null(at);
        assert_int_equal((uintptr_t)at % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(at[i], 0);
        memset(at, 0xff, size); /* the next one must not see it */
    }
}

static void large_ones_do_not_waste_the_block_in_use(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    char *a, *b;

    (void)state;
    a = vn_arena_alloc(&arena, 16);
    assert_non_null(vn_arena_alloc(&arena, 1 << 20));
    b = vn_arena_alloc(&arena, 16);
    assert_ptr_equal(b, a + 16);
}

static void sizes_that_overflow(void **state)
{
    VN_AUTO(vn_arena) arena = {0};

    (void)state;
    assert_null(vn_arena_alloc(&arena, SIZE_MAX));
    assert_null(vn_arena_alloc(&arena, SIZE_MAX - 64));
    assert_null(vn_arena_array(&arena, SIZE_MAX / 2, 3));
    assert_null(vn_arena_strndup(&arena, "x", SIZE_MAX));
    assert_non_null(vn_arena_array(&arena, 0, 8));
    assert_non_null(vn_arena_array(&arena, 8, 0));
}

static void strings(void **state)
{
    VN_AUTO(vn_arena) arena = {0};

    (void)state;
    assert_null(vn_arena_strdup(&arena, NULL));
    assert_string_equal(vn_arena_strdup(&arena, "db32"), "db32");
    assert_string_equal(vn_arena_strndup(&arena, "db32", 2), "db");
    assert_string_equal(vn_arena_printf(&arena, "vCPU %d of %s", 3, "db32"), "vCPU 3 of db32");
    assert_string_equal(vn_arena_printf(&arena, "%s", ""), "");
}

static void arrays_grow(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    unsigned *items = NULL;
    size_t count = 0;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        unsigned *at = vn_arena_grow(&arena, &items, &count, sizeof *at);
        assert_non_null(at);
        assert_int_equal(*at, 0);
        assert_int_equal(count, i + 1);
        assert_ptr_equal(at, items + i);
        *at = i;
    }
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(items[i], i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_zeroed_and_aligned), cmocka_unit_test(large_ones_do_not_waste_the_block_in_use),
        cmocka_unit_test(sizes_that_overflow),              cmocka_unit_test(strings),
        cmocka_unit_test(arrays_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
