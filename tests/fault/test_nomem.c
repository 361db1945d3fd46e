/* SPDX-License-Identifier: MIT */
/*
 * The n-th allocation fails, for every n, in everything that is pure: no crash, no leak (the suite
 * runs under ASan), an error. Linked with --wrap. Not libxml2's own allocations: 2.9 crashes in
 * xmlParseDocument() when one of its first fails. jansson's fail where it writes; its lexer goes on
 * without the character that it had no room for (2.14, lex_save), so that reading is tried with ours alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <libxml/xmlmemory.h>
#include <vnuma/doctor.h>
#include <vnuma/planner.h>

#include "../fake/fakehv.h"
#include "codec/capture.h"
#include "codec/cpuxml.h"
#include "codec/domxml.h"
#include "codec/planjson.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *at, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *at, size_t size);

static long allocations, fail_from, fail_to; /* 0: none fails */

static bool jansson_too;

static bool fails(void)
{
    allocations++;
    return fail_from && allocations >= fail_from && allocations <= fail_to;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *at, size_t size)
{
    return fails() ? NULL : __real_realloc(at, size);
}

static void *json_malloc(size_t size)
{
    return jansson_too ? __wrap_malloc(size) : __real_malloc(size);
}

/* An arena asks malloc() once for many pieces: each piece fails in its turn, too. */
void *__real_vn_arena_alloc(struct vn_arena *arena, size_t size);
void *__real_vn_arena_array(struct vn_arena *arena, size_t count, size_t size);
char *__real_vn_arena_strdup(struct vn_arena *arena, const char *text);
char *__real_vn_arena_strndup(struct vn_arena *arena, const char *text, size_t len);
void *__real_vn_arena_grow(struct vn_arena *arena, void *items_ptr, size_t *count, size_t size);
void *__wrap_vn_arena_alloc(struct vn_arena *arena, size_t size);
void *__wrap_vn_arena_array(struct vn_arena *arena, size_t count, size_t size);
char *__wrap_vn_arena_strdup(struct vn_arena *arena, const char *text);
char *__wrap_vn_arena_strndup(struct vn_arena *arena, const char *text, size_t len);
char *__wrap_vn_arena_printf(struct vn_arena *arena, const char *fmt, ...) VN_PRINTF(2, 3);
void *__wrap_vn_arena_grow(struct vn_arena *arena, void *items_ptr, size_t *count, size_t size);

void *__wrap_vn_arena_alloc(struct vn_arena *arena, size_t size)
{
    return fails() ? NULL : __real_vn_arena_alloc(arena, size);
}

void *__wrap_vn_arena_array(struct vn_arena *arena, size_t count, size_t size)
{
    return fails() ? NULL : __real_vn_arena_array(arena, count, size);
}

char *__wrap_vn_arena_strdup(struct vn_arena *arena, const char *text)
{
    return text && fails() ? NULL : __real_vn_arena_strdup(arena, text);
}

char *__wrap_vn_arena_strndup(struct vn_arena *arena, const char *text, size_t len)
{
    return fails() ? NULL : __real_vn_arena_strndup(arena, text, len);
}

char *__wrap_vn_arena_printf(struct vn_arena *arena, const char *fmt, ...)
{
    static char text[65536];
    va_list args;
    int len;

    if (fails())
        return NULL;
    va_start(args, fmt);
    len = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    assert_true(len >= 0 && (size_t)len < sizeof text);
    return __real_vn_arena_strndup(arena, text, (size_t)len);
}

void *__wrap_vn_arena_grow(struct vn_arena *arena, void *items_ptr, size_t *count, size_t size)
{
    return fails() ? NULL : __real_vn_arena_grow(arena, items_ptr, count, size);
}

/* What the cases work on; made once, before anything fails. */
struct input {
    struct fake_host *host;
    struct vn_snapshot snapshot;
    struct vn_plan plan;
    struct vn_placement placement;
    struct vn_cpuset pins[4];
    struct vn_placed_cell cells[2];
    struct vn_buf capture, problem_json, plan_json;
};

typedef int case_run(const struct input *in, struct vn_err *err);

static const char *xml_of(const struct input *in)
{
    return in->host->state.vms[0].stored;
}

static int parse_domain(const struct input *in, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    struct vn_domain domain;

    return vn_domxml_parse(xml_of(in), strlen(xml_of(in)), &arena, &domain, err);
}

static int place_domain(const struct input *in, struct vn_err *err)
{
    VN_AUTO(vn_buf) out = {0};

    return vn_domxml_place(xml_of(in), strlen(xml_of(in)), &in->placement, &out, err);
}

