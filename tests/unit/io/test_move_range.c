/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/move_range.h"

/* A kernel of 3 nodes and a process of PAGES pages from BASE on. */
enum { PAGES = 10000, BASE = 0x10000000 };

struct fake {
    int node[PAGES];        /* where each page is; -ENOENT: untouched */
    unsigned char busy[PAGES]; /* so many tries fail */
    bool asleep[PAGES];     /* there, but the kernel says it is not */
    bool thp;               /* 512 pages move as one */
    uint64_t stride;
    int fail_with;          /* errno of any call; 0: none */
    bool privileged;
    size_t largest, moves, queries;
};

static size_t index_of(const struct fake *fake, const void *page)
{
    uint64_t offset = (uintptr_t)page - BASE;

    assert_int_equal(offset % fake->stride, 0);
    assert_true(offset / fake->stride < PAGES);
    return (size_t)(offset / fake->stride);
}

static void move_one(struct fake *fake, size_t i, int node, int *status)
{
    size_t first = fake->thp ? i / 512 * 512 : i, last = fake->thp ? first + 511 : i;

    if (fake->node[i] == -ENOENT) {
        *status = -ENOENT;
        return;
    }
    if (fake->busy[i]) {
        fake->busy[i]--;
        *status = -EBUSY;
        return;
    }
    for (size_t p = first; p <= last && p < PAGES; p++)
        if (fake->node[p] >= 0)
            fake->node[p] = node;
    *status = node;
}

static long fake_move_pages(void *self, pid_t pid, unsigned long count, void **pages, const int *nodes, int *status,
                            int flags)
{
    struct fake *fake = self;

    assert_int_equal(pid, 4711);
    if (fake->fail_with || (nodes && !fake->privileged && flags & 1 << 2)) {
        errno = fake->fail_with ? fake->fail_with : EPERM;
        return -1;
    }
    fake->largest = count > fake->largest ? count : fake->largest;
    *(nodes ? &fake->moves : &fake->queries) += 1;
    for (unsigned long i = 0; i < count; i++) {
        size_t page = index_of(fake, pages[i]);

        if (nodes)
            move_one(fake, page, nodes[i], &status[i]);
        else
            status[i] = fake->asleep[page] ? -EFAULT : fake->node[page];
    }
    return 0;
}

static size_t fake_wake(void *self, pid_t pid, void *const *pages, const int *status, size_t count)
{
    struct fake *fake = self;
    size_t woken = 0;

    assert_int_equal(pid, 4711);
    for (size_t i = 0; i < count; i++) {
        bool *asleep = &fake->asleep[index_of(fake, pages[i])];

        assert_true(!*asleep || status[i] == -EFAULT);
        woken += *asleep;
        *asleep = false;
    }
    return woken;
}

static struct vn_nodeset from01 = {{3}};

struct setup {
    struct fake fake;
    struct vn_move_sys sys;
    struct vn_range_move move;
    struct vn_range range;
    struct vn_err err;
};

static void init(struct setup *s, uint64_t page_kib, size_t pages)
{
    memset(s, 0, sizeof *s);
    s->fake.stride = page_kib * 1024;
    s->fake.privileged = true;
    s->sys = (struct vn_move_sys){.move_pages = fake_move_pages, .self = &s->fake};
    s->move.sys = &s->sys;
    s->move.pid = 4711;
    s->move.from = &from01;
    s->move.to = 2;
    s->range = (struct vn_range){BASE, BASE + pages * page_kib * 1024, page_kib};
}

static size_t count_on(const struct fake *fake, int node, size_t pages)
{
    size_t n = 0;

    for (size_t i = 0; i < pages; i++)
        n += fake->node[i] == node;
    return n;
}

static struct setup s;

static void moves_everything_in_batches(void **state)
{
    (void)state;
    init(&s, 4, PAGES);
    assert_int_equal(vn_range_run(&s.move, &s.range, &s.err), 0);
    assert_int_equal(count_on(&s.fake, 2, PAGES), PAGES);
    assert_int_equal(s.move.moved_kib, PAGES * 4);
    assert_int_equal(s.move.left_kib, 0);
    assert_int_equal(s.fake.largest, 4096); /* 16 MiB */
}

static void leaves_untouched_and_other_nodes_alone(void **state)
{
    (void)state;
    init(&s, 4, 3000);
    for (size_t i = 0; i < 1000; i++)
        s.fake.node[i] = -ENOENT;
    for (size_t i = 1000; i < 1500; i++)
        s.fake.node[i] = 3; /* not among @from */
    for (size_t i = 1500; i < 2000; i++)
        s.fake.node[i] = 2; /* there already */
    assert_int_equal(vn_range_run(&s.move, &s.range, &s.err), 0);
    assert_int_equal(s.move.moved_kib, 1000 * 4);
    assert_int_equal(count_on(&s.fake, -ENOENT, 3000), 1000);
    assert_int_equal(count_on(&s.fake, 3, 3000), 500);
}

static void retries_busy_pages_and_counts_the_rest(void **state)
{
    (void)state;
    init(&s, 4, 1000);
    s.fake.busy[1] = 1;
    s.fake.busy[2] = 2;
    s.fake.busy[3] = 200; /* pinned by a device */
    assert_int_equal(vn_range_run(&s.move, &s.range, &s.err), 0);
    assert_int_equal(s.move.moved_kib, 999 * 4);
    assert_int_equal(s.move.left_kib, 4);
    assert_int_equal(s.fake.node[3], 0);
}

static void a_thp_moves_with_one_page(void **state)
{
    (void)state;
    init(&s, 4, 4096);
    s.fake.thp = true;
    assert_int_equal(vn_range_run(&s.move, &s.range, &s.err), 0);
    assert_int_equal(s.move.moved_kib, 4096 * 4);
    assert_int_equal(s.fake.moves, 1); /* one page of each of the 8 */
}

