/* SPDX-License-Identifier: MIT */
/* The way back of a memory move, on a host of three nodes whose kernel moves huge pages whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/act.h"

enum { NODES = 3, HUGE_KIB = 2048 };

struct guest {
    uint64_t kib[NODES];
    unsigned moves;
};

static int op_memory(void *self, const char *vm, struct vn_arena *arena, uint64_t **ret_node, uint64_t **ret_cell,
                     struct vn_err *err)
{
    const struct guest *guest = self;

    (void)vm;
    (void)err;
    *ret_cell = NULL;
    *ret_node = vn_arena_array(arena, NODES, sizeof **ret_node);
    assert_non_null(*ret_node);
    memcpy(*ret_node, guest->kib, sizeof guest->kib);
    return 0;
}

/* As move_pages(2) on transparent huge pages: up to the limit, and the rest of the last page. */
static int op_move(void *self, const char *vm, const struct vn_move *move, const struct vn_progress *progress,
                   uint64_t *ret_moved, struct vn_err *err)
{
    struct guest *guest = self;

    (void)vm;
    (void)progress;
    (void)err;
    assert_true(move->all);
    *ret_moved = 0;
    guest->moves++;
    for (int n = 0; n < NODES; n++)
        while (n != move->node_to && vn_nodeset_has(move->nodes_from, (unsigned)n) && guest->kib[n] >= HUGE_KIB &&
               (!move->limit_kib || *ret_moved < move->limit_kib)) {
            guest->kib[n] -= HUGE_KIB;
            guest->kib[move->node_to] += HUGE_KIB;
            *ret_moved += HUGE_KIB;
        }
    return 0;
}

static int go_back(struct guest *guest, uint64_t *before, struct vn_err *err)
{
    static const struct vn_hypervisor_ops ops = {.memory = op_memory, .move_memory = op_move};
    static struct vn_node nodes[NODES] = {{.id = 0}, {.id = 1}, {.id = 2}};
    static char name[] = "db";
    int ids[NODES] = {0, 1, 2};
    const struct vn_host host = {.nodes = nodes, .n_nodes = NODES};
    struct vn_hypervisor hv = {.ops = &ops, .self = guest};
    struct vn_app app = {.hv = &hv};
    const struct vn_step step = {.kind = VN_STEP_MOVE_MEMORY, .vm = name, .cell = -1, .node_to = 0,
                                 .kib_before = before, .kib_nodes = ids, .n_kib = NODES};
    struct vn_act_sums sums = {0};

    return vn_act_move_back(&app, &host, &step, &sums, err);
}

/* What one node got back, and a little more, is not taken from it for the next. */
static void each_node_gets_back_what_it_had(void **state)
{
    struct guest guest = {.kib = {141616}};
    uint64_t before[NODES] = {8440, 65024, 68152};

    (void)state;
    assert_int_equal(go_back(&guest, before, NULL), 0);
    for (int n = 0; n < NODES; n++)
        assert_true(guest.kib[n] + 2 * HUGE_KIB > before[n] && guest.kib[n] < before[n] + 2 * HUGE_KIB);
}

static void what_is_there_stays(void **state)
{
    struct guest guest = {.kib = {8440 + 1500, 65024 - 1500, 68152}};
    uint64_t before[NODES] = {8440, 65024, 68152};

    (void)state;
    assert_int_equal(go_back(&guest, before, NULL), 0);
    assert_int_equal(guest.moves, 0);
}

/* Memory that the guest gave up since is nowhere to be had. */
static void what_is_gone_is_said(void **state)
{
    struct guest guest = {.kib = {70000}};
    uint64_t before[NODES] = {8440, 65024, 68152};
    struct vn_err err = {0};

    (void)state;
    assert_int_equal(go_back(&guest, before, &err), -VN_E_IO);
    assert_non_null(strstr(err.cause, "could not be moved back"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_node_gets_back_what_it_had),
        cmocka_unit_test(what_is_there_stays),
        cmocka_unit_test(what_is_gone_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
