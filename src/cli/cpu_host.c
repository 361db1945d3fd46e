/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>
#include <vnuma/units.h>

#include "cli/cpu.h"

/* What this host's CPU is, and what a VM can get of it. */

static void list_machine(struct vn_doc *doc, const struct vn_cpu *cpu)
{
    struct vn_val *object = vn_doc_object(doc, NULL, "cpu", NULL), *signature;

    vn_doc_text(doc, object, "arch", NULL, cpu->arch);
    vn_doc_text(doc, object, "model", NULL, cpu->model);
    vn_doc_text(doc, object, "vendor", NULL, cpu->vendor);
    if (cpu->has_signature) {
        signature = vn_doc_object(doc, object, "signature", NULL);
        vn_doc_int(doc, signature, "family", NULL, cpu->signature.family);
        vn_doc_int(doc, signature, "model", NULL, cpu->signature.model);
        vn_doc_text(doc, signature, "stepping", NULL, cpu->signature.stepping);
    } else {
        vn_doc_null(doc, object, "signature", NULL);
    }
    vn_doc_text(doc, object, "microcode", NULL, cpu->microcode);
    vn_doc_int(doc, object, "tsc_hz", NULL, (int64_t)cpu->tsc_hz);
    vn_doc_text(doc, object, "tsc_scaling", NULL, cpu->tsc_scaling);
    vn_doc_text(doc, object, "maxphysaddr_bits", NULL, cpu->maxphysaddr);
    cli_cpu_features(doc, object, "features", cpu);
}

/* For people: microcode as the vendor writes it, frequency in MHz. */
static void show_machine(struct vn_doc *doc, const struct vn_cpu *cpu)
{
    struct vn_val *text = vn_doc_object(doc, NULL, NULL, "This host's CPU");
    uint64_t microcode = 0;
    char **names = vn_arena_array(&doc->arena, cpu->n_features, sizeof *names);

    vn_doc_text(doc, text, NULL, "Nearest model", *cpu->model ? cpu->model : "none that libvirt knows");
    vn_doc_text(doc, text, NULL, "Vendor", *cpu->vendor ? cpu->vendor : "not known");
    if (cpu->has_signature)
        vn_doc_text(doc, text, NULL, "Signature", cli_cpu_signature(&doc->arena, &cpu->signature));
    if (vn_uint_parse(cpu->microcode, UINT64_MAX, &microcode, NULL) == 0)
        vn_doc_text(doc, text, NULL, "Microcode", vn_arena_printf(&doc->arena, "0x%" PRIx64, microcode));
    if (cpu->tsc_hz)
        vn_doc_text(doc, text, NULL, "Time stamp counter",
                    vn_arena_printf(&doc->arena, "%" PRIu64 ".%03" PRIu64 " MHz, %s", cpu->tsc_hz / 1000000,
                                    cpu->tsc_hz / 1000 % 1000,
                                    !strcmp(cpu->tsc_scaling, "yes") ? "can be scaled for a guest from another host"
                                                                     : "cannot be scaled to another frequency"));
    if (*cpu->maxphysaddr)
        vn_doc_text(doc, text, NULL, "Physical addresses", vn_arena_printf(&doc->arena, "%s bits", cpu->maxphysaddr));
    if (!names) {
        doc->failed = true;
        return;
    }
    for (size_t i = 0; i < cpu->n_features; i++)
        names[i] = cpu->features[i].name;
    vn_doc_text(doc, text, NULL, "Beyond the model",
                vn_arena_printf(&doc->arena, "%zu features: %s", cpu->n_features,
                                cli_cpu_join(&doc->arena, names, cpu->n_features, CLI_CPU_WHOLE)));
}

static void list_offer(struct vn_doc *doc, const struct vn_domcaps *caps)
{
    struct vn_val *object = vn_doc_object(doc, NULL, "host_model", NULL);

    vn_doc_bool(doc, object, "supported", NULL, caps->host_model);
    vn_doc_text(doc, object, "model", NULL, caps->host.model);
    vn_doc_text(doc, object, "vendor", NULL, caps->host.vendor);
    cli_cpu_features(doc, object, "features", &caps->host);
    object = vn_doc_object(doc, NULL, "host_passthrough", NULL);
    vn_doc_bool(doc, object, "supported", NULL, caps->passthrough);
    vn_doc_bool(doc, object, "migratable", NULL, caps->passthrough_migratable);
}

static void show_offer(struct vn_doc *doc, const struct vn_domcaps *caps)
{
    struct vn_val *text = vn_doc_object(doc, NULL, NULL, "What a VM can get of it");

    vn_doc_text(doc, text, NULL, "For VMs of", cli_cpu_kind(&doc->arena, caps));
    vn_doc_text(doc, text, NULL, "host-model", caps->host_model ? caps->host.model : "not here");
    if (caps->host_model) {
        vn_doc_text(doc, text, NULL, "  and", cli_cpu_policies(&doc->arena, &caps->host));
        vn_doc_text(doc, text, NULL, "  it moves", cli_cpu_mode_migration("host-model"));
    }
    vn_doc_text(doc, text, NULL, "host-passthrough",
                !caps->passthrough             ? "not here: it needs KVM"
                : caps->passthrough_migratable ? "yes; what cannot migrate is left out unless migratable='off'"
                                               : "yes");
    if (caps->passthrough)
        vn_doc_text(doc, text, NULL, "  it moves", cli_cpu_mode_migration("host-passthrough"));
}

int cli_cpu_host(struct cli *cli, struct vn_err *err)
{
    struct cli_session session;
    VN_AUTO(vn_cpu_host) host = {0};
    VN_AUTO(vn_doc) doc = {0};
    struct vn_cpu cpu = {0};
    int r = cli_cpu_open(cli, &session, &host, err);

    if (r < 0)
        return r;
    r = vn_app_cpu_machine(&session.app, &host.arena, &cpu, err);
    cli_session_drop(&session);
    if (r < 0)
        return r;
    vn_doc_init(&doc, "vnuma.cpu-host/1");
    list_machine(&doc, &cpu);
    cli_cpu_list_kind(&doc, &host.caps);
    list_offer(&doc, &host.caps);
    show_machine(&doc, &cpu);
    show_offer(&doc, &host.caps);
    return cli_show(cli, &doc, err);
}