static int canonical_domain(const struct input *in, struct vn_err *err)
{
    VN_AUTO(vn_buf) out = {0};

    return vn_domxml_canonical(xml_of(in), strlen(xml_of(in)), &out, err);
}

static int expand_cpu(const struct input *in, struct vn_err *err)
{
    static const char map_xml[] = "<cpus><model name='A'><model name='B'/><vendor name='V'/>"
                                  "<signature family='6' model='1'/><feature name='x'/></model>"
                                  "<model name='B'><feature name='y'/></model><feature name='x'/></cpus>";
    static const char cpu_xml[] = "<cpu><model>A</model><feature policy='require' name='z'/></cpu>";
    VN_AUTO(vn_arena) arena = {0};
    struct vn_cpu_map map = {0};
    struct vn_cpu_doc doc;
    char **names;
    size_t count;
    int r = vn_cpumap_add(map_xml, strlen(map_xml), &arena, &map, err);

    (void)in;
    if (r == 0)
        r = vn_cpuxml_parse(cpu_xml, strlen(cpu_xml), &arena, &doc, err);
    return r < 0 ? r : vn_cpumap_expand(&map, &doc.cpu, &arena, &names, &count, err);
}

static int set_cpu(const struct input *in, struct vn_err *err)
{
    VN_AUTO(vn_buf) out = {0};

    return vn_domxml_set_cpu(xml_of(in), strlen(xml_of(in)), "custom", "EPYC", true, &out, err);
}

static int steps_there_and_back(const struct input *in, struct vn_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < in->plan.n_steps; i += 7) { /* a define, a move, a pin */
        VN_AUTO(vn_arena) arena = {0};
        VN_AUTO(vn_buf) out = {0};
        struct vn_step step;

        r = vn_step_format(&in->plan.steps[i], &out, err);
        if (r == 0)
            r = vn_step_parse(vn_buf_text(&out), out.len, &arena, &step, err);
    }
    return r;
}

static int format_plan(const struct input *in, struct vn_err *err)
{
    VN_AUTO(vn_buf) out = {0};
    int r;

    jansson_too = true;
    r = vn_plan_format(&in->plan, &out, err);
    jansson_too = false;
    return r;
}

static int parse_plan(const struct input *in, struct vn_err *err)
{
    VN_AUTO(vn_plan) plan = {0};

    return vn_plan_parse(vn_buf_text(&in->plan_json), in->plan_json.len, &plan, err);
}

static int parse_problem(const struct input *in, struct vn_err *err)
{
    VN_AUTO(vn_problem) problem = {0};

    return vn_problem_parse(vn_buf_text(&in->problem_json), in->problem_json.len, &problem, err);
}

static int format_capture(const struct input *in, struct vn_err *err)
{
    VN_AUTO(vn_buf) out = {0};

    return vn_capture_format(&in->snapshot, &out, err);
}

static int parse_capture(const struct input *in, struct vn_err *err)
{
    VN_AUTO(vn_snapshot) snapshot = {0};

    return vn_capture_parse(vn_buf_text(&in->capture), in->capture.len, &snapshot, err);
}

static int drift(const struct input *in, struct vn_err *err)
{
    VN_AUTO(vn_findings) findings = {0};
    int r = vn_doctor_drift(&in->snapshot, &in->snapshot.vms[0], NULL, &findings, err);

    return r == 0 && !findings.count ? -VN_E_FORMAT : r;
}

static int plan_all(const struct input *in, struct vn_err *err)
{
    VN_AUTO(vn_problem) problem = {0};
    VN_AUTO(vn_plan) plan = {0};
    struct vn_plan_query query = {.all = true};
    struct vn_planner_opts opts = {0};
    int r = vn_problem_from_snapshot(&in->snapshot, &query, &problem, err);

    if (r == 0)
        r = vn_planner_solve(&problem, &opts, &plan, err);
    if (r == 0)
        r = vn_planner_steps(&in->snapshot, false, &plan, err);
    if (r == 0)
        r = vn_planner_check(&problem, &plan, err);
    return r;
}

