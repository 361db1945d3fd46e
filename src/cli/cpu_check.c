/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/cpu.h"

/* What a VM's <cpu> asks for, whether the host gives it, and what the running guest got. */
struct check {
    const struct vn_vm *vm;
    const struct vn_domain *domain;
    struct vn_cpu_doc asked, live; /* live.xml NULL: it does not run */
    bool answered;                 /* the host could say whether it can give it */
    struct vn_cpu_answer answer;
    const char *host_model;        /* of such VMs here; "": not known */
    const char *unanswered;        /* why the host could not say; "" */
    struct vn_cpu_got got;
    bool other;                    /* it runs with another CPU than the one that is stored */
};

static int read_cpus(const struct vn_vm *vm, struct vn_arena *arena, struct check *ret, struct vn_err *err)
{
    const char *stored = vn_vm_domain(vm) ? (vm->stored_xml ? vm->stored_xml : vm->live_xml) : NULL;
    int r;

    if (!stored)
        return VN_FAIL(err, VN_E_ENV, .cause = "the configuration could not be read", .got = vm->name);
    ret->vm = vm;
    ret->domain = vm->stored ? vm->stored : vm->live;
    r = vn_cpuxml_domain(stored, strlen(stored), arena, &ret->asked, err);
    if (r == 0 && vm->live_xml)
        r = vn_cpuxml_domain(vm->live_xml, strlen(vm->live_xml), arena, &ret->live, err);
    return r;
}

/* A guest's live <cpu> is what libvirt made of it: host-model has become a model, which is this host's where
 * @host_model is known. */
static bool runs_with_another(const struct vn_cpu *asked, const struct vn_cpu *live, const char *host_model)
{
    if (!*asked->mode && !*asked->model)
        return false;
    if (!strcmp(asked->mode, "host-model") && !strcmp(live->mode, "custom"))
        return *host_model && strcmp(live->model, host_model);
    return strcmp(*asked->mode ? asked->mode : "custom", *live->mode ? live->mode : "custom") ||
           strcmp(asked->model, live->model);
}

static int look_at_live(struct vn_arena *arena, struct check *check, struct vn_err *err)
{
    if (!check->live.xml)
        return 0;
    check->other = runs_with_another(&check->asked.cpu, &check->live.cpu, check->host_model);
    if (check->other || !strcmp(check->asked.cpu.mode, "host-model"))
        return 0; /* nothing to hold feature against feature */
    return vn_cpu_compare_got(&check->asked.cpu, &check->live.cpu, arena, &check->got, err);
}

/* Who may only look is not told, and the VM's emulator may not be there: all else is shown all the same. */
static int ask_host(struct cli_session *session, struct vn_arena *arena, struct check *check, struct vn_err *err)
{
    VN_AUTO(vn_cpu_host) host = {0};
    const struct vn_cpu_target target = vn_cpu_target_of(&check->asked);
    struct vn_err why = {0};
    char text[1024];
    int r = vn_app_cpu_host(&session->app, &target, &host, &why);

    if (r == 0)
        r = vn_app_cpu_can(&session->app, &host, &check->asked, arena, &check->answer, &why);
    if (r == -VN_E_NOMEM)
        return vn_nomem(err);
    check->answered = r == 0;
    check->unanswered = vn_arena_strdup(arena, check->answered ? "" : vn_err_text(&why, text, sizeof text));
    check->host_model = vn_arena_strdup(arena, check->answered ? host.caps.host.model : "");
    return check->unanswered && check->host_model ? 0 : vn_nomem(err);
}

static const char *topology_text(struct vn_doc *doc, const struct vn_domain *domain)
{
    const struct vn_guest_topology *t = &domain->topology;
    unsigned dies = t->dies ? t->dies : 1, product = t->sockets * dies * t->cores * t->threads;

    if (!t->sockets)
        return vn_arena_printf(&doc->arena, "none said: %u sockets of one CPU", domain->vcpus_max);
    return vn_arena_printf(&doc->arena, "%u sockets x %u dies x %u cores x %u threads = %u, for %u vCPUs%s", t->sockets,
                           dies, t->cores, t->threads, product, domain->vcpus_max,
                           product == domain->vcpus_max ? "" : ": they do not fit");
}

