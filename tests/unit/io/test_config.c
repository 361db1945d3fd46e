/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/config.h"
#include "io/doors.h"

static int parse(const char *text, struct vn_policy *policy, char *message)
{
    struct vn_err err = {0};
    int r = vn_config_parse(text, "x.conf", policy, &err);

    message[0] = '\0';
    if (r < 0)
        (void)vn_err_text(&err, message, 1024);
    return r;
}

static void assert_cpus(const struct vn_cpuset *set, const char *want)
{
    char text[256];

    assert_string_equal(vn_cpuset_format(set, text, sizeof text), want);
}

static void reads_every_section(void **state)
{
    VN_AUTO(vn_policy) policy = {0};
    struct vn_vm_policy db, web, other;
    char message[1024];

    (void)state;
    assert_int_equal(parse("# a comment\n"
                           "[host]\nreserve = 0,10,20,30 ; for the host\nshared=1,11\n"
                           "[defaults]\nthreads = prefer\novercommit = 2.5\n"
                           "[vm db*]\npolicy = dedicated\nhugepages = 1G\ncells = 2\n"
                           "[vm web*]\npolicy = shared\n"
                           "[vm db-small]\ncells = 1\n", &policy, message), 0);
    assert_true(policy.has_reserved && policy.has_shared);
    assert_cpus(&policy.reserved, "0,10,20,30");
    assert_cpus(&policy.shared, "1,11");
    assert_int_equal(policy.n_rules, 3);
    vn_policy_for(&policy, "db-small", &db);
    vn_policy_for(&policy, "web7", &web);
    vn_policy_for(&policy, "mail", &other);
    assert_int_equal(db.hugepage_kib, 1 << 20);
    assert_int_equal(db.cells.number, 1); /* the later rule wins */
    assert_int_equal(web.policy, VN_CPU_SHARED);
    assert_true(web.overcommit > 2.4 && web.overcommit < 2.6);
    assert_int_equal(other.set, VN_POL_THREADS | VN_POL_OVERCOMMIT);
}

static void an_indented_line_goes_on(void **state)
{
    VN_AUTO(vn_policy) policy = {0};
    char message[1024];

    (void)state;
    assert_int_equal(parse("[host]\nreserve = 0-3,\n  8-9,\n\t12\nshared = 4\n", &policy, message), 0);
    assert_cpus(&policy.reserved, "0-3,8-9,12");
    assert_cpus(&policy.shared, "4");
}

static void long_pattern_stays_whole(void **state)
{
    static const char name[] = "a-very-long-name-of-a-virtual-machine-that-inih-would-cut-somewhere-in-the-middle";
    VN_AUTO(vn_policy) policy = {0};
    char text[256], message[1024];

    (void)state;
    (void)snprintf(text, sizeof text, "[vm %s]\ncells = 2\n", name);
    assert_int_equal(parse(text, &policy, message), 0);
    assert_string_equal(policy.rules[0].pattern, name);
}

struct bad {
    const char *text, *says; /* part of the message */
};

static void errors_name_line_and_value(void **state)
{
    static const struct bad cases[] = {
        {"[host]\nreserve = 0\nfoo = 1\n", "x.conf:3: unknown key 'foo' in [host]"},
        {"[host]\n\nreserve = 3-1\n", "x.conf:3: "},
        {"[defaults]\nreserve = 0\n", "x.conf:2: unknown key 'reserve' in [defaults]"},
        {"[vm a]\ncells = many\n", "got 'many'"},
        {"[hots]\n", "x.conf:1: unknown section '[hots]'"},
        {"[vm]\n", "x.conf:1: unknown section '[vm]'"},
        {"[vm ]\n", "x.conf:1: unknown section '[vm ]'"},
        {"[host\nreserve = 0\n", "x.conf:1: a section without ']'"},
        {"reserve = 0\n", "x.conf:1: key 'reserve' stands before any section"},
        {"[host]\nreserve 0\n", "x.conf:2: neither"},
        {"[host]\nreserve = 0\n[defaults]\npolicy = odd\n[host]\nfoo = 1\n", "x.conf:4: key 'policy'"},
    };

    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++) {
        VN_AUTO(vn_policy) policy = {0};
        char message[1024];

        assert_true(parse(cases[i].text, &policy, message) < 0);
        if (!strstr(message, cases[i].says))
            fail_msg("'%s' is not in '%s'", cases[i].says, message);
    }
}

static void too_long_a_line_is_no_value(void **state)
{
    VN_AUTO(vn_policy) policy = {0};
    char text[600] = "[host]\nreserve = ", message[1024];

    (void)state;
    while (strlen(text) < 500)
        strcat(text, "1,");
    strcat(text, "1\n");
    assert_true(parse(text, &policy, message) < 0);
    assert_non_null(strstr(message, "x.conf:2: a line longer than"));
}

static void put(const char *dir, const char *name, const char *text)
{
    char path[512];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void dropins_come_in_order(void **state)
{
    char dir[] = "/tmp/vnuma-conf-XXXXXX", path[512], dropins[512], command[600];
    VN_AUTO(vn_policy) policy = {0};
    struct vn_err err = {0};

    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/v.conf", dir);
    (void)snprintf(dropins, sizeof dropins, "%s/v.conf.d", dir);
    assert_int_equal(mkdir(dropins, 0700), 0);
    put(dir, "v.conf", "[host]\nreserve = 0\nshared = 5\n");
    put(dropins, "20-b.conf", "[host]\nreserve = 2\n");
    put(dropins, "10-a.conf", "[host]\nreserve = 1\n");
    put(dropins, "30-c.conf~", "[nonsense]\n");
    assert_int_equal(vn_config_read(path, &policy, &err), 0);
    assert_cpus(&policy.reserved, "2");
    assert_cpus(&policy.shared, "5");
    put(dropins, "40-d.conf", "\n[host]\nbad = 1\n");
    vn_policy_drop(&policy);
    assert_int_equal(vn_config_read(path, &policy, &err), -VN_E_SYNTAX);
    assert_non_null(strstr(err.context, "40-d.conf:3"));
    (void)snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0); /* NOLINT: a path of our own */
}

static void a_named_file_must_exist(void **state)
{
    VN_AUTO(vn_policy) policy = {0};
    struct vn_err err = {0};

    (void)state;
    assert_int_equal(vn_config_read("/nonexistent/vnuma.conf", &policy, &err), -VN_E_ENV);
    assert_string_equal(err.where, "/nonexistent/vnuma.conf");
}

static void the_shipped_example_is_valid(void **state)
{
    VN_AUTO(vn_policy) policy = {0};
    struct vn_err err = {0};
    char text[1024] = "";

    (void)state;
    if (vn_config_read("examples/policies/vnuma.conf", &policy, &err) < 0)
        fail_msg("%s", vn_err_text(&err, text, sizeof text));
    assert_true(policy.has_reserved && policy.n_rules > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_section),       cmocka_unit_test(an_indented_line_goes_on),
        cmocka_unit_test(long_pattern_stays_whole),  cmocka_unit_test(errors_name_line_and_value),
        cmocka_unit_test(too_long_a_line_is_no_value), cmocka_unit_test(dropins_come_in_order),
        cmocka_unit_test(a_named_file_must_exist),   cmocka_unit_test(the_shipped_example_is_valid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
