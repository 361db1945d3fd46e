/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/files.h"
#include "io/proc_memory.h"
#include "io/proc_threads.h"
#include "io/worker.h"

static void threads_are_known_by_name(void **state)
{
    static const struct {
        const char *comm;
        enum vn_task_kind kind;
        unsigned id;
    } cases[] = {
        {"CPU 0/KVM", VN_TASK_VCPU, 0},       {"CPU 127/TCG", VN_TASK_VCPU, 127},
        {"IO iothread1", VN_TASK_IOTHREAD, 1}, {"IO mon_iothread", VN_TASK_OTHER, 0},
        {"CPU /KVM", VN_TASK_OTHER, 0},        {"CPU 1/KVMx", VN_TASK_OTHER, 0},
        {"CPU 99999999999/KVM", VN_TASK_OTHER, 0}, {"IO iothread", VN_TASK_OTHER, 0},
        {"ALL CPUs/TCG", VN_TASK_OTHER, 0},    {"", VN_TASK_OTHER, 0},
    };

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++) {
        unsigned id = 7;

        assert_int_equal(vn_task_kind_of(cases[i].comm, &id), cases[i].kind);
        assert_int_equal(id, cases[i].id);
    }
}

static void this_process_can_be_read(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cgroup_mounts mounts;
    struct vn_thread thread = {.cpu = -1};
    struct vn_task *tasks;
    size_t count;

    (void)state;
    assert_int_equal(vn_cgroup_find(&mounts, NULL), 0);
    assert_int_equal(vn_proc_tasks(getpid(), &arena, &tasks, &count, NULL), 0);
    assert_true(count >= 1);
    assert_int_equal(tasks[0].kind, VN_TASK_EMULATOR);
    assert_int_equal(vn_proc_thread(getpid(), getpid(), &mounts, &thread, NULL), 0);
    assert_true(thread.cpu >= 0);
    assert_true(thread.known & VN_THREAD_ALLOWED);
    assert_true(vn_cpuset_has(&thread.allowed, (unsigned)thread.cpu));
    if (thread.known & VN_THREAD_CGROUP)
        assert_true(vn_cpuset_subset(&thread.allowed, &thread.cgroup));
}

static void a_process_that_is_gone_is_absent(void **state)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cgroup_mounts mounts = {0};
    struct vn_thread thread = {0};
    struct vn_guest guest = {.name = "x", .pid = 0x7ffffff0, .node_ids = (const int[]){0}, .n_nodes = 1};
    struct vn_task *tasks;
    uint64_t *kib, *cells;
    size_t count;
    int pid;

    (void)state;
    assert_int_equal(vn_proc_tasks(guest.pid, &arena, &tasks, &count, NULL), -VN_E_ABSENT);
    assert_int_equal(vn_proc_thread(guest.pid, guest.pid, &mounts, &thread, NULL), -VN_E_ABSENT);
    assert_int_equal(vn_proc_memory(&guest, &arena, &kib, &cells, NULL), -VN_E_ABSENT);
    assert_int_equal(vn_proc_find_uuid("00000000-1111-2222-3333-444444444444", NULL, &pid, NULL), -VN_E_ABSENT);
}

/* A pid file that names another process is not believed: moving its memory would be a disaster. */
static void a_stale_pid_file_is_not_believed(void **state)
{
    char path[] = "/tmp/vnuma-pid-XXXXXX", text[16];
    int pid = 0, fd = mkstemp(path), len = snprintf(text, sizeof text, "%d\n", getpid());

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, (size_t)len), len);
    (void)close(fd);
    assert_int_equal(vn_proc_find_uuid("00000000-1111-2222-3333-444444444444", path + 1, &pid, NULL), -VN_E_ABSENT);
    (void)unlink(path);
}

static const int one_node[] = {0};

static bool is_one_node_host(void)
{
    return access("/proc/self/numa_maps", R_OK) == 0 && access("/sys/devices/system/node/node1", F_OK) < 0;
}

static void nothing_moves_on_one_node(void **state)
{
    struct vn_guest guest = {.name = "self", .pid = getpid(), .node_ids = one_node, .n_nodes = 1};
    struct vn_move all = {.all = true}, elsewhere = {.all = true, .node_to = 5}, cell = {.cell = 0};
    VN_AUTO(vn_arena) arena = {0};
    uint64_t *kib, *cells, moved = 7;
    struct vn_err err = {0};

    (void)state;
    if (!is_one_node_host())
        skip();
    assert_int_equal(vn_proc_memory(&guest, &arena, &kib, &cells, &err), 0);
    assert_true(kib[0] > 500);
    assert_null(cells);
    assert_int_equal(vn_proc_move(&guest, &all, NULL, &moved, &err), 0);
    assert_int_equal(moved, 0);
    assert_int_equal(vn_proc_move(&guest, &elsewhere, NULL, &moved, &err), -VN_E_USAGE);
    assert_int_equal(vn_proc_move(&guest, &cell, NULL, &moved, &err), -VN_E_USAGE);
}

/* A cell of a size that no mapping has: nothing is guessed. */
static void an_unknown_cell_is_refused(void **state)
{
    static const uint64_t sizes[] = {123456788};
    struct vn_guest guest = {.name = "self", .pid = getpid(), .node_ids = one_node, .n_nodes = 1,
                             .cell_kib = sizes, .n_cells = 1};
    struct vn_move cell = {.cell = 0};
    struct vn_err err = {0};
    uint64_t moved = 7;

    (void)state;
    if (!is_one_node_host())
        skip();
    assert_int_equal(vn_proc_move(&guest, &cell, NULL, &moved, &err), -VN_E_REFUSED);
    assert_int_equal(moved, 0);
}

struct count {
    unsigned worked, polled;
};

static void work(void *self)
{
    (void)usleep(120 * 1000);
    ((struct count *)self)->worked++;
}

static void poll_it(void *self)
{
    ((struct count *)self)->polled++;
}

static void a_worker_is_polled_until_it_ends(void **state)
{
    struct count count = {0};

    (void)state;
    vn_worker_run(work, &count, poll_it, &count, 10);
    assert_int_equal(count.worked, 1);
    assert_true(count.polled >= 3);
    vn_worker_run(work, &count, poll_it, &count, 60000); /* does not wait for the interval */
    assert_int_equal(count.worked, 2);
}

static void files_are_bounded(void **state)
{
    VN_AUTO(vn_buf) text = {0};
    VN_AUTO(vn_arena) arena = {0};
    struct vn_err err = {0};
    unsigned *numbers;
    size_t count;

    (void)state;
    assert_int_equal(vn_file_read("", "proc/self/status", 10, &text, &err), -VN_E_FORMAT);
    assert_int_equal(vn_file_read("", "no/such/file", 10, &text, &err), -VN_E_ABSENT);
    assert_int_equal(vn_dir_numbers("", "proc/self/task", "", "", &arena, &numbers, &count, &err), 0);
    assert_true(count >= 1);
    assert_int_equal(vn_dir_numbers("", "no/such", "", "", &arena, &numbers, &count, &err), -VN_E_ABSENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_are_known_by_name),        cmocka_unit_test(this_process_can_be_read),
        cmocka_unit_test(a_process_that_is_gone_is_absent), cmocka_unit_test(a_stale_pid_file_is_not_believed),
        cmocka_unit_test(nothing_moves_on_one_node),        cmocka_unit_test(an_unknown_cell_is_refused),
        cmocka_unit_test(a_worker_is_polled_until_it_ends), cmocka_unit_test(files_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