/* Another pass with @first..@last failing; true when the case asked for fewer than @first. */
static bool pass(const struct input *in, case_run *run, bool pure, long first, long last)
{
    struct vn_err err = {0};
    bool over;
    int r;

    allocations = 0;
    fail_from = first;
    fail_to = last;
    r = run(in, &err);
    over = allocations < first;
    fail_from = 0;
    if (over && r < 0)
        fail_msg("without a failure: %s: %s", err.where, err.cause);
    if (!over && r == 0)
        fail_msg("allocation %ld failed and nothing was said", first);
    if (!over && pure && r != -VN_E_NOMEM)
        fail_msg("allocation %ld failed, and it was called '%s': %s", first, vn_code_name(-r), err.cause);
    return over;
}

static void every(const struct input *in, case_run *run, bool pure)
{
    long n = 1;

    for (; !pass(in, run, pure, n, n); n++)
        (void)pass(in, run, pure, n, INT32_MAX);
    assert_true(n > 1); /* a case that asks for nothing tries nothing */
}

#define CASE(name, pure)                                                                           \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        every(*state, name, pure);                                                                 \
    }

CASE(parse_domain, false)
CASE(place_domain, false)
CASE(canonical_domain, false)
CASE(expand_cpu, false)
CASE(set_cpu, false)
CASE(steps_there_and_back, false)
CASE(format_plan, false)
CASE(parse_plan, false)
CASE(parse_problem, false)
CASE(format_capture, true)
CASE(parse_capture, false)
CASE(drift, true)
CASE(plan_all, true)

static void fill_placement(struct input *in)
{
    for (unsigned i = 0; i < 4; i++)
        vn_cpuset_add(&in->pins[i], i < 2 ? i : i + 2);
    for (unsigned c = 0; c < 2; c++) {
        in->cells[c] = (struct vn_placed_cell){.cell = c, .node = (int)c, .memory_kib = 1048576};
        vn_cpuset_add_range(&in->cells[c].vcpus, 2 * c, 2 * c + 1);
    }
    in->placement = (struct vn_placement){.cells = in->cells, .n_cells = 2, .vcpupin = in->pins, .n_vcpus = 4,
                                          .has_emulatorpin = true, .emulatorpin = in->pins[0]};
    in->placement.name = in->host->state.vms[0].name;
    in->placement.uuid = in->host->state.vms[0].uuid;
}

static int begin(void **state)
{
    static struct input in;
    struct vn_plan_query query = {.all = true};
    VN_AUTO(vn_problem) problem = {0};
    struct vn_hypervisor hv;
    struct fake fake;

    json_set_alloc_funcs(json_malloc, free);
    in.host = fake_new();
    hv = fake_hv(&fake, in.host);
    assert_int_equal(hv.ops->observe(hv.self, NULL, 0, NULL, &in.snapshot, NULL), 0);
    /* something for the doctor to find: a pin that nobody else knows of, and where memory should be */
    in.snapshot.vms[0].vcpus[1].configured = in.snapshot.host.nodes[0].cpus;
    in.snapshot.vms[0].live->has_numatune = true;
    vn_nodeset_add(&in.snapshot.vms[0].live->mem_nodes, 1);
    fake_plan(in.host, &in.plan);
    fill_placement(&in);
    assert_int_equal(vn_capture_format(&in.snapshot, &in.capture, NULL), 0);
    assert_int_equal(vn_problem_from_snapshot(&in.snapshot, &query, &problem, NULL), 0);
    assert_int_equal(vn_problem_format(&problem, &in.problem_json, NULL), 0);
    assert_int_equal(vn_plan_format(&in.plan, &in.plan_json, NULL), 0);
    /* the codec has set libxml2's functions at its first document, above */
    assert_int_equal(xmlMemSetup(free, __real_malloc, __real_realloc, strdup), 0);
    *state = &in;
    return 0;
}

static int end(void **state)
{
    struct input *in = *state;

    vn_snapshot_drop(&in->snapshot);
    vn_plan_drop(&in->plan);
    vn_buf_drop(&in->capture);
    vn_buf_drop(&in->problem_json);
    vn_buf_drop(&in->plan_json);
    fake_free(in->host);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_domain),   cmocka_unit_test(test_place_domain),
        cmocka_unit_test(test_canonical_domain), cmocka_unit_test(test_steps_there_and_back),
        cmocka_unit_test(test_expand_cpu),     cmocka_unit_test(test_set_cpu),
        cmocka_unit_test(test_format_plan),    cmocka_unit_test(test_parse_plan),
        cmocka_unit_test(test_parse_problem),  cmocka_unit_test(test_format_capture),
        cmocka_unit_test(test_parse_capture),  cmocka_unit_test(test_drift),
        cmocka_unit_test(test_plan_all),
    };

    return cmocka_run_group_tests_name("nomem", tests, begin, end);
}