static void hugetlb_pages_by_their_stride(void **state)
{
    (void)state;
    init(&s, 2048, 20);
    s.fake.node[5] = -ENOENT;
    assert_int_equal(vn_range_run(&s.move, &s.range, &s.err), 0);
    assert_int_equal(s.move.moved_kib, 19 * 2048);
    assert_int_equal(s.fake.largest, 8);
    init(&s, 1 << 20, 3);
    assert_int_equal(vn_range_run(&s.move, &s.range, &s.err), 0);
    assert_int_equal(s.move.moved_kib, 3 << 20);
}

static void stops_at_the_limit(void **state)
{
    (void)state;
    init(&s, 4, PAGES);
    s.move.limit_kib = 1000;
    assert_int_equal(vn_range_run(&s.move, &s.range, &s.err), 0);
    assert_int_equal(s.move.moved_kib, 1000);
    assert_int_equal(count_on(&s.fake, 2, PAGES), 250);
    assert_int_equal(vn_range_run(&s.move, &s.range, &s.err), 0); /* counts over calls */
    assert_int_equal(s.move.moved_kib, 1000);
}

static void without_privilege_only_own_pages(void **state)
{
    (void)state;
    init(&s, 4, 100);
    s.fake.privileged = false;
    assert_int_equal(vn_range_run(&s.move, &s.range, &s.err), 0);
    assert_int_equal(s.move.moved_kib, 400);
}

static void says_what_the_kernel_refuses(void **state)
{
    static const struct {
        int number, code;
    } cases[] = {{ESRCH, VN_E_ABSENT}, {EPERM, VN_E_ENV}, {EACCES, VN_E_REFUSED}, {ENODEV, VN_E_REFUSED}, {EIO, VN_E_IO}};

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++) {
        init(&s, 4, 100);
        s.fake.fail_with = cases[i].number;
        assert_int_equal(vn_range_run(&s.move, &s.range, &s.err), -cases[i].code);
        assert_int_equal(s.err.code, cases[i].code);
        assert_int_equal(s.move.moved_kib, 0);
    }
}

/* The real call, on this process: pages that are where they should be stay, none counts as moved. */
static void the_kernel_takes_the_calls(void **state)
{
    static char pages[64 * 4096] __attribute__((aligned(4096)));
    struct vn_range_move move = {.sys = &vn_move_linux, .pid = getpid(), .from = &from01, .to = 0};
    struct vn_range range = {(uintptr_t)pages, (uintptr_t)pages + sizeof pages, 4};
    struct vn_err err = {0};
    int r;

    (void)state;
    memset(pages, 1, sizeof pages);
    r = vn_range_run(&move, &range, &err);
    if (r == -VN_E_IO || r == -VN_E_ENV)
        skip(); /* a kernel or sandbox without the call */
    assert_int_equal(r, 0);
    assert_int_equal(move.left_kib, 0);
}

/* Automatic NUMA balancing hides pages; on a real host none of an idle guest's memory moved for it. */
static void moves_pages_that_balancing_hides(void **state)
{
    (void)state;
    init(&s, 4, 6000);
    s.sys.wake = fake_wake;
    for (size_t i = 0; i < 5000; i++)
        s.fake.asleep[i] = true;
    for (size_t i = 5500; i < 6000; i++)
        s.fake.node[i] = -ENOENT;
    assert_int_equal(vn_range_run(&s.move, &s.range, &s.err), 0);
    assert_int_equal(s.move.moved_kib, 5500 * 4);
    assert_int_equal(count_on(&s.fake, -ENOENT, 6000), 500);
}

/* On this process: a page that is there is read, one that nobody touched stays untouched. */
static void wakes_what_is_there_only(void **state)
{
    enum { COUNT = 1300, PAGE = 4096 };
    char *memory = mmap(NULL, COUNT * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static void *pages[COUNT];
    static int status[COUNT];
    unsigned char there[COUNT];
    size_t resident = 0;

    (void)state;
    assert_true(memory != MAP_FAILED);
    assert_int_equal(madvise(memory, COUNT * PAGE, MADV_NOHUGEPAGE), 0);
    for (size_t i = 0; i < COUNT; i++) {
        pages[i] = memory + i * PAGE;
        status[i] = i % 2 ? -EFAULT : -ENOENT;
        if (i < 600)
            memory[i * PAGE] = 1;
    }
    assert_int_equal(vn_move_wake(NULL, getpid(), pages, status, COUNT), 600);
    assert_int_equal(mincore(memory, COUNT * PAGE, there), 0);
    for (size_t i = 0; i < COUNT; i++)
        resident += there[i] & 1;
    assert_int_equal(resident, 600);
    status[0] = 0; /* the kernel knows where it is: not asked for */
    assert_int_equal(vn_move_wake(NULL, getpid(), pages, status, COUNT), 599);
    assert_int_equal(munmap(memory, COUNT * PAGE), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_everything_in_batches),
        cmocka_unit_test(leaves_untouched_and_other_nodes_alone),
        cmocka_unit_test(retries_busy_pages_and_counts_the_rest),
        cmocka_unit_test(a_thp_moves_with_one_page),
        cmocka_unit_test(hugetlb_pages_by_their_stride),
        cmocka_unit_test(stops_at_the_limit),
        cmocka_unit_test(without_privilege_only_own_pages),
        cmocka_unit_test(says_what_the_kernel_refuses),
        cmocka_unit_test(the_kernel_takes_the_calls),
        cmocka_unit_test(moves_pages_that_balancing_hides),
        cmocka_unit_test(wakes_what_is_there_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