static void list(struct vn_doc *doc, const struct check *check)
{
    const struct vn_guest_topology *t = &check->domain->topology;
    struct vn_val *object;

    vn_doc_text(doc, NULL, "name", NULL, check->vm->name);
    vn_doc_text(doc, NULL, "virttype", NULL, check->asked.virttype);
    object = vn_doc_object(doc, NULL, "asks", NULL);
    vn_doc_text(doc, object, "mode", NULL, check->asked.cpu.mode);
    vn_doc_text(doc, object, "model", NULL, check->asked.cpu.model);
    vn_doc_text(doc, object, "check", NULL, check->asked.cpu.check);
    vn_doc_text(doc, object, "migratable", NULL, check->asked.cpu.migratable);
    vn_doc_text(doc, object, "cache", NULL, check->asked.cpu.cache);
    cli_cpu_features(doc, object, "features", &check->asked.cpu);
    if (check->answered)
        vn_doc_bool(doc, NULL, "can", NULL, check->answer.can);
    else
        vn_doc_null(doc, NULL, "can", NULL);
    vn_doc_text(doc, NULL, "why", NULL, check->answered ? check->answer.why : check->unanswered);
    cli_cpu_names(doc, NULL, "missing", check->answer.missing, check->answer.n_missing);
    if (check->live.xml) {
        object = vn_doc_object(doc, NULL, "runs", NULL);
        vn_doc_text(doc, object, "mode", NULL, check->live.cpu.mode);
        vn_doc_text(doc, object, "model", NULL, check->live.cpu.model);
        cli_cpu_features(doc, object, "features", &check->live.cpu);
        vn_doc_bool(doc, object, "other", NULL, check->other);
        cli_cpu_names(doc, object, "refused", check->got.refused, check->got.n_refused);
        cli_cpu_names(doc, object, "more", check->got.more, check->got.n_more);
    } else {
        vn_doc_null(doc, NULL, "runs", NULL);
    }
    object = vn_doc_object(doc, NULL, "topology", NULL);
    vn_doc_int(doc, object, "sockets", NULL, t->sockets);
    vn_doc_int(doc, object, "dies", NULL, t->dies);
    vn_doc_int(doc, object, "cores", NULL, t->cores);
    vn_doc_int(doc, object, "threads", NULL, t->threads);
    vn_doc_int(doc, object, "vcpus", NULL, check->domain->vcpus_max);
    vn_doc_int(doc, object, "cells", NULL, (int64_t)check->domain->n_cells);
    vn_doc_text(doc, NULL, "migration", NULL, cli_cpu_migration(&check->asked.cpu));
}

static void show_host(struct vn_doc *doc, struct vn_val *text, const struct check *check)
{
    if (!check->answered)
        vn_doc_text(doc, text, NULL, "This host gives it",
                    vn_arena_printf(&doc->arena, "not known: %s", check->unanswered));
    else if (check->answer.can)
        vn_doc_text(doc, text, NULL, "This host gives it", "yes");
    else if (check->answer.n_missing)
        vn_doc_text(doc, text, NULL, "This host gives it",
                    vn_arena_printf(&doc->arena, "no: it lacks %s",
                                    cli_cpu_join(&doc->arena, check->answer.missing, check->answer.n_missing,
                                                 CLI_CPU_WHOLE)));
    else
        vn_doc_text(doc, text, NULL, "This host gives it", vn_arena_printf(&doc->arena, "no: %s", check->answer.why));
    if (check->answered && !check->answer.can && !strcmp(check->asked.cpu.check, "none"))
        vn_doc_text(doc, text, NULL, "All the same", "it starts, without what is missing: check='none' asks nobody");
}

