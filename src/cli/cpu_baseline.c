/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/cpu.h"
#include "io/doors.h"

/* The CPU that several hosts can give, and what each of them lacks. */

/* Lists longer than this are cut in the table; --json has all of them. */
#define FEATURES_SHOWN 200u

/* "qemu+ssh://kvm7/system" is a host to ask, all else a file. */
static bool is_uri(const char *name)
{
    const char *at = strstr(name, "://");

    return at && at > name && strcspn(name, "/.") > (size_t)(at - name);
}

static int read_file(struct cli *cli, const char *path, struct vn_arena *arena, struct vn_cpu_doc *ret,
                     struct vn_err *err)
{
    static const char capture[] = "vnuma.snapshot/";
    VN_AUTO(vn_buf) text = {0};
    int r;

    cli->given = true; /* what is wrong in it is the person's */
    r = cli_read_file(path, VN_CPUXML_MAX, &text, err);
    if (r == 0 && !strncmp(vn_buf_text(&text), capture, strlen(capture)))
        r = VN_FAIL(err, VN_E_FORMAT, .cause = "a captured host does not carry its CPU",
                    .fix = "Write 'virsh domcapabilities' of that host into a file.");
    if (r == 0)
        r = vn_cpuxml_parse(vn_buf_text(&text), text.len, arena, ret, err);
    if (r < 0)
        return vn_err_ctx(err, r, "%s", path);
    cli->given = false;
    return 0;
}

static int ask(struct cli *cli, const char *uri, struct vn_arena *arena, struct vn_cpu_doc *ret, struct vn_err *err)
{
    const struct vn_cpu_target target = {.virttype = cli_value(cli, "virttype")};
    struct vn_hypervisor hv = {0};
    VN_AUTO(vn_buf) xml = {0};
    int r = vn_libvirt_open(uri, &hv, err);

    if (r < 0)
        return r;
    r = hv.cpu->domcaps(hv.self, &target, &xml, err);
    vn_hypervisor_drop(&hv);
    if (r == 0)
        r = vn_cpuxml_parse(vn_buf_text(&xml), xml.len, arena, ret, err);
    return r < 0 ? vn_err_ctx(err, r, "%s", uri) : 0;
}

static int gather(struct cli *cli, struct vn_cpu_baseline *ret, struct vn_err *err)
{
    int r = 0;

    ret->n_hosts = cli->n_names - 1;
    ret->hosts = vn_arena_array(&ret->arena, ret->n_hosts, sizeof *ret->hosts);
    if (!ret->hosts)
        return vn_nomem(err);
    for (size_t i = 0; i < ret->n_hosts && r == 0; i++) {
        struct vn_cpu_source_host *host = &ret->hosts[i];

        host->name = cli->names[i + 1];
        r = is_uri(host->name) ? ask(cli, host->name, &ret->arena, &host->doc, err)
                               : read_file(cli, host->name, &ret->arena, &host->doc, err);
    }
    return r;
}

/* What the baseline is for: as --virttype says, else as the hosts' domain capabilities do, which must agree. */
static int virttype_of(const struct cli *cli, const struct vn_cpu_baseline *baseline, const char **ret,
                       struct vn_err *err)
{
    const char *type = cli_value(cli, "virttype"), *from = "";

    for (size_t i = 0; i < baseline->n_hosts && !cli_value(cli, "virttype"); i++) {
        const struct vn_cpu_source_host *host = &baseline->hosts[i];

        if (!*host->doc.virttype)
            continue;
        if (type && strcmp(type, host->doc.virttype))
            return vn_failf(err, VN_E_USAGE, "Take them for one type, with --virttype.",
                            "%s is about VMs of type %s, and %s about type %s", from, type, host->name,
                            host->doc.virttype);
        type = host->doc.virttype;
        from = host->name;
    }
    *ret = type;
    return 0;
}

