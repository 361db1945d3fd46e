/* SPDX-License-Identifier: MIT */
#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <vnuma/buf.h>

#include "io/config.h"

/*
 * inih reads lines into a fixed buffer, cuts section names, and says neither which line it is at
 * nor whether a value goes on: this reader hands it the lines and keeps account of all that.
 */
enum section { SECTION_NONE, SECTION_HOST, SECTION_DEFAULTS, SECTION_VM };

struct reader {
    const char *at;      /* what is still to be read */
    const char *file;
    unsigned line;       /* the one handed out last */
    bool indented;
    enum section section;
    struct vn_policy *policy;
    char key[64];        /* one key, until its last line has been seen; "" none */
    unsigned key_line;
    struct vn_buf value;
    int failed;          /* the first error; *err has it */
    struct vn_err *err;
};

static void fail_here(struct reader *in, int r, unsigned line)
{
    in->failed = vn_err_ctx(in->err, r, "%s:%u", in->file, line);
}

static int set_cpus(const char *value, bool *ret_has, struct vn_cpuset *ret, struct vn_err *err)
{
    int r = vn_cpuset_parse(value, ret, err);

    if (r == 0)
        *ret_has = true;
    return r;
}

static int set_host_key(struct vn_policy *policy, const char *key, const char *value, struct vn_err *err)
{
    int r;

    if (!strcmp(key, "reserve"))
        r = set_cpus(value, &policy->has_reserved, &policy->reserved, err);
    else if (!strcmp(key, "shared"))
        r = set_cpus(value, &policy->has_shared, &policy->shared, err);
    else
        return vn_failf(err, VN_E_SYNTAX, "Known are reserve and shared.", "unknown key '%s' in [host]", key);
    return vn_err_ctx(err, r, "key '%s'", key);
}

static int set_vm_key(struct vn_policy *policy, struct vn_vm_policy *vm, const char *key, const char *value,
                      const char *section, struct vn_err *err)
{
    struct vn_err cause;
    int r = vn_vm_policy_set(&policy->arena, vm, key, value, &cause);

    if (r == -VN_E_ABSENT)
        return vn_failf(err, VN_E_SYNTAX, cause.fix, "unknown key '%s' in [%s]", key, section);
    if (r < 0 && err)
        *err = cause;
    return vn_err_ctx(err, r, "key '%s'", key);
}

/* The key read last is complete: set it. */
static void flush(struct reader *in)
{
    struct vn_policy *policy = in->policy;
    const char *value = vn_buf_text(&in->value);
    int r = 0;

    if (!in->key[0] || in->failed)
        return;
    if (in->value.failed)
        r = vn_nomem(in->err);
    else if (in->section == SECTION_HOST)
        r = set_host_key(policy, in->key, value, in->err);
    else if (in->section == SECTION_DEFAULTS)
        r = set_vm_key(policy, &policy->defaults, in->key, value, "defaults", in->err);
    else if (in->section == SECTION_VM)
        r = set_vm_key(policy, &policy->rules[policy->n_rules - 1].policy, in->key, value, "vm", in->err);
    else
        r = vn_failf(in->err, VN_E_SYNTAX, "Put it under [host], [defaults] or [vm NAME].",
                     "key '%s' stands before any section", in->key);
    if (r < 0)
        fail_here(in, r, in->key_line);
    in->key[0] = '\0';
    in->value.len = 0;
}

static int add_rule(struct reader *in, const char *pattern, size_t len)
{
    struct vn_policy *policy = in->policy;
    struct vn_policy_rule *rule = vn_arena_grow(&policy->arena, &policy->rules, &policy->n_rules, sizeof *rule);

    if (rule)
        rule->pattern = vn_arena_strndup(&policy->arena, pattern, len);
    if (!rule || !rule->pattern)
        return vn_nomem(in->err);
    in->section = SECTION_VM;
    return 0;
}

/* "[host]", "[defaults]" or "[vm PATTERN]" */
static int begin_section(struct reader *in, const char *line)
{
    const char *name = line + 1, *end = strchr(name, ']');
    size_t len = end ? (size_t)(end - name) : 0;

    if (!end)
        return VN_FAIL(in->err, VN_E_SYNTAX, .got = line, .cause = "a section without ']'");
    if (len == 4 && !strncmp(name, "host", len)) {
        in->section = SECTION_HOST;
    } else if (len == 8 && !strncmp(name, "defaults", len)) {
        in->section = SECTION_DEFAULTS;
    } else if (len > 3 && !strncmp(name, "vm ", 3) && strspn(name, "vm \t") < len) {
        name += 3 + strspn(name + 3, " \t");
        return add_rule(in, name, (size_t)(end - name));
    } else {
        return vn_failf(in->err, VN_E_SYNTAX, "Known are [host], [defaults] and [vm NAME].",
                        "unknown section '[%.*s]'", (int)(len > 64 ? 64 : len), name);
    }
    return 0;
}

/* Looks at a line before inih gets it. */
static void look_at(struct reader *in, const char *line, size_t size)
{
    const char *start = line + strspn(line, " \t");
    int r = 0;

    in->indented = start > line;
    if (strlen(line) + 1 >= size && !strchr(line, '\n'))
        r = vn_failf(in->err, VN_E_SYNTAX, "Break it: a line that begins with a blank goes on with the one above.",
                     "a line longer than %zu characters", size - 2);
    else if (*start == '[') {
        flush(in);
        r = begin_section(in, start);
    }
    if (r < 0 && !in->failed)
        fail_here(in, r, in->line);
}

static char *next_line(char *out, int size, void *stream)
{
    struct reader *in = stream;
    size_t len = strcspn(in->at, "\n"), room = (size_t)size - 1;

    if (!*in->at || in->failed)
        return NULL;
    len += in->at[len] == '\n';
    if (len > room)
        len = room;
    memcpy(out, in->at, len);
    out[len] = '\0';
    in->at += len;
    in->line++;
    look_at(in, out, (size_t)size);
    return in->failed ? NULL : out;
}

static int take_key(void *user, const char *section, const char *name, const char *value)
{
    struct reader *in = user;

    (void)section; /* cut at 49 characters: begin_section() has it whole */
    if (!(in->indented && !strcmp(in->key, name))) {
        flush(in);
        (void)snprintf(in->key, sizeof in->key, "%s", name);
        in->key_line = in->line;
    }
    vn_buf_str(&in->value, value);
    return 1;
}

int vn_config_parse(const char *text, const char *file, struct vn_policy *policy, struct vn_err *err)
{
    struct reader in = {.at = text, .file = file, .policy = policy, .err = err};
    int line = ini_parse_stream(next_line, &in, take_key, &in);

    flush(&in);
    vn_buf_drop(&in.value);
    if (in.failed)
        return in.failed;
    if (line < 0)
        return vn_nomem(err);
    if (line > 0)
        return vn_err_ctx(err, VN_FAIL(err, VN_E_SYNTAX, .cause = "neither '[section]' nor 'key = value'",
                                       .fix = "Comments begin with '#' or ';'."),
                          "%s:%d", file, line);
    return 0;
}