static void show_live(struct vn_doc *doc, struct vn_val *text, const struct check *check)
{
    if (!check->live.xml) {
        vn_doc_text(doc, text, NULL, "Runs with", "it does not run");
        return;
    }
    vn_doc_text(doc, text, NULL, "Runs with", cli_cpu_asks(&doc->arena, &check->live.cpu));
    if (check->other)
        vn_doc_text(doc, text, NULL, "At the next start", cli_cpu_asks(&doc->arena, &check->asked.cpu));
    if (check->got.n_refused)
        vn_doc_text(doc, text, NULL, "It did not get",
                    cli_cpu_join(&doc->arena, check->got.refused, check->got.n_refused, CLI_CPU_WHOLE));
    if (check->got.n_more)
        vn_doc_text(doc, text, NULL, "It got besides",
                    cli_cpu_join(&doc->arena, check->got.more, check->got.n_more, CLI_CPU_WHOLE));
    if (!strcmp(check->asked.cpu.mode, "host-model") && !check->other)
        vn_doc_text(doc, text, NULL, "Which has", cli_cpu_policies(&doc->arena, &check->live.cpu));
}

static void show(struct vn_doc *doc, const struct check *check)
{
    struct vn_val *text = vn_doc_object(doc, NULL, NULL, check->vm->name);
    const char *cache = check->asked.cpu.cache;

    vn_doc_text(doc, text, NULL, "Asks for", cli_cpu_asks(&doc->arena, &check->asked.cpu));
    if (check->asked.cpu.n_features)
        vn_doc_text(doc, text, NULL, "With", cli_cpu_policies(&doc->arena, &check->asked.cpu));
    show_host(doc, text, check);
    show_live(doc, text, check);
    vn_doc_text(doc, text, NULL, "Topology", topology_text(doc, check->domain));
    if (check->domain->n_cells)
        vn_doc_text(doc, text, NULL, "NUMA cells", vn_arena_printf(&doc->arena, "%zu", check->domain->n_cells));
    vn_doc_text(doc, text, NULL, "Caches it sees",
                !*cache                        ? "not said: libvirt's default for that mode"
                : !strcmp(cache, "passthrough") ? "the host's (cache mode passthrough)"
                : !strcmp(cache, "emulate")     ? "invented by QEMU (cache mode emulate)"
                                                : "none (cache mode disable)");
    vn_doc_text(doc, text, NULL, "It can migrate", cli_cpu_migration(&check->asked.cpu));
}

static int run(struct cli_session *session, struct cli *cli, struct vn_doc *doc, struct check *check,
               struct vn_err *err)
{
    VN_AUTO(vn_snapshot) snapshot = {0};
    const struct vn_vm *vm;
    int r = cli_observe(session, &cli->names[1], 1, &snapshot, err);

    if (r < 0)
        return r;
    vm = vn_snapshot_vm(&snapshot, cli->names[1]);
    if (!vm)
        return VN_FAIL(err, VN_E_ABSENT, .cause = "no such VM", .got = cli->names[1]);
    r = read_cpus(vm, &doc->arena, check, err);
    if (r == 0)
        r = ask_host(session, &doc->arena, check, err);
    if (r == 0)
        r = look_at_live(&doc->arena, check, err);
    if (r < 0)
        return r;
    list(doc, check);
    show(doc, check);
    return cli_show(cli, doc, err);
}

int cli_cpu_check(struct cli *cli, struct vn_err *err)
{
    struct cli_session session;
    VN_AUTO(vn_doc) doc = {0};
    struct check check = {0};
    int r = cli_session_open(cli, 0, &session, err);

    if (r < 0)
        return r;
    vn_doc_init(&doc, "vnuma.cpu-check/1");
    r = run(&session, cli, &doc, &check, err);
    cli_session_drop(&session);
    if (r < 0)
        return r;
    return check.other || check.got.n_refused || (check.answered && !check.answer.can) ? CLI_FINDINGS : CLI_OK;
}