static void list(struct vn_doc *doc, const char *virttype, const struct vn_cpu_baseline *baseline)
{
    struct vn_val *rows, *object;

    vn_doc_text(doc, NULL, "virttype", NULL, virttype ? virttype : "");
    rows = vn_doc_array(doc, NULL, "hosts", NULL);
    for (size_t i = 0; i < baseline->n_hosts; i++) {
        const struct vn_cpu_source_host *host = &baseline->hosts[i];
        struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);

        vn_doc_text(doc, row, "name", NULL, host->name);
        vn_doc_text(doc, row, "source", NULL, vn_cpu_source_name(host->doc.source));
        vn_doc_text(doc, row, "model", NULL, host->doc.cpu.model);
        vn_doc_text(doc, row, "vendor", NULL, host->doc.cpu.vendor);
        cli_cpu_names(doc, row, "features", host->features, host->n_features);
        cli_cpu_names(doc, row, "lacks", host->lacks, host->n_lacks);
        cli_cpu_names(doc, row, "beyond", host->beyond, host->n_beyond);
    }
    object = vn_doc_object(doc, NULL, "baseline", NULL);
    vn_doc_text(doc, object, "model", NULL, baseline->cpu.cpu.model);
    vn_doc_text(doc, object, "vendor", NULL, baseline->cpu.cpu.vendor);
    cli_cpu_features(doc, object, "asks", &baseline->cpu.cpu);
    cli_cpu_names(doc, object, "features", baseline->features, baseline->n_features);
    vn_doc_text(doc, object, "xml", NULL, baseline->cpu.xml);
}

static void show(struct vn_doc *doc, const struct vn_cpu_baseline *baseline)
{
    static const struct vn_column columns[] = {
        {"name", "HOST", VN_COL_WRAP}, {"model", "MODEL", 0},
        {"lacks", "LACKS, OF WHAT THE OTHERS HAVE", VN_COL_WRAP}, {"beyond", "HAS BEYOND THE BASELINE", VN_COL_WRAP}};
    static const struct vn_table table = {NULL, columns, VN_COUNT(columns)};
    struct vn_val *rows = vn_doc_array(doc, NULL, NULL, &table);
    bool machine = false;

    for (size_t i = 0; i < baseline->n_hosts; i++) {
        const struct vn_cpu_source_host *host = &baseline->hosts[i];
        struct vn_val *row = vn_doc_object(doc, rows, NULL, NULL);

        machine = machine || host->doc.source == VN_CPU_CAPABILITIES;
        vn_doc_text(doc, row, "name", NULL, host->name);
        vn_doc_text(doc, row, "model", NULL, host->doc.cpu.model);
        vn_doc_text(doc, row, "lacks", NULL, cli_cpu_join(&doc->arena, host->lacks, host->n_lacks, FEATURES_SHOWN));
        vn_doc_text(doc, row, "beyond", NULL, cli_cpu_join(&doc->arena, host->beyond, host->n_beyond, FEATURES_SHOWN));
    }
    vn_doc_say(doc, NULL, "%s", "");
    vn_doc_say(doc, NULL, "Every one of them can give this to a VM (%zu features), to be its <cpu>:",
               baseline->n_features);
    vn_doc_block(doc, NULL, VN_BLOCK_PLAIN, baseline->cpu.xml);
    if (machine)
        vn_doc_say(doc, NULL, "Capabilities tell what a machine has, also what no VM can get; "
                              "'virsh domcapabilities' tells what one can.");
}

int cli_cpu_baseline(struct cli *cli, struct vn_err *err)
{
    struct cli_session session;
    VN_AUTO(vn_cpu_baseline) baseline = {0};
    VN_AUTO(vn_doc) doc = {0};
    struct vn_cpu_target target = {0};
    int r = gather(cli, &baseline, err);

    if (r == 0)
        r = virttype_of(cli, &baseline, &target.virttype, err);
    if (r == 0)
        r = cli_session_open(cli, 0, &session, err);
    if (r < 0)
        return r;
    r = vn_app_cpu_baseline(&session.app, &target, &baseline, err);
    cli_session_drop(&session);
    if (r < 0)
        return r;
    vn_doc_init(&doc, "vnuma.cpu-baseline/1");
    list(&doc, target.virttype, &baseline);
    show(&doc, &baseline);
    return cli_show(cli, &doc, err);
}
